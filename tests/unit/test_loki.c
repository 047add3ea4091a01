/* Invariant numbers are those of formats/push/loki.h, loki_times.h and push.h, as said. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/line/level.h"
#include "tests/test.h"
#include "tests/unit/loki_helper.h"
#include "tests/unit/made_helper.h"

#define T INT64_C(1732094521123456000)

static const struct str two_labels[] = {STR_INIT("service_name"), STR_INIT("host")};

/* A block, and what Loki would have read of the bodies it was put into. */
struct trial {
    struct loki_block b;
    struct push_format *f;
    bool is_json;
    struct loki_seen_list seen;
};

static void trial_close(struct trial **trial)
{
    struct trial *t = *trial;
    loki_block_free(&t->b);
    push_format_close(&t->f);
    loki_seen_free(&t->seen);
    mem_free(trial);
}

/* Another block, of which nothing was seen. */
static void trial_next(struct trial *t, uint64_t sequence)
{
    loki_block_init(&t->b, sequence);
    loki_seen_free(&t->seen);
}

static struct trial *trial_open_with(const struct str *labels, size_t n, bool is_json)
{
    struct err err;
    struct trial *t = mem_new(struct trial);
    struct loki_options options = {.labels = labels, .n_labels = n, .is_json = is_json};
    REQUIRE_OK(loki_open(&t->f, &options, &err));
    trial_next(t, 1);
    t->is_json = is_json;
    return t;
}

static struct trial *trial_open(bool is_json)
{
    return trial_open_with(two_labels, countof(two_labels), is_json);
}

