/* Invariant numbers are those of collector/store/merging.h. */
#include "collector/store/merging.h"

#include "base/mem.h"
#include "collector/store/parts.h"
#include "collector/store/places.h"
#include "collector/store/snapshot.h"
#include "tests/blocks.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { DAY = 20000, EACH = 50 };

static int64_t now = DAY * NS_PER_DAY;

static const char *path_of(struct arena *a, const char *name)
{
    return arena_print(a, "%s/data%s", test_folder(), name).ptr;
}

static struct store *open_store(struct store_options options)
{
    struct err err;
    struct store *s = NULL;
    defer(arena_free) struct arena a = {0};
    options.folder = path_of(&a, "");
    REQUIRE_OK(store_open(&s, &options, now, &err));
    return s;
}

static void put_of(struct store *s, uint64_t origin, uint64_t sequence, const char *service)
{
    struct err err;
    struct block block;
    struct put_result result;
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    make_block(&bytes, origin, sequence, service, (int)sequence * EACH, EACH);
    REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
    REQUIRE_OK(store_put(s, buf_str(&bytes), &block, now, &result, &err));
    REQUIRE_OK(store_commit(s, now, &err));
    store_publish(s);
}

static void put(struct store *s, uint64_t origin, uint64_t sequence)
{
    put_of(s, origin, sequence, "api");
}

static bool merge_once(struct store *s)
{
    struct err err;
    struct store_merge *m = store_plan_merge(s);
    if (!m)
        return false;
    store_run_merge(m, NULL, NULL);
    REQUIRE_OK(store_end_merge(s, &m, &err));
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    return true;
}

static bool hear(void *context, const struct result *r)
{
    buf_print(context, "%llu/%llu/%u ", (unsigned long long)r->origin.low,
              (unsigned long long)r->sequence, r->position);
    buf_add(context, r->line);
    buf_add_byte(context, '\n');
    return true;
}

/* What a search for everything gives. */
static void search(struct view *v, struct buf *out, struct summary *summary)
{
    struct err err;
    struct view_snapshot snapshot;
    defer(query_free) struct query q;
    struct run_options options = {.take = hear, .context = out};
    out->max = 64 << 20;
    query_init(&q);
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    REQUIRE_OK(query_run(&q, &snapshot.snapshot, &options, summary, &err));
    view_note_problems(v, summary);
}

static void search_store(struct store *s, struct buf *out)
{
    defer(summary_free) struct summary summary = {0};
    defer(view_close) struct view *v = NULL;
    view_open(&v, s);
    search(v, out, &summary);
    CHECK(summary.complete);
}

static size_t files_in(const char *name)
{
    struct err err;
    struct str *names;
    size_t n = 0;
    defer(arena_free) struct arena a = {0};
    return folder_list(path_of(&a, name), &a, &names, &n, &err) ? n : 0;
}

#define SEGMENTS "/days/2024-10-04/default"

TEST(merging_changes_nothing_that_is_seen)
{
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    defer(buf_free) struct buf before = {0}, after = {0}, again = {0};
    for (uint64_t i = 1; i <= 30; i++)
        for (uint64_t origin = 1; origin <= 2; origin++)
            put(s, origin, i);
    search_store(s, &before);
    struct store_numbers numbers = store_count(s);
    CHECK(numbers.journals > 5 && numbers.segments == 0);
    while (merge_once(s)) {
    }
    struct store_numbers merged = store_count(s);
    CHECK(merged.journals == 1 && merged.segments > 0 && merged.segments < numbers.journals);
    CHECK_INT(merged.records, numbers.records);
    CHECK_INT(merged.line_bytes, numbers.line_bytes);
    CHECK_INT(files_in("/journal"), 1);
    search_store(s, &after);
    CHECK_STR(buf_str(&after), buf_str(&before));
    store_close(&s, now);
    s = open_store((struct store_options){.journal_bytes = 4000});
    CHECK_INT(store_count(s).records, numbers.records);
    search_store(s, &again);
    CHECK_STR(buf_str(&again), buf_str(&before));
    CHECK(!store_plan_merge(s));
    store_close(&s, now);
}

