#include "base/mem.h"
#include "formats/block/columns.h"

static bool refuse(const char *why, struct err *err)
{
    return err_set(err, ERR_CORRUPT, "columns: %s", why);
}

static void read_shapes(struct columns *c, struct reader *r, struct arena *arena)
{
    c->n_shapes = read_count(r, 2);
    size_t n_slots = 0, most = reader_left(r) / 2;
    if (r->bad || c->n_shapes > SHAPES_MAX) {
        r->bad = true;
        return;
    }
    c->shapes = arena_array(arena, struct columns_shape, c->n_shapes);
    c->slots = arena_alloc_raw(arena, (most + 1) * sizeof *c->slots);
    for (size_t i = 0; i < c->n_shapes && !r->bad; i++) {
        struct columns_shape *shape = &c->shapes[i];
        uint64_t head = read_varint(r);
        shape->is_last = head & 1;
        shape->slots = (uint32_t)n_slots;
        r->bad |= head / 2 > SHAPE_SLOTS_MAX;
        for (uint64_t k = 0; k < head / 2 && !r->bad; k++) {
            uint64_t text = read_varint(r), column = read_varint(r);
            r->bad |= text > SHAPE_TEXT_MAX || column == 0 || column > UINT32_MAX;
            c->slots[n_slots++] = (struct columns_slot){(uint32_t)text, (uint32_t)column};
        }
        shape->n_slots = (uint32_t)(head / 2);
        uint64_t rest = read_varint(r);
        r->bad |= rest > SHAPE_TEXT_MAX;
        shape->rest = (uint32_t)rest;
        r->bad |= !shape->is_last && head < 2 && rest == 0; /* it would be nothing */
    }
}

size_t columns_shape_bytes(const struct columns_slot *slots, const struct columns_shape *shape)
{
    size_t bytes = shape->rest;
    for (size_t k = 0; k < shape->n_slots; k++)
        bytes += slots[shape->slots + k].text;
    return bytes;
}

bool columns_is_cut(const struct columns *c, size_t shape)
{
    const struct columns_shape *s = columns_shape_at(c, shape);
    if (columns_ends_line(c, shape))
        return false;
    return !s || s->rest == 0 || s->text[columns_shape_bytes(c->slots, s) - 1] != '\n';
}

/* Gives each shape its static text; all of it has to be used. */
static bool place_texts(struct columns *c, struct str text)
{
    size_t at = 0;
    for (size_t i = 0; i < c->n_shapes; i++) {
        struct columns_shape *shape = &c->shapes[i];
        size_t bytes = columns_shape_bytes(c->slots, shape);
        if (bytes > text.len - at || bytes > SHAPE_TEXT_MAX)
            return false;
        shape->text = text.ptr + at;
        at += bytes;
    }
    return at == text.len;
}

/* How often each shape is there. False: a segment has one that is not. */
static bool count_shapes(struct columns *c, struct arena *arena)
{
    c->counts = arena_array(arena, uint32_t, c->n_shapes + COLUMNS_FIRST_SHAPE);
    for (size_t i = 0; i < c->n_segments; i++) {
        size_t shape = columns_shape_of(c, i);
        if (shape >= c->n_shapes + COLUMNS_FIRST_SHAPE)
            return false;
        c->counts[shape]++;
    }
    return true;
}

static bool are_rows_ended(const struct columns *c)
{
    size_t rows = c->counts[0], last = c->n_segments ? columns_shape_of(c, c->n_segments - 1) : 1;
    for (size_t i = 0; i < c->n_shapes; i++)
        rows += c->shapes[i].is_last ? c->counts[i + COLUMNS_FIRST_SHAPE] : 0;
    return rows == c->rows && columns_ends_line(c, last);
}

/* How many values each column has. False: a slot has a column that is not there. */
static bool count_values(const struct columns *c, uint64_t *values)
{
    values[0] = (uint64_t)c->counts[0] + c->counts[1];
    for (size_t i = 0; i < c->n_shapes; i++) {
        const struct columns_shape *shape = &c->shapes[i];
        for (size_t k = 0; k < shape->n_slots; k++) {
            uint32_t column = c->slots[shape->slots + k].column;
            if (column >= c->n_columns)
                return false;
            values[column] += c->counts[i + COLUMNS_FIRST_SHAPE];
        }
    }
    return true;
}

static const char *read_columns(struct columns *c, uint64_t line_bytes, struct arena *arena)
{
    struct reader *r = &c->reader.map;
    if (!count_shapes(c, arena))
        return "a segment has a shape that is not there";
    if (!are_rows_ended(c))
        return "its lines do not end where they should";
    c->n_columns = read_varint(r);
    if (r->bad || c->n_columns == 0 || c->n_columns > COLUMNS_MAX)
        return "its columns are not there";
    uint64_t *values = arena_array(arena, uint64_t, c->n_columns);
    c->columns = arena_array(arena, struct column, c->n_columns);
    if (!count_values(c, values))
        return "a slot has a column that is not there";
    uint64_t all = 0;
    for (size_t i = 0; i < c->n_columns; i++)
        all += values[i];
    if (all > COLUMNS_VALUES_MAX(line_bytes))
        return "it has more values than bytes";
    for (size_t i = 0; i < c->n_columns; i++) {
        size_t before = values[0] ? i : i - 1; /* columns that are there */
        if ((i > 0 && values[i] == 0) ||
            (values[i] && !column_read(&c->columns[i], values[i], before, &c->reader)))
            return "a column is damaged";
    }
    return r->bad || reader_left(r) || !stream_reader_is_used(&c->reader)
               ? "something follows its columns"
               : NULL;
}

