#include "query/engine/batch.h"

#include "base/mem.h"

/* ---- what is in it ---- */

struct order_key batch_key(const struct batch *b, const struct group *group)
{
    const struct batch_row *row = &b->rows[group->first];
    return (struct order_key){.order_ns = row->order_ns,
                              .stream = group->stream->id,
                              .origin = row->origin,
                              .sequence = row->sequence,
                              .position = row->position,
                              .line_number = row->line_number};
}

static size_t row_size(const struct batch_row *row)
{
    return sizeof *row + row->id_len + row->fields_len + row->line_len;
}

size_t group_size(const struct batch *b, const struct group *group)
{
    size_t size = sizeof *group;
    for (uint32_t i = 0; i < group->n; i++)
        size += row_size(&b->rows[group->first + i]);
    return size;
}

struct result batch_result(const struct batch *b, const struct group *group, uint32_t i)
{
    const struct batch_row *row = &b->rows[group->first + i];
    const char *fields = row->text + row->id_len;
    return (struct result){.stream = group->stream,
                           .origin = row->origin,
                           .sequence = row->sequence,
                           .position = row->position,
                           .line_number = row->line_number,
                           .order_ns = row->order_ns,
                           .event_ns = row->event_ns,
                           .flags = row->flags,
                           .level = row->level,
                           .id_kind = row->id_kind,
                           .is_match = row->is_match,
                           .id = str_of(row->text, row->id_len),
                           .fields = str_of(fields, row->fields_len),
                           .line = str_of(fields + row->fields_len, row->line_len)};
}

void batch_free(struct batch **batch)
{
    for (struct batch *piece = move(*batch), *after; piece; piece = after) {
        after = piece->after;
        mem_free(&piece);
    }
}

/* ---- the selection ---- */

void selection_free(struct selection *s)
{
    mem_free(&s->units);
    mem_free(&s->groups);
}

struct group *selection_group(struct selection *s, uint32_t in_block)
{
    mem_grow(s->groups, s->n_groups, s->groups_capacity);
    struct group *group = &s->groups[s->n_groups++];
    *group = (struct group){.first = (uint32_t)s->n_units, .in_block = in_block};
    return group;
}

void selection_unit(struct selection *s, uint32_t unit)
{
    mem_grow(s->units, s->n_units, s->units_capacity);
    s->units[s->n_units++] = unit;
    s->groups[s->n_groups - 1].n++;
}

/* ---- order ---- */

struct sorting {
    const struct opened *opened;
    const struct selection *selection;
    bool newest;
};

static struct order_key key_of(const struct sorting *s, const struct group *group)
{
    return opened_key(s->opened, &s->opened->units[s->selection->units[group->first]]);
}

/* Most are told apart by time. */
static bool is_before(const struct sorting *s, const struct group *x, const struct group *y)
{
    if (x->order_ns != y->order_ns)
        return s->newest ? x->order_ns > y->order_ns : x->order_ns < y->order_ns;
    struct order_key left = key_of(s, x), right = key_of(s, y);
    int order = order_key_compare(&left, &right);
    return s->newest ? order > 0 : order < 0;
}

/* Where the run of groups in order that begins at `from` ends. */
static size_t end_of_run(const struct sorting *s, const struct group *groups, size_t from, size_t n)
{
    size_t at = from;
    while (at < n && (at == from || !is_before(s, &groups[at], &groups[at - 1])))
        at++;
    return at;
}

/* Two runs, from .. middle .. end, as one into `to`. */
static void merge_runs(const struct sorting *s, const struct group *groups, size_t from,
                       size_t middle, size_t end, struct group *to)
{
    size_t left = from, right = middle;
    for (size_t at = from; at < end; at++) {
        bool is_right =
            left == middle || (right < end && is_before(s, &groups[right], &groups[left]));
        to[at] = groups[is_right ? right++ : left++];
    }
}

/* Those of a stream are in order already, mostly: runs are merged two by two until there is one. */
static void sort_groups(const struct sorting *s, struct group **groups, size_t n)
{
    if (end_of_run(s, *groups, 0, n) == n)
        return;
    struct group *from = *groups, *to = mem_alloc_raw(n * sizeof *to);
    for (size_t n_runs = 2; n_runs > 1;) {
        n_runs = 0;
        for (size_t start = 0, end; start < n; start = end, n_runs++) {
            size_t middle = end_of_run(s, from, start, n);
            end = end_of_run(s, from, middle, n);
            merge_runs(s, from, start, middle, end, to);
        }
        struct group *merged = to;
        to = from;
        from = merged;
    }
    *groups = from;
    mem_free(&to);
}

static void mirror(struct group *groups, size_t n)
{
    for (size_t i = 0, k = n; i + 1 < k; i++) {
        struct group kept = groups[i];
        groups[i] = groups[--k];
        groups[k] = kept;
    }
}

