/*
 * Counts for people: a table, or with spans of time a line for each span; bars on a terminal.
 *
 *     SERVICE  COUNT            09:00  api ▇▇▇▇▇▇ 61  worker ▂ 12
 *     api         61  ▇▇▇▇▇▇    09:05  -
 *     worker      12  ▁         09:10  api ▁ 4
 *
 *  1. With .top only the names with the largest counts of all of the time are shown; what is left is one row, "(other)".
 *  2. Spans without a match between others are shown; of more than COUNT_EMPTY_MAX in a row "..." is.
 *  3. What is one number is that number alone.
 *  4. On a terminal no control byte of a value gets through.
 */
#ifndef QUERY_COUNT_TABLE_H
#define QUERY_COUNT_TABLE_H

#include "query/engine/print.h"

enum { COUNT_EMPTY_MAX = 24 };

struct count_table {
    const struct tally_options *options;
    struct tallies *tallies;
    uint64_t top;                /* 0: all */
    const struct str *functions; /* of what is measured: "avg", "p95" (print_tally.h) */
    size_t n_functions;
    struct printer *printer; /* for the terminal and the zone */
};

void count_table_print(struct count_table *t, struct buf *out);

#endif
