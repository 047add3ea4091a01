#include "query/engine/query.h"

#include "base/mem.h"
#include "query/engine/filter.h"
#include "query/engine/time_words.h"
#include "query/engine/value_test.h"
#include "tests/test.h"

/* ---- the form ---- */

/* query.h, invariant 1 */
TEST(query_form_comes_back)
{
    struct err err;
    defer(query_free) struct query q, back;
    query_init(&q);
    query_init(&back);
    query_add_pattern(&q, STR("a&b=c +%\n\xff"));
    query_add_pattern(&q, STR(""));
    query_add_filter(&q, STR("service=a b"));
    q.options = (struct pattern_options){.kind = PATTERN_BASIC, .ignore_case = true, .lines = true};
    q.since_ns = -5;
    q.until_ns = 1763626921000000001;
    q.has_max = true;
    q.before = 3;
    q.after = 4;
    q.want = WANT_OTHERS;
    q.newest = q.sample = true;
    defer(buf_free) struct buf form = {0}, again = {0};
    query_encode(&q, &form);
    REQUIRE_OK(query_decode(&back, buf_str(&form), &err));
    query_encode(&back, &again);
    CHECK_STR(buf_str(&again), buf_str(&form));
    CHECK(back.patterns.n == 2 && back.filters.n == 1 && back.has_max && back.max == 0);
    CHECK_STR(back.patterns.items[0], q.patterns.items[0]);
    CHECK_STR(back.filters.items[0], STR("service=a b"));
    CHECK(back.sample && back.since_ns == -5 && back.until_ns == q.until_ns &&
          back.options.kind == PATTERN_BASIC);
}

TEST(query_form_is_strict)
{
    static const struct {
        const char *form, *says;
    } cases[] = {
        {"kind=X", "may be F, E, G or P"},
        {"i=yes", "may be 0 or 1"},
        {"since=yesterday", "RFC 3339"},
        {"after=10001", "10000 lines of context"},
        {"after=99999999999", "is not a number that fits"},
        {"last=3&newest=1", "cannot be together"},
        {"last=3&max=1", "cannot be together"},
        {"i=1&i=1", "is there twice"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        defer(query_free) struct query q;
        query_init(&q);
        CHECK(!query_decode(&q, str_from(cases[i].form), &err));
        if (!strstr(err.text, cases[i].says))
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].form, err.text);
    }
    struct err err;
    defer(query_free) struct query q;
    query_init(&q);
    REQUIRE_OK(query_decode(&q, STR("?since=2026-11-20T09:00:00Z&e=x&last=0"), &err));
    CHECK(q.since_ns == 1795165200 * NS_PER_S && q.until_ns == TIME_NONE);
}

TEST(query_form_takes_other_names_as_filters)
{
    struct err err;
    defer(query_free) struct query q;
    query_init(&q);
    REQUIRE_OK(query_decode(&q, STR("service=api&host!=h%201&file~log%24&env!=~^x&i=1"), &err));
    REQUIRE(q.filters.n == 4 && q.options.ignore_case);
    CHECK_STR(q.filters.items[0], STR("service=api"));
    CHECK_STR(q.filters.items[1], STR("host!=h 1"));
    CHECK_STR(q.filters.items[2], STR("file~log$"));
    CHECK_STR(q.filters.items[3], STR("env!=~^x"));
}

/* ---- filters ---- */

static struct label api_items[] = {{STR_INIT("host"), STR_INIT("h1")},
                                   {STR_INIT("service"), STR_INIT("api")}};
static struct label web_items[] = {{STR_INIT("host"), STR_INIT("h2")},
                                   {STR_INIT("service"), STR_INIT("web-front")}};
static const struct labels api = {api_items, 2}, web = {web_items, 2};
static const struct labels *const streams[] = {&api, &web};
static const struct filter_scope scope = {.streams = streams, .n_streams = 2};

/* Which of api and web are taken: "a", "w", "aw" or "". */
static const char *taken(const char *first, const char *second)
{
    struct err err;
    struct filter *f;
    const struct str operands[] = {str_from(first), str_from(second)};
    REQUIRE_OK(filter_compile(&f, operands, second ? 2 : 1, &scope, &err));
    bool a = filter_takes_stream(f, &api), w = filter_takes_stream(f, &web);
    filter_close(&f);
    return a && w ? "aw" : a ? "a" : w ? "w" : "";
}

