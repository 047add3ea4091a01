#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/zone.h"
#include "formats/line/colours.h"
#include "formats/line/facts.h"
#include "formats/line/json.h"
#include "formats/line/letters.h"
#include "tests/test.h"

#include <time.h>

static struct line_facts facts_alone(struct str line)
{
    struct line_context context = {0};
    struct line_facts facts;
    line_facts_of(line, &context, &facts);
    return facts;
}

TEST(level_table_is_consistent)
{
    for (unsigned i = 0; i < LEVEL_COUNT; i++) {
        enum level level = LEVEL_COUNT;
        CHECK(level_parse(str_from(level_name(i)), &level));
        CHECK_INT(level, i);
    }
    CHECK_STR(str_from(level_name(200)), STR("unknown"));
    CHECK_INT(LEVEL_FATAL, 8); /* stored on disk */
}

TEST(level_parse_takes_synonyms_and_no_numbers)
{
    enum level level = LEVEL_TRACE;
    CHECK(level_parse(STR("Err"), &level) && level == LEVEL_ERROR);
    CHECK(level_parse(STR("EMERGENCY"), &level) && level == LEVEL_FATAL);
    CHECK(level_parse(STR("informational"), &level) && level == LEVEL_INFO);
    CHECK(!level_parse(STR(""), &level) && !level_parse(STR("30"), &level));
    CHECK(!level_parse(STR("e"), &level) && !level_parse(STR("errors"), &level));
    CHECK(!level_parse(STR("informationalx"), &level));
    CHECK_INT(level, LEVEL_INFO);
}

TEST(level_words_have_their_uses)
{
    CHECK_INT(level_of_word(STR("http"), WORD_KEYED), LEVEL_INFO);
    CHECK_INT(level_of_word(STR("http"), WORD_COLON), LEVEL_UNKNOWN);
    CHECK_INT(level_of_word(STR("LOG"), WORD_COLON), LEVEL_INFO);
    CHECK_INT(level_of_word(STR("LOG"), WORD_TOKEN), LEVEL_UNKNOWN);
}

TEST(level_numbers_by_scale)
{
    static const struct {
        uint64_t number;
        enum level_scale scale;
        enum level level;
    } rows[] = {
        {0, SCALE_AUTO, LEVEL_FATAL},       {7, SCALE_AUTO, LEVEL_DEBUG},
        {8, SCALE_AUTO, LEVEL_UNKNOWN},     {10, SCALE_AUTO, LEVEL_TRACE},
        {69, SCALE_AUTO, LEVEL_FATAL},      {70, SCALE_AUTO, LEVEL_UNKNOWN},
        {99, SCALE_AUTO, LEVEL_UNKNOWN},    {800, SCALE_AUTO, LEVEL_FATAL},
        {900, SCALE_AUTO, LEVEL_UNKNOWN},   {UINT64_MAX, SCALE_AUTO, LEVEL_UNKNOWN},
        {50, SCALE_PYTHON, LEVEL_CRITICAL}, {60, SCALE_PYTHON, LEVEL_UNKNOWN},
        {0, SCALE_OTEL, LEVEL_UNKNOWN},     {1, SCALE_OTEL, LEVEL_TRACE},
        {24, SCALE_OTEL, LEVEL_FATAL},      {25, SCALE_OTEL, LEVEL_UNKNOWN},
    };
    for (size_t i = 0; i < countof(rows); i++)
        CHECK_INT(level_of_number(rows[i].number, rows[i].scale), rows[i].level);
}

