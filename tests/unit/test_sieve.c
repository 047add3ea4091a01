/* Invariant numbers are those of formats/block/sieve.h, if no other file is named. */
#include "formats/block/sieve.h"

#include "base/ascii.h"
#include "base/literal.h"
#include "base/mem.h"
#include "formats/block/chunk_builder.h"
#include "formats/block/chunk_parts.h"
#include "formats/block/grams.h"
#include "tests/test.h"
#include "tests/unit/made_helper.h"

#include <ctype.h>

/* ---- parts ---- */

TEST(bloom_has_what_was_added_in_any_size) /* bloom.h, 1 and 2 */
{
    enum { N = 20000, OTHERS = 100000 };
    defer(bloom_builder_free) struct bloom_builder b = {0};
    bloom_builder_reset(&b);
    for (uint64_t i = 0; i < N; i++)
        bloom_add(&b, mix_hash(i));
    size_t counted = bloom_count(&b), wanted = bloom_blocks(&b, BLOOM_BLOCKS);
    CHECK(counted > N * 95 / 100 && counted < N * 105 / 100);
    CHECK_INT(bloom_blocks(&b, wanted / 2), 0);
    for (size_t n = wanted; n > 0; n /= 3) {
        defer(buf_free) struct buf bytes = {0};
        bloom_put(&b, n, &bytes);
        const struct bloom bloom = {bytes.ptr, n};
        size_t others = 0;
        CHECK_INT(bytes.len, n * BLOOM_BLOCK);
        for (uint64_t i = 0; i < N; i++)
            REQUIRE(bloom_has(&bloom, mix_hash(i)));
        for (uint64_t i = N; i < N + OTHERS; i++)
            others += bloom_has(&bloom, mix_hash(i));
        CHECK(n < wanted || others < OTHERS / 50);
    }
}

TEST(grams_are_chosen_alike_where_texts_are_alike) /* grams.h, 1 and 2 */
{
    enum { N = 300 };
    char text[N], other[N];
    uint64_t all[GRAMS_PIECE_MAX], piece[GRAMS_PIECE_MAX];
    for (int round = 0; round < 300; round++) {
        unsigned w = (unsigned)(GRAMS_WINDOW_MIN << made_below(6));
        for (size_t i = 0; i < N; i++) {
            text[i] = " abcdefxyzAB0-"[made_below(14)];
            other[i] = (char)(made_below(2) ? toupper(text[i]) : tolower(text[i]));
        }
        size_t n = grams_choose(str_of(text, N), w, all), from = made_below(N);
        size_t len = made_below(N - from);
        size_t m = grams_choose(str_of(other + from, len), w, piece);
        CHECK_INT(n, N - w - GRAM + 2);
        CHECK_INT(m, len < grams_window_bytes(w) ? 0 : len - grams_window_bytes(w) + 1);
        for (size_t i = 0; i < m; i++)
            REQUIRE(piece[i] == all[from + i]);
    }
}

TEST(grams_of_numbers_and_ids_are_none) /* grams.h, 3 */
{
    uint64_t hashes[64];
    CHECK_INT(grams_choose(STR("deadbeef-4711"), 3, hashes), 6);
    for (size_t i = 0; i < 6; i++)
        CHECK(hashes[i] == GRAMS_NONE);
    CHECK_INT(grams_choose(STR("timeouts"), 3, hashes), 1);
    CHECK(hashes[0] != GRAMS_NONE);
}

/* ---- chunks ---- */

