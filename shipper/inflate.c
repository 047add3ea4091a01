/*
 * Reading compressed files, one at a time, in turns of a quantum of uncompressed bytes:
 *
 *     CHECK  the whole file is inflated once. On the way the bytes before the positions of all
 *            generations that it may hold are compared (its own from a checkpoint, the one the
 *            collector named, those that are cut or gone), at the end its last bytes with those of
 *            plain files that live beside it.
 *              not whole, damaged, changed meanwhile ─▶ WAITING, until it changes
 *              holds what a living file has ─▶ HELD
 *              else its position is known; all given ─▶ DONE
 *     READ   inflated again, what is before the position thrown away, the rest given in lines ─▶
 * DONE
 *
 *     window:   │ 256 bytes before at │ at ... at + n: inflated, not yet given │
 */
#include "base/mem.h"
#include "shipper/glob.h"
#include "shipper/tailer_parts.h"

enum { COMPRESSED_BYTES = 64 << 10, CANDIDATES_MAX = 64, POINTS = 1 + IDENTITY_OLDER };

/* A generation whose position may be that of the file; by value, since its source may move on. */
struct candidate {
    struct source *source; /* NULL: the position the collector named */
    enum lane lane;        /* ... for this lane */
    struct identity seen;
    bool is_matched[POINTS]; /* the position, then the older ones */
};

struct inflation {
    struct source *source;
    bool is_reading; /* READ, not CHECK */
    bool is_over;    /* all was inflated */
    struct unpacker *unpacker;
    char compressed[COMPRESSED_BYTES];
    struct str left;        /* of it, not yet taken */
    uint64_t compressed_at; /* file offset behind it */
    uint64_t size;          /* of the file at the beginning */
    int64_t mtime_ns;       /* the same */
    char *window;           /* IDENTITY_TAIL + capacity */
    size_t capacity, n;
    uint64_t at;
    struct identity_bytes bytes; /* .tail is the window */
    struct candidate candidates[CANDIDATES_MAX];
    size_t n_candidates;
};

static char *window_data(const struct inflation *in)
{
    return in->window + IDENTITY_TAIL;
}

/* ---- begin, end ---- */

static void inflation_end(struct tailer *t)
{
    struct inflation *in = t->inflation;
    if (!in)
        return;
    unpacker_close(&in->unpacker);
    mem_free(&in->window);
    mem_free(&t->inflation);
}

void inflation_cancel(struct tailer *t, const struct source *s)
{
    struct inflation *in = t->inflation;
    bool is_concerned = in && (!s || in->source == s);
    for (size_t i = 0; in && !is_concerned && i < in->n_candidates; i++)
        is_concerned = in->candidates[i].source == s;
    if (!is_concerned)
        return;
    if (s)
        stream_queue(t, in->source->stream);
    inflation_end(t);
}

static void add_candidate(struct inflation *in, struct source *from, struct identity seen)
{
    if (in->n_candidates < CANDIDATES_MAX && seen.at.end > 0)
        in->candidates[in->n_candidates++] = (struct candidate){.source = from, .seen = seen};
}

static void add_named(struct inflation *in, enum lane lane, struct sample at)
{
    if (at.end > 0)
        in->candidates[in->n_candidates++] = (struct candidate){.lane = lane, .seen = {.at = at}};
}

/* A living one, too: by the end it may be gone, before anybody looked. */
static bool is_kin_candidate(const struct source *from)
{
    return is_claimable(from) ||
           (from->state == SOURCE_LIVE && !is_packed(from) && from->seen.at.end > 0);
}

/* Its own position first, then kin, then the rest of the folder. */
static void gather_candidates(struct tailer *t, struct inflation *in)
{
    struct source *s = in->source;
    struct str folder = path_folder(str_from(s->path));
    add_candidate(in, s, s->seen);
    for (enum lane lane = 0; lane < LANES; lane++)
        add_named(in, lane, s->resume[lane]);
    for (size_t i = s->stream->n; i-- > 0;)
        if (s->stream->sources[i] != s && is_kin_candidate(s->stream->sources[i]))
            add_candidate(in, s->stream->sources[i], s->stream->sources[i]->seen);
    for (size_t i = t->n_sources; i-- > 0;) {
        struct source *from = t->sources[i];
        if (from->stream != s->stream && is_claimable(from) && from->seen.at.end >= IDENTITY_HEAD &&
            str_equal(path_folder(str_from(from->path)), folder))
            add_candidate(in, from, from->seen);
    }
}

