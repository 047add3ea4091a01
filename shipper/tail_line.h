/*
 * What the tailer (shipper/tailer.h) is told to look for, and the lines that it gives.
 */
#ifndef SHIPPER_TAIL_LINE_H
#define SHIPPER_TAIL_LINE_H

#include "base/hash.h"
#include "formats/line/envelope.h"

struct tail_glob {
    struct str pattern; /* absolute; see shipper/glob.h */
    struct str service; /* empty: the name of the file's folder */
    enum envelope_kind envelope;
    unsigned place; /* the caller's */
    bool
        refuses_links; /* its folders may belong to users: a link might lead to what they may not read */
};

/* What the lines of a file have in common; rotation does not make a new one. The pointer is good
 * until the tailer has forgotten all files of the stream, which only tailer_scan does. */
struct tail_stream {
    uint64_t number;             /* never used again */
    struct str file;             /* path without what rotation added */
    struct str service;          /* of the glob, else the folder's name */
    size_t glob;                 /* index in options.globs; n_globs if none matches any more */
    enum envelope_kind envelope; /* of the glob, as is .place */
    unsigned place;
    void *attached[LANES]; /* the caller's; NULL at first. A file without lanes has [0] */
    uint64_t attached_at;  /* the same; 0 at first */
};

enum tail_flag {
    TAIL_FIRST = 1,      /* the first part of a line longer than max_line */
    TAIL_MIDDLE = 2,     /* a part with more before and behind it */
    TAIL_LAST = 4,       /* its last part */
    TAIL_NO_NEWLINE = 8, /* no newline came behind it for 5 s, or the file is over */
    TAIL_CONTINUES = 16, /* goes on behind a piece that was given with NO_NEWLINE */
    TAIL_DAMAGED = 32,   /* never given: bytes that are no frame */
    TAIL_OF_LANE = 64,   /* of a container, or of a file whose lines may be joined */
    TAIL_MORE = 128, /* of a lane, instead of FIRST and MIDDLE: the record goes on. Whether it is
                          * FIRST, MIDDLE or LAST follows from the lane's record before */
};

struct tail_line {
    struct tail_stream *stream;
    struct hash128 source;
    struct str bytes; /* without the newline; good until the call returns */
    unsigned flags;   /* enum tail_flag */
    enum lane lane;
    int64_t time_ns;   /* of its envelope; TIME_NONE: it has none */
    uint64_t from, to; /* in uncompressed bytes; the newline is inside. 0, 0 if it was joined */
    int64_t mtime_ns;  /* of the file, when it was read */
    int64_t read_ns;   /* caller's clock: its last piece was read */
};

struct tail_sink {
    /* True: taken. False: not taken; the turn ends, and the line comes again with the next one. */
    bool (*line)(void *context, const struct tail_line *line);
    void *context;
};

#endif
