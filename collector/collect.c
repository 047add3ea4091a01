/*
 * The collector: one loop with the HTTP server, one thread that commits (collector/ingest.h), threads
 * that search (collector/queries.h), and the store.
 *
 *     POST /api/v1/blocks, /api/v1/hello      write      shippers
 *     GET, POST /api/v1/query                 read       people and their tools
 *     GET, POST /api/v1/tail                  read       the same, without an end (collector/tails.h)
 *     GET /metrics, /api/v1/status            read
 *     POST /api/v1/tokens?role=...            admin      `sluice token`
 *     POST /api/v1/reload                     admin      `sluice reload`
 *     POST /api/v1/store/merge                admin      `sluice store merge`
 *     POST /api/v1/store/archive              admin      `sluice store archive`
 *     POST /api/v1/store/import?id=...        admin      `sluice store import`
 *     GET /health /healthz /ready /           nobody's secret
 *
 * Over TCP everything but the last row needs a token (collector/tokens.h), and requests that a web
 * page made (a foreign Origin) are refused. On the unix socket its permissions decide who comes; all
 * who do may read and write, root and the collector's own user are admin.
 *
 *     collector_stop ─▶ /ready says 503, nothing new is accepted, tails end ─▶ what is under way is answered ─▶
 *     the running commit ends ─▶ stopped ─▶ collector_close closes the store
 */
#include "collector/collect.h"

#include "base/config.h"
#include "base/file.h"
#include "base/io/http_server.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "collector/collect_report.h"
#include "collector/forwards.h"
#include "collector/ingest.h"
#include "collector/queries.h"
#include "collector/store/retention_rules.h"
#include "collector/tails.h"
#include "collector/tokens.h"

#include <unistd.h>

enum { TICK_MS = 1000, QUERY_BODY_MAX = 256 << 10 };

struct collector {
    const struct config *config;
    struct collector_events events;
    const char *folder; /* of the store, by the first configuration */
    uv_loop_t *loop;
    uv_timer_t timer;
    struct store *store;
    struct ingest *ingest;
    struct forwards *forwards;
    struct queries *queries;
    struct tails *tails;
    struct tokens *tokens;
    struct http_server *server;
    struct metrics metrics;
    struct arena rules; /* of retention */
    bool is_stopping, is_stopped;
};

/* ---- who may ---- */

static unsigned access_of_peer(const struct http_peer *peer)
{
    unsigned access = ACCESS_READ | ACCESS_WRITE;
    bool is_admin = peer->uid == 0 || peer->uid == getuid();
    return is_admin ? access | ACCESS_ADMIN : access;
}

static bool refuse_token(struct http_exchange *x, const struct http_peer *peer, struct str given)
{
    if (given.ptr)
        log_warn("%s: a request with a token that is not known, or not for this", peer->text);
    http_add_header(x, "WWW-Authenticate", STR("Bearer"));
    http_reply_text(x, given.ptr ? 403 : 401,
                    given.ptr ? "this token is not known, or not for this"
                              : "a token is needed: Authorization: Bearer TOKEN "
                                "(made by: sluice token read|write|admin)");
    return false;
}

static bool is_allowed(struct collector *c, struct http_exchange *x, unsigned needed)
{
    struct http_peer peer;
    struct err err;
    http_peer(x, &peer);
    if (needed == ACCESS_NONE)
        return true;
    if (peer.is_unix && (access_of_peer(&peer) & needed))
        return true;
    if (peer.is_unix) {
        http_reply_text(x, 403, "only root and the collector's own user may do this");
        return false;
    }
    if (http_header(x, "Origin").ptr) {
        http_reply_text(x, 403, "requests of web pages are not taken");
        return false;
    }
    if (!tokens_refresh(c->tokens, &err))
        log_error("%s; the tokens known before are used", err.text);
    struct str given = http_header(x, "Authorization");
    return (tokens_access(c->tokens, given) & needed) ? true : refuse_token(x, &peer, given);
}

