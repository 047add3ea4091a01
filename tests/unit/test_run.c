/* The engine against a naive oracle over random snapshots, and against grep for context. */
#include "query/engine/run.h"

#include "base/helpers.h"
#include "base/mem.h"
#include "formats/block/builder.h"
#include "query/engine/opened.h"
#include "query/engine/print.h"
#include "query/engine/window.h"
#include "tests/test.h"
#include "tests/unit/grep_helper.h"

#include <stdlib.h>

static uint64_t seed;

static unsigned roll(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* ---- a snapshot in memory ---- */

enum { BLOCKS_MAX = 64, STREAMS = 5, ROWS_MAX = 4000 };

struct row {
    struct order_key key;
    int64_t event_ns;
    struct str line; /* in world.arena */
    uint8_t level;
    bool is_gap;
    bool is_match, is_selected; /* by the oracle */
    size_t block;
};

struct world {
    struct arena arena;
    struct buf blocks[BLOCKS_MAX];
    struct snapshot_block summaries[BLOCKS_MAX];
    size_t n_blocks;
    struct labels labels[STREAMS];
    const struct labels *streams[STREAMS];
    struct row rows[ROWS_MAX]; /* in the order of (origin, sequence, position) */
    size_t n_rows;
    size_t loads;
};

static struct snapshot_block world_block(void *context, size_t i)
{
    return ((struct world *)context)->summaries[i];
}

static bool world_load(void *context, size_t i, size_t part, struct buf *out, struct err *err)
{
    (void)part;
    struct world *w = context;
    __atomic_add_fetch(&w->loads, 1, __ATOMIC_RELAXED); /* helpers load, too */
    if (w->blocks[i].len == 0)
        return err_set(err, ERR_SYSTEM, "block %zu: read: Input/output error", i);
    buf_add(out, buf_str(&w->blocks[i]));
    return true;
}

static struct snapshot snapshot_of(struct world *w)
{
    return (struct snapshot){.context = w,
                             .n_blocks = w->n_blocks,
                             .block = world_block,
                             .load = world_load,
                             .streams = w->streams,
                             .n_streams = STREAMS};
}

static struct world *make_world(void)
{
    static const char *const services[] = {"api", "web", "db", "queue", "cron"};
    struct world *w = mem_new(struct world);
    for (int i = 0; i < STREAMS; i++) {
        struct label *items = arena_array(&w->arena, struct label, 2);
        items[0] = (struct label){STR("host"), STR("h1")};
        items[1] = (struct label){STR("service"), str_from(services[i])};
        w->labels[i] = (struct labels){items, 2};
        w->streams[i] = &w->labels[i];
    }
    return w;
}

static void free_world(struct world **w)
{
    for (size_t i = 0; i < (*w)->n_blocks; i++)
        buf_free(&(*w)->blocks[i]);
    arena_free(&(*w)->arena);
    mem_free(w);
}

/* Some worlds have lines that do not fit together into one piece of a batch. */
static bool are_long;

static struct str random_line(struct world *w)
{
    static const char *const words[] = {"get", "put", "error", "x", "", "slow", "a\nb", "error\nx"};
    if (are_long)
        return arena_print(&w->arena, "%s %0*u", words[roll(8)], 1 + (int)roll(30000), roll(100));
    return arena_print(&w->arena, "%s %s %u", words[roll(8)], words[roll(8)], roll(100));
}

/* One block of n records; time of a record = base + a little, in ms, often equal. */
static void add_block(struct world *w, uint64_t origin, uint64_t sequence, int64_t base, unsigned n)
{
    struct err err;
    defer(block_builder_free) struct block_builder b = {0};
    struct labels none = {0};
    uint32_t stream_of[STREAMS];
    int64_t last[STREAMS];
    unsigned used = 1 + roll(STREAMS), first = roll(STREAMS);
    for (unsigned i = 0; i < used; i++) {
        stream_of[i] =
            block_builder_stream(&b, w->streams[(first + i) % STREAMS], &none, TIME_NONE);
        last[i] = TIME_NONE;
    }
    for (uint32_t i = 0; i < n; i++) {
        unsigned s = roll(used);
        int64_t event = (base + (int64_t)i / 2 + roll(4)) * NS_PER_MS;
        struct record record = {.event_ns = event,
                                .order_ns = order_time(last[s], event),
                                .stream = stream_of[s],
                                .level = (uint8_t)roll(9),
                                .flags = roll(30) == 0 ? RECORD_GAP : 0,
                                .line = random_line(w)};
        last[s] = record.order_ns;
        REQUIRE(block_builder_add(&b, &record));
        struct row *row = &w->rows[w->n_rows++];
        REQUIRE(w->n_rows <= ROWS_MAX);
        *row = (struct row){.event_ns = event,
                            .line = record.line,
                            .level = record.level,
                            .is_gap = record.flags,
                            .block = w->n_blocks};
        row->key = (struct order_key){.order_ns = record.order_ns,
                                      .stream = stream_id(w->streams[(first + s) % STREAMS]),
                                      .origin = {.low = origin, .high = 1},
                                      .sequence = sequence,
                                      .position = i};
    }
    struct hash128 id = {.low = origin, .high = 1};
    w->blocks[w->n_blocks].max = BLOCK_MAX;
    REQUIRE_OK(block_builder_finish(&b, id, sequence, 1, &w->blocks[w->n_blocks], &err));
    struct block_header h;
    REQUIRE_OK(block_peek(buf_str(&w->blocks[w->n_blocks]), &h, &err));
    w->summaries[w->n_blocks++] = (struct snapshot_block){.origin = id,
                                                          .records = h.records,
                                                          .least_order_ns = h.least_order_ns,
                                                          .greatest_order_ns = h.greatest_order_ns,
                                                          .least_event_ns = h.least_event_ns,
                                                          .greatest_event_ns = h.greatest_event_ns};
}

/* Origins write side by side; clocks of some step back now and then. */
static struct world *random_world(void)
{
    struct world *w = make_world();
    unsigned origins = 1 + roll(3);
    for (uint64_t origin = 1; origin <= origins; origin++) {
        int64_t base = roll(100);
        unsigned blocks = 1 + roll(8);
        for (uint64_t sequence = 1; sequence <= blocks; sequence++) {
            unsigned n = 1 + roll(40);
            add_block(w, origin, sequence, base, n);
            base += roll(8) ? roll(n) : 0;
            base -= roll(10) == 0 ? 20000 : 0;
        }
    }
    return w;
}

/* ---- running ---- */

struct heard {
    struct buf text;
    size_t n;
    uint64_t stop_after;  /* 0: never */
    struct order_key key; /* of the last one */
};

static bool hear(void *context, const struct result *r)
{
    struct heard *h = context;
    buf_print(&h->text, "%lld %llu/%llu/%u.%u %s%s ", (long long)(r->order_ns / NS_PER_MS),
              (unsigned long long)r->origin.low, (unsigned long long)r->sequence, r->position,
              r->line_number, r->is_match ? "match" : "context", r->goes_on ? "+" : "");
    buf_add(&h->text, r->line);
    buf_add_byte(&h->text, '\n');
    if (r->stream) /* the oracle has none */
        h->key = result_key(r);
    return ++h->n != h->stop_after;
}

static void run_helped(struct world *w, const struct query *q, size_t memory, unsigned n_helpers,
                       struct heard *heard, struct summary *summary)
{
    struct err err;
    defer(helpers_close) struct helpers *helpers = NULL;
    helpers_open(&helpers, n_helpers);
    struct snapshot snapshot = snapshot_of(w);
    struct run_options options = {
        .memory = memory, .helpers = helpers, .take = hear, .context = heard};
    REQUIRE_OK(query_run(q, &snapshot, &options, summary, &err));
}

static void run_query(struct world *w, const struct query *q, size_t memory, struct heard *heard,
                      struct summary *summary)
{
    run_helped(w, q, memory, 0, heard, summary);
}

/* ---- the oracle ---- */

static bool newest_first; /* of the comparison functions below */

static int by_key(const void *a, const void *b)
{
    const struct row *const *x = a, *const *y = b;
    int order = order_key_compare(&(*x)->key, &(*y)->key);
    return newest_first ? -order : order;
}

static bool same_stream(const struct row *a, const struct row *b)
{
    return hash128_equal(a->key.stream, b->key.stream) &&
           hash128_equal(a->key.origin, b->key.origin);
}

/* Rows that units can be made of, in the order of their origins; keep says which. */
static size_t gather(struct world *w, const struct query *q, struct row **list)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n_rows; i++) {
        struct row *r = &w->rows[i];
        bool in = (q->since_ns == TIME_NONE || r->event_ns >= q->since_ns) &&
                  (q->until_ns == TIME_NONE || r->event_ns < q->until_ns);
        r->is_match = r->is_selected = false;
        if (in && !r->is_gap)
            list[n++] = r;
    }
    return n;
}

