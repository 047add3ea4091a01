#include "forward/output.h"

#include "base/io/delivery.h"
#include "base/io/work.h"
#include "base/log.h"
#include "base/mem.h"
#include "forward/credentials.h"
#include "forward/hello.h"
#include "forward/lines.h"
#include "forward/output_form.h"
#include "forward/parcel.h"
#include "forward/rejects.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum {
    BODY_MIN = 64 << 10, /* what an output that finds bodies too large is not asked to go below */
    HEADERS_MAX = 5,
    PIECE = 4096,    /* PIPE_BUF: a pipe that poll calls writable takes it at once */
    RETRY_MS = 1000, /* where no request has failed as a whole */
    RENEWALS_MAX = 3,
};

enum output_state {
    OUTPUT_IDLE,
    OUTPUT_PREPARING,
    OUTPUT_SENDING,
    OUTPUT_ASKING, /* hello, in a conflict */
    OUTPUT_WAITING
};

struct output {
    struct output_options options;
    struct config_other_output config; /* texts are in .arena */
    struct arena arena;
    enum output_state state;
    bool is_closing;
    struct filter *filter; /* NULL: all */
    struct push_format *format;
    struct delivery *delivery; /* NULL: it goes to standard output */
    struct credentials credentials;
    struct http_request_header headers[HEADERS_MAX];
    size_t n_headers;
    uv_timer_t timer; /* while WAITING */
    size_t body_max;

    /* The thread's while PREPARING. */
    struct workers *workers;
    struct work work;
    struct parcel parcel;
    struct buf body;
    size_t written;     /* bytes of the body that standard output has */
    struct err damage;  /* of the block */
    struct err failure; /* of standard output */

    /* In a conflict. hello is NULL if the other side is no collector, or if the origins are not ours to renew. */
    struct delivery *hello;
    struct buf question;
    bool is_looking;          /* for this block, the last that the collector has: */
    uint64_t last;            /* sequence */
    struct hash128 last_hash; /* as it was sent */
    unsigned renewals;        /* of the origin, since something was taken */

    struct push_answer answer;
    struct output_numbers numbers;
    char last_error[252];
};

static const char *name_text(const struct output *o)
{
    return o->config.name.ptr;
}

/* ---- the thread ---- */

/* As much as goes in; a reader that does not read only holds this thread up. */
static void write_body(struct output *o)
{
    while (o->written < o->body.len && !work_is_canceled(&o->work)) {
        struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (poll(&out, 1, 100) <= 0)
            continue;
        size_t n = min_of(o->body.len - o->written, (size_t)PIECE);
        ssize_t done = write(STDOUT_FILENO, o->body.ptr + o->written, n);
        if (done > 0) {
            o->written += (size_t)done;
        } else if (errno != EINTR && errno != EAGAIN) {
            err_put_sys(&o->failure, "standard output");
            return;
        }
    }
}

static void prepare(struct work *work)
{
    struct output *o = container_of(work, struct output, work);
    struct parcel *p = &o->parcel;
    if (!p->is_open) {
        bool whole = o->config.kind == OUTPUT_COLLECTOR;
        if (!parcel_open(p, o->filter, whole, &o->damage))
            return;
        o->format->kind->begin(o->format, &p->push);
    }
    if (p->n_sent == 0) {
        buf_reset(&o->body);
        o->written = 0;
        if (!parcel_put(p, o->format, o->body_max, &o->body))
            return;
    }
    if (o->body.over)
        err_set(&o->damage, ERR_LIMIT, "what is to be sent of it is too large");
    else if (!o->delivery)
        write_body(o);
}

/* ---- the loop ---- */

static void take_block(struct output *o);
static void renew(struct output *o);

static void start_work(struct output *o)
{
    o->state = OUTPUT_PREPARING;
    o->failure.code = o->damage.code = ERR_NONE;
    work_start(o->workers, &o->work);
}

static void note_failure(struct output *o, const char *text)
{
    struct output_numbers *n = &o->numbers;
    if (!n->is_failing)
        n->failing_since_ns = time_now();
    n->is_failing = true;
    snprintf(o->last_error, sizeof o->last_error, "%s", text);
}

static void forget_failure(struct output *o)
{
    o->numbers.is_failing = false;
    o->numbers.failing_since_ns = TIME_NONE;
}

static void note_success(struct output *o)
{
    o->numbers.is_up = true;
    forget_failure(o);
}

static void on_timer(uv_timer_t *timer)
{
    struct output *o = timer->data;
    o->state = OUTPUT_IDLE;
    if (o->parcel.bytes.len)
        start_work(o);
    else
        take_block(o);
}

static void wait_a_while(struct output *o)
{
    o->state = OUTPUT_WAITING;
    uv_timer_start(&o->timer, on_timer, RETRY_MS, 0);
}

