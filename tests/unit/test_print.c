#include "query/engine/print.h"

#include "base/mem.h"
#include "tests/test.h"

static struct label items[] = {{STR_INIT("host"), STR_INIT("h1")},
                               {STR_INIT("service"), STR_INIT("api")},
                               {STR_INIT("stream"), STR_INIT("stderr")}};
static const struct result_stream stream = {.id = {1, 2}, .labels = {items, 3}};

static struct result result_of(struct str line)
{
    return (struct result){.stream = &stream,
                           .origin = {0xab, 0xcd},
                           .sequence = 17,
                           .position = 3,
                           .order_ns = 1795166521123456789,
                           .event_ns = 1795166521123456789,
                           .level = 6,
                           .is_match = true,
                           .line = line};
}

static struct str print_one(struct print_options options, struct result result, struct buf *out)
{
    struct printer p;
    buf_reset(out);
    printer_init(&p, options);
    printer_add(&p, &result, out);
    printer_end(&p, out);
    return buf_str(out);
}

TEST(print_text_columns)
{
    defer(buf_free) struct buf b = {0};
    defer(zone_close) struct zone *india = zone_fixed(5 * 3600 + 1800);
    struct result r = result_of(STR("a \x1b[31mline\x07\r"));
    struct print_options o = {.output = PRINT_TEXT};
    /* Invariant 1 */
    CHECK_STR(print_one(o, r, &b),
              STR("2026-11-20T09:22:01.123456789Z api a \x1b[31mline\x07\r\n"));
    o.time = TIME_SHORT;
    o.with_host = true;
    r.line = STR("x");
    CHECK_STR(print_one(o, r, &b), STR("2026-11-20 09:22:01.123 h1 api stderr x\n"));
    o.with_host = false;
    o.time = TIME_ISO;
    o.zone = india;
    r.event_ns = 1795166521123000000;
    CHECK_STR(print_one(o, r, &b), STR("2026-11-20T14:52:01.123+05:30 api x\n"));
    o.time = TIME_UNIX;
    CHECK_STR(print_one(o, r, &b), STR("1795166521.123000000 api x\n"));
    o.time = TIME_ISO;
    o.zone = NULL;
    struct result earliest = r;
    earliest.event_ns = INT64_MIN;
    CHECK(str_find(print_one(o, earliest, &b), STR("1677-09-21T00:12:43.145224192Z")) == 0);
    o.time = TIME_NS;
    CHECK_STR(print_one(o, r, &b), STR("1795166521123000000 api x\n"));
    o.time = TIME_OFF;
    o.with_reference = true;
    o.nul_ends = true;
    CHECK_STR(print_one(o, r, &b), STR("00000000000000cd00000000000000ab:17:3 api x\0"));
}

TEST(print_service_has_the_number_of_a_replica)
{
    defer(buf_free) struct buf b = {0};
    struct print_options o = {.output = PRINT_TEXT, .time = TIME_OFF};
    static const char *const numbers[] = {"1", "2", "x", ""};
    static const char *const shown[] = {"api x\n", "api/2 x\n", "api x\n", "api x\n"};
    for (size_t i = 0; i < countof(numbers); i++) {
        struct label labels[] = {{STR("number"), str_from(numbers[i])},
                                 {STR("service"), STR("api")}};
        struct result_stream of = {.labels = {labels, 2}};
        struct result r = result_of(STR("x"));
        r.stream = &of;
        CHECK_STR(print_one(o, r, &b), str_from(shown[i]));
    }
}

/* Invariant 2 */
TEST(print_keeps_control_bytes_from_terminals)
{
    defer(buf_free) struct buf b = {0};
    struct print_options o = {.output = PRINT_RAW, .terminal = true};
    CHECK_STR(print_one(o, result_of(STR("a\x1b[2J\x07\x7f\t\0b\r\nc\rd\r")), &b),
              STR("a^[[2J^G^?\t^@b\nc^Md\n"));
    CHECK_STR(print_one(o, result_of(STR("\xc3\xa9 \xff \xc2\x9b \xe2\x82")), &b),
              STR("\xc3\xa9 \\xff \\xc2\\x9b \\xe2\\x82\n"));
    CHECK_STR(print_one(o, result_of(STR("\x1b[31mred")), &b), STR("^[[31mred\n"));
    o.colour = true;
    CHECK_STR(print_one(o, result_of(STR("\x1b[31mred\x1b[1A")), &b),
              STR("\x1b[31mred^[[1A\x1b[0m\n"));
}

