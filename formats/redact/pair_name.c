#include "formats/redact/pair_name.h"

#include "base/mem.h"
#include "formats/line/names.h"

/* ---- where it ends and begins ---- */

/* PostgreSQL's "Key (name)=(x) already exists". */
static bool is_key_of_row(struct str line, size_t at)
{
    return at > 1 && line.ptr[at] == '=' && line.ptr[at - 1] == ')' && byte_at(line, at + 1) == '(';
}

/* What stands for a quote in text that was escaped as a whole: by nginx, for HTML, as JSON may, for URLs. */
static const struct str escaped_quotes[] = {
    STR_INIT("\\x22"), STR_INIT("&quot;"), STR_INIT("\\u0022"), STR_INIT("%22"), STR_INIT("&#34;"),
};

/* The one that ends in front of `at`; empty: none does. */
static struct str escaped_quote_before(struct str line, size_t at)
{
    char last = at > 0 ? line.ptr[at - 1] : 0;
    if (last != '2' && last != ';')
        return STR("");
    for (size_t i = 0; i < countof(escaped_quotes); i++) {
        struct str quote = escaped_quotes[i];
        if (at >= quote.len && str_equal(str_slice(line, at - quote.len, quote.len), quote))
            return quote;
    }
    return STR("");
}

/* Where the name ends whose sign is at `at`: in front of blanks, a bracket and a quote. */
size_t pair_name_end(struct str line, size_t at)
{
    size_t escaped = escaped_quote_before(line, at).len;
    if (escaped)
        return at - escaped;
    return is_key_of_row(line, at) ? at - 1 : name_end(line, at);
}

/* Its begin: of the word, or of all that is in quotes. */
static size_t name_begin(const struct pair_place *p, size_t end)
{
    size_t from = end, least = end > PAIR_NAME_MAX ? end - PAIR_NAME_MAX : 0;
    while (from > least &&
           (p->quote ? p->line.ptr[from - 1] != p->quote : is_name_byte(p->line.ptr[from - 1])))
        from--;
    return from;
}

static void read_quote(struct pair_place *p, size_t name_to, size_t at)
{
    for (size_t i = name_to; i < at; i++) {
        char c = p->line.ptr[i];
        if (c == '"' || c == '\'' || c == '`') {
            p->quote = c;
            return;
        }
        p->level = c == '\\' ? p->level + 1 : 0;
    }
    p->level = 0;
}

/* "=:name", "=:name_1": a parameter of SQL; "=:hunter2" is none. */
static bool is_parameter(struct str line, size_t colon)
{
    size_t at = colon + 1, digits;
    while (is_letter(byte_at(line, at)) || byte_at(line, at) == '_')
        at++;
    digits = at;
    while (is_digit(byte_at(line, at)))
        at++;
    return !is_alnum(byte_at(line, at)) &&
           (digits == at || digits == colon + 1 || line.ptr[digits - 1] == '_');
}

/* "x==hunter2": a word with a digit directly behind it, which in a comparison would be in quotes. */
static bool is_double_sign(struct str line, size_t at)
{
    enum { WORD_MAX = 64 };
    bool has_letter = false, has_digit = false;
    for (size_t i = at; i < at + WORD_MAX && is_alnum(byte_at(line, i)); i++) {
        has_letter |= is_letter(line.ptr[i]);
        has_digit |= is_digit(line.ptr[i]);
    }
    return has_letter && has_digit;
}

/* Where the value begins if a sign is its first byte: "==hunter2", "=:hunter2", "=~hunter2"; 0: it is an operator. */
static size_t behind_odd_sign(struct str line, size_t at)
{
    char c = line.ptr[at], next = byte_at(line, at + 1), third = byte_at(line, at + 2);
    if (ends_operator(line, at))
        return 0;
    if (c == '=' && next == '=')
        return is_double_sign(line, at + 2) ? at + 2 : 0;
    if (c == '=' && next == ':')
        return is_blank(third) || is_parameter(line, at + 1) ? 0 : at + 1;
    return next == '~' && !memchr(" \t\"'`/\\", third, 7) ? at + 1 : 0;
}

static size_t json_literal_end(struct str line, size_t at)
{
    static const struct str words[] = {STR_INIT("null"), STR_INIT("true"), STR_INIT("false")};
    for (size_t i = 0; i < countof(words); i++) {
        if (str_equal(str_slice(line, at, words[i].len), words[i]))
            return at + words[i].len;
    }
    size_t end = at + (byte_at(line, at) == '-');
    while (is_digit(byte_at(line, end)) || byte_at(line, end) == '.')
        end++;
    return end;
}

static bool starts_json(struct str line)
{
    enum { FIRST_NAME_MAX = 4096 };
    size_t at = skip_white(line, 0), next = skip_white(line, at + 1), end;
    char first = byte_at(line, next);
    if (byte_at(line, at) == '[' && (first == '{' || first == '"' || first == '['))
        return true;
    if (byte_at(line, at) == '[') {
        end = json_literal_end(line, next);
        return end > next && byte_at(line, skip_white(line, end)) == ',';
    }
    if (byte_at(line, at) != '{' || first != '"')
        return false;
    quoted_end(str_slice(line, 0, next + FIRST_NAME_MAX), next + 1, '"', 0, &end);
    return byte_at(line, skip_white(line, end)) == ':';
}