/* Puts all rows of the block, in bodies of at most max bytes, and adds what Loki would read. */
static size_t put_all(struct trial *t, size_t max)
{
    size_t bodies = 0;
    uint32_t n = t->b.block.header.records, *rows = mem_array(uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        rows[i] = i;
    t->f->kind->begin(t->f, &t->b.push);
    for (size_t at = 0; at < n; bodies++) {
        defer(buf_free) struct buf body = {0};
        size_t taken = t->f->kind->put(t->f, rows + at, n - at, max, &body);
        REQUIRE(taken > 0 && taken <= n - at && !body.over);
        read_loki_body(buf_str(&body), t->is_json, &t->seen);
        at += taken;
    }
    mem_free(&rows);
    return bodies;
}

static void check_seen(const struct loki_seen *seen, const char *labels, int64_t time_ns,
                       const char *line, const char *metadata)
{
    CHECK_STR(seen->labels, str_from(labels));
    CHECK_INT(seen->time_ns, time_ns);
    CHECK_STR(seen->line, str_from(line));
    CHECK_STR(seen->metadata, str_from(metadata));
}

/* ---- forms ---- */

TEST(loki_bodies_say_what_the_block_says)
{
    for (int is_json = 0; is_json < 2; is_json++) {
        defer(trial_close) struct trial *t = trial_open(is_json);
        uint32_t api =
            add_loki_stream(&t->b, "service=api host=web1 stream=stderr|image=api:1", TIME_NONE);
        uint32_t db = add_loki_stream(&t->b, "service=db", TIME_NONE);
        struct record *r = add_loki_record(&t->b, api, T, "first");
        r->level = LEVEL_ERROR;
        r->id = STR("7f3a");
        r->id_kind = ID_EXACT;
        r = add_loki_record(&t->b, db, T + 1000, "");
        r->id = STR("\xff");
        r->id_kind = ID_INHERITED;
        r = add_loki_record(&t->b, api, -1, "quote \" and \\ and \t and \xc3\xa4");
        r->level = 99;
        CHECK_INT(put_all(t, LOKI_BODY_MAX), 1);
        sort_loki_seen(&t->seen);
        REQUIRE(t->seen.n == 3);
        check_seen(&t->seen.items[0], "host=web1 service_name=api", -1,
                   "quote \" and \\ and \t and \xc3\xa4", "image=api:1 stream=stderr");
        check_seen(&t->seen.items[1], "host=web1 service_name=api", T, "first",
                   "image=api:1 level=error requestId=7f3a stream=stderr");
        check_seen(&t->seen.items[2], "service_name=db", T + 1000, "",
                   "requestId=\xef\xbf\xbd requestIdKind=inherited");
    }
}

/* The bytes are written out by hand after protobuf's encoding and Loki's push.proto. */
TEST(loki_protobuf_is_the_wire_format)
{
    static const char bytes[] = "\x0a\x46"                          /* streams = 1 */
                                "\x0a\x14{service_name=\"api\"}"    /* labels = 1 */
                                "\x12\x2e"                          /* entries = 2 */
                                "\x0a\x0b"                          /* timestamp = 1 */
                                "\x08\xf9\xd3\xf6\xb9\x06"          /* seconds = 1: 1732094457 */
                                "\x10\x95\x9a\xef\x3a"              /* nanos = 2: 123456789 */
                                "\x12\x02ok"                        /* line = 2 */
                                "\x1a\x0d\x0a\x05level\x12\x04info" /* structuredMetadata = 3 */
                                "\x1a\x0c\x0a\x05image\x12\x03"
                                "a:1";
    defer(buf_free) struct buf body = {0}, request = {0};
    defer(trial_close) struct trial *t = trial_open(false);
    uint32_t api = add_loki_stream(&t->b, "service=api|image=a:1", TIME_NONE);
    add_loki_record(&t->b, api, INT64_C(1732094457123456789), "ok")->level = LEVEL_INFO;
    t->f->kind->begin(t->f, &t->b.push);
    CHECK_INT(t->f->kind->put(t->f, (uint32_t[]){0}, 1, LOKI_BODY_MAX, &body), 1);
    unpack_loki_body(buf_str(&body), false, &request);
    CHECK_STR(buf_str(&request), str_of(bytes, sizeof bytes - 1));
    CHECK(strcmp(t->f->content_type, "application/x-protobuf") == 0);
    CHECK(strcmp(t->f->content_encoding, "snappy") == 0);
}

TEST(loki_json_is_as_documented)
{
    defer(buf_free) struct buf body = {0}, request = {0};
    defer(trial_close) struct trial *t = trial_open(true);
    uint32_t api = add_loki_stream(&t->b, "service=api|image=a:1", TIME_NONE);
    uint32_t db = add_loki_stream(&t->b, "service=db", TIME_NONE);
    add_loki_record(&t->b, api, T, "one \xff")->level = LEVEL_WARN;
    add_loki_record(&t->b, db, T, "two");
    add_loki_record(&t->b, api, T + 5, "three");
    t->f->kind->begin(t->f, &t->b.push);
    CHECK_INT(t->f->kind->put(t->f, (uint32_t[]){0, 1, 2}, 3, LOKI_BODY_MAX, &body), 3);
    unpack_loki_body(buf_str(&body), true, &request);
    CHECK_STR(buf_str(&request),
              STR("{\"streams\":[{\"stream\":{\"service_name\":\"db\"},\"values\":"
                  "[[\"1732094521123456000\",\"two\"]]},"
                  "{\"stream\":{\"service_name\":\"api\"},\"values\":"
                  "[[\"1732094521123456000\",\"one "
                  "\xef\xbf\xbd\",{\"level\":\"warn\",\"image\":\"a:1\"}],"
                  "[\"1732094521123456005\",\"three\",{\"image\":\"a:1\"}]]}]}"));
    CHECK(strcmp(t->f->content_type, "application/json") == 0);
    CHECK(strcmp(t->f->content_encoding, "gzip") == 0);
    CHECK(strcmp(t->f->path, "/loki/api/v1/push") == 0);
}

/* ---- labels and metadata ---- */

static void check_labels(const struct str *list, size_t n, const char *stream, const char *labels,
                         const char *metadata)
{
    defer(trial_close) struct trial *t = trial_open_with(list, n, false);
    add_loki_record(&t->b, add_loki_stream(&t->b, stream, TIME_NONE), T, "x");
    put_all(t, LOKI_BODY_MAX);
    check_seen(&t->seen.items[0], labels, T, "x", metadata);
}

TEST(loki_labels_are_names_of_prometheus)
{
    static const struct str list[] = {STR_INIT("service"), STR_INIT("1st.zone"), STR_INIT("image"),
                                      STR_INIT("k8s/pod-name"), STR_INIT("--")};
    check_labels(list, 5, "service=a\"b\\c\n k8s/pod-name=p 1st.zone=z --=d empty=|image=i",
                 "image=i k8s_pod_name=p key_1st_zone=z key___=d service_name=a\"b\\c\n", "");
    check_labels(list, 5, "host=h", "service_name=unknown_service", "host=h");
    check_labels(list, 0, "service=api", "service_name=unknown_service", "service_name=api");
    check_labels(list, 1, "service=a\xff\xef\xbf\xbd\xc3\xa9", "service_name=a??\xc3\xa9", "");
    check_labels(list, 0, "host=\xff", "service_name=unknown_service", "host=\xef\xbf\xbd");
}

TEST(loki_labels_that_cannot_be_are_refused)
{
    struct err err;
    struct push_format *f = NULL;
    struct str many[LOKI_LABELS_MAX + 1];
    for (size_t i = 0; i < countof(many); i++)
        many[i] = str_slice(STR("abcdefghijklmnopqrstuvwxyz"), i, 2);
    struct loki_options options = {.labels = many, .n_labels = countof(many)};
    CHECK(!loki_open(&f, &options, &err) && err.code == ERR_INPUT);
    CHECK_STR(str_from(err.text), STR("16 labels; Loki takes 15"));
    options.n_labels = LOKI_LABELS_MAX;
    REQUIRE_OK(loki_open(&f, &options, &err));
    push_format_close(&f);
    static const struct str same[] = {STR_INIT("a.b"), STR_INIT("c"), STR_INIT("a-b")};
    options = (struct loki_options){.labels = same, .n_labels = 3};
    CHECK(!loki_open(&f, &options, &err) && err.code == ERR_INPUT);
    CHECK_STR(str_from(err.text), STR("two labels have the name 'a_b' in Loki"));
    static const struct str twice[] = {STR_INIT("service"), STR_INIT("service_name")};
    options = (struct loki_options){.labels = twice, .n_labels = 2};
    CHECK(!loki_open(&f, &options, &err) && err.code == ERR_INPUT);
    static const struct str empty[] = {STR_INIT("")};
    options = (struct loki_options){.labels = empty, .n_labels = 1};
    CHECK(!loki_open(&f, &options, &err) && err.code == ERR_INPUT);
}

TEST(loki_metadata_has_each_name_once)
{
    defer(buf_free) struct buf fields = {0};
    defer(trial_close) struct trial *t = trial_open(false);
    uint32_t s = add_loki_stream(&t->b, "service=api level=l a.b=1 a-b=2 a_b=3|part=p", TIME_NONE);
    struct record *r = add_loki_record(&t->b, s, T, "x");
    r->level = LEVEL_DEBUG;
    struct label items[] = {
        {STR("part"), STR("q")}, {STR("reason"), STR("rate")}, {STR("requestId"), STR("f")}};
    put_labels(&fields, &(struct labels){items, 3});
    r->fields = buf_str(&fields);
    r->id = STR("e");
    r->id_kind = ID_GENERATED;
    put_all(t, LOKI_BODY_MAX);
    CHECK_STR(
        t->seen.items[0].metadata,
        STR("a_b=2 a_b_extracted=1 level=debug level_extracted=l part_extracted=p reason=rate "
            "requestId=e requestIdKind=generated requestId_extracted=f"));
}

TEST(loki_metadata_stays_within_its_limits)
{
    defer(buf_free) struct buf labels = {0}, data = {0}, text = {0};
    defer(trial_close) struct trial *t = trial_open(false);
    for (int i = 0; i < LABELS_MAX; i++) {
        buf_print(&labels, "%sl%0100d=%01000d", i ? " " : "", i, i);
        buf_print(&data, "%sd%0100d=%01000d", i ? " " : "", i, i);
    }
    buf_print(&text, "%s|%s", buf_text(&labels), buf_text(&data));
    add_loki_record(&t->b, add_loki_stream(&t->b, buf_text(&text), TIME_NONE), T, "x");
    put_all(t, LOKI_BODY_MAX);
    CHECK(t->seen.items[0].metadata.len > 40000 &&
          t->seen.items[0].metadata.len < LOKI_METADATA_MAX);
}

TEST(loki_without_metadata_has_none)
{
    defer(trial_close) struct trial *t = trial_open(false);
    uint32_t s = add_loki_stream(&t->b, "service=api a=1|b=2", TIME_NONE);
    add_loki_record(&t->b, s, T, "x")->level = LEVEL_INFO;
    put_all(t, LOKI_BODY_MAX);
    CHECK_STR(t->seen.items[0].metadata, STR("a=1 b=2 level=info"));
    struct push_reply reply = {
        400, STR("stream '{service_name=\"api\"}' includes structured metadata, but this "
                 "feature is disallowed. Please see `limits_config.allow_structured_metadata`")};
    struct push_answer answer = {.n = 1, .fates = (uint8_t[1]){0}};
    t->f->kind->read(t->f, &reply, &answer);
    CHECK_INT(answer.verdict, PUSH_OTHER_FORM);
    put_all(t, LOKI_BODY_MAX);
    CHECK_STR(t->seen.items[1].metadata, STR(""));
    CHECK_INT(t->seen.items[1].time_ns, t->seen.items[0].time_ns);
    struct push_answer again = {.n = 1, .fates = (uint8_t[1]){0}};
    t->f->kind->read(t->f, &reply, &again);
    CHECK_INT(again.verdict, PUSH_READ); /* and never OTHER_FORM for ever */
    CHECK_INT(again.fates[0], PUSH_REJECTED);
}

/* ---- times ---- */

static void check_times(struct trial *t, const int64_t *times)
{
    size_t before = t->seen.n;
    put_all(t, 1); /* a row a body: in their order */
    REQUIRE(t->seen.n == before + t->b.block.header.records);
    for (size_t i = 0; before + i < t->seen.n; i++) {
        int64_t is = t->seen.items[before + i].time_ns;
        if (is != times[i])
            test_fail(__FILE__, __LINE__, "row %zu is at %lld, not %lld", i, (long long)is,
                      (long long)times[i]);
    }
}

TEST(loki_equal_lines_are_a_nanosecond_apart)
{
    defer(trial_close) struct trial *t = trial_open(false);
    uint32_t out = add_loki_stream(&t->b, "service=api stream=stdout", TIME_NONE);
    uint32_t err_stream = add_loki_stream(&t->b, "service=api stream=stderr", TIME_NONE);
    uint32_t db = add_loki_stream(&t->b, "service=db", TIME_NONE);
    add_loki_record(&t->b, out, T, "retry");
    add_loki_record(&t->b, out, T, "retry");
    add_loki_record(&t->b, out, T, "done");         /* not before what stood before it */
    add_loki_record(&t->b, err_stream, T, "retry"); /* the same stream to Loki */
    add_loki_record(&t->b, db, T, "retry");         /* another one */
    add_loki_record(&t->b, out, T + 1, "retry");    /* one of a moved row's time */
    add_loki_record(&t->b, out, T + 1000, "retry");
    add_loki_record(&t->b, out, T, "retry"); /* the clock was set back */
    add_loki_record(&t->b, db, T + 1, "retry");
    check_times(t, (int64_t[]){T, T + 1, T + 1, T + 2, T, T + 3, T + 1000, T + 4, T + 1});
}

TEST(loki_rows_at_the_last_time_of_the_block_before_are_moved)
{
    defer(trial_close) struct trial *t = trial_open(false);
    int64_t ms = T / NS_PER_MS * NS_PER_MS;
    t->b.block.header.sequence = 15;
    uint32_t us = add_loki_stream(&t->b, "service=us", T);
    uint32_t whole_ms = add_loki_stream(&t->b, "service=ms", ms);
    uint32_t ns = add_loki_stream(&t->b, "service=ns", T + 7);
    uint32_t later = add_loki_stream(&t->b, "service=later", T - 1000);
    add_loki_record(&t->b, us, T, "a");
    add_loki_record(&t->b, us, T, "a");
    add_loki_record(&t->b, us, T + 1000, "a");
    add_loki_record(&t->b, whole_ms, ms, "a");
    add_loki_record(&t->b, whole_ms, ms + NS_PER_MS, "a");
    add_loki_record(&t->b, ns, T + 7, "a");
    add_loki_record(&t->b, later, T, "a");
    int64_t moved[] = {T + 128, T + 129, T + 1000, ms + (8 << 16), ms + NS_PER_MS, T + 15, T};
    check_times(t, moved);
    t->b.block.header.sequence = 16; /* the next is moved by another step */
    int64_t next[] = {T + 192, T + 193, T + 1000, ms + (1 << 16), ms + NS_PER_MS, T + 8, T};
    check_times(t, next);
}

/* A block whose lines and times are few, so that all of it meets. */
static void make_tight_block(struct trial *t, bool is_ns)
{
    struct loki_block *b = &t->b;
    static const char *const lines[] = {"a", "b", "c"};
    trial_next(t, 1 + made_below(20));
    for (size_t i = 0; i < 4; i++)
        add_loki_stream(b,
                        i % 2 ? "service=api x=1"
                        : i   ? "service=db"
                              : "service=api",
                        made_below(2) ? T : TIME_NONE);
    for (size_t i = 0; i < countof(b->records); i++)
        add_loki_record(b, (uint32_t)made_below(4), T + (int64_t)made_below(4) * (is_ns ? 1 : 1000),
                        lines[made_below(3)])
            ->level = (uint8_t)made_below(9);
}

/* What is no UTF-8 is not told apart in JSON. */
TEST(loki_lines_that_become_equal_are_a_nanosecond_apart)
{
    for (int is_json = 0; is_json < 2; is_json++) {
        defer(trial_close) struct trial *t = trial_open(is_json);
        uint32_t s = add_loki_stream(&t->b, "service=api", TIME_NONE);
        add_loki_record(&t->b, s, T, "caf\xe9");
        add_loki_record(&t->b, s, T, "caf\xe8");
        add_loki_record(&t->b, s, T, "caf\xef\xbf\xbd");
        put_all(t, LOKI_BODY_MAX);
        REQUIRE(t->seen.n == 3);
        for (size_t i = 0; i < t->seen.n; i++)
            CHECK_INT(t->seen.items[i].time_ns, T + (int64_t)i);
    }
}

/* Invariants 1 and 2 of loki_times.h. */
TEST(loki_entries_of_a_block_are_all_different)
{
    defer(trial_close) struct trial *t = trial_open(false);
    made_seed(7);
    for (int round = 0; round < 200; round++) {
        make_tight_block(t, round % 2);
        put_all(t, 1);
        int64_t last[4] = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN}, event[4] = {0};
        for (size_t i = 0; i < t->seen.n; i++) {
            uint32_t s = t->b.records[i].stream;
            CHECK(t->b.records[i].event_ns < event[s] || t->seen.items[i].time_ns >= last[s]);
            CHECK(t->seen.items[i].time_ns - t->b.records[i].event_ns < 1000 || round % 2 == 0);
            event[s] = t->b.records[i].event_ns;
            last[s] = t->seen.items[i].time_ns;
        }
        sort_loki_seen(&t->seen);
        for (size_t i = 1; i < t->seen.n; i++)
            CHECK(t->seen.items[i - 1].time_ns != t->seen.items[i].time_ns ||
                  !str_equal(t->seen.items[i - 1].line, t->seen.items[i].line) ||
                  !str_equal(t->seen.items[i - 1].labels, t->seen.items[i].labels));
    }
}