static void end_block(struct output *o)
{
    parcel_reset(&o->parcel);
    o->state = OUTPUT_IDLE;
    o->options.queue.done(o->options.queue.data);
    if (o->options.moved)
        o->options.moved(o->options.data);
    if (o->state == OUTPUT_IDLE && !o->is_closing)
        take_block(o);
}

/* A queue that cannot be read now is no empty one: who looks through it would take its end for an answer. */
static void take_block(struct output *o)
{
    struct err err;
    if (o->options.queue.next(o->options.queue.data, &o->parcel.bytes, &err)) {
        forget_failure(o);
        start_work(o);
    } else if (err.code != ERR_NONE) {
        note_failure(o, err.text);
        wait_a_while(o);
    } else if (o->is_looking) {
        renew(o);
    }
}

static void count_rejects(struct output *o)
{
    struct output_counts *c = &o->numbers.counts;
    struct push_answer total = {.n_rejects = c->n_rejects};
    memcpy(total.rejects, c->rejects, sizeof total.rejects);
    for (size_t i = 0; i < o->answer.n_rejects; i++) {
        push_count_reject(&total, o->answer.rejects[i].reason, o->answer.rejects[i].rows);
        c->rejected += o->answer.rejects[i].rows;
    }
    memcpy(c->rejects, total.rejects, sizeof total.rejects);
    c->n_rejects = total.n_rejects;
    if (o->answer.n_rejects)
        snprintf(c->last_reject, sizeof c->last_reject, "%s", o->answer.detail);
}

/* The only row of a body, if there were rejects and no fate says of which; else those with that fate. */
static bool is_rejected(const struct output *o, size_t i)
{
    return o->parcel.fates[i] == PUSH_REJECTED || (o->answer.n == 1 && o->answer.n_rejects);
}

static void keep_rejects(struct output *o)
{
    struct err err;
    defer(buf_free) struct buf lines = {.max =
                                            8 * BLOCK_MAX}; /* JSON of all that a block can hold */
    const struct parcel *p = &o->parcel;
    if (!o->config.keeps_rejects || !o->answer.n_rejects)
        return;
    if (!p->block.records) { /* whole blocks have no lines at hand */
        if (!parcel_read_lines(&o->parcel, &err)) {
            log_error("%s.%s: %s", o->options.section, name_text(o), err.text);
            return;
        }
    }
    for (size_t i = 0; i < p->n_sent; i++) {
        if (is_rejected(o, i))
            put_record_line(OUTPUT_FORM_JSON, &p->block, p->rows[p->at + i], &lines);
    }
    if (!rejects_keep(o->options.rejects, o->config.name, buf_str(&lines), &err))
        log_error("%s.%s: %s", o->options.section, name_text(o), err.text);
}

/* Rows that were refused, of which the answer does not tell which they are. */
static uint64_t unknown_rejects(const struct output *o, const struct parcel_counts *c)
{
    uint64_t rejects = 0;
    for (size_t i = 0; i < o->answer.n_rejects; i++)
        rejects += o->answer.rejects[i].rows;
    return rejects - min_of(rejects, c->rejected);
}

static void settle(struct output *o)
{
    struct parcel *p = &o->parcel;
    struct parcel_counts c = parcel_count(p);
    if (o->config.keeps_rejects && unknown_rejects(o, &c) && o->answer.n > 1) {
        parcel_halve(p); /* which they are is found out by smaller bodies */
        start_work(o);
        return;
    }
    o->numbers.counts.records += c.taken - min_of(unknown_rejects(o, &c), c.taken);
    o->numbers.counts.bytes += c.bytes;
    if (c.taken)
        o->renewals = 0;
    count_rejects(o);
    keep_rejects(o);
    parcel_settle(p);
    if (is_parcel_done(p))
        end_block(o);
    else if (o->answer.is_pressed)
        wait_a_while(o);
    else
        start_work(o);
}

/* ---- conflicts ---- */

/* Invariant 5: what is not done comes again, as that of somebody else. Not at once, so that one that calls everything a
 * conflict is not asked without end. */
static void renew(struct output *o)
{
    struct err err;
    parcel_reset(&o->parcel);
    if (o->options.queue.renew(o->options.queue.data, &err)) {
        o->is_looking = false;
        o->renewals++;
        log_warn("%s.%s: another shipper sends under our origin there (a cloned or restored "
                 "machine?); going on as a new one",
                 o->options.section, name_text(o));
    } else { /* tried again: what comes next in the queue is not there either */
        note_failure(o, err.text);
    }
    wait_a_while(o);
}

