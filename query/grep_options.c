#include "query/grep_options.h"

#include "base/file.h"
#include "base/mem.h"
#include "query/engine/time_words.h"
#include "query/local_zone.h"
#include "query/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATTERN_FILE_MAX = 1 << 20 };

static const char *const kind_words[] = {"usual", "text", "extended", "basic", "perl", NULL};
static const char *const output_words[] = {"text", "raw", "json", NULL};
static const char *const color_words[] = {"auto", "always", "never", NULL};
static const char *const time_words[] = {"auto", "short", "iso", "ns", "unix", "none", NULL};

enum {
    TIME_WORD_AUTO,
    TIME_WORD_SHORT,
    TIME_WORD_ISO,
    TIME_WORD_NS,
    TIME_WORD_UNIX,
    TIME_WORD_NONE
};

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
     .help = "patterns from a file, one a line"},
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
    {.flag = "since", .type = OPTION_STRING, FIELD(since), .value_name = "TIME",
     .help = "from this time on: 2h, today, 14:03, 2026-11-19, RFC 3339, @seconds"},
    {.flag = "until", .type = OPTION_STRING, FIELD(until), .value_name = "TIME", .help = "before this time"},
    {.flag = "max-count", .letter = 'm', .type = OPTION_STRING, FIELD(max), .value_name = "NUM",
     .help = "stop after so many matches"},
    {.flag = "last", .type = OPTION_INTEGER, FIELD(last), .least = 1, .most = 1000000000, .initial = "1", .value_name = "NUM",
     .help = "the newest so many matches, oldest first"},
    {.flag = "newest", BOOL(newest), .help = "newest first"},
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Output"},
    {.flag = "count", .letter = 'c', BOOL(count), .help = "only the number of matches"},
    {.flag = "files-with-matches", .letter = 'l', BOOL(list), .help = "only the streams with a match"},
    {.flag = "files-without-match", .letter = 'L', BOOL(list_others), .help = "only the streams without one"},
    {.flag = "only-matching", .letter = 'o', BOOL(only_matching), .help = "only what matched, each on a line"},
    {.flag = "quiet", .letter = 'q', BOOL(quiet), .help = "nothing; the exit status tells"},
    {.flag = "after-context", .letter = 'A', .type = OPTION_INTEGER, FIELD(after), .least = 0, .most = QUERY_CONTEXT_MAX,
     .initial = "0", .value_name = "NUM", .help = "lines of the same stream after each match"},
    {.flag = "before-context", .letter = 'B', .type = OPTION_INTEGER, FIELD(before), .least = 0, .most = QUERY_CONTEXT_MAX,
     .initial = "0", .value_name = "NUM", .help = "... before each match"},
    {.flag = "context", .letter = 'C', .type = OPTION_INTEGER, FIELD(context), .least = 0, .most = QUERY_CONTEXT_MAX,
     .initial = "0", .value_name = "NUM", .help = "... before and after"},
    {.flag = "with-filename", .letter = 'H', BOOL(with_host), .help = "host and stream too"},
    {.flag = "no-filename", .letter = 'h', BOOL(without_names), .help = "the line only, byte for byte (--output raw)"},
    {.flag = "line-number", .letter = 'n', BOOL(reference), .help = "the reference of each record"},
    {.flag = "null", .letter = 'z', BOOL(nul_ends), .help = "lines end in NUL"},
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text", .value_name = "FORM",
     .help = "text, raw or json"},
    {.flag = "time", .type = OPTION_WORD, FIELD(time), .words = time_words, .initial = "auto", .value_name = "FORM",
     .help = "short, iso, ns, unix or none; short on a terminal, else iso"},
    {.flag = "utc", BOOL(utc), .help = "times in UTC"},
    {.flag = "color", .type = OPTION_WORD, FIELD(color), .words = color_words, .initial = "auto",
     .optional_value = true, .implied = "always", .value_name = "WHEN", .help = "auto, always or never"},
    {.flag = "stats", BOOL(stats), .help = "what was read, on standard error"},
    {.flag = "no-messages", .letter = 's', BOOL(no_messages), .help = "no notes on standard error"},
    {.type = OPTION_HEADING, .field = OPTION_NOWHERE, .help = "Where"},
    {.flag = "collector", .type = OPTION_STRINGS, FIELD(collector), .value_name = "URL",
     .help = "unix:///path, http://host:port or https://host:port"},
    {.flag = "store", .type = OPTION_PATH, FIELD(store), .value_name = "DIR",
     .help = "read this store folder, without a collector"},
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
    {"--follow", "not built yet in this version"},
    {NULL, NULL},
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), hints};

static void print_help(void)
{
    defer(buf_free) struct buf b = {0};
    buf_add(
        &b,
        STR("usage: sluice grep [OPTIONS] PATTERN [SERVICE | NAME=VALUE]...\n"
            "\n"
            "Searches everything that is kept, oldest first. The pattern is plain text. A word\n"
            "after it is a service, container, unit or host; NAME=VALUE, NAME!=VALUE,\n"
            "NAME~REGEX and NAME!=~REGEX are about labels; level=warn+ is warn and worse.\n"
            "\n"
            "Exit status: 0 something matched, 1 nothing did, 2 an error, 3 the answer lacks\n"
            "something (said on standard error).\n"
            "\n"));
    options_help(&table, &b);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

/* ---- the query ---- */

static bool add_pattern_file(struct grep_options *o, struct str path, struct err *err)
{
    defer(buf_free) struct buf text = {.max = PATTERN_FILE_MAX};
    if (!file_load(path.ptr, PATTERN_FILE_MAX, &text, err))
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
                       "[SERVICE | NAME=VALUE]... ('' matches everything)");
    query_add_pattern(&o->query, operands->items[0]);
    *operands = (struct str_list){operands->items + 1, operands->n - 1};
    return true;
}