/* Invariant 4 of loki_times.h: the harness ends what takes quadratic time. */
TEST(loki_many_equal_lines_take_linear_time)
{
    enum { ROWS = BLOCK_RECORDS_MAX };
    defer(trial_close) struct trial *t = trial_open(false);
    for (int form = 0; form < 3; form++) {
        trial_next(t, 1);
        uint32_t s = add_loki_stream(&t->b, "service=api", T);
        t->b.block.records = arena_array(&t->b.arena, struct record, ROWS);
        t->b.block.header.records = ROWS;
        for (int i = 0; i < ROWS; i++) {
            /* all at one time; falling, each one where those before were moved to; there and back */
            int64_t steps[] = {0, ROWS - i, i % 2 ? i : -i};
            t->b.block.records[i] = (struct record){
                .event_ns = T + steps[form], .stream = s, .line = STR("the same line")};
        }
        put_all(t, LOKI_BODY_MAX);
        sort_loki_seen(&t->seen);
        CHECK_INT(t->seen.n, ROWS);
        for (size_t i = 1; i < t->seen.n; i++)
            CHECK(t->seen.items[i - 1].time_ns < t->seen.items[i].time_ns);
    }
}

/* ---- bodies ---- */

/* push.h 1 and 2, loki.h 3. */
TEST(loki_rows_are_the_same_in_every_body)
{
    made_seed(11);
    for (int round = 0; round < 60; round++) {
        defer(loki_seen_free) struct loki_seen_list some = {0};
        bool is_json = round % 3 == 0;
        defer(trial_close) struct trial *t = trial_open(is_json);
        make_tight_block(t, round % 2);
        put_all(t, 1);
        struct loki_seen_list *one = &t->seen;
        uint32_t rows[countof(t->b.records)];
        size_t n = 0, kept = 0;
        for (uint32_t i = 0; i < one->n; i++) {
            if (made_below(3)) {
                one->items[kept++] = one->items[i];
                rows[n++] = i;
            }
        }
        one->n = kept;
        for (size_t at = 0; at < n;) {
            defer(buf_free) struct buf body = {0};
            at += t->f->kind->put(t->f, rows + at, n - at, 1 + made_below(2000), &body);
            read_loki_body(buf_str(&body), is_json, &some);
        }
        REQUIRE(some.n == one->n);
        sort_loki_seen(one);
        sort_loki_seen(&some);
        for (size_t i = 0; i < one->n; i++) {
            CHECK_INT(some.items[i].time_ns, one->items[i].time_ns);
            CHECK_STR(some.items[i].labels, one->items[i].labels);
            CHECK_STR(some.items[i].line, one->items[i].line);
            CHECK_STR(some.items[i].metadata, one->items[i].metadata);
        }
    }
}

