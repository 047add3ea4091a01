/*
 * The layouts of text formats, in the order in which they are tried: what is written in one way only
 * stands first, and what would also take the lines of others last. Several rows of one name are the
 * variants of that format, the fuller ones first.
 */
#ifndef FORMATS_LINE_TEXT_LAYOUTS_H
#define FORMATS_LINE_TEXT_LAYOUTS_H

#include "base/str.h"

struct text_layout {
    struct str name;   /* of the format */
    struct str layout; /* layout.h */
};

extern const struct text_layout text_layouts[];
extern const size_t text_layouts_n;

#endif
