#include "formats/line/clock_text.h"

#include "base/ascii.h"
#include "base/mem.h"

static inline bool is_word(char c)
{
    return is_digit(c) || is_letter(c) || c == '_';
}

/* Reads along [at, end); every function below leaves .at alone when it returns false. */
struct cursor {
    const char *at, *end;
};

static inline size_t cursor_left(const struct cursor *c)
{
    return (size_t)(c->end - c->at);
}

static inline bool take_char(struct cursor *c, char wanted)
{
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

/* Exactly n digits; what follows is not looked at. */
static inline bool take_number_of(struct cursor *c, size_t n, int *value)
{
    if (cursor_left(c) < n)
        return false;
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(c->at[i]))
            return false;
        sum = sum * 10 + (c->at[i] - '0');
    }
    c->at += n;
    *value = sum;
    return true;
}

/* One or two digits, the first may be a blank: "20", "2", " 2". */
static bool take_padded(struct cursor *c, int *value)
{
    struct cursor one = *c;
    if (take_number_of(c, 2, value))
        return true;
    take_char(&one, ' ');
    if (!take_number_of(&one, 1, value))
        return false;
    *c = one;
    return true;
}

static bool take_month(struct cursor *c, int *month)
{
    *month = cursor_left(c) < 3 ? 0 : month_of_name(c->at);
    c->at += *month ? 3 : 0;
    return *month != 0;
}

static void take_clock_fraction(struct cursor *c, int *ns)
{
    if (cursor_left(c) < 2 || (*c->at != '.' && *c->at != ',') || !is_digit(c->at[1]))
        return;
    int sum = 0, digits = 0;
    for (c->at++; c->at < c->end && is_digit(*c->at); c->at++) {
        if (digits < 9) {
            sum = sum * 10 + (*c->at - '0');
            digits++;
        }
    }
    for (; digits < 9; digits++)
        sum *= 10;
    *ns = sum;
}

/* "09:22:01" with a fraction or without; MariaDB writes " 9:22:01". */
static bool take_time_of_day(struct cursor *c, struct civil *t)
{
    struct cursor rest = *c;
    if (!take_padded(&rest, &t->hour) || !take_char(&rest, ':') ||
        !take_number_of(&rest, 2, &t->minute) || !take_char(&rest, ':') ||
        !take_number_of(&rest, 2, &t->second))
        return false;
    take_clock_fraction(&rest, &t->ns);
    *c = rest;
    return true;
}

static bool ends_token(const struct cursor *c)
{
    return c->at == c->end || !is_word(*c->at);
}

/* "+0100", "+01:00", and "+01" if short forms are good here. */
static bool take_offset(struct cursor *c, bool short_form, int32_t *offset_s)
{
    struct cursor rest = *c;
    int hours = 0, minutes = 0;
    bool west = take_char(&rest, '-');
    if ((!west && !take_char(&rest, '+')) || !take_number_of(&rest, 2, &hours))
        return false;
    bool colon = take_char(&rest, ':');
    if (!take_number_of(&rest, 2, &minutes) && (colon || !short_form))
        return false;
    if (hours > 15 || minutes > 59 || !ends_token(&rest))
        return false;
    *offset_s = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    *c = rest;
    return true;
}

static bool take_zone_name(struct cursor *c)
{
    static const struct str names[] = {STR_INIT("UTC"), STR_INIT("GMT"), STR_INIT("Z"),
                                       STR_INIT("z")};
    for (size_t i = 0; i < countof(names); i++) {
        struct cursor rest = *c;
        if (!str_starts(str_of(c->at, cursor_left(c)), names[i]))
            continue;
        rest.at += names[i].len;
        if (!ends_token(&rest))
            continue;
        *c = rest;
        return true;
    }
    return false;
}

static void take_clock_zone(struct cursor *c, struct clock_text *t)
{
    struct cursor rest = *c;
    bool blank = take_char(&rest, ' ');
    if (!take_zone_name(&rest) && !take_offset(&rest, !blank, &t->offset_s))
        return;
    t->has_zone = true;
    *c = rest;
}

