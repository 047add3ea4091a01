/* Invariant numbers are those of formats/block/columns_find.h, if no other file is named. */
#include "formats/block/columns_find.h"

#include "base/literal.h"
#include "base/mem.h"
#include "formats/block/chunk.h"
#include "tests/test.h"
#include "tests/unit/made_helper.h"

#include <ctype.h>

enum { NEEDLE = 64 };

struct opened_made {
    struct made made;
    struct arena arena;
    struct packer packer;
    struct chunk chunk;
    struct columns columns;
};

static void free_opened(struct opened_made *o)
{
    free_made(&o->made);
    arena_free(&o->arena);
    packer_free(&o->packer);
}

static bool open_made(struct opened_made *o)
{
    struct err err;
    REQUIRE_OK(chunk_open(&o->chunk, buf_str(&o->made.bytes), &o->packer, &o->arena, &err));
    if (o->chunk.block.header.encoding != BLOCK_COLUMNS)
        return false;
    REQUIRE_OK(chunk_read_rows(&o->chunk, &o->arena, &err));
    REQUIRE_OK(block_open_lines(&o->chunk.block, &o->columns, &o->arena, &err));
    return true;
}

static bool is_in(struct str line, struct str needle, bool ignore_case)
{
    struct literal literal;
    literal_init(&literal, needle, ignore_case);
    bool found = literal_find(&literal, line, 0) != SIZE_MAX;
    literal_free(&literal);
    return found;
}

/* Each row against its line. */
static void check_needle(struct opened_made *o, struct str needle, bool ignore_case, size_t *maybe)
{
    struct err err;
    struct made *m = &o->made;
    uint8_t *rows = arena_array(&o->arena, uint8_t, m->n);
    const struct sieve_needle asked = {needle, ignore_case};
    REQUIRE_OK(columns_find(&o->columns, &asked, &o->arena, rows, &err));
    for (size_t i = 0; i < m->n; i++) {
        bool is_there = is_in(m->lines[i], needle, ignore_case);
        *maybe += rows[i] == ROW_MAYBE;
        if (rows[i] == (is_there ? ROW_NO : ROW_HAS))
            test_fail(__FILE__, __LINE__, "'%.*s' of '%.*s': %d", STR_ARG(needle),
                      STR_ARG(m->lines[i]), rows[i]);
    }
}

static void check_piece(struct opened_made *o, struct str line, size_t from, size_t len)
{
    char text[MADE_LINES];
    size_t maybe = 0;
    bool ignore_case = made_below(3) == 0;
    struct str needle = str_slice(line, from, min_of(len, sizeof text));
    memcpy(text, needle.ptr, needle.len);
    for (size_t i = 0; ignore_case && i < needle.len; i++)
        text[i] = (char)(made_below(2) ? toupper(text[i]) : text[i]);
    if (made_below(4) == 0)
        text[made_below(needle.len)] = MADE_ANY " -:"[made_below(sizeof MADE_ANY + 2)];
    needle.ptr = text;
    if (can_find_needle(&(struct sieve_needle){needle, ignore_case}))
        check_needle(o, needle, ignore_case, &maybe);
}

TEST_SLOW(columns_find_is_what_the_lines_say, 60) /* 1 */
{
    size_t opened = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        defer(free_opened) struct opened_made o = {0};
        made_seed(seed);
        make_made_lines(&o.made, seed, seed, 1 + made_below(MADE_LINES));
        make_made_chunk(&o.made);
        if (!open_made(&o))
            continue;
        opened++;
        for (int i = 0; i < 300; i++) {
            struct str line = o.made.lines[made_below(o.made.n)];
            if (line.len)
                check_piece(&o, line, made_below(line.len), 1 + made_below(i % 2 ? 12 : 90));
        }
    }
    CHECK(opened > 20);
}

