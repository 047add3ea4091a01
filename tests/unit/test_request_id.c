/* formats/line/request_id.h. */
#include "base/buf.h"
#include "base/mem.h"
#include "formats/line/byte_sets.h"
#include "formats/line/request_id.h"
#include "tests/test.h"

#define UUID "550e8400-e29b-41d4-a716-446655440000"
#define HEX  "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

struct id_case {
    const char *line, *id; /* NULL: none */
};

static void check_ids(const struct id_names *names, const struct id_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str line = str_from(cases[i].line);
        struct str id = request_id_find(names, line).text;
        CHECK_STR(id, str_from(cases[i].id ? cases[i].id : ""));
        CHECK(id.len == 0 || (id.ptr >= line.ptr && id.ptr + id.len <= line.ptr + line.len));
    }
}

static void check_built_in(const struct id_case *cases, size_t n)
{
    defer(arena_free) struct arena arena = {0};
    struct id_names names;
    id_names_init(&names, NULL, 0, &arena);
    check_ids(&names, cases, n);
}

TEST(request_ids_under_names)
{
    static const struct id_case cases[] = {
        {"{\"level\":30,\"requestId\":\"4f1c9a7e\",\"msg\":\"x\"}", "4f1c9a7e"},
        {"{\"request_id\" : \"4f1c9a7e\"}", "4f1c9a7e"},
        {"{\"reqId\":17,\"msg\":\"x\"}", "17"},
        {"{\"req\":{\"id\":17,\"method\":\"GET\"}}", "17"},
        {"{\"req\": {\"id\": \"r-17\"}}", "r-17"},
        {"{\"user\":{\"id\":17}}", NULL},
        {"{\"trace\":{\"id\":\"" HEX "\"},\"a\":1}", HEX},
        {"{\"http.req.id\":\"a1b2c3d4\"}", "a1b2c3d4"},
        {"{\"x-request-id\":\"" UUID "\"}", UUID},
        {"{\"msg\":\"{\\\"requestId\\\":\\\"4f1c9a7e\\\"}\"}", "4f1c9a7e"},
        {"{\"message\":\"TraceID: " HEX " SpanID: " SPAN " done\"}", HEX},
        {"{\"correlationId\":null,\"n\":1}", NULL},
        {"{\"trace_id\":\"" HEX "\",\"span_id\":\"" SPAN "\"}", HEX},
        {"{\"dd\":{\"trace_id\":\"1234567890123456789\"}}", "1234567890123456789"},
        {"{\"dd.trace_id\":\"1234567890123456789\",\"trace_id\":\"" HEX "\"}", HEX},
        {"level=info request_id=4f1c9a7e path=/x", "4f1c9a7e"},
        {"level=info trace.id=" HEX "; n=1", HEX},
        {"X-Request-Id: " UUID ".", UUID},
        {"Request Id : 4f1c9a7e, next", "4f1c9a7e"},
        {"headers=map[X-Request-Id:[4f1c9a7e] Host:[x]]", "4f1c9a7e"},
        {"{:request_id=>\"4f1c9a7e\"}", "4f1c9a7e"},
        {"GET /x?request_id=4f1c9a7e&n=1", "4f1c9a7e"},
        {"RequestId: " UUID " Duration: 3.2 ms", UUID},
        {"16:42:09.510 INFO c#72 TraceID: " HEX " SpanID: " SPAN " [x]", HEX},
        {"[TID:" HEX ".50.16671234567890001] [main] x", HEX ".50.16671234567890001"},
        {"[TID: N/A] [main] x", NULL},
        {"tid=4711 started", NULL},
        {"SW_CTX: [agent,host-1," HEX ".50.1667," HEX ".50.1668,0] x", HEX ".50.1667"},
        {"bad_request_idea=5 tripId: 4711 userId=4711", NULL},
        {"request_id=unknown", NULL},
        {"request_id=- trace_id=\"\"", NULL},
        {"request_id=[REDACTED] n=1", NULL},
        {"request_id==4f1c9a7e", NULL},
        {"request_id=", NULL},
        {"=", NULL},
        {":id=5", NULL},
    };
    check_built_in(cases, countof(cases));
}

