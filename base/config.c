#include "base/config.h"

#include "base/ascii.h"
#include "base/file.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum {
    DROP_INS_MAX = 256,
    LABELS_MAX = 32,
    LABEL_NAME_MAX = 64,
    LABEL_VALUE_MAX = 1024,
    SOCKET_PATH_MAX = 107, /* sun_path of unix(7), without the NUL */
};

/* Each file may carry its version; the first one stays. */
static bool merge_version(struct yaml *into, struct yaml *from, struct err *err)
{
    struct yaml *version = yaml_get(from, STR("version")), *first = yaml_get(into, STR("version"));
    if (!version || !first)
        return true;
    if (!str_equal(version->text, first->text))
        return place_err(version->at, err, "version: not the one of %s", first->at.file);
    yaml_remove(from, version);
    return true;
}

static bool add_file(struct config *c, struct yaml *root, const char *path, struct err *err)
{
    struct yaml *tree;
    return yaml_load(path, &c->arena, &tree, err) && merge_version(root, tree, err) &&
           yaml_merge(root, tree, err);
}

/* "conf.d" in the folder of the main file. */
static const char *drop_in_folder(struct config *c, const char *path)
{
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) + 1 : 0;
    return arena_print(&c->arena, "%.*sconf.d", len, path).ptr;
}

static bool add_drop_in(struct config *c, struct yaml *root, const char *folder, struct str name,
                        struct warnings *w, struct err *err)
{
    if (str_starts(name, STR(".")))
        return true;
    const char *path = arena_print(&c->arena, "%s/%.*s", folder, STR_ARG(name)).ptr;
    if (str_ends(name, STR(".yml")))
        return add_file(c, root, path, err);
    if (str_ends(name, STR(".yaml")))
        warn_add(w, "%s is not read: names of drop-ins end in .yml", path);
    return true;
}

static bool add_drop_ins(struct config *c, struct yaml *root, const char *folder,
                         struct warnings *w, struct err *err)
{
    struct stat st;
    struct str *names = NULL;
    size_t n = 0;
    if (!path_stat(folder, &st, err))
        return err->code == ERR_NOT_FOUND || err_wrap(err, "drop-ins");
    if (!folder_list(folder, &c->arena, &names, &n, err))
        return false;
    if (n > DROP_INS_MAX)
        return err_set(err, ERR_LIMIT, "%s holds more than %d files", folder, DROP_INS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!add_drop_in(c, root, folder, names[i], w, err))
            return false;
    }
    return true;
}

static bool is_label_name(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool letter = is_letter(c) || c == '_';
        bool other = is_digit(c) || c == '.' || c == '-';
        if (!letter && (i == 0 || !other))
            return false;
    }
    return s.len > 0 && s.len <= LABEL_NAME_MAX;
}

static bool check_labels(const struct config *c, struct err *err)
{
    if (c->labels.n > LABELS_MAX)
        return options_err(&c->options, "labels", err, "more than %d labels", LABELS_MAX);
    for (size_t i = 0; i < c->labels.n; i++) {
        struct str_pair p = c->labels.items[i];
        if (!is_label_name(p.name))
            return options_err(&c->options, "labels", err,
                               "'%.*s' is not a label's name (letters, digits, _ . - and a letter "
                               "first, at most %d)",
                               STR_ARG(p.name), LABEL_NAME_MAX);
        if (p.value.len > LABEL_VALUE_MAX)
            return options_err(&c->options, "labels", err, "the value of '%.*s' is longer than %d",
                               STR_ARG(p.name), LABEL_VALUE_MAX);
    }
    return true;
}

static bool read_file_entry(struct config *c, const struct yaml *item, struct config_file *entry,
                            struct err *err)
{
    struct options o;
    options_defaults(&o, &config_file_table, entry, &c->arena);
    if (!options_read_yaml(&o, item, err))
        return false;
    entry->given = item;
    if (entry->path.len == 0)
        return place_err(item->at, err,
                         "shipper.sources.files: an entry needs a path: {path: /var/log/x.log}");
    if (entry->path.ptr[0] != '/')
        return place_err(options_place(&o, "path"), err,
                         "shipper.sources.files: '%.*s' does not begin with /",
                         STR_ARG(entry->path));
    return true;
}

