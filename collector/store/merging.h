/*
 * Journals become segments, small segments large ones, and those of closed days archives. Two threads have a part in it:
 *
 *     the loop       store_plan_merge         which journals; they are held until the end
 *     any thread     store_run_merge          reads them, writes the segment, syncs, gives it its name
 *     the loop       store_end_merge          views see the segment now, and not the journals
 *     the writer     store_maintain           unlinks the journals
 *
 *  1. From the moment at which the segment has its name, what it replaces does not count: a restart at any
 *     time finds every block once. (A view that is open goes on with the journals.)
 *  2. A journal with damaged places is not merged: what is left of them may still be of use.
 *  3. A journal that has been merged is remembered for a while, without its file, for those who follow the
 *     store (places.h).
 */
#ifndef COLLECTOR_STORE_MERGING_H
#define COLLECTOR_STORE_MERGING_H

#include "collector/store/store.h"

struct store_merge;

/* The oldest journals that belong together, up to about the size of a whole one; or segments that do; or those of a
 * closed day, which become an archive. NULL: there is nothing to do. */
struct store_merge *store_plan_merge(struct store *s);
/* All closed days become archives from now on, until nothing is left to do. */
void store_archive(struct store *s);
bool store_is_archiving(const struct store *s);
/* is_canceled may be NULL; store_end_merge tells how it went. */
void store_run_merge(struct store_merge *m, bool (*is_canceled)(void *), void *context);
/* While no writer call runs. False: the store is as it was. Frees it. */
bool store_end_merge(struct store *s, struct store_merge **m, struct err *err);

#endif
