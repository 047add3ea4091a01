/* Both sides of POST /api/v1/hello (docs/formats.md, section 8). */
#include "base/mem.h"
#include "collector/hello.h"
#include "forward/hello.h"
#include "tests/blocks.h"
#include "tests/test.h"

static bool read_answer(struct str json, struct arena *arena, struct hello_answer *answer)
{
    struct err err;
    return read_hello_answer(json, arena, answer, &err);
}

TEST(hello_tells_what_the_collector_has)
{
    struct err err;
    struct block block;
    struct hello_answer answer;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf bytes = {0}, question = {0}, json = {0};
    defer(origins_close) struct origins *origins = origins_new();
    make_block(&bytes, 5, 7, "api", 10, 3);
    REQUIRE_OK(block_open(&block, buf_str(&bytes), &packer, &arena, &err));
    origins_add(origins, &block, block_hash(buf_str(&bytes)), 1);
    origins_keep(origins);
    const struct hash128 sources[] = {{1, 2}, block.sources[0].id};
    put_hello(&question, block.header.origin, sources, countof(sources));
    REQUIRE_OK(answer_hello(origins, buf_str(&question), 1234567, &json, &err));
    REQUIRE(read_answer(buf_str(&json), &arena, &answer));
    CHECK_INT(answer.time_ns, 1234000);
    CHECK_INT(answer.last, 7);
    CHECK(hash128_equal(answer.last_hash, block_hash(buf_str(&bytes))));
    REQUIRE(answer.n_sources == 1);
    CHECK(hash128_equal(answer.sources[0].id, sources[1]) && answer.sources[0].to == 13);
}

TEST(hello_of_a_stranger_is_answered)
{
    struct err err;
    struct hello_answer answer;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf question = {0}, json = {0};
    defer(origins_close) struct origins *origins = origins_new();
    put_hello(&question, (struct hash128){1, 2}, NULL, 0);
    REQUIRE_OK(answer_hello(origins, buf_str(&question), 1, &json, &err));
    REQUIRE(read_answer(buf_str(&json), &arena, &answer));
    CHECK(answer.last == 0 && answer.n_sources == 0);
}

TEST(hello_answer_without_a_clock_tells_none)
{
    struct hello_answer answer;
    defer(arena_free) struct arena arena = {0};
    REQUIRE(read_answer(STR("{\"origin\":{\"last\":3}}"), &arena, &answer));
    CHECK_INT(answer.time_ns, TIME_NONE);
    REQUIRE(read_answer(STR("{\"time_us\":18446744073709551615}"), &arena, &answer));
    CHECK_INT(answer.time_ns, TIME_NONE);
}

TEST(hello_answer_cut_at_each_byte_is_none)
{
    static const struct str whole =
        STR_INIT("{\"version\":\"0.1.0\",\"time_us\":1,\"origin\":{\"last\":12,\"hash\":"
                 "\"00000000000000000000000000000001\"},\"sources\":[]}");
    struct hello_answer answer;
    defer(arena_free) struct arena arena = {0};
    for (size_t n = 0; n < whole.len; n++)
        CHECK(judge_hello(200, str_slice(whole, 0, n), NULL) == DELIVERY_RETRY);
    CHECK(judge_hello(200, whole, NULL) == DELIVERY_ACCEPTED);
    CHECK(judge_hello(503, whole, NULL) == DELIVERY_RETRY);
    REQUIRE(read_answer(whole, &arena, &answer));
    CHECK_INT(answer.last, 12);
}

#define SOURCE \
    "{\"id\":\"00000000000000000000000000000001\",\"to\":5,\"hash\":\"0000000000000003\"}"

TEST(hello_answer_that_names_its_sources_again_stays_in_bounds)
{
    struct hello_answer answer;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf json = {0};
    buf_add(&json, STR("{\"sources\":[" SOURCE));
    for (int i = 0; i < 500; i++)
        buf_add(&json, STR("," SOURCE));
    buf_add(&json, STR("],\"sources\":[" SOURCE "]}"));
    REQUIRE(read_answer(buf_str(&json), &arena, &answer));
    CHECK(answer.n_sources == 1 && answer.sources[0].to == 5);
}
