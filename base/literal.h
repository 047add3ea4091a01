/*
 * Finding one literal in a large buffer, exactly or ignoring ASCII case.
 *
 * The scheme is that of "memchr pair" finders: the two bytes of the needle that are rarest in logs
 * are compared at their distance for 32 (AVX2) or 16 (SSE2) start positions at once; where both
 * agree, the whole needle is compared.
 *
 *     needle   u s e r _ i d = 4 2         rare bytes: '_' at 4, '4' at 8
 *     hay      . . . . . . . . . . . . . . . . . . . . . . . .
 *                      \______/ 32 bytes at +4 == '_' ?  \
 *                              \______/ 32 bytes at +8 == '4' ?  >  and, per position
 *
 *  1. Every method gives the same answer; the portable one is compiled everywhere.
 *  2. Linear in the worst case: when comparisons have cost more than a few times the bytes passed,
 *     the rest is searched by Knuth-Morris-Pratt, whose table is made with the needle.
 *  3. ignore_case folds A-Z only. Any byte may occur in needle and hay, NUL too.
 *  4. A struct literal is not changed by searching: threads may share it.
 */
#ifndef BASE_LITERAL_H
#define BASE_LITERAL_H

#include "base/str.h"

/* A longer needle is cut off by literal_init's caller; it is an assert here. */
enum { LITERAL_MAX = 1 << 16 };

struct literal {
    char *bytes;          /* owned; lower case if ignore_case */
    uint32_t *borders;    /* owned; longest proper border of each prefix, for invariant 2 */
    size_t len;           /* 0 is found everywhere */
    size_t first, second; /* offsets of the two rare bytes; first <= second */
    bool ignore_case;
};

void literal_init(struct literal *literal, struct str needle, bool ignore_case);
void literal_free(struct literal *literal);

/* Offset of the first occurrence that starts at `from` or later, or SIZE_MAX. */
size_t literal_find(const struct literal *literal, struct str hay, size_t from);

/* The methods that this machine can run, for tests; the last one is portable. */
struct literal_method {
    const char *name;
    bool (*is_supported)(void);
    size_t (*find)(const struct literal *literal, struct str hay, size_t from);
};
extern const struct literal_method literal_methods[];
extern const size_t literal_method_count;

#endif
