#include "tests/blocks.h"

#include "base/mem.h"
#include "tests/test.h"

void make_block(struct buf *out, uint64_t origin, uint64_t sequence, const char *service, int first,
                int n)
{
    struct err err;
    defer(block_builder_free) struct block_builder b = {0};
    struct label items[] = {{STR("host"), STR("h")}, {STR("service"), str_from(service)}};
    struct labels labels = {items, 2}, none = {0};
    block_builder_stream(&b, &labels, &none, TIME_NONE);
    struct block_source source = {
        .id = hash128(str_from(service)), .from = (uint64_t)first, .to = (uint64_t)(first + n)};
    block_builder_source(&b, &source);
    for (int i = first; i < first + n; i++) {
        char line[128];
        int len = snprintf(line, sizeof line, "%s number %d", service, i);
        struct record record = {.order_ns = i * NS_PER_MS,
                                .event_ns = i * NS_PER_MS,
                                .level = (uint8_t)(i % 4),
                                .line = str_of(line, (size_t)len)};
        REQUIRE(block_builder_add(&b, &record));
    }
    struct hash128 id = {.low = origin, .high = 1};
    REQUIRE_OK(block_builder_finish(&b, id, sequence, 1, out, &err));
}

int number_of_line(struct str line)
{
    uint64_t number;
    size_t at = str_find(line, STR(" number "));
    if (at == SIZE_MAX || !str_to_u64(str_slice(line, at + 8, SIZE_MAX), &number))
        return -1;
    return (int)number;
}
