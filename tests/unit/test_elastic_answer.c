/* What formats/push/elastic.h makes of answers, as Elasticsearch 7 to 9, OpenSearch and others give them. */
#include "base/mem.h"
#include "formats/push/elastic.h"
#include "tests/test.h"
#include "tests/unit/push_helper.h"

enum { ROWS = 4 };

/* Four rows, of which the second and fourth have fields. */
struct posted {
    struct made_block block;
    struct push_format *f;
    struct buf body;
    uint8_t fates[ROWS];
    struct push_answer answer;
};

static void post_rows(struct posted *p, const uint32_t *rows, size_t n)
{
    buf_reset(&p->body);
    CHECK_INT(put_unpacked(p->f, rows, n, ELASTIC_BODY_MAX, &p->body), n);
    p->answer = (struct push_answer){.fates = p->fates, .n = n};
}

static void open_posted(struct posted *p)
{
    struct err err;
    static const char *const lines[ROWS] = {"text", "{\"a\":1}", "text", "{\"a\":{\"b\":1}}"};
    static const uint32_t all[ROWS] = {0, 1, 2, 3};
    const struct elastic_options options = {.data_stream = STR("logs-x-y")};
    for (size_t i = 0; i < ROWS; i++) {
        const struct record record = {.event_ns = 1, .line = str_from(lines[i])};
        made_block_add(&p->block, NULL, NULL, &record);
    }
    made_block_open(&p->block);
    REQUIRE_OK(elastic_open(&p->f, &options, &err));
    p->f->kind->begin(p->f, &p->block.push);
    post_rows(p, all, ROWS);
}

static void close_posted(struct posted *p)
{
    push_format_close(&p->f);
    made_block_free(&p->block);
    buf_free(&p->body);
}

static void read_answer(struct posted *p, unsigned status, struct str body)
{
    /* nothing may be read behind it */
    char *copy = mem_alloc_raw(body.len + 1);
    memcpy(copy, body.ptr, body.len);
    copy = mem_resize_raw(copy, max_of(body.len, (size_t)1));
    const struct push_reply reply = {status, str_of(copy, body.len)};
    p->answer = (struct push_answer){.fates = p->fates, .n = p->answer.n};
    memset(p->fates, 99, sizeof p->fates);
    p->f->kind->read(p->f, &reply, &p->answer);
    mem_free(&copy);
}

/* One letter a row: taken, again, rejected. */
static void check_fates(struct posted *p, const char *expected)
{
    CHECK_INT(p->answer.verdict, PUSH_READ);
    CHECK_INT(p->answer.n, strlen(expected));
    for (size_t i = 0; i < p->answer.n && p->answer.verdict == PUSH_READ; i++)
        if (p->fates[i] > PUSH_REJECTED || "tar"[p->fates[i]] != expected[i])
            test_fail(__FILE__, __LINE__, "row %zu: %d is not '%c'", i, p->fates[i], expected[i]);
}

#define POSTED                                 \
    defer(close_posted) struct posted p = {0}; \
    open_posted(&p)

#define ITEM(status) "{\"create\":{\"status\":" status "}}"
#define ERROR(status, type, reason)                                                            \
    "{\"create\":{\"status\":" status ",\"error\":{\"type\":\"" type "\",\"reason\":\"" reason \
    "\"}}}"
#define MAPPING                                                                               \
    ERROR("400", "document_parsing_exception",                                                \
          "[1:300] failed to parse field [fields.a] of type [long] in document with id 'x'. " \
          "Preview of field's value: 'secret'")

TEST(elastic_answer_all_taken)
{
    POSTED;
    read_answer(&p, 200,
                STR("{\"errors\":false,\"items\":[" ITEM("201") "," ITEM("201") "," ITEM(
                    "200") "," ITEM("201") "]}"));
    check_fates(&p, "tttt");
    CHECK_INT(p.answer.n_rejects, 0);
    CHECK_STR(str_from(p.answer.detail), STR(""));
    read_answer(&p, 200, STR("{\"errors\":false}"));
    check_fates(&p, "tttt");
    /* whole, with blanks, and what filter_path leaves out elsewhere: VictoriaLogs, Fluent Bit */
    read_answer(&p, 200,
                STR(" {\"took\" : 3, \"errors\": false, \"items\": [\n"
                    "{\"create\":{\"_index\":\"x\",\"_id\":\"a]}\",\"_shards\":{\"total\":2},"
                    "\"status\":201}} , " ITEM("201") ",{\"create\":{\"status\":201,\"result\":"
                                                      "\"created\"}}," ITEM("201") "\n] }\n"));
    check_fates(&p, "tttt");
}

