/*
 * What has been counted of shapes, a row for each, with the levels and services together; and rows that differ in one word
 * as one, because what varies in a line is not always known by its form:
 *
 *     Invalid user ann from <ip>        3
 *     Invalid user bob from <ip>        7       Invalid user <*> from <ip>     12, 3 shapes
 *     Invalid user eve from <ip>        2
 *
 *  1. Of alike shapes at least PATTERN_ALIKE are one: no fewer, or words that mean something would be gone. Of two words in
 *     which a shape may be alike others, it is the one with more of them, the first of several. Then again, for a second word.
 *     Shapes are cut at TALLY_VALUE_MAX: what is alike up to there has <*> at the end.
 *  2. Which are one depends on the shapes only, not on their counts or their order.
 */
#ifndef QUERY_PATTERN_ROWS_H
#define QUERY_PATTERN_ROWS_H

#include "query/engine/tally.h"

enum { PATTERN_SERVICES_MAX = 16, PATTERN_ALIKE = 8 };

extern const struct str pattern_names[3]; /* "shape", "service", "level" */

struct pattern_row {
    struct str name; /* "a1b2c3d4"; empty if it has none; as the rest in the tallies, */
    struct str text; /* but of several shapes, in the arena */
    uint64_t now, before;
    struct str level; /* of most of them */
    struct str services[PATTERN_SERVICES_MAX];
    size_t n_services;
    bool more_services;
    int64_t first_ns, last_ns; /* of now, or, of what is not there now, of before; so is the line */
    struct str sample;
    struct pattern_row
        *next; /* the shapes that are in this row, one after the other; rows that were joined too */
    struct pattern_row *last; /* of those; NULL: there are none */
    size_t n_shapes;
};

/* The zero value is empty. */
struct pattern_rows {
    struct arena arena;
    struct map by_shape;
    struct pattern_row **list;
    size_t n;
    uint64_t now, before; /* all together */
};

void pattern_rows_free(struct pattern_rows *r);
/* By pattern_names, with samples; before: NULL, or what was counted of the time before. Both outlive the rows. */
void pattern_rows_make(struct pattern_rows *r, struct tallies *now, struct tallies *before);
/* Invariants 1 and 2. */
void pattern_rows_join(struct pattern_rows *r);

#endif
