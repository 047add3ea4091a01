/* shipper/container_facts, shipper/pod_facts. */
#include "shipper/container_facts.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/block/record.h"
#include "shipper/pod_facts.h"
#include "tests/test.h"

#include <malloc.h>

#define ID_A "4f1c2ad1b07e5d3c9a8b7c6d5e4f30214f1c2ad1b07e5d3c9a8b7c6d5e4f3021"
#define ID_B "b07e5d3c9a8b7c6d5e4f30214f1c2ad1b07e5d3c9a8b7c6d5e4f30214f1c2ad1"

/* Everything in it that must not be copied holds this. */
#define SECRET "hunter2-7c1e"

TEST(text_is_cut_at_whole_characters)
{
    struct str text = STR("a\xf0\x9f\x98\x80\xc3\xa9"); /* 1 + 4 + 2 bytes */
    for (size_t room = 0; room < 9; room++)
        CHECK_INT(str_cut_utf8(text, room).len, room >= 7 ? 7 : room >= 5 ? 5 : room >= 1 ? 1 : 0);
    CHECK_INT(str_cut_utf8(STR("abc"), 3).len, 3);
    CHECK_INT(str_cut_utf8(STR(""), 0).len, 0);
}

/* ---- Docker ---- */

/* As Docker 27 writes it, shortened. */
static const char docker_config[] =
    "{\"StreamConfig\":{},\"State\":{\"Running\":true,\"Paused\":false,\"Pid\":4711,\"ExitCode\":0,"
    "\"Error\":\"" SECRET "\",\"StartedAt\":\"2026-11-20T10:00:00.123456789Z\","
    "\"Health\":{\"Status\":\"healthy\",\"Log\":[{\"Output\":\"" SECRET "\"}]}},"
    "\"ID\":\"" ID_A "\",\"Created\":\"2026-11-20T09:59:58.5Z\",\"Managed\":false,"
    "\"Path\":\"/entry.sh\",\"Args\":[\"--password\",\"" SECRET "\"],"
    "\"Config\":{\"Hostname\":\"4f1c2ad1b07e\",\"Domainname\":\"\",\"User\":\"" SECRET "\","
    "\"ExposedPorts\":{\"8080/tcp\":{}},\"Tty\":false,"
    "\"Env\":[\"DB_PASSWORD=" SECRET "\",\"API_KEY=" SECRET "\\\"}],\\\\\",\"PATH=/usr/bin\"],"
    "\"Cmd\":[\"serve\",\"" SECRET "\"],\"Healthcheck\":{\"Test\":[\"CMD\",\"" SECRET "\"]},"
    "\"Image\":\"registry.example.org/shop/api:1.4\",\"Volumes\":null,\"WorkingDir\":\"/srv\","
    "\"Entrypoint\":[\"/entry.sh\"],\"OnBuild\":null,\"Labels\":{"
    "\"com.docker.compose.config-hash\":\"" SECRET
    "\",\"com.docker.compose.container-number\":\"2\","
    "\"com.docker.compose.oneoff\":\"False\",\"com.docker.compose.project\":\"shop\","
    "\"com.docker.compose.service\":\"api\",\"sluice.multiline\":\"^\\\\d{4}-\\u003e\","
    "\"sluice.service\":\"caf\\u00e9 \\\"api\\\"\",\"traefik.auth\":\"admin:" SECRET "\"}},"
    "\"Image\":\"sha256:9d1c" SECRET
    "\",\"NetworkSettings\":{\"Bridge\":\"\",\"Networks\":{\"shop\":"
    "{\"Name\":\"" SECRET "\",\"ID\":\"" SECRET "\"}},\"Ports\":null},"
    "\"LogPath\":\"/var/lib/docker/containers/" ID_A "/" ID_A "-json.log\","
    "\"Name\":\"/shop-api-2\",\"Driver\":\"overlay2\",\"OS\":\"linux\",\"RestartCount\":0,"
    "\"MountPoints\":{\"/data\":{\"Source\":\"" SECRET "\",\"Name\":\"" SECRET "\"}},"
    "\"SecretReferences\":null,\"AppArmorProfile\":\"docker-default\"}\n";

/* Looks at all the memory the arena has, which the tests keep in one page. */
static void check_arena_has_no_secret(const struct arena *arena)
{
    if (!arena->page)
        return;
    size_t size = malloc_usable_size(arena->page);
    CHECK(arena->used < 4096);
    CHECK(!memmem(arena->page, size, SECRET, strlen(SECRET)));
    CHECK(!memmem(arena->page, size, "PASSWORD", strlen("PASSWORD")));
}