/* The same rows, with lines that are no columns. */
static void make_plain(struct made *m)
{
    struct err err;
    defer(packer_free) struct packer packer = {0};
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf out = {.max = CHUNK_MAX}, lines = {0}, scratch = {0};
    struct stream_writer w = {.packer = &packer, .level = 1, .better_level = 1};
    struct chunk chunk;
    make_made_chunk(m);
    REQUIRE_OK(chunk_open(&chunk, buf_str(&m->bytes), &packer, &arena, &err));
    struct block_header h = chunk.block.header;
    uint64_t *numbers = arena_array(&arena, uint64_t, m->n);
    for (int list = 0; list < 9;
         list++) { /* order, event, level, flags, kind, origin, sequence, position, length */
        static const enum stream_group groups[] = {
            STREAM_NUMBERS,     STREAM_NUMBERS,     STREAM_SMALL_INDEX,
            STREAM_SMALL_INDEX, STREAM_SMALL_INDEX, STREAM_SMALL_INDEX,
            STREAM_NUMBERS,     STREAM_NUMBERS,     STREAM_LENGTHS};
        for (size_t i = 0; i < m->n; i++)
            numbers[i] = list == 6 ? 1 : list == 7 ? i : list == 8 ? m->lines[i].len : 0;
        numbers_put(numbers, m->n, groups[list], &scratch, &w);
    }
    put_varint(&w.map, 0), put_varint(&w.map, 0); /* no ids, no fields */
    for (size_t i = 0; i < m->n; i++)
        buf_add(&lines, m->lines[i]);
    buf_add(&out, str_slice(buf_str(&m->bytes), 0, CHUNK_HEADER + h.directory_stored));
    REQUIRE_OK(stream_writer_finish(&w, &out, &err));
    h.encoding = BLOCK_PLAIN;
    h.columns_stored = (uint32_t)out.len - CHUNK_HEADER - h.directory_stored;
    REQUIRE_OK(zstd_pack(&packer, buf_str(&lines), 1, &out, &err));
    h.lines_stored = (uint32_t)out.len - CHUNK_HEADER - h.directory_stored - h.columns_stored;
    h.length = (uint32_t)out.len;
    chunk_seal(&h, out.ptr);
    stream_writer_free(&w);
    buf_reset(&m->bytes);
    buf_add(&m->bytes, buf_str(&out));
}

/* ---- sieves ---- */

enum { CHUNKS = 24, ALL = 1000 /* percent: nothing is left out for its size */ };

struct sieved {
    struct made chunks[CHUNKS];
    struct buf bytes;
    struct arena arena;
    struct packer packer;
    struct sieve sieve;
};

static void free_sieved(struct sieved *s)
{
    for (size_t i = 0; i < CHUNKS; i++)
        free_made(&s->chunks[i]);
    buf_free(&s->bytes);
    arena_free(&s->arena);
    packer_free(&s->packer);
}

static void sift_chunks(struct sieved *s, unsigned share)
{
    struct err err;
    struct sieve_builder *b = sieve_builder_open();
    buf_reset(&s->bytes);
    for (size_t i = 0; i < CHUNKS; i++)
        REQUIRE_OK(sieve_add(b, buf_str(&s->chunks[i].bytes), share, &err));
    CHECK_INT(sieve_chunks(b), CHUNKS);
    REQUIRE_OK(sieve_put(b, &s->bytes, &err));
    CHECK_INT(sieve_chunks(b), 0);
    sieve_builder_close(&b);
    if (s->bytes.len)
        REQUIRE_OK(sieve_open(&s->sieve, buf_str(&s->bytes), &s->packer, &s->arena, &err));
}

static void make_sieved(struct sieved *s, uint64_t seed, unsigned share)
{
    made_seed(seed);
    for (size_t i = 0; i < CHUNKS; i++) {
        make_made_lines(&s->chunks[i], seed + i / 8, seed + i % 5, 1 + made_below(MADE_LINES));
        if (i % 3 == 2)
            make_plain(&s->chunks[i]);
        else
            make_made_chunk(&s->chunks[i]);
    }
    sift_chunks(s, share);
}

static bool may_have(const struct sieved *s, size_t chunk, struct str text, bool ignore_case)
{
    bool may[CHUNKS] = {0};
    defer(arena_free) struct arena arena = {0};
    sieve_ask(&s->sieve, &(struct sieve_needle){text, ignore_case}, &arena, may);
    return may[chunk];
}

static void swap_case(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isascii(text[i]) && isalpha(text[i]) && made_below(2))
            text[i] ^= 32;
}

static bool is_in_chunk(const struct made *m, struct str needle, bool ignore_case)
{
    struct literal literal;
    bool found = false;
    literal_init(&literal, needle, ignore_case);
    for (size_t i = 0; i < m->n && !found; i++)
        found = literal_find(&literal, m->lines[i], 0) != SIZE_MAX;
    literal_free(&literal);
    return found;
}

