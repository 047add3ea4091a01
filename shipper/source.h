/*
 * What tailer.c, scan.c, copies.c, inflate.c and source.c share: one file generation (struct
 * source), the files that rotation made of one path (struct stream), and all of them (struct
 * tailer). States and invariants are in shipper/tailer.h.
 *
 *     tailer ── sources[] ── source ── stream ── sources[]
 *            ── by_id, by_inode, by_path ──▲        ▲
 *            ── queue: streams that may have something to read; waiting: those that wait
 *            ── idle list: open descriptors of sources that are not gone, longest idle first
 *            ── inflation: the one compressed file that is being read
 */
#ifndef SHIPPER_SOURCE_H
#define SHIPPER_SOURCE_H

#include "base/compress.h"
#include "base/map.h"
#include "base/time.h"
#include "shipper/checkpoint.h"
#include "shipper/lanes.h"
#include "shipper/tailer.h"

#define RETRY_NS      (1 * NS_PER_S)   /* after a read error */
#define LINGER_NS     (10 * NS_PER_S)  /* a deleted file is held so long after its last growth */
#define HOLD_MOVED_NS (600 * NS_PER_S) /* ... one that was moved out of sight */
#define CLAIM_NS      (60 * NS_PER_S)  /* then what a truncation left unread counts as dropped */
#define KEEP_NS       (7 * NS_PER_DAY) /* positions of files that are gone */

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

struct source {
    struct hash128 id;
    struct inode_key inode;
    int64_t birth_ns; /* 0 = unknown */
    char *path;       /* last seen; owned */
    struct stream *stream;
    struct identity seen; /* .at.end is the offset behind what was read */
    struct lanes lanes;
    struct sample resume[LANES]; /* compressed: what the collector has; .end 0 = nothing */
    uint64_t size;               /* on disk, at the last look */
    uint64_t sure_size;          /* plain: the size when its bytes were last checked */
    uint64_t total;              /* compressed: uncompressed size once inflated whole, else 0 */
    uint64_t number;             /* order of first sight */
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
    bool is_unsure;  /* nothing was read, and its folder was not listed since it came or changed */
    bool is_dropped; /* its unread rest was named */
};

struct stream {
    struct tail_stream shown; /* what the caller sees; first */
    struct join joins[LANES];
    struct lane_holds holds[LANES];
    const struct multiline *rule; /* the caller's, if is_rule_known; NULL: each line is a record */
    struct source **sources;
    size_t n, capacity;
    struct stream *next; /* in the queue */
    bool is_queued, is_waiting, is_rule_known;
    bool is_left;    /* no pattern matches it any more: not read, and its rest is no drop */
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
    struct arena arena, globs_arena;
    struct source **sources;
    size_t n_sources, sources_capacity;
    struct map by_id, by_inode, by_path, by_folder, streams;
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
    char *buffer;          /* IDENTITY_TAIL + capacity */
    size_t capacity;       /* the most that is read at once */
    struct buf unescaped;  /* text of the present envelope */
    uint64_t joined_bytes; /* in all joins */
    uint64_t next_number, next_stream;
    uint32_t scan;
    bool is_first, is_ending; /* no checkpoint and no scan yet; tailer_end was called */
};

#endif
