/* What the files that make up base/zone.h offer each other. */
#ifndef BASE_ZONE_PARTS_H
#define BASE_ZONE_PARTS_H

#include "base/zone.h"

static inline bool is_zone_offset(int32_t seconds)
{
    const int32_t day_s = 86400;
    return seconds >= -day_s && seconds <= day_s;
}

enum zone_day {
    ZONE_DAY_JULIAN,  /* J1 to J365: 29 February is not counted */
    ZONE_DAY_OF_YEAR, /* 0 to 365 */
    ZONE_DAY_OF_WEEK, /* M3.5.0: the last Sunday of March */
};

struct zone_date { /* a day of every year, and a time of it */
    enum zone_day kind;
    int month, week, day;
    int32_t second; /* after midnight; also negative, or on a later day */
};

struct zone_rule {
    bool is_there, has_summer;
    int32_t offset_s, summer_s;    /* local minus UTC */
    struct zone_date begins, ends; /* of summer time; in the time that is in force before */
};

struct zone_change {
    int64_t utc_s;
    int32_t offset_s; /* from then on */
};

struct zone {
    int32_t first_s; /* the offset before the first change */
    size_t n;
    struct zone_rule rule;        /* behind the last change */
    struct zone_change changes[]; /* ascending */
};

/* zone_posix.c */
bool zone_rule_parse(struct str text, struct zone_rule *rule, struct err *err);
struct zone_span zone_rule_span(const struct zone_rule *rule, int64_t utc_s);

#endif
