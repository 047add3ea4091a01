#include "shipper/tailer.h"

#include "base/mem.h"
#include "shipper/glob.h"
#include "shipper/tailer_parts.h"

static const char *const state_names[] = {
#define X(name, text) [name] = text,
    SOURCE_STATES(X)
#undef X
};

enum { LOOKS = 4 }; /* listings of changing folders in one call */

/* ---- open, close ---- */

static size_t descriptors(void)
{
    size_t n = file_raise_limit();
    return n > 128 ? n - 64 : 64;
}

static void set_defaults(struct tailer_options *o)
{
    o->max_line = o->max_line ? o->max_line : (size_t)1 << 20;
    o->quantum = o->quantum ? o->quantum : (size_t)256 << 10;
    o->max_open = o->max_open ? max_of(o->max_open, (size_t)4) : descriptors();
    o->max_files = o->max_files ? o->max_files : 50000;
    o->held_bytes = o->held_bytes ? o->held_bytes : (uint64_t)1 << 30;
    o->joined_bytes = o->joined_bytes ? o->joined_bytes : (size_t)8 << 20;
}

static void copy_globs(struct tailer *t, const struct tail_glob *from, size_t n)
{
    struct tail_glob *globs = arena_array(&t->globs_arena, struct tail_glob, n + 1);
    for (size_t i = 0; i < n; i++) {
        globs[i] = from[i];
        globs[i].pattern = arena_copy(&t->globs_arena, from[i].pattern);
        globs[i].service = arena_copy(&t->globs_arena, from[i].service);
    }
    t->options.globs = globs;
    t->options.n_globs = n;
}

static void copy_options(struct tailer *t, const struct tailer_options *from)
{
    struct tailer_options *o = &t->options;
    *o = *from;
    set_defaults(o);
    struct str *exclude = arena_array(&t->arena, struct str, o->n_exclude + 1);
    for (size_t i = 0; i < o->n_exclude; i++)
        exclude[i] = arena_copy(&t->arena, from->exclude[i]);
    o->exclude = exclude;
    o->host = arena_copy(&t->arena, from->host);
    copy_globs(t, from->globs, from->n_globs);
}

static bool check_globs(const struct tail_glob *globs, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!glob_check(globs[i].pattern, err))
            return false;
    return true;
}

bool tailer_open(struct tailer **out, const struct tailer_options *options, struct err *err)
{
    if (!check_globs(options->globs, options->n_globs, err))
        return false;
    struct tailer *t = mem_new(struct tailer);
    copy_options(t, options);
    t->capacity =
        max_of(max_of(t->options.max_line, (size_t)PIECE_MAX + 8) + 1, t->options.quantum);
    t->buffer = mem_alloc_raw(IDENTITY_TAIL + t->capacity);
    t->unescaped.max = PIECE_MAX + 64; /* what unescaping wants besides */
    t->next_wake_ns = INT64_MAX;
    t->is_first = true;
    *out = t;
    return true;
}

bool tailer_set_globs(struct tailer *t, const struct tail_glob *globs, size_t n,
                      bool (*admit)(void *, const struct tail_stream *, const char **),
                      void *admit_context, struct err *err)
{
    if (!check_globs(globs, n, err))
        return false;
    struct arena former = t->globs_arena;
    t->globs_arena = (struct arena){0};
    copy_globs(t, globs, n);
    t->options.admit = admit;
    t->options.admit_context = admit_context;
    streams_match_again(t);
    arena_free(&former);
    return true;
}

void tailer_set_multiline(struct tailer *t,
                          const struct multiline *(*multiline)(void *, const struct tail_stream *),
                          void *context)
{
    t->options.multiline = multiline;
    t->options.multiline_context = context;
    map_each (&t->streams, entry)
        ((struct stream *)entry->value)->is_rule_known = false;
}

