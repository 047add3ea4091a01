#include "base/config.h"
#include "base/file.h"
#include "base/mem.h"
#include "tests/test.h"

static struct config config;
static struct warnings warnings;
static struct err err;

static const char *read_text(const char *text)
{
    config_free(&config);
    warnings = (struct warnings){0};
    return config_read(&config, str_from(text), "f.yml", &warnings, &err) ? "" : err.text;
}

/* The text of `outputs`. */
static const char *read_outputs(const char *text)
{
    static char all[2048];
    snprintf(all, sizeof all, "outputs: {%s}", text);
    return read_text(all);
}

#define READ(text, expected)    CHECK_STR(str_from(read_text(text)), STR(expected))
#define OUTPUTS(text, expected) CHECK_STR(str_from(read_outputs(text)), STR(expected))

static struct str shown(struct buf *b)
{
    buf_reset(b);
    config_show(&config, b);
    return buf_str(b);
}

#define SHOWS(b, line)    CHECK(str_find(shown(b), STR("\n" line)) != SIZE_MAX)
#define HOLDS_NO(b, text) CHECK(str_find(shown(b), STR(text)) == SIZE_MAX)

TEST(config_outputs_have_defaults_by_kind)
{
    READ("outputs:\n"
         "  loki-eu: {kind: loki, url: 'https://eu/loki'}\n"
         "  elastic: {url: 'http://es:9200', on_reject: keep, fields: none}\n"
         "  loki: {url: 'http://loki:3100', labels: host, metadata: off, encoding: json}\n"
         "  stdout: {format: raw, when_full: skip, match: 'level=error+'}\n"
         "  far: {kind: collector, url: 'https://c:4100', token_file: /t}\n"
         "  old: off\n",
         "");
    const struct config_other_output *o = config.outputs.items;
    REQUIRE(config.outputs.n == 5 && config.collector.outputs.n == 0);
    CHECK_STR(o[0].name, STR("elastic"));
    CHECK(o[0].kind == OUTPUT_ELASTIC && o[0].keeps_rejects && !o[0].skips);
    CHECK_INT(o[0].fields, OUTPUT_FIELDS_NONE);
    CHECK_STR(o[0].data_stream, STR("logs-sluice-default"));
    CHECK_STR(o[0].text, STR("{url: http://es:9200, on_reject: keep, fields: none}"));
    CHECK(o[1].kind == OUTPUT_COLLECTOR && o[1].token_file.len);
    CHECK(o[2].kind == OUTPUT_LOKI && o[2].labels.n == 1);
    CHECK(o[2].metadata == OUTPUT_METADATA_OFF && o[2].encoding == OUTPUT_ENCODING_JSON);
    CHECK_STR(o[3].name, STR("loki-eu"));
    CHECK_INT(o[3].labels.n, 4);
    CHECK_STR(o[3].labels.items[0], STR("service_name"));
    CHECK(o[3].metadata == OUTPUT_METADATA_AUTO && o[3].encoding == OUTPUT_ENCODING_PROTOBUF);
    CHECK(!o[3].keeps_rejects && o[3].match.len == 0 && !o[3].api_key_variable);
    CHECK(o[4].form == OUTPUT_FORM_RAW && o[4].skips);
    CHECK_STR(o[4].match, STR("level=error+"));
    CHECK(config.output.on);
    config_free(&config);
}

TEST(config_outputs_of_a_collector)
{
    READ("collector: {outputs: {loki: {url: 'http://l:3100'}, collector: {url: 'http://c:4100'}}}",
         "");
    REQUIRE(config.collector.outputs.n == 2 && config.outputs.n == 0);
    CHECK_INT(config.collector.outputs.items[0].kind, OUTPUT_COLLECTOR);
    READ("collector: {outputs: {loki: {}}}",
         "f.yml:1:29: collector.outputs.loki: needs a url: {url: \"http://host:3100\"}");
    config_free(&config);
}

