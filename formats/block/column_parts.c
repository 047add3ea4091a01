#include "formats/block/column_parts.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/time.h"

static inline bool take_digits(const char **at, const char *end, unsigned n, uint64_t *number)
{
    uint64_t sum = 0;
    if ((size_t)(end - *at) < n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (!is_digit((*at)[i]))
            return false;
        sum = sum * 10 + (uint64_t)((*at)[i] - '0');
    }
    *at += n;
    *number = sum;
    return true;
}

static const char digit_pairs[] = "0001020304050607080910111213141516171819"
                                  "2021222324252627282930313233343536373839"
                                  "4041424344454647484950515253545556575859"
                                  "6061626364656667686970717273747576777879"
                                  "8081828384858687888990919293949596979899";

/* Of a number below 100. */
static inline size_t print_two(char *to, uint64_t number)
{
    memcpy(to, digit_pairs + number * 2, 2);
    return 2;
}

/* Eight digits of a number below 10^8, as they lie in memory: pairs, then fours, then all are split at once. */
static inline uint64_t eight_digits(uint32_t number)
{
    uint64_t fours = number / 10000 | (uint64_t)(number % 10000) << 32;
    uint64_t hundreds = fours * 10486 >> 20 & 0x0000007f0000007f;
    uint64_t pairs = hundreds | (fours - hundreds * 100) << 16;
    uint64_t tens = pairs * 103 >> 10 & 0x000f000f000f000f;
    return tens | (pairs - tens * 10) << 8;
}

/* At least so many, up to 8, zeros in front; it writes 8 bytes. */
static inline size_t print_short(char *to, uint32_t number, unsigned digits)
{
    uint64_t all = eight_digits(number);
    unsigned zeros = (unsigned)__builtin_ctzll(all | UINT64_C(1) << 56) / 8;
    zeros = min_of(zeros, 8 - digits);
    all = (all | 0x3030303030303030) >> 8 * zeros;
    memcpy(to, &all, sizeof all);
    return 8 - zeros;
}

static size_t print_digits(char *to, uint64_t number, unsigned digits)
{
    const uint64_t most = 100000000;
    if (number < most && digits <= 8)
        return print_short(to, (uint32_t)number, max_of(digits, 1u));
    size_t n = print_digits(to, number / most, digits > 8 ? digits - 8 : 1);
    return n + print_short(to + n, (uint32_t)(number % most), 8);
}

bool integer_parse(struct str value, unsigned digits, uint64_t *number)
{
    bool is_padded = digits > 1, is_negative = !is_padded && take_prefix(&value, STR("-"));
    const char *at = value.ptr, *end = at + value.len;
    uint64_t n;
    if (value.len == 0 || value.len > DIGITS_MAX || (is_padded && value.len != digits) ||
        (!is_padded && value.ptr[0] == '0' && (value.len > 1 || is_negative)) ||
        !take_digits(&at, end, (unsigned)value.len, &n))
        return false;
    *number = is_negative ? 0 - n : n;
    return true;
}

size_t integer_print(char *to, uint64_t number, unsigned digits)
{
    bool is_negative = (int64_t)number < 0;
    *to = '-';
    return is_negative + print_digits(to + is_negative, is_negative ? 0 - number : number, digits);
}

static uint64_t power_of_ten(unsigned n)
{
    static const uint64_t powers[PLACES_MAX + 1] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
    return powers[n];
}

bool decimal_parse(struct str value, uint64_t *number, unsigned *places)
{
    bool is_negative = take_prefix(&value, STR("-"));
    const char *at = value.ptr, *end = at + value.len;
    size_t point = str_find_byte(str_slice(value, 0, DIGITS_MAX), '.');
    uint64_t whole, fraction;
    if (point == SIZE_MAX || point == 0 || value.len > DIGITS_MAX + 1 || point + 1 == value.len ||
        value.len - point - 1 > PLACES_MAX || (point > 1 && value.ptr[0] == '0'))
        return false;
    *places = (unsigned)(value.len - point - 1);
    if (!take_digits(&at, end, (unsigned)point, &whole))
        return false;
    at++;
    if (!take_digits(&at, end, *places, &fraction))
        return false;
    whole = whole * power_of_ten(*places) + fraction;
    *number = is_negative ? 0 - whole : whole;
    return whole > 0 || !is_negative;
}

size_t decimal_print(char *to, uint64_t number, unsigned places)
{
    uint64_t unit = power_of_ten(places);
    bool is_negative = (int64_t)number < 0;
    *to = '-';
    number = is_negative ? 0 - number : number;
    size_t n = is_negative + print_digits(to + is_negative, number / unit, 1);
    if (places == 0)
        return n;
    to[n++] = '.';
    return n + print_digits(to + n, number % unit, places);
}

