/* shipper/batcher: which part of its line a line of a lane is, whose time it has, and what a stream is
 * named with. */
#include "base/mem.h"
#include "shipper/batcher.h"
#include "tests/test.h"

enum { NOW = 1000 }; /* seconds; arrival of everything */

struct world {
    struct batcher *b;
    struct batch_stream *stream;
    struct block_builder *builder; /* of the last block */
    struct buf state;
};

static void world_free(struct world *w)
{
    if (w->builder)
        block_builder_reset(w->builder);
    batcher_close(&w->b);
    buf_free(&w->state);
}

#define WORLD defer(world_free) struct world w

/* The stream of a container with this id. */
static void attach(struct world *w, const char *id)
{
    struct err err;
    struct label own_items[] = {{STR("service"), STR("api")}};
    struct label data_items[] = {{STR("container_id"), str_from(id)}};
    const struct labels own = {own_items, 1}, data = {data_items, 1};
    REQUIRE_OK(batcher_stream(w->b, &own, &data, &w->stream, &err));
}

static void start(struct world *w)
{
    struct err err;
    const struct batcher_options options = {.host = STR("h")};
    w->b = batcher_new(&options);
    if (w->state.len)
        REQUIRE_OK(batcher_restore(w->b, buf_str(&w->state), &err));
    attach(w, "c1");
}

static void give(struct world *w, const char *text, unsigned flags, int64_t seconds)
{
    const struct batch_line line = {
        .bytes = str_from(text),
        .flags = flags,
        .time_ns = seconds ? seconds * NS_PER_S : TIME_NONE,
    };
    REQUIRE(batcher_line(w->b, w->stream, &line, NOW * NS_PER_S));
}

static void lane(struct world *w, const char *text, unsigned flags)
{
    give(w, text, flags | TAIL_OF_LANE, 0);
}

/* The block so far. */
static void take(struct world *w)
{
    defer(buf_free) struct buf change = {0};
    if (w->builder)
        block_builder_reset(w->builder);
    w->builder = batcher_take(w->b, &change);
}

static void restart(struct world *w, bool whole)
{
    buf_reset(&w->state);
    if (w->builder)
        block_builder_reset(w->builder);
    w->builder = NULL;
    if (whole)
        batcher_put_whole(w->b, &w->state);
    else
        batcher_take(w->b, &w->state);
    batcher_close(&w->b);
    start(w);
}

static const struct record *record(const struct world *w, size_t i)
{
    REQUIRE(i < w->builder->n_records);
    return &w->builder->records[i];
}

static unsigned flags(const struct world *w, size_t i)
{
    return record(w, i)->flags & ~(unsigned)RECORD_LEVEL_DERIVED;
}

TEST(batcher_parts_of_a_lane_follow_from_the_line_before)
{
    WORLD = {0};
    start(&w);
    lane(&w, "whole", 0);
    lane(&w, "a", TAIL_MORE), lane(&w, "b", TAIL_MORE), lane(&w, "c", 0);
    lane(&w, "d", TAIL_NO_NEWLINE), lane(&w, "e", TAIL_MORE), lane(&w, "f", TAIL_NO_NEWLINE);
    lane(&w, "g", 0), lane(&w, "h", 0);
    take(&w);
    static const unsigned expected[] = {
        0,
        RECORD_PART_FIRST,
        RECORD_PART_MIDDLE,
        RECORD_PART_LAST,
        RECORD_NO_NEWLINE,
        RECORD_PART_FIRST,
        RECORD_PART_LAST | RECORD_NO_NEWLINE,
        0,
        0,
    };
    CHECK_INT(w.builder->n_records, countof(expected));
    for (size_t i = 0; i < countof(expected); i++)
        CHECK_INT(flags(&w, i), expected[i]);
}

