/* What store.c and view.c share; see store.h for who may touch what. */
#ifndef COLLECTOR_STORE_STORE_PRIVATE_H
#define COLLECTOR_STORE_STORE_PRIVATE_H

#include "collector/store/journals.h"

struct cut {
    uint64_t journal, end;
};

struct store {
    struct store_options options; /* .folder in the arena */
    uint64_t journal_bytes;       /* a journal is closed at this size; the writer's */
    struct arena arena;
    struct file lock;

    /* The loop thread's; the writer reads the list. */
    struct store_journal **journals; /* by number, oldest first */
    size_t n_journals, journals_capacity;
    struct store_numbers numbers; /* as of the last publish */
    struct str *problems;
    size_t n_problems;

    /* The writer's. */
    struct journal *writer;       /* NULL after a failed sync, until a new journal could be made */
    struct store_journal *active; /* what writer writes */
    size_t committed;             /* blocks of active that are committed */
    struct store_journal **fresh; /* made since the last publish */
    size_t n_fresh, fresh_capacity;
    struct cut *cuts;
    size_t n_cuts, cuts_capacity;
    struct origins *origins;
    struct streams streams;
    struct packer packer;
    uint64_t last_number;
    int64_t clock_ns;
    uint64_t free_bytes, removed_bytes, removed_journals;
    bool has_reserve;
    bool is_writable;
    int64_t maintained_ns; /* wall clock of the last maintenance; 0 = none */
    int calm;              /* maintenances since the clock stepped */
};

struct store *store_new(const struct store_options *options);
void store_free(struct store **s);
/* Reads what is there; changes nothing on disk. */
bool store_scan(struct store *s, struct err *err);

#endif
