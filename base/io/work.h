/*
 * Work off the loop: a small pool of threads of our own (libuv's is shared with its file and name
 * look-ups), and a bounded stream of bytes from a running work back to the loop.
 *
 *      loop                                     thread
 *      work_start ───────── queue ────────────▶ run(work)
 *      chunk(work, bytes) ◀─ at most 256 KiB ── work_emit(work, &buf)   blocks while more is queued
 *      done(work) ◀──────────────────────────── run returns
 *      work_cancel ──────── flag ─────────────▶ work_is_canceled(work), work_emit says false
 *
 * Invariants
 *  1. run is called at most once, on one thread; not at all when the work was canceled before a
 *     thread took it.
 *  2. done is called exactly once for each started work, on the loop, after run has returned and
 *     after the last chunk. From then on the caller owns the struct again and may free it.
 *  3. From work_start until done, run's thread owns what the work points to; the loop only looks at
 *     work_is_canceled. Emitted bytes are handed over.
 *  4. Chunks come in the order they were emitted, none while paused, none after work_cancel.
 *  5. chunk and done are never called from inside work_start, work_cancel, work_pause or
 *     work_resume; workers_close calls done for what is left, so a done that starts the next work
 *     first asks work_is_canceled.
 *  6. Only work_emit, work_has_room and work_is_canceled may be called on a thread; all else on the
 *     loop.
 *
 * This and base/helpers are the only places of the tree with mutexes and conditions.
 */
#ifndef BASE_IO_WORK_H
#define BASE_IO_WORK_H

#include "base/buf.h"
#include "base/err.h"

#include <uv.h>

enum {
    WORK_QUEUE_MAX = 256 << 10, /* bytes emitted and not yet delivered before work_emit blocks */
    WORK_STACK = 1 << 20,       /* bytes of stack of each thread */
};

struct workers;
struct work_chunk;

struct work {
    void (*run)(struct work *);                     /* on a thread */
    void (*chunk)(struct work *, struct str bytes); /* on the loop; needed only to emit */
    void (*done)(struct work *);                    /* on the loop */

    /* Private to work.c. */
    struct workers *workers;
    struct work *next, *previous;          /* all between work_start and done; loop only */
    struct work *next_queued, *next_ready; /* under the lock, as all below */
    struct work_chunk *first, *last;
    size_t queued; /* bytes in first..last */
    bool is_ready, is_finished;
    bool is_paused;   /* loop only */
    bool is_canceled; /* atomic */
};

/* Of the thread that calls: from now on it runs when others have nothing to do, mostly. */
void work_give_way(void);

bool workers_open(struct workers **out, uv_loop_t *loop, unsigned threads, struct err *err);
/* Cancels what is queued or running, waits for the threads, calls done for each; the memory goes
 * when the loop has run once more. Accepts a NULL variable. */
void workers_close(struct workers **workers);

/* The private fields are set here; a work may be started again after its done. */
void work_start(struct workers *workers, struct work *work);
void work_cancel(struct work *work); /* more than once is fine; done follows */
bool work_is_canceled(const struct work *work);

/* Takes the content over and leaves *chunk empty. False: canceled, the bytes are gone, return. */
bool work_emit(struct work *work, struct buf *chunk);
/* Whether work_emit would not block; waits up to wait_ms for that. For works that had rather end and
 * go on later than hold a thread while nobody reads. */
bool work_has_room(struct work *work, unsigned wait_ms);
void work_pause(struct work *work);
void work_resume(struct work *work);

#endif
