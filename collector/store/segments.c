#include "collector/store/segments.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define SEGMENT_START STR("segment-")
#define ARCHIVE_START STR("archive-")
#define PART_END      STR(".part")
#define NEW_END       STR(".new")

/* ---- names ---- */

static bool take_end(struct str *name, struct str end)
{
    bool ends = str_ends(*name, end);
    name->len -= ends ? end.len : 0;
    return ends;
}

void segment_name_put(uint64_t number, char name[SEGMENT_NAME])
{
    snprintf(name, SEGMENT_NAME, "segment-%06llu", (unsigned long long)number);
}

bool segment_name_parse(struct str name, struct segment_name *parsed)
{
    *parsed = (struct segment_name){.is_part = take_end(&name, PART_END),
                                    .is_new = take_end(&name, NEW_END),
                                    .is_archive = take_prefix(&name, ARCHIVE_START)};
    return (parsed->is_archive || take_prefix(&name, SEGMENT_START)) && name.len >= 6 &&
           str_to_u64(name, &parsed->number) && parsed->number > 0;
}

/* The last two names of a path: class and file. */
static void split_path(struct str path, struct str *class, struct str *name)
{
    struct str rest = path;
    *class = *name = STR("");
    for (struct str piece; take_until(&rest, '/', &piece);) {
        *class = *name;
        *name = piece;
    }
}

bool is_default_class(const struct store_segment *s)
{
    return strcmp(s->class, "default") == 0;
}

bool has_journals(const struct store_segment *s)
{
    return s->head.n_journals && !(s->head.journals[0] & SEGMENT_IMPORT);
}

/* So that those of imports which can be merged are neighbours. */
static int64_t day_of_import(const struct store_segment *s)
{
    return has_journals(s) ? INT64_MAX : s->oldest_arrival_ns / NS_PER_DAY;
}

static uint64_t first_journal(const struct store_segment *s)
{
    return s->head.n_journals ? s->head.journals[0] : 0;
}

int store_segment_compare(const struct store_segment *a, const struct store_segment *b)
{
    int64_t day = day_of_import(a), other_day = day_of_import(b);
    if (day != other_day)
        return day < other_day ? -1 : 1;
    uint64_t x = first_journal(a), y = first_journal(b);
    if (x != y)
        return x < y ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    if (is_default_class(a) != is_default_class(b))
        return is_default_class(a) ? -1 : 1;
    return strcmp(a->class, b->class);
}

/* ---- reading ---- */

static bool read_exactly(const struct file *f, uint64_t at, size_t n, char *to, struct err *err)
{
    size_t got;
    if (!file_read_at(f, at, to, n, &got, err))
        return false;
    return got == n ? true : err_set(err, ERR_CORRUPT, "segment: it is cut short");
}

static bool read_head(struct store_segment *s, struct err *err)
{
    char start[SEGMENT_HEAD];
    size_t size;
    if (!read_exactly(&s->file, 0, sizeof start, start, err) ||
        !segment_head_size(str_of(start, sizeof start), &size, err))
        return false;
    char *bytes = arena_alloc_raw(&s->arena, size);
    return read_exactly(&s->file, 0, size, bytes, err) &&
           segment_read_head(str_of(bytes, size), &s->head, &s->arena, err);
}

/* Tells where it begins. */
static bool read_footer(struct store_segment *s, uint64_t *at, struct err *err)
{
    defer(packer_free) struct packer packer = {0};
    char tail[SEGMENT_TAIL];
    size_t stored;
    if (s->bytes < SEGMENT_TAIL)
        return err_set(err, ERR_CORRUPT, "segment: it is cut short");
    if (!read_exactly(&s->file, s->bytes - SEGMENT_TAIL, sizeof tail, tail, err) ||
        !segment_footer_size(str_of(tail, sizeof tail), &stored, err))
        return false;
    size_t size = stored + SEGMENT_TAIL;
    if (size > s->bytes)
        return err_set(err, ERR_CORRUPT, "segment: its end is damaged");
    *at = s->bytes - size;
    defer(buf_free) struct buf bytes = {.max = size + 1};
    char *to = buf_reserve(&bytes, size);
    return read_exactly(&s->file, s->bytes - size, size, to, err) &&
           segment_read_footer(str_of(to, size), &s->footer, &packer, &s->footer_arena, err);
}

