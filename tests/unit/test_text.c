#include "base/text.h"

#include "base/mem.h"
#include "tests/test.h"

static void check_json(struct str s, struct str want)
{
    struct buf b = {0};
    put_json(&b, s);
    CHECK_STR(buf_str(&b), want);
    buf_free(&b);
}

TEST(text_json_strings_are_valid)
{
    check_json(STR(""), STR("\"\""));
    check_json(STR("a\"b\\c\n\t\r\x01\x7f"), STR("\"a\\\"b\\\\c\\n\\t\\r\\u0001\\u007f\""));
    check_json(str_of("\0x", 2), STR("\"\\u0000x\""));
    check_json(STR("\xc3\xa9\xf0\x9f\x98\x80"), STR("\"\xc3\xa9\xf0\x9f\x98\x80\""));
    check_json(STR("\xff"
                   "a\xc3"),
               STR("\"\xef\xbf\xbd"
                   "a\xef\xbf\xbd\""));
}

/* The same, a character at a time. */
static bool put_json_plainly(struct buf *b, struct str s)
{
    bool is_valid = true;
    buf_add_byte(b, '"');
    for (size_t n; s.len > 0; s = str_slice(s, n, SIZE_MAX)) {
        size_t len = utf8_sequence(s);
        unsigned char c = (unsigned char)s.ptr[0], next = len > 1 ? (unsigned char)s.ptr[1] : 0;
        const char *letter = c ? strchr("\nn\rr\tt\"\"\\\\", c) : NULL;
        n = len > 0 ? len : 1;
        is_valid = is_valid && len > 0;
        if (len == 0)
            buf_add(b, STR("\xef\xbf\xbd"));
        else if (c < 0x20 && letter)
            buf_print(b, "\\%c", letter[1]);
        else if (c == '"' || c == '\\')
            buf_print(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
            buf_print(b, "\\u%04x", len == 2 ? next : c);
        else
            buf_add(b, str_slice(s, 0, n));
    }
    buf_add_byte(b, '"');
    return is_valid;
}

TEST(text_json_strings_of_all_lengths_and_bytes)
{
    enum { ROUNDS = 4000, LONGEST = 1500 };
    static const char *const pieces[] = {
        "a",        "plain text",       "\"",   "\\",      "\n", "\x01", "\x7f", "\xc2\x85",
        "\xc3\xa9", "\xf0\x9f\x98\x80", "\xff", "\xe2\x82"};
    uint32_t seed = 7;
    for (int i = 0; i < ROUNDS; i++) {
        defer(buf_free) struct buf s = {0};
        defer(buf_free) struct buf expected = {0};
        size_t len = (seed = seed * 1664525 + 1013904223) >> 8, kinds = 1 + seed % countof(pieces);
        for (len %= i % 10 ? 40 : LONGEST; s.len < len;) {
            seed = seed * 1664525 + 1013904223;
            buf_add(&s, str_from(pieces[(seed >> 16) % kinds]));
        }
        bool is_valid = put_json_plainly(&expected, buf_str(&s));
        for (size_t less = 0; less < 3;
             less++) { /* also where it just fits, and where it does not */
            defer(buf_free) struct buf b = {.max = less ? expected.len + 1 - less : 0};
            CHECK(put_json(&b, buf_str(&s)) == is_valid || b.over);
            CHECK(b.over == (less == 2));
            if (!b.over)
                CHECK_STR(buf_str(&b), buf_str(&expected));
        }
        if (!is_valid)
            continue;
        defer(buf_free) struct buf again = {0};
        put_json_escaped(&again, str_slice(buf_str(&expected), 1, expected.len - 2));
        CHECK_STR(buf_str(&again), buf_str(&expected));
    }
    defer(buf_free) struct buf mended = {0};
    put_json_escaped(&mended, STR("a\\\"\t\xff"));
    CHECK_STR(buf_str(&mended), STR("\"a\\\"\\t\xef\xbf\xbd\""));
}

TEST(text_base64_of_rfc_4648)
{
    static const struct {
        struct str plain, encoded, url;
    } cases[] = {
        {STR_INIT(""), STR_INIT(""), STR_INIT("")},
        {STR_INIT("f"), STR_INIT("Zg=="), STR_INIT("Zg")},
        {STR_INIT("fo"), STR_INIT("Zm8="), STR_INIT("Zm8")},
        {STR_INIT("foo"), STR_INIT("Zm9v"), STR_INIT("Zm9v")},
        {STR_INIT("foob"), STR_INIT("Zm9vYg=="), STR_INIT("Zm9vYg")},
        {STR_INIT("\xfb\xff\xfe"), STR_INIT("+//+"), STR_INIT("-__-")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0}, url = {0};
        char room[8];
        put_base64(&b, cases[i].plain);
        put_base64url(&url, cases[i].plain);
        CHECK_STR(buf_str(&b), cases[i].encoded);
        CHECK_STR(buf_str(&url), cases[i].url);
        size_t n = decode_base64(cases[i].encoded, room, sizeof room);
        CHECK_STR(str_of(room, n), cases[i].plain);
        n = decode_base64(cases[i].url, room, sizeof room);
        CHECK_STR(str_of(room, n), cases[i].plain);
        buf_free(&b);
        buf_free(&url);
    }
    char room[2];
    CHECK(decode_base64(STR("Zg=="), room, 0) == SIZE_MAX);
    CHECK(decode_base64(STR("Z g"), room, 2) == SIZE_MAX);
}

TEST(text_that_is_not_utf8_is_replaced)
{
    defer(buf_free) struct buf b = {0};
    put_utf8(&b, STR("a\n\xff\xc3\xa4\xe2\x82\xf0\x9f\x98\x80\xed\xa0\x80z\xc3"));
    CHECK_STR(buf_str(&b), STR("a\n\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\xef"
                               "\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz"
                               "\xef\xbf\xbd"));
}
