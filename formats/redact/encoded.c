#include "formats/redact/encoded.h"

#include "base/bisect.h"
#include "base/mem.h"

int escaped_byte(struct str s, size_t at)
{
    if (byte_at(s, at) != '%' || !is_hex(byte_at(s, at + 1)) || !is_hex(byte_at(s, at + 2)))
        return -1;
    int c = hex_value(s.ptr[at + 1]) * 16 + hex_value(s.ptr[at + 2]);
    return c >= ' ' && c <= '~' ? c : -1;
}

struct str decode_escapes(struct str s, char *room, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < size; i++) {
        int c = escaped_byte(s, i);
        room[n++] = c < 0 ? s.ptr[i] : (char)c;
        i += c < 0 ? 0 : 2;
    }
    return str_of(room, n);
}

/* ---- is there anything to decode? ---- */

static bool is_part(char c)
{
    return is_digit(c) || is_upper(c);
}

/* An escape that parts of a number, an address or a name are joined by. */
static bool is_joint(struct str line, size_t at)
{
    char before = at > 0 ? line.ptr[at - 1] : 0, behind = byte_at(line, at + 3);
    switch (escaped_byte(line, at)) {
    case ' ':
    case '-':
    case '.':
        return is_part(before) && (is_part(behind) || behind == '%');
    case '/':
        return is_digit(before) && is_digit(behind);
    case ':':
        return behind == '%' || is_hex(before) || is_hex(behind);
    case '+':
    case '(':
        return is_digit(behind) || (is_alnum(before) && is_letter(behind));
    case '\'':
        return is_letter(before) && is_letter(behind);
    default:
        return false;
    }
}

/* '+' for a blank, as in "078+05+1120" and "030+901820". One with four digits behind it is the zone of a time. */
static bool is_plus_joint(struct str line, size_t at)
{
    enum { GROUP_MAX = 7, LONG = 5 };
    if (at == 0 || !is_part(line.ptr[at - 1]) || !is_digit(byte_at(line, at + 1)))
        return false;
    size_t digits = 1;
    while (digits < LONG && is_digit(byte_at(line, at + 1 + digits)))
        digits++;
    size_t next = str_find_byte(str_slice(line, at + 1, GROUP_MAX), '+');
    return digits == LONG || (next != SIZE_MAX && is_part(byte_at(line, at + next + 2)));
}

static bool has_joint(struct str line, char c, bool (*is_one)(struct str line, size_t at))
{
    for (size_t at = 0; at < line.len; at++) {
        size_t next = str_find_byte(str_slice(line, at, SIZE_MAX), c);
        if (next == SIZE_MAX)
            return false;
        at += next;
        if (is_one(line, at))
            return true;
    }
    return false;
}

/* ---- decoding ---- */

static bool is_blank_plus(struct str line, size_t at)
{
    char before = at > 0 ? line.ptr[at - 1] : 0, behind = byte_at(line, at + 1);
    return line.ptr[at] == '+' && is_alnum(before) && (is_alnum(behind) || behind == '%');
}

static void decode_line(struct redaction *r, struct str line)
{
    buf_reset(&r->decoded);
    r->decoded.max = SIZE_MAX;
    r->n_escapes = 0;
    for (size_t i = 0; i < line.len; i++) {
        int c = escaped_byte(line, i);
        if (c >= 0) {
            mem_grow(r->escapes, r->n_escapes, r->escapes_capacity);
            r->escapes[r->n_escapes++] = r->decoded.len;
            i += 2;
        }
        buf_add_byte(&r->decoded, c >= 0 ? (char)c : is_blank_plus(line, i) ? ' ' : line.ptr[i]);
    }
}

/* Where a place in the decoded line is in the line. */
static size_t place_of(const struct redaction *r, size_t at)
{
    return at + 2 * bisect(r->n_escapes, i, r->escapes[i] < at);
}

/* ---- finding ---- */

void encoded_finders(struct scan_finders *to, const struct scan_finders *of)
{
    static const enum trigger again[] = {TRIGGER_AT,  TRIGGER_NUMBER, TRIGGER_LETTERS,
                                         TRIGGER_DOT, TRIGGER_COLON,  TRIGGER_DIALED};
    *to = (struct scan_finders){0};
    for (size_t i = 0; i < countof(again); i++)
        to->of[again[i]] = of->of[again[i]];
}

void find_encoded(struct hunt *h)
{
    struct redaction *r = h->found;
    if (!has_joint(h->line, '%', is_joint) && !has_joint(h->line, '+', is_plus_joint))
        return;
    struct hunt again = *h;
    size_t n = r->n;
    decode_line(r, h->line);
    again.line = buf_str(&r->decoded);
    scan_line(&h->redactor->encoded, &again);
    for (; n < r->n; n++) {
        r->findings[n].from = place_of(r, r->findings[n].from);
        r->findings[n].to = place_of(r, r->findings[n].to);
    }
}
