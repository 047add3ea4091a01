/* Invariant numbers are those of collector/store/merging.h. */
#include "collector/store/merging.h"

#include "base/mem.h"
#include "collector/store/parts.h"
#include "collector/store/places.h"
#include "collector/store/snapshot.h"
#include "tests/test.h"
#include "tests/unit/store_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SEGMENTS "/days/2024-10-04/default" /* of ST_DAY */

TEST(merging_changes_nothing_that_is_seen)
{
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    defer(buf_free) struct buf before = {0}, after = {0}, again = {0};
    for (uint64_t i = 1; i <= 30; i++)
        for (uint64_t origin = 1; origin <= 2; origin++)
            st_put(s, origin, i);
    st_search_store(s, &before);
    struct store_numbers numbers = store_count(s);
    CHECK(numbers.journals > 5 && numbers.segments == 0);
    st_merge_all(s);
    struct store_numbers merged = store_count(s);
    CHECK(merged.journals == 1 && merged.segments > 0 && merged.segments < numbers.journals);
    CHECK_INT(merged.records, numbers.records);
    CHECK_INT(merged.line_bytes, numbers.line_bytes);
    CHECK_INT(st_files_in("/journal"), 1);
    st_search_store(s, &after);
    CHECK_STR(buf_str(&after), buf_str(&before));
    store_close(&s, st_now);
    s = st_open_store((struct store_options){.journal_bytes = 4000});
    CHECK_INT(store_count(s).records, numbers.records);
    st_search_store(s, &again);
    CHECK_STR(buf_str(&again), buf_str(&before));
    store_close(&s, st_now);
}

TEST(merging_leaves_open_views_as_they_are) /* 1 */
{
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    defer(buf_free) struct buf before = {0}, after = {0};
    defer(summary_free) struct summary summary = {0};
    for (uint64_t i = 1; i <= 20; i++)
        st_put(s, 1, i);
    st_search_store(s, &before);
    struct view *v = NULL;
    view_open(&v, s);
    st_merge_all(s);
    st_search(v, &after, &summary);
    CHECK(summary.complete);
    CHECK_STR(buf_str(&after), buf_str(&before));
    view_close(&v);
    store_close(&s, st_now);
}

TEST(merging_followers_find_their_place) /* 3 */
{
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    struct store_place places[21] = {{0}};
    for (uint64_t i = 1; i <= 20; i++) {
        st_put(s, 1 + i % 2, i);
        places[i] = store_end(s);
    }
    st_merge_once(s);
    for (int round = 0; round < 2; round++) {
        for (size_t from = 0; from < 20; from += 3) {
            defer(buf_free) struct buf found = {0};
            defer(summary_free) struct summary summary = {0};
            struct view *v = NULL;
            const struct store_span span = {places[from], places[from + 1]};
            CHECK_INT(store_check_place(s, places[from]), PLACE_KNOWN);
            view_open_span(&v, s, &span);
            st_search(v, &found, &summary);
            CHECK_INT(summary.matched, ST_EACH);
            char first[40];
            snprintf(first, sizeof first, "%zu/%zu/0 api number", 1 + (from + 1) % 2, from + 1);
            CHECK(str_starts(buf_str(&found), str_from(first)));
            view_close(&v);
            /* It may name the end of a journal where the other names the beginning of the next. */
            CHECK(!is_place_before(places[from + 1], store_step(s, places[from], 1, UINT64_MAX)));
            CHECK(is_place_before(places[from], store_step(s, places[from], 1, UINT64_MAX)));
        }
        store_close(&s, st_now);
        s = st_open_store((struct store_options){.journal_bytes = 4000});
    }
    store_close(&s, st_now);
}

TEST(merging_goes_on_after_a_stop)
{
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    defer(buf_free) struct buf before = {0}, after = {0};
    for (uint64_t i = 1; i <= 20; i++)
        st_put(s, 1, i);
    st_search_store(s, &before);
    struct store_merge *m = store_plan_merge(s);
    store_run_merge(m, NULL, NULL); /* the segment has its name; nothing was told to the store */
    struct err err;
    REQUIRE_OK(store_end_merge(s, &m, &err));
    store_close(&s, st_now); /* before the journals were unlinked */
    size_t journals = st_files_in("/journal");
    s = st_open_store((struct store_options){.journal_bytes = 4000});
    CHECK(st_files_in("/journal") < journals);
    st_search_store(s, &after);
    CHECK_STR(buf_str(&after), buf_str(&before));
    store_close(&s, st_now);
}

