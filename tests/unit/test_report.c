/* What `sluice status` shows: base/report.h, shipper/ship_report.h, shipper/progress.h and
 * collector/collect_report.h. */
#include "base/mem.h"
#include "base/time.h"
#include "collector/collect_report.h"
#include "shipper/progress.h"
#include "shipper/ship_report.h"
#include "tests/test.h"

static const char *amount(uint64_t bytes)
{
    static struct buf b;
    buf_reset(&b);
    put_amount(&b, bytes);
    return buf_text(&b);
}

static const char *span(int64_t ns)
{
    static struct buf b;
    buf_reset(&b);
    put_span(&b, ns);
    return buf_text(&b);
}

#define SHOWS(call, text) CHECK_STR(str_from(call), STR(text))

TEST(report_amounts_are_short)
{
    SHOWS(amount(0), "0 B");
    SHOWS(amount(999), "999 B");
    SHOWS(amount(1000), "1.0 kB");
    SHOWS(amount(9949), "9.9 kB");
    SHOWS(amount(9950), "10 kB");
    SHOWS(amount(999499), "999 kB");
    SHOWS(amount(999500), "1.0 MB");
    SHOWS(amount(2100000000), "2.1 GB");
    SHOWS(amount(38000000000), "38 GB");
    SHOWS(amount(UINT64_MAX), "18 EB");
}

TEST(report_spans_are_short)
{
    SHOWS(span(-5), "0.0 s");
    SHOWS(span(400 * NS_PER_MS), "0.4 s");
    SHOWS(span(10 * NS_PER_S - 1), "9.9 s");
    SHOWS(span(119 * NS_PER_S), "119 s");
    SHOWS(span(120 * NS_PER_S), "2 min");
    SHOWS(span(7200 * NS_PER_S), "2 h");
    SHOWS(span(2 * NS_PER_DAY - 1), "47 h");
    SHOWS(span(11 * NS_PER_DAY + 5), "11 d");
    SHOWS(span(INT64_MAX), "106751 d");
}

TEST(report_forms_by_name)
{
    enum report_form form = REPORT_JSON;
    CHECK(parse_report_form((struct str){0}, &form) && form == REPORT_TEXT);
    CHECK(parse_report_form(STR("json"), &form) && form == REPORT_JSON);
    CHECK(parse_report_form(STR("problems"), &form) && form == REPORT_PROBLEMS);
    CHECK(!parse_report_form(STR("jso"), &form));
}

TEST(report_problems_are_one_line_each_and_bounded)
{
    defer(buf_free) struct buf b = {0};
    struct problems p = {0};
    put_problems_form(&b, &p);
    CHECK_STR(buf_str(&b), STR("ok\n"));
    buf_reset(&b);
    problem_add(&p, "a\nb \x1b[31m \xc2\x9b");
    for (int i = 1; i < PROBLEMS_MAX + 3; i++)
        problem_add(&p, "x");
    put_problems_form(&b, &p);
    struct str rest = buf_str(&b), line;
    take_until(&rest, '\n', &line);
    CHECK_STR(line, STR("degraded"));
    take_until(&rest, '\n', &line);
    CHECK_STR(line, STR("a?b ?[31m ?"));
    CHECK(str_ends(buf_str(&b), STR("x\nand 3 more problems\n")));
}