/* filter.h, invariant 1 */
TEST(filter_takes_streams)
{
    CHECK_STR(str_from(taken("api", NULL)), STR("a"));
    CHECK_STR(str_from(taken("h2", NULL)), STR("w"));
    CHECK_STR(str_from(taken("api", "web-front")), STR("aw"));
    CHECK_STR(str_from(taken("api", "host=h2")), STR(""));
    CHECK_STR(str_from(taken("service=api", "service=web-front")), STR("aw"));
    CHECK_STR(str_from(taken("service!=api", NULL)), STR("w"));
    CHECK_STR(str_from(taken("service!=api", "service!=web-front")), STR(""));
    CHECK_STR(str_from(taken("service~^web", NULL)), STR("w"));
    CHECK_STR(str_from(taken("service!=~front$", NULL)), STR("a"));
    CHECK_STR(str_from(taken("level=warn+", "id=x")), STR("aw"));
}

static bool record_taken(const char *operand, struct record record)
{
    struct err err;
    struct filter *f;
    struct str one = str_from(operand);
    REQUIRE_OK(filter_compile(&f, &one, 1, &scope, &err));
    bool is_taken = filter_takes_record(f, &record);
    filter_close(&f);
    return is_taken;
}

TEST(filter_takes_records)
{
    struct record error = {.level = 6, .id = STR("4f9c")}, info = {.level = 3};
    CHECK(record_taken("level=error", error) && !record_taken("level=error", info));
    CHECK(record_taken("level=warn+", error) && !record_taken("level=warn+", info));
    CHECK(record_taken("level!=info", error) && !record_taken("level!=info", info));
    CHECK(record_taken("level~^e", error) && record_taken("id=4f9c", error));
    CHECK(!record_taken("id=4f9c", info) && record_taken("id~^4f", error));
    CHECK(record_taken("id=", info) && record_taken("id!=4f9c", info));
    struct record wide = {.id = STR("550e8400e29b41d4a716446655440000")};
    CHECK(record_taken("id=550E8400-E29B-91D4-A716-446655440000", wide));
    CHECK(record_taken("id=12039885860129472512", wide) && !record_taken("id=550e8400", wide));
    CHECK(record_taken("api", info));
}

/* filter.h, invariants 2 and 3 */
TEST(filter_says_what_is_wrong)
{
    static const struct {
        const char *operand, *says;
    } cases[] = {
        {"apo", "did you mean 'api'?"},
        {"nothing-like-it", "no service, container, pod, unit or host 'nothing-like-it'"},
        {"service=web-fromt", "no stream has service=web-fromt; did you mean 'web-front'?"},
        {"servce=api", "'servce' is no label; did you mean 'service'?"},
        {"servce=api", "If it is a field of the line, write .servce"},
        {".=x", "has no name behind it"},
        {"status=500..4x", "both sides of .. are numbers"},
        {"took=5..1s", "both sides of .. need units of one kind"},
        {"status=600..500", "is an empty range"},
        {"status~(", "missing closing parenthesis"},
        {"status>=500", "write a range: status=500.."},
        {"level=wran", "'wran' is no level"},
        {"./app.log", "is a path"},
        {"/var/log/x", "is a path"},
        {"-", "is a path"},
        {"service=~api", "write service~api"},
        {"service!~api", "write service!=~api"},
        {"=x", "has no name"},
        {"service~(", "missing closing parenthesis"},
        {"shape=a1b", "a name of 4 to 16 of the digits"},
        {"shape!=round", "a field of that name is .shape"},
        {"", "is empty"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        struct filter *f;
        struct str operand = str_from(cases[i].operand);
        CHECK(!filter_compile(&f, &operand, 1, &scope, &err));
        if (err.code != ERR_INPUT || !strstr(err.text, cases[i].says))
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].operand, err.text);
    }
}

/* filter.h, invariant 2: without a list of streams anything may come yet. */
TEST(filter_takes_names_as_they_are_without_a_list)
{
    struct err err;
    struct filter *f;
    const struct str operands[] = {STR("not-there-yet"), STR("team=x"), STR("service!=gone")};
    REQUIRE_OK(filter_compile(&f, operands, 3, &(struct filter_scope){0}, &err));
    CHECK(!filter_takes_stream(f, &api) && !filter_looks_at_records(f));
    filter_close(&f);
    REQUIRE_OK(filter_compile(&f, operands + 2, 1, &(struct filter_scope){0}, &err));
    CHECK(filter_takes_stream(f, &api));
    filter_close(&f);
    struct str level = STR("level=warn+");
    REQUIRE_OK(filter_compile(&f, &level, 1, &scope, &err));
    CHECK(filter_looks_at_records(f));
    filter_close(&f);
}

