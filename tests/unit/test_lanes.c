/* shipper/lanes: the invariants of its essay, one by one; test_lanes_storm.c is for all together. */
#include "base/file.h"
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/runtime_files.h"
#include "tests/unit/tail_helper.h"

#include <unistd.h>

#define WORLD defer(tail_free) struct tail_test t
#define JSON  .envelope = ENVELOPE_DOCKER_JSON
#define OUT   tail_raw(&t, "a.log")
#define ERR   tail_raw(&t, "a.log!")

enum { PARTIAL = 1 };

/* Appends a piece to a.log, in the envelope of t. */
static void piece(struct tail_test *t, enum lane lane, const char *text, bool is_partial)
{
    defer(buf_free) struct buf b = {0};
    put_piece(&b, t->envelope, lane, str_from(text), is_partial);
    append_file("a.log", buf_str(&b));
}

static void out(struct tail_test *t, const char *text)
{
    piece(t, LANE_OUT, text, false);
}

static void begin_out(struct tail_test *t, const char *text)
{
    piece(t, LANE_OUT, text, PARTIAL);
}

static void errs(struct tail_test *t, const char *text)
{
    piece(t, LANE_ERR, text, false);
}

static void begin_errs(struct tail_test *t, const char *text)
{
    piece(t, LANE_ERR, text, PARTIAL);
}

static size_t size_of(const char *name)
{
    defer(buf_free) struct buf bytes = {0};
    return load_file(name, &bytes).len;
}

/* ---- joins ---- */

static void interleaved_case(enum envelope_kind kind)
{
    WORLD = {.envelope = kind};
    begin_out(&t, "ab"), errs(&t, "x"), begin_out(&t, "cd"), errs(&t, "y"), out(&t, "e");
    begin_errs(&t, "1"), out(&t, "f"), errs(&t, ""), out(&t, "");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(OUT, STR("abcde\nf\n\n"));
    CHECK_STR(ERR, STR("x\ny\n1\n"));
    CHECK_STR(tail_shape(&t, "a.log"), STR("[5][1][0]"));
    tail_save(&t);
    tail_restart(&t);
    CHECK_INT(OUT.len + ERR.len, 0);
}

TEST(lanes_pieces_are_joined_in_each_lane)
{
    interleaved_case(ENVELOPE_DOCKER_JSON);
    remove_file("a.log");
    interleaved_case(ENVELOPE_CRI);
    remove_file("a.log");
    interleaved_case(ENVELOPE_DOCKER_LOCAL);
}

TEST(lanes_a_join_has_the_time_of_its_first_piece)
{
    WORLD = {JSON};
    begin_out(&t, "a");
    int64_t first = last_piece_ns();
    out(&t, "b");
    tail_start(&t);
    tail_read_all(&t);
    CHECK(tail_heard(&t, "a.log")->time_ns == first);
    out(&t, "c");
    tail_pass(&t, NS_PER_S);
    CHECK(tail_heard(&t, "a.log")->time_ns == last_piece_ns());
}

TEST(lanes_a_join_goes_on_in_the_next_file)
{
    WORLD = {JSON};
    begin_out(&t, "ab"), errs(&t, "x");
    tail_start(&t);
    tail_read_all(&t);
    rename_file("a.log", "a.log.1");
    errs(&t, "y"), begin_out(&t, "cd"), out(&t, "e"), out(&t, "f");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("abcde\nf\n"));
    CHECK_STR(ERR, STR("x\ny\n"));
}

/* ---- restarts ---- */

/* Invariant 1: the position goes back to the hold, that of the other lane does not. */
TEST(lanes_restart_within_a_join)
{
    WORLD = {JSON};
    out(&t, "1"), begin_out(&t, "ab"), errs(&t, "x"), begin_out(&t, "cd");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    tail_restart(&t);
    CHECK_INT(OUT.len + ERR.len, 0);
    out(&t, "e"), errs(&t, "y");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("abcde\n"));
    CHECK_STR(ERR, STR("y\n"));
}

/* Nothing new comes: the replay is not put off until something does. */
TEST(lanes_restart_behind_a_last_line_without_its_newline)
{
    WORLD = {JSON};
    out(&t, "1"), begin_out(&t, "bye");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    tail_restart(&t);
    tail_pass(&t, 5 * NS_PER_S);
    CHECK_STR(OUT, STR("bye"));
    CHECK_STR(tail_shape(&t, "a.log"), STR("[N3]"));
}

