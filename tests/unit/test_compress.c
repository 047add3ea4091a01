/* base/compress: invariants 1 to 4 of its header. */
#include "base/compress.h"

#include "base/mem.h"
#include "tests/test.h"

/* Lines that compress well but not to nothing. */
static void put_lines(struct buf *b, int n)
{
    for (int i = 0; i < n; i++)
        buf_print(b, "2026-11-20T09:22:%02d level=info request %d took %d ms\n", i % 60, i * 7919,
                  i * i % 977);
}

/* Feeds in pieces of feed bytes, takes portions of take bytes. */
static bool unpack_all(enum unpack_format format, struct str in, size_t feed, size_t take,
                       struct buf *out, bool *whole, struct err *err)
{
    defer(unpacker_close) struct unpacker *u = NULL;
    if (!unpacker_open(&u, format, err))
        return false;
    while (in.len) {
        struct str piece = str_slice(in, 0, feed);
        in = str_slice(in, piece.len, in.len);
        size_t got;
        do {
            char *at = buf_reserve(out, take);
            REQUIRE(at);
            if (!unpacker_step(u, &piece, at, take, &got, err))
                return false;
            out->len += got;
        } while (piece.len || got == take);
    }
    *whole = unpacker_is_whole(u);
    return true;
}

static void pack_as(enum unpack_format format, struct str in, struct buf *out)
{
    struct err err;
    defer(packer_free) struct packer p = {0};
    if (format == UNPACK_GZIP)
        REQUIRE_OK(gzip_pack(in, 6, out, &err));
    else
        REQUIRE_OK(zstd_pack(&p, in, 3, out, &err));
}

TEST(compress_frames_come_back)
{
    struct err err;
    defer(packer_free) struct packer p = {0};
    defer(buf_free) struct buf in = {0}, packed = {0}, out = {0};
    put_lines(&in, 5000);
    size_t sizes[] = {0, 1, 2, 100, 65536, in.len};
    for (size_t i = 0; i < countof(sizes); i++) {
        struct str piece = str_of(in.ptr, sizes[i]);
        buf_reset(&packed), buf_reset(&out);
        buf_add(&packed, STR("before"));
        REQUIRE_OK(zstd_pack(&p, piece, i % 2 ? 9 : 3, &packed, &err));
        struct str frame = str_slice(buf_str(&packed), 6, packed.len);
        REQUIRE_OK(zstd_unpack_buf(&p, frame, piece.len, &out, &err));
        CHECK(str_equal(buf_str(&out), piece));
    }
}

TEST(compress_frame_of_another_size_is_refused)
{
    struct err err;
    defer(packer_free) struct packer p = {0};
    defer(buf_free) struct buf in = {0}, packed = {0}, out = {0};
    put_lines(&in, 100);
    REQUIRE_OK(zstd_pack(&p, buf_str(&in), 3, &packed, &err));
    CHECK(!zstd_unpack_buf(&p, buf_str(&packed), in.len - 1, &out, &err));
    CHECK_INT(err.code, ERR_CORRUPT);
    CHECK(!zstd_unpack_buf(&p, buf_str(&packed), in.len + 1, &out, &err));
    CHECK(!zstd_unpack_buf(&p, str_of(packed.ptr, packed.len - 1), in.len, &out, &err));
    CHECK(!zstd_unpack_buf(&p, (struct str){0}, 0, &out, &err));
    buf_add_byte(&packed, 'x');
    CHECK(!zstd_unpack_buf(&p, buf_str(&packed), in.len, &out, &err));
    CHECK_INT(out.len, 0);
    out.max = 10;
    CHECK(!zstd_unpack_buf(&p, str_of(packed.ptr, packed.len - 1), in.len, &out, &err));
    CHECK_INT(err.code, ERR_LIMIT);
}

TEST(compress_only_frames_of_the_standard_are_pieces) /* 2 */
{
    static const char *const others[] = {
        "\x50\x2a\x4d\x18\0\0\0\0",       /* a skippable frame without content */
        "\x27\xb5\x2f\xfd\x40\0\x40\0\0", /* zstd 0.7, no content */
    };
    const size_t sizes[] = {8, 9};
    for (size_t i = 0; i < countof(others); i++) {
        struct err err;
        char out[1];
        defer(packer_free) struct packer p = {0};
        CHECK(!zstd_unpack(&p, str_of(others[i], sizes[i]), 0, out, &err));
        CHECK_INT(err.code, ERR_CORRUPT);
    }
}

