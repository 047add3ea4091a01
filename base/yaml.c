#include "base/yaml.h"

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

struct reading {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; the zero value before the first */
    struct str bytes;
    const char *name;
    struct arena *arena;
    size_t nodes;
    struct err *err;
};

bool place_err(struct place at, struct err *err, const char *fmt, ...)
{
    char text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (at.line == 0)
        return err_set(err, ERR_INPUT, "%s: %s", at.file, text);
    return err_set(err, ERR_INPUT, "%s:%u:%u: %s", at.file, at.line, at.column, text);
}

void put_place(struct buf *b, struct place at)
{
    buf_add(b, str_from(at.file));
    if (at.line)
        buf_print(b, ":%u", at.line);
}

static struct place place_of(const struct reading *r, yaml_mark_t mark)
{
    return (struct place){r->name, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static struct place place_now(const struct reading *r)
{
    return place_of(r, r->event.start_mark);
}

/* The byte at a mark, whose line and column count from 0 in characters; '\0' behind the end. */
static char byte_at(struct str s, yaml_mark_t mark)
{
    struct str line = {0};
    for (size_t i = 0; i <= mark.line; i++) {
        if (!take_until(&s, '\n', &line))
            return '\0';
    }
    size_t at = 0;
    for (size_t i = 0; i < mark.column && at < line.len; i++) {
        do
            at++;
        while (at < line.len && (line.ptr[at] & 0xc0) == 0x80);
    }
    return at < line.len ? line.ptr[at] : '\0';
}

static bool parser_err(struct reading *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "cannot be read";
    if (p->error == YAML_READER_ERROR)
        return place_err(place_of(r, p->mark), r->err, "not UTF-8 text: %s", problem);
    if (p->error == YAML_MEMORY_ERROR)
        return err_set(r->err, ERR_LIMIT, "%s: no memory", r->name);
    if (byte_at(r->bytes, p->problem_mark) == '\t')
        return place_err(place_of(r, p->problem_mark), r->err,
                         "a tab stands here; indent with spaces");
    return place_err(place_of(r, p->problem_mark), r->err, "%s%s%s", p->context ? p->context : "",
                     p->context ? ": " : "", problem);
}

static bool next_event(struct reading *r)
{
    yaml_event_delete(&r->event);
    if (!yaml_parser_parse(&r->parser, &r->event))
        return parser_err(r);
    return true;
}

static bool has_anchor_or_tag(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return e->data.scalar.anchor || e->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return e->data.sequence_start.anchor || e->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return e->data.mapping_start.anchor || e->data.mapping_start.tag;
    default:
        return true;
    }
}

/* What may not begin here, whatever it is. */
static bool check_node(struct reading *r, unsigned depth)
{
    if (has_anchor_or_tag(&r->event))
        return place_err(place_now(r), r->err,
                         "anchors (&), aliases (*) and tags (!) are not read; use quotes if the "
                         "text begins with one of these");
    if (depth > YAML_DEPTH_MAX)
        return place_err(place_now(r), r->err, "nested deeper than %d levels", YAML_DEPTH_MAX);
    if (++r->nodes > YAML_NODES_MAX)
        return place_err(place_now(r), r->err, "more than %d values", YAML_NODES_MAX);
    return true;
}

static bool take_scalar(struct reading *r, struct str *text)
{
    struct str raw = str_of(r->event.data.scalar.value, r->event.data.scalar.length);
    if (str_find_byte(raw, '\0') != SIZE_MAX)
        return place_err(place_now(r), r->err, "a NUL byte in a text");
    *text = str_of(arena_text(r->arena, raw), raw.len);
    return true;
}

static bool read_node(struct reading *r, unsigned depth, struct yaml **out);

static bool read_items(struct reading *r, unsigned depth, struct yaml *sequence)
{
    while (next_event(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
        struct yaml *item = NULL;
        if (!read_node(r, depth + 1, &item))
            return false;
        yaml_append(sequence, item);
    }
    return r->event.type == YAML_SEQUENCE_END_EVENT;
}

static bool read_key(struct reading *r, unsigned depth, struct str *key)
{
    if (!check_node(r, depth))
        return false;
    if (r->event.type != YAML_SCALAR_EVENT)
        return place_err(place_now(r), r->err, "a key must be a single word, not a list or a map");
    return take_scalar(r, key);
}

static bool read_pairs(struct reading *r, unsigned depth, struct yaml *mapping)
{
    defer(map_free) struct map seen = {0};
    while (next_event(r) && r->event.type != YAML_MAPPING_END_EVENT) {
        struct place key_at = place_now(r);
        struct str key;
        struct yaml *value = NULL;
        if (!read_key(r, depth + 1, &key) || !next_event(r) || !read_node(r, depth + 1, &value))
            return false;
        value->key = key;
        value->key_at = key_at;
        struct yaml *first = map_put(&seen, key, value);
        if (first)
            return place_err(key_at, r->err,
                             "key '%.*s' stands twice in this map; first on line %u", STR_ARG(key),
                             first->key_at.line);
        yaml_append(mapping, value);
    }
    return r->event.type == YAML_MAPPING_END_EVENT;
}

static bool read_node(struct reading *r, unsigned depth, struct yaml **out)
{
    if (!check_node(r, depth))
        return false;
    struct yaml *node = yaml_new(r->arena, YAML_SCALAR, place_now(r));
    *out = node;
    switch (r->event.type) {
    case YAML_SEQUENCE_START_EVENT:
        node->kind = YAML_SEQUENCE;
        return read_items(r, depth, node);
    case YAML_MAPPING_START_EVENT:
        node->kind = YAML_MAPPING;
        return read_pairs(r, depth, node);
    default:
        node->plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        return take_scalar(r, &node->text);
    }
}

static bool read_stream(struct reading *r, struct yaml **root)
{
    if (!next_event(r) || !next_event(r)) /* the stream starts; then a document, or its end */
        return false;
    if (r->event.type == YAML_STREAM_END_EVENT) {
        *root = yaml_new(r->arena, YAML_MAPPING, (struct place){r->name, 1, 1});
        return true;
    }
    if (!next_event(r) || !read_node(r, 1, root) || !next_event(r) || !next_event(r))
        return false;
    if (r->event.type != YAML_STREAM_END_EVENT)
        return place_err(place_now(r), r->err, "a second document begins; a file holds one");
    if (yaml_is_empty(*root))
        (*root)->kind = YAML_MAPPING;
    if ((*root)->kind != YAML_MAPPING)
        return place_err((*root)->at, r->err, "the file is not a map of keys and values");
    return true;
}

bool yaml_read(struct str bytes, const char *name, struct arena *arena, struct yaml **root,
               struct err *err)
{
    if (bytes.len > YAML_BYTES_MAX)
        return err_set(err, ERR_LIMIT, "%s is larger than %d bytes", name, YAML_BYTES_MAX);
    struct reading r = {.bytes = bytes, .name = name, .arena = arena, .err = err};
    int ready = yaml_parser_initialize(&r.parser);
    assert(ready); /* fails only without memory */
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(bytes.ptr ? bytes.ptr : ""),
                                 bytes.len);
    struct yaml *tree = NULL;
    bool done = read_stream(&r, &tree);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (done)
        *root = tree;
    return done;
}

bool yaml_load(const char *path, struct arena *arena, struct yaml **root, struct err *err)
{
    defer(buf_free) struct buf bytes = {.max = YAML_BYTES_MAX + 1};
    return file_load(path, YAML_BYTES_MAX, &bytes, err) &&
           yaml_read(buf_str(&bytes), path, arena, root, err);
}

struct yaml *yaml_get(const struct yaml *mapping, struct str key)
{
    yaml_each (mapping, child) {
        if (str_equal(child->key, key))
            return child;
    }
    return NULL;
}

bool yaml_is_empty(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && node->plain && node->text.len == 0;
}

struct yaml *yaml_new(struct arena *arena, enum yaml_kind kind, struct place at)
{
    struct yaml *node = arena_new(arena, struct yaml);
    node->kind = kind;
    node->at = at;
    node->text = STR("");
    return node;
}

void yaml_append(struct yaml *parent, struct yaml *child)
{
    child->next = NULL;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->n++;
}

void yaml_remove(struct yaml *parent, struct yaml *child)
{
    struct yaml *before = NULL;
    for (struct yaml **at = &parent->first; *at; before = *at, at = &(*at)->next) {
        if (*at != child)
            continue;
        *at = child->next;
        if (parent->last == child)
            parent->last = before;
        parent->n--;
        return;
    }
}

static bool merge_value(struct yaml *into, struct yaml *from, struct err *err)
{
    if (into->kind != from->kind || from->kind == YAML_SCALAR) {
        char other[sizeof err->text];
        snprintf(other, sizeof other, "%s:%u:%u", into->at.file, into->at.line, into->at.column);
        return place_err(from->at, err, "'%.*s' is set twice; the other is at %s",
                         STR_ARG(from->key), other);
    }
    return yaml_merge(into, from, err);
}

bool yaml_merge(struct yaml *into, struct yaml *from, struct err *err)
{
    for (struct yaml *child = from->first, *next; child; child = next) {
        next = child->next;
        struct yaml *same = into->kind == YAML_MAPPING ? yaml_get(into, child->key) : NULL;
        if (!same)
            yaml_append(into, child);
        else if (!merge_value(same, child, err))
            return false;
    }
    from->first = from->last = NULL;
    from->n = 0;
    return true;
}

static bool is_plain_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._/-+%:@=~", c));
}

