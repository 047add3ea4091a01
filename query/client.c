#include "query/client.h"

#include "base/file.h"
#include "base/io/http_client.h"
#include "base/mem.h"

#include <stdlib.h>

#define SOCKET_DEFAULT "/run/sluice/sluice.sock"

enum { ANSWER_TEXT_MAX = 4096, HELD_MAX = 2 * RESULT_ENTRY_MAX };

static void add_url(struct client *c, struct str url)
{
    c->urls[c->n_urls++] = str_from(arena_text(&c->arena, url));
}

static void add_words(struct client *c, struct str words, size_t room)
{
    struct str word;
    while (take_until(&words, ' ', &word) && c->n_urls < room) {
        if (word.len)
            add_url(c, word);
    }
}

static void find_urls(struct client *c, const struct str_list *given, const struct config *config)
{
    enum { URLS_MAX = 16 };
    struct stat st;
    struct err err;
    const char *environment = getenv("SLUICE_COLLECTOR");
    c->urls = arena_array(&c->arena, struct str, URLS_MAX);
    for (size_t i = 0; i < given->n; i++)
        add_words(c, given->items[i], URLS_MAX);
    if (c->n_urls == 0 && environment)
        add_words(c, str_from(environment), URLS_MAX);
    bool is_default = str_equal(config->output.url, STR("unix://" SOCKET_DEFAULT));
    if (c->n_urls == 0 && config->output.on && !is_default)
        add_url(c, config->output.url);
    const char *socket =
        config->collector.socket.len ? config->collector.socket.ptr : SOCKET_DEFAULT;
    if (c->n_urls == 0 && path_stat(socket, &st, &err))
        add_url(c, arena_print(&c->arena, "unix://%s", socket));
    if (c->n_urls == 0)
        add_url(c, STR("http://127.0.0.1:4100"));
}

bool client_init(struct client *c, const struct str_list *given, const struct config *config,
                 struct warnings *w, struct err *err)
{
    *c = (struct client){0};
    find_urls(c, given, config);
    c->ca_file = config->output.ca_file;
    if (c->n_urls > 1)
        return err_set(err, ERR_INPUT, "several collectors cannot be asked at once yet; name one");
    return config_token(config, &c->token, w, err);
}

void client_free(struct client *c)
{
    buf_wipe(&c->token);
    arena_free(&c->arena);
    *c = (struct client){0};
}

/* ---- one exchange ---- */

struct answer {
    struct client_events events;
    const struct query *query; /* NULL: it is a tail */
    struct summary *summary;
    struct result_reader reader;
    struct buf held; /* bytes that are no whole entry yet; or the text of a refusal */
    unsigned status;
    bool stopped; /* take said so */
    struct err err;
};

static void free_answer(struct answer *a)
{
    result_reader_free(&a->reader);
    buf_free(&a->held);
}

static bool on_headers(struct http_call *call, unsigned status, void *data)
{
    (void)call;
    ((struct answer *)data)->status = status;
    return true;
}

/* Of the kind that was asked for. */
static bool is_wanted(const struct answer *a, const struct result *r)
{
    enum query_want want = a->query ? a->query->want : WANT_RECORDS;
    if (r->tally)
        return want == WANT_TALLIES && r->n_names == a->query->by.n;
    return r->is_listed ? want == WANT_STREAMS || want == WANT_OTHERS : want == WANT_RECORDS;
}

static bool take_results(struct answer *a)
{
    const struct client_events *e = &a->events;
    struct str rest = buf_str(&a->held);
    enum result_kind kind = RESULT_RECORD;
    while (kind == RESULT_RECORD || kind == RESULT_MARK) {
        struct result result;
        if (!result_reader_take(&a->reader, &rest, &kind, &result, a->summary, &a->err))
            return false;
        if (kind == RESULT_RECORD && !is_wanted(a, &result))
            return err_set(&a->err, ERR_CORRUPT, "the answer is one to another question");
        if (kind == RESULT_RECORD && !e->take(e->context, &result)) {
            a->stopped = true;
            return false;
        }
        if (kind == RESULT_MARK && e->mark)
            e->mark(e->context, a->reader.place, a->summary);
    }
    buf_remove_front(&a->held, a->held.len - rest.len);
    if (e->pause)
        e->pause(e->context);
    return true;
}

static bool on_body(struct http_call *call, struct str bytes, void *data)
{
    struct answer *a = data;
    (void)call;
    if (a->status != 200) {
        buf_add(
            &a->held,
            str_slice(bytes, 0, ANSWER_TEXT_MAX - min_of(a->held.len, (size_t)ANSWER_TEXT_MAX)));
        return true;
    }
    buf_add(&a->held, bytes);
    if (a->held.over)
        return err_set(&a->err, ERR_CORRUPT, "the answer has an entry that is too long");
    return take_results(a);
}

