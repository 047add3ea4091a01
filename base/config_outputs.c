/*
 * Entries of `outputs` and `collector.outputs`, from the map as written to structs that are checked. One table
 * (config_output_table) has the keys of all kinds; keys_of_kinds says whose they are.
 */
#include "base/ascii.h"
#include "base/config.h"
#include "base/mem.h"

#include <stdlib.h>

const char *const output_kind_names[] = {"loki", "elastic", "collector", "stdout", NULL};

#define LOKI      (1u << OUTPUT_LOKI)
#define ELASTIC   (1u << OUTPUT_ELASTIC)
#define COLLECTOR (1u << OUTPUT_COLLECTOR)
#define STDOUT    (1u << OUTPUT_STDOUT)
#define REMOTE    (LOKI | ELASTIC | COLLECTOR)

/* Keys that are not here are of all kinds. */
static const struct {
    const char *key;
    unsigned kinds;
} keys_of_kinds[] = {
    {"url", REMOTE},
    {"tenant", LOKI},
    {"labels", LOKI},
    {"metadata", LOKI},
    {"encoding", LOKI},
    {"data_stream", ELASTIC},
    {"fields", ELASTIC},
    {"format", STDOUT},
    {"token_file", REMOTE},
    {"user", LOKI | ELASTIC},
    {"password_file", LOKI | ELASTIC},
    {"api_key_file", ELASTIC},
    {"ca_file", REMOTE},
    {"cert_file", REMOTE},
    {"key_file", REMOTE},
    {"on_reject", REMOTE},
};

/* What a URL is like: the usual port, and the path that is added to it, which people copy with it. */
static const struct {
    const char *port;
    struct str path;
} urls[OUTPUT_KINDS] = {
    [OUTPUT_LOKI] = {"3100", STR_INIT("/loki/api/v1/push")},
    [OUTPUT_ELASTIC] = {"9200", STR_INIT("/_bulk")},
    [OUTPUT_COLLECTOR] = {"4100", STR_INIT("/api/v1/blocks")},
};

#define API_KEY_VARIABLE "SLUICE_ELASTIC_API_KEY"

/* An entry that is read. */
struct entry {
    const char *path; /* "outputs.loki", for messages */
    const struct yaml *node;
    struct options options;
    struct config_other_output *output;
};

static unsigned kinds_of(const char *key)
{
    for (size_t i = 0; i < countof(keys_of_kinds); i++) {
        if (strcmp(keys_of_kinds[i].key, key) == 0)
            return keys_of_kinds[i].kinds;
    }
    return REMOTE | STDOUT;
}

static bool is_off(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && node->plain && str_equal(node->text, STR("off"));
}

static bool check_name(const struct entry *e, struct err *err)
{
    struct str name = e->node->key;
    bool good = name.len > 0 && name.len <= OUTPUT_NAME_MAX;
    for (size_t i = 0; good && i < name.len; i++) {
        char c = name.ptr[i];
        bool other = is_digit(c) || c == '-' || c == '_';
        good = is_lower(c) || (other && i > 0);
    }
    return good ||
           place_err(e->node->key_at, err,
                     "%s: an output's name has lower case letters, digits, - and _, a letter "
                     "first, and at most %d of them",
                     e->path, OUTPUT_NAME_MAX);
}

/* What the name says, where no kind is written. -1: nothing. */
static int kind_of_name(struct str name)
{
    int i = 0;
    while (i < OUTPUT_KINDS && !str_equal(name, str_from(output_kind_names[i])))
        i++;
    return i < OUTPUT_KINDS ? i : -1;
}

static bool unknown_kind(const struct entry *e, struct err *err)
{
    const char *near = nearest_name(e->node->key, output_kind_names, OUTPUT_KINDS);
    if (near)
        return place_err(e->node->key_at, err,
                         "%s: has no kind; did you mean '%s'? Or write kind: loki, elastic, "
                         "collector or stdout",
                         e->path, near);
    return place_err(
        e->node->key_at, err,
        "%s: has no kind; write it: {kind: loki, ...}, or elastic, collector or stdout", e->path);
}

static void put_kinds(struct buf *b, unsigned kinds)
{
    size_t start = b->len;
    for (int i = 0; i < OUTPUT_KINDS; i++) {
        if (kinds & (1u << i))
            buf_print(b, "%s%s", b->len > start ? ", " : "", output_kind_names[i]);
    }
}