static bool needs_quotes(struct str s)
{
    if (s.len == 0 || s.ptr[s.len - 1] == ':' || strchr("-%:@=~", s.ptr[0]))
        return true;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_plain_byte(s.ptr[i]))
            return true;
    }
    return false;
}

static void print_text(struct buf *b, struct str s)
{
    if (!needs_quotes(s)) {
        buf_add(b, s);
        return;
    }
    buf_add_byte(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\')
            buf_add_byte(b, '\\');
        if (c < 0x20 || c == 0x7f)
            buf_print(b, "\\x%02x", c);
        else
            buf_add_byte(b, (char)c);
    }
    buf_add_byte(b, '"');
}

void yaml_print(struct buf *b, const struct yaml *node)
{
    if (node->kind == YAML_SCALAR) {
        if (node->secret)
            buf_add(b, STR("***"));
        else
            print_text(b, node->text);
        return;
    }
    buf_add_byte(b, node->kind == YAML_SEQUENCE ? '[' : '{');
    yaml_each (node, child) {
        if (child != node->first)
            buf_add(b, STR(", "));
        if (node->kind == YAML_MAPPING) {
            print_text(b, child->key);
            buf_add(b, STR(": "));
        }
        yaml_print(b, child);
    }
    buf_add_byte(b, node->kind == YAML_SEQUENCE ? ']' : '}');
}
