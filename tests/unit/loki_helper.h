/*
 * Blocks for Loki's push format, and what Loki would read of its bodies: an independent reading of labels and JSON,
 * the generated code for protobuf.
 */
#ifndef TESTS_UNIT_LOKI_HELPER_H
#define TESTS_UNIT_LOKI_HELPER_H

#include "formats/push/loki.h"

/* An entry. labels and metadata as "a=b c=d", metadata sorted. */
struct loki_seen {
    struct str labels, line, metadata;
    int64_t time_ns;
};

struct loki_seen_list {
    struct arena arena;
    struct loki_seen *items;
    size_t n, capacity;
};

void loki_seen_free(struct loki_seen_list *list);
/* The request in a body, unpacked. */
void unpack_loki_body(struct str body, bool is_json, struct buf *request);
/* Adds the entries of a body, of which none may be wrong. */
void read_loki_body(struct str body, bool is_json, struct loki_seen_list *list);
/* By labels, time, line, metadata. */
void sort_loki_seen(struct loki_seen_list *list);

/* A block of records whose lines are kept by the caller. */
struct loki_block {
    struct arena arena; /* of its streams */
    struct block block;
    struct push_block push;
    struct record records[64];
    struct block_stream streams[8];
};

void loki_block_init(struct loki_block *b, uint64_t sequence); /* empties it, too */
void loki_block_free(struct loki_block *b);
/* "service=api host=web1|image=api:1": labels, and data behind the bar. */
uint32_t add_loki_stream(struct loki_block *b, const char *text, int64_t previous_ns);
struct record *add_loki_record(struct loki_block *b, uint32_t stream, int64_t time_ns,
                               const char *line);

#endif
