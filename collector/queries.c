#include "collector/queries.h"

#include "base/form.h"
#include "base/io/work.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "collector/store/snapshot.h"
#include "query/engine/explain.h"
#include "query/engine/print.h"

enum {
    CHUNK_BYTES = 64 << 10,
    GRACE_S = 5, /* behind its deadline a search that cannot end by itself is ended */
};

/* Threads that search, one for each search at a time. There is one pool, and one more each time the
 * limit was raised above all that there are. */
struct pool {
    struct workers *workers;
    unsigned threads, busy;
};

struct running {
    struct work work;
    size_t pool; /* of queries.pools */
    uint64_t memory;
    struct running *next; /* of queries.first */
    struct queries *owner;
    struct http_exchange *x; /* NULL: the client has left */
    struct view *view;
    struct query query;
    struct summary summary;
    struct buf out; /* the thread's, until it is emitted */
    struct result_writer writer;
    struct printer printer;
    int64_t start_ns, deadline_ns; /* monotonic */
    bool is_started;               /* the answer; loop only */
    bool good;
    struct err err;
};

struct queries {
    struct queries_options options;
    struct helpers *helpers; /* of all searches */
    struct pool *pools;
    size_t n_pools, pools_capacity;
    unsigned threads; /* of all pools */
    struct running *first;
    unsigned n;
};

/* ---- on the thread ---- */

static bool is_late(const struct running *r)
{
    return time_monotonic() > r->deadline_ns;
}

/* By any thread that has to do with the search. */
static bool is_canceled(void *context)
{
    const struct running *r = context;
    return is_late(r) || work_is_canceled(&r->work);
}

/* Hands over what has gathered; false: nobody wants it any more. */
static bool flush(struct running *r)
{
    return r->out.len == 0 || work_emit(&r->work, &r->out);
}

static bool take(void *context, const struct result *result)
{
    struct running *r = context;
    if (!r->out.ptr)
        buf_reserve(&r->out, CHUNK_BYTES + CHUNK_BYTES / 4);
    if (r->query.output == OUTPUT_BINARY)
        put_result(&r->writer, result, &r->out);
    else
        printer_add(&r->printer, result, &r->out);
    return r->out.len < CHUNK_BYTES || flush(r);
}

/* {"end":true,"complete":true,"matched":12,"problems":[]} */
static void put_end_json(const struct summary *s, struct buf *out)
{
    buf_print(out, "{\"end\":true,\"complete\":%s,\"matched\":%llu,\"problems\":[",
              s->complete ? "true" : "false", (unsigned long long)s->matched);
    for (size_t i = 0; i < s->n_problems; i++) {
        buf_add(out, i ? STR(",") : STR(""));
        put_json(out, s->problems[i]);
    }
    buf_add(out, STR("]}\n"));
}

static void put_end(struct running *r)
{
    if (r->query.output == OUTPUT_BINARY) {
        put_summary(&r->summary, &r->out);
        return;
    }
    printer_end(&r->printer, &r->out);
    if (r->query.want == WANT_COUNT && r->query.output != OUTPUT_JSON)
        buf_print(&r->out, "%llu\n", (unsigned long long)r->summary.matched);
    if (r->query.output == OUTPUT_JSON)
        put_end_json(&r->summary, &r->out);
}

static void explain(struct running *r, const struct run_options *options)
{
    struct view_snapshot snapshot;
    view_snapshot(&snapshot, r->view, TIME_NONE, TIME_NONE);
    r->good = query_explain(&r->query, &snapshot.snapshot, options, &r->out, &r->err);
}

static void search(struct running *r, const struct run_options *options)
{
    struct view_snapshot snapshot;
    if (r->query.output == OUTPUT_BINARY)
        put_results_start(&r->out);
    view_snapshot(&snapshot, r->view, r->query.since_ns, r->query.until_ns);
    r->good = query_run(&r->query, &snapshot.snapshot, options, &r->summary, &r->err);
    if (!r->good && r->err.code == ERR_CANCELED && is_late(r)) {
        r->good = true;
        summary_problem(&r->summary, "the time limit for a search was reached");
    }
    if (!r->good)
        return;
    view_note_problems(r->view, &r->summary);
    put_end(r);
}

static void run(struct work *work)
{
    struct running *r = container_of(work, struct running, work);
    const struct run_options options = {
        .memory = (size_t)r->memory,
        .helpers = r->owner->helpers,
        .is_canceled = is_canceled,
        .take = take,
        .context = r,
    };
    (r->query.explain ? explain : search)(r, &options);
    if (r->good)
        flush(r);
}

/* ---- on the loop ---- */

static const char *content_type(const struct running *r)
{
    if (r->query.explain)
        return r->query.output == OUTPUT_JSON ? "application/json" : "text/plain";
    switch (r->query.output) {
    case OUTPUT_BINARY:
        return "application/x-sluice-results";
    case OUTPUT_JSON:
        return "application/x-ndjson";
    default:
        return "text/plain";
    }
}

static void chunk(struct work *work, struct str bytes)
{
    struct running *r = container_of(work, struct running, work);
    if (!r->x)
        return;
    if (!r->is_started)
        http_reply_start(r->x, 200, content_type(r));
    r->is_started = true;
    if (!http_reply_write(r->x, bytes))
        work_pause(work);
}

static void drained(struct http_exchange *x, void *data)
{
    (void)x;
    work_resume(&((struct running *)data)->work);
}

