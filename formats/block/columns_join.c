#include "formats/block/columns_join.h"

#include "base/bisect.h"
#include "base/mem.h"

/* ---- sources ---- */

static const struct columns_shape *shape_of(const struct columns *c, size_t segment)
{
    return columns_shape_at(c, columns_shape_of(c, segment));
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
        if (columns_ends_line(c, columns_shape_of(c, i)))
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

struct columns_source columns_source_fork(const struct columns_source *source, struct arena *arena)
{
    const struct columns *c = source->columns;
    struct columns_source fork = *source;
    fork.shapes = arena_alloc_raw(arena, c->n_shapes * sizeof *fork.shapes);
    fork.printed = arena_array(arena, struct extent *, c->n_columns);
    for (size_t i = 0; i < c->n_columns; i++)
        if (source->printed[i])
            fork.printed[i] = arena_array(arena, struct extent, c->columns[i].distinct->n);
    columns_source_reset(&fork);
    return fork;
}

/* The first exception at the place or behind it. */
static size_t exception_from(const struct column *c, size_t place)
{
    return bisect(c->n_exceptions, i, c->exceptions[i].place < place);
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

/* ---- joining ---- */

void columns_join_free(struct columns_join *join)
{
    shapes_free(&join->shapes);
    buf_free(&join->pool);
    join->bytes = 0;
}

/* The pool mostly needs a fifth of what it may, and does not move. So much comes from the kernel, which gives
 * what is used; less would lie between other things, all of it. */
void columns_join_begin(struct columns_join *join, size_t most)
{
    enum { ROOM_MIN = 16 << 20 };
    size_t room = max_of(most, (size_t)ROOM_MIN) + COPY_SLACK;
    buf_reset(&join->pool);
    join->pool.max = room;
    join->bytes = 0;
    char *at = buf_reserve(&join->pool, room);
    shapes_reset(&join->shapes, str_of(at, most));
}

bool columns_join_line(struct columns_join *join, struct str line)
{
    size_t at = join->pool.len;
    if (line.len > join->shapes.lines.len - at)
        return false;
    buf_add(&join->pool, line);
    shapes_add(&join->shapes, at, line.len, true);
    join->bytes += line.len;
    return true;
}

static uint32_t adopt_shape(struct columns_join *join, const struct columns *c,
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
    return shapes_find(&join->shapes, &cut);
}

/* The end of the pool, which has COPY_SLACK behind it. */
static const char *pool_end(const struct columns_join *join)
{
    return join->shapes.lines.ptr + join->shapes.lines.len;
}

static bool add_value(struct columns_join *join, struct columns_source *s, size_t column,
                      size_t place, struct extent *view)
{
    const struct column *c = &s->columns->columns[column];
    struct extent *known = c->kind == COLUMN_DICT ? &s->printed[column][c->ids[place]] : NULL;
    if (known && known->len) {
        *view = *known;
        return true;
    }
    char *from = join->pool.ptr + join->pool.len, *to = print_value(c, place, from, pool_end(join));
    if (!to)
        return false;
    *view = (struct extent){(uint32_t)join->pool.len, (uint32_t)(to - from)};
    join->pool.len += (size_t)(to - from);
    if (known)
        *known = *view;
    return true;
}

/* Where the values of a segment go; NULL: its shape has no room. */
static struct extent *adopt_segment(struct columns_join *join, struct columns_source *s,
                                    const struct columns_shape *shape)
{
    uint32_t *known = &s->shapes[shape - s->columns->shapes];
    struct extent *values;
    if (*known == SHAPE_REST)
        *known = adopt_shape(join, s->columns, shape);
    return *known != SHAPE_REST && shapes_adopt(&join->shapes, *known, &values) ? values : NULL;
}

static bool add_values(struct columns_join *join, struct columns_source *s, size_t segment,
                       struct extent *values)
{
    size_t bytes = 0;
    const struct columns *c = s->columns;
    const struct columns_shape *shape = shape_of(c, segment);
    const uint32_t *place = s->places + s->values[segment];
    for (size_t k = 0; k < shape->n_slots; k++) {
        const struct columns_slot *slot = &c->slots[shape->slots + k];
        if (!add_value(join, s, slot->column, place[k], &values[k]))
            return false;
        bytes += slot->text + values[k].len;
    }
    join->bytes += bytes + shape->rest;
    return true;
}

/* Segments from .. end - 1 of a line, as they stand in it. */
static bool cut_segments(struct columns_join *join, const struct columns_source *s, size_t from,
                         size_t end, bool ends_line)
{
    size_t at = join->pool.len;
    char *to = join->pool.ptr + at;
    for (size_t i = from; i < end && to; i++)
        to = print_segment(s, i, to, pool_end(join));
    if (!to)
        return false;
    size_t len = (size_t)(to - join->pool.ptr) - at;
    join->pool.len += len;
    join->bytes += len;
    shapes_add(&join->shapes, at, len, ends_line);
    return true;
}

bool columns_join_row(struct columns_join *join, struct columns_source *s, size_t row,
                      uint32_t *length)
{
    size_t before = join->bytes, end = s->rows[row + 1];
    for (size_t i = s->rows[row]; i < end; i++) {
        const struct columns_shape *shape = shape_of(s->columns, i);
        struct extent *values = shape ? adopt_segment(join, s, shape) : NULL;
        size_t cut = join->shapes.is_full ? end : i + 1; /* what has no room is not cut into many */
        if (!(values ? add_values(join, s, i, values) : cut_segments(join, s, i, cut, cut == end)))
            return false;
        i = values ? i : cut - 1;
    }
    *length = (uint32_t)(join->bytes - before);
    return join->bytes <= join->shapes.lines.len;
}

/* ---- what was joined ---- */

static bool ends_line(const struct shapes *s, uint32_t shape)
{
    return shape < SHAPE_REST ? s->items[shape].is_last : shape == SHAPE_REST_LAST;
}

static size_t slots_of(const struct shapes *s, uint32_t shape)
{
    return shape < SHAPE_REST ? s->items[shape].n_slots : 0;
}

void columns_join_order(struct columns_join *join, const uint32_t *order, size_t n)
{
    struct shapes *s = &join->shapes;
    struct shapes_place {
        uint32_t segment, value;
    } *lines = mem_array(struct shapes_place, n + 1);
    uint32_t *segments = mem_alloc_raw((s->n_segments + 1) * sizeof *segments);
    struct extent *starts = mem_alloc_raw((s->n_segments + 1) * sizeof *starts);
    struct extent *values = mem_alloc_raw((s->n_values + 1) * sizeof *values);
    for (size_t i = 0, line = 0, value = 0; i < s->n_segments; i++) {
        value += slots_of(s, s->segments[i]);
        if (ends_line(s, s->segments[i]))
            lines[++line] = (struct shapes_place){(uint32_t)i + 1, (uint32_t)value};
    }
    for (size_t i = 0, segment = 0, value = 0; i < n; i++) {
        const struct shapes_place *from = &lines[order[i]], *to = from + 1;
        size_t n_segments = to->segment - from->segment, n_values = to->value - from->value;
        memcpy(segments + segment, s->segments + from->segment, n_segments * sizeof *segments);
        memcpy(starts + segment, s->starts + from->segment, n_segments * sizeof *starts);
        memcpy(values + value, s->values + from->value, n_values * sizeof *values);
        segment += n_segments;
        value += n_values;
    }
    mem_free(&lines), mem_free(&s->segments), mem_free(&s->starts), mem_free(&s->values);
    s->segments = segments;
    s->starts = starts;
    s->values = values;
    s->segments_capacity = s->n_segments + 1;
    s->values_capacity = s->n_values + 1;
}

bool columns_join_put(struct columns_join *join, struct columns_encoder *e, struct packer *packer,
                      int level, size_t n, struct buf *out)
{
    struct shapes own = e->shapes;
    join->shapes.lines.len = join->bytes; /* what the bounds of columns are about */
    e->shapes = join->shapes;
    bool done = columns_put_shapes(e, packer, level, n, true, out);
    join->shapes = e->shapes;
    e->shapes = own;
    return done;
}

void columns_join_print(const struct columns_join *join, struct buf *out)
{
    const struct shapes *s = &join->shapes;
    const struct extent *value = s->values;
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct extent *rest = &s->starts[i];
        const struct shape *shape = s->segments[i] < SHAPE_REST ? &s->items[s->segments[i]] : NULL;
        if (!shape)
            buf_add(out, str_of(s->lines.ptr + rest->at, rest->len));
        const char *text = shape ? s->text.ptr + shape->text : NULL, *at = text;
        for (size_t k = 0; shape && k < shape->n_slots; k++, value++) {
            size_t bytes = s->slots[shape->slots + k].text;
            buf_add(out, str_of(at, bytes));
            buf_add(out, str_of(s->lines.ptr + value->at, value->len));
            at += bytes;
        }
        if (shape)
            buf_add(out, str_of(at, shape->text_bytes - (size_t)(at - text)));
    }
}
