/* Invariant numbers are those of shipper/spool.h. */
#include "base/mem.h"
#include "tests/blocks.h"
#include "tests/test.h"
#include "tests/unit/spool_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

TEST(spool_gives_blocks_in_order_once_they_are_on_disk) /* 1, 2 */
{
    bool is_new;
    struct spool *s = spool_opened(0, &is_new);
    CHECK(is_new && is_spool_rotation_due(s));
    rotate_spool(s, 0);
    append_block(s, 10);
    CHECK_INT(next_block(collector), 0);
    append_block(s, 20);
    sync_spool(s);
    CHECK(next_block(collector) == 1 && next_block(collector) == 2 && next_block(collector) == 0);
    append_block(s, 30);
    sync_spool(s);
    CHECK(next_block(collector) == 3 && next_block(collector) == 0);
    spool_reader_rewind(collector);
    CHECK(next_block(collector) == 1);
    spool_reader_acknowledge(collector, 2);
    spool_reader_rewind(collector);
    CHECK(next_block(collector) == 3);
    spool_close(&s, 1);
}

TEST(spool_restores_state_and_position) /* 3 */
{
    bool is_new;
    struct spool *s = spool_opened(0, &is_new);
    struct hash128 origin = spool_origin(s);
    rotate_spool(s, 7);
    append_block(s, 10);
    append_block(s, 20);
    sync_spool(s);
    spool_close(&s, 1);
    s = spool_opened(0, &is_new);
    CHECK(!is_new && hash128_equal(origin, spool_origin(s)));
    CHECK(spool_state.wholes == 1 && spool_state.changes == 2 && spool_state.value == 20);
    CHECK(next_block(collector) == 1 && next_block(collector) == 2 && next_block(collector) == 0);
    CHECK_INT(spool_next_sequence(s), 3);
    append_block(s, 30);
    sync_spool(s);
    CHECK(next_block(collector) == 3);
    spool_close(&s, 1);
}

TEST(spool_removes_what_is_acknowledged) /* 5 */
{
    bool is_new;
    struct spool *s = spool_opened(900, &is_new);
    fill_spool(s, 20);
    uint64_t full = spool_count(s).bytes;
    CHECK(full > 5000);
    CHECK_INT(next_block(collector), 1);
    spool_reader_acknowledge(collector, 10);
    CHECK(spool_count(s).bytes < full);
    CHECK_INT(next_block(collector), 11);
    spool_close(&s, 1);
    s = spool_opened(900, &is_new);
    CHECK(spool_state.wholes == 1 && spool_state.value == 20);
    CHECK(spool_count(s).acknowledged >= 1);
    spool_reader_acknowledge(collector, 10);
    for (uint64_t i = 11; i <= 20; i++)
        CHECK_INT(next_block(collector), (long long)i);
    spool_reader_acknowledge(collector, 20);
    CHECK(spool_count(s).bytes < 2000 && spool_count(s).oldest_ns == TIME_NONE);
    spool_close(&s, 1);
}

TEST(spool_gives_the_block_before_a_rotation) /* one publish for both, as the writer does it */
{
    bool is_new;
    struct err err;
    struct spool *s = spool_opened(0, &is_new);
    rotate_spool(s, 0);
    append_block(s, 10);
    sync_spool(s);
    append_block(s, 20);
    REQUIRE_OK(spool_sync(s, &err));
    rotate_spool(s, 20);
    append_block(s, 30);
    sync_spool(s);
    CHECK(next_block(collector) == 1 && next_block(collector) == 2 && next_block(collector) == 3 &&
          next_block(collector) == 0);
    spool_reader_acknowledge(collector, 2);
    CHECK(spool_count(s).bytes < 700);
    spool_close(&s, 1);
}

TEST(spool_is_full_at_its_size)
{
    bool is_new;
    struct spool *s = spool_opened(900, &is_new);
    int n = 0;
    for (; spool_has_room(s) && n < 100; n++) {
        if (is_spool_rotation_due(s))
            rotate_spool(s, 1);
        append_block(s, 1);
        sync_spool(s);
    }
    CHECK(n > 10 && n < 40);
    spool_reader_acknowledge(collector, (uint64_t)n);
    CHECK(spool_has_room(s));
    spool_close(&s, 1);
}

TEST(spool_changes_who_it_is) /* 2 */
{
    bool is_new;
    struct err err;
    struct spool *s = spool_opened(0, &is_new);
    rotate_spool(s, 7);
    append_block(s, 10);
    append_block(s, 20);
    sync_spool(s);
    CHECK(next_block(collector) == 1);
    REQUIRE_OK(spool_change_origin(s, (struct hash128){5, 6}, 1, &err));
    CHECK(next_block(collector) == 1 &&
          next_block(collector) == 2); /* with the new origin: checked in next */
    spool_close(&s, 1);
    s = spool_opened(0, &is_new);
    CHECK(spool_origin(s).low == 5 && next_block(collector) == 1);
    spool_close(&s, 1);
}

TEST(spool_with_a_new_origin_knows_what_the_collector_has_from_the_old_one) /* 2 */
{
    bool is_new;
    struct err err;
    struct spool *s = spool_opened(0, &is_new);
    fill_spool(s, 3);
    spool_reader_acknowledge(collector, 2);
    REQUIRE_OK(spool_change_origin(s, (struct hash128){5, 6}, 1, &err));
    spool_close(&s, 1);
    s = spool_opened(0, &is_new);
    CHECK_INT(next_block(collector), 3);
    spool_close(&s, 1);
}