TEST(config_outputs_are_shown_by_key)
{
    defer(buf_free) struct buf b = {0};
    READ("outputs:\n  eu: {kind: loki, url: 'http://l'}\n  elastic: off\n  stdout: {}\n", "");
    SHOWS(&b, "outputs.eu.kind: loki                                   # f.yml:2\n");
    SHOWS(&b, "outputs.eu.url: http://l                                # f.yml:2\n");
    SHOWS(&b, "outputs.eu.labels: [service_name, host, container, env]    # default\n");
    SHOWS(&b, "outputs.elastic: off                                    # f.yml:3\n");
    SHOWS(&b, "outputs.stdout.format: json                             # default\n");
    HOLDS_NO(&b, "outputs.eu.data_stream");
    HOLDS_NO(&b, "outputs.stdout.url");
    HOLDS_NO(&b, "outputs.stdout.kind");
    HOLDS_NO(&b, "\noutputs.*");
    SHOWS(&b, "collector.outputs.*: {}                                 # default\n");
    config_free(&config);
}

TEST(config_outputs_have_a_kind_and_a_name)
{
    OUTPUTS("lokki: {url: 'http://l'}", "f.yml:1:11: outputs.lokki: has no kind; did you mean "
                                        "'loki'? Or write kind: loki, elastic, "
                                        "collector or stdout");
    OUTPUTS("prod: {url: 'http://l'}", "f.yml:1:11: outputs.prod: has no kind; write it: {kind: "
                                       "loki, ...}, or elastic, collector or "
                                       "stdout");
    OUTPUTS("prod: {kind: lokki}",
            "f.yml:1:24: kind: 'lokki' is not loki, elastic, collector or stdout");
    OUTPUTS("Loki: {url: 'http://l'}", "f.yml:1:11: outputs.Loki: an output's name has lower case "
                                       "letters, digits, - and _, a letter "
                                       "first, and at most 32 of them");
    OUTPUTS(
        "\"*\": {kind: stdout}",
        "f.yml:1:11: outputs.*: an output's name has lower case letters, digits, - and _, a letter "
        "first, and at most 32 of them");
    CHECK(*read_outputs("1a: {kind: stdout}") && *read_outputs("loki.url: 'http://l'"));
    CHECK(*read_outputs("a2345678901234567890123456789012x: {kind: stdout}"));
    OUTPUTS("a234567890123456789012345678901_: {kind: stdout}", "");
    OUTPUTS("loki: 'http://l'", "f.yml:1:17: outputs.loki: expected a map such as {url: "
                                "\"http://loki:3100\"}, or off");
    OUTPUTS("loki: ",
            "f.yml:1:17: outputs.loki: expected a map such as {url: \"http://loki:3100\"}, or "
            "off");
    OUTPUTS("loki: 'off'", "f.yml:1:17: outputs.loki: expected a map such as {url: "
                           "\"http://loki:3100\"}, or off");
    OUTPUTS("collector: off, a: {kind: stdout}, stdout: {}",
            "f.yml:1:46: outputs.stdout: standard output is taken by 'a'");
    defer(buf_free) struct buf many = {0};
    for (int i = 0; i <= OUTPUTS_MAX; i++)
        buf_print(&many, "l%d: {kind: loki, url: 'http://l'}, ", i);
    CHECK(strstr(read_outputs(buf_text(&many)), "outputs.*: more than 16 outputs"));
    config_free(&config);
}

TEST(config_outputs_take_keys_of_their_kind)
{
    OUTPUTS("elastic: {url: 'http://e', labels: [host]}",
            "f.yml:1:38: outputs.elastic: 'labels' is a key of loki; this is one of kind elastic");
    OUTPUTS("stdout: {url: 'http://e'}", "f.yml:1:20: outputs.stdout: 'url' is a key of loki, "
                                         "elastic, collector; this is one of kind "
                                         "stdout");
    OUTPUTS(
        "far: {kind: collector, url: 'http://c', user: me}",
        "f.yml:1:51: outputs.far: 'user' is a key of loki, elastic; this is one of kind collector");
    OUTPUTS("loki: {url: 'http://l', tenat: a}",
            "f.yml:1:35: unknown key 'tenat'; did you mean 'tenant'?");
    OUTPUTS("loki: {url: 'http://l', metadata: on}",
            "f.yml:1:45: metadata: 'on' is not auto or off");
    config_free(&config);
}

