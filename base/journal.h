/*
 * A journal: an append-only file of checksummed frames. The shipper's spool and the collector's
 * write-ahead log are journals. A frame, little-endian:
 *
 *     offset size
 *        0    4  magic "SLJF"
 *        4    1  version, 1
 *        5    1  kind: the owner's, 1 to 127; 255 = mark (no payload)
 *        6    2  0
 *        8    4  length of the payload, at most FRAME_PAYLOAD_MAX
 *       12    4  low half of the XXH3-64 of this header with these four bytes as zeros
 *       16    8  journal id: random, drawn when the file is made
 *       24    8  offset of this frame in the file
 *       32    8  durable: every byte before this offset was on disk when the frame was written
 *       40    8  time of writing, ns since 1970
 *       48    8  XXH3-64 of the payload
 *       56       payload
 *
 * Invariants:
 *   1. A frame is valid iff its header check and payload hash are right, its offset is where it
 * stands, its durable is not behind that and its id is that of the file. A stale frame of another file cannot be taken for one.
 *   2. Frames are appended only, and durable never exceeds what a successful sync has covered.
 *   3. Whatever was lost in a power cut lies at or behind the greatest durable of any valid frame.
 *   4. So the first bad frame at or behind that offset is a torn tail: the file ends there. A bad
 * frame before it is bit rot: skipped up to the next valid frame, counted and named; nothing else
 * is lost.
 *   5. After a failed sync nothing more is written: the kernel may have dropped the pages and said
 * so only once. The owner goes on in a new file.
 *
 * A clean close writes a mark, so that the last frames are known durable too.
 */
#ifndef BASE_JOURNAL_H
#define BASE_JOURNAL_H

#include "base/file.h"

enum {
    FRAME_HEADER = 56,
    FRAME_PAYLOAD_MAX = 64 << 20,
    FRAME_KIND_MAX = 127,
};

struct frame {
    uint8_t kind;
    uint64_t offset;  /* of the frame in the file */
    uint64_t next;    /* offset behind it */
    int64_t time_ns;  /* when it was written */
    uint64_t durable; /* as in the header */
    uint32_t length;  /* of the payload */
    uint64_t journal_id;
};

/* ---- reading ---- */

/* What a scan found. */
struct journal_health {
    uint64_t end;          /* offset behind the last valid frame: the file is good up to here */
    uint64_t torn_bytes;   /* behind end, cut off or to be cut off */
    uint64_t rotten_bytes; /* skipped before end */
    uint32_t rotten_parts; /* places where something was skipped */
    uint64_t first_rotten; /* offset of the first of them */
    uint64_t journal_id;
};

/* Gives the frames of a file in order; memory is one payload. Holds for a file that grows
 * meanwhile: reading stops at limit. */
struct journal_reader {
    const struct file *file; /* not owned */
    uint64_t at;             /* where the next frame is looked for */
    uint64_t limit;          /* reading ends here */
    struct journal_health health;
    struct buf payload; /* of the frame given last; owned */
};

/* limit: SIZE_MAX-like values mean the present size of the file. Finds the greatest durable offset
 * by a first pass over the headers. ERR_CORRUPT if not one valid frame is there. */
bool journal_reader_open(struct journal_reader *r, const struct file *file, uint64_t limit,
                         struct err *err);
/* For a file whose health is known: starts at an offset, no first pass. */
void journal_reader_start(struct journal_reader *r, const struct file *file, uint64_t from,
                          const struct journal_health *health);
void journal_reader_free(struct journal_reader *r);
/* The next valid frame that is not a mark; false with code ERR_NONE at the end. Its payload is in
 * r->payload if with_payload, and verified; without, only the header is read and checked. */
bool journal_next(struct journal_reader *r, bool with_payload, struct frame *frame,
                  struct err *err);
/* One frame whose place is known; the payload is appended to out. ERR_CORRUPT if it is not valid.
 */
bool journal_load(const struct file *file, uint64_t offset, struct frame *frame, struct buf *out,
                  struct err *err);

/* ---- writing ---- */

struct journal; /* the writer of one file */

/* Makes the file (it must not exist) durable together with its name, holding one first frame. */
bool journal_create(struct journal **j, const char *path, uint8_t kind, struct str payload,
                    int64_t now_ns, struct err *err);
/* Opens a file for appending: cuts off a torn tail, durably. */
bool journal_open(struct journal **j, const char *path, struct journal_health *health,
                  struct err *err);
/* Writes a mark if all is synced. Errors are of no consequence here and are not told. */
void journal_close(struct journal **j, int64_t now_ns);

/* Closes a file that nobody shall find again, and removes it as durably as the disk allows. */
void journal_discard(struct journal **j, const char *path);

/* Appends a frame; it is durable after the next journal_sync. The payload may come in two parts. On
 * an error the file ends where it ended before, for the reader and for the next append. */
bool journal_append(struct journal *j, uint8_t kind, struct str payload, struct str more,
                    int64_t now_ns, struct frame *frame, struct err *err);
/* Makes everything appended durable. After a failure every further append and sync fails too. */
bool journal_sync(struct journal *j, struct err *err);

uint64_t journal_size(const struct journal *j);    /* bytes, appended frames included */
uint64_t journal_durable(const struct journal *j); /* bytes known to be on disk */
uint64_t journal_id(const struct journal *j);
const struct file *journal_file(const struct journal *j);
bool is_journal_failed(const struct journal *j);

#endif
