/*
 * The store: blocks on disk, acknowledged only when they are there, readable at once.
 *
 *     DATA/LOCK                held while a store is open for writing
 *     DATA/reserve             room that lets retention work on a full disk
 *     DATA/days/2026-11-20/default/segment-000009    journals that were merged (merging.h), by classes (classes.h)
 *     DATA/journal/000017      base/journal.h; frames in order:
 *         kind 1   tables: cuts, then collector/store/origins.h      the first frame
 *         kind 2   one block as it was received
 *     DATA/forward/            journals that only outputs need (forwarding.h)
 *
 *     cuts := n:varint (journal:varint end:varint)*       what a failed sync left behind `end` of
 * an older journal does not count
 *
 * Writing goes in batches: store_put any number of blocks, then store_commit, which syncs once. What was not committed
 * is not acknowledged, and store_commit and store_drop decide its fate for good.
 *
 * Invariants:
 *   1. A block is in at most one place that readers look at, and its origin's table says so.
 *   2. A committed block is on disk. A block that was not is invisible, also after a restart.
 *   3. Every journal begins with all that is known of origins and sources, so older ones can go at any time.
 *   4. A view sees the blocks that were committed when it was made, for as long as it lives, whatever goes meanwhile.
 *   5. The store's clock (arrival times, days) never goes back.
 *
 * Threads: store_put, store_commit, store_drop and store_maintain are called by one thread at a time (the writer), never
 * while another of them runs. All else, and store_publish, belongs to the loop thread and is called while no writer
 * call runs; reading through an open view is free of both.
 */
#ifndef COLLECTOR_STORE_STORE_H
#define COLLECTOR_STORE_STORE_H

#include "base/journal.h"
#include "collector/store/classes.h"
#include "collector/store/origins.h"

struct store_retention {
    int64_t keep_ns;        /* a file whose newest arrival is older goes; 0 = for ever */
    uint64_t max_bytes;     /* of journals and segments together; 0 = no limit */
    uint64_t keep_free;     /* bytes of the disk left free; 0 = no rule */
    uint64_t forward_bytes; /* of journals that only outputs need (forwarding.h); 0 = no limit */
    const struct store_rule *rules; /* good ones; for rows that are merged from now on */
    size_t n_rules;
    int64_t archive_after_ns; /* a day that ended so long ago becomes archives; 0 = never */
};

struct store_options {
    const char *folder;
    uint64_t journal_bytes; /* a journal is closed at this size; 0 = 64 MiB */
    uint32_t streams_max;   /* 0 = 100,000 */
    struct store_retention retention;
};

/* Where a committed block lies, or a chunk that rows of such have become, and what its header says. */
struct block_ref {
    struct store_journal *journal; /* of a block */
    struct store_segment *segment; /* of a chunk; then no origin and sequence */
    const struct block_ref *next;  /* the slice's chunk of another class; NULL: there is no more */
    uint32_t slice;                /* number of it, of a chunk */
    uint32_t number;               /* of the chunk in its view, for who keeps something of each */
    uint64_t offset;               /* of its frame; of the chunk */
    uint32_t length;               /* of the block, or the chunk */
    uint32_t records;
    uint64_t line_bytes;
    uint64_t sequence;
    struct hash128 origin;
    int64_t arrival_ns;
    int64_t least_order_ns, greatest_order_ns;
    int64_t least_event_ns, greatest_event_ns;
};

struct store_stream {
    struct hash128 id;
    struct labels labels;
};

struct store;

bool store_open(struct store **store, const struct store_options *options, int64_t now_ns,
                struct err *err);
/* No view is open any more. */
void store_close(struct store **store, int64_t now_ns);

/* ---- the writer ---- */

struct put_result {
    enum origin_verdict verdict;
    uint64_t missing; /* ORIGIN_JUMP: blocks that should have come before */
};

/* Appends a verified block if its origin's table takes it. false: nothing was changed by this call
 * (ERR_FULL, ERR_SYSTEM); what was put before it can still be committed. */
bool store_put(struct store *s, struct str bytes, const struct block *block, int64_t now_ns,
               struct put_result *result, struct err *err);
/* Syncs. On false everything put since the last commit is dropped, on disk too, and the store goes
 * on in a new journal. */
bool store_commit(struct store *s, int64_t now_ns, struct err *err);
/* Ends the journal that is written, if there is something in it, so that it can be merged. */
bool store_close_journal(struct store *s, struct err *err);
/* Other rules of retention from now on; they are copied. */
void store_set_retention(struct store *s, const struct store_retention *retention);
/* Retention, and closing a journal whose day has passed. Tells what it removed. */
bool store_maintain(struct store *s, int64_t now_ns, struct err *err);

/* ---- the loop thread ---- */

/* Makes what was committed visible to new views. */
void store_publish(struct store *s);
const struct origins *store_origins(const struct store *s);

struct store_numbers {
    uint64_t bytes, blocks, records, line_bytes; /* present */
    uint64_t journals, segments, streams;
    uint64_t removed_bytes, removed_journals;        /* by retention, since opening */
    uint64_t rotten_parts, rotten_bytes, torn_bytes; /* found at opening */
    uint64_t free_bytes;                             /* of the disk, at the last maintenance */
    int64_t oldest_arrival_ns;                       /* TIME_NONE: empty */
    bool writable;                                   /* the last commit succeeded */
};
struct store_numbers store_count(const struct store *s); /* as of the last publish; any time */

/* ---- views ---- */

struct view; /* a snapshot for one query */

void view_open(struct view **v, struct store *s);
/* Without a store: reads a folder as it is, without lock and without changing anything. */
bool view_open_folder(struct view **v, const char *folder, struct err *err);
void view_close(struct view **v);

/* All blocks and slices of chunks whose event times touch [since, until), as they arrived; lives as long as the
 * view. */
const struct block_ref *view_blocks(struct view *v, int64_t since_ns, int64_t until_ns, size_t *n);
/* How many chunks there are in the last list; their numbers are less. */
uint32_t view_chunks(const struct view *v);
/* Whether a row of a chunk, which came in that block, is in the view. Of a view that is no span all are. */
bool view_takes(const struct view *v, const struct block_ref *ref, struct hash128 origin,
                uint64_t sequence);
bool is_view_of_span(const struct view *v);
/* The streams seen so far, in no order; NULL: this view has no list (collector/store/places.h). */
const struct store_stream *const *view_streams(const struct view *v, size_t *n);
/* Damage that was found at opening, as text; n may be 0. */
const struct str *view_problems(const struct view *v, size_t *n);
/* Zeroed memory that lives as long as the view. One thread at a time. */
void *view_allocate(struct view *v, size_t size);
/* "journal 000017", "segment 000009" */
void view_name(const struct block_ref *ref, char *name, size_t size);
/* Appends the bytes of a block. Any thread. */
bool view_load(const struct view *v, const struct block_ref *ref, struct buf *out, struct err *err);

#endif
