#include "query/pattern_table.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/line/skeleton.h"

#include <stdio.h>
#include <stdlib.h>

enum { SERVICES_SHOWN = 2, TEXT_LEAST = 20, NAMES_MAX = 100 };

/* ---- rows ---- */

static bool is_of_view(const struct pattern_row *row, enum pattern_view view)
{
    return (view != PATTERNS_NEW || row->before == 0) && (view != PATTERNS_GONE || row->now == 0);
}

static uint64_t weight_of(const struct pattern_row *row, enum pattern_view view)
{
    if (view == PATTERNS_CHANGES)
        return max_of(row->now, row->before) - min_of(row->now, row->before);
    return view == PATTERNS_GONE ? row->before : row->now;
}

static int by_weight(const void *a, const void *b, void *view)
{
    const struct pattern_row *x = *(struct pattern_row *const *)a;
    const struct pattern_row *y = *(struct pattern_row *const *)b;
    uint64_t left = weight_of(x, *(enum pattern_view *)view);
    uint64_t right = weight_of(y, *(enum pattern_view *)view);
    return left != right ? (left > right ? -1 : 1) : str_compare(x->text, y->text);
}

static void pick_rows(struct pattern_rows *r, const struct pattern_table *t)
{
    enum pattern_view view = t->view;
    size_t n = 0;
    pattern_rows_make(r, t->now, t->before);
    if (!t->apart)
        pattern_rows_join(r);
    for (size_t i = 0; i < r->n; i++)
        if (is_of_view(r->list[i], view))
            r->list[n++] = r->list[i];
    r->n = n;
    if (n)
        qsort_r(r->list, n, sizeof *r->list, by_weight, &view);
}

static double share_of(const struct pattern_row *row, const struct pattern_rows *r,
                       enum pattern_view view)
{
    uint64_t count = view == PATTERNS_GONE ? row->before : row->now;
    uint64_t all = view == PATTERNS_GONE ? r->before : r->now;
    return all ? (double)count / (double)all : 0;
}

/* ---- JSON ---- */

static void put_json_time(struct buf *out, const char *key, int64_t ns)
{
    buf_print(out, ",\"%s\":\"", key);
    put_rfc3339(out, ns, ns % NS_PER_S ? 9 : 0);
    buf_add_byte(out, '"');
}

/* "shape", or of several "shapes". */
static void put_json_names(const struct pattern_row *row, struct buf *out)
{
    size_t n = 0;
    buf_add(out, row->n_shapes > 1 ? STR("{\"shapes\":[") : STR("{\"shape\":"));
    for (const struct pattern_row *each = row; each && n < NAMES_MAX; each = each->next) {
        if (row->n_shapes > 1 && each->name.len == 0) /* a row of several itself */
            continue;
        buf_add(out, n++ ? STR(",") : STR(""));
        print_json_text(out, each->name);
    }
    if (row->n_shapes > 1)
        buf_print(out, "],\"n_shapes\":%zu", row->n_shapes);
    buf_add_byte(out, ',');
}

static void put_json_row(const struct pattern_table *t, const struct pattern_rows *r,
                         const struct pattern_row *row, struct buf *out)
{
    put_json_names(row, out);
    buf_add(out, STR("\"text\":"));
    print_json_text(out, row->text);
    buf_print(out, ",\"count\":%llu,\"share\":%.6g", (unsigned long long)row->now,
              t->view == PATTERNS_GONE ? 0 : share_of(row, r, t->view));
    if (t->before)
        buf_print(out, ",\"before\":%llu", (unsigned long long)row->before);
    buf_add(out, STR(",\"level\":"));
    print_json_text(out, row->level);
    buf_add(out, STR(",\"services\":["));
    for (size_t i = 0; i < row->n_services; i++) {
        buf_add(out, i ? STR(",") : STR(""));
        print_json_text(out, row->services[i]);
    }
    buf_add(out, row->more_services ? STR("],\"more_services\":true") : STR("]"));
    put_json_time(out, "first", row->first_ns);
    put_json_time(out, "last", row->last_ns);
    buf_add(out, STR(",\"example\":"));
    print_json_text(out, row->sample);
    buf_add(out, STR("}\n"));
}

/* ---- text ---- */

struct shown {
    const struct pattern_table *table;
    const struct pattern_rows *rows;
    struct printer printer;
    size_t level_width, service_width;
    struct buf services;
};

static struct str services_of(struct shown *s, const struct pattern_row *row)
{
    buf_reset(&s->services);
    for (size_t i = 0; i < row->n_services && i < SERVICES_SHOWN; i++) {
        buf_add(&s->services, i ? STR(",") : STR(""));
        print_text(&s->printer, &s->services, row->services[i].len ? row->services[i] : STR("-"));
    }
    if (row->n_services > SERVICES_SHOWN)
        buf_add(&s->services, STR(",.."));
    return buf_str(&s->services);
}

