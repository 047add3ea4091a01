/*
 * What kind of line it is, and its fields.
 *
 *     {...}     flatten.h; the dialect (pino, zap, ECS ...) is told by its keys: json_dialects.h
 *     a=1 b=2   logfmt.h
 *     text      layouts: text_layouts.h
 *
 * Fields of text have names of their own for what stands in a fixed place ("status", "method", "pid",
 * "message" ...); they stand in the rows of text_layouts.c and in docs/formats-of-lines.md.
 *
 *  1. Blanks and a byte order mark at the front, blanks and line ends at the end, and colours are looked
 *     over. The fields that come out are views on the line as it is; a colour inside a value stays there.
 *  2. Where several formats would take a line, that of the stream's last line wins, else the first in the
 *     order above. General ones ("plain", "syslog") are not remembered: one line of theirs must not decide
 *     over those that follow.
 *  3. A format that the user names is asked first; lines that it does not take are read as if none was named.
 *  4. Linear in the length of the line; the number of fields is bounded by the room.
 *  5. Level and time are those of facts.h: the shipper and `sluice parse` say the same.
 */
#ifndef FORMATS_LINE_FORMAT_H
#define FORMATS_LINE_FORMAT_H

#include "formats/line/fields.h"

struct line_formats; /* the tables, made ready; does not change and may be shared */

struct line_formats *line_formats_open(void);
void line_formats_close(struct line_formats **formats);

/* Of one stream; the zero value knows nothing. */
struct format_memory {
    uint16_t last;    /* row + 1 of the last format; 0 = none yet */
    struct str named; /* by the user; the caller's, empty = none */
};

/* The names, each once, in the order of the tables; "auto" is none of them. */
const char *const *line_formats_names(const struct line_formats *formats, size_t *n);
bool line_formats_has(const struct line_formats *formats, struct str name);

/* Name of the format of the line, and its fields, of which there are none before; "" if no format takes it. scratch is for the
 * time of the call. */
struct str line_format_of(const struct line_formats *formats, struct str line,
                          struct format_memory *memory, struct fields *fields, struct buf *scratch);

enum named_fields { NAMED_NONE, NAMED_JSON, NAMED_LOGFMT };

/* Only those that the line names itself: it is JSON or logfmt. That costs little to find. None were there before. */
enum named_fields line_named_fields(struct str line, struct fields *fields, struct buf *scratch);

#endif