TEST(level_values_with_suffixes)
{
    CHECK_INT(level_of_value(STR("ERROR+2"), SCALE_AUTO), LEVEL_ERROR);
    CHECK_INT(level_of_value(STR("DEBUG-4"), SCALE_AUTO), LEVEL_TRACE);
    CHECK_INT(level_of_value(STR("debug5"), SCALE_AUTO), LEVEL_DEBUG);
    CHECK_INT(level_of_value(STR(" warn "), SCALE_AUTO), LEVEL_WARN);
    CHECK_INT(level_of_value(STR("ERROR+"), SCALE_AUTO), LEVEL_UNKNOWN);
    CHECK_INT(level_of_value(STR("ERROR+200"), SCALE_AUTO), LEVEL_UNKNOWN);
    CHECK_INT(level_of_value(STR("error x"), SCALE_AUTO), LEVEL_UNKNOWN);
    CHECK_INT(level_of_value(STR(""), SCALE_AUTO), LEVEL_UNKNOWN);
}

/* "outer.key=value;" of each member, then '!' if the scan ended bad. */
static void check_members(struct str line, struct str expected)
{
    struct buf b = {0};
    struct json_scan scan;
    struct json_member m;
    REQUIRE(json_open(&scan, line));
    while (json_next(&scan, &m))
        buf_print(&b, "%.*s.%.*s=%.*s;", STR_ARG(m.outer), STR_ARG(m.key), STR_ARG(m.value));
    buf_add(&b, scan.bad ? STR("!") : STR(""));
    CHECK_STR(buf_str(&b), expected);
    CHECK(scan.bad != scan.done);
    buf_free(&b);
}

TEST(json_gives_members_and_one_step_down)
{
    check_members(
        STR("{\"a\":1,\"b\":{\"c\":\"d\",\"e\":{\"f\":[]}},\"g\":[{\"h\":1},\"]\"],\"i\":null}"),
        STR(".a=1;b.c=d;b.e={\"f\":[]};.g=[{\"h\":1},\"]\"];.i=null;"));
    check_members(STR(" { } "), STR(""));
    check_members(STR("{\"a\":{},\"b\":true,\"c\":false}"), STR(".b=true;.c=false;"));
    check_members(STR("{\"a\\\"b\":\"c\\\\\",\"d\":-1.5e+3}"), STR(".a\\\"b=c\\\\;.d=-1.5e+3;"));
}

TEST(json_gives_what_stands_before_an_error)
{
    check_members(STR("{"), STR("!"));
    check_members(STR("{\"a\":1"), STR(".a=1;!"));
    check_members(STR("{\"a\":1,}"), STR(".a=1;!"));
    check_members(STR("{\"a\":1 \"b\":2}"), STR(".a=1;!"));
    check_members(STR("{\"a\":1,\"b\":\"x\\"), STR(".a=1;!"));
    check_members(STR("{\"a\":1,\"b\":\"x\\\""), STR(".a=1;!"));
    check_members(STR("{\"a\":1,\"b\":[1,{}"), STR(".a=1;!"));
    check_members(STR("{\"a\":1,\"b\":[\"x"), STR(".a=1;!"));
    check_members(STR("{\"a\":1,\"b\":"), STR(".a=1;!"));
    check_members(STR("{\"a\":1,\"b\":tru}"), STR(".a=1;!"));
    check_members(STR("{\"a\":{\"b\":1,"), STR("a.b=1;!"));
    check_members(STR("{a:1}"), STR("!"));
    struct json_scan scan;
    CHECK(!json_open(&scan, STR("")) && !json_open(&scan, STR("  [1]")));
    CHECK(!json_open(&scan, (struct str){0}));
}

/* Every place of every special byte, at every alignment and distance to the end. */
TEST(json_find_agrees_with_its_scalar_fallback)
{
    static const char special[] = "\"\\{}[]:,az\x80\xdb\xdd\xfb\x02\x1b\x5a";
    char text[80];
    for (size_t from = 0; from < 9; from++) {
        for (size_t at = from; at < sizeof text; at++) {
            for (size_t k = 0; k < sizeof special; k++) {
                memset(text, 'x', sizeof text);
                text[at] = special[k];
                text[sizeof text - 1 - from] ^= (char)k;
                const char *end = text + sizeof text - from / 2;
                CHECK(json_find_quote(text + from, end) ==
                      json_find_quote_scalar(text + from, end));
                CHECK(json_find_bracket(text + from, end) ==
                      json_find_bracket_scalar(text + from, end));
            }
        }
    }
}