static bool check_keys(const struct entry *e, struct err *err)
{
    yaml_each (e->node, child) {
        defer(arena_free) struct arena arena = {0};
        defer(buf_free) struct buf whose = {0};
        unsigned kinds = kinds_of(arena_text(&arena, child->key));
        if (kinds & (1u << e->output->kind))
            continue;
        put_kinds(&whose, kinds);
        return place_err(child->key_at, err, "%s: '%.*s' is a key of %s; this is one of kind %s",
                         e->path, STR_ARG(child->key), buf_text(&whose),
                         output_kind_names[e->output->kind]);
    }
    return true;
}

/* Words of which the struct has only whether they are said. */
static bool says(const struct entry *e, const char *key, const char *word)
{
    const struct yaml *node = yaml_get(e->node, str_from(key));
    return node && str_equal(node->text, str_from(word));
}

static bool has_key_in_environment(const char *path)
{
    const char *value = getenv(API_KEY_VARIABLE);
    return strcmp(path, "outputs.elastic") == 0 && value && value[0];
}

static bool read_keys(struct entry *e, struct arena *arena, struct err *err)
{
    struct config_other_output *o = e->output;
    bool says_kind = yaml_get(e->node, STR("kind"));
    int kind = kind_of_name(e->node->key);
    if (!says_kind && kind < 0)
        return unknown_kind(e, err);
    options_defaults(&e->options, &config_output_table, o, arena);
    if (!options_read_yaml(&e->options, e->node, err))
        return false;
    o->kind = says_kind ? o->kind : kind;
    o->name = e->node->key;
    o->keeps_rejects = says(e, "on_reject", "keep");
    o->skips = says(e, "when_full", "skip");
    o->given = e->node;
    if (o->kind == OUTPUT_ELASTIC && has_key_in_environment(e->path)) {
        o->api_key_variable = API_KEY_VARIABLE;
        o->api_key_file = STR("");
    }
    defer(buf_free) struct buf text = {0};
    yaml_print(&text, e->node);
    o->text = arena_copy(arena, buf_str(&text));
    return check_keys(e, err);
}

bool is_config_address(struct str url)
{
    return (take_prefix(&url, STR("unix:///")) || take_prefix(&url, STR("http://")) ||
            take_prefix(&url, STR("https://"))) &&
           url.len > 0;
}

/* What stands between the scheme and the path. */
static struct str host_of(struct str url)
{
    struct str host = str_slice(url, str_find(url, STR("://")) + 3, SIZE_MAX);
    return str_slice(host, 0, str_find_byte(host, '/'));
}

static bool has_byte(struct str s, char c)
{
    return str_find_byte(s, c) != SIZE_MAX;
}

static bool check_url(const struct entry *e, struct err *err)
{
    int kind = e->output->kind;
    struct str url = e->output->url;
    struct place at = options_place(&e->options, "url");
    if (kind == OUTPUT_STDOUT)
        return true;
    if (url.len == 0)
        return place_err(at.file ? at : e->node->at, err,
                         "%s: needs a url: {url: \"http://host:%s\"}", e->path, urls[kind].port);
    defer(buf_free) struct buf shown = {0}; /* not what came from a file */
    yaml_print(&shown, yaml_get(e->node, STR("url")));
    if (!is_config_address(url))
        return place_err(at, err,
                         "%s: url: %s is not an address; write http://host:%s, "
                         "https://host or unix:///path",
                         e->path, buf_text(&shown), urls[kind].port);
    if (!str_starts(url, STR("unix:")) && has_byte(host_of(url), '@'))
        return place_err(at, err,
                         "%s: url: a password in it would be shown; write user and password_file",
                         e->path);
    if (has_byte(url, '?') || has_byte(url, '#') || has_byte(url, ' '))
        return place_err(at, err, "%s: url: %s holds ?, # or a blank; a path is added to it",
                         e->path, buf_text(&shown));
    if (str_ends(url, urls[kind].path))
        return place_err(at, err, "%s: url: write it without %.*s, which is added", e->path,
                         STR_ARG(urls[kind].path));
    return true;
}

/* Of two keys, one alone. */
static bool check_pair(const struct entry *e, const char *a, struct str a_value, const char *b,
                       struct str b_value, struct err *err)
{
    if ((a_value.len > 0) == (b_value.len > 0))
        return true;
    const char *has = a_value.len ? a : b, *lacks = a_value.len ? b : a;
    return place_err(options_place(&e->options, has), err, "%s: %s needs %s beside it", e->path,
                     has, lacks);
}

