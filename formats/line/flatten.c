#include "formats/line/flatten.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "formats/line/json.h"
#include "formats/line/json_special.h"

enum { NO_FIELD = UINT32_MAX, UNICODE_DIGITS = 4, QUOTE_MAX = 8 };

/* An object or array that is open. */
struct opened {
    uint32_t field; /* its own, or NO_FIELD if there was no room for it */
    uint32_t n;     /* members so far */
    char close;
};

/* A quote as it is written below so many layers of escapes: " \" \\\" */
struct quote {
    uint64_t bytes, mask; /* as they lie in memory; only where the mask is */
    size_t len;
};

/*
 * What is read stands in `at`, which the functions below take and give back moved on; NULL where it is
 * not what was to be read, and then .bad_at says where. That keeps it in a register.
 */
struct flat {
    const char *end, *bad_at;
    struct quote quote;
    struct fields *fields;
    unsigned layer;     /* of escapes on the text */
    bool is_inner;      /* the text is a string of JSON: its own strings are not gone into */
    unsigned depth;     /* of .opened */
    struct field spare; /* what no room is left for is written here */
    struct opened opened[FIELDS_DEPTH];
};

static const char *bad(struct flat *f, const char *at)
{
    f->bad_at = at;
    return NULL;
}

/* The length of a line end or tab between two tokens that some of the layers around have escaped, such
 * as \n and \\n; 0 if there is none. */
static size_t escaped_blank(const struct flat *f, const char *at)
{
    size_t run = 0, most = (size_t)1 << f->layer >> 1;
    while (run < most && at + run < f->end && at[run] == '\\')
        run++;
    if (at + run == f->end || run == 0 || (run & (run - 1)) != 0)
        return 0;
    return at[run] == 'n' || at[run] == 't' || at[run] == 'r' ? run + 1 : 0;
}

static const char *skip_some_white(const struct flat *f, const char *at)
{
    while (at < f->end) {
        size_t len = is_white(*at) ? 1 : escaped_blank(f, at);
        if (len == 0)
            return at;
        at += len;
    }
    return at;
}

static inline const char *skip_white(const struct flat *f, const char *at)
{
    if (at < f->end && (unsigned char)*at > ' ' && *at != '\\')
        return at;
    return skip_some_white(f, at);
}

/* The four digits behind "\u"; -1 if they are none. */
static int take_unicode(const char **at, const char *end)
{
    int code = 0;
    if (end - *at < UNICODE_DIGITS)
        return -1;
    for (unsigned i = 0; i < UNICODE_DIGITS; i++) {
        int digit = hex_value((*at)[i]);
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    *at += UNICODE_DIGITS;
    return code;
}

/* What "\c" means, with *at behind c; -1 if it is no escape. */
static int meaning_of_escape(int c, const char **at, const char *end)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'u':
        return take_unicode(at, end);
    default:
        return -1;
    }
}

enum in_string { STRING_GOES_ON, STRING_ENDS, STRING_IS_BAD };

/*
 * A run of backslashes in a string, and the byte behind it. Each layer around halves the run and, if
 * it was odd, gives the byte another meaning; what is left is read as the string's own escape:
 *
 *     one layer:   \"  ends it     \\\"  is \"     \\n  is \n     \u003c  is <
 *
 * A quote or backslash that a layer around wrote as \u0022 or \u005c is not looked through: bad.
 */
static enum in_string read_run(const struct flat *f, const char **at, const char **content_end)
{
    const char *from = *at, *end = f->end;
    while (*at < end && **at == '\\')
        ++*at;
    if (*at == end)
        return STRING_IS_BAD;
    size_t run = (size_t)(*at - from);
    *content_end = *at + 1 - f->quote.len;
    int c = (unsigned char)*(*at)++;
    for (unsigned layer = 0; layer < f->layer; layer++, run /= 2) {
        bool is_escape = run % 2 == 1, is_quote = c == '"';
        if (is_escape)
            c = meaning_of_escape(c, at, end);
        if (c < 0 || c == '\\' || (c == '"' && !(is_escape && is_quote)))
            return STRING_IS_BAD;
    }
    if (run % 2 == 1)
        return meaning_of_escape(c, at, end) < 0 ? STRING_IS_BAD : STRING_GOES_ON;
    if (c == '"')
        return STRING_ENDS;
    return c < ' ' && c != '\t' ? STRING_IS_BAD : STRING_GOES_ON;
}

/* At a quote, backslash or control character that does not simply end the string. */
static enum in_string read_special(const struct flat *f, const char **at, const char **content_end)
{
    if (**at == '\\')
        return read_run(f, at, content_end);
    return *(*at)++ == '\t' ? STRING_GOES_ON : STRING_IS_BAD;
}

