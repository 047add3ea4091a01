#include "base/io/http_server.h"

#include "base/io/http_connection.h"
#include "base/io/loop.h"
#include "base/mem.h"

uint64_t server_now(const struct http_server *s)
{
    return uv_now(s->options.loop);
}

void server_handle_closed(struct http_server *s)
{
    if (--s->handles > 0)
        return;
    void (*done)(void *) = s->done;
    void *data = s->done_data;
    mem_free(&s);
    if (done)
        done(data);
}

static void on_handle_closed(uv_handle_t *handle)
{
    server_handle_closed(handle->data);
}

static unsigned or_default(unsigned value, unsigned standard)
{
    return value ? value : standard;
}

/* --- The ready list: connections whose answer has ended, or whose client reads again. --- */

void server_make_ready(struct http_connection *c)
{
    struct http_server *s = c->server;
    if (c->is_ready || c->state == CONNECTION_CLOSED)
        return;
    c->is_ready = true;
    c->next_ready = NULL;
    if (s->ready_last)
        s->ready_last->next_ready = c;
    else
        s->ready_first = c;
    s->ready_last = c;
    s->n_ready++;
    uv_idle_start(&s->turn, s->on_turn);
}

void server_drop_ready(struct http_connection *c)
{
    struct http_server *s = c->server;
    if (!c->is_ready)
        return;
    struct http_connection *before = NULL;
    for (struct http_connection *at = s->ready_first; at != c; at = at->next_ready)
        before = at;
    if (before)
        before->next_ready = c->next_ready;
    else
        s->ready_first = c->next_ready;
    if (s->ready_last == c)
        s->ready_last = before;
    s->n_ready--;
    c->is_ready = false;
}

static void on_turn(uv_idle_t *turn)
{
    struct http_server *s = turn->data;
    for (size_t n = s->n_ready; n > 0 && s->ready_first; n--) {
        struct http_connection *c = s->ready_first;
        server_drop_ready(c);
        connection_turn(c);
    }
    if (!s->ready_first)
        uv_idle_stop(turn);
}

/* --- Accepting. --- */

/* Room for a new connection: the idle one that would be closed first anyway. */
static void evict_idle(struct http_server *s)
{
    struct http_connection *oldest = NULL;
    for (struct http_connection *c = s->connections; c; c = c->next) {
        if (c->state == CONNECTION_IDLE && c->unsent == 0 &&
            (!oldest || c->deadline_ms < oldest->deadline_ms))
            oldest = c;
    }
    if (oldest)
        connection_close(oldest);
}

static struct http_connection *connection_new(struct http_server *s, bool is_unix)
{
    struct http_connection *c = mem_new(struct http_connection);
    int status = is_unix ? uv_pipe_init(s->options.loop, &c->uv.pipe, 0)
                         : uv_tcp_init(s->options.loop, &c->uv.tcp);
    assert(status == 0); /* neither opens a descriptor yet */
    c->uv.handle.data = c;
    c->server = s;
    c->next = s->connections;
    if (c->next)
        c->next->previous = c;
    s->connections = c;
    s->n_connections++;
    s->handles++;
    return c;
}

void server_accept(struct http_listener *listener)
{
    struct http_server *s = listener->server;
    if (!listener->is_waiting || s->stopping)
        return;
    if (s->n_connections >= s->options.connections_max) {
        evict_idle(s);
        return;
    }
    listener->is_waiting = false;
    struct http_connection *c = connection_new(s, listener->uv.handle.type == UV_NAMED_PIPE);
    if (uv_accept(&listener->uv.stream, &c->uv.stream) < 0) {
        connection_close(c);
        return;
    }
    if (c->uv.handle.type == UV_TCP)
        uv_tcp_nodelay(&c->uv.tcp, 1);
    connection_begin(c);
}

/* --- The end. --- */

static void close_if_empty(struct http_server *s)
{
    if (!s->stopping || s->connections || uv_is_closing((uv_handle_t *)&s->tick))
        return;
    uv_close((uv_handle_t *)&s->tick, on_handle_closed);
    uv_close((uv_handle_t *)&s->turn, on_handle_closed);
}

void server_connection_gone(struct http_connection *c)
{
    struct http_server *s = c->server;
    if (c->previous)
        c->previous->next = c->next;
    else
        s->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    s->n_connections--;
    mem_free(&c);
    for (struct http_listener *listener = s->listeners; listener; listener = listener->next)
        server_accept(listener);
    close_if_empty(s);
    server_handle_closed(s);
}

static void on_tick(uv_timer_t *timer)
{
    struct http_server *s = timer->data;
    bool hard = s->stopping && server_now(s) >= s->stop_ms;
    for (struct http_connection *c = s->connections; c; c = c->next) {
        if (hard)
            connection_close(c);
        else
            connection_check(c);
    }
}

void http_server_stop(struct http_server **variable, void (*done)(void *data), void *data)
{
    struct http_server *s = move(*variable);
    assert(!s->stopping);
    s->stopping = true;
    s->stop_ms = server_now(s) + s->options.stop_ms;
    s->done = done;
    s->done_data = data;
    while (s->listeners) {
        struct http_listener *listener = s->listeners;
        s->listeners = listener->next;
        listener_close(listener);
    }
    for (struct http_connection *c = s->connections; c; c = c->next) {
        if (c->state == CONNECTION_IDLE || c->state == CONNECTION_HEAD)
            connection_end(c);
    }
    close_if_empty(s);
}

/* --- The beginning. --- */

/* Often enough that a time-out is at most a quarter late. */
static unsigned tick_ms(const struct http_server_options *o)
{
    unsigned least = min_of(min_of(o->head_ms, o->body_ms), min_of(o->idle_ms, o->write_ms));
    least = min_of(least, o->stop_ms);
    return min_of(max_of(least / 4, 5U), 1000U);
}

bool http_server_open(struct http_server **out, const struct http_server_options *options,
                      struct err *err)
{
    struct http_server *s = mem_alloc_raw(sizeof *s);
    memset(s, 0, offsetof(struct http_server, read_buffer));
    s->options = *options;
    struct http_server_options *o = &s->options;
    o->connections_max = or_default(o->connections_max, 1024);
    o->head_ms = or_default(o->head_ms, 10000);
    o->body_ms = or_default(o->body_ms, 30000);
    o->idle_ms = or_default(o->idle_ms, 75000);
    o->write_ms = or_default(o->write_ms, 900000);
    o->stop_ms = or_default(o->stop_ms, 5000);
    s->on_turn = on_turn;
    s->tick.data = s->turn.data = s;
    int status = uv_timer_init(o->loop, &s->tick);
    if (status == 0)
        status = uv_idle_init(o->loop, &s->turn);
    if (status < 0) {
        mem_free(&s);
        return loop_err(err, status, "HTTP server");
    }
    s->handles = 2;
    uv_timer_start(&s->tick, on_tick, tick_ms(o), tick_ms(o));
    *out = s;
    return true;
}