TEST(compress_packing_keeps_to_the_ceiling)
{
    struct err err;
    defer(packer_free) struct packer p = {0};
    defer(buf_free) struct buf in = {0}, small = {.max = 40};
    put_lines(&in, 1000);
    buf_add(&small, STR("head"));
    CHECK(!zstd_pack(&p, buf_str(&in), 3, &small, &err));
    CHECK_INT(err.code, ERR_LIMIT);
    CHECK(!gzip_pack(buf_str(&in), 6, &small, &err));
    CHECK_INT(err.code, ERR_LIMIT);
    CHECK_STR(buf_str(&small), STR("head"));
    CHECK(!small.over);
}

TEST(compress_streams_do_not_depend_on_the_division)
{
    struct err err;
    size_t feeds[] = {1, 7, 4096, SIZE_MAX}, takes[] = {1, 100, 65536};
    for (int format = UNPACK_GZIP; format <= UNPACK_ZSTD; format++) {
        defer(buf_free) struct buf in = {0}, packed = {0}, out = {0};
        put_lines(&in, 300);
        struct str all = buf_str(&in);
        pack_as((enum unpack_format)format, str_slice(all, 0, 1000), &packed);
        pack_as((enum unpack_format)format, (struct str){0}, &packed);
        pack_as((enum unpack_format)format, str_slice(all, 1000, all.len), &packed);
        for (size_t f = 0; f < countof(feeds); f++)
            for (size_t t = 0; t < countof(takes); t++) {
                bool whole = false;
                buf_reset(&out);
                REQUIRE_OK(unpack_all((enum unpack_format)format, buf_str(&packed), feeds[f],
                                      takes[t], &out, &whole, &err));
                CHECK(whole);
                CHECK(str_equal(buf_str(&out), all));
            }
    }
}

TEST(compress_streams_cut_anywhere_are_not_whole)
{
    struct err err;
    for (int format = UNPACK_GZIP; format <= UNPACK_ZSTD; format++) {
        defer(buf_free) struct buf in = {0}, packed = {0}, out = {0};
        put_lines(&in, 20);
        pack_as((enum unpack_format)format, buf_str(&in), &packed);
        for (size_t cut = 1; cut < packed.len; cut++) {
            bool whole = true;
            buf_reset(&out);
            REQUIRE_OK(unpack_all((enum unpack_format)format, str_of(packed.ptr, cut), SIZE_MAX,
                                  4096, &out, &whole, &err));
            CHECK(!whole);
            CHECK(str_starts(buf_str(&in), buf_str(&out)));
        }
    }
}

TEST(compress_streams_refuse_damage_and_what_follows)
{
    struct err err;
    bool whole;
    for (int format = UNPACK_GZIP; format <= UNPACK_ZSTD; format++) {
        defer(buf_free) struct buf in = {0}, packed = {0}, out = {0};
        put_lines(&in, 50);
        pack_as((enum unpack_format)format, buf_str(&in), &packed);
        buf_add(&packed, STR("garbage"));
        CHECK(
            !unpack_all((enum unpack_format)format, buf_str(&packed), 5, 4096, &out, &whole, &err));
        CHECK_INT(err.code, ERR_CORRUPT);
    }
    defer(buf_free) struct buf in = {0}, packed = {0}, out = {0};
    put_lines(&in, 50);
    pack_as(UNPACK_GZIP, buf_str(&in), &packed);
    size_t end = packed.len;
    buf_add(&packed, str_of("\0\0\0", 3));
    CHECK(unpack_all(UNPACK_GZIP, buf_str(&packed), 1, 4096, &out, &whole, &err) && whole);
    packed.ptr[end - 6] ^= 1; /* the checksum */
    CHECK(!unpack_all(UNPACK_GZIP, buf_str(&packed), 1, 4096, &out, &whole, &err));
}

