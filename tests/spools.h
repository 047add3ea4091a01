/* Spools for tests: blocks of numbered lines, and a state of one part that is a number. */
#ifndef TESTS_SPOOLS_H
#define TESTS_SPOOLS_H

#include "shipper/spool_reader.h"

/* The next block, of n lines that are numbered from first on. */
bool append_numbers(struct spool *s, uint64_t state, int first, int n, struct err *err);
bool rotate_with_number(struct spool *s, uint64_t state, struct err *err);

struct spooled_numbers {
    uint64_t sequence;
    struct hash128 origin;
    int first, n;
};

/* False: there is none, or err says why. Checks the block. */
bool take_numbers(struct spool_reader *r, struct spooled_numbers *numbers, struct err *err);

#endif
