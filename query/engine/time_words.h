/*
 * What people write after --since and --until, turned into a moment. Pure: now and the zone are
 * given.
 *
 *     10m  1h30m  2d  1w                      that long ago
 *     2 hours ago   an hour ago
 *     now  today  yesterday  mon ... sunday   the start of that day, the last such day up to today
 *     yesterday 14:03   mon 9:30
 *     14:03  14:03:05.120                     today; for --since, yesterday if that is to come
 *     2026-11-19   2026-11-19 14:00[:05.120]  local time
 *     2026-11-19T14:00:00+01:00               RFC 3339, with its own zone
 *     @1763626921   @1763626921.123           seconds since 1970
 *
 * Each may end in " UTC". A local time that was there twice is the earlier one for --since and the
 * later one for --until; one that never was is the next that was.
 */
#ifndef QUERY_ENGINE_TIME_WORDS_H
#define QUERY_ENGINE_TIME_WORDS_H

#include "base/zone.h"

struct time_words {
    int64_t now_ns;
    const struct zone *zone; /* NULL: UTC */
    bool is_until;
};

/* *twice: worth a note to the user. ERR_INPUT says which forms are right. */
bool time_words_parse(struct str text, const struct time_words *how, int64_t *ns, bool *twice,
                      struct err *err);

#endif
