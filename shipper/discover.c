#include "shipper/discover.h"

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"
#include "shipper/container_facts.h"
#include "shipper/glob.h"
#include "shipper/own_container.h"
#include "shipper/pod_facts.h"

#include <stdio.h>
#include <stdlib.h>

#define UNKNOWN_WAIT_NS (10 * NS_PER_S)
#define AGAIN_NS        (60 * NS_PER_S)
#define FORGET_NS       (3600 * NS_PER_S)

enum {
    FACTS_MAX = 4 << 20,   /* bytes of a file about containers */
    LOOK_BYTES = 64 << 20, /* of all of them in one look */
    GONE_MAX = 2000,       /* removed containers that are remembered */
};

static const char not_known[] = "what container it is cannot be read";

struct container {
    struct arena arena; /* of facts and reason; emptied before they are read again */
    char *folder;       /* owned; the key in .containers */
    struct container_facts facts;
    enum place_kind place;
    int64_t found_ns, gone_ns; /* gone: 0 while its folder is there */
    int64_t again_ns;          /* not read again before, if it is not known */
    struct timespec told;      /* when what was read of Docker's file was written */
    char started[48];          /* as Docker says it; its other facts stay the same */
    bool is_known;             /* facts were read */
    bool was_tried;
    bool has_file;      /* a log that can be read was seen */
    const char *reason; /* why it is not read; NULL = it is */
};

struct discover {
    struct arena arena;
    struct str_list projects; /* as configured */
    struct tail_glob globs[DISCOVER_GLOBS_MAX];
    size_t n_globs;
    struct map containers; /* by folder */
    struct str own_id;     /* of the container this runs in; empty: none */
    struct str own_project;
    struct str own_pod_uid;
    struct str node; /* of Kubernetes; empty: not known */
    int64_t now_ns;
    size_t bytes_left; /* that may be read about containers before the next look */
    bool takes_all;    /* projects */
};

/* ---- places ---- */

static void add_glob(struct discover *d, enum place_kind place, enum envelope_kind envelope,
                     struct str folder, const char *below)
{
    struct err ignored;
    struct str pattern = arena_print(&d->arena, "%.*s/%s", STR_ARG(folder), below);
    for (size_t i = 0; i < d->n_globs; i++)
        if (str_equal(d->globs[i].pattern, pattern))
            return;
    if (d->n_globs == DISCOVER_GLOBS_MAX || !glob_check(pattern, &ignored))
        return;
    d->globs[d->n_globs++] = (struct tail_glob){.pattern = pattern,
                                                .place = place,
                                                .envelope = envelope,
                                                .refuses_links = place != PLACE_PODS};
}

static void add_docker_root(struct discover *d, struct str root)
{
    add_glob(d, PLACE_DOCKER, ENVELOPE_DOCKER_JSON, root, "*/*-json.log");
    add_glob(d, PLACE_DOCKER, ENVELOPE_DOCKER_LOCAL, root, "*/local-logs/container.log");
    add_glob(d, PLACE_DOCKER, ENVELOPE_DOCKER_LOCAL, root, "*/container-cached.log");
}

static void add_data_root(struct discover *d, struct str root)
{
    add_docker_root(d, arena_print(&d->arena, "%.*s/containers", STR_ARG(root)));
}

/* What daemon.json says, and where packages, snap and rootless Docker have it. */
static void add_docker_auto(struct discover *d)
{
    struct err ignored;
    struct str root = {0};
    defer(buf_wipe) struct buf json = {.max = FACTS_MAX};
    if (file_load("/etc/docker/daemon.json", FACTS_MAX, &json, &ignored) &&
        docker_daemon_parse(buf_str(&json), &d->arena, &root, &ignored) && root.len)
        add_data_root(d, root);
    add_data_root(d, STR("/var/lib/docker"));
    add_data_root(d, STR("/var/snap/docker/common/var-lib-docker"));
    add_data_root(d, STR("/home/*/.local/share/docker"));
    add_data_root(d, STR("/root/.local/share/docker"));
}

