/*
 * How a line of text is built, written as a line of text:
 *
 *     [<time>] <level> <message:text> (<logger>){ took <took:number> ms}
 *
 *     <name> <name:type>   a slot: what stands there is a field of that name. Without a type it is that of
 *                          the same name, else a word
 *     a blank              blanks and tabs, one or more
 *     {...}                taken if all of it is there, else looked over; not inside another
 *     anything else        itself; << {{ and }} are the brackets
 *
 * Types:
 *
 *     word      no blank, up to the byte that stands behind the slot; one byte and more. "::" is part of it
 *     address   a word with a dot or a colon
 *     zone      2 to 5 letters in upper case
 *     text      up to the first place where what stands behind the slot is; the rest if nothing does
 *     rest      all that is left, lines behind the first one too; "message" is the same
 *     quoted    up to a quote that no backslash escapes
 *     number    -12 or 0.005         decimal   with a point       count   a number, or "-" for none
 *     time      clock_text.h; of one form: bsd   Nov 20 09:22:01     slash   2026/11/20 09:22:01
 *                                     iso   2026-11-20T09:22:01Z, with T and zone
 *     ctime   a time with the day of the week in front        hms   09:22:01.123
 *     klog      I1120 09:22:01.123456: fields level and time
 *     level     a word of level.h    LEVEL   in upper case     letter   one letter, as I and W
 *     redis     one of . - * #
 *     postgres  LOG, ERROR, DETAIL ..., followed by a colon and two blanks
 *     data      structured data of RFC 5424, section 6.3: fields below its ids
 *     pairs     logfmt.h, up to the end
 *
 *  1. From left to right; only a group that does not fit is gone back over. Linear.
 *  2. A slot whose text is empty or "-" gives no field.
 *  3. All but the last slot lie in the first line of a record of several.
 *  4. What does not fit leaves no fields.
 */
#ifndef FORMATS_LINE_LAYOUT_H
#define FORMATS_LINE_LAYOUT_H

#include "base/err.h"
#include "formats/line/fields.h"

enum { LAYOUT_STOPS = 4 };

struct layout_step {
    uint8_t kind, type;
    char literal;
    uint16_t group_end; /* of a group: number of the step behind it */
    uint8_t stops_n;
    char stops[LAYOUT_STOPS]; /* of a slot: bytes that may stand behind it */
    struct str name;
};

struct layout { /* the zero value is a layout of nothing */
    struct layout_step *steps;
    size_t n;
};

/* text must live as long as the layout. Errors name the place in it. */
bool layout_read(struct layout *layout, struct str text, struct err *err);
void layout_free(struct layout *layout);
/* Appends the fields of the line; the line is trimmed and has no colours. */
bool layout_take(const struct layout *layout, struct str line, struct fields *fields);

#endif
