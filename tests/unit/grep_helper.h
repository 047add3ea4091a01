/*
 * GNU grep as the measure of all that says what matches: one run over a file, and which answers count as the same.
 *
 * Where grep differs from itself nothing can be compared, and -w is left out:
 *
 *     -wxo         prints empty lines; -x alone says the same
 *     -Fwo         does not look at the character before, from the second match on
 *     -w           of what matches nothing at all depends on where it last looked; and after a match that fails it
 *                  sometimes gives up a place too early: "grep -wo 'a*.'" prints only the first "a" of "-a-a". So its
 *                  answer must be within ours, and nearly always equal. With -A, -B or -m that cannot be told
 */
#ifndef TESTS_UNIT_GREP_HELPER_H
#define TESTS_UNIT_GREP_HELPER_H

#include "base/buf.h"
#include "query/engine/pattern.h"

#include <stdio.h>

struct grep_case {
    const char *locale;
    struct pattern_options options;
    bool only_matching;
    uint32_t before, after; /* 0: without */
    uint32_t max;           /* matches; 0: all */
    struct buf pattern;
};

/* Appends what is left of it. */
void read_to_end(FILE *file, struct buf *out);
/* Appends what grep prints of the file, with line numbers. Returns its exit code. out_path: where it may write. */
int run_grep(const struct grep_case *c, const char *lines_path, const char *out_path,
             struct buf *out);
/* -F -E -G or -P, with an operator of basic and of extended expressions as it is written there: "\\+" or "+". */
void put_operator(struct buf *b, enum pattern_kind kind, const char *sign);
/* Takes -w out of a case of those above. */
void make_fair(struct grep_case *c);
/* Whether ours is an answer to it too. *differences counts those of -w that are not equal. */
bool is_same_as_grep(const struct grep_case *c, struct str expected, struct str ours,
                     int *differences);
/* A failed test, with where they begin to differ. what: before the flags. */
void fail_as_grep(const struct grep_case *c, const char *what, const struct buf *expected,
                  const struct buf *ours);
/* Of the environment, else the other. */
uint64_t number_of_a_run(const char *name, uint64_t otherwise);

#endif
