/*
 * The fields of a line: views on its bytes, in the order in which they stand there. The line is never
 * changed and nothing is copied; who needs the meaning of an escaped value asks field_text.
 *
 *     {"level":30,"req":{"id":"a\u0062","tags":["x","y"]},"body":"{\"n\":1}"}
 *
 *       i  parent  name     value             kind    escapes
 *       0  none    level    30                NUMBER  0
 *       1  none    req      {"id":...}        OBJECT  0
 *       2  1       id       a\u0062           STRING  1          path: req.id
 *       3  1       tags     ["x","y"]         ARRAY   0
 *       4  3       (none)   x                 STRING  1  at 0    path: req.tags[0]
 *       5  3       (none)   y                 STRING  1  at 1    path: req.tags[1]
 *       6  none    body     {\"n\":1}         STRING  1
 *       7  6       n        1                 NUMBER  1          path: body.n: JSON in a string
 *
 * A path is written as pino does it: names joined by dots, places of arrays in brackets, and a name
 * that is no plain word in brackets and quotes: headers["x-id"].
 *
 *  1. Parents stand before their children. A field is a leaf unless another names it as its parent.
 *  2. What does not fit into the room given, or lies deeper than FIELDS_DEPTH, is left out, and
 *     .is_cut says so. What is there is right all the same.
 *  3. Names that come twice are there twice; who looks one up takes the last, as most parsers do.
 */
#ifndef FORMATS_LINE_FIELDS_H
#define FORMATS_LINE_FIELDS_H

#include "base/buf.h"

enum { FIELDS_DEPTH = 32, FIELD_TOP = UINT32_MAX };

enum field_kind {
    FIELD_STRING,
    FIELD_NUMBER,
    FIELD_BOOL,
    FIELD_NULL,
    FIELD_OBJECT, /* of JSON, with its brackets, as is an array */
    FIELD_ARRAY,
    FIELD_KINDS
};

struct field {
    struct str name;  /* as written; .ptr is NULL for an item of an array */
    struct str value; /* as written; a string without its quotes */
    uint32_t parent;  /* index of the field around it, or FIELD_TOP */
    uint32_t at;      /* place in the array around it */
    uint8_t kind;     /* enum field_kind */
    uint8_t
        escapes; /* how many layers of JSON escapes are on value: 0 (text), 1, up to 3 (a string in
                         JSON in a string of an escaped line). On the name of a JSON member lie those of
                         a STRING beside it */
};

struct fields {
    struct field *items; /* the caller's room */
    size_t n, max;
    bool is_cut; /* rule 2 */
};

/* Appends; false and .is_cut if there is no room. */
bool fields_add(struct fields *fields, const struct field *field);
void fields_put_path(const struct fields *fields, size_t i, struct buf *out);
/* Rule 1. */
bool field_is_leaf(const struct fields *fields, size_t i);
/* The last leaf or container with this path; NULL without one. */
const struct field *fields_find(const struct fields *fields, struct str path);
/* What the value means, in the value itself or in scratch (which is reset). */
struct str field_text(const struct field *field, struct buf *scratch);
const char *field_kind_name(unsigned kind);

#endif
