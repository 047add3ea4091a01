/*
 * All fields of a line of JSON (RFC 8259) in one pass from left to right.
 *
 * Not only of a line as it is: also of JSON inside a JSON string, such as a line in the envelope of
 * Docker's json-file, whose quotes are written \" and whose escapes are escaped once more:
 *
 *     escapes 0    {"msg":"a \"b\""}
 *     escapes 1    {\"msg\":\"a \\\"b\\\"\"}
 *
 * so that nothing has to be unescaped to be looked at.
 *
 *  1. Linear in the length of the text, whatever is in it: no byte is looked at more than a bounded
 *     number of times. No recursion, no allocation.
 *  2. What is below FIELDS_DEPTH, and what no room is left for, is passed over at the speed of
 *     json.h and counts as there.
 *  3. At the first thing that is not JSON it stops: what came before counts (fields), and the answer
 *     says where it stopped. Numbers and escapes are checked by their grammar, strings for control
 *     characters (a tab is taken, programs write it); bytes that are not UTF-8 are not minded.
 *  4. A string that holds an object or array is gone into once (the second layer).
 */
#ifndef FORMATS_LINE_FLATTEN_H
#define FORMATS_LINE_FLATTEN_H

#include "formats/line/fields.h"

struct flatten_result {
    bool is_whole; /* one JSON object or array and nothing but blanks behind it */
    size_t bad_at; /* where it stopped being JSON; SIZE_MAX if it never did */
};

/* Appends the fields of text, an object or an array. escapes: 0, or 1 for text inside a JSON string.
 * False, with nothing appended: it begins like neither. */
bool flatten_json(struct str text, unsigned escapes, struct fields *fields,
                  struct flatten_result *result);

#endif
