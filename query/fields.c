/*
 * `sluice fields`: which fields the lines have, of what type, how often, and with which values.
 *
 *     FIELD    TYPE     SHARE  VALUES
 *     level    number   100 %  30 (82 %)  40 (11 %)  50 (7 %)
 *     req.id   string    64 %  4f9c2ad1, 77ab01c3, 9e0d4410 ...
 *
 * It looks at the newest records only, here: whatever their format is, no collector needs to know.
 */
#include "base/ascii.h"
#include "base/front.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "formats/line/format.h"
#include "query/commands.h"
#include "query/output.h"
#include "query/search.h"
#include "query/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_NONE = 1, EXIT_INCOMPLETE = 3 };
enum {
    LINE_FIELDS = 512,
    FIELDS_MAX = 5000, /* different ones; more are not listed */
    VALUES_MAX = 24,   /* of a field that are counted */
    VALUE_MAX = 256,   /* bytes of one that is counted */
    SHOWN = 3,         /* in a row of the table */
    SHOWN_BYTES = 40,  /* of each */
    TABLE_MAX = 64 << 20,
};

struct fields_flags {
    struct str config, since, until, store;
    struct str_list collector;
    int64_t last;
    int output;
    bool help;
};

static const char *const output_words[] = {"text", "json", NULL};

#define FIELD(name) .field = offsetof(struct fields_flags, name)

/* clang-format off */
static const struct option rows[] = {
    {.flag = "last", .letter = 'n', .type = OPTION_INTEGER, FIELD(last), .least = 1, .most = 10000000, .initial = "10000",
     .value_name = "NUM", .help = "how many records are looked at, the newest"},
    SPAN_ROWS(struct fields_flags),
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json"},
    WHERE_ROWS(struct fields_flags),
    FRONT_CONFIG,
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "fields", &table,
    STR_INIT("usage: sluice fields [OPTIONS] [SERVICE | NAME=VALUE | PATH | -]...\n"
             "\n"
             "Which fields the newest lines have, whatever their format: as filters of\n"
             "sluice grep and names of sluice count --by. All lines, or those that are named\n"
             "as in sluice grep.\n"
             "\n")};

/* ---- what is found ---- */

struct value {
    struct str text;
    uint64_t n;
};

struct found {
    struct str path;
    uint64_t records; /* that have it */
    uint64_t last;    /* of them, so that one with several items is counted once */
    uint64_t n, of_kind[FIELD_KINDS];
    struct value values[VALUES_MAX]; /* the first ones that were met */
    size_t n_values;
    bool has_more; /* values than are counted */
};

struct listing {
    struct search search;
    struct str_list files; /* in the query's arena */
    struct arena arena;
    struct line_formats *formats;
    struct field *room;
    struct map by_path;
    struct buf path, scratch, text;
    uint64_t records;
};

static void free_listing(struct listing *l)
{
    search_free(&l->search);
    line_formats_close(&l->formats);
    map_free(&l->by_path);
    buf_free(&l->path), buf_free(&l->scratch), buf_free(&l->text);
    arena_free(&l->arena);
}

/* Items of an array are one field: "tags[0]" is "tags[*]". */
static struct str general_path(struct buf *path)
{
    size_t to = 0;
    for (size_t i = 0; i < path->len; i++) {
        bool is_index = is_digit(path->ptr[i]);
        if (is_index && to > 0 && path->ptr[to - 1] == '[')
            path->ptr[to++] = '*';
        else if (!is_index || to < 2 || path->ptr[to - 1] != '*' || path->ptr[to - 2] != '[')
            path->ptr[to++] = path->ptr[i];
    }
    path->len = to;
    return buf_str(path);
}

static void count_value(struct listing *l, struct found *f, struct str text)
{
    for (size_t i = 0; i < f->n_values; i++) {
        if (str_equal(f->values[i].text, text)) {
            f->values[i].n++;
            return;
        }
    }
    if (f->n_values == VALUES_MAX || text.len > VALUE_MAX)
        f->has_more = true;
    else
        f->values[f->n_values++] = (struct value){arena_copy(&l->arena, text), 1};
}

static void count_field(struct listing *l, const struct fields *fields, size_t i)
{
    const struct field *field = &fields->items[i];
    buf_reset(&l->path);
    fields_put_path(fields, i, &l->path);
    struct str path = general_path(&l->path);
    struct found *f = map_get(&l->by_path, path);
    if (!f && l->by_path.n < FIELDS_MAX) {
        f = arena_new(&l->arena, struct found);
        f->path = arena_copy(&l->arena, path);
        map_put(&l->by_path, f->path, f);
    }
    if (!f)
        return;
    f->records += f->last != l->records;
    f->last = l->records;
    f->n++;
    f->of_kind[field->kind]++;
    count_value(l, f, field_text(field, &l->text));
}

static bool gather(void *context, const struct result *result)
{
    struct listing *l = context;
    struct format_memory nothing = {0};
    struct fields fields = {.items = l->room, .max = LINE_FIELDS};
    line_format_of(l->formats, result->line, &nothing, &fields, &l->scratch);
    l->records++;
    for (size_t i = 0; i < fields.n; i++)
        if (field_is_leaf(&fields, i))
            count_field(l, &fields, i);
    return true;
}

/* ---- the table ---- */

