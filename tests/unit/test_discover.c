/* shipper/discover: which containers are read, and what their streams are called. */
#include "shipper/discover.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "shipper/glob.h"
#include "tests/test.h"
#include "tests/unit/tail_helper.h"

#include <unistd.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

struct world {
    struct config config;
    struct discover *discover;
    int64_t now_ns;
    struct arena arena;
};

static void end_world(struct world *w)
{
    discover_free(&w->discover);
    config_free(&w->config);
    arena_free(&w->arena);
}

#define WORLD defer(end_world) struct world w = {.now_ns = 1000 * NS_PER_S}

/* projects: as in the configuration; inside: the id of the container this runs in, or NULL. */
static void start_world(struct world *w, const char *projects, const char *inside)
{
    struct err err;
    struct warnings warnings = {0};
    struct str yaml = arena_print(&w->arena,
                                  "shipper: {sources: {docker: {paths: [\"%s\"], projects: %s}, "
                                  "podman: {paths: [\"%s/storage\"]}, "
                                  "kubernetes: {path: \"%s/pods\", node: node-1}}}",
                                  test_folder(), projects, test_folder(), test_folder());
    struct str mountinfo = {0};
    if (inside)
        mountinfo = arena_print(&w->arena,
                                "678 655 254:1 /docker/containers/%s/hostname /etc/hostname "
                                "rw,relatime - ext4 /dev/vda1 rw\n",
                                inside);
    REQUIRE_OK(config_read(&w->config, yaml, "f.yml", &warnings, &err));
    w->discover = discover_new(&w->config.shipper, mountinfo, w->now_ns);
}

static void make_folder(const char *name)
{
    struct err err;
    REQUIRE_OK(folder_make(path_of(name), &err));
}

static void write_container(const char *id, const char *name, const char *labels,
                            const char *driver)
{
    char text[2048], path[512];
    make_folder(id);
    snprintf(text, sizeof text,
             "{\"ID\":\"%s\",\"Name\":\"/%s\",\"LogPath\":\"/x/%s-json.log\",\"Config\":"
             "{\"Image\":\"shop/%s:3\",\"Env\":[\"PASSWORD=hunter2\"],\"Labels\":{%s}}}",
             id, name, id, name, labels);
    snprintf(path, sizeof path, "%s/config.v2.json", id);
    write_file(path, str_from(text));
    snprintf(text, sizeof text, "{\"LogConfig\":{\"Type\":\"%s\"}}", driver);
    snprintf(path, sizeof path, "%s/hostconfig.json", id);
    write_file(path, str_from(text));
}

#define COMPOSE(project, service, number)                                                      \
    "\"com.docker.compose.project\":\"" project "\",\"com.docker.compose.service\":\"" service \
    "\",\"com.docker.compose.container-number\":\"" number "\""

/* A file of the folder as the tailer would ask about it: by the first pattern that matches. */
static struct tail_stream stream_at(struct world *w, const char *name)
{
    const struct tail_glob *globs;
    size_t n = discover_globs(w->discover, &globs);
    struct tail_stream stream = {.file = arena_copy(&w->arena, str_from(path_of(name)))};
    for (size_t i = 0; i < n; i++) {
        if (!glob_match_path(globs[i].pattern, stream.file))
            continue;
        stream.place = globs[i].place;
        stream.envelope = globs[i].envelope;
        return stream;
    }
    test_fail(__FILE__, __LINE__, "no pattern matches %s", name);
    return stream;
}

/* Why it is not read; "" if it is. */
static const char *reason_of(struct world *w, const char *name)
{
    const char *reason = NULL;
    struct tail_stream stream = stream_at(w, name);
    bool is_admitted = discover_admit(w->discover, &stream, &reason);
    CHECK(is_admitted == (reason == NULL));
    return reason ? reason : "";
}

