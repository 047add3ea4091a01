#include "shipper/tailer_parts.h"

#include "base/mem.h"
#include "shipper/glob.h"

#include <stdlib.h>

/* ---- streams ---- */

static void find_service(struct tailer *t, struct stream *st)
{
    const struct tailer_options *o = &t->options;
    struct tail_stream *shown = &st->shown;
    shown->glob = o->n_globs;
    shown->service = path_name(path_folder(shown->file));
    for (size_t i = 0; i < o->n_globs; i++) {
        if (!glob_match_path(o->globs[i].pattern, shown->file))
            continue;
        shown->glob = i;
        shown->envelope = o->globs[i].envelope;
        shown->place = o->globs[i].place;
        if (o->globs[i].service.len)
            shown->service = o->globs[i].service;
        return;
    }
}

struct stream *stream_of(struct tailer *t, struct str file)
{
    struct stream *st = map_get(&t->streams, file);
    if (st)
        return st;
    st = mem_new(struct stream);
    char *copy = mem_alloc(file.len + 1);
    memcpy(copy, file.ptr, file.len);
    st->shown.number = t->next_stream++;
    st->shown.file = str_of(copy, file.len);
    find_service(t, st);
    map_put(&t->streams, st->shown.file, st);
    return st;
}

static bool is_matched(const struct tailer *t, struct str path)
{
    for (size_t i = 0; i < t->options.n_globs; i++)
        if (glob_match_path(t->options.globs[i].pattern, path))
            return true;
    return false;
}

/* By its own name, or one of its files by the name that rotation gave it. */
static bool is_looked_for(const struct tailer *t, const struct stream *st)
{
    bool is_wanted = is_matched(t, st->shown.file);
    for (size_t i = 0; i < st->n && !is_wanted; i++)
        is_wanted = is_matched(t, str_from(st->sources[i]->path));
    return is_wanted;
}

static void stream_leave(struct tailer *t, struct stream *st)
{
    for (size_t i = 0; i < st->n; i++) {
        struct source *s = st->sources[i];
        inflation_cancel(t, s);
        source_close(t, s);
    }
}

void streams_match_again(struct tailer *t)
{
    map_each (&t->streams, entry) {
        struct stream *st = entry->value;
        const struct tail_stream before = st->shown;
        st->shown.attached[LANE_OUT] = st->shown.attached[LANE_ERR] = NULL;
        st->shown.place = 0;
        st->shown.envelope = ENVELOPE_NONE;
        find_service(t, st);
        st->is_left = !is_looked_for(t, st);
        if (st->is_left) { /* its positions, and whose open lines are, stay what they are */
            st->shown.envelope = before.envelope;
            st->shown.place = before.place;
            memcpy(st->shown.attached, before.attached, sizeof before.attached);
            stream_leave(t, st);
        }
    }
}

void stream_queue(struct tailer *t, struct stream *st)
{
    if (st->is_queued)
        return;
    st->is_queued = true;
    st->next = NULL;
    if (t->queue_last)
        t->queue_last->next = st;
    else
        t->queue_first = st;
    t->queue_last = st;
    t->n_queued++;
}

void stream_wait(struct tailer *t, struct stream *st, int64_t until_ns)
{
    if (!st->is_waiting) {
        mem_grow(t->waiting, t->n_waiting, t->waiting_capacity);
        t->waiting[t->n_waiting++] = st;
        st->wake_ns = until_ns;
    }
    st->is_waiting = true;
    st->wake_ns = min_of(st->wake_ns, until_ns);
    t->next_wake_ns = min_of(t->next_wake_ns, st->wake_ns);
}

void streams_wake(struct tailer *t, int64_t now_ns)
{
    if (now_ns < t->next_wake_ns)
        return;
    size_t kept = 0;
    t->next_wake_ns = INT64_MAX;
    for (size_t i = 0; i < t->n_waiting; i++) {
        struct stream *st = t->waiting[i];
        if (st->wake_ns <= now_ns) {
            st->is_waiting = false;
            stream_queue(t, st);
        } else {
            t->next_wake_ns = min_of(t->next_wake_ns, st->wake_ns);
            t->waiting[kept++] = st;
        }
    }
    t->n_waiting = kept;
}

/* Out of the queue, the waiting and the drops. */
static void stream_unlink(struct tailer *t, struct stream *st)
{
    struct stream *last = NULL;
    for (struct stream **at = &t->queue_first; *at;) {
        if (*at == st) {
            *at = st->next;
            t->n_queued--;
        } else {
            last = *at;
            at = &(*at)->next;
        }
    }
    t->queue_last = last;
    size_t kept = 0;
    for (size_t i = 0; i < t->n_waiting; i++)
        if (t->waiting[i] != st)
            t->waiting[kept++] = t->waiting[i];
    t->n_waiting = kept;
}

