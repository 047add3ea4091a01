/* Invariant numbers are those of shipper/spool_reader.h. */
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/spool_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILE_BYTES = 900 }; /* two blocks and a half */

static struct spool_reader *loki;

/* With the collector and an output. */
static struct spool *open_both(void)
{
    bool is_new;
    struct spool *s = spool_without_readers(FILE_BYTES, &is_new);
    collector = spool_reader_open_collector(s);
    loki = spool_reader_open(s, "loki");
    spool_start_readers(s);
    return s;
}

/* Takes so many blocks, which follow each other. */
static void take(struct spool_reader *r, uint64_t first, uint64_t last)
{
    for (uint64_t n = first; n <= last; n++)
        CHECK_INT(next_block(r), (long long)n);
}

static size_t files(void)
{
    struct err err;
    struct str *names;
    size_t n;
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/spool", test_folder()).ptr;
    REQUIRE_OK(folder_list(folder, &a, &names, &n, &err));
    return n;
}

static const char *position_path(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/outputs/%s", test_folder(), name);
    return path;
}

static void put_position(struct str bytes)
{
    struct err err;
    REQUIRE_OK(file_replace(position_path("loki"), bytes, 0600, &err));
}

TEST(reader_has_a_position_of_its_own) /* 1 */
{
    struct spool *s = open_both();
    fill_spool(s, 6);
    take(collector, 1, 6);
    CHECK_INT(next_block(collector), 0);
    take(loki, 1, 2);
    spool_reader_acknowledge(collector, 5);
    take(loki, 3, 4);
    spool_reader_acknowledge_given(loki);
    take(loki, 5, 5);
    spool_reader_rewind(loki);
    take(loki, 5, 6);
    spool_reader_rewind(collector);
    take(collector, 6, 6);
    CHECK_INT(spool_reader_count(collector).acknowledged, 5);
    CHECK_INT(spool_reader_count(loki).acknowledged, 4);
    CHECK_INT(spool_count(s).acknowledged, 4);
    CHECK_STR(str_from(spool_count(s).awaited), STR("loki"));
    spool_close(&s, 1);
}

TEST(reader_counts_what_waits)
{
    struct spool *s = open_both();
    CHECK(spool_reader_count(loki).blocks == 0 && spool_reader_count(loki).bytes == 0);
    fill_spool(s, 6);
    struct spool_reader_numbers all = spool_reader_count(loki);
    CHECK(all.blocks == 6 && all.bytes == spool_count(s).bytes && all.oldest_ns == 1);
    for (uint64_t n = 1, before = all.bytes; n <= 6; n++) {
        spool_reader_acknowledge(loki, n);
        struct spool_reader_numbers left = spool_reader_count(loki);
        CHECK(left.blocks == 6 - n && left.bytes < before);
        before = left.bytes;
    }
    CHECK(spool_reader_count(loki).bytes == 0 && spool_reader_count(loki).oldest_ns == TIME_NONE);
    CHECK_INT(spool_reader_count(collector).blocks, 6);
    spool_close(&s, 1);
}

TEST(reader_that_lags_keeps_files_and_delays_nobody) /* 2 */
{
    struct spool *s = open_both();
    fill_spool(s, 10);
    size_t all = files();
    CHECK(all > 3);
    take(collector, 1, 10);
    spool_reader_acknowledge(collector, 10);
    CHECK_INT(files(), (long long)all);
    take(loki, 1, 7);
    spool_reader_acknowledge(loki, 7);
    CHECK(files() < all && files() > 1);
    take(loki, 8, 10);
    CHECK_INT(next_block(loki), 0);
    spool_reader_acknowledge(loki, 10);
    CHECK_INT(files(), 1);
    fill_spool(s, 1);
    take(loki, 11, 11);
    take(collector, 11, 11);
    spool_close(&s, 1);
}

TEST(reader_goes_on_where_it_was) /* kill -9: nothing is closed */
{
    struct spool *s = open_both();
    fill_spool(s, 10);
    take(loki, 1, 8);
    spool_reader_acknowledge(loki, 6);
    take(collector, 1, 9);
    spool_reader_acknowledge(collector, 3);
    spool_close(&s, 1);
    s = open_both();
    take(loki, 7, 10);
    CHECK(next_block(collector) <= 4);
    spool_reader_acknowledge_given(loki);
    spool_close(&s, 1);
    s = open_both();
    CHECK_INT(next_block(loki), 0);
    CHECK(next_block(collector) <= 4); /* nobody has taken it from there */
    spool_close(&s, 1);
}

