/*
 * Building a block (formats/block/block.h) from records as they come.
 *
 *     block_builder_stream, _add, ... until full or due ─▶ block_builder_source ─▶ _finish ─▶ _reset
 *
 * Memory is bounded by BLOCK_LINE_BYTES_MAX, BLOCK_RECORDS_MAX and BLOCK_BESIDES_MAX.
 *
 * Lines of BLOCK_CLOSE_BYTES and more are stored as columns, if those are smaller by a tenth at least. To know
 * that costs as much as to store both, so it is only found out for one block in COMPARED_EVERY, and believed
 * for those behind it.
 */
#ifndef FORMATS_BLOCK_BUILDER_H
#define FORMATS_BLOCK_BUILDER_H

#include "formats/block/block.h"
#include "formats/block/columns.h"

/* What is being collected for a block. Zero value is valid; bytes given are copied. */
struct block_builder {
    struct arena arena;
    struct packer packer;
    struct buf lines;
    struct record
        *records; /* only .line.len is set of .line: the bytes stand in .lines, in order */
    size_t n_records, records_capacity;
    struct block_stream *streams;
    size_t n_streams, streams_capacity;
    struct block_source *sources;
    size_t n_sources, sources_capacity;
    struct columns_encoder columns;
    uint32_t *lengths;       /* of the lines, for the encoder */
    struct buf stored_lines; /* as they will stand in the block */
    unsigned n_large;        /* blocks that were large enough for columns */
    bool is_plain;           /* set by who wants no columns, however large a block is */
    bool prefers_plain;      /* columns were no smaller the last time that both were made */
};

void block_builder_free(struct block_builder *b);
void block_builder_reset(struct block_builder *b); /* empty, keeping memory */
/* Index of a new stream of the block; the caller adds each stream once. */
uint32_t block_builder_stream(struct block_builder *b, const struct labels *labels,
                              const struct labels *data, int64_t previous_order_ns);
void block_builder_source(struct block_builder *b, const struct block_source *source);
/* False = no room for this record: close the block first. Bounds of record.h are the caller's. */
bool block_builder_add(struct block_builder *b, const struct record *record);
/* Appends the block to out (whose max must allow BLOCK_MAX more). unit: 0 = ns, 1 = us (times are
 * rounded down). At least one record. */
bool block_builder_finish(struct block_builder *b, struct hash128 origin, uint64_t sequence,
                          uint8_t unit, struct buf *out, struct err *err);

#endif