/* The next row of the same stream and origin. */
static size_t follow(struct row **list, size_t n, size_t at, int step)
{
    for (size_t i = at + (size_t)step; i < n; i += (size_t)step) {
        if (same_stream(list[i], list[at]))
            return i;
    }
    return SIZE_MAX;
}

static void select_rows(struct row **list, size_t n, const struct query *q)
{
    for (size_t i = 0; i < n; i++) {
        if (!list[i]->is_match)
            continue;
        list[i]->is_selected = true;
        size_t at = i;
        for (uint32_t k = 0; k < q->after && (at = follow(list, n, at, 1)) != SIZE_MAX; k++)
            list[at]->is_selected = true;
        at = i;
        for (uint32_t k = 0; k < q->before && (at = follow(list, n, at, -1)) != SIZE_MAX; k++)
            list[at]->is_selected = true;
    }
}

/* Only the newest N matches stay matches. */
static void keep_last(struct row **list, size_t n, uint64_t last)
{
    struct row **sorted = mem_array(struct row *, n);
    memcpy(sorted, list, n * sizeof *list);
    newest_first = true;
    qsort(sorted, n, sizeof *sorted, by_key);
    for (size_t i = 0; i < n; i++) {
        if (sorted[i]->is_match && last)
            last--;
        else
            sorted[i]->is_match = false;
    }
    mem_free(&sorted);
}

