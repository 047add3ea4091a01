/* formats/block/columns: lines come back byte for byte, whatever they are; hostile bytes are refused. */
#include "formats/block/columns.h"

#include "base/mem.h"
#include "base/time.h"
#include "tests/test.h"

#include <stdlib.h>
#include <time.h>

/* Lines that are encoded together, and what became of them. */
struct world {
    struct buf lines, out;
    uint32_t lengths[70000];
    size_t n;
    struct columns_encoder encoder;
    struct packer packer;
    struct arena arena;
    struct columns columns;
};

static void free_world(struct world **w)
{
    buf_free(&(*w)->lines), buf_free(&(*w)->out);
    columns_encoder_free(&(*w)->encoder);
    packer_free(&(*w)->packer);
    arena_free(&(*w)->arena);
    mem_free(w);
}

#define WORLD defer(free_world) struct world *w = mem_new(struct world)

static void add_line(struct world *w, struct str line)
{
    buf_add(&w->lines, line);
    w->lengths[w->n++] = (uint32_t)line.len;
}

#define ADD(w, ...)                        \
    do {                                   \
        char text_[512];                   \
        snprintf(text_, 512, __VA_ARGS__); \
        add_line((w), str_from(text_));    \
    } while (0)

static bool encode(struct world *w)
{
    buf_reset(&w->out);
    return columns_encode(&w->encoder, &w->packer, 3, buf_str(&w->lines), w->lengths, w->n,
                          &w->out);
}

static bool open_columns(struct world *w, struct str bytes, struct err *err)
{
    arena_reset(&w->arena);
    return columns_open(&w->columns, bytes, w->n, w->lines.len, &w->packer, &w->arena, err);
}

/* Encodes, decodes and compares. */
static void round_trip(struct world *w)
{
    struct err err;
    REQUIRE(encode(w));
    REQUIRE_OK(open_columns(w, buf_str(&w->out), &err));
    char *back = mem_alloc_raw(w->lines.len + 1);
    uint32_t *lengths = mem_array(uint32_t, w->n);
    bool good = columns_lines(&w->columns, back, w->lines.len, lengths, &err);
    REQUIRE_OK(good);
    CHECK(memcmp(lengths, w->lengths, w->n * sizeof *lengths) == 0);
    CHECK(w->lines.len == 0 || memcmp(back, w->lines.ptr, w->lines.len) == 0);
    mem_free(&back), mem_free(&lengths);
}

static enum column_kind kind_of(const struct world *w, size_t column)
{
    const struct column *c = &w->columns.columns[column];
    return c->kind == COLUMN_DICT ? c->distinct->kind : c->kind;
}

TEST(columns_one_shape)
{
    WORLD;
    for (int i = 0; i < 100; i++)
        ADD(w, "job %d done in %d ms", 4000 + i * 7, i * i % 91);
    round_trip(w);
    CHECK_INT(w->columns.n_shapes, 1);
    CHECK_INT(w->columns.n_columns, 3);
    CHECK_INT(w->columns.columns[0].n, 0);
    CHECK_INT(kind_of(w, 1), COLUMN_INTEGER);
    CHECK_INT(kind_of(w, 2), COLUMN_INTEGER);
}

TEST(columns_what_is_alone_is_the_rest)
{
    WORLD;
    for (int i = 0; i < 20; i++)
        ADD(w, "job %d done in so many milliseconds", i);
    add_line(w, STR("what is this?"));
    add_line(w, STR("two\nlines that are like none"));
    round_trip(w);
    CHECK_INT(w->columns.columns[0].n, 3);
}

/* A column of values of one form, some of which only look like it. */
#define CHECK_KIND(expected, n_exceptions_, ...)                                               \
    do {                                                                                       \
        WORLD;                                                                                 \
        static const char *const odd[] = {__VA_ARGS__, NULL};                                  \
        for (unsigned i = 0; i < 400; i++)                                                     \
            make(w, i);                                                                        \
        for (size_t i = 0; odd[i]; i++)                                                        \
            ADD(w, "value=%s;", odd[i]);                                                       \
        round_trip(w);                                                                         \
        CHECK_INT(kind_of(w, 1), expected);                                                    \
        const struct column *c_ = &w->columns.columns[1];                                      \
        CHECK_INT((c_->kind == COLUMN_DICT ? c_->distinct : c_)->n_exceptions, n_exceptions_); \
    } while (0)

