/*
 * `sluice streams`: what there is, one stream a line with its labels.
 *
 *     SERVICE  FILE              ENV   HOST
 *     api      /var/log/api.log  prod  h1
 *     web      -                 -     h1
 */
#include "query/commands.h"

#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "query/output.h"
#include "query/search.h"
#include "query/show.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXIT_DONE = 0, EXIT_NONE = 1, EXIT_INCOMPLETE = 3 };
enum { LISTED_COLUMNS_MAX = 64, TABLE_MAX = 256 << 20 };

struct streams_flags {
    struct str config;
    int output;
    struct str_list collector;
    struct str store;
    bool help;
};

static const char *const output_words[] = {"text", "json", NULL};

#define FIELD(name) .field = offsetof(struct streams_flags, name)

/* clang-format off */
static const struct option rows[] = {
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json"},
    WHERE_ROWS(struct streams_flags),
    FRONT_CONFIG,
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "streams", &table,
    STR_INIT("usage: sluice streams [OPTIONS] [SERVICE | NAME=VALUE | PATH | -]...\n"
             "\n"
             "The streams that are known, with their labels; all, or those that are named as\n"
             "in sluice grep.\n"
             "\n")};

/* ---- the table ---- */

static const struct str service_label = STR_INIT("service"), host_label = STR_INIT("host");

struct row {
    struct str service; /* as it is shown; in the arena, as all here */
    struct labels labels;
};

struct listing {
    struct search search;
    struct str_list files; /* in the query's arena */
    struct arena arena;
    struct row *rows; /* owned */
    size_t n, capacity;
    struct str columns[LISTED_COLUMNS_MAX]; /* names of labels */
    size_t n_columns;
};

static bool has_column(const struct listing *l, struct str name)
{
    for (size_t i = 0; i < l->n_columns; i++) {
        if (str_equal(l->columns[i], name))
            return true;
    }
    return false;
}

static void add_columns(struct listing *l, const struct labels *labels)
{
    for (size_t i = 0; i < labels->n && l->n_columns < LISTED_COLUMNS_MAX; i++) {
        if (!has_column(l, labels->items[i].name))
            l->columns[l->n_columns++] = labels->items[i].name;
    }
}

static bool gather(void *context, const struct result *result)
{
    struct listing *l = context;
    const struct labels *from = &result->stream->labels;
    defer(buf_free) struct buf service = {0};
    struct row row = {.labels = {arena_array(&l->arena, struct label, from->n), from->n}};
    for (size_t i = 0; i < from->n; i++)
        row.labels.items[i] = (struct label){arena_copy(&l->arena, from->items[i].name),
                                             arena_copy(&l->arena, from->items[i].value)};
    put_service_name(&service, from);
    row.service = arena_copy(&l->arena, buf_str(&service));
    add_columns(l, &row.labels);
    mem_grow(l->rows, l->n, l->capacity);
    l->rows[l->n++] = row;
    return true;
}

/* The service has its column in front; the host comes last. */
static int by_place(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    bool x_last = str_equal(*x, host_label), y_last = str_equal(*y, host_label);
    return x_last != y_last ? x_last - y_last : str_compare(*x, *y);
}

static int by_service(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = str_compare(x->service, y->service);
    for (size_t i = 0; order == 0 && i < x->labels.n && i < y->labels.n; i++)
        order = str_compare(x->labels.items[i].value, y->labels.items[i].value);
    return order;
}

static struct str cell(const struct row *row, struct str column)
{
    struct str value = label_value(&row->labels, column);
    return value.len ? value : STR("-");
}

static void put_cell(struct buf *out, const struct printer *p, struct str text, size_t width)
{
    print_text(p, out, text);
    if (width)
        buf_print(out, "%*s", (int)(width - text_width(text) + 2), "");
}

static void put_heading(struct buf *out, const struct printer *p, struct str name, size_t width)
{
    defer(buf_free) struct buf upper = {.max = LABEL_NAME_MAX};
    for (size_t i = 0; i < name.len; i++)
        buf_add_byte(&upper, (char)toupper((unsigned char)name.ptr[i]));
    put_cell(out, p, buf_str(&upper), width);
}

static void print_table(struct listing *l, struct buf *out)
{
    size_t widths[LISTED_COLUMNS_MAX] = {0}, width = service_label.len;
    for (size_t i = 0; i < l->n; i++) {
        width = max_of(width, text_width(l->rows[i].service));
        for (size_t k = 0; k + 1 < l->n_columns; k++)
            widths[k] = max_of(widths[k], max_of(text_width(l->columns[k]),
                                                 text_width(cell(&l->rows[i], l->columns[k]))));
    }
    put_heading(out, &l->search.printer, service_label, l->n_columns ? width : 0);
    for (size_t k = 0; k < l->n_columns; k++)
        put_heading(out, &l->search.printer, l->columns[k], widths[k]);
    buf_add_byte(out, '\n');
    for (size_t i = 0; i < l->n; i++) {
        put_cell(out, &l->search.printer, l->rows[i].service, l->n_columns ? width : 0);
        for (size_t k = 0; k < l->n_columns; k++)
            put_cell(out, &l->search.printer, cell(&l->rows[i], l->columns[k]), widths[k]);
        buf_add_byte(out, '\n');
    }
}

static void order_listing(struct listing *l)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n_columns; i++) {
        if (!str_equal(l->columns[i], service_label))
            l->columns[kept++] = l->columns[i];
    }
    l->n_columns = kept;
    if (l->n_columns)
        qsort(l->columns, l->n_columns, sizeof *l->columns, by_place);
    if (l->n)
        qsort(l->rows, l->n, sizeof *l->rows, by_service);
}

/* ---- the command ---- */

static void free_listing(struct listing *l)
{
    mem_free(&l->rows);
    arena_free(&l->arena);
    search_free(&l->search);
}

static int finish(struct listing *l, bool good, const struct summary *summary,
                  const struct err *err)
{
    if (good && l->search.take) {
        defer(buf_free) struct buf out = {.max = TABLE_MAX};
        order_listing(l);
        if (l->n)
            print_table(l, &out);
        output_write(front.name, &out);
    }
    search_end(&l->search);
    for (size_t i = 0; i < summary->n_problems; i++)
        say("sluice streams: incomplete: %.*s", STR_ARG(summary->problems[i]));
    if (!good)
        return front_fail(&front, "%s", err->text);
    return summary->complete ? summary->streams ? EXIT_DONE : EXIT_NONE : EXIT_INCOMPLETE;
}

int command_streams(int argc, char **argv)
{
    struct err err;
    struct streams_flags f;
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
    if (!take_operands(&query, &given.operands, &l.files, &f.collector, f.store, &err))
        return front_fail(&front, "%s", err.text);
    query.want = WANT_STREAMS;
    query.output = OUTPUT_BINARY;
    const struct print_options print = {.output = f.output ? PRINT_JSON : PRINT_TEXT,
                                        .terminal = isatty(STDOUT_FILENO)};
    search_init(&l.search, front.name, &print);
    l.search.config = &config;
    l.search.collector = &f.collector;
    l.search.store = f.store;
    l.search.files = &l.files;
    l.search.query = &query;
    l.search.take = f.output ? NULL : gather;
    l.search.context = &l;
    bool good = search_run(&l.search, &summary, &err);
    return finish(&l, good, &summary, &err);
}
