#include "collector/tails.h"

#include "base/form.h"
#include "base/io/work.h"
#include "base/mem.h"
#include "base/text.h"
#include "collector/store/places.h"
#include "collector/store/snapshot.h"
#include "query/engine/print.h"
#include "query/engine/tail_form.h"
#include "query/engine/window.h"

enum {
    CHUNK_BYTES = 64 << 10,
    BATCH_BLOCKS = 256,
    BATCH_BYTES = 4 << 20, /* of lines */
    LOOK_BACK_THREADS = 2,
    WAKE_MS = 50,
    SLICE_MS = 500,
    ROOM_MS = 200, /* how long a work waits for its client to read on */
    MARK_S = 10,
    NOT_READING_S = 300,
};

struct tail {
    struct work work;
    struct tail *next; /* of tails.first */
    struct tails *owner;
    struct http_exchange *x; /* NULL: the client has left */
    struct tail_form form;
    bool is_started;  /* the answer; loop only */
    bool is_working;  /* between work_start and done; loop only */
    bool is_paused;   /* loop only */
    int64_t wrote_ns; /* monotonic, when something was written last */
    bool looks_back;  /* the span is all there was when the tail began: the newest N of it */
    bool wants_mark;  /* the batch ends with a mark whatever it gives */
    struct store_span span;

    /* The work's, while it runs. */
    struct view *view;
    struct summary summary; /* problems of the batch */
    struct result_writer writer;
    struct printer printer;
    struct buf out;
    int64_t slice_end_ns, silent_until_ns; /* monotonic */
    bool has_given;                        /* this work has given a result */
    bool is_yielded;                       /* it ended before its batch */
    bool good;
    struct err err;
};

struct tails {
    struct tails_options options;
    struct workers *followers, *look_back;
    struct tail *first;
    unsigned n;
    uv_timer_t timer;
    int64_t woken_ns; /* monotonic */
    bool is_stopping;
};

/* ---- on the thread ---- */

/* {"cursor":"17.5be1c03f.8192","problems":["..."]} */
static void put_mark_json(struct str place, const struct summary *s, struct buf *out)
{
    buf_add(out, STR("{\"cursor\":"));
    put_json(out, place);
    for (size_t i = 0; s && i < s->n_problems; i++) {
        buf_add(out, i ? STR(",") : STR(",\"problems\":["));
        put_json(out, s->problems[i]);
    }
    buf_add(out, s && s->n_problems ? STR("]}\n") : STR("}\n"));
}

/* `open`: the batch of this span is under way; else it is all given. */
static void put_tail_mark(struct tail *t, bool open, const struct summary *s, struct buf *out)
{
    enum query_output output = t->form.query.output;
    defer(buf_free) struct buf place = {.max = RESULT_PLACE_MAX};
    struct store_span span = {open ? t->span.from : t->span.to, t->span.to};
    put_store_span(&place, &span);
    if (output == OUTPUT_BINARY)
        put_mark(&t->writer, buf_str(&place), s, out);
    else if (output == OUTPUT_JSON && !open)
        put_mark_json(buf_str(&place), s, out);
}

/* While the engine looks for the next match: what there is goes out, or a sign of life. */
static void break_silence(struct tail *t, int64_t now)
{
    if (t->out.len == 0 && t->form.query.output == OUTPUT_BINARY)
        put_mark(&t->writer, STR(""), NULL, &t->out);
    if (t->out.len && work_has_room(&t->work, 0))
        work_emit(&t->work, &t->out);
    t->silent_until_ns = now + MARK_S * NS_PER_S;
}

static bool is_canceled(void *context)
{
    struct tail *t = context;
    int64_t now = time_monotonic();
    if (now > (t->out.len ? t->slice_end_ns : t->silent_until_ns))
        break_silence(t, now);
    return work_is_canceled(&t->work);
}