static struct http_request request_of(const struct client *c, struct str url, const char *method,
                                      const char *path)
{
    return (struct http_request){
        .method = method,
        .url = url.ptr,
        .path = path,
        .token = c->token.len ? c->token.ptr : NULL,
        .ca_file = c->ca_file.len ? c->ca_file.ptr : NULL,
        .connect_ms = 5000,
        .idle_ms = c->idle_ms ? c->idle_ms : 600 * 1000,
    };
}

static bool refuse(struct str url, unsigned status, struct str text, struct err *err)
{
    text = str_trim(text);
    enum err_code code = status == 400                    ? ERR_INPUT
                         : status == 401 || status == 403 ? ERR_DENIED
                                                          : ERR_SYSTEM;
    if (status == 400)
        return err_set(err, code, "%.*s", STR_ARG(str_slice(text, 0, 220)));
    return err_set(err, code, "%.*s answered %u: %.*s", STR_ARG(str_slice(url, 0, 80)), status,
                   STR_ARG(str_slice(text, 0, 150)));
}

/* What is posted lives as long as the request. */
static struct http_request form_request(const struct client *c, const char *path, struct str form)
{
    static const struct http_request_header type = {"Content-Type",
                                                    "application/x-www-form-urlencoded"};
    struct http_request request = request_of(c, c->urls[0], "POST", path);
    request.body = form;
    request.headers = &type;
    request.n_headers = 1;
    return request;
}

/* Posts a form; the results of the answer go to a->events. */
static bool ask(struct client *c, const char *path, struct str form, unsigned idle_ms,
                struct answer *a, struct err *err)
{
    const struct http_events events = {.headers = on_headers, .body = on_body};
    struct http_request request = form_request(c, path, form);
    request.idle_ms = idle_ms ? idle_ms : request.idle_ms;
    unsigned status = 0;
    buf_text(&c->token);
    bool good = http_fetch(&request, &events, a, &status, err);
    if (a->stopped)
        return err_set(err, ERR_CANCELED, "stopped");
    if (a->err.code != ERR_NONE) {
        *err = a->err;
        return false;
    }
    if (!good)
        return false;
    if (status != 200)
        return refuse(c->urls[0], status, buf_str(&a->held), err);
    if (!a->reader.ended)
        return err_set(err, ERR_SYSTEM, "%.*s: the answer ended too early", STR_ARG(c->urls[0]));
    return true;
}

bool client_search(struct client *c, const struct query *query,
                   bool (*take)(void *context, const struct result *result), void *context,
                   struct summary *summary, struct err *err)
{
    defer(buf_free) struct buf form = {.max = QUERY_FORM_MAX};
    defer(free_answer) struct answer a = {.events = {.take = take, .context = context},
                                          .query = query,
                                          .summary = summary,
                                          .held = {.max = HELD_MAX}};
    query_encode(query, &form);
    return ask(c, "/api/v1/query", buf_str(&form), 0, &a, err);
}

bool client_tail(struct client *c, struct str form, const struct client_events *events,
                 unsigned *status, struct err *err)
{
    defer(summary_free) struct summary summary = {0};
    defer(free_answer) struct answer a = {
        .events = *events, .summary = &summary, .held = {.max = HELD_MAX}};
    if (ask(c, "/api/v1/tail", form, CLIENT_SILENCE_S * 1000, &a, err))
        err_set(err, ERR_CORRUPT, "an answer that has no end was ended");
    *status = a.status;
    return false;
}

static bool on_text(struct http_call *call, struct str bytes, void *data)
{
    (void)call;
    buf_add(data, bytes);
    return !((struct buf *)data)->over;
}

static bool fetch_text(struct client *c, const struct http_request *request, struct buf *out,
                       struct err *err)
{
    const struct http_events events = {.body = on_text};
    defer(buf_wipe) struct buf text = {.max = 8 << 20}; /* it may be a token */
    unsigned status = 0;
    buf_text(&c->token);
    if (!http_fetch(request, &events, &text, &status, err))
        return false;
    if (status < 200 || status > 299)
        return refuse(c->urls[0], status, buf_str(&text), err);
    buf_add(out, buf_str(&text));
    return true;
}

bool client_call(struct client *c, const char *method, const char *path, struct buf *out,
                 struct err *err)
{
    const struct http_request request = request_of(c, c->urls[0], method, path);
    return fetch_text(c, &request, out, err);
}

bool client_explain(struct client *c, const struct query *query, struct buf *out, struct err *err)
{
    defer(buf_free) struct buf form = {.max = QUERY_FORM_MAX};
    query_encode(query, &form);
    const struct http_request request = form_request(c, "/api/v1/query", buf_str(&form));
    return fetch_text(c, &request, out, err);
}
