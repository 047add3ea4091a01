/*
 * Segments that were made outside of a store come into it, all of them or none.
 *
 *     DATA/import/LOCK              held while somebody prepares an import (importing.h)
 *     DATA/import/BUSY              held while the files here are taken in or removed
 *     DATA/import/segment-000001    finished and on disk; its head names no journal
 *     DATA/import/READY             all of an import: "sluice-import 1 ID", then "segment-000001 2026-11-20" of each
 *     DATA/import/ADOPT             the same, and behind each line the number that the segment gets
 *
 *     READY ──▶ ADOPT has its name: from now on they count ──▶ each is moved to DATA/days/DAY/default ──▶ ADOPT goes
 *
 *  1. What ADOPT names counts, wherever it is; one that is not here any more has its place, or was removed there.
 *     So what a crash has left is finished by the next opening, and readers of a folder see all or none before that.
 *  2. While there is an ADOPT nothing here is made or removed but by who finishes it.
 *  3. Before something new is made here, the end of the last ADOPT is on disk.
 */
#ifndef COLLECTOR_STORE_ADOPTING_H
#define COLLECTOR_STORE_ADOPTING_H

#include "collector/store/store.h"

struct adopted {
    uint64_t segments, records;
    bool is_pending; /* not all could be moved: the next opening of the store does it */
};

/* A writer call. ERR_NOT_FOUND: no import of this id is ready; ERR_CONFLICT: somebody is at these files;
 * ERR_AGAIN: one of before is not finished. Other errors: nothing has come in, but where they say so. New views
 * see it after store_publish. */
bool store_adopt(struct store *s, struct hash128 id, struct adopted *adopted, struct err *err);

/* ---- who prepares an import ---- */

struct adoptable {
    const char *name; /* "segment-000001" */
    int64_t day;      /* since 1970 */
    uint64_t number;  /* that it gets; private */
};

/* DATA/import; lives in the arena. */
const char *import_folder(const char *store, struct arena *arena);
/* Removes what others have left there (invariants 2 and 3). ERR_CONFLICT, ERR_AGAIN as above. */
bool import_clear(const char *store, struct err *err);
bool import_announce(const char *store, struct hash128 id, const struct adoptable *items, size_t n,
                     struct err *err);

/* ---- private to collector/store ---- */

/* Finishes what was interrupted, or removes what of it does not count, before anything is listed. What cannot
 * be finished stays as it is. */
void store_resume_adoption(struct store *s);
/* Lists what ADOPT names and is not moved yet; one that is damaged is a problem of the store. */
bool store_list_adopted(struct store *s, struct err *err);
bool is_adoption_pending(const char *store);

#endif