static void make_jobs(struct opened_made *o)
{
    struct made *m = &o->made;
    made_seed(5);
    for (m->n = 0; m->n < MADE_LINES; m->n++) {
        defer(buf_free) struct buf line = {0};
        buf_print(&line, "2026-11-19T09:%02u:%02u.%06uZ job %u took %u ms on worker-%u of ",
                  (unsigned)made_below(60), (unsigned)made_below(60), (unsigned)made_below(1000000),
                  (unsigned)m->n, (unsigned)made_below(900), (unsigned)made_below(9));
        put_made_hex(&line, 32, MADE_LOW);
        buf_add_byte(&line, ' ');
        put_made_uuid(&line, MADE_LOW);
        buf_print(&line, " path=/orders/%s", m->n % 2 ? "customers" : "suppliers");
        m->lines[m->n] = arena_copy(&m->arena, buf_str(&line));
    }
    make_made_chunk(m);
    REQUIRE(open_made(o));
}

TEST(columns_find_every_piece_of_a_line) /* 1, and that no row is ROW_MAYBE */
{
    size_t maybe = 0;
    defer(free_opened) struct opened_made o = {0};
    make_jobs(&o);
    for (size_t len = 1; len <= NEEDLE; len += 1 + len / 4) {
        struct str line = o.made.lines[made_below(o.made.n)];
        for (size_t from = 0; from + len <= line.len; from++)
            check_needle(&o, str_slice(line, from, len), made_below(2), &maybe);
    }
    CHECK_INT(maybe, 0);
}

/* A value of each kind that is not text, and what stands before some. */
static void put_kinds(struct buf *line)
{
    static const char *const months[] = {"Jan", "May", "Nov"};
    buf_print(line, "[%02u/%s/20%02u:%02u:%02u:%02u +0200] ", 1 + (unsigned)made_below(28),
              months[made_below(3)], 24 + (unsigned)made_below(3), (unsigned)made_below(24),
              (unsigned)made_below(60), (unsigned)made_below(60));
    buf_print(line, "at %02u:%02u:%02u,%03u from %u.%u.%u.%u took %u.%03u s ",
              (unsigned)made_below(24), (unsigned)made_below(60), (unsigned)made_below(60),
              (unsigned)made_below(1000), (unsigned)made_below(256), (unsigned)made_below(256),
              (unsigned)made_below(256), (unsigned)made_below(256), (unsigned)made_below(30),
              (unsigned)made_below(1000));
    buf_print(line, "n=%lld big=%llu pad=%05u job c%u left ", (long long)made_below(2000) - 1000,
              (unsigned long long)made_below(UINT64_C(1000000000000000)),
              (unsigned)made_below(100000), (unsigned)made_below(100000));
    buf_print(line, "0x%08x req-", (unsigned)made_below(UINT32_MAX));
    put_made_uuid(line, MADE_LOW);
}

TEST(columns_find_every_piece_of_every_kind) /* 1, and column_find.h, 1 */
{
    size_t maybe = 0;
    defer(free_opened) struct opened_made o = {0};
    struct made *m = &o.made;
    made_seed(3);
    for (m->n = 0; m->n < MADE_LINES; m->n++) {
        defer(buf_free) struct buf line = {0};
        put_kinds(&line);
        m->lines[m->n] = arena_copy(&m->arena, buf_str(&line));
    }
    make_made_chunk(m);
    REQUIRE(open_made(&o));
    for (size_t len = 1; len <= 24; len += 1 + len / 6) {
        struct str line = o.made.lines[made_below(o.made.n)];
        for (size_t from = 0; from + len <= line.len; from++) {
            char changed[24];
            memcpy(changed, line.ptr + from, len);
            changed[made_below(len)] = "0123456789af:"[made_below(13)];
            check_needle(&o, str_slice(line, from, len), made_below(2), &maybe);
            check_needle(&o, str_of(changed, len), made_below(2), &maybe);
        }
    }
    CHECK_INT(maybe, 0);
}

TEST(columns_find_a_long_needle_by_its_front) /* 2, 4 */
{
    size_t maybe = 0;
    defer(free_opened) struct opened_made o = {0};
    make_jobs(&o);
    check_needle(&o, str_slice(o.made.lines[7], 3, NEEDLE + 1), false, &maybe);
    CHECK_INT(maybe, 1);
    CHECK(!can_find_needle(&(struct sieve_needle){STR(""), false}));
    CHECK(!can_find_needle(&(struct sieve_needle){STR("a\nb"), false}));
}

