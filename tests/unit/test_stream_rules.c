/* shipper/stream_rules.h, invariants by number. */
#include "base/file.h"
#include "base/mem.h"
#include "shipper/stream_rules.h"
#include "tests/test.h"
#include "tests/unit/tail_helper.h"

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct scene {
    struct config config;
    struct zones zones;
    struct discover *discover;
    struct stream_rules *rules;
    struct label label;
    struct labels labels;
};

#define SCENE defer(end_scene) struct scene s = {0}

static void end_scene(struct scene *s)
{
    stream_rules_free(&s->rules);
    discover_free(&s->discover);
    zones_close(&s->zones);
    config_free(&s->config);
}

/* yaml: of the section shipper, without containers. The first pattern stands on the command line. */
static void start_scene(struct scene *s, const char *yaml)
{
    char text[2048];
    struct err err;
    struct warnings warnings = {0};
    snprintf(text, sizeof text, "shipper:\n%s", yaml);
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    REQUIRE_OK(config_read(&s->config, str_from(text), "f.yml", &warnings, &err));
    REQUIRE_OK(stream_rules_check(&s->config.shipper, &err));
    s->label = (struct label){STR("env"), STR("prod")};
    s->labels = (struct labels){&s->label, 1};
    const struct stream_rules_options options = {.config = &s->config.shipper,
                                                 .labels = &s->labels,
                                                 .zones = &s->zones,
                                                 .discover = s->discover,
                                                 .first_file = 1};
    s->rules = stream_rules_new(&options);
}

static void check_rule(struct scene *s, const struct tail_stream *stream, const char *multiline,
                       int offset_s)
{
    struct stream_rule rule = stream_rules_of(s->rules, stream, LANE_OUT);
    CHECK_STR(rule.multiline_text, str_from(multiline));
    CHECK_INT(rule.zone ? zone_span_at(rule.zone, 1767225600).offset_s : 0, offset_s);
    CHECK(rule.multiline && rule.multiline == stream_rules_multiline(s->rules, stream));
}

static struct tail_stream file_stream(const char *path, const char *service, size_t glob)
{
    return (struct tail_stream){.file = str_from(path), .service = str_from(service), .glob = glob};
}

TEST(stream_rules_without_settings)
{
    SCENE;
    start_scene(&s, "  multiline: auto\n");
    struct tail_stream stream = file_stream("/var/log/a.log", "log", 0);
    defer(buf_free) struct buf text = {0};
    check_rule(&s, &stream, "auto", 3600);
    stream_rules_put(s.rules, &stream, &text);
    CHECK_INT(text.len, 0);
}

TEST(stream_rules_the_first_that_says_something_counts)
{
    SCENE;
    start_scene(&s, "  multiline: go\n"
                    "  sources:\n"
                    "    files:\n"
                    "      - {path: /var/log/a/*, multiline: java, timezone: +05:30}\n"
                    "      - {path: /var/log/b/*, timezone: +02:00}\n"
                    "  streams:\n"
                    "    - {match: service=worker, multiline: {first: '^#'}}\n"
                    "    - {match: 'service=worker env=prod', multiline: ruby, timezone: UTC}\n"
                    "    - {match: 'service=worker env=test', multiline: php}\n"
                    "    - {match: file=/var/log/b/x.log, timezone: '-03:00'}\n");
    struct tail_stream given = file_stream("/g.log", "log", 0),
                       java = file_stream("/var/log/a/x.log", "a", 1),
                       zoned = file_stream("/var/log/b/y.log", "b", 2),
                       by_file = file_stream("/var/log/b/x.log", "b", 2),
                       worker = file_stream("/var/log/a/w.log", "worker", 1),
                       none = file_stream("/gone.log", "a", 3);
    check_rule(&s, &given, "go", 3600);
    check_rule(&s, &java, "java", 19800);
    check_rule(&s, &zoned, "go", 7200);
    check_rule(&s, &by_file, "go", -10800);
    check_rule(&s, &worker, "^#", 0);
    check_rule(&s, &none, "go", 3600);
    CHECK_INT(multiline_kind(stream_rules_multiline(s.rules, &worker)), MULTILINE_FIRST);
    defer(buf_free) struct buf text = {0};
    stream_rules_put(s.rules, &java, &text);
    CHECK_STR(buf_str(&text), STR(", multiline java, timezone +05:30"));
}

