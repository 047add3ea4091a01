#include "query/engine/time_words.h"

#include "base/ascii.h"
#include "base/mem.h"

static bool refuse(struct str text, const char *why, struct err *err)
{
    return err_set(err, ERR_INPUT,
                   "'%.*s' is not a time%s%s; write 10m, '2 hours ago', yesterday, mon, 14:03, "
                   "2026-11-19, '2026-11-19 14:00', 2026-11-19T14:00:00Z or @1763626921",
                   (int)min_of(text.len, (size_t)60), text.ptr, *why ? ": " : "", why);
}

/* The word at the front, in letters; empty if there is none. */
static struct str take_word(struct str *s)
{
    size_t n = 0;
    while (n < s->len && (s->ptr[n] | 32) >= 'a' && (s->ptr[n] | 32) <= 'z')
        n++;
    struct str word = str_of(s->ptr, n);
    *s = str_of(s->ptr + n, s->len - n);
    return word;
}

static bool take_number(struct str *s, size_t least, size_t most, int *value)
{
    size_t n = 0;
    int sum = 0;
    while (n < s->len && n < most && is_digit(s->ptr[n]))
        sum = sum * 10 + (s->ptr[n++] - '0');
    if (n < least)
        return false;
    *s = str_of(s->ptr + n, s->len - n);
    *value = sum;
    return true;
}

/* ".120" */
static bool take_fraction(struct str *s, int *ns)
{
    if (!take_prefix(s, STR(".")))
        return true;
    size_t before = s->len;
    int value;
    if (!take_number(s, 1, 9, &value))
        return false;
    for (size_t n = before - s->len; n < 9; n++)
        value *= 10;
    *ns = value;
    return true;
}

/* "9:30", "14:03:05.120" into the fields of c, which keeps its day. */
static bool take_clock(struct str *s, struct civil *c)
{
    struct str rest = *s;
    struct civil t = {.year = c->year, .month = c->month, .day = c->day};
    if (!take_number(&rest, 1, 2, &t.hour) || !take_prefix(&rest, STR(":")) ||
        !take_number(&rest, 2, 2, &t.minute))
        return false;
    if (take_prefix(&rest, STR(":")) &&
        (!take_number(&rest, 2, 2, &t.second) || !take_fraction(&rest, &t.ns)))
        return false;
    *s = rest;
    *c = t;
    return true;
}

static bool take_date(struct str *s, struct civil *c)
{
    struct str rest = *s;
    struct civil t = {0};
    if (!take_number(&rest, 4, 4, &t.year) || !take_prefix(&rest, STR("-")) ||
        !take_number(&rest, 2, 2, &t.month) || !take_prefix(&rest, STR("-")) ||
        !take_number(&rest, 2, 2, &t.day))
        return false;
    *s = rest;
    *c = t;
    return true;
}

/* Midnight of the day that is `back` days before now's. */
static struct civil day_before(const struct time_words *how, int64_t back)
{
    struct civil today = zone_civil(how->zone, how->now_ns);
    int64_t days = days_of_civil(today.year, today.month, today.day) - back;
    struct civil day = civil_of_ns(days * NS_PER_DAY);
    return (struct civil){.year = day.year, .month = day.month, .day = day.day};
}

static bool set_moment(const struct time_words *how, struct civil c, int64_t *ns, bool *twice)
{
    return zone_moment(how->zone, c, how->is_until, ns, twice);
}

/* 0 = Monday; -1 = none. Three letters or the whole name. */
static int weekday_of(struct str word)
{
    static const char *const names[] = {"monday", "tuesday",  "wednesday", "thursday",
                                        "friday", "saturday", "sunday"};
    for (int i = 0; i < 7; i++) {
        struct str name = str_from(names[i]);
        if (str_equal_nocase(word, name) || str_equal_nocase(word, str_slice(name, 0, 3)))
            return i;
    }
    return -1;
}

static bool is_word(struct str word, const char *name)
{
    return str_equal_nocase(word, str_from(name));
}

/* "today", "yesterday", "mon", each with or without a time of the day. */
static bool parse_day_word(struct str text, const struct time_words *how, int64_t *ns, bool *twice)
{
    struct str word = take_word(&text);
    int weekday = weekday_of(word);
    int64_t back = 0;
    if (weekday >= 0) {
        struct civil today = day_before(how, 0);
        int64_t days = days_of_civil(today.year, today.month, today.day);
        back = ((days + 3) % 7 + 7 - weekday) % 7; /* 1970-01-01 was a Thursday */
    } else if (is_word(word, "yesterday")) {
        back = 1;
    } else if (!is_word(word, "today")) {
        return false;
    }
    struct civil day = day_before(how, back);
    if (text.len && (!take_prefix(&text, STR(" ")) || !take_clock(&text, &day) || text.len))
        return false;
    return set_moment(how, day, ns, twice);
}

