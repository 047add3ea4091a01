#include "base/mem.h"
#include "shipper/tailer_parts.h"

/* ---- positions ---- */

struct sample lane_position(const struct source *s, enum lane lane)
{
    return s->lanes.is_held[lane] ? s->lanes.held[lane] : s->seen.at;
}

struct hash128 lane_id(struct hash128 id, enum lane lane)
{
    id.low ^= (uint64_t)lane;
    return id;
}

void lanes_replay(struct source *s)
{
    struct lanes *l = &s->lanes;
    l->replay = s->seen.at;
    for (enum lane lane = 0; lane < LANES; lane++) {
        struct sample at = lane_position(s, lane);
        l->reported[lane] = at.end;
        if (at.end >= l->replay.end)
            continue;
        l->replay = at;
        l->raw_lane = lane; /* if this is within a line, it is one of this lane */
    }
    l->is_replaying = l->replay.end < s->seen.at.end;
    if (l->is_replaying && s->state == SOURCE_DONE)
        s->state = SOURCE_PENDING;
}

void lanes_give_up(struct source *s)
{
    struct lanes *l = &s->lanes;
    if (!l->is_replaying)
        return;
    l->is_held[LANE_OUT] = l->is_held[LANE_ERR] = l->is_replaying = false;
}

void lanes_clip(struct source *s)
{
    struct lanes *l = &s->lanes;
    for (enum lane lane = 0; lane < LANES; lane++) {
        l->reported[lane] = min_of(l->reported[lane], s->seen.at.end);
        l->is_held[lane] = l->is_held[lane] && l->held[lane].end < s->seen.at.end;
    }
    l->is_replaying = l->is_replaying && l->replay.end < s->seen.at.end;
}

void lane_resume(struct source *s, enum lane lane, const struct identity *seen)
{
    struct lanes *l = &s->lanes;
    enum lane other = lane == LANE_OUT ? LANE_ERR : LANE_OUT;
    struct sample to = seen->at;
    if (!has_lanes(s->stream)) {
        s->seen = *seen;
        l->reported[lane] = to.end;
        return;
    }
    if (to.end > s->seen.at.end) {
        if (!l->is_held[other])
            l->held[other] = s->seen.at;
        l->is_held[other] = true;
        s->seen = *seen;
    }
    l->held[lane] = to;
    l->is_held[lane] = to.end < s->seen.at.end;
    lanes_replay(s);
}

/* ---- holds ---- */

static void hold(struct turn *turn, enum lane lane, uint64_t from)
{
    struct lanes *l = &turn->source->lanes;
    if (l->is_held[lane])
        return;
    l->held[lane] = turn_sample(turn, from);
    l->is_held[lane] = true;
}

/* All of the lane was given up to an offset of the file of this turn that is read again, or up to
 * where another file was read again. */
static void pass_replayed(const struct turn *turn, struct source *s, enum lane lane, uint64_t to)
{
    struct lanes *l = &s->lanes;
    struct sample at = s == turn->source ? turn_sample(turn, to) : l->replay;
    if (at.end > l->held[lane].end)
        l->held[lane] = at;
    l->is_held[lane] = l->held[lane].end < s->seen.at.end;
}

/* The lane was given up to this offset of the file of this turn: nothing of it is open. */
static void release(const struct turn *turn, struct stream *st, enum lane lane, uint64_t to)
{
    for (size_t i = 0; i < st->n; i++) {
        struct source *s = st->sources[i];
        if (!s->lanes.is_held[lane])
            continue;
        if (s->lanes.is_replaying)
            pass_replayed(turn, s, lane, to);
        else
            s->lanes.is_held[lane] = false;
        source_moved(turn->tailer, s);
    }
}

/* ---- joins ---- */

static void join_close(struct tailer *t, struct join *j)
{
    t->joined_bytes -= j->text.len;
    buf_free(&j->text);
    j->is_open = false;
}

void joins_free(struct tailer *t, struct stream *st)
{
    for (enum lane lane = 0; lane < LANES; lane++)
        join_close(t, &st->joins[lane]);
}

static void join_add(struct tailer *t, struct join *j, const struct enveloped *e, int64_t now_ns)
{
    if (!j->is_open) {
        j->text.max = max_of(t->options.max_line, (size_t)PIECE_MAX);
        j->time_ns = e->time_ns;
    }
    j->is_open = true;
    j->since_ns = now_ns;
    j->last_ns = e->time_ns;
    buf_add(&j->text, e->text);
    t->joined_bytes += e->text.len;
}

static void join_take_back(struct tailer *t, struct join *j, size_t n)
{
    j->text.len -= n;
    t->joined_bytes -= n;
}

/* Gives what is open in a lane of any stream, as a part or as a whole; to: as of release. */
static bool give_join(struct turn *turn, struct stream *st, enum lane lane, unsigned flags,
                      uint64_t to)
{
    struct join *j = &st->joins[lane];
    struct tail_line line = {
        .stream = &st->shown,
        .lane = lane,
        .time_ns = j->time_ns,
    };
    if (turn->source) {
        line.source = turn->source->id;
        line.mtime_ns = turn->source->mtime_ns;
    }
    if (!give_line(turn, &line, buf_str(&j->text), flags | TAIL_OF_LANE))
        return false;
    join_close(turn->tailer, j);
    release(turn, st, lane, to);
    return true;
}

