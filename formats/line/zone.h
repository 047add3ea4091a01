/*
 * The zone of this machine, for times that do not name theirs. This is the one part of formats/line
 * that asks the system: localtime_r, which reads TZ or /etc/localtime once, at zone_local_init.
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
 * The last answer that was the only one is kept for its quarter of an hour (no zone changes within
 * one), so that most lines ask the system nothing.
 */
#ifndef FORMATS_LINE_ZONE_H
#define FORMATS_LINE_ZONE_H

#include "base/time.h"

#define ZONE_SLACK_NS (10 * NS_PER_S)

struct zone_local {
    int64_t quarter;  /* of local time, counted from 1970 */
    int64_t offset_s; /* local minus UTC in that quarter */
    bool known;       /* the two above hold */
};

/* Reads TZ and /etc/localtime; again if they have changed. */
void zone_local_init(struct zone_local *zone);
/* A zone_to_utc; zone is a struct zone_local of one thread. */
int64_t zone_local_to_utc(void *zone, struct civil local, int64_t previous_ns);

#endif
