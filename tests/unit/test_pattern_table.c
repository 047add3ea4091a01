/* Invariant numbers are those of query/pattern_table.h. */
#include "query/pattern_table.h"

#include "base/mem.h"
#include "tests/test.h"

#include <stdio.h>

struct halves {
    struct tallies now, before;
};

static void open_halves(struct halves *h)
{
    struct err err;
    const struct tally_options options = {.names = pattern_names, .n_names = 3, .sample = true};
    REQUIRE_OK(tallies_open(&h->now, &options, &(struct filter_scope){0}, &err));
    REQUIRE_OK(tallies_open(&h->before, &options, &(struct filter_scope){0}, &err));
}

static void free_halves(struct halves *h)
{
    tallies_free(&h->now);
    tallies_free(&h->before);
}

static void add(struct tallies *t, const char *shape, const char *service, const char *level,
                uint64_t count, int64_t last_s)
{
    tallies_join(t, &(struct tally){.values = {str_from(shape), str_from(service), str_from(level)},
                                    .start_ns = TIME_NONE,
                                    .count = count,
                                    .first_ns = NS_PER_S,
                                    .last_ns = last_s * NS_PER_S,
                                    .sample = str_from(service)});
}

static void fill(struct halves *h)
{
    add(&h->now, "aaaaaaaa job <n>", "api", "info", 60, 9);
    add(&h->now, "aaaaaaaa job <n>", "api", "warn", 5, 20);
    add(&h->now, "aaaaaaaa job <n>", "web", "info", 7, 8);
    add(&h->now, "aaaaaaaa job <n>", "cron", "info", 3, 8);
    add(&h->now, "bbbbbbbb it is new", "", "error", 25, 9);
    add(&h->before, "aaaaaaaa job <n>", "api", "info", 50, 4);
    add(&h->before, "cccccccc it is gone", "old", "info", 2, 4);
}

static void check_table(struct pattern_table t, size_t n, const char *expected)
{
    static const struct print_options print = {.time = TIME_ISO};
    defer(free_halves) struct halves h;
    defer(buf_free) struct buf out = {0};
    open_halves(&h);
    fill(&h);
    t.now = &h.now;
    t.before = t.view == PATTERNS_ALL ? NULL : &h.before;
    t.print = &print;
    CHECK_INT(pattern_table_print(&t, &out), n);
    CHECK_STR(buf_str(&out), str_from(expected));
}

TEST(pattern_table_by_counts) /* 1, 2 */
{
    check_table((struct pattern_table){.examples = true}, 2,
                "    COUNT   SHARE  SHAPE     LEVEL  SERVICE     TEXT\n"
                "       75  75.0 %  aaaaaaaa  info   api,web,..  job <n>\n"
                "    1970-01-01T00:00:01.000Z to 1970-01-01T00:00:20.000Z api\n"
                "       25  25.0 %  bbbbbbbb  error  -           it is new\n"
                "    1970-01-01T00:00:01.000Z to 1970-01-01T00:00:09.000Z \n");
    check_table((struct pattern_table){.top = 1}, 2,
                "    COUNT   SHARE  SHAPE     LEVEL  SERVICE     TEXT\n"
                "       75  75.0 %  aaaaaaaa  info   api,web,..  job <n>\n"
                "       25 records of 1 more\n");
}

TEST(pattern_table_against_the_time_before) /* 1 */
{
    check_table((struct pattern_table){.view = PATTERNS_NEW}, 1,
                "    COUNT   SHARE  SHAPE     LEVEL  SERVICE  TEXT\n"
                "       25  25.0 %  bbbbbbbb  error  -        it is new\n");
    check_table((struct pattern_table){.view = PATTERNS_GONE}, 1,
                "    COUNT   SHARE  SHAPE     LEVEL  SERVICE  TEXT\n"
                "        2   3.8 %  cccccccc  info   old      it is gone\n");
    check_table((struct pattern_table){.view = PATTERNS_CHANGES}, 3,
                "    COUNT    BEFORE    CHANGE  SHAPE     LEVEL  SERVICE     TEXT\n"
                "       25         0       new  bbbbbbbb  error  -           it is new\n"
                "       75        50     +50 %  aaaaaaaa  info   api,web,..  job <n>\n"
                "        0         2      gone  cccccccc  info   old         it is gone\n");
}

