/* `sluice count`: how many records there are, by the values of names and by spans of time. */
#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "query/commands.h"
#include "query/count_table.h"
#include "query/engine/print_tally.h"
#include "query/engine/run.h"
#include "query/output.h"
#include "query/search.h"
#include "query/selection.h"

#include <stdio.h>
#include <unistd.h>

enum { EXIT_MATCH = 0, EXIT_NO_MATCH = 1, EXIT_INCOMPLETE = 3 };
enum { TABLE_MAX = 256 << 20 };

static const char *const output_words[] = {"text", "json", NULL};

struct count_flags {
    struct str config;
    struct selection_flags selection;
    struct str_list by, ratio, collector;
    bool utc, stats, explain, help;
    struct str since, until, store;
    struct str measured[TALLY_FUNCTIONS]; /* a field for each of tally_functions */
    int64_t every_ns, top;
    int output;
};

#define FIELD(name) .field = offsetof(struct count_flags, name)
#define BOOL(name)  .type = OPTION_BOOLEAN, FIELD(name)
#define MEASURE(name, i, text)                                                          \
    {                                                                                   \
        .flag = name, .type = OPTION_STRING, FIELD(measured[i]), .value_name = "FIELD", \
        .help = text                                                                    \
    }

/* clang-format off */
static const struct option rows[] = {
    SELECTION_ROWS(struct count_flags, selection, "What is counted"),
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "How"},
    {.flag = "by", .type = OPTION_STRINGS, FIELD(by), .value_name = "NAME[,NAME]",
     .help = "for each value of a label, level, id, shape or field of the line"},
    {.flag = "every", .type = OPTION_DURATION, FIELD(every_ns), .value_name = "SPAN", .initial = "0s",
     .help = "for each span of time: 5m, 1h, 1d"},
    {.flag = "top", .type = OPTION_INTEGER, FIELD(top), .least = 1, .most = 1000000, .value_name = "NUM",
     .help = "only the largest; the others together"},
    {.flag = "ratio", .type = OPTION_STRINGS, FIELD(ratio), .value_name = "FILTER",
     .help = "and the share of those that are such: level=error+"},
    MEASURE("avg", 1, "and the mean of a field"), MEASURE("sum", 0, "... its sum"),
    MEASURE("min", 2, "... the least"), MEASURE("max", 3, "... the most"),
    MEASURE("p50", 4, "... the median"), MEASURE("p90", 5, "... what 90 % are at most"),
    MEASURE("p95", 6, "... 95 %"), MEASURE("p99", 7, "... 99 %"),
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Output and where"},
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json"},
    {.flag = "utc", BOOL(utc), .help = "times in UTC"},
    {.flag = "stats", BOOL(stats), .help = "what was read, on standard error"},
    {.flag = "explain", BOOL(explain), .help = "count nothing; say how it was understood, and what it would read"},
    WHERE_ROWS(struct count_flags),
    FRONT_CONFIG,
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "count", &table,
    STR_INIT("usage: sluice count [OPTIONS] [SERVICE | NAME=VALUE | PATH | -]...\n"
             "\n"
             "How many records there are: all, or those that are named as in sluice grep; in a\n"
             "store, or in files.\n"
             "\n"
             "Exit status: 0 there are some, 1 there are none, 2 an error, 3 the counts lack\n"
             "something (said on standard error).\n"
             "\n")};

/* ---- the query ---- */

static void add_names(struct query *q, const struct str_list *by)
{
    for (size_t i = 0; i < by->n; i++) {
        struct str rest = by->items[i];
        for (struct str name; take_until(&rest, ',', &name);)
            if (name.len)
                query_add_by(q, name);
    }
}

/* All functions are of one field. */
static bool take_measure(struct query *q, const struct count_flags *f, struct str *asked, size_t *n,
                         struct err *err)
{
    for (size_t i = 0; i < TALLY_FUNCTIONS; i++) {
        if (f->measured[i].len == 0)
            continue;
        if (q->measure.len && !str_equal(q->measure, f->measured[i]))
            return err_set(err, ERR_INPUT, "one field is measured at a time: %.*s or %.*s",
                           STR_ARG(q->measure), STR_ARG(f->measured[i]));
        q->measure = f->measured[i];
        asked[(*n)++] = tally_functions[i];
    }
    return true;
}