TEST(letters_agree_with_their_scalar_fallback)
{
    char text[128];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 37);
    for (size_t shift = 0; shift < 256; shift++) {
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)(text[i] + 1);
        for (size_t len = 0; len <= 70; len++) {
            struct str s = str_of(text + shift % 32, len);
            struct letter_mask fast = letter_mask_of(s), slow = letter_mask_scalar(s);
            CHECK(fast.letters == slow.letters && fast.equals == slow.equals);
        }
    }
    CHECK_INT(letter_mask_of(STR("aZ=[@`{ z")).letters, 0x103);
    CHECK_INT(letter_mask_of((struct str){0}).letters, 0);
}

TEST(colours_are_left_out)
{
    char room[32];
    CHECK_STR(without_colours(STR("plain"), room, sizeof room), STR("plain"));
    CHECK_STR(without_colours(STR("\x1b[1;31mred\x1b[0m \x1b[K\x1b"), room, sizeof room),
              STR("red \x1b[K\x1b"));
    CHECK_STR(without_colours(STR("\\u001b[32minfo\\u001B[m\\n"), room, sizeof room),
              STR("info\\n"));
    CHECK_STR(without_colours(STR("\x1b[mabcdef"), room, 3), STR("abc"));
}

TEST(clock_epochs_by_range)
{
    int64_t ns = 0;
    CHECK(epoch_to_ns(STR("1795166521"), &ns) && ns == INT64_C(1795166521000000000));
    CHECK(epoch_to_ns(STR("1795166521123456789"), &ns) && ns == INT64_C(1795166521123456789));
    CHECK(epoch_to_ns(STR("1795166521.1234567891"), &ns) && ns == INT64_C(1795166521123456789));
    CHECK(epoch_to_ns(STR("1795166521123.5"), &ns) && ns == INT64_C(1795166521123500000));
    CHECK(epoch_to_ns(STR("1.795166521e9"), &ns) && ns == INT64_C(1795166521000000000));
    CHECK(epoch_to_ns(STR("946684800000"), &ns) && ns == INT64_C(946684800000000000));
    CHECK(epoch_to_ns(STR("4102444799999999999"), &ns) && ns == INT64_C(4102444799999999999));
    ns = 7;
    CHECK(!epoch_to_ns(STR("946684799"), &ns) && !epoch_to_ns(STR("4102444800"), &ns));
    CHECK(!epoch_to_ns(STR("4102444800000000000"), &ns) && !epoch_to_ns(STR(""), &ns));
    CHECK(!epoch_to_ns(STR("1795166521."), &ns) && !epoch_to_ns(STR("1795166521x"), &ns));
    CHECK(!epoch_to_ns(STR("-1795166521"), &ns) && !epoch_to_ns(STR("01795166521"), &ns));
    CHECK(!epoch_to_ns(STR("1e99"), &ns) && !epoch_to_ns(STR("99999999999999999999999"), &ns));
    CHECK_INT(ns, 7);
}

static int64_t at_utc(const char *text)
{
    struct str s = str_from(text);
    int64_t ns = 0;
    REQUIRE(take_rfc3339(&s, &ns) && s.len == 0);
    return ns;
}

static struct zone *central_europe(void)
{
    struct err err;
    struct zone *zone = NULL;
    REQUIRE_OK(zone_posix(&zone, STR("CET-1CEST,M3.5.0,M10.5.0/3"), &err));
    return zone;
}

static int64_t local_time(struct zone_clock *zone, const char *text, int64_t previous_ns)
{
    struct str s = str_from(text);
    struct civil c;
    REQUIRE(take_civil(&s, &c) && s.len == 0);
    return zone_clock_to_utc(zone, c, previous_ns);
}

