/*
 * Any bytes as the skeleton and the filters of a sieve, with a right header so that what reads them is reached, and a
 * needle that is looked for: no crash, and no more memory than a few times the bytes.
 *
 *     input := ignore_case:u8 (size:u16 bytes)*3      needle, skeleton, filters
 */
#include "base/mem.h"
#include "formats/block/sieve_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str take_part(struct reader *r)
{
    size_t size = read_u16(r);
    return read_bytes(r, min_of(size, reader_left(r)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct packer packer;
    struct err err;
    struct sieve sieve;
    struct reader r = reader_of(str_of(data, size));
    struct sieve_needle needle = {.ignore_case = read_u8(&r) & 1};
    defer(buf_free) struct buf part = {0};
    defer(arena_free) struct arena arena = {0};
    needle.text = take_part(&r);
    struct str skeleton = take_part(&r), blooms = take_part(&r);
    if (needle.text.len == 0)
        needle.text = STR("needle");
    buf_reserve(&part, SIEVE_HEADER);
    part.len = SIEVE_HEADER;
    if (!zstd_pack(&packer, skeleton, 1, &part, &err))
        return 0;
    size_t stored = part.len - SIEVE_HEADER;
    buf_add(&part, blooms);
    sieve_seal(part.ptr, part.len, stored, skeleton.len);
    bool good = sieve_open(&sieve, buf_str(&part), &packer, &arena, &err);
    assert(arena.used <= 64 * skeleton.len + (64 << 10));
    if (!good)
        return 0;
    bool *may = arena_array(&arena, bool, sieve.n_chunks + 1);
    sieve_ask(&sieve, &needle, &arena, may);
    assert(!may[sieve.n_chunks]);
    return 0;
}
