#include "query/services.h"

#include "base/mem.h"
#include "base/report.h"
#include "base/say.h"
#include "base/text.h"
#include "base/time.h"
#include "collector/store/parts.h"
#include "collector/store/usage.h"

#include <stdio.h>

enum { EXIT_INCOMPLETE = 3, GROWTH_DAYS = 7 };

const char *human_size(uint64_t bytes, char room[HUMAN_SIZE])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.95 && unit + 1 < countof(units)) {
        value /= 1000;
        unit++;
    }
    snprintf(room, HUMAN_SIZE, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return room;
}

/* Of the last so many whole days before today, on how many something came. */
static unsigned count_days(struct view *v, int64_t today, int64_t most)
{
    size_t n;
    bool has_come[GROWTH_DAYS + 1] = {0};
    unsigned days = 0;
    const struct store_part *parts = view_parts(v, &n);
    for (size_t i = 0; i < n; i++) {
        int64_t ago = today - parts[i].newest_arrival_ns / NS_PER_DAY;
        if (parts[i].records && ago > 0 && ago <= most)
            has_come[ago] = true;
    }
    for (size_t i = 0; i < countof(has_come); i++)
        days += has_come[i];
    return days;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static void print_json(const struct service_usage *s, double all, unsigned days)
{
    defer(buf_free) struct buf name = {0};
    put_json(&name, s->service);
    printf("{\"service\":%s,\"records\":%llu,\"line_bytes\":%.0f,\"stored_bytes\":%.0f,"
           "\"share\":%.4f",
           buf_text(&name), (unsigned long long)s->records, s->line_bytes, s->stored_bytes,
           percent(s->stored_bytes, all) / 100);
    if (days)
        printf(",\"grows_per_day\":%.0f", s->recent_bytes / days);
    printf("}\n");
}

static void print_text(const struct service_usage *s, double all, unsigned days)
{
    char lines[HUMAN_SIZE], stored[HUMAN_SIZE], growth[HUMAN_SIZE];
    defer(buf_free) struct buf name = {0};
    put_safe(&name, s->service);
    printf("%-24s %12llu %10s %10s %6.1f %% %10s\n", buf_text(&name),
           (unsigned long long)s->records, human_size((uint64_t)s->line_bytes, lines),
           human_size((uint64_t)s->stored_bytes, stored), percent(s->stored_bytes, all),
           days ? human_size((uint64_t)(s->recent_bytes / days), growth) : "-");
}

static struct service_usage sum_of(const struct usage *u)
{
    struct service_usage sum = {.service = STR("total")};
    for (size_t i = 0; i < u->n; i++) {
        sum.records += u->services[i].records;
        sum.line_bytes += u->services[i].line_bytes;
        sum.stored_bytes += u->services[i].stored_bytes;
        sum.recent_bytes += u->services[i].recent_bytes;
    }
    return sum;
}

static void print_usage(const struct usage *u, unsigned days, bool json)
{
    struct service_usage sum = sum_of(u);
    if (!json)
        printf("%-24s %12s %10s %10s %8s %10s\n", "SERVICE", "RECORDS", "LINES", "ON DISK", "SHARE",
               "PER DAY");
    for (size_t i = 0; i < u->n; i++)
        (json ? print_json : print_text)(&u->services[i], sum.stored_bytes, days);
    if (!json)
        print_text(&sum, sum.stored_bytes, days);
}

int print_services(const struct front *front, const char *store, int64_t days, bool json)
{
    struct err err;
    defer(view_close) struct view *v = NULL;
    defer(usage_free) struct usage usage = {0};
    int64_t today = time_now() / NS_PER_DAY;
    const struct usage_span span = {.since_ns = days ? (today - days + 1) * NS_PER_DAY : TIME_NONE,
                                    .recent_ns = (today - GROWTH_DAYS) * NS_PER_DAY,
                                    .recent_to_ns = today * NS_PER_DAY};
    if (!view_open_folder(&v, store, &err))
        return front_fail(front, "%s", err.text);
    view_usage(v, &span, &usage);
    print_usage(&usage, count_days(v, today, days ? min_of(days - 1, GROWTH_DAYS) : GROWTH_DAYS),
                json);
    if (usage.damaged == 0)
        return 0;
    say("sluice store: %zu places could not be read, and are left out: %s", usage.damaged,
        usage.first.text);
    return EXIT_INCOMPLETE;
}
