#include "shipper/sender.h"

#include "base/log.h"
#include "base/mem.h"
#include "forward/chain.h"
#include "forward/hello.h"

enum {
    BATCH_BLOCKS = 64,
    BATCH_BYTES = 1 << 20, /* no further block is put in behind this */
    REFUSED_MAX = 100,     /* blocks kept in STATE/refused */
};

enum sender_state { SENDER_STOPPED, SENDER_HELLO, SENDER_IDLE, SENDER_SENDING };

struct sender {
    struct sender_options options;
    struct delivery *hello, *blocks;
    enum sender_state state;
    struct buf hello_body;
    struct buf batch;
    uint64_t batch_first, batch_last; /* sequences */
    bool one_by_one;                  /* the batch before was refused: look for the block */
    struct sender_numbers numbers;
    unsigned refused_kept;
};

static enum delivery_verdict judge(unsigned status, struct str body, void *data)
{
    (void)data;
    if (status >= 200 && status < 300)
        return read_acked(body) ? DELIVERY_ACCEPTED : DELIVERY_RETRY;
    bool is_final = status == 400 || status == 409 || status == 413;
    return is_final ? DELIVERY_REFUSED : DELIVERY_RETRY;
}

static struct delivery *open_delivery(struct sender *s, const char *path,
                                      enum delivery_verdict (*judged)(unsigned, struct str, void *))
{
    struct delivery *d = NULL;
    const struct delivery_options options = {
        .loop = s->options.loop,
        .client = s->options.client,
        .request = {.method = "POST",
                    .url = s->options.url,
                    .path = path,
                    .token = s->options.token,
                    .ca_file = s->options.ca_file,
                    .response_max = 16 << 20},
        .backoff = {.min_ns = 100 * NS_PER_MS, .max_ns = 10 * NS_PER_S},
        .judge = judged,
    };
    delivery_open(&d, &options);
    return d;
}

void sender_open(struct sender **out, const struct sender_options *options)
{
    struct sender *s = mem_new(struct sender);
    s->options = *options;
    s->hello = open_delivery(s, "/api/v1/hello", judge_hello);
    s->blocks = open_delivery(s, "/api/v1/blocks", judge);
    s->hello_body.max = 16 << 20;
    s->batch.max = BATCH_BYTES + BLOCK_MAX;
    s->numbers.acknowledged_ns = TIME_NONE;
    s->numbers.skew_ns = INT64_MIN;
    *out = s;
}

void sender_close(struct sender **address)
{
    struct sender *s = *address;
    if (!s)
        return;
    delivery_close(&s->hello);
    delivery_close(&s->blocks);
    buf_free(&s->hello_body);
    buf_free(&s->batch);
    mem_free(address);
}

static void enter_conflict(struct sender *s, const struct hello_answer *hello)
{
    s->state = SENDER_STOPPED;
    s->options.conflict(hello->last, hello->sources, hello->n_sources, s->options.data);
}

static bool is_block_stored(struct str bytes,
                            bool (*is_stored)(const struct block_source *source, void *data),
                            void *data)
{
    struct err unused;
    struct block block;
    defer(packer_free) struct packer packer = {0};
    defer(arena_free) struct arena arena = {0};
    if (!block_open(&block, bytes, &packer, &arena, &unused) || block.n_sources == 0)
        return false;
    for (size_t i = 0; i < block.n_sources; i++) {
        if (!is_stored(&block.sources[i], data))
            return false;
    }
    return true;
}

void sender_pass_over(struct sender *s, uint64_t last,
                      bool (*is_stored)(const struct block_source *source, void *data), void *data)
{
    struct err err;
    uint64_t sequence, passed = 0;
    spool_reader_rewind(s->options.reader);
    for (;;) {
        buf_reset(&s->batch);
        if (!spool_reader_next(s->options.reader, &s->batch, &sequence, &err) || sequence > last ||
            !is_block_stored(buf_str(&s->batch), is_stored, data))
            break;
        passed = sequence;
    }
    buf_reset(&s->batch);
    if (passed)
        spool_reader_acknowledge(s->options.reader, passed);
    spool_reader_rewind(s->options.reader);
}

/* ---- hello ---- */

/* Looks for our block of this number; true if it is in the spool with this hash. */
static bool is_our_block(struct sender *s, uint64_t number, struct hash128 hash)
{
    struct err err;
    uint64_t sequence;
    bool same = false;
    spool_reader_rewind(s->options.reader);
    for (;;) {
        buf_reset(&s->batch);
        if (!spool_reader_next(s->options.reader, &s->batch, &sequence, &err) || sequence > number)
            break;
        if (sequence == number)
            same = hash128_equal(block_hash(buf_str(&s->batch)), hash);
    }
    spool_reader_rewind(s->options.reader);
    buf_reset(&s->batch);
    return same;
}

/* Invariant 2. False: a conflict. */
static bool take_last(struct sender *s, const struct hello_answer *answer)
{
    if (answer->last <= spool_reader_count(s->options.reader).acknowledged)
        return true;
    if (answer->last > spool_count(s->options.spool).last ||
        !is_our_block(s, answer->last, answer->last_hash))
        return false;
    spool_reader_acknowledge(s->options.reader, answer->last);
    return true;
}

