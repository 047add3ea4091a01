/*
 * The fields of a line, which flatten.h and logfmt.h give in the order of the line, as members of a document.
 *
 *     {"a":{"b":1},"tags":["x"],"a.b":null}    ─▶    "fields":{"a":{"b":"1"},"tags":["x"]}
 *
 *  1. Names and texts that are valid JSON stay as they are written; of those with half of a surrogate pair the
 *     backslashes are text.
 *  2. Of a name that an object has twice the last counts, as for `sluice grep`.
 *  3. Null, empty objects and arrays, and what is beyond the bounds, are left out: the line has them.
 *  4. Below ELASTIC_DEPTH_MAX an object is a text.
 */
#include "base/ascii.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/line/format.h"
#include "formats/line/json_text.h"
#include "formats/push/elastic_parts.h"

enum form { FORM_NONE, FORM_VALUE, FORM_OPEN };

void elastic_field_writer_free(struct elastic_field_writer *w)
{
    buf_free(&w->plain);
    buf_free(&w->name);
}

/* What is to be written, and how far it is. */
struct writing {
    struct elastic_field_writer *w;
    const struct fields *fields;
    enum elastic_fields how;
    bool is_json; /* else logfmt: names have no escapes */
    struct str line;
    size_t n_values;
    struct buf *b;
    bool need_comma;
    uint32_t open[ELASTIC_DEPTH_MAX];
    size_t depth; /* of .open */
};

/* ---- what is written ---- */

/* As it is meant, to be compared. */
static struct str meaning_of_name(struct writing *w, struct str name)
{
    const char *at = name.ptr, *end = name.ptr + name.len + 1;
    if (!w->is_json || str_find_byte(name, '\\') == SIZE_MAX || end > w->line.ptr + w->line.len)
        return name;
    buf_reset(&w->w->name);
    char *to = buf_reserve(&w->w->name, name.len + 1 + JSON_TEXT_SLACK);
    char *to_end = to ? json_unescape(&at, end, to) : NULL;
    return to_end ? str_of(to, (size_t)(to_end - to)) : name;
}

static bool is_name_taken(struct writing *w, const struct field *f)
{
    struct str name = meaning_of_name(w, f->name);
    bool is_at_top = f->parent == FIELD_TOP && w->how == ELASTIC_EXPAND;
    return is_elastic_name(name) && !(is_at_top && is_elastic_own(name)) &&
           elastic_names_add(&w->w->names, f->parent, name);
}

static enum form form_of(const struct writing *w, uint32_t i)
{
    const struct field *f = &w->fields->items[i];
    if (f->kind == FIELD_NULL)
        return FORM_NONE;
    bool is_container = f->kind == FIELD_OBJECT || f->kind == FIELD_ARRAY;
    if (is_container && field_is_leaf(w->fields, i))
        return FORM_NONE;
    if (is_container && w->w->depths[i] <= ELASTIC_DEPTH_MAX)
        return FORM_OPEN;
    bool is_within = f->value.len <= ELASTIC_VALUE_BYTES_MAX && w->n_values < ELASTIC_VALUES_MAX;
    return is_within ? FORM_VALUE : FORM_NONE;
}

/* From the last to the first: what is there twice. */
static void choose_names(struct writing *w)
{
    elastic_names_reset(&w->w->names);
    for (size_t i = w->fields->n; i-- > 0;) {
        const struct field *f = &w->fields->items[i];
        bool is_good = f->name.ptr ? is_name_taken(w, f) : f->parent != FIELD_TOP;
        w->w->forms[i] = is_good ? FORM_VALUE : FORM_NONE;
    }
}

static void choose_forms(struct writing *w)
{
    for (uint32_t i = 0; i < w->fields->n; i++) {
        uint32_t parent = w->fields->items[i].parent;
        bool is_top = parent == FIELD_TOP;
        w->w->depths[i] = is_top ? 1 : (uint8_t)(w->w->depths[parent] + 1);
        bool is_inside = is_top || w->w->forms[parent] == FORM_OPEN;
        if (w->w->forms[i] != FORM_NONE)
            w->w->forms[i] = is_inside ? (uint8_t)form_of(w, i) : FORM_NONE;
        w->n_values += w->w->forms[i] == FORM_VALUE;
    }
}

/* ---- writing ---- */

static size_t digits_front(struct str s)
{
    size_t n = 0;
    while (n < s.len && n < 4 && is_hex(s.ptr[n]))
        n++;
    return n;
}

