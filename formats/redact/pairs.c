#include "formats/redact/pairs.h"

#include "base/mem.h"
#include "formats/redact/http_schemes.h"
#include "formats/redact/randomness.h"

enum { WEAK_MAX = RANDOM_MAX + 16 };

static const char value_of_key[] = "value of a key";

/* ---- headers ---- */

/* Lists of Go: map[Authorization:[Bearer x]]. What is in one goes without its scheme. */
static void open_list(const struct pair *pair, struct pair_value *v)
{
    struct str line = pair->place.line;
    bool has_parameters;
    size_t from = v->from + 1;
    if (line.ptr[v->from] == '[' && v->to > from &&
        behind_http_scheme(line, from, &has_parameters) > from && line.ptr[v->to - 1] == ']')
        *v = (struct pair_value){VALUE_QUOTED, from, v->to - 1, v->end};
}

/* The value without its scheme; of header text, to the end of the header. */
static void trim_authorization(const struct pair *pair, struct pair_value *v)
{
    bool has_parameters;
    size_t from = behind_http_scheme(pair->place.line, v->from, &has_parameters);
    if (from == v->from)
        return;
    if (v->form == VALUE_BARE) {
        v->to = has_parameters ? parameters_end(&pair->place, from) : bare_end(&pair->place, from);
        v->end = v->to;
    }
    v->from = min_of(from, v->to);
}

/* Cookie: a=b; c=d */
static bool take_cookies(const struct pair *pair, struct pair_value *v)
{
    struct str front = str_slice(pair->place.line, v->from, v->to - v->from);
    if (pair->sign != ':' || str_find_byte(front, '=') == SIZE_MAX)
        return false;
    v->to = cookies_end(pair->place.line, v->from);
    v->end = v->to;
    return true;
}

/* ---- finding ---- */

/* Whether the text in front of `at` is an attribute: its name, a sign and quotes; *at becomes where the text in quotes ends. */
static bool is_attribute_before(struct str line, size_t *at)
{
    enum { SIGN = 4 };
    size_t end = *at, to;
    if (end == 0 || !is_quote(line.ptr[end - 1]))
        return false;
    char quote = line.ptr[--end];
    while (end > 0 && line.ptr[end - 1] == '\\')
        end--;
    to = end;
    while (to > 0 && end - to < PAIR_NAME_MAX &&
           (is_name_byte(line.ptr[to - 1]) || line.ptr[to - 1] == ':'))
        to--;
    *at = end;
    if (to == end || to == 0 || line.ptr[--to] != quote)
        return false;
    while (to > 0 && line.ptr[to - 1] == '\\')
        to--;
    return to > SIGN && line.ptr[to - 1] == '=' &&
           (str_equal_nocase(str_slice(line, to - 1 - SIGN, SIGN), STR("name")) ||
            str_equal_nocase(str_slice(line, to - SIGN, SIGN - 1), STR("key")));
}

/* Whether it is a text of JSON with a comma behind it. */
static bool is_element_before(struct str line, size_t *at, size_t quote)
{
    if (*at < quote + 1 || line.ptr[*at - 1] != ',' || line.ptr[*at - 2] != '"')
        return false;
    *at -= quote + 1;
    return true;
}

/* At "value" of {"name":"DB_PASSWORD","value":"x"} and <add key="DB_PASSWORD" value="x"/>: the name in front. */
static const struct key_name *named_before(const struct pair *pair)
{
    struct str line = pair->place.line;
    bool is_json = pair->place.quote == '"';
    size_t quote = is_json ? pair->place.level + 1 : 0, at = pair->name_from;
    bool is_value = str_equal_nocase(pair_name(pair), STR("value")) ||
                    str_equal_nocase(pair_name(pair), STR("rejectedvalue"));
    if (at < quote || !is_value)
        return NULL;
    at -= quote;
    size_t behind = at;
    while (at > 0 && is_blank(line.ptr[at - 1]))
        at--;
    if (is_json ? !is_element_before(line, &at, quote)
                : at == behind || pair->sign != '=' || !is_attribute_before(line, &at))
        return NULL;
    size_t from = at > PAIR_NAME_MAX ? at - PAIR_NAME_MAX : 0;
    return key_name_of(str_slice(line, from, at - from));
}

static const struct key_name *name_of(const struct pair *pair)
{
    struct str text = pair_name(pair);
    enum { WORDS_BEFORE = 16 }; /* "api key: " */
    size_t more = pair->place.quote ? 0 : min_of(pair->name_from, (size_t)WORDS_BEFORE);
    const struct key_name *name = key_name_of(str_of(text.ptr - more, text.len + more));
    return name ? name : named_before(pair);
}

static bool is_users(struct hunt *h, const struct pair *pair, size_t at)
{
    const struct redact_paths *paths = h->paths;
    if (paths->n == 0)
        return false;
    struct str name = pair_name(pair);
    if (!pair->place.quote)
        return redact_paths_have(paths, name);
    if (!redact_paths_end_in(paths, name))
        return false;
    if (!h->has_paths_found)
        find_by_paths(h);
    return at >= h->paths_to;
}

static size_t find_users(struct hunt *h, const struct pair *pair)
{
    struct pair_value v = pair_value_at(&pair->place, pair->value_at);
    if (v.form != VALUE_NONE)
        hunt_add(h, v.from, v.to, RULE_SECRETS, "value of a path");
    return v.form == VALUE_NONE ? pair->value_at : v.end;
}

static bool is_bounded(const struct key_name *name)
{
    return name->class == KEY_WEAK || name->class == KEY_TOKEN || name->class == KEY_TOKENS ||
           name->class == KEY_DIGITS;
}

