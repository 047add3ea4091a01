/*
 * What the program counts about itself, printed in Prometheus' text format 0.0.4.
 *
 *     metric_count(&m, METRIC_DROPPED_BYTES, LABELS("too_old"), 120);
 *     metric_set(&m, METRIC_SPOOL_BYTES, NO_LABELS, 4096);
 *     metric_observe(&m, METRIC_QUERY_SECONDS, NO_LABELS, 0.031);
 *
 *     # HELP sluice_dropped_bytes_total Bytes of lines dropped, by reason.
 *     # TYPE sluice_dropped_bytes_total counter
 *     sluice_dropped_bytes_total{reason="too_old"} 120
 *
 * Invariants
 *  1. A family has a fixed name, kind, help and at most two label names (table below). A series
 *     appears with its first value; counting 0 makes one appear.
 *  2. A family holds at most METRIC_SERIES_MAX series. What would be one more is counted with
 * "other" as its first label, so that sums stay right; the second label is kept, as far as there is
 * room for METRIC_SECOND_MAX such series, then it is "other" as well.
 *  3. Counters only grow. A label value longer than METRIC_VALUE_MAX bytes is cut; bytes that are
 * not UTF-8 are printed as "?".
 *  4. Only the loop thread touches it: no locks, no atomics. Work off the loop returns its numbers.
 *
 * The zero value is empty and valid.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"

enum { METRIC_SERIES_MAX = 256, METRIC_SECOND_MAX = 16, METRIC_VALUE_MAX = 128 };

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* clang-format off */
/* METRIC_<id>, kind, name, label names or 0, help */
#define METRICS(X)                                                                                 \
    X(READ_BYTES, COUNTER, "sluice_read_bytes_total", "source_kind", 0,                            \
      "Bytes of lines read from sources, without their envelopes.")                                \
    X(RECORDS, COUNTER, "sluice_records_total", "service", "level",                                \
      "Records taken, by service and level.")                                                      \
    X(REDACTIONS, COUNTER, "sluice_redactions_total", "rule", 0,                                   \
      "Values hidden in lines, by rule.")                                                          \
    X(DROPPED_RECORDS, COUNTER, "sluice_dropped_records_total", "reason", 0,                       \
      "Records dropped, by reason.")                                                               \
    X(DROPPED_BYTES, COUNTER, "sluice_dropped_bytes_total", "reason", 0,                           \
      "Bytes of lines dropped, by reason.")                                                        \
    X(LAG_SECONDS, GAUGE, "sluice_lag_seconds", 0, 0,                                              \
      "Age of the oldest line that is in a file and not read.")                                    \
    X(LAG_BYTES, GAUGE, "sluice_lag_bytes", 0, 0,                                                  \
      "Bytes in files that are not read.")                                                         \
    X(SPOOL_BYTES, GAUGE, "sluice_spool_bytes", 0, 0,                                              \
      "Bytes in the spool that no collector has acknowledged.")                                    \
    X(SPOOL_OLDEST_SECONDS, GAUGE, "sluice_spool_oldest_seconds", 0, 0,                            \
      "Age of the oldest block in the spool.")                                                     \
    X(OUTPUT_UP, GAUGE, "sluice_output_up", "output", 0,                                           \
      "1 if the last request to the output was answered well.")                                    \
    X(OUTPUT_REJECTED, COUNTER, "sluice_output_rejected_total", "output", "reason",                \
      "Records that an output refused for good.")                                                  \
    X(OUTPUT_RECORDS, COUNTER, "sluice_output_records_total", "output", 0,                         \
      "Records that an output has taken.")                                                         \
    X(OUTPUT_SKIPPED, COUNTER, "sluice_output_skipped_blocks_total", "output", 0,                  \
      "Blocks that an output did not get, as there was no more room for what waits.")              \
    X(OUTPUT_LAG_BLOCKS, GAUGE, "sluice_output_lag_blocks", "output", 0,                           \
      "Blocks that wait for an output.")                                                           \
    X(OUTPUT_LAG_SECONDS, GAUGE, "sluice_output_lag_seconds", "output", 0,                         \
      "Age of the oldest block that waits for an output.")                                         \
    X(ACK_AGE_SECONDS, GAUGE, "sluice_ack_age_seconds", 0, 0,                                      \
      "Time since the last acknowledged block.")                                                   \
    X(BLOCKS, COUNTER, "sluice_blocks_total", 0, 0,                                                \
      "Blocks sent by a shipper, or stored by a collector.")                                       \
    X(STORE_BYTES, GAUGE, "sluice_store_bytes", "tier", 0,                                         \
      "Bytes on disk, by tier of the store.")                                                      \
    X(STORE_FREE_BYTES, GAUGE, "sluice_store_free_bytes", 0, 0,                                    \
      "Bytes free on the disk of the store.")                                                      \
    X(OLDEST_RECORD_SECONDS, GAUGE, "sluice_oldest_record_seconds", 0, 0,                          \
      "Age of the oldest record kept.")                                                            \
    X(QUERY_SECONDS, HISTOGRAM, "sluice_query_seconds", 0, 0,                                      \
      "Time of queries, from request to last line.")                                               \
    X(QUERY_INCOMPLETE, COUNTER, "sluice_query_incomplete_total", 0, 0,                            \
      "Queries whose answer lacked something.")                                                    \
    X(QUERY_REFUSED, COUNTER, "sluice_query_refused_total", 0, 0,                                  \
      "Queries for which there was no place (collector.limits.queries).")                          \
    X(TAILS, GAUGE, "sluice_tails", 0, 0,                                                          \
      "Tails that are open.")                                                                      \
    X(CORRUPT_PARTS, GAUGE, "sluice_corrupt_parts", 0, 0,                                          \
      "Frames and files skipped because they are damaged.")                                        \
    X(CLOCK_SKEW_SECONDS, GAUGE, "sluice_clock_skew_seconds", 0, 0,                                \
      "Collector's clock minus ours, when it was last asked.")                                     \
    X(CONFIG_RELOAD_OK, GAUGE, "sluice_config_reload_ok", 0, 0,                                    \
      "0 if the last reload was refused because the configuration is wrong.")                      \
    X(BUILD_INFO, GAUGE, "sluice_build_info", "version", 0,                                        \
      "Always 1; the version is in the label.")