static void add_podman_storage(struct discover *d, struct str storage)
{
    add_glob(d, PLACE_PODMAN, ENVELOPE_CRI, storage, "overlay-containers/*/userdata/ctr.log");
}

static void add_podman_auto(struct discover *d)
{
    add_podman_storage(d, STR("/var/lib/containers/storage"));
    add_podman_storage(d, STR("/home/*/.local/share/containers/storage"));
    add_podman_storage(d, STR("/root/.local/share/containers/storage"));
}

static bool is_auto(const struct str_list *list)
{
    return list->n == 1 && str_equal(list->items[0], STR("auto"));
}

static struct str without_slash(struct str path)
{
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    return path;
}

static void add_places(struct discover *d, const struct config_shipper *c)
{
    if (c->docker && is_auto(&c->docker_paths))
        add_docker_auto(d);
    for (size_t i = 0; c->docker && !is_auto(&c->docker_paths) && i < c->docker_paths.n; i++) {
        add_docker_root(d, without_slash(c->docker_paths.items[i]));
        add_data_root(d, without_slash(c->docker_paths.items[i]));
    }
    if (c->podman && is_auto(&c->podman_paths))
        add_podman_auto(d);
    for (size_t i = 0; c->podman && !is_auto(&c->podman_paths) && i < c->podman_paths.n; i++)
        add_podman_storage(d, without_slash(c->podman_paths.items[i]));
    if (c->kubernetes)
        add_glob(d, PLACE_PODS, ENVELOPE_CRI, without_slash(c->kubernetes_path), "*/*/*.log");
}

size_t discover_globs(const struct discover *d, const struct tail_glob **globs)
{
    *globs = d->globs;
    return d->n_globs;
}

/* ---- what is known of one container ---- */

/* The folder with the name of the container: some logs lie one below it. */
static struct str container_folder(enum place_kind place, struct str file)
{
    struct str folder = path_folder(file);
    bool is_below = place == PLACE_PODMAN || str_equal(path_name(folder), STR("local-logs"));
    return is_below ? path_folder(folder) : folder;
}

typedef bool parse_facts(struct str json, struct container *c, struct err *err);

static bool parse_docker(struct str json, struct container *c, struct err *err)
{
    return docker_config_parse(json, &c->arena, &c->facts, err);
}

static bool parse_docker_host(struct str json, struct container *c, struct err *err)
{
    return docker_host_config_parse(json, &c->arena, &c->facts, err);
}

static bool parse_podman_list(struct str json, struct container *c, struct err *err)
{
    return podman_containers_parse(json, path_name(str_from(c->folder)), &c->arena, &c->facts, err);
}

static bool parse_podman_spec(struct str json, struct container *c, struct err *err)
{
    return podman_spec_parse(json, &c->arena, &c->facts, err);
}

/* What one file says. False: it is not there, or cannot be understood. */
static bool read_facts(struct discover *d, struct container *c, struct str folder, const char *name,
                       parse_facts *parse)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    defer(buf_wipe) struct buf json = {.max = FACTS_MAX}; /* it may hold the environment */
    const char *path = arena_print(&arena, "%.*s/%s", STR_ARG(folder), name).ptr;
    bool is_read = file_load_plain(path, FACTS_MAX, &json, &err);
    size_t n = !is_read && err.code == ERR_LIMIT ? FACTS_MAX : json.len;
    bool good = is_read && parse(buf_str(&json), c, &err);
    d->bytes_left -= min_of(d->bytes_left, n);
    return good;
}

static const char docker_file[] = "config.v2.json";

/* When Docker last wrote what it knows of the container. */
static struct timespec written_at(const struct container *c)
{
    defer(arena_free) struct arena arena = {0};
    struct stat st = {0};
    struct err ignored;
    path_stat(arena_print(&arena, "%s/%s", c->folder, docker_file).ptr, &st, &ignored);
    return st.st_mtim;
}

static void set_started(struct container *c, struct str started)
{
    snprintf(c->started, sizeof c->started, "%.*s", STR_ARG(started));
}

