/*
 * A pair, read from its sign: the name in front of it, with the quotes around that, and where the value begins.
 *
 *     {\"password\" : \"x\"}        name   password, in quotes of level 1
 *                  ^              sign   ':'; name and value may be blanks and quotes away from it
 *
 * A pair is taken in three steps, each of which knows nothing of the others: its name and sign here, whether that is the
 * name of a secret in keys.h, where the value ends in pair_value.h, and whether it is one in pair_secret.h. pairs.c
 * asks them in turn.
 */
#ifndef FORMATS_REDACT_PAIR_NAME_H
#define FORMATS_REDACT_PAIR_NAME_H

#include "formats/redact/hunt.h"
#include "formats/redact/pair_value.h"

enum { PAIR_NAME_MAX = 128 };

struct pair {
    struct pair_place place;
    size_t name_from, name_to;
    size_t value_at;
    char sign;      /* ':' or '=' */
    bool has_blank; /* between the sign and the value */
};

/* Where the name ends whose sign is at `at`: in front of blanks, a bracket and a quote. */
size_t pair_name_end(struct str line, size_t at);

/* With what pair_name_end says. False: there is no sign at `at`, or it is of something else. */
bool pair_read(struct hunt *h, size_t at, size_t name_to, struct pair *pair);
struct str pair_name(const struct pair *pair);

/* "[secret]", "[REDACTED]", but not "[password] => x" of PHP. */
bool pair_is_mark(const struct hunt *h, const struct pair *pair);

/* Whether the line is JSON: {"name": or ["x" or [{ or [null,; neither {"name"=> of Ruby nor [INFO] nor [12]. */
bool is_of_json(struct hunt *h);

static inline bool is_name_byte(char c)
{
    return is_alnum(c) || c == '_' || c == '.' || c == '-' || c == '$' || c == '@';
}

#endif
