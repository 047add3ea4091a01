/*
 * The files of segments, as readers see them, and how they are written. Private to collector/store.
 *
 *     DATA/days/2026-11-20/default/segment-000009        formats/block/segment.h
 *     DATA/days/2026-11-20/3d/segment-000009             its rows of another retention class (classes.h)
 *     DATA/days/2026-11-20/3d/segment-000009.part        ... before the default one has its name
 *     DATA/days/2026-11-20/3d/segment-000009.new         one that is being written, or was when all ended
 *     DATA/days/2026-11-18/default/archive-000004        of a closed day, packed for size
 *
 *  1. The files of one number were made by one merge. They count from the moment at which that of the default
 *     class has its name; it gets that last of all, and is not removed while there is a .part of its number.
 *  2. Chunks of one number and slice in several classes are the rows of one slice of time.
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

/* What its name says. */
struct segment_name {
    uint64_t number;
    bool is_archive, is_part, is_new;
};

struct store_segment {
    uint64_t number;
    char class[CLASS_NAME];
    bool is_archive;
    bool is_part;     /* its name still has to change */
    char *path;       /* owned */
    struct file file; /* for reading, as long as anybody may */
    int references;   /* the store's list and each view */
    struct arena arena;
    struct segment_head head;
    uint64_t import; /* what its head is taken to name, if it was made outside of a store */
    struct segment_footer footer; /* until it is forgotten */
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

/* Not made of imports; nor is it unknown of what. */
bool has_journals(const struct store_segment *s);
/* By the first journal that they were made of, which is in no other number; before them imports, by day; the default
 * class first. */
int store_segment_compare(const struct store_segment *a, const struct store_segment *b);
/* Appends the bytes of a chunk. Any thread. */
bool store_segment_load(const struct block_ref *ref, struct buf *out, struct err *err);
/* What stands in a chunk: the streams, their rows, and the origins. Only its front is read. Any thread. */
bool store_segment_directory(const struct block_ref *ref, struct chunk *chunk,
                             struct packer *packer, struct arena *arena, struct err *err);
/* Opens a filter, of which bytes holds what it needs. Any thread. */
bool store_segment_sieve(const struct store_segment *s, size_t i, struct buf *bytes,
                         struct sieve *sieve, struct packer *packer, struct arena *arena,
                         struct err *err);
/* That of a chunk, whose place among the others of its segment is told too; NULL: there is none. */
const struct store_sieve *store_segment_sieve_of(const struct block_ref *ref, size_t *chunk);

/* Opens for reading, with one reference. What is damaged is in .problem; the chunks that are there are
 * listed all the same. */
bool store_segment_open(struct store_segment **s, const char *path, struct err *err);
/* One that was made outside of a store: it has this number from now on, and is of the default class. */
void store_segment_adopt(struct store_segment *s, uint64_t number);
bool is_import(const struct store_segment *s);
/* Its file has this path now. */
void store_segment_moved(struct store_segment *s, const char *path);
/* From name.part to name. */
bool store_segment_take_name(struct store_segment *s, struct err *err);
bool is_default_class(const struct store_segment *s);
void store_segment_unref(struct store_segment **s);
/* The places and tables of the footer are not needed any more. */
void store_segment_forget_footer(struct store_segment *s);

/* "segment-000009" */
enum { SEGMENT_NAME = 32 };
void segment_name_put(uint64_t number, char name[SEGMENT_NAME]);
/* False: it is no name of a segment. */
bool segment_name_parse(struct str name, struct segment_name *parsed);

/* ---- writing ---- */

struct segment_writer {
    const char *folder, *path, *part_path; /* in the arena that was given */
    const char *now;                       /* the path that it has; NULL: none */
    struct file file;
    uint64_t at;
    struct buf headers; /* of the chunks, for the footer */
    struct sieve_builder *builder;
    struct segment_sieve *sieves; /* that stand in the file */
    size_t n_sieves, sieves_capacity;
    struct packer packer;
};

/* Makes the folder of the class if it is missing. */
bool segment_create(struct segment_writer *w, struct arena *arena, const char *folder,
                    bool is_archive, const struct segment_head *head, struct err *err);
bool segment_append(struct segment_writer *w, struct str chunk, struct err *err);
/* All of it is on disk then, as name.new. */
bool segment_finish(struct segment_writer *w, const struct segment_footer *footer, struct err *err);
/* From then on it is name.part, or has its name, on disk too. */
bool segment_rename(struct segment_writer *w, bool as_part, struct err *err);
/* The file stays. */
void segment_close(struct segment_writer *w);

#endif
