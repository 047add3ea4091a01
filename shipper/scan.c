/*
 * Finds files and settles what became of the known ones. One listing of a folder:
 *
 *     each name that a glob matches, or whose base one matches ── stat ──▶ known inode: renamed,
 *                                                                          grown, cut
 *                                                                     ──▶ unknown: a new source
 *     each known source of the folder that was not seen               ──▶ gone
 *     each new one               ──▶ a copy of another, or a file of its own (copies.c)
 *
 * In this order, so that a copy is decided when all that it may be a copy of is up to date.
 */
#include "base/mem.h"
#include "shipper/glob.h"
#include "shipper/tailer_parts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct listing {
    struct tailer *tailer;
    const struct folder *folder;
    struct str *names; /* sorted */
    size_t n_names;
    int64_t now_ns;
};

/* What a name says. */
struct named {
    struct str name;               /* as listed */
    char file[NAME_BYTES_MAX + 1]; /* without what rotation added */
    size_t file_len;
    enum file_kind kind;
    int32_t rank;
};

static void ignore(struct tailer *t, struct str path, const char *reason)
{
    if (t->n_ignored == IGNORED_MAX)
        return;
    mem_grow(t->ignored, t->n_ignored, t->ignored_capacity);
    t->ignored[t->n_ignored++] =
        (struct ignored){.path = arena_copy(&t->ignored_arena, path), .reason = reason};
}

/* ---- names ---- */

static bool is_wanted(const struct listing *l, struct str name)
{
    for (size_t i = 0; i < l->folder->n_globs; i++)
        if (glob_match(path_name(l->tailer->options.globs[l->folder->globs[i]].pattern), name))
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static bool is_listed(const struct listing *l, struct str name)
{
    return l->n_names && bsearch(&name, l->names, l->n_names, sizeof name, by_name);
}

static struct str join(char path[PATH_MAX], struct str folder, struct str name)
{
    if (str_equal(folder, STR("/")))
        folder.len = 0;
    int n = snprintf(path, PATH_MAX, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name));
    return str_of(path, n > 0 && n < PATH_MAX ? (size_t)n : 0);
}

static bool has_stream(const struct listing *l, struct str name)
{
    char path[PATH_MAX];
    return map_get(&l->tailer->streams, join(path, l->folder->path, name)) != NULL;
}

/* Takes one rotation off the name, if the folder says that it is one. */
static bool take_rotation(const struct listing *l, struct named *named, int *depth)
{
    struct rotation bases[ROTATION_BASES_MAX];
    struct str file = str_of(named->file, named->file_len);
    size_t n = rotation_bases(file, bases);
    for (size_t i = 0; i < n; i++) {
        struct str base = str_of(bases[i].base, bases[i].base_len);
        if (!bases[i].is_dated && !is_listed(l, base) && !has_stream(l, base) &&
            (is_wanted(l, file) || !is_wanted(l, base)))
            continue;
        named->rank = ++*depth == 1 && bases[i].number >= 0 ? (int32_t)bases[i].number + 1 : -1;
        memcpy(named->file, bases[i].base, bases[i].base_len);
        named->file_len = base.len;
        return true;
    }
    return false;
}

/* False if neither the name nor its base is looked for. */
static bool understand(const struct listing *l, struct str name, struct named *named)
{
    struct str plain;
    int depth = 0;
    if (name.len > NAME_BYTES_MAX)
        return false;
    named->name = name;
    named->kind = file_kind_of(name, &plain);
    named->rank = plain.len == name.len ? 0 : -1;
    memcpy(named->file, plain.ptr, plain.len);
    named->file_len = plain.len;
    while (depth < 4 && take_rotation(l, named, &depth))
        ;
    return is_wanted(l, name) || is_wanted(l, plain) ||
           is_wanted(l, str_of(named->file, named->file_len));
}

