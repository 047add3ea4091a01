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
