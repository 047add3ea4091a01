/* What chunk.c and chunk_builder.c offer each other. */
#ifndef FORMATS_BLOCK_CHUNK_PARTS_H
#define FORMATS_BLOCK_CHUNK_PARTS_H

#include "formats/block/chunk.h"

/* Rounded down, so that the unit never moves a time forward. */
static inline int64_t time_units(int64_t ns, int64_t unit)
{
    return ns / unit - (ns % unit < 0);
}

/* Writes the header with both its checks in front of a chunk that is there but for it. */
void chunk_seal(const struct block_header *h, char *bytes);
/* Fills .block.lines, and with columns .lengths, from lines as they are stored. */
bool chunk_unpack_lines(struct chunk *chunk, struct str stored, struct arena *arena,
                        struct err *err);

#endif
