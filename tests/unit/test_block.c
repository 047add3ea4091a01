/* Invariant numbers are those of formats/block/block.h. */
#include "base/mem.h"
#include "formats/block/builder.h"
#include "tests/test.h"

static uint64_t seed = 1;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static const struct hash128 origin = {.low = 7, .high = 9};

/* A builder with random records; kept lets the caller compare (lines live in the arena). */
static void fill(struct block_builder *b, struct arena *arena, size_t n, struct record *kept)
{
    struct label host_api[] = {{STR("host"), STR("web1")}, {STR("service"), STR("api")}};
    struct label host_db[] = {{STR("host"), STR("web1")}, {STR("service"), STR("db")}};
    struct label image[] = {{STR("image"), STR("api:1")}};
    struct labels none = {0};
    block_builder_stream(b, &(struct labels){host_api, 2}, &(struct labels){image, 1}, TIME_NONE);
    block_builder_stream(b, &(struct labels){host_db, 2}, &none, 1000);
    block_builder_source(b, &(struct block_source){.id = origin, .from = 5, .to = 500, .hash = 3});
    for (size_t i = 0; i < n; i++) {
        size_t len = draw(10) ? draw(200) : draw(2) * 5000;
        char *line = arena_alloc(arena, len + 1);
        for (size_t k = 0; k < len; k++)
            line[k] = (char)draw(256);
        struct label field = {STR("reason"), STR("rate")};
        struct buf fields = {0};
        put_labels(&fields, &(struct labels){&field, 1});
        kept[i] = (struct record){
            .order_ns = ((int64_t)draw(1000) - 500) * NS_PER_S + (int64_t)draw(1000) * NS_PER_US,
            .event_ns = ((int64_t)draw(1000) - 500) * NS_PER_S,
            .stream = (uint32_t)draw(2),
            .flags = draw(5) ? 0 : RECORD_NO_NEWLINE,
            .level = (uint8_t)draw(9),
            .line = str_of(line, len),
        };
        if (draw(3) == 0) {
            kept[i].id_kind = ID_EXACT;
            kept[i].id = arena_print(arena, "%016llx", (unsigned long long)draw(1 << 30));
        }
        if (draw(9) == 0)
            kept[i].fields = arena_copy(arena, buf_str(&fields));
        buf_free(&fields);
        CHECK(block_builder_add(b, &kept[i]));
    }
}

static void check_same(const struct record *a, const struct record *b)
{
    CHECK(a->order_ns == b->order_ns && a->event_ns == b->event_ns && a->stream == b->stream);
    CHECK(a->flags == b->flags && a->level == b->level && a->id_kind == b->id_kind);
    CHECK(str_equal(a->id, b->id) && str_equal(a->fields, b->fields));
    CHECK(str_equal(a->line, b->line));
}

TEST(block_gives_back_what_went_in)
{
    struct err err;
    for (int round = 0; round < 20; round++) {
        defer(block_builder_free) struct block_builder b = {0};
        defer(arena_free) struct arena arena = {0};
        defer(packer_free) struct packer packer = {0};
        defer(buf_free) struct buf bytes = {0};
        size_t n = 1 + draw(500);
        struct record *kept = arena_array(&arena, struct record, n);
        fill(&b, &arena, n, kept);
        REQUIRE_OK(block_builder_finish(&b, origin, 42, (uint8_t)(round % 2), &bytes, &err));
        struct block block;
        REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
        CHECK_INT(block.header.records, n);
        CHECK_INT(block.header.sequence, 42);
        CHECK(hash128_equal(block.header.origin, origin));
        REQUIRE(block.n_streams == 2 && block.n_sources == 1);
        CHECK_STR(label_value(&block.streams[1].labels, STR("service")), STR("db"));
        CHECK_STR(label_value(&block.streams[0].data, STR("image")), STR("api:1"));
        CHECK(block.streams[0].previous_order_ns == TIME_NONE);
        CHECK_INT(block.streams[1].previous_order_ns, 1000);
        CHECK(block.sources[0].from == 5 && block.sources[0].to == 500);
        for (size_t i = 0; i < n; i++)
            check_same(&kept[i], &block.records[i]);
    }
}

