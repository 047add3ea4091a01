/*
 * One block on its way: opened, the rows of it that an output takes, and how far they have come. Pure work for the
 * thread of an output (forward/output.h).
 *
 *     rows      0 1 2 3 4 5 6 7 8 9                    records that match, in order
 *               └ have their fate ┘└ sent ┘└ to come ┘
 *                                  at      at + n_sent
 *
 * Rows that must come again are moved behind those that need not, so that `at` only rises.
 */
#ifndef FORWARD_PARCEL_H
#define FORWARD_PARCEL_H

#include "formats/push/push.h"
#include "query/engine/filter.h"

/* The zero value is empty. */
struct parcel {
    struct buf bytes; /* the block as the queue gave it; the owner's to fill */
    struct packer packer;
    struct arena arena;
    struct block block;
    struct push_block push;
    uint32_t *rows;
    uint8_t *fates; /* of the rows that are sent */
    size_t n_rows, at, n_sent;
    size_t rows_max; /* of one body; 0: as many as fit. Doubles when rows have their fate */
    bool is_open;
};

void parcel_free(struct parcel *p);
void parcel_reset(struct parcel *p); /* for the next block, keeping memory */

/* Opens the bytes. filter: NULL takes all. whole: the lines are not looked at, the block goes as it is. */
bool parcel_open(struct parcel *p, struct filter *filter, bool whole, struct err *err);
/* Records and lines of the bytes: also of a block that was opened whole. */
bool parcel_read_lines(struct parcel *p, struct err *err);
/* The next rows into body. False: all have their fate. */
bool parcel_put(struct parcel *p, struct push_format *format, size_t body_max, struct buf *body);
/* What was sent has the fates that are in .fates; how many of each. */
struct parcel_counts {
    uint64_t taken, again, rejected, bytes; /* bytes: of the lines of those taken */
};
struct parcel_counts parcel_count(const struct parcel *p);
void parcel_settle(struct parcel *p);
void parcel_halve(struct parcel *p); /* the same rows again, in smaller bodies */
bool is_parcel_done(const struct parcel *p);

#endif
