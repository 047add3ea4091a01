/* Invariant numbers are those of collector/store/merge.h; chunks are looked at on the way. */
#include "collector/store/merge.h"

#include "base/hash.h"
#include "base/mem.h"
#include "formats/block/builder.h"
#include "query/engine/run.h"
#include "tests/test.h"

#include <stdlib.h>

enum { STREAMS = 5, PIECES_MAX = 200 };

/* What is merged, and what came out. */
struct heap {
    struct buf pieces[PIECES_MAX], chunks[PIECES_MAX];
    struct merge_piece known[PIECES_MAX];
    struct block_header headers[PIECES_MAX], made[PIECES_MAX];
    uint8_t class_made[PIECES_MAX];
    size_t n, n_chunks;
    size_t damaged; /* 1 + the piece that cannot be loaded */
    struct classes classes;
    struct packer packer;
};

static const struct store_rule rules[] = {{STR_INIT("level=info+"), 3 * NS_PER_DAY},
                                          {STR_INIT("service=s1 level=trace"), 0},
                                          {STR_INIT("service=s2"), 9 * NS_PER_DAY}};

static struct heap *new_heap(size_t n_rules)
{
    struct heap *h = mem_new(struct heap);
    classes_init(&h->classes, rules, n_rules);
    return h;
}

static void free_heap(struct heap **h)
{
    for (size_t i = 0; i < PIECES_MAX; i++)
        buf_free(&(*h)->pieces[i]), buf_free(&(*h)->chunks[i]);
    packer_free(&(*h)->packer);
    classes_free(&(*h)->classes);
    mem_free(h);
}

#define HEAP(n_rules) defer(free_heap) struct heap *h = new_heap(n_rules)

static unsigned below(unsigned n)
{
    return (unsigned)rand() % n;
}

static struct str print_line(char *room, size_t size, unsigned style, int64_t ms)
{
    int n = style == 0 ? snprintf(room, size, "job %u done in %lld ms", below(90000), (long long)ms)
            : style == 1 ? snprintf(room, size, "{\"time\":%lld,\"id\":\"%08x\",\"ok\":%s}",
                                    (long long)ms, (unsigned)rand(), below(2) ? "true" : "false")
            : style == 2 ? snprintf(room, size, "Error\n    at f (a.js:%u)", below(9))
            : style == 3 ? 0
                         : snprintf(room, size, "%x %x", (unsigned)rand(), (unsigned)rand());
    return str_of(room, (size_t)n);
}

/* A block of that many rows, whose times go on from *ms; large ones have columns. */
static void add_block(struct heap *h, uint64_t origin, uint64_t sequence, int64_t *ms,
                      unsigned rows)
{
    struct err err;
    defer(block_builder_free) struct block_builder b = {0};
    struct labels none = {0};
    char room[200], names[STREAMS][8];
    int64_t last[STREAMS];
    for (unsigned s = 0; s < STREAMS; s++) {
        snprintf(names[s], sizeof names[s], "s%u", s);
        struct label label = {STR("service"), str_from(names[s])};
        block_builder_stream(&b, &(struct labels){&label, 1}, &none, TIME_NONE);
        last[s] = TIME_NONE;
    }
    for (unsigned i = 0; i < rows; i++) {
        unsigned s = below(STREAMS);
        *ms += below(3);
        int64_t event = (*ms - below(20)) * NS_PER_MS;
        struct record record = {.event_ns = event,
                                .order_ns = order_time(last[s], event),
                                .stream = s,
                                .level = (uint8_t)below(9),
                                .flags = below(40) ? 0 : RECORD_NO_NEWLINE,
                                .line = print_line(room, sizeof room, below(5), *ms)};
        char id[20];
        if (below(4) == 0) {
            record.id = str_of(id, (size_t)snprintf(id, sizeof id, "%012x", (unsigned)rand()));
            record.id_kind = ID_EXACT;
        }
        last[s] = record.order_ns;
        REQUIRE(block_builder_add(&b, &record));
    }
    struct buf *out = &h->pieces[h->n];
    out->max = BLOCK_MAX;
    REQUIRE_OK(
        block_builder_finish(&b, (struct hash128){origin, 1}, sequence, below(8) != 0, out, &err));
    struct block_header *header = &h->headers[h->n];
    REQUIRE_OK(block_peek(buf_str(out), header, &err));
    h->known[h->n++].line_bytes = header->line_bytes;
}

