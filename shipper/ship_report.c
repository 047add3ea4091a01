#include "shipper/ship_report.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

#include <stdlib.h>

enum { SOURCE_WIDTH = 60, NUMBER_WIDTH = 10 };

static int by_source(const void *a, const void *b)
{
    return str_compare(((const struct source_row *)a)->source,
                       ((const struct source_row *)b)->source);
}

/* ---- text ---- */

static void put_padded(struct buf *b, struct str text, size_t width)
{
    size_t start = b->len;
    put_safe(b, text);
    while (b->len < start + width)
        buf_add_byte(b, ' ');
    buf_add(b, STR("  "));
}

static void put_padded_amount(struct buf *b, uint64_t bytes, bool is_known)
{
    defer(buf_free) struct buf text = {0};
    if (is_known)
        put_amount(&text, bytes);
    else
        buf_add_byte(&text, '-');
    put_padded(b, buf_str(&text), NUMBER_WIDTH);
}

static void put_table(const struct ship_report *r, size_t shown, struct buf *b)
{
    size_t width = STR("SOURCE").len;
    for (size_t i = 0; i < shown; i++)
        width = max_of(width, min_of(r->sources[i].source.len, (size_t)SOURCE_WIDTH));
    if (shown == 0)
        return;
    put_padded(b, STR("SOURCE"), width);
    put_padded(b, STR("READ"), NUMBER_WIDTH);
    put_padded(b, STR("LAG"), NUMBER_WIDTH);
    buf_add(b, STR("STATE\n"));
    for (size_t i = 0; i < shown; i++) {
        const struct source_row *row = &r->sources[i];
        put_padded(b, row->source, width);
        put_padded_amount(b, row->read, row->has_numbers);
        put_padded_amount(b, row->lag, row->has_numbers);
        put_safe(b, row->state);
        buf_add_byte(b, '\n');
    }
    if (shown < r->n_sources)
        buf_print(b, "and %zu more\n", r->n_sources - shown);
}

static void put_text(const struct ship_report *r, const struct problems *p, size_t shown,
                     struct buf *b)
{
    put_report_head(b, "shipper", problems_state(p));
    buf_print(b, "%zu sources  lag ", r->n_read);
    put_span(b, r->lag_ns);
    if (r->lag_bytes) {
        buf_add(b, STR(" ("));
        put_amount(b, r->lag_bytes);
        buf_add(b, STR(")"));
    }
    buf_add(b, STR("  spool "));
    put_amount(b, r->spool_bytes);
    buf_add(b, STR("  dropped "));
    if (r->dropped_bytes)
        put_amount(b, r->dropped_bytes);
    else
        buf_add_byte(b, '0');
    if (r->redaction)
        buf_print(b, "  redacted %llu", (unsigned long long)redaction_total(r->redaction));
    else
        buf_add(b, STR("  redaction off"));
    if (r->ack_age_ns >= 0) {
        buf_add(b, STR("  acknowledged "));
        put_span(b, r->ack_age_ns);
        buf_add(b, STR(" ago"));
    }
    buf_add_byte(b, '\n');
    put_report_problems(b, p);
    if (r->last_error.len) {
        buf_add(b, STR("           output: "));
        put_safe(b, r->last_error);
        buf_add(b, STR(": trying again\n"));
    }
    put_table(r, shown, b);
    put_output_table(r->outputs, r->n_outputs, time_now(), b);
}

/* ---- JSON ---- */

static void put_seconds(struct buf *b, int64_t ns)
{
    buf_print(b, "%.3f", (double)ns / NS_PER_S);
}

static void put_output(const struct ship_report *r, struct buf *b)
{
    if (!r->has_output) {
        buf_add(b, STR(",\"output\":null"));
        return;
    }
    buf_print(b, ",\"output\":{\"is_up\":%s,\"last_error\":", r->is_up ? "true" : "false");
    put_json(b, r->last_error);
    buf_add(b, STR(",\"acknowledged_ago_s\":"));
    if (r->ack_age_ns >= 0)
        put_seconds(b, r->ack_age_ns);
    else
        buf_add(b, STR("null"));
    buf_add(b, STR(",\"clock_skew_s\":"));
    if (r->skew_ns != INT64_MIN)
        put_seconds(b, r->skew_ns);
    else
        buf_add(b, STR("null"));
    buf_add(b, STR("}"));
}

static void put_redaction(const struct ship_report *r, struct buf *b)
{
    if (!r->redaction) {
        buf_add(b, STR(",\"redaction\":null"));
        return;
    }
    buf_print(b, ",\"redaction\":{\"bytes\":%lld,\"gave_up\":%llu,\"values\":{",
              (long long)r->redacted_bytes, (unsigned long long)r->redaction->gave_up);
    for (size_t i = 0; i < REDACT_RULES; i++)
        buf_print(b, "\"%.*s\":%llu,", STR_ARG(redact_rules[i].name),
                  (unsigned long long)r->redaction->counts[i]);
    buf_print(b, "\"patterns\":%llu}}", (unsigned long long)r->redaction->own_count);
}

static void put_json_form(const struct ship_report *r, const struct problems *p, size_t shown,
                          struct buf *b)
{
    put_report_json(b, "shipper", p);
    buf_print(b,
              ",\"version\":\"%s\",\"records\":%llu,\"read_bytes\":%llu,\"dropped_bytes\":%llu,"
              "\"lag_bytes\":%llu,\"lag_s\":",
              SLUICE_VERSION, (unsigned long long)r->records, (unsigned long long)r->read_bytes,
              (unsigned long long)r->dropped_bytes, (unsigned long long)r->lag_bytes);
    put_seconds(b, r->lag_ns);
    buf_print(b, ",\"spool_bytes\":%llu,\"damaged_parts\":%llu", (unsigned long long)r->spool_bytes,
              (unsigned long long)r->damaged);
    put_output(r, b);
    put_redaction(r, b);
    buf_add(b, STR(",\"outputs\":"));
    put_output_json(r->outputs, r->n_outputs, time_now(), b);
    buf_print(b, ",\"sources_read\":%zu,\"sources_not_shown\":%zu,\"sources\":[", r->n_read,
              r->n_sources - shown);
    for (size_t i = 0; i < shown; i++) {
        const struct source_row *row = &r->sources[i];
        buf_add(b, i ? STR(",{\"source\":") : STR("{\"source\":"));
        put_json(b, row->source);
        if (row->has_numbers)
            buf_print(b, ",\"read_bytes\":%llu,\"lag_bytes\":%llu", (unsigned long long)row->read,
                      (unsigned long long)row->lag);
        buf_add(b, STR(",\"state\":"));
        put_json(b, row->state);
        buf_add(b, STR("}"));
    }
    buf_add(b, STR("]}\n"));
}

void put_ship_report(struct ship_report *r, const struct problems *p, enum report_form form,
                     struct buf *b)
{
    size_t shown = min_of(r->n_sources, (size_t)REPORT_SOURCES_MAX);
    if (r->n_sources)
        qsort(r->sources, r->n_sources, sizeof *r->sources, by_source);
    if (form == REPORT_TEXT)
        put_text(r, p, shown, b);
    else if (form == REPORT_JSON)
        put_json_form(r, p, shown, b);
    else
        put_problems_form(b, p);
}
