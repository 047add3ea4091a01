/*
 * What stands left and right of a value, and what it says about it.
 *
 *     "pan":"4111111111111111"      a value of its own       EDGE_FREE
 *     /cards/4111111111111111       a part of a path         EDGE_WEAK
 *     x4111111111111111, 1.4111     a part of another word   EDGE_INSIDE
 *
 *  1. What escapes look like is no letter of the value's: "\n4111" in JSON, "%3D4111" in a URL, "ESC[32m4111".
 *  2. At most 48 bytes before a value are looked at, and 20 behind it.
 */
#ifndef FORMATS_REDACT_EDGES_H
#define FORMATS_REDACT_EDGES_H

#include "formats/redact/hunt.h"
#include "formats/redact/words.h"

enum edge {
    EDGE_INSIDE, /* it is a part of something else */
    EDGE_WEAK,   /* it may be: of a path, or a name with '-' and '_' */
    EDGE_FREE
};

/* The worse of both sides. */
enum edge edge_of(struct str line, size_t from, size_t to);
enum edge left_edge(struct str line, size_t from);
enum edge right_edge(struct str line, size_t to);

/* Whether an escape ends before `at`: "\n", "\u0022", "%20", "ESC[0;32m". */
bool ends_escape(struct str line, size_t at);

/* The reverse: behind the letters and digits at `at` that belong to such an escape; `at` if they do not. */
size_t behind_escape(struct str line, size_t at);

/* Whether what delimits it on both sides is not a blank: it is all of a value, a cell, or the line. */
bool is_whole_value(struct str line, size_t from, size_t to);

/* What the name says that stands directly before a value, as that of a pair or as the word before it. */
enum label {
    LABEL_NONE,  /* there is none, or it says nothing: "value" */
    LABEL_YES,   /* one of the words of a list is in it */
    LABEL_NO,    /* it is an id, a time, a size, an order */
    LABEL_OTHER, /* it is the name of a pair that says something else */
};

struct name {
    struct words words;
    enum label otherwise; /* what it says if a list has none of its words */
};

/* For values that are held against several lists. */
void name_read(struct name *name, struct str line, size_t from);

static inline enum label name_says(const struct name *name, const char *list)
{
    return words_have(&name->words, list) ? LABEL_YES : name->otherwise;
}

enum label label_of(struct str line, size_t from, const char *list);

#endif