TEST(merging_leaves_open_views_as_they_are) /* 1 */
{
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    defer(buf_free) struct buf before = {0}, after = {0};
    defer(summary_free) struct summary summary = {0};
    for (uint64_t i = 1; i <= 20; i++)
        put(s, 1, i);
    search_store(s, &before);
    struct view *v = NULL;
    view_open(&v, s);
    while (merge_once(s)) {
    }
    search(v, &after, &summary);
    CHECK(summary.complete);
    CHECK_STR(buf_str(&after), buf_str(&before));
    view_close(&v);
    store_close(&s, now);
}

TEST(merging_followers_find_their_place) /* 3 */
{
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    struct store_place places[21] = {{0}};
    for (uint64_t i = 1; i <= 20; i++) {
        put(s, 1 + i % 2, i);
        places[i] = store_end(s);
    }
    merge_once(s);
    for (int round = 0; round < 2; round++) {
        for (size_t from = 0; from < 20; from += 3) {
            defer(buf_free) struct buf found = {0};
            defer(summary_free) struct summary summary = {0};
            struct view *v = NULL;
            const struct store_span span = {places[from], places[from + 1]};
            CHECK_INT(store_check_place(s, places[from]), PLACE_KNOWN);
            view_open_span(&v, s, &span);
            search(v, &found, &summary);
            CHECK_INT(summary.matched, EACH);
            char first[40];
            snprintf(first, sizeof first, "%zu/%zu/0 api number", 1 + (from + 1) % 2, from + 1);
            CHECK(str_starts(buf_str(&found), str_from(first)));
            view_close(&v);
            /* It may name the end of a journal where the other names the beginning of the next. */
            CHECK(!is_place_before(places[from + 1], store_step(s, places[from], 1, UINT64_MAX)));
            CHECK(is_place_before(places[from], store_step(s, places[from], 1, UINT64_MAX)));
        }
        store_close(&s, now);
        s = open_store((struct store_options){.journal_bytes = 4000});
    }
    store_close(&s, now);
}

TEST(merging_goes_on_after_a_stop)
{
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    defer(buf_free) struct buf before = {0}, after = {0};
    for (uint64_t i = 1; i <= 20; i++)
        put(s, 1, i);
    search_store(s, &before);
    struct store_merge *m = store_plan_merge(s);
    store_run_merge(m, NULL, NULL); /* the segment has its name; nothing was told to the store */
    struct err err;
    REQUIRE_OK(store_end_merge(s, &m, &err));
    store_close(&s, now); /* before the journals were unlinked */
    size_t journals = files_in("/journal");
    s = open_store((struct store_options){.journal_bytes = 4000});
    CHECK(files_in("/journal") < journals);
    search_store(s, &after);
    CHECK_STR(buf_str(&after), buf_str(&before));
    store_close(&s, now);
}

TEST(merging_removes_what_was_not_finished)
{
    defer(arena_free) struct arena a = {0};
    struct err err;
    REQUIRE_OK(folder_make(path_of(&a, SEGMENTS), &err));
    close(open(path_of(&a, SEGMENTS "/segment-000003.new"), O_CREAT | O_WRONLY, 0600));
    struct store *s = open_store((struct store_options){0});
    CHECK_INT(files_in(SEGMENTS), 0);
    store_close(&s, now);
}

TEST(merging_retention_takes_segments_too)
{
    struct err err;
    struct store *s =
        open_store((struct store_options){.journal_bytes = 4000, .keep_ns = NS_PER_DAY});
    for (uint64_t i = 1; i <= 20; i++)
        put(s, 1, i);
    while (merge_once(s)) {
    }
    CHECK(store_count(s).segments > 0);
    now += 2 * NS_PER_DAY;
    put(s, 1, 21);
    for (int i = 0; i < 40; i++) {
        now += NS_PER_S;
        REQUIRE_OK(store_maintain(s, now, &err));
        store_publish(s);
    }
    CHECK_INT(store_count(s).segments, 0);
    CHECK_INT(files_in(SEGMENTS), 0);
    CHECK_INT(store_count(s).records, EACH);
    store_close(&s, now);
}

/* Of a store of one segment, which has lost a byte. */
static bool is_noticed(const struct buf *lines)
{
    struct err err;
    struct view *v = NULL;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf found = {0};
    defer(summary_free) struct summary summary = {0};
    REQUIRE_OK(view_open_folder(&v, path_of(&a, ""), &err));
    search(v, &found, &summary);
    view_close(&v);
    return !summary.complete || !str_equal(buf_str(&found), buf_str(lines)) ? !summary.complete
                                                                            : false;
}

