/*
 * The selected units that wait for their turn: batches, each of which stands in order, and always the one
 * whose next group comes first. It has a budget.
 *
 *     batches      | 9:01 9:03 9:07 |   | 9:02 9:05 |         taken: 9:01 9:02 9:03 9:05 9:07
 *
 *  1. When the batches take more than the budget, the groups that come last are thrown away, until half of
 *     it is left, and all groups from the first one thrown away (.floor) on are refused until window_reset:
 *     below the floor nothing is missing. One group always stays.
 *  2. With .newest everything is mirrored: "before" means a greater key.
 */
#ifndef QUERY_ENGINE_WINDOW_H
#define QUERY_ENGINE_WINDOW_H

#include "query/engine/batch.h"

/* Its place in the total order. */
struct order_key result_key(const struct result *result);

/* A batch, as far as it is taken. */
struct window_item {
    int64_t order_ns;    /* of the next group */
    struct batch *batch; /* owned; the piece that has it */
    uint32_t next;
};

struct window {
    struct window_item *heap; /* owned */
    size_t n, capacity;
    size_t bytes, budget;
    bool newest;
    bool has_floor;
    struct order_key floor;
};

/* Takes the batch over (NULL: nothing to do), of which what is before `from` is left out (NULL: nothing is). */
void window_add(struct window *w, struct batch *batch, const struct order_key *from);
/* What comes first, until window_pass; false: there is nothing. */
bool window_first(const struct window *w, const struct batch **batch, const struct group **group);
void window_pass(struct window *w);  /* that was taken */
void window_reset(struct window *w); /* empty, without floor */
void window_free(struct window *w);

#endif
