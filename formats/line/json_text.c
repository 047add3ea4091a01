#include "formats/line/json_text.h"

#include "base/ascii.h"
#include "formats/line/json_special.h"

/* By the byte behind the backslash; 0 = not one byte. */
static const char meanings[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* Where reading and writing stand. */
struct cursor {
    const char *at;
    char *to;
};

/* Copies up to the first special byte. */
static inline struct cursor copy_plain_scalar(struct cursor c, const char *end)
{
    for (; end - c.at >= 8; c.at += 8, c.to += 8) {
        uint64_t word;
        memcpy(&word, c.at, sizeof word);
        memcpy(c.to, &word, sizeof word);
        uint64_t hit = special_bytes(word);
        if (hit) {
            int n = __builtin_ctzll(hit) >> 3;
            return (struct cursor){c.at + n, c.to + n};
        }
    }
    while (c.at < end && !is_special(*c.at))
        *c.to++ = *c.at++;
    return c;
}

#ifdef __SSE2__
/* Copies 16 bytes whatever counts of them. */
static inline void copy_block(char *to, const char *at)
{
    _mm_storeu_si128((__m128i *)(void *)to, _mm_loadu_si128((const __m128i *)(const void *)at));
}

/* As copy_plain_scalar, and over escapes that mean one byte: JSON inside a string has one every few
 * bytes, and going from one to the next inside a mask is faster than looking for it. */
static inline struct cursor copy_plain(struct cursor c, const char *end)
{
    while (end - c.at >= 32) {
        const char *at = c.at;
        unsigned hits = (unsigned)special_mask(_mm_loadu_si128((const __m128i *)(const void *)at));
        unsigned done = 0; /* bytes of this block */
        for (; hits; hits &= ~(3u << (done - 2))) {
            unsigned n = (unsigned)__builtin_ctz(hits);
            char meaning = at[n] == '\\' ? meanings[(unsigned char)at[n + 1]] : 0;
            copy_block(c.to, at + done);
            c.to += n - done;
            if (!meaning)
                return (struct cursor){at + n, c.to};
            *c.to++ = meaning;
            done = n + 2;
        }
        if (done < 16) {
            copy_block(c.to, at + done);
            c.to += 16 - done;
            done = 16;
        }
        c.at += done;
    }
    return copy_plain_scalar(c, end);
}
#else
static inline struct cursor copy_plain(struct cursor c, const char *end)
{
    return copy_plain_scalar(c, end);
}
#endif

/* The four digits of "\uXXXX" at the front of [at, end), or -1. */
static int32_t unit_of(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_value(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (char)(0xe0 | c >> 12);
        } else {
            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

/* Of one "\uXXXX", or of two that are a pair. .to is NULL if there is none. */
static struct cursor put_unicode(struct cursor c, const char *end)
{
    int32_t unit = unit_of(c.at, end);
    if (unit < 0)
        return (struct cursor){c.at, NULL};
    if (unit < 0xd800 || unit > 0xdfff)
        return (struct cursor){c.at + 6, put_utf8(c.to, (uint32_t)unit)};
    int32_t low = unit < 0xdc00 ? unit_of(c.at + 6, end) : -1;
    if (low < 0xdc00 || low > 0xdfff)
        return (struct cursor){c.at + 6, put_utf8(c.to, 0xfffd)};
    uint32_t both = (uint32_t)(unit - 0xd800) << 10 | (uint32_t)(low - 0xdc00);
    return (struct cursor){c.at + 12, put_utf8(c.to, 0x10000 + both)};
}

typedef struct cursor copy_function(struct cursor c, const char *end);

/* *quote is where it ended. */
static inline __attribute__((always_inline)) char *
unescape_with(copy_function *copy, struct cursor c, const char *end, const char **quote)
{
    while (c.to) {
        c = copy(c, end);
        if (c.at < end && *c.at == '"') {
            *quote = c.at;
            return c.to;
        }
        if (end - c.at < 2 || *c.at != '\\')
            return NULL;
        char meaning = meanings[(unsigned char)c.at[1]];
        if (meaning) {
            *c.to++ = meaning;
            c.at += 2;
        } else {
            c = put_unicode(c, end);
        }
    }
    return NULL;
}

char *json_unescape(const char **at, const char *end, char *to)
{
    return unescape_with(copy_plain, (struct cursor){*at, to}, end, at);
}

char *json_unescape_scalar(const char **at, const char *end, char *to)
{
    return unescape_with(copy_plain_scalar, (struct cursor){*at, to}, end, at);
}