/* A container with this label, and the stream of its log. */
static struct tail_stream make_container(struct scene *s, const char *multiline)
{
    char text[1024];
    struct err err;
    struct warnings warnings = {0};
    struct config config;
    const char *reason;
    REQUIRE_OK(folder_make(path_of(ID), &err));
    snprintf(text, sizeof text,
             "{\"ID\":\"" ID "\",\"Name\":\"/api-1\",\"Config\":{\"Labels\":{"
             "\"com.docker.compose.service\":\"api\",\"sluice.multiline\":\"%s\"}}}",
             multiline);
    write_file(ID "/config.v2.json", str_from(text));
    write_file(ID "/hostconfig.json", STR("{\"LogConfig\":{\"Type\":\"json-file\"}}"));
    snprintf(text, sizeof text, "shipper: {sources: {docker: {paths: [\"%s\"]}}}", test_folder());
    REQUIRE_OK(config_read(&config, str_from(text), "f.yml", &warnings, &err));
    s->discover = discover_new(&config.shipper, (struct str){0}, NS_PER_S);
    config_free(&config);
    struct tail_stream stream = {
        .file = str_from(strdup(path_of(ID "/" ID "-json.log"))), .place = PLACE_DOCKER, .glob = 1};
    CHECK(discover_admit(s->discover, &stream, &reason));
    return stream;
}

#define OF_CONTAINER                                                    \
    "  sources: {files: [{path: /x, multiline: php, timezone: UTC}]}\n" \
    "  streams:\n"                                                      \
    "    - {match: stream=stdout, multiline: rust, timezone: +01:30}\n" \
    "    - {match: stream=stderr, timezone: +02:30}\n"                  \
    "    - {match: 'service=api, container=api-1', multiline: java}\n"

TEST(stream_rules_of_containers)
{
    SCENE;
    struct tail_stream stream = make_container(&s, "python");
    start_scene(&s, OF_CONTAINER);
    check_rule(&s, &stream, "python", 5400);
    struct stream_rule err_rule = stream_rules_of(s.rules, &stream, LANE_ERR);
    CHECK_INT(zone_span_at(err_rule.zone, 0).offset_s, 9000);
    free((char *)stream.file.ptr);
}

TEST(stream_rules_ignore_a_bad_label)
{
    SCENE;
    struct tail_stream stream = make_container(&s, "(broken");
    start_scene(&s, OF_CONTAINER);
    check_rule(&s, &stream, "java", 5400); /* not rust: it names a stream */
    check_rule(&s, &stream, "java", 5400);
    free((char *)stream.file.ptr);
}

static const char *check_text(const char *text)
{
    static char says[256];
    struct err err = {0};
    struct warnings warnings = {0};
    defer(config_free) struct config config = {0};
    REQUIRE_OK(config_read(&config, str_from(text), "f.yml", &warnings, &err));
    bool good = stream_rules_check(&config.shipper, &err);
    snprintf(says, sizeof says, "%s", good ? "" : err.text);
    return says;
}

TEST(stream_rules_check_names_the_place)
{
    setenv("TZDIR", test_folder(), 1);
    const char *says = check_text("shipper: {streams: [{match: a=b, timezone: Europe/Brelin}]}");
    CHECK(strstr(says,
                 "f.yml:1:44: shipper.streams: timezone: there is no time zone 'Europe/Brelin'"));
    says = check_text("shipper: {sources: {files: [{path: /x, timezone: ../x}]}}");
    CHECK_STR(
        str_from(says),
        STR("f.yml:1:50: shipper.sources.files: timezone: '../x' is no time zone; write local, "
            "UTC, an offset such as +02:00 or a name such as Europe/Berlin"));
    CHECK_STR(str_from(check_text("shipper: {streams: [{match: a=b, timezone: local}]}")), STR(""));
}