TEST(compress_a_stream_starts_again_after_a_reset)
{
    struct err err;
    defer(buf_free) struct buf packed = {0};
    pack_as(UNPACK_GZIP, STR("hello"), &packed);
    defer(unpacker_close) struct unpacker *u = NULL;
    REQUIRE_OK(unpacker_open(&u, UNPACK_GZIP, &err));
    char out[16];
    size_t got;
    struct str bad = STR("this is not gzip");
    CHECK(!unpacker_step(u, &bad, out, sizeof out, &got, &err));
    struct str in = buf_str(&packed);
    CHECK(!unpacker_step(u, &in, out, sizeof out, &got, &err));
    unpacker_reset(u);
    REQUIRE_OK(unpacker_step(u, &in, out, sizeof out, &got, &err));
    CHECK_STR(str_of(out, got), STR("hello"));
    CHECK(unpacker_is_whole(u));
}

/* 64 MiB of zeros in a few KiB come out in portions, and as a frame only where 64 MiB are wanted.
 */
TEST(compress_bombs_are_harmless)
{
    struct err err;
    size_t size = (size_t)64 << 20;
    defer(mem_free) char *zeros = mem_alloc(size);
    defer(packer_free) struct packer p = {0};
    defer(buf_free) struct buf packed = {0};
    REQUIRE_OK(zstd_pack(&p, str_of(zeros, size), 1, &packed, &err));
    char out[1000];
    CHECK(!zstd_unpack(&p, buf_str(&packed), sizeof out, out, &err));
    defer(unpacker_close) struct unpacker *u = NULL;
    REQUIRE_OK(unpacker_open(&u, UNPACK_ZSTD, &err));
    struct str in = buf_str(&packed);
    size_t got, total = 0;
    do {
        REQUIRE_OK(unpacker_step(u, &in, out, sizeof out, &got, &err));
        total += got;
    } while (got == sizeof out);
    CHECK_INT(total, size);
    CHECK(unpacker_is_whole(u));
    /* A header that asks for a window of 128 MiB. */
    struct str wide = STR("\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00");
    unpacker_reset(u);
    CHECK(!unpacker_step(u, &wide, out, sizeof out, &got, &err));
    CHECK_INT(err.code, ERR_LIMIT);
}

TEST(compress_snappy_blocks_come_back)
{
    struct err err;
    defer(buf_free) struct buf in = {0};
    put_lines(&in, 3000);
    size_t sizes[] = {0, 1, 100, 65536, in.len};
    for (size_t i = 0; i < countof(sizes); i++) {
        defer(buf_free) struct buf packed = {0}, out = {0}, small = {.max = sizes[i] + 3};
        struct str piece = str_of(in.ptr, sizes[i]);
        buf_add(&packed, STR("before"));
        REQUIRE_OK(snappy_pack(piece, &packed, &err));
        struct str block = str_slice(buf_str(&packed), 6, packed.len);
        CHECK(sizes[i] < 1000 || block.len < piece.len / 2);
        REQUIRE_OK(snappy_unpack(block, &out, &err));
        CHECK_STR(buf_str(&out), piece);
        buf_add(&small, STR("1234"));
        CHECK(sizes[i] == 0 || (!snappy_unpack(block, &small, &err) && err.code == ERR_LIMIT));
        if (block.len > 1)
            CHECK(!snappy_unpack(str_slice(block, 0, block.len - 1), &out, &err) &&
                  err.code == ERR_CORRUPT);
        CHECK_INT(out.len, piece.len);
    }
}

/* By hand after format_description.txt of github.com/google/snappy. */
TEST(compress_snappy_is_bounded)
{
    struct err err;
    defer(buf_free) struct buf out = {.max = 100};
    defer(buf_free) struct buf tiny = {.max = 8};
    /* 12 bytes: a literal of 2, and a copy of 10 from 2 before */
    REQUIRE_OK(snappy_unpack(STR("\x0c\x04"
                                 "ab\x19\x02"),
                             &out, &err));
    CHECK_STR(buf_str(&out), STR("abababababab"));
    CHECK(!snappy_unpack(STR("\xff\xff\xff\xff\x0f\x04"), &out, &err) && err.code == ERR_LIMIT);
    CHECK(!snappy_unpack(STR("\xff\xff\xff\xff\xff\xff"), &out, &err) && err.code == ERR_CORRUPT);
    CHECK(!snappy_unpack(STR(""), &out, &err) && err.code == ERR_CORRUPT);
    CHECK(!snappy_pack(STR("anything"), &tiny, &err) && err.code == ERR_LIMIT);
    CHECK_INT(tiny.len, 0);
}