void tailer_close(struct tailer **address)
{
    struct tailer *t = *address;
    if (!t)
        return;
    inflation_cancel(t, NULL);
    for (size_t i = 0; i < t->n_sources; i++)
        t->sources[i]->n_copies = 0, t->sources[i]->original = NULL;
    while (t->n_sources)
        source_forget(t, t->sources[t->n_sources - 1]);
    while (t->streams.n)
        stream_free(t, map_next(&t->streams, NULL)->value);
    folders_free(t);
    map_free(&t->by_id), map_free(&t->by_inode), map_free(&t->by_path), map_free(&t->streams);
    mem_free(&t->sources), mem_free(&t->waiting), mem_free(&t->folders), mem_free(&t->moved);
    mem_free(&t->dirty), mem_free(&t->forgotten), mem_free(&t->drops), mem_free(&t->ignored);
    mem_free(&t->buffer);
    buf_free(&t->unescaped);
    arena_free(&t->arena), arena_free(&t->globs_arena);
    arena_free(&t->drops_arena), arena_free(&t->ignored_arena);
    mem_free(address);
}

/* ---- giving lines ---- */

bool give_line(struct turn *turn, struct tail_line *line, struct str bytes, unsigned flags)
{
    line->bytes = bytes;
    line->flags = flags;
    turn->is_stopped = !turn->sink->line(turn->sink->context, line);
    return !turn->is_stopped;
}

struct sample turn_sample(const struct turn *turn, uint64_t end)
{
    size_t n = sample_size(end);
    const char *at = turn->data + (end - turn->base) - n;
    return (struct sample){end, sample_hash(str_of(at, n))};
}

/* The frame at the front of data; TAIL_DAMAGED if there is none: up to where the next one begins. */
static size_t next_frame(struct str data, bool is_over, struct str *bytes, unsigned *flags)
{
    size_t n = docker_local_frame(data, bytes);
    bool is_damaged = n == SIZE_MAX || (n == 0 && is_over && data.len);
    *flags = is_damaged ? TAIL_DAMAGED : 0;
    if (!is_damaged)
        return n;
    *bytes = str_slice(data, 0, n == SIZE_MAX ? docker_local_resync(data) : data.len);
    return bytes->len;
}

/* The next piece of the source at the front of data: its length with the newline, 0 if it is not
 * all there. */
static size_t next_piece(const struct turn *turn, struct str data, bool is_over, struct str *bytes,
                         unsigned *flags)
{
    struct source *s = turn->source;
    enum envelope_kind envelope = s->stream->shown.envelope;
    size_t max = envelope ? PIECE_MAX : turn->tailer->options.max_line;
    if (envelope == ENVELOPE_DOCKER_LOCAL)
        return next_frame(data, is_over, bytes, flags);
    const char *newline = data.len ? memchr(data.ptr, '\n', min_of(data.len, max + 1)) : NULL;
    *flags = turn->continues ? TAIL_CONTINUES : 0;
    if (newline) {
        *bytes = str_of(data.ptr, (size_t)(newline - data.ptr));
        *flags |= turn->in_line ? TAIL_LAST : 0;
        return bytes->len + 1;
    }
    bool is_part = data.len > max || (is_over && data.len && s->lanes.is_replaying && s->in_line);
    if (is_part) {
        *bytes = str_slice(data, 0, max);
        *flags |= turn->in_line ? TAIL_MIDDLE : TAIL_FIRST;
    } else if (is_over && data.len) {
        *bytes = data;
        *flags |= TAIL_NO_NEWLINE | (turn->in_line ? TAIL_LAST : 0);
    } else {
        return 0;
    }
    return bytes->len;
}

/* What was read of the source once more, or for the first time. */
static void advance(struct turn *turn, size_t n)
{
    struct source *s = turn->source;
    lanes_sample(turn);
    if (n == 0)
        return;
    source_moved(turn->tailer, s);
    if (!s->lanes.is_replaying) {
        s->in_line = turn->in_line;
        s->continues = turn->continues;
        identity_advance(&s->seen, turn->bytes, turn->data, n);
        return;
    }
    s->lanes.replay = turn_sample(turn, s->lanes.replay.end + n);
    s->lanes.is_replaying = s->lanes.replay.end < s->seen.at.end;
    if (!s->lanes.is_replaying)
        lanes_replayed(s);
}

