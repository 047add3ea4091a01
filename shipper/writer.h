/*
 * Blocks into the spool, off the loop: one at a time, again and again until it is on disk.
 *
 *     start ─▶ encode, append, sync (thread) ─┬─ good ─▶ written
 *                ▲                             └─ failed: said once, next try in a second
 *                └─────── timer ◀─────────────────┘
 *
 * Happy path: encode, append, sync; a new file if one is due. Failure modes: no room for the frame (it
 * is appended again), the sync fails (the spool goes on in a new file, then it is appended again), no
 * room for a new file (the old one grows on).
 */
#ifndef SHIPPER_WRITER_H
#define SHIPPER_WRITER_H

#include "formats/block/builder.h"
#include "shipper/spool.h"

#include <uv.h>

enum { WRITER_STATE_MAX = 60 << 20 }; /* bytes of a state or change */

struct writer;

struct writer_options {
    uv_loop_t *loop;
    struct spool *spool;
    uint8_t unit; /* of times: 0 = ns, 1 = us */
    void (*written)(void *data);
    void *data;
};

bool writer_open(struct writer **w, const struct writer_options *options, struct err *err);
/* Waits for the thread; written is not called any more. */
void writer_close(struct writer **w);

/* Only while it is not busy. builder: NULL, or with at least one record; the writer's until written.
 * change and whole are taken over and left empty; whole is empty if no new file is due. */
void writer_start(struct writer *w, struct block_builder *builder, struct buf *change,
                  struct buf *whole);
bool is_writer_busy(const struct writer *w);
bool is_writer_failing(const struct writer *w); /* the last try failed */

#endif