TEST(report_of_a_shipper)
{
    defer(buf_free) struct buf b = {0};
    struct problems none = {0}, some = {0};
    const struct redaction redaction = {.counts[RULE_EMAIL] = 5, .own_count = 2};
    struct source_row rows[] = {
        {STR("file:/b.log"), STR("permission denied"), 0, 0, false},
        {STR("file:/a.log"), STR("ok"), 1234567, 12000, true},
    };
    struct ship_report r = {
        .sources = rows,
        .n_sources = 2,
        .n_read = 1,
        .records = 5,
        .read_bytes = 1234567,
        .lag_bytes = 12000,
        .lag_ns = 400 * NS_PER_MS,
        .has_output = true,
        .is_up = true,
        .last_error = STR(""),
        .ack_age_ns = 2 * NS_PER_S,
        .skew_ns = INT64_MIN,
        .redaction = &redaction,
        .redacted_bytes = -12,
    };
    put_ship_report(&r, &none, REPORT_TEXT, &b);
    CHECK_STR(buf_str(&b),
              STR("shipper    ok        1 sources  lag 0.4 s (12 kB)  spool 0 B  dropped 0"
                  "  redacted 7  acknowledged 2.0 s ago\n"
                  "SOURCE       READ        LAG         STATE\n"
                  "file:/a.log  1.2 MB      12 kB       ok\n"
                  "file:/b.log  -           -           permission denied\n"));
    buf_reset(&b);
    problem_add(&some, "the spool is full");
    r.ack_age_ns = -1;
    r.last_error = STR("connect: no");
    r.n_sources = 0;
    r.redaction = NULL;
    put_ship_report(&r, &some, REPORT_TEXT, &b);
    CHECK_STR(buf_str(&b),
              STR("shipper    degraded  1 sources  lag 0.4 s (12 kB)  spool 0 B  dropped 0"
                  "  redaction off\n"
                  "           ! the spool is full\n"
                  "           output: connect: no: trying again\n"));
    buf_reset(&b);
    put_ship_report(&r, &some, REPORT_JSON, &b);
    CHECK(str_find(buf_str(&b),
                   STR("{\"part\":\"shipper\",\"state\":\"degraded\",\"problems\":[\"the "
                       "spool is full\"],\"version\":")) == 0);
    CHECK(str_find(buf_str(&b), STR("\"lag_s\":0.400,")) != SIZE_MAX);
    CHECK(str_find(buf_str(&b), STR("\"redaction\":null")) != SIZE_MAX);
    buf_reset(&b);
    r.redaction = &redaction;
    put_ship_report(&r, &some, REPORT_JSON, &b);
    CHECK(str_find(buf_str(&b),
                   STR("\"redaction\":{\"bytes\":-12,\"gave_up\":0,\"values\":{\"email\":5,")) !=
          SIZE_MAX);
    CHECK(str_find(buf_str(&b), STR("\"acknowledged_ago_s\":null,\"clock_skew_s\":null}")) !=
          SIZE_MAX);
}

TEST(report_of_many_sources_is_cut_and_says_so)
{
    enum { MANY = REPORT_SOURCES_MAX + 5 };
    static struct source_row rows[MANY];
    defer(buf_free) struct buf b = {0};
    struct problems none = {0};
    struct ship_report r = {.sources = rows, .n_sources = MANY, .last_error = STR("")};
    for (size_t i = 0; i < MANY; i++)
        rows[i] = (struct source_row){STR("x"), STR("ok"), 0, 0, true};
    put_ship_report(&r, &none, REPORT_TEXT, &b);
    CHECK(str_ends(buf_str(&b), STR("\nand 5 more\n")));
    buf_reset(&b);
    put_ship_report(&r, &none, REPORT_JSON, &b);
    CHECK(str_find(buf_str(&b), STR("\"sources_not_shown\":5,")) != SIZE_MAX);
}

TEST(report_of_a_collector)
{
    defer(buf_free) struct buf b = {0};
    struct problems none = {0};
    struct collect_report r = {
        .streams = 31,
        .stored_bytes = 2100000000,
        .line_bytes = 38000000000,
        .free_bytes = 5000,
        .age_ns = 11 * NS_PER_DAY,
        .keep_ns = 30 * NS_PER_DAY,
    };
    put_collect_report(&r, &none, REPORT_TEXT, &b);
    CHECK_STR(buf_str(&b), STR("collector  ok        31 streams  2.1 GB stored (38 GB of lines)"
                               "  11 d of 30 d  5.0 kB free\n"));
    buf_reset(&b);
    r.keep_ns = 0;
    r.free_bytes = 0;
    put_collect_report(&r, &none, REPORT_TEXT, &b);
    CHECK_STR(buf_str(&b), STR("collector  ok        31 streams  2.1 GB stored (38 GB of lines)"
                               "  11 d kept\n"));
    buf_reset(&b);
    r.age_ns = -1;
    put_collect_report(&r, &none, REPORT_JSON, &b);
    CHECK(str_ends(buf_str(&b), STR("\"keep_s\":0,\"oldest_s\":null,\"outputs\":[]}\n")));
}

