/* Invariant numbers are those of collector/store/importing.h (I) and adopting.h (A). */
#include "collector/store/importing.h"

#include "base/mem.h"
#include "collector/store/adopting.h"
#include "collector/store/parts.h"
#include "collector/store/snapshot.h"
#include "tests/blocks.h"
#include "tests/stores.h"
#include "tests/test.h"

#include <stdio.h>

enum { DAY = 20000 };

static const int64_t now = DAY * NS_PER_DAY + NS_PER_DAY / 2;
static const struct hash128 origin = {.low = 7, .high = 9};

static const char *path_of(struct arena *a, const char *name)
{
    return arena_print(a, "%s/data%s", test_folder(), name).ptr;
}

static struct store *open_store(int64_t keep_ns)
{
    struct err err;
    struct store *s = NULL;
    defer(arena_free) struct arena a = {0};
    const struct store_options options = {.folder = path_of(&a, ""), .retention.keep_ns = keep_ns};
    REQUIRE_OK(store_open(&s, &options, now, &err));
    return s;
}

static struct importing *open_import(void)
{
    struct err err;
    struct importing *i = NULL;
    defer(arena_free) struct arena a = {0};
    REQUIRE_OK(importing_open(&i, path_of(&a, ""), now, &err));
    return i;
}

static void add(struct importing *i, const char *service, int64_t ns, const char *line)
{
    struct err err;
    struct label items[] = {{STR("service"), str_from(service)}};
    struct record record = {.event_ns = ns, .line = str_from(line)};
    struct filled_stream *stream =
        filled_stream_of(importing_streams(i), &(struct labels){items, 1});
    REQUIRE_OK(importing_add(i, stream, &record, &err));
}

/* Days before today. */
static int64_t ago(int days, int64_t ns)
{
    return (DAY - days) * NS_PER_DAY + ns;
}

static struct hash128 finish(struct importing *i)
{
    struct err err;
    uint64_t bytes = 0;
    REQUIRE_OK(importing_end(i, &err));
    REQUIRE_OK(importing_finish(i, &bytes, &err));
    CHECK(bytes > 0);
    return importing_id(i);
}

static void adopt(struct store *s, struct hash128 id, uint64_t records)
{
    struct err err;
    struct adopted adopted;
    REQUIRE_OK(store_adopt(s, id, &adopted, &err));
    CHECK_INT(adopted.records, records);
    store_publish(s);
}

static bool hear(void *context, const struct result *r)
{
    buf_add(context, label_value(&r->stream->labels, STR("service")));
    buf_print(context, " %.*s\n", STR_ARG(r->line));
    return true;
}

static void search(struct view *v, struct buf *out)
{
    struct err err;
    struct view_snapshot snapshot;
    defer(query_free) struct query q;
    defer(summary_free) struct summary summary = {0};
    struct run_options options = {.take = hear, .context = out};
    buf_reset(out);
    query_init(&q);
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    REQUIRE_OK(query_run(&q, &snapshot.snapshot, &options, &summary, &err));
    view_note_problems(v, &summary);
    CHECK(summary.complete);
}

static void check_found(struct store *s, const char *expected)
{
    defer(buf_free) struct buf out = {0};
    struct view *v = NULL;
    view_open(&v, s);
    search(v, &out);
    view_close(&v);
    CHECK_STR(buf_str(&out), str_from(expected));
}

static void check_folder(const char *expected)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf out = {0};
    struct view *v = NULL;
    REQUIRE_OK(view_open_folder(&v, path_of(&a, ""), &err));
    search(v, &out);
    view_close(&v);
    CHECK_STR(buf_str(&out), str_from(expected));
}

static size_t files_in(const char *name)
{
    struct err err;
    struct str *names;
    size_t n = 0;
    defer(arena_free) struct arena a = {0};
    return folder_list(path_of(&a, name), &a, &names, &n, &err) ? n : 0;
}

static size_t streams_of(struct store *s)
{
    size_t n;
    struct view *v = NULL;
    view_open(&v, s);
    view_streams(v, &n);
    view_close(&v);
    return n;
}

#define THREE_DAYS "api one\nweb a\napi two\napi three\napi four\n"