/* "a=b c=d | e=f": labels and data. */
static struct str labels_of(struct world *w, const char *name, enum lane lane)
{
    struct tail_stream stream = stream_at(w, name);
    struct label items[DISCOVER_LABELS], data_items[DISCOVER_DATA];
    struct labels own = {items, 0}, data = {data_items, 0};
    defer(buf_free) struct buf b = {.max = 4096};
    REQUIRE(discover_labels(w->discover, &stream, lane, &own, &data));
    for (size_t i = 0; i < own.n; i++)
        buf_print(&b, "%.*s=%.*s ", STR_ARG(own.items[i].name), STR_ARG(own.items[i].value));
    buf_add(&b, STR("|"));
    for (size_t i = 0; i < data.n; i++)
        buf_print(&b, " %.*s=%.*s", STR_ARG(data.items[i].name), STR_ARG(data.items[i].value));
    return arena_copy(&w->arena, buf_str(&b));
}

static struct str name_of(struct world *w, const char *name)
{
    struct tail_stream stream = stream_at(w, name);
    defer(buf_free) struct buf b = {.max = 4096};
    discover_put_name(w->discover, &stream, &b);
    return arena_copy(&w->arena, buf_str(&b));
}

TEST(discover_names_docker_containers)
{
    WORLD;
    write_container(A, "shop-api-2", COMPOSE("shop", "api", "2"), "json-file");
    write_container(B, "lonely", "", "local");
    start_world(&w, "auto", NULL);
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")), STR(""));
    CHECK_STR(labels_of(&w, A "/" A "-json.log", LANE_OUT),
              STR("service=api container=shop-api-2 project=shop number=2 stream=stdout "
                  "| container_id=" A " image=shop/shop-api-2:3"));
    CHECK_STR(name_of(&w, A "/" A "-json.log"), STR("docker:shop-api-2"));
    CHECK_STR(str_from(reason_of(&w, B "/local-logs/container.log")), STR(""));
    CHECK_STR(labels_of(&w, B "/local-logs/container.log", LANE_ERR),
              STR("service=lonely container=lonely stream=stderr | container_id=" B
                  " image=shop/lonely:3"));
    CHECK_INT(stream_at(&w, B "/local-logs/container.log").envelope, ENVELOPE_DOCKER_LOCAL);
    CHECK_INT(stream_at(&w, B "/container-cached.log").envelope, ENVELOPE_DOCKER_LOCAL);
}

static void write_started(const char *id, const char *started)
{
    char text[512], path[512];
    snprintf(text, sizeof text,
             "{\"ID\":\"%s\",\"Name\":\"/api\",\"State\":{\"StartedAt\":\"%s\"}}", id, started);
    snprintf(path, sizeof path, "%s/config.v2.json.new", id);
    write_file(path, str_from(text));
    char from[512];
    snprintf(from, sizeof from, "%s", path_of(path));
    snprintf(path, sizeof path, "%s/config.v2.json", id);
    REQUIRE(rename(from, path_of(path)) == 0);
}

#define STARTED_AT(hour)                                                                        \
    STR("service=api container=api stream=stdout | container_id=" A " started=2026-11-20T" hour \
        ":00:00Z")

TEST(discover_sees_that_a_container_was_started_again)
{
    WORLD;
    write_container(A, "api", "", "json-file");
    write_started(A, "2026-11-20T09:00:00Z");
    start_world(&w, "auto", NULL);
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")), STR(""));
    CHECK_STR(labels_of(&w, A "/" A "-json.log", LANE_OUT), STARTED_AT("09"));
    CHECK(!discover_look(w.discover, w.now_ns));
    write_started(A, "2026-11-20T10:00:00Z");
    CHECK(discover_look(w.discover, w.now_ns));
    CHECK_STR(labels_of(&w, A "/" A "-json.log", LANE_OUT), STARTED_AT("10"));
    CHECK(!discover_look(w.discover, w.now_ns));
    write_started(A, "2026-11-20T10:00:00Z"); /* as a health check does */
    CHECK(!discover_look(w.discover, w.now_ns));
    remove_file(A "/config.v2.json");
    CHECK(!discover_look(w.discover, w.now_ns));
    CHECK_STR(labels_of(&w, A "/" A "-json.log", LANE_OUT), STARTED_AT("10"));
}

