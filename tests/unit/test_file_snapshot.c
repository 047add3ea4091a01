/* Invariant numbers are those of query/file_snapshot.h. */
#include "query/file_snapshot.h"

#include "base/compress.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/line/level.h"
#include "query/engine/print.h"
#include "tests/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

/* Files of one test, and a search over them. */
struct scene {
    struct arena arena;
    struct str paths[16];
    struct str_list list;
    struct query query;
    struct config config;
    size_t memory;
    struct summary summary;
    struct buf out;
    bool has_times;
};

static void begin(struct scene *p)
{
    *p = (struct scene){.memory = 64 << 20, .out.max = 256 << 20};
    p->list.items = p->paths;
    query_init(&p->query);
    setenv("SLUICE_HOST", "h", 1);
}

static void end(struct scene *p)
{
    query_free(&p->query);
    summary_free(&p->summary);
    buf_free(&p->out);
    arena_free(&p->arena);
}

static const char *add_file(struct scene *p, const char *name, struct str bytes)
{
    struct err err;
    struct str path = arena_print(&p->arena, "%s/%s", test_folder(), name);
    REQUIRE_OK(file_replace(path.ptr, bytes, 0600, &err));
    p->paths[p->list.n++] = path;
    return path.ptr;
}

static void search_for(struct scene *p, const char *pattern)
{
    query_free(&p->query);
    query_init(&p->query);
    if (*pattern)
        query_add_pattern(&p->query, str_from(pattern));
}

/* "--" stands before what does not follow its neighbour. */
static bool hear(void *context, const struct result *r)
{
    struct scene *p = context;
    if (p->query.before && p->out.len && !r->goes_on)
        buf_add(&p->out, STR("--\n"));
    if (p->has_times) {
        put_rfc3339(&p->out, r->event_ns, 0);
        buf_print(&p->out, " %s ", level_name(r->level));
    }
    buf_print(&p->out, "%.*s\n", STR_ARG(r->line));
    return true;
}

static bool run(struct scene *p, struct err *err)
{
    defer(file_snapshot_close) struct file_snapshot *f = NULL;
    const struct file_search how = {
        .paths = &p->list, .query = &p->query, .config = &p->config, .memory = p->memory};
    const struct run_options options = {.take = hear, .context = p};
    buf_reset(&p->out);
    summary_free(&p->summary);
    p->summary = (struct summary){0};
    if (!file_snapshot_open(&f, &how, err) ||
        !query_run(&p->query, file_snapshot_of(f), &options, &p->summary, err))
        return false;
    file_snapshot_note(f, &p->summary);
    return true;
}

static void check_found(struct scene *p, const char *expected)
{
    struct err err;
    REQUIRE_OK(run(p, &err));
    CHECK_STR(buf_str(&p->out), str_from(expected));
}

/* Many blocks of lines of which every 50th has no time, and times step back now and then. */
static void put_lines(struct buf *out, int first, int n)
{
    for (int i = first; i < first + n; i++) {
        int s = i / 100 - (i % 1000 == 0 ? 3 : 0);
        if (i % 50 != 49)
            buf_print(out, "2026-11-20 %02d:%02d:%02d %s ", 9 + s / 3600, s / 60 % 60, s % 60,
                      i % 7 ? "INFO" : "ERROR");
        buf_print(out, "line %d of many, with a number %d\n", i, i * 7919 % 10007);
    }
}

TEST(file_snapshot_orders_files_by_time) /* 1 */
{
    defer(end) struct scene p;
    begin(&p);
    add_file(&p, "b.log", STR("2026-11-20 09:00:02 b\n2026-11-20 09:00:04 b\n more\n"));
    add_file(&p, "a.log", STR("2026-11-20 09:00:01 a\nwithout\n2026-11-20 09:00:03 a"));
    add_file(&p, "c.json",
             STR("{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-20T09:00:02.5Z\"}\n"
                 "{\"log\":\"y\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-20T09:00:00Z\"}\n"));
    check_found(&p, "y\n2026-11-20 09:00:01 a\nwithout\n2026-11-20 09:00:02 b\nx\n"
                    "2026-11-20 09:00:03 a\n2026-11-20 09:00:04 b\n more\n");
    CHECK(p.summary.complete && p.summary.matched == 8);
    query_add_filter(&p.query, STR("stream=stderr"));
    check_found(&p, "y\n");
    search_for(&p, "b");
    p.query.newest = true;
    check_found(&p, "2026-11-20 09:00:04 b\n2026-11-20 09:00:02 b\n");
}

