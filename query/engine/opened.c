#include "query/engine/opened.h"

#include "base/mem.h"
#include "formats/block/columns_find.h"
#include "query/engine/slice.h"

int order_key_compare(const struct order_key *a, const struct order_key *b)
{
    if (a->order_ns != b->order_ns)
        return a->order_ns < b->order_ns ? -1 : 1;
    int order = hash128_compare(a->stream, b->stream);
    if (order == 0)
        order = hash128_compare(a->origin, b->origin);
    if (order != 0)
        return order;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    if (a->position != b->position)
        return a->position < b->position ? -1 : 1;
    return (a->line_number > b->line_number) - (a->line_number < b->line_number);
}

void opened_free(struct opened *o)
{
    buf_free(&o->bytes);
    arena_free(&o->arena);
    mem_free(&o->units);
    *o = (struct opened){0};
}

size_t opened_size(const struct opened *o)
{
    return o->bytes.capacity + o->arena.used + o->n_units * sizeof *o->units;
}

struct order_key opened_key(const struct opened *o, const struct unit *unit)
{
    const struct record *record = &o->block.records[unit->row];
    struct order_key key = {.order_ns = record->order_ns,
                            .stream = o->block.streams[record->stream].id,
                            .origin = o->block.header.origin,
                            .sequence = o->block.header.sequence,
                            .position = unit->row,
                            .line_number = unit->line_number};
    if (o->places) {
        const struct chunk_place *place = &o->places[unit->row];
        key.origin = o->origins[place->origin];
        key.sequence = place->sequence;
        key.position = place->position;
    }
    return key;
}

size_t opened_find_stream(const struct opened *o, struct hash128 id)
{
    for (size_t i = 0; i < o->block.n_streams; i++) {
        if (hash128_equal(o->block.streams[i].id, id))
            return i;
    }
    return SIZE_MAX;
}

/* One pass over the records of a block. */
struct judge {
    struct opened *o;
    struct selector *selector;
    const bool *accepted; /* per stream */
    const uint8_t *rows;  /* enum row_find, struck; NULL: nothing is known of them */
    bool needles_decide;  /* what ROW_HAS is matches, and may have no text */
    struct pattern_scan scan;
    size_t next_candidate; /* no match before this offset; invariant of pattern_scan_next */
    bool can_skip;
    bool asks_lines; /* the filter does, by fields */
    uint32_t asked_row;
    bool asked_fits; /* what it said of that row */
    size_t capacity;
    struct err *err;
};

static bool in_range(const struct selector *s, int64_t event_ns)
{
    return (s->since_ns == TIME_NONE || event_ns >= s->since_ns) &&
           (s->until_ns == TIME_NONE || event_ns < s->until_ns);
}

static bool can_match(struct judge *j, size_t offset, size_t len)
{
    if (!j->can_skip)
        return true;
    if (j->next_candidate < offset)
        j->next_candidate = pattern_scan_next(&j->scan, offset);
    return j->next_candidate < offset + len;
}

bool refuse_costly(struct err *err)
{
    return err_set(err, ERR_LIMIT,
                   "the pattern is too costly: more than %d lines needed more steps than allowed",
                   GAVE_UP_MAX);
}

static bool judge_pattern(struct judge *j, uint32_t row, struct str text, size_t offset,
                          bool *matches)
{
    struct selector *s = j->selector;
    *matches = true;
    bool has_needle = j->rows && j->rows[row] == ROW_HAS;
    if (!s->pattern || (j->needles_decide && has_needle))
        return true;
    if (!has_needle && !can_match(j, offset, text.len)) {
        *matches = false;
        return true;
    }
    enum match result = pattern_matches(s->pattern, text);
    *matches = result == MATCH_FOUND;
    s->gave_up += result == MATCH_LIMIT;
    return s->gave_up > GAVE_UP_MAX ? refuse_costly(j->err) : true;
}

/* By fields of the line: last, as it costs most. */
static bool line_fits(struct judge *j, uint32_t row)
{
    const struct block *b = &j->o->block;
    if (j->asked_row != row) {
        const struct record *record = &b->records[row];
        j->asked_fits =
            filter_takes_line(j->selector->filter, &b->streams[record->stream].labels, record);
        j->asked_row = row;
    }
    return j->asked_fits;
}