static bool is_excluded(const struct tailer *t, struct str path)
{
    for (size_t i = 0; i < t->options.n_exclude; i++) {
        struct str exclude = t->options.exclude[i];
        if (exclude.len && str_starts(path, exclude) &&
            (path.len == exclude.len || path.ptr[exclude.len] == '/'))
            return true;
    }
    return false;
}

/* ---- known files ---- */

static int64_t stat_mtime(const struct stat *st)
{
    return (int64_t)st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec;
}

static void look_packed(struct tailer *t, struct source *s, bool is_resized, bool is_touched)
{
    if (is_resized || (is_touched && s->state == SOURCE_WAITING)) {
        inflation_cancel(t, s);
        source_unhold(s);
        s->state = s->state == SOURCE_GONE ? SOURCE_GONE : SOURCE_PENDING;
        s->reason = NULL;
        s->total = 0;
    }
    if (s->state == SOURCE_PENDING)
        stream_queue(t, s->stream);
}

void source_measure(struct source *s, const struct stat *st, int64_t now_ns)
{
    if ((uint64_t)st->st_size != s->size || !s->scan)
        s->grown_ns = now_ns;
    if (s->seen.at.end == 0 && s->mtime_ns != stat_mtime(st))
        s->is_unsure = true;
    s->size = (uint64_t)st->st_size;
    s->mtime_ns = stat_mtime(st);
}

bool has_shrunk(const struct source *s, uint64_t size)
{
    bool is_unread = s->seen.at.end == 0 && size < s->size;
    return !is_packed(s) && s->state != SOURCE_HELD && (is_unread || size < s->seen.at.end);
}

void source_look(struct tailer *t, struct source *s, const struct stat *st, int64_t now_ns)
{
    uint64_t size = (uint64_t)st->st_size;
    bool is_resized = size != s->size, is_touched = stat_mtime(st) != s->mtime_ns;
    if (has_shrunk(s, size))
        source_truncated(t, s, s->sure_size, now_ns);
    else if (!is_packed(s) && is_touched && !is_resized && s->state != SOURCE_HELD)
        source_check(t, s, now_ns);
    source_measure(s, st, now_ns);
    if (is_packed(s))
        look_packed(t, s, is_resized, is_touched);
    else if (has_unread(s) && (s->state == SOURCE_LIVE || s->state == SOURCE_GONE))
        stream_queue(t, s->stream);
    else if (is_resized && s->state == SOURCE_HELD)
        source_decide(t, s, now_ns);
}

static void source_is_gone(struct tailer *t, struct source *s, int64_t now_ns)
{
    struct stat st;
    struct err ignored;
    bool is_nothing = s->seen.at.end == 0 && (s->size == 0 || s->state == SOURCE_DONE);
    if ((s->state == SOURCE_HELD || is_nothing) && !s->n_copies) {
        source_forget(t, s);
        return;
    }
    source_unhold(s);
    s->state = SOURCE_GONE;
    s->gone_ns = now_ns;
    source_keep_open(t, s);
    source_changed(t, s);
    if (is_file_open(&s->file) && file_stat(&s->file, &st, &ignored))
        source_look(t, s, &st, now_ns);
    copies_pass_on(t, s);
}

/* Opens it under the path where it seems to be now, which it only gets when it is it. */
static bool open_at(struct tailer *t, struct source *s, struct str path, struct err *err)
{
    char *known = s->path;
    s->path = (char *)path.ptr; /* with NUL; not kept */
    if (s->state == SOURCE_GONE)
        s->state = is_packed(s) ? SOURCE_PENDING : SOURCE_LIVE;
    bool done = source_open(t, s, err);
    s->path = known;
    return done;
}

/* While a file was closed its inode may have been used again (then what was known is gone), or it
 * may have been cut. */
