#include "query/search.h"

#include "base/io/backoff.h"
#include "base/mem.h"
#include "base/report.h"
#include "base/say.h"
#include "collector/store/snapshot.h"
#include "query/client.h"
#include "query/engine/explain.h"
#include "query/engine/window.h"
#include "query/file_snapshot.h"
#include "query/output.h"
#include "query/services.h"
#include "query/show.h"

#include <time.h>

enum { FLUSH_BYTES = 64 << 10, RETRY_MAX_S = 5, SAID_AFTER_S = 10 };

void search_init(struct search *s, const char *command, const struct print_options *print)
{
    *s = (struct search){.command = command, .out = {.max = FLUSH_BYTES + 4 * RESULT_ENTRY_MAX}};
    printer_init(&s->printer, *print);
    output_begin();
}

void search_free(struct search *s)
{
    buf_free(&s->out);
}

void search_end(struct search *s)
{
    printer_end(&s->printer, &s->out);
    output_write(s->command, &s->out);
}

static bool take(void *context, const struct result *result)
{
    struct search *s = context;
    if (s->take)
        return s->take(s->context, result);
    s->has_match |= result->is_match || result->is_listed;
    if (s->quiet)
        return !s->has_match;
    printer_add(&s->printer, result, &s->out);
    if (s->out.len >= FLUSH_BYTES || s->printer.options.terminal)
        output_write(s->command, &s->out);
    return true;
}

static void report_stats(const struct summary *s)
{
    char size[HUMAN_SIZE];
    say("%llu matches; of %llu blocks of that time %llu were read, %llu cannot have the text, %llu "
        "were not needed; %llu records, %s",
        (unsigned long long)s->matched, (unsigned long long)(s->blocks_read + s->blocks_skipped),
        (unsigned long long)s->blocks_read, (unsigned long long)s->blocks_sifted,
        (unsigned long long)(s->blocks_skipped - min_of(s->blocks_skipped, s->blocks_sifted)),
        (unsigned long long)s->records, human_size(s->bytes, size));
}

void search_report(const char *command, const struct summary *summary, bool stats)
{
    for (size_t i = 0; i < summary->n_problems; i++)
        say("sluice %s: incomplete: %.*s", command, STR_ARG(summary->problems[i]));
    if (summary->more_problems)
        say("sluice %s: incomplete: %zu more problems", command, summary->more_problems);
    if (stats)
        report_stats(summary);
}

/* ---- operands ---- */

bool take_operands(struct query *q, const struct str_list *operands, struct str_list *files,
                   const struct str_list *collector, struct str store, struct err *err)
{
    *files = (struct str_list){arena_array(&q->arena, struct str, operands->n), 0};
    for (size_t i = 0; i < operands->n; i++) {
        if (is_path_operand(operands->items[i]))
            files->items[files->n++] = operands->items[i];
        else
            query_add_filter(q, operands->items[i]);
    }
    if (files->n == 0 || (collector->n == 0 && store.len == 0))
        return true;
    return err_set(err, ERR_INPUT,
                   "'%.*s' is a path, and files are searched here: leave %s out, or the paths",
                   STR_ARG(files->items[0]), store.len ? "--store" : "--collector");
}

/* ---- once ---- */

/* helpers: NULL without any. */
static struct run_options run_options_of(struct search *s, struct helpers *helpers)
{
    return (struct run_options){.memory = (size_t)s->config->collector.query_memory,
                                .helpers = helpers,
                                .take = take,
                                .context = s};
}

static bool run_store(struct search *s, struct summary *summary, struct err *err)
{
    defer(view_close) struct view *view = NULL;
    defer(helpers_close) struct helpers *helpers = NULL;
    struct view_snapshot snapshot;
    helpers_open(&helpers, helpers_of_machine());
    const struct run_options options = run_options_of(s, helpers);
    if (!view_open_folder(&view, s->store.ptr, err))
        return false;
    view_snapshot(&snapshot, view, s->query->since_ns, s->query->until_ns);
    if (!query_run(s->query, &snapshot.snapshot, &options, summary, err))
        return false;
    view_note_problems(view, summary);
    return true;
}

/* Without filters, of which a block alone does not know what they mean. */
static bool has_found(void *context, const struct snapshot *block)
{
    struct search *s = context;
    struct err ignored; /* it comes again */
    const struct run_options options = run_options_of(s, NULL);
    defer(summary_free) struct summary summary = {0};
    query_run(s->query, block, &options, &summary, &ignored);
    return s->has_match;
}

static bool run_files(struct search *s, struct summary *summary, struct err *err)
{
    defer(file_snapshot_close) struct file_snapshot *files = NULL;
    defer(helpers_close) struct helpers *helpers = NULL;
    helpers_open(&helpers, helpers_of_machine());
    const struct run_options options = run_options_of(s, helpers);
    bool can_end_early = s->quiet && s->query->want == WANT_RECORDS && s->query->filters.n == 0;
    const struct file_search how = {.paths = s->files,
                                    .query = s->query,
                                    .config = s->config,
                                    .zone = show_zone(false),
                                    .memory = options.memory,
                                    .is_enough = can_end_early ? has_found : NULL,
                                    .context = s};
    if (!file_snapshot_open(&files, &how, err) || (s->quiet && s->has_match) ||
        !query_run(s->query, file_snapshot_of(files), &options, summary, err))
        return false;
    file_snapshot_note(files, summary);
    return true;
}

