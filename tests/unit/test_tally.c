/* Invariant numbers are those of query/engine/tally.h. */
#include "query/engine/tally.h"

#include "base/mem.h"
#include "formats/line/level.h"
#include "query/engine/results.h"
#include "tests/test.h"

#include <stdlib.h>

static struct label api_items[] = {{STR_INIT("host"), STR_INIT("h1")},
                                   {STR_INIT("service"), STR_INIT("api")}};
static struct label web_items[] = {{STR_INIT("service"), STR_INIT("web")}};
static const struct labels api = {api_items, 2}, web = {web_items, 1};
static const struct labels *const streams[] = {&api, &web};
static const struct filter_scope scope = {.streams = streams, .n_streams = 2};

static void open_tallies(struct tallies *t, struct tally_options options)
{
    struct err err;
    REQUIRE_OK(tallies_open(t, &options, &scope, &err));
}

static void add(struct tallies *t, const struct labels *labels, int64_t ns, uint8_t level,
                const char *line)
{
    const struct record record = {.event_ns = ns, .level = level, .line = str_from(line)};
    tallies_add(t, labels, &record);
}

/* "start value/value count part numbers:sum least most; ..." */
static struct str shown(struct tallies *t, struct buf *out)
{
    const struct tally **sorted = tallies_sorted(t);
    buf_reset(out);
    for (size_t i = 0; i < t->by_key.n; i++) {
        if (sorted[i]->start_ns != TIME_NONE)
            buf_print(out, "%lld ", (long long)sorted[i]->start_ns);
        for (size_t k = 0; k < t->options.n_names; k++)
            buf_print(out, "%.*s/", STR_ARG(sorted[i]->values[k]));
        buf_print(out, "%llu", (unsigned long long)sorted[i]->count);
        if (t->part)
            buf_print(out, " %llu", (unsigned long long)sorted[i]->part);
        if (sorted[i]->numbers)
            buf_print(out, " %llu:%g %g %g", (unsigned long long)sorted[i]->numbers, sorted[i]->sum,
                      sorted[i]->least, sorted[i]->most);
        buf_add(out, STR("; "));
    }
    return buf_str(out);
}

TEST(tally_by_labels_levels_and_fields) /* 1, 6 */
{
    const struct str service[] = {STR("service")}, level[] = {STR("level")};
    const struct str both[] = {STR("status"), STR("host")}, forced[] = {STR(".host")};
    const struct str shape[] = {STR("shape"), STR("service")}, field[] = {STR(".shape")};
    defer(buf_free) struct buf out = {0};
    const struct {
        const struct str *names;
        size_t n;
        bool reads_lines;
        const char *expected;
    } cases[] = {
        {service, 1, false, "api/2; web/1; "},
        {level, 1, false, "info/2; error/1; "},
        {both, 2, true, "/h1/1; 200/h1/1; 502//1; "},
        {forced, 1, true, "/2; other/1; "},
        {shape, 2, true,
         "19d06405 {status host}/web/1; 7e1571c5 status=<_> a=<_>/api/1; 92a0687f nothing/api/1; "},
        {field, 1, true, "/3; "},
        {NULL, 0, false, "3; "}};
    for (size_t i = 0; i < countof(cases); i++) {
        defer(tallies_free) struct tallies t;
        open_tallies(&t, (struct tally_options){.names = cases[i].names, .n_names = cases[i].n});
        CHECK_INT(tallies_read_lines(&t), cases[i].reads_lines);
        add(&t, &api, 5, LEVEL_INFO, "status=200 a=b");
        add(&t, &web, 5, LEVEL_ERROR, "{\"status\":502,\"host\":\"other\"}");
        add(&t, &api, 5, LEVEL_INFO, "nothing");
        CHECK_STR(shown(&t, &out), str_from(cases[i].expected));
    }
}

