/*
 * Query strings and form bodies (application/x-www-form-urlencoded): "a=1&b=x%20y+z&flag". Pure.
 *
 *     struct str rest = http_query(x), name, value;
 *     while (take_query_pair(&rest, arena, &name, &value))
 *         use(name, value);
 *
 * '+' is a space; a '%' that two hex digits do not follow stands for itself; a piece without '='
 * has an empty value; empty pieces are skipped. Decoded bytes may be any, NUL too.
 */
#ifndef BASE_FORM_H
#define BASE_FORM_H

#include "base/arena.h"
#include "base/buf.h"

/* Takes the next pair from the front; both are decoded (copied to the arena only if they need it).
 */
bool take_query_pair(struct str *rest, struct arena *arena, struct str *name, struct str *value);
/* The first value of a name; .ptr is NULL if the name is not there. */
struct str query_value(struct str query, const char *name, struct arena *arena);
/* All but letters, digits and -._~ as %XX. */
void put_percent(struct buf *b, struct str s);

#endif
