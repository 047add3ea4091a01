/*
 * The formats of docs/formats.md: our decoders against the second one (plain_decoder.h), on random
 * bytes and on the golden files of version 1, whose content is written out below.
 */
#include "base/journal.h"
#include "base/mem.h"
#include "formats/block/builder.h"
#include "tests/blocks.h"
#include "tests/test.h"
#include "tests/unit/plain_decoder.h"

static uint64_t seed = 1;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* ---- random blocks ---- */

static struct str random_bytes_of(struct arena *arena, size_t len)
{
    char *bytes = arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(draw(4) ? 'a' + draw(3) : draw(256));
    return str_of(bytes, len);
}

static struct labels random_labels(struct arena *arena, size_t n)
{
    struct err err;
    struct labels labels = {arena_array(arena, struct label, n), n};
    for (size_t i = 0; i < n; i++) {
        struct str name = arena_print(arena, "%zu", i);
        if (draw(2))
            name = arena_print(arena, "%c%zu", (int)('a' + draw(26)), i);
        labels.items[i] = (struct label){name, random_bytes_of(arena, draw(30))};
    }
    REQUIRE_OK(labels_sort(&labels, &err));
    return labels;
}

static int64_t random_time(void)
{
    int64_t base = INT64_C(1795166521000000000) * ((int64_t)draw(3) - 1);
    return base + ((int64_t)draw(2000) - 1000) * NS_PER_MS + (int64_t)draw(2000);
}

static struct record random_record(struct arena *arena, size_t streams)
{
    struct record r = {
        .order_ns = random_time(),
        .event_ns = random_time(),
        .stream = (uint32_t)draw(streams),
        .level = (uint8_t)draw(9),
        .id_kind = (uint8_t)(draw(3) ? 0 : draw(4)),
        .flags = (uint16_t)(draw(3) ? 0 : draw(64)),
        .line = random_bytes_of(arena, draw(20) ? draw(60) : draw(3000)),
    };
    if (r.flags & RECORD_GAP)
        r.flags &= (uint16_t) ~(RECORD_PART_FIRST | RECORD_PART_MIDDLE | RECORD_PART_LAST);
    if (r.id_kind)
        r.id = random_bytes_of(arena, 1 + draw(RECORD_ID_MAX));
    if (draw(5) == 0) {
        struct buf fields = {0};
        struct labels labels = random_labels(arena, draw(4));
        put_labels(&fields, &labels);
        r.fields = arena_copy(arena, buf_str(&fields));
        buf_free(&fields);
    }
    return r;
}

static void random_block(struct buf *out, size_t records)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    defer(block_builder_free) struct block_builder b = {0};
    size_t streams = 1 + draw(4);
    for (size_t i = 0; i < streams; i++) {
        struct labels labels = random_labels(&arena, draw(5)),
                      data = random_labels(&arena, draw(2));
        block_builder_stream(&b, &labels, &data, draw(2) ? random_time() : TIME_NONE);
    }
    for (uint64_t n = draw(3); n; n--) {
        uint64_t from = draw(1 << 20);
        block_builder_source(&b, &(struct block_source){.id = {draw(9), draw(9)},
                                                        .from = from,
                                                        .to = from + draw(1 << 20),
                                                        .hash = draw(1 << 30)});
    }
    for (size_t i = 0; i < records; i++) {
        struct record r = random_record(&arena, streams);
        REQUIRE(block_builder_add(&b, &r));
    }
    struct hash128 origin = {draw(1 << 30), draw(1 << 30)};
    REQUIRE_OK(block_builder_finish(&b, origin, 1 + draw(99), (uint8_t)draw(2), out, &err));
}

/* ---- comparing ---- */

static struct str canonical(struct arena *arena, const struct labels *labels)
{
    defer(buf_free) struct buf b = {.max = 1 << 20};
    put_labels(&b, labels);
    return arena_copy(arena, buf_str(&b));
}

static void compare_directories(const struct block *a, const struct plain_block *b,
                                struct arena *arena)
{
    REQUIRE(a->n_streams == b->streams_n && a->n_sources == b->sources_n);
    for (size_t i = 0; i < a->n_streams; i++) {
        const struct block_stream *s = &a->streams[i];
        const struct plain_stream *p = &b->streams[i];
        CHECK(hash128_equal(s->id, p->id));
        CHECK(str_equal(canonical(arena, &s->labels), p->labels));
        CHECK(str_equal(canonical(arena, &s->data), p->data));
        CHECK(s->previous_order_ns == (p->has_previous ? p->previous_ns : TIME_NONE));
    }
    for (size_t i = 0; i < a->n_sources; i++) {
        const struct block_source *s = &a->sources[i];
        const struct plain_source *p = &b->sources[i];
        CHECK(hash128_equal(s->id, p->id) && s->from == p->from && s->to == p->from + p->size &&
              s->hash == p->hash);
    }
}

