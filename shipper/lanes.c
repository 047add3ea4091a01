#include "base/mem.h"
#include "shipper/tailer_parts.h"

enum { JOIN_KEPT = 64 << 10 }; /* bytes of memory that the join of a busy lane keeps */

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
        l->is_held[lane] = l->is_replaying = false;
        return;
    }
    if (to.end > s->seen.at.end) {
        if (!l->is_held[other])
            l->held[other] = s->seen.at;
        l->is_held[other] = true;
        s->seen = *seen;
    }
    lanes_scatter(s->stream);
    l->held[lane] = to;
    l->is_held[lane] = to.end < s->seen.at.end;
    lanes_replay(s);
}

/* ---- holds ---- */

void lanes_scatter(struct stream *st)
{
    st->holds[LANE_OUT].is_scattered = st->holds[LANE_ERR].is_scattered = true;
}

static void hold(struct turn *turn, enum lane lane, uint64_t from)
{
    struct source *s = turn->source;
    struct stream *st = s->stream;
    if (s->lanes.is_held[lane])
        return;
    st->holds[lane].is_scattered |= st->holds[lane].only && st->holds[lane].only != s;
    st->holds[lane].only = s;
    s->lanes.held[lane].end = from;
    s->lanes.is_held[lane] = turn->is_unsampled[lane] = true;
}

