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

#include "base/redact_rules.h"
#include "formats/line/names.h"

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

/* All built-in names, and what else shows where to look for one. */
void key_ends_add(struct name_ends *ends);

#endif