TEST(block_keeps_nanoseconds_only_if_asked)
{
    struct err err;
    struct labels none = {0};
    for (uint8_t unit = 0; unit < 2; unit++) {
        defer(block_builder_free) struct block_builder b = {0};
        defer(arena_free) struct arena arena = {0};
        defer(packer_free) struct packer packer = {0};
        defer(buf_free) struct buf bytes = {0};
        block_builder_stream(&b, &none, &none, TIME_NONE);
        struct record r = {.order_ns = -1, .event_ns = 1234567, .line = STR("x")};
        CHECK(block_builder_add(&b, &r));
        REQUIRE_OK(block_builder_finish(&b, origin, 1, unit, &bytes, &err));
        struct block block;
        REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
        CHECK_INT(block.records[0].order_ns, unit ? -1000 : -1);
        CHECK_INT(block.records[0].event_ns, unit ? 1234000 : 1234567);
    }
}

static bool is_accepted(struct str bytes)
{
    struct err err;
    struct block block;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    bool good = block_verify(&block, bytes, &packer, &arena, &err);
    CHECK(good || err.code == ERR_CORRUPT);
    return good;
}

static void small_block(struct buf *bytes)
{
    struct err err;
    defer(block_builder_free) struct block_builder b = {0};
    defer(arena_free) struct arena arena = {0};
    struct record kept[8];
    fill(&b, &arena, 8, kept);
    REQUIRE_OK(block_builder_finish(&b, origin, 3, 1, bytes, &err));
}

TEST(block_refuses_every_flipped_byte_and_every_cut) /* 2 */
{
    defer(buf_free) struct buf bytes = {0};
    small_block(&bytes);
    CHECK(is_accepted(buf_str(&bytes)));
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.ptr[i] ^= (char)(1 << draw(8));
        char flipped = bytes.ptr[i];
        CHECK(!is_accepted(buf_str(&bytes)));
        CHECK(bytes.ptr[i] == flipped);
        CHECK(!is_accepted(str_of(bytes.ptr, i)));
        buf_reset(&bytes);
        seed = i + 1;
        small_block(&bytes);
    }
}

/* With a right checksum, so that the checks behind it are what refuses. */
static bool is_accepted_resealed(struct buf *bytes)
{
    block_restamp(bytes->ptr, bytes->len, origin, 3);
    return is_accepted(buf_str(bytes));
}

TEST(block_refuses_lies_under_a_right_checksum) /* 1, 4, 5 */
{
    static const struct {
        size_t offset;
        uint32_t value;
    } lies[] = {
        {8, 1 << 30},     {12, 0},       {12, 7},           {12, 65537}, {12, UINT32_MAX},
        {40, 0},          {40, 5 << 20}, {48, 1},           {56, 0},     {64, 0},
        {72, 0},          {80, 0},       {88, 0},           {92, 0},     {92, UINT32_MAX},
        {96, UINT32_MAX}, {100, 1},      {100, UINT32_MAX}, {104, 0},
    };
    for (size_t i = 0; i < countof(lies); i++) {
        defer(buf_free) struct buf bytes = {0};
        seed = 5;
        small_block(&bytes);
        put_u32_at(&bytes, lies[i].offset, lies[i].value);
        CHECK(!is_accepted_resealed(&bytes));
    }
    for (size_t i = 0; i < 3000; i++) {
        defer(buf_free) struct buf bytes = {0};
        seed = 5;
        small_block(&bytes);
        seed = i;
        for (uint64_t flips = 1 + draw(3); flips; flips--)
            bytes.ptr[draw(bytes.len)] ^= (char)(1 << draw(8));
        is_accepted_resealed(&bytes); /* may be right by chance; must not crash */
    }
}