/* Most holds do not outlive the turn, so only those that do are worth a hash. */
void lanes_sample(struct turn *turn)
{
    struct lanes *l = &turn->source->lanes;
    for (enum lane lane = 0; lane < LANES; lane++) {
        if (turn->is_unsampled[lane] && l->is_held[lane])
            l->held[lane] = turn_sample(turn, l->held[lane].end);
        turn->is_unsampled[lane] = false;
    }
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

static void release_source(const struct turn *turn, struct source *s, enum lane lane, uint64_t to)
{
    if (!s->lanes.is_held[lane])
        return;
    if (s->lanes.is_replaying)
        pass_replayed(turn, s, lane, to);
    else
        s->lanes.is_held[lane] = false;
    source_moved(turn->tailer, s);
}

/* The lane was given up to this offset of the file of this turn: nothing of it is open. Mostly its
 * only hold is in that very file, and a stream may have thousands. */
static void release(const struct turn *turn, struct stream *st, enum lane lane, uint64_t to)
{
    if (turn->source && !st->holds[lane].is_scattered && st->holds[lane].only == turn->source) {
        release_source(turn, turn->source, lane, to);
        if (turn->source->lanes.is_held[lane])
            return;
        st->holds[lane].only = NULL;
        return;
    }
    st->holds[lane].only = NULL;
    st->holds[lane].is_scattered = false;
    for (size_t i = 0; i < st->n; i++) {
        release_source(turn, st->sources[i], lane, to);
        st->holds[lane].is_scattered |= st->sources[i]->lanes.is_held[lane];
    }
}

/* ---- joins ---- */

/* Whoever writes much needs the memory again at once; a join that waited long is of a quiet stream. */
static void join_empty(struct tailer *t, struct join *j, bool is_quiet)
{
    t->joined_bytes -= j->text.len;
    if (is_quiet || j->text.capacity > JOIN_KEPT)
        buf_free(&j->text);
    buf_reset(&j->text);
    j->is_open = j->is_in_line = false;
}

void joins_free(struct tailer *t, struct stream *st)
{
    for (enum lane lane = 0; lane < LANES; lane++) {
        join_empty(t, &st->joins[lane], true);
        st->joins[lane].text.max = 0;
    }
}

static void join_add(struct tailer *t, struct join *j, struct str text)
{
    j->text.max = max_of(t->options.max_line, (size_t)PIECE_MAX) + 1;
    buf_add(&j->text, text);
    t->joined_bytes += text.len;
}

static void join_cut(struct tailer *t, struct join *j, size_t len)
{
    t->joined_bytes -= j->text.len - len;
    j->text.len = len;
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
        .read_ns = j->since_ns,
    };
    if (turn->source) {
        line.source = turn->source->id;
        line.mtime_ns = turn->source->mtime_ns;
    }
    if (!give_line(turn, &line, buf_str(&j->text), flags | TAIL_OF_LANE))
        return false;
    join_empty(turn->tailer, j, !turn->source);
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

/* The largest join goes as it is if all have too much; what comes later of its line goes on behind it.
 * Whether more comes of a record whose lines are whole is not known: it is one of its own then. */
static bool limit_joins(struct turn *turn, uint64_t at)
{
    enum lane lane = LANE_OUT;
    if (turn->tailer->joined_bytes <= turn->tailer->options.joined_bytes)
        return true;
    struct stream *st = largest_join(turn->tailer, &lane);
    return give_join(turn, st, lane, st->joins[lane].is_in_line ? TAIL_MORE : 0, at);
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
    if (!give_line(turn, line, e->text, flags))
        return false;
    if (turn->source->lanes.is_replaying)
        pass_replayed(turn, turn->source, e->lane, line->to);
    return true;
}

/* By the times of its pieces the line was overdue when this one was written: what is read late is cut
 * where it would have been. */
static bool was_overdue(const struct join *j, const struct enveloped *e)
{
    return j->is_in_line && j->last_ns != TIME_NONE && e->time_ns > j->last_ns &&
           (uint64_t)e->time_ns - (uint64_t)j->last_ns > (uint64_t)WAIT_LIVE_NS;
}

/* Makes room for a piece that goes on with the record: it is cut in front of it if it gets too long.
 * What ends a line before the piece is part of what is cut off. */
static bool limit_record(struct turn *turn, const struct tail_line *line, struct join *j,
                         const struct enveloped *e)
{
    struct tailer *t = turn->tailer;
    size_t before = j->text.len;
    if (!j->is_in_line)
        join_add(t, j, STR("\n"));
    if (!j->text.len || j->text.len + e->text.len <= t->options.max_line)
        return true;
    if (give_join(turn, turn->source->stream, e->lane, TAIL_MORE, line->from))
        return true;
    join_cut(t, j, before);
    return false;
}

static bool goes_on_with(const struct multiline *rule, struct multiline_state *state,
                         struct str open, struct str line)
{
    return rule && multiline_continues(rule, state, open, line);
}

/* A whole line is not all of its record yet. */
static bool may_go_on(const struct multiline *rule, const struct multiline_state *state,
                      unsigned flags)
{
    return rule && !(flags & TAIL_NO_NEWLINE) && multiline_expects(rule, state);
}

/* Adds a piece to the record of its lane, or begins one with it, and gives what is over by that.
 * multiline: the state of the rule behind it. */
static bool add_piece(struct turn *turn, const struct tail_line *line, const struct enveloped *e,
                      unsigned flags, const struct multiline_state *multiline)
{
    struct tailer *t = turn->tailer;
    struct stream *st = turn->source->stream;
    struct join *j = &st->joins[e->lane];
    const struct join before = *j;
    if (j->is_open && !limit_record(turn, line, j, e))
        return false;
    bool was_open = j->is_open; /* if the record was not cut in front of the piece */
    if (!was_open)
        j->time_ns = e->time_ns;
    join_add(t, j, e->text);
    j->is_open = true;
    j->is_in_line = e->is_partial;
    j->multiline = *multiline;
    j->last_ns = e->time_ns;
    j->since_ns = turn->now_ns;
    if (e->is_partial || may_go_on(st->rule, multiline, flags)) {
        hold(turn, e->lane, line->from);
        return true;
    }
    if (give_join(turn, st, e->lane, flags, line->to))
        return true;
    join_cut(t, j, was_open ? before.text.len : 0);
    j->is_open = was_open;
    j->is_in_line = was_open && before.is_in_line;
    j->multiline = before.multiline;
    return false;
}

static bool take_piece(struct turn *turn, struct tail_line *line, const struct enveloped *e,
                       unsigned flags)
{
    struct stream *st = turn->source->stream;
    struct join *j = &st->joins[e->lane];
    struct multiline_state multiline = j->is_open ? j->multiline : (struct multiline_state){0};
    bool is_overdue = was_overdue(j, e);
    if (is_overdue)
        multiline = (struct multiline_state){0};
    bool is_in_line = j->is_in_line && !is_overdue;
    bool goes_on = is_in_line || goes_on_with(st->rule, &multiline, buf_str(&j->text), e->text);
    if (j->is_open && !goes_on &&
        !give_join(turn, st, e->lane, is_overdue ? TAIL_NO_NEWLINE : 0, line->from))
        return false;
    if (!e->is_partial && !j->is_open && !may_go_on(st->rule, &multiline, flags))
        return give_whole(turn, line, e, flags | TAIL_OF_LANE);
    return limit_joins(turn, line->from) && add_piece(turn, line, e, flags, &multiline);
}

/* ---- files without envelopes ---- */

/* Lines of plain files that are no lines by themselves, but parts of a long one or the rest of one that
 * went without its newline, are given as they are. What is open goes before them. */
static bool give_part(struct turn *turn, struct tail_line *line, const struct enveloped *e,
                      unsigned flags)
{
    struct stream *st = turn->source->stream;
    if (st->joins[LANE_OUT].is_open && !give_join(turn, st, LANE_OUT, 0, line->from))
        return false;
    return give_whole(turn, line, e, flags);
}

static bool give_plain(struct turn *turn, struct tail_line *line, struct str raw, unsigned flags)
{
    const struct enveloped e = {.text = raw, .time_ns = TIME_NONE, .lane = LANE_OUT};
    return flags & ~(unsigned)TAIL_NO_NEWLINE ? give_part(turn, line, &e, flags)
                                              : take_piece(turn, line, &e, flags);
}

/* ---- lines ---- */

/* What another rule knew of an open record means nothing to this one. */
static void ask_rule(struct tailer *t, struct stream *st)
{
    const struct multiline *before = st->rule;
    if (st->is_rule_known)
        return;
    st->is_rule_known = true;
    st->rule = t->options.multiline ? t->options.multiline(t->options.multiline_context, &st->shown)
                                    : NULL;
    for (enum lane lane = 0; lane < LANES && st->rule != before; lane++)
        st->joins[lane].multiline = (struct multiline_state){0};
}

bool lane_give(struct turn *turn, struct tail_line *line, struct str raw, unsigned flags)
{
    struct source *s = turn->source;
    struct enveloped e;
    ask_rule(turn->tailer, s->stream);
    if (!has_lanes(s->stream))
        return give_plain(turn, line, raw, flags);
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
        int64_t wait_ns = j->is_in_line ? WAIT_LIVE_NS : t->is_ending ? 0 : WAIT_RECORD_NS;
        int64_t due_ns = j->since_ns + wait_ns;
        if (now_ns < due_ns)
            stream_wait(t, st, due_ns);
        else if (give_join(&turn, st, lane, j->is_in_line ? TAIL_NO_NEWLINE : 0, 0))
            end = TURN_WORKED;
        else
            return TURN_STOPPED;
    }
    return end;
}