static void two_files_case(bool is_full)
{
    WORLD = {JSON};
    begin_out(&t, "ab"), errs(&t, "x");
    tail_start(&t);
    if (!is_full)
        tail_save(&t); /* so that the next one is a delta */
    tail_read_all(&t);
    rename_file("a.log", "a.log.1");
    errs(&t, "y"), begin_out(&t, "cd"), begin_errs(&t, "z");
    tail_pass(&t, NS_PER_S);
    tail_save(&t);
    tail_restart(&t);
    CHECK_INT(OUT.len + ERR.len, 0);
    out(&t, "e"), errs(&t, "!");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("abcde\n"));
    CHECK_STR(ERR, STR("z!\n"));
    tail_save(&t);
    tail_restart(&t);
    tail_pass(&t, 10 * NS_PER_S);
    CHECK_INT(OUT.len + ERR.len, 0);
}

TEST(lanes_restart_within_a_join_over_two_files)
{
    two_files_case(true);
    remove_file("a.log"), remove_file("a.log.1");
    two_files_case(false);
}

/* The position follows what is given during the replay, line by line. */
TEST(lanes_restart_within_a_replay)
{
    WORLD = {JSON, .quantum = 100};
    begin_errs(&t, "z");
    for (int i = 0; i < 5; i++)
        out(&t, "1");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    errs(&t, "!");
    for (int i = 0; i < 4; i++) {
        tail_restart(&t);
        CHECK_STR(ERR, STR("z!\n"));
        CHECK_STR(OUT, STR(""));
    }
    tail_save(&t);
    tail_restart(&t);
    CHECK_INT(OUT.len + ERR.len, 0);
}

TEST(lanes_restart_when_the_file_was_packed_meanwhile)
{
    WORLD = {JSON};
    errs(&t, "x"), begin_out(&t, "ab"), errs(&t, "y");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    tail_stop(&t);
    begin_out(&t, "cd"), errs(&t, "z");
    pack_file("a.log", "a.log.1.gz");
    remove_file("a.log");
    out(&t, "e");
    tail_restart(&t);
    CHECK_STR(OUT, STR("abcde\n"));
    CHECK_STR(ERR, STR("z\n"));
    tail_save(&t);
    CHECK_INT(t.drops.len, 0);
    tail_restart(&t);
    CHECK_INT(OUT.len + ERR.len, 0);
}

/* The line is open in a compressed file that was read to its end. */
TEST(lanes_restart_behind_a_packed_file)
{
    WORLD = {JSON};
    errs(&t, "x"), begin_out(&t, "ab"), errs(&t, "y");
    pack_file("a.log", "a.log.1.gz");
    remove_file("a.log");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(ERR, STR("x\ny\n"));
    tail_save(&t);
    tail_restart(&t);
    CHECK_INT(OUT.len + ERR.len, 0);
    out(&t, "c");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("abc\n"));
    CHECK_INT(ERR.len, 0);
    tail_save(&t);
    CHECK_STR(str_from(tail_state(&t, "a.log.1.gz")), STR("done"));
}

/* What was open is nowhere any more: it is named. */
TEST(lanes_an_open_line_that_was_cut_off_while_away_is_named)
{
    WORLD = {JSON};
    out(&t, "1"), begin_out(&t, "ab"), errs(&t, "x");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    tail_stop(&t);
    truncate_file("a.log", 0);
    tail_start(&t);
    for (int i = 0; i < 3; i++)
        tail_pass(&t, 30 * NS_PER_S), tail_save(&t);
    CHECK(strstr(buf_text(&t.drops), "truncated before it was read\n"));
    t.drops.len = 0;
    tail_stop(&t), tail_start(&t);
    tail_pass(&t, 100 * NS_PER_S);
    tail_save(&t);
    CHECK_INT(t.drops.len, 0);
}

/* ---- a lost state ---- */

struct told {
    struct tail_move moves[8];
    size_t n;
};

static void tell(void *context, const struct tail_move *move)
{
    struct told *told = context;
    told->moves[told->n++] = *move;
}

static bool knows;

static void is_known(void *context, struct hash128 id)
{
    const struct told *told = context;
    for (size_t i = 0; i < told->n; i++)
        knows |= hash128_equal(told->moves[i].source, id);
}