static void add_chunk(struct store_segment *s, uint64_t offset, const struct block_header *h)
{
    s->chunks[s->n_chunks++] = (struct block_ref){
        .segment = s,
        .offset = offset,
        .length = h->length,
        .slice = h->slice,
        .records = h->records,
        .line_bytes = h->line_bytes,
        .arrival_ns = s->newest_arrival_ns,
        .least_order_ns = h->least_order_ns,
        .greatest_order_ns = h->greatest_order_ns,
        .least_event_ns = h->least_event_ns,
        .greatest_event_ns = h->greatest_event_ns,
    };
    s->records += h->records;
    s->line_bytes += h->line_bytes;
}

/* Chunks and filters end where the footer begins. */
static uint64_t first_chunk_at(const struct segment_footer *f, uint64_t end)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < f->n_chunks; i++)
        bytes += f->chunks[i].length;
    for (size_t i = 0; i < f->n_sieves; i++)
        bytes += f->sieves[i].length;
    return end - min_of(end, bytes);
}

static void list_chunks(struct store_segment *s, uint64_t end)
{
    const struct segment_footer *f = &s->footer;
    uint64_t at = first_chunk_at(f, end);
    s->oldest_arrival_ns = f->oldest_arrival_ns;
    s->newest_arrival_ns = f->newest_arrival_ns;
    s->chunks = arena_array(&s->arena, struct block_ref, f->n_chunks);
    s->sieves = arena_array(&s->arena, struct store_sieve, f->n_sieves);
    for (size_t i = 0, first = 0; i < f->n_chunks; i++) {
        add_chunk(s, at, &f->chunks[i]);
        at += f->chunks[i].length;
        const struct segment_sieve *sieve = &f->sieves[s->n_sieves];
        if (s->n_sieves == f->n_sieves || s->n_chunks - first < sieve->n_chunks)
            continue;
        s->sieves[s->n_sieves++] =
            (struct store_sieve){at, sieve->length, (uint32_t)first, sieve->n_chunks};
        at += sieve->length;
        first = s->n_chunks;
    }
}

/* The next chunk at or behind *at that has a whole header; false: there is none. */
static bool find_chunk(const struct store_segment *s, uint64_t *at, struct block_header *h)
{
    enum { WINDOW = 64 << 10 };
    static const char magic[] = "SLCK";
    struct err ignored;
    defer(buf_free) struct buf window = {.max = WINDOW};
    char *bytes = buf_reserve(&window, WINDOW);
    for (size_t got; file_read_at(&s->file, *at, bytes, WINDOW, &got, &ignored);) {
        if (got < CHUNK_HEADER)
            return false;
        for (size_t i = 0; i + CHUNK_HEADER <= got; i++) {
            if (memcmp(bytes + i, magic, 4) != 0 ||
                !chunk_peek(str_of(bytes + i, CHUNK_HEADER), h, &ignored))
                continue;
            *at += i;
            return true;
        }
        *at += got - CHUNK_HEADER + 1;
    }
    return false;
}

/* Without a footer: by what stands there. Arrival is then that of the file. */
static void find_chunks(struct store_segment *s)
{
    struct block_header h;
    struct stat st;
    struct err ignored;
    size_t n = 0;
    for (uint64_t at = 0; find_chunk(s, &at, &h); at += h.length)
        n++;
    if (file_stat(&s->file, &st, &ignored))
        s->oldest_arrival_ns = s->newest_arrival_ns = st.st_mtim.tv_sec * NS_PER_S;
    s->chunks = arena_array(&s->arena, struct block_ref, n);
    for (uint64_t at = 0; s->n_chunks < n && find_chunk(s, &at, &h); at += h.length)
        add_chunk(s, at, &h);
}

static void note_problem(struct store_segment *s, const struct err *err)
{
    if (!s->problem)
        s->problem = arena_text(&s->arena, str_from(err->text));
}

static char *copy_path(const char *path)
{
    struct buf kept = {0};
    buf_add(&kept, str_from(path));
    buf_text(&kept);
    return kept.ptr;
}

static void name_itself(struct store_segment *s)
{
    s->import = SEGMENT_IMPORT | s->number;
    s->head.journals = &s->import;
    s->head.n_journals = 1;
}

