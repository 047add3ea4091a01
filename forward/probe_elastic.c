#include "forward/probe_parts.h"

#include "base/mem.h"
#include "base/text.h"

enum step {
    STEP_VERSION,
    STEP_BULK,
    STEP_PRIVILEGES,
    STEP_STREAM,
    STEP_MAPPING,
    STEP_TEMPLATES,
    STEP_SIMULATE,
    STEP_END
};

enum { DATA_STREAMS_SINCE = 7009, PRODUCT_HEADER_SINCE = 7014 };

/* Names, patterns and whether a data stream is made: not all that templates hold. */
#define TEMPLATES                                                                             \
    "/_index_template?filter_path=index_templates.name,index_templates.index_template.index_" \
    "patterns,index_templates.index_template.priority,index_templates.index_template.data_stream"

static void set_path(struct probe *p, struct probe_request *r, const char *front,
                     const char *behind)
{
    buf_reset(&p->path);
    buf_print(&p->path, "%s%.*s%s", front, STR_ARG(p->config->data_stream), behind);
    r->path = buf_text(&p->path);
}

static void ask_privileges(struct probe *p, struct probe_request *r)
{
    buf_reset(&p->body);
    buf_add(&p->body, STR("{\"index\":[{\"names\":["));
    put_json(&p->body, p->config->data_stream);
    buf_add(&p->body, STR("],\"privileges\":[\"create_doc\",\"auto_configure\"]}]}"));
    r->method = "POST";
    r->path = "/_security/user/_has_privileges";
    r->body = buf_str(&p->body);
}

static bool next(struct probe *p, struct probe_request *r)
{
    switch ((enum step)p->step) {
    case STEP_VERSION:
        r->path = "/";
        return true;
    case STEP_BULK:
        r->path = "/_bulk";
        r->method = "POST";
        return true;
    case STEP_PRIVILEGES:
        ask_privileges(p, r);
        return true;
    case STEP_STREAM:
        set_path(p, r, "/_data_stream/", "");
        return true;
    case STEP_MAPPING:
        set_path(p, r, "/", "/_mapping");
        return true;
    case STEP_TEMPLATES:
        r->path = TEMPLATES;
        return true;
    case STEP_SIMULATE:
        set_path(p, r, "/_index_template/_simulate_index/", "");
        r->method = "POST";
        return true;
    case STEP_END:
        break;
    }
    return false;
}

static enum elastic_product product_of(const struct probe_answer *a, unsigned version)
{
    bool has_header = str_equal_nocase(a->product, STR("Elasticsearch"));
    bool is_itself = PROBE_TEXT(a->body, "tagline").len > 0 || a->status == 403;
    if (str_equal(PROBE_TEXT(a->body, "version", "distribution"), STR("opensearch")))
        return PRODUCT_OPENSEARCH;
    if (is_itself && (has_header || (version && version < PRODUCT_HEADER_SINCE)))
        return PRODUCT_ELASTICSEARCH;
    return PRODUCT_LIKE_IT;
}

static void say_product(struct probe *p, struct str version)
{
    static const char *const names[] = {"something like Elasticsearch", "Elasticsearch",
                                        "OpenSearch"};
    if (version.len)
        probe_say(p, "%s %.*s", names[p->product], STR_ARG(version));
    else
        probe_say(p, "%s, version not told to this login", names[p->product]);
    probe_say(p, "data stream %.*s", STR_ARG(p->config->data_stream));
}

/* A login that may only write is not told the version (403). */
static void take_version(struct probe *p, const struct probe_answer *a)
{
    bool is_forbidden = a->status == 403 && p->has_login;
    struct str text = PROBE_QUOTE(PROBE_TEXT(a->body, "version", "number"));
    unsigned version = probe_version(text);
    if (!is_forbidden && probe_is_refused(p, a))
        return;
    p->product = product_of(a, version);
    bool is_old = p->product == PRODUCT_ELASTICSEARCH && version < DATA_STREAMS_SINCE;
    if (!is_forbidden && (a->status != 200 || version == 0)) {
        probe_fail(p, "answers %u and is no Elasticsearch or OpenSearch: is the url right?",
                   a->status);
    } else if (!is_forbidden && is_old) {
        probe_fail(p, "Elasticsearch %.*s has no data streams: 7.9 is the first", STR_ARG(text));
    } else {
        static const enum step then[] = {STEP_BULK, STEP_PRIVILEGES, STEP_STREAM};
        say_product(p, is_forbidden ? STR("") : text);
        p->step = then[p->product]; /* OpenSearch has no question for privileges */
    }
}

