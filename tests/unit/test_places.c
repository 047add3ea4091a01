/* Invariant numbers are those of collector/store/places.h. */
#include "collector/store/places.h"

#include "base/mem.h"
#include "tests/blocks.h"
#include "tests/test.h"

static const int64_t now = 20000 * NS_PER_DAY;

static struct store *open_store(uint64_t journal_bytes)
{
    struct err err;
    struct store *s = NULL;
    defer(arena_free) struct arena a = {0};
    struct store_options options = {.folder = arena_print(&a, "%s/data", test_folder()).ptr,
                                    .journal_bytes = journal_bytes};
    REQUIRE_OK(store_open(&s, &options, now, &err));
    return s;
}

static void put_blocks(struct store *s, uint64_t first, uint64_t n)
{
    struct err err;
    for (uint64_t i = first; i < first + n; i++) {
        struct block block;
        struct put_result result;
        defer(buf_free) struct buf bytes = {0};
        defer(arena_free) struct arena arena = {0};
        defer(packer_free) struct packer packer = {0};
        make_block(&bytes, 1, i, "api", (int)i, 1);
        REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
        REQUIRE_OK(store_put(s, buf_str(&bytes), &block, now, &result, &err));
    }
    REQUIRE_OK(store_commit(s, now, &err));
    store_publish(s);
}

/* The sequences in a span are first .. first + n - 1, in this order. */
static void check_span(struct store *s, struct store_span span, uint64_t first, size_t n)
{
    size_t found;
    defer(view_close) struct view *v = NULL;
    view_open_span(&v, s, &span);
    const struct block_ref *refs = view_blocks(v, INT64_MIN, INT64_MAX, &found);
    CHECK_INT(found, n);
    for (size_t i = 0; i < found && i < n; i++)
        CHECK_INT(refs[i].sequence, first + i);
    CHECK(!view_streams(v, &found) && found == 0);
}

/* Walks by steps; each span gives the blocks that follow those before. */
static void walk(struct store *s, size_t step, uint64_t n)
{
    struct store_span span = {0};
    uint64_t next = 1;
    while (is_place_before(span.to, store_end(s))) {
        span.from = span.to;
        span.to = store_step(s, span.from, step, UINT64_MAX);
        size_t here = (size_t)min_of((uint64_t)step, n + 1 - next);
        check_span(s, span, next, here);
        next += here;
        REQUIRE(next <= n + 2);
    }
    CHECK_INT(next, n + 1);
}

TEST(places_divide_a_store_into_spans) /* 1, 2 */
{
    for (uint64_t journal_bytes = 0; journal_bytes <= 40000; journal_bytes += 40000) {
        struct store *s = open_store(journal_bytes);
        struct store_place middle = store_end(s), last;
        uint64_t n = 0;
        put_blocks(s, 1, 300);
        last = store_end(s);
        check_span(s, (struct store_span){middle, last}, 1, 300);
        middle = last;
        for (n = 300; n < 420; n += 10)
            put_blocks(s, n + 1, 10);
        last = store_end(s);
        check_span(s, (struct store_span){middle, last}, 301, 120);
        static const size_t steps[] = {1, 7, 127, 128, 129, 256, 1000};
        for (size_t i = 0; i < countof(steps); i++)
            walk(s, steps[i], n);
        CHECK_INT(store_step(s, middle, 1000, 1).offset, store_step(s, middle, 1, 0).offset);
        store_close(&s, now);
        s = open_store(journal_bytes);
        check_span(s, (struct store_span){middle, last}, 301, 120);
        CHECK(!is_place_before(store_end(s), last));
        put_blocks(s, n + 1, 1);
        check_span(s, (struct store_span){last, store_end(s)}, n + 1, 1);
        store_close(&s, now);
        if (journal_bytes == 0) { /* the next round begins anew */
            defer(arena_free) struct arena a = {0};
            REQUIRE(system(arena_print(&a, "rm -rf %s/data", test_folder()).ptr) == 0);
        }
    }
}

TEST(places_of_other_stores_are_told)
{
    struct store *s = open_store(1);
    CHECK(store_check_place(s, (struct store_place){0}) == PLACE_KNOWN);
    put_blocks(s, 1, 1);
    put_blocks(s, 2, 1);
    struct store_place end = store_end(s), p = end;
    CHECK(end.journal == 3 && end.offset == 0);
    CHECK(store_check_place(s, end) == PLACE_KNOWN);
    p.tag ^= 1;
    CHECK(store_check_place(s, p) == PLACE_FOREIGN);
    p.journal = 4;
    CHECK(store_check_place(s, p) == PLACE_FOREIGN);
    store_close(&s, now);
}

TEST(places_removed_by_retention_are_told)
{
    struct err err;
    struct store *s = NULL;
    defer(arena_free) struct arena a = {0};
    struct store_options options = {.folder = arena_print(&a, "%s/data", test_folder()).ptr,
                                    .journal_bytes = 1,
                                    .retention.keep_ns = NS_PER_DAY};
    REQUIRE_OK(store_open(&s, &options, now, &err));
    put_blocks(s, 1, 1);
    put_blocks(s, 2, 1);
    struct store_place first = store_step(s, (struct store_place){0}, 1, 0);
    CHECK(store_check_place(s, first) == PLACE_KNOWN);
    REQUIRE_OK(store_maintain(s, now + 2 * NS_PER_DAY, &err));
    for (int i = 0; i < 20; i++) /* until the clock is believed */
        REQUIRE_OK(store_maintain(s, now + 2 * NS_PER_DAY + i * NS_PER_S, &err));
    store_publish(s);
    CHECK(store_check_place(s, first) == PLACE_REMOVED);
    store_close(&s, now);
}

TEST(places_have_a_text)
{
    static const char *const good[] = {"0", "17.5be1c03f.4096", "0-17.5be1c03f.4096",
                                       "17.5be1c03f.4096-18.00000001.0"};
    static const char *const bad[] = {"",
                                      "x",
                                      "1",
                                      "0.0.0",
                                      "1.5be1c03f",
                                      "1.5be1c03.1",
                                      "1.5BE1C03F.1",
                                      "1.5be1c03f.1-1.5be1c03f.1",
                                      "2.5be1c03f.1-0",
                                      "0-",
                                      "-0",
                                      "1.5be1c03f.1.2"};
    struct store_span span;
    for (size_t i = 0; i < countof(good); i++) {
        defer(buf_free) struct buf text = {0};
        REQUIRE(span_parse(str_from(good[i]), &span));
        put_store_span(&text, &span);
        CHECK_STR(buf_str(&text), str_from(good[i]));
    }
    for (size_t i = 0; i < countof(bad); i++) {
        if (span_parse(str_from(bad[i]), &span))
            test_fail(__FILE__, __LINE__, "'%s' is taken", bad[i]);
    }
}
