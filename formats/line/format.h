/*
 * What kind of line it is, and its fields. One row per format in formats.c, each a recogniser:
 *
 *     take(line, fields)    true: it is such a line, and these are its fields
 *
 * Text formats come with names of their own for what stands in a fixed place ("status", "method",
 * "path", "pid", "message" ...; the table is in docs/formats-of-lines.md). JSON lines are all read
 * by flatten.h; their dialect (pino, zap, ECS ...) is known by the keys that are there.
 *
 * A stream mostly writes one format. format_memory remembers the last one, which is tried first; the
 * others are tried, in the order of the table, only where it does not fit.
 *
 *  1. Recognisers get the line without colours, without blanks and CR at its end, and without blanks and
 *     byte order mark at its front. The fields that come out are views on the line as it is; a colour
 *     inside a value stays there.
 *  2. The same line gives the same fields, whatever the memory says: formats that could both take one
 *     line are ordered, and the memory only skips those that cannot be it. A format of the
 *     configuration is asked first, and alone decides if it takes the line.
 *  3. Linear in the length of the line; the number of fields is bounded by the room.
 *  4. Level and time are those of facts.h: the shipper and `sluice parse` say the same.
 */
#ifndef FORMATS_LINE_FORMAT_H
#define FORMATS_LINE_FORMAT_H

#include "formats/line/facts.h"
#include "formats/line/fields.h"

struct line_format {
    struct str name;      /* in the configuration and in answers: "nginx", "klog", "pino" */
    struct str describes; /* for people: what writes it */
    bool is_json;
    /* Of text: appends the fields and returns true if this is such a line; on false what was appended
     * is taken back. Of JSON: looks only at the fields that flatten_json gave. */
    bool (*take)(struct str line, struct fields *fields);
};

/* Of one stream; the zero value knows nothing. */
struct format_memory {
    uint8_t format;   /* number + 1 of the last; 0 = none yet */
    uint8_t required; /* number + 1 of the format of the configuration; 0 = auto */
};

size_t line_format_count(void);
const struct line_format *line_format(size_t number);
/* "auto" is none of them; false: no format has this name. */
bool line_format_named(struct str name, size_t *number);

/* The format of the line and its fields (appended); NULL: plain text, no fields. */
const struct line_format *line_format_of(struct str line, struct format_memory *memory,
                                         struct fields *fields);

#endif