static bool has_capital(const struct query *q)
{
    for (size_t i = 0; i < q->n_patterns; i++) {
        for (size_t k = 0; k < q->patterns[i].len; k++) {
            if (q->patterns[i].ptr[k] >= 'A' && q->patterns[i].ptr[k] <= 'Z')
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

static bool take_time(const struct grep_options *o, struct str text, const char *flag,
                      bool is_until, int64_t *ns, struct err *err)
{
    bool twice = false;
    const struct time_words how = {
        .now_ns = time_now(), .zone = o->print.zone, .is_until = is_until};
    if (text.len == 0)
        return true;
    if (!time_words_parse(text, &how, ns, &twice, err))
        return err_wrap(err, "%s", flag);
    if (twice && !o->flags.no_messages)
        say("note: %s %.*s was there twice that day; the %s one is meant", flag, STR_ARG(text),
            is_until ? "later" : "earlier");
    return true;
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
    return take_time(o, f->since, "--since", false, &q->since_ns, err) &&
           take_time(o, f->until, "--until", true, &q->until_ns, err);
}

static bool resolve_query(struct grep_options *o, const struct config *config,
                          struct options *given, struct err *err)
{
    const struct grep_flags *f = &o->flags;
    struct query *q = &o->query;
    if (!take_patterns(o, &given->operands, err))
        return false;
    for (size_t i = 0; i < given->operands.n; i++)
        query_add_filter(q, given->operands.items[i]);
    take_matching(o, config);
    q->want = want_of(f);
    q->output = OUTPUT_BINARY;
    bool shows_lines = q->want == WANT_RECORDS && !f->only_matching && !f->quiet;
    q->before = shows_lines ? (uint32_t)max_of(f->before, f->context) : 0;
    q->after = shows_lines ? (uint32_t)max_of(f->after, f->context) : 0;
    return take_range(o, given, err) && query_check(q, err);
}

/* ---- printing ---- */

static enum print_time time_form(const struct grep_flags *f, bool terminal)
{
    switch (f->time) {
    case TIME_WORD_SHORT:
        return TIME_SHORT;
    case TIME_WORD_ISO:
        return TIME_ISO;
    case TIME_WORD_NS:
        return TIME_NS;
    case TIME_WORD_UNIX:
        return TIME_UNIX;
    case TIME_WORD_NONE:
        return TIME_OFF;
    default:
        return terminal ? TIME_SHORT : TIME_ISO;
    }
}

static bool wants_colour(const struct grep_flags *f, const struct config *config, bool terminal)
{
    int when = f->color != COLOR_AUTO ? f->color : (int)config->query.color;
    const char *none = getenv("NO_COLOR"), *force = getenv("CLICOLOR_FORCE");
    const char *term = getenv("TERM");
    if (when != COLOR_AUTO)
        return when == COLOR_ALWAYS;
    if (none && *none)
        return false;
    if (force && *force && strcmp(force, "0") != 0)
        return true;
    return terminal && term && strcmp(term, "dumb") != 0;
}

static bool resolve_printing(struct grep_options *o, const struct config *config, struct err *err)
{
    static const enum print_output outputs[] = {PRINT_TEXT, PRINT_RAW, PRINT_JSON};
    const struct grep_flags *f = &o->flags;
    const char *grep_colors = getenv("GREP_COLORS");
    struct print_options *p = &o->print;
    p->output = f->without_names ? PRINT_RAW : outputs[f->output];
    p->terminal = isatty(STDOUT_FILENO);
    p->time = time_form(f, p->terminal);
    p->with_host = f->with_host;
    p->with_reference = f->reference;
    p->only_matching = f->only_matching;
    p->with_context = o->query.before || o->query.after;
    p->colour = p->output != PRINT_JSON && wants_colour(f, config, p->terminal);
    p->nul_ends = f->nul_ends;
    p->match_colour = print_match_colour(str_from(grep_colors ? grep_colors : ""));
    if (!f->only_matching && !p->colour)
        return true;
    if (!pattern_compile(&o->pattern, o->query.patterns, o->query.n_patterns, o->query.options,
                         err))
        return false;
    p->pattern = o->pattern;
    return true;
}

bool grep_options_read(struct grep_options *o, struct config *config, int argc, char **argv,
                       int *status)
{
    struct err err;
    struct options given;
    struct warnings w = {0};
    *status = 2;
    query_init(&o->query);
    options_defaults(&given, &table, &o->flags, &o->arena);
    bool good = options_read_argv(&given, argc, argv, &err);
    if (good && o->flags.help) {
        print_help();
        *status = 0;
        return false;
    }
    const char *file = o->flags.config.len ? o->flags.config.ptr : NULL;
    good = good && (config_load(config, file, &w, &err) || (!file && err.code == ERR_DENIED));
    for (size_t i = 0; good && !o->flags.no_messages && i < w.n; i++)
        say("warning: %s", w.text[i]);
    if (good && !o->flags.utc)
        o->print.zone = local_zone();
    good = good && resolve_query(o, config, &given, &err) && resolve_printing(o, config, &err);
    if (!good)
        say("sluice grep: %s", err.text);
    return good;
}

void grep_options_free(struct grep_options *o)
{
    pattern_close(&o->pattern);
    query_free(&o->query);
    arena_free(&o->arena);
}
