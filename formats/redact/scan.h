/*
 * One pass over a line that tells where a finder has to look.
 *
 * 64 bytes at a time become bit sets (formats/line/byte_sets.h); a trigger is an expression over them and what
 * follows, so that a place costs less than a cycle unless it is one:
 *
 *     line      ssn 078-05-1120, mail bob@example.com
 *     digit     0000111011011110000000000000000000000
 *     separator 0001000100100000100000000000000000000
 *     NUMBER    0000100000000000000000000000000000000      digit x3, separator, digit x2, separator, digit x4
 *     AT        0000000000000000000001000000000000000
 *
 * A trigger is there only for a finder that is asked for.
 */
#ifndef FORMATS_REDACT_SCAN_H
#define FORMATS_REDACT_SCAN_H

#include "formats/line/byte_sets.h"
#include "formats/redact/hunt.h"

/*      trigger         at */
#define SCAN_TRIGGERS_X(X)                                                                                        \
    X(TRIGGER_AT)   /* '@', or the '%' of "%40" */                                                                \
    X(TRIGGER_PAIR) /* ':' or '=' */                                                                              \
    X(TRIGGER_NUMBER) /* seven digits and more, at the first; three, a separator (blank, '-', '.') and three or \
                         two, a separator and four: at the first of the three */ \
    X(TRIGGER_LETTERS) /* two capitals, perhaps a separator, two digits */                                        \
    X(TRIGGER_RUN)     /* the first of 16 and more letters, digits, '_', '-' */                                   \
    X(TRIGGER_DASHES)  /* the first of five '-' */                                                                \
    X(TRIGGER_DOT)     /* '.' between two digits */                                                               \
    X(TRIGGER_COLON)   /* ':' with hex digits or ':' on both sides, or one side and an end */                     \
    X(TRIGGER_DIALED)  /* '+' or '(' before a digit */

enum trigger {
#define X(name) name,
    SCAN_TRIGGERS_X(X)
#undef X
        TRIGGERS
};

/* NULL: nobody asks for it. */
struct scan_finders {
    finder *of[TRIGGERS];
};

void scan_line(const struct scan_finders *finders, struct hunt *hunt);

#endif
