/*
 * `sluice tail`: the newest records of all streams, or of some, as one; with -f also those that come.
 * Letters mean what they mean in tail and docker logs, filters what they mean in grep.
 *
 * Exit status: 0, also if there was nothing; 2 usage, connection or another error; 3 the answer lacks
 * something. With -f it ends by a signal, a closed pipe or an error only.
 */
#include "query/commands.h"

#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "query/search.h"
#include "query/show.h"

enum { EXIT_DONE = 0, EXIT_ERROR = 2, EXIT_INCOMPLETE = 3 };

struct tail_flags {
    struct str config;
    struct str number; /* -n; empty: not said */
    bool follow, quiet, help, no_effect;
    struct str_list patterns;
    int kind; /* enum pattern_kind */
    bool ignore_case, whole_word, invert;
    struct str since, until;
    struct show_flags show;
    struct str_list collector;
    struct str store;
};

static const char *const kind_words[] = {"text", "extended", "basic", "perl", NULL};

#define FIELD(name) .field = offsetof(struct tail_flags, name)
#define BOOL(name)  .type = OPTION_BOOLEAN, FIELD(name)
#define KIND(word) \
    .type = OPTION_WORD, FIELD(kind), .words = kind_words, .implied = word, .initial = "text"

/* clang-format off */
static const struct option rows[] = {
    {.flag = "follow", .letter = 'f', BOOL(follow), .help = "go on with what comes in, for ever"},
    {.flag = "last", .letter = 'n', .type = OPTION_STRING, FIELD(number), .value_name = "NUM",
     .help = "so many of the newest, or all (default 10; with --since all)"},
    {.flag = "quiet", .letter = 'q', BOOL(quiet), .help = "no notes on standard error"},
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Which"},
    {.flag = "regexp", .letter = 'e', .type = OPTION_STRINGS, FIELD(patterns), .value_name = "PATTERN",
     .help = "only what matches; one of several patterns"},
    {.flag = "fixed-strings", .letter = 'F', KIND("text"), .help = "the pattern is plain text (the default)"},
    {.flag = "extended-regexp", .letter = 'E', KIND("extended"), .help = "... an extended regular expression"},
    {.flag = "basic-regexp", .letter = 'G', KIND("basic"), .help = "... a basic regular expression, as in grep"},
    {.flag = "perl-regexp", .letter = 'P', KIND("perl"), .help = "... a Perl regular expression"},
    {.flag = "ignore-case", .letter = 'i', BOOL(ignore_case), .help = "letters of either case match"},
    {.flag = "word-regexp", .letter = 'w', BOOL(whole_word), .help = "only whole words match"},
    {.flag = "invert-match", .letter = 'v', BOOL(invert), .help = "what does not match is shown"},
    {.flag = "since", .type = OPTION_STRING, FIELD(since), .value_name = "TIME",
     .help = "from this time on: 2h, today, 14:03, 2026-11-19, RFC 3339, @seconds"},
    {.flag = "until", .type = OPTION_STRING, FIELD(until), .value_name = "TIME", .help = "before this time; not with -f"},
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Output"},
    SHOW_ROWS(struct tail_flags, show),
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Where"},
    {.flag = "collector", .type = OPTION_STRINGS, FIELD(collector), .value_name = "URL",
     .help = "unix:///path, http://host:port or https://host:port"},
    {.flag = "store", .type = OPTION_PATH, FIELD(store), .value_name = "DIR",
     .help = "read this store folder, without a collector; not with -f"},
    {.flag = "config", .type = OPTION_PATH, FIELD(config), .value_name = "FILE",
     .help = "configuration file (default " CONFIG_FILE ")"},
    {.flag = "help", BOOL(help), .help = "this text"},
    {.flag = "no-pager", BOOL(no_effect)},
};

static const struct option_hint hints[] = {
    {"-c", "bytes are not counted here; the configuration is --config FILE"},
    {"-s", "use --since"},
    {"-t", "times are always shown; see --time"},
    {"-p", "use level=warn+"},
    {"-g", "use -e PATTERN"},
    {"-o", "use --output"},
    {"-r", "newest first: sluice grep '' --newest"},
    {"-u", "name the unit: sluice tail nginx"},
    {"-l", "name labels: sluice tail app=web"},
    {"-A", "context: sluice grep PATTERN -A NUM"},
    {"-B", "context: sluice grep PATTERN -B NUM"},
    {"-C", "context: sluice grep PATTERN -C NUM"},
    {"--tail", "use -n NUM"},
    {"--lines", "use -n NUM"},
    {"--limit", "use -n NUM"},
    {"--max-count", "use -n NUM"},
    {"--newest", "use sluice grep '' --newest"},
    {"--count", "use sluice grep -c"},
    {"--retry", "it always tries again"},
    {"--timestamps", "times are always shown; see --time"},
    {NULL, NULL},
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), hints};