static bool inflation_begin(struct tailer *t, struct source *s, const struct stat *st,
                            struct err *err)
{
    struct inflation *in = t->inflation = mem_new(struct inflation);
    in->source = s;
    in->size = (uint64_t)st->st_size;
    in->mtime_ns = s->mtime_ns;
    in->capacity = t->capacity;
    in->window = mem_alloc_raw(IDENTITY_TAIL + in->capacity);
    in->bytes.tail = in->window;
    gather_candidates(t, in);
    return unpacker_open(&in->unpacker, s->kind == FILE_GZIP ? UNPACK_GZIP : UNPACK_ZSTD, err);
}

static void begin_reading(struct inflation *in)
{
    in->is_reading = true;
    in->is_over = false;
    in->left = (struct str){0};
    in->compressed_at = in->at = 0;
    in->n = 0;
    unpacker_reset(in->unpacker);
}

/* ---- the window ---- */

/* The first n bytes of the window are done with; the last of them stay in front of it. */
static void slide(struct inflation *in, size_t n)
{
    memmove(in->window, in->window + n, IDENTITY_TAIL + in->n - n);
    in->n -= n;
    in->at += n;
}

static bool refill(struct inflation *in, struct err *err)
{
    size_t got;
    if (!file_read_at(&in->source->file, in->compressed_at, in->compressed, COMPRESSED_BYTES, &got,
                      err))
        return false;
    in->compressed_at += got;
    in->left = str_of(in->compressed, got);
    if (got)
        return true;
    in->is_over = true;
    return unpacker_is_whole(in->unpacker) || err_set(err, ERR_CORRUPT, "cut short");
}

/* Inflates until the window holds want bytes or the file is over. */
static bool fill(struct inflation *in, size_t want, struct err *err)
{
    bool is_dry = in->left.len == 0;
    while (in->n < want && !in->is_over) {
        size_t room = want - in->n, got;
        if (!unpacker_step(in->unpacker, &in->left, window_data(in) + in->n, room, &got, err))
            return false;
        in->n += got;
        is_dry = got < room;
        if (is_dry && !refill(in, err))
            return false;
    }
    return true;
}

/* ---- check ---- */

static void keep_head(struct inflation *in)
{
    if (in->at >= IDENTITY_HEAD)
        return;
    size_t n = min_of(in->n, IDENTITY_HEAD - (size_t)in->at);
    memcpy(in->bytes.head + in->at, window_data(in), n);
}

/* Bytes before end, which lies in the window. */
static struct str bytes_before(const struct inflation *in, uint64_t end)
{
    size_t n = sample_size(end);
    return str_of(window_data(in) + (end - in->at) - n, n);
}

static void compare_points(struct inflation *in)
{
    for (size_t i = 0; i < in->n_candidates; i++) {
        struct candidate *c = &in->candidates[i];
        for (size_t k = 0; k < POINTS; k++) {
            struct sample s = k ? c->seen.older[k - 1] : c->seen.at;
            if (s.end > in->at && s.end <= in->at + in->n)
                c->is_matched[k] = sample_hash(bytes_before(in, s.end)) == s.hash;
        }
    }
}

static struct str head_of(const struct inflation *in, uint64_t size)
{
    return str_of(in->bytes.head, (size_t)min_of(size, (uint64_t)IDENTITY_HEAD));
}

/* The content goes on where the candidate is, or ends before, at a place that it passed. */
static bool is_candidate(const struct inflation *in, const struct candidate *c, uint64_t total)
{
    if (!c->source)
        return c->is_matched[0];
    if (!is_head_of(&c->seen, head_of(in, total)))
        return false;
    if (c->seen.at.end <= total)
        return c->is_matched[0];
    if (c->source->stream != in->source->stream || c->source->state != SOURCE_TRUNCATED)
        return false;
    for (size_t k = 1; k < POINTS; k++)
        if (c->seen.older[k - 1].end <= total)
            return c->seen.older[k - 1].end == 0 || c->is_matched[k];
    return true;
}