/* ---- handlers ---- */

static void handle_root(struct http_exchange *x, void *data)
{
    (void)data;
    http_reply(x, 200, "text/plain", STR("sluice " SLUICE_VERSION "\n"));
}

static void handle_health(struct http_exchange *x, void *data)
{
    (void)data;
    http_reply(x, 200, "text/plain", STR("ok\n"));
}

static void handle_ready(struct http_exchange *x, void *data)
{
    struct collector *c = data;
    bool writable = store_count(c->store).writable;
    if (writable && !c->is_stopping)
        http_reply(x, 200, "text/plain", STR("ready\n"));
    else
        http_reply_text(x, 503, writable ? "shutting down" : "the journal cannot be written");
}

static void handle_metrics(struct http_exchange *x, void *data)
{
    struct collector *c = data;
    struct store_numbers n = store_count(c->store);
    struct metrics *m = &c->metrics;
    defer(buf_free) struct buf text = {0};
    metric_set(m, METRIC_STORE_BYTES, LABELS("journal"), (double)n.bytes);
    metric_set(m, METRIC_STORE_FREE_BYTES, NO_LABELS, (double)n.free_bytes);
    metric_set(m, METRIC_CORRUPT_PARTS, NO_LABELS, (double)n.rotten_parts);
    if (n.oldest_arrival_ns != TIME_NONE)
        metric_set(m, METRIC_OLDEST_RECORD_SECONDS, NO_LABELS,
                   (double)(time_now() - n.oldest_arrival_ns) / NS_PER_S);
    metric_set(m, METRIC_BUILD_INFO, LABELS(SLUICE_VERSION), 1);
    forwards_put_metrics(c->forwards, m);
    metrics_print(m, &text);
    http_reply(x, 200, "text/plain; version=0.0.4", buf_str(&text));
}

static void find_problems(const struct collector *c, const struct store_numbers *n,
                          struct problems *p)
{
    if (c->is_stopping)
        problem_add(p, "it is stopping");
    if (!n->writable)
        problem_add(p, "the journal cannot be written");
    if (n->rotten_parts)
        problem_add(p, "%llu damaged parts are skipped (%llu bytes); searches over them say so",
                    (unsigned long long)n->rotten_parts, (unsigned long long)n->rotten_bytes);
}

static int64_t age_of_oldest(const struct store_numbers *n)
{
    int64_t now = time_now();
    if (n->oldest_arrival_ns == TIME_NONE)
        return -1;
    return now > n->oldest_arrival_ns ? now - n->oldest_arrival_ns : 0;
}

static void handle_status(struct http_exchange *x, void *data)
{
    const struct collector *c = data;
    struct store_numbers n = store_count(c->store);
    struct problems problems = {0};
    enum report_form form;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf out = {0};
    struct collect_report report = {
        .streams = n.streams,
        .records = n.records,
        .journals = n.journals,
        .segments = n.segments,
        .is_merging = ingest_is_merging(c->ingest),
        .stored_bytes = n.bytes,
        .line_bytes = n.line_bytes,
        .free_bytes = n.free_bytes,
        .damaged = n.rotten_parts,
        .age_ns = age_of_oldest(&n),
        .keep_ns = c->config->collector.keep_ns,
    };
    if (!parse_report_form(http_query_value(x, "output", &arena), &form)) {
        http_reply_text(x, 400, "output is text, json or problems");
        return;
    }
    report.outputs = forwards_rows(c->forwards, &arena, &report.n_outputs);
    find_problems(c, &n, &problems);
    find_output_problems(report.outputs, report.n_outputs, "collector.outputs", time_now(),
                         &problems);
    put_collect_report(&report, &problems, form, &out);
    http_reply(x, 200, report_content_type(form), buf_str(&out));
}

static void handle_blocks(struct http_exchange *x, void *data)
{
    ingest_blocks(((struct collector *)data)->ingest, x);
}