static bool is_value_byte(char c)
{
    return is_alnum(c) || (c && memchr("_-+/=.~", c, 7));
}

/* A name of an object ends there: quotes and all. */
static bool is_name_end(struct str line, size_t at)
{
    while (byte_at(line, at) == '\\')
        at++;
    at += byte_at(line, at) == '"';
    return byte_at(line, at) == ':';
}

/* {"tokens":["x","y"]}, {"token":{"a":"x"}}: those that look like one. A list in a list is looked at with it. */
static size_t find_in_list(struct hunt *h, const struct pair *pair)
{
    enum { LIST_MAX = 2048 };
    struct pair_place place = pair->place;
    if (pair->value_at < h->listed_to)
        return pair->value_at;
    place.line.len = min_of(place.line.len, pair->value_at + LIST_MAX);
    struct pair_value v = pair_value_at(&place, pair->value_at);
    struct str list = str_of(place.line.ptr, v.to);
    for (size_t from = v.from; from < list.len; from++) {
        size_t to = from;
        while (is_value_byte(byte_at(list, to)))
            to++;
        if (is_token(str_slice(list, from, to - from)) && !is_name_end(list, to))
            hunt_add(h, from, to, RULE_SECRETS, value_of_key);
        from = to;
    }
    h->listed_to = v.to;
    return pair->value_at;
}

static bool is_list(const struct pair *pair, const struct key_name *name)
{
    char c = byte_at(pair->place.line, pair->value_at);
    return ((name->class == KEY_TOKEN || name->class == KEY_TOKENS) && c == '[') ||
           (name->class == KEY_TOKENS && c == '{');
}

/* Without a scheme in front; *is_found says whether it is a secret. */
static struct pair_value named_value(const struct pair *pair, const struct key_name *name,
                                     bool *is_found)
{
    struct pair_value v = pair_value_at(&pair->place, pair->value_at);
    *is_found = false;
    if (v.form == VALUE_NONE)
        return v;
    if (v.form == VALUE_CONTAINER)
        open_list(pair, &v);
    bool is_cookies = name->class == KEY_COOKIE && v.form == VALUE_BARE && take_cookies(pair, &v);
    if (name->class == KEY_HEADER && v.form != VALUE_CONTAINER)
        trim_authorization(pair, &v);
    *is_found = is_cookies || is_secret(pair, &v, name);
    return v;
}

/* The front of a value tells whether it is a secret. Only of one that is its end is looked for, and the search goes on behind
 * it: there may be pairs in others. */
size_t find_named(struct hunt *h, const struct pair *pair, const struct key_name *name)
{
    enum { FRONT_MAX = 1024 };
    struct pair front = *pair;
    bool is_found;
    if (is_list(pair, name))
        return find_in_list(h, pair);
    char first = byte_at(pair->place.line, pair->value_at);
    bool is_container = first == '{' || first == '[';
    if (is_container && (is_bounded(name) || name->class == KEY_PASS || name->class == KEY_SECRET))
        return pair->value_at;
    size_t most = pair->value_at + (is_bounded(name) ? (size_t)WEAK_MAX : (size_t)FRONT_MAX);
    front.place.line.len = min_of(front.place.line.len, most);
    struct pair_value v = named_value(&front, name, &is_found);
    if (is_found && v.end >= most && !is_bounded(name))
        v = named_value(pair, name, &is_found);
    if (!is_found)
        return pair->value_at;
    hunt_add(h, v.from, v.to, name->rule, value_of_key);
    return max_of(v.end, pair->value_at);
}

__attribute__((noinline)) static size_t find_with_name(struct hunt *h, size_t at, size_t name_to)
{
    struct pair pair;
    if (!pair_read(h, at, name_to, &pair) || pair_is_mark(h, &pair))
        return at + 1;
    const struct key_name *name = name_of(&pair);
    size_t end = at + 1;
    if (is_users(h, &pair, at))
        end = find_users(h, &pair);
    else if (name && h->wanted[name->rule])
        end = find_named(h, &pair, name);
    return max_of(end, at + 1);
}

/* In front of what there are blanks, quotes and brackets. */
__attribute__((noinline)) static size_t find_behind_gap(struct hunt *h, size_t at)
{
    struct str line = h->line;
    bool is_plain = at > 1 && line.ptr[at - 1] == '"' && is_alnum(line.ptr[at - 2]) &&
                    (line.ptr[at - 2] | 0x20) != 'd';
    size_t end = is_plain ? at - 1 : pair_name_end(line, at);
    return name_ends_have(&h->paths->ends, line, end) ? find_with_name(h, at, end) : at + 1;
}

static size_t find_named_at(struct hunt *h, size_t at)
{
    char last = at > 0 ? h->line.ptr[at - 1] : 0;
    bool is_bracket = (last | 0x20) == 'd' && at >= 3 && h->line.ptr[at - 3] == '%'; /* %5D= */
    bool is_quote = last == '2' && at >= 3 && h->line.ptr[at - 2] == '2';            /* \x22: */
    if (at > 0 && (!is_alnum(last) || is_bracket || is_quote))
        return find_behind_gap(h, at);
    return name_ends_have(&h->paths->ends, h->line, at) ? find_with_name(h, at, at) : at + 1;
}

/* Most are no names: what is rare is not part of it. */
size_t find_pair(struct hunt *h, size_t at)
{
    char next = byte_at(h->line, at + 1);
    if (h->line.ptr[at] == ':' && (next == '/' || next == '\\')) {
        size_t end = find_url_password(h, at);
        return end ? end : find_behind_gap(h, at);
    }
    return find_named_at(h, at);
}
