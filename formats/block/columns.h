/*
 * Lines as columns: the lines of a block are cut into segments (formats/block/shape.h), whose static text is
 * kept once for each shape, and whose values are kept in columns (formats/block/column.h). docs/formats.md
 * describes the same bytes for other implementations.
 *
 *     line      12:01 job 4711 done     12:02 job 4712 done     what is this?
 *     segments  1                       1                       0
 *     shape 1   "␣ job ␣ done", columns 1 and 2                 shape 0: all of it is one value of column 0
 *     columns   0: "what is this?"      1: 12:01 12:02          2: 4711 4712
 *
 *     map       := directory:str                          streams.h
 *                  rows:varint segments:varint
 *                  shapes:varint shape* bytes:varint      a stream (TEXT): the static text of all shapes
 *                  columns:varint column*                 before them a stream (INDEX) of the shape of each
 *                                                         segment, and with more than 254 shapes one (HIGH) of
 *                                                         what that is divided by 256
 *     shape     := head:varint (text:varint column:varint)*slots rest:varint     head = 2 * slots + is_last
 *
 * Shapes are numbered from 2 on. Shape 0 is a value of column 0 that ends its line, and shape 1 one that
 * does not. columns counts column 0, which has nothing in the map if it has no values; no other is without.
 * Of a shape, text bytes of its static text stand in front of each slot, and rest bytes behind the last.
 *
 *  1. Who reads never cuts lines: the rules of shape.h and token.h may change without another format.
 *  2. Segments of a shape that no other segment has are values of column 0.
 *  3. Lines come back byte for byte. Their sum is known from elsewhere, and more is never written.
 *  4. Every count is checked before memory is taken. What would break a bound below is stored plain, so
 *     that a reader takes at most eight times the bytes of the lines and 8 MiB, whatever the bytes say.
 *  5. Nothing is in it that is not read.
 */
#ifndef FORMATS_BLOCK_COLUMNS_H
#define FORMATS_BLOCK_COLUMNS_H

#include "formats/block/column.h"
#include "formats/block/shape.h"

enum { COLUMNS_MAX = SHAPE_COLUMNS_MAX, COLUMNS_FIRST_SHAPE = 2 };

/* Of all streams and the map; of the map; values of all columns together. */
#define COLUMNS_UNPACKED_MAX(line_bytes) (2 * (size_t)(line_bytes) + ((size_t)1 << 20))
#define COLUMNS_MAP_MAX(line_bytes)      ((size_t)(line_bytes) / 2 + ((size_t)64 << 10))
#define COLUMNS_VALUES_MAX(line_bytes)   ((size_t)(line_bytes) / 4 + ((size_t)128 << 10))

/* ---- encoding ---- */

/* Memory that is kept between blocks. The zero value is valid. */
struct columns_encoder {
    struct shapes shapes;
    struct column_scratch scratch;
    struct stream_writer writer;
    uint32_t *numbers;        /* of each shape, as stored */
    uint32_t *column_numbers; /* of each column, and one before them for the rest */
    struct extent *views;     /* values of all columns, one behind the other */
    size_t *ends;             /* where those of each column end */
    struct buf bytes;
};

void columns_encoder_free(struct columns_encoder *e);

/* Appends the lines, which stand one behind the other. False, and out as it was: columns would not be
 * smaller than plain lines. */
bool columns_encode(struct columns_encoder *e, struct packer *packer, int level, struct str lines,
                    const uint32_t *lengths, size_t n, struct buf *out);

/* The same for what is in .shapes; with always also if little of it is alike. False: it would break a
 * bound. */
bool columns_put_shapes(struct columns_encoder *e, struct packer *packer, int level, size_t rows,
                        bool always, struct buf *out);

/* ---- decoding ---- */

struct columns_shape {
    const char *text;
    uint32_t slots; /* first in .slots */
    uint32_t n_slots, rest;
    bool is_last;
};

struct columns_slot {
    uint32_t text, column;
};

struct columns {
    size_t rows, n_segments, n_shapes, n_columns;
    struct str text;              /* of all shapes */
    struct columns_shape *shapes; /* from number COLUMNS_FIRST_SHAPE on */
    uint32_t *counts;             /* segments of each number */
    struct columns_slot *slots;
    const unsigned char *segments, *segments_high; /* the shape of each; high: NULL, or 256 each */
    struct column *columns;
    struct text_room room; /* distinct values have no more bytes than the lines */
    struct stream_reader reader;
};

/* The map, shapes and segments; columns are loaded when they are asked for. All lives in the arena. */
bool columns_open(struct columns *c, struct str bytes, size_t rows, uint64_t line_bytes,
                  struct packer *packer, struct arena *arena, struct err *err);

/* The number of a segment's shape. */
static inline size_t columns_shape_of(const struct columns *c, size_t segment)
{
    size_t shape = c->segments[segment];
    return c->segments_high ? shape | (size_t)c->segments_high[segment] << 8 : shape;
}

/* The shape of that number; NULL: none, but a value of column 0. */
static inline const struct columns_shape *columns_shape_at(const struct columns *c, size_t shape)
{
    return shape < COLUMNS_FIRST_SHAPE ? NULL : &c->shapes[shape - COLUMNS_FIRST_SHAPE];
}

static inline bool columns_ends_line(const struct columns *c, size_t shape)
{
    return shape < COLUMNS_FIRST_SHAPE ? shape == 0
                                       : c->shapes[shape - COLUMNS_FIRST_SHAPE].is_last;
}

/* Whether its line goes on behind it though there is no newline, as far as the shape says it. */
bool columns_is_cut(const struct columns *c, size_t shape);
/* Of its static text; slots are those of all shapes. */
size_t columns_shape_bytes(const struct columns_slot *slots, const struct columns_shape *shape);

/* For who asks for values: false if it is damaged. Column 0 may be without values (.n). */
bool columns_load(struct columns *c, size_t column);

/* A place between two rows. */
struct columns_cursor {
    struct columns *columns;
    size_t row, segment;
    struct column_place {
        size_t place, exception;
    } * places; /* of each column */
};

void columns_begin(struct columns_cursor *cursor, struct columns *c);
/* Over rows that are there, without a look at their values. */
void columns_skip(struct columns_cursor *cursor, size_t rows);
/* Writes the next line, which is there, into [to, end), and returns its end; loads only columns that it has
 * values of. NULL: there is no room, or one is damaged. */
char *columns_next(struct columns_cursor *cursor, char *to, const char *end);
/* The same with the next segment, and whether its line ends with it. */
char *columns_next_segment(struct columns_cursor *cursor, bool *is_last, char *to, const char *end);
/* All lines at once: bytes has room for exactly line_bytes, lengths for the rows. */
bool columns_lines(struct columns *c, char *bytes, uint64_t line_bytes, uint32_t *lengths,
                   struct err *err);

#endif