static struct hash128 prepare_three_days(struct importing **i)
{
    *i = open_import();
    importing_begin(*i, origin);
    add(*i, "api", ago(3, 5), "one");
    add(*i, "api", ago(2, 0), "two");
    add(*i, "web", ago(3, 6), "a");
    add(*i, "api", ago(2, 0), "three");
    add(*i, "api", ago(1, 0), "four");
    return finish(*i);
}

TEST(importing_puts_records_into_their_days) /* I2 */
{
    struct err err;
    struct importing *i = NULL;
    struct store *s = open_store(0);
    adopt(s, prepare_three_days(&i), 5);
    importing_close(&i);
    check_found(s, THREE_DAYS);
    CHECK_INT(files_in("/days/2024-10-01/default"), 1);
    CHECK_INT(files_in("/days/2024-10-02/default"), 1);
    CHECK_INT(files_in("/days/2024-10-03/default"), 1);
    CHECK_INT(files_in("/import"), 2); /* the locks */
    CHECK_INT(streams_of(s), 2);
    CHECK_INT(store_count(s).records, 5);
    store_close(&s, now);
    s = open_store(0);
    check_found(s, THREE_DAYS);
    CHECK_INT(streams_of(s), 2); /* no journal has named them */
    store_close(&s, now);
    struct store_verdict verdict;
    defer(arena_free) struct arena a = {0};
    REQUIRE_OK(store_verify(path_of(&a, ""), NULL, NULL, &verdict, &err));
    CHECK_INT(verdict.records, 5);
    CHECK_INT(verdict.damaged, 0);
}

TEST(importing_knows_a_file_while_records_of_it_are_there) /* I1 */
{
    struct err err;
    struct importing *i = NULL;
    struct store *s = open_store(0);
    adopt(s, prepare_three_days(&i), 5);
    CHECK(importing_knows(i, origin));
    importing_close(&i);
    store_close(&s, now);
    i = open_import();
    CHECK(importing_knows(i, origin));
    CHECK(!importing_knows(i, (struct hash128){.low = 7}));
    importing_close(&i);
    s = open_store(NS_PER_DAY);
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    CHECK_INT(store_count(s).records, 0); /* retention counts from the times of the records */
    store_close(&s, now);
    i = open_import();
    CHECK(!importing_knows(i, origin));
    importing_close(&i);
}

TEST(importing_retention_removes_by_the_times_of_records)
{
    struct err err;
    struct importing *i = NULL;
    struct store *s = open_store(2 * NS_PER_DAY);
    adopt(s, prepare_three_days(&i), 5);
    importing_close(&i);
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    check_found(s, "api four\n");
    store_close(&s, now);
}

TEST(importing_takes_the_future_for_today)
{
    struct importing *i = open_import();
    struct store *s = open_store(0);
    importing_begin(i, origin);
    add(i, "api", now + 400 * NS_PER_DAY, "later");
    adopt(s, finish(i), 1);
    importing_close(&i);
    check_found(s, "api later\n");
    CHECK_INT(files_in("/days/2024-10-04/default"), 1);
    store_close(&s, now);
}

/* Invariant 1 of formats/block/segment.h: what they were made of does not count, if a crash has left it. */
TEST(importing_days_become_archives)
{
    struct err err;
    struct importing *i = NULL;
    defer(arena_free) struct arena a = {0};
    const char *old = path_of(&a, "/days/2024-10-01/default/segment-000001");
    const char *kept = path_of(&a, "/kept");
    const char *const expected = "api one\nweb a\napi and\napi two\napi three\napi four\n";
    struct store *s = open_store(0);
    adopt(s, prepare_three_days(&i), 5);
    importing_close(&i);
    i = open_import();
    importing_begin(i, (struct hash128){.low = 8});
    add(i, "api", ago(3, 7), "and");
    adopt(s, finish(i), 1);
    importing_close(&i);
    REQUIRE_OK(file_link(old, kept, &err));
    REQUIRE_OK(archive_all(s, now, &err));
    CHECK_INT(store_count(s).segments, 3);
    for (int days = 1; days <= 3; days++) {
        const char *folder = arena_print(&a, "/days/2024-10-%02d/default", 4 - days).ptr;
        CHECK_INT(files_in(folder), 1);
    }
    check_found(s, expected);
    REQUIRE_OK(archive_all(s, now, &err));
    CHECK_INT(store_count(s).segments, 3); /* once */
    store_close(&s, now);
    REQUIRE_OK(file_rename(kept, old, &err));
    check_folder(expected);
    s = open_store(0);
    check_found(s, expected);
    CHECK_INT(streams_of(s), 2);
    REQUIRE_OK(store_maintain(s, now, &err));
    CHECK_INT(files_in("/days/2024-10-01/default"), 1);
    store_close(&s, now);
    i = open_import();
    CHECK(importing_knows(i, origin));
    importing_close(&i);
}

