/* What outputs get of a store (collector/store/forwarding.h); numbers are of its invariants. */
#include "collector/store/forwarding.h"

#include "base/mem.h"
#include "collector/store/parts.h"
#include "tests/blocks.h"
#include "tests/stores.h"
#include "tests/test.h"
#include "tests/unit/store_helper.h"

#include <errno.h>
#include <sys/stat.h>

/* Each commit ends its journal. */
static const struct store_options of_one_block = {.journal_bytes = 1};

static struct buf told;

static void hear(void *context, const char *text)
{
    buf_print(context, "%s\n", text);
}

static bool was_told(const char *text)
{
    return str_find(buf_str(&told), str_from(text)) != SIZE_MAX;
}

static struct forwarding *open_forwarding(struct store *s, size_t n)
{
    static const struct str names[] = {STR_INIT("a"), STR_INIT("b")};
    const struct forwarding_options options = {
        .names = names, .n = n, .tell = hear, .context = &told};
    struct err err;
    struct forwarding *f = NULL;
    buf_reset(&told);
    REQUIRE_OK(forwarding_open(&f, s, &options, &err));
    return f;
}

static struct forward_output *take(struct forwarding *f, const char *name)
{
    struct err err;
    struct forward_output *o = NULL;
    REQUIRE_OK(forwarding_take(f, str_from(name), &o, &err));
    return o;
}

static void put(struct store *s, struct forwarding *f, uint64_t sequence)
{
    st_put(s, 1, sequence);
    forwarding_publish(f);
}

/* What a collector's loop does every few seconds. */
static void maintain(struct store *s, struct forwarding *f)
{
    struct err err;
    REQUIRE_OK(store_maintain(s, st_now, &err));
    store_publish(s);
    forwarding_publish(f);
}

static void merge_all(struct store *s, struct forwarding *f)
{
    st_merge_all(s);
    forwarding_publish(f);
}

/* The next block's sequence; 0: there is none. */
static uint64_t next(struct forward_output *o)
{
    struct err err;
    struct block_header h;
    defer(buf_free) struct buf block = {0};
    if (!forward_next(o, &block, &err)) {
        CHECK_INT(err.code, ERR_NONE);
        return 0;
    }
    REQUIRE_OK(block_peek(buf_str(&block), &h, &err));
    CHECK_INT(h.length, block.len);
    return h.sequence;
}

/* The numbers of all blocks that wait, one behind the other. */
static uint64_t all(struct forward_output *o)
{
    uint64_t sequences = 0;
    for (uint64_t sequence; (sequence = next(o));)
        sequences = sequences * 10 + sequence;
    return sequences;
}

