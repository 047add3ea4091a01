#include "formats/block/token.h"

#include "base/ascii.h"
#include "base/time.h"

enum { WORD = TOKEN_DIGIT | TOKEN_LETTER };

const uint8_t token_classes[256] = {
    ['0' ... '9'] = TOKEN_DIGIT | TOKEN_HEX,
    ['a' ... 'f'] = TOKEN_LETTER | TOKEN_HEX,
    ['A' ... 'F'] = TOKEN_LETTER | TOKEN_HEX,
    ['g' ... 'z'] = TOKEN_LETTER,
    ['G' ... 'Z'] = TOKEN_LETTER,
    ['_'] = TOKEN_LETTER,
    [128 ... 255] = TOKEN_LETTER,
    ['-'] = TOKEN_INNER,
    ['.'] = TOKEN_INNER,
};

static inline unsigned class_of(char c)
{
    return token_classes[(unsigned char)c];
}

static inline bool are_two_digits(const char *at)
{
    return is_digit(at[0]) && is_digit(at[1]);
}

/* "09:22:01", then ".123" or ",123". */
static const char *time_of_day_end(const char *at, const char *end)
{
    if (end - at < 8 || at[2] != ':' || at[5] != ':' || !are_two_digits(at) ||
        !are_two_digits(at + 3) || !are_two_digits(at + 6))
        return at;
    at += 8;
    if (end - at < 2 || (*at != '.' && *at != ',') || !is_digit(at[1]))
        return at;
    for (at++; at < end && is_digit(*at); at++) {
    }
    return at;
}

/* "Z", "+01:00" and "+0100" */
static const char *zone_end(const char *at, const char *end)
{
    if (at < end && *at == 'Z')
        return at + 1;
    if (end - at < 5 || (*at != '+' && *at != '-') || !are_two_digits(at + 1))
        return at;
    if (end - at >= 6 && at[3] == ':' && are_two_digits(at + 4))
        return at + 6;
    return are_two_digits(at + 3) ? at + 5 : at;
}

/* Behind "2026-11-20T", "2026-11-20 " and "20/Nov/2026:". */
static const char *date_end(const char *at, const char *end)
{
    if (end - at < 19 || !are_two_digits(at))
        return at;
    if (at[2] == '/' && at[6] == '/' && at[11] == ':')
        return month_of_name(at + 3) && are_two_digits(at + 7) && are_two_digits(at + 9) ? at + 12
                                                                                         : at;
    bool is_date = at[4] == '-' && at[7] == '-' && are_two_digits(at + 2) &&
                   are_two_digits(at + 5) && are_two_digits(at + 8);
    return is_date && (at[10] == 'T' || at[10] == ' ') ? at + 11 : at;
}

static const char *time_end(const char *at, const char *end)
{
    const char *date = date_end(at, end), *stop = time_of_day_end(date, end);
    if (stop == date)
        return at;
    if (date > at)
        stop = zone_end(stop, end);
    bool is_whole = stop == end || !(class_of(*stop) & WORD);
    return is_whole ? stop : at;
}

/* A path ends at what is not written in one, and before a name in it that has a digit, which may be an id. */
static const char *path_end(const char *at, const char *end)
{
    static const uint8_t ends[256] = {
        [0 ... ' '] = 1, ['"'] = 1, ['\''] = 1, [','] = 1, [';'] = 1, [')'] = 1,
        [']'] = 1,       ['}'] = 1, ['<'] = 1,  ['>'] = 1, ['|'] = 1, ['\\'] = 1,
        ['?'] = 1,       ['&'] = 1, ['='] = 1,  [':'] = 1};
    const char *from = at, *name = at;
    for (; at < end && !ends[(unsigned char)*at]; at++) {
        if (is_digit(*at))
            return name > from + 1 ? name : from;
        if (*at == '/')
            name = at + 1;
    }
    return at;
}

/* What is in quotes, but for the quote that ends it. */
static const char *quoted_end(const char *at, const char *end)
{
    enum { LONGEST = 4096 };
    const char *from = at;
    end = end - at > LONGEST ? at + LONGEST : end;
    for (; at < end && *at != '"'; at++) {
        if (*at == '\\' && end - at > 1)
            at++;
        else if (*at == '\n')
            return from;
    }
    return at < end ? at : from;
}

