/*
 * Text of XML elements whose name, or whose attribute "name" or "key", is that of a secret. Attributes themselves are pairs.
 *
 *     <password>x</password>    <ns:ApiKey type="text">x</ns:ApiKey>    <property name="db.password"><![CDATA[x]]></property>
 *
 * The trigger is a '<' that stands behind no word.
 */
#include "base/mem.h"
#include "formats/redact/pairs.h"

enum { TAG_MAX = 512, DATA_MAX = 1024 };

struct tag {
    struct str name;   /* without a prefix */
    struct str called; /* by its attribute; else empty */
    size_t text;       /* behind its '>' */
};

static bool is_tag_byte(char c)
{
    return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == ':';
}

/* Those that give their text a name: <entry key="password">, but not <button name="password">. */
static bool is_named_tag(struct str name)
{
    static const struct str names[] = {
        STR_INIT("property"),  STR_INIT("prop"),     STR_INIT("entry"),   STR_INIT("param"),
        STR_INIT("parameter"), STR_INIT("item"),     STR_INIT("setting"), STR_INIT("field"),
        STR_INIT("attribute"), STR_INIT("variable"), STR_INIT("env"),     STR_INIT("string"),
    };
    for (size_t i = 0; i < countof(names); i++) {
        if (str_equal_nocase(name, names[i]))
            return true;
    }
    return false;
}

static bool ends_in(struct str text, struct str end)
{
    return text.len >= end.len &&
           str_equal_nocase(str_slice(text, text.len - end.len, end.len), end);
}

/* The value of an attribute "name" or "key" in text. */
static struct str called_in(struct str text)
{
    for (size_t at = 0; at + 1 < text.len; at++) {
        struct str before = str_slice(text, 0, at);
        bool is_sign =
            text.ptr[at] == '=' && (ends_in(before, STR(" name")) || ends_in(before, STR(" key")));
        if (!is_sign)
            continue;
        size_t from = at + 1;
        while (byte_at(text, from) == '\\')
            from++;
        from += is_quote(byte_at(text, from));
        size_t to = from;
        while (is_tag_byte(byte_at(text, to)))
            to++;
        return str_slice(text, from, to - from);
    }
    return STR("");
}

/* No tag has a '<' in it: linear. */
static bool read_tag(struct str line, size_t at, struct tag *tag)
{
    size_t from = at + 1, end = from, close;
    while (end - from < PAIR_NAME_MAX && is_tag_byte(byte_at(line, end))) {
        if (line.ptr[end] == ':')
            from = end + 1;
        end++;
    }
    for (close = end; close < end + TAG_MAX && byte_at(line, close) != '>'; close++) {
        if (close >= line.len || line.ptr[close] == '<')
            return false;
    }
    if (byte_at(line, close) != '>' || line.ptr[close - 1] == '/')
        return false;
    *tag = (struct tag){.name = str_slice(line, from, end - from), .text = close + 1};
    if (close > end && is_named_tag(tag->name))
        tag->called = called_in(str_slice(line, end, close - end));
    return true;
}

/* Where the text of an element ends that has nothing but text: at its closing tag, and in the string of JSON in which it
 * begins. */
static bool read_text(struct hunt *h, size_t from, struct pair_value *v)
{
    static const struct str open = STR_INIT("<![CDATA["), close = STR_INIT("]]>");
    struct str line = h->line;
    size_t end;
    bool is_data = str_equal(str_slice(line, from, open.len), open);
    from += is_data ? open.len : 0;
    struct str rest = str_slice(line, from, is_data ? DATA_MAX : SIZE_MAX);
    size_t len = is_data ? str_find(rest, close) : str_find_byte(rest, '<');
    size_t next = is_data ? 0 : from + min_of(len, rest.len) + 1;
    if (len == SIZE_MAX || (!is_data && byte_at(line, next) != '/' && byte_at(line, next) != '\\'))
        return false;
    *v = (struct pair_value){VALUE_QUOTED, from, from + len, from + len};
    return !is_of_json(h) || quoted_end(str_slice(line, 0, v->to), from, '"', 0, &end) == v->to;
}

size_t find_element(struct hunt *h, size_t at)
{
    struct tag tag;
    struct pair_value v;
    if (!is_letter(byte_at(h->line, at + 1)) || !read_tag(h->line, at, &tag))
        return at + 1;
    struct str called = tag.called.len ? tag.called : tag.name;
    const struct key_name *name = key_name_of(called);
    bool is_users = redact_paths_have(h->paths, called);
    if ((!is_users && (!name || !h->wanted[name->rule])) || !read_text(h, tag.text, &v))
        return at + 1;
    struct pair pair = {.place = {.line = h->line}, .value_at = tag.text};
    if (is_users)
        hunt_add(h, v.from, v.to, RULE_SECRETS, "value of a path");
    else if (is_secret(&pair, &v, name))
        hunt_add(h, v.from, v.to, name->rule, "text of an element");
    return max_of(v.end, at + 1);
}