static bool is_still(struct tailer *t, struct source *s, struct str path, int64_t now_ns)
{
    struct err ignored;
    struct identity_bytes bytes;
    char tail[IDENTITY_TAIL];
    bool same = true, is_moved = !str_equal(str_from(s->path), path);
    bytes.tail = tail;
    if (is_file_open(&s->file))
        return true;
    if (open_at(t, s, path, &ignored) && !is_packed(s) &&
        !identity_check(&s->seen, &s->file, &bytes, &same, &ignored))
        return true; /* cannot be read now; the next turn says so */
    bool is_reused = map_get(&t->by_inode, MAP_KEY(s->inode)) != s;
    if (!is_reused && same)
        return true;
    if (!is_reused && (s->birth_ns || !is_moved)) {
        source_truncated(t, s, 0, now_ns);
        return true;
    }
    source_close(t, s);
    source_drop_inode(t, s);
    source_is_gone(t, s, now_ns);
    return false;
}

static bool leads_to(const char *path, struct inode_key inode)
{
    struct stat st;
    struct err ignored;
    return path_stat(path, &st, &ignored) && st.st_dev == inode.dev && st.st_ino == inode.ino;
}

/* ---- new files ---- */

/* The end of the last whole frame in the last n bytes. */
static bool find_last_frame(struct tailer *t, const struct source *s, size_t n, uint64_t *end)
{
    struct err ignored;
    struct str payload;
    char *data = t->buffer;
    size_t got, at = 0;
    uint64_t base = s->size - n;
    if (!file_read_at(&s->file, base, data, n, &got, &ignored) || got != n)
        return false;
    if (base)
        at = docker_local_resync(str_of(data, n));
    *end = base;
    while (at < n) {
        struct str rest = str_of(data + at, n - at);
        size_t whole = docker_local_frame(rest, &payload);
        if (whole == 0)
            break;
        at += whole == SIZE_MAX ? docker_local_resync(rest) : whole;
        *end = whole == SIZE_MAX ? *end : base + at;
    }
    return *end > base;
}

static bool skip_frames(struct tailer *t, struct source *s)
{
    struct err ignored;
    uint64_t end;
    size_t limits[] = {(size_t)64 << 10, t->capacity};
    for (size_t i = 0; i < countof(limits); i++)
        if (find_last_frame(t, s, (size_t)min_of(s->size, (uint64_t)limits[i]), &end))
            return identity_of_file(&s->seen, &s->file, end, &ignored);
    return false;
}

/* At the very first start: as if what is there had been read, up to the last newline or frame. */
static bool skip_to_end(struct tailer *t, struct source *s)
{
    struct err ignored;
    if (s->stream->shown.envelope == ENVELOPE_DOCKER_LOCAL)
        return skip_frames(t, s);
    char tail[4096];
    size_t n = (size_t)min_of(s->size, (uint64_t)sizeof tail), got;
    if (!file_read_at(&s->file, s->size - n, tail, n, &got, &ignored) || got != n)
        return false;
    const char *newline = n ? memrchr(tail, '\n', n) : NULL;
    uint64_t end = n == s->size ? 0 : s->size;
    s->continues = end != 0 && !newline;
    if (newline)
        end = s->size - n + (uint64_t)(newline + 1 - tail);
    return identity_of_file(&s->seen, &s->file, end, &ignored);
}

static void begin_at(struct tailer *t, struct source *s, int64_t now_ns)
{
    s->state = is_packed(s) ? SOURCE_PENDING : SOURCE_NEW;
    bool is_old = t->options.max_age_ns && s->mtime_ns < now_ns - t->options.max_age_ns;
    if (!t->is_first || !(t->options.start_at_end || is_old))
        return;
    if (is_packed(s))
        s->state = SOURCE_DONE;
    else if (s->size && skip_to_end(t, s))
        s->state = SOURCE_LIVE;
    s->lanes.reported[LANE_OUT] = s->lanes.reported[LANE_ERR] = s->seen.at.end;
    s->reason = is_old ? "older than max_age" : NULL;
    source_moved(t, s);
}

