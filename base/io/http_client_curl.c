#include "base/io/http_call.h"
#include "base/io/loop.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <string.h>

/* libcurl is opened when it is first needed; its header gives types and constants only. */
#define CURL_FUNCTIONS(X)                                                     \
    X(CURLcode, global_init, (long))                                          \
    X(CURL *, easy_init, (void))                                              \
    X(void, easy_cleanup, (CURL *))                                           \
    X(CURLcode, easy_setopt, (CURL *, CURLoption, ...))                       \
    X(CURLcode, easy_getinfo, (CURL *, CURLINFO, ...))                        \
    X(const char *, easy_strerror, (CURLcode))                                \
    X(struct curl_slist *, slist_append, (struct curl_slist *, const char *)) \
    X(void, slist_free_all, (struct curl_slist *))                            \
    X(CURLM *, multi_init, (void))                                            \
    X(CURLMcode, multi_cleanup, (CURLM *))                                    \
    X(CURLMcode, multi_setopt, (CURLM *, CURLMoption, ...))                   \
    X(CURLMcode, multi_add_handle, (CURLM *, CURL *))                         \
    X(CURLMcode, multi_remove_handle, (CURLM *, CURL *))                      \
    X(CURLMcode, multi_assign, (CURLM *, curl_socket_t, void *))              \
    X(CURLMcode, multi_socket_action, (CURLM *, curl_socket_t, int, int *))   \
    X(CURLMsg *, multi_info_read, (CURLM *, int *))

static struct {
    void *library;
#define X(type, name, arguments) type(*name) arguments;
    CURL_FUNCTIONS(X)
#undef X
} lib;

/* One multi handle of a client. */
struct curl_pool {
    struct http_client *client;
    CURLM *multi;
    uv_timer_t timer; /* what libcurl asks for */
    struct curl_call *calls;
    unsigned inside;  /* libcurl is running: handles must not be removed */
    unsigned handles; /* of libuv, open */
    bool is_closing;
};

struct curl_call {
    struct curl_pool *pool;
    struct curl_call *next;
    struct http_call *call;
    CURL *easy;
    struct curl_slist *headers;
    size_t sent;   /* bytes of the body given to libcurl */
    bool is_dead;  /* released: no event any more, to be removed */
    bool has_head; /* what follows are trailers */
    char error[CURL_ERROR_SIZE];
};

/* A socket of libcurl that it wants watched. */
struct watch {
    uv_poll_t poll;
    struct curl_pool *pool;
    curl_socket_t fd;
};

/* --- The library. --- */