static void compare_blocks(const struct block *a, const struct plain_block *b, struct arena *arena)
{
    const struct block_header *h = &a->header;
    CHECK(h->length == b->length && h->unit == b->unit && h->sequence == b->sequence);
    CHECK(hash128_equal(h->origin, b->origin));
    CHECK(h->line_bytes == b->line_bytes && h->line_hash == b->line_hash);
    CHECK(h->least_order_ns == b->least_order_ns && h->greatest_order_ns == b->greatest_order_ns);
    CHECK(h->least_event_ns == b->least_event_ns && h->greatest_event_ns == b->greatest_event_ns);
    REQUIRE(h->records == b->records_n);
    compare_directories(a, b, arena);
    for (size_t i = 0; i < h->records; i++) {
        const struct record *r = &a->records[i];
        const struct plain_record *p = &b->records[i];
        CHECK(r->order_ns == p->order_ns && r->event_ns == p->event_ns && r->stream == p->stream);
        CHECK(r->level == p->level && r->flags == p->flags && r->id_kind == p->id_kind);
        CHECK(str_equal(r->id, p->id) && str_equal(r->fields, p->fields));
        CHECK(str_equal(r->line, p->line));
    }
}

/* Both take it, and see the same, or both refuse it. */
static bool read_by_both(struct str bytes)
{
    struct err err;
    struct block block;
    struct plain_block plain;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    const char *broken = plain_block_read(bytes, &arena, &plain);
    bool good = block_verify(&block, bytes, &packer, &arena, &err);
    if (good != !broken)
        test_fail(__FILE__, __LINE__, "rule %s, but: %s", broken ? broken : "none",
                  good ? "taken" : err.text);
    else if (good)
        compare_blocks(&block, &plain, &arena);
    return good;
}

TEST(formats_blocks_are_read_the_same_by_a_second_decoder)
{
    for (int round = 0; round < 60; round++) {
        defer(buf_free) struct buf bytes = {0};
        random_block(&bytes, 1 + draw(200));
        CHECK(read_by_both(buf_str(&bytes)));
    }
    defer(buf_free) struct buf bytes = {0};
    make_block(&bytes, 1, 1, "api", 1, 5000);
    CHECK(read_by_both(buf_str(&bytes)));
}

/* ---- blocks that lie, under right checks ---- */

struct sections {
    struct buf part[3]; /* directory, columns, lines; unpacked */
    struct buf header;
    struct block_header before; /* as it was */
};

static void sections_free(struct sections *s)
{
    for (int i = 0; i < 3; i++)
        buf_free(&s->part[i]);
    buf_free(&s->header);
}

static void take_apart(struct str bytes, struct sections *s)
{
    struct err err;
    struct block_header h;
    defer(packer_free) struct packer packer = {0};
    REQUIRE_OK(block_peek(bytes, &h, &err));
    s->before = h;
    const size_t stored[] = {h.directory_stored, h.columns_stored, h.lines_stored};
    const size_t sizes[] = {h.directory_bytes, h.columns_bytes, (size_t)h.line_bytes};
    buf_add(&s->header, str_slice(bytes, 0, BLOCK_HEADER));
    for (size_t i = 0, at = BLOCK_HEADER; i < 3; at += stored[i++])
        REQUIRE_OK(
            zstd_unpack_buf(&packer, str_slice(bytes, at, stored[i]), sizes[i], &s->part[i], &err));
}

/* With the lengths and checks that it needs, so that what lies is the content. */
static void put_together(struct sections *s, struct buf *out)
{
    static const size_t stored_at[] = {88, 96, 104}, size_at[] = {92, 100, 40};
    struct err err;
    defer(packer_free) struct packer packer = {0};
    buf_add(out, buf_str(&s->header));
    for (int i = 0; i < 3; i++) {
        size_t before = out->len;
        REQUIRE_OK(zstd_pack(&packer, buf_str(&s->part[i]), 1, out, &err));
        put_u32_at(out, stored_at[i], (uint32_t)(out->len - before));
        put_u32_at(out, size_at[i], (uint32_t)s->part[i].len);
    }
    put_u32_at(out, 8, (uint32_t)out->len);
    block_restamp(out->ptr, out->len, s->before.origin, s->before.sequence);
}

