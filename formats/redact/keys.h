/*
 * Names under which secrets stand, and what their values must look like to be one.
 *
 *     "userPassword":"…"    api_key=…    X-Api-Key: …    spring.datasource.password=…
 *
 * Only the last words of a name decide: "token_type" and "password_reset_at" are none.
 *
 *  1. Case does not count, nor how words are joined: apiKey, api_key, API-KEY, "Api Key".
 *  2. A name begins at the begin of a word: "bypass" is no "pass". Those that are long enough to mean nothing else are
 *     found in the middle of one too: "dbpassword".
 *  3. One digit may follow: "password2".
 */
#ifndef FORMATS_REDACT_KEYS_H
#define FORMATS_REDACT_KEYS_H

#include "base/ascii.h"
#include "base/redact_rules.h"

enum key_class {
    KEY_NONE,   /* named so that a shorter name is not found in it: "public_key" */
    KEY_WEAK,   /* if the value is random */
    KEY_TOKEN,  /* also if it is random hex digits, or one of a list */
    KEY_TOKENS, /* also if it is one in an object */
    KEY_DIGITS, /* if it has least to most digits, and nothing else but blanks and dashes */
    KEY_STRONG, /* whatever it is, but a word that says there is none */
    KEY_PASS,   /* the same, but no short number and no object: pass=12 */
    KEY_SECRET, /* the same, but no name of an object of Kubernetes */
    KEY_HEADER, /* Authorization: a scheme may be in front */
    KEY_COOKIE  /* pairs */
};

struct key_name {
    const char *text; /* lower case, words joined */
    uint8_t len, class, least, most;
    bool is_anywhere; /* rule 2 */
    enum redact_rule rule;
};

/* The built-in name in which text ends; NULL: none, or one of KEY_NONE. */
const struct key_name *key_name_of(struct str text);

/* What names end in, in tables that tell nearly all others from them. A byte counts without its case. */
struct name_ends {
    uint32_t three[32 * 32]; /* by the last two bytes, of the one in front of them */
    uint32_t four[512];      /* by a hash of the last four */
    uint32_t brief[512];     /* the same, of names that are shorter than six */
    uint32_t six[512];       /* of the longer ones: by a hash of the first four of the last six */
};

void name_ends_add(struct name_ends *ends, struct str name);
void name_ends_add_built_in(struct name_ends *ends);

static inline bool has_hash(const uint32_t table[512], uint32_t hash)
{
    return table[hash / 32] >> hash % 32 & 1;
}

/* Whether a name may end in front of line[to]. */
static inline bool name_ends_have(const struct name_ends *ends, struct str line, size_t to)
{
    if (to < 4)
        return to > 0;
    const char *last = line.ptr + to - 4;
    if (!(ends->three[(last[2] & 31) << 5 | (last[3] & 31)] >> (last[1] & 31) & 1))
        return false;
    uint32_t hash = hash_of_four(last);
    return has_hash(ends->four, hash) &&
           (to < 6 || has_hash(ends->brief, hash) || has_hash(ends->six, hash_of_four(last - 2)));
}

#endif
