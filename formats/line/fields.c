#include "formats/line/fields.h"

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
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '@' || c == '$' || (unsigned char)c >= 0x80;
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

static void put_step(const struct field *field, bool is_item, bool is_first, struct buf *out)
{
    if (is_item) {
        buf_print(out, "[%u]", (unsigned)field->at);
    } else if (is_plain_word(field->name)) {
        buf_print(out, "%s%.*s", is_first ? "" : ".", STR_ARG(field->name));
    } else {
        buf_add(out, STR("[\""));
        buf_add(out, field->name);
        buf_add(out, STR("\"]"));
    }
}

/* Items of arrays have no name, but neither has {"":1}. */
static bool is_item_of_array(const struct fields *fields, const struct field *field)
{
    return field->parent != FIELD_TOP && fields->items[field->parent].kind == FIELD_ARRAY;
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
        put_step(f, is_item_of_array(fields, f), k == n - 1, out);
    }
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

/* One layer of escapes less; false if what is written is not JSON. */
static bool remove_layer(struct buf *text, struct buf *scratch)
{
    buf_reset(scratch);
    buf_add_byte(text, '"');
    char *to = buf_reserve(scratch, text->len + JSON_TEXT_SLACK);
    if (!to || text->over)
        return false;
    const char *at = text->ptr, *end = text->ptr + text->len;
    char *to_end = json_unescape(&at, end, to);
    if (!to_end || at + 1 != end)
        return false;
    scratch->len = (size_t)(to_end - to);
    return true;
}

struct str field_text(const struct field *field, struct buf *scratch)
{
    if (field->escapes == 0 || str_find_byte(field->value, '\\') == SIZE_MAX)
        return field->value;
    defer(buf_free) struct buf written = {0};
    buf_add(&written, field->value);
    for (unsigned layer = 0; layer < field->escapes; layer++) {
        if (!remove_layer(&written, scratch))
            return field->value;
        buf_reset(&written);
        buf_add(&written, buf_str(scratch));
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