static void change_bytes(struct buf *b)
{
    size_t at = b->len ? draw(b->len) : 0;
    switch (draw(4)) {
    case 0:
        buf_add_byte(b, (char)draw(256));
        break;
    case 1:
        b->len -= b->len > 0;
        break;
    case 2:
        if (b->len)
            b->ptr[at] = (char)draw(256);
        break;
    default:
        if (b->len)
            b->ptr[at] = (char)(b->ptr[at] + (draw(2) ? 1 : -1));
    }
}

TEST(formats_lying_blocks_are_judged_the_same_by_a_second_decoder)
{
    int taken = 0;
    for (int round = 0; round < 6000; round++) {
        defer(buf_free) struct buf bytes = {0}, changed = {0};
        defer(sections_free) struct sections s = {0};
        seed = (uint64_t)round + 1;
        random_block(&bytes, 1 + draw(4));
        take_apart(buf_str(&bytes), &s);
        size_t which = draw(8);
        if (which < 7)
            change_bytes(&s.part[which < 2 ? 0 : which < 6 ? 1 : 2]);
        put_together(&s, &changed);
        if (which == 7) {
            changed.ptr[draw(BLOCK_HEADER)] ^= (char)(1 << draw(8));
            struct hash128 origin = {1, 2};
            block_restamp(changed.ptr, changed.len, origin, draw(3));
        }
        taken += read_by_both(buf_str(&changed));
    }
    CHECK(taken > 100); /* labels, ids, hashes of sources */
}

/* n lists of 32 labels that take a hundred bytes, and a KiB when they are read. */
static void put_dense_labels(struct buf *b)
{
    put_varint(b, LABELS_MAX);
    for (int i = 0; i < LABELS_MAX; i++) {
        const char name = (char)('!' + i);
        put_str(b, str_of(&name, 1));
        put_str(b, STR(""));
    }
}

static void fill_with_labels(struct sections *s)
{
    enum { STREAMS = 16000, RECORDS = 40000 };
    struct buf *directory = &s->part[0], *columns = &s->part[1];
    put_varint(directory, STREAMS);
    for (int i = 0; i < STREAMS; i++) {
        put_dense_labels(directory);
        put_dense_labels(directory);
        put_u8(directory, 0);
    }
    put_varint(directory, 0);
    put_varint(columns, RECORDS);
    put_varint(columns, 0);
    for (int i = 0; i < 2 * RECORDS; i++)
        put_zigzag(columns, 0);
    for (int column = 0; column < 4; column++) { /* level, request id, flags, has fields */
        put_varint(columns, RECORDS);
        put_varint(columns, column == 3);
    }
    for (int i = 0; i < RECORDS; i++) {
        put_varint(columns, 1 + 3 * LABELS_MAX);
        put_dense_labels(columns);
    }
    for (int i = 0; i < RECORDS; i++)
        put_varint(columns, 0);
    put_u32_at(&s->header, 12, RECORDS);
    put_u64_at(&s->header, 48, RECORDS * hash64(STR("")));
}

TEST(formats_reading_a_block_takes_at_most_64_mib) /* formats/block/block.h */
{
    struct err err;
    struct block block;
    defer(buf_free) struct buf bytes = {0}, dense = {0};
    defer(sections_free) struct sections s = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    make_block(&bytes, 1, 1, "api", 1, 1);
    take_apart(buf_str(&bytes), &s);
    for (int i = 0; i < 3; i++)
        buf_reset(&s.part[i]);
    fill_with_labels(&s);
    put_together(&s, &dense);
    REQUIRE_OK(block_verify(&block, buf_str(&dense), &packer, &arena, &err));
    CHECK(block.n_streams == 16000 && arena.used < 64 << 20);
}

/* ---- journals ---- */

static struct file file_with(struct str bytes, const char *name)
{
    struct err err;
    struct file f = {0};
    defer(arena_free) struct arena arena = {0};
    const char *path = arena_print(&arena, "%s/%s", test_folder(), name).ptr;
    REQUIRE_OK(file_open(&f, path, FILE_OPEN_MAKE, &err));
    REQUIRE_OK(file_truncate(&f, 0, &err));
    REQUIRE_OK(file_write_at(&f, 0, bytes, &err));
    return f;
}