/* In all chunks. */
static void check_needle(const struct sieved *s, struct str needle, bool ignore_case)
{
    bool may[CHUNKS] = {0};
    defer(arena_free) struct arena arena = {0};
    sieve_ask(&s->sieve, &(struct sieve_needle){needle, ignore_case}, &arena, may);
    for (size_t i = 0; i < s->sieve.n_chunks; i++)
        if (!may[i] && is_in_chunk(&s->chunks[i], needle, ignore_case))
            test_fail(__FILE__, __LINE__, "'%.*s' of chunk %zu is not found", STR_ARG(needle), i);
}

/* Grown to the ends of what stands there without a blank, or of digits and letters. */
static struct str whole_word(struct str line, size_t from, size_t end)
{
    bool is_run = made_below(2);
    while (from > 0 && (is_run ? is_alnum(line.ptr[from - 1]) : line.ptr[from - 1] > ' '))
        from--;
    while (end < line.len && (is_run ? is_alnum(line.ptr[end]) : line.ptr[end] > ' '))
        end++;
    return str_slice(line, from, end - from);
}

/* Of a line of the chunk: a piece, or whole words; sometimes with another byte in it. */
static void check_needle_of(const struct sieved *s, size_t chunk)
{
    enum { NEEDLE = 90 };
    char text[NEEDLE];
    struct str line = s->chunks[chunk].lines[made_below(s->chunks[chunk].n)];
    size_t from = line.len ? made_below(line.len) : 0, most = made_below(2) ? 12 : NEEDLE;
    struct str needle = str_slice(line, from, 1 + made_below(most));
    if (made_below(2))
        needle = str_slice(whole_word(line, from, from + needle.len), 0, NEEDLE);
    bool ignore_case = made_below(3) == 0;
    memcpy(text, needle.ptr, needle.len);
    if (ignore_case)
        swap_case(text, needle.len);
    if (needle.len && made_below(4) == 0)
        text[made_below(needle.len)] = MADE_LOW "-"[made_below(sizeof MADE_LOW)];
    check_needle(s, str_of(text, needle.len), ignore_case);
}

TEST_SLOW(sieve_never_says_no_to_what_is_there, 60) /* 1 */
{
    for (uint64_t seed = 0; seed < 16; seed++) {
        defer(free_sieved) struct sieved s = {0};
        make_sieved(&s, seed, seed % 4 ? ALL : 30);
        for (int i = 0; i < 600 && s.bytes.len; i++)
            check_needle_of(&s, made_below(CHUNKS));
    }
}

/* One chunk of lines that are like each other. */
static void make_jobs(struct sieved *s)
{
    struct err err;
    struct sieve_builder *b = sieve_builder_open();
    struct made *m = &s->chunks[0];
    for (m->n = 0; m->n < MADE_LINES; m->n++) {
        defer(buf_free) struct buf line = {0};
        buf_print(&line, "job %u took %u ms on worker-%u of ", (unsigned)m->n,
                  (unsigned)made_below(900), (unsigned)made_below(9));
        put_made_hex(&line, 32, MADE_LOW);
        buf_add_byte(&line, ' ');
        put_made_uuid(&line, MADE_LOW);
        buf_print(&line, " path=/orders/%s", m->n % 2 ? "customers" : "suppliers");
        m->lines[m->n] = arena_copy(&m->arena, buf_str(&line));
    }
    make_made_chunk(m);
    REQUIRE_OK(sieve_add(b, buf_str(&m->bytes), ALL, &err));
    REQUIRE_OK(sieve_put(b, &s->bytes, &err));
    REQUIRE_OK(sieve_open(&s->sieve, buf_str(&s->bytes), &s->packer, &s->arena, &err));
    sieve_builder_close(&b);
}

TEST(sieve_says_no_to_most_of_what_is_not_there)
{
    enum { ASKED = 200 };
    size_t kept[3] = {0};
    defer(free_sieved) struct sieved s = {0};
    make_jobs(&s);
    for (size_t i = 0; i < 3 * (size_t)ASKED; i++) {
        defer(buf_free) struct buf needle = {0};
        if (i % 3 == 0)
            put_made_word(&needle, 12, "ghijklmnop");
        else if (i % 3 == 1)
            put_made_hex(&needle, 32, MADE_LOW);
        else
            put_made_uuid(&needle, MADE_LOW);
        kept[i % 3] += may_have(&s, 0, buf_str(&needle), i % 2);
    }
    for (size_t k = 0; k < 3; k++)
        if (kept[k] > ASKED / 10)
            test_fail(__FILE__, __LINE__, "%zu of %d of kind %zu may be there", kept[k], ASKED, k);
}

