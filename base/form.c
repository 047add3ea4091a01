#include "base/form.h"

#include "base/ascii.h"

static bool needs_decoding(struct str s, bool plus_is_space)
{
    return str_find_byte(s, '%') != SIZE_MAX ||
           (plus_is_space && str_find_byte(s, '+') != SIZE_MAX);
}

/* "%41b" -> "Ab" */
static struct str percent_decode(struct str s, bool plus_is_space, struct arena *arena)
{
    if (!needs_decoding(s, plus_is_space))
        return s;
    char *out = arena_alloc(arena, s.len);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        int high = s.ptr[i] == '%' && i + 2 < s.len ? hex_value(s.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(s.ptr[i + 2]) : -1;
        if (low >= 0) {
            out[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = plus_is_space && s.ptr[i] == '+' ? ' ' : s.ptr[i];
        }
    }
    return str_of(out, n);
}

bool take_query_pair(struct str *rest, struct arena *arena, struct str *name, struct str *value)
{
    struct str piece;
    while (take_until(rest, '&', &piece)) {
        if (piece.len == 0)
            continue;
        size_t equals = str_find_byte(piece, '=');
        *name = percent_decode(str_slice(piece, 0, equals), true, arena);
        *value = equals == SIZE_MAX
                     ? STR("")
                     : percent_decode(str_slice(piece, equals + 1, SIZE_MAX), true, arena);
        return true;
    }
    return false;
}

struct str query_value(struct str query, const char *wanted, struct arena *arena)
{
    struct str name, value;
    while (take_query_pair(&query, arena, &name, &value)) {
        if (str_equal(name, str_from(wanted)))
            return value.ptr ? value : STR("");
    }
    return (struct str){0};
}

static bool is_unreserved(char c)
{
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void put_percent(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_unreserved(s.ptr[i]))
            buf_add_byte(b, s.ptr[i]);
        else
            buf_print(b, "%%%02X", (unsigned char)s.ptr[i]);
    }
}