size_t give_lines(struct turn *turn, const char *data, size_t n, bool is_over)
{
    struct source *s = turn->source;
    struct tail_line line = {
        .stream = &s->stream->shown,
        .source = s->id,
        .time_ns = TIME_NONE,
        .from = source_position(s),
        .mtime_ns = s->mtime_ns,
        .read_ns = turn->now_ns,
    };
    bool is_joined = has_lanes(s->stream) || s->lanes.is_replaying ||
                     s->stream->joins[LANE_OUT].is_open || turn->tailer->options.multiline;
    size_t done = 0, piece;
    struct str bytes;
    unsigned flags;
    turn->data = data;
    turn->base = line.from;
    turn->in_line = s->in_line;
    turn->continues = s->continues;
    if (s->lanes.is_replaying) {
        turn->in_line = line.from && data[-1] != '\n';
        turn->continues = false;
    }
    if (s->lanes.is_replaying && n >= s->seen.at.end - line.from) {
        n = (size_t)(s->seen.at.end - line.from);
        is_over = true; /* its last piece may have been taken without a newline */
    }
    while ((piece = next_piece(turn, str_of(data + done, n - done), is_over, &bytes, &flags)) !=
           0) {
        line.to = line.from + piece;
        if (!(is_joined ? lane_give(turn, &line, bytes, flags)
                        : give_line(turn, &line, bytes, flags)))
            break;
        line.from = line.to;
        done += piece;
        turn->in_line = (flags & (TAIL_FIRST | TAIL_MIDDLE)) != 0;
        turn->continues = (flags & TAIL_NO_NEWLINE) != 0;
    }
    advance(turn, done);
    return done;
}

/* ---- one turn of a plain file ---- */

enum turn_end turn_failed(struct tailer *t, struct source *s, int64_t now_ns, const struct err *err)
{
    if (err->code == ERR_NOT_FOUND && t->n_dirty_folders)
        return TURN_WORKED; /* the listing tells what became of it; its stream waits for that */
    s->retry_ns = now_ns + RETRY_NS;
    s->reason = "cannot be read";
    stream_wait(t, s->stream, s->retry_ns);
    return TURN_NOTHING;
}

static bool is_current(const struct source *s)
{
    return s->state == SOURCE_LIVE && s->rank == 0;
}

/* When what has no newline yet is given as it is. */
static int64_t patience_end(const struct source *s)
{
    return s->grown_ns + (is_current(s) ? WAIT_LIVE_NS : WAIT_ROTATED_NS);
}

/* Data first, then what is in front of it (shipper/identity.h, invariant 3). */
static bool read_checked(struct source *s, char *data, size_t n, size_t *got,
                         struct identity_bytes *bytes, bool *same, struct err *err)
{
    return file_read_at(&s->file, s->seen.at.end, data, n, got, err) &&
           identity_check(&s->seen, &s->file, bytes, same, err);
}

/* Before the first byte is read nothing tells that a file was cut and written again, or that it took
 * the place of one that was renamed behind the listing that found it. So its folder is listed once
 * more, for what stood there before it. */
static bool is_sure(struct tailer *t, struct source *s)
{
    bool was_unsure = s->is_unsure && s->state != SOURCE_GONE;
    s->is_unsure = false;
    if (was_unsure)
        folder_is_dirty(t, path_folder(str_from(s->path)));
    return !was_unsure && (!s->n_copies || copies_agree(t, s));
}

/* What was read before a restart and is still open in a lane, with what stands before it. */
static enum turn_end replay_plain(struct turn *turn)
{
    struct source *s = turn->source;
    struct tailer *t = turn->tailer;
    struct err err;
    uint64_t at = s->lanes.replay.end, size = s->size;
    size_t n = (size_t)min_of(s->seen.at.end - at, (uint64_t)t->capacity), before = sample_size(at),
           got;
    source_check(t, s, turn->now_ns);
    if (!s->lanes.is_replaying)
        return TURN_WORKED; /* it was cut */
    if (!file_read_at(&s->file, at - before, t->buffer + IDENTITY_TAIL - before, before + n, &got,
                      &err))
        return turn_failed(t, s, turn->now_ns, &err);
    size_t given =
        got > before ? give_lines(turn, t->buffer + IDENTITY_TAIL, got - before, false) : 0;
    if (turn->is_stopped)
        return TURN_STOPPED;
    if (given == 0) /* no whole piece, though it was there: it was cut meanwhile */
        source_truncated(t, s, size, turn->now_ns);
    return TURN_WORKED;
}

