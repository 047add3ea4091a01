#include "forward/connect.h"

#include "base/io/http_client.h"
#include "base/io/loop.h"
#include "base/mem.h"
#include "base/time.h"
#include "forward/probe.h"

#include <stdio.h>

struct asked {
    const struct connect_target *target;
    struct http_client *client;
    struct probe probe;
    struct buf body; /* of the answer; what is beyond its ceiling is left out */
    int64_t until_ns;
    unsigned status;
    char product[32];
};

static void ask_next(struct asked *a);

static bool on_headers(struct http_call *call, unsigned status, void *data)
{
    struct asked *a = data;
    a->status = status;
    snprintf(a->product, sizeof a->product, "%.*s",
             STR_ARG(http_call_header(call, "X-Elastic-Product")));
    return true;
}

static bool on_body(struct http_call *call, struct str bytes, void *data)
{
    (void)call;
    struct asked *a = data;
    buf_add(&a->body, str_slice(bytes, 0, PROBE_REPLY_MAX - a->body.len));
    return true;
}

/* What says it back to us must not be shown. */
static bool holds_login(struct str body, struct str login)
{
    size_t blank = str_find_byte(login, ' ');
    struct str secret = str_slice(login, blank == SIZE_MAX ? 0 : blank + 1, SIZE_MAX);
    return secret.len > 0 && str_find(body, secret) != SIZE_MAX;
}

static void take(struct asked *a, unsigned status, const char *error)
{
    const struct probe_answer answer = {
        .status = status,
        .error = str_from(error),
        .body = holds_login(buf_str(&a->body), a->target->login) ? STR("") : buf_str(&a->body),
        .product = str_from(a->product),
    };
    probe_take(&a->probe, &answer);
    ask_next(a);
}

static void on_done(struct http_call *call, const struct err *err, void *data)
{
    (void)call;
    take(data, err ? 0 : ((struct asked *)data)->status, err ? err->text : "");
}

static const char *text_or_null(struct str s)
{
    return s.len ? s.ptr : NULL;
}

static void send_request(struct asked *a, const struct probe_request *r, unsigned wait_ms)
{
    static const struct http_events events = {on_headers, on_body, on_done};
    const struct config_other_output *c = a->target->config;
    struct http_request_header headers[4];
    size_t n = 0;
    if (r->body.ptr)
        headers[n++] = (struct http_request_header){"Content-Type", "application/json"};
    if (c->tenant.len)
        headers[n++] = (struct http_request_header){"X-Scope-OrgID", c->tenant.ptr};
    if (a->target->login.len)
        headers[n++] = (struct http_request_header){"Authorization", a->target->login.ptr};
    const struct http_request request = {
        .method = r->method,
        .url = c->url.ptr,
        .path = r->path,
        .headers = headers,
        .n_headers = n,
        .body = r->body,
        .ca_file = text_or_null(c->ca_file),
        .cert_file = text_or_null(c->cert_file),
        .key_file = text_or_null(c->key_file),
        .connect_ms = wait_ms,
        .idle_ms = wait_ms,
        .total_ms = wait_ms,
    };
    buf_reset(&a->body);
    a->status = 0;
    a->product[0] = '\0';
    http_send(a->client, &request, &events, a);
}

static void ask_next(struct asked *a)
{
    struct probe_request r;
    if (!probe_next(&a->probe, &r))
        return;
    int64_t left_ms = (a->until_ns - time_monotonic()) / NS_PER_MS;
    if (left_ms > 0)
        send_request(a, &r, (unsigned)left_ms);
    else
        take(a, 0, "the answer did not come in time");
}

static void put_shown(struct buf *lines, const struct connect_target *t, struct str text)
{
    for (size_t at; t->hides_url && (at = str_find(text, t->config->url)) != SIZE_MAX;) {
        buf_add(lines, str_slice(text, 0, at));
        buf_add(lines, STR("***"));
        text = str_slice(text, at + t->config->url.len, SIZE_MAX);
    }
    buf_add(lines, text);
}

static void put_hints(struct buf *lines, int width, const struct connect_target *t,
                      struct str hints)
{
    struct str line;
    while (take_until(&hints, '\n', &line)) {
        if (line.len == 0)
            continue;
        buf_print(lines, "%*s       ", width, "");
        put_shown(lines, t, line);
        buf_add_byte(lines, '\n');
    }
}

/* True: it fails. */
static bool put_verdict(const struct asked *a, int width, struct buf *lines)
{
    const struct connect_target *t = a->target;
    struct str text = t->obstacle ? str_from(t->obstacle) : buf_str(&a->probe.text);
    bool fails = t->obstacle || a->probe.has_failed;
    bool says_url = t->obstacle || str_starts(text, t->config->url);
    buf_print(lines, "%-*s  %-4s ", width, t->path, fails ? "FAIL" : "ok");
    if (fails && !says_url) {
        put_shown(lines, t, t->config->url);
        buf_add(lines, STR(": "));
    }
    put_shown(lines, t, text);
    buf_add_byte(lines, '\n');
    put_hints(lines, width, t, buf_str(&a->probe.hints));
    return fails;
}

static void ask_all(uv_loop_t *loop, struct asked *asked, size_t n)
{
    struct http_client *client;
    http_client_open(&client, loop);
    for (size_t i = 0; i < n; i++) {
        struct asked *a = &asked[i];
        a->client = client;
        a->until_ns = time_monotonic() + CONNECT_MS * NS_PER_MS;
        probe_begin(&a->probe, a->target->config, a->target->login.len > 0, time_now());
        if (!a->target->obstacle)
            ask_next(a);
    }
    for (size_t i = 0; i < n; i++) {
        while (!asked[i].target->obstacle && !asked[i].probe.is_over)
            uv_run(loop, UV_RUN_ONCE);
    }
    http_client_close(&client);
    uv_run(loop, UV_RUN_DEFAULT);
}

size_t connect_ask(const struct connect_target *targets, size_t n, struct buf *lines,
                   struct err *err)
{
    uv_loop_t loop;
    int width = 0, result = uv_loop_init(&loop);
    size_t failures = 0;
    if (result < 0) {
        loop_err(err, result, "event loop");
        return SIZE_MAX;
    }
    defer(mem_free) struct asked *asked = mem_array(struct asked, n);
    for (size_t i = 0; i < n; i++) {
        asked[i].target = &targets[i];
        width = max_of(width, (int)strlen(targets[i].path));
    }
    ask_all(&loop, asked, n);
    result = uv_loop_close(&loop);
    assert(result == 0);
    for (size_t i = 0; i < n; i++) {
        failures += put_verdict(&asked[i], width, lines);
        probe_free(&asked[i].probe);
        buf_free(&asked[i].body);
    }
    return failures;
}
