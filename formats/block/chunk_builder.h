/*
 * Rows on their way into a chunk: they come in any order and from any number of blocks, of which nothing needs
 * to be there any more once their rows were added.
 *
 *     chunk_rows     rows that wait, lines as columns (columns_join.h): as many of these as there are groups
 *     chunk_builder  what is needed to make a chunk of them: one for all
 *
 *     chunk_rows_begin, (chunk_rows_stream, chunk_rows_add)*, chunk_build, chunk_rows_free
 *
 *  1. A chunk has exactly the rows that were added, with all that was known of them; it is read back, row by
 *     row and line by line, before it is handed out.
 *  2. Rows whose cost is at most CHUNK_ROWS_COST, and one more, are a chunk within its bounds.
 */
#ifndef FORMATS_BLOCK_CHUNK_BUILDER_H
#define FORMATS_BLOCK_CHUNK_BUILDER_H

#include "base/map.h"
#include "formats/block/chunk.h"
#include "formats/block/columns_join.h"

enum {
    CHUNK_ROWS_COST = 6 << 20, /* most of one chunk */
    CHUNK_ROW_COST = 128,      /* of a row at least */
};

/* A row but for its line, id and fields; 56 bytes, since many of them wait. */
struct chunk_row {
    int64_t order_ns, event_ns;
    uint64_t sequence;
    uint32_t position, origin, stream; /* as .origins and .streams are numbered */
    uint32_t length;                   /* of its line */
    uint32_t besides; /* where its id begins in .besides; its fields are behind that */
    uint16_t fields_len;
    uint8_t id_len, id_kind, level, flags;
};

/* The zero value is valid. */
struct chunk_rows {
    struct arena arena; /* labels */
    struct block_stream *streams;
    size_t n_streams, streams_capacity;
    struct map by_id; /* their numbers */
    struct hash128 *origins;
    size_t n_origins, origins_capacity;
    uint32_t last_origin, last_stream; /* of the row that was added last */
    struct chunk_row *items;
    size_t n, capacity;
    struct buf besides;
    struct columns_join lines;
    bool has_ns;   /* a time is no whole number of microseconds */
    uint64_t cost; /* bytes, but CHUNK_ROW_COST at least for each row */
};

void chunk_rows_free(struct chunk_rows *rows);
void chunk_rows_begin(struct chunk_rows *rows);
/* The number of a stream, which is known from then on. */
uint32_t chunk_rows_stream(struct chunk_rows *rows, const struct block_stream *stream);

/* Where a row comes from: .line of the record, or with a source the row of that. */
struct chunk_from {
    struct hash128 origin;
    struct chunk_place place; /* .origin is not looked at */
    struct columns_source *source;
    uint32_t source_row;
};

/* The record's stream is one of chunk_rows_stream. ERR_LIMIT: its line is too long. */
bool chunk_rows_add(struct chunk_rows *rows, const struct record *record,
                    const struct chunk_from *from, struct err *err);

/* Memory that is kept between chunks. The zero value is valid. */
struct chunk_builder {
    struct packer packer;
    struct columns_encoder columns;
    struct column_scratch scratch;
    struct stream_writer writer;
    uint32_t *order;   /* the number of the row that comes first, ... */
    uint32_t *streams; /* of the stream that does */
    uint32_t *ranks;   /* of each stream, where it comes */
    uint64_t *numbers;
    struct extent *views;
    size_t capacity; /* of these, in rows */
    struct buf stored, planes;
    uint32_t slice; /* for the header */
};

void chunk_builder_free(struct chunk_builder *b);
/* Appends the chunk of all rows, of which there are some, and tells what its header says. Then they are not
 * needed any more. ERR_LIMIT: they break a bound. */
bool chunk_build(struct chunk_builder *b, struct chunk_rows *rows, int level, struct buf *out,
                 struct block_header *header, struct err *err);

#endif
