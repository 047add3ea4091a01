/*
 * The segment: a file of chunks, with what it replaces in front and what is in it behind.
 *
 *     segment := head (chunk* filter?)* footer tail
 *     head    := "SLSG" version:u32 length:u32 (of the payload) payload check:u64           XXH3-64 of all before it
 *     payload := number:varint generation:varint journals:varint number:varint*
 *     footer  := zstd frame of: oldest:u64 newest:u64 (arrival of what is in it)
 *                chunks:varint (header: the first 96 bytes of each)*  journals:varint journal*
 *                followed:varint tables:str (varint length, bytes)
 *                filters:varint (chunks:varint length:varint)*
 *     journal := number:varint tag:u32 blocks:varint block*         some of those that the segment was made of
 *     block   := offset:varint line_bytes:varint origin:16 sequence:varint least_order:u64 greatest_order:u64
 *     tail    := stored:u32 bytes:u32 check:u64 "SLSE"              of the footer; XXH3-64 of its stored bytes
 *
 *  1. A journal is in one segment only: in that with the greatest number of those that name it. So journals do not
 *     count from the moment at which their segment has its name, and it does not when another one has theirs.
 *     One that was made outside of a store names none; what it is merged into names it (SEGMENT_IMPORT).
 *  2. Chunks stand one behind the other, behind the head, in the order of the footer, and behind the last of those that
 *     it is about each filter (sieve.h). With a damaged footer or tail chunks are found by their headers, and nothing
 *     is known of blocks and filters; with a damaged head nothing is replaced.
 *  3. The blocks of a journal say where a reader stood that followed it (collector/store/places.h).
 *  4. The tables are what the first frame of the journal with the number `followed` held when the segment was made:
 *     all that was known of the origins of what is in it (collector/store/store.h). 0 and none: they were lost.
 */
#ifndef FORMATS_BLOCK_SEGMENT_H
#define FORMATS_BLOCK_SEGMENT_H

#include "formats/block/chunk.h"

enum {
    SEGMENT_VERSION = 1,
    SEGMENT_HEAD = 12,             /* bytes before the payload */
    SEGMENT_TAIL = 20,             /* at the end of the file */
    SEGMENT_NAMES_MAX = 65536,     /* journals in the head */
    SEGMENT_HEAD_MAX = 2 << 20,    /* bytes, check and all */
    SEGMENT_FOOTER_MAX = 64 << 20, /* bytes, unpacked */
};

/* Among the journals of a head: it is the number of an imported segment. */
#define SEGMENT_IMPORT (UINT64_C(1) << 63)

struct segment_head {
    uint64_t number;
    uint64_t generation;      /* how many merges are behind it; 1: of journals */
    const uint64_t *journals; /* that it replaces, the oldest first */
    size_t n_journals;
};

struct segment_block {
    uint64_t offset, line_bytes, sequence;
    struct hash128 origin;
    int64_t least_order_ns, greatest_order_ns;
};

struct segment_journal {
    uint64_t number;
    uint32_t tag;
    const struct segment_block *blocks;
    size_t n_blocks;
};

/* Behind the chunks that it is about, which are those behind the one before. Length 0: nothing is known of them. */
struct segment_sieve {
    uint32_t n_chunks, length;
};

struct segment_footer {
    int64_t oldest_arrival_ns, newest_arrival_ns;
    const struct block_header *chunks; /* as chunk_peek gives them */
    size_t n_chunks;
    const struct segment_journal *journals;
    size_t n_journals;
    uint64_t followed;
    struct str tables;
    const struct segment_sieve *sieves;
    size_t n_sieves;
};

void segment_put_head(const struct segment_head *head, struct buf *out);
/* Footer and tail; of the chunks it takes headers, which are CHUNK_HEADER bytes of each. */
bool segment_put_footer(const struct segment_footer *footer, struct str headers,
                        struct packer *packer, struct buf *out, struct err *err);

/* How many bytes a head has, from its first SEGMENT_HEAD; ERR_CORRUPT: it is none. */
bool segment_head_size(struct str bytes, size_t *size, struct err *err);
/* From exactly so many. All lives in the arena. */
bool segment_read_head(struct str bytes, struct segment_head *head, struct arena *arena,
                       struct err *err);
/* How many bytes of the footer stand before the last SEGMENT_TAIL bytes of a file. */
bool segment_footer_size(struct str tail, size_t *stored, struct err *err);
/* bytes: footer and tail. */
bool segment_read_footer(struct str bytes, struct segment_footer *footer, struct packer *packer,
                         struct arena *arena, struct err *err);

#endif
