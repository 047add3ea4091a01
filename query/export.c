/*
 * `sluice store export`: all records of a store, or those that fit, on standard output, oldest first.
 *
 *     json   an object a record, as `sluice grep --output json` has it; `sluice store import` takes it back
 *     raw    the lines only
 *
 * It is the search of `grep`, so it streams in the total order, and its memory does not depend on how much
 * there is. Exit status: 0 all was written, also if nothing fitted; 2 what was asked for is wrong; 3 a part is
 * missing, which is named, or the answer broke off.
 */
#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "query/commands.h"
#include "query/search.h"
#include "query/show.h"

enum { EXIT_INCOMPLETE = 3 };

struct export_flags {
    struct str config, store, since, until;
    struct str_list collector, patterns;
    int kind; /* enum pattern_kind */
    int output;
    bool ignore_case, utc, help;
};

static const char *const kind_words[] = {"text", "extended", "basic", "perl", NULL};
static const char *const output_words[] = {"json", "raw", NULL};

#define FIELD(name) .field = offsetof(struct export_flags, name)
#define KIND(word) \
    .type = OPTION_WORD, FIELD(kind), .words = kind_words, .implied = word, .initial = "text"

/* clang-format off */
static const struct option rows[] = {
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "json",
     .value_name = "FORM", .help = "json (all that is known of a record) or raw (the lines)"},
    SPAN_ROWS(struct export_flags),
    {.flag = "utc", .type = OPTION_BOOLEAN, FIELD(utc), .help = "these times are in UTC"},
    {.flag = "regexp", .letter = 'e', .type = OPTION_STRINGS, FIELD(patterns), .value_name = "PATTERN",
     .help = "only records that match; repeatable"},
    {.flag = "fixed-strings", .letter = 'F', KIND("text"), .help = "the pattern is plain text (the default)"},
    {.flag = "extended-regexp", .letter = 'E', KIND("extended"), .help = "... an extended regular expression"},
    {.flag = "basic-regexp", .letter = 'G', KIND("basic"), .help = "... a basic regular expression, as in grep"},
    {.flag = "perl-regexp", .letter = 'P', KIND("perl"), .help = "... a Perl regular expression"},
    {.flag = "ignore-case", .letter = 'i', .type = OPTION_BOOLEAN, FIELD(ignore_case),
     .help = "letters of either case match"},
    {.flag = "store", .type = OPTION_PATH, FIELD(store), .value_name = "FOLDER",
     .help = "the store (default collector.data of the configuration)"},
    {.flag = "collector", .type = OPTION_STRINGS, FIELD(collector), .value_name = "URL",
     .help = "ask this one instead; its time limit for searches (collector.limits.query_time) holds"},
    FRONT_CONFIG,
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "store export", &table,
    STR_INIT("usage: sluice store export [OPTIONS] [SERVICE | NAME=VALUE]...\n"
             "\n"
             "Writes all records, or those that fit, oldest first. Operands are those of sluice\n"
             "grep: services and filters on labels and levels. What is missing is said on\n"
             "standard error, and the exit status is 3 then.\n"
             "\n")};

static bool resolve(const struct export_flags *f, const struct str_list *filters, struct query *q,
                    struct err *err)
{
    const struct zone *zone = show_zone(f->utc);
    for (size_t i = 0; i < f->patterns.n; i++)
        query_add_pattern(q, f->patterns.items[i]);
    for (size_t i = 0; i < filters->n; i++)
        query_add_filter(q, filters->items[i]);
    q->options.kind = (enum pattern_kind)f->kind;
    q->options.ignore_case = f->ignore_case;
    q->output = OUTPUT_BINARY;
    return time_flag("--since", f->since, zone, true, &q->since_ns, err) &&
           time_flag("--until", f->until, zone, true, &q->until_ns, err) && query_check(q, err);
}

static int finish(struct search *s, const struct summary *summary)
{
    search_end(s);
    search_report("store export", summary, false);
    return summary->complete ? 0 : EXIT_INCOMPLETE;
}

static int run(const struct export_flags *f, const struct config *config, const struct query *query)
{
    static const enum print_output outputs[] = {PRINT_JSON, PRINT_RAW};
    const struct print_options print = {.output = outputs[f->output]};
    struct err err = {.code = ERR_NONE};
    defer(search_free) struct search s;
    defer(summary_free) struct summary summary = {0};
    search_init(&s, front.name, &print);
    s.config = config;
    s.collector = &f->collector;
    s.query = query;
    if (f->collector.n == 0)
        s.store = f->store.len ? f->store : config->collector.data;
    if (search_run(&s, &summary, &err))
        return finish(&s, &summary);
    search_end(&s);
    if (err.code == ERR_INPUT)
        return front_fail(&front, "%s", err.text);
    say("sluice store export: incomplete: %s", err.text);
    return EXIT_INCOMPLETE;
}

int command_store_export(int argc, char **argv)
{
    struct export_flags f;
    struct options given;
    struct err err;
    int status;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(query_free) struct query query;
    query_init(&query);
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, false, &status))
        return status;
    if (f.store.len && f.collector.n)
        return front_fail(&front, "--store and --collector cannot be together");
    if (!resolve(&f, &given.operands, &query, &err))
        return front_fail(&front, "%s", err.text);
    return run(&f, &config, &query);
}