/* "2026-11-20" and "2026/11/20", then a time of day. */
static bool take_year_first(struct cursor *c, struct clock_text *t)
{
    struct cursor rest = *c;
    if (cursor_left(c) < 19)
        return false;
    char separator = c->at[4];
    if (!take_number_of(&rest, 4, &t->civil.year) || !take_char(&rest, separator) ||
        !take_number_of(&rest, 2, &t->civil.month) || !take_char(&rest, separator) ||
        !take_number_of(&rest, 2, &t->civil.day))
        return false;
    bool is_gin = separator == '/' && str_starts(str_of(rest.at, cursor_left(&rest)), STR(" - "));
    rest.at += is_gin ? 2 : 0;
    if (!take_char(&rest, ' ') && !take_char(&rest, 'T') && !take_char(&rest, 't'))
        return false;
    if (!take_time_of_day(&rest, &t->civil))
        return false;
    t->form = separator == '-' ? CLOCK_ISO : CLOCK_SLASH;
    take_clock_zone(&rest, t);
    *c = rest;
    return true;
}

/* "26/11/20 09:22:01" */
static bool take_short_year(struct cursor *c, struct clock_text *t)
{
    struct cursor rest = *c;
    if (!take_number_of(&rest, 2, &t->civil.year) || !take_char(&rest, '/') ||
        !take_number_of(&rest, 2, &t->civil.month) || !take_char(&rest, '/') ||
        !take_number_of(&rest, 2, &t->civil.day) || !take_char(&rest, ' ') ||
        !take_time_of_day(&rest, &t->civil))
        return false;
    t->civil.year += 2000;
    t->form = CLOCK_SLASH;
    *c = rest;
    return true;
}

/* "11-20 09:22:01.123" */
static bool take_logcat(struct cursor *c, struct clock_text *t)
{
    enum { FRACTION = 3 };
    struct cursor rest = *c;
    const char *point = c->at + 14;
    if (cursor_left(c) < 18 || *point != '.')
        return false;
    if (!take_number_of(&rest, 2, &t->civil.month) || !take_char(&rest, '-') ||
        !take_number_of(&rest, 2, &t->civil.day) || !take_char(&rest, ' ') ||
        !take_time_of_day(&rest, &t->civil) || rest.at != point + 1 + FRACTION)
        return false;
    t->form = CLOCK_LOGCAT;
    *c = rest;
    return true;
}

/* "20/Nov/2026:09:22:01 +0000", "20 Nov 2026 09:22:01.123", "20-Nov-2026 09:22:01 UTC". */
static bool take_day_first(struct cursor *c, struct clock_text *t)
{
    struct cursor rest = *c;
    if (!take_padded(&rest, &t->civil.day) || rest.at == rest.end)
        return false;
    char separator = *rest.at;
    if (separator != '/' && separator != '-' && separator != ' ')
        return false;
    if (!take_char(&rest, separator) || !take_month(&rest, &t->civil.month) ||
        !take_char(&rest, separator) || !take_number_of(&rest, 4, &t->civil.year) ||
        (!take_char(&rest, ' ') && (separator != '/' || !take_char(&rest, ':'))) ||
        !take_time_of_day(&rest, &t->civil))
        return false;
    t->form = CLOCK_DAY_FIRST;
    take_clock_zone(&rest, t);
    *c = rest;
    return true;
}

/* " 2026" behind a time that began with the month. */
static void take_late_year(struct cursor *c, int *year)
{
    struct cursor rest = *c;
    int value;
    if (!take_char(&rest, ' ') || !take_number_of(&rest, 4, &value) || !ends_token(&rest) ||
        value < 1970 || value > 2100)
        return;
    *year = value;
    *c = rest;
}

/* "Nov 20 09:22:01", also with the year before or after the time of day. */
static bool take_month_first(struct cursor *c, struct clock_text *t)
{
    struct cursor rest = *c;
    if (!take_month(&rest, &t->civil.month) || !take_char(&rest, ' ') ||
        !take_padded(&rest, &t->civil.day) || !take_char(&rest, ' '))
        return false;
    struct cursor after_year = rest;
    if (take_number_of(&after_year, 4, &t->civil.year) && take_char(&after_year, ' '))
        rest = after_year;
    else
        t->civil.year = 0;
    if (!take_time_of_day(&rest, &t->civil))
        return false;
    t->form = CLOCK_SYSLOG;
    take_clock_zone(&rest, t);
    if (t->civil.year == 0)
        take_late_year(&rest, &t->civil.year);
    *c = rest;
    return true;
}

