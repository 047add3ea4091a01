/*
 * Literals that stand in everything a pattern matches, so that most lines are passed over without
 * asking the pattern.
 *
 *     GET|POST          "GET" or "POST"
 *     (foo|ba+r) x[12]  " x"
 *     colou?r           "colo"
 *     a*                none
 *
 *  1. Whatever the pattern matches contains one of the literals (ignoring ASCII case if asked for).
 *  2. It is careful, not clever: syntax that it does not know gives no literals.
 */
#ifndef BASE_REQUIRED_H
#define BASE_REQUIRED_H

#include "base/arena.h"

enum { REQUIRED_MAX = 8 };

struct required {
    struct str literals[REQUIRED_MAX]; /* in the arena; each of 2 bytes or more */
    size_t n;                          /* 0: nothing is known */
};

/* pattern is in Perl's syntax, without flags that change it. If it ignores case in UTF-8 with
 * Perl's rules (is_perl_utf), letters that have partners beyond ASCII are left out. */
void required_find(struct str pattern, bool ignore_case, bool is_perl_utf, struct arena *arena,
                   struct required *out);

#endif
