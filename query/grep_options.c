#include "query/grep_options.h"

#include "base/file.h"
#include "base/front.h"
#include "base/mem.h"
#include "query/search.h"

enum { PATTERN_FILE_MAX = 1 << 20 };

static const char *const kind_words[] = {"usual", "text", "extended", "basic", "perl", NULL};

#define FIELD(name) .field = offsetof(struct grep_flags, name)
#define BOOL(name)  .type = OPTION_BOOLEAN, FIELD(name)
#define KIND(word) \
    .type = OPTION_WORD, FIELD(kind), .words = kind_words, .implied = word, .initial = "usual"

/* clang-format off */
static const struct option rows[] = {
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Pattern"},
    {.flag = "regexp", .letter = 'e', .type = OPTION_STRINGS, FIELD(patterns), .value_name = "PATTERN",
     .help = "one of several patterns, or one that begins with -"},
    {.flag = "file", .letter = 'f', .type = OPTION_STRINGS, FIELD(pattern_files), .value_name = "FILE",
     .help = "patterns from a file or a pipe, one a line; -: standard input"},
    {.flag = "fixed-strings", .letter = 'F', KIND("text"), .help = "the pattern is plain text (the default)"},
    {.flag = "extended-regexp", .letter = 'E', KIND("extended"), .help = "... an extended regular expression"},
    {.flag = "basic-regexp", .letter = 'G', KIND("basic"), .help = "... a basic regular expression, as in grep"},
    {.flag = "perl-regexp", .letter = 'P', KIND("perl"), .help = "... a Perl regular expression"},
    {.flag = "ignore-case", .letter = 'i', BOOL(ignore_case), .help = "letters of either case match"},
    {.flag = "smart-case", .letter = 'S', BOOL(smart_case), .help = "-i if the pattern has no capital letter"},
    {.flag = "word-regexp", .letter = 'w', BOOL(whole_word), .help = "only whole words match"},
    {.flag = "line-regexp", .letter = 'x', BOOL(whole_line), .help = "only whole lines match"},
    {.flag = "invert-match", .letter = 'v', BOOL(invert), .help = "what does not match is selected"},
    {.flag = "lines", BOOL(lines), .help = "each physical line of a record counts by itself, as in grep"},
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Range"},
    SPAN_ROWS(struct grep_flags),
    {.flag = "max-count", .letter = 'm', .type = OPTION_STRING, FIELD(max), .value_name = "NUM",
     .help = "stop after so many matches"},
    {.flag = "last", .type = OPTION_INTEGER, FIELD(last), .least = 1, .most = 1000000000, .initial = "1", .value_name = "NUM",
     .help = "the newest so many matches, oldest first"},
    {.flag = "newest", BOOL(newest), .help = "newest first"},
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Output"},
    {.flag = "count", .letter = 'c', BOOL(count), .help = "only the number of matches"},
    {.flag = "files-with-matches", .letter = 'l', BOOL(list), .help = "only the streams with a match"},
    {.flag = "files-without-match", .letter = 'L', BOOL(list_others), .help = "only the streams without one"},
    {.flag = "only-matching", .letter = 'o', BOOL(show.only_matching), .help = "only what matched, each on a line"},
    {.flag = "quiet", .letter = 'q', BOOL(quiet), .help = "nothing; the exit status tells"},
    {.flag = "after-context", .letter = 'A', .type = OPTION_INTEGER, FIELD(after), .least = 0, .most = QUERY_CONTEXT_MAX,
     .initial = "0", .value_name = "NUM", .help = "lines of the same stream after each match"},
    {.flag = "before-context", .letter = 'B', .type = OPTION_INTEGER, FIELD(before), .least = 0, .most = QUERY_CONTEXT_MAX,
     .initial = "0", .value_name = "NUM", .help = "... before each match"},
    {.flag = "context", .letter = 'C', .type = OPTION_INTEGER, FIELD(context), .least = 0, .most = QUERY_CONTEXT_MAX,
     .initial = "0", .value_name = "NUM", .help = "... before and after"},
    SHOW_ROWS(struct grep_flags, show),
    {.flag = "line-number", .letter = 'n', BOOL(show.reference), .help = "the reference of each record"},
    {.flag = "null", .letter = 'z', BOOL(show.nul_ends), .help = "lines end in NUL"},
    {.flag = "follow", BOOL(follow), .help = "go on with what comes in, for ever"},
    {.flag = "stats", BOOL(stats), .help = "what was read, on standard error"},
    {.flag = "explain", BOOL(explain), .help = "search nothing; say how it was understood, and what it would read"},
    {.flag = "no-messages", .letter = 's', BOOL(no_messages), .help = "no notes on standard error"},
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Where"},
    WHERE_ROWS(struct grep_flags),
    {.flag = "config", .type = OPTION_PATH, FIELD(config), .value_name = "FILE",
     .help = "configuration file (default " CONFIG_FILE ")"},
    {.flag = "help", BOOL(help), .help = "this text"},
    {.letter = 'a', BOOL(no_effect)}, {.letter = 'I', BOOL(no_effect)}, {.letter = 'r', BOOL(no_effect)},
    {.letter = 'R', BOOL(no_effect)}, {.letter = 'U', BOOL(no_effect)}, {.flag = "no-pager", BOOL(no_effect)},
};

