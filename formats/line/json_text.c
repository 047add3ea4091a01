#include "formats/line/json_text.h"

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

static size_t put_character(uint32_t c, char out[static 4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char low = (char)(c | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* "\uXXXX" from the front of *s; false, and *s as it was, if that is not there. */
static bool take_unit(struct str *s, uint32_t *unit)
{
    if (s->len < 6 || s->ptr[0] != '\\' || s->ptr[1] != 'u')
        return false;
    uint32_t value = 0;
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_value(s->ptr[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *unit = value;
    *s = str_slice(*s, 6, s->len);
    return true;
}

/* The escape at the front of *s. */
static bool take_escape(struct str *s, uint32_t *character)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    uint32_t low;
    struct str rest;
    const char *name = s->len >= 2 ? memchr(names, s->ptr[1], sizeof names - 1) : NULL;
    if (name) {
        *character = (unsigned char)values[name - names];
        *s = str_slice(*s, 2, s->len);
        return true;
    }
    if (!take_unit(s, character))
        return false;
    if ((*character & 0xf800) != 0xd800)
        return true;
    rest = *s;
    if (*character < 0xdc00 && take_unit(&rest, &low) && (low & 0xfc00) == 0xdc00) {
        *character = 0x10000 + ((*character & 0x3ff) << 10) + (low & 0x3ff);
        *s = rest;
        return true;
    }
    *character = 0xfffd;
    return true;
}

bool json_unescape(struct str raw, char *out, size_t room, size_t *len)
{
    size_t n = 0;
    while (raw.len) {
        size_t plain = min_of(str_find_byte(raw, '\\'), raw.len);
        if (plain) {
            struct str fits = str_cut_utf8(str_slice(raw, 0, plain), room - n);
            if (fits.len)
                memcpy(out + n, fits.ptr, fits.len);
            n += fits.len;
            if (fits.len < plain)
                break;
            raw = str_slice(raw, plain, raw.len);
            continue;
        }
        char bytes[4];
        uint32_t character;
        if (!take_escape(&raw, &character))
            return false;
        size_t size = put_character(character, bytes);
        if (size > room - n)
            break;
        memcpy(out + n, bytes, size);
        n += size;
    }
    *len = n;
    return true;
}
