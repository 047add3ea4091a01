/*
 * Lines with values in them, as programs write them, and what becomes of them with every rule on that tells numbers and addresses by their form.
 */
#ifndef TESTS_REDACT_HELPER_H
#define TESTS_REDACT_HELPER_H

#include "base/buf.h"
#include "formats/redact/redact.h"

/* The same numbers in every run. */
unsigned roll(unsigned n);

/* What the line is with all rules of numbers and addresses masked, and that doing it twice is doing it once. */
void check_masked(const char *line, const char *expected);
void check_plain(const char *line);
/* Whether exactly value is found in the line, by this rule. */
bool is_found(struct str line, struct str value, enum redact_rule rule);
/* How much is found in the line by any rule. */
size_t count_found(struct str line);

/* '#' becomes a digit, '^' a capital, '~' a lower-case hex digit, the rest stays. */
void put_random(struct buf *b, const char *pattern);
/* Of each pattern so many lines: nothing is found in them. */
void check_none_found(const char *const *patterns, size_t n, size_t each);
/* The digits and letters of text alone. Returns how many. */
size_t bare_of(struct str text, char *bare, size_t room);

enum { CARRIERS = 16 };

/* A line with the value in it. Those below PLAIN_CARRIERS have the word in them as its name. */
void put_carrier(struct buf *b, size_t carrier, const char *word, struct str value);
enum { PLAIN_CARRIERS = 10 };

#endif