TEST(sieve_knows_a_needle_across_values_by_its_shape)
{
    defer(free_sieved) struct sieved s = {0};
    make_jobs(&s);
    CHECK(may_have(&s, 0, STR("took 17 ms on worker-3"), false));
    CHECK(may_have(&s, 0, STR("9 TOOK"), true));
    CHECK(may_have(&s, 0, STR("7 ms\n"), false)); /* 4 */
    CHECK(may_have(&s, 0, STR(""), false));
    CHECK(!may_have(&s, 0, STR("9 TOOK"), false));
    CHECK(!may_have(&s, 0, STR("took 17 s"), false));
    CHECK(!may_have(&s, 0, STR("took 17171 ms"), false));
    CHECK(!may_have(&s, 0, STR("took  ms"), false));
    CHECK(!may_have(&s, 0, STR("took abc ms"), false));
    CHECK(!may_have(&s, 0, STR("/orders/costumers"), false));
    for (int i = 0; i < 5000; i++)
        check_needle_of(&s, 0);
}

/* Adds a chunk of such lines. */
static void add_chunk_of(struct sieve_builder *b, struct made *m, unsigned share, bool is_plain,
                         void (*put_line)(struct buf *line, unsigned i))
{
    struct err err;
    for (m->n = 0; m->n < MADE_LINES; m->n++) {
        defer(buf_free) struct buf line = {0};
        put_line(&line, (unsigned)m->n);
        m->lines[m->n] = arena_copy(&m->arena, buf_str(&line));
    }
    if (is_plain)
        make_plain(m);
    else
        make_made_chunk(m);
    REQUIRE_OK(sieve_add(b, buf_str(&m->bytes), share, &err));
}

static void put_sieve(struct sieved *s, struct sieve_builder **b)
{
    struct err err;
    REQUIRE_OK(sieve_put(*b, &s->bytes, &err));
    REQUIRE(s->bytes.len > 0);
    REQUIRE_OK(sieve_open(&s->sieve, buf_str(&s->bytes), &s->packer, &s->arena, &err));
    sieve_builder_close(b);
}

static void put_key(struct buf *line, unsigned i)
{
    buf_print(line, "the key=%u was asked for", i);
}

static void put_hex_key(struct buf *line, unsigned i)
{
    buf_print(line, "the key=%08x%08xcafe%012x was asked for", i * 2654435761u, i * 40503u, i);
}

/* Numbers in one chunk, ids in the other, of one column. */
TEST(sieve_says_no_to_ids_where_a_column_has_numbers)
{
    static const char absent[] = "0af7651916cd43dd8448eb211c80319c";
    defer(free_sieved) struct sieved s = {0};
    struct sieve_builder *b = sieve_builder_open();
    defer(buf_free) struct buf line = {0};
    add_chunk_of(b, &s.chunks[0], ALL, false, put_key);
    add_chunk_of(b, &s.chunks[1], ALL, false, put_hex_key);
    put_sieve(&s, &b);
    put_hex_key(&line, 17);
    CHECK(may_have(&s, 1, str_slice(buf_str(&line), 8, 28), false));
    CHECK(!may_have(&s, 0, str_from(absent), false));
    CHECK(!may_have(&s, 1, str_from(absent), false));
    CHECK(!may_have(&s, 0, STR("0af76519-16cd-43dd-8448-eb211c80319c"), false));
    CHECK(!may_have(&s, 1, STR("0af76519-16cd-43dd-8448-eb211c80319c"), false));
}

static const char *const words[] = {"quiet", "morning", "parcel", "neighbour", "voucher"};

static void put_words(struct buf *line, unsigned seed, unsigned n)
{
    made_seed(seed);
    while (n--)
        buf_print(line, "%s ", words[made_below(countof(words))]);
}

static void put_only_words(struct buf *line, unsigned i)
{
    put_words(line, i, 6);
}

