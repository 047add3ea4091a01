/* shipper/checkpoint: invariants 1 and 2 of its header. */
#include "shipper/checkpoint.h"

#include "base/mem.h"
#include "tests/test.h"

static struct checkpoint_entry sample_entry(void)
{
    return (struct checkpoint_entry){
        .id = {1, 2},
        .dev = 3,
        .ino = 4,
        .birth_ns = -5,
        .path = STR("/var/log/a.log.1"),
        .file = STR("/var/log/a.log"),
        .kind = FILE_GZIP,
        .state = CHECKPOINT_TRUNCATED,
        .flags = CHECKPOINT_CONTINUES | CHECKPOINT_HELD_OUT,
        .held = {{50, 3}},
        .seen = {.at = {100, 7}, .head_hash = 8, .blocks = {9}, .older = {{90, 1}, {80, 2}}},
        .size = 200,
        .total = 300,
        .mtime_ns = 400,
        .gone_ns = 500,
    };
}

static void put_sample_checkpoint(struct buf *b, const struct checkpoint_entry *entry)
{
    checkpoint_begin(b, CHECKPOINT_DELTA);
    checkpoint_forget(b, (struct hash128){9, 9});
    checkpoint_put(b, entry);
    checkpoint_end(b);
}

TEST(checkpoint_comes_back)
{
    struct err err;
    struct checkpoint_reader r;
    defer(buf_free) struct buf b = {0}, again = {0};
    struct checkpoint_entry e = sample_entry();
    put_sample_checkpoint(&b, &e);
    REQUIRE_OK(checkpoint_check(buf_str(&b), &err));
    REQUIRE_OK(checkpoint_open(&r, buf_str(&b), &err));
    REQUIRE_OK(checkpoint_next(&r, &err));
    CHECK_INT(r.operation, CHECKPOINT_FORGET);
    REQUIRE_OK(checkpoint_next(&r, &err));
    CHECK_INT(r.operation, CHECKPOINT_PUT);
    CHECK_STR(r.entry.path, e.path);
    CHECK_INT(r.entry.seen.older[1].end, 80);
    put_sample_checkpoint(&again, &r.entry);
    CHECK(str_equal(buf_str(&b), buf_str(&again)));
    REQUIRE_OK(checkpoint_next(&r, &err));
    CHECK_INT(r.operation, CHECKPOINT_END);
}

TEST(checkpoint_cut_anywhere_is_refused)
{
    struct err err;
    defer(buf_free) struct buf b = {0};
    struct checkpoint_entry e = sample_entry();
    put_sample_checkpoint(&b, &e);
    for (size_t n = 0; n < b.len; n++) {
        CHECK(!checkpoint_check(str_of(b.ptr, n), &err));
        CHECK_INT(err.code, ERR_CORRUPT);
    }
    buf_add_byte(&b, 0);
    CHECK(!checkpoint_check(buf_str(&b), &err));
}

static bool is_taken(struct checkpoint_entry e)
{
    struct err err;
    defer(buf_free) struct buf b = {0};
    put_sample_checkpoint(&b, &e);
    return checkpoint_check(buf_str(&b), &err);
}

TEST(checkpoint_refuses_what_cannot_be)
{
    struct checkpoint_entry e = sample_entry();
    CHECK(is_taken(e));
    e.path = STR("relative");
    CHECK(!is_taken(e));
    e = sample_entry(), e.kind = FILE_UNKNOWN_PACKING;
    CHECK(!is_taken(e));
    e = sample_entry(), e.state = CHECKPOINT_STATES;
    CHECK(!is_taken(e));
    e = sample_entry(), e.flags = CHECKPOINT_FLAGS + 1;
    CHECK(!is_taken(e));
    e = sample_entry(), e.flags |= CHECKPOINT_HELD_ERR, e.held[LANE_ERR] = (struct sample){99, 5};
    CHECK(is_taken(e));
    e.held[LANE_ERR].end = 100; /* not in front of the position */
    CHECK(!is_taken(e));
    e = sample_entry(), e.seen.older[1].end = 90;
    CHECK(!is_taken(e));
    e = sample_entry(), e.seen.older[0].end = 100;
    CHECK(!is_taken(e));
    e = sample_entry(), e.seen = (struct identity){.head_hash = 1};
    CHECK(!is_taken(e));
}

TEST(checkpoint_of_another_version_is_refused)
{
    struct err err;
    CHECK(!checkpoint_check(STR("\1\1\0"), &err));
    CHECK(!checkpoint_check(STR("\2\3\0"), &err));
    CHECK(!checkpoint_check(STR("\2\1\2aaaaaaaaaaaaaaaa\0"), &err)); /* forget in a full one */
    CHECK(checkpoint_check(STR("\2\1\0"), &err));
}
