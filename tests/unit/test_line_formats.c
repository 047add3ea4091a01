/* tests/cases/formats.cases, whose head says what stands in it; the rules of formats/line/format.h. */
#include "formats/line/format.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "formats/line/layout.h"
#include "tests/test.h"
#include "tests/unit/case_text.h"

enum { ROOM = 64, LEAST_CASES = 140, LARGE = 1 << 20 };

static void put_visible(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char *at = strchr("\e\t\r\n\\", s.ptr[i]);
        if (at && *at)
            buf_print(out, "\\%c", "etrn\\"[at - strchr("\e\t\r\n\\", '\e')]);
        else
            buf_add_byte(out, s.ptr[i]);
    }
}

/* As it stands in the file of cases. */
static void put_seen(struct buf *out, struct str format, const struct fields *fields)
{
    buf_print(out, "= %.*s\n", STR_ARG(format.len ? format : STR("none")));
    for (size_t i = 0; i < fields->n; i++) {
        defer(buf_free) struct buf scratch = {0};
        if (!field_is_leaf(fields, i))
            continue;
        buf_add(out, STR("  "));
        fields_put_path(fields, i, out);
        buf_print(out, " %s", field_kind_name(fields->items[i].kind));
        struct str value = field_text(&fields->items[i], &scratch);
        if (value.len > 0)
            buf_add_byte(out, ' ');
        put_visible(out, value);
        buf_add_byte(out, '\n');
    }
}

struct a_case {
    int line;
    struct buf input, expected;
};

static void end_case(struct a_case *c, const struct line_formats *formats)
{
    struct field room[ROOM];
    struct fields fields = {.items = room, .max = ROOM};
    struct format_memory memory = {0};
    defer(buf_free) struct buf scratch = {0};
    defer(buf_free) struct buf seen = {0};
    if (c->line == 0)
        return;
    struct str format = line_format_of(formats, buf_str(&c->input), &memory, &fields, &scratch);
    put_seen(&seen, format, &fields);
    if (!str_equal(buf_str(&seen), buf_str(&c->expected)))
        test_fail("tests/cases/formats.cases", c->line, "is\n%.*s", STR_ARG(buf_str(&seen)));
    buf_reset(&c->input);
    buf_reset(&c->expected);
}

TEST(line_formats_cases)
{
    int n = 0;
    struct case_file file;
    struct str s;
    struct a_case c = {0};
    defer(line_formats_close) struct line_formats *formats = line_formats_open();
    case_open(&file, "tests/cases/formats.cases");
    while (case_next(&file, &s)) {
        if (str_starts(s, STR(">"))) {
            end_case(&c, formats);
            case_unescape(str_slice(s, 2, s.len), &c.input);
            c.line = file.line;
            n++;
        } else if (str_starts(s, STR("=")) || str_starts(s, STR(" "))) {
            buf_add(&c.expected, s);
            buf_add_byte(&c.expected, '\n');
        }
    }
    end_case(&c, formats);
    CHECK(n >= LEAST_CASES);
    buf_free(&c.input);
    buf_free(&c.expected);
}

static void check_format(const struct line_formats *formats, struct format_memory *memory,
                         const char *line, const char *expected)
{
    struct field room[ROOM];
    struct fields fields = {.items = room, .max = ROOM};
    defer(buf_free) struct buf scratch = {0};
    CHECK_STR(line_format_of(formats, str_from(line), memory, &fields, &scratch),
              str_from(expected));
}

TEST(line_formats_of_a_stream_stay)
{
    defer(line_formats_close) struct line_formats *formats = line_formats_open();
    struct format_memory memory = {0};
    const char *common = "192.0.2.1 - - [20/Nov/2026:09:22:01 +0000] \"GET / HTTP/1.1\" 200 12";
    const char *either = "2026-11-20 09:22:01 WARN shop: slow";
    check_format(formats, &memory, either, "log4j");
    memory = (struct format_memory){0};
    check_format(formats, &memory, common, "common");
    check_format(formats, &memory, "a word", "");
    check_format(formats, &memory, "2026-11-20 09:22:01 a word", "plain");
    check_format(formats, &memory, common, "common");
    /* two formats could take it: that of the line before */
    memory = (struct format_memory){0};
    check_format(formats, &memory, "2026-11-20T09:22:01Z INFO a: b", "tracing");
    memory = (struct format_memory){0};
    check_format(formats, &memory, either, "log4j");
    check_format(formats, &memory, "2026-11-20T09:22:01Z INFO a: b", "log4j");
    check_format(formats, &memory, "{\"a\":1}", "json");
    check_format(formats, &memory, "2026-11-20T09:22:01Z INFO a: b", "log4j");
}

TEST(line_formats_that_are_named_are_asked_first)
{
    defer(line_formats_close) struct line_formats *formats = line_formats_open();
    struct format_memory memory = {.named = STR("plain")};
    check_format(formats, &memory, "2026-11-20 09:22:01 WARN shop: slow", "plain");
    check_format(formats, &memory, "a=1 b=2", "logfmt");
    memory.named = STR("winston");
    check_format(formats, &memory, "{\"level\":\"info\",\"message\":\"m\",\"time\":1}", "winston");
    memory.named = STR("auto");
    check_format(formats, &memory, "{\"level\":\"info\",\"message\":\"m\",\"time\":1}", "zerolog");
}