static enum turn_end read_plain(struct tailer *t, struct source *s, int64_t now_ns,
                                const struct tail_sink *sink)
{
    struct err err;
    struct stat st;
    if (!source_open(t, s, &err) || !file_stat(&s->file, &st, &err))
        return turn_failed(t, s, now_ns, &err);
    if (has_shrunk(s, (uint64_t)st.st_size)) {
        source_look(t, s, &st, now_ns);
        return TURN_WORKED;
    }
    source_measure(s, &st, now_ns);
    if (s->seen.at.end == 0 && !is_sure(t, s))
        return TURN_WORKED;
    struct identity_bytes bytes = {.tail = t->buffer};
    struct turn turn = {.tailer = t, .source = s, .sink = sink, .bytes = &bytes, .now_ns = now_ns};
    if (s->lanes.is_replaying)
        return replay_plain(&turn);
    uint64_t left = s->size - s->seen.at.end;
    size_t limits[] = {t->options.quantum,
                       has_lanes(s->stream) ? t->capacity : t->options.max_line + 1};
    char *data = t->buffer + IDENTITY_TAIL;
    for (size_t i = 0; i < countof(limits) && left; i++) {
        bool same, is_all = left <= limits[i];
        size_t got, n = (size_t)min_of(left, (uint64_t)limits[i]);
        if (!read_checked(s, data, n, &got, &bytes, &same, &err))
            return turn_failed(t, s, now_ns, &err);
        if (!same) {
            source_truncated(t, s, 0, now_ns);
            return TURN_WORKED;
        }
        s->reason = NULL;
        s->sure_size = s->size;
        bool is_over = is_all && got == n && now_ns >= patience_end(s);
        size_t given = give_lines(&turn, data, got, is_over);
        if (given || turn.is_stopped)
            return turn.is_stopped ? TURN_STOPPED : TURN_WORKED;
        if (is_all)
            break;
    }
    if (left)
        stream_wait(t, s->stream, patience_end(s));
    return TURN_NOTHING;
}

/* ---- whose turn it is ---- */

static bool is_readable(const struct source *s, int64_t now_ns)
{
    if (s->stream->is_left || s->retry_ns > now_ns || !has_unread(s))
        return false;
    if (s->state == SOURCE_GONE)
        return is_file_open(&s->file);
    return s->state == SOURCE_LIVE || s->state == SOURCE_PENDING;
}

/* A compressed file with the name and the time of a plain one that was read to its end: nothing new
 * is expected in it, so it holds nobody up. */
static bool is_settled(const struct source *s)
{
    struct str plain;
    if (s->state != SOURCE_PENDING || s->seen.at.end)
        return false;
    file_kind_of(str_from(s->path), &plain);
    for (size_t i = 0; i < s->stream->n; i++) {
        const struct source *other = s->stream->sources[i];
        bool is_rotated = other->state == SOURCE_GONE || other->state == SOURCE_LIVE;
        if (is_rotated && other->mtime_ns == s->mtime_ns &&
            str_equal(str_from(other->path), plain) && other->seen.at.end && !has_unread(other))
            return true;
    }
    return false;
}

/* 0: rotated ones, 1: the one that is written, 2: what is settled, if that is minded. */
static int class_of(const struct source *s, bool minds_settled)
{
    return is_current(s) ? 1 : minds_settled && is_settled(s) ? 2 : 0;
}

static bool is_older(const struct source *a, const struct source *b, bool minds_settled)
{
    int class_a = class_of(a, minds_settled), class_b = class_of(b, minds_settled);
    if (class_a != class_b)
        return class_a < class_b;
    bool has_ranks = a->rank > 0 && b->rank > 0 && a->rank != b->rank;
    bool is_gone = a->state == SOURCE_GONE || b->state == SOURCE_GONE; /* its number is of then */
    if (has_ranks && !is_gone)
        return a->rank > b->rank;
    if (a->mtime_ns != b->mtime_ns)
        return a->mtime_ns < b->mtime_ns;
    return has_ranks ? a->rank > b->rank : a->number < b->number;
}

