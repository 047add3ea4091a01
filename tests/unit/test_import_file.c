/* Invariant numbers are those of query/import_file.h. */
#include "query/import_file.h"

#include "base/compress.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/line/level.h"
#include "query/engine/print.h"
#include "tests/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define CHANGED_S 1795600800 /* 2026-11-25T10:00:00Z */

static const char *write_file(const char *name, struct str bytes)
{
    static char path[512];
    struct err err;
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    REQUIRE_OK(file_replace(path, bytes, 0600, &err));
    const struct timespec times[2] = {{.tv_sec = CHANGED_S}, {.tv_sec = CHANGED_S}};
    REQUIRE(utimensat(AT_FDCWD, path, times, 0) == 0);
    return path;
}

static bool hear(void *context, const struct import_record *r, struct err *err)
{
    (void)err;
    struct buf *out = context;
    put_rfc3339(out, r->record.event_ns, 0);
    buf_print(out, " %s%s%s ", level_name(r->record.level),
              r->has_lane ? r->lane == LANE_ERR ? " err" : " out" : "",
              r->record.flags & RECORD_NO_NEWLINE ? " open" : "");
    for (size_t i = 0; i < r->labels.n; i++)
        buf_print(out, "%.*s=%.*s ", STR_ARG(r->labels.items[i].name),
                  STR_ARG(r->labels.items[i].value));
    buf_print(out, "%.*s\n", STR_ARG(r->record.line));
    return true;
}

static bool read_file(const char *path, struct buf *out, struct err *err)
{
    struct import_file file;
    struct multiline *rule = NULL;
    buf_reset(out);
    REQUIRE(multiline_open(&rule, STR("auto"), err));
    const struct import_rules rules = {.rule = rule};
    bool done = import_file_look(&file, path, &rules, err) &&
                import_file_read(&file, &rules, hear, out, err);
    multiline_close(&rule);
    return done;
}

static void check_read(const char *name, struct str bytes, const char *expected)
{
    struct err err;
    defer(buf_free) struct buf out = {0};
    REQUIRE_OK(read_file(write_file(name, bytes), &out, &err));
    CHECK_STR(buf_str(&out), str_from(expected));
}

static void check_refused(struct str bytes, const char *why)
{
    struct err err;
    defer(buf_free) struct buf out = {0};
    REQUIRE(!read_file(write_file("refused", bytes), &out, &err));
    if (str_find(str_from(err.text), str_from(why)) == SIZE_MAX)
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"", err.text, why);
}

TEST(import_file_lines_without_a_time) /* 1 */
{
    check_read("a.log",
               STR("first\n2026-11-20 09:00:00 INFO a\nbetween\n2026-11-20 08:00:00 WARN b\nlast"),
               "2026-11-20T09:00:00Z unknown first\n2026-11-20T09:00:00Z info "
               "2026-11-20 09:00:00 INFO a\n2026-11-20T09:00:00Z unknown between\n"
               "2026-11-20T08:00:00Z warn 2026-11-20 08:00:00 WARN b\n"
               "2026-11-20T08:00:00Z unknown open last\n");
    check_read("b.log", STR("no time\nat all\n"),
               "2026-11-25T10:00:00Z unknown no time\n2026-11-25T10:00:00Z unknown at all\n");
    check_read("c.log", STR("Nov 24 10:00:00 h a: b\n"),
               "2026-11-24T10:00:00Z unknown Nov 24 10:00:00 h a: b\n");
    check_read("d.log", STR("Nov 27 10:00:00 h a: b\nJan 24 10:00:00 h a: b\n"),
               "2025-11-27T10:00:00Z unknown Nov 27 10:00:00 h a: b\n"
               "2026-01-24T10:00:00Z unknown Jan 24 10:00:00 h a: b\n");
    check_read("empty.log", STR(""), "");
}

TEST(import_file_knows_envelopes_and_packing)
{
    struct err err;
    defer(buf_free) struct buf packed = {0};
    defer(packer_free) struct packer packer = {0};
    const struct str docker =
        STR("{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-20T01:00:00Z\"}\n"
            "{\"log\":\"bad \",\"stream\":\"stderr\",\"time\":\"2026-11-20T01:00:01Z\"}\n"
            "{\"log\":\"two\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-20T01:00:02Z\"}\n"
            "{\"log\":\"end\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-20T01:00:03Z\"}\n");
    const char *expected =
        "2026-11-20T01:00:00Z unknown out one\n2026-11-20T01:00:02Z unknown out two\n"
        "2026-11-20T01:00:01Z unknown err bad end\n";
    check_read("d.json", docker, expected);
    REQUIRE_OK(gzip_pack(docker, 6, &packed, &err));
    check_read("d.json.1", buf_str(&packed), expected);
    check_refused(str_slice(buf_str(&packed), 0, packed.len - 9), "its end is missing");
    buf_reset(&packed);
    REQUIRE_OK(zstd_pack(&packer, docker, 3, &packed, &err));
    check_read("d.json.zst", buf_str(&packed), expected);
    buf_reset(&packed);
    REQUIRE_OK(gzip_pack(docker, 6, &packed, &err));
    packed.ptr[packed.len / 2] ^= 0x55;
    check_refused(buf_str(&packed), "refused: ");
    check_refused(STR("PK\x03\x04...."), "unpack it first");
    check_read("cri.log", STR("2026-11-20T01:00:00Z stderr F a\n"),
               "2026-11-20T01:00:00Z unknown err a\n");
}

