/*
 * What a filter says about one value: that it is a text, matches a pattern, or is a number of a range.
 *
 *     500          exactly that text
 *     500..599     a number from 500 to 599, both included; a side may be open: 500.. or ..599
 *     1s..2m30s    a duration: ns us ms s m h d; ..10MiB a size: B kB MB GB TB KiB MiB GiB TiB
 *
 *  1. A range has one kind on both sides: plain numbers, durations or sizes.
 *  2. A value has the unit that is written on it ("12ms", "1.5 MiB"), else that in the end of its name (duration_ms,
 *     elapsedSeconds, body_bytes). What is of another kind than the range is not in it.
 *  3. ".." without a number on a side is text.
 */
#ifndef QUERY_ENGINE_VALUE_TEST_H
#define QUERY_ENGINE_VALUE_TEST_H

#include "base/match.h"

enum quantity { QUANTITY_PLAIN, QUANTITY_DURATION, QUANTITY_SIZE };

struct range {
    double least, most; /* plain, nanoseconds or bytes; infinite: open */
    enum quantity quantity;
};

struct value_test {
    struct str text;     /* of equality; the caller's */
    struct regex *regex; /* owned; NULL: it is none */
    bool is_range;
    struct range range;
};

/* ERR_INPUT: the pattern is wrong, or the range is. */
bool value_test_compile(struct value_test *t, struct str given, bool is_regex, struct err *err);
void value_test_free(struct value_test *t);
/* name: of the field or label. A missing value is empty. MATCH_LIMIT: the pattern gave up. */
enum match value_test_fits(const struct value_test *t, struct str name, struct str value);

/* A whole value as a number: plain, or with the unit that is written on it in nanoseconds or bytes. Finite. */
bool parse_number(struct str value, double *number);

#endif
