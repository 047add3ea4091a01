/*
 * Docker's local driver: entries as dockerd marshals them, their frames, and files with damage.
 */
#include "base/mem.h"
#include "formats/line/docker_local.h"
#include "formats/line/envelope.h"
#include "tests/test.h"

enum { ROUNDS = 2000 };

static uint64_t seed = 11;

static uint64_t draw(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (seed >> 33) % below;
}

struct entry {
    struct str source, line;
    int64_t time_ns;
    bool has_metadata, last;
};

static void put_bytes(struct buf *b, char key, struct str s)
{
    if (s.len == 0)
        return;
    buf_add_byte(b, key);
    put_str(b, s);
}

/* As MarshalToSizedBuffer of moby's entry.pb.go: fields in order, none that is zero. */
static void put_entry(struct buf *b, const struct entry *e)
{
    put_bytes(b, 0x0a, e->source);
    if (e->time_ns) {
        buf_add_byte(b, 0x10);
        put_varint(b, (uint64_t)e->time_ns);
    }
    put_bytes(b, 0x1a, e->line);
    if (!e->has_metadata)
        return;
    buf_add(b, STR("\x20\x01\x2a"));
    put_varint(b, e->last ? 10 : 8);
    if (e->last)
        buf_add(b, STR("\x08\x01"));
    buf_add(b, STR("\x12\x04"
                   "1d2c"
                   "\x18\x01"));
}

static void put_size(struct buf *b, uint32_t size)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_add_byte(b, (char)(size >> shift));
}

static void put_frame(struct buf *b, struct str payload)
{
    put_size(b, (uint32_t)payload.len);
    buf_add(b, payload);
    put_size(b, (uint32_t)payload.len);
}

static void put_random_frame(struct buf *b)
{
    defer(buf_free) struct buf line = {0}, payload = {0};
    for (uint64_t n = draw(30) ? draw(60) : draw(17000); n; n--)
        buf_add_byte(&line, (char)(draw(2) ? draw(256) : draw(2)));
    struct entry e = {
        .source = draw(2) ? STR("stdout") : STR("stderr"),
        .time_ns = INT64_C(1767323045123456789) + (int64_t)draw(NS_PER_S),
        .line = buf_str(&line),
        .has_metadata = draw(5) == 0,
    };
    put_entry(&payload, &e);
    put_frame(b, buf_str(&payload));
}

TEST(docker_local_reads_what_docker_writes)
{
    defer(buf_free) struct buf scratch = {0};
    for (int i = 0; i < ROUNDS; i++) {
        defer(buf_free) struct buf line = {0}, file = {0}, payload = {0};
        struct enveloped out;
        struct str found;
        for (uint64_t n = draw(200); n; n--)
            buf_add_byte(&line, (char)draw(256));
        struct entry e = {
            .source = draw(2) ? STR("stdout") : STR("stderr"),
            .time_ns = (int64_t)draw(UINT64_C(1) << 31) * (int64_t)draw(UINT64_C(1) << 31),
            .line = buf_str(&line),
            .has_metadata = draw(2),
            .last = draw(2),
        };
        put_entry(&payload, &e);
        put_frame(&file, buf_str(&payload));
        CHECK_INT(docker_local_frame(buf_str(&file), &found), file.len);
        CHECK_STR(found, buf_str(&payload));
        REQUIRE(envelope_open(ENVELOPE_DOCKER_LOCAL, found, &scratch, &out));
        CHECK_STR(out.text, e.line);
        CHECK_INT(out.time_ns, e.time_ns ? e.time_ns : TIME_NONE);
        CHECK_INT(out.lane, str_equal(e.source, STR("stderr")) ? LANE_ERR : LANE_OUT);
        CHECK_INT(out.is_partial, e.has_metadata && !e.last);
    }
}

TEST(docker_local_waits_for_the_whole_frame)
{
    defer(buf_free) struct buf file = {0};
    struct str payload = STR("unchanged");
    put_frame(&file, STR("\n\6stdout\x1a\5ready"));
    for (size_t len = 0; len < file.len; len++)
        CHECK_INT(docker_local_frame(str_slice(buf_str(&file), 0, len), &payload), 0);
    CHECK_STR(payload, STR("unchanged"));
    buf_add(&file, STR("more"));
    CHECK_INT(docker_local_frame(buf_str(&file), &payload), file.len - 4);
}