static void compare_journals(struct str bytes, const char *name)
{
    struct err err = {0};
    struct plain_journal plain;
    struct frame frame;
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file f = file_with(bytes, name);
    defer(journal_reader_free) struct journal_reader r = {0};
    bool good = plain_journal_read(bytes, &arena, &plain);
    REQUIRE(journal_reader_open(&r, &f, UINT64_MAX, &err) == good);
    if (!good)
        return;
    for (size_t i = 0; i < plain.frames_n; i++) {
        const struct plain_frame *p = &plain.frames[i];
        REQUIRE_OK(journal_next(&r, true, &frame, &err));
        CHECK(frame.kind == p->kind && frame.offset == p->offset && frame.time_ns == p->time_ns);
        CHECK(frame.durable == p->durable && str_equal(buf_str(&r.payload), p->payload));
    }
    CHECK(!journal_next(&r, true, &frame, &err) && err.code == ERR_NONE);
    CHECK_INT(r.health.journal_id, plain.id);
    CHECK_INT(r.health.end, plain.end);
    CHECK_INT(r.health.rotten_bytes, plain.rotten_bytes);
    CHECK_INT(r.health.rotten_parts, plain.rotten_parts);
}

static void random_journal(struct buf *out, int round)
{
    struct err err;
    struct frame frame;
    struct journal *j = NULL;
    defer(arena_free) struct arena arena = {0};
    const char *path = arena_print(&arena, "%s/written-%d", test_folder(), round).ptr;
    REQUIRE_OK(journal_create(&j, path, 1, STR("first"), 5, &err));
    for (int i = 0; i < 12; i++) {
        struct str payload = random_bytes_of(&arena, draw(200));
        REQUIRE_OK(
            journal_append(j, (uint8_t)(1 + draw(127)), payload, STR("end"), i, &frame, &err));
        if (draw(3) == 0)
            REQUIRE_OK(journal_sync(j, &err));
    }
    journal_close(&j, 99);
    REQUIRE_OK(file_load(path, 1 << 20, out, &err));
}

TEST(formats_journals_are_read_the_same_by_a_second_decoder)
{
    for (int round = 0; round < 10; round++) {
        defer(buf_free) struct buf bytes = {0};
        seed = (uint64_t)round + 1;
        random_journal(&bytes, round);
        compare_journals(buf_str(&bytes), "whole");
        for (int i = 0; i < 40; i++) {
            defer(buf_free) struct buf damaged = {0};
            buf_add(&damaged, buf_str(&bytes));
            for (uint64_t flips = draw(4); flips; flips--)
                damaged.ptr[draw(damaged.len)] ^= (char)(1 << draw(8));
            damaged.len -= draw(2) ? draw(damaged.len) : 0;
            compare_journals(buf_str(&damaged), "damaged");
        }
    }
}

/* A block whose lines are stored as columns of all kinds. */
static void block_of_columns(struct buf *out, size_t records)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    defer(block_builder_free) struct block_builder b = {0};
    struct labels labels = random_labels(&arena, 2);
    block_builder_stream(&b, &labels, &labels, TIME_NONE);
    for (size_t i = 0; i < records; i++) {
        struct record r = {.order_ns = (int64_t)i, .event_ns = (int64_t)i};
        unsigned a = (unsigned)draw(1 << 30), n = (unsigned)i;
        const char *odd = draw(20) ? "" : "x";
        switch (draw(4)) {
        case 0:
            r.line = arena_print(
                &arena, "2026-11-%02uT09:%02u:%02u.%03uZ job %d took %u.%02u ms%s on 10.0.%u.%u",
                1 + n % 28, a % 60, n % 60, a % 1000, (int)(a % 4000) - 2000, a % 90, a % 100, odd,
                a % 256, n % 256);
            break;
        case 1:
            r.line = arena_print(
                &arena, "id=%08x%08x%s req-%08x-1234-4abc-8def-%012x user=u%u at 09:%02u:%02u",
                a * 2654435761u, n * 2654435761u, odd, a * 40503u, n, a % 9000, n / 60 % 60,
                n % 60);
            break;
        case 2:
            r.line = arena_print(&arena, "Error: %u%s\n    at f (a.js:%u)\n    at g (b.js:%02u)",
                                 a % 7, odd, n, a % 60);
            break;
        default:
            r.line = random_bytes_of(&arena, draw(60));
        }
        REQUIRE(block_builder_add(&b, &r));
    }
    REQUIRE_OK(block_builder_finish(&b, (struct hash128){1, 2}, 1, 1, out, &err));
}