static bool is_half(struct str digits, const char *second)
{
    char c = byte_at(digits, 1);
    return (byte_at(digits, 0) | 0x20) == 'd' && c && strchr(second, c | 0x20);
}

/* Behind a \u. Half of a pair alone, which programs leave that cut texts, can be read but not written again: on it
 * pipelines of Elasticsearch fail. */
static bool take_unit(struct str *text)
{
    if (digits_front(*text) < 4)
        return false;
    bool is_high = is_half(*text, "89ab"), is_low = is_half(*text, "cdef");
    *text = str_slice(*text, 4, SIZE_MAX);
    if (!is_high)
        return !is_low;
    bool is_pair =
        take_prefix(text, STR("\\u")) && digits_front(*text) == 4 && is_half(*text, "cdef");
    *text = str_slice(*text, 4, SIZE_MAX);
    return is_pair;
}

/* By the grammar of JSON, which logfmt does not ask for, and of whole characters. */
static bool has_good_escapes(struct str text)
{
    for (size_t at; (at = str_find_byte(text, '\\')) != SIZE_MAX;) {
        char c = byte_at(text, at + 1);
        text = str_slice(text, at + 2, SIZE_MAX);
        if (c == 0 || !strchr("\"\\/bfnrtu", c) || (c == 'u' && !take_unit(&text)))
            return false;
    }
    return true;
}

static void put_text(struct buf *b, struct str text, bool is_escaped)
{
    if (is_escaped && has_good_escapes(text))
        put_json_escaped(b, text);
    else
        put_json(b, text);
}

/* Such as JSON has it: no "007", no ".5". */
static bool is_json_number(struct str s)
{
    take_prefix(&s, STR("-"));
    return is_digit(byte_at(s, 0)) && !(s.ptr[0] == '0' && is_digit(byte_at(s, 1)));
}

static void put_value(struct writing *w, const struct field *f)
{
    bool is_true = f->kind == FIELD_BOOL && f->value.len == 0; /* a name alone, in logfmt */
    struct str value = is_true ? STR("true") : f->value;
    bool is_bare = w->how == ELASTIC_EXPAND &&
                   (f->kind == FIELD_BOOL || (f->kind == FIELD_NUMBER && is_json_number(value)));
    if (is_bare)
        buf_add(w->b, value);
    else
        put_text(w->b, value, f->kind == FIELD_STRING && f->escapes > 0);
}

static void close_last(struct writing *w)
{
    const struct field *f = &w->fields->items[w->open[--w->depth]];
    buf_add_byte(w->b, f->kind == FIELD_OBJECT ? '}' : ']');
    w->need_comma = true;
}

static void put_member(struct writing *w, uint32_t i)
{
    const struct field *f = &w->fields->items[i];
    while (w->depth > 0 && w->open[w->depth - 1] != f->parent)
        close_last(w);
    if (w->need_comma)
        buf_add_byte(w->b, ',');
    w->need_comma = true;
    if (f->name.ptr) {
        put_text(w->b, f->name, w->is_json);
        buf_add_byte(w->b, ':');
    }
    if (w->w->forms[i] == FORM_VALUE) {
        put_value(w, f);
        return;
    }
    buf_add_byte(w->b, f->kind == FIELD_OBJECT ? '{' : '[');
    w->open[w->depth++] = i;
    w->need_comma = false;
}

bool elastic_put_fields(struct elastic_field_writer *writer, enum elastic_fields how,
                        struct str line, struct buf *body)
{
    struct fields fields = {.items = writer->room, .max = countof(writer->room)};
    enum named_fields named = line_named_fields(line, &fields, &writer->plain);
    struct writing w = {.w = writer,
                        .fields = &fields,
                        .how = how,
                        .is_json = named == NAMED_JSON,
                        .line = line,
                        .b = body,
                        .need_comma = how == ELASTIC_EXPAND};
    if (named == NAMED_NONE)
        return false;
    choose_names(&w);
    choose_forms(&w);
    if (w.n_values == 0)
        return false;
    if (how == ELASTIC_FLATTENED)
        buf_add(body, STR(",\"fields\":{"));
    for (uint32_t i = 0; i < fields.n; i++)
        if (writer->forms[i] != FORM_NONE)
            put_member(&w, i);
    while (w.depth > 0)
        close_last(&w);
    if (how == ELASTIC_FLATTENED)
        buf_add_byte(body, '}');
    return true;
}
