/*
 * What a search of a store finds is what a look at each of its lines finds: needles that are cut from the lines at any place,
 * some of them changed, in journals, segments, classes, archives, and all of these at once.
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
#include "tests/unit/store_helper.h"

#include <stdlib.h>

enum { BLOCKS = 9, EACH = 6000, RECORDS = BLOCKS * EACH, STREAMS = 3 };

static uint64_t seed;

static unsigned roll(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

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

static void put_hex(struct buf *b, unsigned digits)
{
    for (; digits; digits--)
        buf_add_byte(b, "0123456789abcdef"[roll(16)]);
}

static const char *const words[] = {
    "timeout", "Connection",           "user",   "stra\xc3\x9f", "retry", "checkout", "NullPointer",
    "x",       "r\xc3\xa9sum\xc3\xa9", "ABC-77", "a b",          "K"};

static void put_word(struct buf *b)
{
    buf_add(b, str_from(words[roll(countof(words))]));
}

static void make_line(struct buf *b, unsigned i)
{
    switch (roll(12)) {
    case 0:
    case 1:
        buf_print(b, "{\"level\":%u,\"time\":%llu,\"reqId\":\"", 10 * roll(6),
                  1795166521000ull + i * 7);
        put_hex(b, 32);
        buf_print(b, "\",\"msg\":\"");
        put_word(b);
        buf_print(b, " done\",\"ms\":%u.%u}", roll(900), roll(10));
        break;
    case 2:
    case 3:
        buf_print(b, "2026-11-20T%02u:%02u:%02u.%03uZ INFO [worker-%u] ", i / 3600 % 24,
                  i / 60 % 60, i % 60, roll(1000), roll(16));
        put_word(b);
        buf_print(b, ": job %u of ", roll(100000));
        put_word(b);
        break;
    case 4:
    case 5:
        buf_print(b, "192.0.2.%u - - [20/Nov/2026:09:22:%02u +0000] \"GET /", roll(255), i % 60);
        put_word(b);
        buf_print(b, "?id=%u HTTP/1.1\" %u %u", roll(100000), 200 + roll(4) * 100, roll(90000));
        break;
    case 6:
        buf_print(b, "trace=");
        put_hex(b, 8);
        for (int k = 0; k < 3; k++) {
            buf_add_byte(b, '-');
            put_hex(b, 4);
        }
        buf_add_byte(b, '-');
        put_hex(b, 12);
        buf_print(b, " took=%ums ok=%s", roll(5000), roll(2) ? "true" : "false");
        break;
    case 7:
        put_word(b);
        buf_print(b, "Exception: code %u\n    at com.example.", roll(9));
        put_word(b);
        buf_print(b, "(Main.java:%u)\n    ... %u more", roll(400), roll(20));
        break;
    case 8:
        for (unsigned n = roll(6); n; n--) {
            put_word(b);
            buf_add_byte(b, " ,;\t"[roll(4)]);
        }
        break;
    case 9:
        buf_print(b, "%s%llu", roll(2) ? "-" : "",
                  (unsigned long long)roll(1u << 30) * roll(1u << 30));
        break;
    case 10:
        for (unsigned n = roll(40); n; n--)
            buf_add_byte(b, (char)(1 + roll(255) % 255));
        for (size_t k = 0; k < b->len; k++)
            b->ptr[k] = b->ptr[k] == '\n' ? '\r' : b->ptr[k];
        break;
    default:
        break; /* an empty line */
    }
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
        make_line(&line, i);
        w->lines[i] = arena_copy(&w->arena, buf_str(&line));
        const struct record record = {.order_ns = i * NS_PER_MS,
                                      .event_ns = i * NS_PER_MS,
                                      .stream = i % STREAMS,
                                      .level = (uint8_t)(i % 5),
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

static struct str random_line(const struct world *w)
{
    for (;;) {
        struct str line = w->lines[roll(RECORDS)];
        if (line.len)
            return line;
    }
}

static struct str piece_of(struct str line)
{
    size_t from = roll((unsigned)line.len), len = 1 + roll(roll(3) ? 12 : 40);
    return str_slice(line, from, len);
}

static void put_escaped(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("\\^$.[]|()*+?{}", text.ptr[i]))
            buf_add_byte(b, '\\');
        buf_add_byte(b, text.ptr[i]);
    }
}

