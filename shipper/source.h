/*
 * What tailer.c, scan.c, copies.c, inflate.c and source.c share: one file generation (struct
 * source), the files that rotation made of one path (struct stream), and all of them (struct
 * tailer). States and invariants are in shipper/tailer.h.
 *
 *     tailer ── sources[] ── source ── stream ── sources[]
 *            ── by_id, by_inode, by_path ──▲        ▲
 *            ── queue: streams that may have something to read (each at most once)
 *            ── waiting: streams that wait for a moment
 *            ── idle list: open descriptors of sources that are not gone, longest idle first
 *            ── inflation: the one compressed file that is being read
 */
#ifndef SHIPPER_SOURCE_H
#define SHIPPER_SOURCE_H

#include "base/compress.h"
#include "base/map.h"
#include "base/time.h"
#include "shipper/checkpoint.h"
#include "shipper/tailer.h"

#define WAIT_LIVE_NS    (5 * NS_PER_S)   /* an unfinished line of the file that is written */
#define WAIT_ROTATED_NS (1 * NS_PER_S)   /* of a rotated or deleted one */
#define RETRY_NS        (1 * NS_PER_S)   /* after a read error */
#define LINGER_NS       (10 * NS_PER_S)  /* a deleted file is held so long after its last growth */
#define CLAIM_NS        (60 * NS_PER_S)  /* then what a truncation left unread counts as dropped */
#define KEEP_NS         (7 * NS_PER_DAY) /* positions of files that are gone */

enum { KEEP_MAX = 10000, KEEP_PER_STREAM = 16, DROPS_MAX = 1024, IGNORED_MAX = 1000 };

/*      state             in status     bytes are read from it */
#define SOURCE_STATES(X)                                                                        \
    X(SOURCE_NEW, "new")             /* empty, or not yet known whether it is a copy */         \
    X(SOURCE_LIVE, "live")           /* yes */                                                  \
    X(SOURCE_GONE, "gone")           /* while its descriptor is held */                         \
    X(SOURCE_TRUNCATED, "truncated") /* no */                                                   \
    X(SOURCE_HELD, "copy")           /* no: its bytes are in .original, which lives */          \
    X(SOURCE_PENDING, "packed")      /* compressed: is being checked, then read */              \
    X(SOURCE_WAITING, "waiting")     /* compressed: not whole; checked again when it changes */ \
    X(SOURCE_DONE, "done")           /* compressed: all was given */

enum source_state {
#define X(name, text) name,
    SOURCE_STATES(X)
#undef X
};

struct inode_key {
    uint64_t dev, ino;
};

struct source {
    struct hash128 id;
    struct inode_key inode;
    int64_t birth_ns; /* 0 = unknown */
    char *path;       /* last seen; owned */
    struct stream *stream;
    struct identity seen; /* .at.end is the offset */
    struct sample resume; /* compressed: where the collector says it is; .end 0 = nowhere */
    uint64_t size;        /* on disk, at the last look */
    uint64_t sure_size;   /* plain: the size when its bytes were last checked */
    uint64_t total;       /* compressed: uncompressed size once inflated whole, else 0 */
    uint64_t reported;    /* offset at the last take_moves */
    uint64_t number;      /* order of first sight */
    int64_t mtime_ns;
    int64_t grown_ns;        /* caller's clock: last seen growing */
    int64_t gone_ns;         /* caller's clock: since when GONE or TRUNCATED */
    int64_t retry_ns;        /* not read before, after an error */
    struct source *original; /* HELD: whose copy it is */
    const char *reason;      /* static text: why it is not read; NULL = it is */
    struct file file;
    struct source *idle_older, *idle_newer;
    size_t index;      /* in tailer.sources */
    uint32_t n_copies; /* HELD sources whose original it is */
    uint32_t scan;     /* number of the scan that last saw it */
    int32_t rank;      /* 0: the stream's own path; n + 1: number n was added; -1: anything else */
    enum source_state state;
    enum file_kind kind;
    bool in_line, continues;           /* as the flags of a checkpoint */
    bool is_idle;                      /* in the idle list */
    bool is_moved, is_dirty, is_saved; /* in .moved, in .dirty, known to the checkpoint */
    bool is_unsure;  /* nothing was read, and it changed since its folder was listed */
    bool is_dropped; /* its unread rest was named */
};

struct stream {
    struct tail_stream shown; /* what the caller sees; first */
    struct source **sources;
    size_t n, capacity;
    struct stream *next; /* in the queue */
    bool is_queued, is_waiting;
    int64_t wake_ns; /* when waiting */
};

struct folder {
    struct str path;
    size_t *globs; /* whose names are looked for here */
    size_t n_globs, capacity;
    bool is_dirty; /* to be listed before the next read */
};

struct drop {
    struct stream *stream;
    struct str path; /* owned by tailer.drops_arena */
    const char *reason;
    uint64_t from, to;
};

struct ignored {
    struct str path; /* owned by tailer.ignored_arena */
    const char *reason;
};

struct inflation; /* inflate.c */