TEST(forwarding_gives_each_output_what_it_has_not_done) /* 2, 5 */
{
    struct store *s = st_open_store((struct store_options){0});
    st_put(s, 1, 1);
    struct forwarding *f = open_forwarding(s, 2);
    struct forward_output *a = take(f, "a"), *b = take(f, "b");
    CHECK_INT(next(a), 0);
    CHECK_INT(forward_lag(a).oldest_ns, TIME_NONE);
    for (uint64_t i = 2; i <= 4; i++)
        put(s, f, i);
    CHECK_INT(forward_lag(a).blocks, 3);
    CHECK_INT(forward_lag(a).oldest_ns, st_now);
    CHECK_INT(all(a), 234);
    CHECK_INT(forward_lag(a).blocks, 3);
    forward_done(a);
    CHECK_INT(forward_lag(a).blocks, 0);
    CHECK_INT(forward_lag(a).bytes, 0);
    CHECK_INT(next(b), 2);
    forward_done(b);
    CHECK_INT(next(b), 3);
    CHECK_INT(all(take(f, "b")), 34); /* who reads anew */
    forwarding_close(&f);
    store_close(&s, st_now);
    s = st_open_store((struct store_options){0});
    f = open_forwarding(s, 2);
    CHECK_INT(told.len, 0);
    put(s, f, 5);
    CHECK_INT(all(take(f, "a")), 5);
    CHECK_INT(forward_lag(take(f, "b")).blocks, 3);
    CHECK_INT(all(take(f, "b")), 345);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_gives_a_block_that_is_visible_only) /* 1 */
{
    struct err err;
    struct put_result result;
    struct store *s = st_open_store((struct store_options){0});
    struct forwarding *f = open_forwarding(s, 1);
    struct forward_output *a = take(f, "a");
    REQUIRE_OK(put_made_block(s, st_now, 1, 1, "api", 0, 5, &result, &err));
    CHECK_INT(next(a), 0);
    REQUIRE_OK(store_commit(s, st_now, &err));
    CHECK_INT(next(a), 0);
    store_publish(s);
    forwarding_publish(f);
    CHECK_INT(next(a), 1);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_leaves_a_block_that_does_not_fit)
{
    struct err err;
    struct store *s = st_open_store((struct store_options){0});
    struct forwarding *f = open_forwarding(s, 1);
    defer(buf_free) struct buf small = {.max = 100};
    put(s, f, 1);
    CHECK(!forward_next(take(f, "a"), &small, &err));
    CHECK(err.code == ERR_LIMIT && !small.over);
    CHECK_INT(next(take(f, "a")), 1);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_keeps_journals_that_were_merged) /* 2 */
{
    struct store *s = st_open_store(of_one_block);
    struct forwarding *f = open_forwarding(s, 2);
    for (uint64_t i = 1; i <= 6; i++)
        put(s, f, i);
    CHECK_INT(next(take(f, "b")), 1);
    merge_all(s, f);
    CHECK_INT(st_files_in("/journal"), 1);
    CHECK_INT(st_files_in("/forward"), 2 + 6);
    CHECK_INT(forward_lag(take(f, "a")).blocks, 6);
    CHECK_INT(all(take(f, "a")), 123456);
    forward_done(take(f, "a")); /* nothing: it was taken anew */
    CHECK_INT(all(take(f, "a")), 123456);
    forwarding_close(&f);
    store_close(&s, st_now);
    s = st_open_store(of_one_block);
    f = open_forwarding(s, 2);
    struct forward_output *a = take(f, "a"), *b = take(f, "b");
    CHECK_INT(forward_lag(b).blocks, 6);
    CHECK_INT(all(a), 123456);
    forward_done(a);
    for (uint64_t i = 1; i <= 4; i++)
        CHECK_INT(next(b), i);
    forward_done(b);
    maintain(s, f);
    maintain(s, f);
    CHECK_INT(st_files_in("/forward"), 2 + 2);
    CHECK_INT(all(b), 56);
    put(s, f, 7);
    merge_all(s, f);
    CHECK_INT(all(b), 7);
    CHECK_INT(all(a), 7);
    forward_done(a);
    forward_done(b);
    maintain(s, f);
    maintain(s, f);
    CHECK_INT(st_files_in("/forward"), 2);
    CHECK_INT(forwarding_bytes(f), 0);
    put(s, f, 8); /* all have passed it before it is merged: nothing is kept */
    CHECK_INT(next(a), 8);
    CHECK_INT(next(b), 8);
    forward_done(a);
    forward_done(b);
    forwarding_publish(f);
    merge_all(s, f);
    CHECK_INT(st_files_in("/forward"), 2);
    CHECK_INT(told.len, 0);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_goes_on_while_the_writer_moves_files)
{
    struct err err;
    struct store *s = st_open_store(of_one_block);
    struct forwarding *f = open_forwarding(s, 2);
    struct forward_output *a = take(f, "a"), *b = take(f, "b");
    for (uint64_t i = 1; i <= 3; i++)
        put(s, f, i);
    CHECK_INT(next(a), 1);
    struct store_merge *m = store_plan_merge(s);
    store_run_merge(m, NULL, NULL);
    REQUIRE_OK(store_end_merge(s, &m, &err));
    REQUIRE_OK(store_maintain(s, st_now, &err)); /* what is published was elsewhere */
    CHECK_INT(next(b), 0);
    CHECK_INT(next(b), 0);
    store_publish(s);
    forwarding_publish(f);
    CHECK_INT(all(b), 123);
    CHECK_INT(all(a), 23);
    CHECK_INT(told.len, 0);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_passes_over_a_file_that_somebody_has_removed) /* 3 */
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    struct store *s = st_open_store(of_one_block);
    struct forwarding *f = open_forwarding(s, 1);
    for (uint64_t i = 1; i <= 3; i++)
        put(s, f, i);
    merge_all(s, f);
    REQUIRE_OK(file_remove(st_path_of(&arena, "/forward/000002-1"), &err));
    CHECK_INT(all(take(f, "a")), 1);
    forwarding_publish(f);
    CHECK(was_told("output a: 1 blocks are not forwarded"));
    CHECK_INT(next(take(f, "a")), 1);
    struct forward_output *a = take(f, "a");
    CHECK_INT(all(a), 1);
    forward_done(a);
    forwarding_publish(f);
    CHECK_INT(all(a), 3);
    forwarding_close(&f);
    store_close(&s, st_now);
}