TEST(tally_spans_begin_where_they_should)
{
    defer(tallies_free) struct tallies t, shifted;
    defer(buf_free) struct buf out = {0};
    open_tallies(&t, (struct tally_options){.every_ns = 10});
    open_tallies(&shifted, (struct tally_options){.every_ns = 10, .shift_ns = 3});
    const int64_t times[] = {-1, 0, 9, 10, 17, 6};
    for (size_t i = 0; i < countof(times); i++) {
        add(&t, &api, times[i], 0, "");
        add(&shifted, &api, times[i], 0, "");
    }
    CHECK_STR(shown(&t, &out), STR("-10 1; 0 3; 10 2; "));
    CHECK_STR(shown(&shifted, &out), STR("-3 3; 7 2; 17 1; "));
}

TEST(tally_measures_and_counts_a_part) /* 3 */
{
    const struct str part[] = {STR("level=warn+"), STR("took=20..")};
    defer(tallies_free) struct tallies t;
    defer(buf_free) struct buf out = {0};
    open_tallies(&t, (struct tally_options){.measure = STR("took"), .part = part, .n_part = 2});
    CHECK(tallies_read_lines(&t));
    add(&t, &api, 0, LEVEL_ERROR, "took=12 a=b");
    add(&t, &api, 0, LEVEL_ERROR, "took=30 a=b");
    add(&t, &api, 0, LEVEL_INFO, "took=45 a=b");
    add(&t, &api, 0, LEVEL_INFO, "took=long a=b");
    CHECK_STR(shown(&t, &out), STR("4 1 3:87 12 45; "));
}

TEST(tally_counts_where_it_counted_the_last_of_a_level)
{
    const struct str names[] = {STR("service"), STR("level")};
    const struct str part[] = {STR("level=warn+"), STR("service=api")};
    const struct tally_options options = {
        .names = names, .n_names = 2, .every_ns = 10, .part = part, .n_part = 2};
    defer(tallies_free) struct tallies at_once, anew;
    defer(buf_free) struct buf a = {0}, b = {0};
    open_tallies(&at_once, options);
    open_tallies(&anew, options);
    CHECK(at_once.remembers);
    srand(4);
    for (int i = 0; i < 2000; i++) {
        const struct labels *labels = rand() % 9 ? &api : &web;
        int64_t ns = i / 50 + rand() % 5;
        uint8_t level = (uint8_t)(rand() % (RECORD_LEVEL_MAX + 1));
        add(&at_once, labels, ns, level, "");
        tallies_begin_block(&anew);
        add(&anew, labels, ns, level, "");
    }
    CHECK_STR(shown(&at_once, &a), shown(&anew, &b));
}

TEST(tally_values_are_cut) /* 2 */
{
    char line[TALLY_VALUE_MAX + 60];
    const struct str names[] = {STR("x")};
    defer(tallies_free) struct tallies t;
    open_tallies(&t, (struct tally_options){.names = names, .n_names = 1});
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line, "a=b x=%0*d%d", TALLY_VALUE_MAX, 0, i);
        add(&t, &api, 0, 0, line);
    }
    CHECK_INT(t.by_key.n, 1);
    CHECK_INT(tallies_sorted(&t)[0]->values[0].len, TALLY_VALUE_MAX);
}

