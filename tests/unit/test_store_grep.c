/*
 * What a search of a store prints with --lines is what GNU grep prints of the same lines: text, extended, basic and Perl's
 * expressions with -i -w -x -v -o -c -m -A -B, with needles from the lines and absent ones. The same lines are in four stores:
 *
 *     journals    blocks as they came, plain and columns
 *     segments    merged, of three classes
 *     archive     merged, and once more when their day was over
 *     mixture     an archive, a segment of another day, and journals
 *
 * grep runs once for each case. Without context it is asked about all lines in the total order, with context about those
 * of a stream. CASES=2000 SEED=7 makes it longer, and other.
 */
#include "base/mem.h"
#include "formats/block/builder.h"
#include "query/engine/print.h"
#include "query/engine/run.h"
#include "tests/test.h"
#include "tests/unit/grep_helper.h"
#include "tests/unit/needle_helper.h"
#include "tests/unit/store_helper.h"

/* Two records of a stream, one behind the other, have the same time. The third block is large enough for columns, and most
 * of its lines have a form; those of the fourth and what follows all have one, so that filters know what is not there. */
static const unsigned block_records[] = {150, 90, 4100, 1400, 60, 120, 180, 70};
enum { BLOCKS = countof(block_records), RECORDS = 6170, STREAMS = 3, ORIGINS = 2, TURN = 2 };
enum { LARGE_FROM = 150 + 90, LARGE_TO = LARGE_FROM + 4100 };

static const struct store_rule rules[] = {{STR_INIT("level=debug"), 400 * NS_PER_DAY},
                                          {STR_INIT("service=s1 level=info"), 0}};

enum form { JOURNALS, SEGMENTS, ARCHIVE, MIXTURE, FORMS };
static const char *const form_names[] = {"journals", "segments", "archive", "mixture"};

struct world {
    struct arena arena;
    struct str lines[RECORDS];
    /* Of a record's first physical line, in the file of all and in that of its stream; from 1. */
    uint32_t first[RECORDS], first_of_stream[RECORDS];
    struct needle_source physical;
    struct buf files[STREAMS + 1]; /* of the streams, then of all */
    const char *paths[STREAMS + 1], *out_path;
    uint32_t *rows[ORIGINS][BLOCKS]; /* the records of a block, by position */
    struct store *stores[FORMS];
    unsigned with_columns; /* blocks */
};

static void free_world(struct world **w)
{
    for (int i = 0; i < FORMS; i++)
        store_close(&(*w)->stores[i], st_now);
    for (int i = 0; i <= STREAMS; i++)
        buf_free(&(*w)->files[i]);
    arena_free(&(*w)->arena);
    mem_free(w);
}

/* The last one is of another shipper, and comes less often. */
static unsigned stream_of(unsigned i)
{
    enum { TURNS = 7 };
    unsigned turn = i / TURN % TURNS;
    return turn == TURNS - 1 ? STREAMS - 1 : turn % (STREAMS - 1);
}

static unsigned origin_of(unsigned stream)
{
    return stream == STREAMS - 1;
}

/* ---- the lines ---- */

/* grep takes all lines by characters or all by bytes, so all are UTF-8, or none that is not ASCII. */
static void settle_encoding(struct buf *line, bool utf)
{
    defer(buf_free) struct buf out = {0};
    struct str rest = buf_str(line), one;
    for (bool is_first = true; take_until(&rest, '\n', &one); is_first = false) {
        bool is_wide = false;
        if (!is_first)
            buf_add_byte(&out, '\n');
        for (size_t i = 0; i < one.len; i++)
            is_wide |= (unsigned char)one.ptr[i] >= 0x80;
        bool is_good = is_utf8(one);
        for (size_t i = 0; i < one.len; i++)
            buf_add_byte(&out,
                         utf && !is_good && (unsigned char)one.ptr[i] >= 0x80 ? '~' : one.ptr[i]);
        if (!utf && is_wide && is_good)
            buf_add_byte(&out, '\xff');
    }
    buf_reset(line);
    buf_add(line, buf_str(&out));
}