TEST(zone_keeps_the_stream_monotone_in_autumn)
{
    defer(zone_close) struct zone *cet = central_europe();
    struct zone_clock zone = {.zone = cet};
    int64_t first = at_utc("2026-10-25T00:30:00Z"), second = at_utc("2026-10-25T01:30:00Z");
    CHECK_INT(local_time(&zone, "2026-10-25 02:30:00", 0), first);
    CHECK_INT(local_time(&zone, "2026-10-25 02:30:00", at_utc("2026-10-25T00:29:59Z")), first);
    CHECK_INT(local_time(&zone, "2026-10-25 02:30:00", at_utc("2026-10-25T00:59:59Z")), second);
    CHECK_INT(local_time(&zone, "2026-10-25 02:30:00", at_utc("2026-10-25T01:29:59Z")), second);
    /* a thread that prints late does not push the stream ahead */
    CHECK_INT(local_time(&zone, "2026-10-25 02:30:00", first + 5 * NS_PER_S), first);
}

TEST(zone_in_spring_and_plain_hours)
{
    defer(zone_close) struct zone *cet = central_europe();
    struct zone_clock zone = {.zone = cet};
    for (int again = 0; again < 2; again++) {
        CHECK_INT(local_time(&zone, "2026-03-29 01:59:59", 0), at_utc("2026-03-29T00:59:59Z"));
        CHECK_INT(local_time(&zone, "2026-03-29 02:30:00", 0), at_utc("2026-03-29T01:30:00Z"));
        CHECK_INT(local_time(&zone, "2026-03-29 03:00:00", 0), at_utc("2026-03-29T01:00:00Z"));
        CHECK_INT(local_time(&zone, "2026-07-01 12:00:00.5", 0), at_utc("2026-07-01T10:00:00.5Z"));
        CHECK_INT(local_time(&zone, "2026-12-01 12:00:00", 0), at_utc("2026-12-01T11:00:00Z"));
    }
}

TEST(line_times_without_zone_take_the_zone_of_the_context)
{
    defer(zone_close) struct zone *cet = central_europe();
    struct zone_clock zone = {.zone = cet};
    struct line_context context = {.local_to_utc = zone_clock_to_utc, .zone = &zone};
    static const struct {
        struct str line;
        const char *utc;
    } rows[] = {
        {STR_INIT("2026-10-25 02:59:59 a"), "2026-10-25T00:59:59Z"},
        {STR_INIT("2026-10-25 02:00:00 b"), "2026-10-25T01:00:00Z"},
        {STR_INIT("no time here"), NULL},
        {STR_INIT("{\"time\":\"2026-10-25 02:00:01\"}"), "2026-10-25T01:00:01Z"},
        {STR_INIT("2026-10-25 02:00:02Z written"), "2026-10-25T02:00:02Z"},
        {STR_INIT("2026-10-25 03:00:00 c"), "2026-10-25T02:00:00Z"},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct line_facts facts;
        line_facts_of(rows[i].line, &context, &facts);
        CHECK_INT(facts.time_ns, rows[i].utc ? at_utc(rows[i].utc) : TIME_NONE);
    }
}

TEST(line_year_comes_from_arrival_without_a_file_time)
{
    struct line_context context = {.arrival_ns = at_utc("2030-01-02T00:00:00Z")};
    struct line_facts facts;
    line_facts_of(STR("Dec 31 10:00:00 web-1 app: x"), &context, &facts);
    CHECK_INT(facts.time_ns, at_utc("2029-12-31T10:00:00Z"));
    CHECK_INT(facts_alone(STR("Dec 31 10:00:00 web-1 app: x")).time_ns, TIME_NONE);
}

TEST(line_kind_is_named)
{
    CHECK_INT(facts_alone(STR("{\"a\":1}")).kind, LINE_JSON);
    CHECK_INT(facts_alone(STR("{a} x")).kind, LINE_TEXT);
    CHECK_INT(facts_alone((struct str){0}).level, LEVEL_UNKNOWN);
}

