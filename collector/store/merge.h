/*
 * Merging: rows of many blocks and chunks become chunks of streams that are alike.
 *
 *     pieces   | api web db | api web | api db |     opened one after the other, as they arrived
 *     groups   api ████████   web ███   db ██        what was taken from them; a stream is in one group only
 *     chunks   | api | api | web | db |              of the greatest group, when it or all of them are full
 *
 * Streams of one service have shapes and values in common, so that they are smallest together; the more of them is
 * together the better. Lines that are columns stay columns (formats/block/columns_join.h).
 *
 * Of what a group has each retention class (classes.h) gets a chunk of its own.
 *
 *  1. Every row of every piece is in exactly one chunk, with all that was known of it. At the end the sums of
 *     rows, bytes and hashes of what went in and of what comes out again are compared; nothing counts before.
 *  2. Rows of a stream are in chunks in the order in which they came. So chunks of one group overlap in time only
 *     as its pieces do, and others as far as they were in groups at the same time: all that hold a moment have
 *     about twice MERGE_GROUPS_COST together.
 *  3. Streams that are far behind the others when they are first seen are in groups of their own, so that times of
 *     a chunk are near each other.
 *  4. Of one stream there is no row in a chunk that came before rows of an older chunk, of whatever class: so slices
 *     of several classes are never cut apart when they are merged again.
 *  5. Memory: one piece, decoded, about what the groups cost, and about twice the lines of a chunk.
 */
#ifndef COLLECTOR_STORE_MERGE_H
#define COLLECTOR_STORE_MERGE_H

#include "collector/store/classes.h"
#include "formats/block/chunk_builder.h"

enum {
    MERGE_GROUPS_MAX = 16,
    MERGE_GROUPS_COST = 20 << 20, /* struct chunk_rows; all together */
};

struct merge_piece {
    bool is_chunk;
    uint8_t class; /* of all rows of a chunk; those of blocks are looked at */
    uint32_t
        slice; /* chunks one behind the other with the same number stay in one; 0: it has no others */
    uint64_t slice_cost; /* of all these, at most */
    uint64_t line_bytes;
};

struct merge {
    const struct merge_piece *pieces; /* as they arrived */
    size_t n;
    int level; /* of zstd */
    const struct classes *classes;
    /* Appends the bytes of a piece. */
    bool (*load)(void *context, size_t piece, struct buf *out, struct err *err);
    /* Of one chunk after the other; those of one slice (chunk.h) together. False ends the merge. */
    bool (*take)(void *context, uint8_t class, struct str chunk, struct err *err);
    void *context;                      /* of both */
    bool (*is_canceled)(void *context); /* NULL: never */
    void *cancel_context;
};

/* ERR_CANCELED; ERR_CORRUPT: a piece is damaged, or the sums differ; ERR_LIMIT: a row is too large for a chunk; else
 * what load and take say. */
bool merge_run(const struct merge *merge, struct err *err);

#endif
