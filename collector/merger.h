/*
 * Merging in the background: one merge after the other, on a thread of its own that gives way to all others.
 *
 *     merger_turn ──▶ store_end_merge, store_plan_merge ──▶ thread: store_run_merge ──▶ ended ──▶ merger_turn …
 *
 *  1. The store is only touched in merger_turn, which is called while no writer call runs.
 *  2. What fails is tried again after a while, and never stops the rest of the collector.
 */
#ifndef COLLECTOR_MERGER_H
#define COLLECTOR_MERGER_H

#include "base/io/work.h"
#include "collector/store/store.h"

struct merger;

/* ended is called on the loop when merger_turn has something to do. */
bool merger_open(struct merger **m, uv_loop_t *loop, struct store *store, void (*ended)(void *data),
                 void *data, struct err *err);
/* Cancels what runs; no writer call runs. */
void merger_close(struct merger **m);
bool merger_is_busy(const struct merger *m);
/* Takes in a merge that has ended, and begins the next one. True: files can be removed now. */
bool merger_turn(struct merger *m);

#endif