static bool add_unit(struct judge *j, uint32_t row, struct str text, uint32_t line_number,
                     bool record_fits)
{
    struct opened *o = j->o;
    struct unit unit = {
        .row = row, .len = (uint32_t)text.len, .line_number = line_number & INT32_MAX};
    if (text.ptr && o->block.lines.ptr)
        unit.offset = (uint32_t)(text.ptr - o->block.lines.ptr);
    bool matches = record_fits;
    if (matches && j->selector->has_oldest) {
        struct order_key key = opened_key(o, &unit);
        matches = order_key_compare(&key, &j->selector->oldest) >= 0;
    }
    if (matches && !judge_pattern(j, row, text, unit.offset, &matches))
        return false;
    matches = matches && (!j->asks_lines || line_fits(j, row));
    if (!matches && !j->selector->keep_all)
        return true;
    unit.matches = matches;
    mem_grow(o->units, o->n_units, j->capacity);
    o->units[o->n_units++] = unit;
    return true;
}

static bool add_units(struct judge *j, uint32_t row, const struct record *record)
{
    bool fits = j->rows || filter_takes_record(j->selector->filter, record);
    if (!fits && !j->selector->keep_all)
        return true;
    if (!j->selector->lines)
        return add_unit(j, row, record->line, 0, fits);
    struct str rest = record->line;
    for (uint32_t number = 0;; number++) {
        size_t end = str_find_byte(rest, '\n');
        struct str line = str_slice(rest, 0, end);
        if (!add_unit(j, row, line, number, fits))
            return false;
        if (end == SIZE_MAX)
            return true;
        rest = str_slice(rest, end + 1, SIZE_MAX);
    }
}

static bool is_searched(const struct opened *o, const struct selector *s, uint32_t row)
{
    if (!o->places || !s->takes)
        return true;
    const struct chunk_place *place = &o->places[row];
    return s->takes(s->takes_context, o->index, o->origins[place->origin], place->sequence);
}

/* Before it is looked at. */
static bool is_asked(const struct opened *o, const struct selector *s, const bool *accepted,
                     uint32_t row)
{
    const struct record *record = &o->block.records[row];
    return accepted[record->stream] && !(record->flags & RECORD_GAP) &&
           (o->is_in_range || in_range(s, record->event_ns)) && is_searched(o, s, row);
}

static bool judge_records(struct judge *j)
{
    const uint32_t ask_every = j->asks_lines ? 32 : 4096; /* fields may be costly */
    const struct block *block = &j->o->block;
    struct selector *s = j->selector;
    for (uint32_t row = 0; row < block->header.records; row++) {
        const struct record *record = &block->records[row];
        if (row % ask_every == 0 && s->is_canceled && s->is_canceled(s->context))
            return err_set(j->err, ERR_CANCELED, "the search was canceled");
        if (j->rows ? j->rows[row] == ROW_NO : !is_asked(j->o, s, j->accepted, row))
            continue;
        if (!add_units(j, row, record))
            return false;
        if (filter_gave_up(s->filter) > GAVE_UP_MAX)
            return refuse_costly(j->err);
    }
    return true;
}

/* A stable counting sort by stream. */
static void order_by_stream(struct opened *o)
{
    size_t n_streams = o->block.n_streams;
    o->starts = arena_array(&o->arena, uint32_t, n_streams + 1);
    o->order = arena_array(&o->arena, uint32_t, o->n_units);
    for (size_t i = 0; i < o->n_units; i++)
        o->starts[o->block.records[o->units[i].row].stream + 1]++;
    for (size_t s = 0; s < n_streams; s++)
        o->starts[s + 1] += o->starts[s];
    uint32_t *next = arena_array(&o->arena, uint32_t, n_streams);
    memcpy(next, o->starts, n_streams * sizeof *next);
    for (size_t i = 0; i < o->n_units; i++)
        o->order[next[o->block.records[o->units[i].row].stream]++] = (uint32_t)i;
}

static bool *accept_streams(struct opened *o, struct selector *s, bool *any)
{
    bool *accepted = arena_array(&o->arena, bool, o->block.n_streams);
    *any = false;
    for (size_t i = 0; i < o->block.n_streams; i++) {
        const struct block_stream *stream = &o->block.streams[i];
        bool done = s->is_done && s->is_done(s->context, stream->id);
        accepted[i] = !done && filter_takes_stream(s->filter, &stream->labels);
        *any = *any || accepted[i];
    }
    return accepted;
}

