/*
 * One pass over a line that tells where a finder has to look.
 *
 * 64 bytes at a time become bit sets, one for each class of bytes; a trigger is an expression over them and what
 * follows, so that a place costs less than a cycle unless it is one:
 *
 *     line      ssn 078-05-1120, mail bob@example.com
 *     digit     0000111011011110000000000000000000000
 *     separator 0001000100100000100000000000000000000
 *     NUMBER    0000100000000000000000000000000000000      digit x3, separator, digit x2, separator, digit x4
 *     AT        0000000000000000000001000000000000000
 *
 *  1. The ways to make the sets (AVX-512, AVX2, SSE2, portable) agree for every byte.
 *  2. A trigger is there only for a finder that is asked for.
 */
#ifndef FORMATS_REDACT_SCAN_H
#define FORMATS_REDACT_SCAN_H

#include "formats/redact/hunt.h"

/*
 *     AT       '@' or '%'
 *     PLUS     '+' between a digit or a capital and a digit
 *     ESCAPE   '\' before a letter
 *     PAIR     ':' or '='
 *     NUMBER   the first of seven digits and more; of three, a separator (blank, '-', '.') and three; of three, a separator, two,
 *              a separator and three; of five pairs with separators
 *     LETTERS  the first of two capitals, perhaps a separator, two digits
 *     RUN      the first of 16 and more letters, digits, '_', '-'
 *     DASHES   the first of five '-' and more
 *     DOT      '.' between two digits; between two hex digits with another five bytes behind it
 *     COLON    ':' with hex digits or ':' on both sides, or one side and an end
 *     DIALED   '+' or '(' before a digit
 *     OPTION   '-' before a letter or '-', behind none of RUN
 *     OPENING  '<' or an apostrophe, behind none of RUN
 */
/* clang-format off */
/*    trigger          its set in scan.c */
#define SCAN_TRIGGERS_X(X)          \
    X(TRIGGER_AT,      ats_in)      \
    X(TRIGGER_PLUS,    pluses_in)   \
    X(TRIGGER_ESCAPE,  escapes_in)  \
    X(TRIGGER_PAIR,    pairs_in)    \
    X(TRIGGER_NUMBER,  numbers_in)  \
    X(TRIGGER_LETTERS, letters_in)  \
    X(TRIGGER_RUN,     runs_in)     \
    X(TRIGGER_DASHES,  dashes_in)   \
    X(TRIGGER_DOT,     dots_in)     \
    X(TRIGGER_COLON,   colons_in)   \
    X(TRIGGER_DIALED,  dialed_in)   \
    X(TRIGGER_OPTION,  options_in)  \
    X(TRIGGER_OPENING, openings_in)
/* clang-format on */

enum trigger {
#define X(name, set) name,
    SCAN_TRIGGERS_X(X)
#undef X
        TRIGGERS
};

/* NULL: nobody asks for it. */
struct scan_finders {
    finder *of[TRIGGERS];
};

void scan_line(const struct scan_finders *finders, struct hunt *hunt);

/* The sets of 64 bytes: bit i is for byte i. The last four are only made if they are wanted. */
struct scan_sets {
    uint64_t digit, letter, upper;
    uint64_t run;       /* letters, digits, '_', '-' */
    uint64_t separator; /* blank, '-', '.' */
    uint64_t at;        /* '@', '%' */
    uint64_t plus, backslash;
    uint64_t pair; /* ':', '=' */
    uint64_t dash;
    uint64_t opening;                 /* '<', '\'' */
    uint64_t hex, colon, dot, dialed; /* dialed: '+', '(' */
};

/* The ways there are, the best first, for tests. */
struct scan_method {
    const char *name;
    bool (*is_supported)(void);
    void (*scan)(const struct scan_finders *finders, struct hunt *hunt, bool with_all);
};

extern const struct scan_method scan_methods[];
extern const size_t scan_method_count;

#endif