/* Of a product that is not known: whether there is a _bulk. A body of nothing is refused. */
static void take_bulk(struct probe *p, const struct probe_answer *a)
{
    bool is_nowhere = a->status == 404 || a->status == 405 ||
                      str_find(a->body, STR("unsupported path")) != SIZE_MAX;
    p->step = STEP_PRIVILEGES;
    if (is_nowhere)
        probe_fail(p, "it does not take POST /_bulk");
    else if (!probe_is_refused(p, a))
        probe_hint(p, "it is neither Elasticsearch nor OpenSearch; its _bulk "
                      "is used as if it were");
}

static bool is_granted(const struct probe_answer *a, const char *stream, const char *privilege)
{
    struct json_member m;
    return PROBE_JSON(a->body, &m, "index", stream, privilege) && str_equal(m.value, STR("true"));
}

static void take_privileges(struct probe *p, const struct probe_answer *a)
{
    struct json_member all;
    p->step = STEP_STREAM;
    if (a->status != 200 || !PROBE_JSON(a->body, &all, "has_all_requested"))
        return; /* without security nobody needs any */
    p->knows_privileges = true;
    p->may_create = is_granted(a, p->config->data_stream.ptr, "create_doc");
    p->may_make = is_granted(a, p->config->data_stream.ptr, "auto_configure");
    if (!p->may_create)
        probe_fail(p, "the login may not write to %.*s: it needs the privilege create_doc there",
                   STR_ARG(p->config->data_stream));
    else
        probe_say(p, "privileges: create_doc%s", p->may_make ? " and auto_configure" : "");
}

static void take_stream(struct probe *p, const struct probe_answer *a)
{
    struct str name = p->config->data_stream;
    p->step = a->status == 200 ? STEP_MAPPING : STEP_TEMPLATES;
    p->has_stream = a->status == 200;
    if (p->has_stream || !p->knows_privileges || p->may_make)
        return;
    if (a->status == 404)
        probe_fail(
            p,
            "%.*s does not exist, and the login may not make it: it needs auto_configure there too",
            STR_ARG(name));
    else
        probe_hint(p, "if %.*s does not exist yet, the login needs auto_configure to make it",
                   STR_ARG(name));
}

/* What says how `fields` is mapped, of the mapping of an index. */
static void judge_type(struct probe *p, struct str type)
{
    bool is_open = p->product == PRODUCT_OPENSEARCH;
    p->step = STEP_END;
    if (p->config->fields != OUTPUT_FIELDS_FLATTENED)
        return;
    if (str_equal(type, STR("flattened")) || str_equal(type, STR("flat_object"))) {
        probe_say(p, "fields is %.*s", STR_ARG(type));
        return;
    }
    probe_hint(p, "`fields` is not mapped as %s: each name in it becomes a field of its own; %s:",
               is_open ? "flat_object" : "flattened",
               is_open ? "its index template should say" : "for a new data stream, make");
    if (is_open)
        probe_hint(p, "  {\"mappings\":{\"properties\":{\"fields\":{\"type\":\"flat_object\"}}}}");
    else
        probe_hint(
            p, "  PUT /_component_template/logs@custom {\"template\":{\"mappings\":{\"properties\":"
               "{\"fields\":{\"type\":\"flattened\",\"ignore_above\":8191}}}}}");
}