void stream_free(struct tailer *t, struct stream *st)
{
    if (st->is_queued || st->is_waiting)
        stream_unlink(t, st);
    map_remove(&t->streams, st->shown.file);
    joins_free(t, st);
    char *file = (char *)st->shown.file.ptr; /* made in stream_of */
    mem_free(&file);
    mem_free(&st->sources);
    mem_free(&st);
}

/* ---- what has changed ---- */

void source_changed(struct tailer *t, struct source *s)
{
    if (s->is_dirty)
        return;
    mem_grow(t->dirty, t->n_dirty, t->dirty_capacity);
    t->dirty[t->n_dirty++] = s;
    s->is_dirty = true;
}

void source_moved(struct tailer *t, struct source *s)
{
    source_changed(t, s);
    if (s->is_moved)
        return;
    mem_grow(t->moved, t->n_moved, t->moved_capacity);
    t->moved[t->n_moved++] = s;
    s->is_moved = true;
}

void source_pass_move(struct tailer *t, struct source *from, struct source *to)
{
    for (size_t i = 0; i < t->n_moved; i++)
        if (t->moved[i] == from)
            t->moved[i] = to;
    from->is_moved = false;
    to->is_moved = true;
}

static void remove_from(struct source **list, size_t *n, const struct source *s)
{
    for (size_t i = 0; i < *n; i++) {
        if (list[i] == s) {
            list[i] = list[--*n];
            return;
        }
    }
}

static void forget_id(struct tailer *t, struct source *s)
{
    if (!s->is_saved)
        return;
    mem_grow(t->forgotten, t->n_forgotten, t->forgotten_capacity);
    t->forgotten[t->n_forgotten++] = s->id;
    s->is_saved = false;
}

/* What goes on where the last drop ends is part of it. When there is no room for more, it also counts
 * for bytes that are elsewhere. */
void source_drop(struct tailer *t, struct source *s, const char *reason, uint64_t from, uint64_t to)
{
    struct drop *last = t->n_drops ? &t->drops[t->n_drops - 1] : NULL;
    bool goes_on = last && last->stream == s->stream && last->reason == reason &&
                   last->to == from && str_equal(last->path, str_from(s->path));
    if (goes_on || t->n_drops == DROPS_MAX) {
        last->to += to - from;
        return;
    }
    mem_grow(t->drops, t->n_drops, t->drops_capacity);
    t->drops[t->n_drops++] = (struct drop){
        .stream = s->stream,
        .path = arena_copy(&t->drops_arena, str_from(s->path)),
        .reason = reason,
        .from = from,
        .to = to,
    };
}

void source_drop_rest(struct tailer *t, struct source *s, const char *reason)
{
    if (s->is_dropped || s->stream->is_left || t->n_drops == DROPS_MAX)
        return;
    s->is_dropped = true;
    source_changed(t, s);
    s->reason = reason;
    if (!has_unread(s))
        return;
    uint64_t from = source_position(s), end = is_packed(s) ? s->total : s->size;
    source_drop(t, s, reason, from, max_of(end, s->seen.at.end));
    lanes_give_up(s);
}

bool folder_is_dirty(struct tailer *t, struct str path)
{
    struct folder *f = map_get(&t->by_folder, path);
    if (f && !f->is_dirty) {
        f->is_dirty = true;
        t->n_dirty_folders++;
    }
    return f != NULL;
}

/* ---- sources ---- */

static char *copy_path(struct str path)
{
    char *copy = mem_alloc(path.len + 1);
    memcpy(copy, path.ptr, path.len);
    return copy;
}

static void drop_path(struct tailer *t, struct source *s)
{
    struct str key = str_from(s->path);
    if (map_get(&t->by_path, key) == s)
        map_remove(&t->by_path, key);
}

void source_set_path(struct tailer *t, struct source *s, struct str path)
{
    drop_path(t, s);
    mem_free(&s->path);
    s->path = copy_path(path);
    /* The former holder's key would die with its path, so its entry goes before ours is put. */
    map_remove(&t->by_path, path);
    map_put(&t->by_path, str_from(s->path), s);
    source_changed(t, s);
}

void source_put_inode(struct tailer *t, struct source *s)
{
    struct source *former = map_get(&t->by_inode, MAP_KEY(s->inode));
    if (former && former != s)
        map_remove(&t->by_inode, MAP_KEY(former->inode));
    map_put(&t->by_inode, MAP_KEY(s->inode), s);
}

void source_drop_inode(struct tailer *t, struct source *s)
{
    if (map_get(&t->by_inode, MAP_KEY(s->inode)) == s)
        map_remove(&t->by_inode, MAP_KEY(s->inode));
}

struct hash128 source_file_id(const struct tailer *t, struct inode_key inode, int64_t birth_ns)
{
    defer(buf_free) struct buf b = {0};
    put_u64(&b, inode.dev);
    put_u64(&b, inode.ino);
    put_zigzag(&b, birth_ns);
    buf_add(&b, t->options.host);
    return hash128(buf_str(&b));
}

