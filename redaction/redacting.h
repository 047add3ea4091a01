/*
 * Redaction as the configuration asks for it, and the keys of its tokens.
 *
 * The file of keys has a line for each: a name, and 32 or more random characters. The first makes the tokens; the others are kept
 * so that those of old ones can still be looked for (`sluice redact --token`):
 *
 *     k2 5d0c1f...
 *     k1 91b7a0...
 *
 *  1. Without shipper.redact.key_file it is STATE/redact.key, which is drawn at random when it is first needed.
 *  2. Of two that make it at the same time both have the same afterwards.
 *  3. Keys are nowhere but in the file and in memory; what cannot be read of the file is named by its line.
 */
#ifndef REDACTION_REDACTING_H
#define REDACTION_REDACTING_H

#include "base/config.h"
#include "formats/redact/redact.h"

enum redact_keys {
    KEYS_MADE,     /* the one in the state is made if it is not there */
    KEYS_OPTIONAL, /* without it, or the right to read it, there are no tokens but marks */
    KEYS_NEEDED,   /* without it nothing works */
};

struct redacting;

/* *out is NULL, and all is well, if redaction is off. state: the shipper's folder. */
bool redacting_open(struct redacting **out, const struct config_redact *config, struct str state,
                    enum redact_keys keys, struct err *err);
void redacting_close(struct redacting **r);

/* Patterns and paths are good, and so is the file of keys that is named, if it may be read; names the place in the
 * configuration if not. */
bool redacting_check(const struct config_redact *config, struct err *err);

const struct redactor *redacting_redactor(const struct redacting *r); /* NULL for NULL */
bool redacting_has_key(const struct redacting *r);
/* What to tell who expects tokens and gets marks, as there is no key. NULL: all is well, or r is NULL. */
const char *redacting_note(const struct redacting *r);
/* A token for each key, the newest first, each with a newline. */
void redacting_put_tokens(const struct redacting *r, unsigned rule, struct str value,
                          struct buf *out);

#endif