bool search_run(struct search *s, struct summary *summary, struct err *err)
{
    struct warnings w = {0};
    if (s->files && s->files->n)
        return run_files(s, summary, err);
    if (s->store.len)
        return run_store(s, summary, err);
    defer(client_free) struct client client = {0};
    return client_init(&client, s->collector, s->config, &w, err) &&
           client_search(&client, s->query, take, s, summary, err);
}

static bool explain_store(struct search *s, struct err *err)
{
    defer(view_close) struct view *view = NULL;
    struct view_snapshot snapshot;
    if (!view_open_folder(&view, s->store.ptr, err))
        return false;
    view_snapshot(&snapshot, view, TIME_NONE, TIME_NONE);
    return query_explain(s->query, &snapshot.snapshot, &(struct run_options){0}, &s->out, err);
}

bool search_explain(struct search *s, struct err *err)
{
    struct warnings w = {0};
    if (s->store.len)
        return explain_store(s, err);
    defer(client_free) struct client client = {0};
    defer(buf_free) struct buf answer = {0};
    if (!client_init(&client, s->collector, s->config, &w, err) ||
        !client_explain(&client, s->query, &answer, err))
        return false;
    put_safe_lines(&s->out, buf_str(&answer));
    return true;
}

/* ---- for ever ---- */

struct follow {
    struct search *search;
    struct tail_form form; /* what is asked for next; .query is the search's */
    char cursor[RESULT_PLACE_MAX];
    struct backoff backoff;
    bool has_begun;
    int64_t gap_ns; /* monotonic, since when nothing comes; 0: it does */
    bool was_away;  /* since then nobody answered at least once */
    bool has_said;  /* ... and that was said */
};

static void note_gap(struct follow *f, const struct summary *problems)
{
    int64_t seconds = (time_monotonic() - f->gap_ns + NS_PER_S / 2) / NS_PER_S;
    bool complete = problems->n_problems == 0;
    if (!f->search->no_notes)
        say("--- gap of %lld s (%s)%s ---", (long long)seconds,
            f->was_away ? "the collector was away" : "the connection broke",
            complete ? "; nothing was lost" : "");
    f->gap_ns = 0;
    f->was_away = f->has_said = false;
    backoff_reset(&f->backoff);
}

static void on_mark(void *context, struct str place, const struct summary *problems)
{
    struct follow *f = context;
    if (f->gap_ns)
        note_gap(f, problems);
    for (size_t i = 0; i < problems->n_problems; i++)
        say("sluice %s: incomplete: %.*s", f->search->command, STR_ARG(problems->problems[i]));
    output_check();
    if (place.len == 0 || str_equal(place, f->form.cursor))
        return;
    memcpy(f->cursor, place.ptr, place.len);
    f->form.cursor = str_of(f->cursor, place.len);
    f->form.has_key = false;
}

static bool on_result(void *context, const struct result *result)
{
    struct follow *f = context;
    f->form.has_key = true;
    f->form.key = result_key(result);
    return take(f->search, result);
}

static void on_pause(void *context)
{
    struct search *s = ((struct follow *)context)->search;
    output_write(s->command, &s->out);
}

/* Whether asking again may help. */
static bool is_passing(const struct follow *f, unsigned status, const struct err *err)
{
    if (err->code == ERR_CANCELED || err->code == ERR_CORRUPT || !f->has_begun)
        return false;
    return status == 0 || status == 200 || status == 408 || status == 425 || status == 429 ||
           status >= 500;
}

static void wait_a_little(struct follow *f, const struct err *err)
{
    int64_t now = time_monotonic(), wait_ns = backoff_next(&f->backoff, 0);
    const struct timespec pause = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                                   .tv_nsec = (long)(wait_ns % NS_PER_S)};
    if (!f->has_said && !f->search->no_notes && now - f->gap_ns > SAID_AFTER_S * NS_PER_S) {
        say("--- %s; trying again ---", err->text);
        f->has_said = true;
    }
    output_check();
    nanosleep(&pause, NULL);
}

static bool follow(struct follow *f, struct client *client, struct err *err)
{
    const struct client_events events = {
        .take = on_result, .mark = on_mark, .pause = on_pause, .context = f};
    for (;;) {
        unsigned status = 0;
        defer(buf_free) struct buf form = {.max = QUERY_FORM_MAX};
        tail_form_encode(&f->form, &form);
        client_tail(client, buf_str(&form), &events, &status, err);
        f->has_begun = f->has_begun || status == 200;
        if (!is_passing(f, status, err))
            return false;
        f->gap_ns = f->gap_ns ? f->gap_ns : time_monotonic();
        f->was_away = f->was_away || status != 200;
        wait_a_little(f, err);
    }
}

bool search_follow(struct search *s, bool all, struct err *err)
{
    struct warnings w = {0};
    struct follow f = {.search = s,
                       .form = {.query = *s->query, .all = all},
                       .backoff = {.max_ns = RETRY_MAX_S * NS_PER_S}};
    defer(client_free) struct client client = {0};
    return tail_form_check(&f.form, err) &&
           client_init(&client, s->collector, s->config, &w, err) && follow(&f, &client, err);
}