static bool take(void *context, const struct result *result)
{
    struct tail *t = context;
    if (!t->has_given)
        put_tail_mark(t, true, NULL, &t->out);
    t->has_given = true;
    if (t->form.query.output == OUTPUT_BINARY)
        put_result(&t->writer, result, &t->out);
    else
        printer_add(&t->printer, result, &t->out);
    t->form.has_key = true;
    t->form.key = result_key(result);
    if (t->out.len < CHUNK_BYTES && time_monotonic() < t->slice_end_ns)
        return true;
    /* There was room before, so this does not block. */
    if (!work_emit(&t->work, &t->out))
        return false;
    t->is_yielded = !work_has_room(&t->work, ROOM_MS) || time_monotonic() >= t->slice_end_ns;
    return !t->is_yielded;
}

/* The batch was given whole. */
static void end_batch(struct tail *t)
{
    view_note_problems(t->view, &t->summary);
    if (t->wants_mark || t->form.has_key || !t->summary.complete)
        put_tail_mark(t, false, &t->summary, &t->out);
}

static void run(struct work *work)
{
    struct tail *t = container_of(work, struct tail, work);
    struct view_snapshot snapshot;
    defer(summary_free) struct summary summary = {0};
    struct query query = t->form.query;
    query.last = t->looks_back && !t->form.all ? query.last : 0;
    query.has_max = t->looks_back && !t->form.all && query.last == 0;
    const struct run_options options = {
        .memory = TAIL_MEMORY,
        .behind = t->form.has_key ? &t->form.key : NULL,
        .is_canceled = is_canceled,
        .take = take,
        .context = t,
    };
    t->slice_end_ns = time_monotonic() + SLICE_MS * NS_PER_MS;
    t->silent_until_ns = t->slice_end_ns + MARK_S * NS_PER_S;
    view_snapshot(&snapshot, t->view, query.since_ns, query.until_ns);
    t->good = query_run(&query, &snapshot.snapshot, &options, &summary, &t->err) || t->is_yielded;
    for (size_t i = 0; i < summary.n_problems; i++)
        summary_problem(&t->summary, "%.*s", STR_ARG(summary.problems[i]));
    if (!t->good || t->is_yielded)
        return;
    end_batch(t);
    if (t->out.len)
        work_emit(work, &t->out);
}

/* ---- on the loop ---- */

static const char *content_type(const struct tail *t)
{
    static const char *const types[] = {[OUTPUT_JSON] = "application/x-ndjson",
                                        [OUTPUT_TEXT] = "text/plain",
                                        [OUTPUT_RAW] = "text/plain",
                                        [OUTPUT_BINARY] = "application/x-sluice-results"};
    return types[t->form.query.output];
}

static void start_answer(struct tail *t)
{
    if (t->is_started)
        return;
    t->is_started = true;
    http_add_header(t->x, "Cache-Control", STR("no-store"));
    http_add_header(t->x, "X-Accel-Buffering", STR("no")); /* nginx hands it on at once */
    http_reply_start(t->x, 200, content_type(t));
    if (t->form.query.output != OUTPUT_BINARY)
        return;
    defer(buf_free) struct buf start = {0};
    put_results_start(&start);
    http_reply_write(t->x, buf_str(&start));
}

static bool write_bytes(struct tail *t, struct str bytes)
{
    start_answer(t);
    t->wrote_ns = time_monotonic();
    return http_reply_write(t->x, bytes);
}

static void chunk(struct work *work, struct str bytes)
{
    struct tail *t = container_of(work, struct tail, work);
    if (!t->x || write_bytes(t, bytes))
        return;
    t->is_paused = true;
    work_pause(work);
}

static void drained(struct http_exchange *x, void *data)
{
    struct tail *t = data;
    (void)x;
    if (t->is_paused && t->is_working)
        work_resume(&t->work);
    t->is_paused = false;
}

static void free_tail(struct tail *t)
{
    struct tails *owner = t->owner;
    struct tail **at = &owner->first;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    owner->n--;
    view_close(&t->view);
    tail_form_free(&t->form);
    summary_free(&t->summary);
    buf_free(&t->out);
    mem_free(&t);
}

/* The exchange is over; the rest goes when no work has it any more. */
static void let_go(struct tail *t)
{
    t->x = NULL;
    if (t->is_working)
        work_cancel(&t->work);
    else
        free_tail(t);
}

static void left(struct http_exchange *x, void *data)
{
    (void)x;
    let_go(data);
}