TEST(loki_bodies_end_at_their_maximum)
{
    for (int is_json = 0; is_json < 2; is_json++) {
        defer(trial_close) struct trial *t = trial_open(is_json);
        made_seed(5);
        make_tight_block(t, true);
        uint32_t rows[countof(t->b.records)];
        for (uint32_t i = 0; i < countof(rows); i++)
            rows[i] = i;
        t->f->kind->begin(t->f, &t->b.push);
        for (size_t max = 400; max < 4000; max += 117) {
            defer(buf_free) struct buf body = {0}, request = {0};
            size_t n = t->f->kind->put(t->f, rows, countof(rows), max, &body);
            unpack_loki_body(buf_str(&body), is_json, &request);
            CHECK(request.len <= max && n > 1);
            CHECK(n == countof(rows) || request.len + 500 > max);
        }
        defer(buf_free) struct buf body = {0}, tiny = {.max = 8};
        CHECK_INT(t->f->kind->put(t->f, rows, countof(rows), 0, &body), 1);
        t->f->kind->put(t->f, rows, countof(rows), 10000, &tiny);
        CHECK(tiny.over);
    }
}

static struct str long_line(struct arena *arena, size_t len)
{
    char *line = arena_alloc(arena, len);
    for (size_t i = 0; i < len; i++)
        line[i] = "\xe2\x82\xac"[i % 3];
    return str_of(line, len);
}

