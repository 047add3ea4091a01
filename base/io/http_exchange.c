#include "base/form.h"
#include "base/io/backoff.h"
#include "base/io/http_connection.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

struct http_exchange *exchange_new(struct http_connection *c)
{
    struct http_exchange *x = mem_new(struct http_exchange);
    x->connection = c;
    x->reply_headers.max = HTTP_REPLY_HEADERS_MAX;
    return x;
}

void exchange_free(struct http_exchange **variable)
{
    struct http_exchange *x = move(*variable);
    if (!x)
        return;
    x->connection->server->body_bytes -= x->body.len;
    buf_free(&x->body);
    buf_free(&x->reply_headers);
    mem_free(&x);
}

/* --- The request. --- */

struct str http_method(const struct http_exchange *x)
{
    return x->connection->wire.head.method;
}

struct str http_path(const struct http_exchange *x)
{
    return x->path;
}

struct str http_query(const struct http_exchange *x)
{
    return x->query;
}

struct str http_header(const struct http_exchange *x, const char *name)
{
    return http_head_field(&x->connection->wire.head, name);
}

struct str http_body(const struct http_exchange *x)
{
    return buf_str(&x->body);
}

struct buf http_take_body(struct http_exchange *x)
{
    struct buf body = x->body;
    x->connection->server->body_bytes -= body.len;
    x->body = (struct buf){0};
    return body;
}

struct str http_query_value(const struct http_exchange *x, const char *name, struct arena *arena)
{
    return query_value(x->query, name, arena);
}

static void peer_of_tcp(const uv_tcp_t *tcp, struct http_peer *peer)
{
    struct sockaddr_storage at;
    int len = sizeof at;
    char address[INET6_ADDRSTRLEN] = "";
    if (uv_tcp_getpeername(tcp, (struct sockaddr *)&at, &len) < 0) {
        snprintf(peer->text, sizeof peer->text, "tcp");
    } else if (at.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (struct sockaddr_in6 *)&at;
        inet_ntop(AF_INET6, &six->sin6_addr, address, sizeof address);
        snprintf(peer->text, sizeof peer->text, "[%s]:%u", address, ntohs(six->sin6_port));
    } else {
        const struct sockaddr_in *four = (struct sockaddr_in *)&at;
        inet_ntop(AF_INET, &four->sin_addr, address, sizeof address);
        snprintf(peer->text, sizeof peer->text, "%s:%u", address, ntohs(four->sin_port));
    }
}

void http_peer(const struct http_exchange *x, struct http_peer *peer)
{
    const struct http_connection *c = x->connection;
    *peer = (struct http_peer){.uid = (uid_t)-1};
    peer->is_unix = c->uv.handle.type == UV_NAMED_PIPE;
    if (!peer->is_unix) {
        peer_of_tcp(&c->uv.tcp, peer);
        return;
    }
    snprintf(peer->text, sizeof peer->text, "unix");
    struct ucred who;
    socklen_t len = sizeof who;
    uv_os_fd_t fd;
    if (uv_fileno(&c->uv.handle, &fd) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0)
        peer->uid = who.uid;
}

void http_on_closed(struct http_exchange *x, void (*closed)(struct http_exchange *, void *),
                    void *data)
{
    x->closed = closed;
    x->closed_data = data;
}

void http_on_drained(struct http_exchange *x, void (*drained)(struct http_exchange *, void *),
                     void *data)
{
    x->drained = drained;
    x->drained_data = data;
}

/* --- The answer. --- */

static const char *reason_of(unsigned status)
{
    for (size_t i = 0; i < countof(reasons); i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "Status";
}

void http_add_header(struct http_exchange *x, const char *name, struct str value)
{
    assert(!x->started);
    struct buf *out = &x->reply_headers;
    if (strlen(name) + value.len + sizeof ": \r\n" > HTTP_REPLY_HEADERS_MAX - out->len)
        return;
    buf_print(out, "%s: ", name);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];
        buf_add_byte(out, byte < 0x20 || byte == 0x7f ? ' ' : (char)byte);
    }
    buf_add(out, STR("\r\n"));
}