/* "I1120 09:22:01.123456" and "I20261120 09:22:01.123456". */
static bool take_klog(struct cursor *c, struct clock_text *t)
{
    struct cursor rest = *c;
    if (cursor_left(c) < 2 || !is_digit(c->at[1]))
        return false;
    if (!take_char(&rest, 'I') && !take_char(&rest, 'W') && !take_char(&rest, 'E') &&
        !take_char(&rest, 'F') && !take_char(&rest, 'D'))
        return false;
    struct cursor long_form = rest;
    int year;
    if (take_number_of(&long_form, 4, &year) && long_form.at < long_form.end &&
        is_digit(*long_form.at)) {
        t->civil.year = year;
        rest = long_form;
    }
    if (!take_number_of(&rest, 2, &t->civil.month) || !take_number_of(&rest, 2, &t->civil.day) ||
        !take_char(&rest, ' ') || !take_time_of_day(&rest, &t->civil))
        return false;
    t->form = CLOCK_KLOG;
    *c = rest;
    return true;
}

/* A year that has every day stands in for the year that is not written. */
static bool is_possible(struct civil civil)
{
    if (civil.year == 0)
        civil.year = 2000;
    return is_civil_time(civil);
}

static bool take_form(struct cursor *c, struct clock_text *t)
{
    size_t left = cursor_left(c);
    if (left < 15)
        return false;
    if (!is_digit(*c->at))
        return *c->at != ' ' && (take_klog(c, t) || take_month_first(c, t));
    if (c->at[4] == '-' || c->at[4] == '/')
        return take_year_first(c, t);
    if (c->at[2] == '-' && is_digit(c->at[3]) && is_digit(c->at[4]))
        return take_logcat(c, t);
    if (c->at[2] == '/' && is_digit(c->at[3]))
        return take_short_year(c, t);
    return take_day_first(c, t);
}

bool take_clock(struct str *s, struct clock_text *clock_found)
{
    struct cursor c = {s->ptr, s->ptr + s->len};
    struct clock_text t = {0};
    if (!take_form(&c, &t) || !ends_token(&c) || !is_possible(t.civil))
        return false;
    t.to = (size_t)(c.at - s->ptr);
    *s = str_of(c.at, cursor_left(&c));
    *clock_found = t;
    return true;
}

enum { NUMBER_DIGITS = 40 };

/* A decimal number as digits and the place of the point: 1.5e3 is "15" and 4. */
struct decimal {
    char digits[NUMBER_DIGITS];
    int n;
    int point;
};

static void take_decimal_digits(struct cursor *c, struct decimal *d)
{
    for (; c->at < c->end && is_digit(*c->at) && d->n < NUMBER_DIGITS; c->at++)
        d->digits[d->n++] = *c->at;
}

static bool parse_decimal(struct str text, struct decimal *d)
{
    struct cursor c = {text.ptr, text.ptr + text.len};
    int exponent = 0;
    *d = (struct decimal){0};
    take_decimal_digits(&c, d);
    d->point = d->n;
    if (d->n == 0 || (take_char(&c, '.') && (c.at == c.end || !is_digit(*c.at))))
        return false;
    take_decimal_digits(&c, d);
    if (take_char(&c, 'e') || take_char(&c, 'E')) {
        take_char(&c, '+');
        if (!take_number_of(&c, 2, &exponent) && !take_number_of(&c, 1, &exponent))
            return false;
    }
    d->point += exponent;
    return c.at == c.end;
}

/* The first `places` digits as a whole number, zeros where there are none; places <= 19. */
static uint64_t decimal_whole(const struct decimal *d, int places)
{
    uint64_t sum = 0;
    for (int i = 0; i < places; i++)
        sum = sum * 10 + (uint64_t)(i < d->n ? d->digits[i] - '0' : 0);
    return sum;
}