bool store_segment_open(struct store_segment **out, const char *path, struct err *err)
{
    defer(store_segment_unref) struct store_segment *s = mem_new(struct store_segment);
    struct segment_name parsed;
    struct str class, name;
    uint64_t end;
    split_path(str_from(path), &class, &name);
    if (!segment_name_parse(name, &parsed) || class.len >= CLASS_NAME)
        return err_set(err, ERR_INPUT, "%s is no path of a segment", path);
    memcpy(s->class, class.ptr, class.len);
    s->number = parsed.number;
    s->is_archive = parsed.is_archive;
    s->is_part = parsed.is_part;
    s->references = 1;
    s->path = copy_path(path);
    if (!file_open(&s->file, path, FILE_READ, err) || !file_size(&s->file, &s->bytes, err))
        return err_wrap(err, "%s", path);
    if (!read_head(s, err)) {
        s->head = (struct segment_head){.number = s->number};
        note_problem(s, err);
    } else if (s->head.n_journals == 0) {
        name_itself(s);
    }
    if (read_footer(s, &end, err)) {
        list_chunks(s, end);
    } else {
        note_problem(s, err);
        find_chunks(s);
    }
    *out = move(s);
    return true;
}

void store_segment_adopt(struct store_segment *s, uint64_t number)
{
    s->number = number;
    snprintf(s->class, sizeof s->class, "default");
    if (is_import(s))
        name_itself(s);
}

bool is_import(const struct store_segment *s)
{
    return s->head.journals == &s->import;
}

void store_segment_moved(struct store_segment *s, const char *path)
{
    mem_free(&s->path);
    s->path = copy_path(path);
    s->is_part = str_ends(str_from(path), PART_END);
}

bool store_segment_take_name(struct store_segment *s, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str named = str_from(s->path);
    if (!s->is_part)
        return true;
    if (take_end(&named, PART_END)) {
        const char *path = arena_text(&arena, named);
        if (!file_rename(s->path, path, err))
            return false;
        store_segment_moved(s, path);
    }
    s->is_part =
        !folder_sync_above(s->path, err); /* until then it may be .part again after a power cut */
    return !s->is_part;
}

void store_segment_forget_footer(struct store_segment *s)
{
    arena_free(&s->footer_arena);
    s->footer = (struct segment_footer){0};
}

void store_segment_unref(struct store_segment **s)
{
    if (*s && --(*s)->references == 0) {
        file_close(&(*s)->file);
        arena_free(&(*s)->arena);
        arena_free(&(*s)->footer_arena);
        mem_free(&(*s)->path);
        mem_free(s);
    }
    *s = NULL;
}

bool store_segment_load(const struct block_ref *ref, struct buf *out, struct err *err)
{
    size_t got = 0;
    char *to = buf_reserve(out, ref->length);
    bool done = to ? file_read_at(&ref->segment->file, ref->offset, to, ref->length, &got, err)
                   : err_set(err, ERR_LIMIT, "no room for a chunk");
    out->len += got;
    if (done && got < ref->length)
        done = err_set(err, ERR_CORRUPT, "a chunk is cut short");
    return done ? true : err_wrap(err, "segment %06llu", (unsigned long long)ref->segment->number);
}

static bool read_front(const struct block_ref *ref, size_t n, struct str *front,
                       struct arena *arena, struct err *err)
{
    size_t got, want = min_of(n, (size_t)ref->length);
    char *to = arena_alloc_raw(arena, want);
    if (!file_read_at(&ref->segment->file, ref->offset, to, want, &got, err))
        return false;
    *front = str_of(to, got);
    return got == want ? true : err_set(err, ERR_CORRUPT, "a chunk is cut short");
}

bool store_segment_directory(const struct block_ref *ref, struct chunk *chunk,
                             struct packer *packer, struct arena *arena, struct err *err)
{
    enum { USUAL = 8 << 10 };
    struct str front;
    struct block_header h;
    bool done = read_front(ref, USUAL, &front, arena, err) && chunk_peek(front, &h, err);
    size_t size = done ? (size_t)CHUNK_HEADER + h.directory_stored : 0;
    done = done && (size <= front.len || read_front(ref, size, &front, arena, err)) &&
           chunk_open_directory(chunk, front, packer, arena, err);
    return done ? true : err_wrap(err, "segment %06llu", (unsigned long long)ref->segment->number);
}

bool store_segment_sieve(const struct store_segment *s, size_t i, struct buf *bytes,
                         struct sieve *sieve, struct packer *packer, struct arena *arena,
                         struct err *err)
{
    const struct store_sieve *at = &s->sieves[i];
    buf_reset(bytes);
    bytes->max = SIEVE_MAX;
    char *to = buf_reserve(bytes, at->length);
    bool good = to && read_exactly(&s->file, at->offset, at->length, to, err) &&
                sieve_open(sieve, str_of(to, at->length), packer, arena, err);
    if (good && sieve->n_chunks != at->n_chunks)
        good = err_set(err, ERR_CORRUPT, "filter: it is one of other chunks");
    return good ? true : err_wrap(err, "segment %06llu", (unsigned long long)s->number);
}