TEST(request_ids_in_forms)
{
    static const struct id_case cases[] = {
        {"traceparent: 00-" HEX "-" SPAN "-01", HEX},
        {"{\"traceparent\":\"00-" HEX "-" SPAN "-01\"}", HEX},
        {"traceparent=00-00000000000000000000000000000000-0000000000000000-00", NULL},
        {"b3: " HEX "-" SPAN "-1-05e3ac9a4f6e3b90", HEX},
        {"{\"b3\":\"" SPAN "-" SPAN "\"}", SPAN},
        {"web3: 0123456789 b3=4711", NULL},
        {"X-B3-TraceId: " HEX, HEX},
        {"X-Amzn-Trace-Id: Self=1-67891234-12456789abcdef012345678a;"
         "Root=1-67891233-abcdef012345678912345678;Sampled=1",
         "1-67891233-abcdef012345678912345678"},
        {"X-Cloud-Trace-Context: " HEX "/74;o=1", HEX},
        {"{\"logging.googleapis.com/trace\":\"projects/p1/traces/" HEX "\"}", HEX},
        {"{\"trace\":\"at x.js:5\"}", NULL},
        {"sentry-trace: " HEX "-" SPAN "-1", HEX},
        {"uber-trace-id: " HEX ":" SPAN ":0:1", HEX},
        {"Request-Id: |" HEX "." SPAN ".", HEX},
        {"CF-Ray: 7d8f9a0b1c2d3e4f-FRA", "7d8f9a0b1c2d3e4f-FRA"},
    };
    check_built_in(cases, countof(cases));
}

TEST(request_ids_in_places)
{
    static const struct id_case cases[] = {
        {"[" UUID "] Started GET \"/\"", UUID},
        {"I, [2026-11-20T09:22:01.123456 #42]  INFO -- : [" UUID "] Started", UUID},
        {"{\"message\":\"[" UUID "] Started\"}", UUID},
        {"RouteId: [" UUID "] gone", NULL},
        {"INFO nova [instance: " UUID "] VM started", NULL},
        {"INFO nova [req-" UUID " a b] [instance: " UUID "] VM started", "req-" UUID},
        {"INFO nova [None req-" UUID " None None] x", "req-" UUID},
        {"INFO nova [-] x", NULL},
        {"INFO [shop," HEX "," SPAN ",true] 1 --- x", HEX},
        {"INFO [shop," SPAN "," SPAN "] 1 --- x", SPAN},
        {"INFO 1 --- [shop] [main] [" HEX "-" SPAN "] x", HEX},
        {"1.2.3.4 - - [20/Nov/2026:09:22:01 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"c\" " HEX, HEX},
        {"1.2.3.4 - - [x] \"GET /" HEX " HTTP/1.1\" 200 5 \"-\" \"" UUID "\"", UUID},
        {"sum of " HEX " files", NULL},
        {"sha256:" HEX HEX " HTTP/1.1", NULL},
    };
    check_built_in(cases, countof(cases));
}

TEST(request_ids_by_rank)
{
    static const struct id_case cases[] = {
        {"request_id=4f1c9a7e5 trace_id=" HEX, HEX},
        {"request_id=4f1c9a7e5 dd.trace_id=12039885860129472512", "4f1c9a7e5"},
        {"request_id=4f1c9a7e request_id=5f1c9a7e", "4f1c9a7e"},
        {"{\"reqId\":17,\"trace_id\":\"" HEX "\"}", HEX},
        {"[" UUID "] trace_id=" HEX, HEX},
        {"cf_ray=7d8f9a0b1c2d3e4f-FRA trace_id=" HEX, HEX},
        {"1.2.3.4 \"GET / HTTP/1.1\" " UUID " ray=1 cf_ray=7d8f9a0b1c2d3e4f-FRA",
         "7d8f9a0b1c2d3e4f-FRA"},
    };
    static const struct id_case own[] = {
        {"request_id=4f1c9a7e my_id=x1", "x1"},
        {"{\"myId\":\"x1\"}", "x1"},
        {"{\"job\":{\"nr\":5}}", "5"},
        {"{\"uid\":\"CqmuponPIsw8Z0h1l\"}", "CqmuponPIsw8Z0h1l"},
        {"k9: abc1", "abc1"},
        {"thyid=x1", NULL},
    };
    static const struct str keys[] = {STR_INIT("myId"), STR_INIT("job.nr"), STR_INIT("uid"),
                                      STR_INIT("k9"), STR_INIT("--")};
    defer(arena_free) struct arena arena = {0};
    struct id_names names;
    check_built_in(cases, countof(cases));
    id_names_init(&names, keys, countof(keys), &arena);
    check_ids(&names, own, countof(own));
}

