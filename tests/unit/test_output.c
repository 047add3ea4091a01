/* An output to another collector that says 409: what it asks, looks for and does. Invariants: forward/output.h. */
#include "forward/output.h"

#include "base/io/http_server.h"
#include "base/mem.h"
#include "tests/blocks.h"
#include "tests/test.h"

#include <limits.h>
#include <stdio.h>

enum { BLOCKS = 4 };

static struct err err;

/* Blocks 1 to BLOCKS. The queue cannot be read once, in front of block .unreadable; 0: never. */
static struct {
    uint64_t given, done, unreadable;
    uint64_t origin; /* its low half; a new one is one more */
    unsigned full;   /* so many times there is no room for a new one */
} queue;

/* Origins up to .others are used by somebody else too: in conflict from block .conflicts to .last. */
static struct {
    uint64_t others, conflicts, last;
    struct hash128 last_hash;
    unsigned asked;
    uint64_t taken[4 * BLOCKS]; /* 100 * origin + sequence */
    size_t n_taken;
} collector;

static struct hash128 put_block(struct buf *out, uint64_t origin, uint64_t sequence)
{
    size_t start = out->len;
    make_block(out, origin, sequence, "api", (int)sequence, 2);
    return block_hash(str_slice(buf_str(out), start, SIZE_MAX));
}

static bool next(void *data, struct buf *out, struct err *error)
{
    (void)data;
    error->code = ERR_NONE;
    if (queue.given + 1 == queue.unreadable) {
        queue.unreadable = 0;
        return err_set(error, ERR_SYSTEM, "the disk does not answer");
    }
    if (queue.given == BLOCKS)
        return false;
    put_block(out, queue.origin, ++queue.given);
    return true;
}

static void done(void *data)
{
    (void)data;
    queue.done = queue.given;
}

static bool renew(void *data, struct err *error)
{
    (void)data;
    if (queue.full) {
        queue.full--;
        return err_set(error, ERR_SYSTEM, "no space left");
    }
    queue.given = queue.done;
    queue.origin++;
    return true;
}

static struct output_lag lag(void *data)
{
    (void)data;
    return (struct output_lag){.blocks = BLOCKS - queue.done, .oldest_ns = TIME_NONE};
}

static void post_blocks(struct http_exchange *x, void *data)
{
    struct block_header h;
    defer(buf_free) struct buf answer = {0};
    (void)data;
    REQUIRE_OK(block_peek(http_body(x), &h, &err));
    bool is_taken = h.origin.low > collector.others || h.sequence < collector.conflicts ||
                    h.sequence > collector.last;
    if (is_taken)
        collector.taken[collector.n_taken++] = 100 * h.origin.low + h.sequence;
    buf_print(&answer, "{\"acked\":%llu}", is_taken ? (unsigned long long)h.sequence : 0);
    http_reply(x, is_taken ? 200 : 409, NULL, buf_str(&answer));
}

static void post_hello(struct http_exchange *x, void *data)
{
    char hex[HASH128_TEXT];
    defer(buf_free) struct buf answer = {0};
    (void)data;
    collector.asked++;
    hash128_text(collector.last_hash, hex);
    buf_print(&answer, "{\"origin\":{\"last\":%llu,\"hash\":\"%s\"}}",
              (unsigned long long)collector.last, hex);
    http_reply(x, 200, NULL, buf_str(&answer));
}

