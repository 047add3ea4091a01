/*
 * The fields of one record after the other, by name: attached ones first, then those of its line, whatever its format.
 *
 *  1. What a line's fields are does not depend on other lines.
 *  2. A field that is not there is empty.
 */
#ifndef QUERY_ENGINE_LINE_FIELDS_H
#define QUERY_ENGINE_LINE_FIELDS_H

#include "formats/block/record.h"

struct line_fields;

struct line_fields *line_fields_open(void);
void line_fields_close(struct line_fields **f);
/* Nothing is looked at yet. The record lives as long as it is asked about. */
void line_fields_set(struct line_fields *f, const struct record *record);
/* A path as in formats/line/fields.h. Lives until the next call. */
struct str line_fields_value(struct line_fields *f, struct str path);
/* The shape of the line (formats/line/skeleton.h), "a1b2c3d4 job <n> done": its name as people see it, and what it is.
 * Lives until line_fields_set. */
struct str line_fields_shape(struct line_fields *f);
/* Whether the name of its shape begins so. */
bool line_fields_has_shape(struct line_fields *f, struct str name);

#endif