TEST(request_ids_that_processes_count)
{
    static const struct str keys[] = {STR_INIT("order")};
    static const struct {
        const char *line;
        bool is_number;
    } cases[] = {
        {"{\"reqId\":17}", true},      {"{\"req\":{\"id\":17}}", true},
        {"request_id=1234567", true},  {"request_id=12345678", false},
        {"request_id=a17", false},     {"order=17 request_id=18", false},
        {"request_id=unknown", false}, {"trace_id=17", true},
    };
    defer(arena_free) struct arena arena = {0};
    struct id_names names;
    id_names_init(&names, keys, countof(keys), &arena);
    for (size_t i = 0; i < countof(cases); i++)
        CHECK(request_id_find(&names, str_from(cases[i].line)).is_number == cases[i].is_number);
}

TEST(processes_of_lines)
{
    static const struct id_case cases[] = {
        {"{\"level\":30,\"pid\":4711,\"hostname\":\"a1\"}", "4711"},
        {"{\"process\":{\"id\":12}}", "12"},
        {"pid=4711 tid=12", "4711"},
        {"stupid=4711 [exec-thread-1]", NULL},
    };
    defer(arena_free) struct arena arena = {0};
    struct id_names names;
    process_names_init(&names, &arena);
    for (size_t i = 0; i < countof(cases); i++)
        CHECK_STR(process_find(&names, str_from(cases[i].line)),
                  str_from(cases[i].id ? cases[i].id : ""));
}

TEST(workers_of_lines)
{
    static const struct id_case cases[] = {
        {"{\"thread\":\"http-nio-8080-exec-1\",\"msg\":\"x\"}", "http-nio-8080-exec-1"},
        {"{\"threadName\":\"main\",\"msg\":\"x\"}", NULL},
        {"{\"thread\":{\"id\":17},\"trace_id\":\"" HEX "\"}", "17"},
        {"request_id=4f1c9a7e tid=4711 started", "4711"},
        {"tid=4711 request_id=4f1c9a7e started", "4711"},
        {"2026-11-20 09:22:01 [pool-1-thread-2] INFO x", "pool-1-thread-2"},
        {"2026-11-20 09:22:01 INFO [main] [x-1] y", NULL},
        {"pid=4711 x", NULL},
        {"[TID:" HEX ".50.1667] [http-nio-80-exec-3] x", "http-nio-80-exec-3"},
        {"[", NULL},
        {"[exec-thread-1", NULL},
    };
    defer(arena_free) struct arena arena = {0};
    struct id_names names;
    worker_names_init(&names, &arena);
    for (size_t i = 0; i < countof(cases); i++)
        CHECK_STR(worker_find(&names, str_from(cases[i].line)),
                  str_from(cases[i].id ? cases[i].id : ""));
}

/* ---- byte_sets.h ---- */

TEST(byte_sets_agree)
{
    char bytes[BYTE_SETS_WIDTH];
    struct id_sets fast, plain;
    struct letter_sets letters, plain_letters;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)(first + i * 37);
        id_sets_of(bytes, &fast);
        id_sets_of_portable(bytes, &plain);
        CHECK(fast.pair == plain.pair && fast.hex == plain.hex);
        letter_sets_of(bytes, &letters);
        letter_sets_of_portable(bytes, &plain_letters);
        CHECK(letters.letter == plain_letters.letter && letters.upper == plain_letters.upper);
    }
}

/* Invariant 3: what may be fields of an access log, in a line that is none. */
TEST_SLOW(request_ids_take_linear_time, 10)
{
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf line = {0};
    struct id_names names;
    id_names_init(&names, NULL, 0, &arena);
    while (line.len < 4 << 20)
        buf_add(&line, STR(HEX " "));
    for (int i = 0; i < 10; i++)
        CHECK_INT(request_id_find(&names, buf_str(&line)).text.len, 0);
}
