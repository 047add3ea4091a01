/*
 * What the streams of files are called that are read from outside, as a shipper on this machine would call them:
 *
 *     service   the name of the file's folder
 *     host      this machine
 *     file      its path, absolute, without what packing and rotation have added
 *     stream    stdout or stderr, of what came in an envelope
 *
 * and the labels of the configuration. What was given stands in the place of these. An export has labels of its
 * own: what was given is added where it has none of that name. What is no file has no label of one, and is of the service
 * stdin or pipe.
 */
#ifndef QUERY_FILE_STREAMS_H
#define QUERY_FILE_STREAMS_H

#include "base/options.h"
#include "formats/block/filler.h"
#include "query/import_file.h"

/* The caller's. */
struct file_names {
    struct labels given;
    struct str service;           /* given, too; empty: it was not */
    const struct str_pairs *more; /* of the configuration */
};

/* Of one file; looked up once for each lane. */
struct file_streams {
    struct filled_streams *all;
    const struct labels *labels; /* of the file */
    bool is_export;
    struct filled_stream *lanes[LANES + 1]; /* the last: without an envelope */
};

/* Sorted, in the arena. */
bool file_labels_of(struct labels *labels, const struct import_file *f,
                    const struct file_names *names, struct arena *arena, struct err *err);
/* The one that a record is of. NULL: its labels are wrong. */
struct filled_stream *file_stream_of(struct file_streams *s, const struct import_record *r,
                                     struct err *err);

#endif
