#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "tests/test.h"
#include "tests/unit/io_harness.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct io_harness h;

#define HOST "Host: a\r\n"

/* One connection: sends, reads until the server closes or is silent for ms. */
static bool talk(struct str request, struct buf *out, int ms)
{
    int fd = io_connect_tcp(&h);
    io_send(fd, request);
    bool closed = io_read_all(fd, out, ms);
    close(fd);
    return closed;
}

static bool has(const struct buf *b, const char *text)
{
    return str_find(buf_str(b), str_from(text)) != SIZE_MAX;
}

static size_t count_of(const struct buf *b, const char *text)
{
    struct str s = buf_str(b);
    size_t n = 0, at;
    while ((at = str_find(s, str_from(text))) != SIZE_MAX) {
        n++;
        s = str_slice(s, at + strlen(text), SIZE_MAX);
    }
    return n;
}

#define LAST       HOST "Connection: close\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\n" HOST

static const struct {
    struct str request;
    const char *status; /* how the answer begins */
    const char *ends;   /* how it ends; NULL = any */
} cases[] = {
    {STR_INIT("GET /hello HTTP/1.1\r\n" LAST), "HTTP/1.1 200 OK\r\n", "\r\n\r\nhello\n"},
    {STR_INIT("HEAD /hello HTTP/1.1\r\n" LAST), "HTTP/1.1 200 OK\r\n", "\r\n\r\n"},
    {STR_INIT("HEAD /stream?n=100 HTTP/1.1\r\n" LAST), "HTTP/1.1 200 OK\r\n", "\r\n\r\n"},
    {STR_INIT("GET /hello HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK\r\n", "\r\n\r\nhello\n"},
    {STR_INIT("GET http://a/hello?x HTTP/1.1\r\n" LAST), "HTTP/1.1 200 OK\r\n", "hello\n"},
    {STR_INIT("GET /stream?n=5 HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK\r\n", "\r\n\r\nsssss"},
    {STR_INIT("GET /stream?n=5 HTTP/1.1\r\n" LAST), "HTTP/1.1 200 OK\r\n",
     "\r\n\r\n5\r\nsssss\r\n0\r\n\r\n"},
    {STR_INIT("GET /query?a=1&b=2&a=x%20y+z HTTP/1.1\r\n" LAST), "HTTP/1.1 200 OK\r\n",
     "\r\n1|x y z|"},
    {STR_INIT("GET /under/the/stairs HTTP/1.1\r\n" LAST), "HTTP/1.1 200", "\r\n/under/the/stairs"},
    {STR_INIT("GET /later HTTP/1.1\r\n" LAST), "HTTP/1.1 200", "\r\nlater\n"},
    {STR_INIT("GET /cut HTTP/1.1\r\n" LAST), "HTTP/1.1 200", "\r\na\r\n0123456789\r\n"},
    {STR_INIT("GET /none HTTP/1.1\r\n" LAST), "HTTP/1.1 404", NULL},
    {STR_INIT("GET * HTTP/1.1\r\n" LAST), "HTTP/1.1 40", NULL},
    {STR_INIT("PUT /hello HTTP/1.1\r\n" LAST), "HTTP/1.1 405", "allowed here: GET\n"},
    {STR_INIT("HEAD /echo HTTP/1.1\r\n" LAST), "HTTP/1.1 405", "\r\n\r\n"},
    {STR_INIT(POST("/echo") "Connection: close\r\nContent-Length: 5\r\n\r\nhello"), "HTTP/1.1 200",
     "\r\n\r\nhello"},
    {STR_INIT(POST("/echo") "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
     "HTTP/1.1 200", "\r\n\r\nhello"},
    {STR_INIT(POST("/echo") "Connection: close\r\nContent-Length: 0\r\n\r\n"), "HTTP/1.1 200",
     "\r\n\r\n"},
    {STR_INIT(POST("/small") "Connection: close\r\nContent-Length: 10\r\n\r\n0123456789"),
     "HTTP/1.1 200", "0123456789"},
    /* The rest closes by itself: no "Connection: close" asked for. */
    {STR_INIT(POST("/small") "Content-Length: 11\r\n\r\n"), "HTTP/1.1 413", "10 bytes\n"},
    {STR_INIT(POST("/small") "Content-Length: 99999999999999\r\n\r\nx"), "HTTP/1.1 413", NULL},
    {STR_INIT(POST("/small") "Transfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n"),
     "HTTP/1.1 413", NULL},
    {STR_INIT(POST("/small") "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n"), "HTTP/1.1 413",
     NULL},
    {STR_INIT(POST("/hello") "Content-Length: 3\r\n\r\n"), "HTTP/1.1 405", NULL},
    {STR_INIT(POST("/echo") "Expect: tea\r\nContent-Length: 3\r\n\r\n"), "HTTP/1.1 417", NULL},
    {STR_INIT(POST("/secret") "Content-Length: 100000\r\n\r\n"), "HTTP/1.1 401", NULL},
    {STR_INIT(POST("/echo") "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloXX"), "HTTP/1.1 400",
     "malformed chunk\n"},
    {STR_INIT("GET /hello HTTP/1.1\r\n\r\n"), "HTTP/1.1 400", "no Host header\n"},
    {STR_INIT("GET /hello HTTP/1.1\r\n" HOST HOST "\r\n"), "HTTP/1.1 400", NULL},
    {STR_INIT("GET /hello HTTP/1.1\nHost: a\n\n"), "HTTP/1.1 400", NULL},
    {STR_INIT("GET /hello HTTP/1.1\r\nHost : a\r\n\r\n"), "HTTP/1.1 400", NULL},
    {STR_INIT("GET /hello HTTP/1.1\r\n" HOST " folded\r\n\r\n"), "HTTP/1.1 400", NULL},
    {STR_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"), "HTTP/1.1 400", NULL},
};

TEST(io_server_answers_well_formed_and_refuses_the_rest)
{
    io_harness_start(&h, NULL);
    for (size_t i = 0; i < countof(cases); i++) {
        defer(buf_free) struct buf out = {0};
        bool closed = talk(cases[i].request, &out, 2000);
        if (!closed || !str_starts(buf_str(&out), str_from(cases[i].status)) ||
            (cases[i].ends && !str_ends(buf_str(&out), str_from(cases[i].ends))))
            test_fail(__FILE__, __LINE__, "case %zu: closed %d\n%.*s", i, closed,
                      STR_ARG(buf_str(&out)));
        CHECK(!has(&out, "\r\nX-Evil"));
    }
    io_harness_stop(&h);
}

TEST(io_server_keeps_alive_and_answers_pipelined_requests_in_order)
{
    io_harness_start(&h, NULL);
    defer(buf_free) struct buf out = {0};
    int fd = io_connect_unix(&h);
    io_send(fd, STR("GET /hello HTTP/1.1\r\n" HOST "\r\n"));
    CHECK(io_read_until(fd, &out, "hello\n"));
    buf_reset(&out);
    io_send(fd, STR("GET /later HTTP/1.1\r\n" HOST
                    "\r\n" POST("/echo") "Content-Length: 3\r\n\r\n"
                                         "oneGET /under/two HTTP/1.1\r\n" HOST
                                         "\r\nGET /later HTTP/1.1\r\n" HOST "\r\n"
                                         "GET /none HTTP/1.1\r\n" LAST));
    CHECK(io_read_all(fd, &out, 2000));
    struct str s = buf_str(&out);
    size_t first = str_find(s, STR("later\n")), second = str_find(s, STR("\r\n\r\none"));
    size_t third = str_find(s, STR("/under/two")), last = str_find(s, STR("404"));
    CHECK(first < second && second < third && third < last && last != SIZE_MAX);
    CHECK_INT(count_of(&out, "HTTP/1.1 "), 5);
    close(fd);
    io_harness_stop(&h);
}

TEST(io_server_reads_requests_byte_by_byte)
{
    io_harness_start(&h, NULL);
    defer(buf_free) struct buf out = {0};
    struct str request = STR(POST("/echo") "Transfer-Encoding: chunked\r\n\r\n"
                                           "5\r\nhello\r\n0\r\n\r\n");
    int fd = io_connect_unix(&h);
    for (size_t i = 0; i < request.len; i++) {
        io_send(fd, str_slice(request, i, 1));
        usleep(200);
    }
    CHECK(io_read_until(fd, &out, "\r\n\r\nhello"));
    close(fd);
    io_harness_stop(&h);
}

TEST(io_server_says_100_continue_before_the_body)
{
    io_harness_start(&h, NULL);
    defer(buf_free) struct buf out = {0};
    int fd = io_connect_tcp(&h);
    io_send(fd, STR(POST("/echo") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
    CHECK(io_read_until(fd, &out, "\r\n\r\n"));
    CHECK_STR(buf_str(&out), STR("HTTP/1.1 100 Continue\r\n\r\n"));
    io_send(fd, STR("hello"));
    CHECK(io_read_until(fd, &out, "\r\n\r\nhello"));
    close(fd);
    io_harness_stop(&h);
}

TEST(io_server_authorizes_before_the_body_and_knows_its_peer)
{
    io_harness_start(&h, NULL);
    defer(buf_free) struct buf out = {0};
    char want[64];
    talk(STR(POST("/secret") "Authorization: Bearer key\r\nConnection: close\r\n"
                             "Content-Length: 2\r\n\r\nok"),
         &out, 2000);
    CHECK(str_ends(buf_str(&out), STR("\r\n\r\nok")));
    buf_reset(&out);
    talk(STR("GET /peer HTTP/1.1\r\n" LAST), &out, 2000);
    CHECK(has(&out, "\r\n0 4294967295 127.0.0.1:"));
    buf_reset(&out);
    int fd = io_connect_unix(&h);
    io_send(fd, STR("GET /peer HTTP/1.1\r\n" LAST));
    io_read_all(fd, &out, 2000);
    close(fd);
    snprintf(want, sizeof want, "\r\n1 %u unix\n", (unsigned)getuid());
    CHECK(has(&out, want));
    io_harness_stop(&h);
}

TEST(io_server_notices_at_once_when_a_client_leaves)
{
    io_harness_start(&h, NULL);
    for (int i = 0; i < 2; i++) {
        int fd = i ? io_connect_unix(&h) : io_connect_tcp(&h);
        io_send(fd, STR("GET /never HTTP/1.1\r\n" HOST "\r\n"));
        REQUIRE(io_wait_for(&h.handled, i + 1, 2000));
        CHECK_INT(__atomic_load_n(&h.closed, __ATOMIC_SEQ_CST), i);
        close(fd);
        CHECK(io_wait_for(&h.closed, i + 1, 100));
    }
    io_harness_stop(&h);
}

TEST(io_server_holds_a_stream_back_when_nobody_reads)
{
    enum { TOTAL = 64 << 20 };
    io_harness_start(&h, NULL);
    defer(buf_free) struct buf out = {.max = TOTAL + (1 << 20)};
    int fd = io_connect_unix(&h);
    io_send(fd, STR("GET /stream?n=67108864 HTTP/1.1\r\n" LAST));
    REQUIRE(io_wait_for(&h.handled, 1, 2000));
    usleep(50000);
    long long written = __atomic_load_n(&h.stream_written, __ATOMIC_SEQ_CST);
    CHECK(written < 4 << 20); /* ours and the kernel's buffers */
    CHECK(io_read_all(fd, &out, 3000));
    CHECK(out.len > TOTAL && str_ends(buf_str(&out), STR("\r\n0\r\n\r\n")));
    close(fd);
    /* And one that leaves in the middle. */
    fd = io_connect_tcp(&h);
    io_send(fd, STR("GET /stream?n=67108864 HTTP/1.1\r\n" LAST));
    REQUIRE(io_wait_for(&h.handled, 2, 2000));
    usleep(20000);
    close(fd);
    CHECK(io_wait_for(&h.closed, 1, 200));
    io_harness_stop(&h);
}

TEST(io_server_times_out_slow_clients)
{
    const struct http_server_options o = {
        .head_ms = 60, .body_ms = 60, .idle_ms = 60, .write_ms = 100};
    static const struct {
        struct str sent;
        const char *answer;
    } slow[] = {
        {STR_INIT(""), ""},
        {STR_INIT("GET /hel"), "HTTP/1.1 408"},
        {STR_INIT(POST("/echo") "Content-Length: 5\r\n\r\nhe"), "HTTP/1.1 408"},
        {STR_INIT("GET /hello HTTP/1.1\r\n" HOST "\r\n"), "HTTP/1.1 200"},
    };
    io_harness_start(&h, &o);
    for (size_t i = 0; i < countof(slow); i++) {
        defer(buf_free) struct buf out = {0};
        CHECK(talk(slow[i].sent, &out, 1000));
        CHECK(str_starts(buf_str(&out), str_from(slow[i].answer)));
        CHECK(slow[i].answer[0] || out.len == 0);
    }
    defer(buf_free) struct buf body = {0}, out = {0};
    memset(buf_reserve(&body, 1 << 20), 'b', 1 << 20);
    body.len = 1 << 20;
    int slowly = io_connect_unix(&h); /* reads, but later than the idle time-out */
    io_send(slowly, STR(POST("/echo") "Content-Length: 1048576\r\n\r\n"));
    io_send(slowly, buf_str(&body));
    usleep(80000);
    CHECK(io_read_until(slowly, &out, "\r\n\r\n"));
    CHECK(io_read_all(slowly, &out, 1000) && out.len > 1 << 20);
    close(slowly);
    int fd = io_connect_unix(&h); /* does not read its answer */
    io_send(fd, STR("GET /stream?n=67108864 HTTP/1.1\r\n" LAST));
    CHECK(io_wait_for(&h.closed, 1, 1000));
    close(fd);
    io_harness_stop(&h);
}

TEST(io_server_bounds_connections_and_pipelined_bytes)
{
    const struct http_server_options o = {.connections_max = 2, .head_ms = 400};
    io_harness_start(&h, &o);
    defer(buf_free) struct buf out = {0}, flood = {0};
    int busy = io_connect_unix(&h), idle = io_connect_unix(&h);
    io_send(busy, STR("GET /never HTTP/1.1\r\n" HOST "\r\n"));
    REQUIRE(io_wait_for(&h.handled, 1, 2000));
    usleep(10000);
    int third = io_connect_unix(&h); /* the idle one makes room */
    io_send(third, STR("GET /hello HTTP/1.1\r\n" HOST "\r\n"));
    CHECK(io_read_until(third, &out, "hello\n"));
    buf_reset(&out);
    CHECK(io_read_all(idle, &out, 1000));
    CHECK_INT(out.len, 0);
    io_send(third, STR("GET /never HTTP/1.1\r\n" HOST "\r\n"));
    REQUIRE(io_wait_for(&h.handled, 3, 2000));
    int fourth = io_connect_unix(&h); /* waits for room */
    io_send(fourth, STR("GET /hello HTTP/1.1\r\n" LAST));
    CHECK(!io_read_all(fourth, &out, 50));
    close(third);
    CHECK(io_read_until(fourth, &out, "hello\n"));
    /* Pipelined behind an answer that is owed: the kernel's buffers fill, not ours. */
    for (int i = 0; i < 100000; i++)
        buf_add(&flood, STR("GET /hello HTTP/1.1\r\n" HOST "\r\n"));
    size_t sent = 0;
    ssize_t n;
    while ((n = send(busy, flood.ptr + sent, flood.len - sent, MSG_DONTWAIT)) > 0 ||
           (usleep(20000), (n = send(busy, flood.ptr + sent, flood.len - sent, MSG_DONTWAIT)) > 0))
        sent += (size_t)n;
    CHECK(sent < 2 << 20);
    int closed = __atomic_load_n(&h.closed, __ATOMIC_SEQ_CST);
    close(busy), close(idle), close(fourth);
    CHECK(io_wait_for(&h.closed, closed + 1, 500));
    io_harness_stop(&h);
}

/* Sends as much as goes without waiting; how many whole requests that were. */
static int flood(int fd, struct str request, int most)
{
    int whole = 0;
    for (size_t sent = 0; whole < most; whole += sent == request.len, sent %= request.len) {
        ssize_t n = send(fd, request.ptr + sent, request.len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    return whole;
}

TEST(io_server_answers_nobody_who_does_not_read)
{
    enum { MOST = 200000 };
    io_harness_start(&h, NULL);
    defer(buf_free) struct buf out = {.max = 64 << 20};
    int fd = io_connect_unix(&h), sent = 0;
    for (int still = 0; still < 5; still++) {
        int more = flood(fd, STR("GET /hello HTTP/1.1\r\n" HOST "\r\n"), MOST - sent);
        sent += more;
        still = more ? 0 : still;
        usleep(20000);
    }
    CHECK(sent < MOST); /* the kernel's buffers are full, ours are not */
    CHECK(__atomic_load_n(&h.handled, __ATOMIC_SEQ_CST) < 20000);
    CHECK(!io_read_all(fd, &out, 300)); /* now it reads: the rest is answered */
    CHECK(io_wait_for(&h.handled, sent, 2000));
    close(fd);
    io_harness_stop(&h);
}

TEST(io_server_stop_answers_what_is_in_flight)
{
    io_harness_start(&h, NULL);
    defer(buf_free) struct buf out = {0};
    int later = io_connect_tcp(&h), idle = io_connect_tcp(&h), body = io_connect_tcp(&h);
    io_send(idle, STR("GET /hello HTTP/1.1\r\n" HOST "\r\n"));
    CHECK(io_read_until(idle, &out, "hello\n"));
    io_send(body, STR(POST("/echo") "Content-Length: 5\r\n\r\nhe"));
    io_send(later, STR("GET /later HTTP/1.1\r\n" HOST "\r\n"));
    REQUIRE(io_wait_for(&h.handled, 2, 2000));
    usleep(10000);
    io_harness_ask_stop(&h);
    buf_reset(&out);
    CHECK(io_read_all(idle, &out, 1000) && out.len == 0);
    CHECK(io_read_all(later, &out, 1000));
    CHECK(has(&out, "Connection: close\r\n") && str_ends(buf_str(&out), STR("later\n")));
    io_send(body, STR("llo"));
    CHECK(io_read_all(body, &out, 1000));
    CHECK(str_ends(buf_str(&out), STR("\r\n\r\nhello")));
    close(later), close(idle), close(body);
    io_harness_join(&h);
}

TEST(io_server_stop_ends_after_its_time)
{
    const struct http_server_options o = {.stop_ms = 60};
    io_harness_start(&h, &o);
    int fd = io_connect_unix(&h);
    io_send(fd, STR("GET /never HTTP/1.1\r\n" HOST "\r\n"));
    REQUIRE(io_wait_for(&h.handled, 1, 2000));
    io_harness_stop(&h);
    CHECK_INT(h.closed, 1);
    close(fd);
}

TEST(io_server_replaces_only_a_stale_socket_file)
{
    struct err err;
    struct http_server *second;
    uv_loop_t loop;
    io_harness_start(&h, NULL);
    REQUIRE(uv_loop_init(&loop) == 0);
    const struct http_server_options o = {.loop = &loop};
    REQUIRE_OK(http_server_open(&second, &o, &err));
    CHECK(!http_listen_unix(second, h.path, 0600, &err) && err.code == ERR_CONFLICT);
    CHECK(!http_listen_tcp(second, "127.0.0.1", h.port, &err) && err.code == ERR_CONFLICT);
    CHECK(!http_listen_tcp(second, "no such host.invalid", 0, &err));
    char file[200], stale[200];
    snprintf(file, sizeof file, "%s/file", test_folder());
    snprintf(stale, sizeof stale, "%s/stale", test_folder());
    REQUIRE_OK(file_replace(file, STR("x"), 0600, &err));
    CHECK(!http_listen_unix(second, file, 0600, &err) && err.code == ERR_CONFLICT);
    CHECK(access(file, F_OK) == 0);
    REQUIRE(link(h.path, stale) == 0);
    io_harness_stop(&h);
    REQUIRE_OK(http_listen_unix(second, stale, 0620, &err));
    struct stat st;
    REQUIRE_OK(path_stat(stale, &st, &err));
    CHECK((st.st_mode & 07777) == 0620);
    REQUIRE_OK(http_listen_tcp(second, "localhost", 0, &err));
    http_server_stop(&second, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK(access(stale, F_OK) != 0);
}
