/* formats/push/elastic.h: documents, by its invariants. Answers are in test_elastic_answer.c. */
#include "formats/push/elastic.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/block/builder.h"
#include "formats/line/flatten.h"
#include "formats/line/level.h"
#include "tests/test.h"
#include "tests/unit/push_helper.h"

enum { ROOM = 8192, TIME_S = 1795166521, ROWS = 300, LONG_LINE = RECORD_LINE_MAX };

static struct push_format *open_format(enum elastic_fields fields)
{
    struct err err;
    struct push_format *f = NULL;
    const struct elastic_options options = {STR("logs-sluice-default"), fields};
    REQUIRE_OK(elastic_open(&f, &options, &err));
    return f;
}

/* A document, read again. */
struct document {
    struct field room[ROOM];
    struct fields fields;
    struct buf text;
};

static void read_document(struct document *d, struct str json)
{
    struct flatten_result result;
    d->fields = (struct fields){.items = d->room, .max = ROOM};
    CHECK(is_utf8(json));
    REQUIRE(flatten_json(json, 0, &d->fields, &result) && result.is_whole);
}

/* Empty: it is not there. */
static struct str text_at(struct document *d, const char *path)
{
    const struct field *f = fields_find(&d->fields, str_from(path));
    return f ? field_text(f, &d->text) : STR("");
}

static bool is_there(struct document *d, const char *path)
{
    return fields_find(&d->fields, str_from(path)) != NULL;
}

/* Stands in the object "fields", and not in a text there that is JSON itself. */
static bool is_of_fields(const struct document *d, size_t i)
{
    uint32_t at = (uint32_t)i;
    while (d->fields.items[at].parent != FIELD_TOP) {
        at = d->fields.items[at].parent;
        if (d->fields.items[at].kind == FIELD_STRING)
            return false;
    }
    return str_equal(d->fields.items[at].name, STR("fields"));
}

/* The document of a block's row, and the action in front of it. */
static void document_of(const struct push_block *block, enum elastic_fields fields, uint32_t row,
                        struct document *d, struct document *action, struct buf *body)
{
    struct push_format *f = open_format(fields);
    f->kind->begin(f, block);
    CHECK_INT(put_unpacked(f, &row, 1, f->body_max, body), 1);
    struct str rest = buf_str(body), first, second;
    REQUIRE(take_until(&rest, '\n', &first) && take_until(&rest, '\n', &second));
    CHECK_INT(rest.len, 0);
    read_document(action, first);
    read_document(d, second);
    push_format_close(&f);
}

/* A record with this line and nothing else. */
static void line_document(struct str line, enum elastic_fields fields, struct document *d,
                          struct buf *body)
{
    defer(made_block_free) struct made_block m = {0};
    const struct record record = {.event_ns = TIME_S * NS_PER_S, .line = line};
    static struct document action;
    made_block_add(&m, NULL, NULL, &record);
    made_block_open(&m);
    document_of(&m.push, fields, 0, d, &action, body);
    buf_free(&action.text);
}

#define LINE_DOCUMENT(line, fields)                      \
    defer(buf_free) struct buf body = {.max = 64 << 20}; \
    static struct document d;                            \
    line_document(line, fields, &d, &body)

