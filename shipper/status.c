#include "shipper/status.h"

#include "base/file.h"
#include "base/io/http_server.h"
#include "base/mem.h"

#include <unistd.h>

struct status_server {
    struct status_options options;
    struct http_server *server;
    bool is_closing; /* options.data may be gone */
};

static void handle_health(struct http_exchange *x, void *data)
{
    (void)data;
    http_reply(x, 200, "text/plain", STR("ok\n"));
}

static void handle_ready(struct http_exchange *x, void *data)
{
    const struct status_server *s = data;
    const char *trouble = s->options.trouble(s->options.data);
    if (trouble)
        http_reply_text(x, 503, "%s", trouble);
    else
        http_reply(x, 200, "text/plain", STR("ready\n"));
}

static void handle_metrics(struct http_exchange *x, void *data)
{
    const struct status_server *s = data;
    defer(buf_free) struct buf text = {0};
    metrics_print(s->options.metrics(s->options.data), &text);
    http_reply(x, 200, "text/plain; version=0.0.4", buf_str(&text));
}

static void handle_status(struct http_exchange *x, void *data)
{
    const struct status_server *s = data;
    enum report_form form;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf out = {0};
    if (!parse_report_form(http_query_value(x, "output", &arena), &form)) {
        http_reply_text(x, 400, "output is text, json or problems");
        return;
    }
    s->options.report(form, &out, s->options.data);
    http_reply(x, 200, report_content_type(form), buf_str(&out));
}

static void handle_reload(struct http_exchange *x, void *data)
{
    const struct status_server *s = data;
    struct err err;
    struct http_peer peer;
    defer(buf_free) struct buf report = {0};
    http_peer(x, &peer);
    if (peer.uid != 0 && peer.uid != getuid())
        http_reply_text(x, 403, "only root and the shipper's own user may do this");
    else if (s->options.reload(&report, &err, s->options.data))
        http_reply_text(x, 200, "%.*s", STR_ARG(buf_str(&report)));
    else
        http_reply_text(x, 400, "%s", err.text);
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/health", .handle = handle_health},
    {.method = "GET", .path = "/healthz", .handle = handle_health},
    {.method = "GET", .path = "/ready", .handle = handle_ready},
    {.method = "GET", .path = "/metrics", .handle = handle_metrics},
    {.method = "GET", .path = "/api/v1/status", .handle = handle_status},
    {.method = "POST", .path = "/api/v1/reload", .handle = handle_reload},
};

/* Behind status_close nobody's data is there any more. */
static bool authorize(struct http_exchange *x, const struct http_route *route, void *data)
{
    const struct status_server *s = data;
    if (s->is_closing && !(route && route->handle == handle_health))
        http_reply_text(x, 503, "shutting down");
    return !s->is_closing || (route && route->handle == handle_health);
}

static void stopped(void *data)
{
    struct status_server *s = data;
    mem_free(&s);
}

bool status_open(struct status_server **out, const struct status_options *options, struct err *err)
{
    struct status_server *s = mem_new(struct status_server);
    s->options = *options;
    const struct http_server_options server = {
        .loop = options->loop,
        .routes = routes,
        .n_routes = countof(routes),
        .authorize = authorize,
        .data = s,
    };
    if (folder_make_above(options->path, err) && http_server_open(&s->server, &server, err) &&
        http_listen_unix(s->server, options->path, 0660, err)) {
        *out = s;
        return true;
    }
    status_close(&s);
    return false;
}

void status_close(struct status_server **address)
{
    struct status_server *s = move(*address);
    if (!s)
        return;
    s->is_closing = true;
    if (s->server)
        http_server_stop(&s->server, stopped, s);
    else
        mem_free(&s);
}