static void check_joined(const char *const *shapes, size_t n, const char *expected)
{
    static const struct print_options print = {.time = TIME_ISO};
    defer(free_halves) struct halves h;
    defer(buf_free) struct buf out = {0};
    char shape[80];
    open_halves(&h);
    for (size_t i = 0; i < n; i++) {
        snprintf(shape, sizeof shape, "%08zx %s", i, shapes[i]);
        add(&h.now, shape, "s", "info", i + 1, (int64_t)i + 2);
    }
    const struct pattern_table t = {.now = &h.now, .print = &print};
    CHECK_INT(pattern_table_print(&t, &out), 2);
    CHECK(str_find(buf_str(&out), str_from(expected)) != SIZE_MAX);
    CHECK(str_find(buf_str(&out), STR("other things")) != SIZE_MAX);
}

TEST(pattern_table_joins_what_differs_in_a_word) /* pattern_rows.h */
{
    static const char *const one[] = {
        "user ann from <ip>", "user bob from <ip>", "user eve from <ip>",
        "user joe from <ip>", "user kim from <ip>", "user max from <ip>",
        "other things <ip>",  "user tim from <ip>", "user zoe from <ip>"};
    static const char *const cut[] = {"a b c", "a b c", "a b c", "a b c",       "a b c",
                                      "a b c", "a b c", "a b c", "other things"};
    const char *two[65];
    char room[64][40];
    for (size_t i = 0; i < 64; i++) {
        snprintf(room[i], sizeof room[i], "at %c on %c end", (char)('a' + i % 8),
                 (char)('p' + i / 8));
        two[i] = room[i];
    }
    two[64] = "other things";
    check_joined(one, countof(one), " 8 alike   info   s        user <*> from <ip>\n");
    check_joined(cut, countof(cut), " 8 alike   info   s        a b c<*>\n");
    check_joined(two, countof(two), " 64 alike  info   s        at <*> on <*> end\n");
    /* 7 are too few */
    defer(free_halves) struct halves h;
    open_halves(&h);
    for (size_t i = 0; i < 7; i++)
        add(&h.now, one[i], "s", "info", 1, 1);
    defer(pattern_rows_free) struct pattern_rows rows = {0};
    pattern_rows_make(&rows, &h.now, NULL);
    pattern_rows_join(&rows);
    CHECK_INT(rows.n, 7);
}

TEST(pattern_table_names_shapes_that_are_one_row)
{
    static const struct print_options print = {.time = TIME_ISO};
    defer(free_halves) struct halves h;
    defer(buf_free) struct buf out = {0};
    char shape[40];
    open_halves(&h);
    for (int i = 0; i < 8; i++) {
        snprintf(shape, sizeof shape, "%08x by %c", i, 'a' + i);
        add(i < 7 ? &h.now : &h.before, shape, "s", "info", 1 + (uint64_t)i, i + 1);
    }
    const struct pattern_table t = {.view = PATTERNS_CHANGES,
                                    .now = &h.now,
                                    .before = &h.before,
                                    .json = true,
                                    .print = &print};
    CHECK_INT(pattern_table_print(&t, &out), 1);
    CHECK_STR(buf_str(&out), STR("{\"shapes\":[\"00000006\",\"00000005\",\"00000004\",\"00000003\","
                                 "\"00000002\",\"00000001\","
                                 "\"00000000\",\"00000007\"],\"n_shapes\":8,\"text\":\"by "
                                 "<*>\",\"count\":28,\"share\":1,"
                                 "\"before\":8,\"level\":\"info\",\"services\":[\"s\"],\"first\":"
                                 "\"1970-01-01T00:00:01Z\","
                                 "\"last\":\"1970-01-01T00:00:07Z\",\"example\":\"s\"}\n"));
}

TEST(pattern_table_as_json)
{
    check_table(
        (struct pattern_table){.view = PATTERNS_GONE, .json = true}, 1,
        "{\"shape\":\"cccccccc\",\"text\":\"it is gone\",\"count\":0,\"share\":0,\"before\":2,"
        "\"level\":\"info\",\"services\":[\"old\"],\"first\":\"1970-01-01T00:00:01Z\","
        "\"last\":\"1970-01-01T00:00:04Z\",\"example\":\"old\"}\n");
}

TEST(pattern_table_is_as_wide_as_the_terminal) /* 3 */
{
    check_table((struct pattern_table){.view = PATTERNS_NEW, .width = 30}, 1,
                "    COUNT   SHARE  SHAPE     LEVEL  SERVICE  TEXT\n"
                "       25  25.0 %  bbbbbbbb  error  -        it is new\n");
}