static bool load(void *context, size_t piece, struct buf *out, struct err *err)
{
    struct heap *h = context;
    if (h->damaged == piece + 1)
        return err_set(err, ERR_CORRUPT, "damaged");
    buf_add(out, buf_str(&h->pieces[piece]));
    return true;
}

static bool take(void *context, uint8_t class, struct str chunk, struct err *err)
{
    struct heap *h = context;
    REQUIRE(h->n_chunks < PIECES_MAX);
    REQUIRE(chunk_check(chunk, &h->made[h->n_chunks], err));
    h->class_made[h->n_chunks] = class;
    buf_add(&h->chunks[h->n_chunks++], chunk);
    return true;
}

static bool merge(struct heap *h, struct err *err)
{
    const struct merge m = {.pieces = h->known,
                            .n = h->n,
                            .level = 3,
                            .classes = &h->classes,
                            .load = load,
                            .take = take,
                            .context = h};
    return merge_run(&m, err);
}

/* The chunks become the pieces. */
static void feed_back(struct heap *h)
{
    for (size_t i = 0; i < h->n; i++)
        buf_free(&h->pieces[i]);
    for (size_t i = 0; i < h->n_chunks; i++) {
        h->pieces[i] = h->chunks[i];
        h->chunks[i] = (struct buf){0};
        h->headers[i] = h->made[i];
        h->known[i] = (struct merge_piece){.is_chunk = true,
                                           .class = h->class_made[i],
                                           .slice = h->classes.n > 1 ? h->made[i].slice + 1 : 0,
                                           .line_bytes = h->made[i].line_bytes};
    }
    for (size_t i = 0; i < h->n_chunks; i++)
        for (size_t k = 0; k < h->n_chunks; k++)
            if (h->made[k].slice == h->made[i].slice)
                h->known[i].slice_cost +=
                    h->made[k].line_bytes + 128 * (uint64_t)h->made[k].records;
    h->n = h->n_chunks;
    h->n_chunks = 0;
}

static void random_blocks(struct heap *h, unsigned seed)
{
    srand(seed);
    for (uint64_t origin = 1, origins = 1 + below(3); origin <= origins; origin++) {
        int64_t ms = below(3000);
        for (uint64_t sequence = 1, blocks = 1 + below(9); sequence <= blocks; sequence++)
            add_block(h, origin, sequence, &ms, below(5) ? 1 + below(400) : 6000);
    }
}

/* ---- as searches see it ---- */

struct searched {
    const struct buf *bytes;
    const struct block_header *headers;
    size_t firsts[PIECES_MAX + 1]; /* of each block, or slice of chunks */
    size_t n;
    bool are_chunks;
};

/* Chunks of one slice come one after the other. */
static void find_slices(struct searched *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !v->are_chunks || v->headers[i].slice != v->headers[i - 1].slice)
            v->firsts[v->n++] = i;
    v->firsts[v->n] = n;
}

static struct snapshot_block block_of(void *context, size_t i)
{
    const struct searched *v = context;
    const struct block_header *header = &v->headers[v->firsts[i]];
    struct snapshot_block b = {.chunks = v->are_chunks ? v->firsts[i + 1] - v->firsts[i] : 0,
                               .origin = header->origin,
                               .least_order_ns = INT64_MAX,
                               .greatest_order_ns = INT64_MIN,
                               .least_event_ns = INT64_MAX,
                               .greatest_event_ns = INT64_MIN};
    for (size_t k = v->firsts[i]; k < v->firsts[i + 1]; k++) {
        header = &v->headers[k];
        b.records += header->records;
        b.least_order_ns = min_of(b.least_order_ns, header->least_order_ns);
        b.greatest_order_ns = max_of(b.greatest_order_ns, header->greatest_order_ns);
        b.least_event_ns = min_of(b.least_event_ns, header->least_event_ns);
        b.greatest_event_ns = max_of(b.greatest_event_ns, header->greatest_event_ns);
    }
    return b;
}

