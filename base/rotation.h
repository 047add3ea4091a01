/*
 * What the names of rotated files say. Rotation adds to the name of the file that is written:
 *
 *     app.log  ─▶  app.log.1  app.log.2.gz  app.log.gz  app.log-20261120.zst  app.log.2026-11-20T10
 *                  app.log.old  app-20261120.log  app.1.log  0.log.20261120-101010
 *     ──┬────
 *      base
 *
 * A name alone cannot tell: worker.1 may be the first of several workers. So the possible bases are
 * offered one after the other, and the caller, who sees the folder, says which of them is one.
 */
#ifndef BASE_ROTATION_H
#define BASE_ROTATION_H

#include "base/str.h"

enum { NAME_BYTES_MAX = 255, ROTATION_BASES_MAX = 8 };

enum file_kind { FILE_PLAIN, FILE_GZIP, FILE_ZSTD, FILE_UNKNOWN_PACKING };

/* By the end of the name; *plain is the name without it (the name itself for FILE_PLAIN). */
enum file_kind file_kind_of(struct str name, struct str *plain);

struct rotation {
    char base[NAME_BYTES_MAX + 1]; /* NUL-terminated */
    size_t base_len;
    bool is_dated;  /* what was taken off is a calendar date: rotation for certain */
    int64_t number; /* what was taken off is a number of at most 6 digits; else -1 */
};

/* Possible bases of a name without packing, those that take off least first; their count. */
size_t rotation_bases(struct str name, struct rotation bases[ROTATION_BASES_MAX]);

#endif