static void hear_row(struct heard *h, const struct row *r, bool goes_on)
{
    struct result result = {.origin = r->key.origin,
                            .sequence = r->key.sequence,
                            .position = r->key.position,
                            .order_ns = r->key.order_ns,
                            .is_match = r->is_match,
                            .goes_on = goes_on,
                            .line = r->line};
    hear(h, &result);
}

/* Prints groups: the selected neighbours of one stream in one block, by their first row. */
static void print_groups(struct row **list, size_t n, const struct query *q, struct heard *h)
{
    int step = q->newest ? -1 : 1;
    bool context = q->before || q->after;
    struct row **firsts = mem_array(struct row *, n);
    size_t n_firsts = 0, printed = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t before = context ? follow(list, n, i, -step) : SIZE_MAX;
        bool inner = before != SIZE_MAX && list[before]->is_selected &&
                     list[before]->block == list[i]->block;
        if (list[i]->is_selected && !inner)
            firsts[n_firsts++] = list[i];
    }
    newest_first = q->newest;
    qsort(firsts, n_firsts, sizeof *firsts, by_key);
    uint64_t left = q->has_max ? q->max : UINT64_MAX;
    for (size_t f = 0; f < n_firsts && left; f++) {
        size_t at = 0;
        while (list[at] != firsts[f])
            at++;
        while (at != SIZE_MAX && list[at]->is_selected && list[at]->block == firsts[f]->block) {
            bool goes_on = context && printed != SIZE_MAX && follow(list, n, printed, step) == at;
            hear_row(h, list[at], goes_on);
            left -= list[at]->is_match;
            printed = at;
            at = context ? follow(list, n, at, step) : SIZE_MAX;
        }
    }
    mem_free(&firsts);
}

