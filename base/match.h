/*
 * Regular expressions: the only door to PCRE2 (8 bit), compiled to machine code where the kernel
 * allows that and interpreted elsewhere. The syntax is Perl's; POSIX patterns are translated first
 * (base/posix.h). Literals have their own finder (base/literal.h).
 *
 *  1. Without REGEX_UTF a pattern and its subjects are bytes and only ASCII has case and classes.
 *     With it, both must be valid UTF-8: the caller has checked the subject.
 *  2. A newline is LF. "." does not match it; with REGEX_MULTILINE "^" and "$" match at each one.
 *  3. Matching is bounded in steps, depth and memory. A subject that needs more is MATCH_LIMIT:
 *     neither a match nor none.
 *  4. A struct regex holds its scratch memory: one thread at a time.
 *
 * regex_find takes the first alternative that matches at the leftmost place, as Perl does.
 * regex_find_longest takes the longest match at that place, as POSIX asks for; where the pattern
 * has back-references, which that search cannot do, it gives what regex_find gives.
 */
#ifndef BASE_MATCH_H
#define BASE_MATCH_H

#include "base/err.h"
#include "base/str.h"

enum { REGEX_PATTERN_MAX = 1 << 16 }; /* bytes of pattern */

enum regex_flag {
    REGEX_IGNORE_CASE = 1,
    REGEX_MULTILINE = 2,
    REGEX_UTF = 4,             /* invariant 1 */
    REGEX_UNICODE_CLASSES = 8, /* with UTF: \w \b \s and [[:classes:]] know all of Unicode */
};

enum match { MATCH_NONE, MATCH_FOUND, MATCH_LIMIT };

/* Bytes [from, to) of a subject. */
struct span {
    size_t from, to;
};

struct regex;

/* flags are enum regex_flag or-ed. The error names the pattern and the offset in it. */
bool regex_compile(struct regex **out, struct str pattern, unsigned flags, struct err *err);
void regex_close(struct regex **regex);

/* The first match that starts at `from` or later; what stands before is seen by "^", \b and
 * look-behind. `from` is at a character's first byte. span may be NULL. */
enum match regex_find(struct regex *regex, struct str subject, size_t from, struct span *span);
enum match regex_find_longest(struct regex *regex, struct str subject, size_t from,
                              struct span *span);

#endif
