/*
 * The schemes of HTTP's authorization (RFC 7235), whose names stand in front of credentials.
 *
 *     Authorization: Bearer x              behind the name of a header whatever follows is a secret
 *     got Bearer eyJh… from 10.0.0.1       in other text only what looks like what the scheme has there
 */
#ifndef FORMATS_REDACT_HTTP_SCHEMES_H
#define FORMATS_REDACT_HTTP_SCHEMES_H

#include "base/str.h"

struct http_scheme {
    struct str name; /* lower case */
    bool has_parameters;
    /* Of those that are known in any text; check is NULL of others. */
    unsigned alphabet;
    bool (*check)(struct str value);
    const char *kind;
};

/* The scheme that is known in any text whose name ends, blank and all, in front of `at`; NULL: none. */
const struct http_scheme *http_scheme_before(struct str line, size_t at);

/* In a header: behind the scheme at `at` and its blank; at if there is none. Also one that is not in the list. */
size_t behind_http_scheme(struct str line, size_t at, bool *has_parameters);

#endif
