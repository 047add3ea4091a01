#include "formats/line/byte_sets.h"

#include "base/ascii.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

void id_sets_of_portable(const char bytes[BYTE_SETS_WIDTH], struct id_sets *sets)
{
    *sets = (struct id_sets){0};
    for (unsigned i = 0; i < BYTE_SETS_WIDTH; i++) {
        char c = bytes[i];
        uint64_t bit = 1ull << i;
        sets->pair |= c == ':' || c == '=' ? bit : 0;
        sets->hex |= is_hex(c) || c == '-' ? bit : 0;
    }
}

#ifdef __SSE2__

static inline uint64_t bits_of(__m128i yes, unsigned at)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(yes) << at;
}

static inline __m128i are(__m128i bytes, char c)
{
    return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c));
}

/* Bytes c with low <= c < low + n. */
static inline __m128i in_range(__m128i bytes, char low, char n)
{
    __m128i from_low = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
    __m128i last = _mm_set1_epi8((char)(n - 1));
    return _mm_cmpeq_epi8(_mm_min_epu8(from_low, last), from_low);
}

void id_sets_of(const char bytes[BYTE_SETS_WIDTH], struct id_sets *sets)
{
    uint64_t pair = 0, hex = 0;
    for (unsigned at = 0; at < BYTE_SETS_WIDTH; at += 16) {
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        __m128i folded = _mm_or_si128(b, _mm_set1_epi8(0x20));
        __m128i digit = _mm_or_si128(in_range(b, '0', 10), in_range(folded, 'a', 6));
        pair |= bits_of(_mm_or_si128(are(b, ':'), are(b, '=')), at);
        hex |= bits_of(_mm_or_si128(digit, are(b, '-')), at);
    }
    *sets = (struct id_sets){pair, hex};
}

#else

void id_sets_of(const char bytes[BYTE_SETS_WIDTH], struct id_sets *sets)
{
    id_sets_of_portable(bytes, sets);
}

#endif

/* The bytes of line from `at` on, zeros behind its end. */
static const char *padded(struct str line, size_t at, char room[BYTE_SETS_WIDTH])
{
    if (line.len - at >= BYTE_SETS_WIDTH)
        return line.ptr + at;
    memset(room, 0, BYTE_SETS_WIDTH);
    memcpy(room, line.ptr + at, line.len - at);
    return room;
}

void id_sets_load(struct str line, size_t at, struct id_sets *sets)
{
    char room[BYTE_SETS_WIDTH];
    if (at >= line.len) {
        *sets = (struct id_sets){0};
    } else if (line.len - at < BYTE_SETS_WIDTH && line.len >= BYTE_SETS_WIDTH) {
        unsigned by = (unsigned)(BYTE_SETS_WIDTH - (line.len - at));
        id_sets_of(line.ptr + line.len - BYTE_SETS_WIDTH, sets);
        *sets = (struct id_sets){sets->pair >> by, sets->hex >> by};
    } else {
        id_sets_of(padded(line, at, room), sets);
    }
}
