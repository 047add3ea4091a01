/* A block of given records, opened as an output has it. */
#ifndef TESTS_UNIT_PUSH_HELPER_H
#define TESTS_UNIT_PUSH_HELPER_H

#include "formats/block/builder.h"
#include "formats/push/push.h"

struct made_block {
    struct block_builder builder;
    struct buf bytes;
    struct arena arena;
    struct packer packer;
    struct block block;
    struct push_block push;
};

/* Zero value is valid. */
void made_block_free(struct made_block *m);
/* Of a new stream if labels are given, else of that of the record before it, or of {}. */
void made_block_add(struct made_block *m, const struct labels *labels, const struct labels *data,
                    const struct record *record);
/* As block 7 of an origin. */
void made_block_open(struct made_block *m);
/* The same block from another origin. */
void made_block_restamp(struct made_block *m, uint64_t origin, uint64_t sequence);

/* Puts rows and unpacks the body, which is gzip; how many were taken. */
size_t put_unpacked(struct push_format *f, const uint32_t *rows, size_t n, size_t max,
                    struct buf *plain);

#endif
