/*
 * A split-block Bloom filter: a set of hashes that may say yes to what is not in it, and never no to what is.
 *
 *     block   | word 0 | word 1 | ... | word 7 |      32 bytes; each hash has one block, and in each word one bit
 *
 * (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007; the salts are those of the
 * Parquet specification.) How many hashes there will be is not known before, and nothing is kept to count them: they
 * go into a filter of BLOOM_BLOCKS blocks, the zeros in which tell about how many they are, and which is then
 * folded to as many blocks as those need.
 *
 *     block of a hash = its highest 13 bits × blocks ÷ BLOOM_BLOCKS          so one of any size is a fold of the largest
 *
 *  1. A hash that was added is found, in whatever number of blocks.
 *  2. With BLOOM_BITS for each hash about 1 in 100 that were not added is found too; with BLOOM_BITS_LEAST 1 in 30.
 */
#ifndef FORMATS_BLOCK_BLOOM_H
#define FORMATS_BLOCK_BLOOM_H

#include "base/buf.h"

enum {
    BLOOM_BLOCK = 32,       /* bytes */
    BLOOM_BLOCKS = 1 << 13, /* of the largest */
    BLOOM_BITS = 10,
    BLOOM_BITS_LEAST = 8,
};

/* As it was stored. Owns nothing. */
struct bloom {
    const char *blocks;
    size_t n; /* 0: nothing is known of anything */
};

bool bloom_has(const struct bloom *b, uint64_t hash);

/* One that is being filled. */
struct bloom_builder {
    uint32_t *words; /* owned; those of BLOOM_BLOCKS blocks */
};

void bloom_builder_reset(struct bloom_builder *b);
void bloom_builder_free(struct bloom_builder *b);
void bloom_add(struct bloom_builder *b, uint64_t hash);
/* How many different hashes are in it, about. */
size_t bloom_count(const struct bloom_builder *b);
/* How many blocks they need, if it may have most; 0: more than that even with BLOOM_BITS_LEAST each. None need one, in which
 * nothing is found. */
size_t bloom_blocks(const struct bloom_builder *b, size_t most);
/* Appends so many blocks. */
void bloom_put(const struct bloom_builder *b, size_t n, struct buf *out);

#endif
