#include "shipper/container_facts.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/block/record.h"
#include "formats/line/json.h"
#include "formats/line/json_text.h"
#include "shipper/glob.h"

#include <limits.h>

/* Where facts come from: the only keys whose values are copied (invariant 1). */
struct fact_key {
    struct str outer; /* empty: at the top */
    struct str key;
    size_t field; /* offset in struct container_facts */
    bool is_path; /* only its last part is the fact */
};

#define FACT(outer, key, field)                                                        \
    {                                                                                  \
        STR_INIT(outer), STR_INIT(key), offsetof(struct container_facts, field), false \
    }
#define PATH_FACT(outer, key, field)                                                  \
    {                                                                                 \
        STR_INIT(outer), STR_INIT(key), offsetof(struct container_facts, field), true \
    }
/* clang-format off */
static const struct fact_key docker_keys[] = {
    FACT("",          "ID",      id),
    FACT("",          "Name",    name),
    FACT("Config",    "Image",   image),
    FACT("State",     "StartedAt", started),
    PATH_FACT("",     "LogPath", log_name),
};

static const struct fact_key docker_host_keys[] = {
    FACT("LogConfig", "Type",    driver),
};

static const struct fact_key podman_metadata_keys[] = {
    FACT("",          "name",       name),
    FACT("",          "image-name", image),
};

/* Labels of Docker, annotations of Podman. */
static const struct fact_key label_keys[] = {
    FACT("", "sluice.service",                     own_service),
    FACT("", "sluice.multiline",                   multiline),
    FACT("", "com.docker.compose.project",         project),
    FACT("", "com.docker.compose.service",         service),
    FACT("", "com.docker.compose.container-number", number),
    FACT("", "io.podman.compose.project",          project),
    FACT("", "io.podman.compose.service",          service),
    FACT("", "com.docker.swarm.service.name",      swarm_service),
    FACT("", "com.docker.swarm.task.name",         task),
    FACT("", "com.docker.swarm.node.id",           node),
    FACT("", "com.docker.stack.namespace",         stack),
};
/* clang-format on */

bool is_container_id(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(s.ptr[i] >= '0' && s.ptr[i] <= '9') && !(s.ptr[i] >= 'a' && s.ptr[i] <= 'f'))
            return false;
    return s.len == CONTAINER_ID_LEN;
}

/* ---- JSON ---- */

static size_t blanks_at_front(struct str s)
{
    size_t n = 0;
    while (n < s.len && memchr(" \t\r\n", s.ptr[n], 4))
        n++;
    return n;
}

static bool open_object(struct json_scan *scan, struct str json, struct err *err)
{
    return json_open(scan, json) || err_set(err, ERR_CORRUPT, "is no JSON object");
}

/* After json_next was false: whether the object is whole. Never quotes it. */
static bool check_end(const struct json_scan *scan, struct err *err)
{
    return scan->done || err_set(err, ERR_CORRUPT, "is cut, or is no JSON");
}

static bool check_nothing_behind(const struct json_scan *scan, struct err *err)
{
    struct str rest = str_of(scan->at, (size_t)(scan->end - scan->at));
    return blanks_at_front(rest) == rest.len ||
           err_set(err, ERR_CORRUPT, "goes on after the end of its JSON");
}

/* Into memory of its own, which the caller wipes and frees: text has raw.len + JSON_TEXT_SLACK bytes.
 * The closing quote stands behind raw. NULL: a bad escape. */
static char *unescaped(struct str raw, struct str *text)
{
    char *out = mem_alloc_raw(raw.len + JSON_TEXT_SLACK);
    const char *at = raw.ptr, *end = raw.ptr + raw.len;
    const char *stop = json_unescape(&at, end + 1, out);
    if (!stop || at != end) {
        mem_free(&out);
        return NULL;
    }
    *text = str_of(out, (size_t)(stop - out));
    return out;
}

static void wipe(char **out, size_t raw_len)
{
    if (*out)
        mem_wipe(*out, raw_len + JSON_TEXT_SLACK);
    mem_free(out);
}

/* What a string member says, at most max bytes of it. */
static bool take_string(const struct json_member *m, size_t max, struct arena *arena,
                        struct str *value, struct err *err)
{
    struct str text;
    char *out = unescaped(m->value, &text);
    bool good = out && is_utf8(text);
    if (good)
        *value = arena_copy(arena, str_cut_utf8(text, max));
    wipe(&out, m->value.len);
    return good || err_set(err, ERR_CORRUPT, "has a value with a bad escape, or not in UTF-8");
}

static bool is_key(const struct fact_key *k, const struct json_member *m)
{
    bool outer = k->outer.len ? str_equal(m->outer, k->outer) : !m->outer.ptr;
    return outer && str_equal(m->key, k->key);
}

/* The last part of a path if it can be the name of a file in a folder, else empty. */
static struct str file_name_of(struct str path)
{
    struct str name = path_name(path);
    bool is_name = name.len && !memchr(name.ptr, 0, name.len) && !str_equal(name, STR(".")) &&
                   !str_equal(name, STR(".."));
    return is_name ? name : (struct str){0};
}