static bool read_files(struct config *c, struct err *err)
{
    struct config_shipper *s = &c->shipper;
    if (!s->files_given)
        return true;
    s->files = arena_array(&c->arena, struct config_file, s->files_given->n);
    yaml_each (s->files_given, item) {
        if (!read_file_entry(c, item, &s->files[s->files_n++], err))
            return false;
    }
    return true;
}

/* "service=worker", "service=worker, stream=stderr". */
static bool take_match(struct config *c, struct config_stream *entry, struct err *err)
{
    struct str rest = entry->match_given;
    entry->match = arena_array(&c->arena, struct str_pair, rest.len / 2 + 1);
    while (rest.len) {
        size_t n = 0;
        while (n < rest.len && rest.ptr[n] != ' ' && rest.ptr[n] != ',')
            n++;
        struct str word = str_slice(rest, 0, n), value = word, name;
        rest = str_slice(rest, n + 1, SIZE_MAX);
        if (word.len == 0)
            continue;
        take_until(&value, '=', &name);
        if (!is_label_name(name) || value.len == 0)
            return err_set(err, ERR_INPUT,
                           "'%.*s' is not name=value (a label of the streams, such as "
                           "service=worker; several with blanks between)",
                           STR_ARG(word));
        entry->match[entry->match_n++] = (struct str_pair){name, value};
    }
    return entry->match_n > 0 || err_set(err, ERR_INPUT, "names no label: service=worker");
}

static bool read_stream_entry(struct config *c, const struct yaml *item,
                              struct config_stream *entry, struct err *err)
{
    struct options o;
    struct err inner;
    options_defaults(&o, &config_stream_table, entry, &c->arena);
    if (!options_read_yaml(&o, item, err))
        return false;
    entry->given = item;
    if (!yaml_get(item, STR("match")))
        return place_err(
            item->at, err,
            "shipper.streams: an entry needs a match: {match: service=worker, multiline: java}");
    if (take_match(c, entry, &inner))
        return true;
    return place_err(options_place(&o, "match"), err, "shipper.streams: match: %s", inner.text);
}

static bool read_streams(struct config *c, struct err *err)
{
    struct config_shipper *s = &c->shipper;
    if (!s->streams_given)
        return true;
    s->streams = arena_array(&c->arena, struct config_stream, s->streams_given->n);
    yaml_each (s->streams_given, item) {
        if (!read_stream_entry(c, item, &s->streams[s->streams_n++], err))
            return false;
    }
    return true;
}

static bool read_rules(struct config *c, struct err *err)
{
    struct config_collector *o = &c->collector;
    if (!o->rules_given)
        return true;
    o->rules = arena_array(&c->arena, struct config_rule, o->rules_given->n);
    yaml_each (o->rules_given, item) {
        struct config_rule *rule = &o->rules[o->rules_n++];
        struct options given;
        options_defaults(&given, &config_rule_table, rule, &c->arena);
        if (!options_read_yaml(&given, item, err))
            return false;
        rule->given = item;
        if (!yaml_get(item, STR("match")) || !yaml_get(item, STR("keep")))
            return place_err(item->at, err,
                             "collector.retention.rules: an entry needs match and keep: {match: "
                             "level=debug, keep: 3d}");
    }
    return true;
}

static bool read_redact_patterns(struct config *c, struct err *err)
{
    struct config_redact *r = &c->shipper.redact;
    if (!r->patterns_given)
        return true;
    r->patterns = arena_array(&c->arena, struct config_redact_pattern, r->patterns_given->n);
    yaml_each (r->patterns_given, item) {
        struct config_redact_pattern *pattern = &r->patterns[r->patterns_n++];
        struct options given;
        options_defaults(&given, &config_redact_pattern_table, pattern, &c->arena);
        if (!options_read_yaml(&given, item, err))
            return false;
        pattern->given = item;
        if (!yaml_get(item, STR("name")) || !yaml_get(item, STR("match")))
            return place_err(
                item->at, err,
                "shipper.redact.patterns: an entry needs name and match: {name: order, "
                "match: 'ORD-[0-9]{8}', action: mask}");
    }
    return true;
}