static const struct option_hint hints[] = {
    {"-t", "times are always shown; see --time"},
    {"-p", "use level=warn+"},
    {"-g", "the pattern stands first: sluice grep PATTERN"},
    {"-u", "name the unit: sluice grep PATTERN nginx"},
    {"--include", "use service=NAME"},
    {"--limit", "use -m NUM, or --last NUM for the newest"},
    {NULL, NULL},
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), hints};

static const struct front front = {
    "grep", &table,
    STR_INIT(
        "usage: sluice grep [OPTIONS] PATTERN [SERVICE | NAME=VALUE | PATH | -]...\n"
        "\n"
        "Searches everything that is kept, oldest first. The pattern is plain text. A word\n"
        "after it is a service, container, unit or host; NAME=VALUE, NAME!=VALUE,\n"
        "NAME~REGEX and NAME!=~REGEX are about labels, and about fields of the line where\n"
        "no stream has such a label (.NAME=VALUE always is); NAME=500..599, NAME=1s.. and\n"
        "NAME=..10MiB are ranges; level=warn+ is warn and worse.\n"
        "\n"
        "What begins with / or ./ or ../ is a file, plain, .gz or .zst, and - standard input:\n"
        "these are searched then, and no store. Lines of applications, of Docker (json-file),\n"
        "of CRI and of sluice store export, those of all files together in the order of\n"
        "their times.\n"
        "\n"
        "Exit status: 0 something matched, 1 nothing did, 2 an error, 3 the answer lacks\n"
        "something (said on standard error).\n"
        "\n")};

/* ---- the query ---- */

static bool add_pattern_file(struct grep_options *o, struct str path, struct err *err)
{
    defer(buf_free) struct buf text = {.max = PATTERN_FILE_MAX};
    if (!file_load_waiting(path.ptr, PATTERN_FILE_MAX, &text, err))
        return err_wrap(err, "-f");
    struct str rest = buf_str(&text), line;
    while (take_until(&rest, '\n', &line))
        query_add_pattern(&o->query, line);
    return true;
}

static bool take_patterns(struct grep_options *o, struct str_list *operands, struct err *err)
{
    const struct grep_flags *f = &o->flags;
    for (size_t i = 0; i < f->patterns.n; i++)
        query_add_pattern(&o->query, f->patterns.items[i]);
    for (size_t i = 0; i < f->pattern_files.n; i++) {
        if (!add_pattern_file(o, f->pattern_files.items[i], err))
            return false;
    }
    if (f->patterns.n || f->pattern_files.n)
        return true;
    if (operands->n == 0)
        return err_set(err, ERR_INPUT,
                       "a pattern is needed: sluice grep [OPTIONS] PATTERN "
                       "[SERVICE | NAME=VALUE | PATH]... ('' matches everything)");
    query_add_pattern(&o->query, operands->items[0]);
    *operands = (struct str_list){operands->items + 1, operands->n - 1};
    return true;
}

static bool has_capital(const struct query *q)
{
    for (size_t i = 0; i < q->patterns.n; i++) {
        for (size_t k = 0; k < q->patterns.items[i].len; k++) {
            if (q->patterns.items[i].ptr[k] >= 'A' && q->patterns.items[i].ptr[k] <= 'Z')
                return true;
        }
    }
    return false;
}

