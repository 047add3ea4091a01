/* shipper/lanes: records of several lines, in files with and without envelopes. */
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/runtime_files.h"
#include "tests/unit/tail_helper.h"

#define WORLD  defer(tail_free) struct tail_test t
#define AUTO   .multiline = "auto"
#define OUT    tail_raw(&t, "a.log")
#define SHAPE  tail_shape(&t, "a.log")
#define REPORT "09:22:01 ERROR failed\n"
#define TYPE   "java.lang.Error: x\n"
#define FRAME  "\tat shop.Main.main(Main.java:3)\n"
#define NEXT   "09:22:02 INFO next\n"

static void piece(struct tail_test *t, enum lane lane, const char *text, bool is_partial)
{
    defer(buf_free) struct buf b = {0};
    put_piece(&b, t->envelope, lane, str_from(text), is_partial);
    append_file("a.log", buf_str(&b));
}

TEST(multiline_a_trace_of_a_plain_file_is_one_record)
{
    WORLD = {AUTO};
    append_text("a.log", REPORT TYPE FRAME FRAME NEXT);
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(SHAPE, STR("[104]"));
    tail_pass(&t, NS_PER_S);
    CHECK_STR(SHAPE, STR("[104][18]"));
    CHECK_STR(OUT, STR(REPORT TYPE FRAME FRAME NEXT));
}

TEST(multiline_lines_that_come_in_time_are_joined)
{
    WORLD = {AUTO};
    append_text("a.log", REPORT);
    tail_start(&t);
    tail_read_all(&t);
    append_text("a.log", TYPE);
    tail_pass(&t, NS_PER_S * 9 / 10);
    append_text("a.log", FRAME);
    tail_pass(&t, NS_PER_S * 9 / 10);
    CHECK_STR(SHAPE, STR(""));
    tail_pass(&t, NS_PER_S);
    CHECK_STR(SHAPE, STR("[72]"));
    append_text("a.log", FRAME);
    tail_pass(&t, NS_PER_S);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(SHAPE, STR("[72][31]"));
    CHECK_STR(OUT, STR(REPORT TYPE FRAME FRAME));
}

TEST(multiline_json_is_not_held_back)
{
    WORLD = {AUTO};
    append_text("a.log", "{\"level\":\"info\"}\n");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(SHAPE, STR("[16]"));
    append_text("a.log", "{\n \"a\": 1\n");
    tail_pass(&t, 0);
    CHECK_STR(SHAPE, STR("[16]"));
    append_text("a.log", "}\n");
    tail_pass(&t, 0);
    CHECK_STR(SHAPE, STR("[16][11]"));
}

/* Invariant 2, over restarts and rotation: nothing is doubled, the record is whole. */
TEST(multiline_restart_within_a_record)
{
    WORLD = {AUTO};
    append_text("a.log", NEXT REPORT TYPE);
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(OUT, STR(NEXT));
    tail_save(&t);
    tail_restart(&t);
    CHECK_STR(OUT, STR(""));
    append_text("a.log", FRAME NEXT);
    tail_pass(&t, 0);
    CHECK_STR(OUT, STR(REPORT TYPE FRAME));
    tail_save(&t);
    tail_restart(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR(NEXT));
}

TEST(multiline_a_record_goes_on_in_the_next_file)
{
    WORLD = {AUTO};
    append_text("a.log", REPORT TYPE);
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    rename_file("a.log", "a.log.1");
    append_text("a.log", FRAME NEXT);
    tail_restart(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR(REPORT TYPE FRAME NEXT));
    CHECK_STR(SHAPE, STR("[72][18]"));
}

