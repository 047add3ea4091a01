/*
 * Quantiles of many numbers in little room: DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019).
 *
 *     number    0.9   1    1.02  1.04 ...       a bucket for each power of 1.02; how many fell into it
 *
 *  1. A quantile is right within 1 % of its value, as long as there are at most SKETCH_BUCKETS buckets; then
 *     the smallest numbers are taken together.
 *  2. Sketches that are joined are the sketch of all their numbers, whatever the order.
 *  3. Numbers are finite. Negative ones have buckets of their own.
 */
#ifndef QUERY_ENGINE_SKETCH_H
#define QUERY_ENGINE_SKETCH_H

#include "base/buf.h"
#include "base/reader.h"

enum { SKETCH_BUCKETS = 2048 };

struct sketch_bucket {
    int32_t power; /* of 1.02; ascending with the numbers, zero and negative ones included */
    uint64_t n;
};

/* The zero value is empty. */
struct sketch {
    struct sketch_bucket *buckets; /* owned; by power */
    size_t n, capacity;
    uint64_t numbers;
};

void sketch_free(struct sketch *s);
void sketch_add(struct sketch *s, double number);
void sketch_join(struct sketch *s, const struct sketch *other);
/* q: 0 to 1. Of an empty one 0. */
double sketch_quantile(const struct sketch *s, double q);
/* sketch := n:varint (power - power before:zigzag n:varint)* */
void sketch_put(const struct sketch *s, struct buf *out);
/* What is malformed is r->bad. */
void sketch_read(struct sketch *s, struct reader *r);

#endif
