/*
 * Lets a fuzzer get behind the checks of journals: each "SLJF" in its bytes is made a better frame
 * by the bits of the two bytes that nobody reads (offset 6), from the back to the front:
 *
 *     1 offset   2 journal id   4 hash of the payload   8 header check
 *
 * and each "SLBK" with a 1 where a block has 0 (offset 7) gets the 0 and a right header check.
 */
#ifndef TESTS_FUZZ_FRAMES_H
#define TESTS_FUZZ_FRAMES_H

#include "base/hash.h"
#include "base/journal.h"
#include "base/mem.h"
#include "base/reader.h"
#include "formats/block/block.h"

static inline struct str frame_payload(const struct buf *b, size_t at)
{
    struct reader length = reader_of(str_of(b->ptr + at + 8, 4));
    return str_slice(buf_str(b), at + FRAME_HEADER, read_u32(&length));
}

static inline void improve_frame(struct buf *b, size_t at)
{
    unsigned how = (unsigned char)b->ptr[at + 6];
    if (how & 1)
        put_u64_at(b, at + 24, at);
    if (how & 2)
        put_u64_at(b, at + 16, 1);
    if (how & 4)
        put_u64_at(b, at + 48, hash64(frame_payload(b, at)));
    if (how & 8) {
        put_u32_at(b, at + 12, 0);
        put_u32_at(b, at + 12, (uint32_t)hash64(str_of(b->ptr + at, FRAME_HEADER)));
    }
}

static inline void improve_block(struct buf *b, size_t at)
{
    if (b->ptr[at + 7] != 1)
        return;
    b->ptr[at + 7] = 0;
    put_u32_at(b, at + 108, (uint32_t)hash64(str_of(b->ptr + at, 108)));
}

static inline void improve_frames(struct buf *b)
{
    for (size_t at = b->len; at-- > 0;) {
        if (b->len - at >= FRAME_HEADER && memcmp(b->ptr + at, "SLJF", 4) == 0)
            improve_frame(b, at);
        else if (b->len - at >= BLOCK_HEADER && memcmp(b->ptr + at, "SLBK", 4) == 0)
            improve_block(b, at);
    }
}

#endif
