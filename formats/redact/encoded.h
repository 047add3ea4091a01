/*
 * What is percent-encoded, as in URLs and forms; once, or twice, as the parameters of a URL that is a parameter of another are. And
 * signs in JSON that is safe in HTML.
 *
 *     card=4111%201111%201111%201111&phone=%2B49+30+901820&next=%2Fcb%3Fmail%3Dbob%2540example.com
 *     card=4111 1111 1111 1111&phone=+49 30 901820&next=/cb?mail=bob@example.com          looked at once more like this
 *
 *     {"url":"/x?token\u003dZk3hfD92ks\u0026a\u003d1"}
 *     {"url":"/x?token=Zk3hfD92ks&a=1"}
 *
 *  1. Only a line in which such an escape stands between what may be parts of a value, or a name and its value, is decoded.
 *  2. A finding is where the value stands in the line, escapes and all.
 *  3. A line of JSON is one when it is decoded, too: "%22" in a string of it becomes what a quote is there, '\"' or '\\\"',
 *     so that no value goes on beyond its string.
 */
#ifndef FORMATS_REDACT_ENCODED_H
#define FORMATS_REDACT_ENCODED_H

#include "formats/redact/redactor.h"

/* The finders that are asked again; of those that are asked at all. */
void encoded_finders(struct scan_finders *to, const struct scan_finders *of);
/* In a line that is_encoded, which the scan tells. */
void find_encoded(struct hunt *h);
/* At a '%': whether the line is to be decoded. */
void note_escape(struct hunt *h, size_t at);

/* "%40", and encoded once more "%2540", of a byte that is printable, beyond ASCII, or ends a line; "\u003d" of '=', '&', '<', '>' and an apostrophe. */
struct escape {
    unsigned len; /* 0: none stands there */
    char byte;
};

struct escape escape_at(struct str s, size_t at);
/* Of "\u00fc", and in JSON in a string "\\u00fc", how many bytes begin at `at`; 0: none does. */
unsigned json_code_at(struct str s, size_t at, unsigned *code);
/* Into room, as far as there is. */
struct str decode_escapes(struct str s, char *room, size_t size);

#endif
