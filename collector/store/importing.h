/*
 * Old records become segments of the days of their own times, beside a store that may be in use.
 *
 *     records ─▶ one pile for each day: blocks of up to 1 MiB ─▶ merge.h ─▶ DATA/import/segment-000001 ...
 *                DATA/import/2026-11-20.blocks                              └▶ READY ─▶ store_adopt (adopting.h)
 *
 * The receipt of an imported record is its order time (about its event time), or now if that is in the future:
 * it lies among what came that day, and is kept as long.
 *
 *  1. Records of one file have one origin, which says what the file holds, so that a file whose records are
 *     in the store is known again as long as one of them is.
 *  2. Records of a stream stay in the order in which they come, also where their times are equal.
 *  3. One import at a time: DATA/import/LOCK. What is not finished is removed, now or by the next one.
 *  4. Memory: PILES_OPEN blocks that are filled, about 60 bytes for each block that was written, what one
 *     merge takes, and 16 bytes for each origin of the store.
 */
#ifndef COLLECTOR_STORE_IMPORTING_H
#define COLLECTOR_STORE_IMPORTING_H

#include "formats/block/filler.h"

struct importing;

/* folder: of the store. ERR_CONFLICT: another import is under way. A folder without a store is taken for an empty one. */
bool importing_open(struct importing **i, const char *folder, int64_t now_ns, struct err *err);
void importing_close(struct importing **i);

/* The store, or this import, has records of this origin. */
bool importing_knows(const struct importing *i, struct hash128 origin);
/* What is added from now on, up to importing_end, is of this origin, which is not known yet. */
void importing_begin(struct importing *i, struct hash128 origin);
/* Those that records are added of; they live until importing_close. */
struct filled_streams *importing_streams(struct importing *i);
/* All but .order_ns and .stream is given. */
bool importing_add(struct importing *i, struct filled_stream *stream, struct record *record,
                   struct err *err);
bool importing_end(struct importing *i, struct err *err);

struct import_day {
    int64_t day; /* since 1970 */
    uint64_t records;
    int64_t newest_ns; /* receipt */
};

/* In their order; live until the next call of this module. */
const struct import_day *importing_days(struct importing *i, size_t *n);

/* Makes the segments and says that they are ready; what they take on disk. At least one record. */
bool importing_finish(struct importing *i, uint64_t *bytes, struct err *err);
struct hash128 importing_id(const struct importing *i); /* for store_adopt */

#endif
