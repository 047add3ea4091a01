/* base/zones.h, invariants by number. */
#include "base/file.h"
#include "base/mem.h"
#include "base/zones.h"
#include "tests/test.h"
#include "tests/unit/zone_bytes.h"

static const int32_t two_hours[] = {7200};

/* A folder with Nowhere/Town in it, which TZDIR names. */
static const char *make_zones(void)
{
    struct err err;
    char path[512];
    defer(buf_free) struct buf bytes = {0};
    const char *folder = test_folder();
    put_zone_bytes(&bytes, '2', two_hours, 1, NULL, 0, "<+02>-2");
    snprintf(path, sizeof path, "%s/zoneinfo/Nowhere", folder);
    REQUIRE_OK(folder_make(path, &err));
    snprintf(path, sizeof path, "%s/zoneinfo/Nowhere/Town", folder);
    REQUIRE_OK(file_replace(path, buf_str(&bytes), 0600, &err));
    snprintf(path, sizeof path, "%s/zoneinfo/Nowhere/Broken", folder);
    REQUIRE_OK(file_replace(path, STR("TZif"), 0600, &err));
    snprintf(path, sizeof path, "%s/outside", folder);
    REQUIRE_OK(file_replace(path, buf_str(&bytes), 0600, &err));
    snprintf(path, sizeof path, "%s/zoneinfo", folder);
    setenv("TZDIR", path, 1);
    return folder;
}

static int offset_of(const char *name)
{
    struct err err = {0};
    struct zone *zone = NULL;
    REQUIRE_OK(zone_open(&zone, str_from(name), &err));
    int offset_s = zone_span_at(zone, 0).offset_s;
    zone_close(&zone);
    return offset_s;
}

static void refuse(const char *name, const char *says)
{
    struct err err = {0};
    struct zone *zone = NULL;
    CHECK(!zone_open(&zone, str_from(name), &err) && !zone);
    if (!strstr(err.text, says))
        test_fail(__FILE__, __LINE__, "%s: \"%s\" does not say \"%s\"", name, err.text, says);
}

TEST(zones_by_name)
{
    make_zones();
    CHECK_INT(offset_of("UTC"), 0);
    CHECK_INT(offset_of("+02:00"), 7200);
    CHECK_INT(offset_of("-0330"), -12600);
    CHECK_INT(offset_of("-05"), -18000);
    CHECK_INT(offset_of("Nowhere/Town"), 7200);
}

TEST(zones_that_are_none)
{
    make_zones();
    static const char *const outside[] = {
        "../outside",
        "/etc/localtime",
        "Nowhere/../../outside",
        "Nowhere//Town",
        "Nowhere/",
        "/",
        "",
        ".",
        "Nowhere/Town\n",
        "+2:00",
        "+02:0",
        "+",
        "+02:00x",
    };
    for (size_t i = 0; i < countof(outside); i++)
        refuse(outside[i], strchr(outside[i], '+') == outside[i] ? "time zone" : "is no time zone");
    refuse("Nowhere/City", "there is no time zone 'Nowhere/City' in /");
    refuse("Nowhere/Twon", "; did you mean 'Nowhere/Town'?");
    refuse("Nowhree/Town", "there is no time zone 'Nowhree/Town'");
    refuse("Nowhere", "there is no time zone 'Nowhere'");
    refuse("Nowhere/Broken", "zoneinfo/Nowhere/Broken: the time zone file is cut short");
    setenv("TZDIR", "/nonexistent", 1);
    refuse("Nowhere/Town", "there is no /nonexistent; install the package tzdata");
}

static int local_by(const char *variable, bool is_good)
{
    struct err err = {0};
    struct zone *zone = NULL;
    setenv("TZ", variable, 1);
    bool good = zone_local(&zone, &err);
    if (good != is_good)
        test_fail(__FILE__, __LINE__, "TZ=%s: %s", variable, err.text);
    int offset_s = zone_span_at(zone, 1767225600).offset_s; /* 2026-01-01 */
    zone_close(&zone);
    return offset_s;
}

TEST(zones_local_is_what_libc_reads)
{
    char path[512];
    snprintf(path, sizeof path, ":%s/outside", make_zones());
    CHECK_INT(local_by("", true), 0);
    CHECK_INT(local_by("Nowhere/Town", true), 7200);
    CHECK_INT(local_by(":Nowhere/Town", true), 7200);
    CHECK_INT(local_by(path, true), 7200);
    CHECK_INT(local_by("CET-1CEST,M3.5.0,M10.5.0/3", true), 3600);
    CHECK_INT(local_by("UTC0", true), 0);
    CHECK_INT(local_by("Nowhere/City", false), 0);
    CHECK_INT(local_by("../outside", false), 0);
}

TEST(zones_are_opened_once)
{
    make_zones();
    struct err err;
    struct zones zones = {0};
    const struct zone *first, *second, *none = NULL;
    char name[] = "Nowhere/Town";
    REQUIRE_OK(zones_get(&zones, str_from(name), &first, &err));
    name[0] = 'X'; /* the name is a copy */
    REQUIRE_OK(zones_get(&zones, STR("Nowhere/Town"), &second, &err));
    CHECK(first == second);
    CHECK(!zones_get(&zones, STR("Nowhere/City"), &none, &err) && !none);
    zones_close(&zones);
}