TEST(elastic_answer_with_partial_failures)
{
    POSTED;
    read_answer(&p, 200,
                STR("{\"errors\":true,\"items\":[" ITEM("201") "," MAPPING "," MAPPING "," ERROR(
                    "409", "version_conflict_engine_exception",
                    "[x]: version conflict, document already exists (current version [1])") "]}"));
    check_fates(&p, "tart");
    CHECK(!p.answer.is_pressed);
    CHECK_INT(p.answer.n_rejects, 1);
    CHECK_STR(str_from(p.answer.rejects[0].reason), STR("mapping"));
    CHECK_INT(p.answer.rejects[0].rows, 1);
    CHECK_STR(str_from(p.answer.detail),
              STR("document_parsing_exception: [1:300] failed to parse field [fields.a] of type "
                  "[long] in document with id 'x'."));
    /* the second goes again, now without */
    const uint32_t second = 1;
    post_rows(&p, &second, 1);
    CHECK(str_find(buf_str(&p.body), STR("\"fields\":")) == SIZE_MAX);
    CHECK(str_find(buf_str(&p.body), STR("\"message\":\"{\\\"a\\\":1}\"")) != SIZE_MAX);
    read_answer(&p, 200, STR("{\"errors\":true,\"items\":[" MAPPING "]}"));
    check_fates(&p, "r");
    /* and has them in another block */
    p.f->kind->begin(p.f, &p.block.push);
    post_rows(&p, &second, 1);
    CHECK(str_find(buf_str(&p.body), STR("\"fields\":")) != SIZE_MAX);
}

