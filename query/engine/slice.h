/*
 * Chunks of one slice of time, one for each retention class, read as one: what a search sees is the slice.
 *
 *     default   s | 1   3 4 |      the slice   s | 1 2 3 4 |
 *     3d        s |   2     |                  t | 1 |
 *               t | 1 |
 *
 *  1. Rows stand as in a chunk: stream by stream, those of a stream in the total order; so do their lines.
 *  2. A single chunk is taken as it is: .parts[0] is the whole.
 */
#ifndef QUERY_ENGINE_SLICE_H
#define QUERY_ENGINE_SLICE_H

#include "formats/block/chunk.h"

enum { SLICE_PARTS_MAX = 16 };

/* All in the arena; the parts as well as the bytes that they were opened from. */
struct slice {
    struct chunk *parts;
    size_t n;
    struct chunk
        whole; /* header: the sums; streams; from slice_read on records, places, origins, lines */
    uint32_t **streams; /* for each part: numbers of its streams in the whole */
};

/* bytes: n chunks one after the other, 1 to SLICE_PARTS_MAX. */
bool slice_open(struct slice *s, struct str bytes, size_t n, struct packer *packer,
                struct arena *arena, struct err *err);
/* What is asked for of the rows (chunk.h; of more than one chunk all), and lines if they are. */
bool slice_read(struct slice *s, unsigned parts, bool with_lines, struct arena *arena,
                struct err *err);

#endif
