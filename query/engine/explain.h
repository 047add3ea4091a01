/*
 * What a search would do, without doing it: the query as it was understood, and how many of the blocks would be read.
 *
 *     search    records, oldest first
 *     time      2026-11-20T09:00:00Z up to 2026-11-20T10:00:00Z
 *     filters   service=api                      label
 *               status=500..599                  field
 *     streams   3 of 17: api
 *     pattern   "timeout after [0-9]+"           extended regular expression, any case
 *     literals  "timeout after "                 one of them is in all that matches
 *     store        120 blocks     34 MB    410 MB of lines
 *     time       -  80 blocks     23 MB    270 MB of lines
 *     literals   -  30 blocks    8.0 MB    100 MB of lines
 *     read          10 blocks    3.0 MB     40 MB of lines
 *      of that       2 blocks    0.1 MB    1.4 MB of lines, not merged yet
 *
 * or all of it as one object of JSON. What --stats says of a search holds: blocks that are read here are those that
 * can be read there, where max, last and leaving may end it earlier.
 *
 *  1. No block is read; filters of segments are, as a search would ask them.
 *  2. Text has no control bytes but newlines.
 */
#ifndef QUERY_ENGINE_EXPLAIN_H
#define QUERY_ENGINE_EXPLAIN_H

#include "query/engine/run.h"

/* Appends it: an object if query->output is OUTPUT_JSON, else text. The snapshot is of all time. Of the options
 * is_canceled counts. ERR_INPUT and ERR_CANCELED as query_run. */
bool query_explain(const struct query *query, const struct snapshot *snapshot,
                   const struct run_options *options, struct buf *out, struct err *err);

#endif
