/*
 * Which of two ways to write a request id mean the same one.
 *
 *     wide    550e8400-e29b-41d4-a716-446655440000     a UUID, in either case
 *             550e8400e29b41d4a716446655440000         32 hex digits: nginx, trace ids
 *             00-550e…0000-00f067aa0ba902b7-01         traceparent
 *             1-550e8400-e29b41d4a716446655440000      X-Ray
 *             req-550e8400-…                           OpenStack
 *     half    a716446655440000                         16 hex digits: B3
 *             12039885860129472512                     the same in decimal, of 17 digits and more: Datadog
 *     scoped  17@5f1c9a7e                              a number that a process counts up, and which process it is
 *     text    req-17                                   any other: the bytes as they are
 *
 *  1. Wide ids are the same but for the digit that is the version of a UUID: Envoy writes there what it decided about tracing.
 *  2. A half id is the same as a wide one with that lower half.
 *  3. A number alone is the same as any scoped one of it: whose it is was not said.
 *  4. The needles of an id are, case aside, the ways in which lines have it. Of a UUID the changed digit is given as Envoy may
 *     have changed it (4 and 7 to 9, a, b), or as it may have been; of the other wide forms, which Envoy does not know, as 4. Forms
 *     that are digits and a dash only, which sieves cannot tell from others, come with what stands in front of them; they are the last,
 *     as sieves then tell nearly all.
 */
#ifndef FORMATS_LINE_CANONICAL_ID_H
#define FORMATS_LINE_CANONICAL_ID_H

#include "base/buf.h"

enum { ID_NEEDLES_MAX = 20, ID_NEEDLE_BYTES = 48, COUNTER_MOST = 7 /* digits of a number */ };

enum canonical_kind { CANONICAL_TEXT, CANONICAL_WIDE, CANONICAL_HALF, CANONICAL_SCOPED };

struct canonical_id {
    enum canonical_kind kind;
    uint64_t high, low; /* high without the version; of half ids only low; of scoped ones neither */
    uint8_t version;    /* the digit left out */
    struct str text;    /* as it was written */
};

struct canonical_id canonical_id_of(struct str text);
bool is_same_id(const struct canonical_id *a, const struct canonical_id *b);

/* 32 or 16 hex digits in lower case, else as it was written. */
void put_canonical_id(struct buf *out, const struct canonical_id *id);
/* The number of a scoped id as lines have it; else all of it. */
struct str id_number(const struct canonical_id *id);

struct id_needles {
    char room[ID_NEEDLES_MAX][ID_NEEDLE_BYTES];
    struct str items[ID_NEEDLES_MAX]; /* in room, or id.text */
    size_t n;
};

void id_needles_of(const struct canonical_id *id, struct id_needles *needles);

#endif
