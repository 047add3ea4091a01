/*
 * Binary reading that cannot run over. The first read that does not fit latches .bad and everything
 * after it gives zeros, so that a decoder checks once at the end of a section:
 *
 *     struct reader r = reader_of(bytes);
 *     uint32_t version = read_u32(&r);
 *     struct str name = read_str(&r);
 *     if (r.bad) return err_set(err, ERR_CORRUPT, "header is cut short");
 *
 * Slices point into the bytes that were given. The encodings are those of base/buf.h.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include "base/str.h"

struct reader {
    const char *at;
    const char *end;
    bool bad;
};

static inline struct reader reader_of(struct str s)
{
    return (struct reader){.at = s.ptr, .end = s.ptr ? s.ptr + s.len : s.ptr};
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->at);
}

uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
uint64_t read_long_varint(struct reader *r); /* of any length, as: */
static inline uint64_t
read_varint(struct reader *r) /* a form longer than needed or over 64 bits is bad */
{
    bool is_short = !r->bad && r->at < r->end && !(*r->at & 0x80);
    return is_short ? (uint64_t)*r->at++ : read_long_varint(r);
}
int64_t read_zigzag(struct reader *r);
struct str read_bytes(struct reader *r, size_t n);
struct str read_str(struct reader *r); /* varint length, then the bytes */
/* A count of items that take at least min_size bytes each: more than could follow is bad. */
size_t read_count(struct reader *r, size_t min_size);

#endif