static bool parse_start(struct str json, struct container *c, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct container_facts facts = {0};
    bool good = docker_config_parse(json, &arena, &facts, err);
    if (good)
        set_started(c, facts.started);
    return good;
}

static void read_container(struct discover *d, struct container *c)
{
    bool has_waited = c->was_tried && d->now_ns >= c->found_ns + UNKNOWN_WAIT_NS;
    c->was_tried = true;
    c->again_ns = has_waited ? d->now_ns + AGAIN_NS : 0;
    arena_reset(&c->arena);
    c->facts = (struct container_facts){0};
    if (c->place == PLACE_DOCKER) {
        c->told = written_at(c);
        c->is_known = read_facts(d, c, str_from(c->folder), docker_file, parse_docker);
        set_started(c, c->facts.started);
        read_facts(d, c, str_from(c->folder), "hostconfig.json", parse_docker_host);
        return;
    }
    struct str above = path_folder(str_from(c->folder));
    c->is_known = read_facts(d, c, above, "containers.json", parse_podman_list) ||
                  read_facts(d, c, above, "volatile-containers.json", parse_podman_list);
    read_facts(d, c, str_from(c->folder), "userdata/config.json", parse_podman_spec);
}

/* ---- whether it is read ---- */

/* In "shop,billing", as SLUICE_PROJECTS has it. */
static bool has_word(struct str words, struct str wanted)
{
    struct str word;
    while (take_until(&words, ',', &word))
        if (str_equal(str_trim(word), wanted))
            return true;
    return false;
}

static bool is_project_named(const struct discover *d, struct str project)
{
    const struct str_list *named = &d->projects;
    if (is_auto(named))
        return str_equal(project, d->own_project);
    for (size_t i = 0; i < named->n; i++)
        if (has_word(named->items[i], project))
            return true;
    return false;
}

static const char *judge(struct discover *d, struct container *c)
{
    const struct container_facts *f = &c->facts;
    bool is_docker = c->place == PLACE_DOCKER;
    if (d->own_id.len && str_equal(path_name(str_from(c->folder)), d->own_id))
        return "the container sluice runs in";
    if (!c->is_known && (d->now_ns < c->found_ns + UNKNOWN_WAIT_NS || (is_docker && !d->takes_all)))
        return not_known;
    if (f->is_off)
        return "label sluice.ship";
    if (is_docker && !d->takes_all && !is_project_named(d, f->project))
        return f->project.len
                   ? arena_print(&c->arena,
                                 "compose project %.*s is not collected (SLUICE_PROJECTS)",
                                 STR_ARG(f->project))
                         .ptr
                   : "of no compose project (SLUICE_PROJECTS)";
    return NULL;
}

static struct container *container_of_folder(struct discover *d, enum place_kind place,
                                             struct str folder)
{
    struct container *c = map_get(&d->containers, folder);
    if (!c) {
        c = mem_new(struct container);
        c->place = place;
        c->folder = mem_alloc(folder.len + 1);
        memcpy(c->folder, folder.ptr, folder.len);
        c->found_ns = d->now_ns;
        map_put(&d->containers, str_from(c->folder), c);
    } else if (c->is_known || d->now_ns < c->again_ns) {
        return c;
    }
    if (d->bytes_left == 0) { /* its turn comes, and its wait begins then */
        c->found_ns = c->was_tried ? c->found_ns : d->now_ns;
        c->reason = c->was_tried ? c->reason : not_known;
        return c;
    }
    read_container(d, c);
    c->reason = judge(d, c);
    return c;
}

static void free_container(struct container *c)
{
    arena_free(&c->arena);
    mem_free(&c->folder);
    mem_free(&c);
}

/* Docker's own log of this container: a file that somebody else put beside it is none. */
static bool is_log_of(const struct container *c, const struct tail_stream *stream)
{
    struct str name = path_name(stream->file);
    if (c->place != PLACE_DOCKER || stream->envelope != ENVELOPE_DOCKER_JSON)
        return true;
    take_prefix(&name, path_name(str_from(c->folder)));
    return str_equal(name, STR("-json.log")) ||
           (c->facts.log_name.len && str_equal(path_name(stream->file), c->facts.log_name));
}

