#include "base/io/http_connection.h"

#include "base/mem.h"

#include <poll.h>
#include <string.h>

struct write {
    uv_write_t request;
    struct http_connection *connection;
    struct buf bytes;
};

static void set_state(struct http_connection *c, enum connection_state state, unsigned limit_ms)
{
    c->state = state;
    c->deadline_ms = limit_ms ? server_now(c->server) + limit_ms : 0;
}

/* --- Closing. --- */

static void on_closed(uv_handle_t *handle)
{
    struct http_connection *c = handle->data;
    exchange_free(&c->exchange);
    http_wire_free(&c->wire);
    buf_free(&c->pending);
    server_connection_gone(c);
}

void connection_close(struct http_connection *c)
{
    if (c->state == CONNECTION_CLOSED)
        return;
    server_drop_ready(c);
    c->state = CONNECTION_CLOSED;
    uv_close(&c->uv.handle, on_closed);
    struct http_exchange *x = c->exchange;
    if (!x || x->ended)
        return;
    x->ended = true;
    if (x->closed)
        x->closed(x, x->closed_data);
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct http_connection *c = request->data;
    if (status == UV_ECANCELED)
        return;
    if (status < 0 || c->saw_end)
        connection_close(c);
    else
        c->deadline_ms = server_now(c->server) + HTTP_LINGER_MS;
}

static void start_reading(struct http_connection *c);

/* Closing at once would make the kernel answer unread input with a reset, and the client would lose
 * the answer. */
void connection_end(struct http_connection *c)
{
    set_state(c, CONNECTION_LINGER, 0);
    server_drop_ready(c);
    exchange_free(&c->exchange);
    http_wire_free(&c->wire);
    buf_free(&c->pending);
    c->shutdown.data = c;
    if (uv_shutdown(&c->shutdown, &c->uv.stream, on_shutdown) < 0)
        connection_close(c);
    else
        start_reading(c);
}

/* --- The door out. --- */

static void on_written(uv_write_t *request, int status)
{
    struct write *write = container_of(request, struct write, request);
    struct http_connection *c = write->connection;
    c->unsent -= write->bytes.len;
    c->progress_ms = server_now(c->server);
    buf_free(&write->bytes);
    mem_free(&write);
    if (status < 0)
        connection_close(c);
    else if ((c->wants_drained || c->pending.len) && c->unsent <= HTTP_UNSENT_MAX / 4)
        server_make_ready(c);
}

void connection_send(struct http_connection *c, struct buf *bytes)
{
    struct write *write = mem_new(struct write);
    write->connection = c;
    write->bytes = *bytes;
    *bytes = (struct buf){.max = bytes->max};
    if (c->unsent == 0)
        c->progress_ms = server_now(c->server);
    c->unsent += write->bytes.len;
    uv_buf_t out = {.base = write->bytes.ptr, .len = write->bytes.len};
    if (uv_write(&write->request, &c->uv.stream, &out, 1, on_written) == 0)
        return;
    c->unsent -= write->bytes.len;
    c->is_broken = true; /* no callbacks from inside http_reply* */
    buf_free(&write->bytes);
    mem_free(&write);
}

/* --- Requests. --- */

/* "*" at the end of the route's path stands for the rest. */
static bool is_path_of(const struct http_route *route, struct str path)
{
    struct str want = str_from(route->path);
    if (str_ends(want, STR("*")))
        return str_starts(path, str_slice(want, 0, want.len - 1));
    return str_equal(path, want);
}

static const struct http_route *find_route(const struct http_exchange *x, struct buf *allow)
{
    const struct http_server_options *o = &x->connection->server->options;
    struct str method = x->is_head ? STR("GET") : x->connection->wire.head.method;
    for (size_t i = 0; i < o->n_routes; i++) {
        if (!is_path_of(&o->routes[i], x->path))
            continue;
        if (str_equal(method, str_from(o->routes[i].method)))
            return &o->routes[i];
        buf_print(allow, "%s%s", allow->len ? ", " : "", o->routes[i].method);
    }
    return NULL;
}

/* "http://host/path" is for proxies, but has to be understood. */
static void split_target(struct http_exchange *x, struct str target)
{
    struct str rest = target;
    if (take_prefix(&rest, STR("http://")) || take_prefix(&rest, STR("https://"))) {
        size_t slash = str_find_byte(rest, '/');
        target = slash == SIZE_MAX ? STR("/") : str_slice(rest, slash, SIZE_MAX);
    }
    size_t question = str_find_byte(target, '?');
    x->path = str_slice(target, 0, question);
    x->query = question == SIZE_MAX ? STR("") : str_slice(target, question + 1, SIZE_MAX);
}

