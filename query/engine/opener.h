/*
 * Opening one block of a snapshot: reading, checking and decoding it, judging its units, and gathering
 * what is selected. Everything it needs is its own, so that a helper may do it.
 *
 *  1. From opener_set until it has run nobody else touches it.
 *  2. What it finds is told to who has set it, and only counts when he takes it: the order in which blocks
 *     are opened cannot be seen.
 */
#ifndef QUERY_ENGINE_OPENER_H
#define QUERY_ENGINE_OPENER_H

#include "base/helpers.h"
#include "query/engine/batch.h"
#include "query/engine/query.h"
#include "query/engine/snapshot.h"

struct opener {
    struct task task;
    const struct snapshot *snapshot;
    const struct query *query;
    struct selector selector; /* pattern and filter are its own, unless .is_first */
    bool is_first;            /* they are those of the search, which nobody else uses */
    uint64_t gave_up_before, filter_gave_up_before;
    struct packer packer;
    size_t chunks; /* of the slice; 0: it is a block */

    /* What came of it. */
    bool good;
    struct err err;       /* why not */
    bool is_over;         /* the search has to end for it */
    struct opened opened; /* .index is the block */
    struct batch *batch;  /* owned; of all matches, if it gathers and there are any */
    struct summary notes; /* chunks that cannot be read */
};

/* ERR_INPUT: patterns or filters are wrong. The rest of the selector is as it was. */
bool selector_compile(struct selector *s, const struct query *query,
                      const struct snapshot *snapshot, struct err *err);

/* What is to be opened; the selector is that of the search, with what it has given up on. */
void opener_set(struct opener *o, size_t index, size_t chunks, const struct selector *selector);
void opener_run(struct task *task);
void opener_free(struct opener *o);

#endif