/* Over the bytes that go between collector and command line. */
TEST(tally_joined_is_that_of_all) /* 4 */
{
    const struct str names[] = {STR("service"), STR("level")};
    const struct tally_options options = {
        .names = names, .n_names = 2, .every_ns = 60, .measure = STR("took"), .sample = true};
    defer(tallies_free) struct tallies all, joined;
    defer(buf_free) struct buf expected = {0}, found = {0}, bytes = {0};
    defer(result_reader_free) struct result_reader reader = {0};
    struct result_writer w = {0};
    open_tallies(&all, options);
    open_tallies(&joined, options);
    srand(9);
    put_results_start(&bytes);
    for (int part = 0; part < 3; part++) {
        defer(tallies_free) struct tallies t;
        open_tallies(&t, options);
        for (int i = 0; i < 500; i++) {
            char line[40];
            const struct labels *labels = rand() % 2 ? &api : &web;
            int64_t ns = rand() % 1000;
            uint8_t level = (uint8_t)(rand() % 4);
            snprintf(line, sizeof line, "took=%d a=b", rand() % 5000);
            add(&all, labels, ns, level, line);
            add(&t, labels, ns, level, line);
        }
        const struct tally **sorted = tallies_sorted(&t);
        for (size_t i = 0; i < t.by_key.n; i++)
            put_result(&w, &(struct result){.tally = sorted[i], .n_names = 2}, &bytes);
    }
    struct str rest = buf_str(&bytes);
    for (enum result_kind kind = RESULT_RECORD; kind == RESULT_RECORD;) {
        struct err err;
        struct result result;
        struct summary summary = {0};
        REQUIRE_OK(result_reader_take(&reader, &rest, &kind, &result, &summary, &err));
        if (kind == RESULT_RECORD)
            tallies_join(&joined, result.tally);
    }
    CHECK_STR(shown(&joined, &found), shown(&all, &expected));
    const struct tally **a = tallies_sorted(&all), **b = tallies_sorted(&joined);
    for (size_t i = 0; i < all.by_key.n; i++) {
        CHECK(sketch_quantile(&a[i]->sketch, 0.9) == sketch_quantile(&b[i]->sketch, 0.9));
        CHECK(a[i]->first_ns == b[i]->first_ns && a[i]->last_ns == b[i]->last_ns);
        CHECK_STR(a[i]->sample, b[i]->sample);
    }
}

TEST(tally_refuses_more_names_than_it_can_have)
{
    struct err err;
    const struct str names[TALLY_NAMES_MAX + 1] = {STR_INIT("a")};
    defer(tallies_free) struct tallies t;
    const struct tally_options options = {.names = names, .n_names = countof(names)};
    CHECK(!tallies_open(&t, &options, &scope, &err));
    CHECK_INT(err.code, ERR_INPUT);
}

/* Clocks that go forward and back at 01:00 UTC, as in Berlin: days begin at 23:00 or 22:00 UTC. */
TEST(tally_days_begin_at_midnight_all_year)
{
    const int64_t hour = 3600 * NS_PER_S, forward = 1000 * 24 * hour + hour,
                  back = 1003 * 24 * hour + hour;
    char texts[2][48];
    snprintf(texts[0], sizeof texts[0], "%lld:%lld", (long long)forward, (long long)(2 * hour));
    snprintf(texts[1], sizeof texts[1], "%lld:%lld", (long long)back, (long long)hour);
    const struct str changes[] = {str_from(texts[0]), str_from(texts[1])};
    const int64_t starts[] = {998 * 24 * hour + 23 * hour,  999 * 24 * hour + 23 * hour,
                              1000 * 24 * hour + 22 * hour, 1001 * 24 * hour + 22 * hour,
                              1002 * 24 * hour + 22 * hour, 1003 * 24 * hour + 23 * hour};
    defer(tallies_free) struct tallies t;
    open_tallies(&t, (struct tally_options){.every_ns = 24 * hour,
                                            .shift_ns = hour,
                                            .changes = changes,
                                            .n_changes = countof(changes)});
    for (size_t i = 0; i + 1 < countof(starts); i++) {
        for (int64_t ns = starts[i]; ns < starts[i + 1]; ns += hour)
            add(&t, &api, ns, 0, "");
        CHECK_INT(tally_next_span(&t, starts[i]), starts[i + 1]);
    }
    const struct tally **sorted = tallies_sorted(&t);
    CHECK_INT(t.by_key.n, countof(starts) - 1);
    for (size_t i = 0; i < t.by_key.n; i++)
        CHECK_INT(sorted[i]->start_ns, starts[i]);
    CHECK_INT(sorted[1]->count, 23);
    CHECK_INT(sorted[4]->count, 25);
}