static bool load_viewed(void *context, size_t i, size_t part, struct buf *out, struct err *err)
{
    const struct searched *v = context;
    (void)err;
    buf_add(out, buf_str(&v->bytes[v->firsts[i] + part]));
    return true;
}

static bool print(void *context, const struct result *r)
{
    struct buf *out = context;
    buf_print(out, "%lld %lld %llu/%llu/%u %u %u %u %.*s %.*s ", (long long)r->order_ns,
              (long long)r->event_ns, (unsigned long long)r->origin.low,
              (unsigned long long)r->sequence, r->position, r->level, r->flags, r->id_kind,
              STR_ARG(r->id), STR_ARG(r->stream->labels.items[0].value));
    buf_add(out, r->line);
    buf_add_byte(out, '\n');
    return true;
}

static void search(struct heap *h, bool chunks, const struct query *q, struct buf *out)
{
    struct err err;
    struct summary summary = {0};
    struct searched v = {.bytes = chunks ? h->chunks : h->pieces,
                         .headers = chunks ? h->made : h->headers,
                         .are_chunks = chunks || h->known[0].is_chunk};
    find_slices(&v, chunks ? h->n_chunks : h->n);
    struct snapshot snapshot = {
        .context = &v, .n_blocks = v.n, .block = block_of, .load = load_viewed};
    struct run_options options = {.take = print, .context = out};
    out->max = 64 << 20;
    REQUIRE_OK(query_run(q, &snapshot, &options, &summary, &err));

    CHECK(summary.complete);
    summary_free(&summary);
}

static void check_searches(struct heap *h)
{
    static const char *const patterns[] = {NULL, "done in 1", "ok\":true", "nothing", "a.js:3"};
    for (size_t i = 0; i < countof(patterns); i++) {
        defer(query_free) struct query q;
        defer(buf_free) struct buf before = {0}, after = {0};
        query_init(&q);
        q.options.kind = PATTERN_TEXT;
        q.newest = i % 2;
        if (patterns[i])
            query_add_pattern(&q, str_from(patterns[i]));
        search(h, false, &q, &before);
        search(h, true, &q, &after);
        CHECK_STR(buf_str(&after), buf_str(&before));
    }
}

/* The same for each order of lines. */
static uint64_t hash_of_lines(struct str text, size_t *n)
{
    struct str line;
    uint64_t sum = 0;
    for (*n = 0; take_until(&text, '\n', &line); ++*n)
        sum += hash64(line);
    return sum;
}

/* ---- the tests ---- */

/* Not of units that were rounded down: blocks of ns beside those of us keep their rows' times. */
TEST(merge_keeps_every_row_and_its_order)
{
    for (unsigned seed = 1; seed < 13; seed++) {
        HEAP(seed % 4);
        struct err err;
        random_blocks(h, seed);
        REQUIRE_OK(merge(h, &err));
        uint64_t rows = 0;
        for (size_t i = 0; i < h->n_chunks; i++) {
            defer(arena_free) struct arena arena = {0};
            struct chunk chunk;
            REQUIRE_OK(chunk_verify(&chunk, buf_str(&h->chunks[i]), &h->packer, &arena, &err));
            rows += chunk.block.header.records;
        }
        for (size_t i = 0; i < h->n; i++)
            rows -= h->headers[i].records;
        CHECK_INT(rows, 0);
        check_searches(h);
    }
}

