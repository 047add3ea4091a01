#include "formats/redact/edges.h"

/* ---- left and right ---- */

static bool is_hex(char c)
{
    return is_digit(c) || (unsigned char)((c | 0x20) - 'a') < 6;
}

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
static const char other_words[] =
    "lag|rate|rss|heap|memory|free|used|id|ids|uid|gid|pid|tid|guid|uuid|oid|xid|trace|span|"
    "parent|order|orders|seq|sequence|offset|ts|time|timestamp|date|datetime|epoch|ns|nanos|"
    "nanoseconds|us|micros|ms|millis|milliseconds|seconds|duration|elapsed|took|latency|"
    "uptime|count|total|size|bytes|length|len|hash|hashcode|checksum|crc|digest|etag|version|"
    "build|revision|serial|sku|part|lot|batch|ref|reference|invoice|ticket|tracking|shipment|"
    "transaction|txn|tx|request|req|session|correlation|nonce|cursor|position|pos|lsn|inode|"
    "block|blk|ptr|port|phone|telephone|tel|mobile|fax|cell|msisdn|imei|isbn|ean|gtin|upc|"
    "barcode";

/* Names that say nothing about their values. */
static const char vague_words[] =
    "value|val|values|number|num|no|nr|text|data|content|input|param|params|arg|args|field|"
    "string|str|message|msg|body|line|raw|q|query|v";

enum { NAME_MAX_LEN = 32, GAP_MAX = 8 };

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

/* The name that ends before the quotes, blanks, '=' and ':' in front of a value, with the word before it: "tax id".
 * is_pair: what is between says that it is the value's name. */
static struct str name_before(struct str line, size_t from, bool *is_pair)
{
    size_t to = from;
    *is_pair = false;
    while (to > 0 && from - to < GAP_MAX && line.ptr[to - 1] &&
           strchr(" \t\"'\\=:([<>#", line.ptr[to - 1])) {
        to--;
        *is_pair = *is_pair || line.ptr[to] == '=' || line.ptr[to] == ':' || line.ptr[to] == '>';
    }
    size_t start = start_of_word(line, to);
    if (start < to && start > 1 && line.ptr[start - 1] == ' ')
        start = start_of_word(line, start - 1);
    return str_slice(line, start, to - start);
}

enum label label_of(struct str line, size_t from, const char *words)
{
    bool is_pair;
    struct str name = name_before(line, from, &is_pair);
    if (name.len == 0)
        return LABEL_NONE;
    if (has_word_near(name, name.len, name.len, words))
        return LABEL_YES;
    if (has_word_near(name, name.len, name.len, other_words))
        return LABEL_NO;
    return is_pair && !has_word_near(name, name.len, name.len, vague_words) ? LABEL_OTHER
                                                                            : LABEL_NONE;
}

bool is_named(struct str line, size_t from, const char *words)
{
    bool is_pair;
    struct str name = name_before(line, from, &is_pair);
    return has_word_near(name, name.len, name.len, words);
}