static void left(struct http_exchange *x, void *data)
{
    struct running *r = data;
    (void)x;
    r->x = NULL;
    work_cancel(&r->work);
}

static void end_answer(struct running *r)
{
    if (r->good) {
        if (!r->is_started) /* an empty answer */
            http_reply_start(r->x, 200, content_type(r));
        http_reply_end(r->x);
    } else if (r->is_started) {
        http_reply_abort(r->x);
    } else {
        unsigned status = r->err.code == ERR_INPUT || r->err.code == ERR_LIMIT ? 400 : 503;
        http_reply_text(r->x, status, "%s", r->err.text);
    }
}

static void free_running(struct running *r)
{
    view_close(&r->view);
    query_free(&r->query);
    summary_free(&r->summary);
    buf_free(&r->out);
    mem_free(&r);
}

static void done(struct work *work)
{
    struct running *r = container_of(work, struct running, work);
    struct queries *q = r->owner;
    struct running **at = &q->first;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    q->n--;
    q->pools[r->pool].busy--;
    metric_observe(q->options.metrics, METRIC_QUERY_SECONDS, NO_LABELS,
                   (double)(time_monotonic() - r->start_ns) / NS_PER_S);
    if (r->good && !r->summary.complete)
        metric_count(q->options.metrics, METRIC_QUERY_INCOMPLETE, NO_LABELS, 1);
    if (r->x)
        end_answer(r);
    free_running(r);
    mem_trim();
}

/* GET has the form behind the question mark, POST in the body. */
static struct str form_of(const struct http_exchange *x)
{
    return str_equal(http_method(x), STR("POST")) ? http_body(x) : http_query(x);
}

void queries_handle(struct queries *q, struct http_exchange *x)
{
    struct err err;
    if (q->n >= q->options.limits.most) {
        metric_count(q->options.metrics, METRIC_QUERY_REFUSED, NO_LABELS, 1);
        http_add_header(x, "Retry-After", STR("1"));
        http_reply_text(x, 429, "%u searches are running; the limit is collector.limits.queries",
                        q->n);
        return;
    }
    struct running *r = mem_new(struct running);
    query_init(&r->query);
    if (!query_decode(&r->query, form_of(x), &err)) {
        http_reply_text(x, 400, "%s", err.text);
        free_running(r);
        return;
    }
    r->owner = q;
    r->x = x;
    r->start_ns = time_monotonic();
    r->deadline_ns = r->start_ns + q->options.limits.time_ns;
    r->memory = q->options.limits.memory;
    r->out.max = CHUNK_BYTES + RESULT_ENTRY_MAX * 4;
    static const enum print_output outputs[] = {[OUTPUT_JSON] = PRINT_JSON,
                                                [OUTPUT_TEXT] = PRINT_TEXT,
                                                [OUTPUT_RAW] = PRINT_RAW,
                                                [OUTPUT_BINARY] = PRINT_RAW};
    printer_init(&r->printer,
                 (struct print_options){.output = outputs[r->query.output],
                                        .with_context = r->query.before || r->query.after,
                                        .tallies = tally_options_of(&r->query)});
    view_open(&r->view, q->options.store);
    r->work = (struct work){.run = run, .chunk = chunk, .done = done};
    r->next = q->first;
    q->first = r;
    q->n++;
    http_on_closed(x, left, r);
    http_on_drained(x, drained, r);
    while (q->pools[r->pool].busy == q->pools[r->pool].threads)
        r->pool++; /* there are at least as many threads as searches may run */
    q->pools[r->pool].busy++;
    work_start(q->pools[r->pool].workers, &r->work);
}

bool queries_set_limits(struct queries *q, const struct queries_limits *limits, struct err *err)
{
    struct pool pool = {.threads = limits->most > q->threads ? limits->most - q->threads : 0};
    if (pool.threads && !workers_open(&pool.workers, q->options.loop, pool.threads, err))
        return err_wrap(err, "threads for searches");
    if (pool.threads) {
        mem_grow(q->pools, q->n_pools, q->pools_capacity);
        q->pools[q->n_pools++] = pool;
        q->threads += pool.threads;
    }
    q->options.limits = *limits;
    return true;
}

bool queries_open(struct queries **out, const struct queries_options *options, struct err *err)
{
    struct queries *q = mem_new(struct queries);
    q->options = *options;
    helpers_open(&q->helpers, helpers_of_machine());
    if (!queries_set_limits(q, &options->limits, err)) {
        helpers_close(&q->helpers);
        mem_free(&q);
        return false;
    }
    *out = q;
    return true;
}

void queries_tick(struct queries *q)
{
    int64_t now = time_monotonic();
    for (struct running *r = q->first, *next; r; r = next) {
        next = r->next;
        if (now <= r->deadline_ns + GRACE_S * NS_PER_S || !r->x)
            continue;
        /* It waits for a client that does not read. */
        struct http_exchange *x = r->x;
        r->x = NULL;
        work_cancel(&r->work);
        if (r->is_started)
            http_reply_abort(x);
        else
            http_reply_text(x, 503, "the time limit for a search was reached");
    }
}

void queries_close(struct queries **q)
{
    if (!*q)
        return;
    for (size_t i = 0; i < (*q)->n_pools; i++)
        workers_close(&(*q)->pools[i].workers); /* runs done for each */
    helpers_close(&(*q)->helpers);
    mem_free(&(*q)->pools);
    mem_free(q);
}