static bool admit_pod(struct discover *d, const struct tail_stream *stream, const char **reason)
{
    struct pod_facts pod;
    if (!pod_path_parse(stream->file, d->node, &pod))
        *reason = "not the log of a pod's container";
    else if (d->own_pod_uid.len && str_equal(pod.uid, d->own_pod_uid))
        *reason = "the pod sluice runs in";
    return *reason == NULL;
}

bool discover_admit(void *context, const struct tail_stream *stream, const char **reason)
{
    struct discover *d = context;
    *reason = NULL;
    if (stream->place == PLACE_FILES)
        return true;
    if (stream->place == PLACE_PODS)
        return admit_pod(d, stream, reason);
    struct container *c = container_of_folder(d, (enum place_kind)stream->place,
                                              container_folder(stream->place, stream->file));
    *reason = c->reason;
    if (!*reason && !is_log_of(c, stream))
        *reason = "not the log that Docker writes";
    c->has_file |= !*reason;
    return !*reason;
}

/* ---- who we are ---- */

static void look_for_own(void *context, struct str folder)
{
    struct discover *d = context;
    if (!d->own_id.len || !str_equal(path_name(folder), d->own_id))
        return;
    d->own_project = container_of_folder(d, PLACE_DOCKER, folder)->facts.project;
}

static void find_own_project(struct discover *d)
{
    const struct str_list *named = &d->projects;
    for (size_t i = 0; i < d->n_globs; i++)
        if (d->globs[i].place == PLACE_DOCKER)
            glob_folders(d->globs[i].pattern, look_for_own, d);
    d->takes_all = is_auto(named) ? d->own_project.len == 0
                                  : named->n == 1 && str_equal(named->items[0], STR("all"));
}

static void copy_projects(struct discover *d, const struct str_list *from)
{
    d->projects = (struct str_list){arena_array(&d->arena, struct str, from->n + 1), from->n};
    for (size_t i = 0; i < from->n; i++)
        d->projects.items[i] = arena_copy(&d->arena, from->items[i]);
}

struct discover *discover_new(const struct config_shipper *config, struct str mountinfo,
                              int64_t now_ns)
{
    struct discover *d = mem_new(struct discover);
    struct str node = config->kubernetes_node;
    d->now_ns = now_ns;
    d->bytes_left = LOOK_BYTES;
    d->node = arena_copy(&d->arena, node.len ? node : str_from(getenv("NODE_NAME")));
    copy_projects(d, &config->docker_projects);
    d->own_id = arena_copy(&d->arena, own_container_id(mountinfo));
    d->own_pod_uid = arena_copy(&d->arena, own_pod_uid(mountinfo));
    add_places(d, config);
    find_own_project(d);
    return d;
}

void discover_free(struct discover **address)
{
    struct discover *d = *address;
    if (!d)
        return;
    map_each (&d->containers, entry)
        free_container(entry->value);
    map_free(&d->containers);
    arena_free(&d->arena);
    mem_free(address);
}

/* ---- containers that come and go ---- */

static void look_at_folder(void *context, struct str folder)
{
    struct discover *d = context;
    if (is_container_id(path_name(folder)))
        container_of_folder(d, PLACE_DOCKER, folder);
}

static int by_gone(const void *a, const void *b)
{
    int64_t of_a = (*(struct container *const *)a)->gone_ns;
    int64_t of_b = (*(struct container *const *)b)->gone_ns;
    return (of_a > of_b) - (of_a < of_b);
}