TEST(elastic_documents_have_the_names_of_ecs)
{
    defer(made_block_free) struct made_block m = {0};
    defer(buf_free) struct buf body = {0};
    static struct document d, action;
    static const struct label labels[] = {
        {STR_INIT("app.kubernetes.io"), STR_INIT("shop")},
        {STR_INIT("container"), STR_INIT("api-1")},
        {STR_INIT("env"), STR_INIT("prod")},
        {STR_INIT("file"), STR_INIT("/var/log/api \"x\".log")},
        {STR_INIT("host"), STR_INIT("web-1")},
        {STR_INIT("namespace"), STR_INIT("shop")},
        {STR_INIT("node"), STR_INIT("node-3")},
        {STR_INIT("pod"), STR_INIT("api-7c9f-x2")},
        {STR_INIT("project"), STR_INIT("store")},
        {STR_INIT("service"), STR_INIT("api")},
        {STR_INIT("stream"), STR_INIT("stderr")},
        {STR_INIT("unit"), STR_INIT("api.service")},
    };
    static const struct label data[] = {{STR_INIT("container_id"), STR_INIT("4f1c")},
                                        {STR_INIT("image"), STR_INIT("shop/api:3")},
                                        {STR_INIT("pod_uid"), STR_INIT("u-1")}};
    const struct labels stream = {(struct label *)labels, countof(labels)},
                        besides = {(struct label *)data, countof(data)};
    const struct record record = {.event_ns = TIME_S * NS_PER_S + 123456789,
                                  .level = LEVEL_ERROR,
                                  .id_kind = ID_EXACT,
                                  .id = STR("4bf92f3577b34da6a3ce929d0e0e4736"),
                                  .line = STR("card \"declined\"\n\tat x")};
    made_block_add(&m, &stream, &besides, &record);
    made_block_open(&m);
    document_of(&m.push, ELASTIC_FLATTENED, 0, &d, &action, &body);
    static const char *const expected[][2] = {
        {"[\"@timestamp\"]", NULL},
        {"@timestamp", "2026-11-20T09:22:01.123456789Z"},
        {"message", "card \"declined\"\n\tat x"},
        {"log.level", "error"},
        {"log.file.path", "/var/log/api \"x\".log"},
        {"service.name", "api"},
        {"service.environment", "prod"},
        {"host.name", "web-1"},
        {"container.id", "4f1c"},
        {"container.name", "api-1"},
        {"container.image.name", "shop/api:3"},
        {"kubernetes.namespace", "shop"},
        {"kubernetes.node.name", "node-3"},
        {"kubernetes.pod.name", "api-7c9f-x2"},
        {"kubernetes.pod.uid", "u-1"},
        {"systemd.unit", "api.service"},
        {"stream", "stderr"},
        {"http.request.id", "4bf92f3577b34da6a3ce929d0e0e4736"},
        {"trace.id", "4bf92f3577b34da6a3ce929d0e0e4736"},
        {"event.sequence", "458752"}, /* block 7, row 0 */
        {"labels.project", "store"},
        {"labels.app_kubernetes_io", "shop"},
    };
    for (size_t i = 0; i < countof(expected); i++)
        if (expected[i][1])
            CHECK_STR(text_at(&d, expected[i][0]), str_from(expected[i][1]));
    CHECK(!is_there(&d, "tags") && !is_there(&d, "fields"));
    CHECK_STR(text_at(&action, "create._index"), STR("logs-sluice-default"));
    CHECK_INT(text_at(&action, "create._id").len, 22);
    buf_free(&d.text);
    buf_free(&action.text);
}

