/*
 * Values whose own separators are percent-encoded, as in URLs and forms.
 *
 *     card=4111%201111%201111%201111&phone=%2B49+30+901820
 *     card=4111 1111 1111 1111&phone=+49 30 901820          looked at once more like this
 *
 *  1. Only a line in which such an escape stands between what may be parts of a value is decoded.
 *  2. A finding is where the value stands in the line, escapes and all.
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

/* What the escape at `at` stands for if it is printable; else -1. */
int escaped_byte(struct str s, size_t at);
/* Into room, as far as there is. */
struct str decode_escapes(struct str s, char *room, size_t size);

#endif
