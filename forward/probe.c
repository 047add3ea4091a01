#include "forward/probe_parts.h"

#include "base/mem.h"
#include "formats/block/block.h"

#include <stdarg.h>
#include <stdio.h>

static void put_list(struct buf *b, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

static void put_list(struct buf *b, const char *fmt, va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof text, fmt, args);
    buf_add(b, str_from(text));
}

void probe_say(struct probe *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_add(&p->text, p->text.len ? STR(", ") : STR(""));
    put_list(&p->text, fmt, args);
    va_end(args);
}

void probe_hint(struct probe *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_list(&p->hints, fmt, args);
    buf_add_byte(&p->hints, '\n');
    va_end(args);
}

void probe_fail(struct probe *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    buf_reset(&p->text);
    buf_reset(&p->hints);
    put_list(&p->text, fmt, args);
    p->has_failed = p->is_over = true;
    va_end(args);
}

struct str probe_quote(struct str text, char *room, size_t size)
{
    text = str_trim(text);
    size_t n = min_of(text.len, size);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        room[i] = c < ' ' || c >= 0x7f ? ' ' : (char)c;
    }
    return str_of(room, n);
}

static const char *ways_to_log_in(const struct probe *p)
{
    static const char *const ways[OUTPUT_KINDS] = {
        [OUTPUT_LOKI] = "token_file, or user and password_file",
        [OUTPUT_ELASTIC] = "api_key_file, token_file, or user and password_file",
        [OUTPUT_COLLECTOR] = "token_file",
        [OUTPUT_STDOUT] = "",
    };
    return ways[p->config->kind];
}

bool probe_is_refused(struct probe *p, const struct probe_answer *a)
{
    struct str said = PROBE_QUOTE(a->body);
    if (a->status == 0)
        probe_fail(p, "%.*s", STR_ARG(a->error));
    else if (a->status == 401 && !p->has_login)
        probe_fail(p, "it wants a login (401): %s", ways_to_log_in(p));
    else if (a->status == 401)
        probe_fail(p, "the login is not right (401): %.*s", STR_ARG(said));
    else if (a->status == 403)
        probe_fail(p, "the login may not do that (403): %.*s", STR_ARG(said));
    else if (a->status >= 300 && a->status < 400)
        probe_fail(p, "answers %u to another address: is the url right?", a->status);
    else if (a->status >= 500)
        probe_fail(p, "answers %u: %.*s", a->status, STR_ARG(said));
    return p->has_failed;
}

/* Of one key, or of the two that json_next goes down at once. */
static bool step_down(struct str json, const char *outer, const char *key,
                      struct json_member *value)
{
    struct json_scan scan;
    struct json_member m;
    if (!json_open(&scan, json))
        return false;
    while (json_next(&scan, &m)) {
        bool is_outer = outer ? m.outer.ptr && str_equal(m.outer, str_from(outer)) : !m.outer.ptr;
        if (is_outer && str_equal(m.key, str_from(key))) {
            *value = m;
            return true;
        }
    }
    return false;
}

bool probe_json(struct str json, const char *const *path, struct json_member *value)
{
    struct json_member m = {.kind = JSON_OBJECT, .value = json};
    while (path[0]) {
        size_t keys = path[1] ? 2 : 1;
        if (m.kind != JSON_OBJECT ||
            !step_down(m.value, keys == 2 ? path[0] : NULL, path[keys - 1], &m))
            return false;
        path += keys;
    }
    *value = m;
    return true;
}

struct str probe_json_text(struct str json, const char *const *path)
{
    struct json_member m;
    bool is_text = probe_json(json, path, &m) && m.kind == JSON_STRING;
    return is_text ? m.value : STR("");
}

unsigned probe_version(struct str text)
{
    uint64_t major, minor = 0;
    if (!take_u64(&text, &major) || major > 999)
        return 0;
    if (take_prefix(&text, STR(".")) && (!take_u64(&text, &minor) || minor > 999))
        return 0;
    return (unsigned)(major * 1000 + minor);
}

/* --- Another collector. --- */

static bool next_of_collector(struct probe *p, struct probe_request *r)
{
    if (p->step++ > 0)
        return false;
    r->method = "POST";
    r->path = "/api/v1/hello";
    r->body = STR("{\"origin\":\"00000000000000000000000000000000\",\"sources\":[]}");
    return true;
}

/* "1" in "[1,2]". */
static bool has_number(struct str list, uint64_t wanted)
{
    uint64_t n;
    take_prefix(&list, STR("["));
    for (struct str item; take_until(&list, ',', &item);) {
        item = str_trim(item);
        if (take_u64(&item, &n) && n == wanted)
            return true;
    }
    return false;
}

static void take_of_collector(struct probe *p, const struct probe_answer *a)
{
    struct json_member versions;
    struct str version = PROBE_QUOTE(PROBE_TEXT(a->body, "version"));
    if (a->status == 403)
        probe_fail(p, "the token is not known there, or not for writing (403): make one with "
                      "`sluice token write`");
    if (p->has_failed || probe_is_refused(p, a))
        return;
    bool is_ours =
        a->status == 200 && version.len && PROBE_JSON(a->body, &versions, "block_versions");
    if (!is_ours)
        probe_fail(p, "answers %u and is no Sluice collector: is the url right?", a->status);
    else if (!has_number(versions.value, BLOCK_VERSION))
        probe_fail(p, "Sluice %.*s does not take blocks of version %d: update it", STR_ARG(version),
                   BLOCK_VERSION);
    else
        probe_say(p, "Sluice %.*s, takes blocks", STR_ARG(version));
}

static bool next_of_stdout(struct probe *p, struct probe_request *r)
{
    (void)r;
    probe_say(p, "standard output");
    return false;
}

static const struct probe_kind probe_collector = {next_of_collector, take_of_collector};
static const struct probe_kind probe_stdout = {next_of_stdout, NULL};

static const struct probe_kind *const kinds[OUTPUT_KINDS] = {
    [OUTPUT_LOKI] = &probe_loki,
    [OUTPUT_ELASTIC] = &probe_elastic,
    [OUTPUT_COLLECTOR] = &probe_collector,
    [OUTPUT_STDOUT] = &probe_stdout,
};

void probe_begin(struct probe *p, const struct config_other_output *config, bool has_login,
                 int64_t now_ns)
{
    *p = (struct probe){.config = config, .has_login = has_login, .now_ns = now_ns};
}

bool probe_next(struct probe *p, struct probe_request *request)
{
    *request = (struct probe_request){.method = "GET"};
    p->is_over = p->is_over || !kinds[p->config->kind]->next(p, request);
    return !p->is_over;
}

void probe_take(struct probe *p, const struct probe_answer *answer)
{
    kinds[p->config->kind]->take(p, answer);
}

void probe_free(struct probe *p)
{
    buf_free(&p->text);
    buf_free(&p->hints);
    buf_free(&p->path);
    buf_free(&p->body);
}