static void forget_gone(struct discover *d)
{
    defer(arena_free) struct arena arena = {0};
    struct container **gone = arena_array(&arena, struct container *, d->containers.n + 1);
    size_t n = 0;
    map_each (&d->containers, entry) {
        struct container *c = entry->value;
        struct stat st;
        struct err ignored;
        if (path_stat(c->folder, &st, &ignored))
            c->gone_ns = 0;
        else if (!c->gone_ns)
            c->gone_ns = d->now_ns;
        if (c->gone_ns)
            gone[n++] = c;
    }
    qsort(gone, n, sizeof(struct container *), by_gone);
    for (size_t i = 0; i < n; i++) {
        if (n - i <= GONE_MAX && d->now_ns <= gone[i]->gone_ns + FORGET_NS)
            break;
        map_remove(&d->containers, str_from(gone[i]->folder));
        free_container(gone[i]);
    }
}

void discover_inherit(struct discover *d, struct discover *former)
{
    defer(arena_free) struct arena arena = {0};
    struct container **gone = arena_array(&arena, struct container *, former->containers.n + 1);
    size_t n = 0;
    map_each (&former->containers, entry) {
        struct container *c = entry->value;
        struct stat st;
        struct err ignored;
        if (!path_stat(c->folder, &st, &ignored) && !map_get(&d->containers, str_from(c->folder)))
            gone[n++] = c;
    }
    for (size_t i = 0; i < n; i++) {
        map_remove(&former->containers, str_from(gone[i]->folder));
        map_put(&d->containers, str_from(gone[i]->folder), gone[i]);
    }
}

/* Whether the container was started again since it was looked at. */
static bool look_for_start(struct discover *d, struct container *c)
{
    char before[sizeof c->started];
    struct timespec now = {0};
    if (c->place != PLACE_DOCKER || !c->is_known || c->gone_ns || d->bytes_left == 0)
        return false;
    now = written_at(c);
    if (now.tv_sec == c->told.tv_sec && now.tv_nsec == c->told.tv_nsec)
        return false;
    memcpy(before, c->started, sizeof before);
    c->told = now;
    read_facts(d, c, str_from(c->folder), docker_file, parse_start);
    return strcmp(before, c->started) != 0;
}

bool discover_look(struct discover *d, int64_t now_ns)
{
    bool has_started = false;
    d->now_ns = now_ns;
    d->bytes_left = LOOK_BYTES;
    for (size_t i = 0; i < d->n_globs; i++)
        if (d->globs[i].place == PLACE_DOCKER && d->globs[i].envelope == ENVELOPE_DOCKER_JSON)
            glob_folders(d->globs[i].pattern, look_at_folder, d);
    forget_gone(d);
    map_each (&d->containers, entry)
        has_started |= look_for_start(d, entry->value);
    return has_started;
}

static const char *driver_reason(const struct container *c)
{
    if (c->has_file || c->reason || c->gone_ns || !c->is_known)
        return c->reason;
    if (str_equal(c->facts.driver, STR("none")))
        return "its log driver is none";
    if (str_equal(c->facts.driver, STR("json-file")) || str_equal(c->facts.driver, STR("local")) ||
        !c->facts.driver.len)
        return NULL; /* it has not begun to write */
    return "its log driver keeps no file that can be read";
}

static void each_container(const struct container *c, const char *reason,
                           void (*each)(void *context, struct str name, const char *reason),
                           void *context)
{
    defer(arena_free) struct arena arena = {0};
    struct str name = c->facts.name.len ? c->facts.name : path_name(str_from(c->folder));
    each(context, arena_print(&arena, "docker:%.*s", STR_ARG(name)), reason);
}

/* A folder of containers that may not be listed, or whose containers may not. */
static const char *folder_reason(struct str pattern, struct arena *arena, struct str *folder)
{
    struct err err;
    struct str *names;
    size_t n;
    *folder = path_folder(path_folder(pattern));
    if (has_wildcards(*folder) ||
        folder_list(arena_text(arena, *folder), arena, &names, &n, &err) || err.code != ERR_DENIED)
        return NULL;
    return "permission denied";
}

