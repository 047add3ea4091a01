/*
 * A time zone as the one thing that must be known of it: its offset from UTC at any moment. The
 * program asks the C library; tests have a table. All else, also which moment a local time means,
 * follows from the offsets.
 *
 *     local 02:30 when clocks went   forward: does not exist, the moment of the change is taken
 *                                    back:    was there twice, the caller says which
 */
#ifndef QUERY_ENGINE_ZONE_H
#define QUERY_ENGINE_ZONE_H

#include "base/time.h"

/* The zero value is UTC. */
struct zone {
    int (*offset_at)(void *context, int64_t ns); /* seconds east of UTC in force at ns */
    void *context;
};

int zone_offset(const struct zone *zone, int64_t ns);
/* Civil fields of a moment in the zone. */
struct civil zone_civil(const struct zone *zone, int64_t ns);

/* The moment of a local time. *twice is set if there are two; later tells which is taken. False if
 * the fields are out of range. */
bool zone_moment(const struct zone *zone, struct civil local, bool later, int64_t *ns, bool *twice);

#endif
