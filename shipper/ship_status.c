/*
 * What is told about a running shipper: metrics, readiness, and the report of `sluice status`.
 *
 * It is degraded by what keeps lines from the collector or has lost some: nothing is read, a source
 * makes no progress, nothing was acknowledged for a minute although lines wait, a drop in the last five
 * minutes, damaged parts, a clock that is off. A file that may not be read is only shown.
 */
#include "base/log.h"
#include "base/mem.h"
#include "shipper/discover.h"
#include "shipper/ship_parts.h"
#include "shipper/ship_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PATIENCE_NS    (60 * NS_PER_S)
#define DROP_RECENT_NS (300 * NS_PER_S)
#define SKEW_MOST_NS   (5 * NS_PER_S)

void ship_note_fullness(struct ship *s)
{
    bool is_full = !spool_has_room(s->spool);
    if (is_full && !s->was_full)
        log_warn("the spool is full; reading stops until outputs.%s takes something",
                 spool_count(s->spool).awaited);
    if (!is_full && s->was_full)
        log_info("the spool has room again; reading goes on");
    s->was_full = is_full;
}

static void count_up_to(struct metrics *m, enum metric metric, struct metric_labels labels,
                        uint64_t total)
{
    metric_count(m, metric, labels, total - (uint64_t)metric_value(m, metric, labels));
}

static void refresh_redactions(struct ship *s)
{
    const struct redaction *r = batcher_redaction(s->batcher);
    for (size_t i = 0; i < REDACT_RULES; i++) {
        if (r->counts[i])
            count_up_to(&s->metrics, METRIC_REDACTIONS,
                        ((struct metric_labels){redact_rules[i].name, {0}}), r->counts[i]);
    }
    if (r->own_count)
        count_up_to(&s->metrics, METRIC_REDACTIONS, LABELS("patterns"), r->own_count);
}

static void refresh_collector(struct ship *s)
{
    struct sender_numbers sender = sender_count(s->sender);
    struct metrics *m = &s->metrics;
    metric_set(m, METRIC_OUTPUT_UP, LABELS("collector"), sender.is_up);
    count_up_to(m, METRIC_BLOCKS, NO_LABELS, sender.blocks);
    if (sender.acknowledged_ns != TIME_NONE)
        metric_set(m, METRIC_ACK_AGE_SECONDS, NO_LABELS,
                   (double)(time_now() - sender.acknowledged_ns) / NS_PER_S);
    if (sender.skew_ns != INT64_MIN)
        metric_set(m, METRIC_CLOCK_SKEW_SECONDS, NO_LABELS, (double)sender.skew_ns / NS_PER_S);
}

static struct metrics *refresh_metrics(void *data)
{
    struct ship *s = data;
    struct spool_numbers spool = spool_count(s->spool);
    struct metrics *m = &s->metrics;
    const struct metric_labels kind = s->tailer ? LABELS("file") : LABELS("stdin");
    count_up_to(m, METRIC_READ_BYTES, kind, s->read_bytes);
    refresh_redactions(s);
    metric_set(m, METRIC_SPOOL_BYTES, NO_LABELS, (double)spool.bytes);
    metric_set(m, METRIC_CORRUPT_PARTS, NO_LABELS, (double)spool.damaged);
    metric_set(m, METRIC_SPOOL_OLDEST_SECONDS, NO_LABELS,
               spool.oldest_ns == TIME_NONE ? 0
                                            : (double)(time_now() - spool.oldest_ns) / NS_PER_S);
    if (s->sender)
        refresh_collector(s);
    outputs_put_metrics(s->outputs, m);
    if (s->tailer) {
        ship_look_at_progress(s);
        metric_set(m, METRIC_LAG_BYTES, NO_LABELS, (double)s->progress.lag_bytes);
        metric_set(m, METRIC_LAG_SECONDS, NO_LABELS,
                   (double)progress_lag_ns(&s->progress, time_monotonic()) / NS_PER_S);
    }
    metric_set(m, METRIC_BUILD_INFO, LABELS(SLUICE_VERSION), 1);
    return m;
}

static const char *trouble(void *data)
{
    const struct ship *s = data;
    if (is_writer_failing(s->writer))
        return "the state cannot be written";
    return s->phase == SHIP_RUNNING ? NULL : "not reading";
}

/* ---- progress ---- */

/* What is being read under its own name. Others have a successor of the same name, or nothing to read. */
static bool is_followed(const struct tail_status *t)
{
    static const char *const states[] = {"new", "live", "packed"};
    for (size_t i = 0; i < countof(states); i++) {
        if (str_equal(t->state, str_from(states[i])))
            return true;
    }
    return false;
}