TEST(elastic_attached_fields_and_marks_are_labels)
{
    defer(made_block_free) struct made_block m = {0};
    defer(buf_free) struct buf attached = {0};
    static const struct label items[] = {{STR_INIT("host"), STR_INIT("edge-2")},
                                         {STR_INIT("order.id"), STR_INIT("17")},
                                         {STR_INIT("order_id"), STR_INIT("18")},
                                         {STR_INIT("part"), STR_INIT("mine")},
                                         {STR_INIT("span_id"), STR_INIT("00f067aa0ba902b7")}};
    static const struct label own[] = {{STR_INIT("host"), STR_INIT("web-1")}};
    const struct labels fields = {(struct label *)items, countof(items)},
                        labels = {(struct label *)own, 1};
    put_labels(&attached, &fields);
    const struct record with = {.event_ns = 1,
                                .flags = RECORD_PART_MIDDLE,
                                .id_kind = ID_INHERITED,
                                .id = STR("req-17"),
                                .fields = buf_str(&attached),
                                .line = STR("a=1 b=2")};
    const struct record gap = {
        .event_ns = 2, .flags = RECORD_GAP, .line = STR("3 lines are missing here")};
    made_block_add(&m, &labels, NULL, &with);
    made_block_add(&m, NULL, NULL, &gap);
    made_block_open(&m);
    for (uint32_t row = 0; row < 2; row++) {
        defer(buf_free) struct buf body = {0};
        static struct document d, action;
        document_of(&m.push, ELASTIC_FLATTENED, row, &d, &action, &body);
        CHECK(!is_there(&d, "fields")); /* a part of a line is no line */
        CHECK_STR(text_at(&d, "tags[0]"), row == 1 ? STR("gap") : STR(""));
        CHECK_STR(text_at(&d, "host.name"), row == 1 ? STR("web-1") : STR("edge-2"));
        CHECK_STR(text_at(&d, "labels.part"), row == 1 ? STR("") : STR("middle"));
        if (row == 0) {
            CHECK_STR(text_at(&d, "labels.host"), STR("web-1"));
            CHECK_STR(text_at(&d, "labels.order_id"), STR("17"));
            CHECK_STR(text_at(&d, "labels.order_id_"), STR("18"));
            CHECK_STR(text_at(&d, "labels.part_"), STR("mine"));
            CHECK_STR(text_at(&d, "labels.request_id_kind"), STR("inherited"));
            CHECK_STR(text_at(&d, "http.request.id"), STR("req-17"));
            CHECK_STR(text_at(&d, "span.id"), STR("00f067aa0ba902b7"));
            CHECK(!is_there(&d, "trace"));
        } else {
            CHECK(!is_there(&d, "labels"));
        }
        buf_free(&d.text);
        buf_free(&action.text);
    }
}

TEST(elastic_lines_that_are_no_utf8_keep_their_bytes)
{
    static const struct str line = STR_INIT("caf\xe9 \xf0\x9f\x98\x80\xed\xa0\x80 \x01\xff");
    LINE_DOCUMENT(line, ELASTIC_FLATTENED);
    char bytes[64];
    CHECK_STR(text_at(&d, "message"),
              STR("caf\xef\xbf\xbd \xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd "
                  "\x01\xef\xbf\xbd"));
    size_t n = decode_base64(text_at(&d, "labels.line_base64"), bytes, sizeof bytes);
    REQUIRE(n != SIZE_MAX);
    CHECK_STR(str_of(bytes, n), line);
    buf_free(&d.text);
}

TEST(elastic_fields_flattened_are_texts)
{
    LINE_DOCUMENT(STR("{\"n\":17,\"ok\":true,\"none\":null,\"req\":{\"id\":\"a\\u0062\",\"h\":{}},"
                      "\"tags\":[\"x\",2,[\"y\"]],\"list\":[{\"a\":1},{\"a\":2}],\"n\":18,"
                      "\"inner\":\"{\\\"k\\\":1}\",\"\":1,\"a..b\":1,\"\\u006eew\":1,\"new\":2,"
                      "\"message\":\"m\"}"),
                  ELASTIC_FLATTENED);
    static const char *const expected[][2] = {
        {"fields.n", "18"},           {"fields.ok", "true"},   {"fields.req.id", "ab"},
        {"fields.tags[0]", "x"},      {"fields.tags[1]", "2"}, {"fields.tags[2][0]", "y"},
        {"fields.list[1].a", "2"},    {"fields.new", "2"},     {"fields.message", "m"},
        {"fields.inner", "{\"k\":1}"}};
    for (size_t i = 0; i < countof(expected); i++)
        CHECK_STR(text_at(&d, expected[i][0]), str_from(expected[i][1]));
    for (size_t i = 0; i < d.fields.n; i++)
        CHECK(!is_of_fields(&d, i) ||
              (d.fields.items[i].kind != FIELD_NULL && d.fields.items[i].kind != FIELD_BOOL));
    CHECK(!is_there(&d, "fields.none") && !is_there(&d, "fields.req.h"));
    CHECK(!is_there(&d, "fields[\"\"]") && !is_there(&d, "fields[\"a..b\"]"));
    size_t n = 0;
    for (size_t i = 0; i < d.fields.n; i++)
        n += is_of_fields(&d, i) && (str_equal(d.fields.items[i].name, STR("n")) ||
                                     str_equal(d.fields.items[i].name, STR("\\u006eew")) ||
                                     str_equal(d.fields.items[i].name, STR("new")));
    CHECK_INT(n, 2); /* no name twice */
    buf_free(&d.text);
}

