/* What the tests of collector/store's merging share: a store in the test's folder, and a shipper's blocks. */
#ifndef TESTS_UNIT_STORE_HELPER_H
#define TESTS_UNIT_STORE_HELPER_H

#include "collector/store/merging.h"
#include "collector/store/snapshot.h"

enum { ST_DAY = 20000, ST_EACH = 50 }; /* 2024-10-04; records of a block */

extern int64_t st_now; /* begins with that day */

/* Of a file in the data folder. */
const char *st_path_of(struct arena *a, const char *name);
struct store *st_open_store(struct store_options options);
/* Block `sequence` of an origin: ST_EACH lines, whose levels go from unknown to info and begin anew. */
enum origin_verdict st_put(struct store *s, uint64_t origin, uint64_t sequence);
/* ... of another service, with which each line begins, than "api". */
enum origin_verdict st_put_of(struct store *s, uint64_t origin, uint64_t sequence,
                              const char *service);
/* With the maintenance behind it. False: there was nothing to do. */
bool st_merge_once(struct store *s);
void st_merge_all(struct store *s);
/* What a search for everything gives, with the identity of each record. */
void st_search(struct view *v, struct buf *out, struct summary *summary);
/* ... of a store of which nothing is missing. */
void st_search_store(struct store *s, struct buf *out);
/* Appends a result, with the identity of its record, to a buffer. */
bool st_hear(void *buf, const struct result *r);
size_t st_files_in(const char *name);
/* Flips a bit in each byte of a file of the folder's store in turn: searches notice it, and what they still find is of
 * `lines`, what they found before. */
void st_flip_every_byte(const char *path, const struct buf *lines);

#endif
