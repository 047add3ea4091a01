/*
 * Which of 64 bytes are of which class, as bit sets: what looks for places in lines asks them, so that a byte costs less
 * than a cycle unless there is something at it. The sets of redaction are in formats/redact/scan.h.
 *
 *     line   ssn 078-05-1120
 *     digit  000011101101111         bit i is for byte i, here from the left
 *     dash   000000010010000
 *
 *  1. The SSE2 and the portable way agree for every byte.
 */
#ifndef FORMATS_LINE_BYTE_SETS_H
#define FORMATS_LINE_BYTE_SETS_H

#include "base/str.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { BYTE_SETS_WIDTH = 64 };

/* Classes are expressions over vectors, which are -1 where they are true. */
#ifdef __x86_64__
typedef unsigned char bytes16 __attribute__((vector_size(16)));
typedef unsigned char bytes32 __attribute__((vector_size(32)));
#define BYTE_MASK16(yes) (uint64_t)(unsigned) _mm_movemask_epi8((__m128i)(yes))
#define BYTE_MASK32(yes) (uint64_t)(unsigned) _mm256_movemask_epi8((__m256i)(yes))
#endif

/* What request ids need. */
struct id_sets {
    uint64_t pair; /* ':', '=' */
    uint64_t hex;  /* hex digits, '-' */
};

void id_sets_of(const char bytes[BYTE_SETS_WIDTH], struct id_sets *sets);
void id_sets_of_portable(const char bytes[BYTE_SETS_WIDTH], struct id_sets *sets);
/* Where the 64 bytes of line from `at` on are. *by: so many in front of them are to be shifted out of the sets. Room is used
 * for what a line is too short for; behind its end there are zeros. */
static inline const char *sixty_four(struct str line, size_t at, char room[BYTE_SETS_WIDTH],
                                     unsigned *by)
{
    *by = 0;
    if (line.len - at >= BYTE_SETS_WIDTH)
        return line.ptr + at;
    if (line.len >= BYTE_SETS_WIDTH) {
        *by = (unsigned)(at + BYTE_SETS_WIDTH - line.len);
        return line.ptr + line.len - BYTE_SETS_WIDTH;
    }
    memset(room, 0, BYTE_SETS_WIDTH);
    memcpy(room, line.ptr + at, line.len - at);
    return room;
}

/* Of line from `at` on; behind its end nothing is in a set. */
void id_sets_load(struct str line, size_t at, struct id_sets *sets);

/* Letters, and which of them are capitals. */
struct letter_sets {
    uint64_t letter, upper;
};

void letter_sets_of(const char bytes[BYTE_SETS_WIDTH], struct letter_sets *sets);
void letter_sets_of_portable(const char bytes[BYTE_SETS_WIDTH], struct letter_sets *sets);

/* Bit i: whether byte i + by is in the set. */
static inline uint64_t ahead(uint64_t now, uint64_t next, unsigned by)
{
    return by ? now >> by | next << (BYTE_SETS_WIDTH - by) : now;
}

/* Bit i: whether byte i - 1 is. */
static inline uint64_t behind(uint64_t now, uint64_t before)
{
    return now << 1 | before >> (BYTE_SETS_WIDTH - 1);
}

/* Bits at which so many of the set stand one behind the other: of now, and as far as they are known of next. */
struct repeats {
    uint64_t now, next;
};

static inline struct repeats twice(struct repeats r, unsigned by)
{
    return (struct repeats){r.now & ahead(r.now, r.next, by), r.next & r.next >> by};
}

/* The first of sixteen and more of a set. */
static inline uint64_t runs_of_sixteen(uint64_t before, uint64_t now, uint64_t next)
{
    struct repeats r = {now, next};
    uint64_t first = now & ~behind(now, before);
    return twice(twice(twice(twice(r, 1), 2), 4), 8).now & first;
}

#endif
