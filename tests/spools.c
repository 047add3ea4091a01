#include "tests/spools.h"

#include "base/mem.h"
#include "tests/blocks.h"
#include "tests/test.h"

static struct str number_text(uint64_t number, char text[32])
{
    return str_of(text, (size_t)snprintf(text, 32, "%llu", (unsigned long long)number));
}

bool append_numbers(struct spool *s, uint64_t state, int first, int n, struct err *err)
{
    char text[32];
    defer(buf_free) struct buf block = {0};
    uint64_t sequence = spool_next_sequence(s);
    make_block(&block, 1, sequence, "api", first, n);
    block_restamp(block.ptr, block.len, spool_origin(s), sequence);
    return spool_append(s, number_text(state, text), buf_str(&block), 1, err);
}

bool rotate_with_number(struct spool *s, uint64_t state, struct err *err)
{
    char text[32];
    return spool_rotate(s, number_text(state, text), 1, err);
}

bool take_numbers(struct spool_reader *r, struct spooled_numbers *numbers, struct err *err)
{
    uint64_t sequence;
    struct block block;
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    if (!spool_reader_next(r, &bytes, &sequence, err))
        return false;
    REQUIRE(block_verify(&block, buf_str(&bytes), &packer, &arena, err));
    CHECK_INT(block.header.sequence, sequence);
    *numbers = (struct spooled_numbers){.sequence = sequence,
                                        .origin = block.header.origin,
                                        .first = number_of_line(block.records[0].line),
                                        .n = (int)block.header.records};
    return true;
}