/* Everything up to the headers that tell the length. */
static void put_reply_head(struct http_exchange *x, struct buf *out, unsigned status,
                           const char *content_type)
{
    struct http_connection *c = x->connection;
    bool keeps = c->wire.head.keep_alive && !x->has_input && !c->server->stopping;
    x->close_after = x->close_after || !keeps;
    x->started = true;
    buf_print(out, "HTTP/1.1 %u %s\r\nDate: ", status, reason_of(status));
    put_http_date(out, time_now());
    buf_add(out, STR("\r\n"));
    if (content_type)
        buf_print(out, "Content-Type: %s\r\n", content_type);
    if (x->close_after)
        buf_add(out, STR("Connection: close\r\n"));
    else if (c->wire.head.minor == 0)
        buf_add(out, STR("Connection: keep-alive\r\n"));
    buf_add(out, buf_str(&x->reply_headers));
}

static void end_exchange(struct http_exchange *x)
{
    x->ended = true;
    if (!x->connection->is_eating)
        server_make_ready(x->connection);
}

void http_reply(struct http_exchange *x, unsigned status, const char *content_type, struct str body)
{
    assert(!x->started && !x->ended && status >= 200);
    struct buf out = {.max = HTTP_REPLY_HEADERS_MAX + 1024 + body.len};
    put_reply_head(x, &out, status, content_type);
    bool has_body = status != 204 && status != 304;
    if (has_body)
        buf_print(&out, "Content-Length: %zu\r\n", body.len);
    buf_add(&out, STR("\r\n"));
    if (has_body && !x->is_head)
        buf_add(&out, body);
    assert(!out.over);
    connection_send(x->connection, &out);
    end_exchange(x);
}

void http_reply_text(struct http_exchange *x, unsigned status, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text - 1, fmt, args);
    va_end(args);
    size_t len = n < 0 ? 0 : min_of((size_t)n, sizeof text - 2);
    text[len++] = '\n';
    http_reply(x, status, "text/plain; charset=utf-8", str_of(text, len));
}

void http_reply_start(struct http_exchange *x, unsigned status, const char *content_type)
{
    assert(!x->started && !x->ended && status >= 200 && status != 204 && status != 304);
    x->chunked = x->connection->wire.head.minor == 1;
    x->close_after = !x->chunked;
    struct buf out = {.max = HTTP_REPLY_HEADERS_MAX + 1024};
    put_reply_head(x, &out, status, content_type);
    buf_add(&out, x->chunked ? STR("Transfer-Encoding: chunked\r\n\r\n") : STR("\r\n"));
    assert(!out.over);
    connection_send(x->connection, &out);
}

bool http_reply_write(struct http_exchange *x, struct str bytes)
{
    assert(x->started && !x->ended);
    struct http_connection *c = x->connection;
    if (x->is_head || bytes.len == 0)
        return true;
    struct buf out = {.max = bytes.len + 32};
    buf_reserve(&out, out.max);
    if (x->chunked)
        buf_print(&out, "%zx\r\n", bytes.len);
    buf_add(&out, bytes);
    if (x->chunked)
        buf_add(&out, STR("\r\n"));
    assert(!out.over);
    connection_send(c, &out);
    c->wants_drained = c->unsent > HTTP_UNSENT_MAX;
    return !c->wants_drained;
}

void http_reply_end(struct http_exchange *x)
{
    assert(x->started && !x->ended);
    if (x->chunked && !x->is_head) {
        struct buf out = {0};
        buf_add(&out, STR("0\r\n\r\n"));
        connection_send(x->connection, &out);
    }
    end_exchange(x);
}

void http_reply_abort(struct http_exchange *x)
{
    assert(!x->ended);
    x->ended = true;
    connection_close(x->connection);
}
