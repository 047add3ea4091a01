/*
 * Times as people and programs write them at the head of a line.
 *
 *     ISO        2026-11-20 09:22:01,123   2026-11-20T09:22:01.123456Z   ... +01:00   ... UTC
 *     SLASH      2026/11/20 09:22:01.123456   2026/11/20 - 09:22:01      Go, nginx's error log; Gin
 *                26/11/20 09:22:01                                       log4j's short form, as Spark has it
 *     DAY_FIRST  20/Nov/2026:09:22:01 +0000   20 Nov 2026 09:22:01.123   20-Nov-2026 09:22:01
 *     SYSLOG     Nov 20 09:22:01   Nov  2 09:22:01.123 2026   Nov 20 2026 09:22:01
 *     LOGCAT     11-20 09:22:01.123                                      Android
 *     KLOG       I1120 09:22:01.123456     E20261120 09:22:01.123456
 *     EPOCH      1795166521   1795166521.123   1795166521123   ... us and ns
 *
 * Reading has two steps: find_clock or take_clock see only bytes; clock_resolve gives what the
 * bytes do not say, the zone and the year.
 *
 *  1. A time is looked for where a token starts, in the first CLOCK_WINDOW bytes: at the start, or
 *     after a blank, a bracket, "|", ">", a comma or a quote; after "=" only if the key names a
 * time.
 *  2. A time that follows two words of prose ("licence expires 2027-01-01 00:00:00") is none.
 *  3. Epochs count only at the head (after "[" or "<34>") and after a time key, only between the
 * years 2000 and 2100; that range decides between s, ms, us and ns, as the four do not overlap.
 *  4. Digits of fraction after the ninth are read over. 31 April or 24:00 is no time.
 *  5. Zone names other than UTC and GMT are not known: such a time is read as one without zone.
 *  6. A time without a year takes the year that brings it nearest to the guide's near_ns.
 */
#ifndef FORMATS_LINE_CLOCK_TEXT_H
#define FORMATS_LINE_CLOCK_TEXT_H

#include "base/str.h"
#include "base/time.h"

enum { CLOCK_WINDOW = 96 };

enum clock_form {
    CLOCK_NONE,
    CLOCK_ISO,
    CLOCK_SLASH,
    CLOCK_DAY_FIRST,
    CLOCK_SYSLOG,
    CLOCK_LOGCAT,
    CLOCK_KLOG,
    CLOCK_EPOCH,
};

struct clock_text {
    enum clock_form form;
    size_t from, to;    /* its bytes in the text that was searched */
    struct civil civil; /* not of an epoch; .year is 0 if it has none */
    bool has_zone;      /* offset_s was written */
    int32_t offset_s;   /* local minus UTC */
    int64_t epoch_ns;   /* of an epoch */
};

/* Turns local civil time into UTC. previous_ns is the last time of the stream, 0 if there is none:
 * it decides when an hour comes twice. TIME_NONE if it cannot be told. */
typedef int64_t zone_to_utc(void *zone, struct civil local, int64_t previous_ns);

struct clock_guide {
    int64_t near_ns;           /* for times without a year; 0 = they have no time */
    int64_t previous_ns;       /* last time of the stream, or 0 */
    zone_to_utc *local_to_utc; /* NULL = times without zone are UTC */
    void *zone;                /* its first argument; the caller's */
};

/* From the front of *s, which is not an epoch; with .from and .to counted from there. */
bool take_clock(struct str *s, struct clock_text *clock_found);
/* The first time in the head of a line; rules 1 to 3. */
bool find_clock(struct str head, struct clock_text *clock_found);
/* TIME_NONE if there is no such time. */
int64_t clock_resolve(const struct clock_text *clock_found, const struct clock_guide *guide);

/* The whole of text is a decimal number (fraction and exponent allowed) in the range of rule 3. */
bool epoch_to_ns(struct str text, int64_t *ns);

/* Do two words of prose stand before head[at]? The nearer is of small letters only; blanks and
 * nothing else stand between. */
bool follows_prose(struct str head, size_t at);

#endif