static void make_lines(struct world *w, bool utf)
{
    uint32_t numbers[STREAMS + 1] = {0};
    for (unsigned i = 0; i < RECORDS; i++) {
        defer(buf_free) struct buf line = {0};
        put_log_line(&line, i, i >= LARGE_TO || (i >= LARGE_FROM && needle_roll(4)));
        settle_encoding(&line, utf);
        w->lines[i] = arena_copy(&w->arena, buf_str(&line));
        w->first[i] = numbers[STREAMS] + 1;
        w->first_of_stream[i] = numbers[stream_of(i)] + 1;
        uint32_t n = 1;
        for (size_t k = 0; k < line.len; k++)
            n += line.ptr[k] == '\n';
        numbers[STREAMS] += n;
        numbers[stream_of(i)] += n;
        buf_add_byte(&line, '\n');
        buf_add(&w->files[STREAMS], buf_str(&line));
        buf_add(&w->files[stream_of(i)], buf_str(&line));
    }
    struct str *physical = arena_array(&w->arena, struct str, numbers[STREAMS]);
    struct str rest = buf_str(&w->files[STREAMS]);
    while (take_until(&rest, '\n', &physical[w->physical.n]))
        w->physical.n++;
    w->physical.lines = physical;
    w->physical.whole_characters = utf;
}

static void write_files(struct world *w)
{
    w->out_path = arena_print(&w->arena, "%s/out", test_folder()).ptr;
    for (int i = 0; i <= STREAMS; i++) {
        w->paths[i] = arena_print(&w->arena, "%s/lines%d", test_folder(), i).ptr;
        FILE *f = fopen(w->paths[i], "wb");
        REQUIRE(f && fwrite(w->files[i].ptr, 1, w->files[i].len, f) == w->files[i].len &&
                fclose(f) == 0);
    }
}

/* ---- the stores ---- */

static void open_stores(struct world *w)
{
    for (int i = 0; i < FORMS; i++) {
        struct err err;
        const struct store_options options = {
            .folder = arena_print(&w->arena, "%s/%s", test_folder(), form_names[i]).ptr,
            .retention = {.rules = rules,
                          .n_rules = i == SEGMENTS ? countof(rules) : 0,
                          .archive_after_ns = i == SEGMENTS ? 0 : 1}};
        REQUIRE_OK(store_open(&w->stores[i], &options, st_now, &err));
    }
}

/* What one shipper sends of records first .. end - 1, into all stores. */
static void put_block(struct world *w, unsigned number, unsigned origin, unsigned first,
                      unsigned end)
{
    struct err err;
    struct block block;
    struct labels none = {0};
    uint32_t n = 0;
    defer(block_builder_free) struct block_builder b = {0};
    defer(buf_free) struct buf bytes = {.max = BLOCK_MAX};
    defer(packer_free) struct packer packer = {0};
    defer(arena_free) struct arena arena = {0};
    for (unsigned s = 0; s < STREAMS; s++) {
        struct label label = {STR("service"), arena_print(&arena, "s%u", s)};
        block_builder_stream(&b, &(struct labels){&label, 1}, &none, TIME_NONE);
    }
    w->rows[origin][number] = arena_array(&w->arena, uint32_t, end - first);
    for (unsigned i = first; i < end; i++) {
        const int64_t time_ns = i / TURN * NS_PER_MS;
        const struct record record = {.order_ns = time_ns,
                                      .event_ns = time_ns,
                                      .stream = stream_of(i),
                                      .level = (uint8_t)(i % 5),
                                      .line = w->lines[i]};
        if (origin_of(stream_of(i)) != origin)
            continue;
        w->rows[origin][number][n++] = i;
        REQUIRE(block_builder_add(&b, &record));
    }
    REQUIRE_OK(
        block_builder_finish(&b, (struct hash128){.low = origin + 1}, number + 1, 1, &bytes, &err));
    REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
    w->with_columns += block.header.encoding == BLOCK_COLUMNS;
    for (int i = 0; i < FORMS; i++) {
        struct put_result result;
        REQUIRE_OK(store_put(w->stores[i], buf_str(&bytes), &block, st_now, &result, &err));
        REQUIRE_OK(store_commit(w->stores[i], st_now, &err));
        store_publish(w->stores[i]);
    }
}

static void put_blocks(struct world *w, unsigned from, unsigned to)
{
    unsigned first = 0;
    for (unsigned number = 0; number < to; first += block_records[number++])
        for (unsigned origin = 0; origin < ORIGINS && number >= from; origin++)
            put_block(w, number, origin, first, first + block_records[number]);
}

