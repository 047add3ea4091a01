/*
 * From lines to the block under construction: labels, level and time of each line, and the order time
 * within its stream (formats/block/record.h).
 *
 *     line ─▶ facts (formats/line) ─▶ event time: the line's, else that of the stream's line before it,
 *                                     else arrival ─▶ order time ─▶ block
 *
 * Of a line with secrets or personal data what is put into the block is what redaction leaves of it; what is recognised
 * is that of the line as it came.
 *
 * The request id is one that what is left of it shows, or that follows from lines before (record_ids.h).
 *
 * The event time is that of the envelope where there is one. A part of a long line has the level and
 * time of its first part. Of a container the tailer only says that more follows (TAIL_MORE): which part
 * it is follows from the stream's record before it, also after a restart.
 *
 * Two builders take turns: while one is written by the spool's writer, the other is filled.
 *
 * State: the last order time of each stream, so that a restart does not reorder, and whether its last
 * record is a part with more to come, and whether a private key goes on in the next. It is part of the spool's state and
 * changes:
 *     orders := n:varint (stream id:16 order time:8 goes on:1 key?)*  goes on: 1 in a line, 2 in a private key
 *     key    := its records:2 others since:1 before := n:1 byte*n     if it goes on; put_redact_stream
 */
#ifndef SHIPPER_BATCHER_H
#define SHIPPER_BATCHER_H

#include "base/zone.h"
#include "formats/block/builder.h"
#include "formats/redact/redact.h"
#include "shipper/record_ids.h"
#include "shipper/tailer.h"

enum { BATCH_LABELS_OWN = 12 }; /* host, service and what tells streams of a service apart */

struct batcher;
struct batch_stream; /* what the batcher knows of a stream */

struct batcher_options {
    struct str host;
    struct labels labels;    /* of the configuration, put on every stream; kept by the caller */
    uint8_t unit;            /* of event times: 0 = ns, 1 = us */
    const struct zone *zone; /* of streams at first; NULL: UTC; kept by the caller */
    const struct redactor *redactor; /* NULL: none; kept by the caller */
    const struct id_rules *ids;      /* NULL: no request ids; kept by the caller */
};

struct batcher *batcher_new(const struct batcher_options *options);
void batcher_close(struct batcher **b);

/* Lines from now on; NULL: they stay as they are. */
void batcher_set_redactor(struct batcher *b, const struct redactor *redactor);
void batcher_set_ids(struct batcher *b, const struct id_rules *rules);
/* What was hidden since the start; redact.h. */
const struct redaction *batcher_redaction(const struct batcher *b);
/* Bytes of lines that have become more, minus those that have become less. */
int64_t batcher_redacted_bytes(const struct batcher *b);

/* The stream with these labels of its own, the host's and the configured ones: at least service is
 * among the own. data: of the source, not part of what the stream is, such as a container's id; the
 * same stream may come again with other data, from then on its records have that. Lives until it is
 * forgotten. ERR_LIMIT, ERR_INPUT: a label breaks a bound. */
bool batcher_stream(struct batcher *b, const struct labels *own, const struct labels *data,
                    struct batch_stream **stream, struct err *err);
/* The zone of its times that name none; kept by the caller. NULL: UTC. */
void batch_stream_set_zone(struct batch_stream *stream, const struct zone *zone);
/* Containers come and go: streams without a line since then are forgotten, unless a line of theirs is
 * open. Whoever keeps a stream asks for it again when batcher_forgotten has another value. */
void batcher_forget_quiet(struct batcher *b, int64_t before_ns);
/* Data of streams has changed. */
void batcher_ask_again(struct batcher *b);
uint64_t batcher_forgotten(const struct batcher *b);

struct batch_line {
    struct str bytes;
    unsigned flags;       /* enum tail_flag */
    int64_t time_ns;      /* of its envelope; TIME_NONE: it has none */
    int64_t file_time_ns; /* 0: it is not of a file */
};

/* False: the block under construction has no room; the line was not taken. */
bool batcher_line(struct batcher *b, struct batch_stream *stream, const struct batch_line *line,
                  int64_t now_ns);
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

#endif
