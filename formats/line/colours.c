#include "formats/line/colours.h"

size_t colour_length(struct str s)
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