bool ipv4_parse(struct str value, uint64_t *number)
{
    uint64_t sum = 0;
    const char *at = value.ptr, *end = at + value.len;
    if (value.len < 7 || value.len > 15)
        return false;
    for (int i = 0; i < 4; i++) {
        uint64_t part = 0;
        const char *from = at;
        while (at < end && at - from < 3 && is_digit(*at))
            part = part * 10 + (uint64_t)(*at++ - '0');
        if (at == from || part > 255 || (*from == '0' && at - from > 1))
            return false;
        sum = sum << 8 | part;
        if (i < 3 && (at == end || *at++ != '.'))
            return false;
    }
    *number = sum;
    return at == end;
}

size_t ipv4_print(char *to, uint64_t number)
{
    size_t n = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        n += print_digits(to + n, number >> shift & 255, 1);
        if (shift)
            to[n++] = '.';
    }
    return n;
}

/* ---- hex ---- */

static const uint8_t digit_values[256] = {
    ['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15,
    ['6'] = 0x16, ['7'] = 0x17, ['8'] = 0x18, ['9'] = 0x19, ['a'] = 0x2a, ['b'] = 0x2b,
    ['c'] = 0x2c, ['d'] = 0x2d, ['e'] = 0x2e, ['f'] = 0x2f, ['A'] = 0x4a, ['B'] = 0x4b,
    ['C'] = 0x4c, ['D'] = 0x4d, ['E'] = 0x4e, ['F'] = 0x4f,
};

bool hex_parse(struct str value, bool is_upper, char *bytes)
{
    unsigned allowed = is_upper ? 0x50 : 0x30, seen = 0;
    for (size_t i = 0; i < value.len; i += 2) {
        uint8_t high = digit_values[(unsigned char)value.ptr[i]];
        uint8_t low = i + 1 < value.len ? digit_values[(unsigned char)value.ptr[i + 1]] : 0x10;
        if (!(high & allowed) || !(low & allowed))
            return false;
        seen |= high | low;
        if (bytes)
            bytes[i / 2] = (char)((high & 15) << 4 | (low & 15));
    }
    return (seen & allowed) != 0;
}

size_t hex_print(char *to, const char *bytes, unsigned digits, bool is_upper)
{
    const char *names = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (unsigned i = 0; i < digits; i++) {
        unsigned char byte = (unsigned char)bytes[i / 2];
        to[i] = names[i % 2 ? byte & 15 : byte >> 4];
    }
    return digits;
}

static const uint8_t uuid_parts[] = {8, 4, 4, 4, 12};

bool uuid_parse(struct str value, char *bytes)
{
    if (value.len != UUID_TEXT)
        return false;
    for (size_t part = 0, at = 0, byte = 0; part < countof(uuid_parts); part++) {
        size_t digits = uuid_parts[part];
        if (!hex_parse(str_of(value.ptr + at, digits), false, bytes ? bytes + byte : NULL))
            return false;
        at += digits;
        byte += digits / 2;
        if (at < UUID_TEXT && value.ptr[at++] != '-')
            return false;
    }
    return true;
}

size_t uuid_print(char *to, const char *bytes)
{
    size_t n = 0;
    for (size_t part = 0; part < countof(uuid_parts); part++) {
        n += hex_print(to + n, bytes, uuid_parts[part], false);
        bytes += uuid_parts[part] / 2;
        if (part + 1 < countof(uuid_parts))
            to[n++] = '-';
    }
    return n;
}

/* ---- times ---- */

bool time_form_equal(const struct time_form *a, const struct time_form *b)
{
    return a->separator == b->separator && a->mark == b->mark && a->places == b->places &&
           a->zone_bytes == b->zone_bytes && memcmp(a->zone, b->zone, a->zone_bytes) == 0;
}

void time_form_put(const struct time_form *form, struct buf *out)
{
    put_u8(out, (uint8_t)form->separator);
    put_u8(out, (uint8_t)form->mark);
    put_u8(out, form->places);
    put_str(out, str_of(form->zone, form->zone_bytes));
}

bool time_form_read(struct time_form *form, struct reader *r)
{
    form->separator = (char)read_u8(r);
    form->mark = (char)read_u8(r);
    form->places = read_u8(r);
    struct str zone = read_str(r);
    if (r->bad || zone.len > ZONE_MAX || form->places > PLACES_MAX)
        return false;
    form->zone_bytes = (uint8_t)zone.len;
    memcpy(form->zone, zone.ptr, zone.len);
    return true;
}

/* "2026-11-20", and 'T' or ' ' */
static bool take_year_first(const char *s, const char *end, uint64_t *year, uint64_t *month,
                            uint64_t *day)
{
    return take_digits(&s, end, 4, year) && *s++ == '-' && take_digits(&s, end, 2, month) &&
           *s++ == '-' && take_digits(&s, end, 2, day) && (*s == 'T' || *s == ' ');
}

/* "20/Nov/2026", and ':' */
static bool take_day_first(const char *s, const char *end, uint64_t *year, uint64_t *month,
                           uint64_t *day)
{
    if (!take_digits(&s, end, 2, day) || *s++ != '/')
        return false;
    *month = (uint64_t)month_of_name(s);
    s += 3;
    return *month && *s++ == '/' && take_digits(&s, end, 4, year) && *s == ':';
}

/* Forgets a date that is not the one here. False: none is here. */
static bool take_date(const char **at, const char *end, struct time_date *date)
{
    uint64_t year, month, day;
    int64_t ns;
    if (end - *at < 19)
        return false;
    if (!date->n || memcmp(*at, date->text, date->n) != 0) {
        bool is_day_first = (*at)[2] == '/';
        date->n = 0;
        if (!(is_day_first ? take_day_first : take_year_first)(*at, end, &year, &month, &day))
            return false;
        struct civil civil = {.year = (int)year, .month = (int)month, .day = (int)day};
        if (year < 1970 || !civil_to_ns(civil, &ns))
            return false;
        date->seconds = (uint64_t)(ns / NS_PER_S);
        date->separator = is_day_first ? '/' : (*at)[10];
        date->n = is_day_first ? 12 : 11;
        memcpy(date->text, *at, date->n);
    }
    *at += date->n;
    return true;
}

/* Of two digits; more than 99 if they are none. */
static inline unsigned two_digits(const char *at)
{
    unsigned high = (unsigned char)(at[0] - '0'), low = (unsigned char)(at[1] - '0');
    return high < 10 && low < 10 ? high * 10 + low : 100;
}

static bool take_time_of_day(const char **at, const char *end, uint64_t *seconds)
{
    const char *s = *at;
    if (end - s < 8 || s[2] != ':' || s[5] != ':')
        return false;
    unsigned hour = two_digits(s), minute = two_digits(s + 3), second = two_digits(s + 6);
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    *seconds += hour * 3600 + minute * 60 + second;
    *at += 8;
    return true;
}

bool time_parse(struct str value, struct time_date *date, struct time_form *form, uint64_t *ticks)
{
    const char *at = value.ptr, *end = at + value.len;
    uint64_t seconds = 0, fraction = 0;
    struct time_form f = {0};
    if (take_date(&at, end, date)) {
        seconds = date->seconds;
        f.separator = date->separator;
    }
    if (!take_time_of_day(&at, end, &seconds))
        return false;
    if (end - at >= 2 && (*at == '.' || *at == ',') && is_digit(at[1])) {
        f.mark = *at++;
        const char *from = at;
        while (at < end && is_digit(*at))
            at++;
        if (at - from > PLACES_MAX)
            return false;
        f.places = (uint8_t)(at - from);
        take_digits(&from, end, f.places, &fraction);
    }
    if (end - at > ZONE_MAX)
        return false;
    f.zone_bytes = (uint8_t)(end - at);
    memcpy(f.zone, at, f.zone_bytes);
    *ticks = seconds * power_of_ten(f.places) + fraction;
    *form = f;
    return true;
}

static size_t date_print(char *to, uint64_t seconds, char separator)
{
    struct civil civil = civil_of_days((int64_t)(seconds / 86400));
    size_t n = 0;
    if (separator == '/') {
        n += print_two(to, (uint64_t)civil.day);
        to[n++] = '/';
        memcpy(to + n, month_names[civil.month - 1], 3);
        n += 3;
        to[n++] = '/';
        n += print_digits(to + n, (uint64_t)civil.year, 4);
        to[n++] = ':';
        return n;
    }
    n += print_digits(to, (uint64_t)civil.year, 4);
    to[n++] = '-';
    n += print_two(to + n, (uint64_t)civil.month);
    to[n++] = '-';
    n += print_two(to + n, (uint64_t)civil.day);
    to[n++] = separator;
    return n;
}

uint64_t time_unit(const struct time_form *form)
{
    return power_of_ten(form->places);
}

uint64_t time_ticks_max(const struct time_form *form)
{
    const uint64_t most_s = (uint64_t)(INT64_MAX / NS_PER_S) - 1; /* in 2262 */
    return most_s * time_unit(form);
}

size_t time_print(char *to, uint64_t ticks, const struct time_form *form)
{
    uint64_t unit = time_unit(form), seconds = ticks / unit;
    size_t n = form->separator ? date_print(to, seconds, form->separator) : 0;
    n += print_two(to + n, seconds / 3600 % 24);
    to[n++] = ':';
    n += print_two(to + n, seconds / 60 % 60);
    to[n++] = ':';
    n += print_two(to + n, seconds % 60);
    if (form->places) {
        to[n++] = form->mark;
        n += print_digits(to + n, ticks % unit, form->places);
    }
    memcpy(to + n, form->zone, form->zone_bytes);
    return n + form->zone_bytes;
}
