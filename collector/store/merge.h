/*
 * Merging: rows of many blocks and chunks become chunks, slice of time by slice of time.
 *
 *     pieces   |-- 1 --|   |--- 3 ---|            opened by least order time; a slice ends where the next
 *                  |---- 2 ----|      |-- 4 --|   piece begins, and what is open and older goes into a chunk
 *     slices   |     a     |    b     |   c   |
 *
 * Rows of one slice become a chunk for each retention class (classes.h) that has some of them.
 *
 * Lines that are columns stay columns (formats/block/columns_join.h). Of a piece that reaches far beyond a slice
 * (one source was read faster than another) the rest is closed, and opened again when its time has come.
 *
 *  1. Every row of every piece is in exactly one chunk, with all that was known of it. At the end the sums of
 *     rows, bytes and hashes of what went in and of what comes out again are compared; nothing counts before.
 *  2. Slices overlap only where more pieces overlap than may be open.
 *  3. Memory: the open pieces decoded, and about four times the lines of a chunk. Pieces are opened until they have
 *     MERGE_OPEN_MAX bytes, of lines or of 128 for each row.
 */
#ifndef COLLECTOR_STORE_MERGE_H
#define COLLECTOR_STORE_MERGE_H

#include "collector/store/classes.h"
#include "formats/block/chunk.h"

enum {
    MERGE_CHUNK_BYTES = 8 << 20, /* of lines, about */
    MERGE_OPEN_MAX = 10 << 20,   /* of lines */
};

struct merge_piece {
    bool is_chunk;
    uint8_t class; /* of all rows of a chunk; those of blocks are looked at */
    uint32_t records;
    uint64_t line_bytes;
    int64_t least_order_ns;
};

struct merge {
    const struct merge_piece *pieces;
    size_t n;
    int level; /* of zstd */
    const struct classes *classes;
    /* Appends the bytes of a piece. */
    bool (*load)(void *context, size_t piece, struct buf *out, struct err *err);
    /* Of one chunk after the other. False ends the merge. */
    bool (*take)(void *context, uint8_t class, struct str chunk, struct err *err);
    void *context;                      /* of both */
    bool (*is_canceled)(void *context); /* NULL: never */
    void *cancel_context;
};

/* ERR_CANCELED; ERR_CORRUPT: a piece is damaged, or the sums differ; else what load and take say. */
bool merge_run(const struct merge *merge, struct err *err);

#endif