/* Whole characters stay escaped; half of one, which no writer of JSON takes, is text. */
TEST(elastic_fields_have_whole_characters)
{
    LINE_DOCUMENT(
        STR("{\"whole\":\"\\uD83d\\uDe00\\u0041\",\"high\":\"cut \\ud83d\",\"low\":\"\\uDE00\","
            "\"twice\":\"\\ud83d\\ud83d\\ude00\",\"near\":\"\\ud7ff\\ue000\",\"\\ud83d\":1}"),
        ELASTIC_FLATTENED);
    CHECK_STR(text_at(&d, "fields.whole"), STR("\xf0\x9f\x98\x80"
                                               "A"));
    CHECK_STR(text_at(&d, "fields.high"), STR("cut \\ud83d"));
    CHECK_STR(text_at(&d, "fields.low"), STR("\\uDE00"));
    CHECK_STR(text_at(&d, "fields.twice"), STR("\\ud83d\\ud83d\\ude00"));
    CHECK_STR(text_at(&d, "fields.near"), STR("\xed\x9f\xbf\xee\x80\x80"));
    buf_free(&d.text);
}

TEST(elastic_fields_expanded_stand_beside_ours)
{
    LINE_DOCUMENT(
        STR("{\"level\":30,\"log\":\"x\",\"log.logger\":\"main\",\"log.level\":\"info\","
            "\"@timestamp\":1,\"_id\":\"x\",\"message\":\"m\",\"message.x\":1,\"labels\":1,"
            "\"price\":1.5e3,\"ok\":false,\"user\":{\"id\":7},\"event.dataset\":\"a\"}"),
        ELASTIC_EXPAND);
    static const char *const expected[][2] = {{"level", "30"},
                                              {"[\"log.logger\"]", "main"},
                                              {"price", "1.5e3"},
                                              {"ok", "false"},
                                              {"user.id", "7"},
                                              {"[\"event.dataset\"]", "a"},
                                              {"@timestamp", "2026-11-20T09:22:01.000000000Z"}};
    for (size_t i = 0; i < countof(expected); i++)
        CHECK_STR(text_at(&d, expected[i][0]), str_from(expected[i][1]));
    CHECK_INT(fields_find(&d.fields, STR("price"))->kind, FIELD_NUMBER);
    CHECK(str_starts(text_at(&d, "message"), STR("{\"level\":30")));
    static const char *const absent[] = {"log", "_id", "[\"log.level\"]", "[\"message.x\"]",
                                         "labels"};
    for (size_t i = 0; i < countof(absent); i++)
        CHECK(!is_there(&d, absent[i]));
    buf_free(&d.text);
}

TEST(elastic_fields_of_logfmt)
{
    static const struct str line =
        STR_INIT("level=info msg=\"a \\\"b\\\"\" bad=\"a\\qb\" n=007 m=-1.5 up z\\=1 caf\xe9=1");
    for (int i = 0; i < 2; i++) {
        LINE_DOCUMENT(line, i ? ELASTIC_EXPAND : ELASTIC_FLATTENED);
        static const char *const expected[][2] = {{"level", "info"}, {"msg", "a \"b\""},
                                                  {"bad", "a\\qb"},  {"n", "007"},
                                                  {"m", "-1.5"},     {"up", "true"}};
        for (size_t k = 0; k < countof(expected); k++) {
            char path[32];
            snprintf(path, sizeof path, "%s%s", i ? "" : "fields.", expected[k][0]);
            CHECK_STR(text_at(&d, path), str_from(expected[k][1]));
        }
        CHECK_INT(fields_find(&d.fields, i ? STR("m") : STR("fields.m"))->kind,
                  i ? FIELD_NUMBER : FIELD_STRING);
        CHECK_STR(text_at(&d, i ? "[\"z\\\\\"]" : "fields[\"z\\\\\"]"), STR("1"));
        buf_free(&d.text);
    }
}

