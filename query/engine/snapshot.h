/* What a search sees of a store: blocks, and how they are read. It does not change meanwhile. */
#ifndef QUERY_ENGINE_SNAPSHOT_H
#define QUERY_ENGINE_SNAPSHOT_H

#include "base/buf.h"
#include "base/err.h"
#include "formats/block/sieve.h"

struct snapshot_block {
    size_t chunks;         /* of the slice (slice.h); 0: it is a block */
    struct hash128 origin; /* of a block */
    uint32_t records;
    int64_t least_order_ns, greatest_order_ns;
    int64_t least_event_ns, greatest_event_ns;
    uint64_t bytes, line_bytes; /* stored; of its lines */
};

enum { SNAPSHOT_NAME = 48 };

enum { SIFT_NEEDLES_MAX = 31 };
#define SIFT_ALL ((UINT32_C(1) << SIFT_NEEDLES_MAX) - 1)

struct snapshot {
    void *context;
    size_t n_blocks; /* in the order of arrival; no record is in two */
    struct snapshot_block (*block)(void *context, size_t i);
    /* Appends the bytes of a block, or of a slice's chunk, of which `part` is the number. As with .name and
     * .takes, by any thread. */
    bool (*load)(void *context, size_t i, size_t part, struct buf *out, struct err *err);
    /* Where that lies, for people; NULL: that says nothing. */
    void (*name)(void *context, size_t i, size_t part, char name[SNAPSHOT_NAME]);
    /* Whether a row of a chunk belongs to what is searched; NULL: all do. */
    bool (*takes)(void *context, size_t i, struct hash128 origin, uint64_t sequence);
    /* Which of the needles, always the same ones, may be in a block: a bit for each, perhaps more. False: what is
     * known of it is damaged; *may is there all the same. NULL: nothing is known. */
    bool (*sift)(void *context, size_t i, const struct sieve_needle *needles, size_t n,
                 uint32_t *may, struct err *err);
    /* All that are known, for filters and lists; NULL: any may come (filter.h, invariant 2). */
    const struct labels *const *streams;
    size_t n_streams;
};

#endif