static bool check_login(const struct entry *e, struct err *err)
{
    const struct config_other_output *o = e->output;
    const struct {
        bool is_used;
        const char *name;
    } ways[] = {
        {o->token_file.len > 0, "token_file"},
        {o->user.len > 0, "user"},
        {o->api_key_file.len > 0, "api_key_file"},
        {o->api_key_variable != NULL, API_KEY_VARIABLE},
    };
    const char *first = NULL;
    for (size_t i = 0; i < countof(ways); i++) {
        if (ways[i].is_used && first)
            return place_err(e->node->at, err, "%s: both %s and %s; there is one way to log in",
                             e->path, first, ways[i].name);
        first = ways[i].is_used ? ways[i].name : first;
    }
    if (has_byte(o->user, ':'))
        return place_err(options_place(&e->options, "user"), err, "%s: user: holds a colon",
                         e->path);
    return check_pair(e, "user", o->user, "password_file", o->password_file, err) &&
           check_pair(e, "cert_file", o->cert_file, "key_file", o->key_file, err);
}

static bool read_entry(struct entry *e, struct arena *arena, struct err *err)
{
    if (!check_name(e, err))
        return false;
    if (e->node->kind != YAML_MAPPING)
        return place_err(e->node->at, err,
                         "%s: expected a map such as {url: \"http://loki:3100\"}, or off", e->path);
    return read_keys(e, arena, err) && check_url(e, err) && check_login(e, err);
}

static int by_name(const void *a, const void *b)
{
    const struct config_other_output *x = a, *y = b;
    return str_compare(x->name, y->name);
}

static bool check_stdout(const struct config_outputs *outputs, const struct entry *e,
                         struct err *err)
{
    for (size_t i = 0; e->output->kind == OUTPUT_STDOUT && i < outputs->n; i++) {
        if (outputs->items[i].kind == OUTPUT_STDOUT)
            return place_err(e->node->key_at, err, "%s: standard output is taken by '%.*s'",
                             e->path, STR_ARG(outputs->items[i].name));
    }
    return true;
}

/* "outputs.loki" for "outputs.*". */
static const char *path_of(const char *row, const struct yaml *node, struct arena *arena)
{
    return arena_print(arena, "%.*s%.*s", (int)strlen(row) - 1, row, STR_ARG(node->key)).ptr;
}

bool config_outputs_read(struct config_outputs *outputs, const char *path, struct arena *arena,
                         struct err *err)
{
    outputs->n = 0;
    outputs->items = arena_array(arena, struct config_other_output, OUTPUTS_MAX);
    yaml_each (outputs->given, node) {
        if (is_off(node))
            continue;
        if (outputs->n == OUTPUTS_MAX)
            return place_err(node->key_at, err, "%s: more than %d outputs", path, OUTPUTS_MAX);
        struct entry e = {path_of(path, node, arena), node, .output = &outputs->items[outputs->n]};
        if (!read_entry(&e, arena, err) || !check_stdout(outputs, &e, err))
            return false;
        outputs->n++;
    }
    if (outputs->n)
        qsort(outputs->items, outputs->n, sizeof *outputs->items, by_name);
    return true;
}

/* An entry as config_outputs_read took it: it is right. */
static void show_entry(struct entry *e, struct arena *arena, struct buf *b)
{
    struct err err;
    bool is_right = read_keys(e, arena, &err);
    assert(is_right);
    struct str prefix = arena_print(arena, "%s.", e->path);
    for (size_t i = 0; i < config_output_table.n; i++) {
        const char *key = config_output_table.rows[i].path;
        bool is_default_kind = strcmp(key, "kind") == 0 && !yaml_get(e->node, STR("kind"));
        if (!is_default_kind && (kinds_of(key) & (1u << e->output->kind)))
            option_show(&e->options, i, prefix, b);
    }
    if (e->output->api_key_variable)
        option_show_value(arena_print(arena, "%s.api_key", e->path), STR("***"),
                          (struct place){.file = API_KEY_VARIABLE}, b);
}

void config_outputs_show(const struct yaml *given, const char *path, struct buf *b)
{
    defer(arena_free) struct arena arena = {0};
    yaml_each (given, node) {
        struct config_other_output output = {0};
        struct entry e = {path_of(path, node, &arena), node, .output = &output};
        if (is_off(node))
            option_show_value(str_from(e.path), node->text, node->at, b);
        else
            show_entry(&e, &arena, b);
    }
}
