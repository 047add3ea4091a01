#include "base/mem.h"
#include "base/time.h"
#include "forward/probe.h"
#include "tests/test.h"

#define NOW (1764547200 * NS_PER_S) /* 2025-12-01 */
#define ES  "Elasticsearch"

/* What the other side answers to a path that begins so; anything else is a 404. */
struct reply {
    const char *path;
    unsigned status;
    const char *body, *product;
};

static struct config_other_output output;
static struct probe probe;

static const struct reply *find_reply(const struct reply *replies, size_t n, const char *path)
{
    static const struct reply nothing = {.status = 404, .body = "404 page not found"};
    for (size_t i = 0; i < n; i++) {
        bool is_whole = strcmp(replies[i].path, path) == 0;
        if (is_whole ||
            (replies[i].path[1] && strncmp(replies[i].path, path, strlen(replies[i].path)) == 0))
            return &replies[i];
    }
    return &nothing;
}

/* "ok TEXT" or "FAIL TEXT", and hints behind " | ". */
static struct str verdict(const struct reply *replies, size_t n, bool has_login, struct buf *b)
{
    struct probe_request r;
    buf_reset(b);
    probe_begin(&probe, &output, has_login, NOW);
    for (int asked = 0; probe_next(&probe, &r); asked++) {
        REQUIRE(asked < 10);
        const struct reply *reply = find_reply(replies, n, r.path);
        const struct probe_answer answer = {
            .status = reply->status,
            .error = reply->status ? STR("") : str_from(reply->body),
            .body = str_from(reply->body),
            .product = str_from(reply->product),
        };
        probe_take(&probe, &answer);
    }
    buf_add(b, probe.has_failed ? STR("FAIL ") : STR("ok "));
    buf_add(b, buf_str(&probe.text));
    struct str hints = buf_str(&probe.hints), line;
    while (take_until(&hints, '\n', &line)) {
        if (line.len)
            buf_print(b, " | %.*s", STR_ARG(line));
    }
    probe_free(&probe);
    return buf_str(b);
}

static void set_output(int kind)
{
    output = (struct config_other_output){
        .kind = kind, .url = STR("http://x"), .data_stream = STR("logs-sluice-default")};
}

#define PROBES(has_login, expected, ...)                                                     \
    do {                                                                                     \
        defer(buf_free) struct buf room_ = {0};                                              \
        const struct reply replies_[] = {__VA_ARGS__};                                       \
        CHECK_STR(verdict(replies_, countof(replies_), (has_login), &room_), STR(expected)); \
    } while (0)

#define PUSH(status, body)                      \
    {                                           \
        "/loki/api/v1/push", status, body, NULL \
    }
#define BUILD(version)                                                                            \
    {                                                                                             \
        "/loki/api/v1/status/buildinfo", 200, "{\"version\":\"" version "\",\"revision\":\"x\"}", \
            NULL                                                                                  \
    }
#define CONFIG(limits, schemas)                                                                \
    {                                                                                          \
        "/config", 200, "limits_config:\n" limits "schema_config:\n  configs:\n" schemas, NULL \
    }
#define OLD_SCHEMA "    - from: \"2020-01-01\"\n      schema: v11\n      store: boltdb-shipper\n"
#define NEW_SCHEMA "    - from: \"2024-04-01\"\n      schema: v13\n      store: tsdb\n"
#define NO_STREAM  "error at least one valid stream is required for ingestion\n"