TEST(config_outputs_check_what_belongs_together)
{
    OUTPUTS("elastic: {user: a}",
            "f.yml:1:20: outputs.elastic: needs a url: {url: \"http://host:9200\"}");
    OUTPUTS("loki: {url: 'loki:3100'}",
            "f.yml:1:23: outputs.loki: url: loki:3100 is not an address; write http://host:3100, "
            "https://host or unix:///path");
    OUTPUTS("loki: {url: 'http://me:pw@l/x'}",
            "f.yml:1:23: outputs.loki: url: a password in it would be "
            "shown; write user and password_file");
    OUTPUTS("loki: {url: 'http://l:3100/loki/api/v1/push'}",
            "f.yml:1:23: outputs.loki: url: write it without /loki/api/v1/push, which is added");
    OUTPUTS("elastic: {url: 'http://e/?x=1'}",
            "f.yml:1:26: outputs.elastic: url: \"http://e/?x=1\" "
            "holds ?, # or a blank; a path is added to it");
    OUTPUTS("loki: {url: 'http://l', user: me}",
            "f.yml:1:41: outputs.loki: user needs password_file beside it");
    OUTPUTS("loki: {url: 'http://l', password_file: /p}",
            "f.yml:1:50: outputs.loki: password_file needs user beside it");
    OUTPUTS("loki: {url: 'https://l', key_file: /k}",
            "f.yml:1:46: outputs.loki: key_file needs cert_file beside it");
    OUTPUTS("loki: {url: 'http://l', user: 'a:b', password_file: /p}",
            "f.yml:1:41: outputs.loki: user: holds a colon");
    OUTPUTS("loki: {url: 'http://l', token_file: /t, user: me, password_file: /p}",
            "f.yml:1:17: outputs.loki: both token_file and user; there is one way to log in");
    config_free(&config);
}

TEST(config_outputs_do_not_quote_what_came_from_a_file)
{
    char text[512], path[256];
    snprintf(path, sizeof path, "%s/secret", test_folder());
    REQUIRE_OK(file_replace(path, STR("s3cret"), 0600, &err));
    snprintf(text, sizeof text, "loki: {url: \"${file:%s}\"}", path);
    OUTPUTS(text, "f.yml:1:23: outputs.loki: url: *** is not an address; write http://host:3100, "
                  "https://host or unix:///path");
    config_free(&config);
}

TEST(config_outputs_from_the_environment)
{
    defer(buf_free) struct buf b = {0};
    setenv("SLUICE_LOKI_URL", "http://l:3100", 1);
    setenv("SLUICE_ELASTIC_URL", "http://e:9200", 1);
    setenv("SLUICE_ELASTIC_API_KEY_FILE", "/never/read", 1);
    READ("outputs: {loki: off, elastic: {data_stream: logs-a-b}}", "");
    REQUIRE(config.outputs.n == 2);
    CHECK_STR(config.outputs.items[0].url, STR("http://e:9200"));
    CHECK_STR(config.outputs.items[0].data_stream, STR("logs-a-b"));
    CHECK_STR(config.outputs.items[0].api_key_file, STR("/never/read"));
    CHECK_STR(config.outputs.items[1].url, STR("http://l:3100"));
    SHOWS(&b, "outputs.loki.url: http://l:3100                         # SLUICE_LOKI_URL\n");
    setenv("SLUICE_ELASTIC_API_KEY", "c2VjcmV0", 1);
    READ("collector: {outputs: {elastic: {url: 'http://e'}}}", "");
    SHOWS(&b, "outputs.elastic.api_key: ***                            # SLUICE_ELASTIC_API_KEY\n");
    HOLDS_NO(&b, "c2VjcmV0");
    CHECK(!config.collector.outputs.items[0].api_key_variable);
    CHECK_STR(str_from(config.outputs.items[0].api_key_variable), STR("SLUICE_ELASTIC_API_KEY"));
    CHECK_INT(config.outputs.items[0].api_key_file.len, 0);
    READ("outputs: {elastic: {user: a, password_file: /p}}",
         "f.yml:1:20: outputs.elastic: both user and SLUICE_ELASTIC_API_KEY; there is one way to "
         "log in");
    config_free(&config);
}
