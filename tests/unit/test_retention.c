/* What retention says that it will do is what it does, and no more than it must. */
#include "base/file.h"
#include "base/mem.h"
#include "collector/store/parts.h"
#include "tests/test.h"
#include "tests/unit/made_helper.h"
#include "tests/unit/store_helper.h"

enum { ROUNDS = 25 };

static const struct store_rule rules[] = {{STR_INIT("level=debug"), 2 * NS_PER_DAY},
                                          {STR_INIT("level=info"), 9 * NS_PER_DAY},
                                          {STR_INIT("level=trace"), 0}};

/* Journals and segments of some days; not all is merged. */
static void add_days(uint64_t *sequence)
{
    struct store *s = st_open_store((struct store_options){
        .journal_bytes = 4000, .retention = {.rules = rules, .n_rules = countof(rules)}});
    for (int i = 0; i < 12; i++) {
        st_put(s, 1, ++*sequence);
        st_now += (int64_t)(made_below(3) * NS_PER_DAY / 4 + made_below(NS_PER_S));
        if (made_below(3) == 0)
            st_merge_once(s);
    }
    store_close(&s, st_now);
}

/* The last one decides: how much may be there, or that nothing may. */
static struct store_retention made_retention(const struct store_numbers *numbers)
{
    struct store_retention r = {.rules = rules, .n_rules = made_below(countof(rules) + 1)};
    r.keep_ns = made_below(4) ? (int64_t)made_below(6) * NS_PER_DAY : 0;
    r.max_bytes = made_below(2) ? numbers->bytes * (1 + made_below(9)) / 10 : 0;
    r.keep_free = made_below(12) ? 0 : UINT64_MAX;
    return r;
}

static const struct store_planned *find_planned(const struct store_planned *planned, size_t n,
                                                const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(planned[i].part->name, name) == 0)
            return &planned[i];
    return NULL;
}

/* Of the parts that have records. */
static size_t check_left(const struct store_planned *planned, size_t n)
{
    struct err err;
    size_t n_parts, left = 0, stays = 0;
    defer(arena_free) struct arena a = {0};
    defer(view_close) struct view *v = NULL;
    REQUIRE_OK(view_open_folder(&v, st_path_of(&a, ""), &err));
    const struct store_part *parts = view_parts(v, &n_parts);
    for (size_t i = 0; i < n; i++)
        stays += planned[i].when_ns > st_now && planned[i].part->records;
    for (size_t i = 0; i < n_parts; i++) {
        const struct store_planned *p = find_planned(planned, n, parts[i].name);
        left += parts[i].records > 0;
        if (parts[i].records && !(p && p->when_ns > st_now))
            test_fail(__FILE__, __LINE__, "%s is there", parts[i].name);
    }
    CHECK_INT(left, stays);
    return left;
}

/* ... that are not removed now, the first that goes by its age. */
static int64_t next_end(const struct store_planned *planned, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (planned[i].when_ns > st_now && planned[i].part->records)
            return planned[i].when_ns;
    return INT64_MAX;
}

TEST(retention_does_what_its_plan_says)
{
    struct err err;
    uint64_t sequence = 0;
    size_t removed = 0, aged = 0;
    made_seed(5);
    for (int round = 0; round < ROUNDS; round++) {
        size_t n, n_later;
        const struct store_planned *planned, *later;
        defer(arena_free) struct arena a = {0};
        defer(view_close) struct view *v = NULL;
        defer(view_close) struct view *again = NULL;
        add_days(&sequence);
        struct store *s = st_open_store((struct store_options){.journal_bytes = 4000});
        const struct store_numbers numbers = store_count(s);
        const struct store_retention r = made_retention(&numbers);
        store_set_retention(s, &r);
        REQUIRE_OK(view_open_folder(&v, st_path_of(&a, ""), &err));
        REQUIRE_OK(view_plan(v, &r, st_now, &planned, &n, &err));
        REQUIRE_OK(store_maintain(s, st_now, &err));
        store_publish(s);
        removed += n - check_left(planned, n);
        int64_t end_ns = next_end(planned, n);
        store_close(&s, st_now);
        if (end_ns == INT64_MAX)
            continue;
        st_now = end_ns + 1;
        s = st_open_store((struct store_options){.journal_bytes = 4000, .retention = r});
        REQUIRE_OK(view_open_folder(&again, st_path_of(&a, ""), &err));
        REQUIRE_OK(view_plan(again, &r, st_now, &later, &n_later, &err));
        CHECK(n_later > 0 && later[0].when_ns == st_now);
        REQUIRE_OK(store_maintain(s, st_now, &err));
        store_publish(s);
        aged += n_later - check_left(later, n_later);
        store_close(&s, st_now);
    }
    CHECK(removed > ROUNDS && aged > ROUNDS / 2);
}

/* A disk on which a journal takes what has to be free. */
static char large_journal[300];

static int space_beside_journal(const char *path, struct statvfs *space)
{
    struct stat st;
    (void)path;
    *space = (struct statvfs){.f_frsize = 1, .f_blocks = 9, .f_bavail = 5};
    space->f_bavail += stat(large_journal, &st) != 0;
    return 0;
}

TEST(retention_looks_at_what_is_free_without_merged_journals)
{
    struct err err;
    struct stat st;
    defer(arena_free) struct arena a = {0};
    struct disk full = disk_kernel;
    struct store *s = st_open_store((struct store_options){.retention = {.keep_free = 6}});
    st_put(s, 1, 1);
    snprintf(large_journal, sizeof large_journal, "%s", st_path_of(&a, "/journal/000001"));
    REQUIRE_OK(store_close_journal(s, &err));
    store_publish(s);
    REQUIRE(stat(large_journal, &st) == 0);
    full.statvfs = space_beside_journal;
    disk = &full;
    CHECK(st_merge_once(s));
    disk = &disk_kernel;
    CHECK(stat(large_journal, &st) != 0);
    CHECK_INT(store_count(s).segments, 1);
    store_close(&s, st_now);
}
