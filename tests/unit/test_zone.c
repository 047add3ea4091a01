/* base/zone.h. What libc says is asked of libc, by its own file or by one that is made here. */
#include "base/file.h"
#include "base/mem.h"
#include "base/zone.h"
#include "tests/test.h"
#include "tests/unit/zone_bytes.h"

#include <time.h>

static int64_t utc_of(const char *text)
{
    struct str s = str_from(text);
    int64_t ns = 0;
    REQUIRE(take_rfc3339(&s, &ns) && s.len == 0);
    return ns;
}

/* By a fresh clock, and by one that remembers. */
static int64_t local_in(const struct zone *zone, const char *text, int64_t previous_ns)
{
    struct str s = str_from(text);
    struct civil c;
    struct zone_clock clock = {.zone = zone};
    REQUIRE(take_civil(&s, &c) && s.len == 0);
    int64_t ns = zone_clock_to_utc(&clock, c, previous_ns);
    CHECK_INT(zone_clock_to_utc(&clock, c, previous_ns), ns);
    return ns;
}

static struct zone *by_rule(const char *text)
{
    struct err err;
    struct zone *zone = NULL;
    REQUIRE_OK(zone_posix(&zone, str_from(text), &err));
    return zone;
}

static struct zone *by_bytes(struct str bytes)
{
    struct err err;
    struct zone *zone = NULL;
    REQUIRE_OK(zone_parse(&zone, bytes, &err));
    return zone;
}

#define CHECK_LOCAL(zone, local, previous, utc) \
    CHECK_INT(local_in(zone, local, previous), utc_of(utc))

