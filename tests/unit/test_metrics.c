#include "base/mem.h"
#include "base/metrics.h"
#include "tests/test.h"

#include <math.h>

TEST(metrics_print_the_text_format)
{
    defer(metrics_free) struct metrics m = {0};
    defer(buf_free) struct buf b = {0};
    metric_count(&m, METRIC_DROPPED_BYTES, LABELS("too_old"), 100);
    metric_count(&m, METRIC_DROPPED_BYTES, LABELS("too_old"), 20);
    metric_count(&m, METRIC_BLOCKS, NO_LABELS, 0);
    metric_set(&m, METRIC_ACK_AGE_SECONDS, NO_LABELS, 1.5);
    metric_set(&m, METRIC_SPOOL_BYTES, NO_LABELS, 4294967296.0);
    metric_count(&m, METRIC_RECORDS, LABELS_OF(STR("api"), STR("error")), 3);
    metric_set(&m, METRIC_BUILD_INFO, LABELS("0.1.0"), 1);
    metrics_print(&m, &b);
    CHECK_STR(
        buf_str(&b),
        STR("# HELP sluice_records_total Records taken, by service and level.\n"
            "# TYPE sluice_records_total counter\n"
            "sluice_records_total{service=\"api\",level=\"error\"} 3\n"
            "# HELP sluice_dropped_bytes_total Bytes of lines dropped, by reason.\n"
            "# TYPE sluice_dropped_bytes_total counter\n"
            "sluice_dropped_bytes_total{reason=\"too_old\"} 120\n"
            "# HELP sluice_spool_bytes Bytes in the spool that no collector has acknowledged.\n"
            "# TYPE sluice_spool_bytes gauge\n"
            "sluice_spool_bytes 4294967296\n"
            "# HELP sluice_ack_age_seconds Time since the last acknowledged block.\n"
            "# TYPE sluice_ack_age_seconds gauge\n"
            "sluice_ack_age_seconds 1.5\n"
            "# HELP sluice_blocks_total Blocks sent by a shipper, or stored by a collector.\n"
            "# TYPE sluice_blocks_total counter\n"
            "sluice_blocks_total 0\n"
            "# HELP sluice_build_info Always 1; the version is in the label.\n"
            "# TYPE sluice_build_info gauge\n"
            "sluice_build_info{version=\"0.1.0\"} 1\n"));
}

TEST(metrics_histogram_sums_up)
{
    defer(metrics_free) struct metrics m = {0};
    defer(buf_free) struct buf b = {0};
    metric_observe(&m, METRIC_QUERY_SECONDS, NO_LABELS, 0.001);
    metric_observe(&m, METRIC_QUERY_SECONDS, NO_LABELS, 0.5);
    metric_observe(&m, METRIC_QUERY_SECONDS, NO_LABELS, 1000);
    CHECK_INT(metric_value(&m, METRIC_QUERY_SECONDS, NO_LABELS), 3);
    metrics_print(&m, &b);
    struct str text = buf_str(&b);
    CHECK(str_find(text, STR("# TYPE sluice_query_seconds histogram\n"
                             "sluice_query_seconds_bucket{le=\"0.001\"} 1\n")) != SIZE_MAX);
    CHECK(str_find(text, STR("_bucket{le=\"0.3\"} 1\n")) != SIZE_MAX);
    CHECK(str_find(text, STR("_bucket{le=\"1\"} 2\n")) != SIZE_MAX);
    CHECK(str_find(text, STR("_bucket{le=\"300\"} 2\n")) != SIZE_MAX);
    CHECK(str_ends(text, STR("sluice_query_seconds_bucket{le=\"+Inf\"} 3\n"
                             "sluice_query_seconds_sum 1000.501\n"
                             "sluice_query_seconds_count 3\n")));
}

TEST(metrics_escape_label_values)
{
    defer(metrics_free) struct metrics m = {0};
    defer(buf_free) struct buf b = {0};
    metric_count(&m, METRIC_DROPPED_RECORDS, LABELS("a\"b\\c\nd\xc3\xa9"), 1);
    metric_count(&m, METRIC_DROPPED_RECORDS, LABELS("\xff!"), 1);
    metric_set(&m, METRIC_LAG_SECONDS, NO_LABELS, INFINITY);
    metrics_print(&m, &b);
    CHECK(str_find(buf_str(&b), STR("{reason=\"a\\\"b\\\\c\\nd\xc3\xa9\"} 1\n")) != SIZE_MAX);
    CHECK(str_find(buf_str(&b), STR("{reason=\"?!\"} 1\n")) != SIZE_MAX);
    CHECK(str_find(buf_str(&b), STR("sluice_lag_seconds +Inf\n")) != SIZE_MAX);
}

/* Invariant 2. */
TEST(metrics_count_the_rest_as_other)
{
    defer(metrics_free) struct metrics m = {0};
    for (int i = 0; i < 1000; i++) {
        char service[16], level[16];
        snprintf(service, sizeof service, "s%d", i);
        snprintf(level, sizeof level, "l%d", i % 100);
        metric_count(&m, METRIC_RECORDS, LABELS_OF(str_from(service), str_from(level)), 1);
        metric_count(&m, METRIC_DROPPED_RECORDS, (struct metric_labels){.first = str_from(service)},
                     1);
    }
    CHECK_INT(m.families[METRIC_RECORDS].n, METRIC_SERIES_MAX + METRIC_SECOND_MAX + 1);
    CHECK_INT(m.families[METRIC_DROPPED_RECORDS].n, METRIC_SERIES_MAX + 1);
    CHECK_INT(metric_value(&m, METRIC_DROPPED_RECORDS, LABELS("other")), 1000 - METRIC_SERIES_MAX);
    CHECK_INT(metric_value(&m, METRIC_DROPPED_RECORDS, LABELS("s7")), 1);
    double rest = metric_value(&m, METRIC_RECORDS, LABELS_OF(STR("other"), STR("other")));
    for (int i = 0; i < 100; i++) {
        char level[16];
        snprintf(level, sizeof level, "l%d", i);
        rest += metric_value(&m, METRIC_RECORDS, LABELS_OF(STR("other"), str_from(level)));
    }
    CHECK_INT(rest, 1000 - METRIC_SERIES_MAX);
}

TEST(metrics_cut_long_values)
{
    defer(metrics_free) struct metrics m = {0};
    char value[400];
    memset(value, 'x', sizeof value);
    memcpy(value + METRIC_VALUE_MAX - 1, "\xc3\xa9", 2);
    metric_count(&m, METRIC_DROPPED_BYTES, (struct metric_labels){.first = {value, 400}}, 1);
    CHECK_INT(metric_value(&m, METRIC_DROPPED_BYTES,
                           (struct metric_labels){.first = {value, METRIC_VALUE_MAX - 1}}),
              1);
}