static int by_share(const void *a, const void *b)
{
    const struct found *x = *(struct found *const *)a, *y = *(struct found *const *)b;
    return x->records != y->records ? (x->records > y->records ? -1 : 1)
                                    : str_compare(x->path, y->path);
}

static int by_number(const void *a, const void *b)
{
    const struct value *x = a, *y = b;
    return x->n != y->n ? (x->n > y->n ? -1 : 1) : str_compare(x->text, y->text);
}

/* The one that most values have. */
static const char *type_of(const struct found *f)
{
    unsigned most = 0;
    for (unsigned i = 1; i < FIELD_KINDS; i++)
        most = f->of_kind[i] > f->of_kind[most] ? i : most;
    return field_kind_name(most);
}

static double percent(uint64_t n, uint64_t of)
{
    return of ? 100 * (double)n / (double)of : 0;
}

static void print_text_row(const struct listing *l, struct found *f, size_t width, struct buf *out)
{
    size_t before = out->len;
    print_text(&l->search.printer, out, f->path);
    size_t own = out->len - before;
    buf_print(out, "%*s  %-7s %5.1f %%  ", (int)(width - min_of(width, own)), "", type_of(f),
              percent(f->records, l->records));
    for (size_t i = 0; i < f->n_values && i < SHOWN; i++) {
        buf_add(out, i ? STR("  ") : STR(""));
        struct str text = f->values[i].text;
        print_text(&l->search.printer, out, str_cut_utf8(text, SHOWN_BYTES));
        buf_add(out, text.len > SHOWN_BYTES ? STR("..") : STR(""));
        if (!f->has_more)
            buf_print(out, " (%.0f %%)", percent(f->values[i].n, f->n));
    }
    buf_add(out, f->has_more || f->n_values > SHOWN ? STR("  ...\n") : STR("\n"));
}

static void print_json_row(const struct listing *l, struct found *f, struct buf *out)
{
    buf_add(out, STR("{\"field\":"));
    print_json_text(out, f->path);
    buf_print(out, ",\"type\":\"%s\",\"records\":%llu,\"of\":%llu,\"values\":{", type_of(f),
              (unsigned long long)f->records, (unsigned long long)l->records);
    for (size_t i = 0; i < f->n_values; i++) {
        buf_add(out, i ? STR(",") : STR(""));
        print_json_text(out, f->values[i].text);
        buf_print(out, ":%llu", (unsigned long long)f->values[i].n);
    }
    buf_print(out, "},\"more_values\":%s}\n", f->has_more ? "true" : "false");
}

static void print_listing(struct listing *l, bool json, struct buf *out)
{
    struct found **sorted = arena_array(&l->arena, struct found *, l->by_path.n);
    size_t n = 0, width = 5;
    map_each (&l->by_path, entry) {
        struct found *f = entry->value;
        if (f->n_values)
            qsort(f->values, f->n_values, sizeof *f->values, by_number);
        width = max_of(width, min_of(f->path.len, (size_t)40));
        sorted[n++] = f;
    }
    if (n)
        qsort(sorted, n, sizeof(struct found *), by_share);
    if (!json && n)
        buf_print(out, "%-*s  %-7s %7s  %s\n", (int)width, "FIELD", "TYPE", "SHARE", "VALUES");
    for (size_t i = 0; i < n; i++) {
        if (json)
            print_json_row(l, sorted[i], out);
        else
            print_text_row(l, sorted[i], width, out);
    }
}

/* ---- the command ---- */

static bool resolve(struct query *q, struct str_list *files, const struct fields_flags *f,
                    const struct options *given, struct err *err)
{
    const struct zone *zone = show_zone(false);
    q->want = WANT_RECORDS;
    q->output = OUTPUT_BINARY;
    q->last = (uint64_t)f->last;
    return take_operands(q, &given->operands, files, &f->collector, f->store, err) &&
           time_flag("--since", f->since, zone, true, &q->since_ns, err) &&
           time_flag("--until", f->until, zone, true, &q->until_ns, err) && query_check(q, err);
}

static int finish(struct listing *l, bool json, const struct summary *summary)
{
    l->search.out.max = TABLE_MAX;
    print_listing(l, json, &l->search.out);
    search_end(&l->search);
    search_report(front.name, summary, false);
    return !summary->complete ? EXIT_INCOMPLETE : l->by_path.n ? EXIT_DONE : EXIT_NONE;
}

int command_fields(int argc, char **argv)
{
    struct err err;
    struct fields_flags f;
    struct options given;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(query_free) struct query query;
    defer(free_listing) struct listing l = {0};
    defer(summary_free) struct summary summary = {0};
    query_init(&query);
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, true, &status))
        return status;
    if (!resolve(&query, &l.files, &f, &given, &err))
        return front_fail(&front, "%s", err.text);
    l.formats = line_formats_open();
    l.room = arena_array(&l.arena, struct field, LINE_FIELDS);
    const struct print_options print = {.terminal = isatty(STDOUT_FILENO)};
    search_init(&l.search, front.name, &print);
    l.search.config = &config;
    l.search.collector = &f.collector;
    l.search.store = f.store;
    l.search.files = &l.files;
    l.search.query = &query;
    l.search.take = gather;
    l.search.context = &l;
    if (!search_run(&l.search, &summary, &err))
        return front_fail(&front, "%s", err.text);
    return finish(&l, f.output, &summary);
}
