/*
 * Level and time of the records of a file of text, which they say themselves or take from others:
 *
 *     09:00:00 INFO a     09:00:00 info
 *     between             09:00:00             the time of the record before it in its lane
 *     [2 of 3 parts]                           level and time of the first part
 *
 * Recognising them is most of the work of reading a file, so it can be left out for records that nobody will see:
 * of those that are passed over only as many are looked at as those behind them take something from. (Which of the two
 * an hour is that comes twice, in local times without a zone, is told from these few then.)
 */
#ifndef QUERY_TEXT_FACTS_H
#define QUERY_TEXT_FACTS_H

#include "base/zone.h"
#include "formats/block/record.h"
#include "formats/line/envelope.h"
#include "formats/line/facts.h"

struct text_facts {
    struct text_facts_lane {
        struct line_context context;
        struct zone_clock clock;
        struct line_facts first; /* of the last record, or of its first part */
        int64_t before_ns;       /* of the last record that had a time, or TIME_NONE */
    } lanes[LANES];
    int64_t usual_ns;
};

/* file_ns: about when lines without a year were written. usual_ns: of records that have nothing before them.
 * Does not move behind. */
void text_facts_init(struct text_facts *t, const struct zone *zone, int64_t file_ns,
                     int64_t usual_ns);
/* Fills time, level and flags of a record whose .event_ns is that of its envelope, or TIME_NONE; in the order of the
 * file. */
void text_facts_find(struct text_facts *t, enum lane lane, struct record *r);
/* Instead, for all of these. */
void text_facts_pass(struct text_facts *t, const struct record *records, const uint8_t *lanes,
                     size_t n);
/* Of the last record of the lane. */
int64_t text_facts_time(const struct text_facts *t, enum lane lane);

#endif