/* So that days begin at midnight: the offsets from UTC from since to until, of the last decades if these are open. */
static void add_changes(struct query *q, const struct zone *zone)
{
    const int64_t year_ns = 366 * NS_PER_DAY;
    int64_t until_ns = time_now() + year_ns;
    if (q->until_ns != TIME_NONE)
        until_ns = max_of((int64_t)0, min_of(q->until_ns, until_ns));
    int64_t from_ns = max_of(q->since_ns, until_ns - 40 * year_ns), until_s = until_ns / NS_PER_S;
    q->shift_ns = zone_offset(zone, from_ns) * NS_PER_S;
    if (!zone || !q->every_ns)
        return;
    struct zone_span span = zone_span_at(zone, from_ns / NS_PER_S);
    while (span.to_s < until_s && q->changes.n < TALLY_CHANGES_MAX) {
        char text[64];
        span = zone_span_at(zone, span.to_s);
        int n = snprintf(text, sizeof text, "%lld:%lld", (long long)(span.from_s * NS_PER_S),
                         (long long)span.offset_s * NS_PER_S);
        query_add_change(q, str_of(text, (size_t)n));
    }
}

static bool resolve(struct query *q, struct str_list *files, const struct count_flags *f,
                    const struct options *given, const struct config *config,
                    const struct zone *zone, struct err *err)
{
    selection_resolve(&f->selection, config, q);
    for (size_t i = 0; i < f->ratio.n; i++)
        query_add_part(q, f->ratio.items[i]);
    add_names(q, &f->by);
    q->want = WANT_TALLIES;
    q->explain = f->explain;
    q->output = !f->explain ? OUTPUT_BINARY : f->output ? OUTPUT_JSON : OUTPUT_TEXT;
    q->every_ns = (uint64_t)f->every_ns;
    if (!take_operands(q, &given->operands, files, &f->collector, f->store, err) ||
        !time_flag("--since", f->since, zone, true, &q->since_ns, err) ||
        !time_flag("--until", f->until, zone, true, &q->until_ns, err))
        return false;
    add_changes(q, zone);
    return query_check(q, err);
}

/* ---- the command ---- */

struct count {
    struct search search;
    struct query query;
    struct str_list files; /* in the query's arena */
    struct tally_options options;
    struct tallies tallies;
};

static bool gather(void *context, const struct result *result)
{
    struct tallies *t = &((struct count *)context)->tallies;
    tallies_join(t, result->tally);
    return !t->is_full;
}

static void free_count(struct count *c)
{
    search_free(&c->search);
    query_free(&c->query);
    tallies_free(&c->tallies);
}

static int finish(struct count *c, const struct count_flags *f, const struct str *asked,
                  size_t n_asked, const struct summary *summary)
{
    if (!f->output) {
        struct count_table t = {.options = &c->options,
                                .tallies = &c->tallies,
                                .top = (uint64_t)f->top,
                                .functions = asked,
                                .n_functions = n_asked,
                                .printer = &c->search.printer};
        c->search.out.max = TABLE_MAX;
        count_table_print(&t, &c->search.out);
    }
    search_end(&c->search);
    search_report(front.name, summary, f->stats);
    return !summary->complete ? EXIT_INCOMPLETE : summary->matched ? EXIT_MATCH : EXIT_NO_MATCH;
}

int command_count(int argc, char **argv)
{
    struct err err;
    struct count_flags f;
    struct options given;
    struct str asked[TALLY_FUNCTIONS];
    size_t n_asked = 0;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(free_count) struct count c = {0};
    defer(summary_free) struct summary summary = {0};
    query_init(&c.query);
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, true, &status))
        return status;
    const struct zone *zone = show_zone(f.utc);
    if (!take_measure(&c.query, &f, asked, &n_asked, &err) ||
        !resolve(&c.query, &c.files, &f, &given, &config, zone, &err))
        return front_fail(&front, "%s", err.text);
    c.options = tally_options_of(&c.query);
    struct tally_options joined = c.options;
    joined.n_part = 0; /* parts come counted */
    if (!tallies_open(&c.tallies, &joined, &(struct filter_scope){0}, &err))
        return front_fail(&front, "%s", err.text);
    const struct print_options print = {.output = f.output ? PRINT_JSON : PRINT_TEXT,
                                        .zone = zone,
                                        .terminal = isatty(STDOUT_FILENO),
                                        .tallies = c.options};
    search_init(&c.search, front.name, &print);
    c.search.config = &config;
    c.search.collector = &f.collector;
    c.search.store = f.store;
    c.search.files = &c.files;
    c.search.query = &c.query;
    c.search.take = f.output ? NULL : gather;
    c.search.context = &c;
    c.tallies.memory = TABLE_MAX;
    bool good = f.explain ? search_explain(&c.search, &err) : search_run(&c.search, &summary, &err);
    if (c.tallies.is_full)
        return front_fail(&front, "the answer has more counts than any collector gives");
    if (!good) {
        search_end(&c.search);
        return front_fail(&front, "%s", err.text);
    }
    if (f.explain) {
        search_end(&c.search);
        return EXIT_MATCH;
    }
    return finish(&c, &f, asked, n_asked, &summary);
}