static bool load_library(struct err *err)
{
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4"};
    if (lib.library)
        return true;
    void *library = NULL;
    for (size_t i = 0; i < countof(names) && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return err_set(err, ERR_SYSTEM, "http(s) needs libcurl: %s", dlerror());
#define X(type, name, arguments)                         \
    *(void **)&lib.name = dlsym(library, "curl_" #name); \
    if (!lib.name)                                       \
        return err_set(err, ERR_SYSTEM, "libcurl has no curl_" #name);
    CURL_FUNCTIONS(X)
#undef X
    if (lib.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, ERR_SYSTEM, "libcurl does not start");
    lib.library = library;
    return true;
}

/* --- Removing calls. --- */

static void free_call(struct curl_call *c)
{
    struct http_call *call = c->call;
    lib.multi_remove_handle(c->pool->multi, c->easy);
    lib.easy_cleanup(c->easy);
    lib.slist_free_all(c->headers);
    mem_free(&c);
    call_released(call);
}

static void remove_dead(struct curl_pool *pool)
{
    struct curl_call **at = &pool->calls;
    while (pool->inside == 0 && *at) {
        struct curl_call *c = *at;
        if (!c->is_dead) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        free_call(c);
    }
}

static void release(struct http_call *call)
{
    struct curl_call *c = call->state;
    if (!c) {
        call_released(call);
        return;
    }
    c->is_dead = true;
    remove_dead(c->pool);
}

/* --- Running libcurl. --- */

static void end_call(struct curl_call *c, CURLcode code)
{
    struct err err;
    if (c->is_dead)
        return;
    if (code == CURLE_OK) {
        call_end(c->call, NULL);
        return;
    }
    bool is_input = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    err_set(&err, is_input ? ERR_INPUT : ERR_SYSTEM, "%s: %s", call_where(c->call),
            c->error[0] ? c->error : lib.easy_strerror(code));
    call_end(c->call, &err);
}

static void report_ended(struct curl_pool *pool)
{
    CURLMsg *message;
    int left;
    while (!pool->is_closing && (message = lib.multi_info_read(pool->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct curl_call *c = NULL;
        CURLcode code = message->data.result;
        lib.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&c);
        end_call(c, code);
    }
}

static void pool_finish(struct curl_pool *pool);

static void leave_library(struct curl_pool *pool)
{
    if (--pool->inside > 0)
        return;
    if (pool->is_closing) {
        pool_finish(pool);
        return;
    }
    remove_dead(pool);
    report_ended(pool);
}

static void run_library(struct curl_pool *pool, curl_socket_t fd, int events)
{
    int running;
    pool->inside++;
    lib.multi_socket_action(pool->multi, fd, events, &running);
    leave_library(pool);
}

static void on_timer(uv_timer_t *timer)
{
    run_library(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long wait_ms, void *data)
{
    (void)multi;
    struct curl_pool *pool = data;
    if (wait_ms < 0 || pool->is_closing)
        uv_timer_stop(&pool->timer);
    else
        uv_timer_start(&pool->timer, on_timer, (uint64_t)wait_ms, 0);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    const struct watch *watch = poll->data;
    int what = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
               (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) | (status < 0 ? CURL_CSELECT_ERR : 0);
    run_library(watch->pool, watch->fd, what);
}

static void pool_handle_closed(struct curl_pool *pool)
{
    if (--pool->handles > 0 || !pool->is_closing)
        return;
    struct http_client *client = pool->client;
    mem_free(&pool);
    client_released(client);
}

static void on_handle_closed(uv_handle_t *handle)
{
    pool_handle_closed(handle->data);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct curl_pool *pool = watch->pool;
    mem_free(&watch);
    pool_handle_closed(pool);
}

static struct watch *watch_new(struct curl_pool *pool, curl_socket_t fd)
{
    struct watch *watch = mem_new(struct watch);
    if (uv_poll_init_socket(pool->client->loop, &watch->poll, fd) < 0) {
        mem_free(&watch);
        return NULL;
    }
    watch->pool = pool;
    watch->fd = fd;
    watch->poll.data = watch;
    pool->handles++;
    lib.multi_assign(pool->multi, fd, watch);
    return watch;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
    (void)easy;
    struct curl_pool *pool = data;
    struct watch *watch = socket_data;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            lib.multi_assign(pool->multi, fd, NULL);
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
        }
        return 0;
    }
    if (!watch)
        watch = watch_new(pool, fd);
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return watch && uv_poll_start(&watch->poll, events, on_ready) == 0 ? 0 : -1;
}

static bool pool_open(struct http_client *client, struct err *err)
{
    if (client->pool)
        return true;
    if (!load_library(err))
        return false;
    struct curl_pool *pool = mem_new(struct curl_pool);
    pool->client = client;
    pool->multi = lib.multi_init();
    if (!pool->multi) {
        mem_free(&pool);
        return err_set(err, ERR_SYSTEM, "libcurl does not start");
    }
    uv_timer_init(client->loop, &pool->timer);
    pool->timer.data = pool;
    pool->handles = 1;
    client->open++;
    lib.multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    lib.multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    lib.multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    lib.multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    client->pool = pool;
    return true;
}

static void pool_finish(struct curl_pool *pool)
{
    remove_dead(pool);
    assert(!pool->calls); /* the client has retired them all */
    lib.multi_cleanup(pool->multi);
    uv_close((uv_handle_t *)&pool->timer, on_handle_closed);
}

void curl_pool_close(struct curl_pool **variable)
{
    struct curl_pool *pool = move(*variable);
    if (!pool)
        return;
    pool->is_closing = true;
    if (pool->inside == 0)
        pool_finish(pool);
}

/* --- One call. --- */

static size_t on_read_body(char *out, size_t size, size_t n, void *data)
{
    struct curl_call *c = data;
    if (c->is_dead)
        return CURL_READFUNC_ABORT;
    struct str piece = str_slice(c->call->request.body, c->sent, size * n);
    if (piece.len)
        memcpy(out, piece.ptr, piece.len);
    c->sent += piece.len;
    call_touch(c->call);
    return piece.len;
}

/* A kept connection turned out to be dead: libcurl sends again on a new one. */
static int on_seek_body(void *data, curl_off_t offset, int origin)
{
    struct curl_call *c = data;
    if (c->is_dead || origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_FAIL;
    c->sent = min_of((size_t)offset, c->call->request.body.len);
    return CURL_SEEKFUNC_OK;
}

static bool take_line(struct curl_call *c, struct str line)
{
    struct str name;
    long status = 0;
    if (str_starts(line, STR("HTTP/"))) {
        buf_reset(&c->call->fields);
    } else if (line.len > 0) {
        if (take_until(&line, ':', &name))
            call_add_field(c->call, name, str_trim(line));
    } else {
        lib.easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        c->has_head = status >= 200;
        return !c->has_head || call_head(c->call, (unsigned)status);
    }
    return true;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *data)
{
    struct curl_call *c = data;
    if (c->is_dead)
        return 0;
    call_touch(c->call);
    bool goes_on = c->has_head || take_line(c, str_trim(str_of(bytes, size * n)));
    return goes_on ? size * n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data)
{
    struct curl_call *c = data;
    if (c->is_dead)
        return 0;
    call_touch(c->call);
    return call_body(c->call, str_of(bytes, size * n)) ? size * n : 0;
}

static void set_headers(struct curl_call *c)
{
    struct http_call *call = c->call;
    struct str lines = buf_str(&call->head), line;
    bool has_type = false;
    while (take_until(&lines, '\r', &line)) {
        take_prefix(&line, STR("\n"));
        if (line.len == 0)
            continue;
        char text[16 << 10];
        memcpy(text, line.ptr, line.len);
        text[line.len] = '\0';
        c->headers = lib.slist_append(c->headers, text);
        has_type |= line.len > 13 && str_equal_nocase(str_slice(line, 0, 13), STR("Content-Type:"));
        mem_wipe(text, line.len);
    }
    if (!has_type) /* libcurl's own would be that of a form */
        c->headers = lib.slist_append(c->headers, "Content-Type:");
    lib.easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

static void set_method(struct curl_call *c)
{
    const struct http_request *r = &c->call->request;
    struct str method = str_from(r->method);
    bool is_post = str_equal(method, STR("POST"));
    if (str_equal(method, STR("HEAD"))) {
        lib.easy_setopt(c->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (is_post || str_equal(method, STR("PUT")) || r->body.ptr) {
        lib.easy_setopt(c->easy, CURLOPT_POST, 1L);
        lib.easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
        lib.easy_setopt(c->easy, CURLOPT_READFUNCTION, on_read_body);
        lib.easy_setopt(c->easy, CURLOPT_READDATA, c);
        lib.easy_setopt(c->easy, CURLOPT_SEEKFUNCTION, on_seek_body);
        lib.easy_setopt(c->easy, CURLOPT_SEEKDATA, c);
    }
    if (!is_post)
        lib.easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static void set_options(struct curl_call *c)
{
    const struct http_request *r = &c->call->request;
    CURL *easy = c->easy;
    lib.easy_setopt(easy, CURLOPT_URL, c->call->url);
    lib.easy_setopt(easy, CURLOPT_PRIVATE, c);
    lib.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    lib.easy_setopt(easy, CURLOPT_ERRORBUFFER, c->error);
    lib.easy_setopt(easy, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
    lib.easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    lib.easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    lib.easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    lib.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
    lib.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    lib.easy_setopt(easy, CURLOPT_HEADERDATA, c);
    lib.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    lib.easy_setopt(easy, CURLOPT_WRITEDATA, c);
    if (r->ca_file)
        lib.easy_setopt(easy, CURLOPT_CAINFO, r->ca_file);
    if (r->cert_file)
        lib.easy_setopt(easy, CURLOPT_SSLCERT, r->cert_file);
    if (r->key_file)
        lib.easy_setopt(easy, CURLOPT_SSLKEY, r->key_file);
    set_method(c);
    set_headers(c);
}

static bool start(struct http_call *call, struct err *err)
{
    if (!pool_open(call->client, err))
        return false;
    struct curl_pool *pool = call->client->pool;
    CURL *easy = lib.easy_init();
    if (!easy)
        return err_set(err, ERR_SYSTEM, "libcurl has no handle");
    struct curl_call *c = mem_new(struct curl_call);
    c->pool = pool;
    c->call = call;
    c->easy = easy;
    c->next = pool->calls;
    pool->calls = c;
    call->state = c;
    set_options(c);
    if (lib.multi_add_handle(pool->multi, easy) != CURLM_OK)
        return err_set(err, ERR_SYSTEM, "libcurl takes no request");
    return true;
}

const struct http_way http_way_curl = {start, release};