static void restart_case(bool whole)
{
    WORLD = {0};
    start(&w);
    lane(&w, "a", TAIL_MORE);
    restart(&w, whole);
    lane(&w, "b", TAIL_MORE);
    restart(&w, whole);
    lane(&w, "c", 0);
    restart(&w, whole);
    lane(&w, "d", TAIL_NO_NEWLINE);
    restart(&w, whole);
    lane(&w, "e", 0), lane(&w, "f", 0);
    take(&w);
    CHECK_INT(flags(&w, 0), 0);
    CHECK_INT(flags(&w, 1), 0);
    attach(&w, "c2");
    lane(&w, "g", TAIL_MORE);
    restart(&w, whole);
    lane(&w, "h", TAIL_MORE);
    take(&w);
    CHECK_INT(flags(&w, 0), RECORD_PART_MIDDLE);
    restart(&w, true);
    lane(&w, "i", 0);
    take(&w);
    CHECK_INT(flags(&w, 0), RECORD_PART_LAST);
}

TEST(batcher_parts_of_a_lane_go_on_after_a_restart)
{
    restart_case(true);
    restart_case(false);
}

/* A file without lanes says itself what its parts are. */
TEST(batcher_parts_of_a_file_are_its_own)
{
    WORLD = {0};
    start(&w);
    lane(&w, "a", TAIL_MORE);
    give(&w, "b", TAIL_FIRST, 0), give(&w, "c", 0, 0);
    take(&w);
    CHECK_INT(flags(&w, 1), RECORD_PART_FIRST);
    CHECK_INT(flags(&w, 2), 0);
}

TEST(batcher_the_time_of_the_envelope_wins)
{
    WORLD = {0};
    start(&w);
    give(&w, "{\"time\":\"2026-01-02T03:04:05Z\",\"level\":\"error\"}", TAIL_OF_LANE, 500);
    give(&w, "{\"time\":\"1970-01-01T00:10:00Z\",\"level\":\"error\"}", TAIL_OF_LANE, 0);
    take(&w);
    CHECK(record(&w, 0)->event_ns == 500 * NS_PER_S);
    CHECK(record(&w, 1)->event_ns == 600 * NS_PER_S);
    CHECK_INT(record(&w, 0)->level, record(&w, 1)->level);
    CHECK(record(&w, 0)->level != 0);
}

TEST(batcher_parts_have_the_time_and_level_of_the_first)
{
    WORLD = {0};
    start(&w);
    give(&w, "ERROR it ", TAIL_OF_LANE | TAIL_MORE, 500);
    give(&w, "INFO goes on ", TAIL_OF_LANE | TAIL_MORE, 501);
    give(&w, "DEBUG and ends", TAIL_OF_LANE | TAIL_NO_NEWLINE, 502);
    give(&w, "INFO next", TAIL_OF_LANE, 503);
    take(&w);
    for (size_t i = 0; i < 3; i++) {
        CHECK(record(&w, i)->event_ns == 500 * NS_PER_S);
        CHECK_INT(record(&w, i)->level, record(&w, 0)->level);
    }
    CHECK(record(&w, 3)->event_ns == 503 * NS_PER_S);
    CHECK(record(&w, 3)->level != record(&w, 0)->level);
}

/* The container ended without a newline, and was started again much later. */
TEST(batcher_a_line_behind_one_without_newline_is_its_own)
{
    WORLD = {0};
    start(&w);
    give(&w, "ERROR bye", TAIL_OF_LANE | TAIL_NO_NEWLINE, 500);
    give(&w, "INFO hello", TAIL_OF_LANE, 900);
    take(&w);
    CHECK(record(&w, 1)->event_ns == 900 * NS_PER_S);
    CHECK(record(&w, 1)->level != record(&w, 0)->level);
    CHECK_INT(flags(&w, 0), RECORD_NO_NEWLINE);
    CHECK_INT(flags(&w, 1), 0);
}

