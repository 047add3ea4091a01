#include "query/engine/line_fields.h"

#include "base/mem.h"
#include "formats/line/format.h"
#include "formats/line/skeleton.h"

enum { FIELDS_MAX = 512 };

struct line_fields {
    struct line_formats *formats;
    const struct record *record;
    struct field room[FIELDS_MAX];
    struct fields fields;
    bool is_read; /* .fields are those of the record's line */
    struct buf scratch, text;
    struct skeleton skeleton;
    bool has_shape; /* of the record's line: */
    char name[SKELETON_NAME];
    struct buf shape; /* the first digits of the name, a blank, the shape */
};

struct line_fields *line_fields_open(void)
{
    struct line_fields *f = mem_new(struct line_fields);
    f->formats = line_formats_open();
    return f;
}

void line_fields_close(struct line_fields **address)
{
    struct line_fields *f = *address;
    if (!f)
        return;
    line_formats_close(&f->formats);
    buf_free(&f->scratch);
    buf_free(&f->text);
    buf_free(&f->shape);
    skeleton_free(&f->skeleton);
    mem_free(address);
}

void line_fields_set(struct line_fields *f, const struct record *record)
{
    f->record = record;
    f->is_read = f->has_shape = false;
}

static bool attached_value(struct str fields, struct str name, struct str *value)
{
    struct reader r = reader_of(fields);
    for (size_t n = read_count(&r, 2); n > 0 && !r.bad; n--) {
        struct str found = read_str(&r);
        *value = read_str(&r);
        if (!r.bad && str_equal(found, name))
            return true;
    }
    return false;
}

static void read_line(struct line_fields *f)
{
    struct format_memory nothing = {0};
    f->fields = (struct fields){.items = f->room, .max = FIELDS_MAX};
    line_format_of(f->formats, f->record->line, &nothing, &f->fields, &f->scratch);
    f->is_read = true;
}

struct str line_fields_value(struct line_fields *f, struct str path)
{
    struct str value;
    if (attached_value(f->record->fields, path, &value))
        return value;
    if (!f->is_read)
        read_line(f);
    const struct field *field = fields_find(&f->fields, path);
    return field ? field_text(field, &f->text) : STR("");
}

static void read_shape(struct line_fields *f)
{
    struct str shape = skeleton_of(&f->skeleton, f->record->line);
    skeleton_name(shape, f->name);
    buf_reset(&f->shape);
    buf_add(&f->shape, str_of(f->name, SKELETON_SHOWN));
    buf_add_byte(&f->shape, ' ');
    buf_add(&f->shape, shape);
    f->has_shape = true;
}

struct str line_fields_shape(struct line_fields *f)
{
    if (!f->has_shape)
        read_shape(f);
    return buf_str(&f->shape);
}

bool line_fields_has_shape(struct line_fields *f, struct str name)
{
    if (!f->has_shape)
        read_shape(f);
    return str_starts(str_from(f->name), name);
}