/* More days at the same time than blocks are filled, more records than one block has, and times in ns. */
TEST(importing_many_days_and_blocks)
{
    enum { DAYS = 40, EACH = 4000 };
    struct err err;
    size_t n;
    struct importing *i = open_import();
    struct store *s = open_store(0);
    importing_begin(i, origin);
    for (int k = 0; k < EACH; k++)
        for (int d = 0; d < DAYS; d++) {
            char line[400];
            snprintf(line, sizeof line, "%d of %d %0300d", k, d, k * d);
            add(i, "api", ago(d, k * NS_PER_S + 1), line);
        }
    const struct import_day *days = importing_days(i, &n);
    CHECK_INT(n, DAYS);
    CHECK_INT(days[0].day, DAY - DAYS + 1);
    CHECK_INT(days[n - 1].records, EACH);
    adopt(s, finish(i), DAYS * EACH);
    importing_close(&i);
    size_t blocks;
    struct view *v = NULL;
    view_open(&v, s);
    const struct block_ref *refs = view_blocks(v, INT64_MIN, INT64_MAX, &blocks);
    for (size_t k = 0; k < blocks; k++)
        CHECK_INT(refs[k].least_event_ns % NS_PER_US, 1);
    view_close(&v);
    store_close(&s, now);
    struct store_verdict verdict;
    defer(arena_free) struct arena a = {0};
    REQUIRE_OK(store_verify(path_of(&a, ""), NULL, NULL, &verdict, &err));
    CHECK_INT(verdict.damaged, 0);
    CHECK_INT(verdict.records, DAYS * EACH);
}

TEST(importing_what_is_not_adopted_leaves_nothing) /* I3 */
{
    struct err err;
    struct adopted adopted;
    struct importing *i = NULL, *other = NULL;
    defer(arena_free) struct arena a = {0};
    struct store *s = open_store(0);
    CHECK(!store_adopt(s, origin, &adopted, &err) && err.code == ERR_NOT_FOUND);
    struct hash128 id = prepare_three_days(&i);
    CHECK(!importing_open(&other, path_of(&a, ""), now, &err) && err.code == ERR_CONFLICT);
    id.low++;
    CHECK(!store_adopt(s, id, &adopted, &err) && err.code == ERR_NOT_FOUND);
    id.low--;
    importing_close(&i);
    CHECK_INT(files_in("/import"), 2);
    CHECK(!store_adopt(s, id, &adopted, &err) && err.code == ERR_NOT_FOUND);
    store_publish(s);
    check_found(s, "");
    store_close(&s, now);
}

TEST(importing_what_a_crash_has_left_goes_when_the_store_opens) /* I3 */
{
    struct err err;
    struct importing *i = NULL;
    defer(arena_free) struct arena a = {0};
    struct store *s = open_store(0);
    prepare_three_days(&i);
    store_close(&s, now);
    s = open_store(0); /* not while it is under way */
    CHECK_INT(files_in("/import"), 6);
    store_close(&s, now);
    REQUIRE_OK(file_rename(path_of(&a, "/import"), path_of(&a, "/kept"), &err));
    importing_close(&i);
    REQUIRE_OK(file_rename(path_of(&a, "/kept"), path_of(&a, "/import"), &err));
    s = open_store(0);
    CHECK_INT(files_in("/import"), 2);
    store_close(&s, now);
}

static void write_text(const char *name, struct str text)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    REQUIRE_OK(file_replace(path_of(&a, name), text, 0600, &err));
}

/* As after a crash behind the moment at which they count: the first was moved already. */
static void interrupt(void)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf ready = {0}, adopt_list = {0};
    REQUIRE_OK(file_load(path_of(&a, "/import/READY"), 10000, &ready, &err));
    struct str rest = buf_str(&ready), line;
    for (int number = 40; take_until(&rest, '\n', &line); number++)
        buf_print(&adopt_list, number == 40 ? "%.*s\n" : "%.*s %d\n", STR_ARG(line), number);
    write_text("/import/ADOPT", buf_str(&adopt_list));
    REQUIRE_OK(file_rename(path_of(&a, "/import/segment-000001"),
                           path_of(&a, "/days/2024-10-01/default/segment-000041"), &err));
}

