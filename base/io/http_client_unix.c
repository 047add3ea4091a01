#include "base/io/http_call.h"
#include "base/io/http_wire.h"
#include "base/io/loop.h"
#include "base/mem.h"

#include <sys/un.h>

enum { READ_SIZE = 64 << 10 };

struct unix_call {
    uv_pipe_t pipe;
    uv_connect_t connect;
    uv_write_t write;
    struct http_call *call;
    struct http_wire wire;
    struct buf head;
    bool is_released;
    int write_status; /* why the request could not be sent whole; an answer may come yet */
    char buffer[READ_SIZE];
};

static void fail(struct unix_call *u, int status, const char *what)
{
    struct err err;
    loop_err(&err, status, "%s %s", what, u->call->url);
    call_end(u->call, &err);
}

static void fail_with(struct unix_call *u, enum err_code code, const char *text)
{
    struct err err;
    err_set(&err, code, "%s: %s", u->call->url, text);
    call_end(u->call, &err);
}

/* --- The answer. --- */

static bool take_head(struct unix_call *u)
{
    const struct http_head *head = &u->wire.head;
    if (head->status == 101) {
        fail_with(u, ERR_CORRUPT, "the server changed the protocol unasked");
        return false;
    }
    if (head->status < 200)
        return true;
    for (size_t i = 0; i < head->n; i++)
        call_add_field(u->call, head->fields[i].name, head->fields[i].value);
    return call_head(u->call, head->status);
}

/* True: go on with the input. */
static bool take_step(struct unix_call *u, enum http_step step, struct str piece)
{
    switch (step) {
    case HTTP_STEP_HEAD:
        return take_head(u);
    case HTTP_STEP_BODY:
        return call_body(u->call, piece);
    case HTTP_STEP_END:
        if (u->wire.head.status < 200)
            return true;
        call_end(u->call, NULL);
        return false;
    case HTTP_STEP_BAD:
        fail_with(u, ERR_CORRUPT, u->wire.bad_text);
        return false;
    case HTTP_STEP_MORE:
        break;
    }
    return false;
}

static void on_end_of_input(struct unix_call *u)
{
    if (u->call->status && http_wire_finish(&u->wire))
        call_end(u->call, NULL);
    else if (u->call->status)
        fail_with(u, ERR_SYSTEM, "the answer was cut short");
    else if (u->write_status < 0)
        fail(u, u->write_status, "send to");
    else
        fail_with(u, ERR_SYSTEM, "closed without an answer");
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf)
{
    (void)size;
    struct unix_call *u = handle->data;
    *buf = uv_buf_init(u->buffer, sizeof u->buffer);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct unix_call *u = stream->data;
    if (n == 0)
        return;
    if (n == UV_EOF) {
        on_end_of_input(u);
        return;
    }
    if (n < 0) {
        fail(u, (int)n, "read from");
        return;
    }
    call_touch(u->call);
    struct str in = str_of(buf->base, (size_t)n), piece = {0};
    while (take_step(u, http_wire_next(&u->wire, &in, &piece), piece))
        continue;
}

/* --- The request. --- */

static void on_written(uv_write_t *request, int status)
{
    struct unix_call *u = request->data;
    if (u->is_released)
        return;
    u->write_status = status;
    call_touch(u->call);
}

static void put_request(const struct http_call *call, struct buf *out)
{
    const struct http_request *r = &call->request;
    bool has_body = r->body.ptr || str_equal(str_from(r->method), STR("POST")) ||
                    str_equal(str_from(r->method), STR("PUT"));
    out->max = 64 << 10;
    buf_print(out, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", r->method,
              call->path);
    buf_add(out, STR("User-Agent: sluice/" SLUICE_VERSION "\r\n"));
    buf_add(out, buf_str(&call->head));
    if (has_body)
        buf_print(out, "Content-Length: %zu\r\n", r->body.len);
    buf_add(out, STR("\r\n"));
}

static void on_connected(uv_connect_t *request, int status)
{
    struct unix_call *u = request->data;
    if (u->is_released)
        return;
    if (status < 0) {
        fail(u, status, "connect to");
        return;
    }
    call_touch(u->call);
    const struct http_request *r = &u->call->request;
    uv_buf_t parts[2] = {{.base = u->head.ptr, .len = u->head.len},
                         {.base = (char *)(uintptr_t)r->body.ptr, .len = r->body.len}};
    u->write.data = u;
    status = uv_write(&u->write, (uv_stream_t *)&u->pipe, parts, r->body.len ? 2 : 1, on_written);
    if (status < 0)
        fail(u, status, "send to");
    else
        uv_read_start((uv_stream_t *)&u->pipe, on_alloc, on_read);
}

static bool start(struct http_call *call, struct err *err)
{
    if (strlen(call->url) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return err_set(err, ERR_INPUT, "%s: too long for a socket", call->url);
    struct unix_call *u = mem_alloc_raw(sizeof *u);
    memset(u, 0, offsetof(struct unix_call, buffer));
    int status = uv_pipe_init(call->client->loop, &u->pipe, 0);
    if (status < 0) {
        mem_free(&u);
        return loop_err(err, status, "socket");
    }
    u->call = call;
    u->pipe.data = u->connect.data = u;
    u->wire.is_response = true;
    u->wire.no_body = str_equal(str_from(call->request.method), STR("HEAD"));
    call->state = u;
    put_request(call, &u->head);
    if (u->head.over)
        return err_set(err, ERR_LIMIT, "the request line and headers are too long");
    uv_pipe_connect(&u->connect, &u->pipe, call->url, on_connected);
    return true;
}

static void on_closed(uv_handle_t *handle)
{
    struct unix_call *u = handle->data;
    struct http_call *call = u->call;
    buf_wipe(&u->head);
    http_wire_free(&u->wire);
    mem_free(&u);
    call_released(call);
}

static void release(struct http_call *call)
{
    struct unix_call *u = call->state;
    if (!u) {
        call_released(call);
        return;
    }
    u->is_released = true;
    uv_close((uv_handle_t *)&u->pipe, on_closed);
}

const struct http_way http_way_unix = {start, release};