/* At a block that is as it would be sent, or is damaged. */
static void look(struct output *o)
{
    const struct block_header *h = &o->parcel.block.header;
    bool is_damaged = o->damage.code != ERR_NONE, is_sent = !is_parcel_done(&o->parcel);
    if (!is_damaged && is_sent && h->sequence == o->last &&
        hash128_equal(block_hash(buf_str(&o->body)), o->last_hash)) {
        o->is_looking = false;
        end_block(o); /* all blocks up to this one are there */
        return;
    }
    bool is_before = is_damaged || h->sequence < o->last;
    parcel_reset(&o->parcel);
    o->state = OUTPUT_IDLE;
    if (is_before)
        take_block(o);
    else
        renew(o);
}

static void on_hello(const struct delivery_answer *answer, void *data)
{
    struct output *o = data;
    struct err err;
    struct hello_answer hello;
    defer(arena_free) struct arena arena = {0};
    bool is_read = read_hello_answer(answer->body, &arena, &hello, &err);
    assert(is_read); /* judge_hello has done it */
    note_success(o);
    o->is_looking = true;
    o->last = hello.last;
    o->last_hash = hello.last_hash;
    look(o);
}

static void ask(struct output *o)
{
    struct err unused;
    struct block_header sent;
    bool is_block = block_peek(buf_str(&o->body), &sent, &unused);
    assert(is_block); /* it had an answer */
    o->state = OUTPUT_ASKING;
    buf_reset(&o->question);
    put_hello(&o->question, sent.origin, NULL, 0);
    delivery_send(o->hello, buf_str(&o->question), on_hello, o);
}

/* ---- answers ---- */

/* One look at the answer, for delivery and for what follows. */
static enum delivery_verdict judge(unsigned status, struct str body, void *data)
{
    struct output *o = data;
    const struct push_reply reply = {status, body};
    o->answer = (struct push_answer){
        .verdict = PUSH_RETRY, .fates = o->parcel.fates, .n = o->parcel.n_sent};
    o->format->kind->read(o->format, &reply, &o->answer);
    if (o->answer.verdict == PUSH_RETRY)
        return DELIVERY_RETRY;
    bool is_none_done =
        o->answer.verdict == PUSH_READ && parcel_count(&o->parcel).again == o->parcel.n_sent;
    return is_none_done ? DELIVERY_RETRY : DELIVERY_ACCEPTED;
}

static void on_answer(const struct delivery_answer *answer, void *data)
{
    struct output *o = data;
    note_success(o);
    switch (o->answer.verdict) {
    case PUSH_CONFLICT:
        if (o->hello && o->renewals < RENEWALS_MAX) {
            ask(o);
            return;
        }
        settle(o);
        return;
    case PUSH_READ:
        settle(o);
        return;
    case PUSH_SMALLER:
        if (answer->status == 413)
            o->body_max = max_of(o->body_max / 2, (size_t)BODY_MIN);
        parcel_halve(&o->parcel);
        break;
    case PUSH_OTHER_FORM:
        log_info("%s.%s: sent in another form: %s", o->options.section, name_text(o),
                 o->answer.detail);
        o->parcel.n_sent = 0;
        break;
    case PUSH_RETRY:
        assert(o->answer.verdict != PUSH_RETRY);
    }
    start_work(o);
}

static void after_writing(struct output *o)
{
    if (o->failure.code != ERR_NONE) {
        note_failure(o, o->failure.text);
        o->numbers.is_up = false;
        wait_a_while(o);
        return;
    }
    note_success(o);
    o->answer =
        (struct push_answer){.verdict = PUSH_READ, .fates = o->parcel.fates, .n = o->parcel.n_sent};
    push_set_fates(&o->answer, PUSH_TAKEN);
    settle(o);
}

static void on_prepared(struct work *work)
{
    struct output *o = container_of(work, struct output, work);
    if (o->is_closing)
        return;
    if (o->is_looking) {
        look(o);
    } else if (o->damage.code != ERR_NONE) {
        log_error("%s.%s: a block was passed over: %s", o->options.section, name_text(o),
                  o->damage.text);
        o->numbers.counts.damaged++;
        end_block(o);
    } else if (is_parcel_done(&o->parcel)) { /* nothing in it matches */
        end_block(o);
    } else if (o->delivery) {
        o->state = OUTPUT_SENDING;
        delivery_send(o->delivery, buf_str(&o->body), on_answer, o);
    } else {
        after_writing(o);
    }
}

void output_kick(struct output *o)
{
    if (o->state == OUTPUT_IDLE && !o->is_closing)
        take_block(o);
}

/* NULL: standard output. */
static struct delivery *present_delivery(const struct output *o)
{
    return o->state == OUTPUT_ASKING ? o->hello : o->delivery;
}

