/*
 * Hello to a collector (POST /api/v1/hello; docs/formats.md, section 8), on the side of who sends blocks: how far it has
 * an origin, by the number and hash of its last block, and how far it has sources. Pure.
 */
#ifndef FORWARD_HELLO_H
#define FORWARD_HELLO_H

#include "base/io/delivery.h"
#include "formats/block/block.h"

void put_hello(struct buf *b, struct hash128 origin, const struct hash128 *sources, size_t n);

struct hello_answer {
    uint64_t last;   /* 0: the origin is unknown */
    int64_t time_ns; /* the collector's clock; TIME_NONE: it did not tell */
    struct hash128 last_hash;
    struct block_source *sources; /* in the arena */
    size_t n_sources;
};
bool read_hello_answer(struct str json, struct arena *arena, struct hello_answer *answer,
                       struct err *err);
/* For delivery: whatever else answers there may be a collector later. */
enum delivery_verdict judge_hello(unsigned status, struct str body, void *data);

#endif