TEST(print_context_marks_groups)
{
    defer(buf_free) struct buf b = {0};
    struct printer p;
    printer_init(&p, (struct print_options){.time = TIME_OFF, .with_context = true});
    struct result match = result_of(STR("m")), context = result_of(STR("c"));
    context.is_match = false;
    printer_add(&p, &match, &b);
    context.goes_on = true;
    printer_add(&p, &context, &b);
    printer_add(&p, &match, &b);
    printer_end(&p, &b);
    CHECK_STR(buf_str(&b), STR("api:m\napi-c\n--\napi:m\n"));
}

TEST(print_only_matching_and_colours)
{
    struct err err;
    defer(buf_free) struct buf b = {0};
    defer(pattern_close) struct pattern *pattern = NULL;
    struct str text = STR("a+");
    REQUIRE_OK(pattern_compile(&pattern, &text, 1,
                               (struct pattern_options){.kind = PATTERN_EXTENDED}, &err));
    struct print_options o = {.time = TIME_OFF, .only_matching = true, .pattern = pattern};
    CHECK_STR(print_one(o, result_of(STR("xaaya")), &b), STR("api aa\napi a\n"));
    o.output = PRINT_RAW;
    CHECK_STR(print_one(o, result_of(STR("xaaya")), &b), STR("aa\na\n"));
    o.only_matching = false;
    o.colour = true;
    CHECK_STR(print_one(o, result_of(STR("xaay\r")), &b), STR("x\x1b[01;31maa\x1b[0my\r\n"));
    o.match_colour = print_match_colour(STR("sl=1:ms=04:mc=7"));
    CHECK_STR(print_one(o, result_of(STR("aa")), &b), STR("\x1b[04maa\x1b[0m\n"));
    CHECK_STR(print_match_colour(STR("ms=0m\x1b")), STR("01;31"));
    o.output = PRINT_TEXT;
    CHECK_STR(print_one(o, result_of(STR("b")), &b), STR("\x1b[33mapi\x1b[0m b\n"));
}

TEST(print_raw_joins_the_parts_of_a_line)
{
    defer(buf_free) struct buf b = {0};
    struct printer p;
    printer_init(&p, (struct print_options){.output = PRINT_RAW});
    struct result r = result_of(STR("one "));
    r.flags = RECORD_PART_FIRST;
    printer_add(&p, &r, &b);
    r.position++, r.flags = RECORD_PART_MIDDLE, r.line = STR("two ");
    printer_add(&p, &r, &b);
    r.sequence++, r.position = 0, r.flags = RECORD_PART_LAST, r.line = STR("three");
    printer_add(&p, &r, &b);
    r.flags = RECORD_PART_FIRST, r.line = STR("first of another");
    printer_add(&p, &r, &b);
    r.position += 2, r.flags = RECORD_PART_LAST, r.line = STR("its third");
    printer_add(&p, &r, &b);
    r.flags = RECORD_PART_FIRST, r.line = STR("alone");
    printer_add(&p, &r, &b);
    printer_end(&p, &b);
    CHECK_STR(buf_str(&b), STR("one two three\nfirst of another\nits third\nalone\n"));
}

TEST(print_offsets_and_kinds_of_ids)
{
    defer(buf_free) struct buf b = {0};
    struct result r = result_of(STR("x"));
    struct print_options o = {
        .time = TIME_OFFSET, .with_id_kind = true, .origin_ns = r.event_ns - 1500 * NS_PER_MS};
    r.id = STR("4f9c");
    r.id_kind = ID_EXACT;
    CHECK_STR(print_one(o, r, &b), STR("+1.500000 api x\n"));
    r.id_kind = ID_INHERITED;
    o.origin_ns = r.event_ns + NS_PER_US;
    CHECK_STR(print_one(o, r, &b), STR("-0.000001 api (inherited) x\n"));
    r.id_kind = ID_GENERATED;
    r.is_match = false;
    CHECK_STR(print_one(o, r, &b), STR("-0.000001 api x\n"));
}