/* Said to live, but its path does not lead to it any more. What lives is compared byte by byte. */
static bool has_vanished(struct tailer *t, const struct candidate *c, uint64_t total)
{
    struct err ignored;
    bool is_telling = c->seen.at.end >= IDENTITY_HEAD || c->source->size == total;
    return is_telling && !source_open(t, c->source, &ignored);
}

static const struct candidate *find_candidate(struct tailer *t, const struct inflation *in,
                                              uint64_t total)
{
    const struct candidate *shorter = NULL;
    for (size_t i = 0; i < in->n_candidates; i++) {
        const struct candidate *c = &in->candidates[i];
        bool is_living = c->source && c->source != in->source && c->source->state == SOURCE_LIVE;
        if (!is_candidate(in, c, total) || (is_living && !has_vanished(t, c, total)))
            continue;
        if (c->seen.at.end <= total)
            return c;
        shorter = shorter ? shorter : c;
    }
    return shorter;
}

/* A plain file of the stream that can be read has these bytes at its front. */
static bool is_front_of(const struct inflation *in, const struct source *plain, uint64_t total)
{
    struct err ignored;
    char tail[IDENTITY_TAIL], head[IDENTITY_HEAD];
    size_t n_head = (size_t)min_of(total, (uint64_t)IDENTITY_HEAD), n_tail = sample_size(total),
           got;
    return file_read_at(&plain->file, 0, head, n_head, &got, &ignored) && got == n_head &&
           memcmp(head, in->bytes.head, n_head) == 0 &&
           file_read_at(&plain->file, total - n_tail, tail, n_tail, &got, &ignored) &&
           got == n_tail && memcmp(tail, bytes_before(in, total).ptr, n_tail) == 0;
}

static struct source *find_living(struct tailer *t, const struct inflation *in, uint64_t total)
{
    const struct source *s = in->source;
    struct err ignored;
    for (size_t i = 0; total && i < s->stream->n; i++) {
        struct source *plain = s->stream->sources[i];
        bool is_readable = plain->state == SOURCE_LIVE ||
                           (plain->state == SOURCE_GONE && is_file_open(&plain->file));
        if (!is_packed(plain) && is_readable && source_open(t, plain, &ignored) &&
            is_front_of(in, plain, total))
            return plain;
    }
    return NULL;
}

/* The position the collector named: the file has those bytes there, the head is what it is. */
static void resume_at(struct tailer *t, struct inflation *in, const struct candidate *c)
{
    struct source *s = in->source;
    struct identity seen;
    identity_set(&seen, c->seen.at.end, head_of(in, c->seen.at.end), (struct str){0});
    seen.at = c->seen.at;
    lane_resume(s, c->lane, &seen);
    source_moved(t, s);
}

static void hold_packed(struct tailer *t, struct source *s, struct source *living)
{
    source_hold(s, living);
    if (living->state == SOURCE_GONE)
        copies_pass_on(t, living);
}

/* Another content than the one that was read, or one that was never seen. */
static void settle_unknown(struct tailer *t, struct inflation *in, uint64_t total)
{
    struct source *s = in->source;
    struct source *living = find_living(t, in, total);
    s->seen = (struct identity){0};
    s->lanes = (struct lanes){0};
    s->in_line = s->continues = false;
    if (living && s->state == SOURCE_PENDING)
        hold_packed(t, s, living);
}

/* All is inflated and compared: where to go on. */
static void settle(struct tailer *t, struct inflation *in)
{
    struct source *s = in->source;
    uint64_t total = in->at + in->n;
    const struct candidate *c = find_candidate(t, in, total);
    struct source *from = c ? c->source : NULL;
    size_t n = in->n_candidates;
    in->n_candidates = 0; /* *c stays; claiming must not start this over */
    s->total = total;
    source_changed(t, s);
    if (!c) {
        settle_unknown(t, in, total);
    } else if (!from) {
        for (size_t i = 0; i < n; i++)
            if (!in->candidates[i].source && in->candidates[i].is_matched[0])
                resume_at(t, in, &in->candidates[i]);
    } else if (from != s && is_file_open(&from->file) && from->size > total) {
        hold_packed(t, s, from); /* a deleted file that still has more */
    } else if (from != s) {
        if (c->seen.at.end > total)
            identity_set(&from->seen, total, head_of(in, total), bytes_before(in, total));
        source_claim(t, s, from);
    }
    memset(s->resume, 0, sizeof s->resume);
}

/* ---- turns ---- */