/* Peeked at, and read behind that. False with what was read before all the same. */
static bool read_once(const char *path, struct buf *out, struct err *err)
{
    defer(import_file_close) struct import_file file;
    struct multiline *rule = NULL;
    buf_reset(out);
    REQUIRE(multiline_open(&rule, STR("auto"), err));
    const struct import_rules rules = {.rule = rule};
    bool done = import_file_peek(&file, path, &rules, err) &&
                import_file_read(&file, &rules, hear, out, err);
    multiline_close(&rule);
    return done;
}

TEST(import_file_reads_what_can_be_read_once)
{
    struct err err;
    char path[64];
    defer(buf_free) struct buf out = {0};
    const struct str lines = STR("first\n2026-11-20 09:00:00 INFO a\n  and b");
    const char *expected =
        "2026-11-20T09:00:00Z unknown first\n2026-11-20T09:00:00Z info "
        "2026-11-20 09:00:00 INFO a\n2026-11-20T09:00:00Z unknown open   and b\n";
    for (int packed = 0; packed < 2; packed++) {
        int ends[2];
        defer(buf_free) struct buf bytes = {0};
        if (packed)
            REQUIRE_OK(gzip_pack(lines, 6, &bytes, &err));
        else
            buf_add(&bytes, lines);
        REQUIRE(pipe(ends) == 0 && write(ends[1], bytes.ptr, bytes.len) == (ssize_t)bytes.len);
        snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
        close(ends[1]);
        REQUIRE_OK(read_once(path, &out, &err));
        CHECK_STR(buf_str(&out), str_from(expected));
        close(ends[0]);
    }
    REQUIRE_OK(read_once(write_file("a.log", lines), &out, &err));
    CHECK_STR(buf_str(&out), str_from(expected));
    REQUIRE(!read_once(test_folder(), &out, &err));
    CHECK(str_find(str_from(err.text), STR("is a folder")) != SIZE_MAX);
    REQUIRE(!read_once("/nowhere", &out, &err) && out.len == 0);
}

TEST(import_file_gives_what_comes_before_damage)
{
    struct err err;
    defer(buf_free) struct buf out = {0}, lines = {0}, packed = {0}, whole = {0};
    for (int i = 0; i < 40000; i++)
        buf_print(&lines, "2026-11-20 09:00:00 INFO %d %d\n", i, i * 7919 % 10007);
    REQUIRE_OK(read_once(write_file("whole", buf_str(&lines)), &whole, &err));
    REQUIRE_OK(gzip_pack(buf_str(&lines), 6, &packed, &err));
    REQUIRE_OK(read_once(write_file("whole", buf_str(&packed)), &out, &err));
    CHECK_STR(buf_str(&out), buf_str(&whole));
    struct str cut = str_slice(buf_str(&packed), 0, packed.len / 4 * 3);
    REQUIRE(!read_once(write_file("cut", cut), &out, &err));
    CHECK(err.code == ERR_CORRUPT && str_find(str_from(err.text), STR("cut: its end")) != SIZE_MAX);
    CHECK(out.len > whole.len / 2 && out.len < whole.len);
    packed.ptr[packed.len / 4 * 3] ^= 0x55;
    REQUIRE(!read_once(write_file("bad", buf_str(&packed)), &out, &err));
    CHECK(out.len > whole.len / 2 && str_find(str_from(err.text), STR("bad")) != SIZE_MAX);
}

TEST(import_file_times_far_from_its_beginning)
{
    struct err err;
    defer(buf_free) struct buf out = {0}, lines = {0};
    while (lines.len <= IMPORT_PEEK_BYTES + (256 << 10))
        buf_add(&lines, STR("a line that has no time at all\n"));
    buf_add(&lines, STR("2026-11-20 09:00:00 INFO a\n"));
    REQUIRE_OK(read_once(write_file("late.log", buf_str(&lines)), &out, &err));
    CHECK(str_starts(buf_str(&out), STR("2026-11-25T10:00:00Z unknown a line")));
    REQUIRE_OK(read_file(write_file("late.log", buf_str(&lines)), &out, &err));
    CHECK(str_starts(buf_str(&out), STR("2026-11-20T09:00:00Z unknown a line")));
}

/* What print.h writes, with all that it can say. */
static void put_export(struct buf *out, const struct result *r)
{
    struct printer p;
    printer_init(&p, (struct print_options){.output = PRINT_JSON});
    printer_add(&p, r, out);
}

