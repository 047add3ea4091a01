/*
 * How a line is cut into what stays and what varies. A *token* is a run of letters, digits, '_' and bytes
 * over 127, in which '-' and '.' may stand between two of those. It varies, and becomes a slot, if
 *
 *     it has a digit                      job 4711, 10.0.0.7, 3f9c2a…, 12.5
 *     it is a value, whatever it is       level=info   "level":"info"   "ok":true
 *     it is a path                        GET /index.html      but not HTTP/1.1
 *     it is in quotes behind a blank      "GET / HTTP/1.1" 200 "-" "Mozilla/5.0 (X11; …"
 *
 * and all others are words, which stay. Of a token that ends in digits behind letters that are no hex
 * digits the letters stay too: worker-12 is "worker-" and 12. A time of day, alone or behind a date, is
 * one slot with all that belongs to it: 2026-11-20T09:22:01.123Z.
 *
 * These rules decide how small a block becomes, not what it says: readers never use them. But names of shapes
 * (formats/line/skeleton.h) depend on what a word is, TOKEN_WORD, and a time, TOKEN_TIME: these stay.
 */
#ifndef FORMATS_BLOCK_TOKEN_H
#define FORMATS_BLOCK_TOKEN_H

#include "base/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum token_kind { TOKEN_WORD, TOKEN_TIME, TOKEN_PATH, TOKEN_QUOTED, TOKEN_KINDS };

enum token_class { TOKEN_DIGIT = 1, TOKEN_LETTER = 2, TOKEN_HEX = 4, TOKEN_INNER = 8 };

extern const uint8_t token_classes[256];

/* Behind a token; at itself if none begins here. */
static inline const char *token_word_end_scalar(const char *at, const char *end)
{
    while (at < end) {
        unsigned class = token_classes[(unsigned char)*at];
        if (class & (TOKEN_DIGIT | TOKEN_LETTER))
            at++;
        else if (class == TOKEN_INNER && end - at > 1 &&
                 (token_classes[(unsigned char)at[1]] & (TOKEN_DIGIT | TOKEN_LETTER)))
            at += 2;
        else
            break;
    }
    return at;
}

#ifdef __SSE2__
/* All between from and to, as signed bytes. */
static inline __m128i bytes_between(__m128i v, char from, char to)
{
    return _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8((char)(from - 1))),
                         _mm_cmplt_epi8(v, _mm_set1_epi8((char)(to + 1))));
}

/* The same: 15 bytes at once, of which each but '-' and '.' is known alone, and those by the next. */
static inline const char *token_word_end(const char *at, const char *end)
{
    for (; end - at >= 16; at += 15) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i letters = bytes_between(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 'z');
        __m128i others =
            _mm_or_si128(bytes_between(v, '0', '9'), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
        __m128i high = _mm_cmplt_epi8(v, _mm_setzero_si128());
        unsigned inner = (unsigned)_mm_movemask_epi8(bytes_between(v, '-', '.'));
        unsigned words =
            (unsigned)_mm_movemask_epi8(_mm_or_si128(letters, _mm_or_si128(others, high)));
        unsigned stops = ~(words | (inner & words >> 1)) & 0x7fff;
        if (stops)
            return at + __builtin_ctz(stops);
    }
    return token_word_end_scalar(at, end);
}
#else
static inline const char *token_word_end(const char *at, const char *end)
{
    return token_word_end_scalar(at, end);
}
#endif

/* The same for the other kinds. */
const char *token_other_end(enum token_kind kind, const char *at, const char *end);

static inline const char *token_end(enum token_kind kind, const char *at, const char *end)
{
    return kind == TOKEN_WORD ? token_word_end(at, end) : token_other_end(kind, at, end);
}

struct token_slot {
    const char *from, *to;
    enum token_kind kind;
};

/* The first slot in [at, end), of a line that begins at begin. False: there is none. */
bool token_next_slot(const char *begin, const char *at, const char *end, struct token_slot *slot);

#endif
