#include "formats/line/format.h"

#include "base/mem.h"
#include "formats/line/colours.h"
#include "formats/line/flatten.h"
#include "formats/line/json_dialects.h"
#include "formats/line/layout.h"
#include "formats/line/logfmt.h"
#include "formats/line/text_layouts.h"

#include <stdio.h>
#include <stdlib.h>

struct line_formats {
    size_t names_n;
    const char **names;      /* literals */
    struct layout layouts[]; /* text_layouts_n */
};

static void add_name(struct line_formats *formats, struct str name)
{
    if (!line_formats_has(formats, name))
        formats->names[formats->names_n++] = name.ptr;
}

struct line_formats *line_formats_open(void)
{
    struct line_formats *formats =
        mem_alloc(sizeof *formats + text_layouts_n * sizeof formats->layouts[0]);
    formats->names = mem_array(const char *, json_dialects_n + text_layouts_n + 1);
    for (size_t i = 0; i < json_dialects_n; i++)
        add_name(formats, json_dialects[i].name);
    add_name(formats, STR("logfmt"));
    for (size_t i = 0; i < text_layouts_n; i++) {
        struct err err;
        add_name(formats, text_layouts[i].name);
        if (!layout_read(&formats->layouts[i], text_layouts[i].layout, &err)) {
            fprintf(stderr, "layout %.*s: %s\n", STR_ARG(text_layouts[i].name), err.text);
            abort();
        }
    }
    return formats;
}

void line_formats_close(struct line_formats **formats)
{
    if (!*formats)
        return;
    for (size_t i = 0; i < text_layouts_n; i++)
        layout_free(&(*formats)->layouts[i]);
    mem_free(&(*formats)->names);
    mem_free(formats);
}

bool line_formats_has(const struct line_formats *formats, struct str name)
{
    for (size_t i = 0; i < formats->names_n; i++) {
        if (str_equal(str_from(formats->names[i]), name))
            return true;
    }
    return false;
}

const char *const *line_formats_names(const struct line_formats *formats, size_t *n)
{
    *n = formats->names_n;
    return formats->names;
}

/* --- lines of JSON --- */

static bool is_named(const struct format_memory *memory, struct str name)
{
    return memory->named.len > 0 && str_equal(memory->named, name);
}

static struct str dialect_of(const struct format_memory *memory, const struct fields *fields)
{
    struct str first = {0};
    for (size_t i = 0; i < json_dialects_n; i++) {
        const struct json_dialect *dialect = &json_dialects[i];
        bool is_wanted = is_named(memory, dialect->name);
        if ((first.len == 0 || is_wanted) && json_dialect_fits(dialect, fields)) {
            if (is_wanted)
                return dialect->name;
            first = dialect->name;
        }
    }
    return first;
}

/* Objects count as far as they go, arrays only as a whole: "[main] ready" is none. */
static bool take_json(struct str line, struct fields *fields)
{
    struct flatten_result result;
    const struct fields before = *fields;
    if (!flatten_json(line, 0, fields, &result))
        return false;
    if (result.is_whole || (str_starts(line, STR("{")) && fields->n > 0))
        return true;
    *fields = before;
    return false;
}

/* --- lines of text --- */

static bool take_layout(const struct line_formats *formats, size_t row, struct str line,
                        struct fields *fields)
{
    return layout_take(&formats->layouts[row], line, fields);
}

static bool take_named(const struct line_formats *formats, struct str line,
                       const struct format_memory *memory, struct fields *fields)
{
    for (size_t row = 0; memory->named.len > 0 && row < text_layouts_n; row++) {
        if (is_named(memory, text_layouts[row].name) && take_layout(formats, row, line, fields))
            return true;
    }
    return false;
}

/* What carries lines of others, or is what many write. */
static bool is_general(size_t row)
{
    static const struct str names[] = {STR_INIT("plain"), STR_INIT("syslog")};
    for (size_t i = 0; i < countof(names); i++) {
        if (str_equal(text_layouts[row].name, names[i]))
            return true;
    }
    return false;
}

static bool take_text(const struct line_formats *formats, struct str line,
                      struct format_memory *memory, struct fields *fields, struct str *name)
{
    *name = memory->named;
    if (take_named(formats, line, memory, fields))
        return true;
    if (memory->last > 0 && take_layout(formats, memory->last - 1u, line, fields)) {
        *name = text_layouts[memory->last - 1].name;
        return true;
    }
    *name = STR("logfmt");
    if (logfmt_take_line(line, fields))
        return true;
    for (size_t row = 0; row < text_layouts_n; row++) {
        if (!take_layout(formats, row, line, fields))
            continue;
        *name = text_layouts[row].name;
        if (!is_general(row))
            memory->last = (uint16_t)(row + 1);
        return true;
    }
    *name = (struct str){0};
    return false;
}

/* --- lines --- */

static struct str front_of(struct str line)
{
    line = str_trim(line);
    take_prefix(&line, STR("\xef\xbb\xbf"));
    return str_trim(line);
}

static void view_on_line(const struct colourless *c, struct fields *fields)
{
    for (size_t i = 0; i < fields->n; i++) {
        struct field *f = &fields->items[i];
        f->name = colours_view(c, f->name);
        f->value = colours_view(c, f->value);
    }
}

struct str line_format_of(const struct line_formats *formats, struct str line,
                          struct format_memory *memory, struct fields *fields, struct buf *scratch)
{
    struct str name = {0};
    assert(fields->n == 0);
    const struct colourless c = colours_leave_out(front_of(line), scratch);
    struct str plain = str_trim(c.plain);
    if (take_json(plain, fields))
        name = dialect_of(memory, fields);
    else if (!take_text(formats, plain, memory, fields, &name))
        return (struct str){0};
    view_on_line(&c, fields);
    return name;
}

enum named_fields line_named_fields(struct str line, struct fields *fields, struct buf *scratch)
{
    enum named_fields named = NAMED_NONE;
    assert(fields->n == 0);
    const struct colourless c = colours_leave_out(front_of(line), scratch);
    struct str plain = str_trim(c.plain);
    if (take_json(plain, fields))
        named = NAMED_JSON;
    else if (logfmt_take_line(plain, fields))
        named = NAMED_LOGFMT;
    view_on_line(&c, fields);
    return named;
}
