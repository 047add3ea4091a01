/*
 * The bytes at which reading a JSON string has to stop and look: quotes, backslashes, control
 * characters. Inline, as strings in logs are short and this is what most of the time goes to.
 */
#ifndef FORMATS_LINE_JSON_SPECIAL_H
#define FORMATS_LINE_JSON_SPECIAL_H

#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (uint8_t)(b))

/* The high bit of the lowest byte of word that is below n, and maybe of higher ones; 0 if none is.
 * n is at most 128. */
static inline uint64_t bytes_below(uint64_t word, uint8_t n)
{
    return (word - EACH_BYTE(n)) & ~word & EACH_BYTE(0x80);
}

/* The same for special bytes, of 8 bytes as they lie in memory (little-endian). */
static inline uint64_t special_bytes(uint64_t word)
{
    return bytes_below(word, 0x20) | bytes_below(word ^ EACH_BYTE('"'), 1) |
           bytes_below(word ^ EACH_BYTE('\\'), 1);
}

static inline bool is_special(char c)
{
    return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

/* The first special byte in [at, end), or end. This one reads 8 bytes at a time on every machine, the
 * one below uses SSE2 where there is; both always agree. */
static inline const char *json_special_scalar(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t hit = special_bytes(word);
        if (hit)
            return at + (__builtin_ctzll(hit) >> 3);
    }
    while (at < end && !is_special(*at))
        at++;
    return at;
}

#ifdef __SSE2__
static inline int special_mask(__m128i v)
{
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    return _mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, slash)));
}

static inline const char *json_special(const char *at, const char *end)
{
    for (; end - at >= 16; at += 16) {
        int hit = special_mask(_mm_loadu_si128((const __m128i *)(const void *)at));
        if (hit)
            return at + __builtin_ctz((unsigned)hit);
    }
    return json_special_scalar(at, end);
}
#else
static inline const char *json_special(const char *at, const char *end)
{
    return json_special_scalar(at, end);
}
#endif

#endif