/* Whether a line is taken, of a stream of the service "api". */
static bool line_taken(const char *operand, const char *line)
{
    struct err err;
    struct filter *f;
    struct str one = str_from(operand);
    struct record record = {.line = str_from(line)};
    REQUIRE_OK(filter_compile(&f, &one, 1, &scope, &err));
    CHECK(filter_looks_at_lines(f) && filter_takes_stream(f, &api));
    bool is_taken = filter_takes_line(f, &api, &record);
    filter_close(&f);
    return is_taken;
}

TEST(filter_takes_lines_by_their_fields)
{
    const char *json =
        "{\"status\":502,\"req\":{\"id\":\"a\\u0062\",\"headers\":{\"x=y\":\"1\"}},\"ok\":false,"
        "\"tags\":[\"x\",\"y\"],\"host\":\"other\"}";
    CHECK(line_taken("status=502", json) && !line_taken("status=50", json));
    CHECK(line_taken("status!=500", json) && !line_taken("status!=502", json));
    CHECK(line_taken("status~^5", json) && line_taken("status!=~^4", json));
    CHECK(line_taken("status=500..599", json) && !line_taken("status=..501", json));
    CHECK(line_taken("req.id=ab", json) && line_taken("tags[1]=y", json));
    CHECK(line_taken("req.headers[\"x=y\"]=1", json));
    CHECK(line_taken("ok=false", json) && line_taken("missing=", json) &&
          !line_taken("status=", json));
    CHECK(line_taken("missing!=x", json) && !line_taken("missing~.", json));
    CHECK(line_taken(".host=other", json) && !line_taken(".host=h1", json));
    CHECK(line_taken("took=10ms..", "at=info took=12ms path=/a"));
    CHECK(line_taken("path=/a", "at=info took=12ms path=/a"));
    CHECK(line_taken("status=404",
                     "192.0.2.7 - - [20/Nov/2026:09:22:01 +0000] \"GET /a HTTP/1.1\" 404 19"));
    CHECK(!line_taken("status=404", "no fields at all"));
}

TEST(filter_takes_lines_by_their_shape)
{
    const char *line = "job 4711 done"; /* 0586cd9f31647388 job <n> done */
    CHECK(line_taken("shape=0586", line) && line_taken("shape=0586cd9f31647388", line));
    CHECK(!line_taken("shape=0587", line) && !line_taken("shape!=0586cd", line));
    CHECK(line_taken("shape!=0587", line) && line_taken("shape~job <n> do", line));
    CHECK(line_taken("shape!=~^0586cd9f job <n>$", line) && !line_taken("shape=0586", "job done"));
    CHECK(line_taken(".shape=round", "shape=round a=b"));
}

/* The label comes first; without a list, in the streams that have it. */
TEST(filter_by_shape_leaves_labels_of_that_name_alone)
{
    struct err err;
    struct filter *f;
    struct str round = STR("shape=round"), name = STR("shape=0586");
    struct label item = {STR("shape"), STR("round")};
    const struct labels with = {&item, 1}, *const list[] = {&api, &with};
    const struct record job = {.line = STR("job 4711 done")};
    const struct filter_scope all = {.streams = list, .n_streams = 2};
    REQUIRE_OK(filter_compile(&f, &round, 1, &all, &err));
    CHECK(filter_takes_stream(f, &with) && !filter_takes_stream(f, &api));
    filter_close(&f);
    REQUIRE_OK(filter_compile(&f, &name, 1, &(struct filter_scope){0}, &err));
    CHECK(!filter_takes_stream(f, &with) && filter_takes_stream(f, &api));
    CHECK(filter_takes_line(f, &api, &job));
    filter_close(&f);
    REQUIRE_OK(filter_compile(&f, &round, 1, &(struct filter_scope){0}, &err));
    CHECK(filter_takes_stream(f, &with) && !filter_takes_line(f, &api, &job));
    filter_close(&f);
    REQUIRE_OK(filter_compile(&f, &name, 1, &(struct filter_scope){.without_lines = true}, &err));
    CHECK(!filter_takes_stream(f, &api) && !filter_looks_at_lines(f));
    filter_close(&f);
}

/* filter.h, invariant 5 */
TEST(filter_does_not_take_what_a_pattern_gave_up_on)
{
    static const char *const operands[] = {"m~^(?:(a|aa)+c|a+!)$", "m!=~^(?:(a|aa)+c|a+!)$"};
    struct buf line = {0};
    buf_print(&line, "{\"m\":\"%0*d!\"}", 60, 0);
    for (size_t i = 0; i < line.len; i++)
        line.ptr[i] = line.ptr[i] == '0' ? 'a' : line.ptr[i];
    for (size_t i = 0; i < countof(operands); i++) {
        struct err err;
        struct filter *f;
        struct str operand = str_from(operands[i]);
        const struct record record = {.line = buf_str(&line)};
        REQUIRE_OK(filter_compile(&f, &operand, 1, &scope, &err));
        CHECK(!filter_takes_line(f, &api, &record));
        CHECK_INT(filter_gave_up(f), 1);
        filter_close(&f);
    }
    buf_free(&line);
}

