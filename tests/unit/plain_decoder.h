/*
 * A second decoder of blocks and journals, written from docs/formats.md alone and sharing no code
 * with formats/block and base/journal: it is what they are compared with. Simple and slow; it reads
 * zstd and xxhash by itself.
 *
 * Rule numbers in what it returns are those of docs/formats.md.
 */
#ifndef TESTS_UNIT_PLAIN_DECODER_H
#define TESTS_UNIT_PLAIN_DECODER_H

#include "base/arena.h"
#include "base/hash.h"

struct plain_stream {
    struct str labels, data; /* the bytes of the lists */
    struct hash128 id;
    bool has_previous;
    int64_t previous_ns;
};

struct plain_source {
    struct hash128 id;
    uint64_t from, size, hash;
};

struct plain_record {
    int64_t order_ns, event_ns;
    uint64_t stream, level, id_kind, flags, has_fields, length;
    struct str id, fields, line;
};

struct plain_block {
    uint8_t unit;
    bool has_columns;
    uint64_t length, records_n, sequence, line_bytes, line_hash;
    struct hash128 origin;
    int64_t least_order_ns, greatest_order_ns, least_event_ns, greatest_event_ns;
    struct plain_stream *streams;
    size_t streams_n;
    struct plain_source *sources;
    size_t sources_n;
    struct plain_record *records;
};

/* NULL, or which rule of section 3 (or 2) is broken. Everything lives in the arena or in bytes. */
const char *plain_block_read(struct str bytes, struct arena *arena, struct plain_block *block);
/* Section 3.1; fills the lines, one for each row. */
bool plain_columns_read(struct str s, uint64_t rows, uint64_t line_bytes, struct arena *arena,
                        struct str *lines);

struct plain_frame {
    uint8_t kind;
    uint64_t offset, durable;
    int64_t time_ns;
    struct str payload;
};

struct plain_journal {
    uint64_t id;
    struct plain_frame *frames; /* valid ones, without marks */
    size_t frames_n;
    uint64_t end, rotten_bytes, rotten_parts;
};

/* The whole file in memory. False if there is not one valid header (rule 7 of section 4). */
bool plain_journal_read(struct str file, struct arena *arena, struct plain_journal *journal);

#endif