TEST(container_facts_of_a_compose_service)
{
    defer(arena_free) struct arena arena = {0};
    struct container_facts f = {0};
    struct err err;
    REQUIRE_OK(docker_config_parse(str_from(docker_config), &arena, &f, &err));
    CHECK_STR(f.id, STR(ID_A));
    CHECK_STR(f.name, STR("shop-api-2"));
    CHECK_STR(f.image, STR("registry.example.org/shop/api:1.4"));
    CHECK_STR(f.started, STR("2026-11-20T10:00:00.123456789Z"));
    CHECK_STR(f.log_name, STR(ID_A "-json.log"));
    CHECK_STR(f.project, STR("shop"));
    CHECK_STR(f.service, STR("api"));
    CHECK_STR(f.number, STR("2"));
    CHECK_STR(f.own_service, STR("caf\xc3\xa9 \"api\""));
    CHECK_STR(f.multiline, STR("^\\d{4}->"));
    CHECK(!f.is_off);
    CHECK_INT(f.driver.len + f.stack.len + f.swarm_service.len + f.task.len + f.node.len, 0);
    CHECK_STR(container_service(&f), STR("caf\xc3\xa9 \"api\""));
}

/* Invariant 1, of a whole file and of one cut at every byte. */
TEST(container_facts_never_copy_the_environment)
{
    struct str whole = str_from(docker_config);
    for (size_t len = 0; len <= whole.len; len++) {
        defer(arena_free) struct arena arena = {0};
        struct container_facts f = {0};
        struct err err = {0};
        bool good = docker_config_parse(str_slice(whole, 0, len), &arena, &f, &err);
        /* the newline at the end may be missing */
        if (good != (len + 1 >= whole.len))
            test_fail(__FILE__, __LINE__, "%zu bytes: %d", len, good);
        CHECK(good || (err.code == ERR_CORRUPT && f.id.ptr == NULL && f.name.ptr == NULL));
        CHECK(!strstr(err.text, "hunter"));
        check_arena_has_no_secret(&arena);
    }
}

TEST(container_facts_of_swarm)
{
    static const struct {
        const char *task, *slot;
    } cases[] = {
        {"shop_web.2.x7k2qdp3m4n5", "2"},
        {"shop_web.x7k2qdp3m4n5.p3m4n5x7k2qd", ""}, /* global */
        {"shop_web.2", ""},
        {"shop_web2.2.x", ""},
        {"", ""},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        defer(arena_free) struct arena arena = {0};
        struct container_facts f = {0};
        struct err err;
        struct str json = arena_print(
            &arena,
            "{\"ID\":\"" ID_B "\",\"Name\":\"/%s\",\"LogPath\":\"\",\"Config\":{\"Labels\":{"
            "\"com.docker.stack.namespace\":\"shop\",\"com.docker.swarm.node.id\":\"n0de\","
            "\"com.docker.swarm.service.name\":\"shop_web\",\"com.docker.swarm.task.name\":\"%s\"}}"
            "}",
            cases[i].task, cases[i].task);
        REQUIRE_OK(docker_config_parse(json, &arena, &f, &err));
        CHECK_STR(f.stack, STR("shop"));
        CHECK_STR(f.node, STR("n0de"));
        CHECK_STR(f.task, str_from(cases[i].task));
        CHECK_STR(f.slot, str_from(cases[i].slot));
        CHECK_STR(container_service(&f), STR("shop_web"));
        CHECK_INT(f.log_name.len, 0);
    }
}

TEST(container_facts_ship_label)
{
    static const struct {
        const char *value;
        bool is_off;
    } cases[] = {
        {"\"false\"", true}, {"\"FALSE\"", true}, {"\"0\"", true},     {"\"no\"", true},
        {"\"Off\"", true},   {"\" no \"", true},  {"\"true\"", false}, {"\"1\"", false},
        {"\"\"", false},     {"\"none\"", false}, {"null", false},     {"false", false},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        defer(arena_free) struct arena arena = {0};
        struct container_facts f = {0};
        struct err err;
        struct str json = arena_print(
            &arena, "{\"ID\":\"" ID_A "\",\"Config\":{\"Labels\":{\"sluice.ship\":%s}}}",
            cases[i].value);
        REQUIRE_OK(docker_config_parse(json, &arena, &f, &err));
        if (f.is_off != cases[i].is_off)
            test_fail(__FILE__, __LINE__, "%s", cases[i].value);
    }
}

