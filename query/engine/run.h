/*
 * Running a search over a snapshot of blocks.
 *
 * Blocks are opened by least order time. What is selected waits in the window, with its bytes, until no
 * block that is still closed could hold anything before it:
 *
 *     blocks   |-- 1 --|   |--- 3 ---|            opened in the order 1 2 3 4
 *                  |---- 2 ----|      |-- 4 --|
 *     before 3 is opened, what is older than the start of 3 can go out
 *
 * When the window is fuller than its budget, its latest half is thrown away; the first key thrown
 * away is where the next pass over the blocks begins. So memory is bounded whatever the snapshot
 * and the query, and the time is that of (bytes selected in one overlap / half the budget) passes.
 *
 * With context, a unit is a line of context if at most .after units of its stream stand between it
 * and the match before it, or .before and the match after it. Neighbours are looked up in the next
 * and previous blocks of the same origin. What goes out together is a group: the neighbouring
 * selected units of one stream in one block, at the place of its first one.
 *
 *  1. Results come in the total order (docs/design.md), groups by their first unit; with .newest
 *     everything is mirrored, also inside groups.
 *  2. Memory: the budget, about two decoded blocks, and about 100 bytes for each block of the
 *     snapshot and each stream with a result. One group is held even if it is larger than that. More
 *     helpers than one open more blocks at the same time only as far as half of the budget goes.
 *  3. A block that cannot be read is named in the summary, which is then not complete; all else is
 *     answered. The same holds for lines on which the pattern gave up.
 *  4. Gap records are never matched, counted or shown. Context stays within since and until.
 *  5. last=N: the N newest matches and their context, oldest first. max=N: after the Nth match only
 *     the lines of context after it, whether they match or not, as grep -m does.
 *  6. want=streams without a pattern, a time range or a filter on records is answered from the
 *     snapshot's list of streams: no block is read.
 *  7. behind: a search that was ended after the result with this key goes on with the next one, over
 *     the same blocks; it reads only blocks that reach so far. Without newest and context.
 */
#ifndef QUERY_ENGINE_RUN_H
#define QUERY_ENGINE_RUN_H

#include "query/engine/blocks.h"
#include "query/engine/query.h"

struct run_options {
    size_t memory;                      /* budget in bytes; 0 = 64 MiB */
    struct helpers *helpers;            /* that open blocks ahead; NULL: none */
    const struct order_key *behind;     /* invariant 7; NULL: from the first */
    bool (*is_canceled)(void *context); /* asked by helpers too; NULL: never */
    bool (*take)(void *context, const struct result *result); /* false ends the search */
    void *context;                                            /* of both */
};

/* What want=tallies asks for; points into the query. */
struct tally_options tally_options_of(const struct query *query);

/* Invariant 6: no block is read. */
bool is_about_streams(const struct query *query, const struct filter *filter);

/*
 * summary is zero before, and the caller frees it, also after false. false: ERR_INPUT (patterns or
 * operands are wrong, nothing was searched), ERR_LIMIT (the pattern is too costly), ERR_CANCELED
 * (is_canceled or take said so).
 */
bool query_run(const struct query *query, const struct snapshot *snapshot,
               const struct run_options *options, struct summary *summary, struct err *err);

#endif
