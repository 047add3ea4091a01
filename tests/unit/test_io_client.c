#include "base/io/delivery.h"
#include "base/io/http_client.h"
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/io_harness.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static struct io_harness h;

/* What a call brought. */
struct seen {
    unsigned status;
    int headers, dones;
    size_t bytes;
    size_t stop_at; /* say false from here on; 0 = never */
    struct buf body;
    struct err err;
    char x_test[16];
};

static bool on_headers(struct http_call *call, unsigned status, void *data)
{
    struct seen *seen = data;
    struct str value = http_call_header(call, "x-test");
    snprintf(seen->x_test, sizeof seen->x_test, "%.*s", STR_ARG(value));
    seen->status = status;
    seen->headers++;
    return true;
}

static bool on_body(struct http_call *call, struct str bytes, void *data)
{
    (void)call;
    struct seen *seen = data;
    seen->bytes += bytes.len;
    if (seen->bytes < 1 << 20)
        buf_add(&seen->body, bytes);
    return !seen->stop_at || seen->bytes < seen->stop_at;
}

static void on_done(struct http_call *call, const struct err *err, void *data)
{
    (void)call;
    struct seen *seen = data;
    seen->dones++;
    seen->err = err ? *err : (struct err){0};
}

static const struct http_events events = {on_headers, on_body, on_done};

struct side {
    uv_loop_t loop;
    struct http_client *client;
};

static void side_open(struct side *s)
{
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    REQUIRE(uv_loop_init(&s->loop) == 0);
    http_client_open(&s->client, &s->loop);
}

static void side_close(struct side *s)
{
    http_client_close(&s->client);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&s->loop), 0);
}

static void run_call(struct side *s, const struct http_request *r, struct seen *seen)
{
    http_send(s->client, r, &events, seen);
    CHECK_INT(seen->dones, 0);
    while (seen->dones == 0)
        uv_run(&s->loop, UV_RUN_ONCE);
}

/* Both ways, against each other's server. */
static const char *url_of(int way)
{
    return way ? h.url_tcp : h.url_unix;
}

TEST(io_client_gets_and_posts_both_ways)
{
    struct side s;
    io_harness_start(&h, NULL);
    side_open(&s);
    defer(buf_free) struct buf large = {0};
    memset(buf_reserve(&large, 1 << 20), 'L', 1 << 20);
    large.len = 1 << 20;
    for (int way = 0; way < 2; way++) {
        const struct http_request requests[] = {
            {.url = url_of(way), .path = "/hello"},
            {.url = url_of(way), .path = "/hello", .method = "HEAD"},
            {.url = url_of(way), .path = "/stream?n=100000"},
            {.url = url_of(way), .path = "/echo", .method = "POST", .body = STR("hi")},
            {.url = url_of(way), .path = "/echo", .method = "POST"},
            {.url = url_of(way), .path = "/echo", .method = "POST", .body = buf_str(&large)},
            {.url = url_of(way), .path = "/secret"},
            {.url = url_of(way), .path = "/secret", .token = "key"},
            {.url = url_of(way), .path = "/small", .method = "POST", .body = buf_str(&large)},
            {.url = url_of(way)},
        };
        static const struct {
            unsigned status;
            size_t bytes;
        } want[] = {{200, 6},       {200, 0},  {200, 100000}, {200, 2},  {200, 0},
                    {200, 1 << 20}, {401, 18}, {200, 6},      {413, 27}, {404, 22}};
        for (size_t i = 0; i < countof(requests); i++) {
            struct seen seen = {0};
            run_call(&s, &requests[i], &seen);
            if (seen.err.code || seen.status != want[i].status || seen.bytes != want[i].bytes)
                test_fail(__FILE__, __LINE__, "way %d request %zu: %u, %zu bytes, %s", way, i,
                          seen.status, seen.bytes, seen.err.text);
            CHECK(seen.headers == 1 && (i > 1 || seen.x_test[0] == '1'));
            buf_free(&seen.body);
        }
    }
    side_close(&s);
    io_harness_stop(&h);
}

