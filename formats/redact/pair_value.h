/*
 * Where the value ends that stands behind ':' or '=', in JSON, logfmt, query strings, headers, connection strings, prose.
 *
 *     level 0   {"a":"x"}          the quotes of JSON, by how many layers of it are around: 0, 1, 3 backslashes
 *     level 1   "{\"a\":\"x\"}"
 *
 *  1. Linear: each looks at what it passes over, and at a bounded number of bytes for each separator.
 *  2. No value goes on beyond the string of JSON in which it begins.
 */
#ifndef FORMATS_REDACT_PAIR_VALUE_H
#define FORMATS_REDACT_PAIR_VALUE_H

#include "base/str.h"

enum value_form { VALUE_NONE, VALUE_QUOTED, VALUE_CONTAINER, VALUE_BARE };

struct pair_value {
    enum value_form form;
    size_t from, to; /* without quotes; an object with its brackets */
    size_t end;      /* behind it, quotes and all */
};

/* What stands around it. */
struct pair_place {
    struct str line;
    bool is_json;       /* the line is JSON: all text outside of names and values is in strings */
    char quote;         /* around the name; 0 */
    size_t level;       /* backslashes in front of that quote */
    bool is_query;      /* behind '?' or '&' */
    struct str escaped; /* what stands for the quotes around the name, as "&quot;"; else empty */
};

struct pair_value pair_value_at(const struct pair_place *place, size_t at);

/* The end of text without quotes. */
size_t bare_end(const struct pair_place *place, size_t from);
/* Of what stands in quotes with so many backslashes; *end is behind the closing one. */
size_t quoted_end(struct str line, size_t from, char quote, size_t level, size_t *end);

/* Of the parameters of an Authorization header: Digest username="x", response=y */
size_t parameters_end(const struct pair_place *place, size_t from);
/* Of a Cookie header: a=b; c=d */
size_t cookies_end(struct str line, size_t from);

#endif
