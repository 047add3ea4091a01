/*
 * What `sluice status` shows of a collector: numbers into text and JSON (base/report.h). Pure.
 */
#ifndef COLLECTOR_COLLECT_REPORT_H
#define COLLECTOR_COLLECT_REPORT_H

#include "forward/output_report.h"

struct collect_report {
    uint64_t streams, records, journals, segments;
    bool is_merging;
    uint64_t stored_bytes, line_bytes; /* on disk; of the lines in it */
    uint64_t free_bytes;               /* of the disk */
    uint64_t damaged;                  /* parts */
    int64_t age_ns;                    /* of the oldest record; -1: there is none */
    int64_t keep_ns;                   /* 0: for ever */
    const struct output_row *outputs;  /* collector.outputs */
    size_t n_outputs;
};

void put_collect_report(const struct collect_report *r, const struct problems *p,
                        enum report_form form, struct buf *b);

#endif