static uint64_t mixed(uint64_t i)
{
    i = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return i ^ i >> 29;
}

TEST(columns_integers)
{
#define make(w, i) ADD(w, "value=%lld;", (long long)(mixed(i) % 2000000) - 1000000)
    CHECK_KIND(COLUMN_INTEGER, 6, "007", "00", "1234567890123456789", "x9",
               "12345678901234567890123", "0", "999999999999999999", "-999999999999999999", "-0");
#undef make
#define make(w, i) ADD(w, "value=%04d;", (int)(mixed(i) % 10000))
    CHECK_KIND(COLUMN_INTEGER, 3, "12345", "001", "-001", "0000");
#undef make
#define make(w, i) ADD(w, "value=c%d;", (int)(mixed(i) % 30000))
    CHECK_KIND(COLUMN_INTEGER, 4, "12345", "d5", "c", "c01", "c0");
#undef make
}

TEST(columns_decimals)
{
#define make(w, i) ADD(w, "value=%d.%03d;", (int)(mixed(i) % 900), (int)(mixed(i + 7) % 1000))
    CHECK_KIND(COLUMN_DECIMAL, 5, "12", "-12", "-0.5", "-0.0", "-0", "-1234567.891", "0", "0.5",
               "00.5", "1.", "1.2.3", "1.0000000001", "1.000000001", "123456789012345.67");
#undef make
}

TEST(columns_hex_and_uuid)
{
#define make(w, i) ADD(w, "value=%016llx;", (unsigned long long)mixed(i))
    CHECK_KIND(COLUMN_HEX, 3, "0123456789ABCDEF", "0123456789abcde", "0123456789abcdeg",
               "0000000000000000");
#undef make
#define make(w, i) ADD(w, "value=0x%07llx;", (unsigned long long)mixed(i) >> 36)
    CHECK_KIND(COLUMN_HEX, 2, "0123456", "0X123456A", "0xfffffff");
#undef make
#define make(w, i) \
    ADD(w, "value=%.*s%016llx;", (int)(mixed(i) % 40), zeros, (unsigned long long)mixed(i))
    static const char zeros[] = "0000000000000000000000000000000000000000";
    CHECK_KIND(COLUMN_HEX, 3, "0123456789ABCDEF", "7", "0123456789abcdeg", "a0", "face",
               "0000000000000000000000000000000000000000000000000000000000000000"
               "000000000000000000000000000000000000000000000000000000000000000f", /* 128 digits */
               "0000000000000000000000000000000000000000000000000000000000000000"
               "0000000000000000000000000000000000000000000000000000000000000000f");
#undef make
#define make(w, i)                                                                        \
    ADD(w, "value=%08x-1234-4abc-8def-%012llx;", (unsigned)(mixed(i) >> 20 & 0xffffffff), \
        (unsigned long long)mixed(i + 9) >> 16)
    CHECK_KIND(COLUMN_UUID, 2, "01234567-89ab-cdef-0123-456789abcdeF",
               "01234567-89ab-cdef-0123-456789abcd");
#undef make
}

TEST(columns_addresses_and_times)
{
#define make(w, i) \
    ADD(w, "value=%d.%d.%d.%d;", (int)(mixed(i) % 256), (int)(mixed(i + 3) % 256), i % 10, i % 100)
    CHECK_KIND(COLUMN_IPV4, 3, "1.2.3.4", "255.255.255.255", "256.1.1.1", "01.2.3.4", "1.2.3.4.5");
#undef make
#define make(w, i) \
    ADD(w, "2026-11-%02uT09:%02u:%02u.%03uZ went", 1 + i % 28, i % 60, i * 7 % 60, i * 13 % 1000)
    WORLD;
    for (unsigned i = 0; i < 300; i++)
        make(w, i);
    ADD(w, "2026-02-30T09:00:00.000Z went");
    ADD(w, "2026-11-20T09:00:60.000Z went");
    ADD(w, "2026-11-20T09:00:00.000+01:00 went");
    ADD(w, "1969-12-31T23:59:59.000Z went");
    ADD(w, "2261-12-31T23:59:59.000Z went");
    round_trip(w);
    CHECK_INT(kind_of(w, 1), COLUMN_TIME);
    CHECK_INT(w->columns.columns[1].n_exceptions, 4);
#undef make
}