static struct source *oldest_of(const struct stream *st, int64_t now_ns, bool minds_settled)
{
    struct source *oldest = NULL;
    for (size_t i = 0; i < st->n; i++) {
        struct source *s = st->sources[i];
        if (is_readable(s, now_ns) && (!oldest || is_older(s, oldest, minds_settled)))
            oldest = s;
    }
    return oldest;
}

/* Whether one is settled costs a look at all others, so it is asked only of the one that would be
 * taken: if that is not, it is the oldest either way. */
static struct source *oldest_readable(const struct stream *st, int64_t now_ns)
{
    struct source *oldest = oldest_of(st, now_ns, false);
    return oldest && is_settled(oldest) ? oldest_of(st, now_ns, true) : oldest;
}

static struct stream *next_queued(struct tailer *t)
{
    struct stream *st = t->queue_first;
    t->queue_first = st->next;
    if (!t->queue_first)
        t->queue_last = NULL;
    st->is_queued = false;
    t->n_queued--;
    return st;
}

/* The oldest source that has something decides: what is younger waits for it, unless it failed. */
static enum turn_end stream_turn(struct tailer *t, struct stream *st, int64_t now_ns,
                                 const struct tail_sink *sink)
{
    struct source *s;
    while ((s = oldest_readable(st, now_ns)) != NULL) {
        enum turn_end end =
            is_packed(s) ? inflation_turn(t, s, now_ns, sink) : read_plain(t, s, now_ns, sink);
        if (end != TURN_NOTHING || is_readable(s, now_ns))
            return end;
    }
    return lanes_give_overdue(t, st, now_ns, sink);
}

bool tailer_read(struct tailer *t, int64_t now_ns, const struct tail_sink *sink)
{
    streams_wake(t, now_ns);
    for (int looks = 0; looks < LOOKS; looks++) {
        scan_dirty_folders(t, now_ns);
        while (t->queue_first) {
            struct stream *st = next_queued(t);
            if (stream_turn(t, st, now_ns, sink) != TURN_NOTHING) {
                stream_queue(t, st);
                return true;
            }
        }
        if (!t->n_dirty_folders)
            break; /* else a file was not what it was: look again */
    }
    return false;
}

void tailer_end(struct tailer *t)
{
    t->is_ending = true;
    for (size_t i = 0; i < t->n_waiting; i++)
        t->waiting[i]->wake_ns = INT64_MIN;
    t->next_wake_ns = INT64_MIN;
}

int64_t tailer_next_wakeup(const struct tailer *t)
{
    return t->n_queued || t->n_dirty_folders ? 0 : t->next_wake_ns;
}

/* ---- positions ---- */

void tailer_take_moves(struct tailer *t, void (*each)(void *context, const struct tail_move *),
                       void *context)
{
    for (size_t i = 0; i < t->n_moved; i++) {
        struct source *s = t->moved[i];
        s->is_moved = false;
        for (enum lane lane = 0; lane < (has_lanes(s->stream) ? LANES : 1); lane++) {
            struct sample at = lane_position(s, lane);
            struct tail_move move = {lane_id(s->id, lane), s->lanes.reported[lane], at.end,
                                     at.hash};
            s->lanes.reported[lane] = at.end;
            if (move.to)
                each(context, &move);
        }
    }
    t->n_moved = 0;
}

static void put_source(struct buf *out, struct source *s)
{
    struct checkpoint_entry e = {
        .id = s->id,
        .dev = s->inode.dev,
        .ino = s->inode.ino,
        .birth_ns = s->birth_ns,
        .path = str_from(s->path),
        .file = s->stream->shown.file,
        .kind = s->kind,
        .state = s->state == SOURCE_GONE        ? CHECKPOINT_GONE
                 : s->state == SOURCE_TRUNCATED ? CHECKPOINT_TRUNCATED
                                                : CHECKPOINT_LIVE,
        .flags = (s->in_line ? CHECKPOINT_IN_LINE : 0u) |
                 (s->continues ? CHECKPOINT_CONTINUES : 0u) |
                 (s->state == SOURCE_DONE ? CHECKPOINT_DONE : 0u) |
                 (s->is_dropped ? CHECKPOINT_DROPPED : 0u) |
                 (s->lanes.is_held[LANE_OUT] ? CHECKPOINT_HELD_OUT : 0u) |
                 (s->lanes.is_held[LANE_ERR] ? CHECKPOINT_HELD_ERR : 0u),
        .seen = s->seen,
        .held = {s->lanes.held[LANE_OUT], s->lanes.held[LANE_ERR]},
        .size = s->size,
        .total = s->total,
        .mtime_ns = s->mtime_ns,
        .gone_ns = s->gone_ns,
    };
    checkpoint_put(out, &e);
    s->is_saved = true;
}

