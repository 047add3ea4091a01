#include "collector/store/parts.h"

#include "base/mem.h"
#include "collector/store/adopting.h"
#include "collector/store/snapshot.h"
#include "collector/store/store_private.h"

#include <stdio.h>

enum { COPY_BYTES = 1 << 20, MANIFEST_MAX = 64 << 20, TRIES = 5 };

#define MANIFEST_HEAD STR("sluice-backup 1\n")

/* ---- what there is ---- */

static struct store_part part_of_segment(struct view *v, struct store_segment *s,
                                         const char *folder)
{
    size_t skip = strlen(folder) + 1;
    return (struct store_part){.name = arena_text(&v->arena, str_from(s->path + skip)),
                               .class = is_default_class(s) ? NULL : s->class,
                               .segment = s,
                               .bytes = s->bytes,
                               .records = s->records,
                               .line_bytes = s->line_bytes,
                               .oldest_arrival_ns = s->oldest_arrival_ns,
                               .newest_arrival_ns = s->newest_arrival_ns};
}

static struct store_part part_of_journal(struct view *v, const struct view_part *in)
{
    struct store_journal *j = in->journal;
    char name[JOURNAL_NAME];
    store_journal_name(j->number, name);
    return (struct store_part){.name = arena_print(&v->arena, "journal/%s", name).ptr,
                               .journal = j,
                               .bytes = j->end,
                               .records = j->records,
                               .line_bytes = j->line_bytes,
                               .oldest_arrival_ns = j->oldest_arrival_ns,
                               .newest_arrival_ns = j->newest_arrival_ns};
}

const struct store_part *view_parts(struct view *v, size_t *n)
{
    struct store_part *parts =
        arena_array(&v->arena, struct store_part, v->n_segments + v->n_parts);
    *n = 0;
    for (size_t i = 0; i < v->n_segments; i++)
        parts[(*n)++] = part_of_segment(v, v->segments[i].segment, v->own->options.folder);
    for (size_t i = 0; i < v->n_parts; i++) {
        parts[*n] = part_of_journal(v, &v->parts[i]);
        parts[(*n)++].is_written = i + 1 == v->n_parts;
    }
    return parts;
}

/* ---- whether it is whole ---- */

static bool verify_ref(struct view *v, const struct block_ref *ref, struct err *err)
{
    struct chunk chunk = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf bytes = {.max = CHUNK_MAX};
    if (!view_load(v, ref, &bytes, err))
        return false;
    bool good = ref->segment ? chunk_verify(&chunk, buf_str(&bytes), &packer, &arena, err)
                             : block_verify(&chunk.block, buf_str(&bytes), &packer, &arena, err);
    char name[SNAPSHOT_NAME];
    view_name(ref, name, sizeof name);
    return good ? true : err_wrap(err, "%s", name);
}

/* The filters of a segment; tells how many are damaged. */
static uint64_t verify_sieves(const struct store_segment *s, void (*tell)(void *, const char *),
                              void *context)
{
    uint64_t damaged = 0;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf bytes = {0};
    for (size_t i = 0; i < s->n_sieves; i++) {
        struct sieve sieve;
        struct err err;
        arena_reset(&arena);
        if (s->sieves[i].length == 0 ||
            store_segment_sieve(s, i, &bytes, &sieve, &packer, &arena, &err))
            continue;
        tell(context, err.text);
        damaged++;
    }
    return damaged;
}

bool store_verify(const char *folder, void (*tell)(void *, const char *), void *context,
                  struct store_verdict *verdict, struct err *err)
{
    size_t n, n_problems;
    defer(view_close) struct view *v = NULL;
    if (!view_open_folder(&v, folder, err))
        return false;
    *verdict = (struct store_verdict){.parts = v->n_segments + v->n_parts};
    const struct str *problems = view_problems(v, &n_problems);
    const struct block_ref *refs = view_blocks(v, INT64_MIN, INT64_MAX, &n);
    for (size_t i = 0; i < n_problems; i++)
        tell(context, arena_text(&v->arena, problems[i]));
    verdict->damaged = n_problems;
    for (size_t i = 0; i < n; i++) {
        for (const struct block_ref *ref = &refs[i]; ref; ref = ref->next) {
            struct err why;
            verdict->blocks++;
            verdict->records += ref->records;
            verdict->line_bytes += ref->line_bytes;
            if (verify_ref(v, ref, &why))
                continue;
            verdict->damaged++;
            tell(context, why.text);
        }
    }
    for (size_t i = 0; i < v->n_segments; i++)
        verdict->damaged += verify_sieves(v->segments[i].segment, tell, context);
    return true;
}

/* ---- copies ---- */

/* A file that is copied, and the hash of what was copied. */
struct copy {
    const char *from, *to;
    uint64_t bytes; /* as far as it counts */
    struct hash128 hash;
};

