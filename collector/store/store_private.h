/* What store.c, view.c and places.c share; see store.h for who may touch what. */
#ifndef COLLECTOR_STORE_STORE_PRIVATE_H
#define COLLECTOR_STORE_STORE_PRIVATE_H

#include "collector/store/journals.h"
#include "collector/store/kept.h"

enum {
    FOLLOWED_MAX = 32, /* merged journals whose places are remembered */
    STORE_CALM = 12,   /* maintenances in a row without a step of the clock before age counts */
};

struct cut {
    uint64_t journal, end;
};

struct store {
    struct store_options options; /* .folder in the arena */
    uint64_t journal_bytes;       /* a journal is closed at this size; the writer's */
    struct arena arena, rules;    /* rules: of retention */
    struct file lock;

    /* The loop thread's; the writer reads the list. */
    struct store_journal **journals; /* by number, oldest first */
    size_t n_journals, journals_capacity;
    struct store_segment **segments; /* in no order */
    size_t n_segments, segments_capacity;
    uint64_t last_segment; /* the greatest number that was given; the writer's in store_adopt */
    size_t n_pending;      /* of the list, when it is made: the first ones are not moved yet */
    size_t n_footers, oldest_footer; /* the same: how many were read, the first that is kept */
    bool archives_now;               /* all days that are closed */
    char **replaced;                 /* paths of segments that merges have replaced; owned */
    size_t n_replaced, replaced_capacity;
    struct store_numbers numbers; /* as of the last publish */
    struct str *problems;
    size_t n_problems;

    /* The writer's. */
    struct journal *writer;       /* NULL after a failed sync, until a new journal could be made */
    struct store_journal *active; /* what writer writes */
    size_t committed;             /* blocks of active that are committed */
    struct store_journal **fresh; /* made since the last publish */
    size_t n_fresh, fresh_capacity;
    struct store_segment **adopted; /* come in since the last publish */
    size_t n_adopted, adopted_capacity;
    struct cut *cuts;
    size_t n_cuts, cuts_capacity;
    struct origins *origins;
    struct streams streams;
    struct packer packer;
    struct kept kept;
    uint64_t last_number;
    int64_t clock_ns, maintained_ns; /* the latter: wall clock of the last maintenance; 0 = none */
    uint64_t free_bytes, removed_bytes, removed_journals;
    bool has_reserve, is_writable;
    int calm;                    /* maintenances since the clock stepped */
    struct rehearsal *rehearsal; /* of retention, which then removes nothing; mostly NULL */
};

/* What a view sees of one journal: blocks first .. end - 1. */
struct view_part {
    struct store_journal *journal; /* referenced */
    const struct ref_page *page;   /* that of block `first` */
    size_t first, end;
};

/* Blocks of one origin that are next to each other. */
struct origin_span {
    struct hash128 origin;
    uint64_t first, last; /* sequences */
};

/* A segment in a view, all of it or, in that of a span, the rows of some blocks. */
struct view_segment {
    struct store_segment *segment; /* referenced */
    struct origin_span *spans;     /* NULL: all; in the view's arena */
    size_t n_spans, spans_capacity;
    int64_t least_order_ns, greatest_order_ns; /* of the blocks of a span */
};

struct view {
    struct arena arena;
    struct view_segment *segments; /* by the first journal; in the arena */
    size_t n_segments;
    struct view_part *parts; /* in the arena */
    size_t n_parts;
    uint32_t n_chunks;                   /* in the last list */
    const struct store_stream **streams; /* NULL: no list */
    size_t n_streams;
    struct str *problems;
    size_t n_problems;
    struct store *own; /* for view_open_folder */
};

/* For i from `first` on in order; *page starts as the part's. The page behind the last block may be in the making. */
static inline const struct block_ref *view_part_ref(const struct ref_page **page, size_t first,
                                                    size_t i)
{
    if (i > first && i % REFS_PER_PAGE == 0)
        *page = (*page)->next;
    return &(*page)->refs[i % REFS_PER_PAGE];
}

/* Room for all that a view can hold. */
void view_prepare(struct view *v, const struct store *s);
struct view_segment *view_add_segment(struct view *v, struct store_segment *segment);
void view_sort_segments(struct view *v);

struct store *store_new(const struct store_options *options);
void store_free(struct store **s);
/* Reads what is there; changes nothing on disk. */
bool store_scan(struct store *s, struct err *err);
void store_note_problem(struct store *s, const char *text); /* for people; of many some */
/* Of a file in the folder; lives in the arena. */
const char *store_path(const struct store *s, const char *name, struct arena *arena);
const char *store_journal_path(const struct store *s, uint64_t number, struct arena *arena);
uint64_t store_limit_of(const struct store *s, uint64_t journal); /* its cut; UINT64_MAX: none */
/* The next journal; the one that is written is closed. */
bool store_start_journal(struct store *s, struct err *err);
/* Appends the payload of its first frame. Any thread that has a reference. */
bool store_read_tables(const struct store_journal *j, struct buf *payload, struct err *err);
void store_learn_streams(struct store *s, const struct store_segment *segment); /* of its chunks */
/* It is large, of another day, or nothing has come for a while. */
bool is_journal_due(const struct store *s);

/* ---- retention.c ---- */

/* Gives the reserve file its room if the disk has plenty; without it the store works all the same. */
void store_keep_reserve(struct store *s);
bool store_remove_file(struct store *s, const char *path, struct err *err); /* with its help */
/* The longest time of all classes that there are or will be but those that are for ever; 0: all are. */
int64_t store_longest_finite_keep(const struct store *s);

/* ---- days.c ---- */

/* All segments that no other replaces. */
bool store_list_segments(struct store *s, struct err *err);
void store_list_segment(struct store *s, struct store_segment *segment); /* with the reference */
bool is_journal_replaced(const struct store *s, uint64_t number);
bool is_journal_of_segment(const struct store_segment *segment, uint64_t number);
/* It leaves the list at the next publish; its file goes with the next maintenance. */
void store_replace_segment(struct store *s, struct store_segment *segment);
/* Files that merges have left behind when they were interrupted. */
void store_remove_replaced(struct store *s);
/* Those of segments that are .part yet get their names. */
bool store_name_parts(struct store *s, struct err *err);

#endif
