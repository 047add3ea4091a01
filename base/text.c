#include "base/text.h"

#include "base/mem.h"

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

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Bytes of the UTF-8 sequence at the front of s; 0 if there is none. */
static size_t sequence_length(struct str s)
{
    for (size_t n = 2; n <= min_of(s.len, (size_t)4); n++) {
        if (is_utf8(str_of(s.ptr, n)))
            return n;
    }
    return 0;
}

void put_utf8(struct buf *b, struct str s)
{
    while (s.len) {
        size_t n = (unsigned char)s.ptr[0] < 0x80 ? 1 : sequence_length(s);
        buf_add(b, n ? str_of(s.ptr, n) : STR("\xef\xbf\xbd"));
        s = str_slice(s, n ? n : 1, SIZE_MAX);
    }
}

static void put_json_ascii(struct buf *b, unsigned char c)
{
    static const char letters[] = "\n\r\t\"\\", escapes[] = "nrt\"\\";
    const char *at = c ? strchr(letters, c) : NULL;
    if (at)
        buf_print(b, "\\%c", escapes[at - letters]);
    else
        buf_print(b, "\\u%04x", c);
}

/* U+0080 to U+009F, some of which terminals obey. */
static bool is_c1_control(struct str s)
{
    return s.len > 1 && (unsigned char)s.ptr[0] == 0xc2 && (unsigned char)s.ptr[1] < 0xa0 &&
           (unsigned char)s.ptr[1] >= 0x80;
}

void put_json(struct buf *b, struct str s)
{
    buf_add_byte(b, '"');
    while (s.len) {
        size_t n = 0;
        while (n < s.len && is_plain((unsigned char)s.ptr[n]))
            n++;
        buf_add(b, str_of(s.ptr, n));
        s = str_slice(s, n, SIZE_MAX);
        if (s.len == 0)
            break;
        size_t taken = 1;
        if ((unsigned char)s.ptr[0] < 0x80)
            put_json_ascii(b, (unsigned char)s.ptr[0]);
        else if (is_c1_control(s))
            put_json_ascii(b, (unsigned char)s.ptr[taken++]);
        else if ((taken = sequence_length(s)) > 0)
            buf_add(b, str_of(s.ptr, taken));
        else
            buf_add(b, STR("\xef\xbf\xbd"));
        s = str_slice(s, taken ? taken : 1, SIZE_MAX);
    }
    buf_add_byte(b, '"');
}

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
