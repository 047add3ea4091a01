/*
 * One journal file of a store, as readers see it: its descriptor and where its blocks lie. Private
 * to collector/store.
 *
 * The blocks are listed in pages that never move, so a reader may walk the first n_visible of them
 * while the writer adds more. n_written belongs to the writer thread, n_visible, references and the
 * sums to the loop thread.
 */
#ifndef COLLECTOR_STORE_JOURNALS_H
#define COLLECTOR_STORE_JOURNALS_H

#include "base/map.h"
#include "collector/store/segments.h"

enum { FRAME_TABLES = 1, FRAME_BLOCK = 2, REFS_PER_PAGE = 128 };

struct ref_page {
    struct block_ref refs[REFS_PER_PAGE];
    struct ref_page *next;
};

struct store_journal {
    uint64_t number;
    char *path;       /* owned */
    struct file file; /* for reading, as long as anybody may */
    int references;   /* the store's list and each view */
    struct ref_page *first, *last;
    const struct ref_page *counted; /* page of the last block in the sums; NULL = none */
    size_t n_written;               /* blocks in the pages, committed or not */
    size_t n_visible;               /* of them, those that views may see */
    size_t n_counted;               /* of them, those that are in the sums below */
    uint64_t end;                   /* offset behind the last committed frame */
    int64_t newest_arrival_ns, oldest_arrival_ns;
    uint64_t records, line_bytes;
    struct journal_health health;
    bool is_removed;   /* unlinked; leaves the list at the next publish */
    bool cannot_merge; /* it was tried, and something in it is damaged */
    bool is_merged;    /* a segment replaces it: only its places are still of use */
};

/* One that is merged already, of which only the places are known. */
struct store_journal *store_journal_of_segment(const struct segment_journal *places);

/* Opens for reading. One reference. */
bool store_journal_open(struct store_journal **j, const char *folder, uint64_t number,
                        struct err *err);
void store_journal_unref(struct store_journal **j);

void store_journal_add(struct store_journal *j, const struct block_header *header,
                       const struct frame *frame);
/* Forgets the blocks behind the first n. */
void store_journal_cut(struct store_journal *j, size_t n);
/* n_visible follows n_written; sums are brought up to date. */
void store_journal_publish(struct store_journal *j);
const struct block_ref *store_journal_ref(const struct ref_page **page, size_t i);

/* "000017" and back. */
enum { JOURNAL_NAME = 24 };
void store_journal_name(uint64_t number, char name[JOURNAL_NAME]);
bool store_journal_number(struct str name, uint64_t *number);

/* All streams that blocks spoke of. add is called by the writer; publish by the loop thread. */
struct streams {
    struct arena arena;
    struct map known;                    /* id -> struct stream_entry; the writer's */
    const struct store_stream **visible; /* the loop thread's */
    size_t n_visible, visible_capacity;
    const struct store_stream **fresh; /* added since the last publish */
    size_t n_fresh, fresh_capacity;
    uint32_t most;
};

void streams_free(struct streams *s);
void streams_add(struct streams *s, const struct labels *labels, struct hash128 id, int64_t now_ns);
void streams_publish(struct streams *s);
/* streams := n:varint (seen:8 labels)*; without those not seen since oldest_ns. */
void streams_put(const struct streams *s, int64_t oldest_ns, struct buf *b);
bool streams_read(struct streams *s, struct reader *r, struct err *err);

#endif
