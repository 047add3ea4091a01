#include "collector/collect_report.h"

#include "base/time.h"

static void put_text(const struct collect_report *r, const struct problems *p, struct buf *b)
{
    put_report_head(b, "collector", problems_state(p));
    buf_print(b, "%llu streams  ", (unsigned long long)r->streams);
    put_amount(b, r->stored_bytes);
    buf_add(b, STR(" stored ("));
    put_amount(b, r->line_bytes);
    buf_add(b, STR(" of lines)"));
    if (r->age_ns >= 0) {
        buf_add(b, STR("  "));
        put_span(b, r->age_ns);
        buf_add(b, r->keep_ns ? STR(" of ") : STR(" kept"));
        if (r->keep_ns)
            put_span(b, r->keep_ns);
    }
    if (r->free_bytes) { /* it is known a few seconds after the start */
        buf_add(b, STR("  "));
        put_amount(b, r->free_bytes);
        buf_add(b, STR(" free"));
    }
    buf_add_byte(b, '\n');
    put_report_problems(b, p);
    put_output_table(r->outputs, r->n_outputs, time_now(), b);
}

static void put_json_form(const struct collect_report *r, const struct problems *p, struct buf *b)
{
    put_report_json(b, "collector", p);
    buf_print(b,
              ",\"version\":\"%s\",\"streams\":%llu,\"records\":%llu,\"journals\":%llu,"
              "\"segments\":%llu,\"merging\":%s,"
              "\"stored_bytes\":%llu,\"line_bytes\":%llu,\"free_bytes\":%llu,"
              "\"damaged_parts\":%llu,\"keep_s\":%lld,\"oldest_s\":",
              SLUICE_VERSION, (unsigned long long)r->streams, (unsigned long long)r->records,
              (unsigned long long)r->journals, (unsigned long long)r->segments,
              r->is_merging ? "true" : "false", (unsigned long long)r->stored_bytes,
              (unsigned long long)r->line_bytes, (unsigned long long)r->free_bytes,
              (unsigned long long)r->damaged, (long long)(r->keep_ns / NS_PER_S));
    if (r->age_ns >= 0)
        buf_print(b, "%lld", (long long)(r->age_ns / NS_PER_S));
    else
        buf_add(b, STR("null"));
    buf_add(b, STR(",\"outputs\":"));
    put_output_json(r->outputs, r->n_outputs, time_now(), b);
    buf_add(b, STR("}\n"));
}

void put_collect_report(const struct collect_report *r, const struct problems *p,
                        enum report_form form, struct buf *b)
{
    if (form == REPORT_TEXT)
        put_text(r, p, b);
    else if (form == REPORT_JSON)
        put_json_form(r, p, b);
    else
        put_problems_form(b, p);
}