bool columns_open(struct columns *c, struct str bytes, size_t rows, uint64_t line_bytes,
                  struct packer *packer, struct arena *arena, struct err *err)
{
    *c = (struct columns){.rows = rows, .room = {.left = line_bytes}};
    struct stream_reader *streams = &c->reader;
    struct reader *r = &streams->map;
    struct stream text_stream, low_stream, high_stream;
    struct str text, low, high = {0};
    if (!stream_reader_open(streams, bytes, packer, arena, COLUMNS_MAP_MAX(line_bytes),
                            COLUMNS_UNPACKED_MAX(line_bytes), err))
        return false;
    uint64_t rows_said = read_varint(r);
    c->n_segments = read_varint(r);
    if (rows_said != rows || c->n_segments > line_bytes + rows)
        return refuse("another number of lines", err);
    read_shapes(c, r, arena);
    uint64_t text_bytes = read_varint(r);
    bool has_high = c->n_shapes + COLUMNS_FIRST_SHAPE > 256;
    if (r->bad || !stream_take(streams, STREAM_TEXT, text_bytes, &text_stream) ||
        !stream_load(streams, &text_stream, &text) || !place_texts(c, text) ||
        !stream_take(streams, STREAM_INDEX, c->n_segments, &low_stream) ||
        !stream_load(streams, &low_stream, &low) ||
        (has_high && (!stream_take(streams, STREAM_HIGH, c->n_segments, &high_stream) ||
                      !stream_load(streams, &high_stream, &high))))
        return refuse("its shapes are damaged", err);
    c->text = text;
    c->segments = (const unsigned char *)low.ptr;
    c->segments_high = (const unsigned char *)high.ptr;
    const char *why = read_columns(c, line_bytes, arena);
    return why ? refuse(why, err) : true;
}

bool columns_load(struct columns *c, size_t column)
{
    struct column *one = &c->columns[column];
    return one->is_loaded || column_load(one, &c->room, &c->reader);
}

/* ---- rows ---- */

void columns_begin(struct columns_cursor *cursor, struct columns *c)
{
    *cursor = (struct columns_cursor){
        .columns = c, .places = arena_array(c->reader.arena, struct column_place, c->n_columns)};
}

void columns_skip(struct columns_cursor *cursor, size_t rows)
{
    const struct columns *c = cursor->columns;
    for (size_t end = cursor->row + rows; cursor->row < end; cursor->segment++) {
        size_t shape = columns_shape_of(c, cursor->segment);
        const struct columns_shape *s = columns_shape_at(c, shape);
        cursor->row += columns_ends_line(c, shape);
        if (!s)
            cursor->places[0].place++;
        for (size_t k = 0; s && k < s->n_slots; k++)
            cursor->places[c->slots[s->slots + k].column].place++;
    }
}

static inline char *add_value(struct columns_cursor *cursor, size_t column, char *to,
                              const char *end)
{
    struct column_place *at = &cursor->places[column];
    if (!columns_load(cursor->columns, column))
        return NULL;
    return column_print(&cursor->columns->columns[column], at->place++, &at->exception, to, end);
}

static char *add_segment(struct columns_cursor *cursor, const struct columns_shape *s, char *to,
                         const char *end)
{
    const struct columns_slot *slot = cursor->columns->slots + s->slots;
    const char *text = s->text;
    for (size_t k = 0; k < s->n_slots; k++, slot++) {
        if (!(to = copy_short(to, end, text, slot->text)) ||
            !(to = add_value(cursor, slot->column, to, end)))
            return NULL;
        text += slot->text;
    }
    return copy_short(to, end, text, s->rest);
}

char *columns_next_segment(struct columns_cursor *cursor, bool *is_last, char *to, const char *end)
{
    const struct columns *c = cursor->columns;
    size_t shape = columns_shape_of(c, cursor->segment++);
    const struct columns_shape *s = columns_shape_at(c, shape);
    *is_last = columns_ends_line(c, shape);
    cursor->row += *is_last;
    return s ? add_segment(cursor, s, to, end) : add_value(cursor, 0, to, end);
}

char *columns_next(struct columns_cursor *cursor, char *to, const char *end)
{
    for (bool is_over = false; !is_over && to;)
        to = columns_next_segment(cursor, &is_over, to, end);
    return to;
}

bool columns_lines(struct columns *c, char *bytes, uint64_t line_bytes, uint32_t *lengths,
                   struct err *err)
{
    struct columns_cursor cursor;
    const char *end = bytes + line_bytes;
    columns_begin(&cursor, c);
    for (size_t i = 0; i < c->rows; i++) {
        char *to = columns_next(&cursor, bytes, end);
        if (!to)
            return refuse("more bytes than the lines have, or a damaged column", err);
        lengths[i] = (uint32_t)(to - bytes);
        bytes = to;
    }
    return bytes == end ? true : refuse("fewer bytes than the lines have", err);
}