/* The id of a file belongs to its present content; what is not present takes another one. */
void source_retire_id(struct tailer *t, struct source *s)
{
    map_remove(&t->by_id, MAP_KEY(s->id));
    forget_id(t, s);
    random_bytes(&s->id, sizeof s->id);
    map_put(&t->by_id, MAP_KEY(s->id), s);
    source_changed(t, s);
}

struct source *source_new(struct tailer *t, struct hash128 id, struct str path, struct stream *st)
{
    struct source *former = map_get(&t->by_id, MAP_KEY(id));
    if (former)
        source_retire_id(t, former);
    struct source *s = mem_new(struct source);
    s->id = id;
    s->path = copy_path(path);
    s->stream = st;
    s->number = t->next_number++;
    s->index = t->n_sources;
    mem_grow(t->sources, t->n_sources, t->sources_capacity);
    t->sources[t->n_sources++] = s;
    mem_grow(st->sources, st->n, st->capacity);
    st->sources[st->n++] = s;
    map_put(&t->by_id, MAP_KEY(s->id), s);
    return s;
}

void source_forget(struct tailer *t, struct source *s)
{
    assert(s->n_copies == 0);
    source_unhold(s);
    inflation_cancel(t, s);
    source_close(t, s);
    drop_path(t, s);
    source_drop_inode(t, s);
    map_remove(&t->by_id, MAP_KEY(s->id));
    forget_id(t, s);
    if (s->is_dirty)
        remove_from(t->dirty, &t->n_dirty, s);
    if (s->is_moved)
        remove_from(t->moved, &t->n_moved, s);
    remove_from(s->stream->sources, &s->stream->n, s);
    t->sources[s->index] = t->sources[--t->n_sources];
    t->sources[s->index]->index = s->index;
    mem_free(&s->path);
    mem_free(&s);
}

/* ---- descriptors ---- */

static void idle_remove(struct tailer *t, struct source *s)
{
    if (!s->is_idle)
        return;
    *(s->idle_older ? &s->idle_older->idle_newer : &t->idle_oldest) = s->idle_newer;
    *(s->idle_newer ? &s->idle_newer->idle_older : &t->idle_newest) = s->idle_older;
    s->idle_older = s->idle_newer = NULL;
    s->is_idle = false;
}

static void idle_add(struct tailer *t, struct source *s)
{
    s->idle_older = t->idle_newest;
    *(t->idle_newest ? &t->idle_newest->idle_newer : &t->idle_oldest) = s;
    t->idle_newest = s;
    s->is_idle = true;
}

void source_keep_open(struct tailer *t, struct source *s)
{
    idle_remove(t, s);
}

void source_close(struct tailer *t, struct source *s)
{
    idle_remove(t, s);
    if (!is_file_open(&s->file))
        return;
    file_close(&s->file);
    t->n_open--;
}

static bool open_path(struct tailer *t, struct source *s, struct err *err)
{
    struct stat st;
    while (t->n_open >= t->options.max_open && t->idle_oldest)
        source_close(t, t->idle_oldest);
    if (t->n_open >= t->options.max_open)
        return err_set(err, ERR_LIMIT, "%zu descriptors are held by deleted files", t->n_open);
    defer(file_close) struct file f = {0};
    if (!file_open(&f, s->path, FILE_READ, err) || !file_stat(&f, &st, err))
        return false;
    int64_t birth = file_birth(&f);
    bool is_inode = st.st_dev == s->inode.dev && st.st_ino == s->inode.ino;
    bool is_reused = is_inode && s->birth_ns && birth && birth != s->birth_ns;
    if (is_reused) {
        source_drop_inode(t, s);
        if (is_packed(s)) /* the rest is the other file's */
            s->total = max_of(s->total, s->seen.at.end);
        else
            s->size = max_of(s->seen.at.end, s->sure_size);
        s->mtime_ns = 0; /* nor is it known whether there was one */
    }
    if (!is_inode || is_reused)
        return err_set(err, ERR_NOT_FOUND, "%s is another file now", s->path);
    s->birth_ns = birth;
    s->file = f;
    f = (struct file){0};
    t->n_open++;
    return true;
}

bool source_open(struct tailer *t, struct source *s, struct err *err)
{
    idle_remove(t, s);
    if (!is_file_open(&s->file)) {
        if (s->state == SOURCE_GONE)
            return err_set(err, ERR_NOT_FOUND, "%s is gone", s->path);
        if (!open_path(t, s, err)) {
            if (err->code == ERR_NOT_FOUND)
                folder_is_dirty(t, path_folder(str_from(s->path)));
            return false;
        }
    }
    if (s->state != SOURCE_GONE)
        idle_add(t, s);
    return true;
}
