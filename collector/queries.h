/*
 * GET and POST /api/v1/query: searches over a view of the store, each on a thread of its own, with its
 * answer streamed. A client that reads slowly holds only its own search back; one that leaves ends it.
 *
 *     request ─▶ view ─▶ thread: engine ─ work_emit ─▶ loop: http_reply_write ─▶ client
 *                          ▲ blocks while 256 KiB wait      │ paused while 256 KiB are unsent
 *                helpers that all searches share
 *
 * The answer is a stream of results (query/engine/results.h), or for people and curl JSON lines, text
 * or raw lines. Its last element says whether it is complete; a stream without one is not.
 */
#ifndef COLLECTOR_QUERIES_H
#define COLLECTOR_QUERIES_H

#include "base/io/http_server.h"
#include "base/metrics.h"
#include "collector/store/store.h"

struct queries;

struct queries_limits {
    unsigned most;   /* at the same time; more get 429 */
    uint64_t memory; /* bytes for each */
    int64_t time_ns; /* each ends after this, incomplete */
};

struct queries_options {
    uv_loop_t *loop;
    struct store *store;
    struct metrics *metrics;
    struct queries_limits limits;
};

bool queries_open(struct queries **q, const struct queries_options *options, struct err *err);
void queries_close(struct queries **q); /* cancels all */
/* For searches that come from now on. */
bool queries_set_limits(struct queries *q, const struct queries_limits *limits, struct err *err);
/* Once a second: ends searches whose time is over and whose clients do not read. */
void queries_tick(struct queries *q);
void queries_handle(struct queries *q, struct http_exchange *x);

#endif
