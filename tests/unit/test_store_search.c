/*
 * What a search of a store finds is what a look at each of its lines finds: needles that are cut from the lines at any place,
 * some of them changed, in journals, segments, classes, archives, and all of these at once.
 *
 * The same for the shapes of the lines.
 *
 * CASES=10000 SEED=7 makes it longer, and other.
 */
#include "base/helpers.h"
#include "base/mem.h"
#include "collector/store/merging.h"
#include "collector/store/snapshot.h"
#include "formats/block/builder.h"
#include "query/engine/run.h"
#include "tests/test.h"
#include "tests/unit/grep_helper.h"
#include "tests/unit/needle_helper.h"
#include "tests/unit/store_helper.h"

enum { BLOCKS = 9, EACH = 6000, RECORDS = BLOCKS * EACH, STREAMS = 3 };

/* ---- the lines ---- */

struct world {
    struct arena arena;
    struct str lines[RECORDS];
    struct store *store;
    struct helpers *helpers;
};

static void free_world(struct world **w)
{
    helpers_close(&(*w)->helpers);
    store_close(&(*w)->store, st_now);
    arena_free(&(*w)->arena);
    mem_free(w);
}

static struct world *make_world(void)
{
    static const struct store_rule rules[] = {{STR_INIT("level=debug"), 400 * NS_PER_DAY},
                                              {STR_INIT("service=s1 level=info"), 0}};
    const struct store_options options = {
        .journal_bytes = 100000,
        .retention = {.rules = rules, .n_rules = countof(rules), .archive_after_ns = 1}};
    struct world *w = mem_new(struct world);
    helpers_open(&w->helpers, 2);
    w->store = st_open_store(options);
    return w;
}

static bool is_gap(size_t i)
{
    return i % 37 == 5;
}

/* The next EACH records, of streams that take turns. */
static void put_block(struct world *w, unsigned number)
{
    struct err err;
    struct block block;
    struct put_result result;
    struct labels none = {0};
    defer(block_builder_free) struct block_builder b = {0};
    defer(buf_free) struct buf bytes = {.max = BLOCK_MAX}, line = {0};
    defer(packer_free) struct packer packer = {0};
    defer(arena_free) struct arena arena = {0};
    for (unsigned s = 0; s < STREAMS; s++) {
        char name[8];
        snprintf(name, sizeof name, "s%u", s);
        struct label label = {STR("service"), str_from(name)};
        block_builder_stream(&b, &(struct labels){&label, 1}, &none, TIME_NONE);
    }
    for (unsigned i = number * EACH; i < (number + 1) * EACH; i++) {
        buf_reset(&line);
        put_log_line(&line, i, false);
        w->lines[i] = arena_copy(&w->arena, buf_str(&line));
        const struct record record = {.order_ns = i * NS_PER_MS,
                                      .event_ns = i * NS_PER_MS,
                                      .stream = i % STREAMS,
                                      .level = (uint8_t)(i % 5),
                                      .flags = is_gap(i) ? RECORD_GAP : 0,
                                      .id_kind = i % 3 ? ID_NONE : ID_EXACT,
                                      .id = i % 3 ? STR("") : str_slice(STR("4f9c2ad1"), i % 5, 8),
                                      .line = w->lines[i]};
        REQUIRE(block_builder_add(&b, &record));
    }
    REQUIRE_OK(block_builder_finish(&b, (struct hash128){1, 1}, number + 1, 1, &bytes, &err));
    REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
    REQUIRE_OK(store_put(w->store, buf_str(&bytes), &block, st_now, &result, &err));
    REQUIRE_OK(store_commit(w->store, st_now, &err));
    store_publish(w->store);
}

/* ---- the questions ---- */

