#include "formats/redact/encoded.h"

#include "base/bisect.h"
#include "base/mem.h"
#include "formats/redact/pair_name.h"

/* Of two hex digits; -1: they are none. */
static int hex_byte(struct str s, size_t at)
{
    if (!is_hex(byte_at(s, at)) || !is_hex(byte_at(s, at + 1)))
        return -1;
    return hex_value(s.ptr[at]) * 16 + hex_value(s.ptr[at + 1]);
}

/* Printable, of a letter beyond ASCII, or the end of a line. */
static bool is_text(int c)
{
    enum { DELETE = 0x7f };
    return (c >= ' ' && c != DELETE) || c == '\n' || c == '\r';
}

static bool is_beyond_ascii(char c)
{
    return (unsigned char)c >= 0x80;
}

unsigned json_code_at(struct str s, size_t at, unsigned *code)
{
    enum { BACKSLASHES_MAX = 8, DIGITS = 4 };
    size_t i = at;
    while (i < at + BACKSLASHES_MAX && byte_at(s, i) == '\\')
        i++;
    int high = hex_byte(s, i + 1), low = hex_byte(s, i + 3);
    if (i == at || byte_at(s, i) != 'u' || high < 0 || low < 0)
        return 0;
    *code = (unsigned)high << 8 | (unsigned)low;
    return (unsigned)(i - at) + 1 + DIGITS;
}

/* "\u003d" as encoders write it for HTML's sake, of what stands between names and values; '"' would end a string. */
static struct escape json_escape_at(struct str s, size_t at)
{
    unsigned c = 0, len = json_code_at(s, at, &c);
    bool is_sign = c == '=' || c == '&' || c == '<' || c == '>' || c == '\'';
    return is_sign ? (struct escape){.len = len, .byte = (char)c} : (struct escape){.len = 0};
}

struct escape escape_at(struct str s, size_t at)
{
    char first = byte_at(s, at);
    if (first == '\\')
        return json_escape_at(s, at);
    int c = first == '%' ? hex_byte(s, at + 1) : -1;
    int inner = c == '%' ? hex_byte(s, at + 3) : -1;
    if (is_text(inner))
        return (struct escape){.len = 5, .byte = (char)inner};
    return is_text(c) ? (struct escape){.len = 3, .byte = (char)c} : (struct escape){.len = 0};
}

struct str decode_escapes(struct str s, char *room, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < size;) {
        struct escape e = escape_at(s, i);
        room[n++] = e.len ? e.byte : s.ptr[i];
        i += e.len ? e.len : 1;
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
    struct escape e = escape_at(line, at);
    char before = at > 0 ? line.ptr[at - 1] : 0, behind = byte_at(line, at + e.len);
    switch (e.byte) {
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
    case '<':
        return is_letter(behind);
    case '\'':
        return is_letter(before) && is_letter(behind);
    case '=':
        return is_alnum(before) && (is_alnum(behind) || behind == '%');
    case '@':
        return e.len > 3; /* find_mail knows "%40" */
    case '\n':
    case '\r':
        return before == '-'; /* "-----BEGIN+PRIVATE+KEY-----%0A" */
    default:                  /* of "j%C3%BCrgen%40example.de" */
        return is_beyond_ascii(e.byte) && (is_letter(before) || is_letter(behind));
    }
}

/* '+' for a blank, as in "078+05+1120" and "030+901820", behind a part and before a digit. One with four digits behind it is the
 * zone of a time. */
static bool is_plus_joint(struct str line, size_t at)
{
    enum { GROUP_MAX = 7, LONG = 5 };
    size_t digits = 1;
    while (digits < LONG && is_digit(byte_at(line, at + 1 + digits)))
        digits++;
    size_t next = str_find_byte(str_slice(line, at + 1, GROUP_MAX), '+');
    return digits == LONG || (next != SIZE_MAX && is_part(byte_at(line, at + next + 2)));
}

void note_escape(struct hunt *h, size_t at)
{
    h->is_encoded = h->is_encoded || is_joint(h->line, at);
}