TEST(formats_columns_are_read_the_same_by_a_second_decoder)
{
    for (int round = 0; round < 6; round++) {
        defer(buf_free) struct buf bytes = {.max = BLOCK_MAX};
        block_of_columns(&bytes, 4500 + draw(20000));
        CHECK_INT(bytes.ptr[5], BLOCK_COLUMNS);
        CHECK(read_by_both(buf_str(&bytes)));
    }
}

/* A bit here and there, under right checks: refused, or read with other lines, which the hash tells. */
TEST(formats_damaged_columns_are_refused)
{
    struct err err;
    defer(buf_free) struct buf bytes = {.max = BLOCK_MAX};
    block_of_columns(&bytes, 4500);
    for (int round = 0; round < 300; round++) {
        struct block block;
        defer(arena_free) struct arena arena = {0};
        defer(packer_free) struct packer packer = {0};
        size_t at = bytes.len / 2 + draw(bytes.len / 2);
        char bit = (char)(1 << draw(8));
        bytes.ptr[at] ^= bit;
        block_restamp(bytes.ptr, bytes.len, (struct hash128){1, 2}, 1);
        CHECK(!block_verify(&block, buf_str(&bytes), &packer, &arena, &err) &&
              err.code == ERR_CORRUPT);
        bytes.ptr[at] ^= bit;
    }
}

/* ---- the golden files of version 1 ---- */

#define T INT64_C(1795166521000000000)

static const struct golden_record {
    int64_t order_ns, event_ns;
    unsigned stream, level, id_kind, flags;
    struct str id, fields, line;
} golden[] = {
    {T + 1000, T + 1000, 0, 3, 0, 0, STR_INIT(""), STR_INIT(""), STR_INIT("ready")},
    {T + 1000, T - 2000000000, 0, 6, 1, 32, STR_INIT("4bf92f3577b34da6"), STR_INIT(""),
     STR_INIT("failed: out of memory")},
    {T + 1000000000, T + 1000000000, 1, 0, 0, 1, STR_INIT(""), STR_INIT(""), STR_INIT("\0\xff\r")},
    {T + 1000000000, T + 1000000000, 1, 0, 0, 4 + 16, STR_INIT(""), STR_INIT(""), STR_INIT("")},
    {T - 100000000000, T - 100000000000, 1, 0, 0, 8, STR_INIT(""),
     STR_INIT("\2\5bytes\00217\6reason\7deleted"), STR_INIT("17 bytes are missing here: deleted")},
    {-1000, -1000, 0, 8, 2, 0, STR_INIT("4bf92f3577b34da6"), STR_INIT(""), STR_INIT("before 1970")},
};

static void load_golden(const char *name, struct buf *bytes)
{
    struct err err;
    defer(arena_free) struct arena arena = {0};
    REQUIRE_OK(
        file_load(arena_print(&arena, "tests/cases/golden/%s", name).ptr, 1 << 20, bytes, &err));
}

static void check_golden_streams(const struct plain_block *b)
{
    char text[HASH128_TEXT];
    REQUIRE(b->streams_n == 2 && b->sources_n == 1);
    CHECK_STR(b->streams[0].labels, STR("\2\4host\1b\7service\1a"));
    CHECK_STR(b->streams[0].data, STR("\1\5image\5api:1"));
    CHECK(!b->streams[0].has_previous);
    hash128_text(b->streams[0].id, text);
    CHECK_STR(str_from(text), STR("6625a2b825c17f7d68d30b47c6587992"));
    CHECK_STR(b->streams[1].labels, STR("\2\4file\016/var/log/x.log\4host\1b"));
    CHECK_STR(b->streams[1].data, STR("\0"));
    CHECK(b->streams[1].has_previous && b->streams[1].previous_ns == T - 1);
    hash128_text(b->sources[0].id, text);
    CHECK_STR(str_from(text), STR("2f2e2d2c2b2a29282726252423222120"));
    CHECK(b->sources[0].from == 1000 && b->sources[0].size == 234);
    CHECK(b->sources[0].hash == 0x3736353433323130);
}