static void handle_hello(struct http_exchange *x, void *data)
{
    ingest_hello(((struct collector *)data)->ingest, x);
}

static void handle_query(struct http_exchange *x, void *data)
{
    queries_handle(((struct collector *)data)->queries, x);
}

static void handle_tail(struct http_exchange *x, void *data)
{
    tails_handle(((struct collector *)data)->tails, x);
}

static void handle_tokens(struct http_exchange *x, void *data)
{
    struct collector *c = data;
    struct err err;
    unsigned role;
    char text[TOKEN_TEXT];
    defer(arena_free) struct arena arena = {0};
    defer(buf_wipe) struct buf reply = {0};
    struct str name = http_query_value(x, "role", &arena);
    struct str note = http_query_value(x, "note", &arena);
    if (!parse_role(name, &role)) {
        http_reply_text(x, 400, "role is read, write or admin");
        return;
    }
    if (!tokens_make(c->tokens, role, note, time_now(), text, &err)) {
        log_error("token: %s", err.text);
        http_reply_text(x, 500, "%s", err.text);
        return;
    }
    buf_print(&reply, "%s\n", text);
    http_reply(x, 200, "text/plain", buf_str(&reply));
    mem_wipe(text, sizeof text);
}

static void handle_merge(struct http_exchange *x, void *data)
{
    struct collector *c = data;
    ingest_merge(c->ingest);
    http_reply(x, 202, "application/json", STR("{\"merging\":true}\n"));
}

static void handle_archive(struct http_exchange *x, void *data)
{
    struct collector *c = data;
    ingest_archive(c->ingest);
    http_reply(x, 202, "application/json", STR("{\"merging\":true}\n"));
}

static void handle_import(struct http_exchange *x, void *data)
{
    struct collector *c = data;
    struct hash128 id;
    defer(arena_free) struct arena arena = {0};
    if (c->is_stopping)
        http_reply_text(x, 503, "shutting down");
    else if (hash128_parse(http_query_value(x, "id", &arena), &id))
        ingest_import(c->ingest, x, id);
    else
        http_reply_text(x, 400, "id: 32 hex digits, as sluice store import gives them");
}

static void handle_reload(struct http_exchange *x, void *data)
{
    struct collector *c = data;
    struct err err;
    defer(buf_free) struct buf report = {0};
    if (c->is_stopping)
        http_reply_text(x, 503, "shutting down");
    else if (c->events.reload(&report, &err, c->events.data))
        http_reply_text(x, 200, "%.*s", STR_ARG(buf_str(&report)));
    else
        http_reply_text(x, 400, "%s", err.text);
}

static const struct http_route routes[] = {
    {"GET", "/", 0, handle_root, ACCESS_NONE},
    {"GET", "/health", 0, handle_health, ACCESS_NONE},
    {"GET", "/healthz", 0, handle_health, ACCESS_NONE},
    {"GET", "/ready", 0, handle_ready, ACCESS_NONE},
    {"GET", "/metrics", 0, handle_metrics, ACCESS_READ},
    {"GET", "/api/v1/status", 0, handle_status, ACCESS_READ},
    {"POST", "/api/v1/blocks", INGEST_BODY_MAX, handle_blocks, ACCESS_WRITE},
    {"POST", "/api/v1/hello", HELLO_BODY_MAX, handle_hello, ACCESS_WRITE},
    {"GET", "/api/v1/query", 0, handle_query, ACCESS_READ},
    {"POST", "/api/v1/query", QUERY_BODY_MAX, handle_query, ACCESS_READ},
    {"GET", "/api/v1/tail", 0, handle_tail, ACCESS_READ},
    {"POST", "/api/v1/tail", QUERY_BODY_MAX, handle_tail, ACCESS_READ},
    {"POST", "/api/v1/tokens", 0, handle_tokens, ACCESS_ADMIN},
    {"POST", "/api/v1/reload", 0, handle_reload, ACCESS_ADMIN},
    {"POST", "/api/v1/store/merge", 0, handle_merge, ACCESS_ADMIN},
    {"POST", "/api/v1/store/archive", 0, handle_archive, ACCESS_ADMIN},
    {"POST", "/api/v1/store/import", 0, handle_import, ACCESS_ADMIN},
};

