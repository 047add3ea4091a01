#include "forward/probe_parts.h"

#include "base/mem.h"
#include "base/time.h"
#include "base/yaml.h"

enum step { STEP_PUSH, STEP_FRONT, STEP_VERSION, STEP_READY, STEP_CONFIG, STEP_END };

enum { METADATA_SINCE = 2009, METADATA_BY_DEFAULT = 3000, METADATA_SCHEMA = 13 };

/* What stands at the front of VictoriaLogs, for people. */
#define VICTORIA STR("VictoriaLogs")

static const char *const paths[] = {
    [STEP_PUSH] = "/loki/api/v1/push",
    [STEP_FRONT] = "/",
    [STEP_VERSION] = "/loki/api/v1/status/buildinfo",
    [STEP_READY] = "/loki/ready",
    [STEP_CONFIG] = "/config",
};

static bool next(struct probe *p, struct probe_request *r)
{
    if (p->step == STEP_END)
        return false;
    r->path = paths[p->step];
    if (p->step == STEP_PUSH) {
        r->method = "POST";
        r->body = STR("{\"streams\":[]}");
    }
    return true;
}

/* Loki answers 422 to a push of nothing, older ones 204; nothing is kept. */
static void take_push(struct probe *p, const struct probe_answer *a)
{
    bool is_tenant = a->status == 401 && str_find(a->body, STR("no org id")) != SIZE_MAX;
    p->step = STEP_VERSION;
    if (is_tenant)
        probe_fail(p, "it wants a tenant (401 no org id): write tenant: NAME");
    if (p->has_failed || probe_is_refused(p, a))
        return;
    if (a->status == 429)
        probe_hint(p, "it limits the rate at this moment (429)");
    else if (a->status != 200 && a->status != 204 && a->status != 422)
        p->step = STEP_FRONT;
}

static void take_front(struct probe *p, const struct probe_answer *a)
{
    if (str_find(a->body, VICTORIA) != SIZE_MAX)
        probe_fail(p, "VictoriaLogs takes pushes of Loki below /insert: write url: \"%.*s/insert\"",
                   STR_ARG(p->config->url));
    else
        probe_fail(p, "no Loki answers at %s below that url: is it right?", paths[STEP_PUSH]);
}

static void end_metadata(struct probe *p, const char *text)
{
    p->step = STEP_END;
    if (p->config->metadata != OUTPUT_METADATA_OFF)
        probe_say(p, "%s", text);
}

static void take_version(struct probe *p, const struct probe_answer *a)
{
    struct str text = PROBE_TEXT(a->body, "version");
    text = text.len ? text : PROBE_TEXT(a->body, "data", "version");
    take_prefix(&text, STR("v"));
    p->step = STEP_READY;
    if (a->status != 200 || text.len == 0)
        return;
    text = PROBE_QUOTE(text);
    p->version = probe_version(text);
    probe_say(p, "Loki %.*s", STR_ARG(text));
    p->step = STEP_CONFIG;
    if (p->version && p->version < METADATA_SINCE)
        end_metadata(p, "no structured metadata before 2.9: labels only");
}

/* Loki has no such path. */
static void take_ready(struct probe *p, const struct probe_answer *a)
{
    bool is_victoria = a->status == 200 && str_equal(str_trim(a->body), STR("ready"));
    if (is_victoria) {
        probe_say(p, "VictoriaLogs, or another that takes pushes of Loki");
        end_metadata(p, "structured metadata accepted");
    } else {
        probe_say(p, "takes pushes of Loki, version not known");
        end_metadata(p, "structured metadata tried at the first push");
    }
}

static struct str text_at(const struct yaml *map, const char *key)
{
    const struct yaml *node =
        map && map->kind == YAML_MAPPING ? yaml_get(map, str_from(key)) : NULL;
    return node && node->kind == YAML_SCALAR ? node->text : STR("");
}

/* The schema that is in force: that of the last period which has begun. */
static struct str schema_now(const struct yaml *root, int64_t now_ns)
{
    defer(buf_free) struct buf today = {0};
    const struct yaml *config = yaml_get(root, STR("schema_config"));
    const struct yaml *periods =
        config && config->kind == YAML_MAPPING ? yaml_get(config, STR("configs")) : NULL;
    struct str schema = STR(""), since = STR("");
    put_rfc3339(&today, now_ns, 0);
    if (!periods || periods->kind != YAML_SEQUENCE)
        return schema;
    yaml_each (periods, period) {
        struct str from = text_at(period, "from");
        bool has_begun = str_compare(from, str_slice(buf_str(&today), 0, 10)) <= 0;
        if (!has_begun || str_compare(from, since) < 0)
            continue;
        since = from;
        schema = text_at(period, "schema");
    }
    return schema;
}

static void judge_metadata(struct probe *p, const struct yaml *root)
{
    const struct yaml *limits = yaml_get(root, STR("limits_config"));
    struct str allowed = text_at(limits, "allow_structured_metadata");
    struct str schema = schema_now(root, p->now_ns), digits = schema;
    uint64_t number = METADATA_SCHEMA;
    if (take_prefix(&digits, STR("v")))
        take_u64(&digits, &number);
    bool is_off =
        str_equal(allowed, STR("false")) || (allowed.len == 0 && p->version < METADATA_BY_DEFAULT);
    if (is_off)
        end_metadata(p, "structured metadata is off there (limits_config."
                        "allow_structured_metadata): labels only");
    else if (number < METADATA_SCHEMA)
        end_metadata(p, "no structured metadata with its old schema (v13 is needed): labels only");
    else
        end_metadata(p, "structured metadata accepted");
    struct str oldest = PROBE_QUOTE(text_at(limits, "reject_old_samples_max_age"));
    if (str_equal(text_at(limits, "reject_old_samples"), STR("true")) && oldest.len)
        probe_say(p, "oldest entry accepted %.*s", STR_ARG(oldest));
}

/* Gateways pass it on seldom, and it may be behind a login of its own. */
static void take_config(struct probe *p, const struct probe_answer *a)
{
    defer(arena_free) struct arena arena = {0};
    struct yaml *root;
    struct err err;
    if (a->status == 200 && yaml_read(a->body, "config", &arena, &root, &err) &&
        yaml_get(root, STR("limits_config")))
        judge_metadata(p, root);
    else
        end_metadata(p, "structured metadata not known, tried at the first push");
}

static void take(struct probe *p, const struct probe_answer *a)
{
    static void (*const takers[])(struct probe *, const struct probe_answer *) = {
        [STEP_PUSH] = take_push,   [STEP_FRONT] = take_front,   [STEP_VERSION] = take_version,
        [STEP_READY] = take_ready, [STEP_CONFIG] = take_config,
    };
    takers[p->step](p, a);
}

const struct probe_kind probe_loki = {next, take};