TEST(line_formats_have_names)
{
    defer(line_formats_close) struct line_formats *formats = line_formats_open();
    size_t n;
    const char *const *names = line_formats_names(formats, &n);
    CHECK(n > 60);
    defer(buf_free) struct buf document = {0};
    struct err err;
    REQUIRE_OK(file_load("docs/formats-of-lines.md", LARGE, &document, &err));
    for (size_t i = 0; i < n; i++) {
        defer(buf_free) struct buf name = {0};
        CHECK(line_formats_has(formats, str_from(names[i])));
        buf_print(&name, "`%s`", names[i]);
        if (str_find(buf_str(&document), buf_str(&name)) == SIZE_MAX)
            test_fail("docs/formats-of-lines.md", 1, "%s is not in it", names[i]);
    }
    CHECK(!line_formats_has(formats, STR("auto")) && !line_formats_has(formats, STR("")));
}

/* Colours lie anywhere, the views on the line are right all the same. */
TEST(line_formats_look_over_colours)
{
    defer(line_formats_close) struct line_formats *formats = line_formats_open();
    struct field room[ROOM];
    struct fields fields = {.items = room, .max = ROOM};
    struct format_memory memory = {0};
    defer(buf_free) struct buf scratch = {0};
    struct str line =
        STR("\e[2m2026-11-20 09:22:01\e[0m \e[1m\e[31mERR\e[0mOR\e[0m \e[4mfull\e[0m");
    CHECK_STR(line_format_of(formats, line, &memory, &fields, &scratch), STR("plain"));
    REQUIRE(fields.n == 3);
    CHECK_STR(fields.items[0].value, STR("2026-11-20 09:22:01"));
    CHECK_STR(fields.items[1].value, STR("ERR\e[0mOR"));
    CHECK_STR(fields.items[2].value, STR("full"));
    for (size_t i = 0; i < fields.n; i++)
        CHECK(fields.items[i].value.ptr > line.ptr &&
              fields.items[i].value.ptr < line.ptr + line.len);
}

TEST(layouts_that_are_none)
{
    const struct {
        const char *layout, *error;
    } rows[] = {
        {"<time", "'<time': a slot needs a name and '>'"},
        {"<>", "'<>': a slot needs a name and '>'"},
        {"<a:none>", "'none': no such type"},
        {"{a", "'{a': a group is not closed"},
        {"a}", "'}' without '{'"},
        {"{a{b}}", "a group inside a group"},
    };
    for (size_t i = 0; i < countof(rows); i++) {
        struct err err;
        defer(layout_free) struct layout layout = {0};
        CHECK(!layout_read(&layout, str_from(rows[i].layout), &err));
        CHECK_STR(str_from(err.text), str_from(rows[i].error));
    }
}

TEST(layouts_take_groups_whole_or_not)
{
    struct err err;
    struct field room[ROOM];
    struct fields fields = {.items = room, .max = ROOM};
    defer(layout_free) struct layout layout = {0};
    REQUIRE_OK(layout_read(&layout, STR("<a>{ <<<b:number>>}{ {{<c:text>}}} <d:rest>"), &err));
    CHECK(layout_take(&layout, STR("x <1> {y z} rest of it"), &fields));
    REQUIRE(fields.n == 4);
    CHECK_STR(fields.items[2].value, STR("y z"));
    fields.n = 0;
    CHECK(layout_take(&layout, STR("x <y> {z"), &fields));
    REQUIRE(fields.n == 2);
    CHECK_STR(fields.items[1].value, STR("<y> {z"));
    fields.n = 0;
    CHECK(!layout_take(&layout, STR("x"), &fields));
    CHECK(fields.n == 0 && !fields.is_cut);
    fields.max = 1;
    CHECK(layout_take(&layout, STR("x <1> y"), &fields));
    CHECK(fields.n == 1 && fields.is_cut);
}

/* As in test_flatten.c: well below what a square would take. */
TEST(line_formats_are_linear)
{
    static const char *const fronts[] = {"", "192.0.2.1 - x", "2026-11-20 09:22:01 INFO [a", "[a"};
    static const char *const pieces[] = {
        "[",
        "\"",
        "\\",
        "1 ",
        "A",
        "a",
        "a=1 ",
        "a=\"",
        "- ",
        ": ",
        "\e[1m",
        "<1>",
        "192.0.2.1 - - [",
        "::",
        "2026-11-20 09:22:01 ",
        "[2026-11-20 09:22:01] ",
        "Nov 20 09:22:01 a b: ",
        "{\"a\":",
        " ",
        "\t",
    };
    defer(line_formats_close) struct line_formats *formats = line_formats_open();
    for (size_t i = 0; i < countof(pieces) * countof(fronts); i++) {
        struct field room[ROOM];
        struct fields fields = {.items = room, .max = ROOM};
        struct format_memory memory = {0};
        defer(buf_free) struct buf line = {0};
        defer(buf_free) struct buf scratch = {.max = 4 * LARGE};
        buf_add(&line, str_from(fronts[i % countof(fronts)]));
        while (line.len < LARGE)
            buf_add(&line, str_from(pieces[i / countof(fronts)]));
        buf_add_byte(&line, 'z'); /* blanks at the end would not be looked at */
        int64_t since = time_monotonic();
        line_format_of(formats, buf_str(&line), &memory, &fields, &scratch);
        CHECK(time_monotonic() - since < 5 * NS_PER_S);
    }
}
