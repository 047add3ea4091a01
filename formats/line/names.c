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

bool ends_operator(struct str line, size_t at)
{
    return at > 0 && line.ptr[at - 1] && memchr("=!<>~+", line.ptr[at - 1], 6);
}

size_t behind_sign(struct str line, size_t at)
{
    char next = byte_at(line, at + 1);
    if (ends_operator(line, at))
        return 0;
    if (line.ptr[at] == '=' && next == '>')
        return at + 2;
    return next == '=' || next == ':' || next == '~' ? 0 : at + 1;
}

/* ---- words ---- */

/* Between the words of a name. */
static const char joints[] = "_-. ";

size_t words_begin(struct str text, struct str words)
{
    size_t at = text.len;
    for (size_t i = words.len; i > 0; i--) {
        if (at > 0 && i < words.len && !is_alnum(text.ptr[at - 1]) &&
            memchr(joints, text.ptr[at - 1], sizeof joints - 1))
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

static void set_hash(uint32_t table[512], uint32_t hash)
{
    table[hash / 32] |= 1u << hash % 32;
}

static void add_four(struct name_ends *ends, const char four[4], bool is_brief)
{
    uint32_t hash = hash_of_four(four);
    set_hash(ends->four, hash);
    if (is_brief)
        set_hash(ends->brief, hash);
    ends->three[(four[2] & 31) << 5 | (four[3] & 31)] |= 1u << (four[1] & 31);
}

/* What may stand two bytes in front of four that are said to be in it, also with a joint between its words. */
static void add_six(struct name_ends *ends, const char six[6])
{
    set_hash(ends->six, hash_of_four(six));
    for (size_t i = 0; i < sizeof joints - 1; i++) {
        set_hash(ends->six, hash_of_four((char[4]){six[1], joints[i], six[2], six[3]}));
        set_hash(ends->six, hash_of_four((char[4]){joints[i], six[1], six[2], six[3]}));
    }
}

/* In front of a shorter one any byte may stand. */
void name_ends_add(struct name_ends *ends, struct str name)
{
    const char *end = name.ptr + name.len;
    if (name.len < 2) {
        memset(ends, 0xff, sizeof *ends);
        return;
    }
    if (name.len == 2) {
        ends->two[end[-2] & 31] |= 1u << (end[-1] & 31);
        ends->three[(end[-2] & 31) << 5 | (end[-1] & 31)] = UINT32_MAX;
        return;
    }
    if (name.len >= 6)
        add_six(ends, end - 6);
    if (name.len > 3) {
        add_four(ends, end - 4, name.len < 6);
        return;
    }
    for (int c = 0; c < 256; c++)
        add_four(ends, (char[4]){(char)c, end[-3], end[-2], end[-1]}, true);
}
