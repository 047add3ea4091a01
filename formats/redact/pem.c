#include "formats/redact/pem.h"

#include "base/mem.h"
#include "formats/redact/token_formats.h"

enum {
    LINE_MIN = 32,     /* but for the last */
    STRANGERS_MAX = 8, /* records in a row between those of a key */
    SLASHES_MAX = 8,   /* in front of what is escaped: JSON in JSON in JSON has 7 */
};

static const char kind[] = "private key";

static size_t skip_slashes(struct str line, size_t at)
{
    size_t end = at;
    while (byte_at(line, end) == '\\' && end < at + SLASHES_MAX)
        end++;
    return end;
}

/* Behind blanks, and the escapes of line ends: \n, \r\n, \\n. */
static size_t skip_breaks(struct str line, size_t at)
{
    while (at < line.len) {
        char c = line.ptr[at];
        if (is_white(c)) {
            at++;
            continue;
        }
        size_t i = skip_slashes(line, at);
        if (i == at || !memchr("nrt", byte_at(line, i), 3))
            return at;
        at = i + 1;
    }
    return at;
}

/* The reverse; no blank or escape of a line end stands in front of what it returns, or `from` is reached. */
static size_t skip_breaks_back(struct str line, size_t from, size_t to)
{
    while (to > from) {
        char c = line.ptr[to - 1];
        bool is_escape = to > from + 1 && memchr("nrt", c, 3) && line.ptr[to - 2] == '\\';
        if (!is_white(c) && !is_escape)
            break;
        to -= is_white(c) ? 1 : 2;
        while (is_escape && to > from && line.ptr[to - 1] == '\\')
            to--;
    }
    return to;
}

/* The end of the record, or of the quotes around the text. */
static bool is_end(struct str line, size_t at)
{
    at = skip_slashes(line, at);
    return at == line.len || is_quote(line.ptr[at]);
}

/* Whether a quote that is not escaped must be the end of a string. */
static bool is_json(struct str line)
{
    enum { LOOK = 16 };
    struct str text = str_trim(str_slice(line, 0, LOOK));
    return memchr("{[\"", byte_at(text, 0), 3) != NULL;
}

static bool is_header(struct str text)
{
    static const struct str headers[] = {
        STR_INIT("Proc-Type:"), STR_INIT("DEK-Info:"), STR_INIT("Version:"),   STR_INIT("Comment:"),
        STR_INIT("Hash:"),      STR_INIT("Charset:"),  STR_INIT("MessageID:"),
    };
    for (size_t i = 0; i < countof(headers); i++) {
        if (str_starts(text, headers[i]))
            return true;
    }
    return false;
}

static bool is_header_at(struct str line, size_t at)
{
    return is_header(str_slice(line, at, 16));
}

/* Behind a byte of base64 that is escaped: "\/", "\u002b". */
static size_t escape_end(struct str line, size_t at)
{
    static const struct str escapes[] = {STR_INIT("u002b"), STR_INIT("u002f"), STR_INIT("u003d")};
    size_t end = skip_slashes(line, at);
    if (end == at || byte_at(line, end) == '/')
        return end == at ? at : end + 1;
    for (size_t i = 0; i < countof(escapes); i++) {
        if (str_equal_nocase(str_slice(line, end, escapes[i].len), escapes[i]))
            return end + escapes[i].len;
    }
    return at;
}

static bool is_base64(struct str line, size_t at)
{
    if (line.ptr[at] == '=') /* at its end only: "msg=MIIE" */
        return !(byte_class(byte_at(line, at + 1)) & (ALNUM | CLASS_PLUS));
    return byte_class(line.ptr[at]) & BASE64;
}

/* How much base64 stands at `at`, which goes behind it. */
static size_t skip_base64(struct str line, size_t *at, size_t most)
{
    size_t n = 0;
    for (; n < most && *at < line.len; n++) {
        bool is_plain = is_base64(line, *at);
        size_t next = is_plain ? *at + 1 : escape_end(line, *at);
        if (next == *at)
            break;
        *at = next;
    }
    return n;
}

static bool is_body(struct str line, size_t at)
{
    return is_header_at(line, at) || skip_base64(line, &at, LINE_MIN) == LINE_MIN;
}

static bool is_armor(struct str line, size_t at)
{
    struct str text = str_slice(line, at, 10);
    return str_starts(text, STR("-----END")) || str_starts(text, STR("-----BEGIN"));
}