TEST(discover_leaves_out_what_it_is_told_to)
{
    WORLD;
    write_container(A, "quiet", "\"sluice.ship\":\"false\",\"sluice.service\":\"x\"", "json-file");
    write_container(B, "loud", "\"sluice.service\":\"x\"", "json-file");
    start_world(&w, "auto", NULL);
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")), STR("label sluice.ship"));
    CHECK_STR(str_from(reason_of(&w, B "/" B "-json.log")), STR(""));
    CHECK(str_starts(labels_of(&w, B "/" B "-json.log", LANE_OUT), STR("service=x ")));
    CHECK_STR(str_from(reason_of(&w, B "/copied-json.log")), STR("not the log that Docker writes"));
}

TEST(discover_takes_the_own_project_inside_a_container)
{
    WORLD;
    write_container(A, "shop-sluice-1", COMPOSE("shop", "sluice", "1"), "json-file");
    write_container(B, "shop-api-1", COMPOSE("shop", "api", "1"), "json-file");
    write_container(C, "bank-api-1", COMPOSE("bank", "api", "1"), "json-file");
    start_world(&w, "auto", A);
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")), STR("the container sluice runs in"));
    CHECK_STR(str_from(reason_of(&w, B "/" B "-json.log")), STR(""));
    CHECK_STR(str_from(reason_of(&w, C "/" C "-json.log")),
              STR("compose project bank is not collected (SLUICE_PROJECTS)"));
}

TEST(discover_takes_all_projects_or_those_that_are_named)
{
    static const struct {
        const char *projects, *own, *other;
    } cases[] = {
        {"all", "", ""},
        {"\"bank,shop\"", "", ""},
        {"[bank]", "compose project shop is not collected (SLUICE_PROJECTS)", ""},
        {"[shop]", "", "compose project bank is not collected (SLUICE_PROJECTS)"},
    };
    write_container(A, "shop-sluice-1", COMPOSE("shop", "sluice", "1"), "json-file");
    write_container(B, "shop-api-1", COMPOSE("shop", "api", "1"), "json-file");
    write_container(C, "bank-api-1", COMPOSE("bank", "api", "1"), "json-file");
    for (size_t i = 0; i < countof(cases); i++) {
        WORLD;
        start_world(&w, cases[i].projects, A);
        CHECK_STR(str_from(reason_of(&w, B "/" B "-json.log")), str_from(cases[i].own));
        CHECK_STR(str_from(reason_of(&w, C "/" C "-json.log")), str_from(cases[i].other));
    }
}

/* Invariant 2. */
TEST(discover_waits_for_a_configuration)
{
    WORLD;
    make_folder(A);
    start_world(&w, "auto", NULL);
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")),
              STR("what container it is cannot be read"));
    write_container(A, "late", "", "json-file");
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")), STR(""));
    CHECK(str_starts(labels_of(&w, A "/" A "-json.log", LANE_OUT), STR("service=late ")));
    make_folder(B);
    CHECK(reason_of(&w, B "/" B "-json.log")[0]);
    discover_look(w.discover, w.now_ns + 11 * NS_PER_S);
    CHECK_STR(str_from(reason_of(&w, B "/" B "-json.log")), STR(""));
    CHECK(str_starts(labels_of(&w, B "/" B "-json.log", LANE_OUT),
                     STR("service=bbbbbbbbbbbb container=bbbbbbbbbbbb stream=stdout ")));
}

static void note_unread(void *context, struct str name, const char *reason)
{
    buf_print(context, "%.*s: %s\n", STR_ARG(name), reason);
}

TEST(discover_names_what_no_file_shows)
{
    WORLD;
    defer(buf_free) struct buf b = {.max = 4096};
    write_container(A, "away", "", "journald");
    write_container(B, "here", "", "json-file");
    start_world(&w, "auto", NULL);
    discover_look(w.discover, w.now_ns);
    discover_each_unread(w.discover, note_unread, &b);
    CHECK_STR(buf_str(&b), STR("docker:away: its log driver keeps no file that can be read\n"));
}