/* Takes the member if one of n keys names it. */
static bool take_fact(struct json_member m, const struct fact_key *keys, size_t n,
                      struct arena *arena, struct container_facts *facts, struct err *err)
{
    const struct fact_key *k = keys;
    while (k < keys + n && !is_key(k, &m))
        k++;
    if (k == keys + n || m.kind != JSON_STRING)
        return true;
    if (k->is_path) /* before it is cut, and after: the last '/' may be an escape */
        m.value = path_name(m.value);
    struct str *fact = (struct str *)(void *)((char *)facts + k->field), value;
    if (m.value.len == 0)
        return true;
    if (!take_string(&m, LABEL_VALUE_MAX, arena, &value, err))
        return false;
    *fact = k->is_path ? file_name_of(value) : value;
    return true;
}

/* ---- labels ---- */

static bool is_no(struct str value)
{
    static const struct str words[] = {STR_INIT("false"), STR_INIT("no"), STR_INIT("off"),
                                       STR_INIT("0")};
    for (size_t i = 0; i < countof(words); i++)
        if (str_equal_nocase(str_trim(value), words[i]))
            return true;
    return false;
}

/* A member of the object of labels. */
static bool take_label(struct json_member m, struct arena *arena, struct container_facts *facts,
                       struct err *err)
{
    struct str value;
    m.outer = (struct str){0};
    if (m.kind != JSON_STRING || !str_equal(m.key, STR("sluice.ship")))
        return take_fact(m, label_keys, countof(label_keys), arena, facts, err);
    if (!take_string(&m, LABEL_VALUE_MAX, arena, &value, err))
        return false;
    facts->is_off = is_no(value);
    return true;
}

static bool take_labels(struct str object, struct arena *arena, struct container_facts *facts,
                        struct err *err)
{
    struct json_scan scan;
    struct json_member m;
    if (!open_object(&scan, object, err))
        return false;
    while (json_next(&scan, &m))
        if (!m.outer.ptr && !take_label(m, arena, facts, err))
            return false;
    return check_end(&scan, err);
}

/* The slot of a task "shop_web.2.<task id>"; a global service has a node id in its place. */
static struct str slot_of(const struct container_facts *facts)
{
    struct str rest = facts->task, slot;
    uint64_t number;
    if (facts->swarm_service.len && take_prefix(&rest, facts->swarm_service) &&
        take_prefix(&rest, STR(".")) && take_until(&rest, '.', &slot) && rest.len &&
        str_to_u64(slot, &number))
        return slot;
    return (struct str){0};
}

/* ---- Docker ---- */

static bool is_member(const struct json_member *m, struct str outer, struct str key)
{
    return str_equal(m->outer, outer) && str_equal(m->key, key);
}

bool docker_config_parse(struct str json, struct arena *arena, struct container_facts *facts,
                         struct err *err)
{
    struct container_facts f = *facts;
    struct json_scan scan;
    struct json_member m;
    if (!open_object(&scan, json, err))
        return false;
    f.id = (struct str){0};
    while (json_next(&scan, &m)) {
        bool is_labels = m.kind == JSON_OBJECT && is_member(&m, STR("Config"), STR("Labels"));
        if (!(is_labels ? take_labels(m.value, arena, &f, err)
                        : take_fact(m, docker_keys, countof(docker_keys), arena, &f, err)))
            return false;
    }
    if (!check_end(&scan, err) || !check_nothing_behind(&scan, err))
        return false;
    if (!is_container_id(f.id))
        return err_set(err, ERR_CORRUPT, "has no container id in \"ID\"");
    take_prefix(&f.name, STR("/"));
    f.slot = slot_of(&f);
    *facts = f;
    return true;
}

/* A file or text whose facts are strings of one table. */
static bool take_table(struct str json, const struct fact_key *keys, size_t n, struct arena *arena,
                       struct container_facts *facts, struct err *err)
{
    struct container_facts f = *facts;
    struct json_scan scan;
    struct json_member m;
    if (!open_object(&scan, json, err))
        return false;
    while (json_next(&scan, &m))
        if (!take_fact(m, keys, n, arena, &f, err))
            return false;
    if (!check_end(&scan, err) || !check_nothing_behind(&scan, err))
        return false;
    *facts = f;
    return true;
}

bool docker_host_config_parse(struct str json, struct arena *arena, struct container_facts *facts,
                              struct err *err)
{
    return take_table(json, docker_host_keys, countof(docker_host_keys), arena, facts, err);
}

bool docker_daemon_parse(struct str json, struct arena *arena, struct str *root, struct err *err)
{
    struct json_scan scan;
    struct json_member m;
    struct str path = {0}, old = {0};
    if (blanks_at_front(json) == json.len) { /* as dockerd reads it: nothing is set */
        *root = path;
        return true;
    }
    if (!open_object(&scan, json, err))
        return false;
    while (json_next(&scan, &m)) {
        bool is_new = !m.outer.ptr && str_equal(m.key, STR("data-root"));
        bool is_old = !m.outer.ptr && str_equal(m.key, STR("graph"));
        if ((is_new || is_old) && m.kind == JSON_STRING &&
            !take_string(&m, PATH_MAX, arena, is_new ? &path : &old, err))
            return false;
    }
    if (!check_end(&scan, err) || !check_nothing_behind(&scan, err))
        return false;
    if (!path.len)
        path = old;
    if (path.len && (path.ptr[0] != '/' || path.len == PATH_MAX || memchr(path.ptr, 0, path.len)))
        return err_set(err, ERR_INPUT, "\"data-root\" is no absolute path");
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    *root = path;
    return true;
}