static void found(struct listing *l, struct str path, const struct named *named,
                  const struct stat *st)
{
    struct tailer *t = l->tailer;
    struct err err;
    char file[PATH_MAX];
    if (t->n_sources >= t->options.max_files) {
        ignore(t, path, "too many files");
        return;
    }
    /* Opened through a source, so that the number of descriptors stays bounded. */
    struct inode_key inode = {st->st_dev, st->st_ino};
    struct stream *stream =
        stream_of(t, join(file, l->folder->path, str_of(named->file, named->file_len)));
    struct hash128 any;
    random_bytes(&any, sizeof any);
    struct source *s = source_new(t, any, path, stream);
    s->inode = inode;
    s->kind = named->kind;
    s->rank = named->rank;
    if (!source_open(t, s, &err)) {
        ignore(t, path, err.code == ERR_LIMIT ? "no descriptor is free" : "cannot be opened");
        source_forget(t, s);
        return;
    }
    map_remove(&t->by_id, MAP_KEY(s->id));
    s->id = source_file_id(t, inode, s->birth_ns);
    struct source *former = map_get(&t->by_id, MAP_KEY(s->id));
    if (former)
        source_retire_id(t, former);
    map_put(&t->by_id, MAP_KEY(s->id), s);
    source_put_inode(t, s);
    source_set_path(t, s, path);
    s->size = (uint64_t)st->st_size;
    s->mtime_ns = stat_mtime(st);
    s->grown_ns = l->now_ns;
    s->scan = t->scan;
    s->is_unsure = true;
    begin_at(t, s, l->now_ns);
    stream_queue(t, s->stream);
}

/* ---- one name, one folder ---- */

static void see(struct listing *l, struct str path, const struct named *named,
                const struct stat *st)
{
    struct tailer *t = l->tailer;
    struct inode_key inode = {st->st_dev, st->st_ino};
    struct source *s = map_get(&t->by_inode, MAP_KEY(inode));
    bool is_moved = s && !str_equal(str_from(s->path), path);
    if (is_moved && (s->scan == t->scan || leads_to(s->path, inode))) {
        ignore(t, path, "the same file as another path");
        return;
    }
    bool is_suspect = s && (is_moved || !s->scan || s->mtime_ns != stat_mtime(st));
    if (s && s->kind != named->kind) {
        source_close(t, s);
        source_drop_inode(t, s);
        source_is_gone(t, s, l->now_ns);
        s = NULL;
    } else if (is_suspect && !is_still(t, s, path, l->now_ns)) {
        s = NULL;
    }
    if (!s) {
        found(l, path, named, st);
        return;
    }
    if (s->state == SOURCE_GONE) {
        s->state = is_packed(s) ? SOURCE_PENDING : SOURCE_LIVE;
        s->is_dropped = false;
        source_changed(t, s);
    }
    if (is_moved || map_get(&t->by_path, path) != s)
        source_set_path(t, s, path);
    s->rank = named->rank;
    s->retry_ns = 0;
    source_look(t, s, st, l->now_ns);
    s->scan = t->scan;
    s->is_unsure = false;
}

static bool is_admitted(const struct listing *l, struct str path, const struct named *named)
{
    struct tailer *t = l->tailer;
    char file[PATH_MAX];
    const char *reason = NULL;
    if (!t->options.admit)
        return true;
    const struct stream *st =
        stream_of(t, join(file, l->folder->path, str_of(named->file, named->file_len)));
    if (t->options.admit(t->options.admit_context, &st->shown, &reason))
        return true;
    ignore(t, path, reason);
    return false;
}

static bool refuses_links(const struct listing *l)
{
    for (size_t i = 0; i < l->folder->n_globs; i++)
        if (l->tailer->options.globs[l->folder->globs[i]].refuses_links)
            return true;
    return false;
}

/* Found by a path on which a user may place links, and not a file of that user. One that is known was
 * admitted by another path, or before. */
