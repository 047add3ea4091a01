/*
 * XXH3 (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md), the one hash of the tree: 64 bits
 * for checksums and tables, 128 bits for identities. Values are the same on every machine. Not for
 * secrets: tokens are compared by SHA-256 in base/io/crypto.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/buf.h"
#include "base/reader.h"

struct hash128 {
    uint64_t low, high;
};

uint64_t hash64(struct str s);
uint64_t hash64_pair(struct str a, struct str b); /* of a followed by b, without joining them */
struct hash128 hash128(struct str s);

static inline bool hash128_equal(struct hash128 a, struct hash128 b)
{
    return a.low == b.low && a.high == b.high;
}

int hash128_compare(struct hash128 a, struct hash128 b);

/* The same of pieces that do not lie in memory together. */
struct hash128_stream;
struct hash128_stream *hash128_begin(void);
void hash128_add(struct hash128_stream *s, struct str piece);
struct hash128 hash128_end(struct hash128_stream **s); /* frees it */
/* 32 lower-case hex digits, high half first, and back. */
enum { HASH128_TEXT = 33 };
void hash128_text(struct hash128 h, char text[HASH128_TEXT]);
bool hash128_parse(struct str s, struct hash128 *h);

/* 16 bytes, low half first. */
void put_hash128(struct buf *b, struct hash128 h);
struct hash128 read_hash128(struct reader *r);

/* Random bytes from the kernel; never fails. */
void random_bytes(void *p, size_t size);

#endif
