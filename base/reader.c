#include "base/reader.h"

static uint64_t read_le(struct reader *r, size_t size)
{
    if (reader_left(r) < size || r->bad) {
        r->bad = true;
        return 0;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < size; i++)
        v |= (uint64_t)(unsigned char)r->at[i] << (8 * i);
    r->at += size;
    return v;
}

uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_le(r, 1);
}
uint16_t read_u16(struct reader *r)
{
    return (uint16_t)read_le(r, 2);
}
uint32_t read_u32(struct reader *r)
{
    return (uint32_t)read_le(r, 4);
}
uint64_t read_u64(struct reader *r)
{
    return read_le(r, 8);
}

uint64_t read_long_varint(struct reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; !r->bad && r->at < r->end; shift += 7) {
        unsigned char byte = (unsigned char)*r->at++;
        bool overflow = shift == 63 && byte > 1;
        bool overlong = shift > 0 && byte == 0;
        if (overflow || overlong)
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    r->bad = true;
    return 0;
}

int64_t read_zigzag(struct reader *r)
{
    uint64_t v = read_varint(r);
    return (int64_t)((v >> 1) ^ (0 - (v & 1)));
}

struct str read_bytes(struct reader *r, size_t n)
{
    if (r->bad || reader_left(r) < n) {
        r->bad = true;
        return (struct str){0};
    }
    struct str s = str_of(r->at, n);
    r->at += n;
    return s;
}

struct str read_str(struct reader *r)
{
    uint64_t len = read_varint(r);
    if (len > reader_left(r)) {
        r->bad = true;
        return (struct str){0};
    }
    return read_bytes(r, (size_t)len);
}

size_t read_count(struct reader *r, size_t min_size)
{
    uint64_t n = read_varint(r);
    if (n > reader_left(r) / (min_size ? min_size : 1)) {
        r->bad = true;
        return 0;
    }
    return (size_t)n;
}