TEST(elastic_lines_without_fields)
{
    static const struct {
        struct str line;
        enum elastic_fields fields;
    } cases[] = {{STR_INIT("plain text with a=1"), ELASTIC_FLATTENED},
                 {STR_INIT("{\"a\":1}"), ELASTIC_NO_FIELDS},
                 {STR_INIT("{}"), ELASTIC_FLATTENED},
                 {STR_INIT("{\"a\":null}"), ELASTIC_EXPAND},
                 {STR_INIT("[{\"a\":1}]"), ELASTIC_FLATTENED},
                 {STR_INIT(""), ELASTIC_FLATTENED}};
    for (size_t i = 0; i < countof(cases); i++) {
        LINE_DOCUMENT(cases[i].line, cases[i].fields);
        CHECK(!is_there(&d, "fields") && !is_there(&d, "a"));
        CHECK_STR(text_at(&d, "message"), cases[i].line);
        buf_free(&d.text);
    }
}

TEST(elastic_fields_are_bounded)
{
    enum { DEEP = 40, WIDE = 3000, LONG = 9000, DEPTH_OF_MAPPING = 20 };
    defer(buf_free) struct buf line = {0};
    buf_add(&line, STR("{\"long\":\""));
    for (int i = 0; i < LONG; i++)
        buf_add_byte(&line, 'x');
    buf_add(&line, STR("\",\"deep\":"));
    for (int i = 0; i < DEEP; i++)
        buf_add(&line, STR("{\"d\":"));
    buf_add_byte(&line, '1');
    for (int i = 0; i < DEEP; i++)
        buf_add_byte(&line, '}');
    for (int i = 0; i < WIDE; i++)
        buf_print(&line, ",\"k%d\":%d", i, i);
    buf_add_byte(&line, '}');
    LINE_DOCUMENT(buf_str(&line), ELASTIC_FLATTENED);
    CHECK(!is_there(&d, "fields.long"));
    CHECK_STR(text_at(&d, "fields.k7"), STR("7"));
    size_t deepest = 0, n = 0;
    for (size_t i = 0; i < d.fields.n; i++) {
        size_t depth = 0;
        if (!is_of_fields(&d, i))
            continue;
        n++;
        for (uint32_t at = (uint32_t)i; at != FIELD_TOP; at = d.fields.items[at].parent)
            depth++;
        if (d.fields.items[i].kind == FIELD_OBJECT)
            deepest = max_of(deepest, depth);
    }
    CHECK(deepest <= DEPTH_OF_MAPPING);
    CHECK(n > 200 && n < 250);
    buf_free(&d.text);
}

/* ---- bodies ---- */

static void add_rows(struct made_block *m, size_t n)
{
    static const struct label items[] = {{STR_INIT("service"), STR_INIT("api")}};
    const struct labels labels = {(struct label *)items, 1};
    for (size_t i = 0; i < n; i++) {
        char line[64];
        int len = snprintf(line, sizeof line, "{\"n\":%zu}", i);
        const struct record record = {.event_ns = TIME_S * NS_PER_S,
                                      .line = str_of(line, (size_t)len)};
        made_block_add(m, i == 0 ? &labels : NULL, NULL, &record);
    }
}

/* ids[row] of the rows put. */
static void ids_of(const struct push_block *block, const uint32_t *rows, size_t n, size_t max,
                   char ids[][23])
{
    struct push_format *f = open_format(ELASTIC_FLATTENED);
    f->kind->begin(f, block);
    for (size_t done = 0; done < n;) {
        defer(buf_free) struct buf body = {0};
        size_t taken = put_unpacked(f, rows + done, n - done, max, &body);
        REQUIRE(taken > 0);
        CHECK(body.len <= max || taken == 1);
        struct str rest = buf_str(&body), action, document;
        for (size_t i = 0; i < taken; i++, done++) {
            REQUIRE(take_until(&rest, '\n', &action) && take_until(&rest, '\n', &document));
            size_t at = str_find(action, STR("\"_id\":\""));
            REQUIRE(at != SIZE_MAX);
            memcpy(ids[rows[done]], str_slice(action, at + 7, 22).ptr, 22);
        }
        CHECK_INT(rest.len, 0);
    }
    push_format_close(&f);
}

