/*
 * Who may do what over TCP. A token is 32 random bytes in base64url behind a prefix that tells its role
 * (so that secret scanners find it); kept is only its SHA-256.
 *
 *     slr_…  read   query                 slw_…  write  ship               sla_…  admin  everything
 *
 *     DATA/tokens (0600), one a line:     role sha256-in-hex created note
 *
 * The file is looked at again when it has changed, so removing a line revokes a token.
 */
#ifndef COLLECTOR_TOKENS_H
#define COLLECTOR_TOKENS_H

#include "base/buf.h"
#include "base/err.h"

enum access { ACCESS_NONE = 0, ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_ADMIN = 4 };

enum { TOKENS_MAX = 10000, TOKEN_TEXT = 4 + 43 + 1 };

struct tokens;

/* A missing file is an empty one. */
bool tokens_open(struct tokens **t, const char *folder, struct err *err);
void tokens_close(struct tokens **t);
/* The file again if it has changed. On an error the tokens known before stay. */
bool tokens_refresh(struct tokens *t, struct err *err);
/* Makes a token and keeps it durably. role: ACCESS_READ, _WRITE or _ADMIN; note may be empty. */
bool tokens_make(struct tokens *t, unsigned role, struct str note, int64_t now_ns,
                 char text[TOKEN_TEXT], struct err *err);
/* What the value of an Authorization header allows (a set of enum access): "Bearer TOKEN",
 * "Basic base64(user:TOKEN)" or "ApiKey base64(id:TOKEN)". Admin may read and write. */
unsigned tokens_access(const struct tokens *t, struct str authorization);

bool parse_role(struct str name, unsigned *role);

#endif
