/*
 * The sets of POSIX patterns, "[^a-z[:digit:]_]", rewritten in Perl's syntax. Part of base/posix.h.
 *
 *     bytes    a list of the bytes                     [\x61-\x7a]
 *     UTF-8    what is ASCII, and what is not, apart
 *              (?:(?-i:[\x61-\x7a])|(?![\x00-\x7f])[\x{e9}-\x{e9}])
 *
 * so that ignoring case does not cross the border of ASCII (base/posix.h, invariant 2).
 */
#ifndef BASE_POSIX_SET_H
#define BASE_POSIX_SET_H

#include "base/posix.h"

/* Takes what follows the "[" from the front of *rest and appends the set to out. False: *why says
 * what is wrong near the front of *rest. */
bool take_posix_set(struct str *rest, struct posix_options options, struct buf *out,
                    struct posix_seen *seen, const char **why);
/* Takes one character: a byte, or in UTF-8 a whole sequence. s is not empty. */
struct str take_posix_character(struct str *s, bool utf);

#endif