TEST(elastic_ids_are_those_of_the_rows)
{
    static char whole[ROWS][23], parts[ROWS][23], again[ROWS][23];
    uint32_t rows[ROWS];
    defer(made_block_free) struct made_block m = {0};
    add_rows(&m, ROWS);
    made_block_open(&m);
    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = i;
    ids_of(&m.push, rows, ROWS, ELASTIC_BODY_MAX, whole);
    ids_of(&m.push, rows, ROWS, 1, parts);
    CHECK(memcmp(whole, parts, sizeof whole) == 0);
    memset(parts, 0, sizeof parts);
    for (uint32_t i = 0; i < ROWS / 2; i++)
        rows[i] = i * 2;
    ids_of(&m.push, rows, ROWS / 2, 3000, parts);
    for (uint32_t i = 0; i < ROWS / 2; i++)
        CHECK(memcmp(whole[i * 2], parts[i * 2], 23) == 0);
    for (size_t i = 1; i < ROWS; i++)
        CHECK(memcmp(whole[0], whole[i], 22) != 0);
    made_block_restamp(&m, 99, 12345);
    for (uint32_t i = 0; i < ROWS; i++)
        rows[i] = i;
    ids_of(&m.push, rows, ROWS, ELASTIC_BODY_MAX, again);
    CHECK(memcmp(whole, again, sizeof whole) == 0);
}

TEST(elastic_bodies_pass_their_bound_by_one_row_only)
{
    defer(made_block_free) struct made_block m = {0};
    defer(buf_free) struct buf line = {.max = LONG_LINE};
    defer(buf_free) struct buf body = {.max = 64 << 20};
    char *room = buf_reserve(&line, LONG_LINE);
    memset(room, 1, LONG_LINE);
    const struct record big = {.event_ns = 1, .line = str_of(room, LONG_LINE)},
                        small = {.event_ns = 1, .line = STR("x")};
    made_block_add(&m, NULL, NULL, &big);
    made_block_add(&m, NULL, NULL, &small);
    made_block_open(&m);
    const uint32_t rows[] = {0, 1};
    struct push_format *f = open_format(ELASTIC_FLATTENED);
    f->kind->begin(f, &m.push);
    CHECK_INT(put_unpacked(f, rows, 2, ELASTIC_BODY_MAX, &body), 1);
    CHECK(body.len > ELASTIC_BODY_MAX && !body.over);
    CHECK(str_ends(buf_str(&body), STR("}\n")));
    buf_reset(&body);
    CHECK_INT(put_unpacked(f, rows + 1, 1, ELASTIC_BODY_MAX, &body), 1);
    CHECK(body.len < 1000);
    push_format_close(&f);
}

TEST(elastic_names_of_data_streams)
{
    static const struct {
        struct str name;
        bool is_good;
    } cases[] = {{STR_INIT("logs-sluice-default"), true},
                 {STR_INIT("logs-caf\xc3\xa9-x"), true},
                 {STR_INIT(""), false},
                 {STR_INIT("Logs"), false},
                 {STR_INIT("-logs"), false},
                 {STR_INIT(".logs"), false},
                 {STR_INIT("a b"), false},
                 {STR_INIT("a/b"), false},
                 {STR_INIT("a\"b"), false},
                 {STR_INIT("a:b"), false},
                 {STR_INIT("a\nb"), false},
                 {STR_INIT("\xff"), false}};
    for (size_t i = 0; i < countof(cases); i++) {
        struct err err;
        struct push_format *f = NULL;
        const struct elastic_options options = {.data_stream = cases[i].name};
        CHECK(elastic_open(&f, &options, &err) == cases[i].is_good);
        CHECK(cases[i].is_good || err.code == ERR_INPUT);
        push_format_close(&f);
    }
}
