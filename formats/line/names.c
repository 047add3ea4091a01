#include "formats/line/names.h"

#include "base/mem.h"

/* ---- around the sign ---- */

size_t name_end(struct str line, size_t at)
{
    size_t end = at, least = at > NAME_GAP_MAX ? at - NAME_GAP_MAX : 0;
    if (end > least && line.ptr[at] == '=' && line.ptr[end - 1] == ':')
        end--; /* := */
    while (end > least && is_blank(line.ptr[end - 1]))
        end--;
    if (end > least + 1 && line.ptr[end - 1] == ']' && !is_alnum(line.ptr[end - 2]))
        end--; /* ["name"] */
    if (end > least &&
        (line.ptr[end - 1] == '"' || line.ptr[end - 1] == '\'' || line.ptr[end - 1] == '`'))
        end--;
    while (end > least && line.ptr[end - 1] == '\\')
        end--;
    if (end > least && line.ptr[end - 1] == ']')
        end--;
    else if (end >= least + 3 && str_equal_nocase(str_slice(line, end - 3, 3), STR("%5D")))
        end -= 3;
    return end;
}

size_t behind_sign(struct str line, size_t at)
{
    char c = line.ptr[at], next = byte_at(line, at + 1);
    char before = at > 0 ? line.ptr[at - 1] : 0;
    if (before && memchr("=!<>~+", before, 6))
        return 0;
    if (c == '=' && next == '>')
        return at + 2;
    return next == '=' || next == ':' || next == '~' ? 0 : at + 1;
}

/* ---- words ---- */

size_t words_begin(struct str text, struct str words)
{
    size_t at = text.len;
    for (size_t i = words.len; i > 0; i--) {
        if (at > 0 && i < words.len && !is_alnum(text.ptr[at - 1]) &&
            memchr("_-. ", text.ptr[at - 1], 4))
            at--;
        if (at == 0 || (text.ptr[at - 1] | 0x20) != words.ptr[i - 1])
            return SIZE_MAX;
        at--;
    }
    return at;
}

bool is_word_begin(struct str text, size_t at)
{
    if (at == 0 || !is_alnum(text.ptr[at - 1]) || is_digit(text.ptr[at - 1]))
        return true;
    return is_upper(text.ptr[at]) &&
           (!is_upper(text.ptr[at - 1]) ||
            (is_letter(byte_at(text, at + 1)) && !is_upper(byte_at(text, at + 1))));
}

/* ---- ends ---- */

static void add_four(struct name_tails *ends, const char four[4])
{
    uint32_t hash = hash_of_four(four);
    ends->four[hash / 32] |= 1u << hash % 32;
    ends->three[(four[2] & 31) << 5 | (four[3] & 31)] |= 1u << (four[1] & 31);
}

/* In front of a shorter one any byte may stand. */
void name_tails_add(struct name_tails *ends, struct str name)
{
    if (name.len < 3) {
        memset(ends, 0xff, sizeof *ends);
        return;
    }
    const char *last = name.ptr + name.len - 3;
    if (name.len > 3) {
        add_four(ends, last - 1);
        return;
    }
    for (int c = 0; c < 256; c++)
        add_four(ends, (char[4]){(char)c, last[0], last[1], last[2]});
}
