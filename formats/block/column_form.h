/*
 * What the values of a column look like, for column_encode.c: the kind that they are of, and its parameters.
 * A value that is not of the form is an exception (column.h).
 */
#ifndef FORMATS_BLOCK_COLUMN_FORM_H
#define FORMATS_BLOCK_COLUMN_FORM_H

#include "formats/block/column_parts.h"
#include "formats/block/shape.h"

struct column_values {
    const char *lines;
    const struct extent *items; /* where each stands in the lines */
    size_t n;
};

static inline struct str value_at(const struct column_values *values, size_t i)
{
    return str_of(values->lines + values->items[i].at, values->items[i].len);
}

struct column_form {
    enum column_kind kind;
    unsigned digits; /* INTEGER: of all, if there are zeros in front, else 1; HEX; 0: they vary */
    bool is_upper;   /* HEX */
    struct time_form time;
    struct str prefix; /* INTEGER, HEX, UUID: what all begin with; it stands in the lines */
};

/* A value as its form says. The zero value at first. */
struct parsed_value {
    uint64_t number;       /* HEX: digits */
    unsigned places;       /* DECIMAL */
    struct time_date date; /* TIME: of the last value */
};

static inline bool column_form_has_numbers(const struct column_form *form)
{
    return form->kind == COLUMN_INTEGER || form->kind == COLUMN_DECIMAL ||
           form->kind == COLUMN_TIME || form->kind == COLUMN_IPV4;
}

static inline bool column_form_is_varying_hex(const struct column_form *form)
{
    return form->kind == COLUMN_HEX && form->digits == 0;
}

/* That a value takes in STREAM_BINARY. */
static inline size_t column_form_bytes(const struct column_form *form, const struct parsed_value *v)
{
    return form->kind == COLUMN_HEX       ? hex_bytes((unsigned)v->number)
           : form->kind == COLUMN_UUID    ? UUID_BYTES
           : form->kind == COLUMN_DECIMAL ? 1
                                          : 0;
}

/* False: the value is not of that form. bytes has room for HEX_DIGITS_MAX / 2, or is NULL. */
bool column_form_parse(const struct column_form *form, struct str value, struct parsed_value *v,
                       char *bytes);
/* The form of most values in a sample; TEXT if there is none. */
struct column_form column_form_likely(const struct column_values *values);

#endif