/* {".ds-NAME-000001":{"mappings":{...}},...}: the last is written to. */
static void take_mapping(struct probe *p, const struct probe_answer *a)
{
    struct json_scan scan;
    struct json_member m, mappings = {0};
    p->step = STEP_END;
    if (a->status != 200 || !json_open(&scan, a->body))
        return;
    while (json_next(&scan, &m)) {
        if (str_equal(m.key, STR("mappings")))
            mappings = m;
    }
    if (mappings.value.ptr)
        judge_type(p, PROBE_TEXT(mappings.value, "properties", "fields", "type"));
}

/* '*' stands for anything. */
static bool is_like(struct str pattern, struct str name)
{
    size_t at = 0, to = 0, star = SIZE_MAX, mark = 0;
    while (to < name.len) {
        if (at < pattern.len && pattern.ptr[at] == '*') {
            star = at++;
            mark = to;
        } else if (at < pattern.len && pattern.ptr[at] == name.ptr[to]) {
            at++;
            to++;
        } else if (star != SIZE_MAX) {
            at = star + 1;
            to = ++mark;
        } else {
            return false;
        }
    }
    while (at < pattern.len && pattern.ptr[at] == '*')
        at++;
    return at == pattern.len;
}

/* "logs-x" in ["logs-*","metrics-*"]. */
static bool is_named(struct str patterns, struct str name)
{
    const char *end = patterns.ptr + patterns.len;
    for (const char *at = patterns.ptr; at < end;) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        if (!quote)
            return false;
        const char *close = json_string_end(quote + 1, end);
        if (is_like(str_of(quote + 1, (size_t)(close - quote - 1)), name))
            return true;
        at = close < end ? close + 1 : end;
    }
    return false;
}

/* The template with the highest priority of those whose patterns have the name. */
static bool find_template(struct str list, struct str name, bool *makes_stream)
{
    uint64_t best = 0, priority;
    bool found = false;
    const char *end = list.ptr + list.len;
    for (const char *at = list.ptr; at < end;) {
        const char *open = memchr(at, '{', (size_t)(end - at));
        const char *close = open ? json_container_end(open, end) : NULL;
        if (!close)
            break;
        struct str item = str_of(open, (size_t)(close - open));
        struct json_member patterns, m;
        at = close;
        if (!PROBE_JSON(item, &patterns, "index_template", "index_patterns") ||
            !is_named(patterns.value, name))
            continue;
        priority = 0;
        if (PROBE_JSON(item, &m, "index_template", "priority"))
            str_to_u64(m.value, &priority);
        if (found && priority < best)
            continue;
        found = true;
        best = priority;
        *makes_stream = PROBE_JSON(item, &m, "index_template", "data_stream");
    }
    return found;
}

static void take_templates(struct probe *p, const struct probe_answer *a)
{
    struct json_member list;
    bool makes_stream = false;
    struct str name = p->config->data_stream;
    p->step = STEP_SIMULATE;
    if (a->status != 200 || !PROBE_JSON(a->body, &list, "index_templates"))
        return;
    bool is_found = find_template(list.value, name, &makes_stream);
    if (!is_found || !makes_stream)
        probe_hint(
            p,
            "no index template makes a data stream of %.*s, so it would become a plain index: "
            "PUT /_index_template/sluice "
            "{\"index_patterns\":[\"%.*s\"],\"data_stream\":{},\"priority\":200}",
            STR_ARG(name), STR_ARG(name));
}

static void take_simulation(struct probe *p, const struct probe_answer *a)
{
    struct json_member m;
    p->step = STEP_END;
    if (a->status == 200 && PROBE_JSON(a->body, &m, "template", "mappings"))
        judge_type(p, PROBE_TEXT(m.value, "properties", "fields", "type"));
}

static void take(struct probe *p, const struct probe_answer *a)
{
    static void (*const takers[])(struct probe *, const struct probe_answer *) = {
        [STEP_VERSION] = take_version,       [STEP_BULK] = take_bulk,
        [STEP_PRIVILEGES] = take_privileges, [STEP_STREAM] = take_stream,
        [STEP_MAPPING] = take_mapping,       [STEP_TEMPLATES] = take_templates,
        [STEP_SIMULATE] = take_simulation,
    };
    takers[p->step](p, a);
}

const struct probe_kind probe_elastic = {next, take};
