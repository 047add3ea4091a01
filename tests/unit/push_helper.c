#include "tests/unit/push_helper.h"

#include "base/compress.h"
#include "base/mem.h"
#include "tests/test.h"

enum { SEQUENCE = 7, ROOM = 16 << 20 };

void made_block_free(struct made_block *m)
{
    block_builder_free(&m->builder);
    buf_free(&m->bytes);
    arena_free(&m->arena);
    packer_free(&m->packer);
}

void made_block_add(struct made_block *m, const struct labels *labels, const struct labels *data,
                    const struct record *record)
{
    static const struct labels none;
    struct record own = *record;
    if (labels || m->builder.n_streams == 0)
        block_builder_stream(&m->builder, labels ? labels : &none, data ? data : &none, TIME_NONE);
    own.stream = (uint32_t)m->builder.n_streams - 1;
    own.order_ns = own.event_ns;
    REQUIRE(block_builder_add(&m->builder, &own));
}

static void open_again(struct made_block *m)
{
    struct err err;
    arena_reset(&m->arena);
    REQUIRE_OK(block_verify(&m->block, buf_str(&m->bytes), &m->packer, &m->arena, &err));
    m->push = (struct push_block){&m->block, push_identity(buf_str(&m->bytes))};
}

void made_block_open(struct made_block *m)
{
    struct err err;
    m->bytes.max = ROOM;
    REQUIRE_OK(
        block_builder_finish(&m->builder, (struct hash128){1, 2}, SEQUENCE, 0, &m->bytes, &err));
    open_again(m);
}

void made_block_restamp(struct made_block *m, uint64_t origin, uint64_t sequence)
{
    block_restamp(m->bytes.ptr, m->bytes.len, (struct hash128){origin, origin}, sequence);
    open_again(m);
}

size_t put_unpacked(struct push_format *f, const uint32_t *rows, size_t n, size_t max,
                    struct buf *plain)
{
    struct err err;
    defer(buf_free) struct buf body = {.max = ROOM};
    defer(unpacker_close) struct unpacker *u = NULL;
    size_t got, taken = f->kind->put(f, rows, n, max, &body);
    struct str rest = buf_str(&body);
    REQUIRE(!body.over);
    REQUIRE_OK(unpacker_open(&u, UNPACK_GZIP, &err));
    do {
        char piece[4096];
        REQUIRE_OK(unpacker_step(u, &rest, piece, sizeof piece, &got, &err));
        buf_add(plain, str_of(piece, got));
    } while (rest.len > 0 || got > 0);
    REQUIRE(unpacker_is_whole(u) && !plain->over);
    return taken;
}
