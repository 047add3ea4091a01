/*
 * `sluice grep`: the search of a collector, or of a store folder, on standard output.
 *
 *     options ─▶ query ─┬─▶ collector (HTTP) ─┬─▶ results ─▶ printer ─▶ stdout
 *                       └─▶ --store DIR ──────┘
 *
 * Exit status: 0 something matched, 1 nothing matched and everything was searched, 2 usage, connection
 * or another error, 3 the answer lacks something. -q with a match is 0 whatever else. A closed pipe ends
 * it silently, as it ends grep.
 */
#include "query/commands.h"

#include "base/mem.h"
#include "collector/store/snapshot.h"
#include "query/client.h"
#include "query/grep_options.h"
#include "query/say.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { FLUSH_BYTES = 64 << 10 };

enum { EXIT_MATCH = 0, EXIT_NO_MATCH = 1, EXIT_ERROR = 2, EXIT_INCOMPLETE = 3 };

struct grep {
    struct grep_options options;
    struct printer printer;
    struct buf out;
    bool has_match;
};

static void write_out(struct grep *g)
{
    struct str rest = buf_str(&g->out);
    while (rest.len) {
        ssize_t n = write(STDOUT_FILENO, rest.ptr, rest.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EPIPE) {
            signal(SIGPIPE, SIG_DFL);
            raise(SIGPIPE);
        }
        if (n < 0) {
            say("sluice grep: standard output: %s", strerror(errno));
            _exit(EXIT_ERROR);
        }
        rest = str_slice(rest, (size_t)n, SIZE_MAX);
    }
    buf_reset(&g->out);
}

static bool take(void *context, const struct result *result)
{
    struct grep *g = context;
    g->has_match |= result->is_match || result->is_listed;
    if (g->options.flags.quiet)
        return !g->has_match;
    printer_add(&g->printer, result, &g->out);
    if (g->out.len >= FLUSH_BYTES || g->options.print.terminal)
        write_out(g);
    return true;
}

static bool search_store(struct grep *g, const struct config *config, struct summary *summary,
                         struct err *err)
{
    defer(view_close) struct view *view = NULL;
    struct view_snapshot snapshot;
    const struct query *q = &g->options.query;
    const struct run_options options = {
        .memory = (size_t)config->collector.query_memory, .take = take, .context = g};
    if (!view_open_folder(&view, g->options.flags.store.ptr, err))
        return false;
    view_snapshot(&snapshot, view, q->since_ns, q->until_ns);
    if (!query_run(q, &snapshot.snapshot, &options, summary, err))
        return false;
    view_note_problems(view, summary);
    return true;
}

static bool search_collector(struct grep *g, const struct config *config, struct summary *summary,
                             struct err *err)
{
    struct warnings w = {0};
    defer(client_free) struct client client = {0};
    return client_init(&client, &g->options.flags.collector, config, &w, err) &&
           client_search(&client, &g->options.query, take, g, summary, err);
}

/* A pattern that looks like a regular expression and found nothing as plain text. */
static void note_plain_text(const struct grep *g)
{
    const struct query *q = &g->options.query;
    if (q->options.kind != PATTERN_TEXT || g->options.flags.no_messages || !isatty(STDERR_FILENO))
        return;
    for (size_t i = 0; i < q->n_patterns; i++) {
        struct str p = q->patterns[i];
        if (str_find_byte(p, '|') != SIZE_MAX || str_find(p, STR(".*")) != SIZE_MAX ||
            str_find(p, STR(".+")) != SIZE_MAX || str_find_byte(p, '[') != SIZE_MAX ||
            str_find_byte(p, '(') != SIZE_MAX || str_starts(p, STR("^")) || str_ends(p, STR("$"))) {
            say("note: searched as plain text; for a regular expression use -E");
            return;
        }
    }
}

static void say_problems(const struct grep *g, const struct summary *s)
{
    for (size_t i = 0; i < s->n_problems; i++)
        say("sluice grep: incomplete: %.*s", STR_ARG(s->problems[i]));
    if (s->more_problems)
        say("sluice grep: incomplete: %zu more problems", s->more_problems);
    if (g->options.flags.stats)
        say("%llu matches; %llu blocks read, %llu skipped; %llu records, %llu bytes",
            (unsigned long long)s->matched, (unsigned long long)s->blocks_read,
            (unsigned long long)s->blocks_skipped, (unsigned long long)s->records,
            (unsigned long long)s->bytes);
}

static int finish(struct grep *g, const struct summary *s)
{
    bool matched = g->has_match || s->matched > 0;
    if (g->options.query.want == WANT_OTHERS)
        matched = g->has_match;
    if (!g->options.flags.quiet) {
        printer_end(&g->printer, &g->out);
        if (g->options.query.want == WANT_COUNT)
            buf_print(&g->out, "%llu\n", (unsigned long long)s->matched);
        write_out(g);
    }
    say_problems(g, s);
    if (g->options.flags.quiet && matched)
        return EXIT_MATCH;
    if (!s->complete)
        return EXIT_INCOMPLETE;
    if (!matched)
        note_plain_text(g);
    return matched ? EXIT_MATCH : EXIT_NO_MATCH;
}

static void free_grep(struct grep *g)
{
    grep_options_free(&g->options);
    buf_free(&g->out);
}

int command_grep(int argc, char **argv)
{
    struct err err;
    int status;
    defer(config_free) struct config config = {0};
    defer(free_grep) struct grep g = {.out = {.max = FLUSH_BYTES + 4 * RESULT_ENTRY_MAX}};
    defer(summary_free) struct summary summary = {0};
    signal(SIGPIPE, SIG_IGN); /* the collector may leave too; for stdout see write_out */
    if (!grep_options_read(&g.options, &config, argc, argv, &status))
        return status;
    printer_init(&g.printer, g.options.print);
    bool good = g.options.flags.store.len ? search_store(&g, &config, &summary, &err)
                                          : search_collector(&g, &config, &summary, &err);
    if (good)
        return finish(&g, &summary);
    if (g.options.flags.quiet && g.has_match)
        return EXIT_MATCH;
    printer_end(&g.printer, &g.out);
    write_out(&g);
    say("sluice grep: %s", err.text);
    return EXIT_ERROR;
}
