/*
 * The spool's blocks to a collector, in order, one request at a time, for ever.
 *
 *     start ─▶ HELLO ─▶ IDLE ◀──────────── acknowledged ─────────┐
 *                │        │ spool has blocks                     │
 *                │        └─▶ SENDING (1 to 64 blocks) ─ answer ─┤
 *                │                                     409, or the collector's last block is not ours
 *                └──────────────────────────────────────────────▶ CONFLICT: the owner draws a new origin
 *                                                                 and starts again
 *
 * Happy path: hello tells how far this origin is stored, the rest is sent.
 * Failure modes: no answer, 401, 403, 404, 429, 5xx: the same request again with backoff, for ever.
 * 400, 413: the blocks one by one; one that is refused alone is kept in STATE/refused (a bounded
 * number), counted, and passed over. 409: conflict. A lost answer: the collector knows the blocks again.
 *
 * Invariants:
 *   1. A block is acknowledged to the reader only when a collector said so, or when it was refused for
 *      good and set aside.
 *   2. The collector's last number is believed only if its hash is that of our block of this number, or
 *      if the number is one that we know to be acknowledged.
 */
#ifndef SHIPPER_SENDER_H
#define SHIPPER_SENDER_H

#include "base/io/delivery.h"
#include "shipper/spool_reader.h"

struct sender;

struct sender_options {
    uv_loop_t *loop;
    struct http_client *client;
    const struct spool *spool;   /* says who we are */
    struct spool_reader *reader; /* the collector's */
    const char *url;
    const char *token;   /* read anew for each request; NULL or empty: none */
    const char *ca_file; /* or NULL */
    const char *state;   /* folder; refused blocks go below it */
    /* The answer to hello; sources are those that were asked for and are known there. Sending goes on
     * with the next sender_kick. */
    void (*greeted)(const struct block_source *sources, size_t n, void *data);
    /* Somebody else uses our origin. Nothing is sent until sender_start. If hello has told: last is
     * the collector's block number, and the sources are as for greeted; else 0 and none. */
    void (*conflict)(uint64_t last, const struct block_source *sources, size_t n, void *data);
    void (*acknowledged)(void *data); /* the spool has moved on */
    void *data;
};

void sender_open(struct sender **s, const struct sender_options *options);
void sender_close(struct sender **s);

/* Says hello, asking for these sources (copied), then sends. Also starts over. */
void sender_start(struct sender *s, const struct hash128 *sources, size_t n);
void sender_kick(struct sender *s);  /* the spool may have something new */
void sender_hurry(struct sender *s); /* waiting for a next attempt: now */
/* In a conflict: acknowledges the first blocks of the spool, up to this number, that hold nothing that
 * is not with the collector already. */
void sender_pass_over(struct sender *s, uint64_t last,
                      bool (*is_stored)(const struct block_source *source, void *data), void *data);

struct sender_numbers {
    bool is_up;               /* the last request was answered well */
    uint64_t blocks, refused; /* since the start */
    int64_t acknowledged_ns;  /* wall clock of the last acknowledgement; TIME_NONE */
    bool is_failing;          /* the last attempt failed, of which last_error tells */
    const char *last_error;   /* empty if there was none */
    int64_t skew_ns;          /* the collector's clock minus ours at hello; INT64_MIN: not known */
};
struct sender_numbers sender_count(const struct sender *s);

#endif
