/*
 * Whether a value that stands under a name like "key" or "token" looks as if a generator of random bytes had made it,
 * or is something else: a word, a path, a date, a name of a class, a number; or an id that is meant to be seen.
 *
 *     dXf4KlqN0zTe81mYvAsb7RCo     random
 *     users:getProfileById:42      no: humps and words
 *     2024-05-01T10:00:00Z         no: a date
 *     550e8400-e29b-41d4-…         no: a UUID
 *
 *  1. Looks at no more than RANDOM_MAX bytes.
 */
#ifndef FORMATS_REDACT_RANDOMNESS_H
#define FORMATS_REDACT_RANDOMNESS_H

#include "base/str.h"

enum { RANDOM_MIN = 16, RANDOM_MAX = 512 };

/* Letters and digits in a mix that no word or name has, in the alphabets of base64, base32 and the like. Hex digits alone
 * are not enough: most are digests. */
bool is_random(struct str s);
/* An even number of hex digits, 32 at least, with digits and letters: a digest, or a token. */
/* Letters of both cases only; from 20 on. */
bool is_random_letters(struct str s);
bool is_random_hex(struct str s);

/* At least n different bytes. */
bool has_variety(struct str s, unsigned n);

#endif
