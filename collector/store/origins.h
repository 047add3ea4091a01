/*
 * Who has sent what: the duplicate table and the source table. Both are part of the first frame of
 * every journal, so they outlive the blocks they speak of no longer than retention allows.
 *
 * Rules for a block (sequence n, hash h) of an origin whose last stored number is `last`:
 *     unknown origin                            stored
 *     n == last + 1                             stored
 *     n >  last + 1                             stored; blocks are missing before it
 *     n, h among the last ORIGIN_WINDOW         known: acknowledged, not stored
 *     any other n <= last                       conflict: another shipper uses this origin
 *
 * What a batch adds is provisional until origins_keep; origins_forget takes it back (the sync
 * failed).
 */
#ifndef COLLECTOR_STORE_ORIGINS_H
#define COLLECTOR_STORE_ORIGINS_H

#include "base/err.h"
#include "formats/block/block.h"

enum {
    ORIGIN_WINDOW = 64,      /* blocks a shipper may have unacknowledged */
    ORIGINS_MAX = 4096,      /* above it the eighth not seen for longest is forgotten */
    SOURCES_MAX = 256 << 10, /* the same */
};

enum origin_verdict { ORIGIN_NEW, ORIGIN_NEXT, ORIGIN_JUMP, ORIGIN_KNOWN, ORIGIN_CONFLICT };

struct origins;

struct origins *origins_new(void);
void origins_close(struct origins **o);

enum origin_verdict origins_check(const struct origins *o, struct hash128 origin, uint64_t sequence,
                                  struct hash128 hash);
/* Last stored number and the hash of that block; 0 if the origin is unknown. hash may be NULL. */
uint64_t origins_last(const struct origins *o, struct hash128 origin, struct hash128 *hash);
/* Where a source is known to be stored up to; false if it is unknown. from is 0. */
bool origins_source(const struct origins *o, struct hash128 id, struct block_source *source);

/* Notes a block that was appended, with its sources. */
void origins_add(struct origins *o, const struct block *block, struct hash128 hash, int64_t now_ns);
void origins_keep(struct origins *o);
void origins_forget(struct origins *o);

/* The tables in the first frame of a journal; what was not seen since oldest_ns is left out (and
 * forgotten). Strict reading into an empty table. */
void origins_put(struct origins *o, int64_t oldest_ns, struct buf *b);
bool origins_read(struct origins *o, struct reader *r, struct err *err);

size_t origins_count(const struct origins *o);

#endif