TEST(file_snapshot_packed_and_beside_memory_give_the_same) /* 1, 2 */
{
    struct err err;
    defer(end) struct scene p;
    defer(buf_free) struct buf lines = {.max = 64 << 20}, packed = {.max = 64 << 20};
    defer(packer_free) struct packer packer = {0};
    put_lines(&lines, 0, 60000);
    static const char *const patterns[] = {"", "number 17", "line 49999 ", "nowhere"};
    for (size_t k = 0; k < countof(patterns); k++) {
        defer(buf_free) struct buf plain = {.max = 64 << 20};
        for (int form = 0; form < 4; form++) {
            begin(&p);
            buf_reset(&packed);
            if (form == 1)
                REQUIRE_OK(gzip_pack(buf_str(&lines), 6, &packed, &err));
            if (form == 2)
                REQUIRE_OK(zstd_pack(&packer, buf_str(&lines), 3, &packed, &err));
            add_file(&p, "x.log", form % 3 ? buf_str(&packed) : buf_str(&lines));
            p.memory = form == 3 ? 0 : 64 << 20;
            p.has_times = true;
            search_for(&p, patterns[k]);
            REQUIRE_OK(run(&p, &err));
            CHECK(p.summary.records == 60000 && p.summary.blocks_read > 5);
            if (form == 0)
                buf_add(&plain, buf_str(&p.out));
            CHECK_STR(buf_str(&p.out), buf_str(&plain));
            end(&p);
        }
    }
    begin(&p);
}

/* What is passed over changes neither times nor levels of what is found. */
TEST(file_snapshot_passes_over_what_cannot_match) /* 5, 6 */
{
    struct err err;
    defer(end) struct scene p;
    defer(buf_free) struct buf lines = {.max = 64 << 20}, all = {.max = 64 << 20};
    put_lines(&lines, 0, 60000);
    begin(&p);
    add_file(&p, "x.log", buf_str(&lines));
    p.has_times = true;
    REQUIRE_OK(run(&p, &err));
    buf_add(&all, buf_str(&p.out));
    for (int i = 7; i < 60000; i += 997) {
        char pattern[64];
        snprintf(pattern, sizeof pattern, "line %d of", i);
        search_for(&p, pattern);
        REQUIRE_OK(run(&p, &err));
        CHECK(p.summary.matched == 1 && p.summary.records == 60000);
        CHECK(str_find(buf_str(&all), buf_str(&p.out)) != SIZE_MAX);
    }
    search_for(&p, "line 59999 of");
    p.query.since_ns = INT64_C(1795165500) * NS_PER_S;
    REQUIRE_OK(run(&p, &err));
    CHECK(p.summary.matched == 1);
    p.query.until_ns = INT64_C(1795165600) * NS_PER_S;
    REQUIRE_OK(run(&p, &err));
    CHECK(p.summary.matched == 0 && p.summary.complete);
    search_for(&p, "of many");
    p.query.want = WANT_COUNT;
    REQUIRE_OK(run(&p, &err));
    CHECK(p.summary.matched == 60000);
}

TEST(file_snapshot_neighbours_across_rotation) /* 4 */
{
    defer(end) struct scene p;
    begin(&p);
    add_file(&p, "app.log", STR("2026-11-20 09:00:03 c\n2026-11-20 09:00:04 d\n"));
    add_file(&p, "app.log.1", STR("2026-11-20 09:00:01 a\n2026-11-20 09:00:02 b\n"));
    add_file(&p, "other.log", STR("2026-11-20 09:00:02 other\n"));
    search_for(&p, "b");
    p.query.before = p.query.after = 1;
    check_found(&p, "2026-11-20 09:00:01 a\n2026-11-20 09:00:02 b\n2026-11-20 09:00:03 c\n");
    search_for(&p, "");
    query_add_filter(&p.query, STR("file~other"));
    check_found(&p, "2026-11-20 09:00:02 other\n");
}