/* "14:03": the last or, for --until, today's. */
static bool parse_clock(struct str text, const struct time_words *how, int64_t *ns, bool *twice)
{
    struct civil c = day_before(how, 0);
    if (!take_clock(&text, &c) || text.len || !set_moment(how, c, ns, twice))
        return false;
    if (*ns <= how->now_ns || how->is_until)
        return true;
    struct civil day = day_before(how, 1);
    c.year = day.year, c.month = day.month, c.day = day.day;
    return set_moment(how, c, ns, twice);
}

static bool parse_date(struct str text, const struct time_words *how, int64_t *ns, bool *twice)
{
    struct civil c;
    struct str rest = text;
    if (take_rfc3339(&rest, ns))
        return rest.len == 0;
    if (!take_date(&text, &c))
        return false;
    if (text.len && ((!take_prefix(&text, STR(" ")) && !take_prefix(&text, STR("T"))) ||
                     !take_clock(&text, &c) || text.len))
        return false;
    return set_moment(how, c, ns, twice);
}

static bool parse_epoch(struct str text, int64_t *ns)
{
    uint64_t seconds;
    int fraction = 0;
    if (!take_prefix(&text, STR("@")) || !take_u64(&text, &seconds) ||
        !take_fraction(&text, &fraction) || text.len || seconds > INT64_MAX / NS_PER_S - 1)
        return false;
    *ns = (int64_t)seconds * NS_PER_S + fraction;
    return true;
}

static const struct {
    const char *name;
    int64_t ns;
} units[] = {
    {"s", NS_PER_S},        {"sec", NS_PER_S},         {"second", NS_PER_S},
    {"m", 60 * NS_PER_S},   {"min", 60 * NS_PER_S},    {"minute", 60 * NS_PER_S},
    {"h", 3600 * NS_PER_S}, {"hour", 3600 * NS_PER_S}, {"d", NS_PER_DAY},
    {"day", NS_PER_DAY},    {"w", 7 * NS_PER_DAY},     {"week", 7 * NS_PER_DAY},
};

static int64_t unit_of(struct str word)
{
    struct str singular = word;
    if (word.len > 1 && (word.ptr[word.len - 1] | 32) == 's')
        singular.len--;
    for (size_t i = 0; i < countof(units); i++) {
        if (is_word(word, units[i].name) || is_word(singular, units[i].name))
            return units[i].ns;
    }
    return 0;
}

/* "2 hours ago", "an hour ago". */
static bool parse_ago(struct str text, const struct time_words *how, int64_t *ns)
{
    uint64_t count = 1;
    if (!take_u64(&text, &count) && !take_prefix(&text, STR("an")) && !take_prefix(&text, STR("a")))
        return false;
    if (!take_prefix(&text, STR(" ")))
        return false;
    int64_t unit = unit_of(take_word(&text)), span;
    if (unit == 0 || !str_equal_nocase(text, STR(" ago")) || count > INT32_MAX ||
        __builtin_mul_overflow((int64_t)count, unit, &span))
        return false;
    *ns = how->now_ns - span;
    return span >= 0 && how->now_ns > INT64_MIN + span;
}

/* Digits and letters without a space, starting with a digit: "10m", and what was meant to be. */
static bool looks_like_duration(struct str text)
{
    bool letters = false;
    for (size_t i = 0; i < text.len; i++) {
        bool letter = (text.ptr[i] | 32) >= 'a' && (text.ptr[i] | 32) <= 'z';
        if (!letter && !is_digit(text.ptr[i]))
            return false;
        letters = letters || letter;
    }
    return letters && is_digit(text.ptr[0]);
}

static bool parse_words(struct str text, const struct time_words *how, int64_t *ns, bool *twice,
                        struct err *err)
{
    int64_t span;
    if (text.len && looks_like_duration(text)) {
        if (!parse_duration(text, &span, err))
            return false;
        *ns = how->now_ns - span;
        return how->now_ns > INT64_MIN + span ? true : refuse(text, "too long ago", err);
    }
    if (is_word(text, "now")) {
        *ns = how->now_ns;
        return true;
    }
    return parse_day_word(text, how, ns, twice) || parse_clock(text, how, ns, twice) ||
           parse_date(text, how, ns, twice) || parse_epoch(text, ns) || parse_ago(text, how, ns) ||
           refuse(text, "", err);
}

bool time_words_parse(struct str text, const struct time_words *how, int64_t *ns, bool *twice,
                      struct err *err)
{
    struct time_words used = *how;
    struct str words = str_trim(text);
    bool ignored;
    if (str_ends(words, STR(" UTC"))) {
        words = str_trim(str_slice(words, 0, words.len - 4));
        used.zone = NULL;
    }
    int64_t moment;
    *(twice ? twice : &ignored) = false;
    if (!parse_words(words, &used, &moment, twice ? twice : &ignored, err))
        return false;
    *ns = moment;
    return true;
}
