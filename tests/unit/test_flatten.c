/* formats/line/flatten.h, its rules by number; tests/cases/json.cases says what is JSON. */
#include "formats/line/flatten.h"

#include "base/mem.h"
#include "base/time.h"
#include "tests/docker_escape.h"
#include "tests/test.h"
#include "tests/unit/case_text.h"

#include <stdlib.h>

enum { ROOM = 64, LEAST_CASES = 300, LARGE = 1 << 20 };

static void check_same(const struct fields *a, const struct fields *b, unsigned layers)
{
    REQUIRE(a->n == b->n);
    CHECK(a->is_cut == b->is_cut);
    for (size_t i = 0; i < a->n; i++) {
        defer(buf_free) struct buf scratch = {0};
        defer(buf_free) struct buf other = {0};
        const struct field *x = &a->items[i], *y = &b->items[i];
        CHECK(x->parent == y->parent && x->at == y->at && x->kind == y->kind);
        CHECK_INT(x->escapes + layers, y->escapes);
        CHECK_STR(field_text(x, &scratch), field_text(y, &other));
    }
}

/* In the envelope the same is seen. */
static bool is_json(struct str text)
{
    struct field room[2][ROOM];
    struct fields plain = {.items = room[0], .max = ROOM}, inner = {.items = room[1], .max = ROOM};
    struct flatten_result a, b;
    defer(buf_free) struct buf escaped = {0};
    put_docker_escaped(&escaped, text);
    bool begins = flatten_json(text, 0, &plain, &a);
    bool inner_begins = flatten_json(buf_str(&escaped), 1, &inner, &b);
    CHECK(begins == inner_begins);
    CHECK(begins || plain.n == 0);
    CHECK(a.is_whole == b.is_whole && a.is_whole == (begins && a.bad_at == SIZE_MAX));
    if (begins)
        check_same(&plain, &inner, 1);
    return begins && a.is_whole;
}

TEST(flatten_json_cases)
{
    int n = 0;
    struct case_file file;
    struct str s;
    case_open(&file, "tests/cases/json.cases");
    while (case_next(&file, &s)) {
        if (!s.len || s.ptr[0] == '#')
            continue;
        take_prefix(&s, STR("?"));
        bool expected = s.ptr[0] == '+';
        defer(buf_free) struct buf json = {0};
        case_unescape(str_slice(s, 2, s.len), &json);
        if (is_json(buf_str(&json)) != expected)
            test_fail(file.path, file.line, "%s", expected ? "is refused" : "is accepted");
        n++;
    }
    CHECK(n >= LEAST_CASES);
}

/* One line per field: path, kind and meaning. */
static void check_fields(struct str json, const char *expected)
{
    struct field room[ROOM];
    struct fields fields = {.items = room, .max = ROOM};
    struct flatten_result result;
    defer(buf_free) struct buf seen = {0};
    REQUIRE(flatten_json(json, 0, &fields, &result));
    for (size_t i = 0; i < fields.n; i++) {
        defer(buf_free) struct buf scratch = {0};
        fields_put_path(&fields, i, &seen);
        buf_print(&seen, " %s %.*s\n", field_kind_name(fields.items[i].kind),
                  STR_ARG(field_text(&fields.items[i], &scratch)));
    }
    CHECK_STR(buf_str(&seen), str_from(expected));
    is_json(json);
}

TEST(flatten_gives_fields_in_their_order)
{
    check_fields(STR("{\"level\":30,\"req\":{\"id\":\"a\\u0062\",\"tags\":[\"x\",\"y\"]},"
                     "\"body\":\"{\\\"n\\\":1}\"}"),
                 "level number 30\n"
                 "req object {\"id\":\"a\\u0062\",\"tags\":[\"x\",\"y\"]}\n"
                 "req.id string ab\n"
                 "req.tags array [\"x\",\"y\"]\n"
                 "req.tags[0] string x\n"
                 "req.tags[1] string y\n"
                 "body string {\"n\":1}\n"
                 "body.n number 1\n");
    check_fields(STR(" [ -1.5e3 , {\"a b\" : null } , [true,false] , \"\" ] "),
                 "[0] number -1.5e3\n"
                 "[1] object {\"a b\" : null }\n"
                 "[1][\"a b\"] null null\n"
                 "[2] array [true,false]\n"
                 "[2][0] bool true\n"
                 "[2][1] bool false\n"
                 "[3] string \n");
    check_fields(STR("{\"a\":1,\"a\":{},\"\":2,\"x-y\":[]}"),
                 "a number 1\na object {}\n[\"\"] number 2\n[\"x-y\"] array []\n");
}

