/*
 * The queue of what outputs forward: the blocks of a store's journals in the order of their commits, for each output
 * from its own position on. Nothing is written for it but positions: outputs read the journals.
 *
 *     DATA/journal/000017          one that the store holds, also the one that is written
 *     DATA/forward/000012-640      one that the store is done with and some output is not (kept.h)
 *     DATA/forward/loki.position   journal, low half of its id, offset, blocks before it in the journal, XXH3-64 of these
 *
 *            position              given
 *               │   with the endpoint │    waits
 *     ──────────┴─────────────────────┴──────────────▶ last publish
 *        done ──┘                next ┘
 *
 *  1. What forward_next gives is committed and published: of a journal it gives what the store counts of it, never
 *     what a failed sync or a crash has left behind that.
 *  2. Each block that is committed while an output is configured is given to it at least once, also over restarts and
 *     power cuts. Positions are written without a sync: a power cut repeats blocks, and skips none. But:
 *  3. what waits is bounded (struct store_retention): journals that only outputs need go, oldest first, when they are
 *     more than forward_bytes, when the disk has less free than keep_free, or when they are older than all that the
 *     store keeps. Outputs jump over them: counted and told. The lines of them are where the store has them.
 *  4. What is damaged is skipped, counted and told.
 *  5. An output that is new begins behind the last block of the last publish: what was stored before is not forwarded.
 *     One whose position cannot be read, or is none of this store, begins with the oldest journal there.
 *  6. Positions count from forwarding_open on, whether or not somebody takes the output. Without outputs there is no
 *     folder, and the store is as if this were not there.
 *
 * Imports are not forwarded: they come in as segments (importing.h). The collector's own blocks, which say that others
 * are missing, are in the journals and forwarded like all. Backups (parts.h) have neither positions nor what waits.
 *
 * Threads: all functions are the loop thread's. forwarding_open and forwarding_publish read what the writer writes and
 * are called while no writer call runs; the others may be called while one does: they touch files and the list of the
 * last publish only. The writer moves, bounds and removes files in store_maintain.
 */
#ifndef COLLECTOR_STORE_FORWARDING_H
#define COLLECTOR_STORE_FORWARDING_H

#include "collector/store/store.h"

#define FORWARD_POSITION STR(".position")

struct forwarding;     /* of a store */
struct forward_output; /* one of its outputs */

struct forwarding_options {
    const struct str *names; /* of all outputs that are configured: letters, digits, "-" and "_" */
    size_t n;
    void (*tell)(void *context, const char *text); /* what is skipped, for the log */
    void *context;
};

/* The positions of other outputs are forgotten. */
bool forwarding_open(struct forwarding **f, struct store *s,
                     const struct forwarding_options *options, struct err *err);
/* Before the store is closed; no writer call runs. */
void forwarding_close(struct forwarding **f);
/* After every store_publish that follows a writer call: there may be more to give from now on. */
void forwarding_publish(struct forwarding *f);
/* Who reads: from the position on, or as a new output. It lives until it is forgotten. */
bool forwarding_take(struct forwarding *f, struct str name, struct forward_output **o,
                     struct err *err);
/* It is not configured any more. */
void forwarding_forget(struct forwarding *f, struct str name);
/* Of journals that only outputs need, as of the last publish. */
uint64_t forwarding_bytes(const struct forwarding *f);

/* Appends the next block behind those given before. False with ERR_NONE: there is none now; ERR_LIMIT: it does not
 * fit under out->max, and stays the next; ERR_SYSTEM: it cannot be read now, and stays the next. */
bool forward_next(struct forward_output *o, struct buf *out, struct err *err);
/* All blocks that were given are done: the position is behind them. */
void forward_done(struct forward_output *o);

struct forward_lag {
    uint64_t blocks, bytes; /* behind the position */
    int64_t oldest_ns;      /* when the first of them was stored; TIME_NONE: there is none */
    uint64_t skipped;       /* blocks that were removed before they were given, since opening */
    uint64_t damaged;       /* places, since opening */
};
struct forward_lag forward_lag(struct forward_output *o);

#endif
