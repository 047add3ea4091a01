/* Invariant numbers are those of query/count_table.h. */
#include "query/count_table.h"

#include "base/mem.h"
#include "tests/test.h"

static const struct str service[] = {STR_INIT("service")};

static void add(struct tallies *t, const char *value, int64_t second, uint64_t count)
{
    struct tally tally = {.values = {str_from(value)},
                          .start_ns = second < 0 ? TIME_NONE : second * NS_PER_S,
                          .count = count,
                          .part = count / 2,
                          .numbers = count,
                          .sum = (double)count * 3};
    tallies_join(t, &tally);
}

struct table {
    struct tally_options options;
    struct tallies tallies;
    struct printer printer;
    struct count_table table;
};

static void open_table(struct table *t, struct tally_options options, bool terminal)
{
    struct err err;
    *t = (struct table){.options = options};
    REQUIRE_OK(tallies_open(&t->tallies, &options, &(struct filter_scope){0}, &err));
    printer_init(&t->printer, (struct print_options){.terminal = terminal});
    t->table = (struct count_table){
        .options = &t->options, .tallies = &t->tallies, .printer = &t->printer};
}

static void check_table(struct table *t, const char *expected)
{
    defer(buf_free) struct buf out = {0};
    count_table_print(&t->table, &out);
    CHECK_STR(buf_str(&out), str_from(expected));
    tallies_free(&t->tallies);
}

TEST(count_table_of_one_number) /* 3 */
{
    struct table t;
    open_table(&t, (struct tally_options){0}, false);
    add(&t.tallies, "", -1, 41);
    check_table(&t, "41\n");
    open_table(&t, (struct tally_options){0}, false);
    check_table(&t, "0\n");
}

TEST(count_table_of_values)
{
    struct table t;
    static const struct str functions[] = {STR_INIT("avg")};
    open_table(&t, (struct tally_options){.names = service, .n_names = 1, .measure = STR("x")},
               false);
    t.table.functions = functions;
    t.table.n_functions = 1;
    add(&t.tallies, "api", -1, 61);
    add(&t.tallies, "", -1, 12);
    check_table(&t, "SERVICE         COUNT         AVG\n"
                    "api                61           3\n"
                    "-                  12           3\n");
}

TEST(count_table_bars_on_a_terminal) /* 4 */
{
    struct table t;
    open_table(&t, (struct tally_options){.names = service, .n_names = 1}, true);
    add(&t.tallies, "a\x1b[31m", -1, 24);
    add(&t.tallies, "b", -1, 1);
    check_table(&t, "SERVICE         COUNT\n"
                    "a^[[31m            24  ████████████████████████\n"
                    "b                   1  █\n");
}

TEST(count_table_of_the_largest) /* 1 */
{
    struct table t;
    open_table(&t, (struct tally_options){.names = service, .n_names = 1}, false);
    t.table.top = 2;
    add(&t.tallies, "a", -1, 5);
    add(&t.tallies, "b", -1, 9);
    add(&t.tallies, "c", -1, 2);
    add(&t.tallies, "d", -1, 1);
    check_table(&t, "SERVICE         COUNT\n"
                    "b                   9\n"
                    "a                   5\n"
                    "(other)             3\n");
}

TEST(count_table_of_spans) /* 2 */
{
    struct table t;
    const struct tally_options options = {
        .names = service, .n_names = 1, .every_ns = 300 * NS_PER_S};
    open_table(&t, options, false);
    add(&t.tallies, "api", 600, 61);
    add(&t.tallies, "worker", 600, 12);
    add(&t.tallies, "api", 1500, 4);
    check_table(&t, "00:10  api 61  worker 12\n"
                    "00:15  -\n"
                    "00:20  -\n"
                    "00:25  api 4\n");
    open_table(&t, options, true);
    add(&t.tallies, "api", 0, 8);
    add(&t.tallies, "api", 86400, 4);
    check_table(&t, "1970-01-01 00:00  api ████████ 8\n"
                    "...\n"
                    "1970-01-02 00:00  api ████ 4\n");
}
