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

void letter_sets_of_portable(const char bytes[BYTE_SETS_WIDTH], struct letter_sets *sets)
{
    *sets = (struct letter_sets){0};
    for (unsigned i = 0; i < BYTE_SETS_WIDTH; i++) {
        uint64_t bit = 1ull << i;
        sets->letter |= is_letter(bytes[i]) ? bit : 0;
        sets->upper |= is_upper(bytes[i]) ? bit : 0;
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

void letter_sets_of(const char bytes[BYTE_SETS_WIDTH], struct letter_sets *sets)
{
    struct letter_sets s = {0};
    for (unsigned at = 0; at < BYTE_SETS_WIDTH; at += sizeof(bytes16)) {
        bytes16 b;
        memcpy(&b, bytes + at, sizeof b);
        s.letter |= BYTE_MASK16((b | 0x20) - 'a' < 26) << at;
        s.upper |= BYTE_MASK16(b - 'A' < 26) << at;
    }
    *sets = s;
}

#else

void letter_sets_of(const char bytes[BYTE_SETS_WIDTH], struct letter_sets *sets)
{
    letter_sets_of_portable(bytes, sets);
}

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