static void merge(struct world *w, enum form form)
{
    struct err err;
    REQUIRE_OK(store_close_journal(w->stores[form], &err));
    store_publish(w->stores[form]);
    st_merge_all(w->stores[form]);
}

static void fill_stores(struct world *w)
{
    put_blocks(w, 0, 3);
    merge(w, SEGMENTS);
    merge(w, MIXTURE);
    st_now += NS_PER_DAY;
    merge(w, MIXTURE); /* what came yesterday is an archive now */
    put_blocks(w, 3, 6);
    merge(w, MIXTURE);
    put_blocks(w, 6, BLOCKS);
    merge(w, SEGMENTS);
    merge(w, ARCHIVE);
    st_now += 2 * NS_PER_DAY;
    merge(w, ARCHIVE);
    CHECK(w->with_columns && store_count(w->stores[JOURNALS]).segments == 0);
    CHECK(store_count(w->stores[SEGMENTS]).journals <= 1);
    CHECK(store_count(w->stores[MIXTURE]).segments > 1 &&
          store_count(w->stores[MIXTURE]).journals > 0);
}

static struct world *make_world(bool utf)
{
    unsigned sum = 0;
    struct world *w = mem_new(struct world);
    for (unsigned i = 0; i < BLOCKS; i++)
        sum += block_records[i];
    REQUIRE(sum == RECORDS);
    make_lines(w, utf);
    write_files(w);
    open_stores(w);
    fill_stores(w);
    return w;
}

/* ---- cases ---- */

struct store_case {
    struct grep_case grep;
    unsigned stream; /* STREAMS: all */
    size_t memory;   /* of the search */
};

static void make_pattern(const struct world *w, struct grep_case *c)
{
    bool is_single = c->options.kind == PATTERN_PERL;
    buf_reset(&c->pattern);
    if (needle_roll(40) == 0)
        return; /* everything matches */
    unsigned many = needle_roll(3) ? 3 : 2 + needle_roll(2 * PATTERN_SCAN_MAX);
    for (unsigned n = is_single || needle_roll(4) ? 1 : many; n; n--) {
        if (c->options.kind == PATTERN_TEXT)
            put_needle(&w->physical, &c->pattern);
        else
            put_needle_regex(&w->physical, c->options.kind, &c->pattern);
        if (n > 1)
            buf_add_byte(&c->pattern, '\n');
    }
}

static void make_case(const struct world *w, struct store_case *c)
{
    static const enum pattern_kind kinds[] = {PATTERN_TEXT,     PATTERN_TEXT,  PATTERN_TEXT,
                                              PATTERN_EXTENDED, PATTERN_BASIC, PATTERN_PERL};
    struct grep_case *g = &c->grep;
    bool has_context = needle_roll(3) == 0;
    g->options = (struct pattern_options){.kind = kinds[needle_roll(countof(kinds))],
                                          .ignore_case = needle_roll(3) == 0,
                                          .whole_word = needle_roll(5) == 0,
                                          .whole_line = needle_roll(20) == 0,
                                          .invert = needle_roll(10) == 0,
                                          .lines = true};
    g->only_matching = !has_context && needle_roll(3) == 0;
    g->before = has_context ? needle_roll(4) : 0;
    g->after = has_context ? needle_roll(4) : 0;
    g->max = needle_roll(4) ? 0 : 1 + needle_roll(20);
    c->stream = has_context ? needle_roll(STREAMS) : STREAMS;
    c->memory = needle_roll(4) ? 0 : 64 << 10;
    make_pattern(w, g);
    make_fair(g);
}

/* ---- ours ---- */

struct hearing {
    const struct world *w;
    const struct store_case *c;
    struct printer printer; /* of -o */
    struct buf out, matches;
    uint64_t sifted; /* blocks */
};

static uint32_t line_number(const struct hearing *h, const struct result *r)
{
    uint32_t i = h->w->rows[r->origin.low - 1][r->sequence - 1][r->position];
    return r->line_number + (h->c->stream == STREAMS ? h->w->first : h->w->first_of_stream)[i];
}

static void put_matches(struct hearing *h, const struct result *r)
{
    buf_reset(&h->matches);
    printer_add(&h->printer, r, &h->matches);
    struct str rest = buf_str(&h->matches), match;
    while (take_until(&rest, '\n', &match))
        buf_print(&h->out, "%u:%.*s\n", line_number(h, r), STR_ARG(match));
}

