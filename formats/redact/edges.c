#include "formats/redact/edges.h"

#include "formats/redact/token_formats.h"

/* ---- left and right ---- */

/* The byte that is so many before `at`, or 0. */
static char byte_before(struct str line, size_t at, size_t by)
{
    return at >= by ? line.ptr[at - by] : 0;
}

bool ends_escape(struct str line, size_t at)
{
    char last = byte_before(line, at, 1);
    if (byte_before(line, at, 2) == '\\')
        return last == 'n' || last == 't' || last == 'r' || last == 'b' || last == 'f';
    if (byte_before(line, at, 3) == '%')
        return is_hex(line.ptr[at - 2]) && is_hex(last);
    if (byte_before(line, at, 6) == '\\')
        return line.ptr[at - 5] == 'u' && is_hex(last);
    if (last != 'm')
        return false;
    size_t i = at - 1;
    while (i > 0 && at - i < 12 && (is_digit(line.ptr[i - 1]) || line.ptr[i - 1] == ';'))
        i--;
    return byte_before(line, i, 1) == '[';
}

static bool is_color_code(char c)
{
    return is_digit(c) || c == ';';
}

/* Where the codes of a color end around `at`, ESC[0;32m, of which the ESC may be escaped: "\u001b[". */
static size_t behind_color(struct str line, size_t at)
{
    enum { ESC = 0x1b, CODE_MAX = 12 };
    size_t from = at, end = at;
    while (at - from < CODE_MAX && is_color_code(byte_before(line, from, 1)))
        from--;
    while (end - at < CODE_MAX && is_color_code(byte_at(line, end)))
        end++;
    char before = byte_before(line, from, 2);
    bool is_color = byte_before(line, from, 1) == '[' && byte_at(line, end) == 'm' &&
                    (before == ESC || (is_hex(before) && end > from));
    return is_color ? end + 1 : at;
}

size_t behind_escape(struct str line, size_t at)
{
    char c = byte_at(line, at);
    switch (byte_before(line, at, 1)) {
    case '%':
        if (c == '2' && byte_at(line, at + 1) == '5' && is_hex(byte_at(line, at + 2)) &&
            is_hex(byte_at(line, at + 3)))
            return at + 4; /* "%2540" */
        return is_hex(c) && is_hex(byte_at(line, at + 1)) ? at + 2 : at;
    case '\\':
        if (c == 'u')
            return alphabet_end(line, at + 1, at + 5, ANY_HEX) == at + 5 ? at + 5 : at;
        return c == 'n' || c == 't' || c == 'r' ? at + 1 : at;
    case '[':
    case ';':
        return behind_color(line, at);
    default:
        return at;
    }
}

enum edge left_edge(struct str line, size_t from)
{
    if (from == 0)
        return EDGE_FREE;
    char c = line.ptr[from - 1], further = byte_before(line, from, 2);
    if (is_alnum(c))
        return ends_escape(line, from) ? EDGE_FREE : EDGE_INSIDE;
    switch (c) {
    case '_':
    case '/':
    case '#':
    case '\\':
    case '~':
        return EDGE_WEAK;
    case '-':
        return is_digit(further) ? EDGE_INSIDE : EDGE_WEAK;
    case '.':
        return is_alnum(further) ? EDGE_INSIDE : EDGE_WEAK;
    case ':':
        return is_digit(further) || further == ':' ? EDGE_INSIDE : EDGE_FREE;
    case '+':
    case '@':
    case '$':
        return EDGE_INSIDE;
    default:
        return EDGE_FREE;
    }
}

enum edge right_edge(struct str line, size_t to)
{
    char c = byte_at(line, to), further = byte_at(line, to + 1);
    if (is_alnum(c))
        return EDGE_INSIDE;
    switch (c) {
    case '_':
        return EDGE_WEAK;
    case '-':
    case '.':
    case ':':
        return is_digit(further) ? EDGE_INSIDE : is_letter(further) ? EDGE_WEAK : EDGE_FREE;
    case '/':
        return is_alnum(further) ? EDGE_WEAK : EDGE_FREE;
    case '%':
        return is_hex(further) && is_hex(byte_at(line, to + 2)) ? EDGE_FREE : EDGE_WEAK;
    case '@':
        return EDGE_INSIDE;
    default:
        return EDGE_FREE;
    }
}

enum edge edge_of(struct str line, size_t from, size_t to)
{
    enum edge left = left_edge(line, from);
    enum edge right = left == EDGE_INSIDE ? EDGE_INSIDE : right_edge(line, to);
    return left < right ? left : right;
}

