#include "query/count_table.h"

#include "base/mem.h"
#include "base/text.h"
#include "query/engine/print_tally.h"

#include <ctype.h>
#include <stdio.h>

enum { BAR_WIDTH = 24, SMALL_BAR_WIDTH = 8, COLUMN = 12 };

static const struct str bars[] = {STR_INIT("▏"), STR_INIT("▎"), STR_INIT("▍"), STR_INIT("▌"),
                                  STR_INIT("▋"), STR_INIT("▊"), STR_INIT("▉"), STR_INIT("█")};

/* ---- the largest ---- */

/* All values as one. */
static struct str key_of(const struct tally *t, struct buf *key)
{
    buf_reset(key);
    for (size_t i = 0; i < TALLY_NAMES_MAX; i++)
        put_str(key, t->values[i]);
    return buf_str(key);
}

/* The tallies with their small ones taken together (invariant 1), into `to`. */
static void take_small_together(struct count_table *t, const struct tally **sorted, size_t n,
                                const struct tally **largest, size_t top, struct tallies *to)
{
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf key = {0};
    defer(map_free) struct map shown = {0};
    for (size_t k = 0; k < top; k++)
        map_put(&shown, arena_copy(&arena, key_of(largest[k], &key)), to); /* any value */
    for (size_t i = 0; i < n; i++) {
        struct tally tally = *sorted[i];
        bool is_shown = map_get(&shown, key_of(&tally, &key)) != NULL;
        for (size_t k = 0; k < t->options->n_names && !is_shown; k++)
            tally.values[k] = k == 0 ? STR("(other)") : STR("");
        tallies_join(to, &tally);
    }
}

static bool open_like(struct tallies *to, const struct count_table *t)
{
    struct err ignored;
    struct tally_options options = *t->options;
    options.n_part = 0; /* parts are counted already */
    return tallies_open(to, &options, &(struct filter_scope){0}, &ignored);
}

static void keep_largest(struct count_table *t, struct tallies *to)
{
    struct tallies all = {0};
    size_t n = t->tallies->by_key.n;
    const struct tally **sorted = tallies_sorted(t->tallies);
    open_like(&all, t);
    for (size_t i = 0; i < n; i++) {
        struct tally tally = *sorted[i];
        tally.start_ns = TIME_NONE;
        tally.sketch = (struct sketch){0};
        tallies_join(&all, &tally);
    }
    const struct tally **largest =
        tallies_sorted(&all); /* the largest first, as there are no spans */
    take_small_together(t, sorted, n, largest, (size_t)min_of(t->top, (uint64_t)all.by_key.n), to);
    tallies_free(&all);
}

/* ---- cells ---- */

static void put_bar(struct buf *out, uint64_t count, uint64_t most, unsigned width)
{
    uint64_t eighths = most ? (uint64_t)((double)count * width * 8 / (double)most + 0.5) : 0;
    eighths = max_of(eighths, (uint64_t)(count > 0));
    for (; eighths >= 8; eighths -= 8)
        buf_add(out, bars[7]);
    if (eighths)
        buf_add(out, bars[eighths - 1]);
}

/* As it is shown, and blanks up to the width. */
static void put_value(struct buf *out, const struct count_table *t, struct str value, size_t width)
{
    size_t before = out->len;
    print_text(t->printer, out, value.len ? value : STR("-"));
    size_t own = text_width(str_slice(buf_str(out), before, SIZE_MAX));
    buf_print(out, "%*s", (int)(width - min_of(width, own)), "");
}

static size_t width_of_value(const struct count_table *t, struct str value)
{
    defer(buf_free) struct buf shown = {0};
    put_value(&shown, t, value, 0);
    return text_width(buf_str(&shown));
}

/* "12.5 %" of how many are of the part, then what was measured. */
static void put_numbers(struct buf *out, const struct count_table *t, const struct tally *tally,
                        int width)
{
    char text[40];
    double number;
    if (t->options->n_part) {
        snprintf(text, sizeof text, "%.1f %%",
                 tally->count ? 100 * (double)tally->part / (double)tally->count : 0);
        buf_print(out, " %*s", width, text);
    }
    for (size_t i = 0; i < t->n_functions; i++) {
        tally_number(tally, t->functions[i], &number);
        snprintf(text, sizeof text, "%.6g", number);
        buf_print(out, " %*s", width, tally->numbers ? text : "-");
    }
}

/* ---- a table ---- */

static void put_heading(struct buf *out, struct str name, size_t width)
{
    for (size_t i = 0; i < name.len; i++)
        buf_add_byte(out, (char)toupper((unsigned char)name.ptr[i]));
    buf_print(out, "%*s", (int)(max_of(width, text_width(name)) - text_width(name) + 2), "");
}

static void put_headings(struct buf *out, const struct count_table *t, const size_t *widths)
{
    for (size_t i = 0; i < t->options->n_names; i++)
        put_heading(out, t->options->names[i], widths[i]);
    buf_print(out, "%*s", COLUMN, "COUNT");
    if (t->options->n_part)
        buf_print(out, "%*s", COLUMN, "PART");
    for (size_t i = 0; i < t->n_functions; i++) {
        char name[16] = "";
        for (size_t k = 0; k < t->functions[i].len && k + 1 < sizeof name; k++)
            name[k] = (char)toupper((unsigned char)t->functions[i].ptr[k]);
        buf_print(out, "%*s", COLUMN, name);
    }
    buf_add_byte(out, '\n');
}

