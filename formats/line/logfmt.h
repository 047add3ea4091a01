/*
 * logfmt: pairs with blanks between (https://brandur.org/logfmt, and what Go's kr/logfmt and logrus
 * write):
 *
 *     level=info msg="card \"declined\"" took=12ms retry ok=
 *
 *  1. A name has no blank, quote, '=' or control character, and begins with a letter, '_', '@' or '.'.
 *  2. A value is a quoted string with JSON's escapes (field.escapes is 1), or everything up to a blank.
 *     Numbers, true, false and null are of their kind.
 *  3. A name without '=' stands for true: no value, kind BOOL.
 *  4. A quote that is never closed ends the value at the end of the line.
 */
#ifndef FORMATS_LINE_LOGFMT_H
#define FORMATS_LINE_LOGFMT_H

#include "formats/line/fields.h"

/* A line of pairs: at least two, no other than pairs in front of the second, at most as many names
 * without value as pairs. */
bool logfmt_take_line(struct str line, struct fields *fields);
/* The pairs of text, and names without value; false if there is no pair. */
bool logfmt_take_pairs(struct str text, struct fields *fields);

#endif