TEST(formats_golden_block_of_version_1)
{
    char text[HASH128_TEXT];
    struct plain_block b;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf bytes = {0};
    load_golden("block-1", &bytes);
    CHECK(read_by_both(buf_str(&bytes)));
    REQUIRE(!plain_block_read(buf_str(&bytes), &arena, &b));
    hash128_text(b.origin, text);
    CHECK_STR(str_from(text), STR("1f1e1d1c1b1a19181716151413121110"));
    CHECK(b.unit == 1 && b.sequence == 7 && b.line_bytes == 74);
    CHECK(b.least_order_ns == -1000 && b.greatest_order_ns == T + NS_PER_S);
    CHECK(b.least_event_ns == -1000 && b.greatest_event_ns == T + NS_PER_S);
    check_golden_streams(&b);
    REQUIRE(b.records_n == countof(golden));
    for (size_t i = 0; i < countof(golden); i++) {
        const struct golden_record *g = &golden[i];
        const struct plain_record *r = &b.records[i];
        CHECK(r->order_ns == g->order_ns && r->event_ns == g->event_ns && r->stream == g->stream);
        CHECK(r->level == g->level && r->id_kind == g->id_kind && r->flags == g->flags);
        CHECK_STR(r->id, g->id);
        CHECK_STR(r->fields, g->fields);
        CHECK_STR(r->line, g->line);
    }
}

TEST(formats_golden_journal_of_version_1)
{
    static const struct {
        unsigned kind;
        uint64_t offset, durable;
    } frames[] = {{1, 0, 0}, {2, 71, 71}, {2, 575, 71}, {4, 640, 640}};
    struct plain_journal j;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf bytes = {0}, block = {0};
    load_golden("journal-1", &bytes);
    load_golden("block-1", &block);
    compare_journals(buf_str(&bytes), "golden");
    REQUIRE(plain_journal_read(buf_str(&bytes), &arena, &j));
    CHECK(j.end == bytes.len && j.end == 752 && j.rotten_parts == 0); /* with a mark at the end */
    REQUIRE(j.frames_n == countof(frames));
    for (size_t i = 0; i < countof(frames); i++) {
        CHECK_INT(j.frames[i].kind, frames[i].kind);
        CHECK_INT(j.frames[i].offset, frames[i].offset);
        CHECK_INT(j.frames[i].durable, frames[i].durable);
        CHECK_INT(j.frames[i].time_ns, T + (int64_t)i);
    }
    CHECK_STR(j.frames[0].payload, STR("the first frame"));
    CHECK(str_equal(j.frames[1].payload, buf_str(&block)));
    CHECK_STR(j.frames[2].payload, STR("two parts"));
    CHECK_STR(j.frames[3].payload, STR(""));
}

/* Lines that end at a byte 1e, with every kind of column, and the columns that were made of them. */
TEST(formats_golden_columns_of_version_1)
{
    enum { ROWS = 295 };
    struct err err;
    struct columns columns;
    struct str expected[ROWS], found[ROWS], rest;
    uint32_t lengths[ROWS];
    bool kinds[COLUMN_KINDS] = {0}, has_varying_hex = false, has_months = false;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf lines = {0}, bytes = {0}, all = {0};
    load_golden("columns-1.lines", &lines);
    load_golden("columns-1", &bytes);
    rest = buf_str(&lines);
    for (size_t i = 0; i < ROWS; i++) {
        if (!take_until(&rest, 0x1e, &expected[i]))
            expected[i] = rest, rest = STR("");
        buf_add(&all, expected[i]);
    }
    CHECK_INT(rest.len, 0);
    REQUIRE(plain_columns_read(buf_str(&bytes), ROWS, all.len, &arena, found));
    for (size_t i = 0; i < ROWS; i++)
        CHECK_STR(found[i], expected[i]);
    REQUIRE_OK(columns_open(&columns, buf_str(&bytes), ROWS, all.len, &packer, &arena, &err));
    char *back = arena_alloc(&arena, all.len);
    REQUIRE_OK(columns_lines(&columns, back, all.len, lengths, &err));
    CHECK(str_equal(str_of(back, all.len), buf_str(&all)));
    for (size_t i = 0; i < columns.n_columns; i++) {
        const struct column *c = &columns.columns[i];
        kinds[c->kind] = true;
        kinds[c->kind == COLUMN_DICT ? c->distinct->kind : c->kind] = true;
        has_varying_hex |= c->kind == COLUMN_HEX && c->digits == 0;
        has_months |= c->kind == COLUMN_TIME && c->form.separator == '/';
    }
    CHECK(has_varying_hex && has_months);
    for (size_t i = 0; i < COLUMN_KINDS; i++)
        CHECK(kinds[i]);
}
