/*
 * `sluice grep`: the search of a collector, of a store folder, or of files, on standard output.
 *
 *     options ─▶ query ─┬─▶ collector (HTTP) ─┬─▶ results ─▶ printer ─▶ stdout
 *                       ├─▶ --store DIR ──────┤
 *                       └─▶ files ────────────┘
 *
 * Exit status: 0 something matched, 1 nothing matched and everything was searched, 2 usage, connection
 * or another error, 3 the answer lacks something. -q with a match is 0 whatever else. A closed pipe ends
 * it silently, as it ends grep.
 */
#include "query/commands.h"

#include "base/mem.h"
#include "base/say.h"
#include "query/grep_options.h"
#include "query/output.h"
#include "query/search.h"

#include <stdio.h>
#include <unistd.h>

enum { EXIT_MATCH = 0, EXIT_NO_MATCH = 1, EXIT_ERROR = 2, EXIT_INCOMPLETE = 3 };

struct grep {
    struct grep_options options;
    struct search search;
};

/* A pattern that looks like a regular expression and found nothing as plain text. */
static void note_plain_text(const struct grep *g)
{
    const struct query *q = &g->options.query;
    if (q->options.kind != PATTERN_TEXT || g->options.flags.no_messages || !isatty(STDERR_FILENO))
        return;
    for (size_t i = 0; i < q->patterns.n; i++) {
        struct str p = q->patterns.items[i];
        if (str_find_byte(p, '|') != SIZE_MAX || str_find(p, STR(".*")) != SIZE_MAX ||
            str_find(p, STR(".+")) != SIZE_MAX || str_find_byte(p, '[') != SIZE_MAX ||
            str_find_byte(p, '(') != SIZE_MAX || str_starts(p, STR("^")) || str_ends(p, STR("$"))) {
            say("note: searched as plain text; for a regular expression use -E");
            return;
        }
    }
}

static int finish(struct grep *g, const struct summary *s)
{
    bool matched = g->search.has_match || s->matched > 0;
    if (g->options.query.want == WANT_OTHERS)
        matched = g->search.has_match;
    if (!g->options.flags.quiet) {
        if (g->options.query.want == WANT_COUNT)
            buf_print(&g->search.out, "%llu\n", (unsigned long long)s->matched);
        search_end(&g->search);
    }
    search_report("grep", s, g->options.flags.stats);
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
    search_free(&g->search);
}

int command_grep(int argc, char **argv)
{
    struct err err;
    int status;
    defer(config_free) struct config config = {0};
    defer(free_grep) struct grep g = {0};
    defer(summary_free) struct summary summary = {0};
    const struct grep_flags *f = &g.options.flags;
    if (!grep_options_read(&g.options, &config, argc, argv, &status))
        return status;
    search_init(&g.search, "grep", &g.options.print);
    g.search.config = &config;
    g.search.collector = &f->collector;
    g.search.store = f->store;
    g.search.files = &g.options.files;
    g.search.query = &g.options.query;
    g.search.quiet = f->quiet;
    g.search.no_notes = f->no_messages;
    bool good = f->explain  ? search_explain(&g.search, &err)
                : f->follow ? search_follow(&g.search, g.options.query.last == 0, &err)
                            : search_run(&g.search, &summary, &err);
    if (good && !f->explain)
        return finish(&g, &summary);
    if (f->quiet && g.search.has_match)
        return EXIT_MATCH;
    search_end(&g.search);
    if (good)
        return EXIT_MATCH;
    say("sluice grep: %s", err.text);
    return EXIT_ERROR;
}
