#include "base/report.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *content_type;
} forms[] = {
    [REPORT_TEXT] = {"text", "text/plain"},
    [REPORT_JSON] = {"json", "application/json"},
    [REPORT_PROBLEMS] = {"problems", "text/plain"},
};

bool parse_report_form(struct str name, enum report_form *form)
{
    for (size_t i = 0; i < countof(forms); i++) {
        if (name.len && !str_equal(name, str_from(forms[i].name)))
            continue;
        *form = (enum report_form)i;
        return true;
    }
    return false;
}

const char *report_content_type(enum report_form form)
{
    return forms[form].content_type;
}

void problem_add(struct problems *p, const char *fmt, ...)
{
    if (p->n == PROBLEMS_MAX) {
        p->more++;
        return;
    }
    va_list args;
    va_start(args, fmt);
    vsnprintf(p->text[p->n++], sizeof p->text[0], fmt, args);
    va_end(args);
}

const char *problems_state(const struct problems *p)
{
    return p->n ? "degraded" : "ok";
}

void put_report_head(struct buf *b, const char *part, const char *state)
{
    buf_print(b, "%-10s %-9s ", part, state);
}

/* One line each, whatever is in them. */
static void put_lines(struct buf *b, const struct problems *p, const char *before)
{
    for (size_t i = 0; i < p->n; i++) {
        buf_add(b, str_from(before));
        put_safe(b, str_from(p->text[i]));
        buf_add_byte(b, '\n');
    }
    if (p->more)
        buf_print(b, "%sand %zu more problems\n", before, p->more);
}

void put_report_problems(struct buf *b, const struct problems *p)
{
    put_lines(b, p, "           ! ");
}

void put_problems_form(struct buf *b, const struct problems *p)
{
    buf_print(b, "%s\n", problems_state(p));
    put_lines(b, p, "");
}

void put_report_json(struct buf *b, const char *part, const struct problems *p)
{
    buf_print(b, "{\"part\":\"%s\",\"state\":\"%s\",\"problems\":[", part, problems_state(p));
    for (size_t i = 0; i < p->n; i++) {
        buf_add(b, i ? STR(",") : STR(""));
        put_json(b, str_from(p->text[i]));
    }
    buf_add(b, STR("]"));
}

void put_amount(struct buf *b, uint64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes / 1000;
    size_t i = 0;
    if (bytes < 1000) {
        buf_print(b, "%llu B", (unsigned long long)bytes);
        return;
    }
    for (; value >= 999.5 && i + 1 < countof(units); i++)
        value /= 1000;
    buf_print(b, "%.*f %s", value < 9.95 ? 1 : 0, value, units[i]);
}

void put_span(struct buf *b, int64_t ns)
{
    static const struct {
        int64_t unit_s, below_s; /* used for spans below so many seconds */
        const char *name;
    } units[] = {{1, 120, "s"}, {60, 7200, "min"}, {3600, 172800, "h"}, {86400, INT64_MAX, "d"}};
    int64_t s = max_of(ns, (int64_t)0) / NS_PER_S;
    size_t i = 0;
    if (ns < 0)
        ns = 0;
    if (ns < 10 * NS_PER_S) {
        buf_print(b, "%lld.%lld s", (long long)s, (long long)(ns % NS_PER_S / (NS_PER_S / 10)));
        return;
    }
    while (s >= units[i].below_s)
        i++;
    buf_print(b, "%lld %s", (long long)(s / units[i].unit_s), units[i].name);
}

void put_safe(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool is_c1 = c == 0xc2 && i + 1 < s.len && ((unsigned char)s.ptr[i + 1] & 0xe0) == 0x80;
        buf_add_byte(b, c < 0x20 || c == 0x7f || is_c1 ? '?' : (char)c);
        i += is_c1;
    }
}

void put_safe_lines(struct buf *b, struct str s)
{
    for (struct str line; take_until(&s, '\n', &line);) {
        put_safe(b, line);
        buf_add_byte(b, '\n');
    }
}