static void run_oracle(struct world *w, const struct query *q, struct heard *h)
{
    struct row **list = mem_array(struct row *, w->n_rows);
    size_t n = gather(w, q, list);
    for (size_t i = 0; i < n; i++)
        list[i]->is_match =
            q->patterns.n == 0 || str_find(list[i]->line, q->patterns.items[0]) != SIZE_MAX;
    if (q->last)
        keep_last(list, n, q->last);
    select_rows(list, n, q);
    print_groups(list, n, q, h);
    mem_free(&list);
}

static void random_query(struct query *q)
{
    static const char *const patterns[] = {"error", "slow", "x", "7", "nowhere"};
    if (roll(4))
        query_add_pattern(q, str_from(patterns[roll(5)]));
    if (roll(3) == 0)
        q->since_ns = (int64_t)roll(100) * NS_PER_MS;
    if (roll(3) == 0)
        q->until_ns = (int64_t)(50 + roll(200)) * NS_PER_MS;
    if (roll(2)) {
        q->before = roll(4);
        q->after = roll(4);
    }
    bool context = q->before || q->after;
    switch (roll(4)) {
    case 0:
        q->last = 1 + roll(20);
        break;
    case 1:
        q->newest = true;
        break;
    case 2:
        q->has_max = !context;
        q->max = context ? 0 : roll(20);
        break;
    default:
        break;
    }
}

static void check_heard(const struct heard *heard, const struct heard *expected,
                        const struct query *q, const char *what)
{
    defer(buf_free) struct buf form = {0}, a = {0}, b = {0};
    if (str_equal(buf_str(&heard->text), buf_str(&expected->text)))
        return;
    query_encode(q, &form);
    buf_add(&a, str_slice(buf_str(&expected->text), 0, 20000));
    buf_add(&b, str_slice(buf_str(&heard->text), 0, 20000));
    test_fail(__FILE__, __LINE__, "%s %.*s\n--- expected\n%s--- heard\n%s", what,
              STR_ARG(buf_str(&form)), buf_text(&a), buf_text(&b));
}

/* However little memory there is, and whoever helps. */
static void compare(struct world *w, const struct query *q, int round)
{
    static const size_t budgets[] = {1, 3000, 0};
    struct heard expected = {0};
    run_oracle(w, q, &expected);
    for (size_t i = 0; i < countof(budgets); i++) {
        struct summary alone = {0};
        for (unsigned helpers = 0; helpers < 3; helpers += 2) {
            struct heard heard = {0};
            struct summary summary = {0};
            char what[64];
            snprintf(what, sizeof what, "round %d budget %zu helpers %u", round, budgets[i],
                     helpers);
            run_helped(w, q, budgets[i], helpers, &heard, &summary);
            CHECK(summary.complete && summary.blocks_read + summary.blocks_skipped == w->n_blocks);
            check_heard(&heard, &expected, q, what);
            if (helpers == 0)
                alone = summary;
            CHECK_INT(summary.blocks_read, alone.blocks_read);
            CHECK_INT(summary.bytes, alone.bytes);
            CHECK_INT(summary.matched, alone.matched);
            buf_free(&heard.text);
            summary_free(&summary);
        }
    }
    buf_free(&expected.text);
}

/* run.h, invariants 1, 2, 4 and 5 */
TEST(run_gives_what_a_naive_search_gives)
{
    for (int round = 0; round < 150; round++) {
        seed = (uint64_t)round * 977 + 1;
        are_long = round % 50 == 0;
        defer(free_world) struct world *w = random_world();
        for (int i = 0; i < 4; i++) {
            defer(query_free) struct query q;
            query_init(&q);
            random_query(&q);
            compare(w, &q, round);
        }
    }
    are_long = false;
}

