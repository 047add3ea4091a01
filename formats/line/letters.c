#include "formats/line/letters.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct letter_mask letter_mask_scalar(struct str s)
{
    struct letter_mask m = {0};
    size_t n = s.len < 64 ? s.len : 64;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        m.letters |= (uint64_t)((unsigned char)((c | 0x20) - 'a') < 26) << i;
        m.equals |= (uint64_t)(c == '=') << i;
    }
    return m;
}

#ifdef __SSE2__
struct letter_mask letter_mask_of(struct str s)
{
    struct letter_mask m = {0};
    char padded[64];
    const char *p = s.ptr;
    if (s.len < sizeof padded) {
        memset(padded, 0, sizeof padded);
        memcpy(padded, s.len ? s.ptr : padded, s.len);
        p = padded;
    }
    for (unsigned i = 0; i < 64; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i from_a = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
        __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(from_a, _mm_set1_epi8(25)), from_a);
        __m128i equal = _mm_cmpeq_epi8(v, _mm_set1_epi8('='));
        m.letters |= (uint64_t)(unsigned)_mm_movemask_epi8(letter) << i;
        m.equals |= (uint64_t)(unsigned)_mm_movemask_epi8(equal) << i;
    }
    return m;
}
#else
struct letter_mask letter_mask_of(struct str s)
{
    return letter_mask_scalar(s);
}
#endif
