#include "tests/unit/io_harness.h"

#include "base/form.h"
#include "base/mem.h"
#include "base/time.h"
#include "tests/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int load(const int *value)
{
    return __atomic_load_n(value, __ATOMIC_SEQ_CST);
}

static void add(int *value, int n)
{
    __atomic_add_fetch(value, n, __ATOMIC_SEQ_CST);
}

static void on_closed(struct http_exchange *x, void *data)
{
    struct io_harness *h = data;
    if (h->waiting == x)
        h->waiting = NULL;
    if (h->stream == x)
        h->stream = NULL;
    add(&h->closed, 1);
}

static void get_hello(struct http_exchange *x, void *data)
{
    struct io_harness *h = data;
    add(&h->handled, 1);
    http_add_header(x, "X-Test", STR("1\r\nX-Evil: 2"));
    http_reply(x, 200, "text/plain", STR("hello\n"));
}

static void post_echo(struct http_exchange *x, void *data)
{
    struct io_harness *h = data;
    add(&h->handled, 1);
    http_reply(x, 200, NULL, http_body(x));
}

static void post_busy(struct http_exchange *x, void *data)
{
    struct io_harness *h = data;
    add(&h->handled, 1);
    if (load(&h->fails) <= 0) {
        http_reply(x, 200, NULL, http_body(x));
        return;
    }
    add(&h->fails, -1);
    http_add_header(x, "Retry-After", http_header(x, "X-Retry-After"));
    http_reply_text(x, 503, "the disk is full");
}

static void on_later(uv_timer_t *timer)
{
    struct io_harness *h = timer->data;
    if (h->waiting)
        http_reply(move(h->waiting), 200, NULL, STR("later\n"));
}

static void get_later(struct http_exchange *x, void *data)
{
    struct io_harness *h = data;
    add(&h->handled, 1);
    h->waiting = x;
    http_on_closed(x, on_closed, h);
    uv_timer_start(&h->later, on_later, 40, 0);
}

static void get_never(struct http_exchange *x, void *data)
{
    struct io_harness *h = data;
    http_on_closed(x, on_closed, h);
    add(&h->handled, 1);
}

static void get_cut(struct http_exchange *x, void *data)
{
    (void)data;
    http_reply_start(x, 200, "text/plain");
    http_reply_write(x, STR("0123456789"));
    http_reply_abort(x);
}

static void go_on_streaming(struct http_exchange *x, void *data)
{
    struct io_harness *h = data;
    static char piece[16 << 10];
    memset(piece, 's', sizeof piece);
    bool room = true;
    while (h->stream_left > 0 && room) {
        size_t n = min_of(h->stream_left, sizeof piece);
        h->stream_left -= n;
        __atomic_add_fetch(&h->stream_written, (long long)n, __ATOMIC_SEQ_CST);
        room = http_reply_write(x, str_of(piece, n));
    }
    if (h->stream_left == 0 && room) {
        h->stream = NULL;
        http_reply_end(x);
    }
}

static void get_stream(struct http_exchange *x, void *data)
{
    struct io_harness *h = data;
    defer(arena_free) struct arena arena = {0};
    uint64_t n = 0;
    str_to_u64(http_query_value(x, "n", &arena), &n);
    h->stream = x;
    h->stream_left = n;
    http_on_closed(x, on_closed, h);
    http_on_drained(x, go_on_streaming, h);
    http_reply_start(x, 200, "text/plain");
    add(&h->handled, 1);
    go_on_streaming(x, h);
}

static void get_query(struct http_exchange *x, void *data)
{
    (void)data;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf out = {0};
    struct str rest = http_query(x), name, value;
    while (take_query_pair(&rest, &arena, &name, &value)) {
        if (str_equal(name, STR("a")))
            buf_print(&out, "%.*s|", STR_ARG(value));
    }
    http_reply(x, 200, NULL, buf_str(&out));
}

static void get_peer(struct http_exchange *x, void *data)
{
    (void)data;
    struct http_peer peer;
    http_peer(x, &peer);
    http_reply_text(x, 200, "%d %u %s", peer.is_unix, (unsigned)peer.uid, peer.text);
}

static void get_under(struct http_exchange *x, void *data)
{
    (void)data;
    http_reply(x, 200, NULL, http_path(x));
}

