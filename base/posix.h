/*
 * POSIX patterns as GNU grep reads them (-G basic, -E extended), rewritten in Perl's syntax for
 * base/match.h. The two differ in which characters need a backslash:
 *
 *              group    repeat             either   literal
 *     basic    \( \)    * \+ \? \{m,n\}    \|       + ? { } | ( )   and * at the start
 *     extended ( )      * + ? {m,n}        |        { that starts no interval, ) without (
 *
 * Both: [sets] with classes, ranges and a leading ]; \1 to \9; \w \W \s \S \b \B \< \> \` \'; {,n}.
 * In basic patterns ^ and $ are anchors only at the ends of an alternative. A repetition sign with
 * nothing before it is literal in basic patterns and ignored in extended ones.
 *
 *  1. Sets with ^ never match a newline, nor does "." (as REG_NEWLINE asks for).
 *  2. Case folding never crosses the border of ASCII: in UTF-8, where Perl's rules let K and s
 *     match the Kelvin sign and the long s, they become (?-i:[kK]) and (?-i:[sS]).
 *  3. Repetitions are wrapped so that "a+?" is (a+)? and never a lazy one.
 */
#ifndef BASE_POSIX_H
#define BASE_POSIX_H

#include "base/buf.h"
#include "base/err.h"

struct posix_options {
    bool extended;
    bool ignore_case;
    bool utf;     /* the pattern is valid UTF-8, and so will be the subjects */
    bool skip_cr; /* "$" also matches before a CR that ends its line */
};

/* What was seen; both are also right for the other setting of utf. */
struct posix_seen {
    bool back_reference;
    bool wide; /* the bytes form and the UTF-8 form can differ on a line that is not ASCII */
};

/* Appends to out, which bounds the length. */
bool posix_to_perl(struct str pattern, struct posix_options options, struct buf *out,
                   struct posix_seen *seen, struct err *err);
/* A text that means itself, under the same rules of case. */
void put_perl_literal(struct buf *out, struct str text, bool ignore_case, bool utf);
/* The end of a physical line. */
void put_perl_line_end(struct buf *out, bool skip_cr);

#endif