TEST(sieve_says_no_to_ids_where_there_are_none) /* bloom.h: none need one block */
{
    defer(free_sieved) struct sieved s = {0};
    struct sieve_builder *b = sieve_builder_open();
    add_chunk_of(b, &s.chunks[0], ALL, true, put_only_words);
    put_sieve(&s, &b);
    CHECK(may_have(&s, 0, STR("quiet"), false));
    CHECK(!may_have(&s, 0, STR("0af7651916cd43dd8448eb211c80319c"), false));
    CHECK(!may_have(&s, 0, STR("0af76519-16cd-43dd-8448-eb211c80319c"), false));
}

/* Many shapes, each in a few lines, so that they have most of twice the share of what is so small a chunk. */
static void put_of_many_shapes(struct buf *line, unsigned i)
{
    put_words(line, i % 40, 30);
    made_seed(i);
    buf_print(line, "took %u of ", (unsigned)made_below(9000));
    put_made_word(line, 14, MADE_ANY);
}

TEST(sieve_of_a_first_chunk_has_filters_though_shapes_take_its_share)
{
    defer(free_sieved) struct sieved s = {0};
    struct sieve_builder *b = sieve_builder_open();
    add_chunk_of(b, &s.chunks[0], 2 * SIEVE_SHARE, false, put_of_many_shapes);
    put_sieve(&s, &b);
    CHECK(s.sieve.chunks[0].grams.n > 0 && s.sieve.chunks[0].ids.n > 0);
    for (int i = 0; i < 500; i++)
        check_needle_of(&s, 0);
}

/* Of the words only some, a bit for each. */
static void put_some_words(struct buf *line, unsigned some)
{
    buf_print(line, "level=info name=");
    for (int i = 0; i < 3; i++) {
        size_t word = made_below(countof(words));
        buf_print(line, "%s-", words[some >> word & 1 ? word : 0]);
    }
    buf_print(line, " took=%u", (unsigned)made_below(100));
}

TEST(sieve_asks_again_where_chunks_lack_something_else)
{
    struct err err;
    defer(free_sieved) struct sieved s = {0};
    struct sieve_builder *b = sieve_builder_open();
    made_seed(11);
    for (size_t i = 0; i < CHUNKS; i++) {
        struct made *m = &s.chunks[i];
        unsigned some = (unsigned)made_below(1u << countof(words));
        for (m->n = 0; m->n < MADE_LINES / 4; m->n++) {
            defer(buf_free) struct buf line = {0};
            put_some_words(&line, some);
            m->lines[m->n] = arena_copy(&m->arena, buf_str(&line));
        }
        make_made_chunk(m);
        REQUIRE_OK(sieve_add(b, buf_str(&m->bytes), ALL, &err));
    }
    put_sieve(&s, &b);
    for (int i = 0; i < 3000; i++)
        check_needle_of(&s, made_below(CHUNKS));
}

TEST(sieve_has_less_than_its_share) /* 2 */
{
    bool is_there = false;
    for (unsigned share = 100; share > 0; share /= 2) {
        defer(free_sieved) struct sieved s = {0};
        uint64_t bytes = 0;
        make_sieved(&s, 7, share);
        for (size_t i = 0; i < CHUNKS; i++)
            bytes += s.chunks[i].bytes.len;
        CHECK(s.bytes.len <= bytes * share / 100 * 4 / 3);
        is_there |= s.bytes.len > 0;
        for (int i = 0; i < 100 && s.bytes.len; i++)
            check_needle_of(&s, made_below(CHUNKS));
    }
    CHECK(is_there);
}

TEST(sieve_every_flipped_byte_is_noticed)
{
    struct err err;
    struct sieve sieve;
    defer(free_sieved) struct sieved s = {0};
    make_sieved(&s, 3, ALL);
    for (size_t i = 0; i < s.bytes.len; i += 1 + i / 2000) {
        s.bytes.ptr[i] = (char)(s.bytes.ptr[i] ^ 1 << i % 8);
        arena_reset(&s.arena);
        if (sieve_open(&sieve, buf_str(&s.bytes), &s.packer, &s.arena, &err) ||
            err.code != ERR_CORRUPT)
            test_fail(__FILE__, __LINE__, "byte %zu is not missed", i);
        s.bytes.ptr[i] = (char)(s.bytes.ptr[i] ^ 1 << i % 8);
    }
    for (size_t n = 0; n < s.bytes.len; n += 97)
        CHECK(!sieve_open(&sieve, str_of(s.bytes.ptr, n), &s.packer, &s.arena, &err));
}