static void make_query(const struct world *w, struct query *q)
{
    const struct needle_source source = {w->lines, RECORDS, false};
    query_init(q);
    q->options.kind = needle_roll(4) ? PATTERN_TEXT : PATTERN_EXTENDED;
    q->options.ignore_case = needle_roll(3) == 0;
    q->options.whole_word = needle_roll(6) == 0;
    q->options.whole_line = needle_roll(20) == 0;
    q->options.invert = needle_roll(12) == 0;
    for (unsigned n = needle_roll(5) ? 1 : 3; n; n--) {
        defer(buf_free) struct buf text = {0};
        if (q->options.kind == PATTERN_TEXT)
            put_needle(&source, &text);
        else
            put_needle_regex(&source, q->options.kind, &text);
        query_add_pattern(q, buf_str(&text));
    }
    if (needle_roll(6) == 0)
        query_add_filter(q, STR("level=info"));
    if (needle_roll(6) == 0)
        query_add_filter(q, STR("s1"));
    if (needle_roll(6) == 0)
        q->since_ns = needle_roll(RECORDS) * NS_PER_MS;
    if (needle_roll(6) == 0)
        q->until_ns = max_of(q->since_ns, (int64_t)0) + (1 + needle_roll(RECORDS)) * NS_PER_MS;
}

/* ---- the answers ---- */

struct found {
    bool is_found[RECORDS];
    size_t n, doubled;
};

static bool take(void *context, const struct result *r)
{
    struct found *f = context;
    size_t i = (size_t)(r->sequence - 1) * EACH + r->position;
    REQUIRE(i < RECORDS);
    f->doubled += f->is_found[i];
    f->is_found[i] = true;
    f->n++;
    CHECK(r->event_ns == (int64_t)i * NS_PER_MS && r->level == i % 5);
    CHECK_INT(r->id.len, i % 3 ? 0 : 8 - i % 5);
    return true;
}

static bool add_tally(void *context, const struct result *r)
{
    *(size_t *)context += r->tally->count;
    return true;
}

static bool is_right(const struct query *q, struct pattern *p, const struct world *w, size_t i)
{
    for (size_t k = 0; k < q->filters.n; k++)
        if (str_equal(q->filters.items[k], STR("s1")) ? i % STREAMS != 1 : i % 5 != 3)
            return false;
    const int64_t ns = (int64_t)i * NS_PER_MS;
    if (is_gap(i) || (q->since_ns != TIME_NONE && ns < q->since_ns) ||
        (q->until_ns != TIME_NONE && ns >= q->until_ns))
        return false;
    return pattern_matches(p, w->lines[i]) == MATCH_FOUND;
}

static void say_wrong(const struct query *q, const struct world *w, size_t i, bool is_found)
{
    defer(buf_free) struct buf text = {0};
    for (size_t k = 0; k < q->patterns.n; k++)
        buf_print(&text, " '%.*s'", STR_ARG(q->patterns.items[k]));
    test_fail(__FILE__, __LINE__, "-%c%s%s%s%s%s: '%.*s' is %s", "FEGP"[q->options.kind],
              q -> options.ignore_case ? "i" : "", q->options.whole_word ? "w" : "",
              q->options.whole_line ? "x" : "", q->options.invert ? "v" : "", buf_text(&text),
              (int)min_of(w->lines[i].len, (size_t)200), w->lines[i].ptr,
              is_found ? "found" : "not found");
}

/* Counts are those of what is found: of all, and by a name. */
static void check_counts(struct query *q, const struct snapshot *snapshot, size_t n)
{
    struct err err;
    size_t counted = 0;
    struct run_options options = {.take = add_tally, .context = &counted};
    for (unsigned by_level = 0; by_level < 2; by_level++) {
        defer(summary_free) struct summary summary = {0};
        q->want = by_level ? WANT_TALLIES : WANT_COUNT;
        if (by_level)
            query_add_by(q, STR("level"));
        REQUIRE_OK(query_run(q, snapshot, &options, &summary, &err));
        CHECK_INT(summary.matched, n);
    }
    CHECK_INT(counted, n);
}

static void ask(struct world *w)
{
    struct err err;
    struct view *v = NULL;
    struct view_snapshot snapshot;
    defer(query_free) struct query q;
    defer(pattern_close) struct pattern *p = NULL;
    defer(summary_free) struct summary summary = {0};
    struct found *found = mem_new(struct found);
    struct run_options options = {
        .take = take, .helpers = needle_roll(2) ? w->helpers : NULL, .context = found};
    make_query(w, &q);
    if (pattern_compile(&p, q.patterns.items, q.patterns.n, q.options, &err)) {
        view_open(&v, w->store);
        view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
        REQUIRE_OK(query_run(&q, &snapshot.snapshot, &options, &summary, &err));
        CHECK(summary.complete && found->doubled == 0 && summary.matched == found->n);
        size_t wrong = 0;
        for (size_t i = 0; i < RECORDS && wrong == 0; i++) {
            if (is_right(&q, p, w, i) == found->is_found[i])
                continue;
            say_wrong(&q, w, i, found->is_found[i]);
            wrong++;
        }
        check_counts(&q, &snapshot.snapshot, found->n);
        view_close(&v);
    }
    mem_free(&found);
}

