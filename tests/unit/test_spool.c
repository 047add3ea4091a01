/* Invariant numbers are those of shipper/spool.h. */
#include "base/mem.h"
#include "shipper/spool.h"
#include "tests/blocks.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The state of these tests: a number that every change replaces. */
static struct {
    uint64_t value;
    int wholes, changes;
} state;

static bool restore_whole(void *context, struct str bytes, struct err *err)
{
    (void)context;
    state.wholes++;
    return str_to_u64(bytes, &state.value) ? true : err_set(err, ERR_CORRUPT, "no number");
}

static bool restore_change(void *context, struct str bytes, struct err *err)
{
    (void)context;
    state.changes++;
    return str_to_u64(bytes, &state.value) ? true : err_set(err, ERR_CORRUPT, "no number");
}

static struct spool *open_spool(uint64_t file_bytes, bool *is_new)
{
    struct err err;
    struct spool *s = NULL;
    const struct spool_restore restore = {restore_whole, restore_change, NULL};
    struct spool_options options = {
        .folder = test_folder(), .file_bytes = file_bytes, .size = 9000};
    state.wholes = state.changes = 0;
    REQUIRE_OK(spool_open(&s, &options, &restore, 1, is_new, &err));
    return s;
}

static void append(struct spool *s, uint64_t value)
{
    struct err err;
    char text[32];
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    defer(buf_free) struct buf block = {0};
    uint64_t n = spool_next_sequence(s);
    make_block(&block, 1, n, "api", (int)n, 3);
    block_restamp(block.ptr, block.len, spool_origin(s), n);
    REQUIRE_OK(spool_append(s, str_of(text, (size_t)len), buf_str(&block), 1, &err));
}

static void rotate(struct spool *s, uint64_t value)
{
    struct err err;
    char text[32];
    int len = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    REQUIRE_OK(spool_rotate(s, str_of(text, (size_t)len), 1, &err));
    spool_publish(s, 1);
}

static void sync_spool(struct spool *s)
{
    struct err err;
    REQUIRE_OK(spool_sync(s, &err));
    spool_publish(s, 1);
}

/* The next block to send; 0 if there is none. Checks origin and content. */
static uint64_t next(struct spool *s)
{
    struct err err;
    uint64_t sequence;
    struct block block;
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    if (!spool_next(s, &bytes, &sequence, &err)) {
        CHECK_INT(err.code, ERR_NONE);
        return 0;
    }
    REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
    CHECK(hash128_equal(block.header.origin, spool_origin(s)));
    CHECK_INT(block.header.sequence, sequence);
    CHECK_INT(number_of_line(block.records[0].line), (long long)sequence);
    return sequence;
}

TEST(spool_gives_blocks_in_order_once_they_are_on_disk) /* 1, 2 */
{
    bool is_new;
    struct spool *s = open_spool(0, &is_new);
    CHECK(is_new && is_spool_rotation_due(s));
    rotate(s, 0);
    append(s, 10);
    CHECK_INT(next(s), 0);
    append(s, 20);
    sync_spool(s);
    CHECK(next(s) == 1 && next(s) == 2 && next(s) == 0);
    append(s, 30);
    sync_spool(s);
    CHECK(next(s) == 3 && next(s) == 0);
    spool_rewind(s);
    CHECK(next(s) == 1);
    spool_acknowledge(s, 2);
    spool_rewind(s);
    CHECK(next(s) == 3);
    spool_close(&s, 1);
}

TEST(spool_restores_state_and_position) /* 3 */
{
    bool is_new;
    struct spool *s = open_spool(0, &is_new);
    struct hash128 origin = spool_origin(s);
    rotate(s, 7);
    append(s, 10);
    append(s, 20);
    sync_spool(s);
    spool_close(&s, 1);
    s = open_spool(0, &is_new);
    CHECK(!is_new && hash128_equal(origin, spool_origin(s)));
    CHECK(state.wholes == 1 && state.changes == 2 && state.value == 20);
    CHECK(next(s) == 1 && next(s) == 2 && next(s) == 0);
    CHECK_INT(spool_next_sequence(s), 3);
    append(s, 30);
    sync_spool(s);
    CHECK(next(s) == 3);
    spool_close(&s, 1);
}

TEST(spool_removes_what_is_acknowledged) /* 5 */
{
    bool is_new;
    struct spool *s = open_spool(900, &is_new);
    for (uint64_t i = 1; i <= 20; i++) {
        if (is_spool_rotation_due(s))
            rotate(s, i);
        append(s, i);
        sync_spool(s);
    }
    uint64_t full = spool_count(s).bytes;
    CHECK(full > 5000);
    CHECK_INT(next(s), 1);
    spool_acknowledge(s, 10);
    CHECK(spool_count(s).bytes < full);
    CHECK_INT(next(s), 11);
    spool_close(&s, 1);
    s = open_spool(900, &is_new);
    CHECK(state.wholes == 1 && state.value == 20);
    CHECK(spool_count(s).acknowledged >= 1);
    spool_acknowledge(s, 10);
    for (uint64_t i = 11; i <= 20; i++)
        CHECK_INT(next(s), (long long)i);
    spool_acknowledge(s, 20);
    CHECK(spool_count(s).bytes < 2000 && spool_count(s).oldest_ns == TIME_NONE);
    spool_close(&s, 1);
}