TEST(elastic_answer_by_status_and_type)
{
    static const struct {
        struct str item;
        char first, second; /* without fields, with fields */
        const char *reason;
    } cases[] = {
        {STR_INIT(ERROR("429", "es_rejected_execution_exception",
                        "rejected execution of coordinating operation")),
         'a', 'a', NULL},
        {STR_INIT(ERROR("429", "circuit_breaking_exception", "[parent] Data too large")), 'a', 'a',
         NULL},
        {STR_INIT(ERROR("429", "cluster_block_exception",
                        "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded]")),
         'a', 'a', NULL},
        {STR_INIT(ERROR("403", "cluster_block_exception",
                        "index [x] blocked by: [FORBIDDEN/8/index write (api)];")),
         'a', 'a', NULL},
        {STR_INIT(ERROR("400", "index_closed_exception", "closed")), 'a', 'a', NULL},
        {STR_INIT(ERROR("404", "index_not_found_exception",
                        "no such index [x] and [action.auto_create_index] is [false]")),
         'a', 'a', NULL},
        {STR_INIT(ERROR("403", "security_exception",
                        "action [indices:data/write/bulk[s]] is unauthorized")),
         'a', 'a', NULL},
        {STR_INIT(ERROR("400", "validation_exception",
                        "Validation Failed: 1: this action would add [2] shards, but this cluster "
                        "currently has [1000]/[1000] maximum normal shards open;")),
         'a', 'a', NULL},
        {STR_INIT(ERROR("400", "illegal_argument_exception",
                        "Validation Failed: 1: this action would add [2] total shards, but this "
                        "cluster currently has [1000]/[1000] maximum shards open;")),
         'a', 'a', NULL},
        {STR_INIT(
             ERROR("400", "illegal_argument_exception", "pipeline with id [shop] does not exist")),
         'a', 'a', NULL},
        {STR_INIT(ERROR("503", "unavailable_shards_exception",
                        "[x][0] primary shard is not active Timeout: [1m]")),
         'a', 'a', NULL},
        {STR_INIT(ERROR("500", "node_closed_exception", "node closed")), 'a', 'a', NULL},
        {STR_INIT(ERROR("400", "mapper_parsing_exception", "failed to parse")), 'r', 'a',
         "mapping"},
        {STR_INIT(ERROR("400", "illegal_argument_exception",
                        "Limit of total fields [1000] has been exceeded while adding new fields")),
         'r', 'a', "mapping"},
        {STR_INIT(ERROR("400", "strict_dynamic_mapping_exception", "[1:2] strict")), 'r', 'a',
         "mapping"},
        {STR_INIT(ERROR("400", "illegal_argument_exception",
                        "Document contains at least one immense term in field=\\\"x\\\" (whose "
                        "UTF8 encoding is longer than the max length 32766). The prefix of the "
                        "first immense term is: '[115, 101]'")),
         'r', 'a', "too_long"},
        {STR_INIT(ERROR("400", "fail_processor_exception", "no")), 'r', 'a', "pipeline"},
        {STR_INIT(ERROR("413", "something_else", "no")), 'r', 'a', "other"},
        {STR_INIT("{\"create\":{\"status\":400,\"error\":\"RemoteTransportException[x]\"}}"), 'r',
         'a', "other"},
        {STR_INIT("{\"create\":{\"status\":201,\"failure_store\":\"used\"}}"), 't', 'a', NULL},
        {STR_INIT("{\"create\":{\"status\":400,\"failure_store\":\"failed\"}}"), 'r', 'a', "other"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        POSTED;
        defer(buf_free) struct buf body = {0};
        const char expected[] = {cases[i].first, cases[i].second, cases[i].first, 't', 0};
        buf_print(&body, "{\"errors\":true,\"items\":[%.*s,%.*s,%.*s," ITEM("201") "]}",
                  STR_ARG(cases[i].item), STR_ARG(cases[i].item), STR_ARG(cases[i].item));
        read_answer(&p, 200, buf_str(&body));
        check_fates(&p, expected);
        CHECK_INT(p.answer.is_pressed, cases[i].first == 'a');
        CHECK_INT(p.answer.n_rejects, cases[i].reason ? 1 : 0);
        if (cases[i].reason && p.answer.n_rejects == 1) {
            CHECK_STR(str_from(p.answer.rejects[0].reason), str_from(cases[i].reason));
            CHECK_INT(p.answer.rejects[0].rows, 2);
        }
        CHECK(str_find(str_from(p.answer.detail), STR("115")) == SIZE_MAX);
    }
}

TEST(elastic_answer_of_the_whole_request)
{
    static const struct {
        unsigned status;
        struct str body;
        enum push_verdict verdict;
        struct str detail;
    } cases[] = {
        {413, STR_INIT("<html>413 Request Entity Too Large</html>"), PUSH_SMALLER, STR_INIT("")},
        {400,
         STR_INIT("{\"error\":{\"root_cause\":[{\"type\":\"x\",\"reason\":\"y\"}],\"type\":"
                  "\"illegal_argument_exception\",\"reason\":\"The bulk request must be terminated "
                  "by a newline [\\\\n]\"},\"status\":400}"),
         PUSH_SMALLER,
         STR_INIT("illegal_argument_exception: The bulk request must be terminated by a newline "
                  "[\\n]")},
        {400, STR_INIT("no"), PUSH_SMALLER, STR_INIT("")},
        {400, STR_INIT("Client sent an HTTP request to an HTTPS server.\n"), PUSH_RETRY,
         STR_INIT("Client sent an HTTP request to an HTTPS server.")},
        {400, STR_INIT("{\"error\":{\"type\":\"invalid_index_name_exception\"}}"), PUSH_RETRY,
         STR_INIT("invalid_index_name_exception")},
        {401,
         STR_INIT("{\"error\":{\"type\":\"security_exception\",\"reason\":\"missing "
                  "authentication credentials\"},\"status\":401}"),
         PUSH_RETRY, STR_INIT("security_exception: missing authentication credentials")},
        {403, STR_INIT("Forbidden"), PUSH_RETRY, STR_INIT("")},
        {404, STR_INIT(""), PUSH_RETRY, STR_INIT("")},
        {408, STR_INIT(""), PUSH_RETRY, STR_INIT("")},
        {429,
         STR_INIT("{\"error\":{\"type\":\"es_rejected_execution_exception\",\"reason\":\"r\"},"
                  "\"status\":429}"),
         PUSH_RETRY, STR_INIT("es_rejected_execution_exception: r")},
        {500, STR_INIT("{"), PUSH_RETRY, STR_INIT("")},
        {502, STR_INIT("<html>"), PUSH_RETRY, STR_INIT("")},
        {503, STR_INIT("{\"error\":\"no master\"}"), PUSH_RETRY, STR_INIT("no master")},
        {302, STR_INIT(""), PUSH_RETRY, STR_INIT("")},
        {0, STR_INIT(""), PUSH_RETRY, STR_INIT("")},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        POSTED;
        read_answer(&p, cases[i].status, cases[i].body);
        CHECK_INT(p.answer.verdict, cases[i].verdict);
        CHECK_STR(str_from(p.answer.detail), cases[i].detail);
        CHECK_INT(p.answer.n_rejects, 0);
    }
}

/* One that is refused alone is to blame: first for its fields, then as it is. */
TEST(elastic_answer_to_a_single_row)
{
    static const struct {
        unsigned status;
        struct str body;
        const char *reason;
    } cases[] = {
        {413, STR_INIT("<html>"), "too_long"},
        {400, STR_INIT("{\"error\":{\"type\":\"x_content_parse_exception\"}}"), "other"},
        {200, STR_INIT("{\"errors\":true,\"items\":[" MAPPING "]}"), "mapping"},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        POSTED;
        const uint32_t row = 3;
        post_rows(&p, &row, 1);
        read_answer(&p, cases[i].status, cases[i].body);
        CHECK_INT(p.answer.verdict, PUSH_OTHER_FORM);
        CHECK_INT(p.answer.n_rejects, 0);
        post_rows(&p, &row, 1);
        CHECK(str_find(buf_str(&p.body), STR("\"fields\":")) == SIZE_MAX);
        read_answer(&p, cases[i].status, cases[i].body);
        check_fates(&p, "r");
        CHECK_INT(p.answer.n_rejects, 1);
        CHECK_STR(str_from(p.answer.rejects[0].reason), str_from(cases[i].reason));
    }
}

/* All go again, but not as they were: waiting would not help. */
TEST(elastic_answer_that_refuses_all_fields)
{
    POSTED;
    const uint32_t both[] = {1, 3};
    post_rows(&p, both, 2);
    read_answer(&p, 200, STR("{\"errors\":true,\"items\":[" MAPPING "," MAPPING "]}"));
    CHECK_INT(p.answer.verdict, PUSH_OTHER_FORM);
    post_rows(&p, both, 2);
    CHECK(str_find(buf_str(&p.body), STR("\"fields\":")) == SIZE_MAX);
    read_answer(&p, 200, STR("{\"errors\":true,\"items\":[" ITEM("429") "," ITEM("503") "]}"));
    check_fates(&p, "aa");
}

TEST(elastic_answer_that_cannot_be)
{
#define GOOD ITEM("201") "," ITEM("201") "," ITEM("201") "," ITEM("201")
    static const struct str bodies[] = {
        STR_INIT(""),
        STR_INIT("ok"),
        STR_INIT("{}"),
        STR_INIT("[]"),
        STR_INIT("null"),
        STR_INIT("{\"errors\":true}"),
        STR_INIT("{\"errors\":\"false\"}"),
        STR_INIT("{\"errors\":false"),
        STR_INIT("{\"errors\":false} x"),
        STR_INIT("{\"errors\":false,\"items\":[]}"),
        STR_INIT("{\"errors\":false,\"items\":[" ITEM("201") "]}"),
        STR_INIT("{\"errors\":false,\"items\":[" GOOD "," ITEM("201") "]}"),
        STR_INIT("{\"errors\":false,\"items\":[" GOOD ",]}"),
        STR_INIT("{\"errors\":false,\"items\":[" GOOD "]"),
        STR_INIT("{\"errors\":false,\"items\":[" GOOD),
        STR_INIT("{\"items\":[" ITEM("201") ITEM("201") "," ITEM("201") "," ITEM("201") "]}"),
        STR_INIT("{\"items\":[" ITEM("201") "," ITEM("201") "," ITEM("201") ",201]}"),
        STR_INIT("{\"items\":[" ITEM("201") "," ITEM("201") "," ITEM("201") ",{}]}"),
        STR_INIT(
            "{\"items\":[" ITEM("400") "," ITEM("400") "," ITEM("400") "," ITEM("\"201\"") "]}"),
        STR_INIT("{\"items\":[" ITEM("400") "," ITEM("400") "," ITEM("400") "," ITEM("302") "]}"),
        STR_INIT("{\"items\":[" ITEM("400") "," ITEM("400") "," ITEM("400") "," ITEM(
            "99999999999999999999") "]}"),
        STR_INIT("{\"items\":[" GOOD "}}"),
        STR_INIT("{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}},"
                 "{\"create\":{\"status\":201}},{\"create\":{\"status\":201]}]}"),
    };
    for (size_t i = 0; i < countof(bodies); i++) {
        POSTED;
        read_answer(&p, 200, bodies[i]);
        if (p.answer.verdict != PUSH_RETRY)
            test_fail(__FILE__, __LINE__, "%.*s is taken for an answer", STR_ARG(bodies[i]));
        CHECK_INT(p.answer.n_rejects, 0);
        CHECK(p.answer.detail[0] != 0);
        /* and what it said of fields is forgotten */
        const uint32_t second = 1;
        post_rows(&p, &second, 1);
        CHECK(str_find(buf_str(&p.body), STR("\"fields\":")) != SIZE_MAX);
    }
}

/* Of HTTP/1.0, whose end nobody can tell: no part of it is believed. */
TEST(elastic_answer_cut_at_each_byte)
{
    static const struct str whole = STR_INIT(
        "{\"errors\":true,\"items\":[" ITEM("201") "," MAPPING "," MAPPING "," ITEM("429") "]}");
    POSTED;
    for (size_t n = 0; n < whole.len; n++) {
        read_answer(&p, 200, str_slice(whole, 0, n));
        CHECK_INT(p.answer.verdict, PUSH_RETRY);
        CHECK_INT(p.answer.n_rejects, 0);
    }
    read_answer(&p, 200, whole);
    check_fates(&p, "tara");
    CHECK_INT(p.answer.n_rejects, 1);
}

TEST(elastic_answer_with_long_reasons)
{
    POSTED;
    defer(buf_free) struct buf body = {0};
    buf_add(&body, STR("{\"errors\":true,\"items\":["));
    for (int i = 0; i < ROWS; i++) {
        buf_print(&body, "%s{\"create\":{\"status\":400,\"error\":{\"type\":\"", i ? "," : "");
        for (int k = 0; k < 500; k++)
            buf_add(&body, STR("\xc3\xa9"));
        buf_add(&body, STR("\",\"reason\":\""));
        for (int k = 0; k < (i ? 5000 : 900); k++)
            buf_add(&body, STR("\xc3\xa9"));
        buf_add(&body, STR("\"}}}"));
    }
    buf_add(&body, STR("]}"));
    read_answer(&p, 200, buf_str(&body));
    check_fates(&p, "rara");
    CHECK(strlen(p.answer.detail) < PUSH_DETAIL_MAX && is_utf8(str_from(p.answer.detail)));
}

/* Hostile answers cost time linear in their length (push.h, invariant 4). */
TEST(elastic_answer_of_megabytes)
{
    enum { DEEP = 4 << 20 };
    static const char *const pieces[] = {"[", "{\"a\":", "{\"items\":[", "\"\\\"",
                                         "{\"items\":[{\"create\":{"};
    for (size_t i = 0; i < countof(pieces); i++) {
        POSTED;
        defer(buf_free) struct buf body = {.max = DEEP + 64};
        buf_add(&body, STR("{\"items\":["));
        while (body.len < DEEP)
            buf_add(&body, str_from(pieces[i]));
        read_answer(&p, 200, buf_str(&body));
        CHECK_INT(p.answer.verdict, PUSH_RETRY);
    }
}
