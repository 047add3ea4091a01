/*
 * Reads lines from files that are written, renamed, copied, cut, packed and deleted meanwhile, so
 * that each line is given exactly once and in order. No loop, no clock, no sockets: the time is an
 * argument, inotify is a hint that may come or not, and tailer_scan finds the truth by stat.
 *
 * A *source* is one generation of a file's content. Its position moves only when lines are given:
 *
 *     NEW ───────── has content ─────────▶ LIVE      NEW ── is a copy of a LIVE one ──▶ HELD
 *     LIVE ───────── not found ──────────▶ GONE      HELD ─ its original is cut or gone ──▶
 *     GONE ── found by its inode again ──▶ LIVE             LIVE, at the original's position
 *     LIVE ── size < offset, or other bytes ──▶ TRUNCATED, and a new LIVE at 0
 *
 *     .gz .zst:  PENDING ── inflated whole, nobody wrote meanwhile ──▶ read from the position of the
 *                   │  ▲                        generation that has these bytes, else from 0 ──▶ DONE
 *        not whole  ▼  │ it changed
 *                  WAITING
 *
 * Invariants
 *  1. What is given has been checked: the bytes in front of the position and the first KiB are those
 *     that were read before (shipper/identity.h), else the file counts as truncated.
 *  2. A position is always behind a newline, or behind a part of a line (then a flag says so). Giving
 *     all records, with a newline behind each without NO_NEWLINE and not FIRST or MIDDLE, gives the
 *     bytes of the file.
 *  3. A generation is claimed by at most one copy, and a copy by bytes: head and the 256 bytes before
 *     the position. A copy whose original lives is not read: all its bytes are in the original.
 *  4. Sources of one stream are read one after the other, rotated ones first; streams take turns by
 *     quantum. A stream is not read past a predecessor with bytes left or not yet checked.
 *  5. put_delta after take_moves names exactly what was given since the last time. Whoever restores
 *     all deltas up to some moment goes on exactly there.
 *  6. What cannot be read any more is a drop, named once, never silence.
 *  7. Files of containers have lanes, stdout and stderr, whose pieces are joined to lines, and lines to
 *     records (shipper/lanes.h). Each lane has a position of its own, at its open record's start, and
 *     reports under an id of its own. After a restart the file is read again from the lesser one, and
 *     what the other has is skipped.
 *  8. Memory: one buffer of max_line + quantum, one more while a compressed file is read, about 600
 *     bytes and two paths per file, joined_bytes for open lines. Descriptors: at most max_open; the
 *     longest idle is closed.
 *
 * A truncated file that has regrown past the position with the very same first KiB and the very
 * same 256 bytes before the position is not told from one that was appended to.
 */
#ifndef SHIPPER_TAILER_H
#define SHIPPER_TAILER_H

#include "base/buf.h"
#include "base/err.h"
#include "formats/line/multiline.h"
#include "shipper/tail_line.h"

struct tailer;

struct tailer_options {
    struct str host;               /* goes into ids */
    const struct tail_glob *globs; /* the first that matches a file counts */
    size_t n_globs;
    const struct str *exclude; /* folders and files left out, with all below them */
    size_t n_exclude;
    bool start_at_end;   /* for files found by the very first scan, without a checkpoint */
    int64_t max_age_ns;  /* the same: older ones are only followed; 0 = no limit */
    size_t max_line;     /* bytes of a part; 0 = 1 MiB */
    size_t quantum;      /* bytes of one turn; 0 = 256 KiB */
    size_t max_open;     /* descriptors, at least 4; 0 = what the process may have, less 64 */
    size_t max_files;    /* 0 = 50,000; more are ignored with a reason */
    uint64_t held_bytes; /* unread bytes of deleted files that are kept; 0 = 1 GiB */
    size_t joined_bytes; /* of all open records together; 0 = 8 MiB */
    /* How the lines of a stream are joined; asked before its first line, and after tailer_set_multiline.
     * NULL, or the answer NULL: each line is a record. */
    const struct multiline *(*multiline)(void *context, const struct tail_stream *stream);
    void *multiline_context;
    /* Whether the files of this stream are read; false: why not, a static text. NULL: all are. */
    bool (*admit)(void *context, const struct tail_stream *stream, const char **reason);
    void *admit_context;
};

bool tailer_open(struct tailer **t, const struct tailer_options *options, struct err *err);
void tailer_close(struct tailer **t);

/* Other patterns from the next scan on. What none matches any more is read no further, and goes on where
 * it was if one matches again. Streams are attached anew. */
bool tailer_set_globs(struct tailer *t, const struct tail_glob *globs, size_t n,
                      bool (*admit)(void *, const struct tail_stream *, const char **),
                      void *admit_context, struct err *err);
/* Another answer to options.multiline's question, and the rules asked for again: those of before are
 * used no more. */
void tailer_set_multiline(struct tailer *t,
                          const struct multiline *(*multiline)(void *, const struct tail_stream *),
                          void *context);

/* Before the first scan: a full checkpoint and the deltas behind it, in order. All or nothing. */
bool tailer_restore(struct tailer *t, struct str checkpoint, struct err *err);
/* Lists all folders, looks at every file, and settles what became of the known ones. */
void tailer_scan(struct tailer *t, int64_t now_ns);
/* Something happened at this path (a file or a folder). False: it means nothing to the tailer before
 * the next scan. */
bool tailer_hint(struct tailer *t, struct str path, int64_t now_ns);
/* One turn of the next stream; false = nothing to read now. */
bool tailer_read(struct tailer *t, int64_t now_ns, const struct tail_sink *sink);
/* Nobody will read for long: records whose last line is whole wait for no more lines from now on. */
void tailer_end(struct tailer *t);
/* When tailer_read or tailer_scan has something to do without a hint; INT64_MAX = never. */
int64_t tailer_next_wakeup(const struct tailer *t);

struct tail_move {
    struct hash128 source;
    uint64_t from, to;
    uint64_t hash; /* XXH3-64 of the min(256, to) bytes before to */
};

/* Each source that moved since the last call, and each whose position was taken from another. */
void tailer_take_moves(struct tailer *t, void (*each)(void *context, const struct tail_move *),
                       void *context);
void tailer_put_delta(struct tailer *t, struct buf *out); /* since the last put_delta or put_full */
void tailer_put_full(struct tailer *t, struct buf *out);

/* After a lost or restored state, between first scan and first read: the files that are there. */
void tailer_present(const struct tailer *t, void (*each)(void *context, struct hash128 id),
                    void *context);
/* Goes on there if the file has those bytes before it and less was read; else where it was. Says
 * whether it has them; of a compressed file it cannot say so yet. */
bool tailer_resume(struct tailer *t, struct hash128 id, uint64_t to, uint64_t hash);

struct tail_drop {
    const struct tail_stream *stream;
    struct str path, reason;
    uint64_t from, to; /* what was there by the last look, but was never given */
};

void tailer_take_drops(struct tailer *t, void (*each)(void *context, const struct tail_drop *),
                       void *context);

struct tail_status {
    const struct tail_stream *stream;     /* NULL: it is ignored */
    struct str path, file, state, reason; /* reason: why it is not read, or empty */
    uint64_t size, offset;                /* offset in uncompressed bytes */
    uint64_t lag;                         /* bytes not yet given; 0 if unknown (compressed) */
};

void tailer_each(const struct tailer *t, void (*each)(void *context, const struct tail_status *),
                 void *context);

#endif