/* filter.h, invariant 4 */
TEST(filter_asks_attached_fields_first)
{
    struct err err;
    struct filter *f;
    struct label items[] = {{STR("status"), STR("7")}};
    struct str operand = STR("status=7");
    defer(buf_free) struct buf attached = {0};
    put_labels(&attached, &(struct labels){items, 1});
    const struct record with = {.line = STR("status=8"), .fields = buf_str(&attached)};
    const struct record without = {.line = STR("status=8")};
    REQUIRE_OK(filter_compile(&f, &operand, 1, &scope, &err));
    CHECK(filter_takes_line(f, &api, &with) && !filter_takes_line(f, &api, &without));
    filter_close(&f);
}

/* A name is that of a label in the streams that have one. */
TEST(filter_without_a_list_asks_streams_that_have_no_such_label_for_fields)
{
    struct err err;
    struct filter *f;
    struct str operand = STR("host=h1");
    const struct labels bare = {0};
    const struct record record = {.line = STR("host=h1 n=1")}, other = {.line = STR("host=h2 n=1")};
    REQUIRE_OK(filter_compile(&f, &operand, 1, &(struct filter_scope){0}, &err));
    CHECK(filter_takes_stream(f, &api) && !filter_takes_stream(f, &web));
    CHECK(filter_takes_stream(f, &bare));
    CHECK(filter_takes_line(f, &api, &other)); /* the label has decided */
    CHECK(filter_takes_line(f, &bare, &record) && !filter_takes_line(f, &bare, &other));
    filter_close(&f);
    const struct filter_scope no_lines = {.without_lines = true};
    REQUIRE_OK(filter_compile(&f, &operand, 1, &no_lines, &err));
    CHECK(!filter_takes_stream(f, &bare) && !filter_looks_at_lines(f));
    filter_close(&f);
    operand = STR(".host=h1");
    CHECK(!filter_compile(&f, &operand, 1, &no_lines, &err));
    CHECK(strstr(err.text, "cannot be asked for here"));
}

/* value_test.h */
TEST(value_test_of_ranges)
{
    static const struct {
        const char *range, *name, *value;
        bool is_in;
    } cases[] = {
        {"500..599", "status", "500", true},
        {"500..599", "status", "599", true},
        {"500..599", "status", "600", false},
        {"500..599", "status", "500ms", false},
        {"-1.5..1e3", "x", "-1.5", true},
        {"-1.5..1e3", "x", "1000", true},
        {"-1.5..1e3", "x", "1000.1", false},
        {"1s..", "took", "1.5s", true},
        {"1s..", "took", "999ms", false},
        {"1s..", "took", "1m0.5s", true},
        {"1s..", "took", "1000", false},
        {"1s..", "took_ms", "1000", true},
        {"1s..", "elapsedSeconds", "0.5", false},
        {"..100us", "d", "99 \xc2\xb5s", true},
        {"..10MiB", "body_bytes", "10485760", true},
        {"..10MiB", "size", "10.1 MiB", false},
        {"..10MiB", "size", "9000kB", true},
        {"..10MiB", "size", "5ms", false},
        {"1h..2h", "d", "90m", true},
        {"5..", "x", "", false},
        {"5..", "x", "7up", false},
        {"5..", "x", "..", false},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err;
        struct value_test t;
        REQUIRE_OK(value_test_compile(&t, str_from(cases[i].range), false, &err));
        if (value_test_fits(&t, str_from(cases[i].name), str_from(cases[i].value)) !=
            cases[i].is_in)
            test_fail(__FILE__, __LINE__, "%s of %s: %s", cases[i].value, cases[i].name,
                      cases[i].range);
        value_test_free(&t);
    }
}

/* value_test.h, invariant 3 */
TEST(value_test_two_points_may_be_text)
{
    struct err err;
    struct value_test t;
    REQUIRE_OK(value_test_compile(&t, STR("a..b"), false, &err));
    CHECK(value_test_fits(&t, STR("x"), STR("a..b")) && !value_test_fits(&t, STR("x"), STR("a")));
    value_test_free(&t);
}

/* ---- times ---- */

struct time_case {
    const char *now, *text, *expected;
    bool is_until, twice;
};

