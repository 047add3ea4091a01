/*
 * Blocks for another collector (POST /api/v1/blocks), one in a request, as they are: it knows them again by origin
 * and number. Of some rows of a block, as `match` has it, a block of the same number is made, without the positions of
 * sources; that numbers are missing between them is then said with ?partial=1, so that it leaves no gap records.
 *
 * What a match leaves is another block than the whole, and than what another match leaves, so it needs another name
 * where both arrive: its origin is derived from that of the block and the text of the match.
 */
#ifndef FORWARD_CHAIN_H
#define FORWARD_CHAIN_H

#include "formats/push/push.h"

/* Of a collector's answer, {"acked":N}: the number up to which it has all blocks; 0: none, or it is no such answer. */
uint64_t read_acked(struct str json);

/* match: empty, or the filter that chose the rows; the caller's until the format is closed. */
void chain_open(struct push_format **f, struct str match);

#endif