/* loki.h 2: cut between characters, in one body, 1 ns apart; pieces are entries as all others. */
TEST(loki_long_lines_go_in_pieces)
{
    defer(trial_close) struct trial *t = trial_open(false);
    uint32_t s = add_loki_stream(&t->b, "service=api", TIME_NONE);
    add_loki_record(&t->b, s, T, "")->line = long_line(&t->b.arena, 3 * LOKI_LINE_MAX - 6);
    add_loki_record(&t->b, s, T, "")->line = long_line(&t->b.arena, 3 * LOKI_LINE_MAX - 6);
    add_loki_record(&t->b, s, T, "after");
    CHECK_INT(put_all(t, 1000), 3);
    REQUIRE(t->seen.n == 7);
    for (size_t i = 0; i < 6; i++) {
        CHECK(is_utf8(t->seen.items[i].line) && t->seen.items[i].line.len <= LOKI_LINE_MAX);
        CHECK_INT(t->seen.items[i].time_ns, T + (int64_t)(i - i / 3));
        char part[16];
        snprintf(part, sizeof part, "part=%zu/3", i % 3 + 1);
        CHECK_STR(t->seen.items[i].metadata, str_from(part));
    }
    CHECK_INT(t->seen.items[0].line.len + t->seen.items[1].line.len + t->seen.items[2].line.len,
              3 * LOKI_LINE_MAX - 6);
    check_seen(&t->seen.items[6], "service_name=api", T + 4, "after", "");
}

