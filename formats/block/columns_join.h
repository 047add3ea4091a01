/*
 * Columns of rows that are columns already: they go into a new block in any order, and from any number of
 * others, without being cut into tokens again, and mostly without being lines in between.
 *
 *     block a   row 0  row 1  row 2          columns_join_begin
 *     block b   row 0                        columns_join_row(a, 0), columns_join_row(b, 0), columns_join_row(a, 2)
 *                                            columns_join_end, columns_put_shapes ─▶ the lines a0 b0 a2
 *
 * A segment of a shape that the new block has too brings its values with it. Segments that were like no other
 * in their block, and lines that were plain, are cut: here there may be others.
 *
 *  1. The lines that come out are those that went in, byte for byte and in order.
 *  2. Nothing is refused: what has no room in shapes is stored as it is.
 */
#ifndef FORMATS_BLOCK_COLUMNS_JOIN_H
#define FORMATS_BLOCK_COLUMNS_JOIN_H

#include "formats/block/columns.h"

/* A block that rows are taken from. Owns nothing: all is in the arena. */
struct columns_source {
    struct columns *columns;
    uint32_t *rows;   /* the first segment of each, and behind the last */
    uint32_t *values; /* of each segment the first in .places */
    uint32_t *places; /* of each value in its column, in the order of the lines */
    uint32_t *shapes; /* what the encoder calls each; SHAPE_REST: not known yet */
    struct extent *
        *printed; /* of each DICT the distinct values in the pool; .len 0: not there yet */
};

/* Loads all columns. False: one is damaged. */
bool columns_source_open(struct columns_source *source, struct columns *columns,
                         struct arena *arena, struct err *err);
/* Before its rows go into another block. */
void columns_source_reset(struct columns_source *source);
/* Writes the line of a row to where there is room for it, and returns its end; NULL: there is none. */
char *columns_source_print(const struct columns_source *source, size_t row, char *to,
                           const char *end);

/* For lines that have at most so many bytes together, less than 4 GiB. */
void columns_join_begin(struct columns_encoder *e, size_t most);
/* False: there was no room. */
bool columns_join_line(struct columns_encoder *e, struct str line);
bool columns_join_row(struct columns_encoder *e, struct columns_source *source, size_t row,
                      uint32_t *length);
/* How many bytes the lines have. Nothing is joined after it. */
size_t columns_join_end(struct columns_encoder *e);

#endif
