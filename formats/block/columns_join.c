#include "formats/block/columns_join.h"

#include "base/mem.h"

/* ---- sources ---- */

static const struct columns_shape *shape_of(const struct columns *c, size_t segment)
{
    size_t shape = columns_shape_of(c, segment);
    return shape < COLUMNS_FIRST_SHAPE ? NULL : &c->shapes[shape - COLUMNS_FIRST_SHAPE];
}

/* Where everything is: rows are not taken in their order. */
static void find_places(struct columns_source *s, struct arena *arena)
{
    const struct columns *c = s->columns;
    uint32_t *next = arena_array(arena, uint32_t, c->n_columns);
    size_t row = 0, value = 0;
    for (size_t i = 0; i < c->n_segments; i++) {
        const struct columns_shape *shape = shape_of(c, i);
        s->values[i] = (uint32_t)value;
        if (!shape)
            s->places[value++] = next[0]++;
        for (size_t k = 0; shape && k < shape->n_slots; k++)
            s->places[value++] = next[c->slots[shape->slots + k].column]++;
        if (shape ? shape->is_last : columns_shape_of(c, i) == 0)
            s->rows[++row] = (uint32_t)i + 1;
    }
}

bool columns_source_open(struct columns_source *s, struct columns *c, struct arena *arena,
                         struct err *err)
{
    size_t n_values = 0;
    for (size_t i = 0; i < c->n_columns; i++) {
        if (c->columns[i].n && !columns_load(c, i))
            return err_set(err, ERR_CORRUPT, "a column is damaged");
        n_values += c->columns[i].n;
    }
    *s = (struct columns_source){
        .columns = c,
        .rows = arena_array(arena, uint32_t, c->rows + 1),
        .values = arena_alloc_raw(arena, c->n_segments * sizeof *s->values),
        .places = arena_alloc_raw(arena, n_values * sizeof *s->places),
        .shapes = arena_alloc_raw(arena, c->n_shapes * sizeof *s->shapes),
        .printed = arena_array(arena, struct extent *, c->n_columns),
    };
    for (size_t i = 0; i < c->n_columns; i++)
        if (c->columns[i].n && c->columns[i].kind == COLUMN_DICT)
            s->printed[i] = arena_array(arena, struct extent, c->columns[i].distinct->n);
    find_places(s, arena);
    columns_source_reset(s);
    return true;
}

void columns_source_reset(struct columns_source *s)
{
    const struct columns *c = s->columns;
    for (size_t i = 0; i < c->n_shapes; i++)
        s->shapes[i] = SHAPE_REST;
    for (size_t i = 0; i < c->n_columns; i++)
        if (s->printed[i])
            memset(s->printed[i], 0, c->columns[i].distinct->n * sizeof *s->printed[i]);
}

