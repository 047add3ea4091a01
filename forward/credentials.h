/*
 * How an output logs in: the value of its Authorization header, from the files that the configuration names.
 *
 *     token_file              Bearer TOKEN
 *     user, password_file     Basic base64(user:password)
 *     api_key_file            ApiKey KEY            a key written id:key is put into base64; or of the environment
 *
 * The value stays where it is, so that a request that is sent again has the new one; it is wiped in the end.
 */
#ifndef FORWARD_CREDENTIALS_H
#define FORWARD_CREDENTIALS_H

#include "base/config_outputs.h"

enum { CREDENTIALS_MAX = 8192 }; /* bytes of a secret */

struct credentials {
    char value[2 * CREDENTIALS_MAX]; /* empty: none */
};

/* Reads what the configuration names. False, and nothing is changed: a file cannot be read or holds no secret. */
bool credentials_read(struct credentials *c, const struct config_other_output *config,
                      bool *changed, struct err *err);
void credentials_wipe(struct credentials *c);

#endif
