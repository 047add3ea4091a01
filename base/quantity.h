/*
 * Quantities as people write them: a number with its unit. A bare number is refused with a text
 * that shows right forms, because 64 may mean bytes, kilobytes or seconds.
 *
 *     size    512B  64KiB 1GiB (binary: KiB MiB GiB TiB)  500kB 20MB (decimal: kB MB GB TB)
 *     share   a size, or whole percent of something: 5%
 *     rate    2MiB/s (bytes) or 20/s (things), per second
 *
 * Durations are read by base/time.h. Numbers are whole; "1.5GiB" is refused.
 */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include "base/buf.h"
#include "base/err.h"

struct share {
    uint64_t bytes;   /* if percent is 0 */
    unsigned percent; /* 1 to 100; 0 with 0 bytes = nothing */
};

struct rate {
    uint64_t per_second; /* 0 = no limit */
    bool is_bytes;
};

/* The whole of s, without spaces around it. Errors are ERR_INPUT and name s. */
bool parse_size(struct str s, uint64_t *bytes, struct err *err);
bool parse_share(struct str s, struct share *share, struct err *err);
bool parse_rate(struct str s, struct rate *rate, struct err *err);

/* The shortest exact form that parse_size reads back: "64KiB", "500B". */
void put_size(struct buf *b, uint64_t bytes);

/* What the share is of a whole of so many bytes. */
uint64_t share_of(struct share share, uint64_t whole);

#endif
