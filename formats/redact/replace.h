/*
 * What stands in a line instead of what was found.
 *
 *     mask     [email]                      [secret]
 *     partial  [email:b***@example.com]     [card:1111]     [iban:DE:3000]     [ip:8.8.4.x]; else as mask
 *     token    [email:k1:4f9c2ad10c6be7a3]
 *     remove   nothing
 *
 *  1. What a JSON text has outside of strings (a number, an object) becomes a string, with the quotes that are right
 *     there: also in JSON that stands in a string of JSON.
 *  2. A line does not become longer than RECORD_LINE_MAX, unless it was: where that is at hand, '*' (or '9', outside of
 *     strings of JSON) stands for each byte of a value.
 *  3. The token of a value does not depend on how it was written: case of e-mail addresses, blanks and dashes in numbers.
 */
#ifndef FORMATS_REDACT_REPLACE_H
#define FORMATS_REDACT_REPLACE_H

#include "formats/redact/redact.h"

/* Where in a JSON text a place is; walked along a line from left to right. */
struct json_place {
    struct str line;
    size_t at;
    bool is_json;   /* the line begins as an object or array */
    bool in_string; /* of the line */
    bool in_inner;  /* .in_string, which begins as an object or array itself */
    bool in_inner_string;
    bool is_escaped; /* what comes next, in .in_inner_string */
};

void json_place_init(struct json_place *p, struct str line);
/* Walks on to `at`, and says what quotes a text would need there: none (it is in a string), "\"" or "\\\"". */
struct str json_place_quotes(struct json_place *p, size_t at);

/* The line into r->text, with what stands for r->findings. */
void put_redacted(const struct redactor *redactor, struct redaction *r, struct str line);

#endif
