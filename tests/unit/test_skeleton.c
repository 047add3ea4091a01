/* Invariant numbers are those of formats/line/skeleton.h. */
#include "formats/line/skeleton.h"

#include "base/mem.h"
#include "tests/test.h"

static void check_shape(const char *line, const char *expected)
{
    static struct skeleton s;
    CHECK_STR(skeleton_of(&s, str_from(line)), str_from(expected));
}

TEST(skeleton_words_of_text)
{
    static const struct {
        const char *line, *shape;
    } cases[] = {
        {"", ""},
        {"  only   words\there \r", "only words here"},
        {"job 4711 done in 12.5 ms", "job <n> done in <n> ms"},
        {"took 12.5ms 1m30s -7 x-7 (+3) 12%", "took <n> <n> <n> <n> (<n>) <n>%"},
        {"1,234,567 of 1,234", "<n> of <n>"},
        {"ISR:1,2,3 of [1, 2] and (4, 5, x)", "ISR:<n> of [<n>] and (<n>, x)"},
        {"worker-12 blk_-160 ip-10-0-0-1.ec2.internal", "worker-<n> blk_<n> ip-<n>.<n>.internal"},
        {"api-7d9f8b6c5-xqkjz api-7d9f8b6c5-x2x9z", "api-<n> api-<n>"},
        {"token kZq-xJ83_a and kZqxJ83a", "token <n> and <n>"},
        {"commit deadbeef face add", "commit <n> face add"},
        {"0x7ffe12 #4711 v2 HTTP/1.1", "<n> #<n> <n> HTTP/<n>"},
        {"o.a.h.DFSClient:12 a.b.Some_Class", "o.a.h.DFSClient:<n> a.b.Some_Class"},
        {"\033[31merror\033[0m: x", "error: x"},
        {"gr\xc3\xb6\xc3\x9f"
         "er \xff\xfe",
         "gr\xc3\xb6\xc3\x9f"
         "er \xff\xfe"},
    };
    for (size_t i = 0; i < countof(cases); i++)
        check_shape(cases[i].line, cases[i].shape);
}

TEST(skeleton_times_and_addresses)
{
    static const struct {
        const char *line, *shape;
    } cases[] = {
        {"2026-11-20T09:22:01.123Z INFO x", "<time> INFO x"},
        {"2026-11-20 09:22:01,123 x", "<time> x"},
        {"2026/11/20 09:22:01 x", "<time> x"},
        {"Nov  2 09:22:01 host x", "<time> host x"},
        {"[Sun Dec 04 04:47:44 2005] [error] x", "[<time>] [error] x"},
        {"Sun, 04 Dec 2005 04:47:44 x", "<time> x"},
        {"Sun and Mon, may 5", "Sun and Mon, may <n>"},
        {"on 2026-11-20 at 09:22:01", "on <time> at <time>"},
        {"0f9c31aa-1111-2222-3333-444444444444 x", "<uuid> x"},
        {"10.0.0.7:5432 10.0.0.7.8 1.2.3", "<ip>:<n> <n> <n>"},
        {"fe80::1 ::1 2001:db8:0:0:0:0:0:1 aa:bb:cc:dd:ee:ff", "<ip> <ip> <ip> <ip>"},
        {"std::vector a::b 12:34", "std::vector a::b <n>:<n>"},
        {"mail ann@example.com or https://example.com/a?b=1.", "mail <email> or <url>."},
        {"open /etc/passwd: no /a/b.c:12, src/a/b.c:12 and /",
         "open <path>: no <path>, src/a/b.c:<n> and <path>"},
    };
    for (size_t i = 0; i < countof(cases); i++)
        check_shape(cases[i].line, cases[i].shape);
}