/* Of a row that has a needle nothing more is asked. */
static bool needles_decide(const struct selector *s)
{
    return !s->lines && pattern_is_needles(s->pattern);
}

/* Judges the units of what was decoded. */
static bool judge(struct opened *o, struct selector *s, const bool *accepted, const uint8_t *rows,
                  struct err *err)
{
    struct judge j = {.o = o,
                      .selector = s,
                      .err = err,
                      .accepted = accepted,
                      .rows = rows,
                      .needles_decide = rows && needles_decide(s),
                      .asks_lines = filter_looks_at_lines(s->filter),
                      .asked_row = UINT32_MAX};
    if (s->pattern && pattern_can_skip(s->pattern)) {
        j.can_skip = true;
        pattern_scan_init(&j.scan, s->pattern, o->block.lines);
        j.next_candidate = pattern_scan_next(&j.scan, 0);
    }
    return judge_records(&j);
}

static bool needs_lines(const struct selector *s)
{
    return s->pattern || s->needs_text || s->lines || filter_looks_at_lines(s->filter);
}

/* ---- what is decoded ---- */

/* Those that are looked at. */
static unsigned row_parts(const struct opened *o, const struct selector *s)
{
    bool asks_texts = filter_looks_at_ids(s->filter) || filter_looks_at_lines(s->filter);
    return s->row_parts | (o->is_in_range ? 0 : CHUNK_ROW_TIMES) |
           (s->takes ? CHUNK_ROW_PLACES : 0) | (asks_texts ? CHUNK_ROW_TEXTS : 0) |
           (s->has_oldest ? CHUNK_ROW_TIMES | CHUNK_ROW_PLACES : 0);
}

/* From a slice, or, if it is NULL, from the block. */
static bool read_rows(struct opened *o, struct slice *slice, const struct selector *s,
                      bool with_lines, struct err *err)
{
    if (!slice)
        return block_read_columns(&o->block, &o->arena, err) &&
               (!with_lines || block_read_lines(&o->block, &o->arena, err));
    if (!slice_read(slice, row_parts(o, s), with_lines, &o->arena, err))
        return false;
    o->block = slice->whole.block;
    o->places = slice->whole.places;
    o->origins = slice->whole.origins;
    return true;
}

/* ---- rows that can match ---- */

static bool can_find(const struct opened *o, const struct selector *s, const struct slice *slice)
{
    bool can = s->n_needles > 0 && !s->keep_all && (!slice || slice->n == 1) &&
               o->block.header.encoding == BLOCK_COLUMNS;
    for (size_t i = 0; i < s->n_needles && can; i++)
        can = can_find_needle(&s->needles[i]);
    return can;
}

/* How many are not ROW_NO. */
static size_t count_rows(const uint8_t *rows, size_t n)
{
    const uint64_t ones = 0x0101010101010101;
    size_t found = 0, i = 0;
    for (uint64_t eight; i + sizeof eight <= n; i += sizeof eight) {
        memcpy(&eight, rows + i, sizeof eight);
        found += (((eight | eight >> 1) & ones) * ones) >> 56;
    }
    for (; i < n; i++)
        found += rows[i] != ROW_NO;
    return found;
}

/* Rows of which more than their lines says that they are not asked. */
static void strike_rows(const struct opened *o, const struct selector *s, const bool *accepted,
                        uint8_t *rows)
{
    for (uint32_t i = 0; i < o->block.header.records; i++)
        if (rows[i] &&
            (!is_asked(o, s, accepted, i) || !filter_takes_record(s->filter, &o->block.records[i])))
            rows[i] = ROW_NO;
}

/* Of rows that can match the lines are read if they are needed. */
static bool pick_lines(struct opened *o, struct columns *columns, const struct selector *s,
                       const uint8_t *rows, struct err *err)
{
    size_t n = o->block.header.records;
    bool needs_text = s->needs_text || !needles_decide(s) || filter_looks_at_lines(s->filter);
    uint8_t *wanted = arena_alloc_raw(&o->arena, n);
    for (size_t i = 0; i < n; i++)
        wanted[i] = rows[i] && (needs_text || rows[i] == ROW_MAYBE);
    return count_rows(wanted, n) == 0 ||
           block_pick_lines(&o->block, columns, wanted, &o->arena, err);
}

