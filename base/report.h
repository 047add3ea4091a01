/*
 * What a part of the program tells about itself, at /api/v1/status and in `sluice status`. Pure.
 *
 *     output=text       for people; the first line begins with the part and its state
 *     output=json       one object; its first members are part, state and problems
 *     output=problems   for scripts: the state, then a line for each problem
 *
 * A part is ok, or degraded by the problems that it names. That it is down only others can tell.
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include "base/arena.h"
#include "base/buf.h"

enum report_form { REPORT_TEXT, REPORT_JSON, REPORT_PROBLEMS };

/* False if there is no such form; an empty name is text. */
bool parse_report_form(struct str name, enum report_form *form);
const char *report_content_type(enum report_form form);

enum { PROBLEMS_MAX = 20 };

struct problems {
    size_t n, more; /* kept in text; found no room there */
    char text[PROBLEMS_MAX][252];
};

void problem_add(struct problems *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const char *problems_state(const struct problems *p); /* "ok" or "degraded" */

/* "collector  ok        " */
void put_report_head(struct buf *b, const char *part, const char *state);
/* The problems, one a line, below the head. */
void put_report_problems(struct buf *b, const struct problems *p);
/* {"part":"collector","state":"ok","problems":[]      more members and the brace are the caller's */
void put_report_json(struct buf *b, const char *part, const struct problems *p);
/* The whole answer of the form `problems`. */
void put_problems_form(struct buf *b, const struct problems *p);

/* As people read it: "0 B" "88 B" "12 kB" "2.1 GB", decimal, two or three digits. */
void put_amount(struct buf *b, uint64_t bytes);
/* "0.4 s" "73 s" "12 min" "5 h" "11 d"; less than nothing is nothing. */
void put_span(struct buf *b, int64_t ns);
/* Control bytes as "?", so that a text that others chose is safe on a terminal. */
void put_safe(struct buf *b, struct str s);
/* ... of many lines. */
void put_safe_lines(struct buf *b, struct str s);

#endif