static bool is_quote_near_end(const struct flat *f, const char *at)
{
    return (size_t)(f->end - at) >= f->quote.len && memcmp(at, &f->quote.bytes, f->quote.len) == 0;
}

/* Is the quote of this layer next? */
static inline bool is_quote(const struct flat *f, const char *at)
{
    uint64_t word;
    if (f->end - at < QUOTE_MAX)
        return is_quote_near_end(f, at);
    memcpy(&word, at, sizeof word);
    return ((word ^ f->quote.bytes) & f->quote.mask) == 0;
}

/* Behind its opening quote. */
static inline const char *read_content(struct flat *f, const char *at, struct str *content)
{
    const char *from = at, *content_end = at;
    for (enum in_string state = STRING_GOES_ON; state == STRING_GOES_ON;) {
        at = json_special(at, f->end);
        if (is_quote(f, at)) {
            *content = str_of(from, (size_t)(at - from));
            return at + f->quote.len;
        }
        state = at == f->end ? STRING_IS_BAD : read_special(f, &at, &content_end);
        if (state == STRING_IS_BAD)
            return bad(f, at);
    }
    *content = str_of(from, (size_t)(content_end - from));
    return at;
}

static inline const char *read_string(struct flat *f, const char *at, struct str *content)
{
    if (!is_quote(f, at)) {
        at = skip_some_white(f, at);
        if (!is_quote(f, at))
            return bad(f, at);
    }
    return read_content(f, at + f->quote.len, content);
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static bool is_either(const char *at, const char *end, char a, char b)
{
    return at < end && (*at == a || *at == b);
}

/* One digit and more. */
static const char *read_digits(struct flat *f, const char *at)
{
    const char *behind = skip_digits(at, f->end);
    return behind > at ? behind : bad(f, at);
}

static const char *read_number(struct flat *f, const char *at)
{
    const char *end = f->end;
    at += is_either(at, end, '-', '-');
    at = is_either(at, end, '0', '0') ? at + 1 : read_digits(f, at);
    if (at && is_either(at, end, '.', '.'))
        at = read_digits(f, at + 1);
    if (at && is_either(at, end, 'e', 'E')) {
        at++;
        at = read_digits(f, at + is_either(at, end, '+', '-'));
    }
    return at;
}

/* Behind the bracket of a container that lies too deep; what is in it is not judged. */
static const char *skip_container(struct flat *f, const char *at)
{
    size_t depth = 1, before_quote = f->quote.len - 1;
    while (depth > 0) {
        const char *from = at;
        at = json_find_bracket(at, f->end);
        if (at == f->end)
            return bad(f, at);
        if (*at == '"') {
            struct str content;
            if ((size_t)(at - from) < before_quote)
                return bad(f, at);
            at = read_string(f, at - before_quote, &content);
            if (!at)
                return NULL;
        } else {
            depth += (*at == '{' || *at == '[') ? 1 : (size_t)-1;
            at++;
        }
    }
    return at;
}

/* Where the next field is made. */
static inline struct field *next_field(struct flat *f)
{
    return f->fields->n < f->fields->max ? &f->fields->items[f->fields->n] : &f->spare;
}

/* That one counts; its number. */
static inline uint32_t keep_field(struct flat *f)
{
    if (f->fields->n < f->fields->max)
        return (uint32_t)f->fields->n++;
    f->fields->is_cut = true;
    return NO_FIELD;
}

static const char *open_container(struct flat *f, const char *at, struct field *field)
{
    bool is_object = *at == '{';
    field->kind = is_object ? FIELD_OBJECT : FIELD_ARRAY;
    field->escapes = (uint8_t)f->layer;
    field->value = str_of(at, 0);
    uint32_t own = keep_field(f);
    if (f->depth < FIELDS_DEPTH) {
        f->opened[f->depth++] = (struct opened){.field = own, .close = is_object ? '}' : ']'};
        return at + 1;
    }
    f->fields->is_cut = true;
    const char *behind = skip_container(f, at + 1);
    if (behind)
        field->value.len = (size_t)(behind - at);
    return behind;
}

/* Behind its bracket. */
static void close_container(struct flat *f, const char *at)
{
    const struct opened *top = &f->opened[--f->depth];
    if (f->depth > 0 && top->field != NO_FIELD) {
        struct str *value = &f->fields->items[top->field].value;
        value->len = (size_t)(at - value->ptr);
    }
}

static void flatten_inner(const struct flat *outer, struct str text, uint32_t parent);

static bool may_hold_json(struct str content)
{
    return content.len >= 2 && ((content.ptr[0] == '{' && content.ptr[content.len - 1] == '}') ||
                                (content.ptr[0] == '[' && content.ptr[content.len - 1] == ']'));
}

/* Behind its quote. */
static inline const char *read_string_value(struct flat *f, const char *at, struct field *field)
{
    at = read_content(f, at, &field->value);
    if (!at)
        return NULL;
    field->kind = FIELD_STRING;
    field->escapes = (uint8_t)(f->layer + 1);
    uint32_t own = keep_field(f);
    if (own != NO_FIELD && !f->is_inner && may_hold_json(field->value))
        flatten_inner(f, field->value, own);
    return at;
}

static bool is_word(const struct flat *f, const char *at, struct str word)
{
    return (size_t)(f->end - at) >= word.len && memcmp(at, word.ptr, word.len) == 0;
}

static const char *read_plain_value(struct flat *f, const char *at, struct field *field)
{
    static const struct {
        struct str word;
        uint8_t kind;
    } words[] = {
        {STR_INIT("null"), FIELD_NULL},
        {STR_INIT("true"), FIELD_BOOL},
        {STR_INIT("false"), FIELD_BOOL},
    };
    const char *from = at;
    size_t i = 0;
    field->kind = FIELD_NUMBER;
    if (at < f->end && *at >= 'a') {
        while (i < countof(words) && !is_word(f, at, words[i].word))
            i++;
        if (i == countof(words))
            return bad(f, at);
        field->kind = words[i].kind;
        at += words[i].word.len;
    } else {
        at = read_number(f, at);
        if (!at)
            return NULL;
    }
    field->escapes = (uint8_t)f->layer;
    field->value = str_of(from, (size_t)(at - from));
    keep_field(f);
    return at;
}

static inline const char *read_value(struct flat *f, const char *at, struct field *field)
{
    if (!is_quote(f, at))
        at = skip_white(f, at);
    if (is_quote(f, at))
        return read_string_value(f, at + f->quote.len, field);
    if (is_either(at, f->end, '{', '['))
        return open_container(f, at, field);
    return read_plain_value(f, at, field);
}

static inline const char *read_member(struct flat *f, const char *at, struct opened *top)
{
    struct field *field = next_field(f);
    field->name = (struct str){0};
    field->parent = top->field;
    field->at = top->n++;
    if (top->close == '}') {
        at = read_string(f, at, &field->name);
        if (!at)
            return NULL;
        at = skip_white(f, at);
        if (!is_either(at, f->end, ':', ':'))
            return bad(f, at);
        at++;
    }
    return read_value(f, at, field);
}

/* From the bracket of an object or array to its end; its members belong to parent. */
static bool read_all(struct flat *f, const char *at, uint32_t parent)
{
    f->opened[f->depth++] = (struct opened){.field = parent, .close = *at++ == '{' ? '}' : ']'};
    while (f->depth > 0) {
        struct opened *top = &f->opened[f->depth - 1];
        at = skip_white(f, at);
        char c = at < f->end ? *at : 0;
        if (c == top->close) {
            close_container(f, ++at);
            continue;
        }
        if (top->n > 0 && c != ',')
            return bad(f, at) != NULL;
        at = read_member(f, at + (top->n > 0), top);
        if (!at)
            return false;
    }
    at = skip_white(f, at);
    if (at < f->end)
        bad(f, at);
    return at == f->end;
}

static void start(struct flat *f, struct str text, unsigned layer, struct fields *fields)
{
    static const char quote[QUOTE_MAX + 1] = "\\\\\\\\\\\\\\\"";
    f->end = text.ptr + text.len;
    f->bad_at = NULL;
    f->quote = (struct quote){.len = (size_t)1 << layer};
    memcpy(&f->quote.bytes, quote + QUOTE_MAX - f->quote.len, f->quote.len);
    memset(&f->quote.mask, 0xff, f->quote.len);
    f->fields = fields;
    f->layer = layer;
    f->is_inner = false;
    f->depth = 0;
}

/* JSON in a string counts if all of it is. */
static void flatten_inner(const struct flat *outer, struct str text, uint32_t parent)
{
    const struct fields before = *outer->fields;
    struct flat f;
    start(&f, text, outer->layer + 1, outer->fields);
    f.is_inner = true;
    if (!read_all(&f, text.ptr, parent))
        *outer->fields = before;
}

bool flatten_json(struct str text, unsigned escapes, struct fields *fields,
                  struct flatten_result *result)
{
    struct flat f;
    *result = (struct flatten_result){.bad_at = SIZE_MAX};
    if (text.len == 0)
        return false;
    start(&f, text, escapes, fields);
    const char *at = skip_white(&f, text.ptr);
    if (!is_either(at, f.end, '{', '['))
        return false;
    result->is_whole = read_all(&f, at, FIELD_TOP);
    if (!result->is_whole)
        result->bad_at = (size_t)(f.bad_at - text.ptr);
    return true;
}
