#include "query/engine/value_test.h"

#include "base/ascii.h"
#include "base/mem.h"

#include <math.h>

struct unit {
    struct str name;
    enum quantity quantity;
    double factor;
};

/* The longer of two that begin alike first. */
static const struct unit units[] = {
    {STR_INIT("ns"), QUANTITY_DURATION, 1},
    {STR_INIT("us"), QUANTITY_DURATION, 1e3},
    {STR_INIT("\xc2\xb5s"), QUANTITY_DURATION, 1e3},
    {STR_INIT("ms"), QUANTITY_DURATION, 1e6},
    {STR_INIT("s"), QUANTITY_DURATION, 1e9},
    {STR_INIT("m"), QUANTITY_DURATION, 60e9},
    {STR_INIT("h"), QUANTITY_DURATION, 3600e9},
    {STR_INIT("d"), QUANTITY_DURATION, 86400e9},
    {STR_INIT("KiB"), QUANTITY_SIZE, 0x1p10},
    {STR_INIT("MiB"), QUANTITY_SIZE, 0x1p20},
    {STR_INIT("GiB"), QUANTITY_SIZE, 0x1p30},
    {STR_INIT("TiB"), QUANTITY_SIZE, 0x1p40},
    {STR_INIT("kB"), QUANTITY_SIZE, 1e3},
    {STR_INIT("KB"), QUANTITY_SIZE, 1e3},
    {STR_INIT("MB"), QUANTITY_SIZE, 1e6},
    {STR_INIT("GB"), QUANTITY_SIZE, 1e9},
    {STR_INIT("TB"), QUANTITY_SIZE, 1e12},
    {STR_INIT("B"), QUANTITY_SIZE, 1},
};

/* What the end of a name says. */
static const struct unit suffixes[] = {
    {STR_INIT("_ns"), QUANTITY_DURATION, 1},        {STR_INIT("Ns"), QUANTITY_DURATION, 1},
    {STR_INIT("_us"), QUANTITY_DURATION, 1e3},      {STR_INIT("Us"), QUANTITY_DURATION, 1e3},
    {STR_INIT("_ms"), QUANTITY_DURATION, 1e6},      {STR_INIT("Ms"), QUANTITY_DURATION, 1e6},
    {STR_INIT("_s"), QUANTITY_DURATION, 1e9},       {STR_INIT("_sec"), QUANTITY_DURATION, 1e9},
    {STR_INIT("_seconds"), QUANTITY_DURATION, 1e9}, {STR_INIT("Seconds"), QUANTITY_DURATION, 1e9},
    {STR_INIT("_millis"), QUANTITY_DURATION, 1e6},  {STR_INIT("Millis"), QUANTITY_DURATION, 1e6},
    {STR_INIT("_micros"), QUANTITY_DURATION, 1e3},  {STR_INIT("Micros"), QUANTITY_DURATION, 1e3},
    {STR_INIT("_nanos"), QUANTITY_DURATION, 1},     {STR_INIT("Nanos"), QUANTITY_DURATION, 1},
    {STR_INIT("_bytes"), QUANTITY_SIZE, 1},         {STR_INIT("Bytes"), QUANTITY_SIZE, 1},
};

/* ---- numbers ---- */

static double take_digits(struct str *s, double value, double *scale)
{
    while (s->len && is_digit(s->ptr[0])) {
        value = value * 10 + (s->ptr[0] - '0');
        *scale *= 10;
        *s = str_slice(*s, 1, SIZE_MAX);
    }
    return value;
}

/* "12", "-0.5", ".5", "1e6"; false: none begins here. */
static bool take_number(struct str *s, double *number)
{
    struct str rest = *s;
    double scale = 1, ignored = 1;
    bool is_negative = take_prefix(&rest, STR("-"));
    size_t before = rest.len;
    double value = take_digits(&rest, 0, &ignored);
    size_t digits = before - rest.len;
    if (rest.len > 1 && rest.ptr[0] == '.' && is_digit(rest.ptr[1])) {
        rest = str_slice(rest, 1, SIZE_MAX);
        value = take_digits(&rest, value, &scale) / scale;
        digits++;
    }
    if (digits == 0)
        return false;
    struct str exponent = rest;
    if (take_prefix(&exponent, STR("e")) || take_prefix(&exponent, STR("E"))) {
        bool is_small = take_prefix(&exponent, STR("-"));
        if (!is_small)
            take_prefix(&exponent, STR("+"));
        if (exponent.len && is_digit(exponent.ptr[0])) {
            double power = fmin(take_digits(&exponent, 0, &ignored), 400);
            value *= pow(10, is_small ? -power : power);
            rest = exponent;
        }
    }
    *number = is_negative ? -value : value;
    *s = rest;
    return true;
}