TEST(flatten_goes_into_strings_once)
{
    check_fields(
        STR("{\"m\":\"{\\\"in\\\":\\\"{\\\\\\\"deep\\\\\\\":1}\\\",\\\"l\\\":[1]}\",\"z\":1}"),
        "m string {\"in\":\"{\\\"deep\\\":1}\",\"l\":[1]}\n"
        "m.in string {\"deep\":1}\n"
        "m.l array [1]\n"
        "m.l[0] number 1\n"
        "z number 1\n");
    /* what only looks like JSON leaves nothing behind */
    check_fields(
        STR("{\"m\":\"[main] ready [1]\",\"n\":\"{a}\",\"o\":\"[1,{\\\"a\\\":2]\",\"z\":1}"),
        "m string [main] ready [1]\nn string {a}\no string [1,{\"a\":2]\nz number 1\n");
    check_fields(STR("[\"[7]\"]"), "[0] string [7]\n[0][0] number 7\n");
}

TEST(flatten_keeps_a_valid_head)
{
    struct field room[ROOM];
    const char *const heads[] = {"{\"a\":1,\"b\":\"x\",",          "{\"a\":1,\"b\":\"x\"",
                                 "{\"a\":1,\"b\":\"x\",\"c",       "{\"a\":1,\"b\":\"x\",\"c\":tru",
                                 "{\"a\":1,\"b\":\"x\"} trailing", "{\"a\":1,\"b\":\"x\",}"};
    const size_t bad_at[] = {15, 14, 17, 19, 16, 15};
    for (size_t i = 0; i < countof(heads); i++) {
        struct fields fields = {.items = room, .max = ROOM};
        struct flatten_result result;
        CHECK(flatten_json(str_from(heads[i]), 0, &fields, &result));
        CHECK(!result.is_whole);
        CHECK_INT(result.bad_at, bad_at[i]);
        CHECK_INT(fields.n, 2);
        CHECK_STR(fields.items[1].value, STR("x"));
    }
}

TEST(flatten_leaves_out_what_is_too_deep_or_too_much)
{
    struct field room[3];
    struct fields fields = {.items = room, .max = countof(room)};
    struct flatten_result result;
    CHECK(flatten_json(STR("{\"a\":1,\"b\":[2,[3,4]],\"c\":\"[5]\"}"), 0, &fields, &result));
    CHECK(result.is_whole && fields.is_cut && fields.n == 3);
    CHECK_STR(room[1].value, STR("[2,[3,4]]"));
    CHECK_STR(room[2].value, STR("2"));

    defer(buf_free) struct buf deep = {0};
    struct field many[ROOM];
    fields = (struct fields){.items = many, .max = ROOM};
    for (unsigned i = 0; i < 2 * FIELDS_DEPTH; i++)
        buf_add(&deep, STR("{\"k\":"));
    buf_add(&deep, STR("\"}\\\"[\""));
    for (unsigned i = 0; i < 2 * FIELDS_DEPTH; i++)
        buf_add_byte(&deep, '}');
    CHECK(flatten_json(buf_str(&deep), 0, &fields, &result));
    CHECK(result.is_whole && fields.is_cut);
    CHECK_INT(fields.n, FIELDS_DEPTH);
    CHECK_INT(many[FIELDS_DEPTH - 1].value.len, 6 * FIELDS_DEPTH + 6);
    is_json(buf_str(&deep));
    buf_remove_front(&deep, 5);
    CHECK(flatten_json(buf_str(&deep), 0, &fields, &result) && !result.is_whole);
}

/* A line of 1 MiB in well below a second, whatever it is made of: with time for a slow machine that is
 * some hundred times what it takes, and far below what a square would. */
TEST(flatten_is_linear)
{
    static const char *const pieces[] = {
        "[",
        "{",
        "\"",
        "\\",
        "1",
        "[1,",
        "{\"\":",
        "\"\",",
        "\\\"",
        "\\\\\"",
        "[\"[",
        "\"[]\",",
        "{\"a\":\"{\\\"b\\\":\\\"",
        "\\u0061",
        "\t",
        " ",
        "\\n",
        "\"[[[",
        "\\\\\\\"",
        "-",
        "null,",
        "\x01",
    };
    static const char *const fronts[] = {"", "[", "[\"", "{\"a\":", "[\\\"", "[\"[\\\"", "[\"{"};
    struct field *room = calloc(ROOM, sizeof *room);
    REQUIRE(room);
    for (size_t i = 0; i < countof(pieces) * countof(fronts); i++) {
        struct fields fields = {.items = room, .max = ROOM};
        struct flatten_result result;
        defer(buf_free) struct buf line = {0};
        buf_print(&line, "%s", fronts[i % countof(fronts)]);
        while (line.len < LARGE)
            buf_add(&line, str_from(pieces[i / countof(fronts)]));
        int64_t since = time_monotonic();
        flatten_json(buf_str(&line), 0, &fields, &result);
        flatten_json(buf_str(&line), 1, &fields, &result);
        CHECK(time_monotonic() - since < 2 * NS_PER_S);
    }
    free(room);
}
