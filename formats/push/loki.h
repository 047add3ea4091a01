/*
 * Loki's push API: POST /loki/api/v1/push, as protobuf (github.com/grafana/loki, pkg/push/push.proto) in a
 * snappy block, or as JSON in gzip.
 *
 *     labels     those of the list that a stream has, made names of Prometheus; service_name is ours for service
 *     entry      event time in ns, line
 *     metadata   (structured metadata, Loki 2.9 and schema v13) level, requestId, requestIdKind if it is not exact,
 *                all other labels and data of the stream, attached fields
 *
 *  1. Loki drops an entry whose stream, time, line and metadata it has. So equal ones of a block are 1 ns apart, in
 *     their order; and since the last time of the block before may be the first of this one, rows of a stream at
 *     that time are moved by a few ns that depend on the block's number (loki_times.h). It looks at the 256 KB or
 *     less of a stream that it has not compressed yet, and once more when it reads chunks that are written: of
 *     entries sent twice in a row 2 of 10,000 stayed double in bodies of 128 KB, 1,250 in those of 1 MB.
 *  2. A line longer than LOKI_LINE_MAX goes in pieces, cut between characters of UTF-8, at the same time and
 *     1 ns apart, with metadata part="2/3". All pieces of a row are in one body. A byte that is no UTF-8 counts as
 *     the 3 that it becomes in JSON, whichever form is sent: the pieces are the same in both.
 *  3. The same set of labels is one stream of a body; its entries keep the order of the rows.
 *  4. Metadata is left out for good once the answer is that it is not allowed (PUSH_OTHER_FORM); level, host and
 *     so on are then only what the labels say.
 */
#ifndef FORMATS_PUSH_LOKI_H
#define FORMATS_PUSH_LOKI_H

#include "formats/push/push.h"

enum {
    LOKI_LINE_MAX = 256000,    /* bytes; Loki's max_line_size is 256 KB */
    LOKI_BODY_MAX = 128 << 10, /* before compression; invariant 1 */
    LOKI_LABELS_MAX = 15,      /* max_label_names_per_series */
    LOKI_METADATA_MAX = 48000, /* bytes of an entry's; its limit is 64 KB */
    LOKI_METADATA_ITEMS = 100, /* of an entry; its limit is 128 */
};

struct loki_options {
    const struct str *labels; /* names as ours; kept by the caller */
    size_t n_labels;
    bool is_json; /* else protobuf */
    bool without_metadata;
};

/* ERR_INPUT: more labels than LOKI_LABELS_MAX, or two that are the same to Prometheus. */
bool loki_open(struct push_format **f, const struct loki_options *options, struct err *err);

#endif
