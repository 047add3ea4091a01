#include "formats/line/colours.h"

#include "base/mem.h"

/* Length of the sequence at the front of s, or 0. */
static size_t colour_length(struct str s)
{
    struct str rest = s;
    if (!take_prefix(&rest, STR("\x1b[")) && !take_prefix(&rest, STR("\\u001b[")) &&
        !take_prefix(&rest, STR("\\u001B[")))
        return 0;
    size_t n = 0;
    while (n < rest.len &&
           ((rest.ptr[n] >= '0' && rest.ptr[n] <= '9') || rest.ptr[n] == ';' || rest.ptr[n] == ':'))
        n++;
    return n < rest.len && rest.ptr[n] == 'm' ? s.len - rest.len + n + 1 : 0;
}

struct str without_colours(struct str s, char *room, size_t size)
{
    if (str_find_byte(s, '\x1b') == SIZE_MAX && str_find_byte(s, '\\') == SIZE_MAX)
        return s;
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < size;) {
        char c = s.ptr[i];
        size_t skip = c == '\x1b' || c == '\\' ? colour_length(str_slice(s, i, s.len)) : 0;
        if (skip == 0)
            room[n++] = c;
        i += skip ? skip : 1;
    }
    return str_of(room, n);
}

/* A place in the plain line, and how many bytes were left out before it. */
struct left_out {
    uint32_t at, bytes;
};

/* The plain line goes where the line would fit, the places behind that. */
struct colourless colours_leave_out(struct str line, struct buf *scratch)
{
    struct colourless c = {.line = line, .plain = line};
    size_t bytes = 0, len = 0;
    if (str_find_byte(line, '\x1b') == SIZE_MAX)
        return c;
    buf_reset(scratch);
    scratch->len = buf_reserve(scratch, line.len) ? line.len : 0;
    for (size_t i = 0; i < line.len && !scratch->over;) {
        size_t colour = colour_length(str_slice(line, i, line.len));
        if (colour == 0) {
            scratch->ptr[len++] = line.ptr[i++];
            continue;
        }
        i += colour;
        bytes += colour;
        const struct left_out place = {(uint32_t)len, (uint32_t)bytes};
        buf_add(scratch, str_of(&place, sizeof place));
        c.places_n++;
    }
    if (scratch->over)
        return (struct colourless){.line = line, .plain = str_slice(line, line.len, 0)};
    if (c.places_n == 0)
        return c;
    c.plain = str_of(scratch->ptr, len);
    c.places = scratch->ptr + line.len;
    return c;
}

/* Bytes left out before a place in the plain line; those directly before it too, unless is_end. */
static size_t left_out_before(const struct colourless *c, size_t at, bool is_end)
{
    size_t low = 0, high = c->places_n;
    struct left_out place = {0};
    while (low < high) {
        size_t middle = (low + high) / 2;
        memcpy(&place, c->places + middle * sizeof place, sizeof place);
        if (place.at < at + !is_end)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return 0;
    memcpy(&place, c->places + (low - 1) * sizeof place, sizeof place);
    return place.bytes;
}

struct str colours_view(const struct colourless *c, struct str view)
{
    size_t from = (size_t)((uintptr_t)view.ptr - (uintptr_t)c->plain.ptr), to = from + view.len;
    if (c->places_n == 0 || from > c->plain.len)
        return view;
    size_t line_from = from + left_out_before(c, from, false);
    size_t line_to = view.len ? to + left_out_before(c, to, true) : line_from;
    return str_of(c->line.ptr + line_from, line_to - line_from);
}
