/*
 * `sluice patterns`: the kinds of lines there are, their shapes (formats/line/skeleton.h), by how often; which of
 * them are new, which are gone, and what has changed.
 *
 *     --since 1h                               |now|           everything of the last hour
 *     --since 1h --new, --gone     |.....before|now|           before: all that is kept,
 *     --since 1h --new --vs 1d     |.1d..before|now|           or a day
 *     --since 1h --vs 1d          |before|     |now|           the same hour a day ago
 */
#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "query/commands.h"
#include "query/engine/run.h"
#include "query/output.h"
#include "query/pattern_table.h"
#include "query/search.h"
#include "query/selection.h"

#include <unistd.h>

enum { EXIT_MATCH = 0, EXIT_NO_MATCH = 1, EXIT_INCOMPLETE = 3 };
enum { TABLE_MAX = 256 << 20 };

static const char *const output_words[] = {"text", "json", NULL};

struct patterns_flags {
    struct str config, since, until, store;
    struct selection_flags selection;
    struct str_list collector;
    bool is_new, gone, apart, example, utc, stats, help;
    int64_t vs_ns, top;
    int output;
};

#define FIELD(name) .field = offsetof(struct patterns_flags, name)
#define BOOL(name)  .type = OPTION_BOOLEAN, FIELD(name)

/* clang-format off */
static const struct option rows[] = {
    SELECTION_ROWS(struct patterns_flags, selection, "Which lines"),
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Against the time before"},
    {.flag = "new", BOOL(is_new), .help = "only shapes that were not there before --since"},
    {.flag = "gone", BOOL(gone), .help = "only those that were there before and are not since"},
    {.flag = "vs", .type = OPTION_DURATION, FIELD(vs_ns), .value_name = "SPAN", .initial = "0s",
     .help = "with --new and --gone: the time before is so long (else all that is kept); alone: with the counts of so long ago"},
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Output and where"},
    {.flag = "top", .type = OPTION_INTEGER, FIELD(top), .least = 1, .most = 1000000, .value_name = "NUM",
     .help = "only the first of them"},
    {.flag = "apart", BOOL(apart), .help = "also shapes of which many differ in one word only, each in a row of its own"},
    {.flag = "example", BOOL(example), .help = "with first and last time and the newest line of each"},
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json"},
    {.flag = "utc", BOOL(utc), .help = "times in UTC"},
    {.flag = "stats", BOOL(stats), .help = "what was read, on standard error"},
    WHERE_ROWS(struct patterns_flags),
    FRONT_CONFIG,
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "patterns", &table,
    STR_INIT("usage: sluice patterns [OPTIONS] [SERVICE | NAME=VALUE | PATH | -]...\n"
             "\n"
             "The kinds of lines there are, by how often: what stays in a line, and slots like\n"
             "<n>, <ip> and <time> for what varies. Their lines: sluice grep '' shape=NAME.\n"
             "\n"
             "Exit status: 0 there are some, 1 there are none, 2 an error, 3 the counts lack\n"
             "something (said on standard error).\n"
             "\n")};

/* ---- the queries ---- */

static bool check_flags(const struct patterns_flags *f, const struct options *given,
                        struct err *err)
{
    if (f->is_new && f->gone)
        return err_set(err, ERR_INPUT, "--new and --gone are asked one after the other");
    for (size_t i = 0; i < given->operands.n && (f->is_new || f->gone || f->vs_ns); i++)
        if (str_equal(given->operands.items[i], STR("-")))
            return err_set(err, ERR_INPUT, "standard input is read once: two times need files");
    if (f->since.len == 0 && (f->is_new || f->gone || f->vs_ns))
        return err_set(err, ERR_INPUT,
                       "--%s needs --since, which says where the time before ends: --since 1h",
                       f->is_new ? "new"
                       : f->gone ? "gone"
                                 : "vs");
    return true;
}

struct half {
    struct query query;
    struct str_list files; /* in the query's arena */
    struct tallies tallies;
    struct summary summary;
};

static bool make_query(struct half *h, const struct patterns_flags *f, const struct options *given,
                       const struct config *config, const struct zone *zone, struct err *err)
{
    struct query *q = &h->query;
    selection_resolve(&f->selection, config, q);
    for (size_t i = 0; i < countof(pattern_names); i++)
        query_add_by(q, pattern_names[i]);
    q->want = WANT_TALLIES;
    q->output = OUTPUT_BINARY;
    q->sample = true;
    return take_operands(q, &given->operands, &h->files, &f->collector, f->store, err) &&
           time_flag("--since", f->since, zone, true, &q->since_ns, err) &&
           time_flag("--until", f->until, zone, true, &q->until_ns, err) && query_check(q, err);
}

