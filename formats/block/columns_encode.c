#include "base/mem.h"
#include "formats/block/columns.h"
#include "formats/block/token.h"

enum {
    EARLY_SEGMENTS = 2048,
    BETTER_LEVEL = 6,     /* of zstd, for streams in which it makes 6 % for 10 % of the time, */
    BETTER_MIN = 2 << 20, /* but not where a shipper is in a hurry */
};

void columns_encoder_free(struct columns_encoder *e)
{
    shapes_free(&e->shapes);
    column_scratch_free(&e->scratch);
    stream_writer_free(&e->writer);
    buf_free(&e->bytes);
    mem_free(&e->numbers), mem_free(&e->views), mem_free(&e->ends), mem_free(&e->column_numbers);
}

/* Most segments are like no other: plain lines are as small, and made in a fifth of the time. */
static bool are_unlike(const struct shapes *s)
{
    return s->n_segments >= EARLY_SEGMENTS && s->n * 2 > s->n_segments;
}

static bool cut_lines(struct shapes *s, struct str lines, const uint32_t *lengths, size_t n)
{
    size_t at = 0, next_look = 0;
    shapes_reset(s, lines);
    for (size_t i = 0; i < n; i++) {
        shapes_add(s, at, lengths[i], true);
        at += lengths[i];
        if (s->is_full)
            return false;
        if (s->n_segments < next_look)
            continue;
        next_look = s->n_segments + EARLY_SEGMENTS;
        if (are_unlike(s))
            return false;
    }
    return !are_unlike(s);
}

static bool has_columns(const struct shape *shape)
{
    return shape->count > 1 || shape->is_adopted || (shape->n_slots == 0 && shape->text_bytes == 0);
}

/* As stored, of what a segment has for its shape. */
static uint32_t number_of(const struct columns_encoder *e, uint32_t shape)
{
    return shape < SHAPE_REST ? e->numbers[shape] : shape == SHAPE_REST_LAST ? 0 : 1;
}

/* Numbers shapes and columns as they are stored, and makes room for the values of each column. Column c
 * has number c + 1 in .ends, which says where its values begin until they are there. */
static size_t number_all(struct columns_encoder *e)
{
    const struct shapes *s = &e->shapes;
    size_t n_shapes = 0, sum = 0;
    e->numbers = mem_resize_raw(e->numbers, (s->n + 1) * sizeof *e->numbers);
    e->ends = mem_resize_raw(e->ends, (s->n_columns + 1) * sizeof *e->ends);
    memset(e->ends, 0, (s->n_columns + 1) * sizeof *e->ends);
    for (size_t i = 0; i < s->n; i++) {
        const struct shape *shape = &s->items[i];
        if (!has_columns(shape)) {
            e->numbers[i] = shape->is_last ? 0 : 1;
            e->ends[0] += shape->count;
            continue;
        }
        e->numbers[i] = (uint32_t)(COLUMNS_FIRST_SHAPE + n_shapes++);
        for (size_t k = 0; k < shape->n_slots; k++)
            e->ends[s->slots[shape->slots + k].column + 1] += shape->count;
    }
    e->ends[0] += s->n_rest;
    for (size_t i = 0; i <= s->n_columns; i++) {
        size_t n = e->ends[i];
        e->ends[i] = sum;
        sum += n;
    }
    e->views = mem_resize_raw(e->views, (sum + 1) * sizeof *e->views);
    return n_shapes;
}

/* All values to their columns. */
static void sort_values(struct columns_encoder *e)
{
    const struct shapes *s = &e->shapes;
    const struct extent *value = s->values;
    for (size_t i = 0; i < s->n_segments; i++) {
        if (number_of(e, s->segments[i]) < COLUMNS_FIRST_SHAPE)
            e->views[e->ends[0]++] = s->starts[i];
        if (s->segments[i] >= SHAPE_REST)
            continue;
        const struct shape *shape = &s->items[s->segments[i]];
        if (e->numbers[s->segments[i]] >= COLUMNS_FIRST_SHAPE)
            for (size_t k = 0; k < shape->n_slots; k++)
                e->views[e->ends[s->slots[shape->slots + k].column + 1]++] = value[k];
        value += shape->n_slots;
    }
}

static size_t values_of(const struct columns_encoder *e, size_t column)
{
    return e->ends[column] - (column ? e->ends[column - 1] : 0);
}

/* Columns without values are left out. */
static size_t number_columns(struct columns_encoder *e)
{
    size_t n = 1, all = e->shapes.n_columns + 1;
    e->column_numbers = mem_resize_raw(e->column_numbers, all * sizeof *e->column_numbers);
    for (size_t i = 1; i < all; i++)
        e->column_numbers[i] = (uint32_t)(values_of(e, i) ? n++ : 0);
    return n;
}