static bool authorize(struct http_exchange *x, const struct http_route *route, void *data)
{
    struct collector *c = data;
    http_add_header(x, "Sluice-Block-Version", STR("1"));
    if (!is_allowed(c, x, route ? route->access : ACCESS_READ))
        return false;
    return !route || route->handle != handle_blocks || ingest_admit(c->ingest, x);
}

/* ---- start and end ---- */

/* "host:port" or "[::1]:port". */
static bool listen_tcp(struct collector *c, struct str address, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    uint64_t port;
    size_t colon = SIZE_MAX;
    for (size_t i = 0; i < address.len; i++)
        colon = address.ptr[i] == ':' ? i : colon;
    struct str host = str_slice(address, 0, colon);
    if (colon == SIZE_MAX || !str_to_u64(str_slice(address, colon + 1, SIZE_MAX), &port) ||
        port > 65535)
        return err_set(err, ERR_INPUT, "collector.listen: '%.*s' is not HOST:PORT",
                       STR_ARG(address));
    if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
        host = str_slice(host, 1, host.len - 2);
    return http_listen_tcp(c->server, arena_text(&arena, host), (uint16_t)port, err);
}

static bool open_server(struct collector *c, struct err *err)
{
    const struct config_collector *o = &c->config->collector;
    const struct http_server_options options = {
        .loop = c->loop,
        .routes = routes,
        .n_routes = countof(routes),
        .authorize = authorize,
        .bodies_max = INGEST_ARRIVING_MAX,
        .data = c,
    };
    if (!http_server_open(&c->server, &options, err))
        return false;
    if (o->socket.len && (!folder_make_above(o->socket.ptr, err) ||
                          !http_listen_unix(c->server, o->socket.ptr, 0660, err)))
        return false;
    return o->listen.len == 0 || listen_tcp(c, o->listen, err);
}

/* Bytes of the disk; of one that does not tell its size, none. */
static uint64_t keep_free(const struct collector *c)
{
    struct err unused;
    uint64_t free_bytes, size;
    bool known = disk_space(c->folder, &free_bytes, &size, &unused);
    return share_of(c->config->collector.keep_free, known ? size : 0);
}

static struct queries_limits limits_of(const struct config *config)
{
    const struct config_collector *o = &config->collector;
    return (struct queries_limits){
        .most = (unsigned)o->queries, .memory = o->query_memory, .time_ns = o->query_time_ns};
}

static bool open_store(struct collector *c, struct err *err)
{
    const struct config_collector *o = &c->config->collector;
    if (!folder_make(o->data.ptr, err))
        return false;
    c->folder = o->data.ptr;
    const struct store_options options = {
        .folder = o->data.ptr,
        .retention = retention_of(c->config, keep_free(c), &c->rules),
    };
    if (!store_open(&c->store, &options, time_now(), err))
        return false;
    struct store_numbers n = store_count(c->store);
    log_info("store %s: %llu records in %llu journals, %llu bytes", o->data.ptr,
             (unsigned long long)n.records, (unsigned long long)n.journals,
             (unsigned long long)n.bytes);
    if (n.torn_bytes)
        log_info("cut off %llu bytes that a crash left unfinished",
                 (unsigned long long)n.torn_bytes);
    if (n.rotten_parts)
        log_error("%llu damaged parts were skipped (%llu bytes); searches over them say so",
                  (unsigned long long)n.rotten_parts, (unsigned long long)n.rotten_bytes);
    return true;
}

static void on_closed(uv_handle_t *handle)
{
    struct collector *c = handle->data;
    c->is_stopped = true;
    c->events.stopped(c->events.data);
}