static void hello_done(const struct delivery_answer *answer, void *data)
{
    struct sender *s = data;
    struct err err;
    struct hello_answer hello;
    defer(arena_free) struct arena arena = {0};
    bool is_read = read_hello_answer(answer->body, &arena, &hello, &err);
    assert(is_read); /* judge_hello has done it */
    s->numbers.is_up = true;
    if (hello.time_ns != TIME_NONE)
        s->numbers.skew_ns = hello.time_ns - time_now();
    if (!take_last(s, &hello)) {
        enter_conflict(s, &hello);
        return;
    }
    s->state = SENDER_IDLE;
    spool_reader_rewind(s->options.reader);
    s->options.greeted(hello.sources, hello.n_sources, s->options.data); /* may close us */
}

void sender_start(struct sender *s, const struct hash128 *sources, size_t n)
{
    delivery_cancel(s->blocks);
    delivery_cancel(s->hello);
    s->state = SENDER_HELLO;
    buf_reset(&s->hello_body);
    put_hello(&s->hello_body, spool_origin(s->options.spool), sources, n);
    delivery_send(s->hello, buf_str(&s->hello_body), hello_done, s);
}

/* ---- blocks ---- */

static void blocks_done(const struct delivery_answer *answer, void *data);

/* Fills the batch; false if there is nothing to send. */
static bool fill_batch(struct sender *s)
{
    struct err err;
    size_t most = s->one_by_one ? 1 : BATCH_BLOCKS;
    buf_reset(&s->batch);
    for (size_t n = 0; n < most && s->batch.len < BATCH_BYTES; n++) {
        uint64_t sequence;
        if (!spool_reader_next(s->options.reader, &s->batch, &sequence, &err)) {
            if (err.code != ERR_NONE && err.code != ERR_LIMIT)
                log_error("spool: %s", err.text);
            break;
        }
        s->batch_first = n == 0 ? sequence : s->batch_first;
        s->batch_last = sequence;
    }
    return s->batch.len > 0;
}

void sender_kick(struct sender *s)
{
    if (s->state != SENDER_IDLE || !fill_batch(s))
        return;
    s->state = SENDER_SENDING;
    delivery_send(s->blocks, buf_str(&s->batch), blocks_done, s);
}

/* The block that a collector will never take: aside, counted, passed over. False: it could not be
 * kept. */
static bool set_aside(struct sender *s, unsigned status, struct str why)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/refused", s->options.state).ptr;
    char origin[HASH128_TEXT];
    hash128_text(spool_origin(s->options.spool), origin);
    const char *path =
        arena_print(&a, "%s/%s-%llu", folder, origin, (unsigned long long)s->batch_first).ptr;
    bool kept = s->refused_kept < REFUSED_MAX && folder_make(folder, &err) &&
                file_replace(path, buf_str(&s->batch), 0600, &err);
    s->refused_kept += kept;
    s->numbers.refused++;
    log_error("block %llu was refused for good (status %u: %.*s); %s",
              (unsigned long long)s->batch_first, status, STR_ARG(str_slice(why, 0, 200)),
              kept ? path : "it cannot be kept; it stays in the spool");
    if (kept)
        spool_reader_acknowledge(s->options.reader, s->batch_first);
    return kept;
}

static void take_acknowledgement(struct sender *s, uint64_t acked)
{
    acked = min_of(acked, s->batch_last); /* no more than was sent */
    if (acked >= s->batch_first) {
        s->numbers.blocks += acked - s->batch_first + 1;
        spool_reader_acknowledge(s->options.reader, acked);
        s->numbers.acknowledged_ns = time_now();
    }
    if (acked < s->batch_last)
        spool_reader_rewind(s->options.reader);
}

static void blocks_done(const struct delivery_answer *answer, void *data)
{
    struct sender *s = data;
    s->state = SENDER_IDLE;
    s->numbers.is_up = true;
    if (answer->verdict == DELIVERY_ACCEPTED) {
        s->one_by_one = false;
        take_acknowledgement(s, read_acked(answer->body));
    } else if (answer->status == 409) {
        enter_conflict(s, &(struct hello_answer){0});
        return;
    } else if (s->one_by_one) {
        s->one_by_one = !set_aside(s, answer->status, str_trim(answer->body));
        spool_reader_rewind(s->options.reader);
        if (s->one_by_one) { /* again when the owner has something new */
            s->options.acknowledged(s->options.data);
            return;
        }
    } else {
        take_acknowledgement(s, read_acked(answer->body));
        s->one_by_one = true;
        spool_reader_rewind(s->options.reader);
    }
    sender_kick(s);
    s->options.acknowledged(s->options.data); /* may close us */
}

void sender_hurry(struct sender *s)
{
    delivery_hurry(s->hello);
    delivery_hurry(s->blocks);
}

struct sender_numbers sender_count(const struct sender *s)
{
    struct sender_numbers n = s->numbers;
    const struct delivery_state *state =
        delivery_status(s->state == SENDER_HELLO ? s->hello : s->blocks);
    n.is_up = n.is_up && !state->is_failing;
    n.is_failing = state->is_failing;
    n.last_error = state->last_error;
    return n;
}