TEST(merging_every_flipped_byte_of_a_segment_is_noticed)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf lines = {0}, bytes = {0};
    defer(file_close) struct file f = {0};
    struct store *s = open_store((struct store_options){.journal_bytes = 3000});
    for (uint64_t i = 1; store_count(s).journals < 2; i++)
        put(s, 1, i);
    REQUIRE(merge_once(s));
    search_store(s, &lines);
    store_close(&s, now);
    const char *path = path_of(&a, SEGMENTS "/segment-000001");
    REQUIRE_OK(file_load(path, 1 << 20, &bytes, &err));
    REQUIRE_OK(file_open(&f, path, FILE_WRITE, &err));
    for (size_t i = 0; i < bytes.len; i++) {
        char flipped = (char)(bytes.ptr[i] ^ 1 << i % 8);
        REQUIRE_OK(file_write_at(&f, i, str_of(&flipped, 1), &err));
        if (!is_noticed(&lines))
            test_fail(__FILE__, __LINE__, "byte %zu of %zu is not missed", i, bytes.len);
        REQUIRE_OK(file_write_at(&f, i, str_of(bytes.ptr + i, 1), &err));
    }
}

/* ---- filters ---- */

/* What a search for a text finds; tells what was read of the store in test_folder(). */
static void find_text(const char *text, bool with_context, struct buf *found,
                      struct summary *summary)
{
    struct err err;
    struct view *v = NULL;
    struct view_snapshot snapshot;
    defer(arena_free) struct arena a = {0};
    defer(query_free) struct query q;
    struct run_options options = {.take = hear, .context = found};
    query_init(&q);
    query_add_pattern(&q, str_from(text));
    q.after = with_context ? 1 : 0;
    REQUIRE_OK(view_open_folder(&v, path_of(&a, ""), &err));
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    REQUIRE_OK(query_run(&q, &snapshot.snapshot, &options, summary, &err));
    view_close(&v);
}

/* A segment of lines that differ, large enough that a filter is worth its bytes; returns where that begins. */
static uint64_t make_filtered(struct buf *bytes)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    struct store *s = open_store((struct store_options){.journal_bytes = 60000});
    for (uint64_t i = 1; store_count(s).journals < 2; i++) {
        uint64_t words[] = {i * 0x9e3779b97f4a7c15, i * 0xbf58476d1ce4e5b9};
        put_of(s, 1, i,
               arena_print(&a, "api %016llx/%016llx", (unsigned long long)words[0],
                           (unsigned long long)words[1])
                   .ptr);
    }
    REQUIRE(merge_once(s));
    store_close(&s, now);
    REQUIRE_OK(file_load(path_of(&a, SEGMENTS "/segment-000001"), 1 << 20, bytes, &err));
    size_t at = str_find(buf_str(bytes), STR("SLSV"));
    REQUIRE(at != SIZE_MAX);
    return at;
}

TEST(merging_filters_leave_out_what_cannot_match)
{
    static const struct {
        const char *text;
        bool context;
        uint64_t matched, read;
    } cases[] = {{" number 77", false, 11, 1},
                 {" number 7.", false, 0, 0},
                 {"such a thing", false, 0, 0},
                 {"number 99999999999999", false, 0, 0},
                 {"such a thing", true, 0, 1}};
    defer(buf_free) struct buf bytes = {0};
    make_filtered(&bytes);
    for (size_t i = 0; i < countof(cases); i++) {
        defer(buf_free) struct buf found = {0};
        defer(summary_free) struct summary summary = {0};
        find_text(cases[i].text, cases[i].context, &found, &summary);
        CHECK(summary.complete);
        CHECK_INT(summary.matched, cases[i].matched);
        CHECK_INT(summary.blocks_read, cases[i].read);
    }
}

static void count_problem(void *context, const char *text)
{
    *(int *)context += strstr(text, "segment 000001: filter: ") != NULL;
}