static void fail(struct tail *t)
{
    struct http_exchange *x = t->x;
    if (t->is_started)
        http_reply_abort(x);
    else
        http_reply_text(x, t->err.code == ERR_INPUT || t->err.code == ERR_LIMIT ? 400 : 503, "%s",
                        t->err.text);
}

static void start_work(struct tail *t)
{
    struct tails *owner = t->owner;
    if (!t->view)
        view_open_span(&t->view, owner->options.store, &t->span);
    t->writer = (struct result_writer){0};
    t->out.max = CHUNK_BYTES + 4 * RESULT_ENTRY_MAX;
    t->has_given = t->is_yielded = t->good = false;
    t->is_working = true;
    work_start(t->looks_back ? owner->look_back : owner->followers, &t->work);
}

/* Goes on with the span, with what is new, or waits. */
static void go_on(struct tail *t)
{
    if (t->form.has_key || !is_span_empty(&t->span) || t->wants_mark) {
        start_work(t);
        return;
    }
    const struct store *s = t->owner->options.store;
    if (!is_place_before(t->span.to, store_end(s)))
        return;
    t->span.to = store_step(s, t->span.from, BATCH_BLOCKS, BATCH_BYTES);
    start_work(t);
}

static void done(struct work *work)
{
    struct tail *t = container_of(work, struct tail, work);
    t->is_working = false;
    if (!t->x) {
        free_tail(t);
        return;
    }
    if (!t->good || work_is_canceled(work)) {
        fail(t);
        free_tail(t);
        return;
    }
    if (!t->is_yielded) {
        view_close(&t->view);
        t->span.from = t->span.to;
        t->form.has_key = t->wants_mark = t->looks_back = false;
        summary_free(&t->summary);
        t->summary.complete = true;
    }
    go_on(t);
}

/* ---- requests ---- */

/* Where the tail begins, by its form. */
static bool find_start(struct tail *t, struct err *err)
{
    struct store *s = t->owner->options.store;
    if (t->form.cursor.len == 0) {
        t->span.to = store_end(s);
        t->looks_back = true;
        view_open(&t->view, s); /* knows the streams, so that names can be refused */
        return true;
    }
    if (!span_parse(t->form.cursor, &t->span))
        return err_set(err, ERR_INPUT, "cursor: is not one that a collector has given");
    enum place_verdict from = store_check_place(s, t->span.from);
    enum place_verdict to = store_check_place(s, t->span.to);
    if (from == PLACE_FOREIGN || to == PLACE_FOREIGN) {
        summary_problem(&t->summary, "the collector has another store than before; what it took "
                                     "until now is not shown");
        t->span.from = t->span.to = store_end(s);
        t->form.has_key = false;
    } else if (from == PLACE_REMOVED || to == PLACE_REMOVED) {
        summary_problem(&t->summary,
                        "journals were removed meanwhile, by retention or because they were merged "
                        "long ago, and lines in them that were not shown yet");
    }
    t->looks_back = t->span.from.journal == 0 && !is_span_empty(&t->span);
    return true;
}

static const struct print_options *printing_of(enum query_output output)
{
    static const struct print_options options[] = {[OUTPUT_JSON] = {.output = PRINT_JSON},
                                                   [OUTPUT_TEXT] = {.output = PRINT_TEXT},
                                                   [OUTPUT_RAW] = {.output = PRINT_RAW},
                                                   [OUTPUT_BINARY] = {.output = PRINT_RAW}};
    return &options[output];
}

static void start_tail(struct tails *tails, struct http_exchange *x, struct tail_form *form)
{
    struct err err;
    struct tail *t = mem_new(struct tail);
    t->owner = tails;
    t->x = x;
    t->form = *form;
    t->wants_mark = true;
    t->summary.complete = true;
    t->next = tails->first;
    tails->first = t;
    tails->n++;
    if (!find_start(t, &err)) {
        http_reply_text(x, 400, "%s", err.text);
        free_tail(t);
        return;
    }
    printer_init(&t->printer, *printing_of(t->form.query.output));
    t->work = (struct work){.run = run, .chunk = chunk, .done = done};
    http_on_closed(x, left, t);
    http_on_drained(x, drained, t);
    start_work(t);
}