TEST(merge_of_chunks)
{
    for (unsigned seed = 1; seed < 5; seed++) {
        HEAP(seed - 1);
        struct err err;
        random_blocks(h, seed);
        REQUIRE_OK(merge(h, &err));
        uint64_t rows[CLASSES_MAX] = {0}, again[CLASSES_MAX] = {0};
        for (size_t i = 0; i < h->n_chunks; i++)
            rows[h->class_made[i]] += h->made[i].records;
        feed_back(h);
        REQUIRE_OK(merge(h, &err));
        check_searches(h);
        for (size_t i = 0; i < h->n_chunks; i++)
            again[h->class_made[i]] += h->made[i].records;
        for (size_t i = 0; i < h->classes.n; i++)
            CHECK(rows[i] > 0 && again[i] == rows[i]); /* each row stays in its class */
    }
}

TEST(merge_context_goes_across_classes)
{
    for (unsigned seed = 1; seed < 5; seed++) {
        struct err err;
        defer(free_heap) struct heap *whole = new_heap(0), *split = new_heap(countof(rules));
        defer(buf_free) struct buf expected = {0}, found = {0};
        defer(query_free) struct query q;
        random_blocks(whole, seed);
        random_blocks(split, seed);
        REQUIRE_OK(merge(whole, &err));
        REQUIRE_OK(merge(split, &err));
        CHECK(split->n_chunks > whole->n_chunks);
        if (seed % 2 == 0) { /* merged once more */
            feed_back(split);
            REQUIRE_OK(merge(split, &err));
        }
        query_init(&q);
        q.options.kind = PATTERN_TEXT;
        q.newest = seed % 2;
        q.before = 3;
        q.after = 2;
        query_add_pattern(&q, STR("done in 1"));
        search(whole, true, &q, &expected);
        search(split, true, &q, &found);
        CHECK(buf_str(&found).len > 0 && str_equal(buf_str(&found), buf_str(&expected)));
    }
}

/* Rows of a chunk, and where those before it in the file stood of each origin and stream. */
static void check_chunk(struct heap *h, size_t i, struct chunk_place last[4][STREAMS])
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    struct chunk c;
    struct chunk_place seen[4][STREAMS] = {0};
    REQUIRE_OK(chunk_verify(&c, buf_str(&h->chunks[i]), &h->packer, &arena, &err));
    CHECK_INT(c.block.n_streams, 1);
    size_t stream = (size_t)(c.block.streams[0].labels.items[0].value.ptr[1] - '0');
    for (uint32_t row = 0; row < c.block.header.records; row++) {
        struct chunk_place at = c.places[row];
        size_t origin = c.origins[at.origin].low;
        struct chunk_place before = last[origin][stream], *most = &seen[origin][stream];
        CHECK(at.sequence > before.sequence ||
              (at.sequence == before.sequence && at.position > before.position));
        if (at.sequence > most->sequence ||
            (at.sequence == most->sequence && at.position > most->position))
            *most = at;
    }
    for (size_t origin = 0; origin < 4; origin++)
        if (seen[origin][stream].sequence)
            last[origin][stream] = seen[origin][stream];
}

TEST(merge_services_are_apart_and_streams_in_their_order) /* 2 */
{
    HEAP(0);
    struct err err;
    struct chunk_place last[4][STREAMS] = {0};
    int64_t ms[3] = {0, 700, 1400};
    srand(7);
    for (uint64_t sequence = 1; sequence <= 40; sequence++)
        for (uint64_t origin = 0; origin < 3; origin++)
            add_block(h, origin + 1, sequence, &ms[origin], 6000);
    REQUIRE_OK(merge(h, &err));
    CHECK(h->n_chunks > STREAMS);
    for (size_t i = 0; i < h->n_chunks; i++)
        check_chunk(h, i, last);
    check_searches(h);
}

