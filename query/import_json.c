/* The JSON of a record (query/engine/print.h) read back. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/line/json.h"
#include "formats/line/json_text.h"
#include "formats/line/level.h"
#include "query/import_file.h"

struct reading {
    struct import_record *out;
    struct str line; /* of the file */
    struct arena *arena;
    struct labels fields;
    bool has_time, has_line;
};

static bool refuse(const struct json_member *m, const char *why, struct err *err)
{
    return err_set(err, ERR_INPUT, "\"%.*s\" %s", STR_ARG(str_slice(m->key, 0, 40)), why);
}

/* What the string means. */
static bool text_of(const struct reading *r, struct str raw, struct str *text)
{
    const char *at = raw.ptr, *end = r->line.ptr + r->line.len;
    char *to = arena_alloc_raw(r->arena, raw.len + JSON_TEXT_SLACK);
    char *behind = json_unescape(&at, end, to);
    if (!behind || at != raw.ptr + raw.len)
        return false;
    *text = str_of(to, (size_t)(behind - to));
    return true;
}

static bool add_pair(struct reading *r, const struct json_member *m, struct labels *to,
                     struct err *err)
{
    struct label pair;
    if (to->n == LABELS_MAX)
        return err_set(err, ERR_INPUT, "more than %d labels", LABELS_MAX);
    if (m->kind != JSON_STRING || !text_of(r, m->key, &pair.name) ||
        !text_of(r, m->value, &pair.value))
        return refuse(m, "is no text", err);
    if (!to->items)
        to->items = arena_array(r->arena, struct label, LABELS_MAX);
    to->items[to->n++] = pair;
    return true;
}

static bool take_base64(struct reading *r, const struct json_member *m, struct str *text,
                        struct err *err)
{
    struct str encoded;
    if (!text_of(r, m->value, &encoded))
        return refuse(m, "is no text", err);
    char *room = arena_alloc_raw(r->arena, encoded.len + 1);
    size_t len = decode_base64(encoded, room, encoded.len);
    if (len == SIZE_MAX)
        return refuse(m, "is no base64", err);
    *text = str_of(room, len);
    return true;
}

static bool take_part(struct str word, uint16_t *flags)
{
    uint16_t part = str_equal(word, STR("first"))    ? RECORD_PART_FIRST
                    : str_equal(word, STR("middle")) ? RECORD_PART_MIDDLE
                    : str_equal(word, STR("last"))   ? RECORD_PART_LAST
                                                     : 0;
    *flags |= part;
    return part != 0;
}

static bool take_level(struct str word, uint8_t *to)
{
    enum level level;
    if (!level_parse(word, &level))
        return false;
    *to = (uint8_t)level;
    return true;
}

/* A member at the top whose value is a string. Those that are not known say what is said elsewhere. */
static bool take_string(struct reading *r, const struct json_member *m, struct err *err)
{
    struct record *to = &r->out->record;
    if (str_equal(m->key, STR("line_base64"))) {
        r->has_line = true;
        return take_base64(r, m, &to->line, err);
    }
    if (str_equal(m->key, STR("requestId_base64")))
        return take_base64(r, m, &to->id, err);
    if (str_equal(m->key, STR("line")) || str_equal(m->key, STR("requestId"))) {
        bool is_line = m->key.len == 4;
        r->has_line |= is_line;
        return text_of(r, m->value, is_line ? &to->line : &to->id) ? true
                                                                   : refuse(m, "is no text", err);
    }
    if (str_equal(m->key, STR("time_ns"))) {
        r->has_time = str_to_i64(m->value, &to->event_ns) && to->event_ns != TIME_NONE;
        return r->has_time ? true : refuse(m, "is no time", err);
    }
    bool good = str_equal(m->key, STR("level"))     ? take_level(m->value, &to->level)
                : str_equal(m->key, STR("id_kind")) ? id_kind_parse(m->value, &to->id_kind)
                : str_equal(m->key, STR("part"))    ? take_part(m->value, &to->flags)
                                                    : true;
    return good ? true : refuse(m, "has a value that is not known", err);
}

static bool take_member(struct reading *r, const struct json_member *m, struct err *err)
{
    uint16_t *flags = &r->out->record.flags;
    if (m->outer.ptr && str_equal(m->outer, STR("labels")))
        return add_pair(r, m, &r->out->labels, err);
    if (m->outer.ptr && str_equal(m->outer, STR("fields")))
        return add_pair(r, m, &r->fields, err);
    if (m->outer.ptr)
        return true;
    if (m->kind == JSON_STRING)
        return take_string(r, m, err);
    bool is_true = m->kind == JSON_BOOL && str_equal(m->value, STR("true"));
    if (is_true && str_equal(m->key, STR("level_derived")))
        *flags |= RECORD_LEVEL_DERIVED;
    if (is_true && str_equal(m->key, STR("no_newline")))
        *flags |= RECORD_NO_NEWLINE;
    return true;
}

static bool put_fields(struct reading *r, struct err *err)
{
    defer(buf_free) struct buf encoded = {.max = RECORD_FIELDS_MAX};
    if (r->fields.n == 0)
        return true;
    if (!labels_sort(&r->fields, err))
        return err_wrap(err, "\"fields\"");
    put_labels(&encoded, &r->fields);
    r->out->record.fields = arena_copy(r->arena, buf_str(&encoded));
    return encoded.over ? err_set(err, ERR_INPUT, "\"fields\" are too long") : true;
}

static bool check(const struct reading *r, struct err *err)
{
    const struct record *record = &r->out->record;
    if (!r->has_time || !r->has_line)
        return err_set(err, ERR_INPUT, "there is no \"%s\": this is no line of sluice store export",
                       r->has_time ? "line" : "time_ns");
    if (record->line.len > RECORD_LINE_MAX || record->id.len > RECORD_ID_MAX)
        return err_set(err, ERR_INPUT, "its line or its id is too long");
    if ((record->id.len > 0) != (record->id_kind != ID_NONE))
        return err_set(err, ERR_INPUT, "of \"requestId\" and \"id_kind\" one is missing");
    return true;
}

bool import_read_json(struct str line, struct import_record *record, struct arena *arena,
                      struct err *err)
{
    struct json_scan scan;
    struct json_member m;
    struct reading r = {.out = record, .line = line, .arena = arena};
    *record = (struct import_record){0};
    if (!json_open(&scan, line))
        return err_set(err, ERR_INPUT, "it is no JSON object");
    while (json_next(&scan, &m))
        if (!take_member(&r, &m, err))
            return false;
    if (!scan.done)
        return err_set(err, ERR_INPUT, "it is no JSON object, or cut short");
    return check(&r, err) && labels_sort(&record->labels, err) && put_fields(&r, err);
}