/* Behind "-----BEGIN … PRIVATE KEY-----" at `at`, or 0. */
static size_t begin_end(struct str line, size_t at)
{
    enum { LABEL_MAX = 48 };
    const struct str begin = STR("-----BEGIN "), dashes = STR("-----");
    if (!str_starts(str_slice(line, at, begin.len), begin))
        return 0;
    struct str rest = str_slice(line, at + begin.len, LABEL_MAX);
    size_t end = str_find(rest, dashes);
    if (end == SIZE_MAX)
        return 0;
    struct str label = str_slice(rest, 0, end);
    bool is_private = str_find(label, STR("PRIVATE KEY")) != SIZE_MAX ||
                      str_starts(label, STR("OpenVPN Static key"));
    return is_private ? at + begin.len + end + dashes.len : 0;
}

/* How many backslashes the escape of a line end has that ends before `at`. */
static size_t slashes_before(struct str line, size_t at)
{
    size_t n = 0;
    if (at == 0 || !memchr("nrt", line.ptr[at - 1], 3))
        return 0;
    while (n < SLASHES_MAX && n + 1 < at && line.ptr[at - 2 - n] == '\\')
        n++;
    return n;
}

/*
 * Where the header at `from` ends: with its line, at END, or with the string around it. Quotes in it have more
 * backslashes than the one at the end of the string, which has fewer than a line end:
 *
 *     "…\nComment: \"x\"\n…"        \"…\\nComment: \\\"x\\\"\\n…\"
 */
static size_t header_end(struct str line, size_t from)
{
    size_t of_break = slashes_before(line, from), slashes = 0, at = from;
    bool has_string = of_break > 0 || is_json(line);
    for (; at < line.len && line.ptr[at] != '\n' && !is_armor(line, at); at++) {
        char c = line.ptr[at];
        if (of_break > 0 && slashes > 0 && (c == 'n' || c == 'r'))
            return at - slashes;
        if (c == '"' && has_string && (slashes % 2 == 0 || slashes < of_break))
            return at;
        slashes = c == '\\' ? slashes + 1 : 0;
    }
    return at;
}

/* Where the body that begins at `from` ends: at END, at the quote around it, or with the record. */
static size_t body_end(struct str line, size_t from)
{
    size_t to = from;
    while (is_header_at(line, to))
        to = skip_breaks(line, header_end(line, to));
    while (to < line.len && !memchr("\"'<`", line.ptr[to], 4) && !is_armor(line, to))
        to++;
    return to;
}

/* Without line ends, the backslashes of the quote around it, and more dashes than END has. */
static size_t trim(struct str line, size_t from, size_t to)
{
    while (to > from && to < line.len && line.ptr[to] == '-' && line.ptr[to - 1] == '-')
        to--;
    to = skip_breaks_back(line, from, to);
    while (to > from && line.ptr[to - 1] == '\\')
        to--;
    return to;
}

/* ---- its beginning ---- */

/* at: where the row of dashes in front of BEGIN stands. */
static void begin_key(struct redact_stream *stream, struct str line, size_t at, unsigned lines)
{
    if (!stream)
        return;
    *stream = (struct redact_stream){
        .has_more = stream->has_more, .in_key = true, .key_lines = (uint16_t)lines};
    if (at > 0 && is_quote(line.ptr[at - 1]))
        at--;
    while (at > 0 && line.ptr[at - 1] == '\\')
        at--;
    if (at == 0 || is_alnum(line.ptr[at - 1]))
        return;
    stream->before_len = (uint8_t)min_of(at, sizeof stream->before);
    memcpy(stream->before, line.ptr + at - stream->before_len, stream->before_len);
}

size_t find_pem(struct hunt *h, size_t at)
{
    size_t begin = at;
    while (byte_at(h->line, begin + 5) == '-')
        begin++;
    size_t body = begin_end(h->line, begin);
    if (!body)
        return begin + 1;
    size_t from = skip_breaks(h->line, body);
    if (is_end(h->line, from)) {
        begin_key(h->stream, h->line, at, 0);
        return from;
    }
    if (!is_body(h->line, from))
        return from;
    size_t to = body_end(h->line, from);
    if (is_end(h->line, to))
        begin_key(h->stream, h->line, at, 1);
    hunt_add(h, from, trim(h->line, from, to), RULE_SECRETS, kind);
    return to;
}

/* ---- its other records ---- */

static char shape_of(char c)
{
    return is_digit(c) ? '0' : is_alnum(c) || (unsigned char)c >= 0x80 ? 'a' : c;
}

/* Digits are alike: they may be of a time. Of a shape letters are, too. */
static bool is_like(const struct redact_stream *stream, struct str text)
{
    for (size_t i = 0; i < stream->before_len; i++) {
        char a = stream->before[i], b = byte_at(text, i);
        bool is_same = stream->is_shape ? a == shape_of(b) : a == b || (is_digit(a) && is_digit(b));
        if (i >= text.len || !is_same)
            return false;
    }
    return true;
}