void tails_handle(struct tails *tails, struct http_exchange *x)
{
    struct err err;
    struct tail_form form;
    struct str method = http_method(x);
    if (tails->is_stopping) {
        http_add_header(x, "Retry-After", STR("1"));
        http_reply_text(x, 503, "shutting down");
        return;
    }
    if (tails->n >= tails->options.most) {
        http_add_header(x, "Retry-After", STR("5"));
        http_reply_text(x, 429, "%u tails are open; the limit is collector.limits.tails", tails->n);
        return;
    }
    tail_form_init(&form);
    struct str text = str_equal(method, STR("POST")) ? http_body(x) : http_query(x);
    if (!tail_form_decode(&form, text, &err)) {
        http_reply_text(x, 400, "%s", err.text);
        tail_form_free(&form);
    } else if (str_equal(method, STR("HEAD"))) {
        http_reply(x, 200, NULL, STR(""));
        tail_form_free(&form);
    } else {
        start_tail(tails, x, &form);
    }
}

/* ---- all of them ---- */

static void on_timer(uv_timer_t *timer)
{
    struct tails *tails = timer->data;
    tails->woken_ns = time_monotonic();
    for (struct tail *t = tails->first, *next; t; t = next) {
        next = t->next;
        if (!t->is_working && t->x)
            go_on(t);
    }
}

void tails_wake(struct tails *tails)
{
    if (tails->is_stopping || !tails->first || uv_is_active((uv_handle_t *)&tails->timer))
        return;
    int64_t since_ms = (time_monotonic() - tails->woken_ns) / NS_PER_MS;
    uint64_t wait = since_ms >= WAKE_MS ? 0 : (uint64_t)(WAKE_MS - since_ms);
    uv_timer_start(&tails->timer, on_timer, wait, 0);
}

static void keep_alive(struct tail *t)
{
    defer(buf_free) struct buf out = {0};
    put_tail_mark(t, false, NULL, &out);
    if (out.len)
        write_bytes(t, buf_str(&out));
}

void tails_tick(struct tails *tails)
{
    int64_t now = time_monotonic();
    for (struct tail *t = tails->first, *next; t; t = next) {
        next = t->next;
        struct http_exchange *x = t->x;
        if (x && t->is_paused && now - t->wrote_ns > NOT_READING_S * NS_PER_S) {
            let_go(t);
            http_reply_abort(x);
        } else if (x && t->is_started && !t->is_working && now - t->wrote_ns > MARK_S * NS_PER_S) {
            keep_alive(t);
        }
    }
    metric_set(tails->options.metrics, METRIC_TAILS, NO_LABELS, tails->n);
}

static void end_answer(struct tail *t)
{
    struct http_exchange *x = t->x;
    if (!x)
        return;
    if (t->is_started)
        http_reply_end(x);
    else
        http_reply_text(x, 503, "shutting down");
    let_go(t);
}

void tails_stop(struct tails *tails)
{
    tails->is_stopping = true;
    uv_timer_stop(&tails->timer);
    for (struct tail *t = tails->first, *next; t; t = next) {
        next = t->next;
        end_answer(t);
    }
}

bool tails_open(struct tails **out, const struct tails_options *options, struct err *err)
{
    struct tails *tails = mem_new(struct tails);
    tails->options = *options;
    if (!workers_open(&tails->followers, options->loop, 1, err) ||
        !workers_open(&tails->look_back, options->loop, LOOK_BACK_THREADS, err)) {
        workers_close(&tails->followers);
        mem_free(&tails);
        return false;
    }
    uv_timer_init(options->loop, &tails->timer);
    tails->timer.data = tails;
    *out = tails;
    return true;
}

static void on_closed(uv_handle_t *handle)
{
    struct tails *tails = handle->data;
    mem_free(&tails);
}

void tails_close(struct tails **variable)
{
    struct tails *tails = move(*variable);
    if (!tails)
        return;
    tails_stop(tails);
    workers_close(&tails->followers); /* these run done for each */
    workers_close(&tails->look_back);
    uv_close((uv_handle_t *)&tails->timer, on_closed);
}
