/*
 * What one line says about itself: level and event time. Bytes in, facts out; nothing is changed,
 * nothing allocated, and the cost is at most proportional to the length of the line.
 *
 *     line ─▶ starts with '{' and has a member ─▶ JSON: level and time keys (the table in facts.c)
 *          └▶ else ─▶ text: head of 512 bytes without colours ─▶ clock_text.h, text_level.h
 *
 *  1. The line comes without its newline; blanks and a CR at its end, and blanks and a byte order
 * mark at its front are looked over.
 *  2. JSON that breaks off counts as far as it goes; what looks like JSON but has no member is
 * text.
 *  3. In JSON a key of a lower rank wins, within a rank the first that has a value with a meaning.
 * The level keys are asked at the top and one step down (log.level); so are the time keys
 * (t.$date).
 *  4. Where an envelope has a better time (.is_timed) that of the line may be left out.
 *  5. The same line with the same context gives the same facts. Of the stream only its last time is
 *     remembered, and only an hour that comes twice asks for it.
 *  6. Status codes of access logs give warn (4xx) and error (5xx), marked as derived.
 */
#ifndef FORMATS_LINE_FACTS_H
#define FORMATS_LINE_FACTS_H

#include "formats/line/clock_text.h"
#include "formats/line/level.h"

enum line_kind { LINE_TEXT, LINE_JSON };

struct line_facts {
    int64_t time_ns;    /* event time in UTC; TIME_NONE if the line has none */
    uint8_t level;      /* enum level */
    bool level_derived; /* not said by the line but concluded, rule 6 */
    uint8_t kind;       /* enum line_kind */
};

/* Of one stream; the zero value is a stream in UTC about which nothing is known. */
struct line_context {
    int64_t arrival_ns;        /* when the line was read; 0 = not known */
    int64_t file_time_ns;      /* modification time of its file, for times without a year; 0 = take
                                  arrival_ns */
    zone_to_utc *local_to_utc; /* for times without zone; NULL = they are UTC */
    void *zone;                /* its first argument; the caller's */
    bool is_timed;             /* an envelope has its time: .time_ns is not asked for */
    int64_t previous_ns;       /* last time that was reported, 0 before; kept by line_facts_of */
};

void line_facts_of(struct str line, struct line_context *context, struct line_facts *facts);

#endif
