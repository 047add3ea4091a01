#include "formats/line/logfmt.h"

#include "base/ascii.h"
#include "formats/line/json.h"

static bool begins_name(char c)
{
    return is_letter(c) || c == '_' || c == '@' || c == '.';
}

static bool is_in_name(char c)
{
    return (unsigned char)c > ' ' && c != '=' && c != '"' && c != '\x7f';
}

static struct str take_name(struct str *s)
{
    size_t n = 0;
    if (s->len == 0 || !begins_name(s->ptr[0]))
        return (struct str){0};
    while (n < s->len && is_in_name(s->ptr[n]))
        n++;
    struct str name = str_of(s->ptr, n);
    *s = str_slice(*s, n, s->len);
    return name;
}

/* Behind its opening quote. */
static struct str take_quoted(struct str *s)
{
    size_t n = (size_t)(json_string_end(s->ptr, s->ptr + s->len) - s->ptr);
    struct str value = str_of(s->ptr, n);
    *s = str_slice(*s, n + 1, s->len);
    return value;
}

static struct str take_bare(struct str *s)
{
    size_t n = 0;
    while (n < s->len && !is_blank(s->ptr[n]) && s->ptr[n] != '\n')
        n++;
    struct str value = str_of(s->ptr, n);
    *s = str_slice(*s, n, s->len);
    return value;
}

static bool is_number(struct str s)
{
    size_t n = s.len > 0 && s.ptr[0] == '-', digits = 0, dots = 0;
    for (; n < s.len; n++) {
        bool is_number = is_digit(s.ptr[n]);
        if (!is_number && s.ptr[n] != '.')
            return false;
        digits += is_number;
        dots += !is_number;
    }
    return digits > 0 && dots <= 1 && s.ptr[s.len - 1] != '.';
}

static uint8_t kind_of(struct str bare)
{
    if (is_number(bare))
        return FIELD_NUMBER;
    if (str_equal(bare, STR("true")) || str_equal(bare, STR("false")))
        return FIELD_BOOL;
    return str_equal(bare, STR("null")) || str_equal(bare, STR("<nil>")) ? FIELD_NULL
                                                                         : FIELD_STRING;
}

/* "=value" behind a name. */
static void take_value(struct str *s, struct field *field)
{
    if (take_prefix(s, STR("\""))) {
        field->value = take_quoted(s);
        field->escapes = 1;
    } else {
        field->value = take_bare(s);
        field->kind = kind_of(field->value);
    }
}

static void skip_white(struct str *s)
{
    size_t n = 0;
    while (n < s->len && is_white(s->ptr[n]))
        n++;
    *s = str_slice(*s, n, s->len);
}

/* Takes what stands at the front of *s; false if it is neither pair nor name. */
static bool take_one(struct str *s, struct fields *fields, bool *is_pair)
{
    struct field field = {.parent = FIELD_TOP, .kind = FIELD_STRING};
    field.name = take_name(s);
    if (field.name.len == 0)
        return false;
    *is_pair = take_prefix(s, STR("="));
    if (*is_pair) {
        take_value(s, &field);
    } else {
        field.kind = FIELD_BOOL;
        field.value = str_of(s->ptr, 0);
    }
    if (s->len > 0 && !is_white(s->ptr[0]))
        return false; /* a"b */
    fields_add(fields, &field);
    skip_white(s);
    return true;
}

static bool take_all(struct str s, size_t least, struct fields *fields)
{
    const struct fields before = *fields;
    size_t pairs = 0, names = 0;
    bool is_pair, is_good = true;
    skip_white(&s);
    while (is_good && s.len > 0) {
        is_good = take_one(&s, fields, &is_pair) && (is_pair || least == 1 || pairs >= least);
        pairs += is_good && is_pair;
        names += is_good && !is_pair;
    }
    if (is_good && pairs >= least && names <= pairs)
        return true;
    *fields = before;
    return false;
}

bool logfmt_take_line(struct str line, struct fields *fields)
{
    return take_all(line, 2, fields);
}

bool logfmt_take_pairs(struct str text, struct fields *fields)
{
    return take_all(text, 1, fields);
}