/* first, second: lanes in the order of the answer. */
static void resume_case(bool is_packed, int first, int second)
{
    WORLD = {JSON};
    struct told told = {0};
    out(&t, "1"), errs(&t, "x"), begin_out(&t, "ab"), errs(&t, "y");
    if (is_packed)
        pack_file("a.log", "a.log.1.gz"), remove_file("a.log");
    tail_start(&t);
    tail_read_all(&t);
    tailer_take_moves(t.tailer, tell, &told);
    REQUIRE(told.n == 2);
    CHECK(told.moves[0].to < told.moves[1].to); /* stdout is held */
    tail_stop(&t);
    buf_reset(&t.checkpoint);
    for (size_t i = 0; i < t.n_heard; i++)
        buf_reset(&t.heard[i].raw);
    out(&t, "c"), errs(&t, "z");
    tail_start(&t);
    knows = false;
    tailer_present(t.tailer, is_known, &told);
    CHECK(knows);
    int lanes[] = {first, second};
    for (int i = 0; i < 2; i++) {
        const struct tail_move *m = lanes[i] >= 0 ? &told.moves[lanes[i]] : NULL;
        if (m)
            CHECK(tailer_resume(t.tailer, m->source, m->to, m->hash) != is_packed);
    }
    tail_read_all(&t);
    bool has_out = first == LANE_OUT || second == LANE_OUT;
    bool has_errs = first == LANE_ERR || second == LANE_ERR;
    CHECK_STR(OUT, has_out ? STR("abc\n") : STR("1\nabc\n"));
    CHECK_STR(ERR, has_errs ? STR("z\n") : STR("x\ny\nz\n"));
    told.n = 0;
    tailer_take_moves(t.tailer, tell, &told);
    REQUIRE(told.n >= 2);
    CHECK(told.moves[0].to == told.moves[1].to); /* nothing is held any more */
    tail_save(&t);
    tail_restart(&t);
    CHECK_INT(OUT.len + ERR.len, 0);
    remove_file("a.log");
    if (is_packed)
        remove_file("a.log.1.gz");
}

TEST(lanes_resume_each_by_itself)
{
    for (int is_packed = 0; is_packed < 2; is_packed++) {
        resume_case(is_packed, LANE_OUT, LANE_ERR);
        resume_case(is_packed, LANE_ERR, LANE_OUT);
        resume_case(is_packed, LANE_OUT, -1);
        resume_case(is_packed, LANE_ERR, -1);
    }
}

TEST(lanes_resume_at_one_offset)
{
    WORLD = {JSON};
    struct told told = {0};
    out(&t, "1"), errs(&t, "x");
    tail_start(&t);
    tail_read_all(&t);
    tailer_take_moves(t.tailer, tell, &told);
    tail_stop(&t), tail_start(&t);
    for (size_t i = 0; i < told.n; i++)
        CHECK(tailer_resume(t.tailer, told.moves[i].source, told.moves[i].to, told.moves[i].hash));
    CHECK(!tailer_resume(t.tailer, told.moves[0].source, told.moves[0].to, 1));
    CHECK(!tailer_resume(t.tailer, told.moves[1].source, told.moves[1].to + 1, 1));
    out(&t, "2"), errs(&t, "y");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("1\n2\n"));
    CHECK_STR(ERR, STR("x\ny\n"));
    told.n = 0;
    tailer_take_moves(t.tailer, tell, &told);
    REQUIRE(told.n == 2);
    CHECK(told.moves[0].from > 0 && told.moves[0].from == told.moves[1].from);
}

/* The lanes are far apart, and what is given of the one behind is saved on the way. */
TEST(lanes_resume_moves_on_with_each_line)
{
    WORLD = {JSON, .refuse_after = 2};
    struct told told = {0};
    for (int i = 0; i < 6; i++)
        out(&t, "1"), errs(&t, "x");
    tail_start(&t);
    tail_read_all(&t);
    tailer_take_moves(t.tailer, tell, &told);
    tail_stop(&t), tail_start(&t);
    REQUIRE(told.n == 2);
    tail_heard(&t, "a.log")->raw.len = tail_heard(&t, "a.log!")->raw.len = 0;
    CHECK(tailer_resume(t.tailer, told.moves[0].source, told.moves[0].to, told.moves[0].hash));
    struct tail_sink sink = {tail_hear, &t};
    for (int i = 0; i < 6; i++) {
        t.taken = 0;
        tailer_read(t.tailer, t.now_ns, &sink);
        tail_save(&t);
        tail_stop(&t), tail_start(&t);
    }
    CHECK_STR(OUT, STR(""));
    CHECK_STR(ERR, STR("x\nx\nx\nx\nx\nx\n"));
}