/* What is known of each row by the needles alone. */
static bool find_rows(struct opened *o, struct columns *columns, const struct selector *s,
                      uint8_t *rows, struct err *err)
{
    defer(arena_free) struct arena scratch = {0};
    if (!block_open_lines(&o->block, columns, &o->arena, err))
        return false;
    for (size_t i = 0; i < s->n_needles; i++) {
        arena_reset(&scratch);
        if (s->may >> i & 1 && !columns_find(columns, &s->needles[i], &scratch, rows, err))
            return false;
    }
    return true;
}

/* Reads the rows, as far as they can match. */
static bool read_found(struct opened *o, struct slice *slice, struct columns *columns,
                       const struct selector *s, const bool *accepted, uint8_t *rows,
                       struct err *err)
{
    if (!read_rows(o, slice, s, false, err))
        return false;
    strike_rows(o, s, accepted, rows);
    if (filter_gave_up(s->filter) > GAVE_UP_MAX)
        return refuse_costly(err);
    return pick_lines(o, columns, s, rows, err);
}

/* ---- rows that are only counted ---- */

/* Whether those that match are all that have a needle (or all, without a pattern) in the streams that are accepted. */
static bool can_count(const struct opened *o, const struct selector *s, const struct slice *slice,
                      const uint8_t *rows)
{
    return s->counts_only && slice && slice->n == 1 && o->is_in_range && !s->lines && !s->takes &&
           !s->has_oldest && !filter_looks_at_records(s->filter) &&
           !filter_looks_at_lines(s->filter) &&
           (rows ? needles_decide(s) && !memchr(rows, ROW_MAYBE, o->block.header.records)
                 : !s->pattern);
}

static bool count_found(struct opened *o, const struct chunk *chunk, const bool *accepted,
                        const uint8_t *rows, struct err *err)
{
    const uint64_t *flags;
    if (!chunk_read_flags(chunk, &flags, &o->arena, err))
        return false;
    for (size_t s = 0; s < o->block.n_streams; s++) {
        size_t first = chunk->streams[s].first_row, n = accepted[s] ? chunk->streams[s].rows : 0;
        o->n_units += rows ? count_rows(rows + first, n) : n;
        for (size_t i = first; i < first + n && flags; i++)
            o->n_units -= (flags[i] & RECORD_GAP) && (!rows || rows[i]);
    }
    return true;
}

/* ---- all ---- */

static bool judge_all(struct opened *o, struct slice *slice, struct selector *s,
                      const bool *accepted, struct err *err)
{
    if (!can_find(o, s, slice))
        return can_count(o, s, slice, NULL) ? count_found(o, &slice->parts[0], accepted, NULL, err)
                                            : read_rows(o, slice, s, needs_lines(s), err) &&
                                                  judge(o, s, accepted, NULL, err);
    struct columns columns;
    size_t n = o->block.header.records;
    uint8_t *rows = arena_array(&o->arena, uint8_t, n);
    if (!find_rows(o, &columns, s, rows, err))
        return false;
    if (count_rows(rows, n) == 0)
        return true;
    if (can_count(o, s, slice, rows))
        return count_found(o, &slice->parts[0], accepted, rows, err);
    return read_found(o, slice, &columns, s, accepted, rows, err) &&
           judge(o, s, accepted, rows, err);
}

bool opened_decode(struct opened *o, size_t chunks, struct packer *packer, struct selector *s,
                   struct err *err)
{
    struct slice slice;
    arena_recycle(&o->arena);
    mem_free(&o->units);
    o->n_units = 0;
    o->order = NULL;
    o->places = NULL;
    if (!(chunks ? slice_open(&slice, buf_str(&o->bytes), chunks, packer, &o->arena, err)
                 : block_open(&o->block, buf_str(&o->bytes), packer, &o->arena, err)))
        return false;
    if (chunks)
        o->block = slice.whole.block;
    o->is_in_range = in_range(s, o->block.header.least_event_ns) &&
                     in_range(s, o->block.header.greatest_event_ns);
    bool any;
    bool *accepted = accept_streams(o, s, &any);
    if (any && !judge_all(o, chunks ? &slice : NULL, s, accepted, err))
        return false;
    if (s->keep_all)
        order_by_stream(o);
    return true;
}