static bool hash_file(const char *path, uint64_t bytes, struct hash128 *hash, struct err *err)
{
    defer(file_close) struct file f = {0};
    defer(buf_free) struct buf room = {.max = COPY_BYTES};
    struct hash128_stream *stream = hash128_begin();
    char *to = buf_reserve(&room, COPY_BYTES);
    bool good = file_open(&f, path, FILE_READ, err);
    for (uint64_t at = 0; good && at < bytes;) {
        size_t got, want = (size_t)min_of(bytes - at, (uint64_t)COPY_BYTES);
        good = file_read_at(&f, at, to, want, &got, err);
        if (good && got < want)
            good = err_set(err, ERR_CORRUPT, "%s is shorter than it was", path);
        hash128_add(stream, str_of(to, got));
        at += got;
    }
    *hash = hash128_end(&stream);
    return good;
}

/* Under another name first: what stood there before stays whole until then. */
static bool copy_bytes(const struct copy *c, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file from = {0};
    defer(file_close) struct file to = {0};
    defer(buf_free) struct buf room = {.max = COPY_BYTES};
    char *bytes = buf_reserve(&room, COPY_BYTES);
    const char *new_path = arena_print(&arena, "%s.new", c->to).ptr;
    if (!file_open(&from, c->from, FILE_READ, err) || !folder_make_above(c->to, err) ||
        !file_remove(new_path, err) || !file_open(&to, new_path, FILE_CREATE, err))
        return false;
    for (uint64_t at = 0; at < c->bytes;) {
        size_t got, want = (size_t)min_of(c->bytes - at, (uint64_t)COPY_BYTES);
        if (!file_read_at(&from, at, bytes, want, &got, err))
            return false;
        if (got < want)
            return err_set(err, ERR_CORRUPT, "%s is shorter than it was", c->from);
        if (!file_write_at(&to, at, str_of(bytes, got), err))
            return false;
        at += got;
    }
    return file_sync(&to, err) && file_rename(new_path, c->to, err);
}

static void put_line(struct buf *manifest, struct hash128 hash, uint64_t bytes, const char *name)
{
    char text[HASH128_TEXT];
    hash128_text(hash, text);
    buf_print(manifest, "%s %llu %s\n", text, (unsigned long long)bytes, name);
}

/* ---- backup ---- */

/* From where to where, with the manifest of before and the one that is made. */
struct backup {
    const char *folder, *to;
    struct buf before, manifest;
    struct store_copied *copied;
};

/* It is there, and still what the manifest of before says. */
static bool is_kept(const struct backup *b, const struct copy *c, const char *name)
{
    struct err ignored;
    struct hash128 hash;
    struct stat st;
    defer(buf_free) struct buf line = {0};
    if (!path_stat(c->to, &st, &ignored) || (uint64_t)st.st_size != c->bytes ||
        !hash_file(c->to, c->bytes, &hash, &ignored))
        return false;
    put_line(&line, hash, c->bytes, name);
    return str_find(buf_str(&b->before), buf_str(&line)) != SIZE_MAX;
}

static bool back_up_part(struct backup *b, const struct store_part *part, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct copy c = {.from = arena_print(&arena, "%s/%s", b->folder, part->name).ptr,
                     .to = arena_print(&arena, "%s/%s", b->to, part->name).ptr,
                     .bytes = part->bytes};
    b->copied->files++;
    b->copied->bytes += part->bytes;
    if (!part->is_written && is_kept(b, &c, part->name))
        b->copied->kept++;
    else if (!part->is_written && folder_make_above(c.to, err) && file_remove(c.to, err) &&
             file_link(c.from, c.to, err))
        b->copied->linked++;
    else if (!copy_bytes(&c, err))
        return false;
    if (!folder_sync_above(c.to, err) || !hash_file(c.to, c.bytes, &c.hash, err))
        return false;
    put_line(&b->manifest, c.hash, c.bytes, part->name);
    return true;
}

