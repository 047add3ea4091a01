/* Invariant numbers are those of collector/store/store.h. */
#include "base/mem.h"
#include "collector/store/store.h"
#include "tests/stores.h"
#include "tests/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 20000 };

static int64_t now = DAY * NS_PER_DAY;

static const char *data(struct arena *a)
{
    return arena_print(a, "%s/data", test_folder()).ptr;
}

static struct store *open_store(struct store_options options)
{
    struct err err;
    struct store *s = NULL;
    defer(arena_free) struct arena a = {0};
    options.folder = data(&a);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    return s;
}

static struct put_result put(struct store *s, uint64_t origin, uint64_t sequence,
                             const char *service, int first, int n)
{
    struct err err;
    struct put_result result;
    REQUIRE_OK(put_made_block(s, now, origin, sequence, service, first, n, &result, &err));
    return result;
}

static void commit(struct store *s)
{
    struct err err;
    REQUIRE_OK(commit_blocks(s, now, &err));
}

/* Number of records that a view shows; checks that each block loads and verifies. */
static size_t count_records(struct view *v)
{
    struct err err;
    size_t n, records = 0;
    const struct block_ref *refs = view_blocks(v, INT64_MIN, INT64_MAX, &n);
    for (size_t i = 0; i < n; i++) {
        struct block block;
        defer(buf_free) struct buf bytes = {0};
        defer(arena_free) struct arena arena = {0};
        defer(packer_free) struct packer packer = {0};
        REQUIRE_OK(view_load(v, &refs[i], &bytes, &err));
        REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
        CHECK(block.header.sequence == refs[i].sequence);
        records += block.header.records;
    }
    return records;
}

static size_t count_in(struct store *s)
{
    defer(view_close) struct view *v = NULL;
    view_open(&v, s);
    return count_records(v);
}

TEST(store_keeps_what_was_committed)
{
    struct store *s = open_store((struct store_options){0});
    CHECK_INT(put(s, 1, 1, "api", 0, 10).verdict, ORIGIN_NEW);
    CHECK_INT(put(s, 1, 2, "api", 10, 5).verdict, ORIGIN_NEXT);
    CHECK_INT(count_in(s), 0); /* 2: not committed, not visible */
    commit(s);
    CHECK_INT(count_in(s), 15);
    put(s, 1, 3, "api", 15, 1);
    CHECK_INT(store_count(s).records, 15);
    store_close(&s, now);
    s = open_store((struct store_options){0});
    CHECK_INT(count_in(s), 16); /* it was whole on disk after all; 1: and the table says so */
    CHECK_INT(put(s, 1, 3, "api", 15, 1).verdict, ORIGIN_KNOWN);
    store_close(&s, now);
}

TEST(store_tells_repeats_from_conflicts)
{
    struct store *s = open_store((struct store_options){0});
    for (uint64_t i = 1; i <= 100; i++)
        put(s, 1, i, "api", (int)i, 1);
    commit(s);
    for (int round = 0; round < 3; round++) {
        CHECK_INT(put(s, 1, 100, "api", 100, 1).verdict, ORIGIN_KNOWN);
        CHECK_INT(put(s, 1, 37, "api", 37, 1).verdict, ORIGIN_KNOWN);
        CHECK_INT(put(s, 1, 36, "api", 36, 1).verdict, ORIGIN_CONFLICT); /* out of the window */
        CHECK_INT(put(s, 1, 100, "web", 100, 1).verdict, ORIGIN_CONFLICT);
        CHECK_INT(put(s, 2, 100 + (uint64_t)round, "web", 100, 1).verdict,
                  round ? ORIGIN_NEXT : ORIGIN_NEW);
        commit(s);
        CHECK_INT(origins_last(store_origins(s), (struct hash128){1, 1}, NULL), 100);
        if (round == 1)
            now += NS_PER_DAY; /* a new journal: from its first frame alone */
        store_close(&s, now);
        s = open_store((struct store_options){0});
    }
    struct put_result jump = put(s, 1, 105, "api", 105, 1);
    CHECK(jump.verdict == ORIGIN_JUMP && jump.missing == 4);
    struct block_source source;
    commit(s);
    CHECK(origins_source(store_origins(s), hash128(STR("api")), &source) && source.to == 106);
    CHECK(!origins_source(store_origins(s), hash128(STR("nobody")), &source));
    store_close(&s, now);
}

