#include "base/io/http_client.h"

#include "base/io/http_call.h"
#include "base/io/loop.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_FIELDS_MAX = 64 << 10 };

static char *copy_text(struct str a, struct str b)
{
    char *out = mem_alloc(a.len + b.len + 1);
    if (a.len)
        memcpy(out, a.ptr, a.len);
    if (b.len)
        memcpy(out + a.len, b.ptr, b.len);
    return out;
}

static void free_client(struct http_client *client)
{
    if (client->is_closing && client->open == 0)
        mem_free(&client);
}

void client_released(struct http_client *client)
{
    client->open--;
    free_client(client);
}

static void unlink_call(struct http_call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        call->client->calls = call->next;
    if (call->next)
        call->next->previous = call->previous;
}

void call_released(struct http_call *call)
{
    if (--call->closing > 0)
        return;
    struct http_client *client = call->client;
    mem_free(&call->url);
    mem_free(&call->path);
    for (size_t i = 0; i < countof(call->files); i++)
        mem_free(&call->files[i]);
    buf_wipe(&call->head); /* a token may be in it */
    buf_free(&call->fields);
    mem_free(&call);
    client_released(client);
}

static void on_timer_closed(uv_handle_t *handle)
{
    call_released(handle->data);
}

/* No event after this. */
static void retire(struct http_call *call)
{
    call->is_over = true;
    unlink_call(call);
    call->closing = 1;
    uv_close((uv_handle_t *)&call->timer, on_timer_closed);
    if (call->way) {
        call->closing++;
        call->way->release(call);
    }
}

void call_end(struct http_call *call, const struct err *err)
{
    if (call->is_over)
        return;
    retire(call);
    if (call->events.done)
        call->events.done(call, err, call->data);
}

const char *call_where(const struct http_call *call)
{
    struct str url = str_from(call->url);
    size_t host = str_find(url, STR("://"));
    if (host == SIZE_MAX)
        return call->url;
    struct str rest = str_slice(url, host + 3, SIZE_MAX);
    size_t at = str_find_byte(str_slice(rest, 0, str_find_byte(rest, '/')), '@');
    return at == SIZE_MAX ? call->url : rest.ptr + at + 1;
}

static bool end_with(struct http_call *call, enum err_code code, const char *text)
{
    struct err err;
    err_set(&err, code, "%s: %s", call_where(call), text);
    call_end(call, &err);
    return false;
}

/* --- Time. --- */

static void on_timer(uv_timer_t *timer);

static uint64_t time_left(const struct http_call *call)
{
    uint64_t spent = uv_now(call->client->loop) - call->started_ms;
    uint64_t total = call->request.total_ms;
    if (total == 0)
        return UINT64_MAX;
    return spent < total ? total - spent : 1;
}