TEST(file_snapshot_says_what_cannot_be_read) /* 3 */
{
    struct err err;
    defer(end) struct scene p;
    defer(buf_free) struct buf packed = {0};
    begin(&p);
    p.paths[p.list.n++] = STR("/nowhere/x.log");
    REQUIRE(!run(&p, &err) && str_find(str_from(err.text), STR("/nowhere/x.log")) != SIZE_MAX);
    p.paths[p.list.n++] = str_from(test_folder());
    REQUIRE(!run(&p, &err));
    REQUIRE_OK(gzip_pack(STR("2026-11-20 09:00:01 cut\nend\n"), 6, &packed, &err));
    add_file(&p, "cut.gz", str_slice(buf_str(&packed), 0, packed.len - 5));
    add_file(&p, "good.log", STR("2026-11-20 09:00:02 good\n"));
    check_found(&p, "2026-11-20 09:00:01 cut\nend\n2026-11-20 09:00:02 good\n");
    CHECK(!p.summary.complete && p.summary.n_problems == 3);
    query_add_filter(&p.query, STR("serv"));
    REQUIRE(!run(&p, &err) && str_find(str_from(err.text), STR("no service")) != SIZE_MAX);
    search_for(&p, "");
    query_add_filter(&p.query, STR("level=loud"));
    REQUIRE(!run(&p, &err) && str_find(str_from(err.text), STR("no level")) != SIZE_MAX);
}

/* What print.h writes is read as it was. */
TEST(file_snapshot_reads_exports)
{
    defer(end) struct scene p;
    begin(&p);
    add_file(&p, "x.json",
             STR("{\"time\":\"2026-11-20T09:00:02Z\",\"time_ns\":\"1795165202000000000\","
                 "\"service\":\"api\",\"labels\":{\"service\":\"api\",\"host\":\"z\"},"
                 "\"level\":\"warn\",\"line\":\"two\"}\n"
                 "{\"time\":\"2026-11-20T09:00:01Z\",\"time_ns\":\"1795165201000000000\","
                 "\"service\":\"web\",\"labels\":{\"service\":\"web\",\"host\":\"z\"},"
                 "\"level\":\"info\",\"line\":\"one\"}\n"));
    p.has_times = true;
    check_found(&p, "2026-11-20T09:00:01Z info one\n2026-11-20T09:00:02Z warn two\n");
    search_for(&p, "o");
    query_add_filter(&p.query, STR("api"));
    check_found(&p, "2026-11-20T09:00:02Z warn two\n");
}

static bool is_third(void *context, const struct snapshot *block)
{
    CHECK(block->n_blocks == 1 && block->block(block->context, 0).records > 0);
    return ++*(int *)context == 3;
}

TEST(file_snapshot_ends_when_it_is_enough)
{
    struct err err;
    int asked = 0;
    defer(end) struct scene p;
    defer(buf_free) struct buf lines = {.max = 64 << 20};
    defer(file_snapshot_close) struct file_snapshot *f = NULL;
    put_lines(&lines, 0, 60000);
    begin(&p);
    add_file(&p, "x.log", buf_str(&lines));
    const struct file_search how = {.paths = &p.list,
                                    .query = &p.query,
                                    .config = &p.config,
                                    .memory = p.memory,
                                    .is_enough = is_third,
                                    .context = &asked};
    REQUIRE_OK(file_snapshot_open(&f, &how, &err));
    CHECK(asked == 3 && file_snapshot_of(f)->n_blocks == 3);
    file_snapshot_note(f, &p.summary);
    CHECK(p.summary.n_problems == 0);
}
