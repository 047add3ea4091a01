/* Blocks and records for tests. */
#ifndef TESTS_BLOCKS_H
#define TESTS_BLOCKS_H

#include "formats/block/builder.h"

/* Appends a block of n records of the stream {host=h, service=SERVICE} with lines
 * "SERVICE number NUMBER" for the numbers first .. first + n - 1; event time of a record = its
 * number in milliseconds. Its source covers bytes first .. first + n. */
void make_block(struct buf *out, uint64_t origin, uint64_t sequence, const char *service, int first,
                int n);
/* The number in such a line; -1 if it is none. */
int number_of_line(struct str line);

#endif