TEST(tally_changes_are_checked)
{
    static const char *const wrong[] = {"", "5", "5:", "x:1", "1:99999999999999999", "9:0"};
    for (size_t i = 0; i < countof(wrong); i++) {
        struct err err;
        const struct str changes[] = {STR("9:0"), str_from(wrong[i])};
        const struct tally_options options = {.changes = changes, .n_changes = 2};
        defer(tallies_free) struct tallies t;
        CHECK(!tallies_open(&t, &options, &scope, &err));
    }
}

TEST(tally_numbers_stay_finite_and_times_in_their_range)
{
    defer(tallies_free) struct tallies t;
    defer(buf_free) struct buf bytes = {0};
    open_tallies(&t, (struct tally_options){
                         .measure = STR("x"), .every_ns = NS_PER_DAY, .shift_ns = NS_PER_DAY});
    for (int i = 0; i < 3; i++) {
        add(&t, &api, INT64_MAX, 0, "x=1e308 a=b");
        add(&t, &api, INT64_MIN + 1, 0, "x=-1e308 a=b");
    }
    const struct tally **sorted = tallies_sorted(&t);
    CHECK_INT(t.by_key.n, 2);
    for (size_t i = 0; i < 2; i++) {
        struct tally back;
        size_t n_names;
        buf_reset(&bytes);
        put_tally(sorted[i], 0, &bytes);
        struct reader r = reader_of(buf_str(&bytes));
        read_tally(&back, &n_names, &r);
        CHECK(!r.bad && reader_left(&r) == 0);
        sketch_free(&back.sketch);
    }
}

TEST(tally_takes_no_more_memory_than_it_may)
{
    const struct str names[] = {STR("x")};
    defer(tallies_free) struct tallies t;
    open_tallies(&t, (struct tally_options){.names = names, .n_names = 1});
    t.memory = 1 << 20;
    for (int i = 0; i < 50000 && !t.is_full; i++) {
        char line[40];
        snprintf(line, sizeof line, "x=%d a=b", i);
        add(&t, &api, 0, 0, line);
    }
    CHECK(t.is_full && t.by_key.n > 1000);
}

TEST(tally_shapes_without_room_are_together) /* 5 */
{
    const struct str names[] = {STR("shape"), STR("level")};
    defer(tallies_free) struct tallies t;
    uint64_t all = 0, others = 0;
    open_tallies(&t, (struct tally_options){.names = names, .n_names = 2});
    t.memory = 1 << 20;
    for (int i = 0; i < 20000; i++) {
        char line[] = "word aaaaaa end";
        for (int k = 0, rest = i; k < 6; k++, rest /= 10)
            line[5 + k] = (char)('p' + rest % 10);
        add(&t, &api, 0, (uint8_t)(i % 2 ? LEVEL_INFO : LEVEL_WARN), line);
    }
    CHECK(!t.is_full && t.by_key.n > 1000 && t.by_key.n < 10000);
    const struct tally **sorted = tallies_sorted(&t);
    for (size_t i = 0; i < t.by_key.n; i++) {
        all += sorted[i]->count;
        others += str_equal(sorted[i]->values[0], TALLY_OTHER);
    }
    CHECK(all == 20000 && others == 2); /* of both levels */
}

TEST(tally_samples_are_the_newest_lines)
{
    char line[TALLY_SAMPLE_MAX + 9];
    defer(tallies_free) struct tallies t;
    open_tallies(&t, (struct tally_options){.sample = true});
    add(&t, &api, 5, 0, "five");
    add(&t, &api, 7, 0, "seven b");
    add(&t, &api, 7, 0, "seven a");
    add(&t, &api, 3, 0, "a three");
    const struct tally *one = tallies_sorted(&t)[0];
    CHECK(one->first_ns == 3 && one->last_ns == 7);
    CHECK_STR(one->sample, STR("seven a"));
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    add(&t, &api, 8, 0, line);
    CHECK_INT(one->sample.len, TALLY_SAMPLE_MAX);
    add(&t, &api, 9, 0, "");
    CHECK_INT(one->sample.len, 0);
}
