/*
 * The fixed list of environment variables, so that a container needs no file. Each becomes a value
 * in the tree, placed at its name, so that checks and messages are the same as for a file.
 */
#include "base/config.h"
#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

/*       variable                      key, or "" if somebody else reads it */
#define VARIABLES(X)                                                 \
    X("SLUICE_COLLECTOR", "outputs.collector.url")                   \
    X("SLUICE_TOKEN", "")                                            \
    X("SLUICE_TOKEN_FILE", "outputs.collector.token_file")           \
    X("SLUICE_LABELS", "labels")                                     \
    X("SLUICE_HOST", "labels.host")                                  \
    X("SLUICE_PROJECTS", "shipper.sources.docker.projects")          \
    X("SLUICE_RETENTION", "collector.retention.keep")                \
    X("SLUICE_MAX_SIZE", "collector.retention.max_size")             \
    X("SLUICE_LISTEN", "collector.listen")                           \
    X("SLUICE_LOKI_URL", "outputs.loki.url")                         \
    X("SLUICE_ELASTIC_URL", "outputs.elastic.url")                   \
    X("SLUICE_ELASTIC_API_KEY", "")                                  \
    X("SLUICE_ELASTIC_API_KEY_FILE", "outputs.elastic.api_key_file") \
    X("SLUICE_LOG_LEVEL", "log.level")                               \
    X("SLUICE_PAGER", "")

static const struct variable {
    const char *name, *key;
} variables[] = {
#define X(name, key) {name, key},
    VARIABLES(X)
#undef X
};

/* The value at a path, made with all the maps above it. What is in the way (`collector: off`) goes.
 */
static void set_value(struct yaml *root, struct arena *arena, struct str path, struct yaml *value)
{
    struct yaml *map = root;
    struct str name;
    while (take_until(&path, '.', &name)) {
        struct yaml *child = yaml_get(map, name);
        if (child && path.len && child->kind == YAML_MAPPING) {
            map = child;
            continue;
        }
        if (child)
            yaml_remove(map, child);
        child = path.len ? yaml_new(arena, YAML_MAPPING, value->at) : value;
        child->key = name;
        child->key_at = value->at;
        yaml_append(map, child);
        map = child;
    }
}

static struct yaml *scalar_at(struct arena *arena, const char *variable, struct str text)
{
    struct yaml *node = yaml_new(arena, YAML_SCALAR, (struct place){.file = variable});
    node->plain = true;
    node->text = str_of(arena_text(arena, text), text.len);
    return node;
}

/* "env=prod,team=a" into labels.env and labels.team. */
static bool set_labels(struct yaml *root, struct arena *arena, const char *variable,
                       struct str text, struct err *err)
{
    struct yaml *labels = yaml_get(root, STR("labels"));
    if (!labels || labels->kind != YAML_MAPPING) {
        labels = yaml_new(arena, YAML_MAPPING, (struct place){.file = variable});
        set_value(root, arena, STR("labels"), labels);
    }
    struct str pair;
    while (take_until(&text, ',', &pair)) {
        size_t equals = str_find_byte(pair, '=');
        if (equals == SIZE_MAX || equals == 0)
            return err_set(err, ERR_INPUT, "%s: '%.*s' is not name=value; write env=prod,team=a",
                           variable, STR_ARG(pair));
        struct yaml *value = scalar_at(arena, variable, str_slice(pair, equals + 1, SIZE_MAX));
        value->plain = false;
        struct str name = str_slice(pair, 0, equals);
        struct yaml *former = yaml_get(labels, name);
        if (former)
            yaml_remove(labels, former);
        value->key = name;
        value->key_at = value->at;
        yaml_append(labels, value);
    }
    return true;
}

/* SLUICE_COLLECTOR may name several, separated by spaces: commands ask all, a shipper has one. */
static struct str first_word(const char *variable, struct str text, struct warnings *w)
{
    struct str rest = str_trim(text), first = {0};
    take_until(&rest, ' ', &first);
    if (str_trim(rest).len)
        warn_add(w, "%s names several collectors; a shipper sends to the first, %.*s", variable,
                 STR_ARG(first));
    return first;
}

static bool apply(struct yaml *root, struct arena *arena, const struct variable *v, struct str text,
                  struct warnings *w, struct err *err)
{
    if (str_equal(str_from(v->key), STR("labels")))
        return set_labels(root, arena, v->name, text, err);
    if (str_equal(str_from(v->key), STR("outputs.collector.url")))
        text = first_word(v->name, text, w);
    struct yaml *value = scalar_at(arena, v->name, text);
    set_value(root, arena, str_from(v->key), value);
    return true;
}

static void check_name(struct str name, struct warnings *w)
{
    const char *names[countof(variables)];
    for (size_t i = 0; i < countof(variables); i++) {
        names[i] = variables[i].name;
        if (str_equal(name, str_from(names[i])))
            return;
    }
    const char *near = nearest_name(name, names, countof(names));
    if (near)
        warn_add(w, "the variable %.*s is not known; did you mean %s?", STR_ARG(name), near);
    else
        warn_add(w, "the variable %.*s is not known", STR_ARG(name));
}

bool config_environment(struct yaml *root, struct arena *arena, struct warnings *w, struct err *err)
{
    for (char **at = environ; at && *at; at++) {
        struct str entry = str_from(*at);
        if (str_starts(entry, STR("SLUICE_")))
            check_name(str_slice(entry, 0, str_find_byte(entry, '=')), w);
    }
    for (size_t i = 0; i < countof(variables); i++) {
        struct str text = str_from(getenv(variables[i].name));
        if (text.len && variables[i].key[0] && !apply(root, arena, &variables[i], text, w, err))
            return false;
    }
    return true;
}
