/*
 * Colours: ANSI SGR sequences, "ESC [ digits and semicolons m", and the same as JSON writes them
 * ("\u001b[32m"). A line is never changed; those who look for a level or a time look at a short
 * copy without them.
 */
#ifndef FORMATS_LINE_COLOURS_H
#define FORMATS_LINE_COLOURS_H

#include "base/str.h"

/* Length of the sequence at the front of s, or 0. */
size_t colour_length(struct str s);
/* s itself if it has no colours; else as much of it without them as fits into room. The result
 * lives as long as both. */
struct str without_colours(struct str s, char *room, size_t size);

#endif