TEST(merging_removes_what_was_not_finished)
{
    defer(arena_free) struct arena a = {0};
    struct err err;
    REQUIRE_OK(folder_make(st_path_of(&a, SEGMENTS), &err));
    close(open(st_path_of(&a, SEGMENTS "/segment-000003.new"), O_CREAT | O_WRONLY, 0600));
    close(open(st_path_of(&a, "/days/notes"), O_CREAT | O_WRONLY, 0600));
    struct store *s = st_open_store((struct store_options){0});
    CHECK_INT(st_files_in("/days"), 1); /* what is not ours stays; folders that are empty do not */
    store_close(&s, st_now);
}

TEST(merging_retention_takes_segments_too)
{
    struct err err;
    struct store *s = st_open_store(
        (struct store_options){.journal_bytes = 4000, .retention.keep_ns = NS_PER_DAY});
    for (uint64_t i = 1; i <= 20; i++)
        st_put(s, 1, i);
    st_merge_all(s);
    CHECK(store_count(s).segments > 0);
    REQUIRE_OK(store_close_journal(s, &err));
    st_now += 2 * NS_PER_DAY;
    st_put(s, 1, 21);
    for (int i = 0; i < 40; i++) {
        st_now += NS_PER_S;
        REQUIRE_OK(store_maintain(s, st_now, &err));
        store_publish(s);
    }
    CHECK_INT(store_count(s).segments, 0);
    CHECK_INT(st_files_in(SEGMENTS), 0);
    CHECK_INT(store_count(s).records, ST_EACH);
    store_close(&s, st_now);
}

TEST(merging_every_flipped_byte_of_a_segment_is_noticed)
{
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf lines = {0};
    struct store *s = st_open_store((struct store_options){.journal_bytes = 3000});
    for (uint64_t i = 1; store_count(s).journals < 2; i++)
        st_put(s, 1, i);
    REQUIRE(st_merge_once(s));
    st_search_store(s, &lines);
    store_close(&s, st_now);
    st_flip_every_byte(st_path_of(&a, SEGMENTS "/segment-000001"), &lines);
}

static uint64_t records_of_folder(void)
{
    struct err err;
    size_t n;
    uint64_t records = 0;
    struct view *v = NULL;
    defer(arena_free) struct arena a = {0};
    REQUIRE_OK(view_open_folder(&v, st_path_of(&a, ""), &err));
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
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; i <= 60; i++)
        for (uint64_t origin = 1; origin <= 2; origin++) {
            st_put(s, origin, i);
            while (merge_without_removal(s)) {
            }
        }
    for (int opening = 0; opening < 3; opening++) {
        CHECK_INT(store_count(s).records, 120 * ST_EACH);
        CHECK_INT(records_of_folder(), 120 * ST_EACH);
        store_close(&s, st_now);
        s = st_open_store((struct store_options){.journal_bytes = 4000});
    }
    struct err err;
    REQUIRE_OK(store_maintain(s, st_now, &err));
    store_publish(s);
    CHECK_INT(st_files_in(SEGMENTS), store_count(s).segments);
    store_close(&s, st_now);
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
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; i <= 20; i++)
        st_put(s, 1, i);
    st_merge_once(s); /* so that the folder is there */
    faulty.fsync = sync_that_fails;
    disk = &faulty;
    failing_syncs = 1;
    struct store_merge *m = store_plan_merge(s);
    store_run_merge(m, NULL, NULL);
    CHECK(!store_end_merge(s, &m, &err));
    disk = &disk_kernel;
    CHECK_INT(records_of_folder(), 20 * ST_EACH);
    st_merge_all(s);
    CHECK_INT(records_of_folder(), 20 * ST_EACH);
    store_close(&s, st_now);
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

/* Twenty blocks in segments; the tables of the one journal that is left rot. */
static void lose_tables(void)
{
    defer(arena_free) struct arena a = {0};
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    size_t n;
    for (uint64_t i = 1; i <= 20; i++)
        st_put(s, 1, i);
    st_merge_all(s);
    store_close(&s, st_now);
    struct str *names;
    struct err err;
    REQUIRE_OK(folder_list(st_path_of(&a, "/journal"), &a, &names, &n, &err));
    REQUIRE(n == 1);
    flip_byte(arena_print(&a, "%s/%.*s", st_path_of(&a, "/journal"), STR_ARG(names[0])).ptr, 80);
}

TEST(merging_tables_are_found_in_a_segment_when_they_are_lost)
{
    lose_tables();
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    CHECK_INT(store_count(s).streams, 1);
    for (uint64_t i = 1; i <= 20; i++)
        CHECK_INT(st_put(s, 1, i), ORIGIN_KNOWN);
    CHECK_INT(st_put(s, 1, 21), ORIGIN_NEXT);
    store_close(&s, st_now);
}