/* run.h, invariant 7: cut after any result, however often, nothing is missing or doubled. */
TEST(run_goes_on_behind_a_result)
{
    for (int round = 0; round < 60; round++) {
        seed = (uint64_t)round * 131 + 7;
        defer(free_world) struct world *w = random_world();
        defer(query_free) struct query q;
        query_init(&q);
        random_query(&q);
        q.newest = q.has_max = false;
        q.before = q.after = 0;
        q.last = round % 2 ? 1 + roll(40) : 0;
        struct heard expected = {0}, heard = {0};
        run_oracle(w, &q, &expected);
        bool done = false;
        for (bool again = false; !done; again = true) {
            struct err err;
            struct summary summary = {0};
            struct snapshot snapshot = snapshot_of(w);
            struct order_key key = heard.key;
            struct run_options options = {.memory = roll(2) ? 0 : 3000,
                                          .behind = again && heard.n ? &key : NULL,
                                          .take = hear,
                                          .context = &heard};
            heard.stop_after = heard.n + 1 + roll(30);
            done = query_run(&q, &snapshot, &options, &summary, &err);
            CHECK(done || err.code == ERR_CANCELED);
            summary_free(&summary);
        }
        if (!str_equal(buf_str(&heard.text), buf_str(&expected.text)))
            test_fail(__FILE__, __LINE__, "round %d\n--- expected\n%s--- heard\n%s", round,
                      buf_text(&expected.text), buf_text(&heard.text));
        buf_free(&heard.text);
        buf_free(&expected.text);
    }
}

TEST(run_counts_and_lists)
{
    seed = 5;
    defer(free_world) struct world *w = random_world();
    for (int i = 0; i < 20; i++) {
        defer(query_free) struct query q;
        query_init(&q);
        random_query(&q);
        q.newest = q.has_max = false;
        q.before = q.after = 0;
        struct heard expected = {0}, heard = {0};
        run_oracle(w, &q, &expected);
        struct summary counted = {0}, listed = {0}, others = {0};
        q.want = WANT_COUNT;
        run_query(w, &q, 0, &heard, &counted);
        CHECK_INT(counted.matched, expected.n);
        CHECK_INT(heard.n, 0);
        q.want = WANT_STREAMS;
        q.last = 0;
        run_query(w, &q, 0, &heard, &listed);
        CHECK_INT(heard.n, listed.matched);
        CHECK((expected.n > 0) == (listed.matched > 0));
        q.want = WANT_OTHERS;
        run_query(w, &q, 0, &heard, &others);
        CHECK_INT(heard.n, STREAMS);
        buf_free(&heard.text);
        buf_free(&expected.text);
    }
}

/* ---- by hand ---- */

static struct world *plain_world(int blocks, int lines_each)
{
    struct world *w = make_world();
    for (int b = 0; b < blocks; b++) {
        struct err err;
        defer(block_builder_free) struct block_builder builder = {0};
        struct labels none = {0};
        block_builder_stream(&builder, w->streams[b % 7 == 6], &none, TIME_NONE);
        for (int i = 0; i < lines_each; i++) {
            int number = b * lines_each + i;
            struct record record = {.event_ns = number * NS_PER_MS,
                                    .order_ns = number * NS_PER_MS,
                                    .line = random_line(w)};
            REQUIRE(block_builder_add(&builder, &record));
        }
        w->blocks[b].max = BLOCK_MAX;
        struct hash128 origin = {.low = 1, .high = 1};
        REQUIRE_OK(block_builder_finish(&builder, origin, (uint64_t)b + 1, 1, &w->blocks[b], &err));
        w->summaries[b] = (struct snapshot_block){
            .origin = origin,
            .records = (uint32_t)lines_each,
            .least_order_ns = b * lines_each * NS_PER_MS,
            .greatest_order_ns = (b * lines_each + lines_each - 1) * NS_PER_MS,
            .least_event_ns = b * lines_each * NS_PER_MS,
            .greatest_event_ns = (b * lines_each + lines_each - 1) * NS_PER_MS};
    }
    w->n_blocks = (size_t)blocks;
    return w;
}

struct printed {
    struct printer printer;
    struct buf text;
};

static bool print_result(void *context, const struct result *result)
{
    struct printed *p = context;
    printer_add(&p->printer, result, &p->text);
    return true;
}

static void run_printed(struct world *w, const struct query *q, struct printed *p)
{
    struct err err;
    struct summary summary = {0};
    struct snapshot snapshot = snapshot_of(w);
    struct run_options options = {.take = print_result, .context = p, .memory = 4000};
    printer_init(&p->printer, (struct print_options){.output = PRINT_RAW,
                                                     .with_context = q->before || q->after});
    REQUIRE_OK(query_run(q, &snapshot, &options, &summary, &err));
    printer_end(&p->printer, &p->text);
    summary_free(&summary);
}