static void flip(const char *name, off_t at)
{
    char c;
    defer(arena_free) struct arena a = {0};
    int fd = open(arena_print(&a, "%s/spool/%s", test_folder(), name).ptr, O_RDWR);
    REQUIRE(fd >= 0 && pread(fd, &c, 1, at) == 1);
    c ^= 1;
    REQUIRE(pwrite(fd, &c, 1, at) == 1);
    close(fd);
}

TEST(spool_survives_damage) /* 4 */
{
    bool is_new;
    struct spool *s = spool_opened(0, &is_new);
    rotate_spool(s, 7);
    for (uint64_t i = 1; i <= 5; i++) {
        append_block(s, i * 10);
        sync_spool(s);
    }
    spool_close(&s, 1);
    flip("000001", 56 + 33 + 56 + 20); /* in the first block */
    s = spool_opened(0, &is_new);
    CHECK(!is_new && spool_state.value == 50);
    CHECK(next_block(collector) == 2 && next_block(collector) == 3);
    CHECK(spool_count(s).damaged >= 1);
    spool_close(&s, 1);
    flip("000001", 60); /* in the head: the state cannot be told */
    s = spool_opened(0, &is_new);
    CHECK(is_new);
    rotate_spool(s, 0);
    append_block(s, 1);
    sync_spool(s);
    CHECK(next_block(collector) == 1);
    spool_close(&s, 1);
}

/* Three files: blocks 1 and 2, block 3, block 4. */
static void fill_three_files(void)
{
    bool is_new;
    struct spool *s = spool_opened(0, &is_new);
    for (uint64_t i = 1; i <= 4; i++) {
        if (i != 2)
            rotate_spool(s, i);
        append_block(s, i);
        sync_spool(s);
    }
    spool_close(&s, 1);
}

TEST(spool_skips_a_block_that_is_cut_inside_a_whole_frame) /* 4 */
{
    bool is_new;
    struct err err;
    defer(buf_free) struct buf block = {0};
    struct spool *s = spool_opened(0, &is_new);
    rotate_spool(s, 0);
    make_block(&block, 1, 1, "api", 1, 3);
    for (size_t len = BLOCK_HEADER - 4; len < BLOCK_HEADER + 4; len++)
        REQUIRE_OK(spool_append(s, STR("1"), str_of(block.ptr, len), 1, &err));
    append_block(s, 10);
    sync_spool(s);
    CHECK_INT(next_block(collector), (long long)spool_next_sequence(s) - 1);
    CHECK_INT(next_block(collector), 0);
    CHECK_INT(spool_count(s).damaged, 8);
    spool_close(&s, 1);
}

TEST(spool_sends_the_blocks_around_a_damaged_head) /* 4 */
{
    bool is_new;
    fill_three_files();
    flip("000002", 60);
    struct spool *s = spool_opened(0, &is_new);
    CHECK(!is_new && spool_state.value == 4);
    CHECK(next_block(collector) == 1 && next_block(collector) == 2 && next_block(collector) == 3 &&
          next_block(collector) == 4);
    CHECK(spool_count(s).damaged >= 1);
    spool_close(&s, 1);
}

static int fail_sync(int fd)
{
    (void)fd;
    errno = EIO;
    return -1;
}

static int fail_truncate(int fd, off_t size)
{
    (void)fd, (void)size;
    errno = EIO;
    return -1;
}

/* Blocks 1, then 2 and 3, whose sync fails and that cannot be cut off; then another 2. */
static void leave_void_blocks(void)
{
    bool is_new;
    struct err err;
    struct disk broken = disk_kernel;
    struct spool *s = spool_opened(0, &is_new);
    rotate_spool(s, 1);
    append_block(s, 1);
    sync_spool(s);
    broken.fdatasync = fail_sync;
    broken.ftruncate = fail_truncate;
    append_block(s, 2);
    append_block(s, 3);
    disk = &broken;
    CHECK(!spool_sync(s, &err));
    disk = &disk_kernel;
    REQUIRE_OK(spool_recover(s, 1, &err));
    spool_publish(s, 1);
    append_block(s, 20);
    sync_spool(s);
    spool_close(&s, 1);
}

TEST(spool_does_not_count_blocks_whose_sync_failed) /* 2 */
{
    bool is_new;
    leave_void_blocks();
    struct spool *s = spool_opened(0, &is_new);
    CHECK(!is_new && spool_state.value == 20);
    CHECK_INT(spool_next_sequence(s), 3);
    CHECK_INT(spool_count(s).last, 2);
    CHECK(next_block(collector) == 1 && next_block(collector) == 2 && next_block(collector) == 0);
    spool_reader_acknowledge(collector, 1);
    CHECK(spool_count(s).bytes < 800); /* the file with the void blocks has gone */
    spool_close(&s, 1);
}

TEST(spool_has_one_owner)
{
    bool is_new;
    struct err err;
    struct spool *s = spool_opened(0, &is_new), *other = NULL;
    struct spool_options options = {.folder = test_folder()};
    CHECK(!spool_open(&other, &options, &spool_restore_state, 1, &is_new, &err) &&
          err.code == ERR_CONFLICT);
    spool_close(&s, 1);
}