TEST(skeleton_quotes_and_values)
{
    static const struct {
        const char *line, *shape;
    } cases[] = {
        {"10.0.0.7 - - [20/Nov/2026:09:22:01 +0000] \"GET /a b?c=1 HTTP/1.1\" 200 12 \"-\" \"Moz "
         "(X)\"",
         "<ip> - - [<time>] \"GET <path> HTTP/<n>\" <n> <n> \"<str>\" \"<str>\""},
        {"user 'ann' of table \"a b\" isn't", "user '<str>' of table \"<str>\" isn't"},
        {"\"a\",\"b\", \"c\"", "\"<str>\""},
        {"an open \"quote", "an open \"quote"},
        {"level=warn msg=\"slow job 4711\" user=ann ruser= x",
         "level=warn msg=\"slow job <n>\" user=<_> ruser=<_> x"},
        {"level=30 msg=started err=\"no such \\\"x\\\"\" b==c d={x}",
         "level=<_> msg=started err=\"no such \"<str>\"\" b==c d={x}"},
        {"uid=0(root), gid=1;f(id=7, name=bob)", "uid=<_>(root), gid=<_>;f(id=<_>, name=<_>)"},
    };
    for (size_t i = 0; i < countof(cases); i++)
        check_shape(cases[i].line, cases[i].shape);
}

TEST(skeleton_of_json)
{
    static const struct {
        const char *line, *shape;
    } cases[] = {
        {"{\"level\":30,\"pid\":7,\"req\":{\"id\":1,\"url\":\"/\"},\"msg\":\"job 4711 done\"}",
         "job <n> done {level=30 pid req{} msg}"},
        {"{ \"a\" : null , \"b\":{\"c\":[1,{\"d\":2}],\"e\":true} }", "{a b{c[] e}}"},
        {"{\"level\":\"info\",\"logger\":\"a.B\",\"user\":\"ann\",\"event\":\"user_login\"}",
         "{level=info logger=a.B user event=user_login}"},
        {"{\"event\":\"user ann-1 in\",\"error\":\"no such file\",\"k\":\"no such file\"}",
         "{event=\"user ann-<n> in\" error=\"no such file\" k}"},
        {"{\"message\":\"a \\\"b\\\" \\u00fc\\nsecond\\n\\tthird\",\"err\":{\"message\":\"on "
         "1.2.3.4\"}}",
         "a \"<str>\" \xc3\xbc | second on <ip> {message err{}}"},
        {"{\"id7\":1,\"x-1-2\":2,\"msg\":\"\"}", "{<n> <n> msg}"},
        {"{\"msg\":\"{\\\"level\\\":\\\"warn\\\",\\\"msg\\\":\\\"job 7\\\"}\"}",
         "{level=warn msg=\"job <n>\"} {msg}"},
        {"{\"msg\":\"cut here", "{msg"},
        {"{\"a\":{\"b\":1", "{a{b"},
        {"2026-11-20 09:22:01 got {\"id\":7,\"msg\":\"job 7\"} from 8",
         "<time> got {id msg=\"job <n>\"} from <n>"},
        {"{not json 7}", "{not json <n>}"},
    };
    for (size_t i = 0; i < countof(cases); i++)
        check_shape(cases[i].line, cases[i].shape);
}

TEST(skeleton_of_several_lines)
{
    check_shape("job 7 failed\njava.io.IOException: no 8\n\tat a.b(C.java:7)\nCaused by: x\n\tat d",
                "job <n> failed | java.io.IOException: no <n> | Caused by: x");
    check_shape("Traceback (most recent call last):\n  File \"a\"\n    b\nValueError: 7\n",
                "Traceback (most recent call last): | ValueError: <n>");
    check_shape("a\nb\nc\nd\ne\nf", "a | b | c | d");
}

/* 3, and linear: would take minutes if it were not. */
TEST(skeleton_of_long_lines)
{
    enum { LONG = 1 << 20 };
    static const char *const pieces[] = {"a ",      "7 ",    "\"",          "'",  " '", "{\"",
                                         "{\"a\":", "[",     "a=\"",        "/",  "\\", ",000",
                                         "-",       "\033[", "{\"msg\":\"", "a:", "::"};
    static struct skeleton s;
    defer(buf_free) struct buf line = {0};
    for (size_t i = 0; i < countof(pieces); i++) {
        buf_reset(&line);
        while (line.len < LONG)
            buf_add(&line, str_from(pieces[i]));
        CHECK(skeleton_of(&s, buf_str(&line)).len <= SKELETON_MAX);
    }
    skeleton_free(&s);
}

TEST(skeleton_names_stay) /* 1: they stand in what people wrote */
{
    char name[SKELETON_NAME];
    skeleton_name(STR("job <n> done"), name);
    CHECK_STR(str_from(name), STR("0586cd9f31647388"));
}
