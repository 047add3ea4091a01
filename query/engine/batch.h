/*
 * What is selected in one block, in the order in which it is printed, with copies of all that is printed,
 * so that the block can be closed.
 *
 *     block    | a | . | b | . | . | c | d |
 *     batch    | b | a | ─▶ | d | c |            groups by the key of their first row
 *
 * A group is what goes out together: with context the neighbouring selected units of one stream, without
 * each match.
 *
 *  1. Groups stand in the total order of their first rows, and their rows one after the other; with newest
 *     everything is mirrored.
 *  2. A batch is a chain of pieces of BATCH_PIECE, or as large as one group needs, so that memory is given
 *     back as they are printed. Each piece has at least one group when it is made.
 *  3. Making one looks at nothing but the opened block: any thread. Which streams of the search the groups
 *     are of is filled in later.
 */
#ifndef QUERY_ENGINE_BATCH_H
#define QUERY_ENGINE_BATCH_H

#include "query/engine/opened.h"
#include "query/engine/results.h"

enum { BATCH_PIECE = 256 << 10 };

struct batch_row {
    int64_t order_ns, event_ns;
    struct hash128 origin;
    uint64_t sequence;
    const char *text; /* id, fields and line, one after the other */
    uint32_t position, line_number;
    uint32_t fields_len, line_len;
    uint16_t flags;
    uint8_t id_len, id_kind, level;
    bool is_match;
};

struct group {
    int64_t order_ns;             /* of the first row */
    struct result_stream *stream; /* not owned; NULL until it is filled in */
    uint32_t in_block;            /* index of the stream there */
    uint32_t first;               /* row; of groups to make a batch of: unit in their list */
    uint32_t n : 29;              /* rows */
    bool starts_at_edge : 1;      /* no unit of the stream is before it in its block */
    bool ends_at_edge : 1;        /* ... or after it */
    bool has_link : 1; /* starts_at_edge, and .link is the block before with units of the stream */
    uint32_t link;
};

struct batch {
    struct batch *after; /* owned; the next piece */
    size_t block;        /* index in the snapshot */
    size_t size;         /* bytes of memory of this piece */
    struct batch_row *rows;
    struct group *groups;
    uint32_t n_rows, n_groups;
};

/* What a batch is made of: units by their index, and groups that are such units one after the other. */
struct selection {
    uint32_t *units; /* owned, as all here */
    size_t n_units, units_capacity;
    struct group *groups;
    size_t n_groups, groups_capacity;
};

void selection_free(struct selection *s);
/* The group has the units that are added next. */
struct group *selection_group(struct selection *s, uint32_t in_block);
void selection_unit(struct selection *s, uint32_t unit);

/* NULL if no groups are selected, which are sorted. */
struct batch *batch_make(const struct opened *o, struct selection *s, bool newest);
/* Of all units, each a group. */
struct batch *batch_of_matches(const struct opened *o, bool newest);
void batch_free(struct batch **batch); /* and all behind it */

struct order_key batch_key(const struct batch *b, const struct group *group);
size_t group_size(const struct batch *b, const struct group *group); /* bytes, about */
struct result batch_result(const struct batch *b, const struct group *group, uint32_t row);

#endif