/* Invariants 3 and 4. */
TEST(container_facts_refuse_what_is_no_config)
{
    static const char *const bad[] = {
        "",
        "[]",
        "null",
        "{}",
        "{\"ID\":5}",
        "{\"ID\":\"4f1c2ad1b07e\"}",
        "{\"ID\":\"" ID_A "0\"}",
        "{\"ID\":\"4F1C2AD1b07e5d3c9a8b7c6d5e4f30214f1c2ad1b07e5d3c9a8b7c6d5e4f3021\"}",
        "{\"\":{\"ID\":\"" ID_A "\"}}",
        "{\"Config\":{\"ID\":\"" ID_A "\"}}",
        "{\"ID\":\"" ID_A "\"",
        "{\"ID\":\"" ID_A "\"} x",
        "{\"ID\":\"" ID_A "\",\"Name\":\"/a\\q\"}",
        "{\"ID\":\"" ID_A "\",\"Name\":\"/a\xff\"}",
        "{\"ID\":\"" ID_A "\",\"Config\":{\"Labels\":{\"a\"}}}",
        "{\"ID\":\"" ID_A "\",\"Config\":{\"Labels\":{\"sluice.ship\":\"\\u00\"}}}",
    };
    for (size_t i = 0; i < countof(bad); i++) {
        defer(arena_free) struct arena arena = {0};
        struct container_facts f = {.name = STR("as it was")};
        struct err err = {0};
        if (docker_config_parse(str_from(bad[i]), &arena, &f, &err) || err.code != ERR_CORRUPT)
            test_fail(__FILE__, __LINE__, "%s", bad[i]);
        CHECK_STR(f.name, STR("as it was"));
        CHECK_INT(f.id.len, 0);
    }
}

TEST(container_facts_last_key_counts_and_other_types_do_not)
{
    defer(arena_free) struct arena arena = {0};
    struct container_facts f = {0};
    struct err err;
    REQUIRE_OK(docker_config_parse(
        STR("{\"ID\":\"" ID_B "\",\"ID\":\"" ID_A "\",\"Name\":\"/one\",\"Name\":\"/two\","
            "\"Name\":null,\"Name\":\"\",\"LogPath\":{\"ID\":\"x\"},\"Config\":{\"Image\":[1],"
            "\"Labels\":{\"sluice.service\":7,\"deep\":{\"com.docker.compose.service\":\"x\"}}}}"),
        &arena, &f, &err));
    CHECK_STR(f.id, STR(ID_A));
    CHECK_STR(f.name, STR("two"));
    CHECK_INT(f.image.len + f.log_name.len + f.own_service.len + f.service.len, 0);
    CHECK_STR(container_service(&f), STR("two"));
}

/* Invariant 2: e with an acute accent is two bytes and the limit is even. */
TEST(container_facts_cut_long_values)
{
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf json = {0};
    struct container_facts f = {0};
    struct err err;
    buf_print(&json, "{\"ID\":\"" ID_A "\",\"LogPath\":\"");
    for (int i = 0; i < 300; i++)
        buf_print(&json, "/folder");
    buf_print(&json, "/x.log\",\"Name\":\"/x");
    for (int i = 0; i < LABEL_VALUE_MAX; i++)
        buf_print(&json, "\xc3\xa9");
    buf_print(&json, "\",\"Config\":{\"Labels\":{\"sluice.service\":\"");
    for (int i = 0; i < LABEL_VALUE_MAX; i++)
        buf_print(&json, "\\u00e9");
    buf_print(&json, "\"}}}");
    REQUIRE_OK(docker_config_parse(buf_str(&json), &arena, &f, &err));
    CHECK_INT(f.own_service.len, LABEL_VALUE_MAX);
    CHECK_INT(f.name.len, LABEL_VALUE_MAX - 1);
    CHECK(is_utf8(f.own_service) && is_utf8(f.name));
    CHECK_STR(f.log_name, STR("x.log"));
}

TEST(container_facts_log_name_is_a_name)
{
    static const char *const cases[][2] = {
        {"/var/lib/docker/containers/x/x-json.log", "x-json.log"},
        {"x.log", "x.log"},
        {"a\\/x.log", "x.log"},
        {"a\\u002fx.log", "x.log"},
        {"..\\u002f..\\u002f..", ""},
        {"/a/..", ""},
        {"/a/.", ""},
        {"/a/", ""},
        {"/a/x\\u0000y", ""},
        {"", ""},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        defer(arena_free) struct arena arena = {0};
        struct container_facts f = {0};
        struct err err;
        struct str json =
            arena_print(&arena, "{\"ID\":\"" ID_A "\",\"LogPath\":\"%s\"}", cases[i][0]);
        REQUIRE_OK(docker_config_parse(json, &arena, &f, &err));
        CHECK_STR(f.log_name, str_from(cases[i][1]));
    }
}

