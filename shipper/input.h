/*
 * Records from standard input: the same sink, flags and parts as for files, without positions. What was
 * read from a pipe cannot be read again, so it is taken only as fast as the spool takes it: the writer
 * on the other end waits.
 *
 *     held    ... │ ERROR it failed ⏎   at a(b) ⏎ │   at c(d) ⏎ ...
 *                 given ───────── open ──────────┘ next line
 *
 *  1. Lines that multiline.h joins are one record, which goes when a line begins another one, when no line
 *     came for INPUT_WAIT_NS, or at the end.
 *  2. A record longer than INPUT_LINE_MAX goes in parts, cut between its lines; the newline ends the part.
 *     A line that is longer is cut anywhere, and joined to nothing.
 */
#ifndef SHIPPER_INPUT_H
#define SHIPPER_INPUT_H

#include "base/io/work.h"
#include "base/time.h"
#include "formats/line/multiline.h"

enum { INPUT_LINE_MAX = 1 << 20 };   /* bytes of a record */
#define INPUT_WAIT_NS (1 * NS_PER_S) /* a whole line to which others may belong */

struct input;

struct input_sink {
    /* Bytes as they were read, before anything else is done with them. */
    void (*bytes)(struct str bytes, void *data);
    /* flags: enum tail_flag. False: no room now; the line comes again after input_resume. */
    bool (*line)(struct str line, unsigned flags, void *data);
    /* All is given. err: NULL, or why reading stopped. */
    void (*ended)(const struct err *err, void *data);
    void *data;
};

/* Reads fd on a thread of the pool, which it occupies until the end. rule: the caller's; NULL: every line is
 * a record. */
struct input *input_open(struct workers *workers, int fd, const struct multiline *rule,
                         const struct input_sink *sink);
void input_resume(struct input *i);
/* The open record goes if nothing came for INPUT_WAIT_NS; at_once: in any case. */
void input_give_open(struct input *i, bool at_once);
/* When the open record must go, by the monotonic clock; INT64_MAX if none is open. */
int64_t input_next_wakeup(const struct input *i);
/* After the pool is closed, or after the end. */
void input_close(struct input **i);

#endif
