/*
 * The times that entries have for Loki, which drops one whose stream, time and line it has:
 *
 *     rows of a stream     11:00:07 retry   11:00:07 retry   11:00:07 done    11:00:08 retry
 *     their times          11:00:07 + 0     11:00:07 + 1 ns  11:00:07 + 1 ns  11:00:08 + 0
 *
 *  1. No two entries of a stream and block have the same time and line, the pieces of long lines among them; nor lines
 *     that differ in what is no UTF-8.
 *  2. A row is never put before one of its stream that stood before it and was not later.
 *  3. Rows at the last time of the block before are moved by 64 to 896 ns, by the block's number; those of a
 *     stream whose times are whole milliseconds by 65,536 to 524,288 ns, so that 65,536 equal ones of the block before
 *     are no trouble; those of a stream that has nanoseconds by 1 to 8.
 *  4. Times depend on the block alone, and take time linear in its rows and lines.
 */
#ifndef FORMATS_PUSH_LOKI_TIMES_H
#define FORMATS_PUSH_LOKI_TIMES_H

#include "formats/push/loki.h"

enum {
    LOKI_BYTE_MAX = 3, /* bytes of U+FFFD, which one that is no UTF-8 becomes in JSON */
    /* Of a block's longest line. */
    LOKI_PIECES_MAX = BLOCK_LINE_BYTES_MAX * LOKI_BYTE_MAX / (LOKI_LINE_MAX - 3) + 1
};

/* At least one. Loki counts bytes of a line as it has decoded it, which in JSON are more than ours. */
size_t loki_pieces(struct str line, struct str pieces[LOKI_PIECES_MAX]);

/* groups: for each stream of the block the number, below n_groups, of the stream that it is for Loki. times: one a
 * record; pieces of a long line follow 1 ns apart. */
void loki_times(const struct block *block, const uint32_t *groups, size_t n_groups,
                struct arena *arena, int64_t *times);

#endif
