/*
 * The files of a store, as a view sees them: what they hold, whether they are whole, and copies of them.
 *
 *     BACKUP/MANIFEST             sluice-backup 1, then of each file: XXH3-128 of its bytes, size, name
 *     BACKUP/journal/000017       as in the store
 *     BACKUP/days/…/segment-000009
 *
 *  1. A backup is a store: searches read it in place.
 *  2. The manifest is written last. Files that never change are linked if both are on one file system; the
 *     journal that is written is copied as far as it counts. What is not in it any more is removed.
 *  3. Nothing here takes the lock of the store, or changes it.
 */
#ifndef COLLECTOR_STORE_PARTS_H
#define COLLECTOR_STORE_PARTS_H

#include "collector/store/store.h"

struct store_part {
    const char *name;  /* "journal/000017", "days/2026-11-20/default/segment-000009" */
    const char *class; /* of retention (classes.h); NULL: the default, or it is a journal */
    struct store_segment *segment; /* or else */
    struct store_journal *journal;
    bool is_written;
    uint64_t bytes, records, line_bytes; /* bytes: that count */
    int64_t oldest_arrival_ns, newest_arrival_ns;
};

/* In the order of arrival; they live as long as the view. */
const struct store_part *view_parts(struct view *v, size_t *n);

struct store_planned {
    const struct store_part *part;
    int64_t when_ns; /* INT64_MAX: never */
    const char *why;
};

/* What retention does by these rules, as things are now: first what it removes at once, in its order. It is retention
 * itself that tells, so the view, which is one of a folder, is of no use for anything else behind it. */
bool view_plan(struct view *v, const struct store_retention *rules, int64_t now_ns,
               const struct store_planned **planned, size_t *n, struct err *err);

struct store_verdict {
    uint64_t parts, blocks, records, line_bytes;
    uint64_t damaged; /* places */
};

/* Reads everything and checks all that can be checked; tells of each place that is damaged. */
bool store_verify(const char *folder, void (*tell)(void *context, const char *text), void *context,
                  struct store_verdict *verdict, struct err *err);

struct store_copied {
    uint64_t files, bytes, linked, kept; /* kept: they were in the backup already */
};

/* Into a folder that is empty, or a backup of before. */
bool store_back_up(const char *folder, const char *backup, struct store_copied *copied,
                   struct err *err);
/* Into a folder that does not exist or is empty. */
bool store_restore(const char *backup, const char *folder, struct store_copied *copied,
                   struct err *err);

#endif