TEST(merge_more_rows_of_one_time_than_fit)
{
    HEAP(0);
    struct err err;
    srand(3);
    for (uint64_t sequence = 1; sequence <= 12; sequence++) {
        defer(block_builder_free) struct block_builder b = {0};
        struct labels none = {0};
        block_builder_stream(&b, &none, &none, TIME_NONE);
        for (unsigned i = 0; i < 30000; i++) {
            struct record record = {.line = STR("at once")};
            REQUIRE(block_builder_add(&b, &record));
        }
        struct buf *out = &h->pieces[h->n];
        out->max = BLOCK_MAX;
        REQUIRE_OK(block_builder_finish(&b, (struct hash128){1, 1}, sequence, 1, out, &err));
        REQUIRE_OK(block_peek(buf_str(out), &h->headers[h->n], &err));
        h->known[h->n++].line_bytes = 210000;
    }
    REQUIRE_OK(merge(h, &err));
    uint64_t rows = 0;
    for (size_t i = 0; i < h->n_chunks; i++) {
        CHECK(h->made[i].records <= CHUNK_ROWS_MAX);
        rows += h->made[i].records;
    }
    CHECK_INT(rows, 360000);
}

/* A block of one stream whose rows have the same length and are step_ns apart. */
static void add_plain_of(struct heap *h, const char *host, uint64_t sequence, int64_t from_ns,
                         int64_t step_ns, unsigned rows, size_t besides)
{
    struct err err;
    defer(block_builder_free) struct block_builder b = {0};
    struct labels none = {0};
    struct label label_of_host = {STR("host"), str_from(host)};
    char text[160];
    block_builder_stream(&b, &(struct labels){&label_of_host, 1}, &none, TIME_NONE);
    for (unsigned i = 0; i < rows; i++) {
        defer(buf_free) struct buf fields = {0};
        snprintf(text, sizeof text, "%0128d", rand());
        struct label label = {STR("a"), str_of(text, min_of(besides, (size_t)120))};
        struct record record = {.order_ns = from_ns + i * step_ns,
                                .event_ns = from_ns + i * step_ns};
        record.line = str_of(text, step_ns ? 40 : 0);
        if (besides) {
            put_labels(&fields, &(struct labels){&label, 1});
            record.fields = buf_str(&fields);
            record.id = str_of(text, besides);
            record.id_kind = ID_EXACT;
        }
        REQUIRE(block_builder_add(&b, &record));
    }
    struct buf *out = &h->pieces[h->n];
    out->max = BLOCK_MAX;
    REQUIRE_OK(block_builder_finish(&b, (struct hash128){1, 1}, sequence, 1, out, &err));
    struct block_header *header = &h->headers[h->n];
    REQUIRE_OK(block_peek(buf_str(out), header, &err));
    h->known[h->n++].line_bytes = header->line_bytes;
}

static void add_plain(struct heap *h, uint64_t sequence, int64_t from_ns, int64_t step_ns,
                      unsigned rows, size_t besides)
{
    add_plain_of(h, "a", sequence, from_ns, step_ns, rows, besides);
}

static void verify_chunks(struct heap *h, uint64_t expected)
{
    struct err err;
    for (size_t i = 0; i < h->n_chunks; i++) {
        defer(arena_free) struct arena arena = {0};
        struct chunk chunk;
        REQUIRE_OK(chunk_verify(&chunk, buf_str(&h->chunks[i]), &h->packer, &arena, &err));
        expected -= chunk.block.header.records;
    }
    CHECK_INT(expected, 0);
}

