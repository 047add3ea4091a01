/*
 * GET and POST /api/v1/tail: answers without an end (query/engine/tail_form.h). What a tail has been
 * given is a span of the store (collector/store/places.h) and a key: everything before the span, and
 * of the span everything up to the key. It moves on by works:
 *
 *     request ─▶ span 0-END: the newest N before now ─┐                     on two threads of their own
 *     place   ─▶ span A-B:   what was missing of it  ─┤
 *                                                     ▼
 *             ┌──────────────▶ waits ── publish ──▶ span B-C: at most 256 blocks or 4 MiB
 *             └── all given ──────────────────────────┘│    ▲                on one thread
 *                                                      └────┘ time or room is over: goes on behind the key
 *
 *  1. Ingest never waits: it says that something was published, and a timer wakes the tails, every
 *     50 ms at most.
 *  2. No thread waits for a client. When what was emitted is not read, or after half a second, the work
 *     ends, and another one goes on behind the last result: the engine reads only what reaches so far.
 *     So few threads serve any number of tails, and a long look back holds up nobody who follows.
 *  3. Memory: TAIL_MEMORY and two decoded blocks for each of the three works that run, and up to about
 *     half a MiB for each client that does not read. One that does not for five minutes is ended; it
 *     goes on later where it was.
 *  4. Every batch in which something matched ends with a mark, and so does the first one of each answer;
 *     else there is one every ten seconds.
 */
#ifndef COLLECTOR_TAILS_H
#define COLLECTOR_TAILS_H

#include "base/io/http_server.h"
#include "base/metrics.h"
#include "collector/store/store.h"

struct tails;

enum { TAIL_MEMORY = 8 << 20 };

struct tails_options {
    uv_loop_t *loop;
    struct store *store;
    struct metrics *metrics;
    unsigned most; /* at the same time; more get 429 */
};

bool tails_open(struct tails **t, const struct tails_options *options, struct err *err);
/* Ends all answers, so that clients connect again elsewhere or later; new ones get 503. */
void tails_stop(struct tails *t);
/* The memory goes when the loop has run once more. Accepts a NULL variable. */
void tails_close(struct tails **t);
/* After store_publish. */
void tails_wake(struct tails *t);
/* Once a second: marks for those who wait, the end for those who do not read. */
void tails_tick(struct tails *t);
void tails_handle(struct tails *t, struct http_exchange *x);

#endif