static int by_offset(const void *key, const void *item)
{
    uint64_t offset = *(const uint64_t *)key, other = ((const struct block_ref *)item)->offset;
    return (offset > other) - (offset < other);
}

const struct store_sieve *store_segment_sieve_of(const struct block_ref *ref, size_t *chunk)
{
    const struct store_segment *s = ref->segment;
    const struct block_ref *found =
        bsearch(&ref->offset, s->chunks, s->n_chunks, sizeof *s->chunks, by_offset);
    *chunk = found ? (size_t)(found - s->chunks) : SIZE_MAX;
    for (size_t i = 0; i < s->n_sieves; i++)
        if (*chunk >= s->sieves[i].first && *chunk - s->sieves[i].first < s->sieves[i].n_chunks)
            return s->sieves[i].length ? &s->sieves[i] : NULL;
    return NULL;
}

/* ---- writing ---- */

static bool append(struct segment_writer *w, struct str bytes, struct err *err)
{
    if (!file_write_at(&w->file, w->at, bytes, err))
        return err_wrap(err, "%s", w->now);
    w->at += bytes.len;
    return true;
}

bool segment_create(struct segment_writer *w, struct arena *arena, const char *folder,
                    bool is_archive, const struct segment_head *head, struct err *err)
{
    defer(buf_free) struct buf bytes = {.max = SEGMENT_HEAD_MAX};
    struct str start = is_archive ? ARCHIVE_START : SEGMENT_START;
    *w = (struct segment_writer){0};
    w->folder = arena_text(arena, str_from(folder));
    w->path = arena_print(arena, "%s/%.*s%06llu", folder, STR_ARG(start),
                          (unsigned long long)head->number)
                  .ptr;
    w->part_path = arena_print(arena, "%s.part", w->path).ptr;
    const char *new_path = arena_print(arena, "%s.new", w->path).ptr;
    segment_put_head(head, &bytes);
    if (bytes.over)
        return err_set(err, ERR_LIMIT, "a segment cannot replace so many journals");
    if (!folder_make(folder, err) || !file_remove(new_path, err) ||
        !file_open(&w->file, new_path, FILE_CREATE, err))
        return false;
    w->now = new_path;
    return append(w, buf_str(&bytes), err);
}

static bool append_sieve(struct segment_writer *w, struct err *err)
{
    defer(buf_free) struct buf bytes = {.max = SIEVE_MAX};
    size_t n = w->builder ? sieve_chunks(w->builder) : 0;
    if (n == 0)
        return true;
    if (!sieve_put(w->builder, &bytes, err) || !append(w, buf_str(&bytes), err))
        return false;
    mem_grow(w->sieves, w->n_sieves, w->sieves_capacity);
    w->sieves[w->n_sieves++] = (struct segment_sieve){(uint32_t)n, (uint32_t)bytes.len};
    return true;
}

bool segment_append(struct segment_writer *w, struct str chunk, struct err *err)
{
    if (!append(w, chunk, err))
        return false;
    buf_add(&w->headers, str_slice(chunk, 0, CHUNK_HEADER));
    if (!w->builder)
        w->builder = sieve_builder_open();
    return sieve_add(w->builder, chunk, SIEVE_SHARE, err) &&
           (!is_sieve_full(w->builder) || append_sieve(w, err));
}

bool segment_finish(struct segment_writer *w, const struct segment_footer *footer, struct err *err)
{
    defer(buf_free) struct buf bytes = {.max = SEGMENT_FOOTER_MAX};
    struct segment_footer whole = *footer;
    if (!append_sieve(w, err))
        return false;
    whole.sieves = w->sieves;
    whole.n_sieves = w->n_sieves;
    return segment_put_footer(&whole, buf_str(&w->headers), &w->packer, &bytes, err) &&
           append(w, buf_str(&bytes), err) && file_sync(&w->file, err);
}

bool segment_rename(struct segment_writer *w, bool as_part, struct err *err)
{
    const char *to = as_part ? w->part_path : w->path;
    if (!file_rename(w->now, to, err))
        return false;
    w->now = to;
    return folder_sync(w->folder, err);
}

void segment_close(struct segment_writer *w)
{
    file_close(&w->file);
    buf_free(&w->headers);
    packer_free(&w->packer);
    sieve_builder_close(&w->builder);
    mem_free(&w->sieves);
}
