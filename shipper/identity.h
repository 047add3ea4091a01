/*
 * Whether a file still is, or is a copy of, what was read: said by the bytes, not by its name. A
 * position carries hashes of what stands in front of it:
 *
 *     0        1 KiB              older[3]      older[1]  [0]      at.end = next byte to read
 *     ├──────────┤ · · · · · · · · · ├─┤ · · · · · ├─┤ · · ├─┤ · · ├──┤
 *         head                     256 B before each of them      256 B
 *
 * Invariants
 *   1. Only bytes that were read are in an identity: the head covers min(1 KiB, at.end) bytes, a
 *      sample min(256, end). So an identity never changes by lines that are appended, works from
 * the first byte on, and at.end == 0 means "nothing read" and matches every file.
 *      The blocks of the head tell whether less than 1 KiB is the beginning of it.
 *   2. older[] are positions passed before: the last two, then one at least 4 KiB and one at least
 *      64 KiB behind. They tell a copy that was made while we read on, and so is shorter than what
 *      we have read.
 *   3. A check reads the file after the caller has read its data, so that data which was read
 * before a good check belongs to the file of the identity: content changes from old to new, not
 * back.
 */
#ifndef SHIPPER_IDENTITY_H
#define SHIPPER_IDENTITY_H

#include "base/file.h"

enum {
    IDENTITY_HEAD = 1024,
    IDENTITY_TAIL = 256,
    IDENTITY_OLDER = 4,
    IDENTITY_BLOCK = 64,
    IDENTITY_BLOCKS = IDENTITY_HEAD / IDENTITY_BLOCK
};

struct inode_key {
    uint64_t dev, ino;
};

/* min(256, end) bytes before end. */
struct sample {
    uint64_t end;  /* offset in (uncompressed) bytes */
    uint64_t hash; /* XXH3-64; 0 when end is 0 */
};

struct identity {
    struct sample at;                 /* .end is the offset to go on from */
    uint64_t head_hash;               /* of the first min(1 KiB, at.end) bytes */
    uint16_t blocks[IDENTITY_BLOCKS]; /* 16 bits of the hash of each whole 64 bytes of the head */
    struct sample older[IDENTITY_OLDER]; /* falling; unused ones are zero */
};

/* Bytes around the offset, as a check has read them: data may be read to tail + IDENTITY_TAIL, so
 * that the bytes before an offset are in front of it. */
struct identity_bytes {
    char head[IDENTITY_HEAD]; /* the first identity_head bytes are valid */
    char *tail;               /* IDENTITY_TAIL bytes; the last min(256, at.end) are valid */
};

static inline size_t identity_head(const struct identity *i)
{
    return i->at.end < IDENTITY_HEAD ? (size_t)i->at.end : IDENTITY_HEAD;
}

static inline size_t sample_size(uint64_t end)
{
    return end < IDENTITY_TAIL ? (size_t)end : IDENTITY_TAIL;
}

uint64_t sample_hash(struct str bytes);
/* Whether a head, of which there may be less than was read, is the front of this identity's: by the
 * hash where it is all there, else by blocks. Less than one block proves nothing: false. */
bool is_head_of(const struct identity *i, struct str head);

/* Reads head and tail and compares; *same only if both are as they were. */
bool identity_check(const struct identity *i, const struct file *f, struct identity_bytes *bytes,
                    bool *same, struct err *err);
/* The next n bytes were read: data[0 .. n) follows bytes->tail in memory. Fills up bytes->head. */
void identity_advance(struct identity *i, struct identity_bytes *bytes, const char *data, size_t n);
/* As if the first end bytes of the file had been read. ERR_NOT_FOUND if it has fewer. */
bool identity_of_file(struct identity *i, const struct file *f, uint64_t end, struct err *err);
/* The same of bytes that are at hand: the first min(1 KiB, end) and the min(256, end) before end.
 */
void identity_set(struct identity *i, uint64_t end, struct str head, struct str tail);
/* Whether a file that is shorter than what was read has the beginning of it. */
bool is_front(const struct identity *i, const struct file *f, bool *front, struct err *err);

/* Whether a is, by its first and last KiB, a copy of the front of b. An empty file is none. */
bool is_copy_of_front(const struct file *a, const struct file *b, bool *copy, struct err *err);

#endif