/* Where a line of the key would begin: behind what stood before BEGIN, and the quote that there may be. SIZE_MAX: nowhere. */
static size_t line_begin(const struct redact_stream *stream, struct str line)
{
    size_t len = stream->before_len, at = len ? 0 : skip_breaks(line, 0);
    while (!is_like(stream, str_slice(line, at, len))) {
        if (++at > line.len)
            return SIZE_MAX;
    }
    at += len;
    size_t quote = skip_slashes(line, at);
    if (is_quote(byte_at(line, quote)))
        return quote + 1;
    return is_json(line) ? SIZE_MAX : at;
}

/* Whether a short line stands there, and nothing else: base64 of whole bytes, but no word in small letters. */
static bool is_last_line(struct str line, size_t from, size_t *to)
{
    *to = from;
    size_t n = skip_base64(line, to, LINE_MIN), end = *to;
    while (end > from && is_letter(line.ptr[end - 1]) && !is_upper(line.ptr[end - 1]))
        end--;
    bool is_whole = n % 2 == 0 || line.ptr[*to - 1] == '=';
    return end > from && is_whole && is_end(line, skip_breaks(line, *to));
}

/* A word of base64 as long as lines of keys, with digits, small letters and capitals: no path, and no id in hex. */
static bool take_word(struct str line, size_t *from, size_t *to)
{
    for (size_t at = 0; at < line.len; at = *to + 1) {
        *from = *to = at;
        if (skip_base64(line, to, SIZE_MAX) < LINE_MIN)
            continue;
        bool is_word = (at == 0 || memchr(" \t\"'=>|", line.ptr[at - 1], 7)) &&
                       (*to == line.len || memchr(" \t\r\n\"'<\\", line.ptr[*to], 8));
        unsigned classes = 0;
        for (size_t i = at; i < *to; i++)
            classes |= byte_class(line.ptr[i]);
        if (is_word && classes & CLASS_DIGIT && classes & CLASS_UPPER && classes & CLASS_LOWER)
            return true;
    }
    return false;
}

/* Redacting twice is redacting once: where one mark stands, all other lines of the key have theirs. */
static bool has_mark(struct str line)
{
    struct str mark = redact_rules[RULE_SECRETS].mark;
    return str_find(line, str_slice(mark, 0, mark.len - 1)) != SIZE_MAX;
}

/* The part of the key in a record; false: there is none. */
static bool take_part(const struct redact_stream *stream, struct str line, size_t *from, size_t *to)
{
    size_t places[] = {skip_breaks(line, 0), line_begin(stream, line)};
    for (size_t i = 0; i < countof(places); i++) {
        *from = places[i];
        if (*from == SIZE_MAX)
            continue;
        if (is_body(line, *from)) {
            /* logfmt has other fields behind a value without quotes */
            bool is_value = *from > 0 && line.ptr[*from - 1] == '=';
            *to = *from;
            if (!is_value || skip_base64(line, to, SIZE_MAX) < LINE_MIN)
                *to = trim(line, *from, body_end(line, *from));
            return true;
        }
        if (stream->key_lines > 0 && is_last_line(line, *from, to))
            return true;
    }
    return take_word(line, from, to);
}

void find_pem_rest(struct hunt *h)
{
    struct redact_stream *stream = h->stream;
    if (!stream || !stream->in_key)
        return;
    size_t armor = min_of(str_find(h->line, STR("-----END")), str_find(h->line, STR("-----BEGIN")));
    struct str line = str_slice(h->line, 0, armor);
    size_t from, to;
    bool goes_on = armor == SIZE_MAX && stream->key_lines < PEM_LINES - 1 && !has_mark(line);
    if (skip_breaks(line, 0) == line.len) {
        stream->key_lines++;
    } else if (take_part(stream, line, &from, &to)) {
        hunt_add(h, from, to, RULE_SECRETS, kind);
        goes_on = goes_on && (to - from >= LINE_MIN || is_header_at(line, from));
        stream->key_lines++;
        stream->strangers = 0;
    } else {
        goes_on = goes_on && ++stream->strangers <= STRANGERS_MAX;
    }
    stream->in_key = goes_on;
}

/* ---- over a restart ---- */

void put_redact_stream(struct buf *b, const struct redact_stream *stream)
{
    put_u16(b, stream->key_lines);
    put_u8(b, stream->strangers);
    put_u8(b, stream->before_len);
    for (size_t i = 0; i < stream->before_len; i++)
        buf_add_byte(b, shape_of(stream->before[i]));
}

bool read_redact_stream(struct reader *r, struct redact_stream *stream)
{
    *stream = (struct redact_stream){.in_key = true, .is_shape = true};
    stream->key_lines = read_u16(r);
    stream->strangers = read_u8(r);
    stream->before_len = read_u8(r);
    if (stream->before_len > sizeof stream->before)
        return false;
    for (size_t i = 0; i < stream->before_len; i++)
        stream->before[i] = (char)read_u8(r);
    return !r->bad;
}
