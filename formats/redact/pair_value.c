#include "formats/redact/pair_value.h"

#include "base/mem.h"
#include "formats/redact/hunt.h"

static size_t backslashes_at(struct str line, size_t at)
{
    size_t n = 0;
    while (byte_at(line, at + n) == '\\')
        n++;
    return n;
}

/* Does a quote with so many backslashes end a string of the level? */
static bool ends_string(size_t slashes, size_t level)
{
    return slashes % (2 * (level + 1)) == level;
}

/* The level of the string around that it ends; `level` itself if none does. */
static size_t ended_level(size_t slashes, size_t level)
{
    size_t outer = 0;
    while (outer < level && !ends_string(slashes, outer))
        outer = 2 * outer + 1;
    return min_of(outer, level);
}

size_t quoted_end(struct str line, size_t from, char quote, size_t level, size_t *end)
{
    for (size_t at = from; at < line.len; at++) {
        size_t next = str_find_byte(str_slice(line, at, SIZE_MAX), quote);
        if (next == SIZE_MAX)
            break;
        at += next;
        size_t slashes = 0;
        while (at - slashes > from && line.ptr[at - slashes - 1] == '\\')
            slashes++;
        size_t ended = ended_level(slashes, level);
        if (ended < level || ends_string(slashes, level)) {
            *end = ended < level ? at - ended : at + 1;
            return at - ended;
        }
    }
    *end = line.len;
    return line.len;
}

/* Single quotes are doubled in SQL. Unless it is JSON's, a double quote may be within. SIZE_MAX: it is not closed. */
static size_t single_quoted_end(const struct pair_place *p, size_t from)
{
    for (size_t at = from; at < p->line.len; at++) {
        char c = p->line.ptr[at];
        if (c == '\\')
            at++;
        else if (c == '"' && p->is_json)
            break;
        else if (c == '\'' && byte_at(p->line, at + 1) == '\'')
            at++;
        else if (c == '\'')
            return at;
    }
    return SIZE_MAX;
}

/* An object or array, to its bracket, or to where the string ends in which it stands. */
static size_t container_end(const struct pair_place *p, size_t from)
{
    size_t level = p->quote == '"' ? p->level : p->is_json, depth = 0;
    bool in_string = false;
    for (size_t at = from; at < p->line.len; at++) {
        char c = p->line.ptr[at];
        if (c == '"' || c == '\\') {
            size_t slashes = backslashes_at(p->line, at);
            at += slashes;
            if (byte_at(p->line, at) != '"')
                continue;
            size_t ended = ended_level(slashes, level);
            if (ended < level)
                return at - ended;
            in_string = in_string != ends_string(slashes, level);
        } else if (!in_string && (c == '{' || c == '[')) {
            depth++;
        } else if (!in_string && (c == '}' || c == ']') && --depth == 0) {
            return at + 1;
        }
    }
    return p->line.len;
}

static bool is_name_byte(char c)
{
    return is_alnum(c) || c == '_' || c == '.' || c == '-';
}

/* Does a name with its '=' or ':' stand behind the separator? "&user%5Bid%5D=", ";User Id=". */
static bool is_pair_behind(struct str line, size_t at)
{
    enum { NAME_MAX = 40 };
    char separator = line.ptr[at++];
    at = skip_blanks(line, at);
    size_t from = at;
    for (; at - from < NAME_MAX; at++) {
        char c = byte_at(line, at);
        bool is_part = is_name_byte(c) || (separator == ';' && c == ' ' && at > from) ||
                       (separator == '&' && (c == '%' || c == '[' || c == ']'));
        if (!is_part)
            break;
    }
    return at > from && (byte_at(line, at) == '=' || byte_at(line, at) == ':');
}

/* What may stand behind a value that has ended. */
static bool is_end_at(struct str line, size_t at)
{
    char c = byte_at(line, at);
    return at >= line.len || c == '\n' || c == '\r' || is_blank(c) || is_quote(c) ||
           memchr(",;.)]}>\\|", c, 9);
}

/* "\n", "\"", "\u0026": the text goes on behind it in another way. */
static bool is_escape_at(struct str line, size_t at)
{
    static const struct str codes[] = {
        STR_INIT("0020"), STR_INIT("0022"), STR_INIT("0026"), STR_INIT("0027"),
        STR_INIT("003c"), STR_INIT("003e"), STR_INIT("000a"), STR_INIT("000d"),
    };
    char next = byte_at(line, at + 1);
    for (size_t i = 0; next == 'u' && i < countof(codes); i++) {
        if (str_equal_nocase(str_slice(line, at + 2, 4), codes[i]))
            return true;
    }
    return next != 'u' && next && memchr("\"'nrt\\", next, 6);
}

static bool ends_bare(const struct pair_place *p, size_t from, size_t at)
{
    char c = p->line.ptr[at];
    switch (c) {
    case ' ':
    case '"':
    case '`':
    case '<':
        return true;
    case '\'':
        return at == from || is_end_at(p->line, at + 1);
    case '\\':
        return is_escape_at(p->line, at);
    case '#':
        return p->is_query;
    case '&':
        return p->is_query || is_pair_behind(p->line, at);
    case ',':
    case ';':
        return is_end_at(p->line, at + 1) || is_pair_behind(p->line, at);
    case ')':
    case ']':
    case '}':
    case '>':
    case '|':
        return is_end_at(p->line, at + 1);
    default:
        return false;
    }
}

