/*
 * Any lines that are joined to others, in another order: they come back byte for byte. The first half of them
 * come as columns, if they can, and the others as they are.
 */
#include "base/mem.h"
#include "formats/block/columns_join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 4096 };

struct input {
    struct str lines[LINES_MAX];
    uint32_t lengths[LINES_MAX];
    size_t n;
    struct buf bytes;
};

/* The lines end at a byte 0; so they may have newlines in them. */
static void take_lines(struct input *in, struct str rest)
{
    in->n = 0;
    buf_reset(&in->bytes);
    while (in->n < LINES_MAX && take_until(&rest, '\0', &in->lines[in->n])) {
        in->lengths[in->n] = (uint32_t)in->lines[in->n].len;
        buf_add(&in->bytes, in->lines[in->n++]);
    }
}

static bool open_source(struct columns_source *source, struct columns *c, const struct input *in,
                        size_t n, struct columns_encoder *encoder, struct packer *packer,
                        struct buf *out, struct arena *arena)
{
    struct err err;
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += in->lengths[i];
    struct str lines = str_slice(buf_str(&in->bytes), 0, len);
    if (!columns_encode(encoder, packer, 1, lines, in->lengths, n, out))
        return false;
    assert(columns_open(c, buf_str(out), n, len, packer, arena, &err));
    assert(columns_source_open(source, c, arena, &err));
    return true;
}

/* Each line in place of its neighbour. */
static void make_order(uint32_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)((i ^ 1) < n ? i ^ 1 : i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct columns_encoder encoder;
    static struct packer packer;
    static struct columns_join join;
    static struct input in;
    static uint32_t order[LINES_MAX], found[LINES_MAX];
    struct err err;
    struct columns c;
    struct columns_source source;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf stored = {0}, out = {0}, printed = {0}, expected = {0};
    take_lines(&in, str_of(data, size));
    if (in.n == 0)
        return 0;
    bool has_source = open_source(&source, &c, &in, in.n / 2, &encoder, &packer, &stored, &arena);
    columns_join_begin(&join, in.bytes.len);
    for (size_t i = 0; i < in.n; i++) {
        uint32_t length = in.lengths[i];
        assert(has_source && i < in.n / 2 ? columns_join_row(&join, &source, i, &length)
                                          : columns_join_line(&join, in.lines[i]));
        assert(length == in.lengths[i]);
    }
    make_order(order, in.n);
    columns_join_order(&join, order, in.n);
    for (size_t i = 0; i < in.n; i++)
        buf_add(&expected, in.lines[order[i]]);
    columns_join_print(&join, &printed);
    assert(str_equal(buf_str(&printed), buf_str(&expected)));
    if (!columns_join_put(&join, &encoder, &packer, 1, in.n, &out))
        return 0;
    char *back = mem_alloc_raw(expected.len + 1);
    assert(columns_open(&c, buf_str(&out), in.n, expected.len, &packer, &arena, &err));
    assert(columns_lines(&c, back, expected.len, found, &err));
    assert(memcmp(back, expected.ptr ? expected.ptr : back, expected.len) == 0);
    for (size_t i = 0; i < in.n; i++)
        assert(found[i] == in.lengths[order[i]]);
    mem_free(&back);
    return 0;
}