TEST(container_facts_driver)
{
    defer(arena_free) struct arena arena = {0};
    struct container_facts f = {.id = STR(ID_A)};
    struct err err;
    REQUIRE_OK(docker_host_config_parse(
        STR("{\"Binds\":[\"/srv:/srv\"],\"ContainerIDFile\":\"\",\"LogConfig\":{\"Type\":\"local\","
            "\"Config\":{\"gelf-address\":\"" SECRET "\",\"Type\":\"x\"}},\"NetworkMode\":\"shop\","
            "\"RestartPolicy\":{\"Name\":\"no\",\"Type\":\"x\"},\"Type\":\"x\"}"),
        &arena, &f, &err));
    CHECK_STR(f.driver, STR("local"));
    CHECK_STR(f.id, STR(ID_A));
    check_arena_has_no_secret(&arena);
    REQUIRE_OK(docker_host_config_parse(STR("{\"LogConfig\":null}"), &arena, &f, &err));
    CHECK_STR(f.driver, STR("local"));
    CHECK(!docker_host_config_parse(STR("{\"LogConfig\":{\"Type\":\"x\"}"), &arena, &f, &err));
    CHECK_STR(f.driver, STR("local"));
}

TEST(container_facts_data_root)
{
    static const struct {
        const char *json, *root; /* NULL: refused */
    } cases[] = {
        {"", ""},
        {" \n", ""},
        {"{}", ""},
        {"{\"log-driver\":\"local\",\"log-opts\":{\"data-root\":\"/x\"}}", ""},
        {"{\n  \"data-root\": \"/mnt/docker/\"\n}\n", "/mnt/docker"},
        {"{\"graph\":\"/old\"}", "/old"},
        {"{\"graph\":\"/old\",\"data-root\":\"/new\"}", "/new"},
        {"{\"data-root\":\"/caf\\u00e9\"}", "/caf\xc3\xa9"},
        {"{\"data-root\":\"///\"}", "/"},
        {"{\"data-root\":\"\"}", ""},
        {"{\"data-root\":null}", ""},
        {"{\"data-root\":\"docker\"}", NULL},
        {"{\"data-root\":\"/a\\u0000b\"}", NULL},
        {"{\"data-root\":\"/a\"", NULL},
        {"data-root", NULL},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        defer(arena_free) struct arena arena = {0};
        struct err err;
        struct str root = STR("?");
        bool good = docker_daemon_parse(str_from(cases[i].json), &arena, &root, &err);
        if (good != (cases[i].root != NULL))
            test_fail(__FILE__, __LINE__, "%s: %d", cases[i].json, good);
        CHECK_STR(root, str_from(good ? cases[i].root : "?"));
    }
}

/* ---- Podman ---- */

static const char podman_containers[] =
    "[{\"id\":\"" ID_B "\",\"names\":[\"db\"],\"image\":\"7c6d\",\"layer\":\"9a8b\","
    "\"metadata\":\"{\\\"image-name\\\":\\\"docker.io/library/postgres:16\\\",\\\"image-id\\\":"
    "\\\"" SECRET "\\\",\\\"name\\\":\\\"db\\\",\\\"created-at\\\":1795166521,\\\"mountlabel\\\":"
    "\\\"system_u:" SECRET "\\\"}\",\"created\":\"2026-11-20T10:00:00Z\","
    "\"flags\":{\"id\":\"" ID_A "\",\"MountLabel\":\"\"}},\n "
    "{\"id\":\"" ID_A
    "\",\"names\":[ \"web\\u002d1\",\"other\"],\"image\":\"7c6d\",\"layer\":\"9a\","
    "\"big-data-sizes\":{\"names\":3},\"created\":\"2026-11-20T10:00:00Z\"}]\n";