static void lanes_case(enum envelope_kind kind)
{
    WORLD = {AUTO, .envelope = kind};
    piece(&t, LANE_OUT, "09:22:01 ERROR failed", false);
    piece(&t, LANE_ERR, "panic: x", false);
    piece(&t, LANE_OUT, "java.lang.Error: x", false);
    piece(&t, LANE_ERR, "", false);
    piece(&t, LANE_OUT, "\tat shop.Ma", true);
    piece(&t, LANE_ERR, "goroutine 1 [running]:", false);
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    piece(&t, LANE_OUT, "in.main(Main.java:3)", false);
    tail_restart(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR(REPORT TYPE FRAME));
    CHECK_STR(SHAPE, STR("[72]"));
    CHECK_STR(tail_shape(&t, "a.log!"), STR("[32]"));
}

TEST(multiline_lanes_are_kept_apart)
{
    lanes_case(ENVELOPE_DOCKER_JSON);
    remove_file("a.log");
    lanes_case(ENVELOPE_CRI);
    remove_file("a.log");
    lanes_case(ENVELOPE_DOCKER_LOCAL);
}

/* Invariant 3: parts give the bytes of the record, and end with what ended their last line. */
TEST(multiline_a_long_record_is_cut_between_lines)
{
    WORLD = {AUTO, .max_line = 80};
    append_text("a.log", REPORT TYPE FRAME FRAME FRAME FRAME NEXT);
    tail_start(&t);
    tail_read_all(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR(REPORT TYPE FRAME FRAME FRAME FRAME NEXT));
    CHECK_STR(SHAPE, STR("[+73][+64][31][18]"));
}

/* Invariant 6 */
TEST(multiline_parts_of_long_lines_are_joined_to_nothing)
{
    WORLD = {AUTO, .max_line = 20};
    append_text("a.log",
                "\tat a.b(c.java:1)\n09:22:01 ERROR a long line about it\n\tat a.b(c.java:1)\n");
    tail_start(&t);
    tail_read_all(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(SHAPE, STR("[17][F20][L15][17]"));
}

TEST(multiline_a_last_line_without_newline_ends_its_record)
{
    WORLD = {AUTO};
    append_text("a.log", REPORT "java.lang.Error: x");
    tail_start(&t);
    tail_read_all(&t);
    tail_pass(&t, 4 * NS_PER_S);
    CHECK_STR(SHAPE, STR(""));
    tail_pass(&t, 2 * NS_PER_S);
    CHECK_STR(SHAPE, STR("[N40]"));
    append_text("a.log", " and more\n" FRAME);
    tail_pass(&t, 0);
    tail_pass(&t, NS_PER_S);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR(REPORT "java.lang.Error: x and more\n" FRAME));
    CHECK_STR(SHAPE, STR("[N40][C9][31]"));
}

TEST(multiline_refused_records_come_again)
{
    WORLD = {AUTO, .refuse_after = 1};
    for (int i = 0; i < 20; i++)
        append_text("a.log", REPORT TYPE FRAME);
    append_text("a.log", "{\"a\":1}\n" NEXT);
    tail_start(&t);
    for (int i = 0; i < 40; i++)
        tail_pass(&t, NS_PER_S);
    CHECK_INT(tail_heard(&t, "a.log")->records, 22);
    CHECK_INT(OUT.len, 20 * 73 + 8 + 19);
}

/* Invariant 4 */
TEST(multiline_records_that_are_open_share_their_bytes)
{
    WORLD = {AUTO, .joined_bytes = 60};
    append_text("a.log", REPORT TYPE FRAME);
    append_text("b.log", REPORT TYPE FRAME);
    tail_start(&t);
    tail_read_all(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR(REPORT TYPE FRAME));
    CHECK_STR(tail_raw(&t, "b.log"), STR(REPORT TYPE FRAME));
}

TEST(multiline_a_rule_may_change)
{
    WORLD = {AUTO};
    append_text("a.log", REPORT TYPE);
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(SHAPE, STR(""));
    tailer_set_multiline(t.tailer, NULL, NULL);
    append_text("a.log", FRAME NEXT);
    tail_pass(&t, 0);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR(REPORT TYPE FRAME NEXT));
    CHECK_STR(SHAPE, STR("[40][31][18]"));
}