static void arm(struct http_call *call, unsigned limit_ms)
{
    uint64_t wait = min_of((uint64_t)limit_ms, time_left(call));
    if (wait == UINT64_MAX)
        uv_timer_stop(&call->timer);
    else
        uv_timer_start(&call->timer, on_timer, wait, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct http_call *call = timer->data;
    if (call->request.total_ms && time_left(call) <= 1)
        end_with(call, ERR_SYSTEM, "the answer did not come in time");
    else if (!call->is_connected)
        end_with(call, ERR_SYSTEM, "no connection in time");
    else
        end_with(call, ERR_SYSTEM, "no bytes came or went for too long");
}

void call_touch(struct http_call *call)
{
    if (call->is_over)
        return;
    call->is_connected = true;
    arm(call, call->request.idle_ms);
}

/* --- The answer. --- */

void call_add_field(struct http_call *call, struct str name, struct str value)
{
    call->fields.max = ANSWER_FIELDS_MAX;
    buf_print(&call->fields, "%.*s: %.*s\n", STR_ARG(name), STR_ARG(value));
}

bool call_head(struct http_call *call, unsigned status)
{
    if (call->is_over)
        return false;
    if (call->fields.over)
        return end_with(call, ERR_LIMIT, "the answer has too many headers");
    call->status = status;
    if (call->events.headers && !call->events.headers(call, status, call->data))
        return end_with(call, ERR_CANCELED, "stopped");
    return !call->is_over;
}

bool call_body(struct http_call *call, struct str bytes)
{
    if (call->is_over)
        return false;
    call->received += bytes.len;
    if (call->request.response_max && call->received > call->request.response_max)
        return end_with(call, ERR_LIMIT, "the answer is too long");
    if (call->events.body && !call->events.body(call, bytes, call->data))
        return end_with(call, ERR_CANCELED, "stopped");
    uv_update_time(
        call->client->loop); /* the callback may have blocked: that is not the peer's silence */
    call_touch(call);
    return !call->is_over;
}

unsigned http_call_status(const struct http_call *call)
{
    return call->status;
}

struct str http_call_header(const struct http_call *call, const char *name)
{
    struct str lines = buf_str(&call->fields), line, key;
    while (take_until(&lines, '\n', &line)) {
        if (take_until(&line, ':', &key) && str_equal_nocase(key, str_from(name)))
            return str_trim(line);
    }
    return (struct str){0};
}

/* --- Sending. --- */

static bool is_header_clean(const char *text)
{
    return strpbrk(text, "\r\n") == NULL;
}

static bool build_head(struct http_call *call, struct err *err)
{
    const struct http_request *r = &call->request;
    struct buf *head = &call->head;
    head->max = 16 << 10;
    bool clean = is_header_clean(r->method) && is_header_clean(call->path);
    if (r->token && r->token[0]) {
        clean = clean && is_header_clean(r->token);
        buf_print(head, "Authorization: Bearer %s\r\n", r->token);
    }
    for (size_t i = 0; i < r->n_headers; i++) {
        clean =
            clean && is_header_clean(r->headers[i].name) && is_header_clean(r->headers[i].value);
        buf_print(head, "%s: %s\r\n", r->headers[i].name, r->headers[i].value);
    }
    buf_text(head);
    if (!clean)
        return err_set(err, ERR_INPUT, "a line end in a path, token or header");
    return !head->over || err_set(err, ERR_LIMIT, "the headers are too long");
}

static void set_target(struct http_call *call, struct str url, struct str path)
{
    struct str slash = str_starts(path, STR("/")) ? STR("") : STR("/");
    call->path = copy_text(slash, path);
    while (path.len > 0 && str_ends(url, STR("/")))
        url.len--;
    bool joins = call->way == &http_way_curl && path.len > 0;
    call->url = copy_text(url, joins ? str_from(call->path) : STR(""));
}

static bool prepare(struct http_call *call, struct err *err)
{
    struct str url = str_from(call->request.url ? call->request.url : "");
    const struct http_way *way = NULL;
    if (str_starts(url, STR("http://")) || str_starts(url, STR("https://")))
        way = &http_way_curl;
    else if (take_prefix(&url, STR("unix://")))
        way = &http_way_unix;
    if (!way || (way == &http_way_unix && !str_starts(url, STR("/"))))
        return err_set(err, ERR_INPUT, "%s: a URL begins with unix:///, http:// or https://",
                       call->request.url ? call->request.url : "(none)");
    call->way = way;
    set_target(call, url, str_from(call->request.path ? call->request.path : ""));
    return build_head(call, err);
}

/* libcurl watches the connect time-out itself and does not tell when a connection stands. */
static unsigned first_limit(const struct http_call *call)
{
    const struct http_request *r = &call->request;
    return call->way == &http_way_curl ? r->connect_ms + r->idle_ms : r->connect_ms;
}

static void on_start(uv_timer_t *timer)
{
    struct http_call *call = timer->data;
    struct err err = call->refusal;
    if (err.code == ERR_NONE) {
        call->started_ms = uv_now(call->client->loop);
        arm(call, first_limit(call));
    }
    if (err.code != ERR_NONE || !call->way->start(call, &err))
        call_end(call, &err);
}

static void keep_files(struct http_call *call)
{
    struct http_request *r = &call->request;
    const char **names[] = {&r->ca_file, &r->cert_file, &r->key_file};
    for (size_t i = 0; i < countof(names); i++) {
        if (*names[i])
            *names[i] = call->files[i] = copy_text(str_from(*names[i]), STR(""));
    }
}

static void set_defaults(struct http_call *call)
{
    struct http_request *r = &call->request;
    r->method = r->method ? r->method : "GET";
    r->connect_ms = min_of(r->connect_ms ? r->connect_ms : 10000, (unsigned)INT32_MAX);
    r->idle_ms = min_of(r->idle_ms ? r->idle_ms : 60000, (unsigned)INT32_MAX);
    keep_files(call);
    snprintf(call->method, sizeof call->method, "%s", r->method);
    r->method = call->method;
}

struct http_call *http_send(struct http_client *client, const struct http_request *request,
                            const struct http_events *events, void *data)
{
    assert(!client->is_closing);
    struct http_call *call = mem_new(struct http_call);
    call->client = client;
    call->request = *request;
    call->events = *events;
    call->data = data;
    call->next = client->calls;
    if (call->next)
        call->next->previous = call;
    client->calls = call;
    client->open++;
    set_defaults(call);
    prepare(call, &call->refusal);
    call->request.headers = NULL; /* they and these are copied */
    call->request.url = call->request.path = call->request.token = NULL;
    uv_timer_init(client->loop, &call->timer);
    call->timer.data = call;
    uv_timer_start(&call->timer, on_start, 0, 0);
    return call;
}

void http_call_cancel(struct http_call *call)
{
    if (!call->is_over)
        retire(call);
}

void http_client_open(struct http_client **out, uv_loop_t *loop)
{
    *out = mem_new(struct http_client);
    (*out)->loop = loop;
}

void http_client_close(struct http_client **variable)
{
    struct http_client *client = move(*variable);
    if (!client)
        return;
    client->is_closing = true;
    client->open++; /* not before the end of this function */
    while (client->calls)
        retire(client->calls);
    curl_pool_close(&client->pool);
    client_released(client);
}

/* --- Blocking. --- */

struct fetch {
    const struct http_events *events;
    void *data;
    unsigned status;
    struct err err;
};

static bool on_fetch_headers(struct http_call *call, unsigned status, void *data)
{
    struct fetch *fetch = data;
    fetch->status = status;
    return !fetch->events->headers || fetch->events->headers(call, status, fetch->data);
}

static bool on_fetch_body(struct http_call *call, struct str bytes, void *data)
{
    struct fetch *fetch = data;
    return !fetch->events->body || fetch->events->body(call, bytes, fetch->data);
}

static void on_fetch_done(struct http_call *call, const struct err *err, void *data)
{
    (void)call;
    struct fetch *fetch = data;
    if (err)
        fetch->err = *err;
}

bool http_fetch(const struct http_request *request, const struct http_events *events, void *data,
                unsigned *status, struct err *err)
{
    uv_loop_t loop;
    int result = uv_loop_init(&loop);
    if (result < 0)
        return loop_err(err, result, "event loop");
    const struct http_events own = {on_fetch_headers, on_fetch_body, on_fetch_done};
    struct fetch fetch = {.events = events, .data = data};
    struct http_client *client;
    http_client_open(&client, &loop);
    http_send(client, request, &own, &fetch);
    while (client->calls)
        uv_run(&loop, UV_RUN_ONCE);
    http_client_close(&client);
    uv_run(&loop, UV_RUN_DEFAULT);
    result = uv_loop_close(&loop);
    assert(result == 0);
    if (fetch.status)
        *status = fetch.status;
    if (fetch.err.code != ERR_NONE)
        *err = fetch.err;
    return fetch.err.code == ERR_NONE;
}
