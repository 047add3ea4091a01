#include "formats/line/byte_sets.h"

#include "base/ascii.h"

void id_sets_of_portable(const char bytes[BYTE_SETS_WIDTH], struct id_sets *sets)
{
    *sets = (struct id_sets){0};
    for (unsigned i = 0; i < BYTE_SETS_WIDTH; i++) {
        char c = bytes[i];
        uint64_t bit = 1ull << i;
        sets->pair |= c == ':' || c == '=' ? bit : 0;
        sets->hex |= is_hex(c) || c == '-' ? bit : 0;
    }
}

#ifdef __x86_64__

void id_sets_of(const char bytes[BYTE_SETS_WIDTH], struct id_sets *sets)
{
    struct id_sets s = {0};
    for (unsigned at = 0; at < BYTE_SETS_WIDTH; at += sizeof(bytes16)) {
        bytes16 b;
        memcpy(&b, bytes + at, sizeof b);
        bytes16 folded = b | 0x20;
        bytes16 hex = (bytes16)(b - '0' < 10) | (bytes16)(folded - 'a' < 6);
        s.pair |= BYTE_MASK16((b == ':') | (b == '=')) << at;
        s.hex |= BYTE_MASK16(hex | (bytes16)(b == '-')) << at;
    }
    *sets = s;
}

#else

void id_sets_of(const char bytes[BYTE_SETS_WIDTH], struct id_sets *sets)
{
    id_sets_of_portable(bytes, sets);
}

#endif

void id_sets_load(struct str line, size_t at, struct id_sets *sets)
{
    char room[BYTE_SETS_WIDTH];
    unsigned by;
    if (at >= line.len) {
        *sets = (struct id_sets){0};
        return;
    }
    id_sets_of(sixty_four(line, at, room, &by), sets);
    if (by)
        *sets = (struct id_sets){sets->pair >> by, sets->hex >> by};
}