TEST(report_of_outputs)
{
    defer(buf_free) struct buf b = {0};
    const int64_t now = 1000 * NS_PER_S;
    const struct output_row rows[] = {
        {.name = STR("loki"),
         .kind = OUTPUT_LOKI,
         .numbers = {.is_up = true,
                     .counts = {.records = 4711,
                                .rejected = 3,
                                .rejects = {{"too_old", 3}},
                                .n_rejects = 1,
                                .last_reject = "entry too far behind"},
                     .last_error = ""},
         .lag = {.oldest_ns = TIME_NONE}},
        {.name = STR("es"),
         .kind = OUTPUT_ELASTIC,
         .numbers = {.is_failing = true,
                     .failing_since_ns = now - 90 * NS_PER_S,
                     .last_error = "connection refused"},
         .lag = {.blocks = 7, .oldest_ns = now - 73 * NS_PER_S, .skipped = 2}},
        {.name = STR("cold"), .kind = OUTPUT_LOKI, .failure = STR("no secret")},
    };
    put_output_table(rows, countof(rows), now, &b);
    CHECK_STR(buf_str(&b), STR("OUTPUT  RECORDS     LAG         REJECTED    STATE\n"
                               "loki    4711        0.0 s       3           ok\n"
                               "es      0           73 s        0           connection refused\n"
                               "cold    0           0.0 s       0           no secret\n"));
    buf_reset(&b);
    put_output_json(rows, 2, now, &b);
    CHECK(str_find(buf_str(&b), STR("\"name\":\"loki\",\"kind\":\"loki\",\"is_up\":true,"
                                    "\"records\":4711")) != SIZE_MAX);
    CHECK(str_find(buf_str(&b), STR("\"rejected\":{\"too_old\":3}")) != SIZE_MAX);
    CHECK(str_find(buf_str(&b), STR("\"lag_blocks\":7,\"lag_s\":73.000,\"skipped_blocks\":2")) !=
          SIZE_MAX);
    struct problems p = {0};
    find_output_problems(rows, countof(rows), "outputs", now, &p);
    CHECK_INT(p.n, 4);
    CHECK_STR(str_from(p.text[0]), STR("outputs.loki refused 3 records: entry too far behind"));
    CHECK_STR(str_from(p.text[1]), STR("outputs.es fails since 90 s: connection refused"));
    CHECK_STR(str_from(p.text[2]),
              STR("outputs.es: 2 blocks were skipped, as there was no more room"));
    CHECK_STR(str_from(p.text[3]), STR("outputs.cold is not open: no secret"));
}

/* ---- progress ---- */

static void look(struct progress *p, uint64_t offset, uint64_t lag, int64_t at_s)
{
    progress_begin(p);
    progress_note(p, STR("a"), offset, lag, at_s * NS_PER_S);
    progress_end(p);
}

TEST(progress_of_a_file_that_is_written_and_read_as_fast)
{
    defer(progress_free) struct progress p = {0};
    for (int64_t s = 0; s < 1000; s += 2) {
        look(&p, (uint64_t)s * 100, 150, s);
        CHECK(progress_lag_ns(&p, s * NS_PER_S) <= 2 * NS_PER_S);
    }
    CHECK_INT(p.stuck, 0);
    look(&p, 100000, 0, 1001);
    CHECK_INT(progress_lag_ns(&p, 2000 * NS_PER_S), 0);
    CHECK_INT(p.lagging.n, 0);
}

TEST(progress_of_a_file_that_is_far_behind_but_gets_on)
{
    defer(progress_free) struct progress p = {0};
    for (int64_t s = 0; s <= 200; s += 2)
        look(&p, (uint64_t)s, 100000, s);
    CHECK_INT(progress_lag_ns(&p, 200 * NS_PER_S), 200 * NS_PER_S);
    CHECK_INT(p.stuck, 0);
    CHECK_INT(p.lag_bytes, 100000);
}

TEST(progress_stops)
{
    defer(progress_free) struct progress p = {0};
    look(&p, 5, 10, 0);
    look(&p, 6, 10, 10);
    look(&p, 6, 10, 69);
    CHECK_INT(p.stuck, 0);
    CHECK_INT(progress_still_ns(&p, STR("a"), 69 * NS_PER_S), 59 * NS_PER_S);
    look(&p, 6, 20, 70);
    CHECK_INT(p.stuck, 1);
    look(&p, 7, 19, 71);
    CHECK_INT(p.stuck, 0);
}

TEST(progress_forgets_what_is_not_there)
{
    defer(progress_free) struct progress p = {0};
    char name[32];
    progress_begin(&p);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "file %d", i);
        progress_note(&p, str_from(name), 0, 1, 0);
    }
    progress_end(&p);
    CHECK_INT(p.lagging.n, 1000);
    CHECK_INT(p.lag_bytes, 1000);
    look(&p, 0, 1, 5);
    CHECK_INT(p.lagging.n, 1);
    CHECK_INT(progress_lag_ns(&p, 7 * NS_PER_S), 2 * NS_PER_S);
    CHECK_INT(progress_still_ns(&p, STR("file 3"), 500 * NS_PER_S), 0);
}