/* A file of which nothing was read is found again as a new one. */
static bool is_worth_saving(const struct source *s)
{
    return s->seen.at.end > 0 || s->state == SOURCE_DONE;
}

static void all_saved(struct tailer *t)
{
    for (size_t i = 0; i < t->n_dirty; i++)
        t->dirty[i]->is_dirty = false;
    t->n_dirty = t->n_forgotten = 0;
}

void tailer_put_delta(struct tailer *t, struct buf *out)
{
    checkpoint_begin(out, CHECKPOINT_DELTA);
    for (size_t i = 0; i < t->n_forgotten; i++)
        checkpoint_forget(out, t->forgotten[i]);
    for (size_t i = 0; i < t->n_dirty; i++)
        if (is_worth_saving(t->dirty[i]) || t->dirty[i]->is_saved)
            put_source(out, t->dirty[i]);
    checkpoint_end(out);
    all_saved(t);
}

void tailer_put_full(struct tailer *t, struct buf *out)
{
    checkpoint_begin(out, CHECKPOINT_FULL);
    for (size_t i = 0; i < t->n_sources; i++) {
        t->sources[i]->is_saved = false;
        if (is_worth_saving(t->sources[i]))
            put_source(out, t->sources[i]);
    }
    checkpoint_end(out);
    all_saved(t);
}

static void restore_entry(struct tailer *t, const struct checkpoint_entry *e)
{
    struct source *former = map_get(&t->by_id, MAP_KEY(e->id));
    if (former)
        source_forget(t, former);
    struct source *s = source_new(t, e->id, e->path, stream_of(t, e->file));
    s->inode = (struct inode_key){e->dev, e->ino};
    s->birth_ns = e->birth_ns;
    s->kind = e->kind;
    s->rank = -1;
    s->state = e->state == CHECKPOINT_GONE        ? SOURCE_GONE
               : e->state == CHECKPOINT_TRUNCATED ? SOURCE_TRUNCATED
               : e->kind == FILE_PLAIN            ? SOURCE_LIVE
               : (e->flags & CHECKPOINT_DONE)     ? SOURCE_DONE
                                                  : SOURCE_PENDING;
    s->in_line = (e->flags & CHECKPOINT_IN_LINE) != 0;
    s->continues = (e->flags & CHECKPOINT_CONTINUES) != 0;
    s->seen = e->seen;
    for (enum lane lane = 0; lane < LANES; lane++) {
        s->lanes.is_held[lane] = (e->flags & ((unsigned)CHECKPOINT_HELD_OUT << lane)) != 0;
        s->lanes.held[lane] = e->held[lane];
    }
    s->is_dropped = (e->flags & CHECKPOINT_DROPPED) != 0;
    lanes_scatter(s->stream);
    lanes_replay(s);
    s->size = s->sure_size = e->size;
    s->total = e->total;
    s->mtime_ns = e->mtime_ns;
    s->gone_ns = e->gone_ns;
    s->is_saved = true;
    bool is_present = s->state != SOURCE_TRUNCATED && s->state != SOURCE_GONE;
    if (is_present || (s->state == SOURCE_GONE && !map_get(&t->by_inode, MAP_KEY(s->inode))))
        source_put_inode(t, s);
}

