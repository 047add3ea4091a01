/* What the tests of shipper/tailer share: a folder of real files, simulated time, and all that was
 * given, per stream. */
#ifndef TESTS_UNIT_TAIL_HELPER_H
#define TESTS_UNIT_TAIL_HELPER_H

#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"
#include "shipper/tailer.h"

/* What one stream, or one lane of it, gave. */
struct heard {
    char *file;       /* name of the stream in the folder; of stderr with "!" behind it */
    struct buf raw;   /* the bytes of the files, as invariant 2 says; of a lane what was written */
    struct buf shape; /* per record "[flags:length]"; "+" is MORE */
    size_t records;
    int64_t time_ns; /* of the last one */
};

struct tail_test {
    struct tailer *tailer;
    struct buf checkpoint; /* full and deltas, each with its length (u32) in front */
    struct heard heard[64];
    size_t n_heard;
    struct buf moves, drops; /* as text */
    int64_t now_ns;
    size_t refuse_after; /* the sink takes so many lines and refuses one; 0 = takes all */
    size_t taken;
    size_t max_line, quantum, max_open;
    uint64_t held_bytes;
    size_t joined_bytes;
    bool start_at_end;
    int64_t max_age_ns;
    const char *pattern; /* in the folder; NULL = "*.log" */
    enum envelope_kind envelope;
    bool (*admit)(void *context, const struct tail_stream *stream, const char **reason);
    void *admit_context;
    const char *multiline; /* a rule by name; NULL = each line is a record */
    struct multiline *rule;
};

void tail_start(struct tail_test *t); /* opens and restores, scans */
void tail_stop(struct tail_test *t);  /* what was not saved is forgotten, as in a crash */
/* What was saved is known, what was given since comes again; nothing was heard before. */
void tail_restart(struct tail_test *t);
void tail_free(struct tail_test *t);
void tail_scan(struct tail_test *t);
void tail_read_all(struct tail_test *t);
void tail_pass(struct tail_test *t, int64_t ns); /* time passes; scans and reads all */
void tail_save(struct tail_test *t);             /* what was given is safe: delta, moves, drops */
bool tail_hear(void *context, const struct tail_line *line);
struct heard *tail_heard(struct tail_test *t, const char *file);
struct str tail_raw(struct tail_test *t, const char *file);
struct str tail_shape(struct tail_test *t, const char *file);
/* State of the source at that name, or "" */
const char *tail_state(struct tail_test *t, const char *name);

const char *path_of(const char *name);
void write_file(const char *name, struct str bytes); /* new content, same inode if it exists */
void append_file(const char *name, struct str bytes);
void append_text(const char *name, const char *text);
void rename_file(const char *from, const char *to);
void remove_file(const char *name);
void copy_file(const char *from, const char *to);
void truncate_file(const char *name, uint64_t size);
void pack_file(const char *from, const char *to); /* by the end of its name; keeps from */
struct str load_file(const char *name, struct buf *out);

#endif
