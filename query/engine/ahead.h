/*
 * Blocks that are opened before they are asked for, by helpers as far as these have time.
 *
 *     asked for    7                8                9
 *     this thread  7 ────── print   (8 is there)     10 ──────      while it waits for 9
 *     helper         8 ──────   9 ─────────────────────
 *
 *  1. What comes of a block, and what is found out on the way, is the same whoever opens it and when
 *     (opener.h, invariant 2).
 *  2. Blocks that are open at the same time take less than the limit, about, or are two.
 *  3. Without helpers a block is opened when it is asked for.
 */
#ifndef QUERY_ENGINE_AHEAD_H
#define QUERY_ENGINE_AHEAD_H

#include "query/engine/opener.h"

enum { AHEAD_MAX = 2 * HELPERS_MAX };

struct ahead_slot {
    struct opener opener;
    enum { SLOT_FREE, SLOT_OFFERED, SLOT_OPEN, SLOT_HELD } use; /* open: by this thread */
    uint64_t turn;                                              /* when it was offered */
};

struct ahead {
    struct helpers *helpers;  /* not owned; NULL: none */
    struct ahead_slot *slots; /* owned */
    size_t n;
    size_t limit;   /* bytes */
    size_t largest; /* bytes of the largest block so far */
    uint64_t turn;
};

void ahead_init(struct ahead *a, const struct snapshot *snapshot, const struct query *query,
                struct helpers *helpers, size_t limit);
void ahead_free(struct ahead *a); /* accepts the zero value */

bool ahead_has(const struct ahead *a, size_t index);
/* False: there is no room for one more; nor is there without helpers. */
bool ahead_offer(struct ahead *a, size_t index, size_t chunks, const struct selector *selector);
/* Opens it, or waits until it is open. It is held until the next call or ahead_release. */
struct opener *ahead_take(struct ahead *a, size_t index, size_t chunks,
                          const struct selector *selector);
void ahead_release(struct ahead *a);
/* Whatever is there is not needed; is_canceled of the selectors says so. */
void ahead_drop(struct ahead *a);

#endif