TEST(discover_forgets_removed_containers)
{
    WORLD;
    defer(buf_free) struct buf b = {.max = 4096};
    write_container(A, "gone", "", "journald");
    start_world(&w, "auto", NULL);
    discover_look(w.discover, w.now_ns);
    remove_file(A "/config.v2.json");
    remove_file(A "/hostconfig.json");
    REQUIRE(rmdir(path_of(A)) == 0);
    discover_look(w.discover, w.now_ns + NS_PER_S);
    discover_each_unread(w.discover, note_unread, &b);
    CHECK_STR(buf_str(&b), STR("")); /* not there, but still known */
    CHECK(str_starts(labels_of(&w, A "/" A "-json.log", LANE_OUT), STR("service=gone ")));
    discover_look(w.discover, w.now_ns + 3602 * NS_PER_S);
    CHECK(str_starts(labels_of(&w, A "/" A "-json.log", LANE_OUT), STR("service=aaaaaaaaaaaa ")));
}

TEST(discover_names_pods_and_podman)
{
    WORLD;
    const char *pod =
        "pods/shop_api-5d4f8c7b9d-x7k2q_0d1e6d2c-8a54-4e1f-9a52-6f1c7ad0a111/web/3.log";
    const char *ctr = "storage/overlay-containers/" A "/userdata/ctr.log";
    make_folder("storage/overlay-containers/" A "/userdata");
    write_file("storage/overlay-containers/containers.json",
               STR("[{\"id\":\"" A "\",\"names\":[\"cache\"],\"metadata\":"
                   "\"{\\\"image-name\\\":\\\"redis:7\\\",\\\"name\\\":\\\"cache\\\"}\"}]"));
    start_world(&w, "auto", NULL);
    CHECK_STR(str_from(reason_of(&w, pod)), STR(""));
    CHECK_STR(labels_of(&w, pod, LANE_OUT),
              STR("service=api namespace=shop pod=api-5d4f8c7b9d-x7k2q container=web node=node-1 "
                  "stream=stdout | pod_uid=0d1e6d2c-8a54-4e1f-9a52-6f1c7ad0a111 restart=3"));
    CHECK_STR(name_of(&w, pod), STR("pod:shop/api-5d4f8c7b9d-x7k2q/web"));
    CHECK_STR(str_from(reason_of(&w, ctr)), STR(""));
    CHECK_STR(
        labels_of(&w, ctr, LANE_OUT),
        STR("service=cache container=cache stream=stdout | container_id=" A " image=redis:7"));
    CHECK_INT(stream_at(&w, ctr).envelope, ENVELOPE_CRI);
}

static void remove_container(const char *id)
{
    char path[512];
    snprintf(path, sizeof path, "%s/config.v2.json", id);
    remove_file(path);
    snprintf(path, sizeof path, "%s/hostconfig.json", id);
    remove_file(path);
    REQUIRE(rmdir(path_of(id)) == 0);
}

/* A reload while the shipper stops frees the configuration, and lines of pods still come. */
TEST(discover_keeps_nothing_of_the_configuration)
{
    WORLD;
    write_container(A, "shop-api-1", COMPOSE("shop", "api", "1"), "json-file");
    write_container(B, "bank-api-1", COMPOSE("bank", "api", "1"), "json-file");
    start_world(&w, "[shop]", NULL);
    config_free(&w.config);
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")), STR(""));
    CHECK_STR(str_from(reason_of(&w, B "/" B "-json.log")),
              STR("compose project bank is not collected (SLUICE_PROJECTS)"));
    CHECK_STR(
        labels_of(&w, "pods/shop_api_0d1e6d2c-8a54-4e1f-9a52-6f1c7ad0a111/web/3.log", LANE_OUT),
        STR("service=api namespace=shop pod=api container=web node=node-1 stream=stdout "
            "| pod_uid=0d1e6d2c-8a54-4e1f-9a52-6f1c7ad0a111 restart=3"));
}