/* A store with a list that nobody can read opens, says so, and takes lines in. */
TEST(importing_with_a_damaged_list)
{
    static const char *const lists[] = {
        "", "x", "sluice-import 1 0\n",
        "sluice-import 1 00000000000000000000000000000001\nsegment-1 2024-10-01 0\n"};
    struct err err;
    for (size_t i = 0; i < countof(lists); i++) {
        struct importing *import = NULL;
        defer(arena_free) struct arena a = {0};
        defer(view_close) struct view *v = NULL;
        struct store *s = open_store(0);
        prepare_three_days(&import);
        importing_close(&import);
        store_close(&s, now);
        write_text("/import/ADOPT", str_from(lists[i]));
        s = open_store(0);
        view_open(&v, s);
        size_t n;
        const struct str *problems = view_problems(v, &n);
        REQUIRE(n == 1);
        CHECK(str_find(problems[0], STR("/import/ADOPT")) != SIZE_MAX);
        view_close(&v);
        store_close(&s, now);
        REQUIRE_OK(file_remove(path_of(&a, "/import/ADOPT"), &err));
    }
}

TEST(importing_goes_on_after_a_crash) /* A1, A2 */
{
    struct err err;
    struct importing *i = NULL;
    defer(arena_free) struct arena a = {0};
    struct store *s = open_store(0);
    prepare_three_days(&i);
    store_close(&s, now);
    interrupt();
    importing_close(&i); /* does not take away what counts */
    check_folder(THREE_DAYS);
    CHECK(!importing_open(&i, path_of(&a, ""), now, &err) && err.code == ERR_AGAIN);
    struct store_copied copied;
    CHECK(!store_back_up(path_of(&a, ""), path_of(&a, "-backup"), &copied, &err));
    CHECK(err.code == ERR_AGAIN);
    s = open_store(0);
    check_found(s, THREE_DAYS);
    CHECK_INT(files_in("/import"), 2);
    CHECK_INT(files_in("/days/2024-10-03/default"), 1);
    store_close(&s, now);
    check_folder(THREE_DAYS);
    i = open_import();
    CHECK(importing_knows(i, origin));
    importing_close(&i);
}

TEST(importing_refuses_what_is_no_import)
{
    static const struct str lists[] = {
        STR_INIT(""),
        STR_INIT("sluice-import 2 00000000000000000000000000000000\n"),
        STR_INIT("sluice-import 1 00000000000000090000000000000007\nsegment-000001 2024-10-01 1\n"),
        STR_INIT("sluice-import 1 00000000000000090000000000000007\nsegment-000001 2024-13-01\n"),
        STR_INIT(
            "sluice-import 1 00000000000000090000000000000007\n../segment-000001 2024-10-01\n"),
        STR_INIT("sluice-import 1 00000000000000090000000000000007\nsegment-000009 2024-10-01\n"),
        STR_INIT("sluice-import 1 00000000000000090000000000000007\nsegment-000001\n"),
    };
    struct err err;
    struct adopted adopted;
    struct importing *i = NULL;
    defer(arena_free) struct arena a = {0};
    struct store *s = open_store(0);
    prepare_three_days(&i);
    for (size_t k = 0; k < countof(lists); k++) {
        write_text("/import/READY", lists[k]);
        CHECK(!store_adopt(s, origin, &adopted, &err));
        store_publish(s);
        CHECK_INT(store_count(s).records, 0);
        CHECK(!is_adoption_pending(path_of(&a, "")));
    }
    /* One whose middle is damaged is not taken for a whole one. */
    write_text("/import/segment-000001", STR("SLSG"));
    write_text("/import/READY", lists[0]);
    write_text(
        "/import/READY",
        STR("sluice-import 1 00000000000000090000000000000007\nsegment-000001 2024-10-01\n"));
    CHECK(!store_adopt(s, origin, &adopted, &err) && err.code == ERR_CORRUPT);
    importing_close(&i);
    store_close(&s, now);
}