bool tailer_restore(struct tailer *t, struct str checkpoint, struct err *err)
{
    struct checkpoint_reader r;
    if (!checkpoint_check(checkpoint, err) || !checkpoint_open(&r, checkpoint, err))
        return false;
    while (r.form == CHECKPOINT_FULL && t->n_sources)
        source_forget(t, t->sources[t->n_sources - 1]);
    while (checkpoint_next(&r, err) && r.operation != CHECKPOINT_END) {
        struct source *former = map_get(&t->by_id, MAP_KEY(r.entry.id));
        if (r.operation == CHECKPOINT_PUT)
            restore_entry(t, &r.entry);
        else if (former)
            source_forget(t, former);
    }
    all_saved(t);
    t->is_first = false;
    return true;
}

/* ---- lost state ---- */

static bool is_resumable(const struct source *s)
{
    return s->state == SOURCE_NEW || s->state == SOURCE_LIVE || s->state == SOURCE_PENDING;
}

void tailer_present(const struct tailer *t, void (*each)(void *context, struct hash128 id),
                    void *context)
{
    for (size_t i = 0; i < t->n_sources; i++)
        for (enum lane lane = 0; lane < LANES; lane++)
            if (is_resumable(t->sources[i]) && (lane == 0 || has_lanes(t->sources[i]->stream)))
                each(context, lane_id(t->sources[i]->id, lane));
}

static struct source *source_of_lane(const struct tailer *t, struct hash128 id, enum lane *lane)
{
    struct source *s = NULL;
    for (*lane = 0; *lane < LANES; ++*lane) {
        struct hash128 file = lane_id(id, *lane);
        s = map_get(&t->by_id, MAP_KEY(file));
        if (s && (*lane == 0 || has_lanes(s->stream)))
            return s;
    }
    return NULL;
}

bool tailer_resume(struct tailer *t, struct hash128 id, uint64_t to, uint64_t hash)
{
    struct err ignored;
    struct identity seen;
    char last;
    size_t got;
    enum lane lane;
    struct source *s = source_of_lane(t, id, &lane);
    if (!s || !is_resumable(s) || to == 0 || to > INT64_MAX)
        return false;
    if (s->seen.at.end == 0)
        s->resume[lane] = (struct sample){to, hash};
    if (is_packed(s) || to > s->size || !source_open(t, s, &ignored) ||
        !identity_of_file(&seen, &s->file, to, &ignored) || seen.at.hash != hash ||
        !file_read_at(&s->file, to - 1, &last, 1, &got, &ignored) || got != 1)
        return false;
    if (to <= lane_position(s, lane).end)
        return true;
    s->in_line = false;
    s->continues = !has_lanes(s->stream) && last != '\n';
    lane_resume(s, lane, &seen);
    s->state = SOURCE_LIVE;
    source_moved(t, s);
    stream_queue(t, s->stream);
    return true;
}

/* ---- for people ---- */

void tailer_take_drops(struct tailer *t, void (*each)(void *context, const struct tail_drop *),
                       void *context)
{
    for (size_t i = 0; i < t->n_drops; i++) {
        const struct drop *d = &t->drops[i];
        struct tail_drop drop = {&d->stream->shown, d->path, str_from(d->reason), d->from, d->to};
        each(context, &drop);
    }
    t->n_drops = 0;
    arena_reset(&t->drops_arena);
}

void tailer_each(const struct tailer *t,
                 void (*each)(void *context, const struct tail_status *status), void *context)
{
    for (size_t i = 0; i < t->n_sources; i++) {
        const struct source *s = t->sources[i];
        uint64_t end = is_packed(s) ? s->total : s->size;
        uint64_t given = min_of(lane_position(s, LANE_OUT).end, lane_position(s, LANE_ERR).end);
        struct tail_status status = {
            .stream = &s->stream->shown,
            .path = str_from(s->path),
            .file = s->stream->shown.file,
            .state = str_from(state_names[s->state]),
            .reason = str_from(s->reason),
            .size = s->size,
            .offset = s->seen.at.end,
            .lag = s->state != SOURCE_HELD && end > given ? end - given : 0,
        };
        each(context, &status);
    }
    for (size_t i = 0; i < t->n_ignored; i++) {
        struct tail_status status = {
            .path = t->ignored[i].path,
            .file = t->ignored[i].path,
            .state = STR("ignored"),
            .reason = str_from(t->ignored[i].reason),
        };
        each(context, &status);
    }
}
