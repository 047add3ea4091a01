#include "formats/redact/randomness.h"

#include "base/mem.h"
#include "formats/redact/hunt.h"

enum { BAD, DIGIT, LOWER, UPPER, SIGN, KINDS };

static const uint8_t kinds[256] = {
    ['0' ... '9'] = DIGIT, ['a' ... 'z'] = LOWER, ['A' ... 'Z'] = UPPER, ['+'] = SIGN, ['/'] = SIGN,
    ['='] = SIGN,          ['-'] = SIGN,          ['_'] = SIGN,          ['.'] = SIGN, ['~'] = SIGN,
    ['%'] = SIGN,          ['!'] = SIGN,          ['$'] = SIGN,          ['*'] = SIGN,
};

bool has_variety(struct str s, unsigned n)
{
    uint64_t seen[4] = {0};
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        seen[c / 64] |= 1ull << c % 64;
    }
    int different = 0;
    for (size_t i = 0; i < countof(seen); i++)
        different += __builtin_popcountll(seen[i]);
    return different >= (int)n;
}

static bool is_uuid(struct str s)
{
    if (s.len != 36)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? s.ptr[i] != '-' : !is_hex(s.ptr[i]))
            return false;
    }
    return true;
}

static bool is_all_hex(struct str s)
{
    size_t i = 0;
    while (i < s.len && is_hex(s.ptr[i]))
        i++;
    return i == s.len;
}

bool is_random_hex(struct str s)
{
    if (s.len < 32 || s.len > RANDOM_MAX || s.len % 2 != 0 || !is_all_hex(s))
        return false;
    unsigned digits = 0;
    for (size_t i = 0; i < s.len; i++)
        digits += is_digit(s.ptr[i]);
    return digits >= s.len / 4 && digits < s.len && has_variety(s, 9);
}

/* What a walk over the bytes has counted. */
struct mix {
    unsigned of[KINDS];
    unsigned
        turns; /* from lower case to a capital, between letter and digit, from two capitals to lower case */
    unsigned groups;  /* of digits */
    unsigned longest; /* letters of one case in a row */
    unsigned piece;   /* the longest of letters and digits */
};

static struct mix mix_of(struct str s)
{
    struct mix m = {.turns = 0};
    unsigned last = SIGN, before = SIGN, row = 0, piece = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned kind = kinds[(unsigned char)s.ptr[i]];
        m.of[kind]++;
        m.groups += kind == DIGIT && last != DIGIT;
        bool is_hump = last == UPPER && kind == LOWER && before != UPPER;
        m.turns += kind != last && kind <= UPPER && last <= UPPER && !is_hump;
        row = (kind == LOWER || kind == UPPER) && kind == last ? row + 1 : 1;
        m.longest = max_of(m.longest, row);
        piece = kind == SIGN ? 0 : piece + 1;
        m.piece = max_of(m.piece, piece);
        before = last;
        last = kind;
    }
    return m;
}

/* Letters of both cases: many turns. Names with humps and a number have fewer, or one group of digits only. */
static bool is_mixed_random(const struct mix *m, unsigned len)
{
    unsigned turns = m->turns * 100;
    return m->longest <= 8 && (m->groups >= 2 ? turns >= len * 28 : turns >= len * 36);
}

/* Letters of one case: digits all over. */
static bool is_plain_random(const struct mix *m, unsigned len)
{
    return m->longest <= 14 && m->piece >= RANDOM_MIN && m->groups >= 2 && m->groups * 8 >= len &&
           m->turns * 5 >= len;
}

bool is_random_letters(struct str s)
{
    enum { LETTERS_MIN = 20, EACH_MIN = 4, DIFFERENT = 14 };
    if (s.len < LETTERS_MIN || s.len > RANDOM_MAX)
        return false;
    struct mix m = mix_of(s);
    unsigned len = (unsigned)s.len;
    return m.of[BAD] == 0 && m.of[DIGIT] == 0 && m.of[SIGN] * 6 <= len && m.of[LOWER] >= EACH_MIN &&
           m.of[UPPER] >= EACH_MIN && m.longest <= 8 && m.turns * 100 >= len * 28 &&
           has_variety(s, DIFFERENT);
}

bool is_random(struct str s)
{
    if (s.len < RANDOM_MIN || s.len > RANDOM_MAX || is_uuid(s) || is_all_hex(s) ||
        (s.ptr[0] == '0' && s.ptr[1] == 'x'))
        return false;
    struct mix m = mix_of(s);
    unsigned len = (unsigned)s.len, letters = m.of[LOWER] + m.of[UPPER];
    bool is_mixed = m.of[LOWER] >= 2 && m.of[UPPER] >= 2;
    if (m.of[BAD] > 0 || m.of[DIGIT] == 0 || letters < len / 3 || m.of[SIGN] * 6 > len)
        return false;
    return (is_mixed ? is_mixed_random(&m, len) : is_plain_random(&m, len)) &&
           has_variety(s, len < 24 || !is_mixed ? 10 : 14);
}
