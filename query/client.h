/*
 * Asking a collector from the command line: where it is, with which token, and a blocking search over
 * HTTP whose results come one by one.
 *
 * The collector is found by the flag, SLUICE_COLLECTOR, outputs.collector.url of a readable
 * configuration, the socket (collector.socket), http://127.0.0.1:4100; the first that is there.
 */
#ifndef QUERY_CLIENT_H
#define QUERY_CLIENT_H

#include "base/config.h"
#include "query/engine/query.h"
#include "query/engine/results.h"

struct client {
    struct str *urls; /* in the arena */
    size_t n_urls;
    struct buf token; /* empty: none; wiped by client_free */
    struct str ca_file;
    unsigned idle_ms; /* without a byte of an answer; 0 = 10 min */
    struct arena arena;
};

/* given: what --collector said, may be none. config: loaded, or the defaults if it may not be read. */
bool client_init(struct client *c, const struct str_list *given, const struct config *config,
                 struct warnings *w, struct err *err);
void client_free(struct client *c);

/* Results go to take, which may block and ends the search with false. false: nobody answered, the
 * answer was a refusal (ERR_INPUT: the query is wrong), or it ended too early; what came before was
 * given. ERR_CANCELED: take said so. */
bool client_search(struct client *c, const struct query *query,
                   bool (*take)(void *context, const struct result *result), void *context,
                   struct summary *summary, struct err *err);

/* What the search would do (query/engine/explain.h), as the collector says it. */
bool client_explain(struct client *c, const struct query *query, struct buf *out, struct err *err);

/* What comes of an answer without an end. */
struct client_events {
    bool (*take)(void *context, const struct result *result); /* as in client_search */
    /* A mark; place is empty if the collector only says that it is there. */
    void (*mark)(void *context, struct str place, const struct summary *problems);
    /* Nothing more has arrived for now. */
    void (*pause)(void *context);
    void *context;
};
enum {
    CLIENT_SILENCE_S = 30
}; /* without a byte a collector that has begun to answer counts as dead */

/* Follows; form is that of query/engine/tail_form.h. Always false in the end: *status is that of the
 * answer (0: there was none), 200 if it was cut. ERR_CANCELED: take said so. */
bool client_tail(struct client *c, struct str form, const struct client_events *events,
                 unsigned *status, struct err *err);

/* One small request; the answer's body is appended to out. Statuses other than 2xx are errors with
 * the text of the answer. */
bool client_call(struct client *c, const char *method, const char *path, struct buf *out,
                 struct err *err);

#endif