size_t find_escape(struct hunt *h, size_t at)
{
    char sign = json_escape_at(h->line, at).byte;
    h->is_encoded = h->is_encoded || sign == '=' || sign == '<' || (sign && is_joint(h->line, at));
    return at + 1;
}

size_t find_plus(struct hunt *h, size_t at)
{
    h->is_encoded = h->is_encoded || is_plus_joint(h->line, at);
    return at + 1;
}

/* ---- decoding ---- */

static bool is_blank_plus(struct str line, size_t at)
{
    char before = at > 0 ? line.ptr[at - 1] : 0, behind = byte_at(line, at + 1);
    return line.ptr[at] == '+' && is_alnum(before) && (is_alnum(behind) || behind == '%');
}

/* The backslashes of the quotes of the string of JSON in which the walk is. */
struct walk_level {
    bool is_json;
    size_t slashes, level;
};

static void walk_byte(struct walk_level *w, char c)
{
    enum { LEVEL_MAX = 7 };
    if (c == '"')
        w->level = min_of(w->slashes, (size_t)LEVEL_MAX);
    w->slashes = c == '\\' ? w->slashes + 1 : 0;
}

/* Invariant 3: escaped once more. */
static void put_decoded(struct buf *out, const struct walk_level *w, char c)
{
    bool is_special = w->is_json && (c == '"' || c == '\\');
    for (size_t i = 0; is_special && i <= 2 * w->level; i++)
        buf_add_byte(out, '\\');
    buf_add_byte(out, c);
}

static void decode_line(struct redaction *r, struct str line, bool is_json)
{
    struct walk_level w = {.is_json = is_json};
    buf_reset(&r->decoded);
    r->decoded.max = SIZE_MAX;
    r->n_escapes = 0;
    for (size_t i = 0; i < line.len;) {
        struct escape e = escape_at(line, i);
        if (!e.len) {
            walk_byte(&w, line.ptr[i]);
            buf_add_byte(&r->decoded, is_blank_plus(line, i) ? ' ' : line.ptr[i]);
            i++;
            continue;
        }
        walk_byte(&w, 0);
        put_decoded(&r->decoded, &w, e.byte);
        i += e.len;
        mem_grow(r->escapes, r->n_escapes, r->escapes_capacity);
        r->escapes[r->n_escapes++] = (struct redact_escape){(uint32_t)r->decoded.len, (uint32_t)i};
    }
}

/* Where a place in the decoded line is in the line. */
static size_t place_of(const struct redaction *r, size_t at)
{
    size_t n = bisect(r->n_escapes, i, r->escapes[i].decoded_to <= at);
    size_t place = n ? r->escapes[n - 1].to + (at - r->escapes[n - 1].decoded_to) : at;
    return n < r->n_escapes ? min_of(place, (size_t)r->escapes[n].to) : place;
}

/* ---- finding ---- */

void encoded_finders(struct scan_finders *to, const struct scan_finders *of)
{
    static const enum trigger again[] = {TRIGGER_AT,     TRIGGER_NUMBER,  TRIGGER_LETTERS,
                                         TRIGGER_PAIR,   TRIGGER_DOT,     TRIGGER_COLON,
                                         TRIGGER_DIALED, TRIGGER_OPENING, TRIGGER_DASHES};
    *to = (struct scan_finders){0};
    for (size_t i = 0; i < countof(again); i++)
        to->of[again[i]] = of->of[again[i]];
}

void find_encoded(struct hunt *h)
{
    struct redaction *r = h->found;
    size_t n = r->n;
    struct hunt again = {.redactor = h->redactor,
                         .found = r,
                         .wanted = h->wanted,
                         .paths = h->paths,
                         .has_json_looked = true,
                         .is_json = is_of_json(h)};
    decode_line(r, h->line, again.is_json);
    again.line = buf_str(&r->decoded);
    scan_line(&h->redactor->encoded, &again);
    for (size_t i = n, end = r->n; i < end; i++) {
        struct finding f = r->findings[i];
        f.from = place_of(r, f.from);
        f.to = place_of(r, f.to);
        r->findings[n] = f;
        n += f.to > f.from;
    }
    r->n = n;
}
