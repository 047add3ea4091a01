/* formats/line/line_parse: which lines of a file make one record, and which of them belong to it. */
#include "formats/line/line_parse.h"

#include "base/buf.h"
#include "base/mem.h"
#include "formats/block/record.h"
#include "tests/test.h"

static void see(void *context, const struct parsed *p)
{
    struct buf *out = context;
    buf_print(out, "%zu+%zu %s %.*s ", p->line, p->lines, p->lane == LANE_ERR ? "err" : "out",
              STR_ARG(p->format.len ? p->format : STR("none")));
    if (p->facts.time_ns != TIME_NONE)
        put_rfc3339(out, p->facts.time_ns, 0);
    buf_print(out, "%s %zu", p->is_cut ? " cut" : "", p->text.len);
    if (p->text.len < 100)
        buf_print(out, " %.*s", STR_ARG(p->text));
    buf_add_byte(out, '\n');
}

static void parse(struct buf *out, const char *rule_text, struct parse_options options,
                  struct str lines)
{
    struct err err;
    struct str line;
    struct multiline *rule = NULL;
    struct line_formats *formats = line_formats_open();
    REQUIRE_OK(multiline_open(&rule, str_from(rule_text), &err));
    options.formats = formats;
    options.rule = rule;
    options.record = see;
    options.context = out;
    struct line_parse *p = line_parse_open(&options);
    while (take_until(&lines, '\n', &line))
        line_parse_line(p, line, false);
    line_parse_close(&p);
    line_parse_close(&p); /* as often as one likes */
    multiline_close(&rule);
    line_formats_close(&formats);
}

TEST(line_parse_lanes_have_a_record_open_each)
{
    defer(buf_free) struct buf out = {0};
    parse(&out, "auto", (struct parse_options){.is_sniffed = true},
          STR("2026-11-25T10:00:00Z stderr F Traceback (most recent call last):\n"
              "2026-11-25T10:00:01Z stdout F hello\n"
              "2026-11-25T10:00:01Z stderr F   File \"a.py\", line 1, in f\n"
              "2026-11-25T10:00:02Z stdout P wor\n"
              "2026-11-25T10:00:02Z stderr F ValueError: x\n"
              "no envelope at all\n"
              "2026-11-25T10:00:03Z stdout F ld\n"));
    CHECK_STR(buf_str(&out),
              STR("2+1 out none 2026-11-25T10:00:01Z 5 hello\n"
                  "4+2 out none 2026-11-25T10:00:02Z 21 worno envelope at all\n"
                  "7+1 out none 2026-11-25T10:00:03Z 2 ld\n"
                  "1+3 err none 2026-11-25T10:00:00Z 76 Traceback (most recent call last):\n"
                  "  File \"a.py\", line 1, in f\nValueError: x\n"));
}

TEST(line_parse_what_never_ended_is_given)
{
    defer(buf_free) struct buf out = {0};
    parse(&out, "none", (struct parse_options){.envelope = ENVELOPE_CRI},
          STR("2026-11-25T10:00:00Z stdout P one\n2026-11-25T10:00:01Z stdout P  two\n"));
    CHECK_STR(buf_str(&out), STR("1+2 out none 2026-11-25T10:00:00Z 7 one two\n"));
}

TEST(line_parse_long_records_are_cut_and_say_so)
{
    defer(buf_free) struct buf out = {0};
    defer(buf_free) struct buf lines = {0};
    buf_add(&lines, STR("begin\n"));
    for (int i = 0; i < 3; i++) {
        char *at = buf_reserve(&lines, PARSE_LINE_MAX / 2);
        memset(at, ' ', PARSE_LINE_MAX / 2);
        at[PARSE_LINE_MAX / 2 - 1] = '\n';
        lines.len += PARSE_LINE_MAX / 2;
    }
    buf_add(&lines, STR("begin again\n"));
    parse(&out, "^begin", (struct parse_options){0}, buf_str(&lines));
    CHECK_STR(buf_str(&out), STR("1+4 out none  cut 1048576\n5+1 out none  11 begin again\n"));
}

TEST(line_parse_sniffs_the_first_line_only)
{
    defer(buf_free) struct buf out = {0};
    const struct str lines =
        STR("a line\n"
            "{\"log\":\"x\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-25T10:00:00Z\"}\n");
    parse(&out, "none", (struct parse_options){.is_sniffed = true}, lines);
    CHECK(str_starts(buf_str(&out), STR("1+1 out none  6 a line\n2+1 out ")));
    buf_reset(&out);
    parse(&out, "none", (struct parse_options){.is_sniffed = true},
          str_slice(lines, sizeof "a line\n" - 1, SIZE_MAX));
    CHECK_STR(buf_str(&out), STR("1+1 err none 2026-11-25T10:00:00Z 1 x\n"));
}

