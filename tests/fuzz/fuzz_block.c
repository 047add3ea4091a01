/* Any bytes as a block: refused or read, within its memory. A right checksum is put in, so that the
 * fuzzer gets behind it. */
#include "base/mem.h"
#include "formats/block/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct block block;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    char *bytes = mem_alloc_raw(size);
    memcpy(bytes, data, size);
    if (size >= BLOCK_HEADER) {
        struct hash128 origin = {1, 2};
        block_restamp(bytes, size, origin, 1);
    }
    if (block_verify(&block, str_of(bytes, size), &packer, &arena, &err))
        assert(block.header.records > 0 && block.records);
    mem_free(&bytes);
    return 0;
}
