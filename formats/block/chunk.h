/*
 * The chunk: rows of many blocks in the order in which they are searched. Segments are made of chunks.
 *
 *     blocks   origin a, 7   | s 09:01 | t 09:01 | s 09:03 |       chunk  s  | 09:01 | 09:02 | 09:03 |
 *              origin a, 8   | s 09:02 | t 09:04 |                        t  | 09:01 | 09:04 |
 *
 * Rows stand stream by stream, in the order of the streams' ids, and those of a stream by order time, origin,
 * sequence and position: what a row keeps of the block that brought it. So the total order of records
 * (docs/design.md) is what it was.
 *
 *     offset size
 *        0    4  magic "SLCK"
 *        4    1  version, 1
 *        5    1  encoding of the lines, 1 = plain, 2 = columns
 *        6    1  unit of times in the rows: 0 = ns, 1 = us
 *        7    1  0
 *        8    4  length of the whole chunk in bytes
 *       12    4  rows, 1 to 131,072
 *       16    8  line bytes: sum of the lengths of the lines
 *       24    8  line hash: sum modulo 2^64 of the XXH3-64 of each line
 *       32   16  least and greatest order time, ns
 *       48   16  least and greatest event time, ns
 *       64    8  directory: bytes as stored, bytes unpacked
 *       72    8  rows, lines: bytes as stored
 *       80    4  number of the slice that it is of: another class of the same segment has more of its rows
 *       84    4  low half of the XXH3-64 of the bytes 0 to 83
 *       88    8  XXH3-64 of the bytes 0 to 87 followed by the bytes 96 to the end
 *       96       directory (a zstd frame), rows (streams.h), lines (columns.h; plain: a zstd frame)
 *
 *     directory := streams:varint stream*  origins:varint (id:16)*
 *     stream    := labels  labels (data of the source)  rows:varint  levels:varint (a bit for each that occurs)
 *                  least:zigzag greatest:varint     order times in units: to the least of the chunk, and to .least
 *     rows      := order event-order level flags id-kind origin sequence position    as numbers.h; of all rows
 *                  lengths                          with plain lines only
 *                  ids:varint column?  fields:varint column?     column.h; for the rows that have one
 *                  has-fields                       numbers, of all rows, if there are fields
 *
 *  1. Every count and length is checked before memory is taken.
 *  2. The hash of the lines is that of the lines as they come out: the builder reads back what it has made.
 */
#ifndef FORMATS_BLOCK_CHUNK_H
#define FORMATS_BLOCK_CHUNK_H

#include "formats/block/block.h"
#include "formats/block/columns_join.h"

#define CHUNK_MAGIC 0x4b434c53u /* "SLCK" */

enum {
    CHUNK_HEADER = 96,
    CHUNK_VERSION = 1,
    CHUNK_ROWS_MAX = 128 << 10,
    CHUNK_LINE_BYTES_MAX = 16 << 20,
    CHUNK_DIRECTORY_MAX = 16 << 20, /* unpacked */
    CHUNK_BESIDES_MAX = 8 << 20,    /* ids and fields of all rows */
    CHUNK_MAX = 32 << 20,           /* stored, whole */
};

/* Where a row stood. */
struct chunk_place {
    uint64_t sequence;
    uint32_t origin; /* index */
    uint32_t position;
};

/* By which the rows of a stream stand in their order. */
struct row_order {
    int64_t order_ns;
    struct hash128 origin;
    uint64_t sequence;
    uint32_t position;
};

int row_order_compare(const struct row_order *a, const struct row_order *b);

/* What the directory says of each stream. */
struct chunk_stream {
    uint32_t first_row, rows;
    uint32_t levels; /* 1 << level */
    int64_t least_order_ns, greatest_order_ns;
};

struct chunk {
    struct block
        block; /* of the header columns_stored is that of the rows; no origin, no sources */
    struct chunk_stream *streams;
    struct hash128 *origins;
    size_t n_origins;
    struct chunk_place *places; /* of each record; NULL until chunk_read_rows */
    uint32_t *lengths;          /* of each line, when columns have been read */
};

/* What may be asked of rows, besides their levels, flags, streams, and lengths of plain lines. */
enum chunk_row_part {
    CHUNK_ROW_TIMES = 1 << 0,
    CHUNK_ROW_PLACES = 1 << 1,
    CHUNK_ROW_TEXTS = 1 << 2, /* ids, and attached fields */
    CHUNK_ROW_ALL = (1 << 3) - 1,
};

/* As the functions of block.h. */
bool chunk_peek(struct str bytes, struct block_header *header, struct err *err);
/* Header and checksum of all its bytes. */
bool chunk_check(struct str bytes, struct block_header *header, struct err *err);
bool chunk_open(struct chunk *chunk, struct str bytes, struct packer *packer, struct arena *arena,
                struct err *err);
/* The same of its front only, CHUNK_HEADER and directory_stored bytes of it, by which the rest is not
 * checked: streams and origins are there, and nothing can be read. */
bool chunk_open_directory(struct chunk *chunk, struct str front, struct packer *packer,
                          struct arena *arena, struct err *err);
bool chunk_read_rows(struct chunk *chunk, struct arena *arena, struct err *err);
/* The same of what is asked for: the rest is zero, .places is NULL, and what is wrong in it is not seen. */
bool chunk_read_row_parts(struct chunk *chunk, unsigned parts, struct arena *arena,
                          struct err *err);
/* Only the flags (enum record_flag) of each row, or NULL if none has any. */
bool chunk_read_flags(const struct chunk *chunk, const uint64_t **flags, struct arena *arena,
                      struct err *err);
bool chunk_read_lines(struct chunk *chunk, struct arena *arena, struct err *err);
/* Of a row that was read with times and places. */
struct row_order chunk_row_order(const struct chunk *chunk, size_t row);
/* All of it, as it was built. */
bool chunk_verify(struct chunk *chunk, struct str bytes, struct packer *packer, struct arena *arena,
                  struct err *err);

#endif
