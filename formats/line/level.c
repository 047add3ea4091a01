#include "formats/line/level.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "formats/block/record.h"

_Static_assert(LEVEL_COUNT == RECORD_LEVEL_MAX + 1, "blocks with other levels are refused");

struct level_word {
    char text[16]; /* small letters, then zeros, so that two words of 8 bytes compare */
    uint8_t level; /* enum level */
    uint8_t use;   /* enum level_use */
};

static const struct level_word three[] = {
    {"err", LEVEL_ERROR, WORD_TOKEN},    {"inf", LEVEL_INFO, WORD_TOKEN},
    {"wrn", LEVEL_WARN, WORD_TOKEN},     {"dbg", LEVEL_DEBUG, WORD_TOKEN},
    {"ftl", LEVEL_FATAL, WORD_TOKEN},    {"trc", LEVEL_TRACE, WORD_TOKEN},
    {"vrb", LEVEL_TRACE, WORD_TOKEN},    {"log", LEVEL_INFO, WORD_COLON},
    {"crt", LEVEL_CRITICAL, WORD_KEYED}, {"pnc", LEVEL_FATAL, WORD_KEYED},
};
static const struct level_word four[] = {
    {"info", LEVEL_INFO, WORD_TOKEN},   {"warn", LEVEL_WARN, WORD_TOKEN},
    {"erro", LEVEL_ERROR, WORD_TOKEN},  {"eror", LEVEL_ERROR, WORD_TOKEN},
    {"debu", LEVEL_DEBUG, WORD_TOKEN},  {"dbug", LEVEL_DEBUG, WORD_TOKEN},
    {"fata", LEVEL_FATAL, WORD_TOKEN},  {"trac", LEVEL_TRACE, WORD_TOKEN},
    {"trce", LEVEL_TRACE, WORD_TOKEN},  {"crit", LEVEL_CRITICAL, WORD_TOKEN},
    {"pani", LEVEL_FATAL, WORD_TOKEN},  {"fail", LEVEL_ERROR, WORD_COLON},
    {"note", LEVEL_NOTICE, WORD_COLON}, {"fine", LEVEL_DEBUG, WORD_COLON},
    {"http", LEVEL_INFO, WORD_KEYED},   {"noti", LEVEL_NOTICE, WORD_KEYED},
};
static const struct level_word five[] = {
    {"error", LEVEL_ERROR, WORD_TOKEN}, {"debug", LEVEL_DEBUG, WORD_TOKEN},
    {"trace", LEVEL_TRACE, WORD_TOKEN}, {"fatal", LEVEL_FATAL, WORD_TOKEN},
    {"emerg", LEVEL_FATAL, WORD_TOKEN}, {"alert", LEVEL_FATAL, WORD_COLON},
    {"panic", LEVEL_FATAL, WORD_COLON}, {"finer", LEVEL_TRACE, WORD_COLON},
    {"silly", LEVEL_TRACE, WORD_KEYED},
};
static const struct level_word six[] = {
    {"notice", LEVEL_NOTICE, WORD_TOKEN},   {"severe", LEVEL_ERROR, WORD_TOKEN},
    {"finest", LEVEL_TRACE, WORD_COLON},    {"config", LEVEL_DEBUG, WORD_KEYED},
    {"dpanic", LEVEL_CRITICAL, WORD_TOKEN},
};
static const struct level_word seven[] = {
    {"warning", LEVEL_WARN, WORD_TOKEN},
    {"verbose", LEVEL_TRACE, WORD_TOKEN},
    {"success", LEVEL_INFO, WORD_COLON},
};
static const struct level_word eight[] = {{"critical", LEVEL_CRITICAL, WORD_TOKEN}};
static const struct level_word nine[] = {{"emergency", LEVEL_FATAL, WORD_TOKEN}};
static const struct level_word eleven[] = {{"information", LEVEL_INFO, WORD_TOKEN}};
static const struct level_word thirteen[] = {{"informational", LEVEL_INFO, WORD_TOKEN}};

static const struct {
    const struct level_word *words;
    size_t n;
} by_length[LEVEL_WORD_MAX + 1] = {
    [3] = {three, countof(three)},        [4] = {four, countof(four)},
    [5] = {five, countof(five)},          [6] = {six, countof(six)},
    [7] = {seven, countof(seven)},        [8] = {eight, countof(eight)},
    [9] = {nine, countof(nine)},          [11] = {eleven, countof(eleven)},
    [13] = {thirteen, countof(thirteen)},
};

static const char *const names[LEVEL_COUNT] = {
#define X(number, id, name) [number] = name,
    LEVELS(X)
#undef X
};

