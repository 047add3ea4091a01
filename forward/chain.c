#include "forward/chain.h"

#include "base/mem.h"
#include "formats/block/builder.h"
#include "formats/line/json.h"

struct chain_format {
    struct push_format front;
    struct str match;
    const struct block *block;
    struct block_builder builder;
};

static void begin(struct push_format *f, const struct push_block *block)
{
    ((struct chain_format *)f)->block = block->block;
}

/* The stream in the block that is made; UINT32_MAX in numbers: it is not there yet. */
static uint32_t stream_of(struct chain_format *c, uint32_t *numbers, uint32_t stream)
{
    const struct block_stream *from = &c->block->streams[stream];
    if (numbers[stream] == UINT32_MAX)
        numbers[stream] =
            block_builder_stream(&c->builder, &from->labels, &from->data, from->previous_order_ns);
    return numbers[stream];
}

/* False: what the block holds beside its lines is more than a block of ours may have. */
static bool build(struct chain_format *c, const uint32_t *rows, size_t n, struct buf *body)
{
    const struct block *b = c->block;
    struct err err;
    defer(arena_free) struct arena arena = {0};
    uint32_t *numbers = arena_array(&arena, uint32_t, b->n_streams);
    memset(numbers, 0xff, b->n_streams * sizeof *numbers);
    block_builder_reset(&c->builder);
    c->builder.is_plain = true; /* else it depends on blocks before how the lines are stored */
    bool good = true;
    for (size_t i = 0; i < n && good; i++) {
        struct record record = b->records[rows[i]];
        record.stream = stream_of(c, numbers, record.stream);
        good = block_builder_add(&c->builder, &record);
    }
    return good && block_builder_finish(&c->builder, b->header.origin, b->header.sequence,
                                        b->header.unit, body, &err);
}

static void rename_for_match(const struct chain_format *c, struct buf *body)
{
    const struct block_header *h = &c->block->header;
    defer(buf_free) struct buf name = {0};
    put_hash128(&name, h->origin);
    buf_add(&name, c->match);
    block_restamp(body->ptr, body->len, hash128(buf_str(&name)), h->sequence);
}

static size_t put(struct push_format *f, const uint32_t *rows, size_t n, size_t max,
                  struct buf *body)
{
    struct chain_format *c = (struct chain_format *)f;
    (void)max;
    if (n == c->block->header.records)
        buf_add(body, c->block->bytes);
    else if (!build(c, rows, n, body))
        body->over = true;
    if (c->match.len && !body->over)
        rename_for_match(c, body);
    return n;
}

/* False: it is not the answer of a collector. */
static bool find_acked(struct str json, uint64_t *acked)
{
    struct json_scan scan;
    struct json_member m;
    bool is_there = false;
    if (json_open(&scan, json)) {
        while (json_next(&scan, &m))
            is_there |= str_equal(m.key, STR("acked")) && str_to_u64(m.value, acked);
    }
    return is_there;
}

uint64_t read_acked(struct str json)
{
    uint64_t acked = 0;
    find_acked(json, &acked);
    return acked;
}

static void refuse(struct push_answer *answer, const char *reason, struct str why)
{
    answer->verdict = PUSH_READ;
    push_set_fates(answer, PUSH_REJECTED);
    push_count_reject(answer, reason, answer->n);
    push_set_detail(answer, str_trim(why));
}

static void read_reply(struct push_format *f, const struct push_reply *reply,
                       struct push_answer *answer)
{
    const struct chain_format *c = (const struct chain_format *)f;
    uint64_t acked = 0;
    bool is_collector = find_acked(reply->body, &acked);
    answer->verdict = PUSH_RETRY;
    if (is_collector && reply->status == 200 && acked >= c->block->header.sequence) {
        answer->verdict = PUSH_READ;
        push_set_fates(answer, PUSH_TAKEN);
    } else if (is_collector && reply->status == 409) {
        refuse(answer, "conflict", reply->body);
        answer->verdict = PUSH_CONFLICT;
    } else if (is_collector && reply->status == 400) {
        refuse(answer, "refused", reply->body);
    } else if (reply->status == 413) {
        refuse(answer, "too_large", reply->body);
    }
}

static void close_format(struct push_format *f)
{
    struct chain_format *c = (struct chain_format *)f;
    block_builder_free(&c->builder);
    mem_free(&c);
}

static const struct push_kind kind = {begin, put, read_reply, close_format};

void chain_open(struct push_format **f, struct str match)
{
    struct chain_format *c = mem_new(struct chain_format);
    c->front = (struct push_format){
        .kind = &kind,
        .path = match.len ? "/api/v1/blocks?partial=1" : "/api/v1/blocks",
        .body_max = BLOCK_MAX,
        .reply_max = 64 << 10,
    };
    c->match = match;
    *f = &c->front;
}