static int fail_sync(int fd)
{
    (void)fd;
    errno = EIO;
    return -1;
}

/* Lines that differ from those of the block that is sent again. */
static void fail_commit(struct store *s, uint64_t sequence)
{
    struct err err;
    struct put_result result;
    struct disk broken = disk_kernel;
    REQUIRE_OK(put_made_block(s, st_now, 1, sequence, "lost", 0, 5, &result, &err));
    broken.fdatasync = fail_sync;
    disk = &broken;
    CHECK(!store_commit(s, st_now, &err));
    disk = &disk_kernel;
    REQUIRE_OK(store_commit(s, st_now, &err));
    store_publish(s);
}

/* The cut of a failed sync did not reach the disk. */
static void undo_cut(const char *journal, const struct buf *lost)
{
    struct err err;
    uint64_t size;
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file f = {0};
    REQUIRE_OK(file_open(&f, st_path_of(&arena, journal), FILE_WRITE, &err));
    REQUIRE_OK(file_size(&f, &size, &err));
    REQUIRE(size < lost->len);
    REQUIRE_OK(file_write_at(&f, 0, buf_str(lost), &err));
}

/* What the journal holds, with a block behind what is committed. */
static void load_with_lost(struct store *s, const char *journal, struct buf *bytes)
{
    struct err err;
    struct put_result result;
    defer(arena_free) struct arena arena = {0};
    REQUIRE_OK(put_made_block(s, st_now, 1, 3, "lost", 0, 5, &result, &err));
    REQUIRE_OK(file_load(st_path_of(&arena, journal), 1 << 20, bytes, &err));
}

static uint64_t all_but_lost(struct forward_output *o)
{
    struct err err;
    uint64_t sequences = 0;
    for (;;) {
        struct block block;
        defer(arena_free) struct arena arena = {0};
        defer(packer_free) struct packer packer = {0};
        defer(buf_free) struct buf bytes = {0};
        if (!forward_next(o, &bytes, &err))
            return sequences;
        REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
        CHECK_STR(label_value(&block.streams[0].labels, STR("service")), STR("api"));
        sequences = sequences * 10 + block.header.sequence;
    }
}

TEST(forwarding_never_gives_what_a_failed_sync_left) /* 1 */
{
    struct store *s = st_open_store((struct store_options){0});
    struct forwarding *f = open_forwarding(s, 2);
    defer(buf_free) struct buf lost = {0};
    put(s, f, 1);
    put(s, f, 2);
    load_with_lost(s, "/journal/000001", &lost);
    fail_commit(s, 4); /* both are lost */
    forwarding_publish(f);
    undo_cut("/journal/000001", &lost);
    put(s, f, 3);
    CHECK_INT(all_but_lost(take(f, "a")), 123);
    forwarding_close(&f);
    store_close(&s, st_now);
    s = st_open_store((struct store_options){0});
    f = open_forwarding(s, 2);
    CHECK_INT(all_but_lost(take(f, "a")), 123);
    struct err err;
    REQUIRE_OK(store_close_journal(s, &err));
    merge_all(s, f);
    CHECK_INT(st_files_in("/forward"), 2 + 2);
    CHECK_INT(all_but_lost(take(f, "a")), 123);
    forwarding_close(&f);
    store_close(&s, st_now);
    s = st_open_store((struct store_options){0});
    f = open_forwarding(s, 2);
    CHECK_INT(all_but_lost(take(f, "b")), 123);
    CHECK_INT(told.len, 0);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_takes_what_a_crash_left_between_merge_and_move) /* 1, 2 */
{
    struct err err;
    struct store *s = st_open_store((struct store_options){0});
    struct forwarding *f = open_forwarding(s, 1);
    defer(buf_free) struct buf lost = {0};
    put(s, f, 1);
    put(s, f, 2);
    load_with_lost(s, "/journal/000001", &lost);
    fail_commit(s, 4);
    undo_cut("/journal/000001", &lost);
    forwarding_publish(f);
    put(s, f, 3);
    struct store_merge *m = store_plan_merge(s);
    store_run_merge(m, NULL, NULL);
    REQUIRE_OK(store_end_merge(s, &m, &err));
    forwarding_close(&f);
    store_close(&s, st_now);
    CHECK_INT(st_files_in("/forward"), 1);
    s = st_open_store((struct store_options){0});
    CHECK_INT(st_files_in("/forward"), 1 + 1);
    f = open_forwarding(s, 1);
    CHECK_INT(forward_lag(take(f, "a")).blocks, 3);
    CHECK_INT(all_but_lost(take(f, "a")), 123);
    forwarding_close(&f);
    store_close(&s, st_now);
}