struct tailer {
    struct tailer_options options; /* strings in arena */
    struct arena arena;
    struct source **sources;
    size_t n_sources, sources_capacity;
    struct map by_id, by_inode, by_path, streams;
    struct stream *queue_first, *queue_last;
    size_t n_queued;
    struct stream **waiting;
    size_t n_waiting, waiting_capacity;
    int64_t next_wake_ns; /* least of the waiting */
    struct folder **folders;
    size_t n_folders, folders_capacity, n_dirty_folders;
    struct source **moved, **dirty;
    size_t n_moved, moved_capacity, n_dirty, dirty_capacity;
    struct hash128 *forgotten; /* ids for the next delta */
    size_t n_forgotten, forgotten_capacity;
    struct drop *drops;
    size_t n_drops, drops_capacity;
    struct arena drops_arena;
    struct ignored *ignored;
    size_t n_ignored, ignored_capacity;
    struct arena ignored_arena;
    struct source *idle_oldest, *idle_newest;
    size_t n_open;
    struct inflation *inflation;
    char *buffer; /* IDENTITY_TAIL + max_line + 1 or quantum, the larger */
    uint64_t next_number, next_stream;
    uint32_t scan;
    bool is_first; /* no checkpoint and no scan yet */
};

/* ---- source.c: sources, streams, descriptors, what has changed ---- */

struct stream *stream_of(struct tailer *t, struct str file);
void stream_queue(struct tailer *t, struct stream *st);
void stream_wait(struct tailer *t, struct stream *st, int64_t until_ns);
void streams_wake(struct tailer *t, int64_t now_ns);
void stream_free(struct tailer *t, struct stream *st);

struct source *source_new(struct tailer *t, struct hash128 id, struct str path, struct stream *st);
void source_forget(struct tailer *t, struct source *s);
struct hash128 source_file_id(const struct tailer *t, struct inode_key inode, int64_t birth_ns);
void source_retire_id(struct tailer *t, struct source *s);
void source_set_path(struct tailer *t, struct source *s, struct str path);
void source_put_inode(struct tailer *t, struct source *s);
void source_drop_inode(struct tailer *t, struct source *s);
/* An open descriptor of this very file. ERR_NOT_FOUND, and its folder is to be listed, if its path
 * leads to another one. */
bool source_open(struct tailer *t, struct source *s, struct err *err);
void source_close(struct tailer *t, struct source *s);
void source_keep_open(struct tailer *t, struct source *s); /* out of the idle list */
void source_changed(struct tailer *t, struct source *s);   /* for the checkpoint */
void source_moved(struct tailer *t, struct source *s);     /* for the block, too */
/* What from has to report is reported by to, in its place. */
void source_pass_move(struct tailer *t, struct source *from, struct source *to);
void source_drop_rest(struct tailer *t, struct source *s, const char *reason);
void folder_is_dirty(struct tailer *t, struct str path);
static inline bool is_packed(const struct source *s)
{
    return s->kind != FILE_PLAIN;
}

/* Bytes are there, or may be there, that were not given. */
static inline bool has_unread(const struct source *s)
{
    if (!is_packed(s))
        return s->size > s->seen.at.end;
    return s->state != SOURCE_DONE && (s->total == 0 || s->total > s->seen.at.end);
}

/* ---- scan.c ---- */

void scan_dirty_folders(struct tailer *t, int64_t now_ns);
/* It was cut: its size is below the position or, if nothing was read yet, below what it was. */
bool has_shrunk(const struct source *s, uint64_t size);
/* Takes over size and times. */
void source_measure(struct source *s, const struct stat *st, int64_t now_ns);
/* The same, and queues, cuts, checks again or decides what follows from them. */
void source_look(struct tailer *t, struct source *s, const struct stat *st, int64_t now_ns);
void source_is_gone(struct tailer *t, struct source *s, int64_t now_ns);
void folders_free(struct tailer *t);

/* ---- copies.c ---- */

/* Its content was cut. size: what it had when it was last checked, 0 if that is not known. */
void source_truncated(struct tailer *t, struct source *s, uint64_t size, int64_t now_ns);
/* Whether the file still has what was read; if not it was cut since the last look. */
void source_check(struct tailer *t, struct source *s, int64_t now_ns);
void stream_check(struct tailer *t, struct stream *st, int64_t now_ns);
/* NEW or HELD with content: copy, continuation of a generation, or a file of its own. */
void source_decide(struct tailer *t, struct source *s, int64_t now_ns);
/* s goes on at the position of from, which is forgotten. */
void source_claim(struct tailer *t, struct source *s, struct source *from);
/* Where nothing was read yet, only its copies can tell that a file was cut: whether they are what
 * they were. If not they are decided again. */
bool copies_agree(struct tailer *t, struct source *original);
/* The original does not live any more: its largest copy, if it holds all that can still be read,
 * goes on at its position (and from is forgotten); smaller ones become copies of that one. */
void copies_pass_on(struct tailer *t, struct source *from);
void source_hold(struct source *s, struct source *original);
void source_unhold(struct source *s);
bool is_claimable(const struct source *s);

/* ---- tailer.c: giving lines ---- */

enum turn_end { TURN_NOTHING, TURN_WORKED, TURN_STOPPED };

struct turn {
    struct tailer *tailer;
    struct source *source;
    const struct tail_sink *sink;
    struct identity_bytes *bytes;
    int64_t now_ns;
    bool is_stopped; /* the sink did not take a line */
};

/* Gives the lines and full parts at the front of data (which follows bytes->tail), and with is_over
 * also what has no newline. Moves the source, returns the bytes taken. */
size_t give_lines(struct turn *turn, const char *data, size_t n, bool is_over);

/* It could not be opened or read: later again, or at once when it was moved. */
enum turn_end turn_failed(struct tailer *t, struct source *s, int64_t now_ns,
                          const struct err *err);

/* ---- inflate.c ---- */

/* One quantum of checking or reading a compressed file. */
enum turn_end inflation_turn(struct tailer *t, struct source *s, int64_t now_ns,
                             const struct tail_sink *sink);
/* Starts over, if it reads s or compares with s (NULL: ends it whatever it reads). */
void inflation_cancel(struct tailer *t, const struct source *s);

#endif
