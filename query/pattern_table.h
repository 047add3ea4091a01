/*
 * Shapes of lines for people and programs: a table, or an object of JSON for each.
 *
 *       COUNT   SHARE  SHAPE     LEVEL  SERVICE  TEXT
 *       1,204  96.7 %  a1b2c3d4  info   api      GET <path> took <n> ms
 *          41   3.3 %  0f9c31aa  error  api,web  connect ECONNREFUSED <ip>:<n>
 *
 *     {"shape":"0f9c31aa","text":"connect ...","count":41,"share":0.033,"level":"error","services":["api","web"],
 *      "first":"2026-11-20T09:22:01Z","last":"...","example":"connect ECONNREFUSED 10.0.0.7:5432"}
 *
 * With two spans of time there is "before" too: what was counted then. Shapes that are one row (pattern_rows.h) have "12 alike"
 * in the place of a name, and in JSON "shapes", a list of at most 100 names, and "n_shapes" instead of "shape".
 *
 *  1. PATTERNS_NEW are those of now that were not there before, PATTERNS_GONE those of before that are not there now;
 *     PATTERNS_CHANGES are all, the largest differences first. Else the largest counts come first.
 *  2. The level is that of most of them; the times and the example are of now, of what is gone those of before.
 *  3. On a terminal a row is no wider than that, and no control byte of a line gets through.
 */
#ifndef QUERY_PATTERN_TABLE_H
#define QUERY_PATTERN_TABLE_H

#include "query/engine/print.h"
#include "query/pattern_rows.h"

enum pattern_view { PATTERNS_ALL, PATTERNS_NEW, PATTERNS_GONE, PATTERNS_CHANGES };

struct pattern_table {
    enum pattern_view view;
    struct tallies *now, *before; /* pattern_rows.h; before: NULL for PATTERNS_ALL */
    bool apart;                   /* not joined */
    uint64_t top;                 /* 0: all */
    bool examples, json;
    size_t width; /* of the terminal; 0: any */
    const struct print_options *print;
};

/* Returns how many there are. */
size_t pattern_table_print(const struct pattern_table *t, struct buf *out);

#endif