/* The first part is not known any more, but its place in the order is. */
TEST(batcher_parts_stay_behind_the_first_over_a_restart)
{
    WORLD = {0};
    start(&w);
    give(&w, "ERROR it ", TAIL_OF_LANE | TAIL_MORE, 500);
    restart(&w, true);
    give(&w, "INFO goes on", TAIL_OF_LANE, 501);
    give(&w, "INFO next", TAIL_OF_LANE, 502);
    take(&w);
    CHECK(record(&w, 0)->event_ns == 500 * NS_PER_S);
    CHECK(record(&w, 0)->order_ns == 500 * NS_PER_S);
    CHECK(record(&w, 1)->event_ns == 502 * NS_PER_S);
}

TEST(batcher_other_data_names_the_stream_anew)
{
    WORLD = {0};
    start(&w);
    struct batch_stream *first = w.stream;
    lane(&w, "a", 0);
    attach(&w, "c1"); /* the same: nothing changes */
    lane(&w, "b", 0);
    attach(&w, "c2"); /* the container was made anew */
    CHECK(w.stream == first);
    lane(&w, "c", TAIL_MORE);
    take(&w);
    REQUIRE(w.builder->n_streams == 2);
    const struct block_stream *streams = w.builder->streams;
    CHECK_STR(label_value(&streams[0].data, STR("container_id")), STR("c1"));
    CHECK_STR(label_value(&streams[1].data, STR("container_id")), STR("c2"));
    CHECK_STR(label_value(&streams[1].labels, STR("service")), STR("api"));
    CHECK(streams[1].previous_order_ns == record(&w, 1)->order_ns);
    CHECK_INT(record(&w, 1)->stream, 0);
    CHECK_INT(record(&w, 2)->stream, 1);
    lane(&w, "d", 0);
    take(&w);
    REQUIRE(w.builder->n_streams == 1);
    CHECK_STR(label_value(&w.builder->streams[0].data, STR("container_id")), STR("c2"));
    CHECK_INT(flags(&w, 0), RECORD_PART_LAST);
}

/* Else a host whose containers live for a minute would need more memory each day. */
TEST(batcher_forgets_quiet_streams)
{
    WORLD = {0};
    start(&w);
    uint64_t forgotten = batcher_forgotten(w.b);
    lane(&w, "part", TAIL_MORE);
    take(&w);
    batcher_forget_quiet(w.b, INT64_MAX); /* in a line */
    CHECK_INT(batcher_forgotten(w.b), forgotten);
    lane(&w, "end", 0);
    batcher_forget_quiet(w.b, INT64_MAX); /* the change was not put yet */
    CHECK_INT(batcher_forgotten(w.b), forgotten);
    take(&w);
    batcher_forget_quiet(w.b, NOW * NS_PER_S); /* since then it had a line */
    CHECK_INT(batcher_forgotten(w.b), forgotten);
    batcher_forget_quiet(w.b, INT64_MAX);
    CHECK(batcher_forgotten(w.b) != forgotten);
    attach(&w, "c2");
    lane(&w, "next", 0);
    take(&w);
    CHECK_INT(flags(&w, 0), 0);
    CHECK_INT(w.builder->n_streams, 1);
}

TEST(batcher_reads_times_in_the_zone_of_the_stream)
{
    WORLD = {0};
    defer(zone_close) struct zone *east = zone_fixed(7200), *west = zone_fixed(-3600);
    start(&w);
    give(&w, "1970-01-02 00:00:00 in UTC", 0, 0);
    batch_stream_set_zone(w.stream, east);
    give(&w, "1970-01-03 00:00:00 two hours earlier", 0, 0);
    batch_stream_set_zone(w.stream, west);
    give(&w, "1970-01-04 00:00:00 after a reload", 0, 0);
    give(&w, "1970-01-05 00:00:00Z says it itself", 0, 0);
    take(&w);
    static const int64_t hours[] = {24, 48 - 2, 72 + 1, 96};
    for (size_t i = 0; i < countof(hours); i++)
        CHECK_INT(record(&w, i)->event_ns, hours[i] * 3600 * NS_PER_S);
}

/* ---- redaction ---- */