TEST(merging_a_damaged_filter_is_named_and_not_used)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf bytes = {0};
    defer(file_close) struct file f = {0};
    uint64_t at = make_filtered(&bytes);
    REQUIRE_OK(file_open(&f, path_of(&a, SEGMENTS "/segment-000001"), FILE_WRITE, &err));
    for (uint64_t i = at; i < at + 200; i += 7) {
        defer(buf_free) struct buf found = {0};
        defer(summary_free) struct summary summary = {0};
        struct store_verdict verdict;
        int problems = 0;
        char flipped = (char)(bytes.ptr[i] ^ 1 << i % 8);
        REQUIRE_OK(file_write_at(&f, i, str_of(&flipped, 1), &err));
        find_text(" number 77", false, &found, &summary);
        CHECK(!summary.complete && summary.matched > 10);
        CHECK_INT(summary.n_problems, 1);
        REQUIRE_OK(store_verify(path_of(&a, ""), count_problem, &problems, &verdict, &err));
        CHECK_INT(verdict.damaged, 1);
        CHECK_INT(problems, 1);
        REQUIRE_OK(file_write_at(&f, i, str_of(bytes.ptr + i, 1), &err));
    }
}

static uint64_t records_of_folder(void)
{
    struct err err;
    size_t n;
    uint64_t records = 0;
    struct view *v = NULL;
    defer(arena_free) struct arena a = {0};
    REQUIRE_OK(view_open_folder(&v, path_of(&a, ""), &err));
    const struct block_ref *refs = view_blocks(v, INT64_MIN, INT64_MAX, &n);
    for (size_t i = 0; i < n; i++)
        records += refs[i].records;
    view_close(&v);
    return records;
}

/* Without store_maintain, as if the power went before anything was unlinked. */
static bool merge_without_removal(struct store *s)
{
    struct err err;
    struct store_merge *m = store_plan_merge(s);
    if (!m)
        return false;
    store_run_merge(m, NULL, NULL);
    REQUIRE_OK(store_end_merge(s, &m, &err));
    return true;
}

TEST(merging_generations_that_were_not_removed_do_not_come_back)
{
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; i <= 60; i++)
        for (uint64_t origin = 1; origin <= 2; origin++) {
            put(s, origin, i);
            while (merge_without_removal(s)) {
            }
        }
    for (int opening = 0; opening < 3; opening++) {
        CHECK_INT(store_count(s).records, 120 * EACH);
        CHECK_INT(records_of_folder(), 120 * EACH);
        store_close(&s, now);
        s = open_store((struct store_options){.journal_bytes = 4000});
    }
    struct err err;
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    CHECK_INT(files_in(SEGMENTS), store_count(s).segments);
    store_close(&s, now);
}

static int failing_syncs;

static int sync_that_fails(int fd)
{
    struct stat st;
    if (failing_syncs && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        failing_syncs--;
        errno = EIO;
        return -1;
    }
    return disk_kernel.fsync(fd);
}

TEST(merging_again_after_a_sync_that_failed_doubles_nothing)
{
    struct err err;
    struct disk faulty = disk_kernel;
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; i <= 20; i++)
        put(s, 1, i);
    merge_once(s); /* so that the folder is there */
    faulty.fsync = sync_that_fails;
    disk = &faulty;
    failing_syncs = 1;
    struct store_merge *m = store_plan_merge(s);
    store_run_merge(m, NULL, NULL);
    CHECK(!store_end_merge(s, &m, &err));
    disk = &disk_kernel;
    CHECK_INT(records_of_folder(), 20 * EACH);
    while (merge_once(s)) {
    }
    CHECK_INT(records_of_folder(), 20 * EACH);
    store_close(&s, now);
}

static void flip_byte(const char *path, uint64_t at)
{
    struct err err;
    char byte;
    size_t got;
    defer(file_close) struct file f = {0};
    REQUIRE_OK(file_open(&f, path, FILE_WRITE, &err));
    REQUIRE_OK(file_read_at(&f, at, &byte, 1, &got, &err));
    byte = (char)(byte ^ 1);
    REQUIRE_OK(file_write_at(&f, at, str_of(&byte, 1), &err));
}

TEST(merging_streams_are_known_when_the_tables_are_lost)
{
    defer(arena_free) struct arena a = {0};
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    size_t n;
    for (uint64_t i = 1; i <= 20; i++)
        put(s, 1, i);
    while (merge_once(s)) {
    }
    store_close(&s, now);
    struct str *names;
    struct err err;
    REQUIRE_OK(folder_list(path_of(&a, "/journal"), &a, &names, &n, &err));
    REQUIRE(n == 1);
    flip_byte(arena_print(&a, "%s/%.*s", path_of(&a, "/journal"), STR_ARG(names[0])).ptr, 80);
    s = open_store((struct store_options){.journal_bytes = 4000});
    CHECK_INT(store_count(s).streams, 1);
    store_close(&s, now);
}

