#include "base/time.h"

#include "base/mem.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t time_now(void)
{
    return read_clock(CLOCK_REALTIME);
}
int64_t time_monotonic(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years start in March. */
int64_t days_of_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

int month_of_name(const char *letters)
{
    for (int i = 0; i < 12; i++)
        if (memcmp(letters, month_names[i], 3) == 0)
            return i + 1;
    return 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool is_civil_time(struct civil c)
{
    return c.year >= 1678 && c.year <= 2261 && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
           c.day <= days_in_month(c.year, c.month) && c.hour >= 0 && c.hour <= 23 &&
           c.minute >= 0 && c.minute <= 59 && c.second >= 0 && c.second <= 60 && c.ns >= 0 &&
           c.ns < NS_PER_S;
}

bool civil_to_ns(struct civil c, int64_t *ns)
{
    if (!is_civil_time(c))
        return false;
    int64_t seconds =
        days_of_civil(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
    *ns = seconds * NS_PER_S + c.ns;
    return true;
}

struct civil civil_of_days(int64_t days)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil){.year = (int)(yoe + era * 400 + (month <= 2)),
                          .month = month,
                          .day = (int)(doy - (153 * mp + 2) / 5 + 1)};
}

struct civil civil_of_ns(int64_t ns)
{
    int64_t second = ns / NS_PER_S - (ns % NS_PER_S < 0);
    int64_t days = second / 86400 - (second % 86400 < 0);
    int64_t of_day = second - days * 86400;
    struct civil c = civil_of_days(days);
    c.hour = (int)(of_day / 3600);
    c.minute = (int)(of_day / 60 % 60);
    c.second = (int)(of_day % 60);
    c.ns = (int)((ns % NS_PER_S + NS_PER_S) % NS_PER_S);
    return c;
}

static bool take_digits(struct str *s, size_t n, int *value)
{
    if (s->len < n)
        return false;
    int sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->ptr[i] < '0' || s->ptr[i] > '9')
            return false;
        sum = sum * 10 + (s->ptr[i] - '0');
    }
    *s = str_of(s->ptr + n, s->len - n);
    *value = sum;
    return true;
}

static bool take_one_of(struct str *s, const char *set)
{
    if (s->len == 0 || s->ptr[0] == '\0' || !strchr(set, s->ptr[0]))
        return false;
    *s = str_of(s->ptr + 1, s->len - 1);
    return true;
}

/* ".123" or ",123": 1 to 9 digits count, further ones are read over. */
static void take_fraction(struct str *s, int *ns)
{
    struct str rest = *s;
    if (!take_one_of(&rest, ".,"))
        return;
    int sum = 0, n = 0;
    while (rest.len && rest.ptr[0] >= '0' && rest.ptr[0] <= '9') {
        if (n < 9)
            sum = sum * 10 + (rest.ptr[0] - '0');
        n++;
        rest = str_of(rest.ptr + 1, rest.len - 1);
    }
    if (n == 0)
        return;
    for (; n < 9; n++)
        sum *= 10;
    *ns = sum;
    *s = rest;
}

bool take_civil(struct str *s, struct civil *c)
{
    struct str rest = *s;
    struct civil t = {0};
    if (!take_digits(&rest, 4, &t.year) || !take_one_of(&rest, "-") ||
        !take_digits(&rest, 2, &t.month) || !take_one_of(&rest, "-") ||
        !take_digits(&rest, 2, &t.day) || !take_one_of(&rest, "Tt ") ||
        !take_digits(&rest, 2, &t.hour) || !take_one_of(&rest, ":") ||
        !take_digits(&rest, 2, &t.minute) || !take_one_of(&rest, ":") ||
        !take_digits(&rest, 2, &t.second))
        return false;
    take_fraction(&rest, &t.ns);
    int64_t unused;
    if (!civil_to_ns(t, &unused))
        return false;
    *s = rest;
    *c = t;
    return true;
}

static bool take_zone(struct str *s, int64_t *offset_ns)
{
    struct str rest = *s;
    int64_t sign = 1;
    int hours = 0, minutes = 0;
    if (take_one_of(&rest, "Zz")) {
        *s = rest;
        *offset_ns = 0;
        return true;
    }
    if (take_one_of(&rest, "-"))
        sign = -1;
    else if (!take_one_of(&rest, "+"))
        return false;
    if (!take_digits(&rest, 2, &hours) || hours > 23)
        return false;
    struct str after_hours = rest;
    take_one_of(&rest, ":");
    if (!take_digits(&rest, 2, &minutes))
        rest = after_hours;
    if (minutes > 59)
        return false;
    *s = rest;
    *offset_ns = sign * (hours * 3600 + minutes * 60) * NS_PER_S;
    return true;
}

/* Are these 8 bytes digits where form has a 0, and else as there? */
static inline bool has_form(const char *at, const char form[9])
{
    const uint64_t zeros = UINT64_C(0x3030303030303030), low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t bytes, wanted;
    memcpy(&bytes, at, sizeof bytes);
    memcpy(&wanted, form, sizeof wanted);
    uint64_t separators = ((wanted ^ zeros) + low) >> 7 & UINT64_C(0x0101010101010101);
    /* A digit becomes 0 to 9 and a separator 0; what is added takes anything more beyond 127. */
    uint64_t x = bytes ^ wanted;
    uint64_t sum = x + UINT64_C(0x7676767676767676) + separators * 9;
    return ((sum | x) & UINT64_C(0x8080808080808080)) == 0;
}