static int64_t moment(const char *text)
{
    int64_t ns = 0;
    struct str s = str_from(text);
    REQUIRE(take_rfc3339(&s, &ns) && s.len == 0);
    return ns;
}

static void check_time(const struct time_case *c)
{
    struct err err;
    int64_t ns;
    bool twice;
    defer(zone_close) struct zone *berlin = NULL;
    REQUIRE_OK(zone_posix(&berlin, STR("CET-1CEST,M3.5.0,M10.5.0/3"), &err));
    struct time_words how = {.now_ns = moment(c->now), .zone = berlin, .is_until = c->is_until};
    if (!time_words_parse(str_from(c->text), &how, &ns, &twice, &err)) {
        test_fail(__FILE__, __LINE__, "%s: %s", c->text, err.text);
        return;
    }
    if (ns != moment(c->expected) || twice != c->twice) {
        defer(buf_free) struct buf b = {0};
        put_rfc3339(&b, ns, 9);
        test_fail(__FILE__, __LINE__, "%s is %s, not %s", c->text, buf_text(&b), c->expected);
    }
}

#define FRIDAY "2026-11-20T09:22:01Z" /* 10:22:01 in Berlin */

TEST(time_words_mean_what_people_mean)
{
    static const struct time_case cases[] = {
        {FRIDAY, "10m", "2026-11-20T09:12:01Z", false, false},
        {FRIDAY, "1h30m", "2026-11-20T07:52:01Z", false, false},
        {FRIDAY, "2 hours ago", "2026-11-20T07:22:01Z", false, false},
        {FRIDAY, "an hour ago", "2026-11-20T08:22:01Z", false, false},
        {FRIDAY, "3 days ago UTC", "2026-11-17T09:22:01Z", false, false},
        {FRIDAY, "now", FRIDAY, true, false},
        {FRIDAY, "today", "2026-11-19T23:00:00Z", false, false},
        {FRIDAY, "today UTC", "2026-11-20T00:00:00Z", false, false},
        {FRIDAY, "Yesterday", "2026-11-18T23:00:00Z", false, false},
        {FRIDAY, "yesterday 14:03", "2026-11-19T13:03:00Z", false, false},
        {FRIDAY, "fri", "2026-11-19T23:00:00Z", false, false},
        {FRIDAY, "saturday", "2026-11-13T23:00:00Z", false, false},
        {FRIDAY, "mon 9:30", "2026-11-16T08:30:00Z", false, false},
        {FRIDAY, "10:22", "2026-11-20T09:22:00Z", false, false},
        {FRIDAY, "10:23", "2026-11-19T09:23:00Z", false, false},
        {FRIDAY, "10:23", "2026-11-20T09:23:00Z", true, false},
        {FRIDAY, "09:22:00.5 UTC", "2026-11-20T09:22:00.500Z", false, false},
        {FRIDAY, "2026-07-01", "2026-06-30T22:00:00Z", false, false},
        {FRIDAY, "2026-11-19 14:00", "2026-11-19T13:00:00Z", false, false},
        {FRIDAY, "2026-11-19T14:00:05.120", "2026-11-19T13:00:05.120Z", false, false},
        {FRIDAY, "2026-11-19T14:00:00+05:00", "2026-11-19T09:00:00Z", false, false},
        {FRIDAY, "@1763626921.123", "2025-11-20T08:22:01.123Z", false, false},
        {FRIDAY, "2026-03-29 02:30", "2026-03-29T01:00:00Z", false, false},
        {FRIDAY, "2026-10-25 02:30", "2026-10-25T00:30:00Z", false, true},
        {FRIDAY, "2026-10-25 02:30", "2026-10-25T01:30:00Z", true, true},
    };
    for (size_t i = 0; i < countof(cases); i++)
        check_time(&cases[i]);
}

TEST(time_words_refuse_with_right_forms)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"5M", "minute is m"},      {"", "write 10m"},           {"tomorrow", "'2 hours ago'"},
        {"25:00", "is not a time"}, {"2026-02-30", "is not"},    {"10", "is not a time"},
        {"2 months ago", "is not"}, {"mon 9:30x", "is not"},     {"@-5", "is not a time"},
        {"10x", "has no unit"},     {"today UTC UTC", "is not"}, {"2026-11-19 14", "is not a time"},
    };
    struct time_words how = {.now_ns = moment(FRIDAY)};
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err = {0};
        int64_t ns;
        CHECK(!time_words_parse(str_from(cases[i].text), &how, &ns, NULL, &err));
        if (!strstr(err.text, cases[i].says))
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].text, err.text);
    }
}
