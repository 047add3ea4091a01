/*
 * The level of a line of text. The first of these that is there, from left to right in the first
 * LEVEL_WINDOW bytes:
 *
 *     I1120 09:22:01 ...                       klog: the letter before the date
 *     123:M 20 Nov 2026 09:22:01.123 * Ready   Redis: ". - * #" after the time
 *     ERROR  [WARN]  INFO[0000]  |DEBUG|       a level word in upper case, between separators
 *     LOG:  FINE:                              weaker words (see level.h), upper case, with a colon
 *     [error]  [core:warn]  <info>  | info |   any case, between brackets, bars or tabs
 *     error: ...   09:22:01 warn: ...          any case with a colon: at the start, after the time
 *     ... app[12]: fatal: ...                  or after "]: "
 *     ... ] app.ERROR: ...  ] PHP Warning: ...  Monolog's channel, PHP's own log
 *     ... [7]:LOG: ...                         PostgreSQL on RDS
 *     I NETWORK [..  I | ..  12 34 I Tag: ..   a letter behind the time: MongoDB before 4.4, etcd, logcat
 *     level=warn  lvl="info"                   logfmt
 *
 * then a logfmt key anywhere in the line, then the "<3>" of syslog. A priority below 8 (no
 * facility: the way services talk to systemd) is asked first instead.
 *
 * A word in prose is no level: "error" alone is not, nor is "ERROR" behind two words of prose
 * ("failed with ERROR 5"), nor anything inside a quoted logfmt value.
 */
#ifndef FORMATS_LINE_TEXT_LEVEL_H
#define FORMATS_LINE_TEXT_LEVEL_H

#include "formats/line/clock_text.h"
#include "formats/line/level.h"

enum { LEVEL_WINDOW = 128 };

/* head is the front of line without colours (or the line itself); clock_found, what find_clock saw
 * in it, or NULL. */
enum level text_level(struct str line, struct str head, const struct clock_text *clock_found);

/* The status of a line of an access log, from what follows the time: `] "GET / HTTP/1.1" 404 12`, and
 * of HAProxy's, `] front back/server 0/0/1/12/13 404 `, also behind a head of syslog. 0 if it is none. */
int access_status(struct str head, const struct clock_text *clock_found);

#endif
