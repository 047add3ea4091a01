/*
 * A file of lines, plain or packed, from its beginning to its end: what stands in it, in pieces.
 *
 * Packed are gzip and zstd, by their first bytes, whatever the name says.
 */
#ifndef QUERY_LOG_FILE_H
#define QUERY_LOG_FILE_H

#include "base/err.h"
#include "base/str.h"

struct log_file;

/* A regular file. */
bool log_file_open(struct log_file **f, const char *path, struct err *err);
void log_file_close(struct log_file **f);
/* The next bytes, which live until the next call; none at the end. ERR_CORRUPT: what is packed is damaged, or its
 * end is missing. */
bool log_file_read(struct log_file *f, struct str *bytes, struct err *err);
int64_t log_file_changed(const struct log_file *f); /* ns since 1970 */

#endif
