/*
 * Any bytes as a TZif file, and any text as the rule of a zone. No crash; spans hold the time they were
 * asked for and touch each other, offsets are at most a day, and a civil time comes back near itself.
 */
#include "base/mem.h"
#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_zone(const struct zone *zone)
{
    static const int64_t times[] = {-9000000000, -1,         0,         951782399,
                                    1766000000,  1795000000, 9000000000};
    struct zone_clock clock = {.zone = zone};
    for (size_t i = 0; i < countof(times); i++) {
        struct zone_span span = zone_span_at(zone, times[i]);
        assert(span.from_s <= times[i] && times[i] < span.to_s);
        assert(span.offset_s >= -86400 && span.offset_s <= 86400);
        if (span.from_s > -9000000000)
            assert(zone_span_at(zone, span.from_s - 1).to_s == span.from_s);
        int64_t ns = zone_clock_to_utc(&clock, civil_of_ns(times[i] * NS_PER_S), 0);
        assert(ns == TIME_NONE ||
               (ns / NS_PER_S >= times[i] - 86400 && ns / NS_PER_S <= times[i] + 86400));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    defer(zone_close) struct zone *file = NULL, *rule = NULL;
    if (zone_parse(&file, str_of(data, size), &err))
        check_zone(file);
    if (zone_posix(&rule, str_of(data, size), &err))
        check_zone(rule);
    return 0;
}