/* Pieces that a line of any length is made of; each once tried to be slow somewhere. */
static const struct str hostile[] = {
    STR_INIT("["),
    STR_INIT("{"),
    STR_INIT("{\"a\":"),
    STR_INIT("{\"a\":{\"b\":["),
    STR_INIT("\""),
    STR_INIT("\\"),
    STR_INIT("\\\""),
    STR_INIT("="),
    STR_INIT("l="),
    STR_INIT("=\""),
    STR_INIT("level="),
    STR_INIT("level=\""),
    STR_INIT(" level=\x1b[1m"),
    STR_INIT("\x1b["),
    STR_INIT("\x1b[1;"),
    STR_INIT(" "),
    STR_INIT("a "),
    STR_INIT("ERRO "),
    STR_INIT("1"),
    STR_INIT("2026-11-20 09:22:0"),
    STR_INIT("Nov 20 "),
    STR_INIT("<1"),
};

static const struct str hostile_fronts[] = {
    STR_INIT(""),
    STR_INIT("{\"level\":"),
    STR_INIT("{\"x\":\""),
    STR_INIT("{\"a\":[\""),
    STR_INIT("{\"a\":1,\"level\":\""),
    STR_INIT("1.2.3.4 - - [20/Nov/2026:09:22:01 +0000] \""),
};

/* CPU time of this process, which other work on the machine does not add to. */
static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* The best of several runs, in ns. */
static int64_t time_of_line(struct str front, struct str piece, size_t size, int runs)
{
    char *text = mem_alloc_raw(size);
    size_t n = min_of(front.len, size);
    memcpy(text, front.ptr, n);
    for (; n < size; n++)
        text[n] = piece.ptr[(n - front.len) % piece.len];
    int64_t best = INT64_MAX;
    for (int i = 0; i < runs; i++) {
        int64_t start = cpu_ns();
        facts_alone(str_of(text, size));
        best = min_of(best, cpu_ns() - start);
    }
    mem_free(&text);
    return best;
}

/* 16 times the bytes may cost 16 times the time; a square law would cost 256 times. */
TEST(line_facts_are_linear_for_hostile_lines)
{
    for (size_t i = 0; i < countof(hostile_fronts); i++) {
        for (size_t j = 0; j < countof(hostile); j++) {
            int64_t small = time_of_line(hostile_fronts[i], hostile[j], 1 << 16, 4);
            int64_t large = time_of_line(hostile_fronts[i], hostile[j], 1 << 20, 2);
            if (large > 100 * max_of(small, INT64_C(20000)))
                test_fail(__FILE__, __LINE__,
                          "front %zu piece %zu: %lld ns for 64 KiB, %lld for 1 MiB", i, j,
                          (long long)small, (long long)large);
        }
    }
}

/* Cutting a line anywhere never reads past the cut (the sanitizers look) nor invents a level. */
TEST(line_facts_of_every_prefix)
{
    static const struct str lines[] = {
        STR_INIT(
            "{\"t\":{\"$date\":\"2026-11-20T09:22:01.123+00:00\"},\"s\":\"E\",\"a\":[\"\\\"\"]}"),
        STR_INIT("<34>1 2026-11-20T09:22:01.123456+01:00 host app - - level=error x=\"y\""),
        STR_INIT("1:M 20 Nov 2026 09:22:01.123 # x"),
        STR_INIT("1.2.3.4 - - [20/Nov/2026:09:22:01 +0000] \"GET / HTTP/1.1\" 500 1"),
        STR_INIT("[Fri Nov 20 09:22:01.1 2026] [core:error] x"),
        STR_INIT("E20261120 09:22:01.123456 1 a.go:1] \x1b[31mx\x1b[0m"),
    };
    for (size_t i = 0; i < countof(lines); i++) {
        for (size_t n = 0; n <= lines[i].len; n++) {
            char *exact = mem_alloc_raw(n + 1);
            memcpy(exact + 1, lines[i].ptr, n);
            struct line_facts facts = facts_alone(str_of(exact + 1, n));
            CHECK(facts.level == LEVEL_UNKNOWN || facts.level >= LEVEL_WARN);
            mem_free(&exact);
        }
        CHECK(facts_alone(lines[i]).level >= LEVEL_WARN);
    }
}