TEST(columns_times_of_access_logs)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    WORLD;
    for (unsigned i = 0; i < 400; i++)
        ADD(w, "192.0.2.%u - - [%02u/%s/2026:09:%02u:%02u +0100] \"GET /a HTTP/1.1\" 200 %u",
            i % 200, 1 + i / 12 % 28, months[i % 12], i % 60, i * 7 % 60, i * 13 % 1000);
    ADD(w, "192.0.2.7 - - [31/Jun/2026:09:00:00 +0100] \"GET /a HTTP/1.1\" 200 7");
    ADD(w, "192.0.2.7 - - [30/jun/2026:09:00:00 +0100] \"GET /a HTTP/1.1\" 200 7");
    ADD(w, "192.0.2.7 - - [30/Jun/2026:24:00:00 +0100] \"GET /a HTTP/1.1\" 200 7");
    ADD(w, "192.0.2.7 - - [29/Feb/2028:23:59:59 +0100] \"GET /a HTTP/1.1\" 200 7");
    round_trip(w);
    CHECK_INT(w->columns.columns[2].kind, COLUMN_TIME);
    CHECK_INT(w->columns.columns[2].form.separator, '/');
    CHECK_INT(w->columns.columns[2].n, 403);
    CHECK_INT(w->columns.columns[2].n_exceptions, 2);
}

TEST(columns_two_times_of_one_moment)
{
    WORLD;
    for (unsigned i = 0; i < 300; i++)
        ADD(w,
            "{\"ts\":\"2026-11-20T09:%02u:%02u.%06uZ\",\"at\":\"2026-11-20T09:%02u:%02u.%06uZ\"}",
            i / 60, i % 60, (unsigned)(mixed(i) % 1000000), i / 60, i % 60,
            (unsigned)(mixed(i) % 1000000));
    round_trip(w);
    CHECK_INT(w->columns.columns[1].kind, COLUMN_TIME);
    CHECK_INT(w->columns.columns[2].kind, COLUMN_SAME);
}

TEST(columns_odd_lines)
{
    WORLD;
    static char large[1 << 20];
    for (int i = 0; i < 3; i++) {
        add_line(w, (struct str){0});
        add_line(w, STR("\n"));
        add_line(w, STR("\n\n1\n"));
        add_line(w, STR("\0\0\xff 1"));
        add_line(w, STR("="));
        add_line(w, STR("\"\"\"\\"));
        add_line(w, STR("-1 -.1 .1. --1 1- 1."));
        add_line(w, STR("/ // /a /1 a/b http://a.b/c?d=1&e=\"f\" \"unended 1"));
        memset(large, '[', sizeof large);
        add_line(w, str_of(large, sizeof large));
        memset(large, '7', sizeof large);
        add_line(w, str_of(large, sizeof large));
        for (size_t k = 0; k < sizeof large; k++)
            large[k] = "1 "[k % 2];
        add_line(w, str_of(large, sizeof large / 16));
    }
    round_trip(w);
}

TEST(columns_only_empty_lines)
{
    WORLD;
    for (int i = 0; i < 300; i++)
        add_line(w, (struct str){0});
    CHECK(!encode(w));
    ADD(w, "1");
    ADD(w, "2");
    round_trip(w);
}