static const struct http_route routes[] = {
    {"GET", "/hello", 0, get_hello, 0},         {"POST", "/echo", 1 << 20, post_echo, 0},
    {"POST", "/small", 10, post_echo, 0},       {"GET", "/later", 0, get_later, 0},
    {"GET", "/never", 0, get_never, 0},         {"GET", "/cut", 0, get_cut, 0},
    {"GET", "/stream", 0, get_stream, 0},       {"GET", "/query", 0, get_query, 0},
    {"GET", "/peer", 0, get_peer, 0},           {"GET", "/under/*", 0, get_under, 0},
    {"POST", "/busy", 1 << 20, post_busy, 0},   {"GET", "/secret", 0, get_hello, 1},
    {"POST", "/secret", 1 << 20, post_echo, 1},
};

static bool authorize(struct http_exchange *x, const struct http_route *route, void *data)
{
    (void)data;
    if (!route || route->access == 0 ||
        str_equal(http_header(x, "Authorization"), STR("Bearer key")))
        return true;
    http_reply_text(x, 401, "a token is needed");
    return false;
}

static void on_stopped(void *data)
{
    struct io_harness *h = data;
    h->stopped = true;
    uv_close((uv_handle_t *)&h->stop, NULL);
    uv_close((uv_handle_t *)&h->later, NULL);
}

static void on_stop(uv_async_t *async)
{
    struct io_harness *h = async->data;
    if (h->server)
        http_server_stop(&h->server, on_stopped, h);
}

static void *run(void *data)
{
    struct io_harness *h = data;
    uv_run(&h->loop, UV_RUN_DEFAULT);
    return NULL;
}

void io_harness_start(struct io_harness *h, const struct http_server_options *options)
{
    struct err err;
    *h = (struct io_harness){0};
    struct http_server_options o = options ? *options : (struct http_server_options){0};
    REQUIRE(uv_loop_init(&h->loop) == 0);
    o.loop = &h->loop;
    o.routes = routes;
    o.n_routes = countof(routes);
    o.authorize = authorize;
    o.data = h;
    REQUIRE_OK(http_server_open(&h->server, &o, &err));
    snprintf(h->path, sizeof h->path, "%s/socket", test_folder());
    REQUIRE_OK(http_listen_unix(h->server, h->path, 0600, &err));
    REQUIRE_OK(http_listen_tcp(h->server, "127.0.0.1", 0, &err));
    h->port = http_server_port(h->server);
    snprintf(h->url_unix, sizeof h->url_unix, "unix://%s", h->path);
    snprintf(h->url_tcp, sizeof h->url_tcp, "http://127.0.0.1:%u", h->port);
    uv_async_init(&h->loop, &h->stop, on_stop);
    uv_timer_init(&h->loop, &h->later);
    h->stop.data = h->later.data = h;
    REQUIRE(pthread_create(&h->thread, NULL, run, h) == 0);
}

void io_harness_ask_stop(struct io_harness *h)
{
    uv_async_send(&h->stop);
}

void io_harness_join(struct io_harness *h)
{
    REQUIRE(pthread_join(h->thread, NULL) == 0);
    CHECK(h->stopped);
    CHECK_INT(uv_loop_close(&h->loop), 0);
    CHECK(access(h->path, F_OK) != 0);
}

void io_harness_stop(struct io_harness *h)
{
    io_harness_ask_stop(h);
    io_harness_join(h);
}

int io_connect_unix(const struct io_harness *h)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, h->path, strlen(h->path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    return fd;
}

int io_connect_tcp(const struct io_harness *h)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(h->port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    return fd;
}

void io_send(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n <= 0)
            return; /* the peer has closed: what it said is still to be read */
        bytes = str_slice(bytes, (size_t)n, SIZE_MAX);
    }
}

/* 1 = bytes came, 0 = nothing in time, -1 = closed. */
static int read_some(int fd, struct buf *out, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, ms) <= 0)
        return 0;
    char *at = buf_reserve(out, 64 << 10);
    REQUIRE(at);
    ssize_t n = read(fd, at, 64 << 10);
    if (n <= 0)
        return -1;
    out->len += (size_t)n;
    return 1;
}

bool io_read_all(int fd, struct buf *out, int ms)
{
    int got;
    while ((got = read_some(fd, out, ms)) > 0)
        continue;
    return got < 0;
}

bool io_read_until(int fd, struct buf *out, const char *text)
{
    while (str_find(buf_str(out), str_from(text)) == SIZE_MAX) {
        if (read_some(fd, out, 2000) <= 0)
            return false;
    }
    return true;
}

bool io_wait_for(const int *value, int want, int ms)
{
    int64_t until = time_monotonic() + ms * NS_PER_MS;
    while (load(value) < want) {
        if (time_monotonic() > until)
            return false;
        usleep(1000);
    }
    return true;
}