static void refuse_route(struct http_exchange *x, struct buf *allow)
{
    if (allow->len == 0) {
        http_reply_text(x, 404, "there is nothing at %.*s", STR_ARG(x->path));
        return;
    }
    http_add_header(x, "Allow", buf_str(allow));
    http_reply_text(x, 405, "allowed here: %.*s", STR_ARG(buf_str(allow)));
}

/* False: the expectation is not one that we know. */
static bool answer_expect(struct http_exchange *x, bool has_more_input)
{
    struct str expect = http_header(x, "Expect");
    if (!expect.ptr || x->connection->wire.head.minor == 0)
        return true;
    if (!str_equal_nocase(expect, STR("100-continue")))
        return false;
    if (!x->has_input || has_more_input)
        return true;
    struct buf line = {0};
    buf_add(&line, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    connection_send(x->connection, &line);
    return true;
}

static struct http_exchange *begin_exchange(struct http_connection *c)
{
    assert(!c->exchange);
    c->exchange = exchange_new(c);
    set_state(c, CONNECTION_BODY, c->server->options.body_ms);
    return c->exchange;
}

static void on_head(struct http_connection *c, bool has_more_input)
{
    const struct http_server_options *o = &c->server->options;
    const struct http_head *head = &c->wire.head;
    struct http_exchange *x = begin_exchange(c);
    x->has_input = head->is_chunked || head->length > 0;
    x->is_head = str_equal(head->method, STR("HEAD"));
    split_target(x, head->target);
    defer(buf_free) struct buf allow = {.max = 256};
    x->route = find_route(x, &allow);
    if (o->authorize && !o->authorize(x, x->route, o->data))
        assert(x->ended || c->state == CONNECTION_CLOSED);
    else if (!x->route)
        refuse_route(x, &allow);
    else if (head->length > x->route->body_max)
        http_reply_text(x, 413, "the body may have %zu bytes", x->route->body_max);
    else if (!answer_expect(x, has_more_input))
        http_reply_text(x, 417, "the only known expectation is 100-continue");
}

static void on_body(struct http_connection *c, struct str piece)
{
    struct http_exchange *x = c->exchange;
    size_t max = x->route->body_max;
    c->deadline_ms = server_now(c->server) + c->server->options.body_ms;
    if (piece.len > max - x->body.len) {
        http_reply_text(x, 413, "the body may have %zu bytes", max);
        return;
    }
    size_t most = c->server->options.bodies_max;
    if (most && c->server->body_bytes + piece.len > most) {
        http_add_header(x, "Retry-After", STR("1"));
        http_reply_text(x, 503, "too much is being taken in at once");
        return;
    }
    x->body.max = max;
    buf_add(&x->body, piece);
    c->server->body_bytes += piece.len;
}

static void on_end(struct http_connection *c)
{
    struct http_exchange *x = c->exchange;
    x->has_input = false;
    set_state(c, CONNECTION_HANDLER, 0);
    x->route->handle(x, c->server->options.data);
    assert(c->state == CONNECTION_CLOSED || x->ended || x->closed);
}

/* An answer to what is not, or not yet, a request. */
static void refuse(struct http_connection *c, unsigned status, const char *text)
{
    struct http_exchange *x = c->exchange ? c->exchange : begin_exchange(c);
    x->has_input = true;
    http_reply_text(x, status, "%s", text);
}

/* The answer is given: true if the connection takes a next request. */
static bool finish_exchange(struct http_connection *c)
{
    if (c->exchange->close_after || c->saw_end) {
        connection_end(c);
        return false;
    }
    exchange_free(&c->exchange);
    set_state(c, CONNECTION_IDLE, c->server->options.idle_ms);
    return true;
}

static void wait_for_more(struct http_connection *c)
{
    if (c->state == CONNECTION_BODY)
        return;
    if (!http_wire_is_idle(&c->wire)) {
        if (c->state != CONNECTION_HEAD)
            set_state(c, CONNECTION_HEAD, c->server->options.head_ms);
        return;
    }
    c->state = CONNECTION_IDLE;
    http_wire_free(&c->wire);
}

static void take_step(struct http_connection *c, enum http_step step, struct str in,
                      struct str piece)
{
    switch (step) {
    case HTTP_STEP_MORE:
        wait_for_more(c);
        return;
    case HTTP_STEP_HEAD:
        on_head(c, in.len > 0);
        return;
    case HTTP_STEP_BODY:
        on_body(c, piece);
        return;
    case HTTP_STEP_END:
        if (c->exchange) /* else it was answered before its end */
            on_end(c);
        return;
    case HTTP_STEP_BAD:
        refuse(c, c->wire.bad_status, c->wire.bad_text);
        return;
    }
}

/* Goes on until an answer is owed, the connection ends or the input is used up. A client that does not
 * read its answers gets no further ones. */
static void eat(struct http_connection *c, struct str *in)
{
    enum http_step step = HTTP_STEP_END;
    struct str piece = {0};
    c->is_eating = true;
    while (step != HTTP_STEP_MORE) {
        if (c->state >= CONNECTION_LINGER ||
            (c->exchange && c->exchange->ended && !finish_exchange(c)))
            break;
        bool is_behind = c->state == CONNECTION_IDLE && c->unsent > HTTP_UNSENT_MAX;
        if (c->state == CONNECTION_HANDLER || is_behind)
            break;
        step = http_wire_next(&c->wire, in, &piece);
        take_step(c, step, *in, piece);
    }
    c->is_eating = false;
}

/* --- The door in. --- */

static void stop_reading(struct http_connection *c)
{
    uv_read_stop(&c->uv.stream);
    c->is_reading = false;
}

static void keep_pending(struct http_connection *c, struct str rest)
{
    if (c->state >= CONNECTION_LINGER || rest.len == 0)
        return;
    c->pending.max = HTTP_PENDING_MAX + HTTP_READ_SIZE;
    buf_add(&c->pending, rest);
    assert(!c->pending.over);
    if (c->pending.len >= HTTP_PENDING_MAX)
        stop_reading(c);
}

static void connection_received(struct http_connection *c, struct str in)
{
    if (c->state >= CONNECTION_LINGER)
        return;
    if (c->pending.len == 0 && !(c->exchange && c->exchange->ended))
        eat(c, &in);
    keep_pending(c, in);
}

void connection_turn(struct http_connection *c)
{
    struct http_exchange *x = c->exchange;
    if (c->wants_drained && x && !x->ended && c->unsent <= HTTP_UNSENT_MAX / 4) {
        c->wants_drained = false;
        if (x->drained)
            x->drained(x, x->drained_data);
    }
    if (c->state >= CONNECTION_LINGER || (x && !x->ended))
        return;
    defer(buf_free) struct buf held = c->pending;
    c->pending = (struct buf){0};
    struct str in = buf_str(&held);
    eat(c, &in);
    keep_pending(c, in);
    if (c->state < CONNECTION_LINGER && c->pending.len < HTTP_PENDING_MAX)
        start_reading(c);
}

/* End of input or an error. */
static void on_left(struct http_connection *c, bool is_error)
{
    c->saw_end = true;
    bool is_answered = !c->exchange || c->exchange->ended;
    stop_reading(c);
    if (is_error || !is_answered || c->unsent == 0)
        connection_close(c);
    else if (c->state < CONNECTION_LINGER)
        connection_end(c);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    (void)size;
    struct http_connection *c = handle->data;
    *buf = uv_buf_init(c->server->read_buffer, HTTP_READ_SIZE);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct http_connection *c = stream->data;
    if (n < 0)
        on_left(c, n != UV_EOF);
    else if (n > 0) /* 0 is "nothing now", not an end */
        connection_received(c, str_of(buf->base, (size_t)n));
}

static void start_reading(struct http_connection *c)
{
    if (c->is_reading || c->saw_end)
        return;
    c->is_reading = uv_read_start(&c->uv.stream, on_alloc, on_read) == 0;
}

void connection_begin(struct http_connection *c)
{
    set_state(c, CONNECTION_IDLE, c->server->options.head_ms);
    start_reading(c);
}

/* --- Time-outs. --- */

static void time_out(struct http_connection *c)
{
    if (c->state != CONNECTION_HEAD && c->state != CONNECTION_BODY) {
        connection_close(c);
        return;
    }
    refuse(c, 408, "the request did not come in time");
    finish_exchange(c);
}

static bool is_stuck(struct http_connection *c)
{
    uint64_t now = server_now(c->server);
    size_t queue_len = uv_stream_get_write_queue_size(&c->uv.stream);
    if (queue_len != c->queue_len || c->unsent == 0)
        c->progress_ms = now;
    c->queue_len = queue_len;
    return now - c->progress_ms >= c->server->options.write_ms;
}

/* Too much is pipelined behind the answer that is owed, so nothing is read and libuv says nothing.
 */
static bool has_left_unread(const struct http_connection *c)
{
    struct pollfd p = {.events = POLLRDHUP};
    if (c->state != CONNECTION_HANDLER || c->is_reading || uv_fileno(&c->uv.handle, &p.fd) < 0)
        return false;
    return poll(&p, 1, 0) > 0;
}

void connection_check(struct http_connection *c)
{
    if (c->state == CONNECTION_CLOSED)
        return;
    if (c->state == CONNECTION_IDLE && c->unsent > 0) /* the last answer is still on its way */
        c->deadline_ms = server_now(c->server) + c->server->options.idle_ms;
    if (c->is_broken || is_stuck(c) || has_left_unread(c))
        connection_close(c);
    else if (c->deadline_ms && server_now(c->server) >= c->deadline_ms)
        time_out(c);
}
