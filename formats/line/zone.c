#include "formats/line/zone.h"

#include <time.h>

void zone_local_init(struct zone_local *zone)
{
    tzset();
    *zone = (struct zone_local){0};
}

static int64_t offset_at(int64_t utc_s)
{
    time_t t = utc_s;
    struct tm tm;
    return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

/* Both readings of local_s: with the offset of the day before and with that of the day after. */
static int64_t choose_offset(int64_t local_s, int64_t previous_s, bool *only)
{
    int64_t before = offset_at(local_s - 86400), after = offset_at(local_s + 86400);
    bool before_holds = offset_at(local_s - before) == before;
    bool after_holds = offset_at(local_s - after) == after;
    *only = before == after || !before_holds || !after_holds;
    if (before_holds && after_holds)
        return local_s - before < previous_s - ZONE_SLACK_NS / NS_PER_S ? after : before;
    return after_holds ? after : before;
}

int64_t zone_local_to_utc(void *zone, struct civil local, int64_t previous_ns)
{
    struct zone_local *z = zone;
    int64_t local_ns;
    if (!civil_to_ns(local, &local_ns))
        return TIME_NONE;
    int64_t local_s = local_ns / NS_PER_S - (local_ns % NS_PER_S < 0);
    int64_t quarter = local_s / 900 - (local_s % 900 < 0);
    if (z->known && z->quarter == quarter)
        return local_ns - z->offset_s * NS_PER_S;
    bool only;
    int64_t offset_s = choose_offset(local_s, previous_ns / NS_PER_S, &only);
    *z = (struct zone_local){.quarter = quarter, .offset_s = offset_s, .known = only};
    return local_ns - offset_s * NS_PER_S;
}