/* ---- early and late ---- */

TEST(lanes_an_overdue_line_goes_as_it_is_and_its_rest_follows)
{
    WORLD = {JSON};
    begin_out(&t, "ab"), errs(&t, "x");
    tail_start(&t);
    tail_read_all(&t);
    CHECK(tailer_next_wakeup(t.tailer) == t.now_ns + 5 * NS_PER_S);
    tail_pass(&t, 4 * NS_PER_S);
    CHECK_STR(OUT, STR(""));
    t.now_ns += NS_PER_S;
    tail_read_all(&t); /* without a look at the folder */
    CHECK_STR(OUT, STR("ab"));
    CHECK(tailer_next_wakeup(t.tailer) == INT64_MAX);
    tail_save(&t);
    tail_restart(&t);
    begin_out(&t, "cd"), out(&t, "e");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("cde\n"));
    CHECK_STR(ERR, STR(""));
}

/* The container ended without a newline and was started again, while nobody read. */
TEST(lanes_a_line_that_was_overdue_when_it_was_written)
{
    WORLD = {JSON};
    begin_out(&t, "by"), begin_out(&t, "e");
    pass_piece_time(4 * NS_PER_S);
    begin_out(&t, "!"), errs(&t, "x");
    pass_piece_time(6 * NS_PER_S);
    begin_out(&t, "hel");
    int64_t time_ns = last_piece_ns();
    out(&t, "lo");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[N4][5]"));
    CHECK_STR(OUT, STR("bye!hello\n"));
    CHECK(tail_heard(&t, "a.log")->time_ns == time_ns);
}

/* Invariant 3 */
TEST(lanes_a_long_line_is_cut_between_pieces)
{
    WORLD = {JSON, .max_line = 10};
    begin_out(&t, "0123"), begin_out(&t, "4567"), errs(&t, "x"), begin_out(&t, "89ab");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[+8]"));
    tail_save(&t);
    tail_restart(&t);
    CHECK_INT(OUT.len + ERR.len, 0);
    begin_out(&t, "cdef"), begin_out(&t, "ghij"), out(&t, "k"), out(&t, "0123456789ABCD");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("89abcdefghijk\n0123456789ABCD\n"));
    CHECK_STR(tail_shape(&t, "a.log"), STR("[+8][5][14]"));
    CHECK_STR(ERR, STR(""));
}

/* Invariant 4 */
TEST(lanes_the_largest_line_is_given_early)
{
    WORLD = {JSON, .joined_bytes = 10};
    begin_out(&t, "01234567"), begin_errs(&t, "012"), begin_errs(&t, "3"), out(&t, "89");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[+8][2]"));
    CHECK_STR(OUT, STR("0123456789\n"));
    tail_save(&t);
    tail_restart(&t);
    errs(&t, "4");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(ERR, STR("01234\n"));
    CHECK_STR(OUT, STR(""));
}

TEST(lanes_joins_of_many_streams_share_their_bytes)
{
    WORLD = {JSON};
    defer(buf_free) struct buf text = {0}, all = {0};
    while (text.len < 16384)
        buf_print(&text, "%zu ", text.len);
    struct str half = str_of(text.ptr, 16384);
    for (int i = 0; i < 20; i++) { /* 20 x 30 x 16 KiB = 9.4 MiB */
        char name[16];
        snprintf(name, sizeof name, "%02d.log", i);
        buf_reset(&all);
        for (int k = 0; k < 30; k++)
            put_piece(&all, ENVELOPE_DOCKER_JSON, LANE_OUT, half, PARTIAL);
        write_file(name, buf_str(&all));
    }
    tail_start(&t);
    tail_read_all(&t);
    size_t given = 0;
    for (size_t i = 0; i < t.n_heard; i++)
        given += t.heard[i].raw.len;
    CHECK(given > (size_t)1 << 20);
    CHECK(given < (size_t)3 << 20);
    tail_pass(&t, 6 * NS_PER_S);
    CHECK_INT(t.n_heard, 20);
    for (size_t i = 0; i < t.n_heard; i++)
        CHECK_INT(t.heard[i].raw.len, 30 * 16384);
}

/* ---- a sink that is full ---- */