bool epoch_to_ns(struct str text, int64_t *ns)
{
    const uint64_t from_s = 946684800, to_s = 4102444800;
    struct decimal d;
    if (text.len > NUMBER_DIGITS || !parse_decimal(text, &d) || d.digits[0] == '0')
        return false;
    if (d.point < 9 || d.point > 19)
        return false;
    for (int digits_after = 9; digits_after >= 0; digits_after -= 3) {
        int places = d.point + digits_after;
        if (places > 19)
            continue;
        uint64_t value = decimal_whole(&d, places);
        if (value >= from_s * NS_PER_S && value < to_s * NS_PER_S) {
            *ns = (int64_t)value;
            return true;
        }
    }
    return false;
}

/* "time", "ts", "timestamp", "t", "date", "datetime", "@timestamp" in any case. */
static bool is_time_key(struct str key)
{
    static const struct str keys[] = {
        STR_INIT("time"), STR_INIT("ts"),       STR_INIT("timestamp"), STR_INIT("t"),
        STR_INIT("date"), STR_INIT("datetime"), STR_INIT("@timestamp")};
    for (size_t i = 0; i < countof(keys); i++) {
        if (str_equal_nocase(key, keys[i]))
            return true;
    }
    return false;
}

static size_t word_before(struct str head, size_t at, bool *small)
{
    size_t from = at;
    *small = true;
    while (from > 0 && is_letter(head.ptr[from - 1])) {
        from--;
        *small = *small && is_lower(head.ptr[from]);
    }
    return from;
}

static size_t blanks_before(struct str head, size_t at)
{
    while (at > 0 && head.ptr[at - 1] == ' ')
        at--;
    return at;
}

bool follows_prose(struct str head, size_t at)
{
    bool small;
    size_t second_end = blanks_before(head, at);
    size_t second = word_before(head, second_end, &small);
    if (second_end == at || second_end - second < 2 || !small)
        return false;
    size_t first_end = blanks_before(head, second);
    size_t first = word_before(head, first_end, &small);
    return first_end < second && first_end - first >= 2 &&
           (first == 0 || !is_word(head.ptr[first - 1]));
}

static bool epoch_at(struct str head, size_t from, struct clock_text *t)
{
    size_t to = from;
    while (to < head.len && to - from <= NUMBER_DIGITS &&
           (is_digit(head.ptr[to]) || head.ptr[to] == '.'))
        to++;
    if (to - from < 9)
        return false;
    bool ends = to == head.len || (head.ptr[to] != '\0' && strchr(" \t],|;:\"", head.ptr[to]));
    struct clock_text found = {.form = CLOCK_EPOCH, .from = from, .to = to};
    if (!ends || !epoch_to_ns(str_of(head.ptr + from, to - from), &found.epoch_ns))
        return false;
    *t = found;
    return true;
}

/* Does a time key end before the '=' (and perhaps a quote) that stands before head[at]? */
static bool follows_time_key(struct str head, size_t at)
{
    size_t equals = head.ptr[at - 1] == '"' ? at - 2 : at - 1, from = equals;
    while (from > 0 && (is_word(head.ptr[from - 1]) || head.ptr[from - 1] == '@'))
        from--;
    return is_time_key(str_of(head.ptr + from, equals - from));
}

enum clock_place { PLACE_NO, PLACE_TOKEN, PLACE_KEY };

/* Rule 1, for a place behind one of BEFORE_CLOCK. */
static enum clock_place place_of(struct str head, size_t at)
{
    if (at == 0)
        return PLACE_TOKEN;
    char before = head.ptr[at - 1];
    if (before != '=' && (before != '"' || at == 1 || head.ptr[at - 2] != '='))
        return PLACE_TOKEN;
    return follows_time_key(head, at) ? PLACE_KEY : PLACE_NO;
}

/* Where the head proper begins: behind blanks, "<34>" and an opening bracket. */
static size_t head_start(struct str head)
{
    size_t at = 0;
    while (at < head.len && is_blank(head.ptr[at]))
        at++;
    if (at < head.len && head.ptr[at] == '<') {
        size_t close = str_find_byte(str_slice(head, at, 5), '>');
        at += close == SIZE_MAX ? 0 : close + 1;
    }
    return at < head.len && head.ptr[at] == '[' ? at + 1 : at;
}

