/*
 * The rule of a zone as POSIX writes it in TZ, and TZif behind its table:
 *
 *     name offset [summer [offset] [, begins [/time] , ends [/time]]]
 *
 *     CET-1CEST,M3.5.0,M10.5.0/3       <+1030>-10:30<+11>-11,M10.1.0,M4.1.0
 *
 * Offsets are UTC minus local. Times reach from -167 to 167 hours, as in RFC 8536. What POSIX leaves
 * open, summer without dates, is that of the USA, as everywhere.
 */
#include "base/ascii.h"
#include "base/mem.h"
#include "base/zone_parts.h"

enum { HOUR_S = 3600, DAY_S = 86400, RULE_HOURS = 167 };

static bool take_name(struct str *s)
{
    size_t n = 0;
    if (s->len && s->ptr[0] == '<') {
        n = str_find_byte(*s, '>');
        if (n == SIZE_MAX || n < 2)
            return false;
        *s = str_slice(*s, n + 1, SIZE_MAX);
        return true;
    }
    while (n < s->len && is_letter(s->ptr[n]))
        n++;
    *s = str_slice(*s, n, SIZE_MAX);
    return n >= 3;
}

static bool take_small(struct str *s, uint64_t most, int *value)
{
    uint64_t number;
    if (!take_u64(s, &number) || number > most)
        return false;
    *value = (int)number;
    return true;
}

/* "[+-]hh[:mm[:ss]]" in seconds. */
static bool take_time(struct str *s, uint64_t most_hours, int32_t *seconds)
{
    int hour, minute = 0, second = 0;
    bool is_negative = take_prefix(s, STR("-"));
    if (!is_negative)
        take_prefix(s, STR("+"));
    if (!take_small(s, most_hours, &hour))
        return false;
    if (take_prefix(s, STR(":")) && !take_small(s, 59, &minute))
        return false;
    if (take_prefix(s, STR(":")) && !take_small(s, 59, &second))
        return false;
    *seconds = (hour * HOUR_S + minute * 60 + second) * (is_negative ? -1 : 1);
    return true;
}

static bool take_day(struct str *s, struct zone_date *date)
{
    if (take_prefix(s, STR("M"))) {
        date->kind = ZONE_DAY_OF_WEEK;
        return take_small(s, 12, &date->month) && date->month > 0 && take_prefix(s, STR(".")) &&
               take_small(s, 5, &date->week) && date->week > 0 && take_prefix(s, STR(".")) &&
               take_small(s, 6, &date->day);
    }
    date->kind = take_prefix(s, STR("J")) ? ZONE_DAY_JULIAN : ZONE_DAY_OF_YEAR;
    return take_small(s, 365, &date->day) && (date->kind == ZONE_DAY_OF_YEAR || date->day > 0);
}

static bool take_date(struct str *s, struct zone_date *date)
{
    date->second = 2 * HOUR_S;
    return take_prefix(s, STR(",")) && take_day(s, date) &&
           (!take_prefix(s, STR("/")) || take_time(s, RULE_HOURS, &date->second));
}

static bool take_summer(struct str *s, struct zone_rule *rule)
{
    struct str usual = STR(",M3.2.0,M11.1.0");
    int32_t west_s = -rule->offset_s - HOUR_S;
    rule->has_summer = true;
    if (!take_name(s) || (s->len && s->ptr[0] != ',' && !take_time(s, 24, &west_s)))
        return false;
    rule->summer_s = -west_s;
    if (s->len == 0)
        return take_date(&usual, &rule->begins) && take_date(&usual, &rule->ends);
    return take_date(s, &rule->begins) && take_date(s, &rule->ends);
}

bool zone_rule_parse(struct str text, struct zone_rule *out, struct err *err)
{
    struct zone_rule rule = {.is_there = true};
    struct str s = text;
    int32_t west_s;
    bool good = take_name(&s) && take_time(&s, 24, &west_s);
    if (good) {
        rule.offset_s = rule.summer_s = -west_s;
        good = (s.len == 0 || take_summer(&s, &rule)) && s.len == 0;
    }
    if (!good || !is_zone_offset(rule.offset_s) || !is_zone_offset(rule.summer_s))
        return err_set(err, ERR_INPUT,
                       "'%.*s' is no rule of a time zone (CET-1CEST,M3.5.0,M10.5.0/3)",
                       STR_ARG(str_slice(text, 0, 80)));
    *out = rule;
    return true;
}

bool zone_posix(struct zone **out, struct str text, struct err *err)
{
    struct zone_rule rule;
    if (!zone_rule_parse(text, &rule, err))
        return false;
    struct zone *zone = zone_fixed(rule.offset_s);
    zone->rule = rule;
    *out = zone;
    return true;
}

/* ---- when ---- */

static bool is_leap(int year)
{
    return days_of_civil(year + 1, 1, 1) - days_of_civil(year, 1, 1) == 366;
}

/* 0 is Sunday; 1970-01-01 was a Thursday. */
static int weekday(int64_t day)
{
    return (int)(((day + 4) % 7 + 7) % 7);
}

static int64_t day_in_year(const struct zone_date *date, int year)
{
    int64_t january = days_of_civil(year, 1, 1);
    if (date->kind == ZONE_DAY_OF_YEAR)
        return january + date->day;
    if (date->kind == ZONE_DAY_JULIAN)
        return january + date->day - 1 + (date->day > 59 && is_leap(year));
    int64_t first = days_of_civil(year, date->month, 1);
    int64_t next =
        date->month == 12 ? days_of_civil(year + 1, 1, 1) : days_of_civil(year, date->month + 1, 1);
    int64_t day = first + (date->day - weekday(first) + 7) % 7 + (date->week - 1) * 7;
    return day < next ? day : day - 7;
}

static int64_t date_in_year(const struct zone_date *date, int year, int32_t offset_s)
{
    return day_in_year(date, year) * DAY_S + date->second - offset_s;
}

static void narrow(struct zone_span *span, int64_t at_s, int32_t offset_s, int64_t utc_s)
{
    if (at_s > utc_s) {
        span->to_s = min_of(span->to_s, at_s);
    } else if (at_s >= span->from_s) {
        span->from_s = at_s;
        span->offset_s = offset_s;
    }
}

/* The changes of the year and of those beside it. Where summer ends when it begins, it goes on. */
struct zone_span zone_rule_span(const struct zone_rule *rule, int64_t utc_s)
{
    struct zone_span span = {INT64_MIN, INT64_MAX, rule->offset_s};
    if (!rule->has_summer)
        return span;
    int64_t most_s = INT64_MAX / NS_PER_S;
    int64_t ns = max_of(min_of(utc_s, most_s), -most_s) * NS_PER_S;
    int year = civil_of_ns(ns).year;
    for (int y = year - 2; y <= year + 2; y++)
        narrow(&span, date_in_year(&rule->ends, y, rule->summer_s), rule->offset_s, utc_s);
    for (int y = year - 2; y <= year + 2; y++)
        narrow(&span, date_in_year(&rule->begins, y, rule->offset_s), rule->summer_s, utc_s);
    return span;
}