/* loki.h 2: of bytes of which few are UTF-8, Loki takes every piece of either form, and they are the same. */
TEST(loki_pieces_are_as_long_as_loki_counts_them)
{
    enum { BYTES = LOKI_LINE_MAX - 2000 };
    struct trial *trials[2];
    defer(buf_free) struct buf line = {0};
    made_seed(8);
    while (line.len < BYTES)
        buf_add_byte(&line, (char)made_below(256));
    for (int is_json = 0; is_json < 2; is_json++) {
        struct trial *t = trials[is_json] = trial_open(is_json);
        uint32_t s = add_loki_stream(&t->b, "service=api", TIME_NONE);
        add_loki_record(&t->b, s, T, "")->line = buf_str(&line);
        add_loki_record(&t->b, s, T, "after");
        put_all(t, 1000);
    }
    const struct loki_seen_list *plain = &trials[0]->seen, *json = &trials[1]->seen;
    REQUIRE(plain->n == 3 && json->n == 3);
    defer(buf_free) struct buf joined = {0};
    for (size_t i = 0; i < 3; i++) {
        defer(buf_free) struct buf valid = {0};
        put_utf8(&valid, plain->items[i].line);
        CHECK_STR(json->items[i].line, buf_str(&valid));
        CHECK(valid.len <= LOKI_LINE_MAX);
        CHECK_INT(json->items[i].time_ns, plain->items[i].time_ns);
        CHECK_STR(json->items[i].metadata, plain->items[i].metadata);
        buf_add(&joined, i < 2 ? plain->items[i].line : STR(""));
    }
    CHECK_STR(buf_str(&joined), buf_str(&line));
    trial_close(&trials[0]);
    trial_close(&trials[1]);
}

/* The largest stream comes last: an ingester answers for the last. */
TEST(loki_largest_stream_comes_last)
{
    defer(trial_close) struct trial *t = trial_open(false);
    uint32_t large = add_loki_stream(&t->b, "service=large", TIME_NONE);
    uint32_t small = add_loki_stream(&t->b, "service=small", TIME_NONE);
    for (int i = 0; i < 9; i++)
        add_loki_record(&t->b, i % 3 ? large : small, T + i, "line");
    put_all(t, LOKI_BODY_MAX);
    REQUIRE(t->seen.n == 9);
    CHECK_STR(t->seen.items[0].labels, STR("service_name=small"));
    CHECK_STR(t->seen.items[8].labels, STR("service_name=large"));
    for (size_t i = 1; i < 9; i++)
        CHECK(i == 3 || t->seen.items[i - 1].time_ns < t->seen.items[i].time_ns);
}