TEST(docker_local_refuses_what_is_no_frame)
{
    defer(buf_free) struct buf file = {0};
    struct str payload;
    CHECK_INT(docker_local_frame(STR("\0\0\0\0\0\0\0\0\0\0\0\0"), &payload), SIZE_MAX);
    CHECK_INT(docker_local_frame(STR("text"), &payload), SIZE_MAX);
    CHECK_INT(docker_local_frame(STR("\0\0\0\1x\0\0\0\2"), &payload), SIZE_MAX);
    put_size(&file, DOCKER_LOCAL_FRAME_MAX - 8);
    CHECK_INT(docker_local_frame(buf_str(&file), &payload), 0);
    buf_reset(&file);
    put_size(&file, DOCKER_LOCAL_FRAME_MAX - 7);
    CHECK_INT(docker_local_frame(buf_str(&file), &payload), SIZE_MAX);
}

/* What stands between two runs of whole frames: a frame that was cut, zeros, or anything. */
static void put_damage(struct buf *b)
{
    defer(buf_free) struct buf frame = {0};
    uint64_t sort = draw(3);
    put_random_frame(&frame);
    if (sort == 0)
        buf_add(b, str_slice(buf_str(&frame), 0, 1 + draw(frame.len - 1)));
    else if (sort == 1)
        buf_add(b, str_slice(buf_str(&frame), 1 + draw(frame.len - 1), frame.len));
    for (uint64_t n = sort == 2 ? 1 + draw(5000) : 0, zero = draw(2); n; n--)
        buf_add_byte(b, (char)(zero ? 0 : draw(256)));
}

TEST(docker_local_finds_the_next_frame_behind_damage)
{
    for (int i = 0; i < ROUNDS; i++) {
        defer(buf_free) struct buf file = {0};
        struct str payload;
        put_damage(&file);
        size_t good = file.len;
        for (uint64_t n = 1 + draw(3); n; n--)
            put_random_frame(&file);
        CHECK_INT(docker_local_resync(buf_str(&file)), good);
        /* In front of a good frame it is the one behind that counts. */
        size_t first = docker_local_frame(str_slice(buf_str(&file), good, file.len), &payload);
        REQUIRE(first > 0 && first < SIZE_MAX);
        if (good + first < file.len)
            CHECK_INT(docker_local_resync(str_slice(buf_str(&file), good, file.len)), first);
    }
}

TEST(docker_local_finds_the_beginning_of_a_frame_at_the_end)
{
    struct str damage = STR("damage, and no zero at its end");
    defer(buf_free) struct buf frame = {0};
    put_frame(&frame, STR("\n\6stdout\x1a\5ready"));
    for (size_t len = 0; len < frame.len; len++) {
        defer(buf_free) struct buf file = {0};
        buf_add(&file, damage);
        buf_add(&file, str_slice(buf_str(&frame), 0, len));
        CHECK_INT(docker_local_resync(buf_str(&file)), damage.len);
    }
    CHECK_INT(docker_local_resync(STR("")), 0);
    CHECK_INT(docker_local_resync(STR("\0")), 1);
    CHECK_INT(docker_local_resync(STR("x\0")), 1);
    CHECK_INT(docker_local_resync(STR("x\0\0\0\0")), 2); /* a size cannot be 0 */
}

/* Bytes of a line that look like the beginning of a long frame do not hide the next whole one. */
TEST(docker_local_is_not_led_astray_by_a_line)
{
    defer(buf_free) struct buf file = {0};
    buf_add(&file, STR("x"));
    put_size(&file, 100000);
    buf_add(&file, STR("\n\6stdout"));
    CHECK_INT(docker_local_resync(buf_str(&file)), 1);
    size_t good = file.len;
    put_frame(&file, STR("\n\6stdout\x1a\5ready"));
    CHECK_INT(docker_local_resync(buf_str(&file)), good);
}

TEST(docker_local_is_linear)
{
    enum { BYTES = 8 << 20 };
    defer(buf_free) struct buf file = {.max = 2 * BYTES};
    while (file.len < BYTES) {
        put_size(&file, DOCKER_LOCAL_FRAME_MAX - 8 - (uint32_t)draw(9));
        buf_add(&file, STR("\n\6std"));
    }
    CHECK_INT(docker_local_resync(buf_str(&file)) % 9, 0);
    buf_reset(&file);
    while (file.len < BYTES)
        buf_add(&file, STR("\n\6st\0"));
    CHECK_INT(docker_local_resync(buf_str(&file)), file.len - 1);
}