static bool is_planted(const struct listing *l, const struct stat *st)
{
    struct inode_key inode = {st->st_dev, st->st_ino};
    uid_t user;
    return refuses_links(l) && !map_get(&l->tailer->by_inode, MAP_KEY(inode)) &&
           path_user(l->folder->path.ptr, &user) && st->st_uid != user;
}

static void consider(struct listing *l, struct str name)
{
    struct tailer *t = l->tailer;
    struct named named;
    struct stat st;
    struct err ignored;
    char path_bytes[PATH_MAX];
    struct str path = join(path_bytes, l->folder->path, name);
    if (!path.len || !understand(l, name, &named))
        return;
    if (is_excluded(t, path)) {
        ignore(t, path, "excluded");
        return;
    }
    /* What is opened later must be the file that is seen here, by its inode. */
    if (!(refuses_links(l) ? path_stat_link : path_stat)(path_bytes, &st, &ignored))
        return; /* gone since the listing, or a dead link */
    if (S_ISLNK(st.st_mode))
        ignore(t, path, "a link");
    else if (!S_ISREG(st.st_mode))
        ignore(t, path, "not a file");
    else if (is_planted(l, &st))
        ignore(t, path, "a file of somebody else in a user's folder");
    else if (named.kind == FILE_UNKNOWN_PACKING)
        ignore(t, path, "packed in a way that is not known");
    else if (is_admitted(l, path, &named))
        see(l, path, &named, &st);
}

static void list_folder(struct tailer *t, const struct folder *folder, int64_t now_ns)
{
    defer(arena_free) struct arena arena = {0};
    struct err ignored;
    struct listing l = {.tailer = t, .folder = folder, .now_ns = now_ns};
    if (!folder_list(folder->path.ptr, &arena, &l.names, &l.n_names, &ignored))
        return;
    for (size_t i = 0; i < l.n_names; i++)
        consider(&l, l.names[i]);
}

static bool is_at_its_path(const struct source *s)
{
    return s->state != SOURCE_GONE && s->state != SOURCE_TRUNCATED;
}

/* Backwards: what is forgotten is replaced by the last, which was seen already. */
static void find_gone(struct tailer *t, struct str folder, int64_t now_ns)
{
    for (size_t i = t->n_sources; i-- > 0;) {
        if (i >= t->n_sources)
            continue;
        struct source *s = t->sources[i];
        if (s->scan == t->scan || !is_at_its_path(s))
            continue;
        if (!folder.len || str_equal(path_folder(str_from(s->path)), folder))
            source_is_gone(t, s, now_ns);
    }
}

/* In the order of their names. A decision may forget others, which moves the last to their place.
 */
static void decide_new(struct tailer *t, int64_t now_ns)
{
    for (size_t i = 0; i < t->n_sources; i++) {
        struct source *s = t->sources[i];
        size_t n = t->n_sources;
        if (s->state != SOURCE_NEW || !s->size)
            continue;
        source_decide(t, s, now_ns);
        if (n != t->n_sources)
            i = SIZE_MAX;
    }
}

/* Copies of files that were cut: now all that may hold their bytes are known. */
static void pass_on_truncated(struct tailer *t)
{
    for (size_t i = t->n_sources; i-- > 0;)
        if (i < t->n_sources && t->sources[i]->state == SOURCE_TRUNCATED && t->sources[i]->n_copies)
            copies_pass_on(t, t->sources[i]);
}

void scan_dirty_folders(struct tailer *t, int64_t now_ns)
{
    for (size_t i = 0; t->n_dirty_folders && i < t->n_folders; i++) {
        struct folder *f = t->folders[i];
        if (!f->is_dirty)
            continue;
        f->is_dirty = false;
        t->n_dirty_folders--;
        t->scan++;
        list_folder(t, f, now_ns);
        find_gone(t, f->path, now_ns);
        decide_new(t, now_ns);
        pass_on_truncated(t);
    }
}