static const struct front front = {
    "tail", &table,
    STR_INIT("usage: sluice tail [OPTIONS] [SERVICE | NAME=VALUE | PATH | -]...\n"
             "\n"
             "The newest 10 records of all streams together, or of those that are named as in\n"
             "sluice grep. With -f it goes on with what comes, also from services that are\n"
             "new; after a broken connection it goes on where it was, and says so.\n"
             "\n")};

static bool take_number(const struct tail_flags *f, struct query *q, bool *all, struct err *err)
{
    *all = f->number.len ? str_equal(f->number, STR("all")) : f->since.len > 0;
    q->last = f->number.len || *all ? 0 : TAIL_LAST_DEFAULT;
    if (*all || f->number.len == 0)
        return true;
    if (str_to_u64(f->number, &q->last) && q->last <= INT64_MAX)
        return true;
    return err_set(err, ERR_INPUT, "-n: '%.*s' is neither a number nor all", STR_ARG(f->number));
}

static bool resolve(const struct tail_flags *f, const struct str_list *operands, struct query *q,
                    struct str_list *files, bool *all, struct err *err)
{
    const struct zone *zone = show_zone(f->show.utc);
    for (size_t i = 0; i < f->patterns.n; i++)
        query_add_pattern(q, f->patterns.items[i]);
    q->options.kind = (enum pattern_kind)f->kind;
    q->options.ignore_case = f->ignore_case;
    q->options.whole_word = f->whole_word;
    q->options.invert = f->invert;
    q->output = OUTPUT_BINARY;
    if (!take_operands(q, operands, files, &f->collector, f->store, err))
        return false;
    if (f->follow && files->n)
        return err_set(err, ERR_INPUT,
                       "-f and files cannot be together; sluice ship follows files");
    if (f->follow && f->store.len)
        return err_set(err, ERR_INPUT,
                       "a store that no collector has open does not grow: -f and "
                       "--store cannot be together");
    if (f->invert && f->patterns.n == 0)
        return err_set(err, ERR_INPUT, "-v needs a pattern: -v -e PATTERN");
    return take_number(f, q, all, err) &&
           time_flag("--since", f->since, zone, !f->quiet, &q->since_ns, err) &&
           time_flag("--until", f->until, zone, !f->quiet, &q->until_ns, err);
}

static int run_tail(struct search *s, struct query *q, const struct tail_flags *f, bool all)
{
    struct err err;
    defer(summary_free) struct summary summary = {0};
    q->has_max = !f->follow && !all && q->last == 0; /* -n 0 */
    bool good = f->follow ? search_follow(s, all, &err) : search_run(s, &summary, &err);
    search_end(s);
    for (size_t i = 0; i < summary.n_problems; i++)
        say("sluice tail: incomplete: %.*s", STR_ARG(summary.problems[i]));
    if (!good) {
        say("sluice tail: %s", err.text);
        return EXIT_ERROR;
    }
    return summary.complete ? EXIT_DONE : EXIT_INCOMPLETE;
}

int command_tail(int argc, char **argv)
{
    struct err err;
    struct tail_flags f = {0};
    struct options given;
    struct print_options print = {0};
    struct str_list files;
    int status;
    bool all;
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(query_free) struct query query;
    defer(pattern_close) struct pattern *pattern = NULL;
    defer(search_free) struct search search = {0};
    query_init(&query);
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, !f.quiet, &status))
        return status;
    if (!resolve(&f, &given.operands, &query, &files, &all, &err) ||
        !show_resolve(&f.show, &config, &query, &print, &pattern, &err))
        return front_fail(&front, "%s", err.text);
    search_init(&search, front.name, &print);
    search.config = &config;
    search.collector = &f.collector;
    search.store = f.store;
    search.files = &files;
    search.query = &query;
    search.no_notes = f.quiet;
    return run_tail(&search, &query, &f, all);
}
