/*
 * Time zones. Bytes in, offsets out: who reads the files is base/zones.h.
 *
 *     zone_parse   a TZif file (RFC 8536, versions 1 to 4), as /usr/share/zoneinfo has them: a table of
 *                  changes, and a rule for the time behind it
 *     zone_posix   such a rule alone: "CET-1CEST,M3.5.0,M10.5.0/3"
 *     zone_fixed   one offset
 *
 * A zone does not change and may be shared. It is a row of spans with one offset each:
 *
 *     ... | +01:00 | +02:00 | +01:00 | ...        local = UTC + offset
 *
 * Civil time to UTC has no, one or two answers:
 *
 *     spring   02:30 does not exist    the offset from before the gap is used, as it is
 *     autumn   02:30 comes twice       the first, unless that is more than ZONE_SLACK_NS before the
 *                                      previous time of the stream: then the second
 *
 * The slack is there because threads of one program print a few milliseconds out of order, and one
 * such line must not push the stream an hour ahead.
 *
 *  1. Offsets are at most a day, so that the offsets a day before and a day after a civil time are the
 *     only ones that it can have (no zone changes twice within two days).
 *  2. Before its first change a zone has the offset of its first type. Behind its last one it has what
 *     its rule says, or the last offset if it has none.
 *  3. Files that count leap seconds ("right/...") are refused: the clocks of programs do not.
 *  4. A clock remembers the span of its last answer, and asks the zone only within two days of a change.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/time.h"

#define ZONE_SLACK_NS (10 * NS_PER_S)

enum { ZONE_FILE_MAX = 1 << 16 }; /* bytes; real ones have at most 4 KiB */

struct zone;

bool zone_parse(struct zone **zone, struct str bytes, struct err *err);
bool zone_posix(struct zone **zone, struct str text, struct err *err);
struct zone *zone_fixed(int32_t offset_s);
void zone_close(struct zone **zone);

struct zone_span {
    int64_t from_s, to_s; /* UTC; INT64_MIN and INT64_MAX are open ends */
    int32_t offset_s;     /* local minus UTC */
};

struct zone_span zone_span_at(const struct zone *zone, int64_t utc_s);

/* NULL is UTC. Saturates at the ends of time. */
int32_t zone_offset(const struct zone *zone, int64_t ns);
struct civil zone_civil(const struct zone *zone, int64_t ns);
/* The moment of a local time that a person names: one that does not exist is the change itself; of two it
 * is the later if they say so, and *twice is set. False if fields are out of range. */
bool zone_moment(const struct zone *zone, struct civil local, bool later, int64_t *ns, bool *twice);

/* Of one stream. With a zone and nothing else it is a fresh one; zone NULL is UTC. */
struct zone_clock {
    const struct zone *zone;
    int64_t from_s,
        to_s; /* local times that have the offset below and no other; kept by the clock */
    int32_t offset_s;
};

/* A zone_to_utc; clock is a struct zone_clock. */
int64_t zone_clock_to_utc(void *clock, struct civil local, int64_t previous_ns);

#endif