/* The first exception at the place or behind it. */
static size_t exception_from(const struct column *c, size_t place)
{
    size_t low = 0, high = c->n_exceptions;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c->exceptions[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static char *print_value(const struct column *c, size_t place, char *to, const char *end)
{
    const struct column *own = c->kind == COLUMN_SAME ? c->same : c;
    size_t exception = exception_from(own, place);
    return column_print(own, place, &exception, to, end);
}

static char *print_segment(const struct columns_source *s, size_t segment, char *to,
                           const char *end)
{
    const struct columns *c = s->columns;
    const struct columns_shape *shape = shape_of(c, segment);
    const uint32_t *place = s->places + s->values[segment];
    if (!shape)
        return print_value(&c->columns[0], *place, to, end);
    const char *text = shape->text;
    for (size_t k = 0; k < shape->n_slots && to; k++, place++) {
        const struct columns_slot *slot = &c->slots[shape->slots + k];
        if ((to = copy_short(to, end, text, slot->text)))
            to = print_value(&c->columns[slot->column], *place, to, end);
        text += slot->text;
    }
    return to ? copy_short(to, end, text, shape->rest) : NULL;
}

char *columns_source_print(const struct columns_source *s, size_t row, char *to, const char *end)
{
    for (size_t i = s->rows[row]; i < s->rows[row + 1] && to; i++)
        to = print_segment(s, i, to, end);
    return to;
}

/* ---- joining ---- */

void columns_join_begin(struct columns_encoder *e, size_t most)
{
    buf_reset(&e->pool);
    e->pool.max = most + COPY_SLACK;
    e->joined = 0;
    char *at = buf_reserve(&e->pool, most + COPY_SLACK);
    shapes_reset(&e->shapes, str_of(at, most));
}

/* What the bounds of columns are about. */
size_t columns_join_end(struct columns_encoder *e)
{
    return e->shapes.lines.len = e->joined;
}

bool columns_join_line(struct columns_encoder *e, struct str line)
{
    size_t at = e->pool.len;
    if (line.len > e->shapes.lines.len - at)
        return false;
    buf_add(&e->pool, line);
    shapes_add(&e->shapes, at, line.len, true);
    e->joined += line.len;
    return true;
}

static uint32_t adopt_shape(struct columns_encoder *e, const struct columns *c,
                            const struct columns_shape *shape)
{
    struct shape_cut cut = {.n_slots = (uint16_t)shape->n_slots, .is_last = shape->is_last};
    size_t bytes = shape->rest;
    for (size_t k = 0; k < shape->n_slots; k++) {
        const struct columns_slot *slot = &c->slots[shape->slots + k];
        cut.before[k] = (uint16_t)slot->text;
        cut.kinds[k] = c->columns[slot->column].token;
        bytes += slot->text;
    }
    cut.text_bytes = (uint16_t)bytes;
    memcpy(cut.text, shape->text, bytes);
    return shapes_find(&e->shapes, &cut);
}

/* The end of the pool, which has COPY_SLACK behind it. */
static const char *pool_end(const struct columns_encoder *e)
{
    return e->shapes.lines.ptr + e->shapes.lines.len;
}

static bool add_value(struct columns_encoder *e, struct columns_source *s, size_t column,
                      size_t place, struct extent *view)
{
    const struct column *c = &s->columns->columns[column];
    struct extent *known = c->kind == COLUMN_DICT ? &s->printed[column][c->ids[place]] : NULL;
    if (known && known->len) {
        *view = *known;
        return true;
    }
    char *from = e->pool.ptr + e->pool.len, *to = print_value(c, place, from, pool_end(e));
    if (!to)
        return false;
    *view = (struct extent){(uint32_t)e->pool.len, (uint32_t)(to - from)};
    e->pool.len += (size_t)(to - from);
    if (known)
        *known = *view;
    return true;
}

/* Where the values of a segment go; NULL: its shape has no room. */
static struct extent *adopt_segment(struct columns_encoder *e, struct columns_source *s,
                                    const struct columns_shape *shape)
{
    uint32_t *known = &s->shapes[shape - s->columns->shapes];
    struct extent *values;
    if (*known == SHAPE_REST)
        *known = adopt_shape(e, s->columns, shape);
    return *known != SHAPE_REST && shapes_adopt(&e->shapes, *known, &values) ? values : NULL;
}

static bool add_values(struct columns_encoder *e, struct columns_source *s, size_t segment,
                       struct extent *values)
{
    size_t bytes = 0;
    const struct columns *c = s->columns;
    const struct columns_shape *shape = shape_of(c, segment);
    const uint32_t *place = s->places + s->values[segment];
    for (size_t k = 0; k < shape->n_slots; k++) {
        const struct columns_slot *slot = &c->slots[shape->slots + k];
        if (!add_value(e, s, slot->column, place[k], &values[k]))
            return false;
        bytes += slot->text + values[k].len;
    }
    e->joined += bytes + shape->rest;
    return true;
}

/* Segments from .. end - 1 of a line, as they stand in it. */
static bool cut_segments(struct columns_encoder *e, const struct columns_source *s, size_t from,
                         size_t end, bool ends_line)
{
    size_t at = e->pool.len;
    char *to = e->pool.ptr + at;
    for (size_t i = from; i < end && to; i++)
        to = print_segment(s, i, to, pool_end(e));
    if (!to)
        return false;
    size_t len = (size_t)(to - e->pool.ptr) - at;
    e->pool.len += len;
    e->joined += len;
    shapes_add(&e->shapes, at, len, ends_line);
    return true;
}

bool columns_join_row(struct columns_encoder *e, struct columns_source *s, size_t row,
                      uint32_t *length)
{
    size_t before = e->joined, end = s->rows[row + 1];
    for (size_t i = s->rows[row]; i < end; i++) {
        const struct columns_shape *shape = shape_of(s->columns, i);
        struct extent *values = shape ? adopt_segment(e, s, shape) : NULL;
        size_t cut = e->shapes.is_full ? end : i + 1; /* what has no room is not cut into many */
        if (!(values ? add_values(e, s, i, values) : cut_segments(e, s, i, cut, cut == end)))
            return false;
        i = values ? i : cut - 1;
    }
    *length = (uint32_t)(e->joined - before);
    return e->joined <= e->shapes.lines.len;
}