void output_hurry(struct output *o)
{
    if (o->delivery)
        delivery_hurry(present_delivery(o));
    if (o->state == OUTPUT_WAITING)
        uv_timer_start(&o->timer, on_timer, 0, 0);
}

void output_tick(struct output *o)
{
    struct err err;
    bool changed;
    if (!o->delivery || !delivery_status(present_delivery(o))->is_failing)
        return;
    if (credentials_read(&o->credentials, &o->config, &changed, &err) && changed) {
        log_info("%s.%s: its secret was replaced", o->options.section, name_text(o));
        delivery_hurry(present_delivery(o));
    }
}

struct output_numbers output_count(const struct output *o)
{
    struct output_numbers n = o->numbers;
    n.last_error = o->last_error;
    if (!o->delivery)
        return n;
    const struct delivery_state *d = delivery_status(present_delivery(o));
    if (d->is_failing) {
        n.is_failing = true;
        n.is_up = false;
        n.failing_since_ns = d->failing_since_ns;
        n.last_error = d->last_error;
    }
    return n;
}

const struct config_other_output *output_config(const struct output *o)
{
    return &o->config;
}

struct output_lag output_lag(const struct output *o)
{
    return o->options.queue.lag(o->options.queue.data);
}

/* ---- opening ---- */

static void add_header(struct output *o, const char *name, const char *value)
{
    assert(o->n_headers < HEADERS_MAX);
    if (value && value[0])
        o->headers[o->n_headers++] = (struct http_request_header){name, value};
}

static const char *text_or_null(struct str s)
{
    return s.len ? s.ptr : NULL;
}

static void open_delivery(struct output *o, struct delivery **delivery, const char *path,
                          enum delivery_verdict (*judged)(unsigned, struct str, void *))
{
    const struct config_other_output *c = &o->config;
    const struct delivery_options options = {
        .loop = o->options.loop,
        .client = o->options.client,
        .request = {.url = c->url.ptr,
                    .path = path,
                    .headers = o->headers,
                    .n_headers = o->n_headers,
                    .ca_file = text_or_null(c->ca_file),
                    .cert_file = text_or_null(c->cert_file),
                    .key_file = text_or_null(c->key_file),
                    .response_max = o->format->reply_max},
        .judge = judged,
        .data = o,
    };
    delivery_open(delivery, &options);
}

static void open_deliveries(struct output *o)
{
    add_header(o, "Content-Type", o->format->content_type);
    add_header(o, "Content-Encoding", o->format->content_encoding);
    add_header(o, "X-Scope-OrgID", text_or_null(o->config.tenant));
    add_header(o, "Authorization", o->credentials.value);
    add_header(o, "User-Agent", o->options.user_agent);
    open_delivery(o, &o->delivery, o->format->path, judge);
    if (o->config.kind == OUTPUT_COLLECTOR && o->options.queue.renew)
        open_delivery(o, &o->hello, "/api/v1/hello", judge_hello);
}

static void on_closed(uv_handle_t *handle)
{
    struct output *o = handle->data;
    parcel_free(&o->parcel);
    buf_free(&o->body);
    buf_free(&o->question);
    filter_close(&o->filter);
    push_format_close(&o->format);
    credentials_wipe(&o->credentials);
    arena_free(&o->arena);
    mem_free(&o);
}

void output_close(struct output **address)
{
    struct output *o = move(*address);
    if (!o)
        return;
    o->is_closing = true;
    workers_close(&o->workers);
    delivery_close(&o->delivery);
    delivery_close(&o->hello);
    uv_close((uv_handle_t *)&o->timer, on_closed);
}

static bool start(struct output *o, struct err *err)
{
    bool changed;
    if (!output_compile_match(&o->filter, o->config.match, err) ||
        !output_open_format(&o->format, &o->config, err) ||
        !credentials_read(&o->credentials, &o->config, &changed, err) ||
        !workers_open(&o->workers, o->options.loop, 1, err))
        return false;
    o->body_max = o->format->body_max;
    if (o->config.kind != OUTPUT_STDOUT)
        open_deliveries(o);
    return true;
}

bool output_open(struct output **out, const struct output_options *options, struct err *err)
{
    struct output *o = mem_new(struct output);
    o->options = *options;
    output_copy_config(&o->config, options->config, &o->arena);
    o->options.config = NULL;
    if (options->counts)
        o->numbers.counts = *options->counts;
    o->options.counts = NULL;
    o->parcel.bytes.max = BLOCK_MAX;
    o->body.max = 2 * BLOCK_MAX;
    o->numbers.failing_since_ns = TIME_NONE;
    o->work = (struct work){.run = prepare, .done = on_prepared};
    uv_timer_init(options->loop, &o->timer);
    o->timer.data = o;
    if (start(o, err)) {
        *out = o;
        return true;
    }
    output_close(&o);
    return false;
}