static void server_stopped(void *data)
{
    struct collector *c = data;
    queries_close(&c->queries);
    if (c->ingest)
        ingest_on_publish(c->ingest, NULL, NULL);
    tails_close(&c->tails);
    if (c->forwards)
        forwards_stop(c->forwards);
    ingest_close(&c->ingest);
    forwards_close(&c->forwards);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

void collector_stop(struct collector *c)
{
    if (c->is_stopping)
        return;
    c->is_stopping = true;
    if (c->tails)
        tails_stop(c->tails);
    if (c->server)
        http_server_stop(&c->server, server_stopped, c);
    else
        server_stopped(c);
}

static void on_tick(uv_timer_t *timer)
{
    struct collector *c = timer->data;
    if (c->is_stopping)
        return;
    ingest_tick(c->ingest);
    queries_tick(c->queries);
    tails_tick(c->tails);
    forwards_tick(c->forwards);
}

static void on_publish(void *data)
{
    struct collector *c = data;
    tails_wake(c->tails);
    forwards_published(c->forwards);
}

static bool start(struct collector *c, struct err *err)
{
    if (!open_store(c, err) || !tokens_open(&c->tokens, c->config->collector.data.ptr, err) ||
        !ingest_open(&c->ingest, c->loop, c->store, &c->metrics, err))
        return false;
    const struct queries_options queries = {
        .loop = c->loop,
        .store = c->store,
        .metrics = &c->metrics,
        .limits = limits_of(c->config),
    };
    const struct tails_options tails = {
        .loop = c->loop,
        .store = c->store,
        .metrics = &c->metrics,
        .most = (unsigned)c->config->collector.tails,
    };
    if (!queries_open(&c->queries, &queries, err) || !tails_open(&c->tails, &tails, err) ||
        !forwards_open(&c->forwards, c->loop, c->store, c->config, err) || !open_server(c, err))
        return false;
    ingest_on_publish(c->ingest, on_publish, c);
    uv_timer_start(&c->timer, on_tick, TICK_MS, TICK_MS);
    return true;
}

void collector_reload(struct collector *c, const struct config *config)
{
    struct err err;
    metric_set(&c->metrics, METRIC_CONFIG_RELOAD_OK, NO_LABELS, config != NULL);
    c->config = config ? config : c->config; /* also while it stops: the one before will go */
    if (!config || c->is_stopping)
        return;
    const struct queries_limits limits = limits_of(config);
    arena_reset(&c->rules); /* the store has its own, or gets these */
    const struct store_retention retention = retention_of(config, keep_free(c), &c->rules);
    ingest_set_retention(c->ingest, &retention);
    forwards_reload(c->forwards, config);
    if (!queries_set_limits(c->queries, &limits, &err))
        log_error("%s; the limits before stay", err.text);
}

void collector_close(struct collector **address)
{
    struct collector *c = *address;
    if (!c)
        return;
    assert(c->is_stopped);
    store_close(&c->store, time_now());
    tokens_close(&c->tokens);
    metrics_free(&c->metrics);
    arena_free(&c->rules);
    mem_free(address);
}

static void discard(void *data)
{
    struct collector *c = data;
    collector_close(&c);
}

bool collector_open(struct collector **out, uv_loop_t *loop, const struct config *config,
                    const struct collector_events *events, struct err *err)
{
    struct collector *c = mem_new(struct collector);
    c->config = config;
    c->events = *events;
    c->loop = loop;
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    metric_set(&c->metrics, METRIC_CONFIG_RELOAD_OK, NO_LABELS, 1);
    file_raise_limit(); /* each journal keeps one open */
    if (start(c, err)) {
        log_info("listening on %s%s%s",
                 config->collector.socket.len ? config->collector.socket.ptr : "",
                 config->collector.listen.len ? " and " : "",
                 config->collector.listen.len ? config->collector.listen.ptr : "");
        *out = c;
        return true;
    }
    c->events = (struct collector_events){.stopped = discard, .data = c};
    collector_stop(c);
    return false;
}
