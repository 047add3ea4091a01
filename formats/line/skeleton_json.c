#include "base/mem.h"
#include "formats/line/json.h"
#include "formats/line/json_text.h"
#include "formats/line/skeleton_parts.h"

enum { DEPTH_MAX = 32, LEVEL_DIGITS = 3 };

struct object {
    struct skeleton *s;
    const char *at, *end;
    unsigned depth; /* of brackets */
    unsigned texts; /* that it is in */
    struct buf *front, *out;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_spaces(struct object *o)
{
    while (o->at < o->end && is_space(*o->at))
        o->at++;
}

bool begins_skeleton_object(const char *at, const char *end)
{
    if (at == end || *at != '{')
        return false;
    for (at++; at < end && is_space(*at); at++) {
    }
    return at < end && *at == '"';
}

/* Over a string at its quote; its content. */
static struct str take_string(struct object *o)
{
    const char *from = o->at + 1, *to = json_string_end(from, o->end);
    o->at = to < o->end ? to + 1 : to;
    return str_of(from, (size_t)(to - from));
}

/* Without its escapes, in room of this depth. */
static struct str plain_text(struct skeleton *s, struct str content, unsigned depth)
{
    struct buf *plain = &s->plain[depth];
    if (memchr(content.ptr, '\\', content.len) == NULL)
        return content;
    buf_reset(plain);
    plain->max = content.len + JSON_TEXT_SLACK + 1;
    char *to = buf_reserve(plain, plain->max);
    const char *at = content.ptr;
    char *end = json_unescape(&at, content.ptr + content.len + 1, to);
    return end ? str_of(to, (size_t)(end - to)) : content;
}

static void put_text(struct skeleton *s, struct str content, unsigned depth, struct buf *out)
{
    if (depth < SKELETON_DEPTH)
        put_skeleton_text(s, plain_text(s, content, depth), depth + 1, out);
}

void put_skeleton_quoted(struct skeleton *s, struct str content, unsigned depth, struct buf *out)
{
    buf_add_byte(out, '"');
    put_text(s, content, depth, out);
    buf_add_byte(out, '"');
}

static void put_string(struct object *o, struct str key, struct str value, bool is_closed)
{
    enum skeleton_value kind = skeleton_value_of(key);
    if (!is_closed || value.len == 0) /* the closing quote is needed to read it */
        return;
    if (kind == VALUE_MESSAGE && o->front) {
        if (o->front->len)
            buf_add_byte(o->front, ' ');
        put_text(o->s, value, o->texts, o->front);
    } else if (kind == VALUE_WORD && is_skeleton_word(value)) {
        buf_add_byte(o->out, '=');
        buf_add(o->out, value);
    } else if (kind != VALUE_SLOT && memchr(value.ptr, ' ', value.len)) {
        buf_add_byte(o->out, '=');
        put_skeleton_quoted(o->s, value, o->texts, o->out);
    }
}

static void put_scalar(struct object *o, struct str key)
{
    const char *from = o->at;
    while (o->at < o->end && *o->at != ',' && *o->at != '}' && *o->at != ']' && !is_space(*o->at))
        o->at++;
    struct str value = str_of(from, (size_t)(o->at - from));
    uint64_t level;
    if (str_equal_nocase(key, STR("level")) && value.len <= LEVEL_DIGITS &&
        str_to_u64(value, &level)) {
        buf_add_byte(o->out, '=');
        buf_add(o->out, value);
    }
}

static void put_key(struct object *o, struct str key)
{
    if (o->out->len && o->out->ptr[o->out->len - 1] != '{')
        buf_add_byte(o->out, ' ');
    for (size_t i = 0, from = 0; i <= key.len; i++) {
        bool is_end = i == key.len || (unsigned char)key.ptr[i] <= ' ' || key.ptr[i] == 127;
        if (is_end && i > from)
            put_skeleton_word(o->out, key.ptr + from, key.ptr + i);
        from = is_end ? i + 1 : from;
    }
}

/* An object of the line's. */
static void begin_inner(struct skeleton *s)
{
    if (s->n_inner < SKELETON_INNER)
        s->inner[s->n_inner].from = s->inner[s->n_inner].to = s->keys.len;
}

static void end_inner(struct skeleton *s)
{
    if (s->n_inner < SKELETON_INNER)
        s->inner[s->n_inner++].to = s->keys.len;
}

/* A member whose key has been put. */
static void put_value(struct object *o, struct str key)
{
    if (*o->at == '"') {
        struct str value = take_string(o);
        put_string(o, key, value, o->at > value.ptr + value.len);
    } else if (*o->at == '{' && o->depth < DEPTH_MAX) {
        buf_add_byte(o->out, '{');
        o->at++;
        if (o->depth++ == 1 && o->front)
            begin_inner(o->s);
    } else if (*o->at == '[' || *o->at == '{') {
        buf_add(o->out, STR("[]"));
        const char *stop = json_container_end(o->at, o->end);
        o->at = stop ? stop : o->end;
    } else {
        put_scalar(o, key);
    }
}

/* False: what is here is no member. */
static bool put_member(struct object *o)
{
    if (*o->at != '"')
        return false;
    struct str key = take_string(o);
    put_key(o, key);
    skip_spaces(o);
    if (o->at == o->end || *o->at != ':')
        return false;
    o->at++;
    skip_spaces(o);
    if (o->at < o->end)
        put_value(o, key);
    return true;
}

const char *put_skeleton_object(struct skeleton *s, const char *at, const char *end, unsigned depth,
                                struct buf *front, struct buf *out)
{
    struct object o = {s, at + 1, end, 1, depth, front, out};
    buf_add_byte(out, '{');
    while (o.at < end && o.depth) {
        skip_spaces(&o);
        if (o.at == end)
            break;
        if (*o.at == '}') {
            if (--o.depth == 1 && front)
                end_inner(s);
            buf_add_byte(out, '}');
            o.at++;
        } else if (*o.at == ',') {
            o.at++;
        } else if (!put_member(&o)) {
            break;
        }
    }
    if (o.depth > 1 && front) /* it is cut */
        end_inner(s);
    return o.at;
}

/* ---- keys ---- */

enum skeleton_value skeleton_value_of(struct str key)
{
    static const struct {
        struct str key;
        enum skeleton_value kind;
    } keys[] = {
        {STR_INIT("msg"), VALUE_MESSAGE},
        {STR_INIT("message"), VALUE_MESSAGE},
        {STR_INIT("@message"), VALUE_MESSAGE},
        {STR_INIT("short_message"), VALUE_MESSAGE},
        {STR_INIT("textPayload"), VALUE_MESSAGE},
        {STR_INIT("log"), VALUE_MESSAGE},
        {STR_INIT("@mt"), VALUE_MESSAGE},
        {STR_INIT("@m"), VALUE_MESSAGE},
        {STR_INIT("MessageTemplate"), VALUE_MESSAGE},
        {STR_INIT("error"), VALUE_TEXT},
        {STR_INIT("err"), VALUE_TEXT},
        {STR_INIT("exception"), VALUE_TEXT},
        {STR_INIT("reason"), VALUE_TEXT},
        {STR_INIT("cause"), VALUE_TEXT},
        {STR_INIT("level"), VALUE_WORD},
        {STR_INIT("lvl"), VALUE_WORD},
        {STR_INIT("severity"), VALUE_WORD},
        {STR_INIT("levelname"), VALUE_WORD},
        {STR_INIT("level_name"), VALUE_WORD},
        {STR_INIT("loglevel"), VALUE_WORD},
        {STR_INIT("severityText"), VALUE_WORD},
        {STR_INIT("error_severity"), VALUE_WORD},
        {STR_INIT("@l"), VALUE_WORD},
        {STR_INIT("logger"), VALUE_WORD},
        {STR_INIT("logger_name"), VALUE_WORD},
        {STR_INIT("loggerName"), VALUE_WORD},
        {STR_INIT("module"), VALUE_WORD},
        {STR_INIT("component"), VALUE_WORD},
        {STR_INIT("category"), VALUE_WORD},
        {STR_INIT("channel"), VALUE_WORD},
        {STR_INIT("target"), VALUE_WORD},
        {STR_INIT("event"), VALUE_WORD},
        {STR_INIT("event_name"), VALUE_WORD},
        {STR_INIT("eventName"), VALUE_WORD},
        {STR_INIT("event_type"), VALUE_WORD},
        {STR_INIT("eventType"), VALUE_WORD},
        {STR_INIT("type"), VALUE_WORD},
        {STR_INIT("kind"), VALUE_WORD},
        {STR_INIT("verb"), VALUE_WORD},
        {STR_INIT("action"), VALUE_WORD},
        {STR_INIT("op"), VALUE_WORD},
        {STR_INIT("operation"), VALUE_WORD},
        {STR_INIT("method"), VALUE_WORD},
    };
    for (size_t i = 0; i < countof(keys); i++)
        if (keys[i].key.len == key.len && str_equal_nocase(keys[i].key, key))
            return keys[i].kind;
    return VALUE_SLOT;
}

bool is_skeleton_word(struct str value)
{
    enum { LONGEST = 48 };
    static const bool may_be[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['_'] = true, ['.'] = true,
        ['-'] = true,         [':'] = true,         ['$'] = true};
    if (value.len == 0 || value.len > LONGEST)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (!may_be[(unsigned char)value.ptr[i]])
            return false;
    return true;
}