/* What the parts hold, put together again; and how many there are of each kind. */
struct parts {
    struct buf text;
    struct buf shape; /* w a whole record, f first, m middle, l last */
    int64_t last_ns;
};

static void see_part(void *context, const struct parsed *r)
{
    struct parts *parts = context;
    char letter = r->part == RECORD_PART_FIRST    ? 'f'
                  : r->part == RECORD_PART_MIDDLE ? 'm'
                  : r->part == RECORD_PART_LAST   ? 'l'
                                                  : 'w';
    CHECK(!r->is_cut && r->text.len <= PARSE_LINE_MAX);
    buf_add_byte(&parts->shape, letter);
    buf_add(&parts->text, r->text);
    if (letter == 'w' || letter == 'l')
        buf_add_byte(&parts->text, '\n');
    parts->last_ns = r->facts.time_ns;
}

/* As a reader does that has no more than PARSE_LINE_MAX of a line at a time. */
static void parse_parts(struct parts *parts, const char *rule_text, struct str lines)
{
    struct err err;
    struct str line;
    struct multiline *rule = NULL;
    REQUIRE_OK(multiline_open(&rule, str_from(rule_text), &err));
    struct line_parse *p = line_parse_open(&(struct parse_options){.rule = rule,
                                                                   .gives_parts = true,
                                                                   .is_sniffed = true,
                                                                   .record = see_part,
                                                                   .context = parts});
    while (take_until(&lines, '\n', &line)) {
        for (; line.len > PARSE_LINE_MAX; line = str_slice(line, PARSE_LINE_MAX, SIZE_MAX))
            line_parse_line(p, str_slice(line, 0, PARSE_LINE_MAX), true);
        line_parse_line(p, line, false);
    }
    line_parse_close(&p);
    multiline_close(&rule);
}

static void add_long(struct buf *b, const char *front, size_t len)
{
    size_t n = strlen(front);
    buf_add(b, str_from(front));
    char *at = buf_reserve(b, len - n);
    memset(at, 'x', len - n);
    b->len += len - n;
    buf_add_byte(b, '\n');
}

static void check_parts(const char *rule, const struct buf *lines, const char *shape)
{
    struct parts parts = {.text.max = 64 << 20};
    parse_parts(&parts, rule, buf_str(lines));
    CHECK_STR(buf_str(&parts.shape), str_from(shape));
    CHECK(str_equal(buf_str(&parts.text), buf_str(lines)));
    buf_free(&parts.text);
    buf_free(&parts.shape);
}

TEST(line_parse_gives_long_records_in_parts)
{
    defer(buf_free) struct buf lines = {.max = 64 << 20};
    buf_add(&lines, STR("begin\n"));
    for (int i = 0; i < 5; i++) /* two and a bit fit into a part */
        add_long(&lines, " ", PARSE_LINE_MAX / 2 - 10);
    buf_add(&lines, STR("begin again\n"));
    check_parts("^begin", &lines, "fmlw");
    buf_reset(&lines);
    add_long(&lines, "2026-11-25T10:00:00Z INFO ", 3 * PARSE_LINE_MAX + 5);
    buf_add(&lines, STR("2026-11-25T10:00:01Z next\n"));
    check_parts("none", &lines, "fmmlw");
    buf_reset(&lines);
    add_long(&lines, "begin", PARSE_LINE_MAX);
    add_long(&lines, " ", PARSE_LINE_MAX - 1);
    add_long(&lines, " ", 2 * PARSE_LINE_MAX);
    buf_add(&lines, STR("end\n"));
    check_parts("^begin", &lines, "wwflw");
}

TEST(line_parse_parts_have_the_time_of_the_first)
{
    struct parts parts = {.text.max = 64 << 20};
    defer(buf_free) struct buf lines = {.max = 64 << 20};
    add_long(&lines, "2026-11-25T10:00:00Z INFO ", 2 * PARSE_LINE_MAX);
    parse_parts(&parts, "none", buf_str(&lines));
    CHECK_INT(parts.last_ns / NS_PER_S, 1795600800);
    buf_free(&parts.text);
    buf_free(&parts.shape);
    /* Pieces of a container's line that together are too long. */
    buf_reset(&lines);
    for (int i = 0; i < 3; i++) {
        buf_print(&lines, "2026-11-25T10:00:0%dZ stdout %s ", i, i < 2 ? "P" : "F");
        add_long(&lines, "y", PARSE_LINE_MAX / 2);
    }
    parts = (struct parts){.text.max = 64 << 20};
    parse_parts(&parts, "auto", buf_str(&lines));
    CHECK_STR(buf_str(&parts.shape), STR("fl"));
    CHECK_INT(parts.text.len, PARSE_LINE_MAX / 2 * 3 + 1);
    buf_free(&parts.text);
    buf_free(&parts.shape);
}
