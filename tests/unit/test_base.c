#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/reader.h"
#include "tests/test.h"

#include <errno.h>

TEST(err_wraps_from_the_inside_out)
{
    struct err err;
    CHECK(!err_set(&err, ERR_CORRUPT, "block %d: checksum mismatch", 3));
    err_wrap(&err, "open %s", "7.seg");
    err_wrap(&err, "load store");
    CHECK_INT(err.code, ERR_CORRUPT);
    CHECK_STR(str_from(err.text), STR("load store: open 7.seg: block 3: checksum mismatch"));
    errno = ENOSPC;
    err_sys(&err, "write");
    CHECK_INT(err.code, ERR_FULL);
    CHECK_STR(str_from(err.text), STR("write: No space left on device"));
}

TEST(err_cuts_long_text_visibly)
{
    struct err err;
    char name[400];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    err_set(&err, ERR_INPUT, "%s", name);
    CHECK_INT(strlen(err.text), sizeof err.text - 1);
    CHECK(str_ends(str_from(err.text), STR("...")));
    err_wrap(&err, "outer");
    CHECK(str_starts(str_from(err.text), STR("outer: xxx")));
    CHECK(str_ends(str_from(err.text), STR("...")));
}

TEST(str_takes_numbers_without_overflow)
{
    uint64_t u = 7;
    int64_t i = 7;
    CHECK(str_to_u64(STR("18446744073709551615"), &u) && u == UINT64_MAX);
    CHECK(!str_to_u64(STR("18446744073709551616"), &u));
    CHECK(!str_to_u64(STR(""), &u) && !str_to_u64(STR("-1"), &u) && !str_to_u64(STR("1 "), &u));
    CHECK(str_to_i64(STR("-9223372036854775808"), &i) && i == INT64_MIN);
    CHECK(!str_to_i64(STR("9223372036854775808"), &i));
    CHECK(!str_to_i64(STR("-"), &i));
}

TEST(str_takes_pieces)
{
    struct str rest = STR("a,,b"), piece;
    CHECK(take_until(&rest, ',', &piece));
    CHECK_STR(piece, STR("a"));
    CHECK(take_until(&rest, ',', &piece));
    CHECK_STR(piece, STR(""));
    CHECK(take_until(&rest, ',', &piece));
    CHECK_STR(piece, STR("b"));
    CHECK(!take_until(&rest, ',', &piece));
    CHECK_STR(piece, STR(""));
}

