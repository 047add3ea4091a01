/*
 * One output: blocks of a queue to another system, in order, each until all of its rows have their fate.
 *
 *     IDLE ── queue.next ─▶ PREPARING ──────▶ SENDING ── answer ──▶ rows left? ── no ─▶ queue.done ─▶ IDLE
 *               ▲           thread: open the     ▲                     │ yes
 *               │           block, choose rows,  │ delivery: the       └────────────▶ PREPARING
 *             kick          make a body          │ same body again
 *
 * Failure modes: no answer, 401, 403, 404, 429, 5xx: the same body again with backoff, for ever; the queue
 * keeps what comes meanwhile. Refused rows: counted by reason, kept if that is asked for, and passed over. A
 * block that is damaged, or of which no body can be made: counted and passed over. A queue that cannot be read: tried
 * again.
 *
 * A collector that has another block under the number of ours (409) was sent it by a copy of us, or by what we were before
 * we were set back to an older state: else the lines would be lost there. Or it has ours, but of so long ago that it
 * does not know it any more. Its hello tells which:
 *
 *     conflict ─▶ ASKING ─▶ looking: blocks of the queue up to its last ─┬─ the same there ─▶ all of them are done
 *                                                                       └─ another, or none ─▶ queue.renew ─▶ again
 *
 * An origin that was derived from ours and from the block could be tried without asking, keeping nothing. But each block
 * would go twice from then on, the other side keep an origin for each, and what it has forgotten be stored twice.
 *
 *  1. queue.done is called only when each row of the block was taken, or was refused for good.
 *  2. What is sent twice, because an answer was lost or the program ended before the position was written, is the
 *     same to the other side (formats/push/push.h, invariant 1).
 *  3. One body is in flight, and one block in memory: at most BLOCK_MAX as it came, its lines, and a body.
 *  4. Each output has a thread of its own; one that hangs holds nobody up.
 *  5. A new origin is drawn only when the other side's last block is not ours, and is that output's alone: what others
 *     have been sent keeps its name. A conflict under the third new one in a row, with nothing taken, is a refusal: a
 *     copy may have been made of a new one as well, but who calls everything a conflict is not to hold the output.
 */
#ifndef FORWARD_OUTPUT_H
#define FORWARD_OUTPUT_H

#include "base/config_outputs.h"
#include "base/io/http_client.h"
#include "formats/push/push.h"

struct output_lag {
    uint64_t blocks;
    uint64_t bytes;    /* as far as it is known; an upper bound */
    int64_t oldest_ns; /* wall clock: when the oldest of them came; TIME_NONE */
    uint64_t skipped;  /* blocks that the queue gave up because it was full */
};

/* Where an output reads, and its position there. Called on the loop. */
struct output_queue {
    /* Appends the next block behind those given before. False with ERR_NONE: there is none now. */
    bool (*next)(void *data, struct buf *out, struct err *err);
    /* All blocks given so far are done. */
    void (*done)(void *data);
    /* Those that are not done are given again, under a new origin that is durable when this returns; false: all is as
     * it was. NULL: they are not ours to rename. */
    bool (*renew)(void *data, struct err *err);
    struct output_lag (*lag)(void *data);
    void *data;
};

/* Since the start of the program, whatever was reloaded. */
struct output_counts {
    uint64_t records, bytes;                      /* taken; bytes of bodies as sent */
    uint64_t damaged;                             /* blocks */
    uint64_t rejected;                            /* records */
    struct push_reject rejects[PUSH_REASONS_MAX]; /* of them, by reason */
    size_t n_rejects;
    char last_reject[PUSH_DETAIL_MAX]; /* in the other side's words; empty */
};

struct output;

struct output_options {
    uv_loop_t *loop;
    struct http_client *client;
    const struct config_other_output *config; /* the caller's, until output_close */
    struct output_queue queue;
    const struct output_counts *counts; /* of one that was closed, to go on from; NULL: none */
    const char *section;                /* "outputs", "collector.outputs": for messages */
    const char *rejects;                /* folder for what was refused, if it is kept */
    const char *user_agent;             /* NULL: none */
    void (*moved)(void *data); /* the position did; never from inside a call. NULL: nobody asks */
    void *data;
};

/* ERR_INPUT, and others for files of secrets that cannot be read. */
bool output_open(struct output **o, const struct output_options *options, struct err *err);
/* Waits for its thread; the memory goes when the loop has run once more. Accepts a NULL variable. */
void output_close(struct output **o);

void output_kick(struct output *o);  /* the queue may have something */
void output_hurry(struct output *o); /* waiting for a next attempt: now */
/* Every few seconds: a secret may have been replaced in its file. */
void output_tick(struct output *o);

struct output_numbers {
    bool is_up;      /* the last request was answered well */
    bool is_failing; /* the last attempt failed, of which last_error tells */
    const char *last_error;
    int64_t failing_since_ns; /* wall clock; TIME_NONE */
    struct output_counts counts;
};
struct output_numbers output_count(const struct output *o);
const struct config_other_output *output_config(const struct output *o);
struct output_lag output_lag(const struct output *o);

#endif
