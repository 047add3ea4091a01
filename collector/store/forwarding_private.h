/* What forwarding.c and forward_outputs.c share; forwarding.h says who may touch what. */
#ifndef COLLECTOR_STORE_FORWARDING_PRIVATE_H
#define COLLECTOR_STORE_FORWARDING_PRIVATE_H

#include "collector/store/forwarding.h"
#include "collector/store/store_private.h"

/* A journal as of the last publish. */
struct forward_entry {
    uint64_t number, end, blocks;
    uint64_t tag; /* 0: not known */
    bool is_kept;
};

struct forward_position {
    uint64_t journal, tag, offset; /* tag: low half of the journal's id; 0: not known yet */
    uint64_t blocks;               /* of this journal, before it */
};

struct forward_output {
    struct forwarding *owner;
    struct arena arena;
    const char *name;             /* in the arena */
    struct file at;               /* the position */
    struct forward_position done; /* as it is in that */
    struct forward_position given;
    uint64_t n_given;        /* blocks that are not done */
    int64_t first_ns;        /* of the first of them */
    struct file file;        /* the journal of `given`, as long as is_open */
    bool is_open, is_missed; /* missed: it was not where the list says */
    bool has_failed;         /* to write the position */
    uint64_t skipped, damaged;
};

struct forwarding {
    struct store *store;
    void (*tell)(void *context, const char *text);
    void *context;
    struct forward_output **outputs; /* owned */
    size_t n, capacity;
    struct forward_entry *entries; /* by number; the last one is written */
    size_t n_entries, entries_capacity;
    uint64_t changes, bytes; /* of the store's kept journals, when the list was made */
};

/* ---- forwarding.c ---- */

void forward_tell(const struct forward_output *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What the store has kept and what it holds, each by number. */
void forward_list(struct forwarding *f);
/* The first one that is not before a journal; NULL: there is none. */
const struct forward_entry *forward_find(const struct forwarding *f, uint64_t journal);
/* Its file; ERR_NOT_FOUND: the writer has just moved or removed it, and the next publish says so. */
bool forward_open_file(struct forward_output *o, const struct forward_entry *e, struct err *err);
/* Nothing of a journal is given yet. */
void forward_go_to(struct forward_output *o, uint64_t journal);
/* Counted and told. */
void forward_skip(struct forward_output *o, uint64_t blocks);

/* ---- forward_outputs.c ---- */

/* Of one length, so that each replaces the one before in place. */
void forward_put_position(struct buf *b, const struct forward_position *p);

#endif
