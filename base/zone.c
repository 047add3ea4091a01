#include "base/bisect.h"
#include "base/mem.h"
#include "base/zone_parts.h"

enum { DAY_S = 86400 };

struct zone *zone_fixed(int32_t offset_s)
{
    struct zone *zone = mem_new(struct zone);
    zone->first_s = offset_s;
    return zone;
}

void zone_close(struct zone **zone)
{
    mem_free(zone);
}

/* How many changes there are up to that time. */
static size_t changes_until(const struct zone *zone, int64_t utc_s)
{
    return bisect(zone->n, i, zone->changes[i].utc_s <= utc_s);
}

struct zone_span zone_span_at(const struct zone *zone, int64_t utc_s)
{
    size_t n = changes_until(zone, utc_s);
    int64_t from_s = n ? zone->changes[n - 1].utc_s : INT64_MIN;
    if (n == zone->n && zone->rule.is_there) {
        struct zone_span span = zone_rule_span(&zone->rule, utc_s);
        span.from_s = max_of(span.from_s, from_s);
        return span;
    }
    return (struct zone_span){
        .from_s = from_s,
        .to_s = n < zone->n ? zone->changes[n].utc_s : INT64_MAX,
        .offset_s = n ? zone->changes[n - 1].offset_s : zone->first_s,
    };
}

static int32_t offset_at(const struct zone *zone, int64_t utc_s)
{
    return zone_span_at(zone, utc_s).offset_s;
}

static int64_t second_of(int64_t ns)
{
    return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

int32_t zone_offset(const struct zone *zone, int64_t ns)
{
    return zone ? offset_at(zone, second_of(ns)) : 0;
}

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

/* The next one at which the offset is another one. */
static int64_t change_after(const struct zone *zone, int64_t utc_s)
{
    struct zone_span first = zone_span_at(zone, utc_s), next = first;
    while (next.offset_s == first.offset_s && next.to_s != INT64_MAX)
        next = zone_span_at(zone, next.to_s);
    return next.from_s;
}

bool zone_moment(const struct zone *zone, struct civil local, bool later, int64_t *ns, bool *twice)
{
    int64_t as_utc, moments[2];
    bool holds[2];
    if (!civil_to_ns(local, &as_utc))
        return false;
    int64_t day_before = shift(as_utc, -NS_PER_DAY), day_after = shift(as_utc, NS_PER_DAY);
    const int64_t offsets[2] = {zone_offset(zone, day_before), zone_offset(zone, day_after)};
    for (int i = 0; i < 2; i++) {
        moments[i] = shift(as_utc, -offsets[i] * NS_PER_S);
        holds[i] = zone_offset(zone, moments[i]) == offsets[i];
    }
    *twice = holds[0] && holds[1] && moments[0] != moments[1];
    if (*twice)
        *ns = later ? max_of(moments[0], moments[1]) : min_of(moments[0], moments[1]);
    else if (holds[0] || holds[1])
        *ns = moments[holds[0] ? 0 : 1];
    else
        *ns = change_after(zone, second_of(day_before)) * NS_PER_S;
    return true;
}

/* Invariant 1. */
static int32_t choose_offset(const struct zone *zone, int64_t local_s, int64_t previous_s)
{
    int32_t before = offset_at(zone, local_s - DAY_S), after = offset_at(zone, local_s + DAY_S);
    bool before_holds = offset_at(zone, local_s - before) == before;
    bool after_holds = offset_at(zone, local_s - after) == after;
    if (before_holds && after_holds)
        return local_s - before < previous_s - ZONE_SLACK_NS / NS_PER_S ? after : before;
    return after_holds ? after : before;
}

/* Invariant 4: times far enough from both ends of the span are in no other. */
static void remember(struct zone_clock *clock, int64_t local_s, int32_t offset_s)
{
    struct zone_span span = zone_span_at(clock->zone, local_s - offset_s);
    clock->offset_s = offset_s;
    clock->from_s = span.from_s == INT64_MIN ? INT64_MIN : span.from_s + 2 * DAY_S;
    clock->to_s = span.to_s == INT64_MAX ? INT64_MAX : span.to_s - 2 * DAY_S;
}

int64_t zone_clock_to_utc(void *context, struct civil local, int64_t previous_ns)
{
    struct zone_clock *clock = context;
    int64_t local_ns;
    if (!civil_to_ns(local, &local_ns))
        return TIME_NONE;
    if (!clock->zone)
        return local_ns;
    int64_t local_s = second_of(local_ns);
    int32_t offset_s = clock->offset_s;
    if (local_s < clock->from_s || local_s >= clock->to_s) {
        offset_s = choose_offset(clock->zone, local_s, previous_ns / NS_PER_S);
        remember(clock, local_s, offset_s);
    }
    int64_t utc_ns;
    return __builtin_sub_overflow(local_ns, offset_s * NS_PER_S, &utc_ns) ? TIME_NONE : utc_ns;
}