/* Blocks that each reach back to before the one in front of them, as files do that are read side by side. */
TEST(merge_keeps_the_context_of_streams_that_are_read_at_different_speeds) /* 2 */
{
    HEAP(0);
    struct err err;
    unsigned rows[2] = {0, 0};
    for (uint64_t sequence = 1; sequence <= 20; sequence++) {
        defer(block_builder_free) struct block_builder b = {0};
        struct labels none = {0};
        for (uint32_t s = 0; s < 2; s++) {
            struct label label = {STR("service"), s ? STR("b") : STR("a")};
            block_builder_stream(&b, &(struct labels){&label, 1}, &none, TIME_NONE);
        }
        for (unsigned i = 0; i < 12000; i++) {
            char text[80];
            uint32_t s = i % 3 == 0;
            int64_t at = (s ? 1 : 40) * NS_PER_MS * ++rows[s];
            struct record record = {.order_ns = at, .event_ns = at, .stream = s};
            int n = snprintf(text, sizeof text, "row %u of %s", rows[s], s ? "b" : "a");
            record.line = str_of(text, (size_t)n);
            REQUIRE(block_builder_add(&b, &record));
        }
        struct buf *out = &h->pieces[h->n];
        out->max = BLOCK_MAX;
        REQUIRE_OK(block_builder_finish(&b, (struct hash128){1, 1}, sequence, 1, out, &err));
        REQUIRE_OK(block_peek(buf_str(out), &h->headers[h->n], &err));
        h->known[h->n].line_bytes = h->headers[h->n].line_bytes;
        h->n++;
    }
    REQUIRE_OK(merge(h, &err));
    CHECK(h->n_chunks > 3);
    defer(query_free) struct query q;
    defer(buf_free) struct buf before = {0}, after = {0};
    query_init(&q);
    q.options.kind = PATTERN_TEXT;
    q.before = q.after = 400;
    query_add_pattern(&q, STR("777 of"));
    search(h, false, &q, &before);
    search(h, true, &q, &after);
    size_t expected, found;
    CHECK(hash_of_lines(buf_str(&before), &expected) == hash_of_lines(buf_str(&after), &found));
    CHECK_INT(found, expected);
}

TEST(merge_streams_that_are_late_are_apart) /* 3 */
{
    HEAP(0);
    struct err err;
    const int64_t hour = 3600 * NS_PER_S;
    for (uint64_t i = 0; i < 10; i++) {
        int64_t at = (int64_t)i * 100 * NS_PER_S;
        add_plain_of(h, "a", 2 * i + 1, 30 * hour + at, NS_PER_MS, 15000, 0);
        add_plain_of(h, "b", 2 * i + 2, at, NS_PER_MS, 15000, 0);
    }
    REQUIRE_OK(merge(h, &err));
    for (size_t i = 0; i < h->n_chunks; i++)
        CHECK(h->made[i].greatest_order_ns - h->made[i].least_order_ns < hour);
    verify_chunks(h, 20 * 15000);
}

TEST(merge_of_empty_lines_does_not_wait_all_at_once)
{
    HEAP(0);
    struct err err;
    for (uint64_t sequence = 1; sequence <= 20; sequence++)
        add_plain(h, sequence, 0, 0, 65536, 0);
    REQUIRE_OK(merge(h, &err));
    CHECK(h->n_chunks >= 20); /* of which each has its cost */
    verify_chunks(h, 20 * 65536);
}

TEST(merge_of_pieces_that_all_overlap_ends)
{
    HEAP(0);
    struct err err;
    for (uint64_t sequence = 1; sequence <= 60; sequence++) /* each a second; 36 MB of lines */
        add_plain(h, sequence, (int64_t)sequence * 1000, NS_PER_S / 15000, 15000, 0);
    REQUIRE_OK(merge(h, &err));
    CHECK(h->n_chunks < 30);
    verify_chunks(h, 60 * 15000);
}

TEST(merge_of_many_ids_and_fields)
{
    HEAP(0);
    struct err err;
    for (uint64_t sequence = 1; sequence <= 40; sequence++)
        add_plain(h, sequence, (int64_t)sequence * 1630 * NS_PER_US, NS_PER_US, 1630, 128);
    REQUIRE_OK(merge(h, &err));
    verify_chunks(h, 40 * 1630);
}