TEST(reader_of_a_new_name_begins_with_the_oldest_block) /* 3 */
{
    bool is_new;
    struct spool *s = spool_opened(FILE_BYTES, &is_new);
    fill_spool(s, 10);
    spool_reader_acknowledge(collector, 6);
    spool_close(&s, 1);
    s = open_both();
    uint64_t first = next_block(loki);
    CHECK(first > 1 && first <= 7);
    take(loki, first + 1, 10);
    spool_close(&s, 1);
}

TEST(reader_begins_again_when_its_position_cannot_be_read) /* 3 */
{
    static const char *const torn[] = {
        "",
        "1",
        "00000000000000000004 0123456789abcdef\n",
        "\xff\xff\xff",
        "99999999999999999999 0123456789abcdef\n",
        "00000000000000000004 0123456789abcdef and a line that is longer than it may be\n",
        "00000000000000000004 0123456789abcdef0123456789abcdef 0123456789abcdef\n"};
    struct spool *s = open_both();
    fill_spool(s, 6);
    take(loki, 1, 6);
    spool_reader_acknowledge(loki, 4);
    spool_close(&s, 1);
    for (size_t i = 0; i < countof(torn); i++) {
        put_position(str_from(torn[i]));
        s = open_both();
        take(loki, 1, 6);
        spool_close(&s, 1);
    }
    s = open_both(); /* it was written anew */
    spool_reader_acknowledge(loki, 4);
    spool_close(&s, 1);
    s = open_both();
    take(loki, 5, 6);
    spool_close(&s, 1);
}

TEST(reader_does_not_believe_a_position_beyond_the_last_block) /* 3 */
{
    struct err err;
    defer(buf_free) struct buf kept = {0};
    struct spool *s = open_both();
    fill_spool(s, 6);
    spool_reader_acknowledge(loki, 6);
    spool_close(&s, 1);
    REQUIRE_OK(file_load(position_path("loki"), 1000, &kept, &err));
    defer(arena_free) struct arena a = {0};
    const char *spool = arena_print(&a, "rm -r %s/spool", test_folder()).ptr;
    REQUIRE(system(spool) == 0);
    s = open_both(); /* without a state the positions go */
    fill_spool(s, 3);
    take(loki, 1, 3);
    spool_close(&s, 1);
    put_position(buf_str(&kept));
    s = open_both();
    take(loki, 1, 3);
    fill_spool(s, 5);
    spool_close(&s, 1);
    s = open_both(); /* and it does not hold later either, when there are as many blocks */
    take(loki, 1, 8);
    spool_close(&s, 1);
}

TEST(reader_that_is_not_there_any_more_is_forgotten) /* 2 */
{
    bool is_new;
    struct spool *s = open_both();
    fill_spool(s, 10);
    spool_reader_acknowledge(collector, 10);
    CHECK(files() > 3 && access(position_path("loki"), F_OK) == 0);
    spool_close(&s, 1);
    s = spool_opened(FILE_BYTES, &is_new);
    CHECK(access(position_path("loki"), F_OK) != 0);
    spool_reader_acknowledge(collector, 10);
    CHECK_INT(files(), 1);
    spool_close(&s, 1);
}

TEST(reader_comes_and_goes_while_others_read) /* 2, 3 */
{
    struct spool *s = open_both();
    fill_spool(s, 10);
    spool_reader_acknowledge(collector, 10);
    struct spool_reader *later = spool_reader_open(s, "later");
    take(later, 1, 4);
    spool_reader_forget(&loki);
    CHECK(!loki && access(position_path("loki"), F_OK) != 0);
    spool_reader_acknowledge_given(later);
    CHECK(access(position_path("later"), F_OK) == 0 && files() > 1);
    take(later, 5, 10);
    spool_reader_forget(&later);
    CHECK_INT(files(), 1);
    spool_close(&s, 1);
}

TEST(reader_keeps_its_files_until_all_readers_are_open) /* 2 */
{
    bool is_new;
    struct spool *s = open_both();
    fill_spool(s, 10);
    spool_close(&s, 1);
    s = spool_without_readers(FILE_BYTES, &is_new);
    collector = spool_reader_open_collector(s);
    spool_reader_set_skips(collector, true);
    spool_set_limits(s, 1, 0);
    spool_reader_acknowledge(collector, 10);
    loki = spool_reader_open(s, "loki");
    spool_start_readers(s);
    take(loki, 1, 10);
    spool_close(&s, 1);
}