/* Blocks 1 to 6 have been merged; nobody has taken them. */
static struct store *merged_store(struct forwarding **f)
{
    struct store *s = st_open_store(of_one_block);
    *f = open_forwarding(s, 2);
    for (uint64_t i = 1; i <= 6; i++)
        put(s, *f, i);
    merge_all(s, *f);
    return s;
}

TEST(forwarding_is_bounded_by_size) /* 3 */
{
    struct forwarding *f;
    struct store *s = merged_store(&f);
    struct forward_output *a = take(f, "a"), *b = take(f, "b");
    CHECK_INT(next(a), 1);
    for (uint64_t i = 1; i <= 5; i++)
        CHECK_INT(next(b), i);
    forward_done(b);
    uint64_t bytes = forwarding_bytes(f);
    store_set_retention(s, &(struct store_retention){.forward_bytes = bytes / 2});
    maintain(s, f);
    CHECK(forwarding_bytes(f) <= bytes / 2);
    CHECK_INT(st_files_in("/forward"), 2 + 2);
    CHECK_INT(forward_lag(a).skipped, 3); /* the first one was given */
    CHECK_INT(forward_lag(b).skipped, 0);
    CHECK(was_told("output a: 3 blocks are not forwarded"));
    CHECK_INT(all(a), 56);
    CHECK_INT(all(b), 6);
    forwarding_close(&f);
    store_close(&s, st_now);
    s = st_open_store(of_one_block);
    f = open_forwarding(s, 2);
    CHECK(was_told("output a: journal 000001 is not there any more: it goes on with 000005"));
    CHECK_INT(all(take(f, "a")), 56);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_goes_before_what_can_be_searched) /* 3 */
{
    enum { LARGE = 40 }; /* more than any noise of the disk, and without room on it */
    struct err err;
    struct forwarding *f;
    struct store *s = merged_store(&f);
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file file = {0};
    forwarding_close(&f);
    store_close(&s, st_now);
    REQUIRE_OK(file_open(&file, st_path_of(&arena, "/forward/000002-1"), FILE_WRITE, &err));
    REQUIRE_OK(file_truncate(&file, (uint64_t)1 << LARGE, &err));
    s = st_open_store(of_one_block);
    f = open_forwarding(s, 2);
    maintain(s, f);
    uint64_t keep_free = store_count(s).free_bytes + ((uint64_t)1 << LARGE) / 2;
    store_set_retention(s, &(struct store_retention){.keep_free = keep_free});
    maintain(s, f);
    CHECK_INT(st_files_in("/forward"), 2 + 4);
    CHECK_INT(store_count(s).records, 6 * ST_EACH);
    CHECK_INT(all(take(f, "a")), 3456);
    store_set_retention(s, &(struct store_retention){.keep_free = INT64_MAX});
    maintain(s, f);
    CHECK_INT(store_count(s).records, 0);
    CHECK_INT(st_files_in("/forward"), 2);
    CHECK_INT(next(take(f, "b")), 0);
    CHECK_INT(forward_lag(take(f, "b")).skipped, 6);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_keeps_what_retention_by_size_removes) /* 2 */
{
    struct store *s = st_open_store(of_one_block);
    struct forwarding *f = open_forwarding(s, 1);
    for (uint64_t i = 1; i <= 6; i++)
        put(s, f, i);
    store_set_retention(s, &(struct store_retention){.max_bytes = 1});
    maintain(s, f);
    CHECK_INT(store_count(s).records, 0);
    CHECK_INT(all(take(f, "a")), 123456);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_ends_with_the_age_of_lines) /* 3 */
{
    struct forwarding *f;
    struct store *s = merged_store(&f);
    store_set_retention(s, &(struct store_retention){.keep_ns = NS_PER_DAY});
    st_now += 3 * NS_PER_DAY;
    for (int i = 0; i < 20; i++)
        maintain(s, f);
    CHECK_INT(store_count(s).records, 0);
    CHECK_INT(st_files_in("/forward"), 2);
    forwarding_close(&f);
    store_close(&s, st_now);
}

