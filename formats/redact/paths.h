/*
 * Users' paths of what is to be hidden, in the syntax of pino's redaction, and more.
 *
 *     a.b    a["b-c"].d    ["a.b"].c    a[0].b    a[*].b    *.c    a.b.*        as pino
 *     **.c   a.**.c                                                             any number of levels, also none
 *
 *  1. Case of names does not count.
 *  2. What a path names goes with all that is in it. One that ends in '*' leaves the objects and hides their leaves; an index
 *     at the end names all elements.
 *  3. In JSON a path begins at the line's own object, or at the first one in the line; it goes on through JSON in strings.
 *     Where JSON is cut or has more fields than there is room for, the last name of the path alone decides.
 *  4. Elsewhere (logfmt, k=v) names are their own paths: "req.headers.x=1" is found by req.headers.x and by **.x.
 */
#ifndef FORMATS_REDACT_PATHS_H
#define FORMATS_REDACT_PATHS_H

#include "base/err.h"
#include "formats/redact/hunt.h"
#include "formats/redact/keys.h"

struct redact_path;

/* The names that are looked for. The zero value is empty. */
struct redact_paths {
    struct redact_path *items; /* owned */
    size_t n, capacity;
    struct name_ends ends; /* of their last names, and of the built-in ones */
};

/* With the built-in names. */
void redact_paths_init(struct redact_paths *paths);
void redact_paths_free(struct redact_paths *paths);
/* ERR_INPUT names the path and the place. */
bool redact_paths_add(struct redact_paths *paths, struct str path, struct err *err);

/* Adds what paths find in the JSON of the line; once a line, when one of their names is seen. */
void find_by_paths(struct hunt *h);

/* Whether one of them finds the name, which stands outside of JSON. */
bool redact_paths_have(const struct redact_paths *paths, struct str name);
/* The same if the last name alone decides. */
bool redact_paths_end_in(const struct redact_paths *paths, struct str name);

#endif
