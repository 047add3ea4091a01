/*
 * A block of a snapshot, decoded, with the search's verdict on each of its units. A unit is what is
 * matched, counted and printed: a record, or with --lines one physical line of a record.
 *
 *     block    row 0      row 1 (gap)   row 2          row 3
 *     lines    "a"                      "b\nc\nd"      "e"
 *     units    0:"a"                    2:"b" "c" "d"  3:"e"        with --lines
 *
 *  1. Units are those records of accepted streams that are in the time range and no gaps. Without
 *     context only those that match are kept.
 *  2. .order lists the units stream by stream, each stream's in the order of the block; stream s
 *     has .order[.starts[s]] to .order[.starts[s + 1]].
 *  3. Of lines that are columns only rows that can have a needle are looked at, without context. Their lines are printed if they are
 *     needed; of the others nothing is there but the row.
 *  4. A unit matches if level, id and pattern fit and its key is not below the selector's oldest.
 */
#ifndef QUERY_ENGINE_OPENED_H
#define QUERY_ENGINE_OPENED_H

#include "formats/block/chunk.h"
#include "query/engine/filter.h"
#include "query/engine/pattern.h"

/* The total order (docs/design.md, "Total order"). */
struct order_key {
    int64_t order_ns;
    struct hash128 stream, origin;
    uint64_t sequence;
    uint32_t position, line_number;
};

int order_key_compare(const struct order_key *a, const struct order_key *b);

struct unit {
    uint32_t row;         /* index of its record */
    uint32_t offset, len; /* of its text in the block's lines */
    uint32_t line_number : 31;
    uint32_t matches : 1;
};

/* What decides about units; set by the run. */
struct selector {
    struct pattern *pattern;            /* NULL: everything matches */
    const struct sieve_needle *needles; /* one of them is in all that matches */
    size_t n_needles;                   /* 0: nothing is known */
    uint32_t may;                       /* which of them may be in the block that is opened next */
    struct filter *filter;
    int64_t since_ns, until_ns; /* TIME_NONE: open */
    bool lines;
    bool keep_all;      /* units that do not match too, for context */
    bool needs_text;    /* for more than the pattern */
    unsigned row_parts; /* of those that match (chunk.h) */
    bool counts_only;   /* how many match is all that is asked */
    bool has_oldest;
    struct order_key oldest;
    /* Streams that need not be looked at any more, by id; NULL: none. */
    bool (*is_done)(void *context, struct hash128 stream);
    bool (*is_canceled)(void *context); /* asked every now and then; NULL: never */
    void *context;
    /* Whether a row of a chunk belongs to what is searched; NULL: all do. */
    bool (*takes)(void *context, size_t index, struct hash128 origin, uint64_t sequence);
    void *takes_context;
    uint64_t gave_up;        /* units on which the pattern gave up */
    uint64_t filter_gave_up; /* ... and the filter, before it is asked again */
    bool gathers, newest;    /* what matches is wanted as a batch (batch.h) */
};

struct opened {
    size_t index; /* in the snapshot */
    struct buf bytes;
    struct arena arena;
    struct block block;
    const struct chunk_place *places; /* of the rows of a chunk; NULL: it is a block */
    const struct hash128 *origins;    /* that they refer to */
    bool is_in_range;                 /* all rows are, whatever they say */
    struct unit *units;               /* NULL, though there are some, if only counts are asked */
    size_t n_units;
    uint32_t *order, *starts; /* invariant 2; only with keep_all */
    uint64_t used;            /* when it was last needed; for who keeps several */
};

enum { GAVE_UP_MAX = 1000 };
bool refuse_costly(struct err *err); /* more than that: false, ERR_LIMIT */

/* Decodes o->bytes, a block or, if chunks is not 0, so many chunks of one slice, and judges its units. ERR_CORRUPT: the block is skipped. ERR_LIMIT and
 * ERR_CANCELED end the search. */
bool opened_decode(struct opened *o, size_t chunks, struct packer *packer,
                   struct selector *selector, struct err *err);
void opened_free(struct opened *o);
size_t opened_size(const struct opened *o); /* bytes of memory, about */

struct order_key opened_key(const struct opened *o, const struct unit *unit);
/* Index of a stream in the block, or SIZE_MAX. */
size_t opened_find_stream(const struct opened *o, struct hash128 id);

#endif
