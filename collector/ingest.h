/*
 * Blocks from shippers into the store, and hello. Requests are collected while a commit runs and go
 * together into the next one (group commit): one write, one sync, then all are answered.
 *
 *     POST /api/v1/blocks ─▶ queue ─▶ commit (thread): verify, store_put ..., store_commit
 *     POST /api/v1/hello  ─▶ queue ─────────┐              │
 *                                           ▼              ▼ publish, answer 200 400 409 503
 *                                    answered between two commits
 *
 * Invariants:
 *   1. 200 names the last block that is on disk; nothing is acknowledged before store_commit.
 *   2. Of a request all blocks before the first bad one are stored; the answer says up to which.
 *   3. Bodies held at once are at most INGEST_BYTES_MAX, and those still arriving INGEST_ARRIVING_MAX;
 *      what would be more gets 503.
 *   4. A jump in an origin's numbers leaves a gap record in a stream {service="sluice", ...} of the
 *      collector's own origin, in the same commit.
 */
#ifndef COLLECTOR_INGEST_H
#define COLLECTOR_INGEST_H

#include "base/io/http_server.h"
#include "base/io/work.h"
#include "base/metrics.h"
#include "collector/store/store.h"

enum {
    INGEST_BLOCKS_MAX = 64,
    INGEST_BODY_MAX = 10 << 20,  /* of one request */
    INGEST_BYTES_MAX = 24 << 20, /* of all */
    INGEST_ARRIVING_MAX = 16 << 20,
    HELLO_BODY_MAX = 4 << 20,
    INGEST_MAINTAIN_S = 5, /* retention is looked at this often */
};

struct ingest;

bool ingest_open(struct ingest **i, uv_loop_t *loop, struct store *store, struct metrics *metrics,
                 struct err *err);
/* Waits for the running commit; what is queued is answered with 503. */
void ingest_close(struct ingest **i);

/* Handlers. */
void ingest_blocks(struct ingest *i, struct http_exchange *x);
void ingest_hello(struct ingest *i, struct http_exchange *x);
/* Before the body of blocks is read: false = it has answered. */
bool ingest_admit(struct ingest *i, struct http_exchange *x);
/* Other rules of retention, from the next commit on; what it points to stays until then or the next call. */
void ingest_set_retention(struct ingest *i, const struct store_retention *retention);
/* Called on the loop whenever something new can be seen (store_publish). One; NULL: nobody. */
void ingest_on_publish(struct ingest *i, void (*published)(void *data), void *data);
/* The journal that is written ends, and all that there are become segments, from the next commit on. */
void ingest_merge(struct ingest *i);
/* All days that are closed become archives. */
void ingest_archive(struct ingest *i);
/* The import that is ready in the store's folder under this id comes in with the next commit, and that is
 * answered: 200, 404 there is none, 503. */
void ingest_import(struct ingest *i, struct http_exchange *x, struct hash128 id);
/* A merge is under way, or will be. */
bool ingest_is_merging(const struct ingest *i);
/* Once a second: retention. */
void ingest_tick(struct ingest *i);

#endif
