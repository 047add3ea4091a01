/* A view of the store as the query engine wants to see it. */
#ifndef COLLECTOR_STORE_SNAPSHOT_H
#define COLLECTOR_STORE_SNAPSHOT_H

#include "collector/store/store.h"
#include "query/engine/run.h"

struct view_snapshot {
    struct snapshot snapshot; /* what query_run takes */
    const struct view *view;
    const struct block_ref *refs;
    uint32_t *may; /* which needles, of each chunk by its number, and IS_SIFTED if it is known */
};

/* Of the blocks whose event times touch [since, until) (TIME_NONE: open). Lives as long as the view; any
 * thread. */
void view_snapshot(struct view_snapshot *s, struct view *view, int64_t since_ns, int64_t until_ns);
/* Damage found at opening makes an answer incomplete. */
void view_note_problems(const struct view *view, struct summary *summary);

#endif
