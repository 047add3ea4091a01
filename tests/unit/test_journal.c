/* Invariant numbers are those of base/journal.h. */
#include "base/hash.h"
#include "base/journal.h"
#include "base/mem.h"
#include "tests/test.h"

#include <fcntl.h>
#include <unistd.h>

static const char *path_in(struct arena *a, const char *name)
{
    return arena_print(a, "%s/%s", test_folder(), name).ptr;
}

/* A file with frames "0", "1", ... of growing length, each synced; returns where each starts. */
static void make(const char *path, int n, uint64_t *offsets)
{
    struct err err;
    struct journal *j = NULL;
    REQUIRE_OK(journal_create(&j, path, 1, STR("first"), 10, &err));
    for (int i = 0; i < n; i++) {
        char payload[4000];
        memset(payload, '0' + i, sizeof payload);
        struct frame frame;
        REQUIRE_OK(journal_append(j, 2, str_of(payload, (size_t)(i * 300)), STR("tail"), 20, &frame,
                                  &err));
        offsets[i] = frame.offset;
        REQUIRE_OK(journal_sync(j, &err));
    }
    journal_close(&j, 30);
}

struct seen {
    int n;
    uint64_t offsets[32];
    struct journal_health health;
};

static struct seen read_all(const char *path)
{
    struct err err;
    struct seen seen = {0};
    defer(file_close) struct file f = {0};
    REQUIRE_OK(file_open(&f, path, FILE_READ, &err));
    defer(journal_reader_free) struct journal_reader r = {0};
    REQUIRE_OK(journal_reader_open(&r, &f, UINT64_MAX, &err));
    struct frame frame;
    while (journal_next(&r, true, &frame, &err)) {
        REQUIRE(seen.n < 32);
        seen.offsets[seen.n++] = frame.offset;
        CHECK(frame.kind == 1 || str_ends(buf_str(&r.payload), STR("tail")));
    }
    CHECK_INT(err.code, ERR_NONE);
    seen.health = r.health;
    return seen;
}

static void flip(const char *path, uint64_t at)
{
    int fd = open(path, O_RDWR);
    char c;
    REQUIRE(pread(fd, &c, 1, (off_t)at) == 1);
    c ^= 0x10;
    REQUIRE(pwrite(fd, &c, 1, (off_t)at) == 1);
    close(fd);
}

TEST(journal_gives_back_its_frames_in_order)
{
    defer(arena_free) struct arena a = {0};
    const char *path = path_in(&a, "j");
    uint64_t offsets[9];
    make(path, 9, offsets);
    struct seen seen = read_all(path);
    CHECK_INT(seen.n, 10);
    CHECK(seen.health.torn_bytes == 0 && seen.health.rotten_parts == 0);
    for (int i = 0; i < 9; i++)
        CHECK_INT(seen.offsets[i + 1], offsets[i]);
}

TEST(journal_skips_and_names_rot) /* 4 */
{
    defer(arena_free) struct arena a = {0};
    const char *path = path_in(&a, "j");
    uint64_t offsets[9];
    make(path, 9, offsets);
    for (int i = 0; i < 9; i++) {
        for (uint64_t at = 0; at < FRAME_HEADER + 4; at += 5) {
            flip(path, offsets[i] + at);
            struct seen seen = read_all(path);
            CHECK_INT(seen.n, 9);
            CHECK_INT(seen.health.rotten_parts, 1);
            CHECK_INT(seen.health.first_rotten, offsets[i]);
            flip(path, offsets[i] + at);
        }
    }
    flip(path, 20); /* the very first frame */
    struct seen seen = read_all(path);
    CHECK(seen.n == 9 && seen.health.rotten_parts == 1);
}

TEST(journal_cuts_off_a_torn_tail_wherever_it_tears) /* 3, 4 */
{
    defer(arena_free) struct arena a = {0};
    struct err err;
    const char *path = path_in(&a, "j");
    uint64_t offsets[3];
    make(path, 3, offsets);
    struct journal *j = NULL;
    struct journal_health health;
    REQUIRE_OK(journal_open(&j, path, &health, &err));
    uint64_t durable = journal_size(j);
    struct frame frame;
    REQUIRE_OK(journal_append(j, 2, STR("one more "), STR("tail"), 5, &frame, &err));
    REQUIRE_OK(journal_append(j, 2, STR("and more "), STR("tail"), 5, &frame, &err));
    uint64_t whole = journal_size(j), second = frame.offset;
    journal_close(&j, 6); /* nothing was synced: no mark */
    for (uint64_t size = whole; size >= durable; size--) {
        REQUIRE(truncate(path, (off_t)size) == 0);
        struct seen seen = read_all(path);
        CHECK_INT(seen.n, size == whole ? 6 : size >= second ? 5 : 4);
        CHECK_INT(seen.health.end, size == whole ? whole : size >= second ? second : durable);
        CHECK(seen.health.rotten_parts == 0);
    }
}

