/* TZif files that tests make, so that none needs tzdata. */
#ifndef TESTS_UNIT_ZONE_BYTES_H
#define TESTS_UNIT_ZONE_BYTES_H

#include "base/buf.h"

struct zone_bytes_change {
    int64_t utc_s;
    unsigned type; /* index of an offset */
};

/* version '2', or 0 for one of 32 bits without rule; the offsets are the types. */
void put_zone_bytes(struct buf *b, char version, const int32_t *offsets, size_t n_offsets,
                    const struct zone_bytes_change *changes, size_t n_changes, const char *rule);

#endif