static struct redactor *open_redactor(void)
{
    struct redact_options options;
    struct redactor *r;
    struct err err;
    redact_options_init(&options);
    REQUIRE_OK(redactor_open(&r, &options, &err));
    return r;
}

TEST(batcher_redacts_what_it_puts_into_blocks)
{
    defer(redactor_close) struct redactor *redactor = open_redactor();
    defer(buf_free) struct buf change = {0};
    WORLD = {0};
    start(&w);
    lane(&w, "mail to bob@example.com", 0);
    batcher_set_redactor(w.b, redactor);
    lane(&w, "mail to bob@example.com", 0);
    CHECK_INT(batcher_redaction(w.b)->counts[RULE_EMAIL], 1);
    CHECK_INT(batcher_redacted_bytes(w.b), -8);
    batcher_set_redactor(w.b, NULL);
    w.builder = batcher_take(w.b, &change);
    CHECK_STR(buf_str(&w.builder->lines), STR("mail to bob@example.commail to [email]"));
}

TEST(batcher_a_value_goes_on_in_the_next_part)
{
    defer(redactor_close) struct redactor *redactor = open_redactor();
    WORLD = {0};
    start(&w);
    batcher_set_redactor(w.b, redactor);
    lane(&w, "{\"password\":\"hun", TAIL_MORE);
    lane(&w, "ter", TAIL_MORE);
    lane(&w, "2\",\"b\":1}", 0);
    lane(&w, "password=y1", 0);
    lane(&w, "plain", 0);
    take(&w);
    CHECK_STR(buf_str(&w.builder->lines),
              STR("{\"password\":\"[secret][secret][secret]\",\"b\":1}password=[secret]plain"));
}

/* Also its last line, which is short and has something in front of it. */
TEST(batcher_a_private_key_goes_on_after_a_restart)
{
    static const char *const lines[] = {
        "09:22:01 app -----BEGIN PRIVATE KEY-----",
        "09:22:01 app MIIEowIBAAKCAQEAu5XfTq0x1cVb7Yh3nZ8kLw2Rj4Gm6Ps9Dt0Ea1Fi5Ho7Jl2N",
        "09:22:02 app b6Nm1As4Df7Gh0==",
        "09:22:02 app -----END PRIVATE KEY-----",
    };
    static const char *const left[] = {
        "09:22:01 app -----BEGIN PRIVATE KEY-----",
        "09:22:01 app [secret]",
        "09:22:02 app [secret]",
        "09:22:02 app -----END PRIVATE KEY-----",
    };
    defer(redactor_close) struct redactor *redactor = open_redactor();
    WORLD = {0};
    start(&w);
    for (size_t i = 0; i < countof(lines); i++) {
        batcher_set_redactor(w.b, redactor);
        lane(&w, lines[i], 0);
        take(&w);
        CHECK_STR(buf_str(&w.builder->lines), str_from(left[i]));
        restart(&w, true);
    }
}

/* What does not fit comes again, and counts once. */
TEST(batcher_counts_what_was_taken)
{
    defer(redactor_close) struct redactor *redactor = open_redactor();
    defer(buf_free) struct buf change = {0}, text = {.max = RECORD_LINE_MAX};
    struct batch_line line = {.flags = TAIL_OF_LANE, .time_ns = TIME_NONE};
    WORLD = {0};
    start(&w);
    batcher_set_redactor(w.b, redactor);
    while (text.len < RECORD_LINE_MAX - 30)
        buf_add_byte(&text, ' ');
    buf_add(&text, STR("bob@example.com"));
    line.bytes = buf_str(&text);
    uint64_t taken = 0;
    while (batcher_line(w.b, w.stream, &line, NOW * NS_PER_S))
        taken++;
    CHECK(!batcher_line(w.b, w.stream, &line, NOW * NS_PER_S));
    CHECK(taken > 0);
    CHECK_INT(batcher_redaction(w.b)->counts[RULE_EMAIL], taken);
    w.builder = batcher_take(w.b, &change);
}
