/* formats/block/columns_join: rows of other blocks, and lines, come out as they went in. */
#include "formats/block/columns_join.h"

#include "base/mem.h"
#include "tests/test.h"

#include <stdlib.h>

enum { SOURCES = 4, ROWS_MAX = 3000 };

/* A block that rows are taken from: with columns, or plain if it has no source. */
struct origin {
    struct buf lines, bytes;
    uint32_t lengths[ROWS_MAX], starts[ROWS_MAX];
    size_t n;
    struct columns columns;
    struct columns_source source;
    bool has_columns;
};

struct join {
    struct origin origins[SOURCES];
    struct columns_encoder encoder;
    struct columns_join joiner;
    struct packer packer;
    struct arena arena;
    struct buf expected, out;
    uint32_t lengths[SOURCES * ROWS_MAX];
    size_t n;
};

static void free_join(struct join **j)
{
    for (size_t i = 0; i < SOURCES; i++)
        buf_free(&(*j)->origins[i].lines), buf_free(&(*j)->origins[i].bytes);
    columns_encoder_free(&(*j)->encoder);
    columns_join_free(&(*j)->joiner);
    packer_free(&(*j)->packer);
    arena_free(&(*j)->arena);
    buf_free(&(*j)->expected), buf_free(&(*j)->out);
    mem_free(j);
}

#define JOIN defer(free_join) struct join *j = mem_new(struct join)

static void add_line(struct origin *o, struct str line)
{
    o->starts[o->n] = (uint32_t)o->lines.len;
    o->lengths[o->n++] = (uint32_t)line.len;
    buf_add(&o->lines, line);
}

static void make_source(struct join *j, struct origin *o)
{
    struct err err;
    o->has_columns =
        columns_encode(&j->encoder, &j->packer, 3, buf_str(&o->lines), o->lengths, o->n, &o->bytes);
    if (!o->has_columns)
        return;
    REQUIRE_OK(columns_open(&o->columns, buf_str(&o->bytes), o->n, o->lines.len, &j->packer,
                            &j->arena, &err));
    REQUIRE_OK(columns_source_open(&o->source, &o->columns, &j->arena, &err));
}

struct pick {
    size_t origin, row;
};

/* What has to come out: the rows that were picked, in that order. */
static void expect(struct join *j, const struct pick *picks, const uint32_t *order, size_t n)
{
    buf_reset(&j->expected);
    for (size_t i = 0; i < n; i++) {
        const struct pick *pick = &picks[order[i]];
        const struct origin *o = &j->origins[pick->origin];
        j->lengths[i] = o->lengths[pick->row];
        buf_add(&j->expected, str_of(o->lines.ptr + o->starts[pick->row], j->lengths[i]));
    }
}

static void join_picks(struct join *j, const struct pick *picks, size_t n)
{
    columns_join_begin(&j->joiner, j->expected.len + 100);
    for (size_t i = 0; i < SOURCES; i++)
        if (j->origins[i].has_columns)
            columns_source_reset(&j->origins[i].source);
    for (size_t i = 0; i < n; i++) {
        struct origin *o = &j->origins[picks[i].origin];
        struct str line = str_of(o->lines.ptr + o->starts[picks[i].row], o->lengths[picks[i].row]);
        uint32_t length = (uint32_t)line.len;
        REQUIRE(o->has_columns ? columns_join_row(&j->joiner, &o->source, picks[i].row, &length)
                               : columns_join_line(&j->joiner, line));
        CHECK_INT(length, line.len);
    }
    CHECK_INT(j->joiner.bytes, j->expected.len);
}

/* Joins the rows that were picked, and compares what comes out, in any order that they are put into. */
static void check_join(struct join *j, const struct pick *picks, size_t n)
{
    struct err err;
    struct columns columns;
    defer(buf_free) struct buf printed = {0};
    uint32_t *order = mem_array(uint32_t, n);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    bool is_other = rand() % 2;
    for (size_t i = n - 1; i > 0 && is_other; i--) {
        size_t k = (size_t)rand() % (i + 1);
        uint32_t swap = order[i];
        order[i] = order[k];
        order[k] = swap;
    }
    buf_reset(&j->out);
    expect(j, picks, order, n);
    join_picks(j, picks, n);
    if (is_other)
        columns_join_order(&j->joiner, order, n);
    columns_join_print(&j->joiner, &printed);
    CHECK_STR(buf_str(&printed), buf_str(&j->expected));
    REQUIRE(columns_join_put(&j->joiner, &j->encoder, &j->packer, 3, n, &j->out));
    REQUIRE_OK(
        columns_open(&columns, buf_str(&j->out), n, j->expected.len, &j->packer, &j->arena, &err));
    char *back = mem_alloc_raw(j->expected.len + 1);
    uint32_t *lengths = mem_array(uint32_t, n);
    REQUIRE_OK(columns_lines(&columns, back, j->expected.len, lengths, &err));
    CHECK(memcmp(lengths, j->lengths, n * sizeof *lengths) == 0);
    CHECK(j->expected.len == 0 || memcmp(back, j->expected.ptr, j->expected.len) == 0);
    mem_free(&back), mem_free(&lengths), mem_free(&order);
}