static void sort(const struct opened *o, struct selection *s, bool newest)
{
    const struct sorting sorting = {o, s, newest};
    for (size_t i = 0; i < s->n_groups; i++) {
        const struct unit *unit = &o->units[s->units[s->groups[i].first]];
        s->groups[i].order_ns = o->block.records[unit->row].order_ns;
    }
    if (newest)
        mirror(s->groups, s->n_groups);
    sort_groups(&sorting, &s->groups, s->n_groups);
}

/* ---- pieces ---- */

static struct str text_of(const struct opened *o, const struct unit *unit)
{
    if (!o->block.lines.ptr)
        return STR("");
    return str_of(o->block.lines.ptr + unit->offset, unit->len);
}

static void copy_to(char **at, struct str s)
{
    if (s.len)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
}

/* A physical line of a record is no part of a longer one, unless it is all there is. */
static uint16_t flags_of(const struct record *record, const struct unit *unit)
{
    enum { PARTS = RECORD_PART_FIRST | RECORD_PART_MIDDLE | RECORD_PART_LAST };
    return (uint16_t)(unit->len == record->line.len ? record->flags : record->flags & ~PARTS);
}

static void add_row(struct batch *b, const struct opened *o, const struct unit *unit, char **text)
{
    const struct record *record = &o->block.records[unit->row];
    struct str line = text_of(o, unit);
    struct order_key key = opened_key(o, unit);
    b->rows[b->n_rows++] = (struct batch_row){.order_ns = key.order_ns,
                                              .event_ns = record->event_ns,
                                              .origin = key.origin,
                                              .sequence = key.sequence,
                                              .position = key.position,
                                              .line_number = key.line_number,
                                              .text = *text,
                                              .id_len = (uint8_t)record->id.len,
                                              .fields_len = (uint32_t)record->fields.len,
                                              .line_len = (uint32_t)line.len,
                                              .flags = flags_of(record, unit),
                                              .level = record->level,
                                              .id_kind = record->id_kind,
                                              .is_match = unit->matches};
    copy_to(text, record->id);
    copy_to(text, record->fields);
    copy_to(text, line);
}

/* What one piece has. */
struct piece_size {
    size_t groups, rows, text_bytes;
};

static size_t bytes_of(const struct piece_size *e)
{
    return sizeof(struct batch) + e->groups * sizeof(struct group) +
           e->rows * sizeof(struct batch_row) + e->text_bytes;
}

/* From a group on, as far as one piece goes. */
static struct piece_size measure(const struct opened *o, const struct selection *s, size_t from)
{
    struct piece_size e = {0};
    for (size_t g = from; g < s->n_groups && bytes_of(&e) < BATCH_PIECE; g++) {
        const uint32_t *units = s->units + s->groups[g].first;
        for (uint32_t i = 0; i < s->groups[g].n; i++) {
            const struct unit *unit = &o->units[units[i]];
            const struct record *record = &o->block.records[unit->row];
            e.text_bytes += record->id.len + record->fields.len + text_of(o, unit).len;
        }
        e.rows += s->groups[g].n;
        e.groups++;
    }
    return e;
}

static struct batch *make_piece(const struct opened *o, const struct selection *s, size_t from,
                                const struct piece_size *e)
{
    struct batch *b = mem_alloc_raw(bytes_of(e));
    *b = (struct batch){.block = o->index, .size = bytes_of(e)};
    b->rows = (struct batch_row *)(b + 1);
    b->groups = (struct group *)(b->rows + e->rows);
    char *text = (char *)(b->groups + e->groups);
    for (size_t g = from; g < from + e->groups; g++) {
        const struct group *group = &s->groups[g];
        b->groups[b->n_groups] = *group;
        b->groups[b->n_groups++].first = b->n_rows;
        for (uint32_t i = 0; i < group->n; i++)
            add_row(b, o, &o->units[s->units[group->first + i]], &text);
    }
    return b;
}

struct batch *batch_make(const struct opened *o, struct selection *s, bool newest)
{
    struct batch *first = NULL, **end = &first;
    sort(o, s, newest);
    for (size_t from = 0; from < s->n_groups;) {
        struct piece_size e = measure(o, s, from);
        *end = make_piece(o, s, from, &e);
        end = &(*end)->after;
        from += e.groups;
    }
    return first;
}

struct batch *batch_of_matches(const struct opened *o, bool newest)
{
    defer(selection_free) struct selection s = {0};
    for (uint32_t i = 0; i < o->n_units; i++) {
        selection_group(&s, o->block.records[o->units[i].row].stream);
        selection_unit(&s, i);
    }
    return batch_make(o, &s, newest);
}
