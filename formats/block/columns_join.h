/*
 * Columns of rows that are columns already: they go into a new block in any order, and from any number of
 * others, without being cut into tokens again, and mostly without being lines in between.
 *
 *     block a   row 0  row 1  row 2          columns_join_row(a, 0), columns_join_row(b, 0), columns_join_row(a, 2)
 *     block b   row 0                        columns_join_put in another order ─▶ the lines a0 a2 b0
 *
 * A segment of a shape that the new block has too brings its values with it. Segments that were like no other
 * in their block, and lines that were plain, are cut: here there may be others.
 *
 *  1. The lines that come out are those that went in, byte for byte, in the order that is asked for.
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
/* Another one of the same rows, for a block that is made beside. */
struct columns_source columns_source_fork(const struct columns_source *source, struct arena *arena);
/* Lines that wait to become a block, without what they came from. The zero value is valid. */
struct columns_join {
    struct shapes shapes;
    struct buf pool; /* lines and values that stand nowhere else */
    size_t bytes;    /* of the lines */
};

void columns_join_free(struct columns_join *join);
/* For lines that have at most so many bytes together, less than 4 GiB. */
void columns_join_begin(struct columns_join *join, size_t most);
/* False: there was no room, and nothing more can be done with it. */
bool columns_join_line(struct columns_join *join, struct str line);
/* The source was reset before the first of its rows for this join. */
bool columns_join_row(struct columns_join *join, struct columns_source *source, size_t row,
                      uint32_t *length);
/* From now on the i-th line is the one that was joined as the order[i]-th. Nothing is joined after it. */
void columns_join_order(struct columns_join *join, const uint32_t *order, size_t n);
/* Appends the n lines as columns. False: they would break a bound. */
bool columns_join_put(struct columns_join *join, struct columns_encoder *e, struct packer *packer,
                      int level, size_t n, struct buf *out);
/* Appends them as they are. */
void columns_join_print(const struct columns_join *join, struct buf *out);

#endif