static const struct unit *take_unit(struct str *s)
{
    take_prefix(s, STR(" "));
    for (size_t i = 0; i < countof(units); i++)
        if (take_prefix(s, units[i].name))
            return &units[i];
    return NULL;
}

/* The whole of s: "12", "12ms", "1h30m", "1.5 MiB". */
static bool parse_quantity(struct str s, double *value, enum quantity *quantity)
{
    double number;
    if (!take_number(&s, &number))
        return false;
    *value = number;
    *quantity = QUANTITY_PLAIN;
    if (s.len == 0)
        return true;
    const struct unit *unit = take_unit(&s);
    if (!unit)
        return false;
    *value = number * unit->factor;
    *quantity = unit->quantity;
    while (s.len && unit->quantity == QUANTITY_DURATION) {
        if (!take_number(&s, &number) || !(unit = take_unit(&s)))
            return false;
        *value += number * unit->factor;
    }
    return s.len == 0 && unit->quantity == *quantity;
}

bool parse_number(struct str value, double *number)
{
    enum quantity quantity;
    return parse_quantity(value, number, &quantity) && isfinite(*number);
}

/* ---- ranges ---- */

static bool parse_side(struct str s, double open, double *value, enum quantity *quantity)
{
    *quantity = QUANTITY_PLAIN;
    *value = open;
    return s.len == 0 || parse_quantity(s, value, quantity);
}

/* Invariant 3. */
static bool has_range_form(struct str given, struct str *low, struct str *high)
{
    size_t at = str_find(given, STR(".."));
    double ignored;
    enum quantity quantity;
    if (at == SIZE_MAX)
        return false;
    *low = str_slice(given, 0, at);
    *high = str_slice(given, at + 2, SIZE_MAX);
    return parse_quantity(*low, &ignored, &quantity) || parse_quantity(*high, &ignored, &quantity);
}

static bool compile_range(struct value_test *t, struct str given, struct str low, struct str high,
                          struct err *err)
{
    enum quantity of_low, of_high;
    struct range *r = &t->range;
    t->is_range = true;
    if (!parse_side(low, -INFINITY, &r->least, &of_low) ||
        !parse_side(high, INFINITY, &r->most, &of_high))
        return err_set(err, ERR_INPUT,
                       "'%.*s': both sides of .. are numbers, or one is left out (for the text "
                       "itself write ~ and a pattern)",
                       STR_ARG(given));
    r->quantity = low.len ? of_low : of_high;
    if (low.len && high.len && of_low != of_high)
        return err_set(err, ERR_INPUT, "'%.*s': both sides of .. need units of one kind, as 1s..2m",
                       STR_ARG(given));
    if (r->least > r->most)
        return err_set(err, ERR_INPUT, "'%.*s' is an empty range", STR_ARG(given));
    return true;
}

/* ---- tests ---- */

bool value_test_compile(struct value_test *t, struct str given, bool is_regex, struct err *err)
{
    struct str low, high;
    *t = (struct value_test){.text = given};
    if (is_regex)
        return regex_compile(&t->regex, given, REGEX_MULTILINE, err);
    return !has_range_form(given, &low, &high) || compile_range(t, given, low, high, err);
}

void value_test_free(struct value_test *t)
{
    regex_close(&t->regex);
}

/* Invariant 2. */
static bool is_in_range(const struct range *r, struct str name, struct str text)
{
    double value;
    enum quantity quantity;
    if (!parse_quantity(text, &value, &quantity))
        return false;
    for (size_t i = 0; i < countof(suffixes) && quantity == QUANTITY_PLAIN; i++) {
        if (suffixes[i].quantity != r->quantity || !str_ends(name, suffixes[i].name))
            continue;
        value *= suffixes[i].factor;
        quantity = suffixes[i].quantity;
    }
    return quantity == r->quantity && value >= r->least && value <= r->most;
}

enum match value_test_fits(const struct value_test *t, struct str name, struct str value)
{
    if (t->regex)
        return regex_find(t->regex, value, 0, NULL);
    bool fits = t->is_range ? is_in_range(&t->range, name, value) : str_equal(value, t->text);
    return fits ? MATCH_FOUND : MATCH_NONE;
}