/* Flips a bit of a file of the folder. */
static void flip(const char *name, uint64_t at)
{
    struct err err;
    char byte;
    size_t got;
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file f = {0};
    REQUIRE_OK(file_open(&f, st_path_of(&arena, name), FILE_WRITE, &err));
    REQUIRE_OK(file_read_at(&f, at, &byte, 1, &got, &err));
    byte ^= 1;
    REQUIRE_OK(file_write_at(&f, at, str_of(&byte, 1), &err));
}

TEST(forwarding_skips_what_is_damaged) /* 4 */
{
    struct store *s = st_open_store((struct store_options){0});
    struct forwarding *f = open_forwarding(s, 1);
    uint64_t at[6];
    for (uint64_t i = 1; i <= 5; i++) {
        at[i] = store_count(s).bytes;
        put(s, f, i);
    }
    flip("/journal/000001", at[2] + FRAME_HEADER + 70); /* its block */
    flip("/journal/000001", at[4] + 8);                 /* its header */
    struct forward_output *a = take(f, "a");
    CHECK_INT(all(a), 135);
    CHECK_INT(forward_lag(a).damaged, 2);
    CHECK(was_told("output a: journal 000001 is damaged at"));
    forward_done(a);
    CHECK_INT(forward_lag(a).bytes, 0);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_begins_with_the_oldest_if_a_position_is_damaged) /* 5 */
{
    struct forwarding *f;
    struct store *s = merged_store(&f);
    struct forward_output *a = take(f, "a");
    CHECK_INT(next(a), 1);
    CHECK_INT(next(a), 2);
    forward_done(a);
    forwarding_close(&f);
    store_close(&s, st_now);
    for (uint64_t at = 0; at < 105; at++) {
        flip("/forward/a.position", at);
        s = st_open_store(of_one_block);
        f = open_forwarding(s, 2);
        CHECK(was_told("output a: its position is damaged"));
        a = take(f, "a");
        CHECK_INT(all(a), 123456);
        CHECK_INT(all(take(f, "b")), 123456);
        forward_done(a);
        forwarding_close(&f);
        store_close(&s, st_now);
    }
    s = st_open_store(of_one_block);
    f = open_forwarding(s, 2);
    CHECK_INT(told.len, 0);
    CHECK_INT(all(take(f, "a")), 0);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_knows_a_position_of_another_store) /* 5 */
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    struct store *s = st_open_store((struct store_options){0});
    struct forwarding *f = open_forwarding(s, 1);
    put(s, f, 1);
    CHECK_INT(next(take(f, "a")), 1);
    struct forward_output *a = take(f, "a");
    CHECK_INT(all(a), 1);
    forward_done(a);
    forwarding_close(&f);
    store_close(&s, st_now);
    REQUIRE_OK(file_remove(st_path_of(&arena, "/journal/000001"), &err));
    s = st_open_store((struct store_options){0});
    st_put(s, 1, 1);
    st_put(s, 1, 2);
    f = open_forwarding(s, 1);
    CHECK(was_told("of another store"));
    CHECK_INT(all(take(f, "a")), 12);
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_forgets_outputs) /* 6 */
{
    struct forwarding *f;
    struct store *s = merged_store(&f);
    struct forward_output *a = take(f, "a");
    CHECK_INT(all(a), 123456);
    forward_done(a);
    forwarding_close(&f);
    store_close(&s, st_now);
    s = st_open_store(of_one_block);
    f = open_forwarding(s, 1); /* b is not configured */
    maintain(s, f);
    CHECK_INT(st_files_in("/forward"), 1);
    put(s, f, 7);
    struct forward_output *b = take(f, "b"); /* it is new now */
    put(s, f, 8);
    CHECK_INT(all(b), 8);
    merge_all(s, f);
    CHECK_INT(st_files_in("/forward"), 2 + 2);
    forwarding_forget(f, STR("a"));
    forwarding_publish(f);
    maintain(s, f);
    CHECK_INT(st_files_in("/forward"), 1 + 1);
    forwarding_forget(f, STR("b"));
    forwarding_publish(f);
    maintain(s, f);
    put(s, f, 9);
    merge_all(s, f);
    defer(arena_free) struct arena arena = {0};
    struct stat st;
    struct err err;
    CHECK(!path_stat(st_path_of(&arena, "/forward"), &st, &err));
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_leaves_no_folder_without_outputs) /* 6 */
{
    struct err err;
    struct stat st;
    defer(arena_free) struct arena arena = {0};
    struct forwarding *f;
    struct store *s = merged_store(&f);
    forwarding_close(&f);
    store_close(&s, st_now);
    s = st_open_store(of_one_block);
    f = open_forwarding(s, 0);
    CHECK(!path_stat(st_path_of(&arena, "/forward"), &st, &err));
    put(s, f, 7);
    merge_all(s, f);
    CHECK(!path_stat(st_path_of(&arena, "/forward"), &st, &err));
    forwarding_close(&f);
    store_close(&s, st_now);
}

