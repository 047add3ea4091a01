/*
 * The two forms of a push to Loki. A body is put together from parts that are made as early as they are known:
 *
 *     labels ─────────────────────────────────────┐
 *     metadata of a stream ─▶ shared ─┐           ├─▶ request ─▶ packed
 *     time, line, metadata of a row ──┴─▶ entry ──┘
 */
#ifndef FORMATS_PUSH_LOKI_FORM_H
#define FORMATS_PUSH_LOKI_FORM_H

#include "base/err.h"
#include "formats/block/record.h"

struct loki_entry {
    int64_t time_ns;
    struct str line;
    struct labels metadata; /* its own; with what is shared at most LOKI_METADATA_ITEMS */
    struct str shared;      /* as put_metadata made it; may be empty */
};

/* A stream of a body: its labels and entries as put_labels and put_entry made them. */
struct loki_part {
    struct str labels;
    const struct str *entries;
    size_t n;
};

struct loki_form {
    const char *content_type, *content_encoding;
    void (*put_labels)(struct buf *b, const struct labels *labels);
    void (*put_metadata)(struct buf *b, const struct labels *metadata);
    void (*put_entry)(struct buf *b, const struct loki_entry *entry);
    void (*put_request)(struct buf *b, const struct loki_part *parts, size_t n);
    bool (*pack)(struct str request, struct buf *body, struct err *err);
};

extern const struct loki_form loki_protobuf, loki_json;

#endif
