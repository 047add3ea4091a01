/*
 * The spool: what was read and is not yet where it goes, together with the positions it covers.
 *
 *     STATE/spool/000007       base/journal.h; frames in order:
 *         kind 1   head: origin:16 next sequence:8 acknowledged:8 (by the collector), then the
 *                  whole state (the caller's)
 *         kind 2   block: change:str, then the block     change: of the state, by this block
 *         kind 3   origin:16 acknowledged:8              from here on this is who we are
 *         kind 4   change:str                            of the state, without a block
 *
 * Block and change are one frame, so either both are there after a crash or neither: a line is in the
 * spool or still behind the position in its file. A file is closed at file_bytes; the next begins with
 * the whole state, so files go as soon as all their blocks are acknowledged.
 *
 *     append ─▶ sync ─▶ publish ─▶ read by each output (shipper/spool_reader.h) ─▶ unlinked
 *
 * Invariants:
 *   1. What a reader is given is on disk.
 *   2. The sequence of a block is one more than that of the block before it, for ever; a new origin does
 *      not change it. The present origin is stamped on what readers are given.
 *   3. Opening gives the state of the last whole frame; a torn tail never was.
 *   4. A damaged frame loses that block, counted, and nothing else: the state in later frames is whole.
 *   5. The newest file is never removed.
 *
 * Threads: append, sync and rotate are the writer's (one thread at a time); all else is the loop's,
 * publish and spool_change_origin only while the writer rests.
 */
#ifndef SHIPPER_SPOOL_H
#define SHIPPER_SPOOL_H

#include "base/hash.h"
#include "base/journal.h"
#include "formats/block/block.h"

struct spool;

struct spool_options {
    const char *folder;  /* STATE */
    uint64_t size;       /* bytes of all files together; 0 = 1 GiB */
    uint64_t keep_free;  /* bytes of the disk left free */
    uint64_t file_bytes; /* 0 = 16 MiB or an eighth of size */
};

/* Called while opening: the whole state first, then the changes in order. */
struct spool_restore {
    bool (*whole)(void *context, struct str state, struct err *err);
    bool (*change)(void *context, struct str change, struct err *err);
    void *context;
};

/* is_new: there was no state, or none that could be read; the caller begins anew and gives its
 * (empty) state. ERR_CONFLICT: another process has the folder. */
bool spool_open(struct spool **s, const struct spool_options *options,
                const struct spool_restore *restore, int64_t now_ns, bool *is_new, struct err *err);
void spool_close(struct spool **s, int64_t now_ns);

struct hash128 spool_origin(const struct spool *s);

/* ---- the writer ---- */

/* Goes on in a new file that begins with this state: the one behind the last block appended. */
bool spool_rotate(struct spool *s, struct str whole_state, int64_t now_ns, struct err *err);
bool is_spool_rotation_due(const struct spool *s); /* no file yet, or it is full */
/* After a failed sync: goes on in a new file that begins with the state of the last good sync, which
 * is read from the old one. */
bool is_spool_failed(const struct spool *s);
bool spool_recover(struct spool *s, int64_t now_ns, struct err *err);
uint64_t spool_next_sequence(const struct spool *s); /* for the block to append */
/* block: stamped with origin and next sequence. Empty: only the change. */
bool spool_append(struct spool *s, struct str change, struct str block, int64_t now_ns,
                  struct err *err);
/* On false nothing since the last sync is in the spool; recover, then append it again. */
bool spool_sync(struct spool *s, struct err *err);

/* ---- the loop thread ---- */

void spool_publish(struct spool *s, int64_t now_ns);
/* By the numbers of the last publish. What is all acknowledged is no reason to wait. */
bool spool_has_room(const struct spool *s);
/* Another size and rest of the disk from now on; files are closed at the size they always were. */
void spool_set_limits(struct spool *s, uint64_t size, uint64_t keep_free);
/* How much is free by now; while the writer rests. */
void spool_look_at_disk(struct spool *s);

/* Who we are from now on: durable when it returns. */
bool spool_change_origin(struct spool *s, struct hash128 origin, int64_t now_ns, struct err *err);

struct spool_numbers {
    uint64_t bytes;        /* of all files */
    uint64_t acknowledged; /* sequence: by all readers; 0 = none yet */
    uint64_t last;         /* sequence of the last block on disk; 0 = none yet */
    uint64_t damaged;      /* frames skipped since opening */
    int64_t oldest_ns;     /* when the oldest block was written that a reader lacks; TIME_NONE */
    const char *awaited;   /* reader that a full spool waits for; empty: there is none */
};
struct spool_numbers spool_count(const struct spool *s);

#endif