/* clang-format on */

enum metric {
#define X(id, kind, name, first, second, help) METRIC_##id,
    METRICS(X)
#undef X
        METRICS_N
};

struct metric_series;

struct metric_family {
    struct map by_labels;        /* series by "first\0second" */
    struct metric_series *first; /* in order of appearance */
    struct metric_series *last;
    size_t n;
};

struct metrics {
    struct metric_family families[METRICS_N];
    struct arena arena;
};

/* Values of the labels in the order of the table; empty where a family has none. */
struct metric_labels {
    struct str first, second;
};

#define NO_LABELS             ((struct metric_labels){{0}, {0}})
#define LABELS(literal)       ((struct metric_labels){STR(literal), {0}})
#define LABELS_OF(first, ...) ((struct metric_labels){(first), ##__VA_ARGS__})

void metric_count(struct metrics *m, enum metric id, struct metric_labels labels, uint64_t more);
void metric_set(struct metrics *m, enum metric id, struct metric_labels labels, double value);
/* Into a histogram; seconds. */
void metric_observe(struct metrics *m, enum metric id, struct metric_labels labels, double value);

/* The value of a counter or gauge, the number of observations of a histogram; 0 if there is none.
 */
double metric_value(const struct metrics *m, enum metric id, struct metric_labels labels);

/* All families that have a series, in the order of the table. */
void metrics_print(const struct metrics *m, struct buf *b);
void metrics_free(struct metrics *m);

#endif
