#include "base/text.h"

#include "base/mem.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct str str_cut_utf8(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    size_t len = max;
    while (len > 0 && max - len < 3 && ((unsigned char)s.ptr[len] & 0xc0) == 0x80)
        len--;
    return str_of(s.ptr, len);
}

size_t text_width(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    return n;
}

void put_utf8(struct buf *b, struct str s)
{
    while (s.len) {
        size_t n = (unsigned char)s.ptr[0] < 0x80 ? 1 : utf8_sequence(s);
        buf_add(b, n ? str_of(s.ptr, n) : STR("\xef\xbf\xbd"));
        s = str_slice(s, n ? n : 1, SIZE_MAX);
    }
}

/* ---- JSON ---- */

enum { JSON_WIDTH = 16, JSON_STEP = 512, JSON_WIDEST = 6 /* bytes that one becomes */ };

/* Stands in a JSON string as it is. In one that is escaped already, so do quotes and backslashes. */
static inline bool is_plain(unsigned char c, bool is_escaped)
{
    return c >= 0x20 && c < 0x7f && (is_escaped || (c != '"' && c != '\\'));
}

/* Of JSON_WIDTH bytes, those at the front that are plain. */
static inline unsigned plain_length(const char *at, bool is_escaped)
{
#ifdef __SSE2__
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i good = _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(0x1f)),
                                 _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x7f)));
    __m128i mark = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    unsigned plain = (unsigned)_mm_movemask_epi8(is_escaped ? good : _mm_andnot_si128(mark, good));
    return (unsigned)__builtin_ctz(~plain);
#else
    unsigned n = 0;
    while (n < JSON_WIDTH && is_plain((unsigned char)at[n], is_escaped))
        n++;
    return n;
#endif
}

static char *put_escape(char *to, unsigned char c)
{
    static const char letters[] = "\n\r\t\"\\", escapes[] = "nrt\"\\", hex[] = "0123456789abcdef";
    const char *letter = c ? strchr(letters, c) : NULL;
    *to++ = '\\';
    if (letter) {
        *to++ = escapes[letter - letters];
        return to;
    }
    memcpy(to, "u00", 3);
    to[3] = hex[c >> 4];
    to[4] = hex[c & 15];
    return to + 5;
}

/* The character at *at, which is not plain. U+0080 to U+009F, some of which terminals obey, are escaped. */
static char *put_character(char *to, const char **at, const char *end, bool *is_valid)
{
    size_t n = utf8_sequence(str_of(*at, (size_t)(end - *at)));
    unsigned char c = (unsigned char)**at, next = n > 1 ? (unsigned char)(*at)[1] : 0;
    if (n == 0) {
        *is_valid = false;
        memcpy(to, "\xef\xbf\xbd", 3);
        to += 3;
    } else if (n == 1) {
        to = put_escape(to, c);
    } else if (c == 0xc2 && next < 0xa0) {
        to = put_escape(to, next);
    } else {
        memcpy(to, *at, n);
        to += n;
    }
    *at += n > 0 ? n : 1;
    return to;
}

/* The characters that begin before stop. JSON_WIDTH more bytes than they need are written over. */
static inline __attribute__((always_inline)) char *put_characters(char *to, const char **from,
                                                                  const char *stop, const char *end,
                                                                  bool is_escaped, bool *is_valid)
{
    const char *at = *from;
    while (at < stop) {
        if (stop - at >= JSON_WIDTH) {
            memcpy(to, at, JSON_WIDTH);
            unsigned n = plain_length(at, is_escaped);
            at += n;
            to += n;
            if (n == JSON_WIDTH)
                continue;
        }
        if (is_plain((unsigned char)*at, is_escaped))
            *to++ = *at++;
        else
            to = put_character(to, &at, end, is_valid);
    }
    *from = at;
    return to;
}

static inline __attribute__((always_inline)) bool put_content(struct buf *b, struct str s,
                                                              bool is_escaped)
{
    const char *at = s.ptr, *end = s.len ? s.ptr + s.len : s.ptr;
    const size_t max = b->max ? b->max : BUF_DEFAULT_MAX;
    bool is_valid = true;
    while (at < end && !b->over) {
        char own[JSON_STEP * JSON_WIDEST + JSON_WIDTH];
        size_t step = min_of((size_t)(end - at), (size_t)JSON_STEP);
        size_t room = step * JSON_WIDEST + JSON_WIDTH;
        bool is_near_max = b->len + room > max;
        char *to = is_near_max ? own : buf_reserve(b, room);
        if (!to)
            break;
        size_t n = (size_t)(put_characters(to, &at, at + step, end, is_escaped, &is_valid) - to);
        if (is_near_max)
            buf_add(b, str_of(own, n));
        else
            b->len += n;
    }
    return is_valid;
}

bool put_json(struct buf *b, struct str s)
{
    buf_add_byte(b, '"');
    bool is_valid = put_content(b, s, false);
    buf_add_byte(b, '"');
    return is_valid;
}

void put_json_escaped(struct buf *b, struct str content)
{
    buf_add_byte(b, '"');
    put_content(b, content, true);
    buf_add_byte(b, '"');
}

/* ---- base64 ---- */

static void put_digits(struct buf *b, struct str bytes, const char *last_two, bool pad)
{
    char digits[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    memcpy(digits + 62, last_two, 2);
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = min_of(bytes.len - i, (size_t)3);
        uint32_t group = 0;
        for (size_t k = 0; k < n; k++)
            group |= (uint32_t)(unsigned char)bytes.ptr[i + k] << (16 - 8 * k);
        for (size_t k = 0; k < 4; k++) {
            if (k <= n)
                buf_add_byte(b, digits[group >> (18 - 6 * k) & 63]);
            else if (pad)
                buf_add_byte(b, '=');
        }
    }
}

void put_base64(struct buf *b, struct str bytes)
{
    put_digits(b, bytes, "+/", true);
}
void put_base64url(struct buf *b, struct str bytes)
{
    put_digits(b, bytes, "-_", false);
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

size_t decode_base64(struct str s, char *out, size_t room)
{
    size_t n = 0;
    uint32_t bits = 0;
    int have = 0;
    while (s.len && s.ptr[s.len - 1] == '=')
        s.len--;
    for (size_t i = 0; i < s.len; i++) {
        int value = digit_value(s.ptr[i]);
        if (value < 0)
            return SIZE_MAX;
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (n == room)
            return SIZE_MAX;
        out[n++] = (char)(bits >> have & 0xff);
    }
    return n;
}