static void make_text(const struct world *w, struct buf *b)
{
    struct str piece = piece_of(random_line(w));
    buf_add(b, piece);
    switch (roll(8)) {
    case 0: /* one byte is another */
        b->ptr[roll((unsigned)b->len)] = "0aZ_ -"[roll(6)];
        break;
    case 1: /* two pieces in one */
        buf_add(b, piece_of(random_line(w)));
        break;
    case 2: /* the other case */
        for (size_t i = 0; i < b->len; i++)
            b->ptr[i] = (char)((b->ptr[i] >= 'a' && b->ptr[i] <= 'z') ? b->ptr[i] - 32 : b->ptr[i]);
        break;
    default:
        break;
    }
}

/* Pieces of lines with what a regular expression can have between them. */
static void make_regex(const struct world *w, struct buf *b)
{
    static const char *const between[] = {".*", ".",      "[0-9]+", "[a-z]*",
                                          "|",  ".{1,9}", "(x|Z)?", "\\w+"};
    struct str line = random_line(w);
    size_t from = roll((unsigned)line.len);
    struct str first = str_slice(line, from, 1 + roll(10));
    put_escaped(b, first);
    for (unsigned n = roll(3); n; n--) {
        buf_add(b, str_from(between[roll(countof(between))]));
        from += 1 + roll(12);
        put_escaped(b, from < line.len ? str_slice(line, from, 1 + roll(8))
                                       : piece_of(random_line(w)));
    }
}

static void make_query(const struct world *w, struct query *q)
{
    query_init(q);
    q->options.kind = roll(4) ? PATTERN_TEXT : PATTERN_EXTENDED;
    q->options.ignore_case = roll(3) == 0;
    q->options.whole_word = roll(6) == 0;
    q->options.whole_line = roll(20) == 0;
    q->options.invert = roll(12) == 0;
    for (unsigned n = roll(5) ? 1 : 3; n; n--) {
        defer(buf_free) struct buf text = {0};
        (q->options.kind == PATTERN_TEXT ? make_text : make_regex)(w, &text);
        query_add_pattern(q, buf_str(&text));
    }
    if (roll(6) == 0)
        query_add_filter(q, STR("level=info"));
    if (roll(6) == 0)
        query_add_filter(q, STR("s1"));
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
    return true;
}

static bool is_right(const struct query *q, struct pattern *p, const struct world *w, size_t i)
{
    for (size_t k = 0; k < q->filters.n; k++)
        if (str_equal(q->filters.items[k], STR("s1")) ? i % STREAMS != 1 : i % 5 != 3)
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
        .take = take, .helpers = roll(2) ? w->helpers : NULL, .context = found};
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
        view_close(&v);
    }
    mem_free(&found);
}

static unsigned cases_of_a_run(void)
{
    const char *text = getenv("CASES");
    return text ? (unsigned)strtoul(text, NULL, 10) : 40;
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
    const char *given = getenv("SEED");
    seed = given ? strtoull(given, NULL, 10) : 11;
    defer(free_world) struct world *w = make_world();
    for (unsigned i = 0; i < BLOCKS; i++) {
        put_block(w, i);
        if (i == 3) {
            merge_all(w);
            st_now += NS_PER_DAY;
            merge_all(w); /* an archive */
        }
        if (i == 5)
            merge_all(w); /* segments of another day */
    }
    CHECK(store_count(w->store).journals > 1 && store_count(w->store).segments > 3);
    for (unsigned i = 0; i < cases_of_a_run(); i++)
        ask(w);
    merge_all(w);
    for (unsigned i = 0; i < cases_of_a_run(); i++)
        ask(w);
    st_now += NS_PER_DAY;
    merge_all(w);
    for (unsigned i = 0; i < cases_of_a_run(); i++)
        ask(w);
}
