/*
 * Blocks that are filled with records of streams as they come, one block after the other.
 *
 *     labels ─▶ filled_stream_of ─┐
 *     record ─────────────────────┴▶ block_filler_add ... until it is full ─▶ block_filler_finish
 *
 *  1. A stream is known by its labels for as long as the struct filled_streams lives, with the order time of
 *     its last record; a block lists those of its own records only.
 *  2. A block has nanoseconds if one of its records has, else microseconds.
 */
#ifndef FORMATS_BLOCK_FILLER_H
#define FORMATS_BLOCK_FILLER_H

#include "base/map.h"
#include "formats/block/builder.h"

struct filled_stream {
    struct hash128 id;
    struct labels labels;
    int64_t order_ns; /* of its last record, or TIME_NONE */
};

/* The zero value is empty. */
struct filled_streams {
    struct arena arena;
    struct map by_id; /* -> struct filled_stream, in the arena */
};

void filled_streams_free(struct filled_streams *s);
/* The labels, sorted, are copied if they are new. */
struct filled_stream *filled_stream_of(struct filled_streams *s, const struct labels *labels);

/* The block at hand; the zero value is empty. */
struct block_filler {
    struct block_builder builder;
    struct map streams; /* id -> index + 1 */
    bool has_ns;
};

void block_filler_free(struct block_filler *f);
/* Empty, keeping memory. */
void block_filler_reset(struct block_filler *f);
/* As many bytes of lines as that, or nearly as much as a block can have of the rest. */
bool block_filler_is_full(const struct block_filler *f, size_t line_bytes);
/* The record has its order time; .stream is set here. False: no room for it, finish the block first. Never so in
 * an empty one. */
bool block_filler_add(struct block_filler *f, struct filled_stream *s, struct record *record);
/* Appends the block of at least one record to out. The filler is as it was. */
bool block_filler_finish(struct block_filler *f, struct hash128 origin, uint64_t sequence,
                         struct buf *out, struct err *err);

#endif
