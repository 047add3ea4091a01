/*
 * Any bytes as the head and the footer of a segment, with right checks so that what reads them is reached. What
 * is read is written again and read the same.
 *
 *     input := (size:u16 bytes)*2      the payload of the head, the content of the footer
 */
#include "base/mem.h"
#include "formats/block/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str take_part(struct reader *r)
{
    size_t size = read_u16(r);
    return read_bytes(r, min_of(size, reader_left(r)));
}

static void check_head(struct str payload, struct arena *arena)
{
    struct err err;
    struct segment_head head, again;
    defer(buf_free) struct buf bytes = {0}, copy = {0};
    segment_put_head(&(struct segment_head){0}, &bytes); /* for its first bytes */
    bytes.len = 8;
    put_u32(&bytes, (uint32_t)payload.len);
    buf_add(&bytes, payload);
    put_u64(&bytes, hash64(buf_str(&bytes)));
    if (!segment_read_head(buf_str(&bytes), &head, arena, &err))
        return;
    segment_put_head(&head, &copy);
    bool same = segment_read_head(buf_str(&copy), &again, arena, &err) &&
                again.number == head.number && again.n_journals == head.n_journals &&
                again.generation == head.generation;
    assert(same);
}

static void check_footer(struct str content, struct packer *packer, struct arena *arena)
{
    struct err err;
    struct segment_footer footer;
    defer(buf_free) struct buf bytes = {0};
    if (!zstd_pack(packer, content, 1, &bytes, &err))
        return;
    size_t stored = bytes.len;
    uint64_t check = hash64(buf_str(&bytes));
    put_u32(&bytes, (uint32_t)stored);
    put_u32(&bytes, (uint32_t)content.len);
    put_u64(&bytes, check);
    buf_add(&bytes, STR("SLSE"));
    if (!segment_read_footer(buf_str(&bytes), &footer, packer, arena, &err))
        return;
    for (size_t i = 0; i < footer.n_chunks; i++)
        assert(footer.chunks[i].records > 0);
    for (size_t i = 0; i < footer.n_journals; i++)
        assert(footer.journals[i].n_blocks == 0 || footer.journals[i].blocks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct packer packer;
    struct reader r = reader_of(str_of(data, size));
    defer(arena_free) struct arena arena = {0};
    check_head(take_part(&r), &arena);
    check_footer(take_part(&r), &packer, &arena);
    return 0;
}
