/*
 * ${NAME}, ${NAME:-default} and ${file:/path} inside values. One pass: what was put in is not
 * looked at again. The sum of all texts made here is bounded, because a short name can stand for a
 * long text.
 */
#include "base/ascii.h"
#include "base/config.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>

enum { EXPANDED_MAX = 4 << 20, FILE_MAX = 64 << 10, NAME_MAX_BYTES = 128 };

struct expansion {
    struct arena *arena;
    struct yaml *node; /* whose text is being made */
    struct buf *text;
    size_t made; /* bytes so far, in all values */
    struct err *err;
};

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = is_letter(c) || c == '_';
        if (!letter && (i == 0 || !is_digit(c)))
            return false;
    }
    return s.len > 0 && s.len <= NAME_MAX_BYTES;
}

static bool expand_file(struct expansion *x, struct str path)
{
    defer(buf_free) struct buf content = {.max = FILE_MAX + 1};
    struct err inner;
    if (!file_load(arena_text(x->arena, path), FILE_MAX, &content, &inner))
        return place_err(x->node->at, x->err, "${file:...}: %s", inner.text);
    struct str text = buf_str(&content);
    if (str_ends(text, STR("\n")))
        text.len--;
    if (str_find_byte(text, '\0') != SIZE_MAX)
        return place_err(x->node->at, x->err, "${file:...}: a NUL byte in %.*s", STR_ARG(path));
    buf_add(x->text, text);
    x->node->secret = true;
    return true;
}

static bool expand_variable(struct expansion *x, struct str inside)
{
    size_t at = str_find(inside, STR(":-"));
    bool has_default = at != SIZE_MAX;
    struct str name = str_slice(inside, 0, at);
    if (!is_name(name))
        return place_err(x->node->at, x->err,
                         "'${%.*s}' is not ${NAME}, ${NAME:-default} or ${file:/path}",
                         STR_ARG(inside));
    struct str value = str_from(getenv(arena_text(x->arena, name)));
    if (!value.ptr && !has_default)
        return place_err(x->node->at, x->err,
                         "the variable %.*s is not set; write ${%.*s:-default}", STR_ARG(name),
                         STR_ARG(name));
    if (value.len == 0 && has_default)
        value = str_slice(inside, at + 2, SIZE_MAX);
    buf_add(x->text, value);
    return true;
}

/* rest begins behind "${". */
static bool expand_one(struct expansion *x, struct str *rest)
{
    size_t end = str_find_byte(*rest, '}');
    if (end == SIZE_MAX)
        return place_err(x->node->at, x->err, "'${' without '}'; write $${ for the two characters");
    struct str inside = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end + 1, SIZE_MAX);
    struct str path = inside;
    return take_prefix(&path, STR("file:")) ? expand_file(x, path) : expand_variable(x, inside);
}

static bool expand_text(struct expansion *x)
{
    struct str rest = x->node->text;
    for (size_t at; (at = str_find(rest, STR("${"))) != SIZE_MAX;) {
        bool escaped = at > 0 && rest.ptr[at - 1] == '$';
        buf_add(x->text, str_slice(rest, 0, escaped ? at - 1 : at));
        rest = str_slice(rest, at + 2, SIZE_MAX);
        if (escaped)
            buf_add(x->text, STR("${"));
        else if (!expand_one(x, &rest))
            return false;
    }
    buf_add(x->text, rest);
    return true;
}

static bool expand_scalar(struct expansion *x, struct yaml *node)
{
    if (str_find(node->text, STR("${")) == SIZE_MAX)
        return true;
    defer(buf_free) struct buf text = {.max = EXPANDED_MAX - x->made + 1};
    x->node = node;
    x->text = &text;
    if (!expand_text(x))
        return false;
    if (text.over || text.len > EXPANDED_MAX - x->made)
        return place_err(node->at, x->err, "values with ${...} are longer than %d bytes in all",
                         EXPANDED_MAX);
    x->made += text.len;
    node->text = str_of(arena_text(x->arena, buf_str(&text)), text.len);
    node->plain = node->plain && text.len > 0; /* empty on purpose, not forgotten */
    return true;
}

static bool expand_node(struct expansion *x, struct yaml *node)
{
    if (node->kind == YAML_SCALAR)
        return expand_scalar(x, node);
    yaml_each (node, child) {
        if (!expand_node(x, child))
            return false;
    }
    return true;
}

bool config_expand(struct yaml *root, struct arena *arena, struct err *err)
{
    struct expansion x = {.arena = arena, .err = err};
    return expand_node(&x, root);
}
