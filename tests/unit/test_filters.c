/* Filters of segments (formats/block/sieve.h) in a store and its searches. */
#include "base/mem.h"
#include "collector/store/merging.h"
#include "collector/store/parts.h"
#include "collector/store/snapshot.h"
#include "query/engine/explain.h"
#include "tests/test.h"
#include "tests/unit/store_helper.h"

#define SEGMENTS "/days/2024-10-04/default" /* of ST_DAY */

/* What is said before agrees with what was read (query/engine/explain.h). */
static void check_explanation(const struct query *query, const struct snapshot *snapshot,
                              const struct summary *summary)
{
    struct err err;
    char read[64], sifted[64];
    defer(buf_free) struct buf out = {0};
    REQUIRE_OK(query_explain(query, snapshot, &(struct run_options){0}, &out, &err));
    snprintf(read, sizeof read, "\"read\":{\"blocks\":%llu,",
             (unsigned long long)summary->blocks_read);
    snprintf(sifted, sizeof sifted, "\"without_literals\":{\"blocks\":%llu,",
             (unsigned long long)summary->blocks_sifted);
    CHECK(strstr(buf_text(&out), read) && strstr(buf_text(&out), sifted));
}

/* What a search for a text finds; tells what was read of the store in test_folder(). */
static void find_text(const char *text, bool with_context, struct buf *found,
                      struct summary *summary)
{
    struct err err;
    struct view *v = NULL;
    struct view_snapshot snapshot;
    defer(arena_free) struct arena a = {0};
    defer(query_free) struct query q;
    struct run_options options = {.take = st_hear, .context = found};
    query_init(&q);
    query_add_pattern(&q, str_from(text));
    q.after = with_context ? 1 : 0;
    REQUIRE_OK(view_open_folder(&v, st_path_of(&a, ""), &err));
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    REQUIRE_OK(query_run(&q, &snapshot.snapshot, &options, summary, &err));
    check_explanation(&q, &snapshot.snapshot, summary);
    view_close(&v);
}

/* A segment of lines that differ, large enough that a filter is worth its bytes; returns where that begins. */
static uint64_t make_filtered(struct buf *bytes)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    struct store *s = st_open_store((struct store_options){.journal_bytes = 60000});
    for (uint64_t i = 1; store_count(s).journals < 2; i++) {
        uint64_t words[] = {i * 0x9e3779b97f4a7c15, i * 0xbf58476d1ce4e5b9};
        st_put_of(s, 1, i,
                  arena_print(&a, "api %016llx/%016llx", (unsigned long long)words[0],
                              (unsigned long long)words[1])
                      .ptr);
    }
    REQUIRE(st_merge_once(s));
    store_close(&s, st_now);
    REQUIRE_OK(file_load(st_path_of(&a, SEGMENTS "/segment-000001"), 1 << 20, bytes, &err));
    size_t at = str_find(buf_str(bytes), STR("SLSV"));
    REQUIRE(at != SIZE_MAX);
    return at;
}

/* More patterns than eight. */
#define ABSENT                                                                                   \
    "quiet parcel\nquiet neighbour\nquiet morning\nquiet voucher\nquiet gateway\nquiet ledger\n" \
    "loud parcel\nloud neighbour\nloud morning\nloud voucher\nloud gateway\nloud ledger"

TEST(filters_leave_out_what_cannot_match)
{
    static const struct {
        const char *text;
        bool context;
        uint64_t matched, read;
    } cases[] = {{" number 77", false, 11, 1},
                 {" number 7.", false, 0, 0},
                 {"such a thing", false, 0, 0},
                 {"number 99999999999999", false, 0, 0},
                 {ABSENT, false, 0, 0},
                 {ABSENT "\n number 77", false, 11, 1},
                 {" number 77\n" ABSENT "\n number 78", false, 22, 1},
                 {"such a thing", true, 0, 1}};
    defer(buf_free) struct buf bytes = {0};
    make_filtered(&bytes);
    for (size_t i = 0; i < countof(cases); i++) {
        defer(buf_free) struct buf found = {0};
        defer(summary_free) struct summary summary = {0};
        find_text(cases[i].text, cases[i].context, &found, &summary);
        CHECK(summary.complete);
        CHECK_INT(summary.matched, cases[i].matched);
        CHECK_INT(summary.blocks_read, cases[i].read);
        CHECK_INT(summary.blocks_sifted, 1 - cases[i].read);
    }
}

static void count_problem(void *context, const char *text)
{
    *(int *)context += strstr(text, "segment 000001: filter: ") != NULL;
}

TEST(filters_that_are_damaged_are_named_and_not_used)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf bytes = {0};
    defer(file_close) struct file f = {0};
    uint64_t at = make_filtered(&bytes);
    REQUIRE_OK(file_open(&f, st_path_of(&a, SEGMENTS "/segment-000001"), FILE_WRITE, &err));
    for (uint64_t i = at; i < at + 200; i += 7) {
        defer(buf_free) struct buf found = {0};
        defer(summary_free) struct summary summary = {0};
        struct store_verdict verdict;
        int problems = 0;
        char flipped = (char)(bytes.ptr[i] ^ 1 << i % 8);
        REQUIRE_OK(file_write_at(&f, i, str_of(&flipped, 1), &err));
        find_text(" number 77", false, &found, &summary);
        CHECK(!summary.complete && summary.matched > 10);
        CHECK_INT(summary.n_problems, 1);
        REQUIRE_OK(store_verify(st_path_of(&a, ""), count_problem, &problems, &verdict, &err));
        CHECK_INT(verdict.damaged, 1);
        CHECK_INT(problems, 1);
        REQUIRE_OK(file_write_at(&f, i, str_of(bytes.ptr + i, 1), &err));
    }
}
