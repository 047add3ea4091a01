#include "base/form.h"
#include "base/io/backoff.h"
#include "base/io/http_wire.h"
#include "base/mem.h"
#include "tests/test.h"

/* Feeds the bytes in pieces and writes down what comes out; the status of a refusal, else 0. */
static unsigned feed(struct str bytes, size_t piece_len, bool is_response, struct buf *out)
{
    struct http_wire w = {.is_response = is_response};
    unsigned refused = 0;
    while (bytes.len > 0 && !refused) {
        struct str in = str_slice(bytes, 0, piece_len), piece;
        bytes = str_slice(bytes, in.len, SIZE_MAX);
        enum http_step step;
        while (!refused && (step = http_wire_next(&w, &in, &piece)) != HTTP_STEP_MORE) {
            if (step == HTTP_STEP_HEAD)
                buf_print(out, "<%.*s %.*s %u %zu %d>", STR_ARG(w.head.method),
                          STR_ARG(w.head.target), w.head.status, w.head.n, w.head.keep_alive);
            else if (step == HTTP_STEP_BODY)
                buf_add(out, piece);
            else if (step == HTTP_STEP_END)
                buf_add(out, STR("."));
            else
                refused = w.bad_status;
        }
    }
    http_wire_free(&w);
    return refused;
}

#define HOST "Host: a\r\n"

