/*
 * What `sluice status` shows of a shipper: numbers into text and JSON (base/report.h). Pure.
 */
#ifndef SHIPPER_SHIP_REPORT_H
#define SHIPPER_SHIP_REPORT_H

#include "formats/redact/redact.h"
#include "forward/output_report.h"

enum { REPORT_SOURCES_MAX = 1000 }; /* more are counted */

struct source_row {
    struct str source, state; /* state: "ok", or why it is not read */
    uint64_t read, lag;       /* bytes */
    bool has_numbers;         /* else it is not read at all */
};

struct ship_report {
    struct source_row *sources; /* sorted by put_ship_report */
    size_t n_sources;
    size_t n_read;    /* of them that are read */
    uint64_t records; /* since the start, as all that follow */
    uint64_t read_bytes, dropped_bytes;
    const struct redaction *redaction; /* what was hidden; NULL: it is off */
    int64_t redacted_bytes;            /* that lines have become longer by it */
    uint64_t lag_bytes;
    int64_t lag_ns;
    uint64_t spool_bytes, damaged;
    const struct output_row *outputs; /* beside a collector of ours */
    size_t n_outputs;
    bool has_output;       /* a collector, of which the rest speaks */
    bool is_up;            /* it answers */
    struct str last_error; /* while it does not; else empty */
    int64_t ack_age_ns;    /* -1: nothing was acknowledged yet */
    int64_t skew_ns;       /* the collector's clock minus ours; INT64_MIN: not known */
};

void put_ship_report(struct ship_report *r, const struct problems *p, enum report_form form,
                     struct buf *b);

#endif