static void read_command(const char *command, struct buf *out)
{
    FILE *pipe = popen(command, "r"); /* NOLINT: made by this test */
    read_to_end(pipe, out);
    pclose(pipe);
}

/* One stream in many blocks, with another stream's blocks between them, is one file to grep. */
TEST(run_gives_context_as_grep_does)
{
    static const char *const patterns[] = {"error", "get", "7", "slow x", "nowhere"};
    char path[200], command[500];
    snprintf(path, sizeof path, "%s/lines", test_folder());
    for (int round = 0; round < 60; round++) {
        seed = (uint64_t)round + 1;
        int blocks = 20 + (int)roll(20), lines_each = 1 + (int)roll(8);
        defer(free_world) struct world *w = plain_world(blocks, lines_each);
        defer(query_free) struct query q;
        query_init(&q);
        query_add_filter(&q, STR("api"));
        q.options.lines = true;
        struct printed lines = {0}, ours = {0};
        run_printed(w, &q, &lines);
        FILE *f = fopen(path, "wb");
        REQUIRE(f && fwrite(lines.text.ptr, 1, lines.text.len, f) == lines.text.len);
        REQUIRE(fclose(f) == 0);
        const char *pattern = patterns[roll(5)];
        query_add_pattern(&q, str_from(pattern));
        q.before = roll(10);
        q.after = roll(10);
        q.options.invert = roll(4) == 0;
        q.has_max = roll(2);
        q.max = q.has_max ? roll(12) : 0;
        char context[40] = ""; /* with -A0 grep would print separators */
        if (q.before || q.after)
            snprintf(context, sizeof context, "-A%u -B%u", q.after, q.before);
        snprintf(command, sizeof command, "grep -h -F %s %s -m%d -e '%s' %s", context,
                 q.options.invert ? "-v" : "", q.has_max ? (int)q.max : 1000000, pattern, path);
        defer(buf_free) struct buf expected = {0};
        read_command(command, &expected);
        run_printed(w, &q, &ours);
        if (!str_equal(buf_str(&ours.text), buf_str(&expected)))
            test_fail(__FILE__, __LINE__, "round %d: %s\n--- grep\n%s--- ours\n%s", round, command,
                      buf_text(&expected), buf_text(&ours.text));
        buf_free(&ours.text);
        buf_free(&lines.text);
    }
}

/* run.h, invariant 3 */
TEST(run_names_blocks_that_cannot_be_read)
{
    seed = 3;
    for (uint32_t context = 0; context < 3; context += 2) {
        defer(free_world) struct world *w = plain_world(10, 5);
        w->blocks[2].ptr[w->blocks[2].len - 3] ^= 1;
        w->blocks[4].len = 0;
        defer(query_free) struct query q;
        query_init(&q);
        q.before = q.after = context;
        struct heard heard = {0};
        struct summary summary = {0};
        run_query(w, &q, 0, &heard, &summary);
        CHECK(!summary.complete);
        CHECK_INT(summary.n_problems, 2);
        CHECK_INT(summary.matched, 40);
        CHECK_INT(heard.n, 40);
        CHECK(str_find(summary.problems[0], STR("checksum")) != SIZE_MAX ||
              str_find(summary.problems[1], STR("checksum")) != SIZE_MAX);
        buf_free(&heard.text);
        summary_free(&summary);
    }
}

static bool cancel_after(void *context)
{
    return ++*(int *)context > 3;
}
static bool take_nothing(void *context, const struct result *result)
{
    (void)context, (void)result;
    return true;
}