TEST(lanes_refused_lines_come_again)
{
    for (size_t refuse = 1; refuse < 6; refuse++) {
        WORLD = {JSON, .max_line = 10, .joined_bytes = 12, .refuse_after = refuse};
        begin_out(&t, "0123"), begin_errs(&t, "a"), begin_out(&t, "4567"), begin_out(&t, "89");
        begin_errs(&t, "bcdefg"), begin_out(&t, "AB"), errs(&t, "h"), out(&t, "C"), out(&t, "D");
        tail_start(&t);
        for (int i = 0; i < 30; i++)
            tail_pass(&t, 0), tail_save(&t);
        CHECK_STR(OUT, STR("0123456789ABC\nD\n"));
        CHECK_STR(ERR, STR("abcdefgh\n"));
        begin_out(&t, "E"), begin_errs(&t, "i");
        tail_pass(&t, NS_PER_S);
        tail_pass(&t, 6 * NS_PER_S), tail_pass(&t, 0);
        CHECK_STR(OUT, STR("0123456789ABC\nD\nE"));
        CHECK_STR(ERR, STR("abcdefgh\ni"));
        remove_file("a.log");
    }
}

/* ---- what is no envelope ---- */

/* Invariant 5 */
TEST(lanes_damaged_lines_are_kept_as_they_are)
{
    WORLD = {JSON};
    out(&t, "1");
    append_text("a.log", "{\"log\":\"half\n");
    append_text("a.log", "plain\n\n");
    append_file("a.log", STR("\0\0\n"));
    errs(&t, "x"), out(&t, "2");
    tail_start(&t);
    tail_read_all(&t);
    CHECK(str_equal(OUT, STR("1\n{\"log\":\"half\nplain\n\n\0\0\n2\n")));
    CHECK_STR(ERR, STR("x\n"));
    append_text("a.log", "{\"log\":\"torn");
    tail_pass(&t, NS_PER_S);
    tail_pass(&t, 6 * NS_PER_S);
    CHECK(str_ends(OUT, STR("\n2\n{\"log\":\"torn")));
    tail_save(&t);
    tail_restart(&t);
    append_text("a.log", "\\n\"}\n");
    out(&t, "3");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("\\n\"}\n3\n"));
}

TEST(lanes_damaged_frames_are_dropped_and_named)
{
    WORLD = {.envelope = ENVELOPE_DOCKER_LOCAL};
    out(&t, "1"), begin_out(&t, "ab");
    size_t first = size_of("a.log");
    append_text("a.log", "this is no frame at all");
    errs(&t, "x");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(OUT, STR("1\n"));
    CHECK_STR(ERR, STR("x\n"));
    tail_save(&t);
    char expected[64];
    snprintf(expected, sizeof expected, "a.log %zu-%zu damaged frames\n", first, first + 23);
    CHECK_STR(buf_str(&t.drops), str_from(expected));
    buf_reset(&t.drops);
    tail_restart(&t); /* what is replayed was named */
    tail_save(&t);
    CHECK_INT(t.drops.len, 0);
    append_file("a.log",
                STR("\0\0\0\x14\n\6stdo")); /* cut short, and nothing follows for a while */
    size_t before = size_of("a.log");
    tail_pass(&t, NS_PER_S);
    CHECK(tailer_next_wakeup(t.tailer) > t.now_ns);
    tail_pass(&t, 6 * NS_PER_S);
    CHECK(tailer_next_wakeup(t.tailer) > t.now_ns);
    buf_reset(&t.drops);
    tail_save(&t);
    snprintf(expected, sizeof expected, "a.log %zu-%zu damaged frames\n", before - 10, before);
    CHECK_STR(buf_str(&t.drops), str_from(expected));
    out(&t, "c");
    tail_restart(&t);
    CHECK_STR(OUT, STR("c\n"));
    buf_reset(&t.drops);
    tail_save(&t);
    CHECK_INT(t.drops.len, 0);
}

/* Drops of one place are one drop, so that a file of rubbish is not thousands. */
TEST(lanes_a_file_of_rubbish_is_one_drop)
{
    WORLD = {.envelope = ENVELOPE_DOCKER_LOCAL, .quantum = 1000};
    defer(buf_free) struct buf rubbish = {0};
    for (int i = 0; i < 5000000; i++)
        buf_add_byte(&rubbish, (char)(i * 7 + i / 1000 + 1));
    write_file("a.log", buf_str(&rubbish));
    out(&t, "1");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(OUT, STR("1\n"));
    tail_save(&t);
    CHECK_STR(buf_str(&t.drops), STR("a.log 0-5000000 damaged frames\n"));
}

