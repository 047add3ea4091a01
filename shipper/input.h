/*
 * Lines from standard input: the same sink, flags and parts as for files, without positions. What was
 * read from a pipe cannot be read again, so it is taken only as fast as the spool takes it: the writer
 * on the other end waits.
 */
#ifndef SHIPPER_INPUT_H
#define SHIPPER_INPUT_H

#include "base/io/work.h"

enum { INPUT_LINE_MAX = 1 << 20 }; /* bytes; a longer line goes in parts */

struct input;

struct input_sink {
    /* flags: enum tail_flag. False: no room now; the line comes again after input_resume. */
    bool (*line)(struct str line, unsigned flags, void *data);
    /* All is given. err: NULL, or why reading stopped. */
    void (*ended)(const struct err *err, void *data);
    void *data;
};

/* Reads fd on a thread of the pool, which it occupies until the end. */
struct input *input_open(struct workers *workers, int fd, const struct input_sink *sink);
void input_resume(struct input *i);
/* After the pool is closed, or after the end. */
void input_close(struct input **i);

#endif