static void put_change(const struct pattern_row *row, struct buf *out)
{
    char text[32];
    double change = row->before ? ((double)row->now / (double)row->before - 1) * 100 : 0;
    snprintf(text, sizeof text, "%+.0f %%", change);
    buf_print(out, " %9llu %9s", (unsigned long long)row->before,
              !row->before ? "new"
              : !row->now  ? "gone"
                           : text);
}

/* Cut to what is left of the terminal. */
static void put_text(struct shown *s, struct str text, size_t used, struct buf *out)
{
    size_t width = s->table->width, left = max_of(width, used + TEXT_LEAST) - used;
    struct str cut = width && text_width(text) > left ? str_cut_utf8(text, left - 2) : text;
    print_text(&s->printer, out, cut);
    buf_add(out, cut.len < text.len ? STR("..\n") : STR("\n"));
}

static void put_example(struct shown *s, const struct pattern_row *row, struct buf *out)
{
    size_t before = out->len;
    buf_print(out, "%*s", 4, "");
    print_time(s->table->print, out, row->first_ns);
    if (row->last_ns != row->first_ns) {
        buf_add(out, STR("to "));
        print_time(s->table->print, out, row->last_ns);
    }
    struct str line = str_slice(row->sample, 0, str_find_byte(row->sample, '\n'));
    put_text(s, line, out->len - before, out);
}

static void put_name(const struct pattern_row *row, struct buf *out)
{
    char alike[32];
    snprintf(alike, sizeof alike, "%zu alike", row->n_shapes);
    struct str name = row->n_shapes > 1 ? str_from(alike) : row->name.len ? row->name : STR("-");
    buf_print(out, "  %-*.*s", SKELETON_SHOWN, STR_ARG(name));
}

static void put_row(struct shown *s, const struct pattern_row *row, struct buf *out)
{
    const struct pattern_table *t = s->table;
    struct str services = services_of(s, row);
    size_t before = out->len;
    buf_print(out, "%9llu",
              (unsigned long long)(t->view == PATTERNS_GONE ? row->before : row->now));
    if (t->view == PATTERNS_CHANGES)
        put_change(row, out);
    else
        buf_print(out, " %5.1f %%", 100 * share_of(row, s->rows, t->view));
    put_name(row, out);
    buf_print(out, "  %-*.*s  ", (int)s->level_width, STR_ARG(row->level));
    buf_add(out, services);
    buf_print(out, "%*s  ", (int)(s->service_width - text_width(services)), "");
    put_text(s, row->text, text_width(str_slice(buf_str(out), before, SIZE_MAX)), out);
    if (t->examples)
        put_example(s, row, out);
}

static void put_headings(const struct shown *s, struct buf *out)
{
    buf_print(out, "%9s", "COUNT");
    if (s->table->view == PATTERNS_CHANGES)
        buf_print(out, " %9s %9s", "BEFORE", "CHANGE");
    else
        buf_print(out, " %7s", "SHARE");
    buf_print(out, "  %-*s  %-*s  %-*s  TEXT\n", SKELETON_SHOWN, "SHAPE", (int)s->level_width,
              "LEVEL", (int)s->service_width, "SERVICE");
}

static void print_text_rows(const struct pattern_table *t, const struct pattern_rows *r, size_t n,
                            struct buf *out)
{
    struct shown s = {.table = t, .rows = r, .level_width = 5, .service_width = 7};
    uint64_t left = 0;
    printer_init(&s.printer, *t->print);
    for (size_t i = 0; i < n; i++) {
        s.level_width = max_of(s.level_width, r->list[i]->level.len);
        s.service_width = max_of(s.service_width, text_width(services_of(&s, r->list[i])));
    }
    if (n)
        put_headings(&s, out);
    for (size_t i = 0; i < n; i++)
        put_row(&s, r->list[i], out);
    for (size_t i = n; i < r->n; i++)
        left += t->view == PATTERNS_GONE ? r->list[i]->before : r->list[i]->now;
    if (n < r->n)
        buf_print(out, "%9llu records of %zu more\n", (unsigned long long)left, r->n - n);
    buf_free(&s.services);
}

size_t pattern_table_print(const struct pattern_table *t, struct buf *out)
{
    defer(pattern_rows_free) struct pattern_rows r = {0};
    pick_rows(&r, t);
    size_t n = t->top ? (size_t)min_of(t->top, (uint64_t)r.n) : r.n;
    if (!t->json)
        print_text_rows(t, &r, n, out);
    for (size_t i = 0; i < n && t->json; i++)
        put_json_row(t, &r, r.list[i], out);
    return r.n;
}