TEST(probe_of_loki_tells_version_and_metadata)
{
    set_output(OUTPUT_LOKI);
    PROBES(false, "ok Loki 3.6.2, structured metadata accepted, oldest entry accepted 1w",
           PUSH(422, NO_STREAM), BUILD("3.6.2"),
           CONFIG("  allow_structured_metadata: true\n  reject_old_samples: true\n"
                  "  reject_old_samples_max_age: 1w\n",
                  OLD_SCHEMA NEW_SCHEMA));
    PROBES(false,
           "ok Loki 3.6.2, no structured metadata with its old schema (v13 is needed): labels only",
           PUSH(422, NO_STREAM), BUILD("3.6.2"),
           CONFIG("  allow_structured_metadata: true\n",
                  OLD_SCHEMA "    - from: \"2026-01-01\"\n      schema: v13\n"));
    PROBES(false,
           "ok Loki 2.9.4, structured metadata is off there "
           "(limits_config.allow_structured_metadata): "
           "labels only",
           PUSH(204, ""), BUILD("v2.9.4"), CONFIG("  reject_old_samples: false\n", NEW_SCHEMA));
    PROBES(false, "ok Loki 2.8.0, no structured metadata before 2.9: labels only", PUSH(204, ""),
           BUILD("2.8.0"));
    PROBES(false, "ok Loki 3.5.0, structured metadata not known, tried at the first push",
           PUSH(422, NO_STREAM), BUILD("3.5.0"));
    PROBES(false, "ok Loki 3.5.0, structured metadata not known, tried at the first push",
           PUSH(422, NO_STREAM), BUILD("3.5.0"), {"/config", 200, "<html>{", NULL});
    output.metadata = OUTPUT_METADATA_OFF;
    PROBES(false, "ok Loki 3.5.0 | it limits the rate at this moment (429)", PUSH(429, "slow"),
           BUILD("3.5.0"));
}

TEST(probe_of_loki_fails_with_what_to_do)
{
    set_output(OUTPUT_LOKI);
    PROBES(false, "FAIL it wants a tenant (401 no org id): write tenant: NAME",
           PUSH(401, "no org id\n"));
    PROBES(false, "FAIL it wants a login (401): token_file, or user and password_file",
           PUSH(401, "Unauthorized"));
    PROBES(true, "FAIL the login is not right (401): invalid\x20 x", PUSH(401, "invalid\x1b\nx"));
    PROBES(true, "FAIL the login may not do that (403): no", PUSH(403, "no"));
    PROBES(false, "FAIL no Loki answers at /loki/api/v1/push below that url: is it right?",
           {"/", 200, "<html>Grafana</html>", NULL});
    PROBES(false, "FAIL answers 302 to another address: is the url right?", PUSH(302, ""));
    PROBES(false, "FAIL answers 503: shutting down", PUSH(503, "shutting down"));
    PROBES(false, "FAIL http://x: refused", {"/", 0, "", NULL}, PUSH(0, "http://x: refused"));
}

TEST(probe_of_victorialogs_knows_its_paths)
{
    set_output(OUTPUT_LOKI);
    PROBES(false,
           "ok VictoriaLogs, or another that takes pushes of Loki, structured metadata accepted",
           PUSH(204, ""), {"/loki/ready", 200, "ready", NULL},
           {"/loki/api/v1/status", 400, "unsupported path requested", NULL});
    PROBES(false,
           "FAIL VictoriaLogs takes pushes of Loki below /insert: write url: \"http://x/insert\"",
           {"/", 200, "<h2>Single-node VictoriaLogs</h2></br>", NULL},
           PUSH(400, "unsupported path requested: \"/loki/api/v1/push\""));
    set_output(OUTPUT_ELASTIC);
    const struct reply root = {"/", 200, "{\n\"version\": {\n\"number\": \"8.9.0\"}}", ES};
    PROBES(false, "FAIL it does not take POST /_bulk", root,
           {"/_bulk", 400, "unsupported path requested", ES});
    PROBES(false,
           "ok something like Elasticsearch 8.9.0, data stream logs-sluice-default | it is neither "
           "Elasticsearch nor OpenSearch; its _bulk is used as if it were",
           root, {"/_bulk", 200, "{\"took\":0,\"errors\":false,\"items\":[]}", ES},
           {"/_index_template", 200, "{}", ES});
}

#define ROOT(version)                                                                   \
    {                                                                                   \
        "/", 200,                                                                       \
            "{\"name\":\"a\",\"cluster_name\":\"c\",\"version\":{\"number\":\"" version \
            "\",\"build_flavor\":\"default\"},\"tagline\":\"You Know, for Search\"}",   \
            ES                                                                          \
    }
#define MAY(create, make)                                                                       \
    {                                                                                           \
        "/_security", 200,                                                                      \
            "{\"username\":\"u\",\"has_all_requested\":" make ",\"cluster\":{},\"index\":{"     \
            "\"logs-sluice-default\":{\"create_doc\":" create ",\"auto_configure\":" make "}}," \
            "\"application\":{}}",                                                              \
            ES                                                                                  \
    }