/* Files of before that are in no store of now. */
static bool remove_others(const char *backup, struct str folder, struct str manifest,
                          struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *names;
    size_t n;
    const char *path = arena_print(&arena, "%s/%.*s", backup, STR_ARG(folder)).ptr;
    struct stat st;
    struct err missing;
    if (!path_stat(path, &st, &missing))
        return true;
    if (!folder_list(path, &arena, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct str name = arena_print(&arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(names[i]));
        const char *full = arena_print(&arena, "%s/%.*s", backup, STR_ARG(name)).ptr;
        struct str line = arena_print(&arena, " %.*s\n", STR_ARG(name));
        if (!path_stat(full, &st, err))
            return false;
        if (S_ISDIR(st.st_mode) ? !remove_others(backup, name, manifest, err)
                                : str_find(manifest, line) == SIZE_MAX && !file_remove(full, err))
            return false;
    }
    return true;
}

static void free_backup(struct backup *b)
{
    buf_free(&b->before), buf_free(&b->manifest);
}

static bool back_up_once(const char *folder, const char *to, struct store_copied *copied,
                         struct err *err)
{
    defer(view_close) struct view *v = NULL;
    defer(arena_free) struct arena arena = {0};
    defer(free_backup) struct backup b = {.folder = folder,
                                          .to = to,
                                          .before.max = MANIFEST_MAX,
                                          .manifest.max = MANIFEST_MAX,
                                          .copied = copied};
    struct err missing;
    size_t n;
    const char *path = arena_print(&arena, "%s/MANIFEST", to).ptr;
    *copied = (struct store_copied){0};
    if (is_adoption_pending(folder))
        return err_set(
            err, ERR_AGAIN,
            "an import is being taken in; if no collector runs, it was interrupted: start it");
    if (!view_open_folder(&v, folder, err))
        return false;
    if (is_adoption_pending(folder)) /* it has come meanwhile */
        return err_set(err, ERR_AGAIN, "an import is coming in");
    file_load(path, MANIFEST_MAX, &b.before, &missing);
    const struct store_part *parts = view_parts(v, &n);
    buf_add(&b.manifest, MANIFEST_HEAD);
    for (size_t i = 0; i < n; i++)
        if (!back_up_part(&b, &parts[i], err))
            return false;
    if (b.manifest.over)
        return err_set(err, ERR_LIMIT, "more files than a manifest can name");
    return folder_make(arena_print(&arena, "%s/journal", to).ptr, err) &&
           file_replace(path, buf_str(&b.manifest), 0600, err) &&
           remove_others(to, STR("journal"), buf_str(&b.manifest), err) &&
           remove_others(to, STR("days"), buf_str(&b.manifest), err);
}

static bool is_empty_or_backup(const char *backup, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *names;
    struct stat st;
    struct err missing;
    size_t n;
    if (!path_stat(backup, &st, &missing))
        return true;
    if (!folder_list(backup, &arena, &names, &n, err))
        return false;
    if (n == 0 || path_stat(arena_print(&arena, "%s/MANIFEST", backup).ptr, &st, &missing))
        return true;
    return err_set(err, ERR_CONFLICT, "%s is neither empty nor a backup: it has no MANIFEST",
                   backup);
}

bool store_back_up(const char *folder, const char *backup, struct store_copied *copied,
                   struct err *err)
{
    if (!is_empty_or_backup(backup, err))
        return false;
    for (int i = 0; i < TRIES; i++)
        if (back_up_once(folder, backup, copied, err))
            return true; /* else a merge or retention has removed a file meanwhile */
    return false;
}

/* ---- restore ---- */

/* "HASH SIZE NAME" */
static bool read_line(struct str line, struct hash128 *hash, uint64_t *bytes, struct str *name)
{
    struct str text, size;
    *name = line;
    return take_until(name, ' ', &text) && take_until(name, ' ', &size) &&
           hash128_parse(text, hash) && str_to_u64(size, bytes) && name->len > 0 &&
           name->ptr[0] != '/' && str_find(*name, STR("..")) == SIZE_MAX;
}

static bool restore_line(const char *backup, const char *folder, struct str line,
                         struct store_copied *copied, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct hash128 expected, hash;
    struct str name;
    struct copy c;
    if (!read_line(line, &expected, &c.bytes, &name))
        return err_set(err, ERR_CORRUPT, "MANIFEST: '%.*s' is no line of it", STR_ARG(line));
    c.from = arena_print(&arena, "%s/%.*s", backup, STR_ARG(name)).ptr;
    c.to = arena_print(&arena, "%s/%.*s", folder, STR_ARG(name)).ptr;
    if (!copy_bytes(&c, err) || !folder_sync_above(c.to, err) ||
        !hash_file(c.to, c.bytes, &hash, err))
        return false;
    copied->files++;
    copied->bytes += c.bytes;
    return hash128_equal(hash, expected)
               ? true
               : err_set(err, ERR_CORRUPT, "%s is not what was backed up", c.from);
}

bool store_restore(const char *backup, const char *folder, struct store_copied *copied,
                   struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf manifest = {.max = MANIFEST_MAX};
    struct str *names, rest, line;
    struct stat st;
    struct err missing;
    size_t n;
    *copied = (struct store_copied){0};
    if (path_stat(folder, &st, &missing) &&
        (!folder_list(folder, &arena, &names, &n, err) || n > 0))
        return err_set(err, ERR_CONFLICT, "%s is not empty", folder);
    if (!file_load(arena_print(&arena, "%s/MANIFEST", backup).ptr, MANIFEST_MAX, &manifest, err))
        return false;
    rest = buf_str(&manifest);
    if (!take_prefix(&rest, MANIFEST_HEAD))
        return err_set(err, ERR_CORRUPT, "%s/MANIFEST is not one of a backup of this version",
                       backup);
    if (!folder_make(arena_print(&arena, "%s/journal", folder).ptr, err))
        return false;
    while (take_until(&rest, '\n', &line))
        if (!restore_line(backup, folder, line, copied, err))
            return err_wrap(err, "%s is not complete and of no use", folder);
    return folder_sync(arena_print(&arena, "%s/journal", folder).ptr, err);
}
