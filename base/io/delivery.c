#include "base/io/delivery.h"

#include "base/mem.h"

#include <stdio.h>

struct delivery {
    struct delivery_options options;
    struct delivery_state state;
    struct backoff backoff;
    uv_timer_t timer;
    struct http_call *call; /* in flight, or NULL */
    struct str body;
    struct buf answer;
    void (*done)(const struct delivery_answer *answer, void *data);
    void *data;
};

static enum delivery_verdict delivery_judge(unsigned status)
{
    static const unsigned short again[] = {401, 403, 408, 421, 425, 429};
    if (status >= 200 && status < 300)
        return DELIVERY_ACCEPTED;
    for (size_t i = 0; i < countof(again); i++) {
        if (status == again[i])
            return DELIVERY_RETRY;
    }
    return status >= 500 ? DELIVERY_RETRY : DELIVERY_REFUSED;
}

const struct delivery_state *delivery_status(const struct delivery *delivery)
{
    return &delivery->state;
}

static void attempt(struct delivery *d);

static void on_timer(uv_timer_t *timer)
{
    attempt(timer->data);
}

static void retry_later(struct delivery *d, const char *why, int64_t asked_ns)
{
    struct delivery_state *s = &d->state;
    int64_t wait = backoff_next(&d->backoff, asked_ns);
    if (!s->is_failing)
        s->failing_since_ns = time_now();
    s->is_failing = true;
    s->attempts = d->backoff.attempts;
    snprintf(s->last_error, sizeof s->last_error, "%s", why);
    uv_timer_start(&d->timer, on_timer, (uint64_t)((wait + NS_PER_MS - 1) / NS_PER_MS), 0);
}

static void retry_after_answer(struct delivery *d, const struct http_call *call)
{
    int64_t asked = 0;
    parse_retry_after(http_call_header(call, "Retry-After"), time_now(), &asked);
    struct str text = str_trim(buf_str(&d->answer));
    text = str_slice(text, 0, str_find_byte(text, '\n'));
    text = str_slice(text, 0, 160);
    char why[252];
    snprintf(why, sizeof why, "the answer was %u%s%.*s", d->state.last_status, text.len ? ": " : "",
             STR_ARG(text));
    retry_later(d, why, asked);
}

static enum delivery_verdict judge(const struct delivery *d, unsigned status)
{
    if (d->options.judge)
        return d->options.judge(status, buf_str(&d->answer), d->options.data);
    return delivery_judge(status);
}

static void on_answer(struct delivery *d, const struct http_call *call)
{
    unsigned status = http_call_status(call);
    d->state.last_status = status;
    enum delivery_verdict verdict = judge(d, status);
    if (verdict == DELIVERY_RETRY) {
        retry_after_answer(d, call);
        return;
    }
    backoff_reset(&d->backoff);
    d->state.is_sending = d->state.is_failing = false;
    d->state.attempts = 0;
    defer(buf_free) struct buf body = d->answer; /* done may send the next or close */
    d->answer = (struct buf){0};
    const struct delivery_answer answer = {verdict, status, buf_str(&body), call};
    d->done(&answer, d->data);
}

static bool on_body(struct http_call *call, struct str bytes, void *data)
{
    (void)call;
    struct delivery *d = data;
    buf_add(&d->answer, bytes);
    return true;
}

static void on_done(struct http_call *call, const struct err *err, void *data)
{
    struct delivery *d = data;
    d->call = NULL;
    if (!err) {
        on_answer(d, call);
        return;
    }
    d->state.last_status = http_call_status(call);
    retry_later(d, err->text, 0);
}

static void attempt(struct delivery *d)
{
    static const struct http_events events = {.body = on_body, .done = on_done};
    buf_reset(&d->answer);
    d->answer.max = d->options.request.response_max;
    d->options.request.body = d->body;
    d->call = http_send(d->options.client, &d->options.request, &events, d);
}

void delivery_send(struct delivery *d, struct str body,
                   void (*done)(const struct delivery_answer *answer, void *data), void *data)
{
    assert(!d->state.is_sending);
    d->state.is_sending = true;
    d->body = body.ptr ? body : STR("");
    d->done = done;
    d->data = data;
    attempt(d);
}

void delivery_cancel(struct delivery *d)
{
    uv_timer_stop(&d->timer);
    if (d->call)
        http_call_cancel(move(d->call));
    d->state.is_sending = false;
}

void delivery_hurry(struct delivery *d)
{
    if (uv_is_active((uv_handle_t *)&d->timer))
        uv_timer_start(&d->timer, on_timer, 0, 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct delivery *d = handle->data;
    buf_free(&d->answer);
    mem_free(&d);
}

void delivery_close(struct delivery **variable)
{
    struct delivery *d = move(*variable);
    if (!d)
        return;
    delivery_cancel(d);
    uv_close((uv_handle_t *)&d->timer, on_closed);
}

void delivery_open(struct delivery **out, const struct delivery_options *options)
{
    struct delivery *d = mem_new(struct delivery);
    d->options = *options;
    struct http_request *r = &d->options.request;
    r->method = r->method ? r->method : "POST";
    r->response_max = r->response_max ? r->response_max : DELIVERY_ANSWER_MAX;
    d->backoff = options->backoff;
    uv_timer_init(options->loop, &d->timer);
    d->timer.data = d;
    *out = d;
}