bool is_of_json(struct hunt *h)
{
    if (!h->has_json_looked)
        h->is_json = starts_json(h->line);
    h->has_json_looked = true;
    return h->is_json;
}

/* Whether the text of one word in front of `at` has the mark. */
static bool has_in_word_before(struct str line, size_t at, struct str mark)
{
    enum { WORD_MAX = 128 };
    size_t from = at;
    while (from > 0 && at - from < WORD_MAX && (unsigned char)line.ptr[from - 1] > ' ')
        from--;
    return str_find(str_slice(line, from, at - from), mark) != SIZE_MAX;
}

/* arn:aws:…:secret:x, /etc/passwd:ro, pam_unix(passwd:session) */
static bool is_of_other(const struct pair *pair)
{
    struct str line = pair->place.line;
    char mode = byte_at(line, pair->value_at), end = byte_at(line, pair->value_at + 2);
    switch (pair->name_from > 0 ? line.ptr[pair->name_from - 1] : 0) {
    case ':':
        return has_in_word_before(line, pair->name_from, STR("arn:"));
    case '(':
        return has_in_word_before(line, pair->name_from, STR("pam"));
    case '/':
        return mode == 'r' && !is_alnum(end) && memchr("ow", byte_at(line, pair->value_at + 1), 2);
    default:
        return false;
    }
}

bool pair_read(struct hunt *h, size_t at, size_t name_to, struct pair *pair)
{
    static const struct str rejected = STR_INIT("rejected value ["); /* on field 'password': */
    struct str line = h->line;
    size_t begin = behind_sign(line, at);
    if (!begin)
        begin = behind_odd_sign(line, at);
    if (!begin)
        return false;
    size_t value = begin;
    *pair = (struct pair){.place = {.line = line, .is_json = is_of_json(h)}, .name_to = name_to};
    read_quote(&pair->place, name_to, at);
    pair->place.escaped = escaped_quote_before(line, at);
    bool is_spaced = at > 0 && (is_blank(line.ptr[at - 1]) || line.ptr[at - 1] == ':');
    pair->sign = line.ptr[at];
    bool may_have_blank = pair->sign == ':' || is_spaced || pair->place.quote || value > at + 1;
    if (may_have_blank)
        value = skip_blanks(line, value); /* no other sign is in it: linear */
    pair->has_blank = value > begin;
    value += is_key_of_row(line, at);
    if (str_starts(str_slice(line, value, rejected.len), rejected))
        value += rejected.len;
    pair->value_at = value;
    pair->name_from = name_begin(&pair->place, name_to);
    if (pair->sign == ':' && !pair->has_blank && !pair->place.quote && is_of_other(pair))
        return false;
    char before = pair->name_from > 0 ? line.ptr[pair->name_from - 1] : 0;
    pair->place.is_query = pair->sign == '=' && (before == '?' || before == '&');
    return true;
}

struct str pair_name(const struct pair *pair)
{
    return str_slice(pair->place.line, pair->name_from, pair->name_to - pair->name_from);
}

/* user[password]: not the mark of what has been hidden, "[secret]". */
static bool is_bare_mark(const struct pair *pair)
{
    struct str line = pair->place.line;
    size_t at = pair->name_to;
    while (at > pair->name_from && line.ptr[at - 1] != '[')
        at--;
    at -= at > 0 && line.ptr[at - 1] == '[';
    return at == 0 || !(is_alnum(line.ptr[at - 1]) || line.ptr[at - 1] == ']');
}

/* "k1:4f9c2ad10c6be7a3" */
static bool is_token_id(struct str s)
{
    enum { HASH = 16 };
    for (size_t i = 1; i <= HASH && i < s.len; i++) {
        char c = s.ptr[s.len - i];
        if (!is_digit(c) && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return s.len > HASH + 1 && s.ptr[s.len - HASH - 1] == ':';
}

/* Whether the name is that of a mark: "[secret:k1:4f9c2ad10c6be7a3]", and of rules that leave a part "[ssn:1120]". */
static bool begins_mark(const struct pair *pair)
{
    enum { MARK_MAX = 128 };
    struct str line = pair->place.line, name = pair_name(pair);
    if (pair->sign != ':' || pair->has_blank || pair->place.quote)
        return false;
    struct str rest = str_slice(line, pair->value_at, MARK_MAX);
    rest = str_slice(rest, 0, min_of(str_find_byte(rest, ']'), rest.len));
    if (byte_at(line, pair->value_at + rest.len) != ']' || str_find_byte(rest, ' ') != SIZE_MAX)
        return false;
    bool is_partial = false;
    for (size_t i = 0; i < REDACT_RULES && !is_partial; i++)
        is_partial = i != RULE_SECRETS && i != RULE_JWT && str_equal(name, redact_rules[i].mark);
    return is_partial || is_token_id(rest);
}

bool pair_is_mark(const struct hunt *h, const struct pair *pair)
{
    struct str line = pair->place.line;
    if (pair->name_from > 0 && line.ptr[pair->name_from - 1] == '[' && begins_mark(pair))
        return true;
    return byte_at(line, pair->name_to) == ']' && is_bare_mark(pair) &&
           hunt_has_mark(h, pair_name(pair));
}