/* Its file may be held open, with lines that were not read yet. */
TEST(discover_knows_removed_containers_after_a_reload)
{
    WORLD;
    write_container(A, "gone", COMPOSE("shop", "api", "1"), "json-file");
    start_world(&w, "auto", NULL);
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")), STR(""));
    remove_container(A);
    struct discover *next = discover_new(&w.config.shipper, (struct str){0}, w.now_ns);
    discover_inherit(next, w.discover);
    discover_free(&w.discover);
    w.discover = next;
    CHECK(str_starts(labels_of(&w, A "/" A "-json.log", LANE_OUT),
                     STR("service=api container=gone project=shop ")));
}

/* Folders of rootless engines belong to users: what is no plain file there is not opened as one. */
TEST(discover_follows_no_link_to_a_configuration)
{
    WORLD;
    write_container(A, "real", "", "json-file");
    make_folder(B);
    char text[512];
    snprintf(text, sizeof text, "%s", path_of(A "/config.v2.json"));
    REQUIRE(symlink(text, path_of(B "/config.v2.json")) == 0);
    start_world(&w, "auto", NULL);
    CHECK_STR(str_from(reason_of(&w, B "/" B "-json.log")),
              STR("what container it is cannot be read"));
}

static struct disk counting;
static size_t n_opens;

static int count_open(const char *path, int flags, mode_t mode)
{
    n_opens++;
    return disk_kernel.open(path, flags, mode);
}

/* Else whoever has a home could keep the shipper busy with large files of rubbish. */
TEST(discover_reads_rubbish_once_a_minute)
{
    WORLD;
    make_folder(A);
    write_file(A "/config.v2.json", STR("{\"ID\":"));
    start_world(&w, "auto", NULL);
    for (int s = 0; s <= 12; s += 2)
        discover_look(w.discover, w.now_ns + s * NS_PER_S);
    counting = disk_kernel;
    counting.open = count_open;
    disk = &counting;
    for (int s = 14; s < 134; s += 2)
        discover_look(w.discover, w.now_ns + s * NS_PER_S);
    disk = &disk_kernel;
    CHECK_INT(n_opens, 2 * 2);
    CHECK_STR(str_from(reason_of(&w, A "/" A "-json.log")), STR(""));
}

TEST(discover_looks_at_much_in_several_looks)
{
    enum { N = 24, BYTES = 3 << 20 };
    WORLD;
    char id[65], path[512];
    defer(buf_free) struct buf big = {0};
    for (size_t i = 0; i < BYTES; i++)
        buf_add_byte(&big, ' ');
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "%064d", i);
        write_container(id, "big", "", "json-file");
        snprintf(path, sizeof path, "%s/config.v2.json", id);
        append_file(path, buf_str(&big));
    }
    start_world(&w, "[shop]", NULL);
    discover_look(w.discover, w.now_ns);
    snprintf(path, sizeof path, "%s/%s-json.log", id, id);
    CHECK_STR(str_from(reason_of(&w, path)), STR("what container it is cannot be read"));
    for (int s = 20; s <= 24; s += 2) /* it has not waited in vain yet */
        discover_look(w.discover, w.now_ns + s * NS_PER_S);
    CHECK_STR(str_from(reason_of(&w, path)), STR("of no compose project (SLUICE_PROJECTS)"));
}

static void count_known(struct world *w, size_t n, size_t *known)
{
    char path[512];
    *known = 0;
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%064zu/%064zu-json.log", i, i);
        *known += str_starts(labels_of(w, path, LANE_OUT), STR("service=job "));
    }
}

TEST(discover_remembers_so_many_removed_containers)
{
    enum { N = 2100, KEPT = 2000 };
    WORLD;
    char id[65];
    size_t known;
    start_world(&w, "auto", NULL);
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "%064d", i);
        write_container(id, "job", "", "json-file");
        if (i % 100 == 99)
            discover_look(w.discover, ++w.now_ns);
    }
    for (int i = 0; i < N; i++) {
        snprintf(id, sizeof id, "%064d", i);
        remove_container(id);
        if (i % 100 == 99)
            discover_look(w.discover, ++w.now_ns);
    }
    count_known(&w, N, &known);
    CHECK_INT(known, KEPT);
}