TEST(run_stops_when_told)
{
    struct err err;
    seed = 4;
    defer(free_world) struct world *w = plain_world(30, 5);
    defer(query_free) struct query q;
    query_init(&q);
    struct summary summary = {0};
    struct snapshot snapshot = snapshot_of(w);
    int asked = 0;
    struct run_options options = {
        .take = take_nothing, .is_canceled = cancel_after, .context = &asked};
    CHECK(!query_run(&q, &snapshot, &options, &summary, &err) && err.code == ERR_CANCELED);
    CHECK(w->loads < 5);
    struct heard heard = {.stop_after = 7};
    options = (struct run_options){.take = hear, .context = &heard};
    CHECK(!query_run(&q, &snapshot, &options, &summary, &err) && err.code == ERR_CANCELED);
    CHECK_INT(heard.n, 7);
    buf_free(&heard.text);
    summary_free(&summary);
}

static bool cancel_later(void *context)
{
    return __atomic_add_fetch((int *)context, 1, __ATOMIC_RELAXED) > 40;
}

/* Whoever is at work, the search ends, and nothing is left running. */
TEST(run_stops_helpers_when_told)
{
    struct err err;
    seed = 4;
    defer(free_world) struct world *w = plain_world(60, 50);
    defer(helpers_close) struct helpers *helpers = NULL;
    helpers_open(&helpers, 3);
    for (int i = 0; i < 200; i++) {
        defer(query_free) struct query q;
        defer(summary_free) struct summary summary = {0};
        struct snapshot snapshot = snapshot_of(w);
        int asked = (int)roll(40);
        query_init(&q);
        query_add_pattern(&q, STR("x"));
        q.after = i % 3 == 0;
        struct run_options options = {.take = take_nothing,
                                      .helpers = helpers,
                                      .is_canceled = cancel_later,
                                      .context = &asked};
        CHECK(!query_run(&q, &snapshot, &options, &summary, &err) && err.code == ERR_CANCELED);
        struct heard heard = {.stop_after = 1 + roll(20)};
        options = (struct run_options){.take = hear, .helpers = helpers, .context = &heard};
        q.newest = roll(2);
        q.patterns.n = 0;
        CHECK(!query_run(&q, &snapshot, &options, &summary, &err) && err.code == ERR_CANCELED);
        buf_free(&heard.text);
    }
}

/* A block that cannot be read is told of in its turn, and never when the search ends before it. */
TEST(run_tells_of_damage_in_its_turn)
{
    seed = 9;
    defer(free_world) struct world *w = plain_world(60, 5);
    for (size_t i = 7; i < w->n_blocks; i += 5)
        buf_reset(&w->blocks[i]);
    for (uint64_t max = 1; max < 200; max += 6) {
        struct summary alone = {0}, helped = {0};
        struct heard first = {0}, second = {0};
        defer(query_free) struct query q;
        query_init(&q);
        q.has_max = true;
        q.max = max;
        run_helped(w, &q, 0, 0, &first, &alone);
        run_helped(w, &q, 0, 2, &second, &helped);
        check_heard(&second, &first, &q, "damage");
        CHECK_INT(helped.n_problems, alone.n_problems);
        for (size_t i = 0; i < alone.n_problems && i < helped.n_problems; i++)
            CHECK(str_equal(helped.problems[i], alone.problems[i]));
        CHECK_INT(helped.blocks_read, alone.blocks_read);
        buf_free(&first.text), buf_free(&second.text);
        summary_free(&alone), summary_free(&helped);
    }
}

/* max and last read only the blocks they need. */
TEST(run_reads_no_more_than_it_must)
{
    seed = 4;
    defer(free_world) struct world *w = plain_world(60, 5);
    defer(query_free) struct query q;
    query_init(&q);
    struct heard heard = {0};
    struct summary summary = {0};
    q.last = 3;
    q.before = 2;
    run_query(w, &q, 0, &heard, &summary);
    CHECK_INT(summary.matched, 3);
    CHECK(summary.blocks_read < 8);
    summary_free(&summary);
    q.last = 0;
    q.has_max = true;
    q.max = 3;
    run_query(w, &q, 0, &heard, &summary);
    CHECK(summary.blocks_read < 16); /* to find the end of a stream's context */
    summary_free(&summary);
    q.until_ns = 12 * NS_PER_MS;
    q.has_max = false;
    run_query(w, &q, 0, &heard, &summary);
    CHECK_INT(summary.blocks_read, 3);
    summary_free(&summary);
    buf_free(&heard.text);
}