static inline int two_digits(const char *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* Digits of fraction in [at, end), at most 9, as nanoseconds; the first byte that is none. */
static inline const char *usual_fraction(const char *at, const char *end, int *ns)
{
    static const int unit[] = {100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1, 0};
    const char *from = at;
    int sum = 0;
    while (at < end && at - from < 9 && *at >= '0' && *at <= '9')
        sum = sum * 10 + (*at++ - '0');
    *ns = at > from ? sum * unit[at - from - 1] : 0;
    return at;
}

/* The form that programs write, without a look at each byte: "2026-11-20T09:22:01.123456789Z" with
 * any number of digits in the fraction. False: perhaps another form. */
static bool take_usual_rfc3339(struct str *s, int64_t *ns)
{
    const char *at = s->ptr;
    if (s->len < 20 || !has_form(at, "0000-00-") || !has_form(at + 8, "00T00:00") ||
        !has_form(at + 11, "00:00:00"))
        return false;
    const char *end = at + s->len;
    struct civil c = {
        .year = two_digits(at) * 100 + two_digits(at + 2),
        .month = two_digits(at + 5),
        .day = two_digits(at + 8),
        .hour = two_digits(at + 11),
        .minute = two_digits(at + 14),
        .second = two_digits(at + 17),
    };
    at += 19;
    if (*at == '.')
        at = usual_fraction(at + 1, end, &c.ns);
    if (at == end || *at != 'Z' || at[-1] == '.' || !civil_to_ns(c, ns))
        return false;
    *s = str_of(at + 1, (size_t)(end - at - 1));
    return true;
}

bool take_rfc3339(struct str *s, int64_t *ns)
{
    struct str rest = *s;
    struct civil c;
    int64_t local, offset;
    if (take_usual_rfc3339(s, ns))
        return true;
    if (!take_civil(&rest, &c) || !take_zone(&rest, &offset) || !civil_to_ns(c, &local))
        return false;
    *s = rest;
    *ns = local - offset;
    return true;
}

/* At most nine digits, and what is behind them. */
static void add_digits(struct buf *b, int value, int width, char end)
{
    char text[10];
    text[width] = end;
    for (int i = width; i-- > 0; value /= 10)
        text[i] = (char)('0' + value % 10);
    buf_add(b, str_of(text, (size_t)width + 1));
}

void put_rfc3339(struct buf *b, int64_t ns, int digits)
{
    struct civil c = civil_of_ns(ns);
    int fraction = c.ns;
    for (int i = digits; i < 9; i++)
        fraction /= 10;
    add_digits(b, c.year, 4, '-');
    add_digits(b, c.month, 2, '-');
    add_digits(b, c.day, 2, 'T');
    add_digits(b, c.hour, 2, ':');
    add_digits(b, c.minute, 2, ':');
    add_digits(b, c.second, 2, digits > 0 ? '.' : 'Z');
    if (digits > 0)
        add_digits(b, fraction, digits, 'Z');
}

void day_text(int64_t ns, char text[DAY_TEXT])
{
    struct civil c = civil_of_ns(ns);
    char whole[40]; /* the compiler does not know that the fields are in range */
    snprintf(whole, sizeof whole, "%04d-%02d-%02d", c.year, c.month, c.day);
    memcpy(text, whole, DAY_TEXT - 1);
    text[DAY_TEXT - 1] = '\0';
}

static const struct {
    struct str name;
    int64_t ns;
} units[] = {
    {STR_INIT("w"), 7 * NS_PER_DAY},  {STR_INIT("d"), NS_PER_DAY},
    {STR_INIT("h"), 3600 * NS_PER_S}, {STR_INIT("ms"), NS_PER_MS},
    {STR_INIT("m"), 60 * NS_PER_S},   {STR_INIT("s"), NS_PER_S},
    {STR_INIT("us"), NS_PER_US},      {STR_INIT("ns"), 1},
};

static int64_t take_unit(struct str *s)
{
    for (size_t i = 0; i < countof(units); i++) {
        if (take_prefix(s, units[i].name))
            return units[i].ns;
    }
    return 0;
}

bool parse_duration(struct str s, int64_t *ns, struct err *err)
{
    struct str rest = s;
    int64_t sum = 0;
    do {
        uint64_t count;
        if (!take_u64(&rest, &count))
            return err_set(err, ERR_INPUT, "'%.*s' is not a duration; write 10m, 1h30m or 2d",
                           STR_ARG(s));
        if (str_starts(rest, STR("M")))
            return err_set(err, ERR_INPUT, "'%.*s': minute is m; for months write days or a date",
                           STR_ARG(s));
        int64_t unit = take_unit(&rest), span;
        if (unit == 0)
            return err_set(err, ERR_INPUT, "'%.*s' has no unit; write %llus, %llum, %lluh or %llud",
                           STR_ARG(s), (unsigned long long)count, (unsigned long long)count,
                           (unsigned long long)count, (unsigned long long)count);
        if (count > INT64_MAX || __builtin_mul_overflow((int64_t)count, unit, &span) ||
            __builtin_add_overflow(sum, span, &sum))
            return err_set(err, ERR_INPUT, "'%.*s' is longer than 292 years", STR_ARG(s));
    } while (rest.len);
    *ns = sum;
    return true;
}

void put_duration(struct buf *b, int64_t ns)
{
    if (ns == 0) {
        buf_add(b, STR("0s"));
        return;
    }
    static const size_t order[] = {1, 2, 4, 5, 3, 6, 7}; /* d h m s ms us ns */
    for (size_t i = 0; i < countof(order); i++) {
        int64_t unit = units[order[i]].ns;
        if (ns >= unit)
            buf_print(b, "%lld%.*s", (long long)(ns / unit), STR_ARG(units[order[i]].name));
        ns %= unit;
    }
}
