/*
 * Places: where a reader stands that follows a store.
 *
 *     journal 17   | 1 | 2 | 3 |     journal 18   | 4 | 5 |       blocks in the order of their commits
 *                      ^ "17.5be1c03f.8192": behind block 2, before block 3
 *
 * A place is the address of the last block before it: number of the journal, a piece of the journal's
 * id (so that a place of another store is not taken for one of this), offset of the frame. "0" is
 * the beginning. A span is what lies between two places: "FROM-TO", or "TO" alone if it is empty.
 *
 *  1. What is committed from now on lies behind store_end, and so behind every place given before.
 *  2. Between two places that were given there are always the same blocks, also after a restart (what
 *     was published is on disk), except for those that retention removes or that rot.
 *  3. A journal that has become part of a segment is remembered by the places of its blocks, so that a span
 *     is the rows that came in them. Places of all but the newest ones are forgotten, as if removed.
 */
#ifndef COLLECTOR_STORE_PLACES_H
#define COLLECTOR_STORE_PLACES_H

#include "collector/store/store.h"

struct store_place {
    uint64_t journal; /* 0: the beginning */
    uint64_t offset;
    uint32_t tag; /* low half of the journal's id */
};

struct store_span {
    struct store_place from, to;
};

bool is_place_before(struct store_place a, struct store_place b);
bool is_span_empty(const struct store_span *span);
void put_store_span(struct buf *out, const struct store_span *span);
bool span_parse(struct str text, struct store_span *span);

/* ---- the loop thread ---- */

/* Behind everything that is published. */
struct store_place store_end(const struct store *s);
/* Not behind store_end: after at most so many blocks and bytes of lines from `from` on, but at least
 * after the next block. */
struct store_place store_step(const struct store *s, struct store_place from, size_t blocks,
                              uint64_t line_bytes);

enum place_verdict {
    PLACE_KNOWN,
    PLACE_REMOVED, /* the journal is gone, or merged long ago: what lay behind the place may be gone */
    PLACE_FOREIGN, /* never given by this store */
};
enum place_verdict store_check_place(const struct store *s, struct store_place place);

/* A view of the blocks of a span only. It has no list of streams and no problems. */
void view_open_span(struct view **v, struct store *s, const struct store_span *span);

#endif
