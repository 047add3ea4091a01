#include "base/options.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { LARGEST_VALUE = 32, CANDIDATES_MAX = 256 };

/* A default as a node: "[a, b]" is a sequence, "{}" an empty mapping, all else a scalar. */
static struct yaml *node_of_text(struct arena *arena, const char *c_text)
{
    struct str text = str_from(c_text), piece;
    if (str_equal(text, STR("{}")))
        return yaml_new(arena, YAML_MAPPING, (struct place){0});
    struct yaml *node = yaml_new(arena, YAML_SCALAR, (struct place){0});
    node->plain = true;
    node->text = text;
    if (!take_prefix(&text, STR("[")))
        return node;
    assert(str_ends(text, STR("]")));
    node->kind = YAML_SEQUENCE;
    text.len--;
    while (take_until(&text, ',', &piece)) {
        struct yaml *item = yaml_new(arena, YAML_SCALAR, (struct place){0});
        item->plain = true;
        item->text = str_trim(piece);
        item->text = str_of(arena_text(arena, item->text), item->text.len);
        yaml_append(node, item);
    }
    return node;
}

/* The value on one line, the same for values that mean the same. */
static struct str value_text(const struct options *o, const struct option *row,
                             const struct yaml *node)
{
    if (row->type == OPTION_SWITCH)
        return node->kind == YAML_MAPPING ? STR("on") : STR("off");
    defer(buf_free) struct buf b = {0};
    yaml_print(&b, node);
    return arena_copy(o->arena, buf_str(&b));
}

static void store(struct options *o, const struct option *row, const void *value)
{
    if (row->field != OPTION_NOWHERE)
        memcpy((char *)o->target + row->field, value, option_size(row->type));
}

static void set_default(struct options *o, size_t i)
{
    const struct option *row = &o->table->rows[i];
    _Alignas(max_align_t) char value[LARGEST_VALUE] = {0};
    struct yaml *node = node_of_text(o->arena, row->initial ? row->initial : "");
    struct err err;
    bool valid = !row->initial || option_parse(row, node, o->arena, value, &err);
    assert(valid); /* invariant 1 */
    store(o, row, value);
    o->rows[i].text = value_text(o, row, node);
}

void options_defaults(struct options *o, const struct option_table *table, void *target,
                      struct arena *arena)
{
    *o = (struct options){.table = table, .target = target, .arena = arena};
    o->rows = arena_array(arena, struct option_state, table->n);
    for (size_t i = 0; i < table->n; i++) {
        if (table->rows[i].type != OPTION_HEADING)
            set_default(o, i);
    }
}

/* Puts the place in front; the error may quote the value, so not if that is a secret. */
static bool value_err(const struct option *row, const struct yaml *node, struct err *err)
{
    struct err inner = *err;
    if (node->secret)
        err_set(&inner, ERR_INPUT, "the text of the file (not shown) cannot stand here");
    if (row->path)
        return place_err(node->at, err, "%s: %s", row->path, inner.text);
    return place_err(node->at, err, "%s", inner.text);
}

/* Invariant 3. */
static bool may_stand(const struct options *o, const struct option *row, struct str text)
{
    if (!row->not_built || (row->off && str_equal(text, str_from(row->off))))
        return true;
    const char *initial = row->initial ? row->initial : "";
    return str_equal(text, value_text(o, row, node_of_text(o->arena, initial)));
}

bool option_set(struct options *o, const struct option *row, const struct yaml *node,
                struct err *err)
{
    _Alignas(max_align_t) char value[LARGEST_VALUE];
    assert(option_size(row->type) <= sizeof value);
    struct str text = value_text(o, row, node);
    bool right = option_parse(row, node, o->arena, value, err);
    if (!may_stand(o, row, text) && (right || node->kind != YAML_SCALAR))
        err_set(err, ERR_INPUT,
                "not built yet in this version; remove the line or leave it at its default");
    else if (row->path && yaml_is_empty(node))
        err_set(err, ERR_INPUT, "has no value; remove the line, or write \"\" for an empty text");
    else if (right) {
        store(o, row, value);
        o->rows[row - o->table->rows] = (struct option_state){.at = node->at, .text = text};
        return true;
    }
    return value_err(row, node, err);
}

static const struct option *find_path(const struct option_table *t, struct str path)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].path && str_equal(str_from(t->rows[i].path), path))
            return &t->rows[i];
    }
    return NULL;
}

/* What follows "prefix." in a path, or an empty str. An empty prefix is in front of every path. */
static struct str below(const char *path, struct str prefix)
{
    struct str rest = str_from(path);
    if (prefix.len == 0)
        return rest;
    return take_prefix(&rest, prefix) && take_prefix(&rest, STR(".")) ? rest : STR("");
}

static bool is_section(const struct option_table *t, struct str path)
{
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].path && below(t->rows[i].path, path).len)
            return true;
    }
    return false;
}

/* The nearest key in the same section, or NULL. */
static const char *nearest_below(const struct options *o, struct str prefix, struct str key)
{
    const char *names[CANDIDATES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < o->table->n && n < countof(names); i++) {
        struct str rest = {0}, first;
        if (o->table->rows[i].path)
            rest = below(o->table->rows[i].path, prefix);
        if (take_until(&rest, '.', &first))
            names[n++] = arena_text(o->arena, first);
    }
    return nearest_name(key, names, n);
}

