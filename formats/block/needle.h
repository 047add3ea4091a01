/*
 * A needle as it is held against shapes and the values in their slots, where pieces of it stand in texts that follow
 * each other.
 *
 *     needle   "took 12 ms"                    text  "job 7 took "       ends with its first 5 bytes
 *                                              text  "12"                goes on to the first 7
 *                                              text  " ms"               and the needle ends in it
 *
 * A set of places is a word of bits: bit i says that the first i + 1 bytes may end where the walk has come to (Baeza-Yates
 * and Gonnet, A new approach to text searching, 1992).
 *
 *  1. Of a longer needle the first NEEDLE_MAX bytes are looked for.
 *  2. If case is ignored, letters of ASCII in it are small ones, and stand for both.
 */
#ifndef FORMATS_BLOCK_NEEDLE_H
#define FORMATS_BLOCK_NEEDLE_H

#include "base/literal.h"

enum { NEEDLE_MAX = 64 };

struct needle {
    struct literal literal; /* owned */
    const char *bytes;      /* its */
    unsigned n;
    uint64_t places[256]; /* where each byte stands */
};

void needle_init(struct needle *needle, struct str text, bool ignore_case);
void needle_free(struct needle *needle);

/* Goes on with a text behind what the set says. True: the needle ends in it. */
bool needle_pass(const struct needle *needle, struct str text, uint64_t *set);
/* The places with which the text ends, but for all of the needle. */
uint64_t needle_ends(const struct needle *needle, struct str text);
/* Whether the text is what stands behind the first `from` bytes of the needle, or the beginning of it. */
bool is_needle_piece(const struct needle *needle, unsigned from, struct str text);

static inline bool is_needle_in(const struct needle *needle, struct str text)
{
    return literal_find(&needle->literal, text, 0) != SIZE_MAX;
}

/* As needle_pass, through a text in which all of the needle does not stand: only pieces are looked at. */
bool needle_go_through(const struct needle *needle, struct str text, uint64_t *set);
static inline bool needle_go_on(const struct needle *needle, struct str text, uint64_t *set)
{
    if (text.len == 0)
        return false;
    if ((*set << 1 & needle->places[(unsigned char)text.ptr[0]]) |
        needle->places[(unsigned char)text.ptr[text.len - 1]])
        return needle_go_through(needle, text, set);
    *set = 0;
    return false;
}

/* The first n places. */
static inline uint64_t low_places(size_t n)
{
    return n >= 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
}

#endif
