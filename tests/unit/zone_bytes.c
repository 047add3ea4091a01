#include "tests/unit/zone_bytes.h"

static void put_big(struct buf *b, uint64_t value, unsigned bytes)
{
    while (bytes-- > 0)
        put_u8(b, (uint8_t)(value >> 8 * bytes));
}

static void put_header(struct buf *b, char version, size_t changes, size_t types)
{
    buf_add(b, STR("TZif"));
    put_u8(b, (uint8_t)version);
    for (int i = 0; i < 15; i++)
        put_u8(b, 0);
    put_big(b, 0, 4);
    put_big(b, 0, 4);
    put_big(b, 0, 4);
    put_big(b, changes, 4);
    put_big(b, types, 4);
    put_big(b, 4, 4);
}

void put_zone_bytes(struct buf *b, char version, const int32_t *offsets, size_t n_offsets,
                    const struct zone_bytes_change *changes, size_t n_changes, const char *rule)
{
    unsigned size = 4;
    if (version) {
        put_header(b, version, 0, 1);
        buf_add(b, str_of("\0\0\0\0\0\0ABC", 10));
        size = 8;
    }
    put_header(b, version, n_changes, n_offsets);
    for (size_t i = 0; i < n_changes; i++)
        put_big(b, (uint64_t)changes[i].utc_s, size);
    for (size_t i = 0; i < n_changes; i++)
        put_u8(b, (uint8_t)changes[i].type);
    for (size_t i = 0; i < n_offsets; i++) {
        put_big(b, (uint32_t)offsets[i], 4);
        put_u8(b, 0);
        put_u8(b, 0);
    }
    buf_add(b, str_of("ABC", 4));
    if (version)
        buf_print(b, "\n%s\n", rule);
}