TEST(zone_of_half_an_hour)
{
    defer(zone_close) struct zone *zone = by_rule("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
    /* autumn on 2026-04-05: 02:00 +11 becomes 01:30 +10:30 */
    CHECK_LOCAL(zone, "2026-04-05 01:29:59", 0, "2026-04-04T14:29:59Z");
    CHECK_LOCAL(zone, "2026-04-05 01:45:00", 0, "2026-04-04T14:45:00Z");
    CHECK_LOCAL(zone, "2026-04-05 01:45:00", utc_of("2026-04-04T15:10:00Z"),
                "2026-04-04T15:15:00Z");
    CHECK_LOCAL(zone, "2026-04-05 02:00:00", 0, "2026-04-04T15:30:00Z");
    /* spring on 2026-10-04: 02:00 +10:30 becomes 02:30 +11 */
    CHECK_LOCAL(zone, "2026-10-04 01:59:59", 0, "2026-10-03T15:29:59Z");
    CHECK_LOCAL(zone, "2026-10-04 02:15:00", 0, "2026-10-03T15:45:00Z");
    CHECK_LOCAL(zone, "2026-10-04 02:30:00", 0, "2026-10-03T15:30:00Z");
}

static const int32_t apia_offsets[] = {-10 * 3600, 14 * 3600};
static const struct zone_bytes_change apia_changes[] = {{1325239200, 1}};

TEST(zone_that_left_out_a_day)
{
    defer(buf_free) struct buf bytes = {0};
    put_zone_bytes(&bytes, '2', apia_offsets, 2, apia_changes, 1, "<+13>-13");
    defer(zone_close) struct zone *zone = by_bytes(buf_str(&bytes));
    CHECK_LOCAL(zone, "2011-12-29 23:59:59", 0, "2011-12-30T09:59:59Z");
    CHECK_LOCAL(zone, "2011-12-30 12:00:00", 0, "2011-12-30T22:00:00Z"); /* was never */
    CHECK_LOCAL(zone, "2011-12-28 12:00:00", 0, "2011-12-28T22:00:00Z");
}

TEST(zone_before_its_first_change_and_behind_its_last)
{
    static const int32_t offsets[] = {3208, 3600, 7200};
    static const struct zone_bytes_change changes[] = {{-2422054408, 1}, {354675600, 2}};
    defer(buf_free) struct buf new = {0}, old = {0};
    put_zone_bytes(&new, '2', offsets, 3, changes, 2, "CET-1CEST,M3.5.0,M10.5.0/3");
    put_zone_bytes(&old, 0, offsets, 3, changes + 1, 1, "");
    defer(zone_close) struct zone *zone = by_bytes(buf_str(&new)), *small = by_bytes(buf_str(&old));
    CHECK_LOCAL(zone, "1800-01-01 00:00:00", 0, "1799-12-31T23:06:32Z");
    CHECK_LOCAL(zone, "1950-01-01 00:00:00", 0, "1949-12-31T23:00:00Z");
    CHECK_LOCAL(zone, "2026-07-01 12:00:00", 0, "2026-07-01T10:00:00Z");
    CHECK_LOCAL(zone, "2200-01-01 12:00:00", 0, "2200-01-01T11:00:00Z");
    CHECK_LOCAL(small, "1970-01-01 00:00:00", 0, "1969-12-31T23:06:32Z");
    CHECK_LOCAL(small, "2026-01-01 12:00:00", 0, "2026-01-01T10:00:00Z"); /* no rule */
}

TEST(zone_rules_of_every_kind)
{
    defer(zone_close) struct zone *plain = by_rule("<-03>3"), *usa = by_rule("EST5EDT"),
                                  *south = by_rule("NZST-12NZDT,M9.5.0,M4.1.0/3"),
                                  *julian = by_rule("AAA0BBB,J60/0,J300/0"),
                                  *counted = by_rule("AAA0BBB,59/0,299/0"),
                                  *always = by_rule("XXX3EDT4,0/0,J365/23"),
                                  *late = by_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
    CHECK_LOCAL(plain, "2026-01-01 12:00:00", 0, "2026-01-01T15:00:00Z");
    CHECK_LOCAL(usa, "2026-07-01 12:00:00", 0, "2026-07-01T16:00:00Z");
    CHECK_LOCAL(usa, "2026-12-01 12:00:00", 0, "2026-12-01T17:00:00Z");
    CHECK_LOCAL(south, "2026-12-31 23:59:59", 0, "2026-12-31T10:59:59Z");
    CHECK_LOCAL(south, "2026-07-01 12:00:00", 0, "2026-07-01T00:00:00Z");
    CHECK_LOCAL(julian, "2024-03-01 02:00:00", 0, "2024-03-01T01:00:00Z");
    CHECK_LOCAL(julian, "2024-02-29 12:00:00", 0, "2024-02-29T12:00:00Z");
    CHECK_LOCAL(counted, "2024-02-29 12:00:00", 0, "2024-02-29T11:00:00Z");
    CHECK_LOCAL(always, "2026-01-01 12:00:00", 0, "2026-01-01T16:00:00Z");
    CHECK_LOCAL(always, "2026-07-01 12:00:00", 0, "2026-07-01T16:00:00Z");
    CHECK_LOCAL(late, "2026-03-28 22:30:00", 0, "2026-03-29T00:30:00Z");
    CHECK_LOCAL(late, "2026-03-29 00:30:00", 0, "2026-03-29T01:30:00Z");
}

TEST(zone_rules_that_are_none)
{
    static const char *const bad[] = {
        "",
        "CET",
        "CE-1",
        "CET-25",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,J0,J5",
        "CET-1CEST,M3.5.0/168,M10.5.0",
        "CET-1:60",
        "<CET-1",
        "CET-1 ",
        "CET--1",
        "CET-1CEST-25",
        "CET-24:00:01",
        "CET24:30CEST2",
        "Europe/Berlin",
    };
    for (size_t i = 0; i < countof(bad); i++) {
        struct err err = {0};
        struct zone *zone = NULL;
        if (zone_posix(&zone, str_from(bad[i]), &err))
            test_fail(__FILE__, __LINE__, "%s was taken", bad[i]);
        CHECK(!zone && err.code == ERR_INPUT);
        zone_close(&zone);
    }
}

TEST(zone_files_that_are_broken)
{
    struct err err;
    struct zone *zone = NULL;
    defer(buf_free) struct buf bytes = {0}, order = {0}, type = {0};
    put_zone_bytes(&bytes, '2', apia_offsets, 2, apia_changes, 1, "<+13>-13");
    for (size_t n = 0; n < bytes.len; n++)
        CHECK(!zone_parse(&zone, str_slice(buf_str(&bytes), 0, n), &err) && !zone);
    bytes.ptr[54 + 31] = 1; /* a leap second */
    CHECK(!zone_parse(&zone, buf_str(&bytes), &err));
    static const struct zone_bytes_change twice[] = {{5, 0}, {5, 1}}, unknown[] = {{5, 2}};
    put_zone_bytes(&order, '2', apia_offsets, 2, twice, 2, "");
    CHECK(!zone_parse(&zone, buf_str(&order), &err));
    CHECK_STR(str_from(err.text), STR("the changes of the time zone file are not in order"));
    put_zone_bytes(&type, '2', apia_offsets, 2, unknown, 1, "");
    CHECK(!zone_parse(&zone, buf_str(&type), &err));
    CHECK_STR(str_from(err.text), STR("the time zone file names a type that it does not have"));
}

TEST(zone_fixed_and_none)
{
    defer(zone_close) struct zone *zone = zone_fixed(-5 * 3600 - 1800);
    CHECK_LOCAL(zone, "2026-01-01 12:00:00", 0, "2026-01-01T17:30:00Z");
    CHECK_LOCAL(NULL, "2026-01-01 12:00:00", 0, "2026-01-01T12:00:00Z");
}

/* ---- against libc ---- */

static void set_zone(const char *path)
{
    char text[600];
    snprintf(text, sizeof text, ":%s", path);
    setenv("TZ", text, 1);
    tzset();
}

static long libc_offset(int64_t utc_s)
{
    time_t t = utc_s;
    struct tm tm;
    REQUIRE(localtime_r(&t, &tm));
    return tm.tm_gmtoff;
}

/* Offsets agree, and a civil time that was made from UTC leads back to it, or to the other of two. */
static void compare_at(const struct zone *zone, const char *path, int64_t utc_s)
{
    long offset = libc_offset(utc_s);
    int32_t ours = zone_span_at(zone, utc_s).offset_s;
    struct zone_clock clock = {.zone = zone};
    struct civil civil = civil_of_ns((utc_s + offset) * NS_PER_S);
    int64_t first_s = zone_clock_to_utc(&clock, civil, 0) / NS_PER_S;
    int64_t later_s = zone_clock_to_utc(&clock, civil, utc_s * NS_PER_S) / NS_PER_S;
    if (ours != offset || (first_s != utc_s && later_s != utc_s) ||
        libc_offset(first_s) != utc_s + offset - first_s)
        test_fail(__FILE__, __LINE__, "%s at %lld: %d for %ld; %lld, %lld", path, (long long)utc_s,
                  ours, offset, (long long)first_s, (long long)later_s);
}

/* Around each change since 1900, and once in ten days. Before a zone's first change libc takes another
 * type for some. */
static void compare_with_libc(const char *path)
{
    struct err err;
    defer(buf_free) struct buf bytes = {.max = ZONE_FILE_MAX};
    REQUIRE_OK(file_load(path, ZONE_FILE_MAX, &bytes, &err));
    defer(zone_close) struct zone *zone = by_bytes(buf_str(&bytes));
    set_zone(path);
    int64_t from_s = zone_span_at(zone, -2208988800).to_s, end_s = 4102444800;
    for (int64_t at_s = from_s; at_s < end_s; at_s += 864001)
        compare_at(zone, path, at_s);
    for (int64_t at_s = from_s; at_s < end_s; at_s = zone_span_at(zone, at_s).to_s) {
        static const int64_t beside[] = {-7200, -1800, -1, 0, 1, 1799, 3599, 7200};
        for (size_t i = 0; i < countof(beside); i++) {
            if (at_s + beside[i] >= from_s)
                compare_at(zone, path, at_s + beside[i]);
        }
    }
}

TEST(zone_agrees_with_libc_about_a_made_file)
{
    static const int32_t offsets[] = {3208, 3600, 7200};
    static const struct zone_bytes_change changes[] = {
        {-1693706400, 2}, {-1680483600, 1}, {354675600, 2}, {370400400, 1}};
    struct err err;
    char path[512];
    defer(buf_free) struct buf bytes = {0};
    put_zone_bytes(&bytes, '2', offsets, 3, changes, 4, "CET-1CEST,M3.5.0,M10.5.0/3");
    snprintf(path, sizeof path, "%s/zone", test_folder());
    REQUIRE_OK(file_replace(path, buf_str(&bytes), 0600, &err));
    compare_with_libc(path);
}

TEST_SLOW(zone_agrees_with_libc_about_the_world, 60)
{
    static const char *const names[] = {
        "Europe/Berlin",       "Europe/London",       "Europe/Dublin",     "Europe/Moscow",
        "America/New_York",    "America/Los_Angeles", "America/Sao_Paulo", "America/St_Johns",
        "America/Caracas",     "America/Nuuk",        "Asia/Kolkata",      "Asia/Kathmandu",
        "Asia/Tehran",         "Asia/Gaza",           "Asia/Tokyo",        "Asia/Pyongyang",
        "Africa/Casablanca",   "Africa/Cairo",        "Africa/Monrovia",   "Antarctica/Troll",
        "Australia/Lord_Howe", "Australia/Sydney",    "Pacific/Apia",      "Pacific/Chatham",
        "Pacific/Kwajalein",   "Pacific/Kiritimati",  "Atlantic/Azores",   "Etc/UTC",
    };
    size_t found = 0;
    for (size_t i = 0; i < countof(names); i++) {
        char path[512];
        struct stat st;
        struct err ignored;
        snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", names[i]);
        if (!path_stat(path, &st, &ignored))
            continue;
        found++;
        compare_with_libc(path);
    }
    if (!found)
        SKIP("tzdata is not installed");
}