TEST(str_knows_utf8)
{
    CHECK(is_utf8(STR("")) && is_utf8(STR("plain text of some length")));
    CHECK(is_utf8(STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80")));
    CHECK(!is_utf8(STR("\xc0\xaf")) && !is_utf8(STR("\xe0\x9f\xbf"))); /* overlong */
    CHECK(!is_utf8(STR("\xed\xa0\x80")));                              /* surrogate */
    CHECK(!is_utf8(STR("\xf4\x90\x80\x80")) && !is_utf8(STR("\xff"))); /* above U+10FFFF */
    CHECK(!is_utf8(STR("\xe2\x82")) && !is_utf8(STR("12345678\x80")));
}

TEST(str_measures_distance_for_suggestions)
{
    CHECK_INT(str_distance(STR("retention"), STR("retenton"), 3), 1);
    CHECK_INT(str_distance(STR("api"), STR("API"), 3), 0);
    CHECK_INT(str_distance(STR("abc"), STR("xyz"), 2), 3);
}

TEST(buf_latches_what_does_not_fit)
{
    defer(buf_free) struct buf b = {.max = 8};
    buf_print(&b, "%s", "12345678");
    CHECK(b.over && b.len == 0); /* printing needs one byte more for its NUL */
    buf_reset(&b);
    buf_add(&b, STR("12345678"));
    CHECK(!b.over);
    buf_add_byte(&b, '9');
    CHECK(b.over && b.len == 8);
    buf_add(&b, STR(""));
    CHECK(b.over);
}

/* Whether there is room already or not. */
TEST(buf_prints_into_what_it_has)
{
    static const uint64_t numbers[] = {0, 9, 10, 1795166521000, UINT64_MAX};
    defer(buf_free) struct buf one = {0};
    for (unsigned i = 0; i < 300; i++) {
        defer(buf_free) struct buf fresh = {0};
        buf_print(&one, "%u-%0*u", i, (int)(i % 90) + 1, i);
        buf_print(&fresh, "%u-%0*u", i, (int)(i % 90) + 1, i);
        CHECK(str_ends(buf_str(&one), buf_str(&fresh)));
    }
    for (size_t i = 0; i < countof(numbers); i++) {
        defer(buf_free) struct buf added = {0}, printed = {0};
        buf_add_number(&added, numbers[i]);
        buf_print(&printed, "%llu", (unsigned long long)numbers[i]);
        CHECK_STR(buf_str(&added), buf_str(&printed));
    }
}

TEST(buf_and_reader_agree)
{
    static const uint64_t values[] = {0, 1, 127, 128, 300, UINT32_MAX, INT64_MAX, UINT64_MAX};
    defer(buf_free) struct buf b = {0};
    put_u8(&b, 0xfe);
    put_u16(&b, 0xfedc);
    put_u32(&b, 0xfedcba98);
    put_u64(&b, 0xfedcba9876543210);
    for (size_t i = 0; i < countof(values); i++) {
        put_varint(&b, values[i]);
        put_zigzag(&b, (int64_t)values[i]);
    }
    put_str(&b, STR("text"));
    struct reader r = reader_of(buf_str(&b));
    CHECK(read_u8(&r) == 0xfe && read_u16(&r) == 0xfedc && read_u32(&r) == 0xfedcba98);
    CHECK(read_u64(&r) == 0xfedcba9876543210);
    for (size_t i = 0; i < countof(values); i++) {
        CHECK(read_varint(&r) == values[i]);
        CHECK(read_zigzag(&r) == (int64_t)values[i]);
    }
    CHECK_STR(read_str(&r), STR("text"));
    CHECK(!r.bad && reader_left(&r) == 0);
    CHECK(read_u8(&r) == 0 && r.bad);
}

TEST(reader_refuses_what_no_writer_wrote)
{
    static const struct str bad[] = {
        STR_INIT("\x80"),
        STR_INIT("\x80\x00"),
        STR_INIT(""),
        STR_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
    };
    for (size_t i = 0; i < countof(bad); i++) {
        struct reader r = reader_of(bad[i]);
        read_varint(&r);
        CHECK(r.bad);
    }
    struct reader r = reader_of(STR("\x05zzzz"));
    CHECK(read_str(&r).len == 0 && r.bad);
    r = reader_of(STR("\x7fzzzz"));
    CHECK(read_count(&r, 1) == 0 && r.bad);
}

/* What was used is used again for what is like it. */
TEST(arena_recycles_what_is_as_large)
{
    defer(arena_free) struct arena a = {0};
    char *large = arena_alloc_raw(&a, 3 << 20);
    arena_alloc_raw(&a, 100);
    arena_recycle(&a);
    CHECK_INT(a.used, 0);
    char *again = arena_alloc_raw(&a, (3 << 20) + 1000);
    CHECK(again == large);
    memset(again, 1, (3 << 20) + 1000);
    char *next = arena_alloc_raw(&a, 100);
    CHECK(next < again || next >= again + (3 << 20));
    memset(next, 2, 100);
    for (size_t i = 0; i < (3 << 20) + 1000; i++)
        REQUIRE(again[i] == 1);
}

TEST(arena_keeps_what_it_gave)
{
    defer(arena_free) struct arena a = {0};
    struct str kept[100];
    for (int i = 0; i < 100; i++)
        kept[i] = arena_print(&a, "piece %d of something longer than a word", i);
    char *large = arena_alloc(&a, 3 << 20);
    CHECK(large[0] == 0 && large[(3 << 20) - 1] == 0);
    for (int i = 0; i < 100; i++) {
        char want[64];
        snprintf(want, sizeof want, "piece %d of something longer than a word", i);
        CHECK_STR(kept[i], str_from(want));
    }
    arena_reset(&a);
    CHECK_INT(a.used, 0);
    CHECK(strlen(arena_text(&a, STR("abc"))) == 3);
}
