/*
 * A file of lines, plain or packed, from its beginning to its end: what stands in it, in pieces. Or a pipe, of which
 * the beginning can be read a second time.
 *
 *  1. Packed are gzip and zstd, by their first bytes, whatever the name says.
 *  2. What a file has behind the size that it had when it was opened is left alone.
 *  3. Memory only from the first read on, and none behind a rewind, but for the beginning of a pipe.
 */
#ifndef QUERY_LOG_FILE_H
#define QUERY_LOG_FILE_H

#include "base/err.h"
#include "base/str.h"

enum { LOG_FILE_HEAD = 128 }; /* the first read gives as many bytes, if there are */

struct log_file;

/* path: NULL is standard input. */
bool log_file_open(struct log_file **f, const char *path, struct err *err);
void log_file_close(struct log_file **f);
/* The next bytes, which live until the next call; none at the end. ERR_CORRUPT: what is packed is damaged, or its
 * end is missing; what there is was given before. */
bool log_file_read(struct log_file *f, struct str *bytes, struct err *err);
/* The next read gives the first bytes again. Once for a pipe. */
void log_file_rewind(struct log_file *f);
bool is_log_file_pipe(const struct log_file *f);    /* or the like */
int64_t log_file_changed(const struct log_file *f); /* ns since 1970; of a pipe it is now */

#endif