/* Changes the end of every segment, so that its footer is not read. */
static void lose_footers(void)
{
    defer(arena_free) struct arena a = {0};
    struct str *names;
    struct err err;
    struct stat st;
    size_t n;
    REQUIRE_OK(folder_list(st_path_of(&a, SEGMENTS), &a, &names, &n, &err));
    for (size_t i = 0; i < n; i++) {
        const char *path =
            arena_print(&a, "%s/%.*s", st_path_of(&a, SEGMENTS), STR_ARG(names[i])).ptr;
        REQUIRE_OK(path_stat(path, &st, &err));
        flip_byte(path, (uint64_t)st.st_size - 30);
    }
}

TEST(merging_streams_are_known_when_all_tables_are_lost)
{
    lose_tables();
    lose_footers();
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    CHECK_INT(store_count(s).streams, 1);
    store_close(&s, st_now);
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
    struct run_options options = {.take = st_hear, .context = &found};
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; i <= 60; i++)
        st_put(s, 1, i);
    store_close(&s, st_now);
    uint64_t size;
    defer(file_close) struct file f = {0};
    REQUIRE_OK(file_open(&f, st_path_of(&a, "/journal/000003"), FILE_READ, &err));
    REQUIRE_OK(file_size(&f, &size, &err));
    flip_byte(st_path_of(&a, "/journal/000003"), size - 200);
    s = st_open_store((struct store_options){.journal_bytes = 4000});
    for (struct store_merge *m; (m = store_plan_merge(s));) {
        store_run_merge(m, NULL, NULL);
        if (!store_end_merge(s, &m, &err))
            CHECK_INT(err.code, ERR_CORRUPT); /* the damaged one is left alone then */
        REQUIRE_OK(store_maintain(s, st_now, &err));
        store_publish(s);
    }
    CHECK(store_count(s).journals == 2 && store_count(s).segments >= 2);
    view_open(&v, s);
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    query_init(&q);
    q.options.kind = PATTERN_TEXT;
    q.after = 60 * ST_EACH;
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
    store_close(&s, st_now);
}

TEST(merging_retention_removes_the_oldest_also_while_it_is_merged)
{
    struct err err;
    defer(buf_free) struct buf found = {0};
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; i <= 40; i++) {
        st_now += NS_PER_S;
        st_put(s, 1, i);
    }
    struct store_merge *m = store_plan_merge(s);
    store_set_retention(s, &(struct store_retention){.max_bytes = store_count(s).bytes - 3000});
    REQUIRE_OK(store_maintain(s, st_now, &err));
    store_publish(s);
    store_run_merge(m, NULL, NULL);
    CHECK(!store_end_merge(s, &m, &err));
    CHECK_INT(err.code, ERR_CANCELED);
    CHECK_INT(st_files_in(SEGMENTS), 0);
    st_search_store(s, &found);
    CHECK(str_find(buf_str(&found), STR("1/1/0 ")) == SIZE_MAX);
    CHECK(str_find(buf_str(&found), STR("1/40/0 ")) != SIZE_MAX);
    CHECK_INT(records_of_folder(), store_count(s).records);
    store_close(&s, st_now);
}

TEST(merging_a_backup_that_has_rotted_is_copied_anew)
{
    struct err err;
    struct store_copied copied;
    defer(arena_free) struct arena a = {0};
    const char *backup = arena_print(&a, "%s/backup", test_folder()).ptr;
    const char *segment = arena_print(&a, "%s" SEGMENTS "/segment-000001", backup).ptr;
    struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
    for (uint64_t i = 1; store_count(s).journals < 2; i++)
        st_put(s, 1, i);
    REQUIRE(st_merge_once(s));
    REQUIRE_OK(store_back_up(st_path_of(&a, ""), backup, &copied, &err));
    defer(buf_free) struct buf bytes = {0};
    REQUIRE_OK(file_load(segment, 1 << 20, &bytes, &err));
    bytes.ptr[300] = (char)(bytes.ptr[300] ^ 1);
    REQUIRE_OK(file_replace(segment, buf_str(&bytes), 0600, &err)); /* no more the same file */
    REQUIRE_OK(store_back_up(st_path_of(&a, ""), backup, &copied, &err));
    CHECK_INT(copied.kept, 0);
    struct store_verdict verdict;
    REQUIRE_OK(store_verify(backup, NULL, NULL, &verdict, &err));
    CHECK_INT(verdict.damaged, 0);
    CHECK_INT(verdict.records, store_count(s).records);
    store_close(&s, st_now);
}
