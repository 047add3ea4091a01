#include "formats/line/fields.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "formats/line/json_text.h"

bool fields_add(struct fields *fields, const struct field *field)
{
    if (fields->n == fields->max) {
        fields->is_cut = true;
        return false;
    }
    fields->items[fields->n++] = *field;
    return true;
}

static bool is_word_byte(char c)
{
    return is_alnum(c) || c == '_' || c == '@' || c == '$' || (unsigned char)c >= 0x80;
}

/* A name that can stand between dots as it is. */
static bool is_plain_word(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_word_byte(name.ptr[i]))
            return false;
    }
    return name.len > 0;
}

static void put_step(const struct field *field, bool is_first, struct buf *out)
{
    if (!field->name.ptr) {
        buf_print(out, "[%u]", (unsigned)field->at);
    } else if (is_plain_word(field->name)) {
        buf_print(out, "%s%.*s", is_first ? "" : ".", STR_ARG(field->name));
    } else {
        buf_add(out, STR("[\""));
        buf_add(out, field->name);
        buf_add(out, STR("\"]"));
    }
}

void fields_put_path(const struct fields *fields, size_t i, struct buf *out)
{
    uint32_t steps[FIELDS_DEPTH + 2];
    size_t n = 0;
    for (uint32_t at = (uint32_t)i; at != FIELD_TOP && n < countof(steps);
         at = fields->items[at].parent)
        steps[n++] = at;
    for (size_t k = n; k-- > 0;) {
        const struct field *f = &fields->items[steps[k]];
        put_step(f, k == n - 1, out);
    }
}

bool field_is_leaf(const struct fields *fields, size_t i)
{
    return i + 1 == fields->n || fields->items[i + 1].parent != i;
}

const struct field *fields_find(const struct fields *fields, struct str path)
{
    defer(buf_free) struct buf own = {0};
    for (size_t i = fields->n; i-- > 0;) {
        buf_reset(&own);
        fields_put_path(fields, i, &own);
        if (str_equal(buf_str(&own), path))
            return &fields->items[i];
    }
    return NULL;
}

/* As a JSON string ends, and without the tabs that rule 3 of flatten.h allows in one. */
static void put_strict(struct str text, struct buf *out)
{
    for (size_t at; (at = str_find_byte(text, '\t')) != SIZE_MAX;) {
        buf_add(out, str_slice(text, 0, at));
        buf_add(out, STR("\\t"));
        text = str_slice(text, at + 1, text.len);
    }
    buf_add(out, text);
    buf_add_byte(out, '"');
}

/* Puts what text means into out; false if it is not the content of a JSON string. */
static bool remove_layer(struct str text, struct buf *out)
{
    defer(buf_free) struct buf strict = {.max = out->max};
    put_strict(text, &strict);
    buf_reset(out);
    char *to = strict.over ? NULL : buf_reserve(out, strict.len + JSON_TEXT_SLACK);
    if (!to)
        return false;
    const char *at = strict.ptr, *end = strict.ptr + strict.len;
    char *to_end = json_unescape(&at, end, to);
    if (!to_end || at + 1 != end)
        return false;
    out->len = (size_t)(to_end - to);
    return true;
}

struct str field_text(const struct field *field, struct buf *scratch)
{
    defer(buf_free) struct buf layer = {.max = scratch->max};
    buf_reset(scratch);
    if (field->escapes == 0 || str_find_byte(field->value, '\\') == SIZE_MAX)
        return field->value;
    buf_add(scratch, field->value);
    for (unsigned i = 0; i < field->escapes; i++) {
        if (!remove_layer(buf_str(scratch), &layer))
            return field->value;
        buf_reset(scratch);
        buf_add(scratch, buf_str(&layer));
    }
    return buf_str(scratch);
}

const char *field_kind_name(unsigned kind)
{
    static const char *const names[FIELD_KINDS] = {
        "string", "number", "bool", "null", "object", "array",
    };
    return kind < FIELD_KINDS ? names[kind] : "?";
}
