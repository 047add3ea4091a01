/*
 * Who writes such lines of JSON: known by the keys that are there, at the top and one step down.
 */
#ifndef FORMATS_LINE_JSON_DIALECTS_H
#define FORMATS_LINE_JSON_DIALECTS_H

#include "formats/line/fields.h"

struct json_dialect {
    struct str name;
    struct str keys; /* paths that must be there, with blanks between; "path#" is a number and
                        "path=UPPER" has no small letters */
};

/* The first that fits stands first; the last takes every line. */
extern const struct json_dialect json_dialects[];
extern const size_t json_dialects_n;

bool json_dialect_fits(const struct json_dialect *dialect, const struct fields *fields);

#endif
