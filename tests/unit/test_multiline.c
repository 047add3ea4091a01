/* Reads tests/cases/multiline.cases, whose head says what stands in it, and checks the invariants of
 * formats/line/multiline.h. */
#include "base/buf.h"
#include "base/mem.h"
#include "formats/line/multiline.h"
#include "tests/test.h"
#include "tests/unit/case_text.h"

enum { LEAST_LINES = 250, LINES_MAX = 1000 };

/* Asks as shipper/lanes.c does, with the open record so far. */
struct joiner {
    struct multiline *rule;
    struct multiline_state state;
    struct buf open;
};

static bool ask(struct joiner *j, struct str line)
{
    bool goes_on = multiline_continues(j->rule, &j->state, buf_str(&j->open), line);
    if (!goes_on)
        buf_reset(&j->open);
    else
        buf_add_byte(&j->open, '\n');
    buf_add(&j->open, line);
    return goes_on;
}

static void set_rule(struct joiner *j, struct str name)
{
    struct err err;
    multiline_close(&j->rule);
    buf_reset(&j->open);
    j->state = (struct multiline_state){0};
    REQUIRE_OK(multiline_open(&j->rule, name, &err));
}

TEST(multiline_cases)
{
    int n = 0;
    struct case_file file;
    struct str s;
    struct joiner j = {0};
    defer(buf_free) struct buf line = {0};
    case_open(&file, "tests/cases/multiline.cases");
    while (case_next(&file, &s)) {
        if (s.len && s.ptr[0] == '!')
            set_rule(&j, str_slice(s, 1, s.len));
        if (!s.len || (s.ptr[0] != '>' && s.ptr[0] != '+'))
            continue;
        bool expected = s.ptr[0] == '+';
        buf_reset(&line);
        case_unescape(str_slice(s, 2, s.len), &line);
        bool was_expected = !expected || multiline_expects(j.rule, &j.state);
        if (ask(&j, buf_str(&line)) != expected || !was_expected)
            test_fail(file.path, file.line, "%s", expected ? "begins a record" : "goes on");
        n++;
    }
    CHECK(n >= LEAST_LINES);
    multiline_close(&j.rule);
    buf_free(&j.open);
}

/* Invariant 1: who starts at the start of a record sees the same ones. */
TEST(multiline_records_do_not_depend_on_what_was_before)
{
    struct case_file file;
    struct str s;
    struct joiner all = {0}, one = {0};
    defer(buf_free) struct buf line = {0};
    case_open(&file, "tests/cases/multiline.cases");
    set_rule(&all, STR("auto")), set_rule(&one, STR("auto"));
    while (case_next(&file, &s)) {
        if (!s.len || (s.ptr[0] != '>' && s.ptr[0] != '+'))
            continue;
        buf_reset(&line);
        case_unescape(str_slice(s, 2, s.len), &line);
        bool goes_on = ask(&all, buf_str(&line));
        if (!goes_on) {
            one.state = (struct multiline_state){0};
            buf_reset(&one.open);
        }
        CHECK(ask(&one, buf_str(&line)) == goes_on);
    }
    multiline_close(&all.rule), multiline_close(&one.rule);
    buf_free(&all.open), buf_free(&one.open);
}

TEST(multiline_what_is_whole_expects_nothing)
{
    struct joiner j = {0};
    set_rule(&j, STR("auto"));
    ask(&j, STR("{\"level\":\"info\"}"));
    CHECK(!multiline_expects(j.rule, &j.state));
    ask(&j, STR("started"));
    CHECK(multiline_expects(j.rule, &j.state));
    ask(&j, STR("{"));
    CHECK(multiline_expects(j.rule, &j.state));
    CHECK(ask(&j, STR("\"a\":1")) && multiline_expects(j.rule, &j.state));
    CHECK(ask(&j, STR("}")) && !multiline_expects(j.rule, &j.state));
    set_rule(&j, STR("none"));
    ask(&j, STR("started"));
    CHECK(!multiline_expects(j.rule, &j.state));
    multiline_close(&j.rule);
    buf_free(&j.open);
}

TEST(multiline_long_dumps_are_one_record)
{
    struct joiner j = {0};
    set_rule(&j, STR("auto"));
    CHECK(!ask(&j, STR("SIGQUIT: quit")));
    for (int i = 0; i < 800; i++) {
        char text[64];
        CHECK(ask(&j, STR("")));
        snprintf(text, sizeof text, "goroutine %d [IO wait, %d minutes]:", i + 1, i);
        CHECK(ask(&j, str_from(text)));
        CHECK(ask(&j, STR("internal/poll.runtime_pollWait(0x7f10, 0x72)")));
        CHECK(ask(&j, STR("\t/usr/local/go/src/runtime/netpoll.go:343 +0x85")));
    }
    CHECK(!ask(&j, STR("2026/11/20 09:22:01 started")));
    multiline_close(&j.rule);
    buf_free(&j.open);
}

TEST(multiline_rules_are_checked)
{
    struct err err;
    struct multiline *rule = NULL;
    CHECK(!multiline_open(&rule, STR("(unclosed"), &err) && err.code == ERR_INPUT);
    CHECK(!multiline_open(&rule, STR(""), &err) && err.code == ERR_INPUT);
    CHECK(!multiline_open(&rule, STR("jvaa"), &err) && err.code == ERR_INPUT);
    REQUIRE_OK(multiline_open(&rule, STR("java"), &err));
    CHECK(multiline_kind(rule) == MULTILINE_JAVA);
    multiline_close(&rule);
    multiline_close(&rule);
    REQUIRE_OK(multiline_open(&rule, STR("^x"), &err));
    CHECK(multiline_kind(rule) == MULTILINE_FIRST);
    multiline_close(&rule);
}
