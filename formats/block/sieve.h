/*
 * The sieve: what is known of the lines of some chunks of a segment, so that a search need not read those that cannot
 * have what it looks for.
 *
 *     part     := "SLSV" stored:u32 bytes:u32 blooms:u32 check:u64      XXH3-64 of all of it but the check
 *                 zstd(skeleton) blooms                                 stored and bytes are of the skeleton
 *     skeleton := chunks:varint columns:varint shapes:varint
 *                 column*  shape*  chunk*  text                         the static text of all shapes, to the end
 *     column   := classes:u16 first:u16 last:u16 flags:u8 least:varint (most - least):varint run:varint     stamp.h
 *     shape    := slots:varint (text:varint column:varint)*slots rest:varint                              columns.h
 *     chunk    := flags:u8 window:u8 grams:varint ids:varint shapes:varint step:varint*
 *     blooms   := the grams of each chunk, then the ids of each; so many blocks of 32 bytes              bloom.h
 *
 * The shapes are those of all the chunks, each once, and a column is what slots of one place in one shape, in whatever
 * chunk, have as values. Column 0 is of text that is taken as one value: plain lines, what has no shape, and where a
 * line is cut into segments, but not behind a newline, what is near the cut. flags of a column: 1 its short ids may not be
 * in the filters, 2 its grams are only in those of chunks with 2; of a chunk: 1 it has text of column 0, 2 see there.
 *
 * A needle can stand across many values, so filters alone say nothing of it. It is held against each shape with the
 * slots as wild cards, and filters are asked for the piece that would stand in one slot:
 *
 *     shape    job ␣ took ␣ ms                 needle    "took 12 ms"        the second slot would be 12: can it be?
 *                                              needle    "timeout"           one of them would have it in it: can it?
 *
 * What can be is known of each column (stamps), and of each chunk of six-byte grams (grams.h) and of ids
 * (sieve_parts.h) of all values, in two Bloom filters. Letters of ASCII count as small ones.
 *
 *  1. Of a needle that stands in a line of a chunk, it is never said that it does not.
 *  2. All of it has less than a tenth of the bytes of its chunks, and a third of that more where shapes take most of it: the
 *     windows of grams are made twice as large until it fits, then there are none of them, or it is left out.
 *  3. Building takes the memory of one chunk as columns and SIEVE_TEXT_MAX; what is read is checked before memory is taken.
 *  4. Nothing is known of needles with a newline.
 *  5. It is only of use: a reader without it searches everything.
 */
#ifndef FORMATS_BLOCK_SIEVE_H
#define FORMATS_BLOCK_SIEVE_H

#include "formats/block/bloom.h"
#include "formats/block/chunk.h"
#include "formats/block/stamp.h"

enum {
    SIEVE_HEADER = 24,
    SIEVE_SHARE = 10,              /* percent, invariant 2 */
    SIEVE_TEXT_MAX = 4 << 20,      /* then a part ends, */
    SIEVE_BLOOMS_MAX = 2 << 20,    /* or then, */
    SIEVE_SHAPES_MAX = 32 << 10,   /* or then, */
    SIEVE_CHUNKS_MAX = 1024,       /* or then */
    SIEVE_BYTES_MAX = 24 << 20,    /* of a skeleton; that and more columns than */
    SIEVE_COLUMNS_MAX = 256 << 10, /* have no part */
    SIEVE_MAX = 64 << 20,          /* stored, whole */
};

/* ---- building ---- */

struct sieve_builder;

struct sieve_builder *sieve_builder_open(void);
void sieve_builder_close(struct sieve_builder **b);
/* The next chunk, in the order of the segment. share: percent of its bytes that it may cost. */
bool sieve_add(struct sieve_builder *b, struct str chunk, unsigned share, struct err *err);
/* Whether a part should end here, and of how many chunks it is. */
bool is_sieve_full(const struct sieve_builder *b);
size_t sieve_chunks(const struct sieve_builder *b);
/* Appends the part of the chunks that were added; nothing, if it would be too large. Begins the next. */
bool sieve_put(struct sieve_builder *b, struct buf *out, struct err *err);

/* ---- reading ---- */

struct sieve_chunk {
    bool has_rest;   /* text of column 0 */
    bool has_odd;    /* the grams of columns that are odd too */
    unsigned window; /* of grams */
    struct bloom grams, ids;
    uint32_t *shapes;
    size_t n_shapes;
};

/* Owns nothing: all is in the arena, or where it was read. */
struct sieve {
    struct sieve_chunk *chunks;
    struct columns_shape *shapes;
    struct columns_slot *slots;
    struct stamp *columns;
    struct str text; /* of all shapes */
    size_t n_chunks, n_shapes, n_slots, n_columns;
};

bool sieve_open(struct sieve *s, struct str bytes, struct packer *packer, struct arena *arena,
                struct err *err);

struct sieve_needle {
    struct str text;
    bool ignore_case;
};

/* may[i] becomes true if chunk i may have the needle in one of its lines; nothing becomes false. */
void sieve_ask(const struct sieve *s, const struct sieve_needle *needle, struct arena *arena,
               bool *may);

#endif
