/*
 * Colours: ANSI SGR sequences, "ESC [ digits and semicolons m", and the same as JSON writes them
 * ("\u001b[32m"). A line is never changed; those who look for a level or a time look at a short
 * copy without them.
 */
#ifndef FORMATS_LINE_COLOURS_H
#define FORMATS_LINE_COLOURS_H

#include "base/buf.h"

/* s itself if it has no colours; else as much of it without them as fits into room. The result
 * lives as long as both. */
struct str without_colours(struct str s, char *room, size_t size);

/* A whole line without its colours, and the way back. */
struct colourless {
    struct str line;
    struct str
        plain; /* the line itself if it has none, else in scratch; empty if that is too small */
    size_t places_n;    /* where colours were */
    const char *places; /* in scratch */
};

struct colourless colours_leave_out(struct str line, struct buf *scratch);
/* A view on .plain as one on .line: a colour at its ends is not part of it, one inside is. Any other
 * pointer stays as it is. */
struct str colours_view(const struct colourless *c, struct str view);

#endif