TEST(store_is_opened_once)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    struct store *s = open_store((struct store_options){0}), *other = NULL;
    struct store_options options = {.folder = data(&a)};
    CHECK(!store_open(&other, &options, now, &err) && err.code == ERR_CONFLICT && !other);
    put(s, 1, 1, "api", 0, 10);
    commit(s);
    defer(view_close) struct view *v = NULL;
    REQUIRE_OK(view_open_folder(&v, options.folder, &err)); /* reading needs no lock */
    CHECK_INT(count_records(v), 10);
    store_close(&s, now);
}

TEST(store_cuts_journals_and_keeps_views) /* 3, 4 */
{
    struct err err;
    struct store_options options = {.journal_bytes = 1, .retention.keep_ns = 3 * NS_PER_DAY};
    struct store *s = open_store(options);
    for (uint64_t i = 1; i <= 10; i++) {
        put(s, 1, i, "api", (int)i, 1);
        commit(s);
        now += NS_PER_DAY;
    }
    struct view *v = NULL;
    view_open(&v, s);
    CHECK_INT(store_count(s).records, 10);
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    CHECK_INT(store_count(s).records, 3);
    CHECK_INT(store_count(s).removed_journals, 7);
    CHECK_INT(count_in(s), 3);
    CHECK_INT(count_records(v), 10); /* 4 */
    CHECK_INT(put(s, 1, 10, "api", 10, 1).verdict, ORIGIN_KNOWN);
    view_close(&v);
    store_close(&s, now);
    s = open_store(options);
    CHECK_INT(count_in(s), 3);
    CHECK_INT(put(s, 1, 5, "api", 5, 1).verdict, ORIGIN_KNOWN); /* 3: its journal is gone */
    store_close(&s, now);
}

TEST(store_is_bounded_in_size)
{
    struct err err;
    struct store *s =
        open_store((struct store_options){.journal_bytes = 1, .retention.max_bytes = 4000});
    for (uint64_t i = 1; i <= 50; i++) {
        put(s, 1, i, "api", (int)i * 100, 100);
        commit(s);
        REQUIRE_OK(store_maintain(s, now, &err));
        store_publish(s);
        CHECK(store_count(s).bytes < 4000 + 3000);
    }
    CHECK(store_count(s).records >= 100 && store_count(s).removed_journals > 30);
    store_close(&s, now);
}

TEST(store_takes_other_rules_while_it_is_open)
{
    struct err err;
    struct store *s = open_store((struct store_options){.journal_bytes = 1});
    for (uint64_t i = 1; i <= 20; i++) {
        put(s, 1, i, "api", (int)i * 100, 100);
        commit(s);
    }
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    CHECK_INT(store_count(s).records, 2000);
    store_set_retention(s, &(struct store_retention){.max_bytes = 4000});
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    CHECK(store_count(s).bytes < 4000 + 3000 && store_count(s).records >= 100);
    store_close(&s, now);
}

TEST(store_clock_never_goes_back) /* 5 */
{
    struct store *s = open_store((struct store_options){0});
    put(s, 1, 1, "api", 1, 1);
    commit(s);
    int64_t before = now;
    now -= 5 * NS_PER_DAY;
    store_close(&s, now);
    s = open_store((struct store_options){0});
    put(s, 1, 2, "api", 2, 1);
    commit(s);
    defer(view_close) struct view *v = NULL;
    view_open(&v, s);
    size_t n;
    const struct block_ref *refs = view_blocks(v, INT64_MIN, INT64_MAX, &n);
    CHECK_INT(n, 2);
    for (size_t i = 0; i < n; i++)
        CHECK(refs[i].arrival_ns >= before);
    view_close(&v);
    store_close(&s, now);
}

