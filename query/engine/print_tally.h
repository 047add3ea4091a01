/*
 * Tallies for programs: JSON, an object each; and text, a line each with tabs between.
 *
 *     {"time":"2026-11-20T09:00:00Z","by":{"service":"api"},"count":61,"part":3,"numbers":60,"sum":720,"avg":12,
 *      "min":3,"max":90,"p50":11,"p90":20,"p95":31,"p99":88}
 *     2026-11-20T09:00:00Z  api  61  3  720  12  3  90  11  20  31  88
 *
 * Without spans there is no time, without a part no part, without a measure nothing of numbers; if none were measured,
 * text has "-" for each but the sum.
 */
#ifndef QUERY_ENGINE_PRINT_TALLY_H
#define QUERY_ENGINE_PRINT_TALLY_H

#include "query/engine/tally.h"

void print_tally_json(const struct tally *t, const struct tally_options *options, struct buf *out);
void print_tally_text(const struct tally *t, const struct tally_options *options, struct buf *out);
enum { TALLY_FUNCTIONS = 8 };
/* What can be said of what was measured: "sum", "avg", "min", "max", "p50", "p90", "p95", "p99". */
extern const struct str tally_functions[TALLY_FUNCTIONS];
/* By such a name; of any other percentage too. False: there is no such. */
bool tally_number(const struct tally *t, struct str name, double *number);

#endif
