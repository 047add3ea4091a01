/*
 * One segment file of a store, as readers see it, and how it is written. Private to collector/store.
 *
 *     DATA/days/2026-11-20/default/segment-000009        formats/block/segment.h
 *     DATA/days/2026-11-20/default/segment-000009.new    one that is being written, or was when all ended
 */
#ifndef COLLECTOR_STORE_SEGMENTS_H
#define COLLECTOR_STORE_SEGMENTS_H

#include "collector/store/store.h"
#include "formats/block/segment.h"
#include "formats/block/sieve.h"

/* What is known of some of the chunks, which are neighbours (formats/block/sieve.h). */
struct store_sieve {
    uint64_t offset;
    uint32_t length; /* 0: nothing */
    uint32_t first, n_chunks;
};

struct store_segment {
    uint64_t number;
    char *path;       /* owned */
    struct file file; /* for reading, as long as anybody may */
    int references;   /* the store's list and each view */
    struct arena arena;
    struct segment_head head;
    struct segment_footer footer; /* until its places are forgotten */
    struct arena footer_arena;
    struct block_ref *chunks;
    size_t n_chunks;
    struct store_sieve *sieves;
    size_t n_sieves;
    uint64_t bytes, records, line_bytes;
    int64_t oldest_arrival_ns, newest_arrival_ns;
    const char *problem; /* why not all of it can be read; NULL: nothing is wrong */
    bool is_removed;     /* unlinked or replaced; leaves the list at the next publish */
    bool cannot_merge;   /* it was tried */
};

/* By the first journal that they were made of, which is in no other. */
int store_segment_compare(const struct store_segment *a, const struct store_segment *b);
/* Appends the bytes of a chunk. Any thread. */
bool store_segment_load(const struct block_ref *ref, struct buf *out, struct err *err);
/* Opens a filter, of which bytes holds what it needs. Any thread. */
bool store_segment_sieve(const struct store_segment *s, size_t i, struct buf *bytes,
                         struct sieve *sieve, struct packer *packer, struct arena *arena,
                         struct err *err);
/* That of a chunk, whose place among the others of its segment is told too; NULL: there is none. */
const struct store_sieve *store_segment_sieve_of(const struct block_ref *ref, size_t *chunk);

/* Opens for reading, with one reference. What is damaged is in .problem; the chunks that are there are
 * listed all the same. */
bool store_segment_open(struct store_segment **s, const char *path, uint64_t number,
                        struct err *err);
void store_segment_unref(struct store_segment **s);
/* The footer is not needed any more. */
void store_segment_forget_places(struct store_segment *s);

/* "segment-000009" and back. */
enum { SEGMENT_NAME = 32 };
void store_segment_name(uint64_t number, char name[SEGMENT_NAME]);
bool store_segment_number(struct str name, uint64_t *number);

/* ---- writing ---- */

struct segment_writer {
    struct arena arena; /* paths */
    const char *folder, *path, *new_path;
    struct file file;
    uint64_t at;
    struct buf headers; /* of the chunks, for the footer */
    struct sieve_builder *builder;
    struct segment_sieve *sieves; /* that stand in the file */
    size_t n_sieves, sieves_capacity;
    struct packer packer;
};

/* Makes the folder if it is missing. */
bool segment_create(struct segment_writer *w, const char *folder, const struct segment_head *head,
                    struct err *err);
bool segment_append(struct segment_writer *w, struct str chunk, struct err *err);
/* From then on it stands under its name, and on disk. */
bool segment_finish(struct segment_writer *w, const struct segment_footer *footer, struct err *err);
/* Frees; what is not finished is removed. */
void segment_close(struct segment_writer *w);

#endif