static enum turn_end give_up(struct tailer *t, struct source *s, const char *reason)
{
    if (s->state == SOURCE_GONE)
        source_drop_rest(t, s, reason), s->total = s->seen.at.end;
    else
        s->state = SOURCE_WAITING;
    s->reason = reason;
    inflation_end(t);
    return TURN_WORKED;
}

/* All of it was given. */
static enum turn_end finish(struct tailer *t, struct source *s)
{
    if (s->state == SOURCE_PENDING)
        s->state = SOURCE_DONE;
    source_changed(t, s);
    inflation_end(t);
    source_close(t, s);
    return TURN_WORKED;
}

static enum turn_end check_turn(struct tailer *t, struct inflation *in, int64_t now_ns)
{
    struct source *s = in->source;
    struct err err;
    slide(in, in->n);
    if (!fill(in, min_of(t->options.quantum, in->capacity), &err))
        return give_up(t, s, err.code == ERR_LIMIT ? "needs too much memory" : "not whole");
    keep_head(in);
    compare_points(in);
    if (!in->is_over)
        return TURN_WORKED;
    stream_check(t, s->stream, now_ns);
    if (t->inflation != in) /* a file was cut: compared with what it had before, once more */
        return TURN_WORKED;
    settle(t, in);
    if (s->state == SOURCE_HELD || s->state == SOURCE_DONE) {
        inflation_end(t);
        return TURN_WORKED;
    }
    if (!has_unread(s))
        return finish(t, s);
    begin_reading(in);
    return TURN_WORKED;
}

static enum turn_end read_turn(struct tailer *t, struct inflation *in, int64_t now_ns,
                               const struct tail_sink *sink)
{
    struct source *s = in->source;
    struct err err;
    struct turn turn = {
        .tailer = t, .source = s, .sink = sink, .bytes = &in->bytes, .now_ns = now_ns};
    size_t limits[] = {min_of(t->options.quantum, in->capacity), in->capacity};
    for (size_t i = 0; i < countof(limits); i++) {
        if (!fill(in, limits[i], &err))
            return give_up(t, s, "not whole");
        if (in->at < source_position(s)) {
            slide(in, (size_t)min_of((uint64_t)in->n, source_position(s) - in->at));
            return TURN_WORKED;
        }
        size_t given = give_lines(&turn, window_data(in), in->n, in->is_over);
        slide(in, given);
        if (turn.is_stopped)
            return TURN_STOPPED;
        if (in->n == 0 && (in->is_over || !has_unread(s)))
            return finish(t, s);
        if (given)
            return TURN_WORKED;
    }
    return TURN_WORKED;
}

/* By an older one of the same stream; or it is not to be read any more. */
static bool is_overtaken(const struct inflation *in, const struct source *s)
{
    enum source_state state = in->source->state;
    return in->source->stream == s->stream || (state != SOURCE_PENDING && state != SOURCE_GONE);
}

enum turn_end inflation_turn(struct tailer *t, struct source *s, int64_t now_ns,
                             const struct tail_sink *sink)
{
    struct err err;
    struct stat st;
    struct inflation *in = t->inflation;
    if (in && in->source != s && is_overtaken(in, s)) {
        inflation_end(t);
        in = NULL;
    }
    if (in && in->source != s) { /* one at a time; its stream is always queued */
        stream_queue(t, in->source->stream);
        stream_wait(t, s->stream, now_ns);
        return TURN_NOTHING;
    }
    if (!in)
        stream_check(t, s->stream, now_ns);
    if (!source_open(t, s, &err) || !file_stat(&s->file, &st, &err)) {
        inflation_cancel(t, s);
        return turn_failed(t, s, now_ns, &err);
    }
    if (!in) {
        source_measure(s, &st, now_ns);
        if (!inflation_begin(t, s, &st, &err))
            return give_up(t, s, "cannot be inflated");
        in = t->inflation;
    }
    source_measure(s, &st, now_ns);
    if (s->size != in->size || s->mtime_ns != in->mtime_ns) { /* still being written */
        inflation_end(t);
        s->retry_ns = now_ns + RETRY_NS;
        stream_wait(t, s->stream, s->retry_ns);
        return TURN_NOTHING;
    }
    return in->is_reading ? read_turn(t, in, now_ns, sink) : check_turn(t, in, now_ns);
}