static void flip(struct arena *a, const char *name, off_t at)
{
    char c;
    int fd = open(arena_print(a, "%s/journal/%s", data(a), name).ptr, O_RDWR);
    REQUIRE(fd >= 0 && pread(fd, &c, 1, at) == 1);
    c ^= 1;
    REQUIRE(pwrite(fd, &c, 1, at) == 1);
    close(fd);
}

TEST(store_skips_and_names_damage)
{
    defer(arena_free) struct arena a = {0};
    size_t n;
    struct view *v = NULL;
    struct store *s = open_store((struct store_options){0});
    for (uint64_t i = 1; i <= 5; i++) {
        put(s, 1, i, "api", (int)i, 1);
        commit(s);
    }
    view_open(&v, s);
    off_t third = (off_t)view_blocks(v, INT64_MIN, INT64_MAX, &n)[2].offset;
    view_close(&v);
    store_close(&s, now);
    flip(&a, "000001", third + 100);
    s = open_store((struct store_options){0});
    view_open(&v, s);
    CHECK_INT(count_records(v), 4);
    const struct str *problems = view_problems(v, &n);
    REQUIRE(n == 1);
    CHECK(str_find(problems[0], STR("journal 000001: 1 damaged place")) == 0);
    view_close(&v);
    CHECK_INT(store_count(s).rotten_parts, 1);
    CHECK_INT(put(s, 1, 6, "api", 6, 1).verdict, ORIGIN_NEXT); /* in a new journal */
    commit(s);
    CHECK_INT(store_count(s).journals, 2);
    store_close(&s, now);
    flip(&a, "000002", 30); /* the tables: all is read again from before */
    flip(&a, "000001", 30);
    s = open_store((struct store_options){0});
    CHECK_INT(count_in(s), 5);
    CHECK_INT(put(s, 1, 6, "api", 6, 1).verdict, ORIGIN_KNOWN);
    store_close(&s, now);
}

TEST(store_knows_streams_after_reopening)
{
    struct store *s = open_store((struct store_options){.streams_max = 3});
    static const char *const services[] = {"api", "web", "db", "more"};
    for (uint64_t i = 0; i < 4; i++)
        put(s, 1, i + 1, services[i], 1, 1);
    commit(s);
    now += NS_PER_DAY;
    store_close(&s, now);
    s = open_store((struct store_options){0});
    size_t n;
    defer(view_close) struct view *v = NULL;
    view_open(&v, s);
    const struct store_stream *const *streams = view_streams(v, &n);
    REQUIRE(n == 4);
    CHECK(label_value(&streams[0]->labels, STR("service")).len > 0);
    view_close(&v);
    store_close(&s, now);
}

TEST(store_expires_an_empty_journal_too)
{
    struct err err;
    struct store_options options = {.journal_bytes = 1, .retention.keep_ns = NS_PER_DAY};
    struct store *s = open_store(options);
    put(s, 1, 1, "api", 1, 1);
    commit(s); /* and a new journal, which stays empty */
    store_close(&s, now);
    now += 5 * NS_PER_DAY;
    s = open_store(options);
    put(s, 1, 2, "api", 2, 1);
    commit(s);
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    CHECK_INT(store_count(s).records, 1);
    CHECK(store_count(s).journals <= 2);
    store_close(&s, now);
}

TEST(store_waits_with_age_when_the_clock_steps)
{
    struct err err;
    struct store *s =
        open_store((struct store_options){.journal_bytes = 1, .retention.keep_ns = NS_PER_DAY});
    for (uint64_t i = 1; i <= 5; i++) {
        put(s, 1, i, "api", (int)i, 1);
        commit(s);
    }
    REQUIRE_OK(store_maintain(s, now, &err));
    REQUIRE_OK(store_maintain(s, now + 400 * NS_PER_DAY, &err)); /* one wrong tick */
    REQUIRE_OK(store_maintain(s, now + 5 * NS_PER_S, &err));
    store_publish(s);
    CHECK_INT(store_count(s).records, 5);
    for (int i = 0; i < 20; i++) /* a clock that stays there is believed */
        REQUIRE_OK(store_maintain(s, now + 400 * NS_PER_DAY + i * 5 * NS_PER_S, &err));
    store_publish(s);
    CHECK_INT(store_count(s).records, 0);
    store_close(&s, now);
}