static void note_progress(void *context, const struct tail_status *t)
{
    struct ship *s = context;
    if (is_followed(t))
        progress_note(&s->progress, t->path, t->offset, t->lag, time_monotonic());
}

void ship_look_at_progress(struct ship *s)
{
    if (!s->tailer)
        return;
    progress_begin(&s->progress);
    tailer_each(s->tailer, note_progress, s);
    progress_end(&s->progress);
}

/* ---- the report ---- */

struct gathering {
    const struct ship *ship;
    struct ship_report report;
    size_t capacity;
    struct arena arena; /* texts of the rows */
    struct problems problems;
};

static struct str source_text(const struct ship *s, const struct tail_status *t,
                              struct arena *arena)
{
    defer(buf_free) struct buf name = {.max = 8192};
    ship_put_source_name(s, t, &name);
    return arena_copy(arena, buf_str(&name));
}

static struct str state_text(const struct ship *s, const struct tail_status *t, struct arena *arena)
{
    int64_t still_ns = progress_still_ns(&s->progress, t->path, time_monotonic());
    if (t->reason.len)
        return arena_copy(arena, t->reason);
    if (is_followed(t) && still_ns >= PROGRESS_STUCK_NS)
        return arena_print(arena, "no progress for %" PRId64 " s", still_ns / NS_PER_S);
    bool is_plain = str_equal(t->state, STR("live")) || str_equal(t->state, STR("new"));
    defer(buf_free) struct buf text = {.max = 8192};
    buf_add(&text, is_plain ? STR("ok") : t->state);
    if (t->stream && s->rules)
        stream_rules_put(s->rules, t->stream, &text);
    return arena_copy(arena, buf_str(&text));
}

/* Rotated files that are read to the end, and copies, would only make the list long. */
static bool is_shown(const struct tail_status *t)
{
    bool is_current = is_followed(t) && str_equal(t->path, t->file);
    return is_current || t->lag || str_equal(t->state, STR("ignored")) ||
           str_equal(t->state, STR("waiting"));
}

static void add_source(void *context, const struct tail_status *t)
{
    struct gathering *g = context;
    struct ship_report *r = &g->report;
    if (!is_shown(t))
        return;
    mem_grow(r->sources, r->n_sources, g->capacity);
    struct source_row *row = &r->sources[r->n_sources++];
    *row = (struct source_row){
        .source = source_text(g->ship, t, &g->arena),
        .state = state_text(g->ship, t, &g->arena),
        .read = t->offset,
        .lag = t->lag,
        .has_numbers = !str_equal(t->state, STR("ignored")),
    };
    r->n_read += row->has_numbers;
}

/* A container, or a folder of containers, that no file shows. */
static void add_unread(void *context, struct str name, const char *reason)
{
    struct gathering *g = context;
    struct ship_report *r = &g->report;
    mem_grow(r->sources, r->n_sources, g->capacity);
    r->sources[r->n_sources++] =
        (struct source_row){.source = arena_copy(&g->arena, name), .state = str_from(reason)};
}

static void add_stdin(struct gathering *g)
{
    struct ship_report *r = &g->report;
    mem_grow(r->sources, r->n_sources, g->capacity);
    r->sources[r->n_sources++] = (struct source_row){.source = STR("stdin"),
                                                     .state = STR("ok"),
                                                     .read = g->ship->read_bytes,
                                                     .has_numbers = true};
    r->n_read = 1;
}

static void add_collector(struct gathering *g)
{
    struct sender_numbers sender = sender_count(g->ship->sender);
    struct ship_report *r = &g->report;
    r->has_output = true;
    r->is_up = sender.is_up;
    r->last_error = str_from(sender.is_failing ? sender.last_error : "");
    r->skew_ns = sender.skew_ns;
    r->ack_age_ns = sender.acknowledged_ns == TIME_NONE
                        ? -1
                        : max_of(time_now() - sender.acknowledged_ns, (int64_t)0);
}

static void add_numbers(struct gathering *g)
{
    const struct ship *s = g->ship;
    struct ship_report *r = &g->report;
    struct spool_numbers spool = spool_count(s->spool);
    r->records = s->records;
    r->read_bytes = s->read_bytes;
    r->dropped_bytes = s->dropped_bytes;
    r->redaction = s->redacting ? batcher_redaction(s->batcher) : NULL;
    r->redacted_bytes = batcher_redacted_bytes(s->batcher);
    r->lag_bytes = s->progress.lag_bytes;
    r->lag_ns = progress_lag_ns(&s->progress, time_monotonic());
    r->spool_bytes = spool.acknowledged < spool.last ? spool.bytes : 0;
    r->damaged = spool.damaged;
    r->ack_age_ns = -1;
    r->skew_ns = INT64_MIN;
    if (s->sender)
        add_collector(g);
}