/* From a query for now that for the time before. */
static bool move_before(struct query *q, const struct patterns_flags *f, struct err *err)
{
    int64_t since_ns = q->since_ns, until_ns = q->until_ns == TIME_NONE ? time_now() : q->until_ns;
    if (f->is_new || f->gone) {
        q->until_ns = since_ns;
        q->since_ns = f->vs_ns ? since_ns - f->vs_ns : TIME_NONE;
        return true;
    }
    if (until_ns - since_ns > f->vs_ns)
        return err_set(
            err, ERR_INPUT,
            "--vs is shorter than the time from --since on, which would be compared with "
            "a part of itself");
    q->since_ns = since_ns - f->vs_ns;
    q->until_ns = until_ns - f->vs_ns;
    return true;
}

/* ---- the command ---- */

struct patterns {
    struct search search;
    struct half now, before;
    bool compares;
};

static void init_half(struct half *h)
{
    *h = (struct half){0};
    query_init(&h->query);
}

static void free_half(struct half *h)
{
    query_free(&h->query);
    tallies_free(&h->tallies);
    summary_free(&h->summary);
}

static void free_patterns(struct patterns *p)
{
    search_free(&p->search);
    free_half(&p->now);
    free_half(&p->before);
}

static bool gather(void *context, const struct result *result)
{
    struct tallies *t = &((struct half *)context)->tallies;
    tallies_join(t, result->tally);
    return !t->is_full;
}

static bool ask(struct patterns *p, struct half *h, struct err *err)
{
    const struct tally_options options = tally_options_of(&h->query);
    if (!tallies_open(&h->tallies, &options, &(struct filter_scope){0}, err))
        return false;
    h->tallies.memory = TABLE_MAX;
    p->search.query = &h->query;
    p->search.files = &h->files;
    p->search.take = gather;
    p->search.context = h;
    bool good = search_run(&p->search, &h->summary, err);
    if (h->tallies.is_full)
        return err_set(err, ERR_LIMIT, "the answer has more counts than any collector gives");
    return good;
}

/* What had no room of its own is not known to be new, or gone. */
static bool is_apart(const struct half *h)
{
    map_each (&h->tallies.by_key, entry)
        if (str_equal(((const struct tally *)entry->value)->values[0], TALLY_OTHER))
            return false;
    return true;
}

static bool report(struct patterns *p, bool stats)
{
    bool are_apart = is_apart(&p->now) && (!p->compares || is_apart(&p->before));
    search_report(front.name, &p->now.summary, stats);
    if (p->compares)
        search_report(front.name, &p->before.summary, stats);
    if (!are_apart)
        say("sluice patterns: there are more shapes than a search holds; those that came last are "
            "together, "
            "as (other): ask for a service, or a shorter time%s",
            p->compares ? "; what is listed as new or gone may be one of them" : "");
    return p->now.summary.complete && (!p->compares || (p->before.summary.complete && are_apart));
}

static int finish(struct patterns *p, const struct patterns_flags *f, const struct zone *zone)
{
    size_t width = output_width();
    const struct print_options print = {
        .terminal = width > 0, .time = width ? TIME_SHORT : TIME_ISO, .zone = zone};
    const struct pattern_table t = {
        .view = f->is_new     ? PATTERNS_NEW
                : f->gone     ? PATTERNS_GONE
                : p->compares ? PATTERNS_CHANGES
                              : PATTERNS_ALL,
        .now = &p->now.tallies,
        .before = p->compares ? &p->before.tallies : NULL,
        .top = (uint64_t)f->top,
        .apart = f->apart,
        .examples = f->example,
        .json = f->output,
        .width = width,
        .print = &print,
    };
    p->search.out.max = TABLE_MAX;
    size_t n = pattern_table_print(&t, &p->search.out);
    search_end(&p->search);
    return !report(p, f->stats) ? EXIT_INCOMPLETE : n ? EXIT_MATCH : EXIT_NO_MATCH;
}

int command_patterns(int argc, char **argv)
{
    struct err err;
    struct patterns_flags f;
    struct options given;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(free_patterns) struct patterns p = {0};
    init_half(&p.now);
    init_half(&p.before);
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, true, &status))
        return status;
    const struct zone *zone = show_zone(f.utc);
    p.compares = f.is_new || f.gone || f.vs_ns;
    if (!check_flags(&f, &given, &err) || !make_query(&p.now, &f, &given, &config, zone, &err) ||
        (p.compares && (!make_query(&p.before, &f, &given, &config, zone, &err) ||
                        !move_before(&p.before.query, &f, &err))))
        return front_fail(&front, "%s", err.text);
    search_init(&p.search, front.name, &(struct print_options){0});
    p.search.config = &config;
    p.search.collector = &f.collector;
    p.search.store = f.store;
    if (!ask(&p, &p.now, &err) || (p.compares && !ask(&p, &p.before, &err)))
        return front_fail(&front, "%s", err.text);
    return finish(&p, &f, zone);
}
