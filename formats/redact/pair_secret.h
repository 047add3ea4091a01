/*
 * Whether the value that stands under the name of a secret is one.
 *
 *     password: hunter2                    yes
 *     Invalid password: user not found     no: in prose a colon is no assignment. A plain word that more words follow, or that
 *                                          says that there is no value, is none
 *     secretName: web-db-credentials       no: by what the name asks for (enum key_class)
 *     key_file=/etc/ssl/x.key              no: what it points to may be secret, it is not
 */
#ifndef FORMATS_REDACT_PAIR_SECRET_H
#define FORMATS_REDACT_PAIR_SECRET_H

#include "formats/redact/keys.h"
#include "formats/redact/pair_name.h"

bool is_secret(const struct pair *pair, const struct pair_value *v, const struct key_name *name);

/* What looks like one, whatever it is called. */
bool is_token(struct str s);

/* A value that says there is none, or that a sentence begins. */
bool is_stop_word(struct str word);
/* Letters, the first perhaps a capital; and what ends a sentence. */
bool is_plain_word(struct str s);

#endif