/* Runs an output until all blocks are done, or for so many turns of the loop. */
static struct output_numbers run_turns(unsigned turns)
{
    static const struct http_route routes[] = {
        {"POST", "/api/v1/blocks", BLOCK_MAX, post_blocks, 0},
        {"POST", "/api/v1/hello", BLOCK_MAX, post_hello, 0},
    };
    char path[256], url[300];
    uv_loop_t loop;
    struct http_server *server;
    struct http_client *client;
    struct output *output;
    REQUIRE(uv_loop_init(&loop) == 0);
    const struct http_server_options serving = {
        .loop = &loop, .routes = routes, .n_routes = countof(routes)};
    snprintf(path, sizeof path, "%s/socket", test_folder());
    snprintf(url, sizeof url, "unix://%s", path);
    REQUIRE_OK(http_server_open(&server, &serving, &err));
    REQUIRE_OK(http_listen_unix(server, path, 0600, &err));
    http_client_open(&client, &loop);
    const struct config_other_output config = {
        .name = STR("other"), .kind = OUTPUT_COLLECTOR, .url = str_from(url)};
    const struct output_options options = {
        .loop = &loop,
        .client = client,
        .config = &config,
        .queue = {.next = next, .done = done, .renew = renew, .lag = lag},
        .section = "outputs",
    };
    REQUIRE_OK(output_open(&output, &options, &err));
    output_kick(output);
    int64_t end = time_monotonic() + 20 * NS_PER_S;
    while (queue.done < BLOCKS && turns-- > 0 && time_monotonic() < end) {
        uv_run(&loop, UV_RUN_ONCE);
        output_hurry(output);
    }
    struct output_numbers numbers = output_count(output);
    output_close(&output);
    http_client_close(&client);
    http_server_stop(&server, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    REQUIRE(uv_loop_close(&loop) == 0);
    return numbers;
}

/* Until all are done. Returns how many records were refused. */
static uint64_t run(void)
{
    struct output_numbers numbers = run_turns(UINT_MAX);
    CHECK_INT(queue.done, BLOCKS);
    CHECK(numbers.is_up && !numbers.is_failing);
    return numbers.counts.rejected;
}

/* The collector has blocks up to 3 of ours, or of somebody with our name. */
static void begin(bool is_ours)
{
    defer(buf_free) struct buf block = {0};
    memset(&queue, 0, sizeof queue);
    memset(&collector, 0, sizeof collector);
    queue.origin = 1;
    collector.others = collector.conflicts = 1;
    collector.last = 3;
    collector.last_hash = put_block(&block, 1, is_ours ? 3 : 33);
}

static void check_taken(const uint64_t *taken, size_t n)
{
    REQUIRE(collector.n_taken == n);
    for (size_t i = 0; i < n; i++)
        CHECK_INT(collector.taken[i], taken[i]);
}

TEST(output_in_conflict_with_itself_goes_on_behind_what_is_there)
{
    begin(true);
    CHECK_INT(run(), 0);
    check_taken((uint64_t[]){104}, 1);
    CHECK_INT(collector.asked, 1);
}

TEST(output_in_conflict_with_another_goes_on_as_a_new_one) /* 5 */
{
    begin(false);
    collector.conflicts = 2;
    CHECK_INT(run(), 0);
    check_taken((uint64_t[]){101, 202, 203, 204}, 4);
    CHECK_INT(collector.asked, 1);
}

TEST(output_whose_new_origin_was_copied_too_draws_another) /* 5 */
{
    begin(false);
    collector.others = 2;
    CHECK_INT(run(), 0);
    check_taken((uint64_t[]){301, 302, 303, 304}, 4);
}

TEST(output_without_room_for_a_new_origin_waits_for_it)
{
    begin(false);
    queue.full = BLOCKS + 2; /* while it looks through the queue, and at its end */
    CHECK_INT(run(), 0);
    check_taken((uint64_t[]){201, 202, 203, 204}, 4);
    CHECK_INT(collector.asked, 1);
}

TEST(output_gives_up_on_who_calls_everything_a_conflict) /* 5 */
{
    begin(false);
    collector.others = UINT64_MAX;
    CHECK_INT(run(), 3 * 2);
    check_taken((uint64_t[]){404}, 1);
    CHECK_INT(collector.asked, 3);
}

TEST(output_whose_queue_cannot_be_read_takes_that_for_no_answer) /* 5 */
{
    for (uint64_t at = 1; at <= 3; at++) {
        begin(true);
        queue.unreadable = at;
        CHECK_INT(run(), 0);
        check_taken((uint64_t[]){104}, 1);
    }
}

TEST(output_whose_queue_ends_before_what_is_there_goes_on_as_a_new_one) /* 5 */
{
    begin(true);
    collector.last = 100;
    queue.unreadable = BLOCKS;
    CHECK_INT(run(), 0);
    check_taken((uint64_t[]){201, 202, 203, 204}, 4);
}

TEST(output_is_closed_at_any_moment)
{
    queue.done = 0;
    for (unsigned turns = 0; queue.done < BLOCKS; turns++) {
        begin(false);
        queue.unreadable = 2;
        queue.full = 1;
        run_turns(turns);
    }
    check_taken((uint64_t[]){201, 202, 203, 204}, 4);
}