/* Invariant 3 */
TEST(print_json_objects)
{
    defer(buf_free) struct buf b = {0}, fields = {0};
    struct label field_items[] = {{STR_INIT("user"), STR_INIT("7")}};
    put_labels(&fields, &(struct labels){field_items, 1});
    struct result r = result_of(STR("say \"hi\"\t\\ \x1b\n\xc3\xa9"));
    r.id = STR("4f9c");
    r.id_kind = ID_EXACT;
    r.fields = buf_str(&fields);
    r.flags = RECORD_PART_FIRST;
    struct print_options o = {.output = PRINT_JSON};
    CHECK_STR(
        print_one(o, r, &b),
        STR("{\"time\":\"2026-11-20T09:22:01.123456789Z\",\"time_ns\":\"1795166521123456789\","
            "\"service\":\"api\",\"host\":\"h1\",\"labels\":{\"host\":\"h1\",\"service\":\"api\","
            "\"stream\":\"stderr\"},\"level\":\"error\",\"requestId\":\"4f9c\",\"id_kind\":"
            "\"exact\","
            "\"fields\":{\"user\":\"7\"},\"ref\":\"00000000000000cd00000000000000ab:17:3\","
            "\"part\":\"first\",\"line\":\"say \\\"hi\\\"\\t\\\\ \\u001b\\n\xc3\xa9\"}\n"));
    CHECK(str_find(print_one(o, result_of(STR("\xc2\x9b\xc2\xa0")), &b),
                   STR("\"line\":\"\\u009b\xc2\xa0\"}")) != SIZE_MAX);
    r = result_of(STR("a"));
    r.flags = RECORD_LEVEL_DERIVED | RECORD_NO_NEWLINE;
    CHECK(str_find(print_one(o, r, &b),
                   STR("\"level\":\"error\",\"level_derived\":true,\"ref\"")) != SIZE_MAX);
    CHECK(str_find(print_one(o, r, &b), STR("\"no_newline\":true,\"line\":\"a\"}")) != SIZE_MAX);
    r = result_of(STR("\xff\xfe!"));
    r.is_match = false;
    struct str text = print_one(o, r, &b);
    CHECK(str_find(text, STR("\"context\":true,\"line_base64\":\"//4h\"}")) != SIZE_MAX);
    CHECK(is_utf8(text));
    r.is_listed = true;
    CHECK_STR(print_one(o, r, &b),
              STR("{\"service\":\"api\",\"labels\":{\"host\":\"h1\",\"service\":\"api\",\"stream\":"
                  "\"stderr\"}}\n"));
    o.output = PRINT_TEXT;
    CHECK_STR(print_one(o, r, &b), STR("host=h1 service=api stream=stderr\n"));
}

/* ---- the bytes between collector and command line ---- */

static void put_answer(struct buf *out)
{
    struct result_writer w = {0};
    struct result_stream other = {.number = 1, .labels = {items, 2}};
    struct result r = result_of(STR("line \0 one"));
    struct summary s = {.matched = 2,
                        .blocks_read = 300,

                        .blocks_sifted = 6,
                        .complete = true};
    put_results_start(out);
    put_result(&w, &r, out);
    r.stream = &other;
    r.line_number = 9;
    r.event_ns = INT64_MIN;
    r.goes_on = true;
    r.is_match = false;
    r.id = STR("4f9c");
    r.id_kind = ID_INHERITED;
    r.flags = RECORD_NO_NEWLINE;
    put_result(&w, &r, out);
    r.is_listed = true;
    put_result(&w, &r, out);
    summary_problem(&s, "block %d: checksum mismatch", 7);
    put_summary(&s, out);
    summary_free(&s);
}

