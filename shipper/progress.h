/*
 * Which sources have bytes that are not read, since when, and whether they get on. Told by repeated
 * looks; pure, the time is an argument (any clock that does not step).
 *
 *     begin ─▶ note, for each source ─▶ end        a look; a source that is not noted is forgotten
 *
 *            offset      mark                  end
 *     ────────┴───────────┴─────────────────────┴──▶    the end of the file when the mark was set
 *
 * The mark is the end of the file at some look. Until it is reached the lag is the time since then; a
 * reached one is set anew, so that a file that is written all the time and read as fast lags by little.
 * What has bytes left and did not move for a minute is stuck.
 */
#ifndef SHIPPER_PROGRESS_H
#define SHIPPER_PROGRESS_H

#include "base/map.h"
#include "base/time.h"

#define PROGRESS_STUCK_NS (60 * NS_PER_S)

/* The zero value is empty. */
struct progress {
    struct map lagging; /* struct lagging by name */
    unsigned look;
    uint64_t lag_bytes;
    int64_t oldest_ns; /* since when one of them lags; INT64_MAX: none does */
    size_t stuck;
};

void progress_free(struct progress *p);
void progress_begin(struct progress *p);
void progress_note(struct progress *p, struct str name, uint64_t offset, uint64_t lag,
                   int64_t now_ns);
void progress_end(struct progress *p);

/* By the last look; 0: it lags not at all, or is not known. */
int64_t progress_lag_ns(const struct progress *p, int64_t now_ns); /* of all */
/* How long the source has not moved although there is something to read. */
int64_t progress_still_ns(const struct progress *p, struct str name, int64_t now_ns);

#endif