static void put_shapes(struct columns_encoder *e, size_t n_shapes)
{
    const struct shapes *s = &e->shapes;
    struct stream_writer *w = &e->writer;
    buf_reset(&e->bytes);
    put_varint(&w->map, n_shapes);
    for (size_t i = 0; i < s->n; i++) {
        const struct shape *shape = &s->items[i];
        size_t rest = shape->text_bytes;
        if (e->numbers[i] < COLUMNS_FIRST_SHAPE)
            continue;
        put_varint(&w->map, shape->n_slots * 2u + shape->is_last);
        for (size_t k = 0; k < shape->n_slots; k++) {
            const struct shape_slot *slot = &s->slots[shape->slots + k];
            put_varint(&w->map, slot->text);
            put_varint(&w->map, e->column_numbers[slot->column + 1]);
            rest -= slot->text;
        }
        put_varint(&w->map, rest);
        buf_add(&e->bytes, str_of(s->text.ptr + shape->text, shape->text_bytes));
    }
    put_varint(&w->map, e->bytes.len);
    stream_put(w, STREAM_TEXT, buf_str(&e->bytes));
}

static void put_segments(struct columns_encoder *e, size_t n_shapes)
{
    const struct shapes *s = &e->shapes;
    size_t width = n_shapes + COLUMNS_FIRST_SHAPE > 256 ? 2 : 1;
    buf_reset(&e->bytes);
    char *to = buf_reserve(&e->bytes, s->n_segments * width + 1);
    for (size_t i = 0; i < s->n_segments; i++)
        to[i] = (char)number_of(e, s->segments[i]);
    for (size_t i = 0; i < s->n_segments && width == 2; i++)
        to[s->n_segments + i] = (char)(number_of(e, s->segments[i]) >> 8);
    stream_put(&e->writer, STREAM_INDEX, str_of(to, s->n_segments));
    if (width == 2)
        stream_put(&e->writer, STREAM_HIGH, str_of(to + s->n_segments, s->n_segments));
}

static void put_column(struct columns_encoder *e, size_t column)
{
    size_t n = values_of(e, column);
    const struct column_values values = {e->shapes.lines.ptr, e->views + e->ends[column] - n, n};
    uint8_t token = column ? e->shapes.tokens[column - 1] : TOKEN_WORD;
    if (n)
        column_put(&e->scratch, &values, token, &e->writer);
}

/* Values of column 0 are most of it, so that little was found that they have in common. */
static bool is_mostly_rest(const struct columns_encoder *e)
{
    size_t bytes = 0;
    for (size_t i = 0; i < e->ends[0]; i++)
        bytes += e->views[i].len;
    return bytes * 2 > e->shapes.lines.len;
}

bool columns_put_shapes(struct columns_encoder *e, struct packer *packer, int level, size_t rows,
                        bool always, struct buf *out)
{
    struct stream_writer *w = &e->writer;
    struct column_scratch *s = &e->scratch;
    struct err ignored;
    size_t before = out->len, line_bytes = e->shapes.lines.len;
    e->bytes.max = s->bytes.max = s->binary.max = s->exceptions.max =
        8 * SHAPE_VALUES_MAX(line_bytes) + line_bytes;
    size_t n_shapes = number_all(e);
    sort_values(e);
    if (!always && is_mostly_rest(e))
        return false;
    size_t n_columns = number_columns(e);
    if (e->ends[e->shapes.n_columns] > COLUMNS_VALUES_MAX(line_bytes))
        return false;
    w->packer = packer;
    w->level = level;
    w->better_level = line_bytes < BETTER_MIN ? level : max_of(level, BETTER_LEVEL);
    w->bytes_max = COLUMNS_UNPACKED_MAX(line_bytes);
    stream_writer_reset(w);
    put_varint(&w->map, rows);
    put_varint(&w->map, e->shapes.n_segments);
    put_shapes(e, n_shapes);
    put_segments(e, n_shapes);
    put_varint(&w->map, n_columns);
    e->scratch.n_before = 0;
    for (size_t i = 0; i <= e->shapes.n_columns; i++)
        put_column(e, i);
    bool done =
        w->map.len + w->unpacked <= COLUMNS_UNPACKED_MAX(line_bytes) - STREAM_DIRECTORY_MAX &&
        w->map.len <= COLUMNS_MAP_MAX(line_bytes) - STREAM_DIRECTORY_MAX / 2 &&
        stream_writer_finish(w, out, &ignored);
    if (!done) {
        out->len = before;
        out->over = false;
    }
    return done;
}

bool columns_encode(struct columns_encoder *e, struct packer *packer, int level, struct str lines,
                    const uint32_t *lengths, size_t n, struct buf *out)
{
    return lines.len > 0 && cut_lines(&e->shapes, lines, lengths, n) &&
           columns_put_shapes(e, packer, level, n, false, out);
}