const char *level_name(unsigned level)
{
    return names[level < LEVEL_COUNT ? level : LEVEL_UNKNOWN];
}

enum level level_of_word(struct str word, enum level_use use)
{
    char folded[16] = {0};
    uint64_t a[2], b[2];
    if (word.len > LEVEL_WORD_MAX || by_length[word.len].n == 0)
        return LEVEL_UNKNOWN;
    for (size_t i = 0; i < word.len; i++)
        folded[i] = (char)(word.ptr[i] | 0x20); /* makes no letter of what is none */
    memcpy(a, folded, sizeof a);
    for (size_t i = 0; i < by_length[word.len].n; i++) {
        const struct level_word *w = &by_length[word.len].words[i];
        memcpy(b, w->text, sizeof b);
        if (a[0] == b[0] && a[1] == b[1] && w->use >= use)
            return w->level;
    }
    return LEVEL_UNKNOWN;
}

bool level_parse(struct str word, enum level *level)
{
    enum level found = level_of_word(word, WORD_KEYED);
    if (found == LEVEL_UNKNOWN && !str_equal_nocase(word, STR("unknown")))
        return false;
    *level = found;
    return true;
}

enum level level_of_letter(char letter)
{
    switch (letter | 0x20) {
    case 't':
    case 'v':
        return LEVEL_TRACE;
    case 'd':
        return LEVEL_DEBUG;
    case 'i':
        return LEVEL_INFO;
    case 'n':
        return LEVEL_NOTICE;
    case 'w':
        return LEVEL_WARN;
    case 'e':
        return LEVEL_ERROR;
    case 'c':
        return LEVEL_CRITICAL;
    case 'f':
        return LEVEL_FATAL;
    default:
        return LEVEL_UNKNOWN;
    }
}

/* Each scale: number / step is the index. Index 0 of the others than syslog is "not said". */
static const struct {
    uint8_t step, n;
    uint8_t levels[9];
} scales[] = {
    [SCALE_SYSLOG] = {1,
                      8,
                      {LEVEL_FATAL, LEVEL_FATAL, LEVEL_CRITICAL, LEVEL_ERROR, LEVEL_WARN,
                       LEVEL_NOTICE, LEVEL_INFO, LEVEL_DEBUG}},
    [SCALE_PINO] = {10,
                    7,
                    {LEVEL_UNKNOWN, LEVEL_TRACE, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR,
                     LEVEL_FATAL}},
    [SCALE_PYTHON] =
        {10, 6, {LEVEL_UNKNOWN, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR, LEVEL_CRITICAL}},
    [SCALE_GCP] = {100,
                   9,
                   {LEVEL_UNKNOWN, LEVEL_DEBUG, LEVEL_INFO, LEVEL_NOTICE, LEVEL_WARN, LEVEL_ERROR,
                    LEVEL_CRITICAL, LEVEL_FATAL, LEVEL_FATAL}},
    [SCALE_OTEL] = {4,
                    6,
                    {LEVEL_TRACE, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR, LEVEL_FATAL}},
};

enum level level_of_number(uint64_t number, enum level_scale scale)
{
    if (scale == SCALE_AUTO)
        scale = number < 8 ? SCALE_SYSLOG : number < 70 ? SCALE_PINO : SCALE_GCP;
    if (scale == SCALE_OTEL && number-- == 0)
        return LEVEL_UNKNOWN;
    uint64_t index = number / scales[scale].step;
    return index < scales[scale].n ? scales[scale].levels[index] : LEVEL_UNKNOWN;
}

/* What may follow a word: nothing, slog's "+2" and "-4", the digit of Postgres' "DEBUG3". */
static bool is_level_suffix(struct str s)
{
    if (s.len == 0)
        return true;
    size_t from = s.ptr[0] == '+' || s.ptr[0] == '-';
    if (s.len == from || s.len - from > 2)
        return false;
    return is_digit(s.ptr[from]) && is_digit(s.ptr[s.len - 1]);
}

enum level level_of_value(struct str value, enum level_scale scale)
{
    uint64_t number;
    value = str_trim(value);
    if (str_to_u64(value, &number))
        return level_of_number(number, scale);
    size_t letters = 0;
    while (letters < value.len && is_letter(value.ptr[letters]))
        letters++;
    struct str suffix = str_slice(value, letters, value.len);
    if (!is_level_suffix(suffix))
        return LEVEL_UNKNOWN;
    enum level level = letters == 1 ? level_of_letter(value.ptr[0])
                                    : level_of_word(str_of(value.ptr, letters), WORD_KEYED);
    bool below_debug = level == LEVEL_DEBUG && str_starts(suffix, STR("-"));
    return below_debug ? LEVEL_TRACE : level;
}