/* Bytes that may end text without quotes. */
static bool may_end_bare(char c)
{
    return !is_alnum(c) && (unsigned char)c < 0x80 && memchr(" \"`<'\\#&,;)]}>|", c, 15);
}

/* {" and [" behind it begin JSON and are no part of it. */
static size_t before_json(struct str line, size_t from, size_t to)
{
    bool is_begin = byte_at(line, to) == '"' && to > from &&
                    (line.ptr[to - 1] == '{' || line.ptr[to - 1] == '[');
    return to - is_begin;
}

size_t bare_end(const struct pair_place *p, size_t from)
{
    size_t open = 0; /* brackets in the text */
    for (size_t at = from; at < p->line.len; at++) {
        char c = p->line.ptr[at];
        bool is_close = c == ')' || c == ']' || c == '}' || c == '>';
        open += c == '(' || c == '[' || c == '{';
        if (is_close && open > 0)
            open--;
        else if ((unsigned char)c < ' ' || (may_end_bare(c) && ends_bare(p, from, at)))
            return before_json(p->line, from, at);
    }
    return p->line.len;
}

static size_t literal_end(struct str line, size_t at)
{
    while (at < line.len && (is_alnum(line.ptr[at]) || line.ptr[at] == '.' || line.ptr[at] == '-' ||
                             line.ptr[at] == '+'))
        at++;
    return at;
}

static struct pair_value double_quoted(const struct pair_place *p, size_t at, size_t level)
{
    struct pair_value v = {VALUE_QUOTED, at + level + 1, 0, 0};
    char next = byte_at(p->line, v.from);
    bool is_own = p->quote == '"' ? level == p->level : !(p->is_json && level == 0);
    bool is_end = p->quote == 0 && (next == 0 || memchr(",}]:", next, 4));
    if (!is_own || is_end)
        return (struct pair_value){.form = VALUE_NONE};
    v.to = quoted_end(p->line, v.from, '"', level, &v.end);
    return v;
}

/* Python's b'x', SQL's N'x' and E'x'. */
static bool is_prefix_of_quote(char c, char quote)
{
    return ((c == 'b' || c == 'u' || c == 'r') && is_quote(quote)) ||
           ((c == 'N' || c == 'E') && quote == '\'');
}

/* Between escaped quotes; a quote that is none ends all of the text around. */
static struct pair_value escaped_quoted(const struct pair_place *p, size_t at)
{
    size_t from = at + p->escaped.len, to = from;
    for (; to < p->line.len && p->line.ptr[to] != '"' && p->line.ptr[to] != '\n'; to++) {
        if (str_equal(str_slice(p->line, to, p->escaped.len), p->escaped))
            return (struct pair_value){VALUE_QUOTED, from, to, to + p->escaped.len};
    }
    while (to > from && p->line.ptr[to - 1] == '\\')
        to--;
    return (struct pair_value){VALUE_QUOTED, from, to, to};
}

struct pair_value pair_value_at(const struct pair_place *p, size_t at)
{
    if (p->escaped.len && str_equal(str_slice(p->line, at, p->escaped.len), p->escaped))
        return escaped_quoted(p, at);
    char c = byte_at(p->line, at);
    struct pair_value v = {VALUE_BARE, at, at, at};
    if (is_prefix_of_quote(c, byte_at(p->line, at + 1)))
        c = p->line.ptr[++at];
    size_t level = c == '\\' ? backslashes_at(p->line, at) : 0;
    if (byte_at(p->line, at + level) == '"')
        return double_quoted(p, at, level);
    if (c == '\'') {
        size_t end = single_quoted_end(p, at + 1);
        if (end != SIZE_MAX)
            return (struct pair_value){VALUE_QUOTED, at + 1, end, end + 1};
        v.from = at + 1;
    }
    if (c == '{' || c == '[') {
        v.form = VALUE_CONTAINER;
        v.to = container_end(p, at);
    } else if (p->quote == '"' && p->level == 0 && p->is_json) {
        v.to = literal_end(p->line, v.from);
    } else {
        v.to = bare_end(p, v.from);
    }
    v.end = v.to;
    return v;
}

/* ---- headers ---- */

static size_t parameter_end(const struct pair_place *p, size_t at)
{
    while (is_name_byte(byte_at(p->line, at)))
        at++;
    if (byte_at(p->line, at) != '=')
        return at;
    at++;
    size_t level = backslashes_at(p->line, at), end;
    if (byte_at(p->line, at + level) == '"' && !(p->is_json && level == 0)) {
        quoted_end(p->line, at + level + 1, '"', level, &end);
        return end;
    }
    return bare_end(p, at);
}

size_t parameters_end(const struct pair_place *p, size_t from)
{
    size_t at = from;
    for (;;) {
        size_t end = parameter_end(p, at);
        if (end == at || byte_at(p->line, end) != ',')
            return end;
        at = end + 1;
        while (is_blank(byte_at(p->line, at)))
            at++;
    }
}

size_t cookies_end(struct str line, size_t from)
{
    size_t at = from;
    for (; at < line.len; at++) {
        char c = line.ptr[at];
        bool is_break = c == '\n' || c == '\r' || is_quote(c) ||
                        (is_blank(c) && at > from && line.ptr[at - 1] != ';') ||
                        (c == '\\' && is_escape_at(line, at)) ||
                        ((c == ']' || c == '}') && is_end_at(line, at + 1));
        if (is_break)
            break;
    }
    return at;
}