static void find_stuck(struct gathering *g)
{
    const struct ship *s = g->ship;
    if (s->progress.stuck)
        problem_add(&g->problems, "%zu of %zu sources make no progress", s->progress.stuck,
                    g->report.n_read);
    if (is_writer_failing(s->writer))
        problem_add(&g->problems, "the state in %s cannot be written", s->options->state);
    if (!spool_has_room(s->spool))
        problem_add(&g->problems,
                    "the spool is full: reading stops until outputs.%s takes something",
                    spool_count(s->spool).awaited);
    if (s->phase == SHIP_WAITING)
        problem_add(&g->problems, "nothing is read yet: the collector has not answered");
    if (s->phase > SHIP_RUNNING)
        problem_add(&g->problems, "it is stopping");
}

static void find_collector_problems(struct gathering *g)
{
    const struct ship *s = g->ship;
    struct sender_numbers sender = sender_count(s->sender);
    int64_t oldest_ns = spool_reader_count(s->collector).oldest_ns;
    int64_t failing_ns = s->failing_ns ? time_monotonic() - s->failing_ns : 0;
    int64_t waiting_ns =
        oldest_ns == TIME_NONE ? 0 : time_now() - max_of(oldest_ns, sender.acknowledged_ns);
    if (failing_ns >= PATIENCE_NS)
        problem_add(&g->problems, "outputs.collector fails since %" PRId64 " s: %s",
                    failing_ns / NS_PER_S, sender.last_error);
    else if (waiting_ns >= PATIENCE_NS)
        problem_add(&g->problems,
                    "nothing was acknowledged for %" PRId64 " s although lines wait in the spool",
                    waiting_ns / NS_PER_S);
    if (sender.refused)
        problem_add(&g->problems, "%" PRIu64 " blocks were refused for good: see %s/refused",
                    sender.refused, s->options->state);
    if (sender.skew_ns != INT64_MIN && llabs(sender.skew_ns) >= SKEW_MOST_NS)
        problem_add(&g->problems, "the collector's clock is %lld s %s ours",
                    llabs(sender.skew_ns) / NS_PER_S, sender.skew_ns > 0 ? "ahead of" : "behind");
}

static void find_losses(struct gathering *g)
{
    const struct ship *s = g->ship;
    int64_t ago_ns = time_monotonic() - s->dropped_ns;
    if (s->dropped_ns && ago_ns < DROP_RECENT_NS)
        problem_add(&g->problems, "lines were dropped, the last %" PRId64 " s ago (see the log)",
                    ago_ns / NS_PER_S);
    if (g->report.damaged)
        problem_add(&g->problems, "%" PRIu64 " damaged parts of the spool were skipped",
                    g->report.damaged);
}

static void report(enum report_form form, struct buf *out, void *data)
{
    struct ship *s = data;
    struct gathering g = {.ship = s};
    ship_note_outputs(s);
    ship_look_at_progress(s);
    if (s->tailer)
        tailer_each(s->tailer, add_source, &g);
    else
        add_stdin(&g);
    if (s->discover)
        discover_each_unread(s->discover, add_unread, &g);
    add_numbers(&g);
    find_stuck(&g);
    if (s->sender)
        find_collector_problems(&g);
    g.report.outputs = outputs_rows(s->outputs, &g.arena, &g.report.n_outputs);
    find_output_problems(g.report.outputs, g.report.n_outputs, "outputs", time_now(), &g.problems);
    find_losses(&g);
    put_ship_report(&g.report, &g.problems, form, out);
    mem_free(&g.report.sources);
    arena_free(&g.arena);
}

static bool reload(struct buf *text, struct err *err, void *data)
{
    const struct ship *s = data;
    if (!s->events.reload)
        return err_set(err, ERR_INPUT, "standard input is read: there is nothing to reload");
    return s->events.reload(text, err, s->events.data);
}

void ship_open_status(struct ship *s)
{
    struct err err;
    const struct status_options options = {
        .loop = s->loop,
        .path = s->config->shipper.socket.ptr,
        .trouble = trouble,
        .metrics = refresh_metrics,
        .report = report,
        .reload = reload,
        .data = s,
    };
    if (s->config->shipper.socket.len && !status_open(&s->status, &options, &err))
        log_warn("no status socket: %s", err.text);
}