TEST(merging_context_does_not_jump_over_a_damaged_journal)
{
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf found = {0};
    defer(summary_free) struct summary summary = {0};
    struct err err;
    struct view_snapshot snapshot;
    struct view *v = NULL;
    defer(query_free) struct query q;
    struct run_options options = {.take = hear, .context = &found};
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; i <= 60; i++)
        put(s, 1, i);
    store_close(&s, now);
    uint64_t size;
    defer(file_close) struct file f = {0};
    REQUIRE_OK(file_open(&f, path_of(&a, "/journal/000003"), FILE_READ, &err));
    REQUIRE_OK(file_size(&f, &size, &err));
    flip_byte(path_of(&a, "/journal/000003"), size - 200);
    s = open_store((struct store_options){.journal_bytes = 4000});
    for (struct store_merge *m; (m = store_plan_merge(s));) {
        store_run_merge(m, NULL, NULL);
        if (!store_end_merge(s, &m, &err))
            CHECK_INT(err.code, ERR_CORRUPT); /* the damaged one is left alone then */
        REQUIRE_OK(store_maintain(s, now, &err));
        store_publish(s);
    }
    CHECK(store_count(s).journals == 2 && store_count(s).segments >= 2);
    view_open(&v, s);
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    query_init(&q);
    q.options.kind = PATTERN_TEXT;
    q.after = 60 * EACH;
    query_add_pattern(&q, STR("number 50"));
    REQUIRE_OK(query_run(&q, &snapshot.snapshot, &options, &summary, &err));
    int before = 0;
    struct str rest = buf_str(&found), line;
    while (take_until(&rest, '\n', &line)) {
        size_t at = str_find(line, STR("number "));
        uint64_t number = 0;
        str_to_u64(str_slice(line, at + 7, SIZE_MAX), &number);
        CHECK((int)number > before);
        before = (int)number;
    }
    view_close(&v);
    store_close(&s, now);
}

TEST(merging_retention_removes_the_oldest_also_while_it_is_merged)
{
    struct err err;
    defer(buf_free) struct buf found = {0};
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; i <= 40; i++) {
        now += NS_PER_S;
        put(s, 1, i);
    }
    struct store_merge *m = store_plan_merge(s);
    store_set_retention(s, 0, store_count(s).bytes - 3000, 0);
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    store_run_merge(m, NULL, NULL);
    CHECK(!store_end_merge(s, &m, &err));
    CHECK_INT(err.code, ERR_CANCELED);
    CHECK_INT(files_in(SEGMENTS), 0);
    search_store(s, &found);
    CHECK(str_find(buf_str(&found), STR("1/1/0 ")) == SIZE_MAX);
    CHECK(str_find(buf_str(&found), STR("1/40/0 ")) != SIZE_MAX);
    CHECK_INT(records_of_folder(), store_count(s).records);
    store_close(&s, now);
}

TEST(merging_a_backup_that_has_rotted_is_copied_anew)
{
    struct err err;
    struct store_copied copied;
    defer(arena_free) struct arena a = {0};
    const char *backup = arena_print(&a, "%s/backup", test_folder()).ptr;
    const char *segment = arena_print(&a, "%s" SEGMENTS "/segment-000001", backup).ptr;
    struct store *s = open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; store_count(s).journals < 2; i++)
        put(s, 1, i);
    REQUIRE(merge_once(s));
    REQUIRE_OK(store_back_up(path_of(&a, ""), backup, &copied, &err));
    defer(buf_free) struct buf bytes = {0};
    REQUIRE_OK(file_load(segment, 1 << 20, &bytes, &err));
    bytes.ptr[300] = (char)(bytes.ptr[300] ^ 1);
    REQUIRE_OK(file_replace(segment, buf_str(&bytes), 0600, &err)); /* no more the same file */
    REQUIRE_OK(store_back_up(path_of(&a, ""), backup, &copied, &err));
    CHECK_INT(copied.kept, 0);
    struct store_verdict verdict;
    REQUIRE_OK(store_verify(backup, NULL, NULL, &verdict, &err));
    CHECK_INT(verdict.damaged, 0);
    CHECK_INT(verdict.records, store_count(s).records);
    store_close(&s, now);
}