TEST(journal_ends_at_the_first_tear_even_if_a_later_frame_is_whole) /* 4 */
{
    defer(arena_free) struct arena a = {0};
    struct err err;
    const char *path = path_in(&a, "j");
    struct journal *j = NULL;
    struct frame one, two;
    REQUIRE_OK(journal_create(&j, path, 1, STR("first"), 1, &err));
    REQUIRE_OK(journal_append(j, 2, STR("a tail"), STR(""), 1, &one, &err));
    REQUIRE_OK(journal_append(j, 2, STR("b tail"), STR(""), 1, &two, &err));
    journal_close(&j, 2);
    flip(path, one.offset + FRAME_HEADER);
    struct journal_health health;
    REQUIRE_OK(journal_open(&j, path, &health, &err));
    CHECK_INT(health.end, one.offset);
    CHECK(health.torn_bytes > 0 && health.rotten_parts == 0);
    REQUIRE_OK(journal_append(j, 2, STR("c tail"), STR(""), 1, &two, &err));
    CHECK_INT(two.offset, one.offset);
    REQUIRE_OK(journal_sync(j, &err));
    journal_close(&j, 3);
    CHECK_INT(read_all(path).n, 2);
}

TEST(journal_does_not_take_frames_of_another_file) /* 1 */
{
    defer(arena_free) struct arena a = {0};
    const char *one = path_in(&a, "one"), *two = path_in(&a, "two");
    uint64_t offsets[3], others[3];
    make(one, 3, offsets);
    make(two, 3, others);
    struct err err;
    defer(buf_free) struct buf b = {0};
    REQUIRE_OK(file_load(two, 1 << 20, &b, &err));
    int fd = open(one, O_RDWR);
    size_t len = (size_t)(others[2] - others[1]);
    REQUIRE(pwrite(fd, b.ptr + others[1], len, (off_t)offsets[1]) == (ssize_t)len);
    close(fd);
    struct seen seen = read_all(one);
    CHECK_INT(seen.n, 3);
    CHECK_INT(seen.health.rotten_parts, 1);
}

TEST(journal_refuses_a_file_without_a_frame)
{
    defer(arena_free) struct arena a = {0};
    struct err err;
    const char *path = path_in(&a, "j");
    REQUIRE_OK(file_replace(path, STR("SLJF this is no journal at all"), 0600, &err));
    struct journal *j = NULL;
    struct journal_health health;
    CHECK(!journal_open(&j, path, &health, &err) && err.code == ERR_CORRUPT && !j);
    CHECK(!journal_create(&j, path, 1, STR("x"), 1, &err) && !j);
}

TEST(journal_loads_one_frame)
{
    defer(arena_free) struct arena a = {0};
    struct err err;
    const char *path = path_in(&a, "j");
    uint64_t offsets[5];
    make(path, 5, offsets);
    defer(file_close) struct file f = {0};
    REQUIRE_OK(file_open(&f, path, FILE_READ, &err));
    defer(buf_free) struct buf b = {.max = 700};
    struct frame frame;
    REQUIRE_OK(journal_load(&f, offsets[2], &frame, &b, &err));
    CHECK(b.len == 604 && frame.next == offsets[3]);
    buf_reset(&b);
    CHECK(!journal_load(&f, offsets[4], &frame, &b, &err) && err.code == ERR_LIMIT);
    CHECK(!journal_load(&f, offsets[2] + 1, &frame, &b, &err) && err.code == ERR_CORRUPT);
}

TEST(journal_does_not_believe_what_was_durable_before_it_was_written) /* 1 */
{
    struct err err;
    uint64_t offsets[2];
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf bytes = {0};
    const char *path = path_in(&a, "j");
    make(path, 2, offsets);
    REQUIRE_OK(file_load(path, 1 << 20, &bytes, &err));
    put_u64_at(&bytes, 32, 1000); /* in the first frame, under a right check */
    put_u32_at(&bytes, 12, 0);
    put_u32_at(&bytes, 12, (uint32_t)hash64(str_of(bytes.ptr, FRAME_HEADER)));
    REQUIRE_OK(file_replace(path, buf_str(&bytes), 0600, &err));
    struct seen seen = read_all(path);
    CHECK(seen.n == 2 && seen.offsets[0] == offsets[0]);
    CHECK(seen.health.rotten_parts == 1 && seen.health.torn_bytes == 0);
}