TEST(spool_gives_the_block_before_a_rotation) /* one publish for both, as the writer does it */
{
    bool is_new;
    struct err err;
    struct spool *s = open_spool(0, &is_new);
    rotate(s, 0);
    append(s, 10);
    sync_spool(s);
    append(s, 20);
    REQUIRE_OK(spool_sync(s, &err));
    rotate(s, 20);
    append(s, 30);
    sync_spool(s);
    CHECK(next(s) == 1 && next(s) == 2 && next(s) == 3 && next(s) == 0);
    spool_acknowledge(s, 2);
    CHECK(spool_count(s).bytes < 700);
    spool_close(&s, 1);
}

TEST(spool_is_full_at_its_size)
{
    bool is_new;
    struct spool *s = open_spool(900, &is_new);
    int n = 0;
    for (; spool_has_room(s) && n < 100; n++) {
        if (is_spool_rotation_due(s))
            rotate(s, 1);
        append(s, 1);
        sync_spool(s);
    }
    CHECK(n > 10 && n < 40);
    spool_acknowledge(s, (uint64_t)n);
    CHECK(spool_has_room(s));
    spool_close(&s, 1);
}

TEST(spool_changes_who_it_is) /* 2 */
{
    bool is_new;
    struct err err;
    struct spool *s = open_spool(0, &is_new);
    rotate(s, 7);
    append(s, 10);
    append(s, 20);
    sync_spool(s);
    CHECK(next(s) == 1);
    REQUIRE_OK(spool_change_origin(s, (struct hash128){5, 6}, 1, &err));
    CHECK(next(s) == 1 && next(s) == 2); /* with the new origin: checked in next */
    spool_close(&s, 1);
    s = open_spool(0, &is_new);
    CHECK(spool_origin(s).low == 5 && next(s) == 1);
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
    struct spool *s = open_spool(0, &is_new);
    rotate(s, 7);
    for (uint64_t i = 1; i <= 5; i++) {
        append(s, i * 10);
        sync_spool(s);
    }
    spool_close(&s, 1);
    flip("000001", 56 + 33 + 56 + 20); /* in the first block */
    s = open_spool(0, &is_new);
    CHECK(!is_new && state.value == 50);
    CHECK(next(s) == 2 && next(s) == 3);
    CHECK(spool_count(s).damaged >= 1);
    spool_close(&s, 1);
    flip("000001", 60); /* in the head: the state cannot be told */
    s = open_spool(0, &is_new);
    CHECK(is_new);
    rotate(s, 0);
    append(s, 1);
    sync_spool(s);
    CHECK(next(s) == 1);
    spool_close(&s, 1);
}

/* Three files: blocks 1 and 2, block 3, block 4. */
static void fill_three_files(void)
{
    bool is_new;
    struct spool *s = open_spool(0, &is_new);
    for (uint64_t i = 1; i <= 4; i++) {
        if (i != 2)
            rotate(s, i);
        append(s, i);
        sync_spool(s);
    }
    spool_close(&s, 1);
}

TEST(spool_skips_a_block_that_is_cut_inside_a_whole_frame) /* 4 */
{
    bool is_new;
    struct err err;
    defer(buf_free) struct buf block = {0};
    struct spool *s = open_spool(0, &is_new);
    rotate(s, 0);
    make_block(&block, 1, 1, "api", 1, 3);
    for (size_t len = BLOCK_HEADER - 4; len < BLOCK_HEADER + 4; len++)
        REQUIRE_OK(spool_append(s, STR("1"), str_of(block.ptr, len), 1, &err));
    append(s, 10);
    sync_spool(s);
    CHECK_INT(next(s), (long long)spool_next_sequence(s) - 1);
    CHECK_INT(next(s), 0);
    CHECK_INT(spool_count(s).damaged, 8);
    spool_close(&s, 1);
}

TEST(spool_sends_the_blocks_around_a_damaged_head) /* 4 */
{
    bool is_new;
    fill_three_files();
    flip("000002", 60);
    struct spool *s = open_spool(0, &is_new);
    CHECK(!is_new && state.value == 4);
    CHECK(next(s) == 1 && next(s) == 2 && next(s) == 3 && next(s) == 4);
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
    struct spool *s = open_spool(0, &is_new);
    rotate(s, 1);
    append(s, 1);
    sync_spool(s);
    broken.fdatasync = fail_sync;
    broken.ftruncate = fail_truncate;
    append(s, 2);
    append(s, 3);
    disk = &broken;
    CHECK(!spool_sync(s, &err));
    disk = &disk_kernel;
    REQUIRE_OK(spool_recover(s, 1, &err));
    spool_publish(s, 1);
    append(s, 20);
    sync_spool(s);
    spool_close(&s, 1);
}

TEST(spool_does_not_count_blocks_whose_sync_failed) /* 2 */
{
    bool is_new;
    leave_void_blocks();
    struct spool *s = open_spool(0, &is_new);
    CHECK(!is_new && state.value == 20);
    CHECK_INT(spool_next_sequence(s), 3);
    CHECK_INT(spool_count(s).last, 2);
    CHECK(next(s) == 1 && next(s) == 2 && next(s) == 0);
    spool_acknowledge(s, 1);
    CHECK(spool_count(s).bytes < 800); /* the file with the void blocks has gone */
    spool_close(&s, 1);
}

TEST(spool_has_one_owner)
{
    bool is_new;
    struct err err;
    struct spool *s = open_spool(0, &is_new), *other = NULL;
    const struct spool_restore restore = {restore_whole, restore_change, NULL};
    struct spool_options options = {.folder = test_folder()};
    CHECK(!spool_open(&other, &options, &restore, 1, &is_new, &err) && err.code == ERR_CONFLICT);
    spool_close(&s, 1);
}
