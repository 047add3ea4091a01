#include "collector/store/usage.h"

#include "base/mem.h"
#include "tests/stores.h"
#include "tests/test.h"

static int64_t now = 20000 * NS_PER_DAY;

static struct store *open_store(void)
{
    struct err err;
    struct store *s = NULL;
    const struct store_options options = {.folder = test_folder(), .journal_bytes = 60000};
    REQUIRE_OK(store_open(&s, &options, now, &err));
    return s;
}

/* n records of a service whose name makes its lines longer or shorter. */
static void put(struct store *s, uint64_t origin, uint64_t sequence, const char *service, int n)
{
    struct err err;
    struct put_result result;
    REQUIRE_OK(
        put_made_block(s, now, origin, sequence, service, (int)sequence * 100, n, &result, &err));
    REQUIRE_OK(commit_blocks(s, now, &err));
}

static void merge_all(struct store *s)
{
    struct err err;
    REQUIRE_OK(store_close_journal(s, &err));
    store_publish(s);
    for (bool merged = true; merged;)
        REQUIRE_OK(merge_once(s, now, &merged, &err));
}

static struct usage usage_of(struct store *s, const struct usage_span *span)
{
    struct usage usage;
    struct view *v = NULL;
    view_open(&v, s);
    view_usage(v, span, &usage);
    view_close(&v);
    return usage;
}

static const struct service_usage *find(const struct usage *u, const char *service)
{
    for (size_t i = 0; i < u->n; i++)
        if (str_equal(u->services[i].service, str_from(service)))
            return &u->services[i];
    test_fail(__FILE__, __LINE__, "%s is not there", service);
    exit(1);
}

static const struct usage_span whole = {
    .since_ns = TIME_NONE, .recent_ns = INT64_MIN, .recent_to_ns = INT64_MAX};

/* Few blocks and chunks: all are read, and the numbers are exact. */
TEST(usage_of_a_small_store_is_exact)
{
    struct store *s = open_store();
    put(s, 1, 1, "api", 100);      /* "api number 100" and on: 14 bytes */
    put(s, 2, 1, "payments", 100); /* 19 */
    merge_all(s);
    put(s, 1, 2, "api", 50);
    struct store_numbers all = store_count(s);
    struct usage u = usage_of(s, &whole);
    CHECK_INT(u.n, 2);
    CHECK_INT(u.damaged, 0);
    CHECK_INT(find(&u, "api")->records, 150);
    CHECK_INT(find(&u, "api")->line_bytes, 150 * 14);
    CHECK_INT(find(&u, "payments")->records, 100);
    CHECK_INT(find(&u, "payments")->line_bytes, 100 * 19);
    double stored = find(&u, "api")->stored_bytes + find(&u, "payments")->stored_bytes;
    CHECK(stored > 0 && stored < (double)all.bytes);
    CHECK(find(&u, "api")->recent_bytes == find(&u, "api")->stored_bytes);
    usage_free(&u);
    u = usage_of(s, &(struct usage_span){.since_ns = now + 1});
    CHECK_INT(u.n, 0);
    usage_free(&u);
    store_close(&s, now);
}

/* More than are read whole: records are still exact, and the sum of the bytes is. */
TEST(usage_of_a_large_store_is_about_right)
{
    struct store *s = open_store();
    for (uint64_t i = 1; i <= 2 * USAGE_SAMPLES; i++) {
        put(s, 1, i, "api", 30);
        put(s, 2, i, "a-service-with-a-much-longer-name", 10);
    }
    struct store_numbers all = store_count(s);
    struct usage u = usage_of(s, &whole);
    const struct service_usage *api = find(&u, "api"),
                               *longer = find(&u, "a-service-with-a-much-longer-name");
    CHECK_INT(api->records, 2 * USAGE_SAMPLES * 30);
    CHECK_INT(longer->records, 2 * USAGE_SAMPLES * 10);
    CHECK_INT(api->line_bytes + longer->line_bytes + 0.5, all.line_bytes);
    double exact = 14.9 * (double)api->records; /* "api number 100" to "api number 12829" */
    CHECK(api->line_bytes > 0.9 * exact && api->line_bytes < 1.1 * exact);
    usage_free(&u);
    store_close(&s, now);
}