static void take_matching(struct grep_options *o, const struct config *config)
{
    const struct grep_flags *f = &o->flags;
    struct pattern_options *p = &o->query.options;
    enum pattern_kind usual = config->query.pattern == GREP_REGEX ? PATTERN_EXTENDED : PATTERN_TEXT;
    p->kind = f->kind ? (enum pattern_kind)(f->kind - 1) : usual;
    p->ignore_case = f->ignore_case || (f->smart_case && !has_capital(&o->query));
    p->whole_word = f->whole_word;
    p->whole_line = f->whole_line;
    p->invert = f->invert;
    p->lines = f->lines;
}

static enum query_want want_of(const struct grep_flags *f)
{
    if (f->list)
        return WANT_STREAMS;
    if (f->list_others)
        return WANT_OTHERS;
    return f->count ? WANT_COUNT : WANT_RECORDS;
}

static bool take_range(struct grep_options *o, const struct options *given, struct err *err)
{
    const struct grep_flags *f = &o->flags;
    struct query *q = &o->query;
    q->newest = f->newest;
    q->last = options_place(given, "last").file ? (uint64_t)f->last : 0;
    q->has_max = f->max.len > 0;
    if (q->has_max && !str_to_u64(f->max, &q->max))
        return err_set(err, ERR_INPUT, "-m: '%.*s' is not a number", STR_ARG(f->max));
    const struct zone *zone = show_zone(f->show.utc);
    bool loud = !f->no_messages;
    return time_flag("--since", f->since, zone, loud, &q->since_ns, err) &&
           time_flag("--until", f->until, zone, loud, &q->until_ns, err);
}

/* What --follow cannot be together with; query/engine/tail_form.h refuses the rest. */
static bool check_follow(const struct grep_options *o, struct err *err)
{
    const struct grep_flags *f = &o->flags;
    const char *what = f->count                            ? "-c"
                       : f->list                           ? "-l"
                       : f->list_others                    ? "-L"
                       : f->max.len                        ? "-m"
                       : f->newest                         ? "--newest"
                       : f->until.len                      ? "--until"
                       : f->explain                        ? "--explain"
                       : f->store.len                      ? "--store"
                       : o->files.n                        ? "files"
                       : f->after + f->before + f->context ? "context"
                                                           : NULL;
    if (!f->follow || !what)
        return true;
    return err_set(err, ERR_INPUT, "--follow and %s cannot be together", what);
}

static bool resolve_query(struct grep_options *o, const struct config *config,
                          struct options *given, struct err *err)
{
    const struct grep_flags *f = &o->flags;
    struct query *q = &o->query;
    if (!take_patterns(o, &given->operands, err) ||
        !take_operands(q, &given->operands, &o->files, &f->collector, f->store, err))
        return false;
    take_matching(o, config);
    q->want = want_of(f);
    q->explain = f->explain;
    q->output = !f->explain                    ? OUTPUT_BINARY
                : f->show.output == PRINT_JSON ? OUTPUT_JSON
                                               : OUTPUT_TEXT;
    bool shows_lines = q->want == WANT_RECORDS && !f->show.only_matching && !f->quiet;
    q->before = shows_lines ? (uint32_t)max_of(f->before, f->context) : 0;
    q->after = shows_lines ? (uint32_t)max_of(f->after, f->context) : 0;
    return take_range(o, given, err) && check_follow(o, err) && query_check(q, err);
}

bool grep_options_read(struct grep_options *o, struct config *config, int argc, char **argv,
                       int *status)
{
    struct err err;
    struct options given;
    query_init(&o->query);
    if (!front_read(&front, &o->flags, &given, &o->arena, argc, argv, status) ||
        !front_config(&front, config, o->flags.config, !o->flags.no_messages, status))
        return false;
    if (resolve_query(o, config, &given, &err) &&
        show_resolve(&o->flags.show, config, &o->query, &o->print, &o->pattern, &err))
        return true;
    *status = front_fail(&front, "%s", err.text);
    return false;
}

void grep_options_free(struct grep_options *o)
{
    pattern_close(&o->pattern);
    query_free(&o->query);
    arena_free(&o->arena);
}
