/* What a search would read (query/engine/explain.h), of stores. */
#include "query/engine/explain.h"

#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/store_helper.h"

/* Four blocks in a journal, or one of the segment that they become. */
static struct store *make_store(bool merged)
{
    struct err err;
    static const char *const services[] = {"api", "worker", "api", "web"};
    struct store *s = st_open_store((struct store_options){0});
    for (uint64_t i = 0; i < countof(services); i++)
        st_put_of(s, i + 1, 1, services[i]);
    if (merged) {
        REQUIRE_OK(store_close_journal(s, &err));
        store_publish(s);
        st_merge_all(s);
    }
    return s;
}

static bool explain(struct store *s, const char *form, struct buf *out, struct err *err)
{
    struct view_snapshot snapshot;
    defer(view_close) struct view *v = NULL;
    defer(query_free) struct query q;
    query_init(&q);
    REQUIRE(query_decode(&q, str_from(form), err));
    view_open(&v, s);
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    return query_explain(&q, &snapshot.snapshot, &(struct run_options){0}, out, err);
}

static void check_says(struct store *s, const char *form, const char *words)
{
    struct err err;
    defer(buf_free) struct buf out = {0};
    REQUIRE_OK(explain(s, form, &out, &err));
    if (!strstr(buf_text(&out), words))
        test_fail(__FILE__, __LINE__, "%s: no '%s' in: %s", form, words, buf_text(&out));
}

/* The blocks that a search does read. */
static uint64_t blocks_read(struct store *s, const char *form)
{
    struct err err;
    struct view_snapshot snapshot;
    defer(view_close) struct view *v = NULL;
    defer(query_free) struct query q;
    defer(buf_free) struct buf found = {0};
    defer(summary_free) struct summary summary = {0};
    const struct run_options options = {.take = st_hear, .context = &found};
    query_init(&q);
    REQUIRE_OK(query_decode(&q, str_from(form), &err));
    view_open(&v, s);
    view_snapshot(&snapshot, v, q.since_ns, q.until_ns);
    REQUIRE_OK(query_run(&q, &snapshot.snapshot, &options, &summary, &err));
    return summary.blocks_read;
}

TEST(explain_says_how_a_query_was_understood)
{
    static const struct {
        const char *form, *words;
    } cases[] = {
        {"", "\"streams\":3,\"streams_of\":3,\"services\":[\"api\",\"web\",\"worker\"]"},
        {"filter=api", "\"services\":[\"api\"]"},
        {"service=api", "{\"filter\":\"service=api\",\"kind\":\"label\"}"},
        {"level=warn", "{\"filter\":\"level=warn\",\"kind\":\"level\"}"},
        {"status=500..", "{\"filter\":\"status=500..\",\"kind\":\"field\"}"},
        {"since=1&until=2", "\"since\":\"1970-01-01T00:00:00.000000001Z\",\"until\":\"1970"},
        {"e=time&e=out&i=1",
         "\"patterns\":[\"time\",\"out\"],\"dialect\":\"text\",\"ignore_case\":true"},
        {"e=a[bc]*timeout&kind=E", "\"literals\":[\"timeout\"]"},
        {"e=timeout&v=1", "\"literals\":[]"},
        {"want=tallies&by=level", "{\"want\":\"counts\""},
        {"output=text",
         "search    records, oldest first\ntime      all\nstreams   3 of 3: api, web, worker\n"},
        {"output=text&filter=api&e=a%0Ab%1B&kind=P&w=1",
         "filters   api                              service, container, pod, unit or host\n"
         "streams   1 of 3: api\n"
         "pattern   \"a\\nb\\u001b\"                     Perl regular expression, whole words\n"},
        {"output=text&newest=1&max=2&since=0",
         "search    records, newest first, at most 2\ntime      from 1970-"},
        {"output=text&want=tallies&by=level&every=60000000000&measure=took&part=level%3Derror",
         "search    counts by level every 1m, and of the numbers of took, and of those with "
         "level=error\n"},
    };
    struct store *s = make_store(true);
    for (size_t i = 0; i < countof(cases); i++)
        check_says(s, cases[i].form, cases[i].words);
    store_close(&s, st_now);
}

TEST(explain_counts_the_blocks_that_a_search_reads)
{
    static const char *const forms[] = {
        "",
        "e=number",
        "e=worker+line",
        "e=zzzzzzzzzzzzzzzz",
        "e=zzzzzzzzzzzzzzzz&after=1",
        "e=nowhere&v=1",
        "until=0",
        "want=streams",
        "want=streams&e=number",
        "want=count&e=qqqqqqqqqqqq",
        "until=1000000",
    };
    for (int merged = 0; merged < 2; merged++) {
        struct store *s = make_store(merged);
        for (size_t i = 0; i < countof(forms); i++) {
            char words[64];
            snprintf(words, sizeof words, "\"read\":{\"blocks\":%llu,",
                     (unsigned long long)blocks_read(s, forms[i]));
            check_says(s, forms[i], words);
        }
        check_says(s, "",
                   merged ? "\"read_unmerged\":{\"blocks\":0,"
                          : "\"read_unmerged\":{\"blocks\":4,");
        check_says(s, "until=0",
                   merged ? "\"out_of_time\":{\"blocks\":1," : "\"out_of_time\":{\"blocks\":4,");
        store_close(&s, st_now);
    }
}

TEST(explain_refuses_what_a_search_refuses)
{
    static const char *const forms[] = {"kind=E&e=%28", "servic=api", "level=loud",
                                        "want=tallies&by=a&by=b&by=c&by=d&by=e"};
    struct store *s = make_store(false);
    for (size_t i = 0; i < countof(forms); i++) {
        struct err err = {0};
        defer(buf_free) struct buf out = {0};
        CHECK(!explain(s, forms[i], &out, &err) && err.code == ERR_INPUT && out.len == 0);
    }
    store_close(&s, st_now);
}
