#include "formats/block/bloom.h"

#include "base/mem.h"

#include <math.h>

enum { WORDS = 8, INDEX_SHIFT = 64 - 13 };

static const uint32_t salts[WORDS] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                      0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

static inline unsigned bit_of(uint64_t hash, size_t word)
{
    return (uint32_t)hash * salts[word] >> 27;
}

bool bloom_has(const struct bloom *b, uint64_t hash)
{
    const char *block = b->blocks + (hash >> INDEX_SHIFT) * b->n / BLOOM_BLOCKS * BLOOM_BLOCK;
    for (size_t i = 0; i < WORDS && b->n; i++) {
        unsigned bit = bit_of(hash, i); /* words stand with their lowest byte first */
        if (!(block[i * sizeof(uint32_t) + bit / 8] >> bit % 8 & 1))
            return false;
    }
    return true;
}

static const size_t builder_bytes = (size_t)BLOOM_BLOCKS * BLOOM_BLOCK;

void bloom_builder_reset(struct bloom_builder *b)
{
    if (!b->words)
        b->words = mem_alloc_raw(builder_bytes);
    memset(b->words, 0, builder_bytes);
}

void bloom_builder_free(struct bloom_builder *b)
{
    mem_free(&b->words);
}

void bloom_add(struct bloom_builder *b, uint64_t hash)
{
    uint32_t *block = b->words + (hash >> INDEX_SHIFT) * WORDS;
    for (size_t i = 0; i < WORDS; i++)
        block[i] |= UINT32_C(1) << bit_of(hash, i);
}

/* In the words, of which most machines that this runs on can count several at once. */
static size_t count_ones(const uint32_t *words, size_t n)
{
    size_t ones = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t x = words[i];
        x -= x >> 1 & 0x55555555;
        x = (x & 0x33333333) + (x >> 2 & 0x33333333);
        ones += ((x + (x >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24;
    }
    return ones;
}

size_t bloom_count(const struct bloom_builder *b)
{
    const size_t bits = builder_bytes * 8;
    size_t ones = count_ones(b->words, (size_t)BLOOM_BLOCKS * WORDS);
    /* Of each word a hash sets one bit of 32, so of n hashes in B blocks a share of e^(-n / 32 B) stays zero. */
    double zeros = (double)max_of(bits - ones, (size_t)1) / (double)bits;
    return (size_t)ceil(-log(zeros) * (double)(32 * BLOOM_BLOCKS));
}

size_t bloom_blocks(const struct bloom_builder *b, size_t most)
{
    size_t n = bloom_count(b), block_bits = (size_t)BLOOM_BLOCK * 8;
    size_t least = (n * BLOOM_BITS_LEAST + block_bits - 1) / block_bits;
    size_t wanted = (n * BLOOM_BITS + block_bits - 1) / block_bits;
    most = min_of(most, (size_t)BLOOM_BLOCKS);
    return least > most ? 0 : min_of(max_of(wanted, (size_t)1), most);
}

void bloom_put(const struct bloom_builder *b, size_t n, struct buf *out)
{
    char *to = buf_reserve(out, n * BLOOM_BLOCK);
    if (!to)
        return;
    memset(to, 0, n * BLOOM_BLOCK);
    for (size_t i = 0; i < BLOOM_BLOCKS && n; i++) {
        const uint32_t *from = b->words + i * WORDS;
        char *into = to + i * n / BLOOM_BLOCKS * BLOOM_BLOCK;
        for (size_t k = 0; k < BLOOM_BLOCK; k++)
            into[k] = (char)(into[k] | (char)(from[k / 4] >> 8 * (k % 4)));
    }
    out->len += n * BLOOM_BLOCK;
}
