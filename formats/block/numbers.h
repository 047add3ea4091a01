/*
 * Lists of numbers as streams: a plane of all lowest bytes, one of the next, and so on, so that those which
 * hardly change stand together and pack to nothing.
 *
 *     numbers := is_delta:u8 base:zigzag width:u8    in the map; and width streams of a byte for each number,
 *                                                    the lowest in the group that is said, the others in HIGH
 *     number  := base + byte planes, or with is_delta the one before (the first: base) + unzigzag(byte planes)
 *
 * All is modulo 2^64; how many numbers there are is known from elsewhere.
 */
#ifndef FORMATS_BLOCK_NUMBERS_H
#define FORMATS_BLOCK_NUMBERS_H

#include "formats/block/streams.h"

enum { NUMBERS_PLANES = 8 };

/* ---- writing ---- */

/* How numbers are stored best, and about how many bits they take then. */
struct numbers_plan {
    bool is_delta;
    uint64_t base;
    unsigned width; /* planes */
    uint64_t bits;
};

struct numbers_plan numbers_plan(const uint64_t *numbers, size_t n);
void numbers_put_plan(const struct numbers_plan *plan, struct stream_writer *w);
/* scratch holds the planes meanwhile. */
void numbers_put_planes(const struct numbers_plan *plan, const uint64_t *numbers, size_t n,
                        enum stream_group group, struct buf *scratch, struct stream_writer *w);
/* Both. */
void numbers_put(const uint64_t *numbers, size_t n, enum stream_group group, struct buf *scratch,
                 struct stream_writer *w);

/* ---- reading ---- */

struct numbers {
    bool is_delta;
    uint8_t width;
    uint64_t base;
    struct stream planes[NUMBERS_PLANES];
};

/* What the map says of the next n, and their planes. False: it is damaged. */
bool numbers_read(struct numbers *numbers, size_t n, enum stream_group group,
                  struct stream_reader *r);
/* The planes alone, of a width that is known. */
bool numbers_read_planes(struct numbers *numbers, unsigned width, size_t n, enum stream_group group,
                         struct stream_reader *r);
/* Fills values, which has room for n. */
bool numbers_load(const struct numbers *numbers, size_t n, uint64_t *values,
                  struct stream_reader *r);

#endif
