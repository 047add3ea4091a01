/*
 * Readers of the spool (shipper/spool.h): each output has one, with a position of its own, so that one
 * that lags or is dead delays no other. All of it is the loop's.
 *
 *     next ─▶ next ─▶ acknowledge: the position moves ─▶ the last reader's did: the file is unlinked
 *       ▲       │
 *       └ rewind┘       to behind the last acknowledged block
 *
 * Where positions stand: that of the collector in the heads of the spool's files, and hello tells it more
 * exactly; those of the others in STATE/outputs/NAME: a line that is durable before anything is sent under its
 * origin, and one that is written in place at each acknowledgement and not synced (docs/formats.md, section 6).
 *
 * Whose blocks they are: the collector's reader stamps the origin of the spool. Every other has an origin of its own,
 * at first that of the spool, kept beside its position. Blocks that one of them has sent so keep their name when
 * the spool, or another reader, gets a new one.
 *
 * Invariants:
 *   1. A reader is given each block behind its position once until it is rewound, in order.
 *   2. A file goes when every reader has acknowledged all of its blocks, or has passed them over. None goes
 *      before spool_start_readers, when all readers are open.
 *   3. A position that is not known, is damaged, or lies beyond the last block is the beginning of what
 *      is there. So is that of a new name. A power cut may repeat blocks, and never skips one. While the disk does not
 *      give a position, its reader gives no block.
 *   4. A reader that skips never stops reading: while the spool is full and nobody but such readers lacks
 *      its oldest file, they pass that file over. What they had not been given of it is counted.
 *   5. A new origin of the spool is the collector's reader's, which it rewinds, and no other's.
 */
#ifndef SHIPPER_SPOOL_READER_H
#define SHIPPER_SPOOL_READER_H

#include "shipper/spool.h"

struct spool_reader; /* the spool's; goes with it */

struct spool_reader *spool_reader_open_collector(struct spool *s);
/* name: fit for a file, and not that of another reader. Also when the others have started. */
struct spool_reader *spool_reader_open(struct spool *s, const char *name);
/* Not that of the collector: with its position. */
void spool_reader_forget(struct spool_reader **r);
/* When the spool is full: files that only this reader lacks are passed over. */
void spool_reader_set_skips(struct spool_reader *r, bool skips);
/* All readers that there are to be are open: positions of other names are forgotten. */
void spool_start_readers(struct spool *s);

/* Appends the next block to out; sequence may be NULL. false with ERR_NONE: there is none now; with
 * ERR_LIMIT: it would not fit under out->max, and stays the next. Damaged frames are skipped and counted. */
bool spool_reader_next(struct spool_reader *r, struct buf *out, uint64_t *sequence,
                       struct err *err);
/* Everything up to and with this number is where it was to go. */
void spool_reader_acknowledge(struct spool_reader *r, uint64_t sequence);
void spool_reader_acknowledge_given(struct spool_reader *r); /* all that next has given */
void spool_reader_rewind(struct spool_reader *r);
/* Not that of the collector: rewinds, and from now on gives blocks of a new origin of its own, which is durable when
 * this returns. */
bool spool_reader_renew(struct spool_reader *r, struct err *err);

struct spool_reader_numbers {
    uint64_t acknowledged; /* sequence; 0 = none yet */
    uint64_t blocks;       /* that wait */
    uint64_t bytes;        /* of them, estimated by the file that the position is in */
    int64_t oldest_ns; /* when the oldest of them was written, or one shortly before; TIME_NONE */
    uint64_t skipped;  /* blocks passed over since opening */
};
struct spool_reader_numbers spool_reader_count(const struct spool_reader *r);

#endif
