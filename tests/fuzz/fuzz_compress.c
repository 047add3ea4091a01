/* base/compress on hostile bytes. First byte: what to do; second: how the rest is divided. */
#include "base/compress.h"

#include "base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 1 << 18 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* What comes out, whether it ended whole and whether it failed, folded into a buffer. */
static void run_stream(enum unpack_format format, struct str in, size_t feed, size_t take,
                       struct buf *out)
{
    struct err err;
    defer(unpacker_close) struct unpacker *u = NULL;
    require(unpacker_open(&u, format, &err));
    bool good = true;
    while (in.len && good && out->len < OUTPUT_MAX) {
        struct str piece = str_slice(in, 0, feed);
        in = str_slice(in, piece.len, in.len);
        size_t got = 0;
        do {
            char *at = buf_reserve(out, take);
            good = unpacker_step(u, &piece, at, take, &got, &err);
            require(got <= take);
            out->len += got;
        } while (good && (piece.len || got == take) && out->len < OUTPUT_MAX);
    }
}

/* The division changes nothing (as far as both went before an error or the limit). */
static void check_stream(enum unpack_format format, struct str in, uint8_t division)
{
    defer(buf_free) struct buf once = {0}, pieces = {0};
    run_stream(format, in, SIZE_MAX, 4096, &once);
    run_stream(format, in, 1u + division % 16, 1u + division * 8u, &pieces);
    size_t common = min_of(once.len, pieces.len);
    require(common == 0 || memcmp(once.ptr, pieces.ptr, common) == 0);
}

static void check_round_trip(struct str in, int level)
{
    struct err err;
    defer(packer_free) struct packer p = {0};
    defer(buf_free) struct buf packed = {0}, out = {0};
    require(zstd_pack(&p, in, level, &packed, &err));
    require(zstd_unpack_buf(&p, buf_str(&packed), in.len, &out, &err));
    require(str_equal(buf_str(&out), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct str in = str_of(data + 2, size - 2);
    struct err err;
    defer(packer_free) struct packer p = {0};
    defer(buf_free) struct buf out = {0};
    switch (data[0] % 4) {
    case 0:
        check_stream(UNPACK_GZIP, in, data[1]);
        break;
    case 1:
        check_stream(UNPACK_ZSTD, in, data[1]);
        break;
    case 2:
        zstd_unpack_buf(&p, in, (size_t)data[1] * 16, &out, &err);
        break;
    default:
        check_round_trip(in, 1 + data[1] % 3);
    }
    return 0;
}