/* ---- the whole ---- */

struct gathering {
    struct tailer *tailer;
    size_t glob;
};

static void free_folder(struct folder *f)
{
    mem_free(&f->path.ptr);
    mem_free(&f->globs);
    mem_free(&f);
}

static void gather(void *context, struct str path)
{
    struct gathering *g = context;
    struct tailer *t = g->tailer;
    struct folder *f = map_get(&t->by_folder, path);
    if (!f) {
        f = mem_new(struct folder);
        char *copy = mem_alloc(path.len + 1);
        memcpy(copy, path.ptr, path.len);
        f->path = str_of(copy, path.len);
        mem_grow(t->folders, t->n_folders, t->folders_capacity);
        t->folders[t->n_folders++] = f;
        map_put(&t->by_folder, f->path, f);
    }
    mem_grow(f->globs, f->n_globs, f->capacity);
    f->globs[f->n_globs++] = g->glob;
}

void folders_free(struct tailer *t)
{
    for (size_t i = 0; i < t->n_folders; i++)
        free_folder(t->folders[i]);
    t->n_folders = t->n_dirty_folders = 0;
    map_free(&t->by_folder);
}

static void gather_folders(struct tailer *t)
{
    folders_free(t);
    for (size_t i = 0; i < t->options.n_globs; i++) {
        struct gathering g = {t, i};
        glob_folders(t->options.globs[i].pattern, gather, &g);
    }
}

/* Nothing was read of it, so only its name or its size tell that it is now in "<path>.gz". */
static bool was_packed(const struct source *s)
{
    struct str path = str_from(s->path), plain;
    for (size_t i = 0; s->seen.at.end == 0 && i < s->stream->n; i++) {
        const struct source *other = s->stream->sources[i];
        if (!is_packed(other) || other->state == SOURCE_WAITING)
            continue;
        file_kind_of(str_from(other->path), &plain);
        if (other->total == s->size || str_equal(plain, path))
            return true;
    }
    return false;
}

/* Of a stream, something compressed that may yet claim what is gone. */
static bool may_be_claimed(const struct stream *st)
{
    for (size_t i = 0; i < st->n; i++)
        if (st->sources[i]->state == SOURCE_PENDING || st->sources[i]->state == SOURCE_HELD)
            return true;
    return false;
}

/* How long a file that is read to its end and not found any more stays open: somebody may still write
 * to it. A deleted one not long, as it keeps its room on the disk, nor one that something waits to
 * take over from. */
static int64_t hold_ns(const struct source *s, const struct stat *st)
{
    return st->st_nlink && !may_be_claimed(s->stream) ? HOLD_MOVED_NS : LINGER_NS;
}

static void look_at_gone(struct tailer *t, struct source *s, int64_t now_ns)
{
    struct stat st = {0};
    struct err ignored;
    bool is_open = is_file_open(&s->file);
    if (is_open && file_stat(&s->file, &st, &ignored))
        source_look(t, s, &st, now_ns);
    bool has_rest = has_unread(s);
    if (is_open && !has_rest && now_ns - max_of(s->grown_ns, s->gone_ns) > hold_ns(s, &st)) {
        source_close(t, s);
        copies_pass_on(t, s);
    } else if (!is_open && has_rest && now_ns - s->gone_ns > LINGER_NS &&
               !may_be_claimed(s->stream) && !leads_to(s->path, s->inode) && !was_packed(s)) {
        source_drop_rest(t, s, "deleted before it was read");
    }
}

static void look_back(struct tailer *t, int64_t now_ns)
{
    for (size_t i = t->n_sources; i-- > 0;) {
        if (i >= t->n_sources)
            continue;
        struct source *s = t->sources[i];
        if (s->state == SOURCE_GONE)
            look_at_gone(t, s, now_ns);
        else if (s->state == SOURCE_TRUNCATED && has_unread(s) && now_ns - s->gone_ns > CLAIM_NS &&
                 !may_be_claimed(s->stream))
            source_drop_rest(t, s, "truncated before it was read");
    }
}