/* ---- Podman ---- */

/* One container of containers.json, raw. */
struct listed {
    struct str id, names, metadata;
};

static bool take_listed(struct json_scan *scan, struct listed *c, struct err *err)
{
    struct json_member m;
    *c = (struct listed){0};
    while (json_next(scan, &m)) {
        if (m.outer.ptr)
            continue;
        if (m.kind == JSON_STRING && str_equal(m.key, STR("id")))
            c->id = m.value;
        else if (m.kind == JSON_STRING && str_equal(m.key, STR("metadata")))
            c->metadata = m.value;
        else if (m.kind == JSON_ARRAY && str_equal(m.key, STR("names")))
            c->names = m.value;
    }
    return check_end(scan, err);
}

/* The first string of an array, as a member to be taken; false if there is none. */
static bool first_string(struct str array, struct json_member *m)
{
    struct str rest = str_slice(array, 1, array.len);
    rest = str_slice(rest, blanks_at_front(rest), rest.len);
    if (!rest.len || rest.ptr[0] != '"')
        return false;
    const char *end = json_string_end(rest.ptr + 1, rest.ptr + rest.len);
    if (end == rest.ptr + rest.len)
        return false;
    *m = (struct json_member){.value = str_of(rest.ptr + 1, (size_t)(end - rest.ptr - 1)),
                              .kind = JSON_STRING};
    return m->value.len > 0;
}

/* The metadata is JSON in a string. It is opened in memory of its own that is wiped. */
static bool take_metadata(struct str raw, struct arena *arena, struct container_facts *facts,
                          struct err *err)
{
    struct str text;
    if (!raw.len)
        return true;
    char *out = unescaped(raw, &text);
    bool ok = out ? take_table(text, podman_metadata_keys, countof(podman_metadata_keys), arena,
                               facts, err)
                  : err_set(err, ERR_CORRUPT, "has a bad escape");
    wipe(&out, raw.len);
    return ok || err_wrap(err, "\"metadata\"");
}

static bool take_listed_facts(const struct listed *c, struct arena *arena,
                              struct container_facts *facts, struct err *err)
{
    struct container_facts f = *facts;
    struct json_member name;
    f.name = (struct str){0};
    if (!take_metadata(c->metadata, arena, &f, err))
        return false;
    if (!f.name.len && first_string(c->names, &name) &&
        !take_string(&name, LABEL_VALUE_MAX, arena, &f.name, err))
        return false;
    f.id = arena_copy(arena, c->id);
    *facts = f;
    return true;
}

bool podman_containers_parse(struct str json, struct str id, struct arena *arena,
                             struct container_facts *facts, struct err *err)
{
    struct json_scan scan;
    struct listed c;
    struct str rest = str_trim(json);
    if (!is_container_id(id))
        return err_set(err, ERR_NOT_FOUND, "no container id");
    if (rest.len < 2 || rest.ptr[0] != '[' || rest.ptr[rest.len - 1] != ']')
        return err_set(err, ERR_CORRUPT, "is cut, or is no JSON array");
    rest = str_slice(rest, 1, rest.len - 2);
    while (json_open(&scan, rest)) {
        if (!take_listed(&scan, &c, err))
            return false;
        if (str_equal(c.id, id))
            return take_listed_facts(&c, arena, facts, err);
        rest = str_of(scan.at, (size_t)(scan.end - scan.at));
        rest = str_slice(rest, blanks_at_front(rest), rest.len);
        if (!take_prefix(&rest, STR(",")))
            break;
    }
    if (blanks_at_front(rest) != rest.len)
        return err_set(err, ERR_CORRUPT, "is no JSON array of objects");
    return err_set(err, ERR_NOT_FOUND, "does not list the container");
}

bool podman_spec_parse(struct str json, struct arena *arena, struct container_facts *facts,
                       struct err *err)
{
    struct container_facts f = *facts;
    struct json_scan scan;
    struct json_member m;
    if (!open_object(&scan, json, err))
        return false;
    while (json_next(&scan, &m))
        if (str_equal(m.outer, STR("annotations")) && !take_label(m, arena, &f, err))
            return false;
    if (!check_end(&scan, err) || !check_nothing_behind(&scan, err))
        return false;
    *facts = f;
    return true;
}

/* ---- the service ---- */

struct str container_service(const struct container_facts *facts)
{
    const struct str ranked[] = {facts->own_service, facts->service, facts->swarm_service,
                                 facts->name, str_slice(facts->id, 0, CONTAINER_ID_SHORT)};
    for (size_t i = 0; i < countof(ranked); i++)
        if (ranked[i].len)
            return ranked[i];
    return (struct str){0};
}