/* A path elsewhere that ends in this key: "collector.retention" for a "retention" at the top. */
static struct str same_name_elsewhere(const struct options *o, struct str key)
{
    for (size_t i = 0; i < o->table->n; i++) {
        const char *path = o->table->rows[i].path;
        struct str rest = str_from(path), piece;
        while (take_until(&rest, '.', &piece)) {
            if (str_equal(piece, key))
                return str_of(path, (size_t)(piece.ptr + piece.len - path));
        }
    }
    return (struct str){0};
}

static bool unknown_key(const struct options *o, struct str prefix, const struct yaml *node,
                        struct err *err)
{
    const char *near = nearest_below(o, prefix, node->key);
    struct str elsewhere = near ? str_from(near) : same_name_elsewhere(o, node->key);
    const char *dot = prefix.len ? "." : "";
    if (prefix.len == 0 && find_path(o->table, node->key))
        return place_err(node->key_at, err, "write '%.*s' as maps, without dots: {%.*s: {...}}",
                         STR_ARG(node->key), (int)str_find_byte(node->key, '.'), node->key.ptr);
    if (elsewhere.len)
        return place_err(node->key_at, err, "unknown key '%.*s%s%.*s'; did you mean '%.*s'?",
                         STR_ARG(prefix), dot, STR_ARG(node->key), STR_ARG(elsewhere));
    return place_err(node->key_at, err, "unknown key '%.*s%s%.*s'", STR_ARG(prefix), dot,
                     STR_ARG(node->key));
}

static bool read_section(struct options *o, struct str prefix, const struct yaml *map,
                         struct err *err);

/* A section is a map; "section:" with nothing behind it (all its keys are comments) is an empty
 * one. */
static bool read_key(struct options *o, struct str path, const struct yaml *node, struct err *err)
{
    const struct option *row = find_path(o->table, path);
    if (row && row->type != OPTION_SWITCH)
        return option_set(o, row, node, err);
    if (yaml_is_empty(node))
        return true;
    if (row && !option_set(o, row, node, err))
        return false;
    if (node->kind == YAML_MAPPING)
        return read_section(o, path, node, err);
    if (row)
        return true;
    return place_err(node->at, err, "%.*s: expected a map of keys and values", STR_ARG(path));
}

static struct str path_below(const struct options *o, struct str prefix, struct str key)
{
    return prefix.len ? arena_print(o->arena, "%.*s.%.*s", STR_ARG(prefix), STR_ARG(key)) : key;
}

/* Invariant 5. What the row has so far is never the file's: a section is read once. */
static void add_entry(const struct options *o, struct yaml **entries, const struct yaml *child)
{
    if (!*entries)
        *entries = yaml_new(o->arena, YAML_MAPPING, child->key_at);
    struct yaml *entry = arena_new(o->arena, struct yaml);
    *entry = *child;
    yaml_append(*entries, entry);
}

static bool read_section(struct options *o, struct str prefix, const struct yaml *map,
                         struct err *err)
{
    const struct option *names = find_path(o->table, path_below(o, prefix, STR("*")));
    struct yaml *entries = NULL;
    yaml_each (map, child) {
        struct str path = path_below(o, prefix, child->key);
        const struct option *row = find_path(o->table, path);
        bool has_dot = str_find_byte(child->key, '.') != SIZE_MAX;
        bool known = (row && row != names) || is_section(o->table, path);
        if (names && !known) {
            add_entry(o, &entries, child);
            continue;
        }
        if (!known || has_dot || path.len == 0)
            return unknown_key(o, prefix, child, err);
        if (!read_key(o, path, child, err))
            return false;
    }
    return !entries || option_set(o, names, entries, err);
}

bool options_read_yaml(struct options *o, const struct yaml *root, struct err *err)
{
    return read_section(o, (struct str){0}, root, err);
}

void option_show_value(struct str path, struct str text, struct place at, struct buf *b)
{
    size_t start = b->len;
    buf_print(b, "%.*s: %.*s", STR_ARG(path), STR_ARG(text));
    size_t width = b->len - start;
    buf_print(b, "%*s# ", width < 52 ? (int)(56 - width) : 4, "");
    if (at.file)
        put_place(b, at);
    else
        buf_add(b, STR("default"));
    buf_add_byte(b, '\n');
}

void option_show(const struct options *o, size_t row, struct str prefix, struct buf *b)
{
    const struct option_state *state = &o->rows[row];
    defer(buf_free) struct buf path = {0};
    buf_print(&path, "%.*s%s", STR_ARG(prefix), o->table->rows[row].path);
    option_show_value(buf_str(&path), state->text, state->at, b);
}

const struct yaml *options_entries(const struct options *o, size_t row)
{
    return *(const struct yaml *const *)((const char *)o->target + o->table->rows[row].field);
}

static bool is_called(const struct option *row, const char *name)
{
    return (row->path && strcmp(row->path, name) == 0) ||
           (row->flag && strcmp(row->flag, name) == 0);
}

struct place options_place(const struct options *o, const char *name)
{
    size_t i = 0;
    while (i < o->table->n && !is_called(&o->table->rows[i], name))
        i++;
    assert(i < o->table->n);
    return o->rows[i].at;
}

bool options_err(const struct options *o, const char *path, struct err *err, const char *fmt, ...)
{
    char text[sizeof err->text];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct place at = options_place(o, path);
    if (!at.file)
        return err_set(err, ERR_INPUT, "%s: %s", path, text);
    return place_err(at, err, "%s: %s", path, text);
}
