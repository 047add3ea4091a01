/*
 * The selected units that wait for their turn: a heap of groups by key, with a budget. A group owns
 * copies of all it prints, so that blocks can be closed.
 *
 *  1. When the groups take more than the budget, the later half of it is thrown away, and all
 *     groups from the first one thrown away (.floor) on are refused until window_reset: below the
 *     floor nothing is missing. One group always stays.
 *  2. With .newest everything is mirrored: "before" means a greater key.
 */
#ifndef QUERY_ENGINE_WINDOW_H
#define QUERY_ENGINE_WINDOW_H

#include "query/engine/opened.h"
#include "query/engine/results.h"

/* One unit of a group; its bytes are in the group's memory. */
struct group_row {
    struct order_key key;
    int64_t event_ns;
    struct str id, fields, line;
    uint16_t flags;
    uint8_t level, id_kind;
    bool is_match;
};

/* Its place in the total order. */
struct order_key result_key(const struct result *result);

/* Neighbouring selected units of one stream in one block, in the order of printing. */
struct group {
    struct order_key key; /* of the first row */
    struct result_stream *stream;
    size_t block;        /* index in the snapshot */
    size_t size;         /* bytes, all in all */
    bool starts_at_edge; /* no unit of the stream is before it in its block */
    bool ends_at_edge;   /* ... or after it */
    bool has_link; /* starts_at_edge, and .link is the block before with units of the stream */
    size_t link;   /* its index in the snapshot */
    uint32_t n_rows;
    struct group_row rows[];
};

struct window {
    struct group **heap; /* owned */
    size_t n, capacity;
    size_t bytes, budget;
    bool newest;
    bool has_floor;
    struct order_key floor;
};

bool window_is_before(const struct window *w, const struct order_key *a, const struct order_key *b);
/* Whether a group with this key would be kept. */
bool window_wants(const struct window *w, const struct order_key *key);
/* The units at list[0], list[step], ... (n indexes into o->units; step is 1 or -1) as one group.
 * The caller fills stream and edges. */
struct group *group_make(const struct opened *o, const uint32_t *list, int step, size_t n);
void window_add(struct window *w, struct group *group); /* takes it over */
const struct group *window_first(const struct window *w);
struct group *window_take(struct window *w); /* the first; the caller frees it with mem_free */
void window_reset(struct window *w);         /* empty, without floor */
void window_free(struct window *w);

#endif