static bool check_sockets(const struct config *c, struct err *err)
{
    struct str shipper = c->shipper.socket, collector = c->collector.socket;
    if (shipper.len > SOCKET_PATH_MAX)
        return options_err(&c->options, "shipper.socket", err,
                           "the path of a socket has at most %d bytes", SOCKET_PATH_MAX);
    if (collector.len > SOCKET_PATH_MAX)
        return options_err(&c->options, "collector.socket", err,
                           "the path of a socket has at most %d bytes", SOCKET_PATH_MAX);
    if (!shipper.len || !str_equal(shipper, collector))
        return true;
    if (options_place(&c->options, "shipper.socket").file)
        return options_err(&c->options, "shipper.socket", err, "is the same as collector.socket");
    return options_err(&c->options, "collector.socket", err, "is the same as shipper.socket");
}

/* "host:port", "[v6]:port". */
static bool split_listen(struct str listen, struct str *host, uint64_t *port)
{
    size_t colon = listen.len;
    while (colon > 0 && listen.ptr[colon - 1] != ':')
        colon--;
    if (colon < 2 || !str_to_u64(str_slice(listen, colon, SIZE_MAX), port) || *port > 65535)
        return false;
    *host = str_slice(listen, 0, colon - 1);
    if (take_prefix(host, STR("["))) {
        bool closed = str_ends(*host, STR("]"));
        host->len -= closed;
        return closed && host->len > 0;
    }
    return str_find_byte(*host, ':') == SIZE_MAX;
}

/* 127.0.0.0/8, ::1 or localhost; any other name may be anybody's. */
static bool is_loopback(struct str host)
{
    char text[64];
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, text, &four) == 1)
        return ntohl(four.s_addr) >> 24 == IN_LOOPBACKNET;
    if (inet_pton(AF_INET6, text, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six);
    return str_equal_nocase(host, STR("localhost"));
}

static bool check_listen(const struct config *c, struct err *err)
{
    struct str listen = c->collector.listen, host;
    uint64_t port;
    if (listen.len == 0)
        return true;
    if (!split_listen(listen, &host, &port))
        return options_err(&c->options, "collector.listen", err,
                           "'%.*s' is not address:port; write 127.0.0.1:4100 or [::1]:4100",
                           STR_ARG(listen));
    if (c->collector.tls && !is_loopback(host))
        return options_err(&c->options, "collector.listen", err,
                           "%.*s is not loopback and needs TLS, which is not built yet in this "
                           "version; write `collector: {tls: off}` to send in the clear",
                           STR_ARG(listen));
    return true;
}

static bool check_url(const struct config *c, struct err *err)
{
    if (!c->output.on || is_config_address(c->output.url))
        return true;
    return options_err(&c->options, "outputs.collector.url", err,
                       "'%.*s' is not an address; write unix:///run/sluice/sluice.sock, "
                       "http://host:4100 or https://host:4100",
                       STR_ARG(c->output.url));
}

static bool check(const struct config *c, struct err *err)
{
    return check_labels(c, err) && check_sockets(c, err) && check_listen(c, err) &&
           check_url(c, err);
}

/* The merged tree becomes the struct. */
static bool apply_tree(struct config *c, struct yaml *root, struct warnings *w, struct err *err)
{
    return config_expand(root, &c->arena, err) && config_environment(root, &c->arena, w, err) &&
           options_read_yaml(&c->options, root, err) && read_files(c, err) &&
           read_streams(c, err) && read_redact_patterns(c, err) && read_rules(c, err) &&
           config_outputs_read(&c->outputs, "outputs.*", &c->arena, err) &&
           config_outputs_read(&c->collector.outputs, "collector.outputs.*", &c->arena, err) &&
           check(c, err);
}

bool config_set(struct config *c, const char *path, struct str value, const char *from,
                struct err *err)
{
    size_t i = 0;
    if (value.len == 0)
        return true;
    struct yaml *node = yaml_new(&c->arena, YAML_SCALAR, (struct place){.file = from});
    node->plain = true;
    node->text = str_of(arena_text(&c->arena, value), value.len);
    while (i < config_table.n && strcmp(config_table.rows[i].path, path) != 0)
        i++;
    assert(i < config_table.n);
    return option_set(&c->options, &config_table.rows[i], node, err) && check(c, err);
}