TEST(reader_that_skips_never_stops_reading) /* 4 */
{
    struct spool *s = open_both();
    spool_reader_set_skips(loki, true);
    for (uint64_t n = 1; n <= 60; n++) {
        CHECK(spool_has_room(s));
        fill_spool(s, 1);
        take(collector, n, n);
        spool_reader_acknowledge(collector, n);
    }
    struct spool_reader_numbers lag = spool_reader_count(loki);
    CHECK(lag.skipped > 20 && lag.skipped + lag.blocks == 60);
    take(loki, lag.skipped + 1, 60);
    CHECK_INT(next_block(loki), 0);
    spool_reader_acknowledge_given(loki);
    CHECK_INT(files(), 1);
    spool_close(&s, 1);
    s = open_both();
    CHECK_INT(next_block(loki), 0);
    spool_close(&s, 1);
}

TEST(reader_that_waits_fills_the_spool_for_all) /* 4 */
{
    struct spool *s = open_both();
    uint64_t n = 0;
    for (; spool_has_room(s) && n < 100; n++) {
        fill_spool(s, 1);
        spool_reader_acknowledge(collector, n + 1);
    }
    CHECK(n > 10 && n < 40);
    spool_reader_set_skips(collector, true); /* it is not the collector that lacks it */
    CHECK(!spool_has_room(s));
    spool_reader_acknowledge(loki, 3);
    CHECK(spool_has_room(s));
    spool_close(&s, 1);
}

TEST(reader_that_skips_waits_with_one_that_does_not) /* 4 */
{
    struct spool *s = open_both();
    spool_reader_set_skips(loki, true);
    while (spool_has_room(s))
        fill_spool(s, 1);
    CHECK_INT(spool_reader_count(loki).skipped, 0);
    spool_reader_acknowledge(collector, 1);
    CHECK_STR(str_from(spool_count(s).awaited), STR("collector"));
    uint64_t last = spool_count(s).last;
    take(loki, 1, 2); /* under way while it is passed over */
    spool_reader_acknowledge(collector, last);
    CHECK(spool_has_room(s));
    struct spool_reader_numbers lag = spool_reader_count(loki);
    CHECK(lag.acknowledged > 2 && lag.skipped == lag.acknowledged - 2);
    spool_reader_acknowledge_given(loki);
    CHECK_INT(spool_reader_count(loki).acknowledged, (long long)lag.acknowledged);
    take(loki, lag.acknowledged + 1, last);
    spool_close(&s, 1);
}

TEST(reader_that_skips_gives_room_when_the_disk_is_low) /* 4 */
{
    struct spool *s = open_both();
    fill_spool(s, 10);
    spool_reader_acknowledge(collector, 10);
    spool_set_limits(s, 9000, UINT64_MAX);
    size_t before = files();
    spool_look_at_disk(s);
    CHECK_INT(files(), (long long)before);
    spool_reader_set_skips(loki, true);
    spool_look_at_disk(s);
    CHECK_INT(files(), (long long)before - 1);
    CHECK(spool_reader_count(loki).skipped > 0);
    spool_close(&s, 1);
}

TEST(reader_of_another_output_does_not_care_who_we_are) /* 5 */
{
    struct err err;
    struct spool *s = open_both();
    fill_spool(s, 4);
    take(collector, 1, 3);
    take(loki, 1, 2);
    REQUIRE_OK(spool_change_origin(s, (struct hash128){5, 6}, 1, &err));
    take(loki, 3, 4);
    take(collector, 1, 4);
    spool_close(&s, 1);
}

TEST(reader_of_another_output_keeps_its_origin) /* 5 */
{
    struct err err;
    struct spool *s = open_both();
    const struct hash128 first = spool_origin(s), second = {5, 6};
    fill_spool(s, 4);
    take(loki, 1, 2);
    CHECK(hash128_equal(given_origin, first));
    REQUIRE_OK(spool_change_origin(s, second, 1, &err));
    take(loki, 3, 3);
    CHECK(hash128_equal(given_origin, first));
    spool_close(&s, 1);
    s = open_both(); /* nothing was acknowledged */
    take(loki, 1, 1);
    CHECK(hash128_equal(given_origin, first) && hash128_equal(spool_origin(s), second));
    struct spool_reader *later = spool_reader_open(s, "later");
    take(later, 1, 1);
    CHECK(hash128_equal(given_origin, second));
    spool_close(&s, 1);
}

TEST(reader_gets_a_new_origin_that_lasts)
{
    struct err err;
    struct spool *s = open_both();
    const struct hash128 first = spool_origin(s);
    fill_spool(s, 4);
    take(loki, 1, 2);
    spool_reader_acknowledge_given(loki);
    take(loki, 3, 4);
    REQUIRE_OK(spool_reader_renew(loki, &err));
    take(loki, 3, 4);
    const struct hash128 renewed = given_origin;
    CHECK(!hash128_equal(renewed, first) && hash128_equal(spool_origin(s), first));
    spool_close(&s, 1);
    for (uint64_t n = 3; n <= 4; n++) {
        s = open_both();
        take(loki, n, n);
        CHECK(hash128_equal(given_origin, renewed));
        spool_reader_acknowledge_given(loki);
        spool_close(&s, 1);
    }
}