#define SIMULATES(fields)                                                                        \
    {                                                                                            \
        "/_index_template/_simulate_index/logs-sluice-default", 200,                             \
            "{\"template\":{\"settings\":{\"index\":{\"mode\":\"logsdb\"}},\"mappings\":{"       \
            "\"date_detection\":false,\"properties\":{\"@timestamp\":{\"type\":\"date\"}" fields \
            "}},\"aliases\":{}},\"overlapping\":[]}",                                            \
            ES                                                                                   \
    }
#define TEMPLATES(items)                                                  \
    {                                                                     \
        "/_index_template?", 200, "{\"index_templates\":[" items "]}", ES \
    }
#define BUILT_IN                                                                                 \
    "{\"name\":\"logs\",\"index_template\":{\"index_patterns\":[\"logs-*-*\"],\"priority\":100," \
    "\"data_stream\":{\"hidden\":false}}}"
#define HINT                                                                                     \
    " | `fields` is not mapped as flattened: each name in it becomes a field of its own; for a " \
    "new "                                                                                       \
    "data stream, make: |   PUT /_component_template/logs@custom {\"template\":{\"mappings\":{"  \
    "\"properties\":{\"fields\":{\"type\":\"flattened\",\"ignore_above\":8191}}}}}"

TEST(probe_of_elasticsearch_tells_privileges_and_mapping)
{
    set_output(OUTPUT_ELASTIC);
    PROBES(true,
           "ok Elasticsearch 9.2.0, data stream logs-sluice-default, privileges: create_doc and "
           "auto_configure" HINT,
           ROOT("9.2.0"), MAY("true", "true"), TEMPLATES(BUILT_IN), SIMULATES(""));
    PROBES(false, "ok Elasticsearch 8.19.0, data stream logs-sluice-default, fields is flattened",
           ROOT("8.19.0"), {"/_security", 400, "no handler found for uri", ES},
           {"/_data_stream/", 200, "{\"data_streams\":[{\"name\":\"logs-sluice-default\"}]}", ES},
           {"/logs-sluice-default/_mapping", 200,
            "{\".ds-a-1\":{\"mappings\":{\"properties\":{\"fields\":{\"properties\":{}}}}},"
            "\".ds-a-2\":{\"mappings\":{\"properties\":{\"fields\":{\"type\":\"flattened\"}}}}}",
            ES});
    PROBES(true,
           "ok Elasticsearch, version not told to this login, data stream logs-sluice-default, "
           "privileges: create_doc | if logs-sluice-default does not exist yet, the login needs "
           "auto_configure to make it",
           {"/", 403, "{\"error\":{}}", ES}, MAY("true", "false"),
           {"/_data_stream/", 403, "{}", ES}, {"/_index_template", 403, "{}", ES});
    output.fields = OUTPUT_FIELDS_EXPAND;
    PROBES(true,
           "ok Elasticsearch 9.2.0, data stream logs-sluice-default, privileges: create_doc and "
           "auto_configure",
           ROOT("9.2.0"), MAY("true", "true"), TEMPLATES(BUILT_IN), SIMULATES(""));
}

TEST(probe_of_elasticsearch_fails_with_what_to_do)
{
    set_output(OUTPUT_ELASTIC);
    PROBES(false,
           "FAIL it wants a login (401): api_key_file, token_file, or user and password_file",
           {"/", 401, "{\"error\":\"missing authentication credentials\"}", ES});
    PROBES(false, "FAIL Elasticsearch 7.8.1 has no data streams: 7.9 is the first",
           {"/", 200, "{\"version\":{\"number\":\"7.8.1\"},\"tagline\":\"You Know, for Search\"}",
            NULL});
    PROBES(true,
           "FAIL the login may not write to logs-sluice-default: it needs the privilege create_doc "
           "there",
           ROOT("9.2.0"), MAY("false", "false"));
    PROBES(true,
           "FAIL logs-sluice-default does not exist, and the login may not make it: it needs "
           "auto_configure there too",
           ROOT("9.2.0"), MAY("true", "false"));
    PROBES(false, "FAIL answers 200 and is no Elasticsearch or OpenSearch: is the url right?",
           {"/", 200, "<html>nginx</html>", NULL});
    PROBES(false, "FAIL answers 404 and is no Elasticsearch or OpenSearch: is the url right?",
           {"/x", 200, "", NULL});
}

