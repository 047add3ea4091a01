/*
 * What `sluice tail -f` asks a collector for, as a form: that of a query (query/engine/query.h), and
 *
 *     last=N|all       so many of the newest before anything new; 10 if nothing is said, 0: none
 *     cursor=TEXT      goes on there: the last one that was given. TEXT is the collector's own
 *     behind=KEY       ... and behind this result, the last one that was shown since then
 *
 *     POST /api/v1/tail    e=timeout&filter=service%3Dapi&last=50&output=binary
 *     GET /api/v1/tail?service=api
 *
 * The answer has no end. It is a sequence of batches, each in the total order, and between them marks
 * that name the place which has been reached:
 *
 *     mark "A-B"  record record ... record   mark "B"                 mark "B-C"  record ...
 *     a batch     what is between A and B    all before B was given   the next batch
 *
 * A mark comes every ten seconds at least, so that both sides notice a dead one. Where the output is
 * JSON only marks like "B" are given, as {"cursor":"B"}; text and raw lines have none.
 *
 *  1. Between A and B there is always the same, in the same order: after a broken connection
 *     cursor=A-B&behind=KEY gives what was missing of the batch, then what came after B. So nothing is
 *     lost or doubled, however the connection or the collector ended, and neither side keeps more
 *     than a cursor and a key.
 *  2. With a cursor, names that no stream has match nothing; without, they are ERR_INPUT.
 *  3. What only makes sense with an end is refused: until, newest, max, context, lists and counts.
 */
#ifndef QUERY_ENGINE_TAIL_FORM_H
#define QUERY_ENGINE_TAIL_FORM_H

#include "query/engine/opened.h"
#include "query/engine/query.h"

enum { TAIL_LAST_DEFAULT = 10 };

struct tail_form {
    struct query query; /* .last is not 0 if that many are asked for */
    bool all;           /* last=all */
    struct str cursor;  /* in query.arena, or the caller's; empty: none */
    bool has_key;
    struct order_key key;
};

/* The newest ten of everything. */
void tail_form_init(struct tail_form *form);
void tail_form_free(struct tail_form *form);
bool tail_form_check(const struct tail_form *form, struct err *err);
void tail_form_encode(const struct tail_form *form, struct buf *out);
/* Fills an initialised form. text may start with "?". */
bool tail_form_decode(struct tail_form *form, struct str text, struct err *err);

#endif
