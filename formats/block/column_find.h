/*
 * In which values of a column a needle stands, and with which pieces of it they begin and end, without printing those
 * of which it is known otherwise.
 *
 *     TEXT, DICT          all (distinct) values are one text, which is searched at once
 *     HEX, UUID           the bytes are searched for the digits of the needle, from the high half of a byte on and
 *                         from the low one; where they are, the value is printed
 *     the other kinds     if all bytes of the needle may be in such a value, each is printed
 *
 *  1. Of a needle that is in a value, it is never said that it is not, nor the reverse.
 *  2. A column is loaded only if its kind can have the needle; of a DICT first the distinct values alone.
 */
#ifndef FORMATS_BLOCK_COLUMN_FIND_H
#define FORMATS_BLOCK_COLUMN_FIND_H

#include "base/literal.h"
#include "formats/block/columns.h"

enum { FIND_MAX = 64 }; /* bytes of a needle that are looked for */

/* Bit i of a set of places: the first i + 1 bytes of the needle. */
struct find_needle {
    struct literal literal;
    const char *bytes; /* in small letters, if case is ignored */
    unsigned n;
    uint64_t places[256]; /* where each byte stands */
};

void find_needle_init(struct find_needle *needle, struct str text, bool ignore_case);
void find_needle_free(struct find_needle *needle);

/* Goes on with a text behind what the set says. True: the needle ends in it. */
bool find_needle_pass(const struct find_needle *needle, struct str text, uint64_t *set);

/* Whether the text is what stands behind the first `from` bytes of the needle, or the beginning of it. */
bool is_find_piece(const struct find_needle *needle, unsigned from, struct str text);
/* The places with which the text ends, but for all of the needle. */
uint64_t find_needle_ends(const struct find_needle *needle, struct str text);

static inline uint64_t find_low_bits(size_t n)
{
    return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

/* What pieces of the needle values of a column can be; perhaps more than they are. */
struct column_pieces {
    uint64_t ends;   /* bit i: one ends with the first i + 1 bytes, but not all of them */
    uint64_t starts; /* bit i: one begins with all that is behind them */
    uint64_t
        wholes[FIND_MAX]; /* [i] bit k: one is what stands behind the first i + 1 bytes up to k */
};

/* Which values have the needle: a byte for each value, of a DICT for each distinct one; NULL: none has it. False: the
 * column is damaged. Neither is asked of SAME, but of the column that it is the same as. */
bool column_find(struct columns *c, struct column *column, const struct find_needle *needle,
                 struct arena *arena, uint8_t **found);
bool column_find_pieces(struct columns *c, struct column *column, const struct find_needle *needle,
                        struct column_pieces *pieces);

/* A value of a loaded column; exception as column_print has it. */
struct str column_text(const struct column *c, size_t place, size_t *exception,
                       char room[COLUMN_PRINTED_MAX]);

#endif
