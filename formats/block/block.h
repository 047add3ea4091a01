/*
 * The block: what a shipper sends, what spool and journal keep. Up to 64 Ki records of one origin.
 * Every field is little-endian, varint and str are those of
 * base/buf.h. docs/formats.md describes the same bytes for other implementations.
 *
 *     offset size
 *        0    4  magic "SLBK"
 *        4    1  version, 1
 *        5    1  encoding of the lines, 1 = plain, 2 = columns
 *        6    1  unit of times in the columns: 0 = ns, 1 = us
 *        7    1  0
 *        8    4  length of the whole block in bytes
 *       12    4  records, 1 to 65,536
 *       16   16  origin: random id of the shipper, drawn when its spool was made
 *       32    8  sequence: number of the block from this origin, from 1
 *       40    8  line bytes: sum of the lengths of the lines
 *       48    8  line hash: sum modulo 2^64 of the XXH3-64 of each line
 *       56   16  least and greatest order time, ns
 *       72   16  least and greatest event time, ns
 *       88    8  directory: bytes as stored, bytes unpacked
 *       96    8  columns: bytes as stored, bytes unpacked
 *      104    4  lines: bytes as stored
 *      108    4  low half of the XXH3-64 of the bytes 0 to 107
 *      112    8  XXH3-64 of the bytes 0 to 111 followed by the bytes 120 to the end
 *      120       directory, columns: one zstd frame each; lines: one of line bytes, or as
 *                formats/block/columns.h has them
 *
 *     directory := streams:varint stream* sources:varint source*
 *     stream    := labels                    hashed to the stream's id (record.h)
 *                  labels                    data of the source that is not hashed
 *                  0 | 1 zigzag              order time (ns) of the stream's record before this
 * block, as difference to the least order time source    := id:16 from:varint size:varint hash:8
 * bytes from .. from + size of the source are in this block; XXH3-64 of up to 256 bytes before the
 * end columns   := runs(stream index) order* event* runs(level) runs(id kind) id* runs(flags)
 *                  runs(0 | 1 has fields) fields* length*      with encoding 2 no lengths
 *     runs(x)   := (count:varint x:varint)*  counts are >= 1 and sum up to the number of records
 *     order     := zigzag, in units, difference to the record before (the first: to the least)
 *     event     := zigzag, in units, event time - order time
 *     id        := str, for records whose kind is not 0       fields := str, for records that have
 * them
 *
 * Invariants (block_verify checks all; whatever the bytes, it takes at most 64 MiB):
 *   1. Every length is checked against its bound before anything is allocated or read.
 *   2. The checksum covers every byte but itself; the header has a check of its own, so that times and
 *      counts can be believed without reading the rest.
 *   3. Each section is used up exactly; nothing follows the lines.
 *   4. Line lengths sum up to line bytes, hashes to line hash.
 *   5. The times in the header are the least and greatest of the records.
 *   6. Every stream index is below the number of streams; kind 0 iff the id is empty; bounds of
 *      record.h hold; a gap record (RECORD_GAP) has no part flags.
 */
#ifndef FORMATS_BLOCK_BLOCK_H
#define FORMATS_BLOCK_BLOCK_H

#include "base/compress.h"
#include "formats/block/record.h"

#define BLOCK_MAGIC 0x4b424c53u /* "SLBK" */

enum block_encoding { BLOCK_PLAIN = 1, BLOCK_COLUMNS = 2 };

enum {
    BLOCK_HEADER = 120,
    BLOCK_VERSION = 1,
    BLOCK_RECORDS_MAX = 65536,
    BLOCK_CLOSE_BYTES = 256 << 10,  /* a block is closed when its lines reach this */
    BLOCK_LINE_BYTES_MAX = 4 << 20, /* hard limit of the lines */
    BLOCK_DIRECTORY_MAX = 3 << 20,  /* unpacked */
    BLOCK_COLUMNS_MAX = 4 << 20,    /* unpacked */
    BLOCK_BESIDES_MAX = 1 << 20,    /* a builder is full when labels, ids and fields reach this */
    BLOCK_MAX = 8 << 20,            /* stored, whole */
};

struct block_header {
    uint32_t length;
    uint32_t records;
    struct hash128 origin;
    uint64_t sequence;
    uint64_t line_bytes;
    uint64_t line_hash;
    int64_t least_order_ns, greatest_order_ns;
    int64_t least_event_ns, greatest_event_ns;
    uint32_t directory_stored, directory_bytes;
    uint32_t columns_stored, columns_bytes;
    uint32_t lines_stored;
    uint32_t slice;   /* of a chunk (chunk.h) */
    uint8_t unit;     /* 0 = ns, 1 = us */
    uint8_t encoding; /* enum block_encoding */
};

struct block_stream {
    struct hash128 id;
    struct labels labels;
    struct labels data;        /* of the source, not part of the id */
    int64_t previous_order_ns; /* or TIME_NONE */
};

struct block_source {
    struct hash128 id;
    uint64_t from, to; /* offsets in the source's (uncompressed) bytes */
    uint64_t hash;     /* XXH3-64 of the up to 256 bytes before to */
};

struct columns;
/* A decoded block. Everything lives in the arena that was given, but for the sections not asked
 * for. */
struct block {
    struct block_header header;
    struct block_stream *streams;
    size_t n_streams;
    struct block_source *sources;
    size_t n_sources;
    struct record *records; /* header.records of them; NULL until block_read_columns */
    struct str lines;       /* all lines one after another; .ptr NULL until block_read_lines */
    struct str bytes;       /* what was opened */
    struct packer *packer;  /* not owned */
};

/* The header alone (bytes may hold less than the whole block); ERR_CORRUPT if it cannot be one. */
bool block_peek(struct str bytes, struct block_header *header, struct err *err);
/* Header, checksum and directory. bytes is exactly one block; it and the packer outlive *block. */
bool block_open(struct block *block, struct str bytes, struct packer *packer, struct arena *arena,
                struct err *err);
/* Fills records, without their lines; of plain blocks with .line.len. */
bool block_read_columns(struct block *block, struct arena *arena, struct err *err);
/* Fills lines, and the line of each record if the columns were read. */
bool block_read_lines(struct block *block, struct arena *arena, struct err *err);
/* Instead of block_read_lines, if they are columns, also of a chunk: the records with wanted[i] get their line. */
bool block_open_lines(const struct block *block, struct columns *columns, struct arena *arena,
                      struct err *err);
bool block_pick_lines(struct block *block, struct columns *columns, const uint8_t *wanted,
                      struct arena *arena, struct err *err);
/* All of it and all invariants; for what came from outside. */
bool block_verify(struct block *block, struct str bytes, struct packer *packer, struct arena *arena,
                  struct err *err);

/* The lines as they are stored in an opened block. */
struct str block_stored_lines(const struct block *block);

static inline int64_t block_unit_ns(uint8_t unit)
{
    return unit ? NS_PER_US : 1;
}

/* The identity of a block in the duplicate table: XXH3-128 of all its bytes. */
struct hash128 block_hash(struct str bytes);
/* Gives a block another origin and number, in place, and sets both checks. */
void block_restamp(char *bytes, size_t len, struct hash128 origin, uint64_t sequence);

#endif
