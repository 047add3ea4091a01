/*
 * The positions of all sources as bytes. A spool file begins with a full checkpoint, later frames
 * carry deltas; the frames around them have lengths and checksums. Applied in the order in which
 * they were written they give the state at the last one.
 *
 *     u8 version = 2 | u8 form: 1 full, 2 delta | operations ... | u8 0
 *     operation: u8 1 | entry          put: replaces an entry with this id
 *                u8 2 | id             forget (only in a delta)
 *     entry: id 16 | dev varint | inode varint | birth zigzag | path str | file str | u8 kind |
 *            u8 state | u8 flags | position sample | head hash u64 | 16 block hashes u16 |
 *            4 older samples | a sample for each flag HELD | size varint | total varint |
 *            mtime zigzag | gone zigzag
 *     sample: end varint | hash u64;   str: varint length, bytes
 *
 * Invariants
 *   1. Decoding takes exactly these bytes: an unknown version, value or operation, a sample that
 * does not fall, a path over 4 KiB or a byte too many is ERR_CORRUPT. Nothing is allocated.
 *   2. The same entries give the same bytes.
 *   3. What is held begins before the position.
 */
#ifndef SHIPPER_CHECKPOINT_H
#define SHIPPER_CHECKPOINT_H

#include "base/hash.h"
#include "base/reader.h"
#include "base/rotation.h"
#include "formats/line/envelope.h"
#include "shipper/identity.h"

enum { CHECKPOINT_VERSION = 2, CHECKPOINT_PATH_MAX = 4096 };

enum checkpoint_form { CHECKPOINT_FULL = 1, CHECKPOINT_DELTA = 2 };
enum checkpoint_operation { CHECKPOINT_END = 0, CHECKPOINT_PUT = 1, CHECKPOINT_FORGET = 2 };

/* What a position is that of. */
enum checkpoint_state {
    CHECKPOINT_LIVE,      /* a file at its path */
    CHECKPOINT_GONE,      /* a file that was deleted or moved away */
    CHECKPOINT_TRUNCATED, /* content that was cut off; a copy may hold it */
    CHECKPOINT_STATES
};

enum checkpoint_flag {
    CHECKPOINT_IN_LINE = 1,   /* the offset is behind a part of a line of more than max_line */
    CHECKPOINT_CONTINUES = 2, /* the offset is behind a piece that went without its newline */
    CHECKPOINT_DONE = 4,      /* compressed, whole and read to its end */
    CHECKPOINT_HELD_OUT = 8,  /* a record of stdout, or of a plain file, is open, from .held on */
    CHECKPOINT_HELD_ERR = 16, /* of stderr */
    CHECKPOINT_DROPPED = 32,  /* its unread rest was named */
    CHECKPOINT_FLAGS = 63
};

struct checkpoint_entry {
    struct hash128 id;
    uint64_t dev, ino;
    int64_t birth_ns; /* 0 if the file system has none */
    struct str path;  /* last seen; absolute */
    struct str file;  /* path without what rotation added: the stream */
    enum file_kind kind;
    enum checkpoint_state state;
    unsigned flags; /* enum checkpoint_flag */
    struct identity seen;
    struct sample held[LANES]; /* of each flag HELD; else zero */
    uint64_t size;             /* bytes on disk when last seen */
    uint64_t total;            /* uncompressed size of a compressed file, once known */
    int64_t mtime_ns;
    int64_t gone_ns; /* since when it is gone or truncated; 0 if it is live */
};

void checkpoint_begin(struct buf *b, enum checkpoint_form form);
void checkpoint_put(struct buf *b, const struct checkpoint_entry *entry);
void checkpoint_forget(struct buf *b, struct hash128 id);
void checkpoint_end(struct buf *b);

struct checkpoint_reader {
    struct reader bytes;
    enum checkpoint_form form;
    enum checkpoint_operation operation; /* set by checkpoint_next */
    struct checkpoint_entry entry;       /* of a put; of a forget only .id */
};

bool checkpoint_open(struct checkpoint_reader *r, struct str bytes, struct err *err);
/* The next operation; CHECKPOINT_END is the last. Strings point into the bytes. */
bool checkpoint_next(struct checkpoint_reader *r, struct err *err);
/* The whole of it is good. */
bool checkpoint_check(struct str bytes, struct err *err);

#endif
