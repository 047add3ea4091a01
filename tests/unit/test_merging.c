/* Invariant numbers are those of collector/store/merging.h. */
#include "collector/store/merging.h"

#include "base/mem.h"
#include "collector/store/places.h"
#include "collector/store/snapshot.h"
#include "tests/blocks.h"
#include "tests/test.h"

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

static void put(struct store *s, uint64_t origin, uint64_t sequence)
{
    struct err err;
    struct block block;
    struct put_result result;
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    make_block(&bytes, origin, sequence, "api", (int)sequence * EACH, EACH);
    REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
    REQUIRE_OK(store_put(s, buf_str(&bytes), &block, now, &result, &err));
    REQUIRE_OK(store_commit(s, now, &err));
    store_publish(s);
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