/* Reads as it would come from a socket: `step` bytes at a time. */
static void check_answer(struct str bytes, size_t step)
{
    struct err err;
    struct result_reader reader = {0};
    struct summary s = {0};
    size_t n = 0, arrived = 0;
    struct str rest = str_of(bytes.ptr, 0);
    for (enum result_kind kind = RESULT_MORE; kind != RESULT_TRAILER;) {
        struct result r;
        REQUIRE_OK(result_reader_take(&reader, &rest, &kind, &r, &s, &err));
        if (kind == RESULT_RECORD && n++ == 1) {
            CHECK(r.line_number == 9 && r.event_ns == INT64_MIN && r.goes_on && !r.is_match);
            CHECK(r.flags == RECORD_NO_NEWLINE && r.id_kind == ID_INHERITED && r.sequence == 17);
            CHECK(r.origin.low == 0xab && r.origin.high == 0xcd && r.stream->number == 1);
            CHECK(r.stream->labels.n == 2);
            CHECK_STR(r.line, STR("line \0 one"));
        } else if (kind == RESULT_MORE) {
            REQUIRE(arrived < bytes.len);
            size_t more = min_of(step, bytes.len - arrived);
            rest.len += more;
            arrived += more;
        }
    }
    CHECK(n == 3 && rest.len == 0 && reader.ended);
    CHECK(s.matched == 2 && s.blocks_read == 300 && !s.complete && s.n_problems == 1);
    CHECK(s.blocks_sifted == 6);
    CHECK_STR(s.problems[0], STR("block 7: checksum mismatch"));
    summary_free(&s);
    result_reader_free(&reader);
}

TEST(results_come_back)
{
    defer(buf_free) struct buf b = {0};
    put_answer(&b);
    check_answer(buf_str(&b), 1);
    check_answer(buf_str(&b), 7);
    check_answer(buf_str(&b), SIZE_MAX);
}

/* results.h, invariant 4 */
TEST(results_marks_number_streams_anew)
{
    struct err err;
    struct result_writer w = {0};
    struct result_reader reader = {0};
    struct summary problem = {0}, s = {0};
    struct result r = result_of(STR("line"));
    enum result_kind kind;
    defer(buf_free) struct buf b = {0};
    summary_problem(&problem, "block 7 is gone");
    put_results_start(&b);
    for (int i = 0; i < 2; i++) {
        put_mark(&w, STR("A-B"), i ? &problem : NULL, &b);
        put_result(&w, &r, &b);
        put_mark(&w, STR(""), NULL, &b); /* a sign of life: streams stay */
        put_result(&w, &r, &b);
    }
    struct str rest = buf_str(&b);
    for (int i = 0; i < 8; i++) {
        struct result got;
        REQUIRE_OK(result_reader_take(&reader, &rest, &kind, &got, &s, &err));
        REQUIRE(kind == (i % 2 ? RESULT_RECORD : RESULT_MARK));
        if (i % 4 == 0)
            CHECK_STR(reader.place, STR("A-B"));
        CHECK_INT(s.n_problems, i == 4 || i == 5);
        CHECK_INT(reader.n_streams, i % 4 != 0);
    }
    CHECK(rest.len == 0);
    summary_free(&problem);
    summary_free(&s);
    result_reader_free(&reader);
}

/* results.h, invariants 2 and 3 */
TEST(results_refuse_what_no_collector_writes)
{
    struct err err;
    defer(buf_free) struct buf b = {0};
    put_answer(&b);
    for (size_t i = 0; i < b.len; i++) {
        b.ptr[i] ^= 0x41;
        struct result_reader reader = {0};
        struct summary s = {0};
        struct result r;
        enum result_kind kind = RESULT_RECORD;
        struct str rest = buf_str(&b);
        while (kind == RESULT_RECORD && result_reader_take(&reader, &rest, &kind, &r, &s, &err))
            ;
        summary_free(&s);
        result_reader_free(&reader);
        b.ptr[i] ^= 0x41;
    }
    struct result_reader reader = {0};
    struct summary s = {0};
    struct result r;
    enum result_kind kind;
    struct str rest = STR("HTTP/1.1 200");
    CHECK(!result_reader_take(&reader, &rest, &kind, &r, &s, &err) && err.code == ERR_CORRUPT);
    result_reader_free(&reader);
}