static struct stream *largest_join(struct tailer *t, enum lane *lane)
{
    struct stream *best = NULL;
    map_each (&t->streams, entry) {
        struct stream *st = entry->value;
        for (enum lane l = 0; l < LANES; l++) {
            if (best && st->joins[l].text.len <= best->joins[*lane].text.len)
                continue;
            best = st;
            *lane = l;
        }
    }
    return best;
}

/* The largest join goes as it is if all have too much; what comes later goes on behind it. */
static bool limit_joins(struct turn *turn, uint64_t at)
{
    enum lane lane = LANE_OUT;
    if (turn->tailer->joined_bytes <= turn->tailer->options.joined_bytes)
        return true;
    struct stream *st = largest_join(turn->tailer, &lane);
    return give_join(turn, st, lane, TAIL_MORE, at);
}

/* ---- pieces ---- */

/* The text in the envelope of a raw line, or of a part of one that is longer than PIECE_MAX. */
static void open_piece(struct turn *turn, struct str raw, unsigned flags, struct enveloped *e)
{
    struct source *s = turn->source;
    struct lanes *l = &s->lanes;
    enum envelope_kind kind = s->stream->shown.envelope;
    bool goes_on = (flags & (TAIL_FIRST | TAIL_MIDDLE)) != 0;
    *e = (struct enveloped){.text = raw, .time_ns = TIME_NONE, .lane = LANE_OUT};
    if (flags & (TAIL_MIDDLE | TAIL_LAST)) {
        e->lane = l->raw_lane;
        e->is_partial = goes_on || l->raw_is_partial;
        return;
    }
    /* The runtime of a pod may be Docker, whose files the kubelet links to. */
    if (kind == ENVELOPE_CRI && str_starts(raw, STR("{\"log\":")))
        kind = ENVELOPE_DOCKER_JSON;
    envelope_open(kind, raw, &turn->tailer->unescaped, e);
    l->raw_lane = e->lane;
    l->raw_is_partial = e->is_partial;
    e->is_partial |= goes_on;
}

static bool give_whole(struct turn *turn, struct tail_line *line, const struct enveloped *e,
                       unsigned flags)
{
    line->lane = e->lane;
    line->time_ns = e->time_ns;
    if (!give_line(turn, line, e->text, flags | TAIL_OF_LANE))
        return false;
    if (turn->source->lanes.is_replaying)
        pass_replayed(turn, turn->source, e->lane, line->to);
    return true;
}

/* By the times of its pieces the line was overdue when this one was written: what is read late is cut
 * where it would have been. */
static bool was_overdue(const struct join *j, const struct enveloped *e)
{
    return j->is_open && j->last_ns != TIME_NONE && e->time_ns > j->last_ns &&
           (uint64_t)e->time_ns - (uint64_t)j->last_ns > (uint64_t)WAIT_LIVE_NS;
}

static bool take_piece(struct turn *turn, struct tail_line *line, const struct enveloped *e,
                       unsigned flags)
{
    struct tailer *t = turn->tailer;
    struct stream *st = turn->source->stream;
    struct join *j = &st->joins[e->lane];
    if (was_overdue(j, e) && !give_join(turn, st, e->lane, TAIL_NO_NEWLINE, line->from))
        return false;
    bool is_too_long = j->text.len && j->text.len + e->text.len > t->options.max_line;
    if (is_too_long && !give_join(turn, st, e->lane, TAIL_MORE, line->from))
        return false;
    if (!j->is_open && !e->is_partial)
        return give_whole(turn, line, e, flags);
    if (e->is_partial && !limit_joins(turn, line->from))
        return false;
    join_add(t, j, e, turn->now_ns);
    if (e->is_partial) {
        hold(turn, e->lane, line->from);
        return true;
    }
    if (give_join(turn, st, e->lane, flags, line->to))
        return true;
    join_take_back(t, j, e->text.len);
    return false;
}

bool lane_give(struct turn *turn, struct tail_line *line, struct str raw, unsigned flags)
{
    struct source *s = turn->source;
    struct enveloped e;
    if (flags & TAIL_DAMAGED) {
        if (!s->lanes.is_replaying)
            source_drop(turn->tailer, s, "damaged frames", line->from, line->to);
        return true;
    }
    open_piece(turn, raw, flags, &e);
    bool is_known = s->lanes.is_replaying && line->from < lane_position(s, e.lane).end;
    return is_known || take_piece(turn, line, &e, flags & TAIL_NO_NEWLINE);
}

void lanes_replayed(struct source *s)
{
    for (enum lane lane = 0; lane < LANES; lane++)
        s->lanes.is_held[lane] = s->lanes.is_held[lane] && s->stream->joins[lane].is_open;
}

enum turn_end lanes_give_overdue(struct tailer *t, struct stream *st, int64_t now_ns,
                                 const struct tail_sink *sink)
{
    struct turn turn = {.tailer = t, .sink = sink, .now_ns = now_ns};
    enum turn_end end = TURN_NOTHING;
    for (enum lane lane = 0; lane < LANES; lane++) {
        struct join *j = &st->joins[lane];
        if (!j->is_open)
            continue;
        if (now_ns < j->since_ns + WAIT_LIVE_NS)
            stream_wait(t, st, j->since_ns + WAIT_LIVE_NS);
        else if (give_join(&turn, st, lane, TAIL_NO_NEWLINE, 0))
            end = TURN_WORKED;
        else
            return TURN_STOPPED;
    }
    return end;
}
