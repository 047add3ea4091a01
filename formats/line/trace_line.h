/*
 * A line as rules about traces look at it, and what they ask of it. For formats/line/multiline.c and
 * traces.c; see multiline.h.
 */
#ifndef FORMATS_LINE_TRACE_LINE_H
#define FORMATS_LINE_TRACE_LINE_H

#include "base/str.h"

struct trace_line {
    struct str line;  /* its prefix without colours, and without blanks at its end */
    struct str text;  /* the same without blanks at its front */
    struct str open;  /* the front of the open record */
    bool is_indented; /* there were some */
    bool is_long;     /* there is more of it than the prefix */
};

/* room: MULTILINE_PREFIX bytes, in which the result may lie. */
struct trace_line trace_look_at(struct str line, struct str open, char *room);

/* The first line of the open record has a time of day, or a word that tells of trouble. */
bool is_time_told(const struct trace_line *l);
bool is_trouble_told(const struct trace_line *l);

/* The text begins with the name of an error's type, and nothing else or a message follows. */
bool is_error_name(struct str text);

struct str without_front(struct str s); /* without blanks there */
struct str without_end(struct str s);   /* without blanks and CR there */
char last_byte(struct str s);           /* 0 if there is none */
size_t digits_length(struct str s);     /* of those at the front */
/* Letters, digits, '_', '$' and the characters in besides at the front. */
size_t name_length(struct str s, const char *besides);

#endif