/* ---- shapes ---- */

static void put_tallies(struct tallies *t, struct buf *out)
{
    const struct tally **sorted = tallies_sorted(t);
    for (size_t i = 0; i < t->by_key.n; i++)
        put_tally(sorted[i], t->options.n_names, out);
}

static bool join(void *context, const struct result *r)
{
    tallies_join(context, r->tally);
    return true;
}

/* How many. */
static size_t count_lines(const struct world *w, size_t n, struct tallies *t)
{
    size_t counted = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_gap(i))
            continue;
        counted++;
        char name[8];
        snprintf(name, sizeof name, "s%zu", i % STREAMS);
        struct label label = {STR("service"), str_from(name)};
        tallies_add(t, &(struct labels){&label, 1},
                    &(struct record){.event_ns = (int64_t)i * NS_PER_MS, .line = w->lines[i]});
    }
    return counted;
}

/* The shapes of the first n lines are those that the lines have one by one (formats/line/skeleton.h, invariant 1). */
static void ask_shapes(struct world *w, size_t n)
{
    struct err err;
    struct view *v = NULL;
    struct view_snapshot snapshot;
    defer(query_free) struct query q;
    defer(summary_free) struct summary summary = {0};
    defer(buf_free) struct buf expected = {0}, found = {0};
    defer(tallies_free) struct tallies all, joined;
    query_init(&q);
    query_add_by(&q, STR("shape"));
    query_add_by(&q, STR("service"));
    q.want = WANT_TALLIES;
    q.sample = true;
    const struct tally_options options = tally_options_of(&q);
    const struct run_options run = {
        .take = join, .helpers = w->helpers, .context = &joined, .memory = 256 << 20};
    REQUIRE_OK(tallies_open(&all, &options, &(struct filter_scope){0}, &err));
    REQUIRE_OK(tallies_open(&joined, &options, &(struct filter_scope){0}, &err));
    size_t counted = count_lines(w, n, &all);
    view_open(&v, w->store);
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    REQUIRE_OK(query_run(&q, &snapshot.snapshot, &run, &summary, &err));
    put_tallies(&all, &expected);
    put_tallies(&joined, &found);
    CHECK(summary.complete && summary.matched == counted && all.by_key.n > 100);
    CHECK(str_equal(buf_str(&found), buf_str(&expected)));
    view_close(&v);
}

static void merge_all(struct world *w)
{
    struct err err;
    REQUIRE_OK(store_close_journal(w->store, &err));
    store_publish(w->store);
    st_merge_all(w->store);
}

TEST_SLOW(store_search_is_that_of_lines, 900)
{
    uint64_t cases = number_of_a_run("CASES", 40);
    needle_seed(number_of_a_run("SEED", 11));
    defer(free_world) struct world *w = make_world();
    for (unsigned i = 0; i < BLOCKS; i++) {
        put_block(w, i);
        if (i == 0)
            ask_shapes(w, EACH); /* of a journal */
        if (i == 3) {
            merge_all(w);
            st_now += NS_PER_DAY;
            merge_all(w); /* an archive */
        }
        if (i == 5)
            merge_all(w); /* segments of another day */
    }
    CHECK(store_count(w->store).journals > 1 && store_count(w->store).segments > 3);
    for (uint64_t i = 0; i < cases; i++)
        ask(w);
    ask_shapes(w, RECORDS);
    merge_all(w);
    for (uint64_t i = 0; i < cases; i++)
        ask(w);
    ask_shapes(w, RECORDS);
    st_now += NS_PER_DAY;
    merge_all(w);
    for (uint64_t i = 0; i < cases; i++)
        ask(w);
    ask_shapes(w, RECORDS);
}