/* They would take twenty times their size. */
TEST(columns_hostile_lines_are_refused)
{
    static const char *const parts[] = {"\n", "1\n", "1 ", "=a", "/a "};
    for (size_t i = 0; i < countof(parts); i++) {
        WORLD;
        while (w->lines.len < 3 << 20)
            buf_add(&w->lines, str_from(parts[i]));
        w->lengths[w->n++] = (uint32_t)w->lines.len;
        CHECK(!encode(w));
        const struct shapes *shapes = &w->encoder.shapes;
        CHECK(shapes->values_capacity * sizeof *shapes->values +
                  shapes->segments_capacity * (sizeof *shapes->starts + sizeof *shapes->segments) <=
              2 * w->lines.len + (4 << 20));
    }
}

TEST(columns_what_has_no_columns_is_refused)
{
    WORLD;
    uint64_t state = 1;
    for (int i = 0; i < 5000; i++) {
        char line[64];
        for (size_t k = 0; k < sizeof line; k++)
            line[k] = (char)(state = mixed(state));
        add_line(w, str_of(line, sizeof line));
    }
    CHECK(!encode(w));
    CHECK_INT(w->out.len, 0);
}

static unsigned below(unsigned n)
{
    return (unsigned)rand() % n;
}

static int print_random_line(char *to, size_t room)
{
    unsigned a = below(100000), b = below(16);
    switch (below(6)) {
    case 0:
        return snprintf(to, room,
                        "{\"level\":%u,\"time\":17951665%05u,\"id\":\"%08x\",\"msg\":\"job %u\"}",
                        b, a, (unsigned)rand(), b);
    case 1:
        return snprintf(to, room,
                        "192.0.2.%u - - [20/Nov/2026:09:22:%02u +0000] \"GET /a/%u\" 200 %u", b,
                        a % 60, b, a);
    case 2:
        return snprintf(to, room,
                        "2026-11-20 09:22:%02u,%03u [worker-%u] INFO  c.e.Thing:%u - done", a % 60,
                        a % 1000, b, a % 50);
    case 3:
        return snprintf(to, room,
                        "Nov 20 09:22:%02u host app[%u]: level=info user=u%u took=%u.%03us", a % 60,
                        b, b, b, a % 1000);
    case 4:
        return snprintf(to, room, "Traceback:\n  at f%u (a.js:%u:%u)\n  at g (b.js:%u:1)", b, a, b,
                        b);
    default:
        return snprintf(to, room, "plain words without a number");
    }
}

/* Lines of many kinds, that are changed here and there. */
static void put_random_lines(struct world *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char line[512];
        int len = print_random_line(line, sizeof line);
        while (below(8) == 0)
            line[below((unsigned)len)] = (char)rand();
        add_line(w, str_of(line, (size_t)len));
    }
}

TEST(columns_random_lines_come_back)
{
    for (unsigned seed = 1; seed < 60; seed++) {
        WORLD;
        srand(seed);
        put_random_lines(w, 1 + (size_t)rand() % 3000);
        if (encode(w))
            round_trip(w);
        else
            CHECK(w->n < 100);
    }
}

TEST(columns_chosen_rows)
{
    WORLD;
    struct err err;
    srand(5);
    put_random_lines(w, 5000);
    for (int round = 0; round < 20; round++) {
        REQUIRE(encode(w));
        REQUIRE_OK(open_columns(w, buf_str(&w->out), &err));
        struct columns_cursor cursor;
        columns_begin(&cursor, &w->columns);
        size_t at = 0;
        for (size_t row = 0; row < w->n; row++) {
            size_t skipped = min_of((size_t)rand() % 200, w->n - row);
            columns_skip(&cursor, skipped);
            for (; skipped; skipped--)
                at += w->lengths[row++];
            if (row == w->n)
                break;
            char line[1024];
            const char *end = columns_next(&cursor, line, line + sizeof line);
            REQUIRE(end != NULL);
            CHECK(str_equal(str_of(line, (size_t)(end - line)),
                            str_of(w->lines.ptr + at, w->lengths[row])));
            at += w->lengths[row];
        }
    }
}

TEST(columns_only_what_is_asked_for_is_unpacked)
{
    WORLD;
    struct err err;
    struct columns_cursor cursor;
    for (int i = 0; i < 100; i++)
        ADD(w, i % 2 ? "job %d done" : "user=%d left", i);
    REQUIRE(encode(w));
    REQUIRE_OK(open_columns(w, buf_str(&w->out), &err));
    columns_begin(&cursor, &w->columns);
    char line[64];
    CHECK(columns_next(&cursor, line, line + sizeof line) != NULL);
    CHECK(w->columns.columns[1].is_loaded && !w->columns.columns[2].is_loaded);
    CHECK(columns_next(&cursor, line, line + 3) == NULL);
}

