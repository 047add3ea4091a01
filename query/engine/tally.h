/*
 * Counting what matches by the values of names, and by spans of time.
 *
 *     by service, every 5m       09:00 api 61   09:00 worker 12   09:05 api 4
 *     measure took               and of the numbers in that field: sum, least, most, quantiles
 *     part level=error+          and how many of the counted are such
 *
 * A name is "level", "id", that of a label if a stream has one, "shape" (line_fields.h), else that of a field of the line;
 * ".name" always is.
 *
 *  1. The sum of all counts is the number of what matched, also when a value is missing: then it is empty.
 *  2. Values are cut at TALLY_VALUE_MAX bytes; what is alike then is one.
 *  3. A number has the unit that is written on it, as nanoseconds or bytes; what is no number is not measured.
 *  4. Tallies of parts of what is counted can be joined: then they are those of all of it.
 *  5. Shapes for which there is no room are counted together as TALLY_OTHER; of other names too many are an error.
 *  6. Lines are only read if a name or what is measured is a field, or the part asks for one.
 */
#ifndef QUERY_ENGINE_TALLY_H
#define QUERY_ENGINE_TALLY_H

#include "base/arena.h"
#include "base/map.h"
#include "query/engine/filter.h"
#include "query/engine/line_fields.h"
#include "query/engine/sketch.h"

enum {
    TALLY_NAMES_MAX = 4,
    TALLY_VALUE_MAX = 256,
    TALLY_SAMPLE_MAX = 512,
    TALLIES_MAX = 100000,
    TALLY_CHANGES_MAX = 100,
};

#define TALLY_OTHER STR("(other)")

struct tally_options {
    const struct str *names; /* at most TALLY_NAMES_MAX */
    size_t n_names;
    int64_t every_ns; /* 0: all of the time is one span */
    int64_t shift_ns; /* spans begin at multiples of .every_ns of time + this, */
    const struct str
        *changes;       /* or, from a time on, plus another one: "TIME:SHIFT", in ns; ascending */
    size_t n_changes;   /* at most TALLY_CHANGES_MAX */
    struct str measure; /* a name; empty: nothing is measured */
    const struct str *part;
    size_t n_part; /* filters; 0: no part is counted */
    bool sample;   /* times and the newest line are kept */
};

struct tally {
    struct str values[TALLY_NAMES_MAX];
    int64_t start_ns; /* of the span; TIME_NONE without spans */
    uint64_t count, part;
    uint64_t numbers; /* that were measured */
    double sum, least, most;
    struct sketch sketch;
    int64_t first_ns, last_ns; /* event times, if they are kept */
    struct str sample;         /* the newest line, cut at TALLY_SAMPLE_MAX; of several the least */
    size_t sample_room;
};

/* Where the last record of a level was counted. */
struct tally_memo {
    const struct labels *labels; /* NULL: nowhere */
    int64_t start_ns;
    struct tally *tally;
    bool is_part;
};

struct tallies {
    struct tally_options options; /* texts are the caller's */
    struct arena arena;
    struct map by_key; /* bytes of a key -> struct tally */
    struct buf key;
    struct filter *part;        /* owned; NULL: none */
    struct line_fields *fields; /* owned */
    bool are_fields[TALLY_NAMES_MAX], measures_field;
    size_t shape_at;              /* of the names; n_names: none is a shape */
    struct tally_change *changes; /* in the arena */
    size_t memory;                /* that may be taken, about; 0: any */
    size_t sketches;              /* bytes of them, at most */
    bool is_full;                 /* a tally found no room */
    bool remembers;               /* levels, labels and spans are all that is asked of records */
    struct tally_memo memos[RECORD_LEVEL_MAX + 1];
};

/* ERR_INPUT: too many names, or the part is wrong. */
bool tallies_open(struct tallies *t, const struct tally_options *options,
                  const struct filter_scope *scope, struct err *err);
void tallies_free(struct tallies *t);
/* Invariant 6. */
bool tallies_read_lines(const struct tallies *t);
/* What is read of rows (chunk.h). */
unsigned tallies_row_parts(const struct tallies *t);
/* The start of the span behind that which begins there. */
int64_t tally_next_span(const struct tallies *t, int64_t start_ns);
uint64_t tallies_gave_up(const struct tallies *t); /* of the part (filter.h) */
/* What labels point to has changed. */
void tallies_begin_block(struct tallies *t);
/* One that matched, of the block. */
void tallies_add(struct tallies *t, const struct labels *labels, const struct record *record);
/* Invariant 4. */
void tallies_join(struct tallies *t, const struct tally *tally);
/* By span, the largest counts first in each, then by values. In the arena. */
const struct tally **tallies_sorted(struct tallies *t);

/* tally := n:varint value:str* span:u8 start:zigzag count part numbers (varint each) sum:u64 least:u64 most:u64 sketch
 *          first:zigzag last:zigzag sample:str
 * span is 1 if there is a start; the three numbers are doubles of IEEE 754. */
void put_tally(const struct tally *tally, size_t n_names, struct buf *out);
/* Values point to what r reads. *n_names: how many there are. */
void read_tally(struct tally *tally, size_t *n_names, struct reader *r);

#endif