void discover_each_unread(const struct discover *d,
                          void (*each)(void *context, struct str name, const char *reason),
                          void *context)
{
    for (size_t i = 0; i < d->n_globs; i++) {
        defer(arena_free) struct arena arena = {0};
        struct str folder;
        const char *reason = folder_reason(d->globs[i].pattern, &arena, &folder);
        bool is_first =
            d->globs[i].envelope != ENVELOPE_DOCKER_LOCAL; /* of the folder's patterns */
        if (reason && is_first)
            each(context, arena_print(&arena, "folder:%.*s", STR_ARG(folder)), reason);
    }
    map_each (&d->containers, entry) {
        const struct container *c = entry->value;
        const char *reason = driver_reason(c);
        if (reason && !c->has_file)
            each_container(c, reason, each, context);
    }
}

/* ---- what it is called ---- */

static void add(struct labels *labels, const char *name, struct str value)
{
    if (value.len)
        labels->items[labels->n++] = (struct label){str_from(name), value};
}

static struct str lane_name(enum lane lane)
{
    return lane == LANE_ERR ? STR("stderr") : STR("stdout");
}

static bool pod_labels(const struct discover *d, const struct tail_stream *stream, enum lane lane,
                       struct labels *own, struct labels *data)
{
    struct pod_facts pod;
    if (!pod_path_parse(stream->file, d->node, &pod))
        return false;
    add(own, "service", pod.workload);
    add(own, "namespace", pod.namespace);
    add(own, "pod", pod.pod);
    add(own, "container", pod.container);
    add(own, "node", d->node);
    add(own, "stream", lane_name(lane));
    add(data, "pod_uid", pod.uid);
    if (pod.restart > 0) {
        struct str run = path_name(stream->file);
        add(data, "restart", str_slice(run, 0, str_find_byte(run, '.')));
    }
    return true;
}

static struct container *known_container(struct discover *d, const struct tail_stream *stream)
{
    return map_get(&d->containers, container_folder(stream->place, stream->file));
}

bool discover_labels(struct discover *d, const struct tail_stream *stream, enum lane lane,
                     struct labels *own, struct labels *data)
{
    if (stream->place == PLACE_FILES)
        return false;
    if (stream->place == PLACE_PODS)
        return pod_labels(d, stream, lane, own, data);
    const struct container *c = known_container(d, stream);
    struct str id = path_name(container_folder(stream->place, stream->file));
    struct str short_id = str_slice(id, 0, CONTAINER_ID_SHORT);
    struct container_facts none = {.id = id};
    const struct container_facts *f = c && c->is_known ? &c->facts : &none;
    add(own, "service", container_service(f));
    add(own, "container", f->name.len ? f->name : short_id);
    add(own, "project", f->project);
    add(own, "number", f->number.len ? f->number : f->slot);
    add(own, "stack", f->stack);
    add(own, "stream", lane_name(lane));
    add(data, "container_id", id);
    add(data, "image", f->image);
    add(data, "started", c ? str_from(c->started) : STR(""));
    return true;
}

struct str discover_multiline(struct discover *d, const struct tail_stream *stream)
{
    bool has_labels = stream->place == PLACE_DOCKER || stream->place == PLACE_PODMAN;
    const struct container *c = has_labels ? known_container(d, stream) : NULL;
    return c && c->is_known ? c->facts.multiline : (struct str){0};
}

void discover_put_name(struct discover *d, const struct tail_stream *stream, struct buf *out)
{
    struct pod_facts pod;
    if (stream->place == PLACE_PODS && pod_path_parse(stream->file, (struct str){0}, &pod)) {
        buf_print(out, "pod:%.*s/%.*s/%.*s", STR_ARG(pod.namespace), STR_ARG(pod.pod),
                  STR_ARG(pod.container));
    } else if (stream->place == PLACE_DOCKER || stream->place == PLACE_PODMAN) {
        const struct container *c = known_container(d, stream);
        struct str id = path_name(container_folder(stream->place, stream->file));
        struct str name =
            c && c->facts.name.len ? c->facts.name : str_slice(id, 0, CONTAINER_ID_SHORT);
        buf_print(out, "%s:%.*s", stream->place == PLACE_DOCKER ? "docker" : "podman",
                  STR_ARG(name));
    } else {
        buf_print(out, "file:%.*s", STR_ARG(stream->file));
    }
}