TEST(columns_damaged_bytes_are_refused)
{
    WORLD;
    struct err err;
    srand(3);
    put_random_lines(w, 400);
    REQUIRE(encode(w));
    char *back = mem_alloc_raw(w->lines.len);
    uint32_t *lengths = mem_array(uint32_t, w->n);
    for (size_t i = 0; i < w->out.len; i++) {
        w->out.ptr[i] ^= (char)(1 << i % 8);
        if (open_columns(w, buf_str(&w->out), &err))
            columns_lines(&w->columns, back, w->lines.len, lengths, &err);
        w->out.ptr[i] ^= (char)(1 << i % 8);
        CHECK(!open_columns(w, str_of(w->out.ptr, i), &err) && err.code == ERR_CORRUPT);
    }
    mem_free(&back), mem_free(&lengths);
}

/* A map that was written by hand. */
static bool open_map(struct world *w, struct stream_writer *s, uint64_t line_bytes)
{
    struct err err;
    buf_reset(&w->out);
    REQUIRE(stream_writer_finish(s, &w->out, &err));
    arena_reset(&w->arena);
    return columns_open(&w->columns, buf_str(&w->out), 1, line_bytes, &w->packer, &w->arena, &err);
}

TEST(columns_a_dictionary_of_dictionaries_is_refused)
{
    WORLD;
    enum { LEVELS = 500000 }; /* more than there is stack for */
    defer(stream_writer_free) struct stream_writer s = {
        .packer = &w->packer, .level = 3, .better_level = 3};
    static const uint8_t head[] = {1, 1, 0, 0,
                                   1}; /* a row, a segment, no shape, no text, a column */
    for (size_t i = 0; i < countof(head); i++)
        put_u8(&s.map, head[i]);
    stream_put(&s, STREAM_INDEX, str_of("", 1));
    for (size_t i = 0; i < LEVELS; i++) {
        put_u8(&s.map, COLUMN_DICT);
        put_varint(&s.map, 1);
    }
    CHECK(!open_map(w, &s, 4 << 20));
}

TEST(columns_a_segment_of_nothing_is_refused)
{
    for (unsigned is_last = 0; is_last < 2; is_last++) {
        WORLD;
        defer(stream_writer_free) struct stream_writer s = {
            .packer = &w->packer, .level = 3, .better_level = 3};
        static const uint8_t head[] = {1, 1,
                                       1}; /* a row, a segment, a shape without slots and text */
        for (size_t i = 0; i < countof(head); i++)
            put_u8(&s.map, head[i]);
        put_varint(&s.map, is_last);
        put_varint(&s.map, 0);
        put_varint(&s.map, 0);
        stream_put(&s, STREAM_INDEX, str_of("\2", 1));
        put_varint(&s.map, 1); /* column 0, of which nothing is said */
        CHECK(open_map(w, &s, 0) == (is_last == 1));
    }
}

/* In units of processor time, so that it does not count what else the machine does. */
static clock_t time_of_encoding(const char *prefix, const char *word)
{
    WORLD;
    for (unsigned i = 0; i < 20000; i++)
        ADD(w, "a \"%s%08x\" b", prefix, (unsigned)mixed(i / 2 * 3 % 10007));
    for (unsigned i = 0; i < 8000; i++)
        ADD(w, "%s%c%c%c 1 and more", word, 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26);
    clock_t from = clock();
    encode(w);
    return clock() - from;
}

TEST(columns_lines_that_are_made_to_be_slow)
{
    /* Values whose hashes are the same, and shapes that have nothing in common. */
    clock_t usual = time_of_encoding("usually ", "n=");
    CHECK(time_of_encoding("\x15\x7c\x4a\x7f\xb9\x79\x37\x9e", "xyz") < 20 * usual);
}
