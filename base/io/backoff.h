/*
 * How long to wait before the next attempt: exponential with full jitter, and never before the
 * moment the other side asked for.
 *
 *     attempt n fails: wait a random time between min and min(max, min * 2^n)
 *     with Retry-After: at least that long (at most BACKOFF_ASKED_MAX), plus up to min of jitter
 *
 * Pure: no clock and no timer. The zero value is valid (100 ms to 30 s, seeded by the kernel).
 */
#ifndef BASE_IO_BACKOFF_H
#define BASE_IO_BACKOFF_H

#include "base/str.h"
#include "base/time.h"

#define BACKOFF_MIN       (100 * NS_PER_MS)
#define BACKOFF_MAX       (30 * NS_PER_S)
#define BACKOFF_ASKED_MAX (3600 * NS_PER_S)

struct backoff {
    int64_t min_ns;    /* 0 = BACKOFF_MIN */
    int64_t max_ns;    /* 0 = BACKOFF_MAX */
    uint64_t random;   /* state of the generator; 0 = take a seed from the kernel */
    unsigned attempts; /* failed in a row */
};

/* Counts one failure; the span to wait, in ns. asked_ns is the Retry-After span, 0 = none. */
int64_t backoff_next(struct backoff *b, int64_t asked_ns);
void backoff_reset(struct backoff *b); /* after a success */

/* The value of a Retry-After header: seconds or an HTTP date (a past one gives 0). */
bool parse_retry_after(struct str value, int64_t now_ns, int64_t *asked_ns);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), read and written; whole seconds, UTC. */
bool parse_http_date(struct str value, int64_t *ns);
void put_http_date(struct buf *b, int64_t ns);

#endif