static bool clock_at(struct str head, size_t at, enum clock_place place, struct clock_text *t)
{
    struct str rest = str_slice(head, at, head.len);
    if (!take_clock(&rest, t))
        return false;
    t->from = at;
    t->to += at;
    return place == PLACE_KEY || !follows_prose(head, at);
}

enum clock_class { STARTS_CLOCK = 1, BEFORE_CLOCK = 2 };

/* Digits and the first letters of months and of klog; and what may stand before (rule 1). */
static const uint8_t clock_classes[256] = {
    ['0' ... '9'] = STARTS_CLOCK, ['J'] = STARTS_CLOCK,  ['F'] = STARTS_CLOCK, ['M'] = STARTS_CLOCK,
    ['A'] = STARTS_CLOCK,         ['S'] = STARTS_CLOCK,  ['O'] = STARTS_CLOCK, ['N'] = STARTS_CLOCK,
    ['D'] = STARTS_CLOCK,         ['I'] = STARTS_CLOCK,  ['W'] = STARTS_CLOCK, ['E'] = STARTS_CLOCK,
    [' '] = BEFORE_CLOCK,         ['\t'] = BEFORE_CLOCK, ['['] = BEFORE_CLOCK, ['('] = BEFORE_CLOCK,
    ['|'] = BEFORE_CLOCK,         ['>'] = BEFORE_CLOCK,  [','] = BEFORE_CLOCK, [';'] = BEFORE_CLOCK,
    ['\''] = BEFORE_CLOCK,        ['"'] = BEFORE_CLOCK,  ['='] = BEFORE_CLOCK,
};

bool find_clock(struct str head, struct clock_text *clock_found)
{
    size_t limit = min_of(head.len, (size_t)CLOCK_WINDOW), start = head_start(head);
    unsigned before = BEFORE_CLOCK;
    for (size_t at = 0; at < limit; at++) {
        unsigned class = clock_classes[(unsigned char)head.ptr[at]];
        bool may_start = (class & before >> 1) != 0;
        before = class;
        if (!may_start)
            continue;
        enum clock_place place = place_of(head, at);
        if (place == PLACE_NO)
            continue;
        if ((at == start || place == PLACE_KEY) && epoch_at(head, at, clock_found))
            return true;
        struct clock_text t;
        if (clock_at(head, at, place, &t)) {
            *clock_found = t;
            return true;
        }
    }
    return false;
}

/* Rule 6. Within half a year of near_ns no other year can be nearer. */
static bool nearest_year(struct civil *civil, int64_t near_ns)
{
    if (near_ns == 0 || near_ns == TIME_NONE)
        return false;
    const int64_t half_year_ns = 182 * NS_PER_DAY;
    int middle = civil_of_ns(near_ns).year, best = 0;
    int64_t least = INT64_MAX;
    const int years[] = {middle, middle - 1, middle + 1};
    for (size_t i = 0; i < countof(years) && least > half_year_ns; i++) {
        struct civil candidate = *civil;
        int64_t ns;
        candidate.year = years[i];
        if (!civil_to_ns(candidate, &ns))
            continue;
        int64_t distance = ns > near_ns ? ns - near_ns : near_ns - ns;
        if (distance < least) {
            least = distance;
            best = years[i];
        }
    }
    civil->year = best;
    return best != 0;
}

int64_t clock_resolve(const struct clock_text *clock_found, const struct clock_guide *guide)
{
    if (clock_found->form == CLOCK_EPOCH)
        return clock_found->epoch_ns;
    struct civil civil = clock_found->civil;
    int64_t ns;
    if (civil.year == 0 && !nearest_year(&civil, guide->near_ns))
        return TIME_NONE;
    if (!clock_found->has_zone && guide->local_to_utc)
        return guide->local_to_utc(guide->zone, civil, guide->previous_ns);
    if (!civil_to_ns(civil, &ns))
        return TIME_NONE;
    return ns - clock_found->offset_s * NS_PER_S;
}