static bool hear(void *context, const struct result *r)
{
    struct hearing *h = context;
    const struct grep_case *g = &h->c->grep;
    if (g->only_matching) {
        put_matches(h, r);
        return true;
    }
    if ((g->before || g->after) && h->out.len && !r->goes_on)
        buf_add(&h->out, STR("--\n"));
    buf_print(&h->out, "%u%c", line_number(h, r), r->is_match ? ':' : '-');
    buf_add(&h->out, r->line);
    buf_add_byte(&h->out, '\n');
    return true;
}

static uint64_t run(struct query *q, struct store *s, struct hearing *h)
{
    struct err err;
    struct view_snapshot snapshot;
    defer(view_close) struct view *v = NULL;
    defer(summary_free) struct summary summary = {0};
    const struct run_options options = {.memory = h->c->memory, .take = hear, .context = h};
    view_open(&v, s);
    view_snapshot(&snapshot, v, TIME_NONE, TIME_NONE);
    REQUIRE_OK(query_run(q, &snapshot.snapshot, &options, &summary, &err));
    CHECK(summary.complete);
    h->sifted += summary.blocks_sifted;
    return summary.matched;
}

static void make_query(const struct store_case *c, struct query *q)
{
    const struct grep_case *g = &c->grep;
    query_init(q);
    query_add_pattern(q, buf_str(&g->pattern));
    q->options = g->options;
    q->before = g->before;
    q->after = g->after;
    q->has_max = g->max > 0;
    q->max = g->max;
    if (c->stream < STREAMS)
        query_add_filter(q, arena_print(&q->arena, "s%u", c->stream));
}

struct tally_of_cases {
    int used, differences; /* of -w */
    uint64_t sifted[FORMS];
};

/* What is printed, and what -c says. */
static void compare_form(const struct world *w, const struct store_case *c, enum form form,
                         struct pattern *p, const struct buf *expected, struct tally_of_cases *t)
{
    defer(query_free) struct query q;
    struct hearing h = {.w = w, .c = c};
    printer_init(&h.printer,
                 (struct print_options){.output = PRINT_RAW, .only_matching = true, .pattern = p});
    make_query(c, &q);
    uint64_t matched = run(&q, w->stores[form], &h);
    if (!is_same_as_grep(&c->grep, buf_str(expected), buf_str(&h.out), &t->differences))
        fail_as_grep(&c->grep, form_names[form], expected, &h.out);
    q.want = WANT_COUNT;
    q.before = q.after = 0;
    CHECK_INT(run(&q, w->stores[form], &h), matched);
    t->sifted[form] += h.sifted;
    buf_free(&h.out);
    buf_free(&h.matches);
}

static void compare(const struct world *w, const struct store_case *c, struct tally_of_cases *t)
{
    struct err err;
    const struct grep_case *g = &c->grep;
    struct str text = buf_str(&g->pattern);
    defer(pattern_close) struct pattern *p = NULL;
    defer(buf_free) struct buf expected = {0};
    int code = run_grep(g, w->paths[c->stream], w->out_path, &expected);
    bool compiled = pattern_compile(&p, &text, 1, g->options, &err);
    CHECK((code <= 1) == compiled);
    if (code > 1 || !compiled)
        return;
    t->used++;
    for (enum form form = 0; form < FORMS; form++)
        compare_form(w, c, form, p, &expected, t);
}

static void compare_all(bool utf, uint64_t first_seed)
{
    struct tally_of_cases t = {0};
    int cases = (int)number_of_a_run("CASES", 125);
    needle_seed(number_of_a_run("SEED", first_seed));
    struct store_case c = {.grep.locale = utf ? "C.UTF-8" : "C"};
    defer(free_world) struct world *w = make_world(utf);
    for (int i = 0; i < cases; i++) {
        make_case(w, &c);
        compare(w, &c, &t);
    }
    buf_free(&c.grep.pattern);
    CHECK(t.used > cases * 3 / 4);
    CHECK(t.differences <= FORMS * (1 + cases / 50));
    CHECK(t.sifted[JOURNALS] == 0 && t.sifted[ARCHIVE] && t.sifted[MIXTURE]);
}

TEST_SLOW(store_search_is_grep_in_c, 1200)
{
    compare_all(false, 12);
}

TEST_SLOW(store_search_is_grep_in_utf8, 1200)
{
    compare_all(true, 13);
}