TEST(forwarding_refuses_a_name_that_is_a_path)
{
    struct err err;
    struct forward_output *o;
    struct store *s = st_open_store(of_one_block);
    struct forwarding *f = open_forwarding(s, 0);
    CHECK(!forwarding_take(f, STR("../a"), &o, &err));
    CHECK(err.code == ERR_INPUT);
    CHECK(!forwarding_take(f, STR(""), &o, &err));
    forwarding_close(&f);
    store_close(&s, st_now);
}

static void ignore(void *context, const char *text)
{
    (void)context;
    test_fail(__FILE__, __LINE__, "%s", text);
}

TEST(forwarding_is_no_part_of_backups)
{
    struct err err;
    struct store_copied copied;
    struct store_verdict verdict;
    defer(arena_free) struct arena arena = {0};
    const char *backup = arena_print(&arena, "%s/backup", test_folder()).ptr;
    struct forwarding *f;
    struct store *s = merged_store(&f);
    put(s, f, 7);
    REQUIRE_OK(store_verify(st_path_of(&arena, ""), ignore, NULL, &verdict, &err));
    CHECK_INT(verdict.records, 7 * ST_EACH);
    REQUIRE_OK(store_back_up(st_path_of(&arena, ""), backup, &copied, &err));
    REQUIRE_OK(store_verify(backup, ignore, NULL, &verdict, &err));
    CHECK_INT(verdict.records, 7 * ST_EACH);
    merge_all(s, f); /* a backup has linked the journal */
    CHECK_INT(all(take(f, "a")), 1234567);
    forwarding_close(&f);
    store_close(&s, st_now);
    REQUIRE_OK(store_verify(backup, ignore, NULL, &verdict, &err));
}

TEST(store_maintenance_leaves_a_journal_that_was_filled_since_the_last_publish)
{
    struct err err;
    struct put_result result;
    struct store *s = st_open_store(of_one_block);
    REQUIRE_OK(put_made_block(s, st_now, 1, 1, "api", 0, 5, &result, &err));
    REQUIRE_OK(store_commit(s, st_now, &err));
    REQUIRE_OK(store_maintain(s, st_now, &err));
    store_publish(s);
    CHECK_INT(store_count(s).records, 5);
    CHECK_INT(st_files_in("/journal"), 2);
    store_close(&s, st_now);
    s = st_open_store(of_one_block);
    CHECK_INT(store_count(s).records, 5);
    store_close(&s, st_now);
}