static void put_line(struct origin *o, unsigned kind, unsigned i)
{
    char text[400];
    switch (kind) {
    case 0:
        snprintf(text, sizeof text, "job %u done in %u ms by worker-%u", rand() % 90000, i, i % 7);
        break;
    case 1:
        snprintf(
            text, sizeof text,
            "{\"level\":\"%s\",\"time\":\"2026-11-20T09:%02u:%02u.%03uZ\",\"id\":\"%08x%08x\"}",
            i % 3 ? "info" : "warn", i / 60 % 60, i % 60, rand() % 1000, rand(), rand());
        break;
    case 2:
        snprintf(text, sizeof text,
                 "192.0.2.%u - - [20/Nov/2026:09:%02u:%02u +0100] \"GET /%u\" %u", rand() % 200,
                 i / 60 % 60, i % 60, rand() % 50, rand() % 3 ? 200 : 404);
        break;
    case 3:
        snprintf(text, sizeof text, "Error: x %u\n    at f (a.js:%u)\n    at g (b.js:2)", i, i % 5);
        break;
    case 4:
        snprintf(text, sizeof text, "%s", i % 2 ? "" : "the same");
        break;
    default:
        snprintf(text, sizeof text, "%x%x like %x no other%x", rand(), rand(), rand(), rand());
        break;
    }
    add_line(o, str_from(text));
}

static void fill(struct origin *o, size_t n, unsigned kinds)
{
    for (unsigned i = 0; i < n; i++)
        put_line(o, (unsigned)rand() % kinds, i);
}

TEST(columns_join_random_rows)
{
    for (unsigned seed = 1; seed < 25; seed++) {
        JOIN;
        srand(seed);
        for (size_t i = 0; i < SOURCES; i++) {
            fill(&j->origins[i], 1 + (size_t)rand() % 800, 1 + (unsigned)rand() % 6);
            make_source(j, &j->origins[i]);
        }
        for (int round = 0; round < 3; round++) {
            struct pick picks[1000];
            size_t n = 1 + (size_t)rand() % countof(picks);
            for (size_t i = 0; i < n; i++) {
                picks[i].origin = (size_t)rand() % SOURCES;
                picks[i].row = (size_t)rand() % j->origins[picks[i].origin].n;
            }
            check_join(j, picks, n);
        }
    }
}

TEST(columns_join_keeps_shapes_and_columns)
{
    JOIN;
    struct err err;
    struct pick picks[SOURCES * 300];
    for (size_t i = 0; i < SOURCES; i++) {
        for (unsigned k = 0; k < 300; k++) {
            put_line(&j->origins[i], k % 3, k);
            picks[i * 300 + k] = (struct pick){i, k};
        }
        make_source(j, &j->origins[i]);
        REQUIRE(j->origins[i].has_columns);
    }
    check_join(j, picks, countof(picks));
    CHECK_INT(j->joiner.shapes.n_missed, 0);
    struct columns columns;
    REQUIRE_OK(columns_open(&columns, buf_str(&j->out), countof(picks), j->expected.len, &j->packer,
                            &j->arena, &err));
    CHECK_INT(columns.n_shapes, j->origins[0].columns.n_shapes);
    CHECK_INT(columns.n_columns, j->origins[0].columns.n_columns);
}

TEST(columns_join_nothing_is_refused)
{
    JOIN;
    struct pick picks[SOURCES * ROWS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < SOURCES; i++) {
        for (unsigned k = 0; k < ROWS_MAX; k++) { /* blanks and newlines: more segments than fit */
            add_line(&j->origins[i],
                     k % 7 ? STR("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n")
                           : STR(""));
            picks[n++] = (struct pick){i, k};
        }
        make_source(j, &j->origins[i]);
    }
    check_join(j, picks, n);
    CHECK(j->joiner.shapes.is_full);
}

TEST(columns_join_more_than_it_said_is_refused)
{
    JOIN;
    fill(&j->origins[0], 500, 3);
    make_source(j, &j->origins[0]);
    columns_join_begin(&j->joiner, 300);
    size_t row = 0;
    uint32_t length;
    while (row < 500 && columns_join_row(&j->joiner, &j->origins[0].source, row, &length))
        row++;
    CHECK(row >= 1 && row < 10);
    CHECK(!columns_join_line(&j->joiner, STR("a line that is longer than what there is room for: "
                                             "a line that is longer than what there is room for: "
                                             "a line that is longer than what there is room for: "
                                             "a line that is longer than what there is room for: "
                                             "a line that is longer than what there is room for: "
                                             "a line that is longer than what there is room for")));
}
