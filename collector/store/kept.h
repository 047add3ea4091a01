/*
 * Journals that the store is done with and outputs are not (forwarding.h). Private to collector/store.
 *
 *     DATA/journal/000012  ──▶  DATA/forward/000012-640      it has 640 blocks
 *
 *  1. A journal that has been merged, or that retention removes, is renamed to here instead of being unlinked while
 *     an output needs it. So it is in one place, and its bytes are counted once.
 *  2. A file here is whole: what did not count of it (a failed sync, a crash) is cut off, durably, before that.
 *  3. They go when all outputs have passed them, and before, oldest first: when they are more than the limit, when the
 *     disk has less free than it shall (before anything that can be searched goes), and when they are older than anything
 *     that the store keeps.
 *
 * Threads: all of this is the writer's. needed_from and the reading of the list are the loop's (forwarding.c), while no
 * writer call runs.
 */
#ifndef COLLECTOR_STORE_KEPT_H
#define COLLECTOR_STORE_KEPT_H

#include "base/arena.h"
#include "base/err.h"

struct store;

struct kept_journal {
    uint64_t number, blocks, bytes;
    int64_t newest_ns;
};

struct kept {
    struct kept_journal *list; /* by number */
    size_t n, capacity;
    uint64_t bytes;
    uint64_t
        needed_from;  /* the first journal that an output needs; UINT64_MAX: there is no output */
    uint64_t changes; /* of the list, and of the names of journals */
};

void kept_free(struct kept *k);
/* What there is in the folder, when the store is opened; until forwarding_open says more, outputs need it all. */
void kept_load(struct store *s);
/* Of a file or, "", the folder; lives in the arena. */
const char *kept_path(const struct store *s, const char *name, struct arena *arena);
const char *kept_journal_path(const struct store *s, uint64_t number, uint64_t blocks,
                              struct arena *arena);
/* A journal leaves its folder: away, or to here. end: of what counts; UINT64_MAX: it is looked for. *freed: bytes. */
bool store_retire_journal(struct store *s, uint64_t number, const char *path, uint64_t end,
                          uint64_t *freed, struct err *err);
/* The oldest one. */
bool kept_remove_first(struct store *s, struct err *err);

#endif
