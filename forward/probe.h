/*
 * What another system is and takes, asked without leaving anything there: `sluice check --connect`.
 *
 *     probe_begin ─▶ probe_next ─▶ request ─▶ (network) ─▶ answer ─▶ probe_take ─┐
 *                        ▲  └─ false: the verdict is there                       │
 *                        └───────────────────────────────────────────────────────┘
 *
 *     Loki        an empty push, its version, and of its configuration whether structured metadata may come
 *     Elastic     its version, the login's privileges, the data stream or its template, how `fields` is mapped
 *     Collector   hello
 *
 * Pure: requests and answers are values.
 *
 *  1. Only what says that a push will be refused fails. A question that the login may not ask, or that the
 *     other side does not know, leaves a "not known".
 *  2. Texts are one line each, without control characters, and hold no secret.
 *  3. Hostile answers cost time linear in their length.
 */
#ifndef FORWARD_PROBE_H
#define FORWARD_PROBE_H

#include "base/buf.h"
#include "base/config_outputs.h"

enum { PROBE_REPLY_MAX = 4 << 20 };

struct probe_request {
    const char *method, *path; /* behind the URL of the output */
    struct str body;           /* JSON; .ptr NULL: none */
};

struct probe_answer {
    unsigned status;    /* 0: none came */
    struct str error;   /* then: why */
    struct str body;    /* may be cut */
    struct str product; /* the header X-Elastic-Product */
};

enum elastic_product { PRODUCT_LIKE_IT, PRODUCT_ELASTICSEARCH, PRODUCT_OPENSEARCH };

struct probe {
    const struct config_other_output *config; /* the caller's */
    bool has_login;
    int64_t now_ns;

    bool is_over, has_failed;
    struct buf text;  /* behind "ok": findings with commas between; or why it fails */
    struct buf hints; /* lines: what to do for more than that */

    unsigned step; /* of the kind */
    struct buf path, body;
    unsigned version; /* Loki's: 3.6.2 is 3006 */
    enum elastic_product product;
    bool may_create, may_make, knows_privileges, has_stream;
};

/* has_login: an Authorization header goes with the requests. now_ns: wall clock. */
void probe_begin(struct probe *p, const struct config_other_output *config, bool has_login,
                 int64_t now_ns);
/* The next question; what it points to lives until the next call. False: it is over. */
bool probe_next(struct probe *p, struct probe_request *request);
void probe_take(struct probe *p, const struct probe_answer *answer);
void probe_free(struct probe *p);

#endif
