/* Stores for tests: what a shipper and the collector's loop do to one, a step at a time. */
#ifndef TESTS_STORES_H
#define TESTS_STORES_H

#include "collector/store/merging.h"

/* Puts a block of make_block, without a commit. */
bool put_made_block(struct store *s, int64_t now, uint64_t origin, uint64_t sequence,
                    const char *service, int first, int n, struct put_result *result,
                    struct err *err);
/* Commits and publishes; publishes also if the commit fails. */
bool commit_blocks(struct store *s, int64_t now, struct err *err);
/* One merge with the maintenance behind it, if there is something to merge; *merged says so, if it is not NULL. */
bool merge_once(struct store *s, int64_t now, bool *merged, struct err *err);
/* All days that are over. */
bool archive_all(struct store *s, int64_t now, struct err *err);
/* Checks all that is visible, and calls for each line; false: it, or a block or chunk that is damaged, ended it. */
bool each_stored_line(struct store *s, bool (*take)(void *context, struct str line), void *context);

#endif
