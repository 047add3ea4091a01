#include "base/mem.h"
#include "formats/line/fields.h"
#include "tests/test.h"

static struct field field_of(const char *name, const char *value, uint32_t parent, uint32_t at,
                             enum field_kind kind, uint8_t escapes)
{
    return (struct field){.name = str_from(name),
                          .value = str_from(value),
                          .parent = parent,
                          .at = at,
                          .kind = (uint8_t)kind,
                          .escapes = escapes};
}

/* The example of the header. */
static void make_example(struct fields *fields)
{
    const struct field rows[] = {
        field_of("level", "30", FIELD_TOP, 0, FIELD_NUMBER, 0),
        field_of("req", "{...}", FIELD_TOP, 0, FIELD_OBJECT, 0),
        field_of("id", "a\\u0062", 1, 0, FIELD_STRING, 1),
        field_of("tags", "[...]", 1, 0, FIELD_ARRAY, 0),
        field_of(NULL, "x", 3, 0, FIELD_STRING, 1),
        field_of(NULL, "y", 3, 1, FIELD_STRING, 1),
        field_of("x-id", "7", 1, 0, FIELD_STRING, 1),
        field_of("a b", "8", 1, 0, FIELD_STRING, 1),
        field_of("", "9", 1, 0, FIELD_NUMBER, 0),
        field_of("level", "40", FIELD_TOP, 0, FIELD_NUMBER, 0),
    };
    for (size_t i = 0; i < countof(rows); i++)
        CHECK(fields_add(fields, &rows[i]));
}

TEST(fields_have_paths)
{
    struct field room[10];
    struct fields fields = {.items = room, .max = countof(room)};
    const char *const paths[] = {"level",       "req",         "req.id",        "req.tags",
                                 "req.tags[0]", "req.tags[1]", "req[\"x-id\"]", "req[\"a b\"]",
                                 "req[\"\"]",   "level"};
    make_example(&fields);
    for (size_t i = 0; i < fields.n; i++) {
        defer(buf_free) struct buf path = {0};
        fields_put_path(&fields, i, &path);
        CHECK_STR(buf_str(&path), str_from(paths[i]));
        const struct field *found = fields_find(&fields, buf_str(&path));
        CHECK(found == &room[i == 0 ? 9 : i]); /* the last of two counts */
    }
    CHECK(!fields_find(&fields, STR("req.tags[2]")));
    CHECK(!fields_find(&fields, STR("")));
}

TEST(fields_that_find_no_room_are_left_out)
{
    struct field room[2];
    struct fields fields = {.items = room, .max = countof(room)};
    struct field f = field_of("a", "1", FIELD_TOP, 0, FIELD_NUMBER, 0);
    CHECK(fields_add(&fields, &f) && fields_add(&fields, &f) && !fields.is_cut);
    CHECK(!fields_add(&fields, &f));
    CHECK(fields.is_cut && fields.n == 2);
}

TEST(fields_mean_what_their_escapes_say)
{
    const struct {
        const char *value;
        uint8_t escapes;
        const char *means;
    } rows[] = {
        {"plain", 2, "plain"},
        {"a\\nb", 0, "a\\nb"},
        {"a\\nb\\u00e4\\\"", 1, "a\nb\xc3\xa4\""},
        {"a\\\\\\\"b", 2, "a\"b"},
        {"a\t\\t\t", 1, "a\t\t\t"},
        {"bad \\x", 1, "bad \\x"},
        {"open \\", 1, "open \\"},
        {"a\\\\\"b", 1, "a\\\\\"b"}, /* a quote that is not escaped */
    };
    for (size_t i = 0; i < countof(rows); i++) {
        defer(buf_free) struct buf scratch = {0};
        struct field f = field_of("a", rows[i].value, FIELD_TOP, 0, FIELD_STRING, rows[i].escapes);
        CHECK_STR(field_text(&f, &scratch), str_from(rows[i].means));
    }
}