static void begin(struct config *c)
{
    *c = (struct config){0};
    options_defaults(&c->options, &config_table, c, &c->arena);
}

static bool finish(struct config *c, bool done)
{
    if (!done)
        config_free(c);
    return done;
}

static bool load_tree(struct config *c, const char *path, struct yaml *root, struct warnings *w,
                      struct err *err)
{
    bool must_exist = path != NULL;
    path = arena_text(&c->arena, str_from(path ? path : CONFIG_FILE));
    if (!add_file(c, root, path, err) && (must_exist || err->code != ERR_NOT_FOUND))
        return false;
    return add_drop_ins(c, root, drop_in_folder(c, path), w, err);
}

bool config_load(struct config *c, const char *path, struct warnings *w, struct err *err)
{
    begin(c);
    struct place nowhere = {.file = CONFIG_FILE, .line = 1, .column = 1};
    struct yaml *root = yaml_new(&c->arena, YAML_MAPPING, nowhere);
    return finish(c, load_tree(c, path, root, w, err) && apply_tree(c, root, w, err));
}

bool config_read(struct config *c, struct str bytes, const char *name, struct warnings *w,
                 struct err *err)
{
    begin(c);
    struct yaml *root;
    return finish(c, yaml_read(bytes, name, &c->arena, &root, err) && apply_tree(c, root, w, err));
}

void config_free(struct config *c)
{
    arena_free(&c->arena);
    *c = (struct config){0};
}

void config_show(const struct config *c, struct buf *b)
{
    for (size_t i = 0; i < config_table.n; i++) {
        const struct option *row = &config_table.rows[i];
        if (row->type == OPTION_ENTRIES && options_entries(&c->options, i)->n)
            config_outputs_show(options_entries(&c->options, i), row->path, b);
        else
            option_show(&c->options, i, STR(""), b);
    }
}

static bool take_token(struct str text, const char *from, struct buf *token, struct err *err)
{
    if (str_ends(text, STR("\n")))
        text.len--;
    if (text.len == 0 || text.len > CONFIG_TOKEN_MAX)
        return err_set(err, ERR_INPUT, "%s holds no token", from);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
            return err_set(err, ERR_INPUT, "%s: a token is one word without spaces", from);
    }
    buf_add(token, text);
    return true;
}

static bool read_token(const char *path, struct buf *token, struct err *err)
{
    defer(buf_wipe) struct buf content = {.max = CONFIG_TOKEN_MAX + 2};
    return file_load(path, CONFIG_TOKEN_MAX + 1, &content, err) &&
           take_token(buf_str(&content), path, token, err);
}

/* Secrets of Docker and Kubernetes are 0444 in a folder that only the container sees. */
static void warn_if_open(const char *path, struct warnings *w)
{
    struct stat st;
    struct err unused;
    if (!str_starts(str_from(path), STR("/run/secrets/")) && path_stat(path, &st, &unused) &&
        (st.st_mode & 0004))
        warn_add(w, "%s is readable by others; chmod 0600 %s", path, path);
}

/* Files that are looked at without being named; a missing one is none. */
static bool read_usual(const char *path, struct buf *token, struct err *err)
{
    return read_token(path, token, err) || err->code == ERR_NOT_FOUND;
}

bool config_token(const struct config *c, struct buf *token, struct warnings *w, struct err *err)
{
    const char *given = getenv("SLUICE_TOKEN"), *folder = getenv("CREDENTIALS_DIRECTORY");
    if (given && given[0])
        return take_token(str_from(given), "SLUICE_TOKEN", token, err);
    if (c->output.token_file.len) {
        warn_if_open(c->output.token_file.ptr, w);
        return read_token(c->output.token_file.ptr, token, err) ||
               err_wrap(err, "outputs.collector.token_file");
    }
    if (folder && folder[0]) {
        defer(arena_free) struct arena arena = {0};
        if (!read_usual(arena_print(&arena, "%s/token", folder).ptr, token, err))
            return false;
    }
    return token->len > 0 || read_usual("/run/secrets/sluice_token", token, err);
}
