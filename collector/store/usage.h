/*
 * What each service takes of a store.
 *
 *     chunk   directory: rows of each stream    │ rows ... │ lines ...      only the front of most is read
 *     block   directory │ records: stream of each          │ lines ...
 *
 * Records are counted. How many bytes of a chunk's or block's lines are whose is not written down, so at most
 * USAGE_SAMPLES chunks and blocks, spread over the store, are read whole: they count as they are, and they
 * tell how long the lines of a service are on average. Of all others the bytes of the lines are divided by
 * rows times that average. So in a small store the numbers are exact, and their sum always is. What a chunk
 * or block takes on disk is divided as its lines are; heads and footers of files belong to nobody.
 */
#ifndef COLLECTOR_STORE_USAGE_H
#define COLLECTOR_STORE_USAGE_H

#include "collector/store/store.h"

enum { USAGE_SAMPLES = 64 };

struct service_usage {
    struct str service; /* or container, pod, unit, file: what stands in the column of services */
    uint64_t records;
    double line_bytes, stored_bytes;
    double recent_bytes; /* of the stored ones, those that arrived in the time asked for */
};

struct usage {
    struct arena arena;
    struct service_usage *services; /* the largest on disk first */
    size_t n;
    size_t damaged;   /* chunks and blocks that could not be read, and are left out */
    struct err first; /* why, of the first of them */
};

struct usage_span {
    int64_t since_ns;                /* arrival; what is older is left out. TIME_NONE: nothing is */
    int64_t recent_ns, recent_to_ns; /* from, and before */
};

void view_usage(struct view *v, const struct usage_span *span, struct usage *usage);
void usage_free(struct usage *usage);

#endif