TEST(io_client_tells_what_went_wrong)
{
    struct side s;
    io_harness_start(&h, NULL);
    side_open(&s);
    char closed_port[64], no_socket[200];
    snprintf(no_socket, sizeof no_socket, "unix://%s/none", test_folder());
    snprintf(closed_port, sizeof closed_port, "http://127.0.0.1:1");
    for (int way = 0; way < 2; way++) {
        const struct {
            struct http_request request;
            enum err_code code;
        } bad[] = {
            {{.url = "ftp://x/"}, ERR_INPUT},
            {{.url = "unix://x"}, ERR_INPUT},
            {{0}, ERR_INPUT},
            {{.url = url_of(way), .path = "/hello", .token = "a\r\nb"}, ERR_INPUT},
            {{.url = way ? closed_port : no_socket}, way ? ERR_SYSTEM : ERR_NOT_FOUND},
            {{.url = url_of(way), .path = "/cut"}, ERR_SYSTEM},
            {{.url = url_of(way), .path = "/never", .idle_ms = 30, .connect_ms = 30}, ERR_SYSTEM},
            {{.url = url_of(way), .path = "/never", .total_ms = 30}, ERR_SYSTEM},
            {{.url = url_of(way), .path = "/stream?n=100", .response_max = 99}, ERR_LIMIT},
        };
        for (size_t i = 0; i < countof(bad); i++) {
            struct seen seen = {0};
            run_call(&s, &bad[i].request, &seen);
            if (seen.err.code != bad[i].code || seen.dones != 1)
                test_fail(__FILE__, __LINE__, "way %d request %zu: %d %s", way, i,
                          (int)seen.err.code, seen.err.text);
            buf_free(&seen.body);
        }
    }
    struct seen seen = {0}; /* a password in the URL stays out of messages */
    const struct http_request secret = {.url = "http://me:pass@127.0.0.1:1/x"};
    run_call(&s, &secret, &seen);
    CHECK(str_starts(str_from(seen.err.text), STR("127.0.0.1:1/x: ")));
    side_close(&s);
    io_harness_stop(&h);
}

TEST(io_client_stops_and_cancels)
{
    struct side s;
    io_harness_start(&h, NULL);
    side_open(&s);
    for (int way = 0; way < 2; way++) {
        const struct http_request stream = {.url = url_of(way), .path = "/stream?n=3000000"};
        struct seen seen = {.stop_at = 1000};
        run_call(&s, &stream, &seen);
        CHECK(seen.err.code == ERR_CANCELED && seen.bytes < 1 << 20);
        buf_free(&seen.body);

        struct seen canceled = {0};
        const struct http_request never = {.url = url_of(way), .path = "/never"};
        http_call_cancel(http_send(s.client, &never, &events, &canceled)); /* not begun */
        struct http_call *call = http_send(s.client, &never, &events, &canceled);
        int before = __atomic_load_n(&h.closed, __ATOMIC_SEQ_CST);
        for (int i = 0; i < 20; i++, usleep(1000))
            uv_run(&s.loop, UV_RUN_NOWAIT);
        http_call_cancel(call);
        uv_run(&s.loop, UV_RUN_NOWAIT);
        CHECK(io_wait_for(&h.closed, before + 1, 100));
        CHECK_INT(canceled.dones, 0);
    }
    struct seen open = {0}; /* closing cancels */
    const struct http_request never[] = {{.url = h.url_tcp, .path = "/never"},
                                         {.url = h.url_unix, .path = "/never"}};
    http_send(s.client, &never[0], &events, &open);
    http_send(s.client, &never[1], &events, &open);
    for (int i = 0; i < 5; i++, usleep(1000))
        uv_run(&s.loop, UV_RUN_NOWAIT);
    side_close(&s);
    CHECK_INT(open.dones, 0);
    io_harness_stop(&h);
}

static void close_at_done(struct http_call *call, const struct err *err, void *data)
{
    (void)call, (void)err;
    http_client_close(data);
}

static bool stop_at_body(struct http_call *call, struct str bytes, void *data)
{
    (void)call, (void)bytes, (void)data;
    return false;
}

TEST(io_client_may_be_closed_inside_an_event)
{
    static const struct http_events closing = {.body = stop_at_body, .done = close_at_done};
    io_harness_start(&h, NULL);
    for (int way = 0; way < 2; way++) {
        struct side s;
        side_open(&s);
        const struct http_request r = {.url = url_of(way), .path = "/hello"};
        http_send(s.client, &r, &closing, &s.client);
        uv_run(&s.loop, UV_RUN_DEFAULT);
        CHECK(s.client == NULL);
        CHECK_INT(uv_loop_close(&s.loop), 0);
    }
    io_harness_stop(&h);
}

