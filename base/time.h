/*
 * Points in time as int64_t nanoseconds since 1970-01-01T00:00:00Z (years 1678 to 2262), spans as
 * nanoseconds. Pure functions; only time_now and time_monotonic ask the clock, and only programs
 * and tests call them: a library takes the time as an argument.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/buf.h"
#include "base/err.h"

#define NS_PER_US  INT64_C(1000)
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_S   INT64_C(1000000000)
#define NS_PER_DAY (INT64_C(86400) * NS_PER_S)

/* "No time", and the open end of a range. */
#define TIME_NONE INT64_MIN

int64_t time_now(void);
int64_t time_monotonic(void);

/* A moment in civil terms, without zone. Fields are in their calendar ranges. */
struct civil {
    int year;   /* 1678 to 2262 */
    int month;  /* 1 to 12 */
    int day;    /* 1 to 31 */
    int hour;   /* 0 to 23 */
    int minute; /* 0 to 59 */
    int second; /* 0 to 60; a leap second counts as the next second */
    int ns;     /* 0 to 999,999,999 */
};

/* False if a field is out of its range (31 April, hour 24) or the year is. */
bool is_civil_time(struct civil c);
/* Read as UTC. False if it is no time. */
bool civil_to_ns(struct civil c, int64_t *ns);
struct civil civil_of_ns(int64_t ns);
/* Days since 1970-01-01 (proleptic Gregorian), and back: midnight of that day. */
int64_t days_of_civil(int year, int month, int day);
struct civil civil_of_days(int64_t days);

/* "Jan" is 0. */
extern const char month_names[12][4];
/* 1 to 12 of a name's three letters; 0: it is none. */
int month_of_name(const char *letters);

/* RFC 3339 with at most 9 digits of fraction; "T", "t" or a space between; zone "Z", "z", "+hh:mm",
 * "+hhmm" or "+hh". Takes it from the front of *s; false leaves *s as it was. */
bool take_rfc3339(struct str *s, int64_t *ns);
/* The same without a zone at the end. */
bool take_civil(struct str *s, struct civil *c);

/* "2026-11-20T09:22:01.123456789Z"; digits of fraction 0, 3, 6 or 9. */
void put_rfc3339(struct buf *b, int64_t ns, int digits);
/* "2026-11-20": the UTC day, as the folder of a store. */
enum { DAY_TEXT = 11 };
void day_text(int64_t ns, char text[DAY_TEXT]);

/* "250ms" "1s" "10m" "1h30m" "2d" "1w"; a bare number and "M" are refused with a text that says
 * what is right. */
bool parse_duration(struct str s, int64_t *ns, struct err *err);
/* "1h30m", the shortest form that parse_duration reads back to the same value. */
void put_duration(struct buf *b, int64_t ns);

#endif
