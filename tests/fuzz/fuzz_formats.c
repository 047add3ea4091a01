/*
 * Any bytes as a line: values lie inside it, parents stand before their children, the same answer
 * twice, and a line with colours has the fields of the line without.
 */
#include "formats/line/format.h"

#include "base/mem.h"
#include "formats/line/logfmt.h"

#include <assert.h>

enum { ROOM = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fields(struct str line, const struct fields *fields)
{
    for (size_t i = 0; i < fields->n; i++) {
        const struct field *f = &fields->items[i];
        assert(f->parent == FIELD_TOP || f->parent < i);
        assert(f->kind < FIELD_KINDS);
        assert(f->value.ptr >= line.ptr && f->value.ptr + f->value.len <= line.ptr + line.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct line_formats *formats;
    struct field room[2][ROOM];
    struct fields a = {.items = room[0], .max = ROOM}, b = {.items = room[1], .max = ROOM};
    struct format_memory memory = {0}, again = {0};
    defer(buf_free) struct buf scratch = {0};
    struct str line = str_of(data, size);
    if (!formats)
        formats = line_formats_open();
    struct str name = line_format_of(formats, line, &memory, &a, &scratch);
    assert(name.len > 0 || a.n == 0);
    check_fields(line, &a);
    assert(str_equal(name, line_format_of(formats, line, &again, &b, &scratch)));
    assert(a.n == b.n && memory.last == again.last);
    b = (struct fields){.items = room[1], .max = ROOM};
    line_format_of(formats, line, &memory, &b, &scratch); /* with a memory */
    check_fields(line, &b);
    b = (struct fields){.items = room[1], .max = ROOM};
    logfmt_take_pairs(line, &b);
    check_fields(line, &b);
    return 0;
}
