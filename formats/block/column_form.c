#include "formats/block/column_form.h"

#include "base/mem.h"

enum { SAMPLE = 48 };

bool column_form_parse(const struct column_form *form, struct str value, struct parsed_value *v,
                       char *bytes)
{
    struct time_form time;
    v->places = 0;
    if (form->prefix.len && !take_prefix(&value, form->prefix))
        return false;
    switch (form->kind) {
    case COLUMN_INTEGER:
        return integer_parse(value, form->digits, &v->number);
    case COLUMN_DECIMAL:
        return decimal_parse(value, &v->number, &v->places) || integer_parse(value, 1, &v->number);
    case COLUMN_IPV4:
        return ipv4_parse(value, &v->number);
    case COLUMN_TIME:
        return time_parse(value, &v->date, &time, &v->number) &&
               time_form_equal(&time, &form->time);
    case COLUMN_HEX:
        v->number = value.len;
        return (form->digits ? value.len == form->digits
                             : value.len >= 1 && value.len <= HEX_DIGITS_MAX) &&
               hex_parse(value, form->is_upper, bytes);
    case COLUMN_UUID:
        return uuid_parse(value, bytes);
    case COLUMN_TEXT:
    case COLUMN_DICT:
    case COLUMN_SAME:
    case COLUMN_KINDS:
        break;
    }
    return false;
}

static bool is_hex_form(struct str value, struct column_form *f)
{
    if (value.len < HEX_DIGITS_MIN || value.len > HEX_DIGITS_MAX)
        return false;
    f->kind = COLUMN_HEX;
    f->digits = (unsigned)value.len;
    f->is_upper = !hex_parse(value, false, NULL);
    return !f->is_upper || hex_parse(value, true, NULL);
}

static struct column_form integer_form(struct str value)
{
    bool has_zeros = value.len > 1 && value.ptr[0] == '0';
    return (struct column_form){.kind = COLUMN_INTEGER,
                                .digits = has_zeros ? (unsigned)value.len : 1};
}

/* "0x3f9c2ab1", "c367", and "req-" before a UUID */
static bool is_prefixed_form(struct str value, struct column_form *f)
{
    uint64_t ignored;
    size_t n = value.len;
    if (str_starts(value, STR("0x")) && is_hex_form(str_slice(value, 2, SIZE_MAX), f)) {
        f->prefix = str_slice(value, 0, 2);
        return true;
    }
    if (n > UUID_TEXT && n <= UUID_TEXT + PREFIX_MAX &&
        uuid_parse(str_slice(value, n - UUID_TEXT, SIZE_MAX), NULL)) {
        *f =
            (struct column_form){.kind = COLUMN_UUID, .prefix = str_slice(value, 0, n - UUID_TEXT)};
        return true;
    }
    while (n > 0 && value.ptr[n - 1] >= '0' && value.ptr[n - 1] <= '9')
        n--;
    struct str digits = str_slice(value, n, SIZE_MAX);
    *f = integer_form(digits);
    f->prefix = str_slice(value, 0, n);
    return n <= PREFIX_MAX && integer_parse(digits, f->digits, &ignored);
}

static struct column_form form_of(struct str value)
{
    struct column_form f = integer_form(value);
    struct parsed_value v = {0};
    if (column_form_parse(&f, value, &v, NULL))
        return f;
    f = (struct column_form){.kind = COLUMN_DECIMAL};
    if (decimal_parse(value, &v.number, &v.places))
        return f;
    f.kind = COLUMN_TIME;
    if (time_parse(value, &v.date, &f.time, &v.number))
        return f;
    f.kind = COLUMN_IPV4;
    if (ipv4_parse(value, &v.number))
        return f;
    f.kind = COLUMN_UUID;
    if (uuid_parse(value, NULL))
        return f;
    if (is_hex_form(value, &f) || is_prefixed_form(value, &f))
        return f;
    return (struct column_form){.kind = COLUMN_TEXT};
}

static size_t count_fitting(const struct column_values *values, const struct column_form *form,
                            size_t n)
{
    struct parsed_value v = {0};
    size_t fitting = 0;
    for (size_t i = 0; i < n; i++)
        fitting += column_form_parse(form, value_at(values, i * values->n / n), &v, NULL);
    return fitting;
}

/* Takes the form if it fits more values of a sample than the best until now. */
static void compare_form(const struct column_values *values, const struct column_form *form,
                         size_t n, size_t *best, struct column_form *likely)
{
    size_t fitting = form->kind == COLUMN_TEXT || *best == n ? 0 : count_fitting(values, form, n);
    if (fitting > *best) {
        *best = fitting;
        *likely = *form;
    }
}

/* The form that fits most values of a sample; those of a few are tried, from different places of it. A
 * number may have zeros in front that this one does not need, and hex another length. */
struct column_form column_form_likely(const struct column_values *values)
{
    enum { TRIES = 4 };
    size_t n = min_of(values->n, (size_t)SAMPLE), best = n * 3 / 4;
    struct column_form likely = {.kind = COLUMN_TEXT}, varying = likely;
    for (size_t try = 0; try < TRIES && best < n; try++) {
        struct str value = value_at(values, try * values->n / TRIES);
        struct column_form form = form_of(value);
        compare_form(values, &form, n, &best, &likely);
        if (form.kind == COLUMN_INTEGER) {
            form.digits = (unsigned)(value.len - form.prefix.len);
            compare_form(values, &form, n, &best, &likely);
        } else if (form.kind == COLUMN_HEX) {
            varying = form;
            varying.digits = 0;
        }
    }
    if (likely.kind == COLUMN_TEXT)
        compare_form(values, &varying, n, &best, &likely);
    return likely;
}
