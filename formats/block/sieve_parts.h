/* What sieve_build.c, sieve_read.c and sieve_ask.c offer each other. */
#ifndef FORMATS_BLOCK_SIEVE_PARTS_H
#define FORMATS_BLOCK_SIEVE_PARTS_H

#include "formats/block/grams.h"
#include "formats/block/needle.h"
#include "formats/block/sieve.h"

enum { SIEVE_TYPED = 1, SIEVE_ODD = 2 };        /* flags of a column */
enum { SIEVE_HAS_REST = 1, SIEVE_HAS_ODD = 2 }; /* of a chunk */

/* Writes the header in front of a part that is there but for it. */
void sieve_seal(char *bytes, size_t size, size_t stored, size_t skeleton);

/*
 * What goes into the filter of ids, all of it without regard to case:
 *
 *     -165f-4927-a4c6-     the middle of a UUID, wherever it stands
 *     3f9c2ab44e01         runs of SHORT_ID and more hex digits, but fewer than LONG_ID, as a whole, if there is a letter
 *     LONG_ID and more     pieces of it (grams.h)
 */
enum { UUID_MIDDLE = 16, SHORT_ID = 13 };
bool is_uuid_middle(struct str s, uint64_t *hash); /* at the front of s */
bool is_short_id(struct str run, uint64_t *hash);

#endif
