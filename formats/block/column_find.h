/*
 * In which values of a column a needle stands, and with which pieces of it they begin and end, without printing those
 * of which it is known otherwise.
 *
 *     TEXT, DICT          all (distinct) values are one text, which is searched at once
 *     HEX, UUID           the bytes are searched for the digits of the needle, from the high half of a byte on and
 *                         from the low one; where they are, the value is printed
 *     TIME                if the needle fits its form; what it fits is printed, date and seconds only where they change
 *     the other kinds     if all bytes of the needle may be in such a value, each is printed
 *
 *  1. Of a needle that is in a value, it is never said that it is not, nor the reverse.
 *  2. A column is loaded only if its kind can have the needle, or its texts have it; of a DICT first the distinct values
 *     alone.
 */
#ifndef FORMATS_BLOCK_COLUMN_FIND_H
#define FORMATS_BLOCK_COLUMN_FIND_H

#include "formats/block/columns.h"
#include "formats/block/needle.h"

/* What pieces of the needle values of a column can be; perhaps more than they are. */
struct column_pieces {
    uint64_t ends;   /* bit i: one ends with the first i + 1 bytes, but not all of them */
    uint64_t starts; /* bit i: one begins with all that is behind them */
    uint64_t
        wholes[NEEDLE_MAX]; /* [i] bit k: one is what stands behind the first i + 1 bytes up to k */
};

/* Which values have the needle: a byte for each value, of a DICT for each distinct one; NULL: none has it. False: the
 * column is damaged. Neither is asked of SAME, but of the column that it is the same as. */
bool column_find(struct columns *c, struct column *column, const struct needle *needle,
                 struct arena *arena, uint8_t **found);
bool column_find_pieces(struct columns *c, struct column *column, const struct needle *needle,
                        struct column_pieces *pieces);

/* A value of a loaded column; exception as column_print has it. */
struct str column_text(const struct column *c, size_t place, size_t *exception,
                       char room[COLUMN_PRINTED_MAX]);

#endif
