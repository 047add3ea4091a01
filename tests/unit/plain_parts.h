/* What both files of the second decoder use; section 1 of docs/formats.md. */
#ifndef TESTS_UNIT_PLAIN_PARTS_H
#define TESTS_UNIT_PLAIN_PARTS_H

#include "base/arena.h"

struct cursor {
    const unsigned char *bytes;
    size_t at, len;
    bool bad;
};

struct cursor cursor_of(struct str s);
uint64_t fixed_at(struct str s, size_t offset, int size);
uint64_t take_fixed(struct cursor *c, int size);
uint64_t take_varint(struct cursor *c);
/* As the unsigned number with the same bits, because differences wrap around. */
uint64_t take_zigzag(struct cursor *c);
struct str take_string(struct cursor *c);
uint64_t xxh3(struct str s);
/* One frame that fills its place and has exactly size bytes. */
bool unpack_frame(struct str in, uint64_t size, struct arena *arena, struct str *out);

#endif
