/* Any bytes as what Loki answers (first byte 0 to 127, the status behind it), and as a block that is put for it: each
 * of its rows once, in bodies that can be read. */
#include "base/compress.h"
#include "base/mem.h"
#include "formats/push/loki.h"

#include "formats/push/loki_push.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct push_format *open_format(bool is_json)
{
    struct err err;
    struct push_format *f = NULL;
    static const struct str labels[] = {STR_INIT("service_name"), STR_INIT("host")};
    struct loki_options options = {.labels = labels, .n_labels = 2, .is_json = is_json};
    bool opened = loki_open(&f, &options, &err);
    assert(opened);
    return f;
}

static void read_answer(struct push_format *f, unsigned status, struct str text)
{
    uint8_t fates[3] = {99, 99, 99};
    struct push_answer answer = {.n = sizeof fates, .fates = fates};
    f->kind->read(f, &(struct push_reply){status, text}, &answer);
    uint64_t rejects = 0;
    for (size_t i = 0; i < answer.n_rejects; i++)
        rejects += answer.rejects[i].rows;
    assert(answer.verdict != PUSH_READ || fates[0] == PUSH_TAKEN);
    assert(rejects <= sizeof fates && memchr(answer.detail, 0, sizeof answer.detail));
}

static size_t count_entries(struct str body)
{
    struct err err;
    size_t n = 0;
    defer(buf_free) struct buf request = {.max = 64 << 20};
    bool unpacked = snappy_unpack(body, &request, &err);
    assert(unpacked);
    Loki__PushRequest *push =
        loki__push_request__unpack(NULL, request.len, (const uint8_t *)request.ptr);
    assert(push);
    for (size_t i = 0; i < push->n_streams; i++)
        n += push->streams[i]->n_entries;
    loki__push_request__free_unpacked(push, NULL);
    return n;
}

static void put_block(struct push_format *f, const struct block *block, bool is_json)
{
    uint32_t *rows = mem_array(uint32_t, block->header.records);
    for (uint32_t i = 0; i < block->header.records; i++)
        rows[i] = i;
    struct push_block push = {.block = block};
    f->kind->begin(f, &push);
    for (size_t at = 0; at < block->header.records;) {
        defer(buf_free) struct buf body = {.max = 64 << 20};
        size_t n = f->kind->put(f, rows + at, block->header.records - at, 4096, &body);
        assert(n > 0 && !body.over && (is_json || count_entries(buf_str(&body)) >= n));
        at += n;
    }
    mem_free(&rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct block block;
    if (size < 2)
        return 0;
    bool is_json = data[0] & 1;
    defer(push_format_close) struct push_format *f = open_format(is_json);
    if (data[0] < 128) {
        static const unsigned statuses[] = {200, 400, 413, 422, 429, 500};
        read_answer(f, statuses[data[1] % countof(statuses)], str_of(data + 2, size - 2));
        return 0;
    }
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    char *bytes = mem_alloc_raw(size);
    memcpy(bytes, data + 1, size - 1);
    if (size - 1 >= BLOCK_HEADER) /* a right checksum, so that the fuzzer gets behind it */
        block_restamp(bytes, size - 1, (struct hash128){1, 2}, 1);
    if (block_verify(&block, str_of(bytes, size - 1), &packer, &arena, &err))
        put_block(f, &block, is_json);
    mem_free(&bytes);
    return 0;
}
