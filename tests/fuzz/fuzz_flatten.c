/*
 * Any bytes as JSON: fields lie inside the text and behind their parents, and what is seen is the same
 * when the text stands in a JSON string.
 */
#include "formats/line/flatten.h"

#include "base/mem.h"
#include "tests/docker_escape.h"

#include <assert.h>

enum { ROOM = 48 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct str s, struct str text)
{
    assert(!s.ptr || (s.ptr >= text.ptr && s.ptr + s.len <= text.ptr + text.len));
}

static void check_fields(struct str text, const struct fields *fields)
{
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *f = &fields->items[i];
        assert(f->parent == FIELD_TOP || f->parent < i);
        assert(f->kind < FIELD_KINDS);
        check_inside(f->name, text);
        check_inside(f->value, text);
    }
}

static void check_same(const struct fields *a, const struct fields *b)
{
    assert(a->n == b->n && a->is_cut == b->is_cut);
    for (size_t i = 0; i < a->n; i++) {
        defer(buf_free) struct buf scratch = {0};
        defer(buf_free) struct buf other = {0};
        const struct field *x = &a->items[i], *y = &b->items[i];
        assert(x->parent == y->parent && x->at == y->at && x->kind == y->kind);
        assert(str_equal(field_text(x, &scratch), field_text(y, &other)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_of(data, size);
    struct field room[2][ROOM];
    struct fields plain = {.items = room[0], .max = ROOM}, inner = {.items = room[1], .max = ROOM};
    struct flatten_result a, b;
    defer(buf_free) struct buf escaped = {0};
    defer(buf_free) struct buf path = {0};
    put_docker_escaped(&escaped, text);
    bool begins = flatten_json(text, 0, &plain, &a);
    check_fields(text, &plain);
    assert(begins || plain.n == 0);
    for (size_t i = 0; i < plain.n; i++) {
        buf_reset(&path);
        fields_put_path(&plain, i, &path);
    }
    if (flatten_json(buf_str(&escaped), 1, &inner, &b))
        check_fields(buf_str(&escaped), &inner);
    assert(a.is_whole == b.is_whole);
    if (a.is_whole)
        check_same(&plain, &inner);
    flatten_json(text, 1, &inner, &b); /* as if it came in an envelope that it breaks */
    return 0;
}