static bool is_past(const struct source *s)
{
    return is_claimable(s) && !is_file_open(&s->file) && !s->is_moved && !s->n_copies;
}

static void prune(struct tailer *t, int64_t now_ns)
{
    size_t n = 0;
    for (size_t i = t->n_sources; i-- > 0;) {
        struct source *s = t->sources[i];
        if (!is_past(s))
            continue;
        if (now_ns - s->gone_ns > KEEP_NS)
            source_forget(t, s);
        else
            n++;
    }
    while (n > KEEP_MAX) {
        struct source *oldest = NULL;
        for (size_t i = 0; i < t->n_sources; i++)
            if (is_past(t->sources[i]) && (!oldest || t->sources[i]->gone_ns < oldest->gone_ns))
                oldest = t->sources[i];
        source_forget(t, oldest);
        n--;
    }
}

/* Deleted files take disk space and descriptors while they are held. */
static void limit_held(struct tailer *t)
{
    for (;;) {
        struct source *oldest = NULL;
        uint64_t bytes = 0, n = 0;
        for (size_t i = 0; i < t->n_sources; i++) {
            struct source *s = t->sources[i];
            if (s->state != SOURCE_GONE || !is_file_open(&s->file))
                continue;
            n++;
            bytes += s->size > s->seen.at.end ? s->size - s->seen.at.end : 0;
            if (!oldest || s->gone_ns < oldest->gone_ns)
                oldest = s;
        }
        if (bytes <= t->options.held_bytes && n <= t->options.max_open / 2)
            return;
        inflation_cancel(t, oldest);
        source_drop_rest(t, oldest, "deleted, and over the budget for held files");
        source_close(t, oldest);
        copies_pass_on(t, oldest);
    }
}

static void free_empty_streams(struct tailer *t)
{
    defer(arena_free) struct arena arena = {0};
    struct stream **empty = arena_array(&arena, struct stream *, t->streams.n + 1);
    size_t n = 0;
    map_each (&t->streams, entry) {
        struct stream *st = entry->value;
        if (st->n == 0 && t->n_drops == 0)
            empty[n++] = st;
    }
    for (size_t i = 0; i < n; i++)
        stream_free(t, empty[i]);
}

void tailer_scan(struct tailer *t, int64_t now_ns)
{
    gather_folders(t);
    t->n_ignored = 0;
    arena_reset(&t->ignored_arena);
    t->scan++;
    for (size_t i = 0; i < t->n_folders; i++)
        list_folder(t, t->folders[i], now_ns);
    find_gone(t, (struct str){0}, now_ns);
    decide_new(t, now_ns);
    pass_on_truncated(t);
    look_back(t, now_ns);
    limit_held(t);
    prune(t, now_ns);
    free_empty_streams(t);
    t->is_first = false;
}

static void hint_source(struct tailer *t, struct source *s, int64_t now_ns)
{
    struct stat st;
    struct err ignored;
    if (!path_stat(s->path, &st, &ignored) || st.st_dev != s->inode.dev ||
        st.st_ino != s->inode.ino) {
        folder_is_dirty(t, path_folder(str_from(s->path)));
        return;
    }
    source_look(t, s, &st, now_ns);
    if (s->state == SOURCE_NEW && s->size)
        source_decide(t, s, now_ns);
}

bool tailer_hint(struct tailer *t, struct str path, int64_t now_ns)
{
    struct source *s = map_get(&t->by_path, path);
    if (s && is_at_its_path(s)) {
        hint_source(t, s, now_ns);
        return true;
    }
    bool is_in_known = folder_is_dirty(t, path_folder(path));
    return folder_is_dirty(t, path) || is_in_known;
}
