/*
 * From lines to the block under construction: labels, level and time of each line, and the order time
 * within its stream (formats/block/record.h).
 *
 *     line ─▶ facts (formats/line) ─▶ event time: the line's, else that of the stream's line before it,
 *                                     else arrival ─▶ order time ─▶ block
 *
 * A part of a long line has the level and time of its first part.
 *
 * Two builders take turns: while one is written by the spool's writer, the other is filled.
 *
 * State: the last order time of each stream, so that a restart does not reorder. It is part of the
 * spool's state and changes:
 *     orders := n:varint (stream id:16 order time:8)*
 */
#ifndef SHIPPER_BATCHER_H
#define SHIPPER_BATCHER_H

#include "formats/block/builder.h"
#include "shipper/tailer.h"

enum { BATCH_LABELS_OWN = 3 }; /* host, service and file or source */

struct batcher;
struct batch_stream; /* what the batcher knows of a stream */

struct batcher_options {
    struct str host;
    struct labels labels; /* of the configuration, put on every stream; kept by the caller */
    uint8_t unit;         /* of event times: 0 = ns, 1 = us */
};

struct batcher *batcher_new(const struct batcher_options *options);
void batcher_close(struct batcher **b);

/* A stream that is not a file: stdin. Lives as long as the batcher. ERR_LIMIT, ERR_INPUT: a label
 * breaks a bound. */
bool batcher_stream(struct batcher *b, struct str service, struct str name, struct str value,
                    struct batch_stream **stream, struct err *err);
/* The stream of a file. NULL if a label breaks a bound (and *err says which). */
struct batch_stream *batcher_file_stream(struct batcher *b, struct tail_stream *from,
                                         struct err *err);

/* False: the block under construction has no room; the line was not taken. flags: enum tail_flag. */
bool batcher_line(struct batcher *b, struct batch_stream *stream, struct str line, unsigned flags,
                  int64_t file_time_ns, int64_t now_ns);
/* A gap record: `bytes` of the stream are missing here. False: no room for it. */
bool batcher_gap(struct batcher *b, struct batch_stream *stream, struct str reason, uint64_t bytes,
                 int64_t now_ns);

size_t batcher_bytes(const struct batcher *b); /* of lines under construction */
size_t batcher_records(const struct batcher *b);
bool is_batcher_full(const struct batcher *b); /* no further line may fit: the block is due */

/* Hands the block under construction over, to be finished (on any thread) and reset by the caller
 * before the next hand-over; the other builder is filled from now on. change: what moved. */
struct block_builder *batcher_take(struct batcher *b, struct buf *change);
void batcher_put_whole(const struct batcher *b, struct buf *state);
/* Of put_whole or of a change, in order. Before the first line. */
bool batcher_restore(struct batcher *b, struct str state, struct err *err);

/* enum record_flag for enum tail_flag. */
uint16_t record_flags_of(unsigned tail_flags);

#endif