/* ---- lines longer than a piece may be ---- */

static void giant_case(bool restarts)
{
    WORLD = {.envelope = ENVELOPE_CRI};
    defer(buf_free) struct buf line = {0}, all = {0};
    for (int i = 0; line.len < 3500000; i++)
        buf_print(&line, "%d ", i);
    put_piece(&all, ENVELOPE_CRI, LANE_OUT, STR("before"), false);
    put_piece(&all, ENVELOPE_CRI, LANE_ERR, buf_str(&line), false);
    put_piece(&all, ENVELOPE_CRI, LANE_OUT, STR("behind"), false);
    size_t steps[] = {0, 2500000, 2600000, 3499000, all.len - 10, all.len};
    tail_start(&t);
    for (size_t i = 1; i < countof(steps); i++) {
        append_file("a.log", str_slice(buf_str(&all), steps[i - 1], steps[i] - steps[i - 1]));
        tail_pass(&t, NS_PER_S);
        tail_save(&t);
        if (restarts)
            tail_stop(&t), tail_start(&t);
    }
    tail_pass(&t, NS_PER_S);
    CHECK_INT(OUT.len, 14);
    buf_add_byte(&line, '\n');
    CHECK_INT(ERR.len, line.len);
    CHECK(str_equal(ERR, buf_str(&line)));
    CHECK(str_find_byte(tail_shape(&t, "a.log!"), 'N') == SIZE_MAX);
    remove_file("a.log");
}

TEST(lanes_lines_longer_than_a_piece_may_be)
{
    giant_case(false);
    giant_case(true);
}

/* ---- where reading begins ---- */

static void end_case(enum envelope_kind kind, const char *behind, const char *expected)
{
    WORLD = {.envelope = kind, .start_at_end = true};
    for (int i = 0; i < 100; i++)
        out(&t, "old"), errs(&t, "old");
    append_text("a.log", behind);
    tail_start(&t);
    tail_read_all(&t);
    out(&t, "new"), errs(&t, "new");
    tail_pass(&t, NS_PER_S);
    CHECK(str_starts(OUT, str_from(expected)));
    CHECK_STR(ERR, STR("new\n"));
    remove_file("a.log");
}

TEST(lanes_start_at_end)
{
    end_case(ENVELOPE_DOCKER_JSON, "", "new\n");
    end_case(ENVELOPE_DOCKER_JSON, "{\"log\":\"torn", "{\"log\":\"torn{\"log\":\"new");
    end_case(ENVELOPE_CRI, "", "new\n");
    end_case(ENVELOPE_DOCKER_LOCAL, "", "new\n");
    end_case(ENVELOPE_DOCKER_LOCAL, "\1torn by a power cut", "new\n");
}

static bool admit_if(void *context, const struct tail_stream *stream, const char **reason)
{
    const bool *is_admitted = context;
    (void)stream;
    *reason = "not wanted";
    return *is_admitted;
}

TEST(lanes_streams_that_are_not_admitted_wait)
{
    bool is_admitted = false;
    WORLD = {JSON, .admit = admit_if, .admit_context = &is_admitted};
    out(&t, "1");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_INT(t.n_heard, 0);
    CHECK_STR(str_from(tail_state(&t, "a.log")), STR("ignored"));
    is_admitted = true;
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("1\n"));
    begin_out(&t, "2");
    tail_pass(&t, NS_PER_S);
    tail_save(&t);
    is_admitted = false; /* it is not known yet whose file it is */
    tail_restart(&t);
    tail_pass(&t, 3 * NS_PER_S);
    is_admitted = true;
    tail_pass(&t, NS_PER_S);
    out(&t, "3");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(OUT, STR("23\n"));
    tail_save(&t);
    CHECK_INT(t.drops.len, 0);
}

static bool count_line(void *context, const struct tail_line *line)
{
    (void)line;
    ++*(size_t *)context;
    return true;
}