const char *token_other_end(enum token_kind kind, const char *at, const char *end)
{
    switch (kind) {
    case TOKEN_WORD:
        return token_word_end(at, end);
    case TOKEN_TIME:
        return time_end(at, end);
    case TOKEN_PATH:
        return path_end(at, end);
    case TOKEN_QUOTED:
        return quoted_end(at, end);
    case TOKEN_KINDS:
        break;
    }
    return at;
}

/* Behind '=', and in JSON behind "key": with or without a quote and a blank. */
static bool is_value(const char *begin, const char *from, const char *to, const char *end)
{
    size_t before = (size_t)(from - begin);
    if (before == 0)
        return false;
    if (from[-1] == '=')
        return true;
    const char *at = from - 1;
    if (*at == '"') {
        if (to == end || *to != '"' || at == begin)
            return false;
        at--;
        at -= *at == ' ' && at > begin;
        return *at == ':';
    }
    at -= *at == ' ' && at > begin;
    return *at == ':' && at > begin && at[-1] == '"';
}

/* Where the part that varies begins in a token with a digit. */
static const char *behind_letters(const char *from, const char *to)
{
    const char *digits = to;
    bool is_hex = true;
    while (digits > from && is_digit(digits[-1]))
        digits--;
    for (const char *at = from; at < digits; at++) {
        if (is_digit(*at))
            return from;
        is_hex = is_hex && (class_of(*at) & TOKEN_HEX);
    }
    return digits < to && !is_hex ? digits : from;
}

/* '/' in front of a name, and behind nothing that could be a number or a name. */
static bool begins_path(const char *begin, const char *at, const char *end)
{
    bool is_inside = at > begin && ((class_of(at[-1]) & WORD) || at[-1] == '.' || at[-1] == '<');
    return !is_inside && end - at > 1 && (class_of(at[1]) & WORD) && !is_digit(at[1]);
}

/* A quote behind a blank, whose text is no key and no value of JSON. */
static bool begins_quoted(const char *begin, const char *at, const char *end, const char **stop)
{
    if (at == begin || at[-1] != ' ' || (at - begin > 1 && at[-2] == ':'))
        return false;
    *stop = quoted_end(at + 1, end);
    return *stop > at + 1 && (end - *stop < 2 || (*stop)[1] != ':');
}

/* '-' in front of the number here, and behind nothing that it could join to it. */
static bool has_sign(const char *begin, const char *at)
{
    return at - begin > 1 && at[-1] == '-' &&
           (at[-2] == ' ' || at[-2] == '=' || at[-2] == ':' || at[-2] == '(');
}

bool token_next_slot(const char *begin, const char *at, const char *end, struct token_slot *slot)
{
    while (at < end) {
        const char *stop;
        if (*at == '/' && begins_path(begin, at, end) && (stop = path_end(at, end)) > at) {
            *slot = (struct token_slot){at, stop, TOKEN_PATH};
            return true;
        }
        if (*at == '"' && begins_quoted(begin, at, end, &stop)) {
            *slot = (struct token_slot){at + 1, stop, TOKEN_QUOTED};
            return true;
        }
        if (!(class_of(*at) & WORD)) {
            at++;
            continue;
        }
        const char *from = at;
        unsigned all = 0;
        if (is_digit(*at) && (stop = time_end(from, end)) > from) {
            *slot = (struct token_slot){from, stop, TOKEN_TIME};
            return true;
        }
        at = token_word_end(from, end);
        for (const char *byte = from; byte < at; byte++)
            all |= class_of(*byte);
        if (all & TOKEN_DIGIT) {
            from = behind_letters(from, at);
            from -= is_digit(*from) && has_sign(begin, from);
            *slot = (struct token_slot){from, at, TOKEN_WORD};
            return true;
        }
        if (is_value(begin, from, at, end)) {
            *slot = (struct token_slot){from, at, TOKEN_WORD};
            return true;
        }
    }
    return false;
}
