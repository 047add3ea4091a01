#include "forward/output_report.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

#include <inttypes.h>

#define PATIENCE_NS (60 * NS_PER_S)

int64_t output_lag_ns(const struct output_lag *lag, int64_t now_ns)
{
    bool waits = lag->blocks && lag->oldest_ns != TIME_NONE;
    return waits ? max_of(now_ns - lag->oldest_ns, (int64_t)0) : 0;
}

/* ---- text ---- */

static void put_cell(struct buf *b, const struct buf *text, size_t width)
{
    put_safe(b, buf_str(text));
    for (size_t n = text->len; n < width; n++)
        buf_add_byte(b, ' ');
    buf_add(b, STR("  "));
}

static void put_state(struct buf *b, const struct output_row *row)
{
    if (row->failure.len)
        put_safe(b, row->failure);
    else if (row->numbers.is_failing)
        put_safe(b, str_from(row->numbers.last_error));
    else
        buf_add(b, row->numbers.is_up ? STR("ok") : STR("nothing sent yet"));
    buf_add_byte(b, '\n');
}

void put_output_table(const struct output_row *rows, size_t n, int64_t now_ns, struct buf *b)
{
    enum { NUMBER = 10 };
    size_t width = STR("OUTPUT").len;
    defer(buf_free) struct buf cell = {0};
    for (size_t i = 0; i < n; i++)
        width = max_of(width, rows[i].name.len);
    if (n == 0)
        return;
    buf_print(b, "%-*s  %-*s  %-*s  %-*s  STATE\n", (int)width, "OUTPUT", NUMBER, "RECORDS", NUMBER,
              "LAG", NUMBER, "REJECTED");
    for (size_t i = 0; i < n; i++) {
        buf_reset(&cell);
        buf_add(&cell, rows[i].name);
        put_cell(b, &cell, width);
        buf_print(b, "%-*" PRIu64 "  ", NUMBER, rows[i].numbers.counts.records);
        buf_reset(&cell);
        put_span(&cell, output_lag_ns(&rows[i].lag, now_ns));
        put_cell(b, &cell, NUMBER);
        buf_print(b, "%-*" PRIu64 "  ", NUMBER, rows[i].numbers.counts.rejected);
        put_state(b, &rows[i]);
    }
}

/* ---- JSON ---- */

static void put_rejects(struct buf *b, const struct output_counts *n)
{
    buf_add(b, STR(",\"rejected\":{"));
    for (size_t i = 0; i < n->n_rejects; i++)
        buf_print(b, "%s\"%s\":%" PRIu64, i ? "," : "", n->rejects[i].reason, n->rejects[i].rows);
    buf_add(b, STR("}"));
}

void put_output_json(const struct output_row *rows, size_t n, int64_t now_ns, struct buf *b)
{
    buf_add_byte(b, '[');
    for (size_t i = 0; i < n; i++) {
        const struct output_numbers *o = &rows[i].numbers;
        struct str error = rows[i].failure;
        if (!error.len && o->is_failing)
            error = str_from(o->last_error);
        buf_print(b, "%s{\"name\":", i ? "," : "");
        put_json(b, rows[i].name);
        buf_print(b,
                  ",\"kind\":\"%s\",\"is_up\":%s,\"records\":%" PRIu64 ",\"bytes\":%" PRIu64
                  ",\"lag_blocks\":%" PRIu64 ",\"lag_s\":%.3f,\"skipped_blocks\":%" PRIu64
                  ",\"damaged_blocks\":%" PRIu64,
                  output_kind_names[rows[i].kind], o->is_up ? "true" : "false", o->counts.records,
                  o->counts.bytes, rows[i].lag.blocks,
                  (double)output_lag_ns(&rows[i].lag, now_ns) / NS_PER_S, rows[i].lag.skipped,
                  o->counts.damaged);
        put_rejects(b, &o->counts);
        buf_add(b, STR(",\"last_reject\":"));
        put_json(b, str_from(o->counts.last_reject));
        buf_add(b, STR(",\"last_error\":"));
        put_json(b, error);
        buf_add_byte(b, '}');
    }
    buf_add_byte(b, ']');
}

/* ---- problems ---- */

void find_output_problems(const struct output_row *rows, size_t n, const char *section,
                          int64_t now_ns, struct problems *p)
{
    for (size_t i = 0; i < n; i++) {
        const struct output_row *row = &rows[i];
        const struct output_numbers *o = &row->numbers;
        int64_t failing_ns = o->is_failing ? now_ns - o->failing_since_ns : 0;
        if (row->failure.len)
            problem_add(p, "%s.%.*s is not open: %.*s", section, STR_ARG(row->name),
                        STR_ARG(row->failure));
        if (failing_ns >= PATIENCE_NS)
            problem_add(p, "%s.%.*s fails since %" PRId64 " s: %s", section, STR_ARG(row->name),
                        failing_ns / NS_PER_S, o->last_error);
        if (o->counts.rejected)
            problem_add(p, "%s.%.*s refused %" PRIu64 " records: %s", section, STR_ARG(row->name),
                        o->counts.rejected, o->counts.last_reject);
        if (row->lag.skipped)
            problem_add(p, "%s.%.*s: %" PRIu64 " blocks were skipped, as there was no more room",
                        section, STR_ARG(row->name), row->lag.skipped);
        if (o->counts.damaged)
            problem_add(p, "%s.%.*s: %" PRIu64 " damaged blocks were passed over", section,
                        STR_ARG(row->name), o->counts.damaged);
    }
}
