/*
 * In which rows of columns a needle stands, found without printing them.
 *
 *     shape    job ␣ took ␣ ms           needle   "timeout"      rows in whose first or second value it is (column_find.h)
 *                                        needle   "took 12 ms"   rows whose second value is 12
 *                                        needle   "took "        all rows of the shape
 *
 * The needle is held against each shape once, with what its columns have as values: then it is known which slots are to
 * be looked at, and mostly none is. What is left is decided row by row, by those values alone. Pieces of it are followed
 * as sets of places (needle.h).
 *
 *  1. A row that has the needle is never ROW_NO, and one that has it not never ROW_HAS.
 *  2. ROW_MAYBE are rows that were cut into segments elsewhere than behind a newline, where the front of the needle may
 *     stand before the cut.
 *     Of a needle longer than NEEDLE_MAX the front is looked for, so that all that have it are ROW_MAYBE.
 *  3. Columns that need not be looked at are not loaded.
 *  4. Nothing is known of needles with a newline, or of none.
 *  5. Besides the columns it takes about a byte for each value, and for each shape and column less than a KiB. The arena is
 *     not used afterwards.
 */
#ifndef FORMATS_BLOCK_COLUMNS_FIND_H
#define FORMATS_BLOCK_COLUMNS_FIND_H

#include "formats/block/columns.h"
#include "formats/block/sieve.h"

enum row_find { ROW_NO, ROW_MAYBE, ROW_HAS };

/* Invariant 4. */
bool can_find_needle(const struct sieve_needle *needle);
/* rows[i], an enum row_find, becomes more if row i may have the needle; nothing becomes less. */
bool columns_find(struct columns *c, const struct sieve_needle *needle, struct arena *arena,
                  uint8_t *rows, struct err *err);

#endif