static void print_rows(const struct count_table *t, const struct tally **sorted, size_t n,
                       struct buf *out)
{
    size_t widths[TALLY_NAMES_MAX] = {0};
    uint64_t most = 0;
    if (t->options->n_names + t->options->n_part + t->n_functions == 0) { /* invariant 3 */
        buf_print(out, "%llu\n", (unsigned long long)(n ? sorted[0]->count : 0));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        most = max_of(most, sorted[i]->count);
        for (size_t k = 0; k < t->options->n_names; k++)
            widths[k] = max_of(widths[k], width_of_value(t, sorted[i]->values[k]));
    }
    for (size_t k = 0; k < t->options->n_names; k++)
        widths[k] = max_of(widths[k], text_width(t->options->names[k]));
    put_headings(out, t, widths);
    for (size_t i = 0; i < n; i++) {
        const struct tally *tally = sorted[i];
        for (size_t k = 0; k < t->options->n_names; k++)
            put_value(out, t, tally->values[k], widths[k] + 2);
        buf_print(out, "%*llu", COLUMN, (unsigned long long)tally->count);
        put_numbers(out, t, tally, COLUMN - 1);
        if (t->printer->options.terminal && n > 1) {
            buf_add(out, STR("  "));
            put_bar(out, tally->count, most, BAR_WIDTH);
        }
        buf_add_byte(out, '\n');
    }
}

/* ---- spans ---- */

/* Only as exact as the spans are. */
static void put_time(const struct count_table *t, int64_t ns, bool with_day, struct buf *out)
{
    struct civil c = zone_civil(t->printer->options.zone, ns);
    int64_t every_ns = t->options->every_ns;
    if (with_day)
        buf_print(out, "%04d-%02d-%02d", (int)c.year, c.month, c.day);
    if (with_day && every_ns % NS_PER_DAY == 0)
        return;
    buf_print(out, "%s%02d:%02d", with_day ? " " : "", c.hour, c.minute);
    if (every_ns % (60 * NS_PER_S))
        buf_print(out, ":%02d", c.second);
    if (every_ns % NS_PER_S)
        buf_print(out, ".%03d", (int)(c.ns / NS_PER_MS));
}

static void put_span(const struct count_table *t, const struct tally *tally, uint64_t most,
                     struct buf *out)
{
    buf_add(out, STR("  "));
    for (size_t i = 0; i < t->options->n_names; i++) {
        put_value(out, t, tally->values[i], 0);
        buf_add_byte(out, ' ');
    }
    if (t->printer->options.terminal) {
        put_bar(out, tally->count, most, t->options->n_names ? SMALL_BAR_WIDTH : BAR_WIDTH);
        buf_add_byte(out, ' ');
    }
    buf_print(out, "%llu", (unsigned long long)tally->count);
    put_numbers(out, t, tally, 0);
}

/* Invariant 2: between two spans. */
static void put_empty_spans(const struct count_table *t, int64_t from_ns, int64_t to_ns,
                            bool with_day, struct buf *out)
{
    int64_t ns = tally_next_span(t->tallies, from_ns);
    uint64_t spans = ((uint64_t)to_ns - (uint64_t)from_ns) / (uint64_t)t->options->every_ns;
    if (spans > COUNT_EMPTY_MAX + 1) {
        buf_add(out, STR("...\n"));
        return;
    }
    for (; ns < to_ns && ns > from_ns; ns = tally_next_span(t->tallies, ns)) {
        put_time(t, ns, with_day, out);
        buf_add(out, STR("  -\n"));
        from_ns = ns;
    }
}

static void print_spans(const struct count_table *t, const struct tally **sorted, size_t n,
                        struct buf *out)
{
    uint64_t most = 0;
    const struct zone *zone = t->printer->options.zone;
    for (size_t i = 0; i < n; i++)
        most = max_of(most, sorted[i]->count);
    if (n == 0)
        return;
    struct civil first = zone_civil(zone, sorted[0]->start_ns);
    struct civil last = zone_civil(zone, sorted[n - 1]->start_ns);
    bool with_day = first.year != last.year || first.month != last.month || first.day != last.day ||
                    t->options->every_ns % NS_PER_DAY == 0;
    for (size_t i = 0; i < n; i++) {
        bool is_new = i == 0 || sorted[i]->start_ns != sorted[i - 1]->start_ns;
        if (is_new && i > 0) {
            buf_add_byte(out, '\n');
            put_empty_spans(t, sorted[i - 1]->start_ns, sorted[i]->start_ns, with_day, out);
        }
        if (is_new)
            put_time(t, sorted[i]->start_ns, with_day, out);
        put_span(t, sorted[i], most, out);
    }
    buf_add_byte(out, '\n');
}

void count_table_print(struct count_table *t, struct buf *out)
{
    struct tallies few = {0};
    if (t->top) {
        open_like(&few, t);
        keep_largest(t, &few);
    }
    struct tallies *shown = t->top ? &few : t->tallies;
    const struct tally **sorted = tallies_sorted(shown);
    (t->options->every_ns ? print_spans : print_rows)(t, sorted, shown->by_key.n, out);
    tallies_free(&few);
}