TEST(container_facts_of_podman)
{
    defer(arena_free) struct arena arena = {0};
    struct container_facts f = {0}, second = {0};
    struct err err;
    struct str json = str_from(podman_containers);
    REQUIRE_OK(podman_containers_parse(json, STR(ID_B), &arena, &f, &err));
    CHECK_STR(f.id, STR(ID_B));
    CHECK_STR(f.name, STR("db"));
    CHECK_STR(f.image, STR("docker.io/library/postgres:16"));
    REQUIRE_OK(podman_containers_parse(json, STR(ID_A), &arena, &second, &err));
    CHECK_STR(second.name, STR("web-1"));
    CHECK_INT(second.image.len, 0);
    check_arena_has_no_secret(&arena);
}

TEST(container_facts_of_podman_that_are_not_there)
{
    static const struct {
        const char *json;
        enum err_code code;
    } cases[] = {
        {podman_containers, ERR_NOT_FOUND},
        {"[]", ERR_NOT_FOUND},
        {" [ ] ", ERR_NOT_FOUND},
        {"", ERR_CORRUPT},
        {"{}", ERR_CORRUPT},
        {"[{}", ERR_CORRUPT},
        {"[{},{\"id\":]", ERR_CORRUPT},
        {"[{} {}]", ERR_CORRUPT},
        {"[5]", ERR_CORRUPT},
    };
    struct str unknown = STR("00000000" ID_B);
    unknown = str_slice(unknown, 0, CONTAINER_ID_LEN);
    for (size_t i = 0; i < countof(cases); i++) {
        defer(arena_free) struct arena arena = {0};
        struct container_facts f = {0};
        struct err err = {0};
        if (podman_containers_parse(str_from(cases[i].json), unknown, &arena, &f, &err) ||
            err.code != cases[i].code)
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].json, err.text);
    }
    defer(arena_free) struct arena arena = {0};
    struct container_facts f = {0};
    struct err err;
    CHECK(!podman_containers_parse(str_from(podman_containers), STR("db"), &arena, &f, &err));
    CHECK(!podman_containers_parse(STR("[{\"id\":\"" ID_A "\",\"metadata\":\"{\\\"name\\\":\"}]"),
                                   STR(ID_A), &arena, &f, &err));
    CHECK_INT(err.code, ERR_CORRUPT);
    CHECK_INT(f.id.len, 0);
}

TEST(container_facts_of_podman_annotations)
{
    defer(arena_free) struct arena arena = {0};
    struct container_facts f = {.name = STR("web-1")};
    struct err err;
    REQUIRE_OK(podman_spec_parse(
        STR("{\"ociVersion\":\"1.1.0\",\"process\":{\"user\":{\"uid\":0},\"args\":[\"" SECRET "\"],"
            "\"env\":[\"DB_PASSWORD=" SECRET "\"],\"sluice.service\":\"" SECRET "\"},"
            "\"root\":{\"path\":\"/x\"},\"hostname\":\"web\",\"mounts\":[{\"type\":\"proc\"}],"
            "\"annotations\":{\"io.container.manager\":\"libpod\",\"sluice.service\":\"front\","
            "\"sluice.ship\":\"no\",\"sluice.multiline\":\"java\","
            "\"io.podman.compose.project\":\"shop\",\"com.docker.compose.service\":\"web\","
            "\"com.docker.compose.container-number\":\"1\",\"secret\":\"" SECRET "\"},"
            "\"linux\":{\"annotations\":{\"sluice.service\":\"" SECRET "\"}}}"),
        &arena, &f, &err));
    CHECK_STR(f.own_service, STR("front"));
    CHECK_STR(f.multiline, STR("java"));
    CHECK_STR(f.project, STR("shop"));
    CHECK_STR(f.service, STR("web"));
    CHECK_STR(f.number, STR("1"));
    CHECK_STR(f.name, STR("web-1"));
    CHECK(f.is_off);
    check_arena_has_no_secret(&arena);
    CHECK(!podman_spec_parse(STR("{\"annotations\":{\"sluice.service\":\"x\"}"), &arena, &f, &err));
    CHECK_STR(f.own_service, STR("front"));
}

/* ---- service ---- */

TEST(container_service_by_rank)
{
    struct container_facts f = {0};
    CHECK_INT(container_service(&f).len, 0);
    f.id = STR(ID_A);
    CHECK_STR(container_service(&f), STR("4f1c2ad1b07e"));
    f.name = STR("name");
    CHECK_STR(container_service(&f), STR("name"));
    f.swarm_service = STR("swarm");
    CHECK_STR(container_service(&f), STR("swarm"));
    f.service = STR("compose");
    CHECK_STR(container_service(&f), STR("compose"));
    f.own_service = STR("own");
    CHECK_STR(container_service(&f), STR("own"));
}