/* What a power cut may leave of the line that is not synced. */
TEST(reader_whose_position_is_torn_has_its_origin) /* 3 */
{
    static const char *const torn[] = {"", "0000", "\xff\xff", "00000000000000000004 0123456789"};
    struct err err;
    struct spool *s = open_both();
    fill_spool(s, 6);
    take(loki, 1, 2);
    spool_reader_acknowledge_given(loki);
    REQUIRE_OK(spool_reader_renew(loki, &err));
    take(loki, 3, 3);
    const struct hash128 renewed = given_origin;
    for (size_t i = 0; i < countof(torn); i++) {
        defer(file_close) struct file f = {0};
        spool_reader_acknowledge(loki, 5);
        spool_close(&s, 1);
        REQUIRE_OK(file_open(&f, position_path("loki"), FILE_WRITE, &err));
        REQUIRE_OK(file_truncate(&f, 512, &err));
        REQUIRE_OK(file_write_at(&f, 512, str_from(torn[i]), &err));
        s = open_both();
        take(loki, 3, 6);
        CHECK(hash128_equal(given_origin, renewed));
    }
    spool_close(&s, 1);
}

static int no_sync(int fd)
{
    (void)fd;
    errno = EIO;
    return -1;
}

TEST(reader_without_a_place_for_a_new_origin_has_the_former)
{
    struct err err;
    struct disk broken = disk_kernel;
    struct spool *s = open_both();
    fill_spool(s, 2);
    broken.fdatasync = broken.fsync = no_sync;
    disk = &broken;
    CHECK(!spool_reader_renew(loki, &err));
    disk = &disk_kernel;
    take(loki, 1, 2);
    CHECK(hash128_equal(given_origin, spool_origin(s)));
    spool_close(&s, 1);
}

TEST(reader_counts_damage_once)
{
    struct err err;
    struct spool *s = open_both();
    fill_spool(s, 1);
    REQUIRE_OK(spool_append(s, STR("1"), STR("no block"), 1, &err));
    append_block(s, 2);
    sync_spool(s);
    for (int i = 0; i < 3; i++) {
        CHECK(next_block(loki) == 1 && next_block(loki) == 3);
        CHECK(next_block(collector) == 1 && next_block(collector) == 3);
        spool_reader_rewind(loki);
        spool_reader_rewind(collector);
    }
    CHECK_INT(spool_count(s).damaged, 1);
    spool_close(&s, 1);
}

static int no_new_file(const char *path, int flags, mode_t mode)
{
    if (!(flags & O_CREAT))
        return disk_kernel.open(path, flags, mode);
    errno = ENOSPC;
    return -1;
}

TEST(reader_without_a_place_for_its_position_goes_on)
{
    struct disk full = disk_kernel;
    bool is_new;
    struct spool *s = spool_opened(FILE_BYTES, &is_new);
    fill_spool(s, 4);
    full.open = no_new_file;
    disk = &full;
    loki = spool_reader_open(s, "loki");
    take(loki, 1, 2);
    spool_reader_acknowledge_given(loki);
    disk = &disk_kernel;
    CHECK(access(position_path("loki"), F_OK) != 0);
    take(loki, 3, 4);
    spool_reader_acknowledge_given(loki);
    spool_close(&s, 1);
    s = open_both();
    CHECK_INT(next_block(loki), 0);
    spool_close(&s, 1);
}

static int no_position(const char *path, int flags, mode_t mode)
{
    if (!strstr(path, "/outputs/loki"))
        return disk_kernel.open(path, flags, mode);
    errno = EIO;
    return -1;
}

TEST(reader_waits_for_a_disk_that_does_not_give_its_position) /* 3 */
{
    struct err err;
    struct disk broken = disk_kernel;
    defer(buf_free) struct buf block = {0};
    struct spool *s = open_both();
    fill_spool(s, 4);
    take(loki, 1, 2);
    REQUIRE_OK(spool_reader_renew(loki, &err));
    take(loki, 1, 2);
    const struct hash128 renewed = given_origin;
    spool_reader_acknowledge_given(loki);
    spool_close(&s, 1);
    broken.open = no_position;
    disk = &broken;
    s = open_both();
    CHECK(!spool_reader_next(loki, &block, NULL, &err) && err.code == ERR_SYSTEM);
    disk = &disk_kernel;
    take(loki, 3, 4);
    CHECK(hash128_equal(given_origin, renewed));
    spool_close(&s, 1);
}