/* Two lines each that have nothing in common with others but their tokens. */
TEST(merge_of_lines_of_which_columns_would_be_larger)
{
    HEAP(0);
    struct err err;
    defer(block_builder_free) struct block_builder b = {0};
    struct labels none = {0};
    struct label service = {STR("service"), STR("s")};
    char text[2 * 64 + 1];
    srand(4);
    block_builder_stream(&b, &(struct labels){&service, 1}, &none, TIME_NONE);
    for (unsigned i = 0; i < 500; i++) {
        for (size_t k = 0; k < sizeof text - 1 && i % 2 == 0; k += 2) {
            text[k] = (char)('0' + below(10));
            text[k + 1] = "|,;=+*<>"[below(8)];
        }
        struct record record = {.order_ns = i, .event_ns = i};
        record.line = str_of(text, sizeof text - 1);
        REQUIRE(block_builder_add(&b, &record));
    }
    struct buf *out = &h->pieces[h->n++];
    REQUIRE_OK(block_builder_finish(&b, (struct hash128){1, 1}, 1, false, out, &err));
    REQUIRE_OK(block_peek(buf_str(out), &h->headers[0], &err));
    REQUIRE_OK(merge(h, &err));
    CHECK_INT(h->made[0].encoding, BLOCK_PLAIN);
    verify_chunks(h, 500);
    check_searches(h);
}

TEST(merge_of_microseconds_that_are_none)
{
    HEAP(0);
    struct err err;
    for (uint64_t sequence = 1; sequence <= 2; sequence++) {
        add_plain(h, sequence, 100 * NS_PER_US, 10 * NS_PER_US, 3, 0);
        char *bytes = h->pieces[h->n - 1].ptr;
        for (int at = 56; at < 88; at += 8) { /* the times in the header */
            int64_t t;
            memcpy(&t, bytes + at, sizeof t);
            t += sequence == 1 ? 700 : 300;
            memcpy(bytes + at, &t, sizeof t);
        }
        block_restamp(bytes, h->pieces[h->n - 1].len, (struct hash128){sequence, 1}, 1);
    }
    REQUIRE_OK(merge(h, &err));
    verify_chunks(h, 6);
}

TEST(merge_says_what_is_damaged)
{
    HEAP(0);
    struct err err;
    random_blocks(h, 5);
    h->damaged = h->n;
    CHECK(!merge(h, &err));
    CHECK_INT(err.code, ERR_CORRUPT);
}

TEST(chunk_every_flipped_byte_is_noticed)
{
    HEAP(0);
    struct err err;
    srand(11);
    int64_t ms = 0;
    add_block(h, 1, 1, &ms, 60);
    REQUIRE_OK(merge(h, &err));
    struct buf *bytes = &h->chunks[0];
    for (size_t i = 0; i < bytes->len; i++) {
        defer(arena_free) struct arena arena = {0};
        struct chunk chunk;
        bytes->ptr[i] = (char)(bytes->ptr[i] ^ 1 << i % 8);
        CHECK(!chunk_verify(&chunk, buf_str(bytes), &h->packer, &arena, &err));
        bytes->ptr[i] = (char)(bytes->ptr[i] ^ 1 << i % 8);
    }
}

TEST(chunk_directory_is_read_from_the_front)
{
    HEAP(0);
    struct err err;
    random_blocks(h, 40);
    REQUIRE_OK(merge(h, &err));
    for (size_t i = 0; i < h->n_chunks; i++) {
        defer(arena_free) struct arena arena = {0};
        struct chunk whole, front;
        struct str bytes = buf_str(&h->chunks[i]);
        REQUIRE_OK(chunk_verify(&whole, bytes, &h->packer, &arena, &err));
        size_t size = CHUNK_HEADER + whole.block.header.directory_stored;
        REQUIRE(size < bytes.len);
        REQUIRE_OK(
            chunk_open_directory(&front, str_slice(bytes, 0, size), &h->packer, &arena, &err));
        CHECK_INT(front.block.n_streams, whole.block.n_streams);
        CHECK(
            !chunk_open_directory(&front, str_slice(bytes, 0, size - 1), &h->packer, &arena, &err));
    }
}
