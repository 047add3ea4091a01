/* What merge_plan.c and merging.c share; merging.h says who may touch what. */
#ifndef COLLECTOR_STORE_MERGING_PRIVATE_H
#define COLLECTOR_STORE_MERGING_PRIVATE_H

#include "collector/store/merge.h"
#include "collector/store/merging.h"
#include "collector/store/store_private.h"

struct store_merge {
    struct arena arena;
    const char *day; /* folder of it */
    uint64_t number;
    bool is_archive;
    struct classes classes;
    uint64_t least_followed;         /* journals before it have no followers any more */
    size_t piece;                    /* that was loaded last */
    struct store_journal **journals; /* referenced */
    size_t n_journals;
    struct store_segment **segments; /* referenced, all classes of their numbers; or these */
    size_t n_segments;
    const struct block_ref **blocks; /* of all of them */
    size_t n_blocks;
    struct segment_journal *places; /* of the journals that the segments were made of */
    size_t n_places;
    struct store_journal *newest; /* referenced; its tables are copied. NULL: there is none */
    struct buf tables;
    struct segment_head head;
    struct segment_footer footer;                /* of the default class */
    struct segment_writer *writers[CLASSES_MAX]; /* in the arena; NULL: the class has no rows */
    struct store_segment *made[CLASSES_MAX];
    struct err err;
    bool is_done;
};

void store_free_merge(struct store_merge **m);
/* As the footer of a segment has it. */
void store_describe_journal(struct store_merge *m, const struct store_journal *j,
                            struct segment_journal *to);

#endif