TEST(columns_find_loads_what_it_looks_at) /* 3 */
{
    size_t maybe = 0, loaded = 0;
    defer(free_opened) struct opened_made o = {0};
    make_jobs(&o);
    check_needle(&o, STR("xyz"), false, &maybe);
    check_needle(&o, STR(" took "), false, &maybe);
    for (size_t i = 0; i < o.columns.n_columns; i++)
        loaded += o.columns.columns[i].is_loaded;
    CHECK_INT(loaded, 0);
}

TEST(block_lines_that_are_picked_are_those_of_the_rows)
{
    struct err err;
    for (uint64_t seed = 0; seed < 20; seed++) {
        defer(free_opened) struct opened_made o = {0};
        made_seed(seed);
        make_made_lines(&o.made, seed, seed, 1 + made_below(MADE_LINES));
        make_made_chunk(&o.made);
        if (!open_made(&o))
            continue;
        uint8_t *wanted = arena_array(&o.arena, uint8_t, o.made.n);
        for (size_t i = 0; i < o.made.n; i++)
            wanted[i] = made_below(1 + seed) == 0;
        REQUIRE_OK(block_pick_lines(&o.chunk.block, &o.columns, wanted, &o.arena, &err));
        for (size_t i = 0; i < o.made.n; i++)
            CHECK_STR(o.chunk.block.records[i].line, wanted[i] ? o.made.lines[i] : STR(""));
    }
}

TEST(columns_find_numbers_beside_long_values_that_are_none) /* 1 */
{
    size_t maybe = 0;
    defer(free_opened) struct opened_made o = {0};
    struct made *m = &o.made;
    made_seed(9);
    for (m->n = 0; m->n < MADE_LINES; m->n++) {
        defer(buf_free) struct buf line = {0};
        buf_print(&line, "2026-11-19T09:00:%02u.%06uZ job took=", (unsigned)m->n % 60,
                  (unsigned)made_below(1000000));
        buf_print(&line, "%u", 100000 + (unsigned)made_below(1000000));
        for (int i = 0; i < 400 && m->n / 4 == 18; i++)
            buf_print(&line, "0123456789");
        buf_print(&line, " is done");
        m->lines[m->n] = arena_copy(&m->arena, buf_str(&line));
    }
    make_made_chunk(m);
    REQUIRE(open_made(&o));
    for (size_t i = 0; i < m->n; i++)
        check_needle(&o, str_slice(m->lines[i], 37, 1 + made_below(5)), false, &maybe);
    CHECK_INT(maybe, 0);
}

TEST(columns_find_bears_any_map)
{
    struct err err;
    struct opened_made o = {0};
    size_t asked = 0;
    make_jobs(&o);
    const struct block_header h = o.chunk.block.header;
    size_t at = h.length - h.lines_stored;
    for (int i = 0; i < 4000; i++) {
        defer(arena_free) struct arena arena = {0};
        defer(buf_free) struct buf bytes = {0};
        struct block block = o.chunk.block;
        struct columns columns;
        buf_add(&bytes, buf_str(&o.made.bytes));
        bytes.ptr[at + 8 + made_below(300)] ^= (char)(1 << made_below(8));
        block.bytes = buf_str(&bytes);
        block.records = arena_array(&arena, struct record, h.records);
        uint8_t *rows = arena_array(&arena, uint8_t, h.records);
        const char *const needles[] = {"12", "a7", "took", "worker-3 of 0", "ers"};
        const struct sieve_needle needle = {str_from(needles[i % 5]), i % 3 == 0};
        if (!block_open_lines(&block, &columns, &arena, &err) ||
            !columns_find(&columns, &needle, &arena, rows, &err))
            continue;
        asked++;
        if (!block_pick_lines(&block, &columns, rows, &arena, &err))
            CHECK_INT(err.code, ERR_CORRUPT);
    }
    CHECK(asked > 100);
    free_opened(&o);
}