TEST(run_reports_a_pattern_that_gives_up)
{
    seed = 1;
    defer(free_world) struct world *w = make_world();
    struct err err;
    defer(block_builder_free) struct block_builder b = {0};
    struct labels none = {0};
    block_builder_stream(&b, w->streams[0], &none, TIME_NONE);
    struct record record = {.line = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")};
    REQUIRE(block_builder_add(&b, &record));
    w->blocks[0].max = BLOCK_MAX;
    REQUIRE_OK(block_builder_finish(&b, (struct hash128){1, 1}, 1, 1, &w->blocks[0], &err));
    w->summaries[0] = (struct snapshot_block){.origin = {1, 1}, .records = 1};
    w->n_blocks = 1;
    defer(query_free) struct query q;
    query_init(&q);
    q.options.kind = PATTERN_PERL;
    query_add_pattern(&q, STR("^(?:(a|a)+)+$"));
    struct heard heard = {0};
    struct summary summary = {0};
    run_query(w, &q, 0, &heard, &summary);
    CHECK(!summary.complete && summary.matched == 0 && summary.n_problems == 1);
    buf_free(&heard.text);
    summary_free(&summary);
}

/* The pattern gives up on more lines than it may, whoever of the helpers notices: not on the first line too many, nor
 * on the last that is allowed. */
TEST_SLOW(run_ends_when_a_pattern_gives_up_too_often, 300)
{
    enum { BLOCKS = 12, EACH = 84 };
    seed = 1;
    defer(free_world) struct world *w = plain_world(BLOCKS, EACH);
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct err err;
        struct labels none = {0};
        defer(block_builder_free) struct block_builder b = {0};
        block_builder_stream(&b, w->streams[0], &none, TIME_NONE);
        for (unsigned k = 0; k < EACH; k++) {
            struct record record = {.order_ns = (i * EACH + k) * NS_PER_MS,
                                    .event_ns = (i * EACH + k) * NS_PER_MS,
                                    .line = STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab")};
            REQUIRE(block_builder_add(&b, &record));
        }
        buf_reset(&w->blocks[i]);
        REQUIRE_OK(block_builder_finish(&b, (struct hash128){1, 1}, i + 1, 1, &w->blocks[i], &err));
    }
    for (unsigned n = BLOCKS - 1; n <= BLOCKS; n++) {
        struct err err;
        defer(query_free) struct query q;
        defer(summary_free) struct summary summary = {0};
        defer(helpers_close) struct helpers *helpers = NULL;
        helpers_open(&helpers, 2);
        w->n_blocks = n;
        query_init(&q);
        q.options.kind = PATTERN_PERL;
        q.want = n % 2 ? WANT_COUNT : WANT_RECORDS;
        query_add_pattern(&q, STR("^(?:(a|a)+)+$"));
        struct snapshot snapshot = snapshot_of(w);
        struct run_options options = {.helpers = helpers, .take = take_nothing};
        bool done = query_run(&q, &snapshot, &options, &summary, &err);
        CHECK(done == (n * EACH <= GAVE_UP_MAX));
        CHECK(done || err.code == ERR_LIMIT);
        CHECK(!summary.complete);
    }
}

/* run.h, invariant 6 */
TEST(run_lists_streams_without_reading_blocks)
{
    seed = 6;
    defer(free_world) struct world *w = plain_world(30, 5);
    defer(query_free) struct query q;
    query_init(&q);
    q.want = WANT_STREAMS;
    query_add_filter(&q, STR("service!=db"));
    struct heard heard = {0};
    struct summary summary = {0};
    run_query(w, &q, 0, &heard, &summary);
    CHECK_INT(w->loads, 0);
    CHECK_INT(heard.n, STREAMS - 1);
    CHECK_INT(summary.streams, STREAMS - 1);
    summary_free(&summary);
    q.since_ns = 0;
    run_query(w, &q, 0, &heard, &summary);
    CHECK(w->loads > 0 && summary.streams == 2);
    buf_free(&heard.text);
    summary_free(&summary);
}
