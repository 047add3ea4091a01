/*
 * Lines as logs have them, of many forms, and what to look for in them: needles that are cut from them at any place, some of
 * them changed, and regular expressions of such pieces. All from one seed.
 */
#ifndef TESTS_UNIT_NEEDLE_HELPER_H
#define TESTS_UNIT_NEEDLE_HELPER_H

#include "base/buf.h"
#include "query/engine/pattern.h"

void needle_seed(uint64_t seed);
unsigned needle_roll(unsigned n); /* below n */

/* Record number i: a line as programs write them, or if it need not be regular also several ones, an empty one, and any bytes
 * but NUL. */
void put_log_line(struct buf *b, unsigned i, bool regular);

struct needle_source {
    const struct str *lines;
    size_t n;
    bool whole_characters; /* lines are UTF-8, and needles are */
};

void put_needle(const struct needle_source *source, struct buf *b);
/* Pieces of lines with what a regular expression of that kind can have between them. */
void put_needle_regex(const struct needle_source *source, enum pattern_kind kind, struct buf *b);

#endif