TEST(import_file_takes_exports_back) /* 4 */
{
    struct err err;
    defer(buf_free) struct buf json = {0}, again = {0}, fields = {0};
    defer(arena_free) struct arena arena = {0};
    struct label labels[] = {{STR("host"), STR("h\"1")}, {STR("service"), STR("a\\pi\n")}};
    struct label pairs[] = {{STR("bytes"), STR("7")}, {STR("user"), STR("\xc3\xa9")}};
    const struct result_stream stream = {.labels = {labels, 2}};
    put_labels(&fields, &(struct labels){pairs, 2});
    struct result results[] = {
        {.line = STR("say \"hi\"\t\\ \x1b\n\xc3\xa9"), .level = LEVEL_ERROR},
        {.line = STR("\xff\xfe bytes"), .flags = RECORD_NO_NEWLINE},
        {.line = STR(""), .id = STR("4f9c"), .id_kind = ID_INHERITED, .fields = buf_str(&fields)},
        {.line = STR("x"), .flags = RECORD_PART_MIDDLE | RECORD_LEVEL_DERIVED, .level = LEVEL_WARN},
        {.line = STR("y"), .id = STR("\xff\x01"), .id_kind = ID_EXACT, .flags = RECORD_PART_LAST},
    };
    for (size_t i = 0; i < countof(results); i++) {
        struct result *r = &results[i];
        struct import_record back;
        r->stream = &stream;
        r->is_match = true;
        r->event_ns = 1795166521123456789 - (int64_t)i * 1000000000000000000;
        buf_reset(&json), buf_reset(&again);
        put_export(&json, r);
        REQUIRE_OK(import_read_json(str_trim(buf_str(&json)), &back, &arena, &err));
        CHECK_STR(back.record.line, r->line);
        CHECK_STR(back.record.id, r->id);
        CHECK_STR(back.record.fields, r->fields);
        CHECK_INT(back.record.event_ns, r->event_ns);
        CHECK_INT(back.record.flags, r->flags);
        CHECK_INT(back.record.level, r->level);
        CHECK_INT(back.record.id_kind, r->id_kind);
        put_labels(&again, &back.labels);
        buf_reset(&json);
        put_labels(&json, &stream.labels);
        CHECK_STR(buf_str(&again), buf_str(&json));
    }
}

#define HEAD "{\"time\":\"2026-11-20T09:22:01.123456789Z\",\"time_ns\":\"1795166521123456789\","

TEST(import_file_refuses_bad_exports_with_their_line) /* 4 */
{
    check_read("e.json",
               STR(HEAD "\"labels\":{\"a\":\"b\"},\"line\":\"x\"}\n\n"
                        "{\"end\":true,\"complete\":true,\"matched\":1,\"problems\":[]}\n" HEAD
                        "\"later\":{\"deep\":[1]},\"labels\":{},\"line\":\"y\"}"),
               "2026-11-20T09:22:01Z unknown a=b x\n2026-11-20T09:22:01Z unknown y\n");
    check_refused(STR(HEAD "\"line\":\"x\"}\n" HEAD "\"li"), "refused: line 2: ");
    check_refused(STR(HEAD "\"line\":\"x\"}\nother\n"), "line 2: it is no JSON object");
    check_refused(STR(HEAD "\"labels\":{}}\n"), "line 1: there is no \"line\"");
    check_refused(STR(HEAD "\"line\":\"\\q\"}\n"), "\"line\" is no text");
    check_refused(STR(HEAD "\"line_base64\":\"?\"}\n"), "is no base64");
    check_refused(STR(HEAD "\"level\":\"loud\",\"line\":\"\"}\n"), "\"level\" has a value");
    check_refused(STR(HEAD "\"requestId\":\"a\",\"line\":\"\"}\n"), "\"id_kind\"");
    check_refused(STR(HEAD "\"labels\":{\"a\":1},\"line\":\"\"}\n"), "\"a\" is no text");
    check_refused(STR(HEAD "\"labels\":{\"a\":\"b\",\"a\":\"c\"},\"line\":\"\"}\n"), "line 1: ");
    check_refused(STR("{\"time\":\"2026\",\"time_ns\":\"x\",\"line\":\"\"}\n"), "is no time");
}

static bool grow(void *context, const struct import_record *r, struct err *err)
{
    (void)r, (void)err;
    struct err ignored;
    defer(file_close) struct file f = {0};
    REQUIRE(file_open(&f, context, FILE_WRITE, &ignored));
    REQUIRE(file_write_at(&f, 0, STR("x"), &ignored));
    return true;
}

TEST(import_file_that_changes_is_refused) /* 3 */
{
    struct err err;
    struct import_file file;
    struct multiline *rule = NULL;
    char path[512];
    defer(buf_free) struct buf lines = {0};
    for (int i = 0; i < 100000; i++)
        buf_print(&lines, "line %d\n", i);
    snprintf(path, sizeof path, "%s", write_file("a.log", buf_str(&lines)));
    REQUIRE_OK(multiline_open(&rule, STR("none"), &err));
    const struct import_rules rules = {.rule = rule};
    REQUIRE_OK(import_file_look(&file, path, &rules, &err));
    grow(path, NULL, &err);
    CHECK(!import_file_read(&file, &rules, grow, path, &err));
    CHECK(str_find(str_from(err.text), STR("changed while it was read")) != SIZE_MAX);
    CHECK(!import_file_look(&file, test_folder(), &rules, &err));
    multiline_close(&rule);
}