#define OPEN(version)                                                               \
    {                                                                               \
        "/", 200,                                                                   \
            "{\"version\":{\"distribution\":\"opensearch\",\"number\":\"" version   \
            "\"},\"tagline\":\"The OpenSearch Project: https://opensearch.org/\"}", \
            NULL                                                                    \
    }

TEST(probe_of_opensearch_wants_a_template)
{
    set_output(OUTPUT_ELASTIC);
    output.fields = OUTPUT_FIELDS_NONE;
#define WANTS                                                                                 \
    "ok OpenSearch 2.19.0, data stream logs-sluice-default | no index template makes a data " \
    "stream of "                                                                              \
    "logs-sluice-default, so it would become a plain index: PUT /_index_template/sluice "     \
    "{\"index_patterns\":[\"logs-sluice-default\"],\"data_stream\":{},\"priority\":200}"
    PROBES(true, WANTS, OPEN("2.19.0"),
           {"/_index_template?", 200, "{\"index_templates\":[]}", NULL});
    /* A plain template of a higher priority wins over the one with data streams. */
    PROBES(
        true, WANTS, OPEN("2.19.0"),
        TEMPLATES(BUILT_IN
                  ",{\"name\":\"x\",\"index_template\":{\"index_patterns\":[\"b*\",\"*default\"],"
                  "\"priority\":101}}"));
    output.fields = OUTPUT_FIELDS_FLATTENED;
    PROBES(true, "ok OpenSearch 3.1.0, data stream logs-sluice-default, fields is flat_object",
           OPEN("3.1.0"),
           TEMPLATES(BUILT_IN ",{\"name\":\"x\",\"index_template\":{\"index_patterns\":"
                              "[\"logs-*-x*\"],\"priority\":900}}"),
           SIMULATES(",\"fields\":{\"type\":\"flat_object\"}"));
    PROBES(true,
           "ok OpenSearch 3.1.0, data stream logs-sluice-default | `fields` is not mapped as "
           "flat_object: each "
           "name in it becomes a field of its own; its index template should say: |   "
           "{\"mappings\":{\"properties\":{\"fields\":{\"type\":\"flat_object\"}}}}",
           OPEN("3.1.0"), TEMPLATES(BUILT_IN), SIMULATES(""));
    PROBES(false,
           "ok something like Elasticsearch 8.0.0, data stream logs-sluice-default | it is neither "
           "Elasticsearch nor OpenSearch; its _bulk is used as if it were",
           {"/", 200, "{\"version\":{\"number\":\"8.0.0\"},\"tagline\":\"x\"}", NULL},
           {"/_bulk", 400, "{\"error\":\"body is empty\"}", NULL});
}

TEST(probe_of_a_collector_says_hello)
{
    set_output(OUTPUT_COLLECTOR);
    PROBES(
        true, "ok Sluice 0.1.0, takes blocks",
        {"/api/v1/hello", 200,
         "{\"version\":\"0.1.0\",\"block_versions\":[2, 1],\"time_us\":1,\"origin\":{\"last\":0}}",
         NULL});
    PROBES(true, "FAIL Sluice 9.0.0 does not take blocks of version 1: update it",
           {"/api/v1/hello", 200, "{\"version\":\"9.0.0\",\"block_versions\":[2]}", NULL});
    PROBES(true,
           "FAIL the token is not known there, or not for writing (403): make one with `sluice "
           "token write`",
           {"/api/v1/hello", 403, "", NULL});
    PROBES(false, "FAIL it wants a login (401): token_file", {"/api/v1/hello", 401, "", NULL});
    PROBES(false, "FAIL answers 404 and is no Sluice collector: is the url right?",
           {"/x", 404, "", NULL});
    set_output(OUTPUT_STDOUT);
    PROBES(false, "ok standard output", {"/x", 404, "", NULL});
}
