/*
 * Values that stand under the name of a secret (keys.h) or under one of the user's paths (paths.h).
 *
 *     {"password":"x"}   {\"password\":\"x\"}   password=x   password: x   ?password=x&   'password' => 'x'   Password=x;
 *     Authorization: Bearer x     Cookie: a=x; b=y     {"name":"DB_PASSWORD","value":"x"}
 *
 * The trigger is ':' or '='. Its name ends in front of it, behind blanks and quotes; nearly all are told by their last two
 * bytes to be none. pair_name.h says what is asked of the others.
 */
#ifndef FORMATS_REDACT_PAIRS_H
#define FORMATS_REDACT_PAIRS_H

#include "formats/redact/pair_secret.h"
#include "formats/redact/paths.h"

/* What stands at pair->value_at if it is a secret, under a name that no sign need follow. Returns what is behind it, else
 * pair->value_at. */
size_t find_named(struct hunt *h, const struct pair *pair, const struct key_name *name);

#endif
