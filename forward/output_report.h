/* What `sluice status` shows of outputs: numbers into text, JSON and problems. Pure. */
#ifndef FORWARD_OUTPUT_REPORT_H
#define FORWARD_OUTPUT_REPORT_H

#include "base/report.h"
#include "forward/output.h"

struct output_row {
    struct str name;
    int kind; /* enum output_kind */
    struct output_numbers numbers;
    struct output_lag lag;
    struct str failure; /* it is not open; else empty */
};

/* Age of the oldest block that waits; 0: none does. */
int64_t output_lag_ns(const struct output_lag *lag, int64_t now_ns);

/* A table with a heading; nothing without rows. */
void put_output_table(const struct output_row *rows, size_t n, int64_t now_ns, struct buf *b);
/* [{"name":"loki","kind":"loki","is_up":true, ...}] */
void put_output_json(const struct output_row *rows, size_t n, int64_t now_ns, struct buf *b);
/* One that fails for a minute, what was refused, blocks that were skipped or damaged. section: "outputs". */
void find_output_problems(const struct output_row *rows, size_t n, const char *section,
                          int64_t now_ns, struct problems *p);

#endif
