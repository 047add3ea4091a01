/*
 * A search, as one value: what the command line gathers, what goes to a collector, what the engine
 * runs. Its text form is that of HTML forms, so that curl can write it:
 *
 *     GET /api/v1/query?e=timeout&kind=F&i=1&filter=service%3Dapi&since=1763626921000000000
 *
 *     e=PATTERN        repeatable; none: everything matches, which needs no pattern
 *     kind=F|E|G|P     text (default), extended, basic, perl
 *     i w x v lines    =1 (or =0): grep's -i -w -x -v, and --lines
 *     filter=OPERAND   repeatable; query/engine/filter.h
 *     since= until=    nanoseconds since 1970 or RFC 3339; until is not included
 *     newest=1         newest first
 *     last=N           the newest N, oldest first
 *     max=N            the first N in the order of printing, then stop
 *     before=N after=N context, in lines of the same stream
 *     want=records|count|streams|others|tallies    "others": streams without a match; tallies: tally.h, of
 *     by=NAME          repeatable
 *     every=N shift=N  spans of so many nanoseconds, which begin at multiples of it of time + shift
 *     change=TIME:N    from then on it is another shift; repeatable
 *     measure=NAME     what is measured
 *     part=OPERAND     repeatable, as filter
 *     sample=1         with the first and the last time of each, and its newest line
 *     output=json|text|raw|binary          what the collector answers with
 *     explain=1        nothing is searched: what would be (explain.h), as text or json
 *     NAME=VALUE       any other name is a filter: service=api is filter=service%3Dapi; so are
 *                      service!=api and service~regex
 *
 *  1. query_decode(query_encode(q)) is q. A name of the list that is given twice and is not
 *     repeatable is refused.
 *  2. Everything is bounded by the constants below.
 */
#ifndef QUERY_ENGINE_QUERY_H
#define QUERY_ENGINE_QUERY_H

#include "base/arena.h"
#include "base/time.h"
#include "query/engine/pattern.h"

enum {
    QUERY_FILTERS_MAX = 100,
    QUERY_CONTEXT_MAX = 10000,  /* lines before or after */
    QUERY_FORM_MAX = 256 << 10, /* bytes of the encoded form */
    QUERY_NAMES_MAX = 16,       /* of by; how many there may be says tally.h */
};

enum query_want { WANT_RECORDS, WANT_COUNT, WANT_STREAMS, WANT_OTHERS, WANT_TALLIES };
enum query_output { OUTPUT_JSON, OUTPUT_TEXT, OUTPUT_RAW, OUTPUT_BINARY };

struct query_texts {
    struct str *items;
    size_t n, capacity;
};

struct query {
    struct arena arena; /* owns the texts that query_add_... and query_decode put in */
    struct query_texts patterns, filters;
    struct pattern_options options;
    int64_t since_ns, until_ns; /* TIME_NONE: open. Of the event time. */
    bool newest;
    uint64_t last; /* 0: all */
    bool has_max;
    uint64_t max; /* may be 0, as in grep -m 0 */
    uint32_t before, after;
    enum query_want want;
    struct query_texts by; /* names */
    uint64_t every_ns;     /* 0: no spans */
    int64_t shift_ns;
    struct query_texts changes; /* of it: tally.h */
    struct str measure;         /* empty: nothing */
    struct query_texts part;    /* filters */
    bool sample;                /* tally_options */
    enum query_output output;
    bool explain;
};

void query_init(struct query *q); /* matches everything */
void query_free(struct query *q);
/* The text is copied. */
void query_add_pattern(struct query *q, struct str text);
void query_add_filter(struct query *q, struct str text);
void query_add_by(struct query *q, struct str name);
void query_add_change(struct query *q, struct str text);
void query_add_part(struct query *q, struct str text);
/* Bounds, and what cannot be together. Decoding has done it. */
bool query_check(const struct query *q, struct err *err);

void query_encode(const struct query *q, struct buf *out);
/* Fills an initialised query. form may start with "?". */
bool query_decode(struct query *q, struct str form, struct err *err);

/* For forms that hold more than a query: one decoded pair of them. */
struct query_pairs {
    uint32_t seen; /* private to query.c */
};
bool query_take_pair(struct query *q, struct query_pairs *pairs, struct str name, struct str value,
                     struct err *err);
/* To a form that is being written: "name=value", the value in percent signs. */
void put_form_pair(struct buf *out, const char *name, struct str value);

#endif
