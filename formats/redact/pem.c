#include "formats/redact/pem.h"

#include "base/mem.h"
#include "formats/redact/token_formats.h"

enum { LINE_MIN = 32 }; /* but for the last */

static const char kind[] = "private key";

/* Behind blanks, and the escapes of line ends: \n, \r\n, \\n. */
static size_t skip_breaks(struct str line, size_t at)
{
    while (at < line.len) {
        char c = line.ptr[at];
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
            at++;
            continue;
        }
        size_t i = at;
        while (byte_at(line, i) == '\\' && i < at + 8)
            i++;
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
        bool is_blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
        bool is_escape = to > from + 1 && memchr("nrt", c, 3) && line.ptr[to - 2] == '\\';
        if (!is_blank && !is_escape)
            break;
        to -= is_blank ? 1 : 2;
        while (is_escape && to > from && line.ptr[to - 1] == '\\')
            to--;
    }
    return to;
}

static bool is_header(struct str text)
{
    static const struct str headers[] = {
        STR_INIT("Proc-Type:"), STR_INIT("DEK-Info:"), STR_INIT("Version:"),
        STR_INIT("Comment:"),   STR_INIT("Hash:"),     STR_INIT("Charset:"),
    };
    for (size_t i = 0; i < countof(headers); i++) {
        if (str_starts(text, headers[i]))
            return true;
    }
    return false;
}

static bool is_body(struct str line, size_t at)
{
    return alphabet_end(line, at, at + LINE_MIN, BASE64) == at + LINE_MIN ||
           is_header(str_slice(line, at, 16));
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

static void begin_key(struct redact_stream *stream, unsigned lines)
{
    if (stream)
        *stream = (struct redact_stream){.in_key = true, .key_lines = (uint16_t)lines};
}

/* Where the body that begins at `from` ends: at END, at the quote around it, or with the record. */
static size_t body_end(struct str line, size_t from)
{
    size_t to = from;
    while (to < line.len && !memchr("\"'<`", line.ptr[to], 4)) {
        if (line.ptr[to] == '-' && str_starts(str_slice(line, to, 8), STR("-----END")))
            break;
        to++;
    }
    return to;
}

size_t find_pem(struct hunt *h, size_t at)
{
    size_t body = begin_end(h->line, at);
    if (!body)
        return at + 1;
    size_t from = skip_breaks(h->line, body);
    if (from == h->line.len) {
        begin_key(h->stream, 0);
        return from;
    }
    if (!is_body(h->line, from))
        return from;
    size_t to = body_end(h->line, from);
    if (to == h->line.len)
        begin_key(h->stream, 1);
    size_t last = skip_breaks_back(h->line, from, to);
    while (last > from && h->line.ptr[last - 1] == '\\')
        last--; /* of the quote around it */
    hunt_add(h, from, last, RULE_SECRETS, kind);
    return to;
}

/* The last word of a record, if all of it is base64. */
static bool take_last_word(struct str line, size_t *from, size_t *to)
{
    *to = skip_breaks_back(line, 0, line.len);
    *from = *to;
    while (*from > 0 && byte_class(line.ptr[*from - 1]) & BASE64)
        *from -= 1;
    return *from < *to && (*from == 0 || line.ptr[*from - 1] == ' ' || line.ptr[*from - 1] == '\t');
}

/* The part of the key in a record; false: there is none. */
static bool take_part(struct hunt *h, size_t *from, size_t *to)
{
    if (is_body(h->line, *from)) {
        *to = skip_breaks_back(h->line, *from, body_end(h->line, *from));
        return true;
    }
    size_t begin = *from;
    if (!take_last_word(h->line, from, to))
        return false;
    bool may_be_last = *from == begin || h->line.ptr[*to - 1] == '=';
    return *to - *from >= LINE_MIN || (h->stream->key_lines > 0 && may_be_last);
}

void find_pem_rest(struct hunt *h)
{
    struct redact_stream *stream = h->stream;
    if (!stream || !stream->in_key)
        return;
    size_t from = skip_breaks(h->line, 0), to;
    bool goes_on = from == h->line.len;
    if (!goes_on && take_part(h, &from, &to)) {
        hunt_add(h, from, to, RULE_SECRETS, kind);
        bool is_full = to - from >= LINE_MIN || is_header(str_slice(h->line, from, 16));
        goes_on = is_full && skip_breaks(h->line, to) == h->line.len;
    }
    stream->in_key = goes_on && ++stream->key_lines < PEM_LINES;
}