bool is_whole_value(struct str line, size_t from, size_t to)
{
    char left = byte_before(line, from, 1), right = byte_at(line, to);
    bool is_left = from == 0 || (left && strchr("\"'`=,>|([;:\t\n", left)) ||
                   (is_alnum(left) && ends_escape(line, from));
    return is_left && (to >= line.len || (right && strchr("\"'`\\,<|)];&%\t\r\n", right)));
}

/* ---- names ---- */

/* Of things that have numbers, and are not people. */
static const char *const other_words[26] = {
    ['b' - 'a'] = "barcode|batch|blk|block|build|bytes",
    ['c' - 'a'] = "cell|checksum|correlation|count|crc|cursor",
    ['d' - 'a'] = "date|datetime|digest|duration",
    ['e' - 'a'] = "ean|elapsed|epoch|etag",
    ['f' - 'a'] = "fax|free",
    ['g' - 'a'] = "gid|gtin|guid",
    ['h' - 'a'] = "hash|hashcode|heap",
    ['i' - 'a'] = "id|ids|imei|inode|invoice|isbn",
    ['l' - 'a'] = "lag|latency|len|length|lot|lsn",
    ['m' - 'a'] = "memory|micros|millis|milliseconds|mobile|ms|msisdn",
    ['n' - 'a'] = "nanos|nanoseconds|nonce|ns",
    ['o' - 'a'] = "offset|oid|order|orders",
    ['p' - 'a'] = "parent|part|phone|pid|port|pos|position|ptr",
    ['r' - 'a'] = "rate|ref|reference|req|request|revision|rss",
    ['s' - 'a'] = "seconds|seq|sequence|serial|session|shipment|size|sku|span",
    ['t' - 'a'] =
        "tel|telephone|ticket|tid|time|timestamp|took|total|trace|tracking|transaction|ts|tx|txn",
    ['u' - 'a'] = "uid|upc|uptime|us|used|uuid",
    ['v' - 'a'] = "version",
    ['x' - 'a'] = "xid",
};

/* Names that say nothing about their values. */
static const char *const vague_words[26] = {
    ['a' - 'a'] = "arg|args",     ['b' - 'a'] = "body",        ['c' - 'a'] = "content",
    ['d' - 'a'] = "data",         ['f' - 'a'] = "field",       ['i' - 'a'] = "input",
    ['l' - 'a'] = "line",         ['m' - 'a'] = "message|msg", ['n' - 'a'] = "no|nr|num|number",
    ['p' - 'a'] = "param|params", ['q' - 'a'] = "q|query",     ['r' - 'a'] = "raw",
    ['s' - 'a'] = "str|string",   ['t' - 'a'] = "text",        ['v' - 'a'] = "v|val|value|values",
};

enum { NAME_MAX_LEN = 31, GAP_MAX = 8 };

static size_t start_of_word(struct str line, size_t at)
{
    size_t start = at;
    while (start > 0 && at - start < NAME_MAX_LEN) {
        char c = line.ptr[start - 1];
        if (!is_alnum(c) && c != '_' && c != '-' && c != '.')
            break;
        start--;
    }
    return start;
}

/* Quotes, blanks, '=' and ':' in front of a value. is_pair: they say that what is before them is its name. */
static size_t skip_back(struct str line, size_t from, bool *is_pair)
{
    size_t to = from;
    *is_pair = false;
    for (; to > 0 && from - to < GAP_MAX; to--) {
        switch (line.ptr[to - 1]) {
        case '=':
        case ':':
        case '>':
            *is_pair = true;
            break;
        case ' ':
        case '\t':
        case '"':
        case '\'':
        case '\\':
        case '(':
        case '[':
        case '<':
        case '#':
            break;
        default:
            return to;
        }
    }
    return to;
}

void name_read(struct name *name, struct str line, size_t from)
{
    bool is_pair;
    struct words last;
    size_t to = skip_back(line, from, &is_pair), start = start_of_word(line, to);
    if (to - start == 2 && str_equal(str_slice(line, start, 2), STR("is")) && start > 1 &&
        line.ptr[start - 1] == ' ') { /* "tax id is" */
        to = start - 1;
        start = start_of_word(line, to);
    }
    size_t first = start;
    if (start < to && start > 1 && line.ptr[start - 1] == ' ')
        first = start_of_word(line, start - 1); /* "tax id" */
    words_read(&name->words, str_slice(line, first, to - first), false, false);
    name->otherwise = LABEL_NONE;
    if (start == to)
        return;
    if (words_have_of(&name->words, other_words)) {
        name->otherwise = LABEL_NO;
    } else if (is_pair) {
        words_read(&last, str_slice(line, start, to - start), false, false);
        name->otherwise = words_are_of(&last, vague_words) ? LABEL_NONE : LABEL_OTHER;
    }
}

enum label label_of(struct str line, size_t from, const char *list)
{
    struct name name;
    name_read(&name, line, from);
    return name_says(&name, list);
}