static const struct {
    struct str bytes;
    struct str steps;
} good[] = {
    {STR_INIT("GET /a?b HTTP/1.1\r\n" HOST "\r\n"), STR_INIT("<GET /a?b 0 1 1>.")},
    {STR_INIT("GET / HTTP/1.0\r\n\r\n"), STR_INIT("<GET / 0 0 0>.")},
    {STR_INIT("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), STR_INIT("<GET / 0 1 1>.")},
    {STR_INIT("GET / HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n"),
     STR_INIT("<GET / 0 2 0>.")},
    {STR_INIT("\r\n\r\nGET / HTTP/1.1\r\nHost:a\r\n\r\n"), STR_INIT("<GET / 0 1 1>.")},
    {STR_INIT("GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n"),
     STR_INIT("<GET /1 0 1 1>.<GET /2 0 1 1>.")},
    {STR_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n" HOST
              "\r\n"),
     STR_INIT("<POST / 0 2 1>hello.<GET / 0 1 1>.")},
    {STR_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
              "5\r\nhello\r\n00A;ext=\"1\"\r\n, world...\r\n0\r\nTrailer: x\r\n\r\n"),
     STR_INIT("<POST / 0 2 1>hello, world....")},
    {STR_INIT("GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
     STR_INIT("<GET / 0 3 1>.")},
    {STR_INIT("GET / HTTP/1.1\r\n" HOST "X: \t v \t\r\nEmpty:\r\n\r\n"),
     STR_INIT("<GET / 0 3 1>.")},
};

TEST(io_wire_reads_requests_however_they_are_cut)
{
    for (size_t i = 0; i < countof(good); i++) {
        for (size_t cut = 1; cut <= good[i].bytes.len; cut++) {
            defer(buf_free) struct buf out = {0};
            CHECK_INT(feed(good[i].bytes, cut, false, &out), 0);
            CHECK_STR(buf_str(&out), good[i].steps);
        }
    }
}

#define POST "POST / HTTP/1.1\r\n" HOST

static const struct {
    unsigned status;
    struct str bytes;
} refused[] = {
    {400, STR_INIT("GET / HTTP/1.1\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST HOST "\r\n")},
    {400, STR_INIT("GET / HTTP/1.0\r\n" HOST HOST "\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\n" HOST "\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\nHost: a\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "\n")},
    {400, STR_INIT("\nGET / HTTP/1.1\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "\r\rX")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "A\t: b\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n " HOST "\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "A: \0\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "A: \x01\r\n\r\n")},
    {400, STR_INIT("GET / HTTP/1.1\r\n" HOST "A(: b\r\n\r\n")},
    {400, STR_INIT("GET  / HTTP/1.1\r\n" HOST "\r\n")},
    {400, STR_INIT("GET /a b HTTP/1.1\r\n" HOST "\r\n")},
    {400, STR_INIT("GET /\r\n" HOST "\r\n")},
    {400, STR_INIT("get / HTTP/1.1\r\n" HOST "\r\n")},
    {400, STR_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n")},
    {400, STR_INIT(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")},
    {400, STR_INIT(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n")},
    {400, STR_INIT(POST "Content-Length: 5, 5\r\n\r\n")},
    {400, STR_INIT(POST "Content-Length: +5\r\n\r\n")},
    {400, STR_INIT(POST "Content-Length: -1\r\n\r\n")},
    {400, STR_INIT(POST "Content-Length: 0x5\r\n\r\n")},
    {400, STR_INIT(POST "Content-Length:\r\n\r\n")},
    {400, STR_INIT(POST "Content-Length: 99999999999999999999999\r\n\r\n")},
    {400, STR_INIT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n-1\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n")},
    {400, STR_INIT(POST "Transfer-Encoding: chunked\r\n\r\n0\r\nT: x\n\r\n")},
    {501, STR_INIT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n")},
    {505, STR_INIT("GET / HTTP/2.0\r\n" HOST "\r\n")},
};

/* The library may refuse first, with 400 for what we would name more closely. */
TEST(io_wire_refuses_what_is_malformed)
{
    for (size_t i = 0; i < countof(refused); i++) {
        for (size_t cut = 1; cut <= refused[i].bytes.len; cut++) {
            defer(buf_free) struct buf out = {0};
            unsigned status = feed(refused[i].bytes, cut, false, &out);
            if (status != refused[i].status && !(status == 400 && refused[i].status > 500))
                test_fail(__FILE__, __LINE__, "case %zu cut %zu: %u", i, cut, status);
        }
    }
}

TEST(io_wire_bounds_heads)
{
    defer(buf_free) struct buf in = {0}, out = {0};
    buf_print(&in, "GET / HTTP/1.1\r\n" HOST "A: ");
    while (in.len < HTTP_HEAD_MAX - 4)
        buf_add_byte(&in, 'a');
    buf_add(&in, STR("\r\n\r\n"));
    CHECK_INT(feed(buf_str(&in), 1000, false, &out), 0);
    in.len -= 4;
    buf_add(&in, STR("a\r\n\r\n"));
    for (size_t cut = 999; cut < 20000; cut += 4750)
        CHECK_INT(feed(buf_str(&in), cut, false, &out), 431);
    buf_reset(&in);
    buf_print(&in, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 1; i < HTTP_FIELDS_MAX; i++)
        buf_print(&in, "A%d: b\r\n", i);
    buf_add(&in, STR("\r\n"));
    CHECK_INT(feed(buf_str(&in), in.len, false, &out), 0);
    in.len -= 2;
    buf_add(&in, STR("Z: b\r\n\r\n"));
    CHECK_INT(feed(buf_str(&in), in.len, false, &out), 431);
    buf_reset(&in);
    buf_add(&in, STR(POST "Transfer-Encoding: chunked\r\n\r\n1;"));
    while (in.len < HTTP_CHUNK_LINE_MAX + 100)
        buf_add_byte(&in, 'a');
    CHECK_INT(feed(buf_str(&in), in.len, false, &out), 400);
}

TEST(io_wire_reads_responses)
{
    static const struct {
        struct str bytes, steps;
    } cases[] = {
        {STR_INIT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), STR_INIT("<  200 1 1>hi.")},
        {STR_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\nX: y\r\n\r\n"),
         STR_INIT("<  100 0 1>.<  204 1 1>.")},
        {STR_INIT("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"),
         STR_INIT("<  200 1 1>hi.")},
        {STR_INIT("HTTP/1.0 200 OK\r\n\r\nto the end"), STR_INIT("<  200 0 0>to the end")},
        {STR_INIT("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"),
         STR_INIT("<  304 1 1>.")},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        for (size_t cut = 1; cut <= cases[i].bytes.len; cut++) {
            defer(buf_free) struct buf out = {0};
            CHECK_INT(feed(cases[i].bytes, cut, true, &out), 0);
            CHECK_STR(buf_str(&out), cases[i].steps);
        }
    }
}

TEST(io_query_decodes)
{
    defer(arena_free) struct arena a = {0};
    struct str q = STR("a=1&b=x%20y+z&&flag&a=%32&c=%zz%4&%61b=%00&=v"), name, value;
    static const struct {
        struct str name, value;
    } want[] = {
        {STR_INIT("a"), STR_INIT("1")},     {STR_INIT("b"), STR_INIT("x y z")},
        {STR_INIT("flag"), STR_INIT("")},   {STR_INIT("a"), STR_INIT("2")},
        {STR_INIT("c"), STR_INIT("%zz%4")}, {STR_INIT("ab"), STR_INIT("\0")},
        {STR_INIT(""), STR_INIT("v")},
    };
    for (size_t i = 0; i < countof(want); i++) {
        REQUIRE(take_query_pair(&q, &a, &name, &value));
        CHECK_STR(name, want[i].name);
        CHECK_STR(value, want[i].value);
    }
    CHECK(!take_query_pair(&q, &a, &name, &value));
    CHECK_STR(query_value(STR("x=1&y=%2B"), "y", &a), STR("+"));
    CHECK(query_value(STR("x=1&flag"), "flag", &a).ptr != NULL);
    CHECK(query_value(STR("x=1&y=2"), "z", &a).ptr == NULL);
    defer(buf_free) struct buf b = {0};
    put_percent(&b, STR("a b/\xff~-"));
    CHECK_STR(buf_str(&b), STR("a%20b%2F%FF~-"));
}

TEST(io_backoff_grows_jitters_and_obeys)
{
    struct backoff b = {.min_ns = 100, .max_ns = 10000, .random = 42};
    int64_t ceiling = 200, most = 0;
    for (int i = 0; i < 100; i++, ceiling = min_of(ceiling * 2, INT64_C(10000))) {
        int64_t wait = backoff_next(&b, 0);
        CHECK(wait >= 100 && wait <= ceiling);
        most = max_of(most, wait);
    }
    CHECK(most > 5000 && b.attempts == 100);
    backoff_reset(&b);
    CHECK(backoff_next(&b, 0) <= 200);
    int64_t asked = backoff_next(&b, 50000);
    CHECK(asked >= 50000 && asked <= 50100);
    CHECK(backoff_next(&b, INT64_MAX) <= BACKOFF_ASKED_MAX + 100);
    struct backoff standard = {0};
    int64_t wait = backoff_next(&standard, 0);
    CHECK(wait >= BACKOFF_MIN && wait <= 2 * BACKOFF_MIN);
}

TEST(io_backoff_reads_retry_after)
{
    int64_t now = INT64_C(784111777) * NS_PER_S, ns = 0;
    CHECK(parse_retry_after(STR(" 120 "), now, &ns) && ns == 120 * NS_PER_S);
    CHECK(parse_retry_after(STR("99999999999"), now, &ns) && ns == BACKOFF_ASKED_MAX);
    CHECK(parse_retry_after(STR("Sun, 06 Nov 1994 08:49:47 GMT"), now, &ns) && ns == 10 * NS_PER_S);
    CHECK(parse_retry_after(STR("Sun, 06 Nov 1994 08:00:00 GMT"), now, &ns) && ns == 0);
    CHECK(!parse_retry_after(STR("soon"), now, &ns) && !parse_retry_after(STR(""), now, &ns));
    CHECK(!parse_http_date(STR("Sun, 31 Feb 1994 08:00:00 GMT"), &ns));
    defer(buf_free) struct buf b = {0};
    put_http_date(&b, now);
    put_http_date(&b, -1);
    CHECK_STR(buf_str(&b), STR("Sun, 06 Nov 1994 08:49:37 GMTWed, 31 Dec 1969 23:59:59 GMT"));
}
