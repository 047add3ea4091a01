/*
 * The blocks of a snapshot as a search walks them: which can hold something, opened when needed,
 * and each stream's neighbours in the blocks before and after. Slices of chunks are blocks too, with rows of any
 * origin.
 *
 *     chunks     |      |      |               chain: as they arrived
 *     origin a              | 1 | 2 | 3 |      neighbours of a block: chunks, and blocks of its origin
 *     origin b                | 1 |   2   |
 *
 *  1. Blocks that do not touch the time range do not exist here.
 *  2. Without context one decoded block is kept; with it several, as long as they take less than
 *     their budget. The pinned one stays whatever the others need, so two are in memory at least. Helpers
 *     open some more before they are needed (ahead.h).
 *  3. A block, or a chunk of a slice, that cannot be read is named in the summary once and is empty from then on.
 *  4. Without context a block of which it is known that nothing in it matches is empty too, and not read.
 */
#ifndef QUERY_ENGINE_BLOCKS_H
#define QUERY_ENGINE_BLOCKS_H

#include "query/engine/ahead.h"

struct known_block {
    struct snapshot_block summary;
    uint64_t streams; /* a bit per stream id modulo 64; 0: not opened yet */
    uint32_t place;   /* in the chain */
    bool is_counted;
    bool has_failed;
    bool is_named; /* chunks of it that cannot be read */
    bool is_sifted;
    uint32_t may;            /* which of the needles may be in it, if it is sifted */
    bool is_sift_told;       /* it is counted */
    const char *sift_damage; /* what is known of it is damaged; in the arena */
};

struct blocks {
    const struct snapshot *snapshot;
    const struct query *query; /* for more of the selector's pattern and filter */
    struct summary *summary;   /* not owned: blocks, bytes, records, problems */
    struct selector selector;  /* owned pattern and filter */
    struct known_block *known; /* one per block of the snapshot */
    uint32_t *list;            /* those that touch the range; in any order the run likes */
    uint32_t *chain;           /* the same, in the order of arrival */
    size_t n;
    struct opened *kept;                           /* .used is 0 in those that are empty */
    size_t budget;                                 /* bytes of kept blocks */
    struct sieve_needle needles[PATTERN_SCAN_MAX]; /* one of them is in all that matches */
    size_t n_needles;                              /* 0: nothing is known */
    uint64_t tick;
    struct arena arena;
    struct ahead ahead;
    size_t
        offered; /* of the list that blocks_ahead is given: so many are offered, or need not be */
    struct batch *batch; /* owned; of the block that was got last */
    bool is_dropping;    /* atomic: what helpers do is not needed any more */
};

/* A stream's units in one opened block. */
struct units {
    struct opened *opened; /* NULL: there is none */
    const uint32_t *list;  /* indexes into opened->units, in the order of the block */
    size_t n;
};

/* snapshot, query, summary, selector and budget are set; the rest is zero. helpers: NULL: none. Blocks that
 * helpers have opened take no more than `limit` bytes, about. */
void blocks_init(struct blocks *b, struct helpers *helpers, size_t limit);
void blocks_free(struct blocks *b);

/* From list[at] on, that is what will be asked for next, in this order. What was got before is not needed any
 * more, unless there is context. */
void blocks_ahead(struct blocks *b, const uint32_t *list, size_t n, size_t at);
/* *out is NULL for a block that cannot be read; it stays valid until the next call that does
 * not pin it. False: the search has ended (ERR_CANCELED; ERR_LIMIT: the pattern is too costly). */
bool blocks_get(struct blocks *b, size_t index, const struct opened *pinned, struct opened **out,
                struct err *err);
/* Invariant 4. */
bool blocks_are_sifted_out(struct blocks *b, size_t index);
/* What matches in the block that was got last, if the selector gathers; the caller frees it. */
struct batch *blocks_take_batch(struct blocks *b);
/* Closes all, as verdicts are about to change. */
void blocks_forget(struct blocks *b);

struct units units_of_stream(struct opened *o, size_t stream);
/* The nearest block after (step 1) or before (-1) this one that may be its neighbour, with units of the
 * stream; out->opened is NULL if there is none. */
bool blocks_neighbour(struct blocks *b, size_t index, struct hash128 stream, int step,
                      const struct opened *pinned, struct units *out, struct err *err);
/* How many units beyond the edge of o the stream's next match in that direction is: 1 = the first
 * one; limit + 1 = there is none up to the limit. */
bool blocks_distance(struct blocks *b, const struct opened *o, struct hash128 stream, int step,
                     uint32_t limit, uint32_t *distance, struct err *err);
/* The lesser of `least` and the order times of units first .. first + n - 1. */
int64_t units_least_order(const struct units *u, size_t first, size_t n, int64_t least);
/* *least becomes the least order time of it and the `limit` units beyond the edge of o. */
bool blocks_least_order(struct blocks *b, const struct opened *o, struct hash128 stream, int step,
                        size_t limit, int64_t *least, struct err *err);

#endif
