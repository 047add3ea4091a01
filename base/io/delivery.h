/*
 * Bodies to one URL, one at a time, sent again until the other side has decided.
 *
 *      delivery_send ─▶ request ─▶ answer ─▶ verdict ─┬─ ACCEPTED, REFUSED ─▶ done
 *                         ▲                            └─ RETRY: wait (backoff, Retry-After)
 *                         └──────────────────────────────────┘
 *
 * Without a judge of the caller's:
 *
 *      2xx                                     ACCEPTED
 *      401 403 408 421 425 429, 5xx, no answer RETRY, for ever; the state says why
 *      all else (400 409 413 ...)              REFUSED, the caller decides
 *
 * Invariants
 *  1. At most one request is in flight, and done is called exactly once for each delivery_send that
 *     is not canceled, never from inside delivery_send or delivery_cancel.
 *  2. The body is the caller's until done, delivery_cancel or delivery_close.
 *  3. The same bytes may arrive more than once: an answer can get lost. The other side recognises
 *     them by their content.
 */
#ifndef BASE_IO_DELIVERY_H
#define BASE_IO_DELIVERY_H

#include "base/io/backoff.h"
#include "base/io/http_client.h"

enum { DELIVERY_ANSWER_MAX = 64 << 10 }; /* bytes of an answer; a longer one counts as no answer */

struct delivery;

enum delivery_verdict { DELIVERY_ACCEPTED, DELIVERY_REFUSED, DELIVERY_RETRY };

/* Valid only inside the callback that gets it. */
struct delivery_answer {
    enum delivery_verdict verdict;
    unsigned status;
    struct str body;
    const struct http_call *call; /* for http_call_header */
};

struct delivery_options {
    uv_loop_t *loop;
    struct http_client *client;  /* the caller's, closed after the delivery */
    struct http_request request; /* all but .body; its strings are kept by the caller; method NULL =
                                    "POST"; response_max 0 = DELIVERY_ANSWER_MAX */
    struct backoff backoff;      /* limits; the zero value is fine */
    enum delivery_verdict (*judge)(unsigned status, struct str body, void *data); /* optional */
    void *data;
};

/* For `status` and metrics. */
struct delivery_state {
    bool is_sending;          /* something is in flight or waits for its next attempt */
    bool is_failing;          /* the last attempt failed */
    unsigned attempts;        /* failed in a row */
    int64_t failing_since_ns; /* wall clock of the first of them */
    unsigned last_status;     /* HTTP status of the last answer; 0 = none came */
    char last_error[252];     /* of the last failed attempt; stays for the record */
};

void delivery_open(struct delivery **out, const struct delivery_options *options);
/* Cancels; the memory goes when the loop has run once more. Accepts a NULL variable. */
void delivery_close(struct delivery **delivery);

/* Nothing else is under way. */
void delivery_send(struct delivery *delivery, struct str body,
                   void (*done)(const struct delivery_answer *answer, void *data), void *data);
void delivery_cancel(struct delivery *delivery); /* done is not called; fine if nothing is sent */
void delivery_hurry(struct delivery *delivery);  /* waiting for a next attempt: now */
const struct delivery_state *delivery_status(const struct delivery *delivery);

#endif