TEST(io_client_fetches_without_a_loop)
{
    io_harness_start(&h, NULL);
    for (int way = 0; way < 2; way++) {
        struct err err;
        unsigned status = 0;
        struct seen seen = {0};
        const struct http_request r = {.url = url_of(way), .path = "/stream?n=2000000"};
        REQUIRE_OK(http_fetch(&r, &events, &seen, &status, &err));
        CHECK(status == 200 && seen.bytes == 2000000 && seen.dones == 0);
        buf_free(&seen.body);
        const struct http_request cut = {.url = url_of(way), .path = "/cut"};
        seen = (struct seen){0};
        CHECK(!http_fetch(&cut, &events, &seen, &status, &err) && err.code == ERR_SYSTEM);
        CHECK(seen.bytes == 10 && status == 200);
        buf_free(&seen.body);
        seen = (struct seen){.stop_at = 1};
        CHECK(!http_fetch(&r, &events, &seen, &status, &err) && err.code == ERR_CANCELED);
        buf_free(&seen.body);
    }
    io_harness_stop(&h);
}

/* --- Delivery. --- */

struct delivered {
    int dones;
    struct delivery_answer answer;
    char body[32];
};

static void on_delivered(const struct delivery_answer *answer, void *data)
{
    struct delivered *d = data;
    d->dones++;
    d->answer = *answer;
    snprintf(d->body, sizeof d->body, "%.*s", STR_ARG(answer->body));
}

static void run_delivery(struct side *s, struct delivery *delivery, struct str body,
                         struct delivered *d)
{
    *d = (struct delivered){0};
    delivery_send(delivery, body, on_delivered, d);
    while (d->dones == 0)
        uv_run(&s->loop, UV_RUN_ONCE);
}

static struct delivery *open_delivery(struct side *s, const char *url, const char *path,
                                      const struct http_request_header *header)
{
    struct delivery *delivery;
    const struct delivery_options o = {
        .loop = &s->loop,
        .client = s->client,
        .request = {.url = url, .path = path, .headers = header, .n_headers = header ? 1 : 0},
        .backoff = {.min_ns = NS_PER_MS, .max_ns = 5 * NS_PER_MS}};
    delivery_open(&delivery, &o);
    return delivery;
}

TEST(io_delivery_retries_until_there_is_a_verdict)
{
    struct side s;
    struct delivered d;
    static const struct http_request_header wait = {"X-Retry-After", "1"};
    io_harness_start(&h, NULL);
    side_open(&s);
    for (int way = 0; way < 2; way++) {
        struct delivery *delivery = open_delivery(&s, url_of(way), "/busy", NULL);
        __atomic_store_n(&h.fails, 3, __ATOMIC_SEQ_CST);
        run_delivery(&s, delivery, STR("block"), &d);
        CHECK(d.answer.verdict == DELIVERY_ACCEPTED && strcmp(d.body, "block") == 0);
        const struct delivery_state *state = delivery_status(delivery);
        CHECK(!state->is_failing && !state->is_sending && state->attempts == 0);
        CHECK_STR(str_from(state->last_error), STR("the answer was 503: the disk is full"));
        delivery_close(&delivery);
        delivery = open_delivery(&s, url_of(way), "/small", NULL);
        run_delivery(&s, delivery, STR("more than ten bytes"), &d);
        CHECK(d.answer.verdict == DELIVERY_REFUSED && d.answer.status == 413);
        delivery_close(&delivery);
    }
    struct delivery *delivery = open_delivery(&s, h.url_unix, "/busy", &wait);
    __atomic_store_n(&h.fails, 1, __ATOMIC_SEQ_CST);
    int64_t start = time_monotonic();
    run_delivery(&s, delivery, STR("late"), &d);
    CHECK(time_monotonic() - start > 900 * NS_PER_MS && strcmp(d.body, "late") == 0);
    delivery_close(&delivery);
    side_close(&s);
    io_harness_stop(&h);
}

TEST(io_delivery_shows_its_state_and_stops_cleanly)
{
    struct side s;
    struct delivered d = {0};
    char url[200];
    side_open(&s);
    snprintf(url, sizeof url, "unix://%s/none", test_folder());
    struct delivery *delivery = open_delivery(&s, url, "/busy", NULL);
    const struct delivery_state *state = delivery_status(delivery);
    CHECK(!state->is_sending);
    delivery_send(delivery, STR("x"), on_delivered, &d);
    while (state->attempts < 4)
        uv_run(&s.loop, UV_RUN_ONCE);
    CHECK(state->is_sending && state->is_failing && state->last_status == 0);
    CHECK(state->failing_since_ns <= time_now());
    CHECK(str_find(str_from(state->last_error), STR("no such file")) != SIZE_MAX);
    delivery_cancel(delivery);
    CHECK(!state->is_sending && d.dones == 0);
    delivery_send(delivery, STR("y"), on_delivered, &d);
    delivery_close(&delivery);
    side_close(&s);
    CHECK_INT(d.dones, 0);
}