TEST(block_is_full_at_its_bounds)
{
    defer(block_builder_free) struct block_builder b = {0};
    struct labels none = {0};
    block_builder_stream(&b, &none, &none, TIME_NONE);
    struct record r = {.line = STR("")};
    for (int i = 0; i < BLOCK_RECORDS_MAX; i++)
        REQUIRE(block_builder_add(&b, &r));
    CHECK(!block_builder_add(&b, &r));
    block_builder_reset(&b);
    block_builder_stream(&b, &none, &none, TIME_NONE);
    char *large = mem_alloc(RECORD_LINE_MAX);
    r.line = str_of(large, RECORD_LINE_MAX);
    for (int i = 0; i < 4; i++)
        CHECK(block_builder_add(&b, &r));
    CHECK(!block_builder_add(&b, &r));
    mem_free(&large);
    struct err err;
    defer(buf_free) struct buf bytes = {0};
    REQUIRE_OK(block_builder_finish(&b, origin, 1, 1, &bytes, &err));
    CHECK(is_accepted(buf_str(&bytes)));
}

TEST(block_may_hold_nothing_but_empty_lines)
{
    struct err err;
    struct labels none = {0};
    defer(block_builder_free) struct block_builder b = {0};
    defer(buf_free) struct buf bytes = {0};
    block_builder_stream(&b, &none, &none, TIME_NONE);
    struct record r = {.line = STR("")};
    for (int i = 0; i < 3; i++)
        CHECK(block_builder_add(&b, &r));
    REQUIRE_OK(block_builder_finish(&b, origin, 1, 1, &bytes, &err));
    CHECK(is_accepted(buf_str(&bytes)));
}

TEST(block_restamp_changes_only_the_name)
{
    struct err err;
    defer(buf_free) struct buf bytes = {0};
    small_block(&bytes);
    struct hash128 before = block_hash(buf_str(&bytes));
    block_restamp(bytes.ptr, bytes.len, (struct hash128){1, 2}, 77);
    CHECK(!hash128_equal(before, block_hash(buf_str(&bytes))));
    struct block_header h;
    REQUIRE_OK(block_peek(buf_str(&bytes), &h, &err));
    CHECK(h.sequence == 77 && h.origin.low == 1 && h.origin.high == 2);
    CHECK(is_accepted(buf_str(&bytes)));
}

TEST(labels_are_sorted_and_bounded)
{
    struct err err;
    struct label items[] = {{STR("service"), STR("a")}, {STR("host"), STR("b")}};
    struct labels labels = {items, 2};
    REQUIRE_OK(labels_sort(&labels, &err));
    CHECK_STR(items[0].name, STR("host"));
    struct hash128 id = stream_id(&labels);
    char text[HASH128_TEXT];
    hash128_text(id, text);
    /* The id is the same on every machine, for ever: XXH3-128 of the canonical bytes. */
    CHECK_STR(str_from(text), STR("6625a2b825c17f7d68d30b47c6587992"));
    items[1].name = STR("host");
    CHECK(!labels_sort(&labels, &err) && err.code == ERR_INPUT);
    items[1].name = STR("");
    CHECK(!labels_sort(&labels, &err));
    labels.n = LABELS_MAX + 1;
    CHECK(!labels_sort(&labels, &err) && err.code == ERR_LIMIT);
}

TEST(order_time_follows_the_stream)
{
    CHECK_INT(order_time(TIME_NONE, 5), 5);
    CHECK_INT(order_time(100, 50), 100);                              /* a small step back */
    CHECK_INT(order_time(20 * NS_PER_S, 5 * NS_PER_S), 5 * NS_PER_S); /* a clock change */
    CHECK_INT(order_time(20 * NS_PER_S, 10 * NS_PER_S), 10 * NS_PER_S);
    CHECK_INT(order_time(1, 2), 2);
}
