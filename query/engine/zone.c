#include "query/engine/zone.h"

#include "base/mem.h"

int zone_offset(const struct zone *zone, int64_t ns)
{
    return zone->offset_at ? zone->offset_at(zone->context, ns) : 0;
}

/* Saturates at the ends of time. */
static int64_t shift(int64_t ns, int64_t by)
{
    int64_t sum;
    if (__builtin_add_overflow(ns, by, &sum))
        return by < 0 ? INT64_MIN + 1 : INT64_MAX;
    return sum;
}

struct civil zone_civil(const struct zone *zone, int64_t ns)
{
    return civil_of_ns(shift(ns, zone_offset(zone, ns) * NS_PER_S));
}

/* The first second in (from, to] that has another offset than from. */
static int64_t find_change(const struct zone *zone, int64_t from, int64_t to)
{
    int before = zone_offset(zone, from);
    while (to - from > NS_PER_S) {
        int64_t middle = from + (to - from) / 2;
        if (zone_offset(zone, middle) == before)
            from = middle;
        else
            to = middle;
    }
    return to - to % NS_PER_S;
}

bool zone_moment(const struct zone *zone, struct civil local, bool later, int64_t *ns, bool *twice)
{
    int64_t as_utc;
    if (!civil_to_ns(local, &as_utc))
        return false;
    int64_t day_before = shift(as_utc, -NS_PER_DAY), day_after = shift(as_utc, NS_PER_DAY);
    int64_t offsets[2] = {zone_offset(zone, day_before), zone_offset(zone, day_after)};
    int64_t moments[2];
    bool valid[2];
    for (int i = 0; i < 2; i++) {
        moments[i] = shift(as_utc, -offsets[i] * NS_PER_S);
        valid[i] = zone_offset(zone, moments[i]) == offsets[i];
    }
    *twice = valid[0] && valid[1] && moments[0] != moments[1];
    if (*twice)
        *ns = later ? max_of(moments[0], moments[1]) : min_of(moments[0], moments[1]);
    else if (valid[0] || valid[1])
        *ns = moments[valid[0] ? 0 : 1];
    else
        *ns = find_change(zone, day_before, day_after);
    return true;
}