/* Folders of rootless engines belong to users: a link could lead to what they may not read. */
TEST(lanes_refuse_links)
{
    struct err err;
    struct tailer *tailer = NULL;
    write_file("secret", STR("root:x:0:0\n"));
    REQUIRE(symlink(path_of("secret"), path_of("a.log")) == 0);
    for (int refuses = 0; refuses < 2; refuses++) {
        struct tail_glob glob = {.pattern = str_from(path_of("*.log")),
                                 .envelope = ENVELOPE_DOCKER_JSON,
                                 .refuses_links = refuses};
        const struct tailer_options options = {.host = STR("host"), .globs = &glob, .n_globs = 1};
        REQUIRE_OK(tailer_open(&tailer, &options, &err));
        tailer_scan(tailer, time_now());
        size_t lines = 0;
        const struct tail_sink sink = {count_line, &lines};
        while (tailer_read(tailer, time_now(), &sink))
            continue;
        CHECK_INT(lines, !refuses);
        tailer_close(&tailer);
    }
}

/* Folders may be links, too: below a user's folder only files of that user are logs. */
TEST(lanes_refuse_files_of_others_below_a_users_folder)
{
    enum { USER = 4711 };
    struct err err;
    struct tailer *tailer = NULL;
    if (geteuid() != 0)
        return; /* nobody else can give files away */
    REQUIRE_OK(folder_make(path_of("root"), &err));
    REQUIRE_OK(folder_make(path_of("home/engine/c1"), &err));
    write_file("root/a.log", STR("root:x:0:0\n"));
    write_file("home/engine/c1/a.log", STR("theirs\n"));
    REQUIRE(symlink(path_of("root"), path_of("home/engine/c2")) == 0);
    REQUIRE(chown(path_of("home"), USER, USER) == 0);
    REQUIRE(chown(path_of("home/engine/c1/a.log"), USER, USER) == 0);
    struct tail_glob glob = {.pattern = str_from(path_of("home/engine/*/*.log")),
                             .envelope = ENVELOPE_DOCKER_JSON,
                             .refuses_links = true};
    const struct tailer_options options = {.host = STR("host"), .globs = &glob, .n_globs = 1};
    REQUIRE_OK(tailer_open(&tailer, &options, &err));
    tailer_scan(tailer, time_now());
    size_t lines = 0;
    const struct tail_sink sink = {count_line, &lines};
    while (tailer_read(tailer, time_now(), &sink))
        continue;
    CHECK_INT(lines, 1);
    tailer_close(&tailer);
}

struct overheard {
    unsigned place;
    enum lane lane;
    void *attached;
    size_t n;
};

static bool overhear(void *context, const struct tail_line *line)
{
    struct overheard *o = context;
    o->place = line->stream->place;
    o->attached = line->stream->attached[line->lane];
    o->n++;
    return true;
}

static bool attach_line(void *context, const struct tail_line *line)
{
    line->stream->attached[line->lane] = context;
    return true;
}

/* A reload in the middle of a line: what is open still goes to the stream that it is of. */
TEST(lanes_of_what_is_left_stay_with_their_stream)
{
    struct err err;
    struct tailer *tailer = NULL;
    int stream_of_caller;
    struct overheard o = {0};
    const struct tail_sink sink = {overhear, &o};
    int64_t now = time_now();
    write_file("a.log", STR("{\"log\":\"ab\\n\",\"stream\":\"stdout\",\"time\":"
                            "\"2026-11-20T08:00:00Z\"}\n"
                            "{\"log\":\"cd\",\"stream\":\"stdout\",\"time\":"
                            "\"2026-11-20T08:00:00Z\"}\n"));
    struct tail_glob glob = {
        .pattern = str_from(path_of("*.log")), .envelope = ENVELOPE_DOCKER_JSON, .place = 1};
    struct tail_glob other = {.pattern = str_from(path_of("*.txt"))};
    const struct tailer_options options = {.host = STR("host"), .globs = &glob, .n_globs = 1};
    REQUIRE_OK(tailer_open(&tailer, &options, &err));
    tailer_scan(tailer, now);
    const struct tail_sink attach = {attach_line, &stream_of_caller};
    while (tailer_read(tailer, now, &attach))
        continue;
    REQUIRE_OK(tailer_set_globs(tailer, &other, 1, NULL, NULL, &err));
    tailer_scan(tailer, now);
    now += 6 * NS_PER_S;
    while (tailer_read(tailer, now, &sink))
        continue;
    CHECK_INT(o.n, 1);
    CHECK_INT(o.place, 1);
    CHECK(o.attached == &stream_of_caller);
    tailer_close(&tailer);
}
