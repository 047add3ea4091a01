/* shipper/tailer: what is given, with which flags, and what becomes of it through rotation. */
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/tail_helper.h"

#include <sys/stat.h>
#include <unistd.h>

#define WORLD defer(tail_free) struct tail_test t

TEST(tailer_gives_lines_byte_for_byte)
{
    WORLD = {0};
    struct str all = STR("one\n\n\r\ntwo\r\nnul\0nul\n\xff\xfe\xc3\n \n");
    write_file("a.log", all);
    tail_start(&t);
    tail_read_all(&t);
    CHECK(str_equal(tail_raw(&t, "a.log"), all));
    CHECK_STR(tail_shape(&t, "a.log"), STR("[3][0][1][4][7][3][1]"));
    append_text("a.log", "more\n");
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[3][0][1][4][7][3][1]"));
    tailer_hint(t.tailer, str_from(path_of("a.log")), t.now_ns);
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[3][0][1][4][7][3][1][4]"));
}

TEST(tailer_splits_long_lines)
{
    WORLD = {.max_line = 10, .quantum = 7};
    append_text("a.log", "0123456789\n0123456789a\n");
    append_text("a.log", "01234567890123456789\n012345678901234567890123456789x\nshort\n");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[10][F10][L1][F10][L10][F10][M10][M10][L1][5]"));
    defer(buf_free) struct buf all = {0};
    CHECK(str_equal(tail_raw(&t, "a.log"), load_file("a.log", &all)));
}

TEST(tailer_waits_for_the_newline)
{
    WORLD = {0};
    append_text("a.log", "whole\nhal");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[5]"));
    t.now_ns += 4 * NS_PER_S;
    append_text("a.log", "f");
    tail_pass(&t, 0);
    tail_pass(&t, 4 * NS_PER_S);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[5]"));
    CHECK(tailer_next_wakeup(t.tailer) == t.now_ns + NS_PER_S);
    t.now_ns += NS_PER_S;
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[5][N4]"));
    tail_save(&t);
    tail_stop(&t), tail_start(&t);
    append_text("a.log", "\nnext\nx");
    tail_pass(&t, NS_PER_S);
    tail_pass(&t, 6 * NS_PER_S);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[5][N4][C0][4][N1]"));
    append_text("a.log", "yz\n");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[5][N4][C0][4][N1][C2]"));
    CHECK_STR(tail_raw(&t, "a.log"), STR("whole\nhalf\nnext\nxyz\n"));
}

TEST(tailer_large_lines_come_back)
{
    WORLD = {0};
    defer(buf_free) struct buf all = {0};
    size_t sizes[] = {0, 100000, 5 << 20, 0, 1 << 20, (1 << 20) + 1, 3};
    for (size_t i = 0; i < countof(sizes); i++) {
        char *at = buf_reserve(&all, sizes[i] + 1);
        for (size_t k = 0; k < sizes[i]; k++)
            at[k] = (char)(k % 9 ? k * 7 : 0) == '\n' ? 'n' : (char)(k % 9 ? k * 7 : 0);
        at[sizes[i]] = '\n';
        all.len += sizes[i] + 1;
    }
    write_file("a.log", buf_str(&all));
    tail_start(&t);
    tail_read_all(&t);
    CHECK(str_equal(tail_raw(&t, "a.log"), buf_str(&all)));
    CHECK_INT(tail_heard(&t, "a.log")->records, 6 + 5 + 1);
}

TEST(tailer_a_refused_line_comes_again)
{
    WORLD = {.refuse_after = 3};
    defer(buf_free) struct buf all = {0};
    for (int i = 0; i < 100; i++)
        buf_print(&all, "line %d\n", i);
    write_file("a.log", buf_str(&all));
    tail_start(&t);
    tail_read_all(&t);
    CHECK(str_equal(tail_raw(&t, "a.log"), buf_str(&all)));
}

TEST(tailer_goes_on_where_it_was_saved)
{
    WORLD = {.max_line = 10};
    append_text("a.log", "first\nsecond\n0123456789abcde");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    append_text("a.log", "not saved\n");
    tail_stop(&t), tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(tail_shape(&t, "a.log"), STR("[5][6][F10][M10][L4]"));
}

TEST(tailer_follows_a_renamed_file)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n");
    tail_start(&t);
    tail_read_all(&t);
    append_text("a.log", "3\n");
    rename_file("a.log", "a.log.1");
    append_text("a.log", "5\n");
    append_text("a.log.1", "4\n");
    tail_pass(&t, NS_PER_S);
    rename_file("a.log.1", "a.log.2"), rename_file("a.log", "a.log.1");
    append_text("a.log", "6\n");
    tail_save(&t), tail_stop(&t), tail_start(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n4\n5\n6\n"));
}

/* Between the listing of the folder and the look at b.log. */
static bool rotates_b_at_a(void *context, const struct tail_stream *stream, const char **reason)
{
    bool *is_done = context;
    (void)reason;
    if (!*is_done && str_ends(stream->file, STR("/a.log"))) {
        *is_done = true;
        rename_file("b.log", "b.log.1");
        append_text("b.log", "2\n");
    }
    return true;
}

TEST(tailer_a_rotation_behind_the_listing_is_read_in_order)
{
    bool is_done = false;
    WORLD = {.admit = rotates_b_at_a, .admit_context = &is_done};
    append_text("a.log", "x\n"), append_text("b.log", "1\n");
    tail_start(&t);
    tail_read_all(&t);
    CHECK(is_done);
    CHECK_STR(tail_raw(&t, "b.log"), STR("1\n2\n"));
}

TEST(tailer_finds_rotated_siblings_in_order)
{
    WORLD = {.pattern = "a.log"};
    append_text("a.log-20261118", "1\n"), usleep(5000);
    append_text("a.log.3", "2\n"), append_text("a.log.2.gz", "not gzip"), usleep(5000);
    append_text("a.log.2", "3\n"), usleep(5000);
    append_text("a.log.1", "4\n"), append_text("a.log", "5\n");
    append_text("a.log.swp", "no\n"), append_text("b.log", "no\n");
    tail_start(&t);
    tail_read_all(&t);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n4\n5\n"));
    CHECK_INT(t.n_heard, 1);
    CHECK_STR(str_from(tail_state(&t, "a.log.2.gz")), STR("waiting"));
}

TEST(tailer_reads_a_deleted_file_to_its_end)
{
    WORLD = {0};
    append_text("a.log", "1\n");
    tail_start(&t);
    append_text("a.log", "2\n");
    remove_file("a.log");
    append_text("a.log", "3\nend");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n"));
    remove_file("a.log");
    tail_pass(&t, NS_PER_S);
    tail_pass(&t, 2 * NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\nend"));
    tail_save(&t);
    CHECK_INT(t.drops.len, 0);
}

TEST(tailer_names_what_it_cannot_hold)
{
    WORLD = {.held_bytes = 10};
    append_text("a.log", "1\n");
    tail_start(&t);
    tail_read_all(&t);
    append_text("a.log", "0123456789\n");
    remove_file("a.log");
    tail_scan(&t);
    tail_read_all(&t);
    tail_save(&t);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n"));
    CHECK_STR(buf_str(&t.drops), STR("a.log 2-13 deleted, and over the budget for held files\n"));
}

TEST(tailer_names_what_was_deleted_while_it_was_away)
{
    WORLD = {.refuse_after = 1};
    append_text("a.log", "1\n2\n");
    tail_start(&t);
    struct tail_sink sink = {tail_hear, &t};
    for (int i = 0; i < 2; i++) /* the first call has the folder listed again */
        tailer_read(t.tailer, t.now_ns, &sink);
    tail_save(&t), tail_stop(&t);
    remove_file("a.log");
    tail_start(&t);
    tail_pass(&t, 5 * NS_PER_S);
    tail_save(&t);
    CHECK_INT(t.drops.len, 0);
    for (int i = 0; i < 3; i++)
        tail_pass(&t, 6 * NS_PER_S), tail_save(&t);
    tail_stop(&t), tail_start(&t); /* once, also over a restart */
    for (int i = 0; i < 3; i++)
        tail_pass(&t, 20 * NS_PER_S), tail_save(&t);
    CHECK_STR(buf_str(&t.drops), STR("a.log 2-4 deleted before it was read\n"));
}

TEST(tailer_notices_truncation)
{
    WORLD = {0};
    append_text("a.log", "old 1\nold 2\n");
    tail_start(&t);
    tail_read_all(&t);
    truncate_file("a.log", 0);
    append_text("a.log", "new\n"); /* shorter */
    tail_pass(&t, NS_PER_S);
    write_file("a.log", STR("another 1\nanother 2\nanother 3\n")); /* longer */
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("old 1\nold 2\nnew\nanother 1\nanother 2\nanother 3\n"));
    tail_save(&t);
    CHECK_STR(buf_str(&t.moves), STR("0-12 0-4 0-30 "));
}

static void copytruncate_case(bool seen_while_copying, bool away, bool behind)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n");
    tail_start(&t);
    if (!behind)
        append_text("a.log", "3\n");
    tail_pass(&t, NS_PER_S);
    tail_save(&t);
    if (behind)
        append_text("a.log", "3\n");
    if (away)
        tail_stop(&t);
    write_file("a.log.1", STR("1\n2"));
    if (seen_while_copying && !away) {
        tail_scan(&t);
        CHECK_STR(str_from(tail_state(&t, "a.log.1")), STR("copy"));
    }
    append_text("a.log.1", "\n3\n");
    if (seen_while_copying && !away)
        tail_scan(&t);
    truncate_file("a.log", 0);
    append_text("a.log", "4 this is longer than what was there\n");
    if (away)
        tail_start(&t);
    tail_pass(&t, NS_PER_S);
    tail_pass(&t, NS_PER_S);
    append_text("a.log", "5\n");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n4 this is longer than what was there\n5\n"));
    remove_file("a.log.1");
    tail_pass(&t, 100 * NS_PER_S);
    tail_save(&t);
    CHECK_INT(t.drops.len, 0);
}

TEST(tailer_copytruncate)
{
    copytruncate_case(false, false, false);
}

TEST(tailer_copytruncate_behind)
{
    copytruncate_case(false, false, true);
}

TEST(tailer_copytruncate_seen_while_copying)
{
    copytruncate_case(true, false, false);
}

TEST(tailer_copytruncate_seen_while_copying_behind)
{
    copytruncate_case(true, false, true);
}

TEST(tailer_copytruncate_while_away)
{
    copytruncate_case(false, true, false);
}

TEST(tailer_copytruncate_while_away_behind)
{
    copytruncate_case(false, true, true);
}

/* What was written since is shorter than what was read: the cut shows by the size. */
TEST(tailer_cut_to_less_while_away)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n3\n");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    tail_stop(&t);
    copy_file("a.log", "a.log.1");
    truncate_file("a.log", 0);
    append_text("a.log", "4\n");
    tail_start(&t);
    tail_pass(&t, NS_PER_S);
    append_text("a.log", "5\n");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n4\n5\n"));
}

/* Nothing of it was read, so only the copy shows that it was cut. */
TEST(tailer_cut_between_listing_and_first_read)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n");
    tail_start(&t);
    usleep(20000); /* times of folders are those of clock ticks */
    copy_file("a.log", "a.log.1");
    truncate_file("a.log", 0);
    append_text("a.log", "3\n");
    tail_read_all(&t);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n"));
}

/* The copy was known, and held, before the cut. */
TEST(tailer_cut_behind_a_held_copy_before_first_read)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n");
    usleep(20000); /* a copy is younger than its original, by clock ticks */
    copy_file("a.log", "a.log.1");
    tail_start(&t);
    CHECK_STR(str_from(tail_state(&t, "a.log.1")), STR("copy"));
    truncate_file("a.log", 0);
    append_text("a.log", "3\n");
    tail_read_all(&t);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n"));
}

/* The younger copy is shorter than what was read of the older one, and none of its front. */
TEST(tailer_cut_twice_while_away)
{
    WORLD = {0};
    append_text("a.log", "1 a line longer than all of the next\n");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    tail_stop(&t);
    append_text("a.log", "2\n");
    copy_file("a.log", "a.log.2");
    truncate_file("a.log", 0);
    append_text("a.log", "3\n");
    copy_file("a.log", "a.log.1");
    truncate_file("a.log", 0);
    append_text("a.log", "4\n");
    tail_start(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1 a line longer than all of the next\n2\n3\n4\n"));
}

/* Lines that were written after the copy was made and before the file was cut. */
TEST(tailer_copytruncate_with_a_short_copy)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n");
    tail_start(&t);
    tail_read_all(&t);
    copy_file("a.log", "a.log.1");
    append_text("a.log", "3\n4\n");
    tailer_hint(t.tailer, str_from(path_of("a.log")), t.now_ns);
    tail_read_all(&t);
    truncate_file("a.log", 0);
    append_text("a.log", "5\n");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n4\n5\n"));
}

TEST(tailer_a_backup_copy_is_not_read)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n");
    tail_start(&t);
    tail_read_all(&t);
    copy_file("a.log", "a.log.bak");
    append_text("a.log", "3\n");
    tail_pass(&t, NS_PER_S);
    copy_file("a.log", "a.log.1");
    truncate_file("a.log", 0);
    append_text("a.log", "4\n");
    tail_pass(&t, NS_PER_S);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n4\n"));
}

static void packed_case(const char *packed, bool away, bool behind, bool removed)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    if (away)
        tail_stop(&t);
    if (behind || away)
        append_text("a.log", "3\n");
    rename_file("a.log", "a.log.1");
    append_text("a.log", "4\n");
    if (!away && !behind)
        tail_pass(&t, NS_PER_S);
    write_file(packed, STR("\x1f\x8b\x08")); /* the beginning is there, the end is not */
    if (!away)
        tail_pass(&t, NS_PER_S);
    pack_file("a.log.1", packed);
    if (removed)
        remove_file("a.log.1");
    if (away)
        tail_start(&t);
    tail_pass(&t, 2 * NS_PER_S);
    tail_pass(&t, 2 * NS_PER_S);
    if (!removed)
        remove_file("a.log.1");
    append_text("a.log", "5\n");
    tail_pass(&t, 2 * NS_PER_S);
    tail_save(&t), tail_stop(&t), tail_start(&t);
    tail_pass(&t, 100 * NS_PER_S);
    tail_save(&t);
    CHECK_STR(tail_raw(&t, "a.log"), away || behind ? STR("1\n2\n3\n4\n5\n") : STR("1\n2\n4\n5\n"));
    CHECK_STR(str_from(tail_state(&t, packed)), STR("done"));
    CHECK_INT(t.drops.len, 0);
}

TEST(tailer_packed_after_rename)
{
    packed_case("a.log.1.gz", false, false, true);
}

TEST(tailer_packed_after_rename_kept)
{
    packed_case("a.log.1.gz", false, false, false);
}

TEST(tailer_packed_after_rename_behind)
{
    packed_case("a.log.1.zst", false, true, true);
}

TEST(tailer_packed_after_rename_behind_kept)
{
    packed_case("a.log.1.gz", false, true, false);
}

TEST(tailer_packed_while_away)
{
    packed_case("a.log.1.gz", true, false, true);
}

TEST(tailer_packed_while_away_kept)
{
    packed_case("a.log.1.zst", true, false, false);
}

TEST(tailer_old_packed_files_are_read_from_the_start)
{
    WORLD = {.quantum = 64, .max_line = 100};
    defer(buf_free) struct buf all = {0};
    for (int i = 0; i < 300; i++)
        buf_print(&all, "line %d%s\n", i,
                  i % 50 ? ""
                         : " and this one is longer than a quantum "
                           "so that it takes a second look, or more "
                           "than one");
    write_file("x", buf_str(&all));
    pack_file("x", "a.log.2.gz");
    append_text("a.log", "last");
    tail_start(&t);
    tail_read_all(&t);
    tail_pass(&t, 6 * NS_PER_S);
    buf_add(&all, STR("last"));
    CHECK(str_equal(tail_raw(&t, "a.log"), buf_str(&all)));
}

TEST(tailer_an_inode_used_again_is_another_file)
{
    WORLD = {.max_open = 1};
    append_text("a.log", "1\n2\n");
    append_text("b.log", "x\n");
    tail_start(&t);
    tail_read_all(&t);
    tail_save(&t);
    tail_stop(&t);
    for (int i = 0; i < 3; i++) {
        remove_file("a.log");
        append_text("a.log", i % 2 ? "7\n8\n9\n" : "3\n4\n5\n");
        tail_start(&t);
        tail_pass(&t, NS_PER_S);
        tail_save(&t);
        tail_stop(&t);
    }
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n4\n5\n7\n8\n9\n3\n4\n5\n"));
}

TEST(tailer_files_with_the_same_beginning_are_different)
{
    WORLD = {0};
    defer(buf_free) struct buf head = {0};
    for (int i = 0; i < 50; i++)
        buf_print(&head, "the same banner, line %d, of all files\n", i);
    const char *names[] = {"a.log", "b.log", "c.log", "c.log.1"};
    for (int i = countof(names) - 1; i >= 0; i--) {
        append_file(names[i], buf_str(&head));
        append_text(names[i], names[i]);
        append_text(names[i], "\n");
        usleep(5000);
    }
    append_text("d.log", "x\n"), append_text("e.log", "x\n");
    tail_start(&t);
    tail_read_all(&t);
    CHECK(str_ends(tail_raw(&t, "a.log"), STR("\na.log\n")));
    CHECK_INT(tail_raw(&t, "b.log").len, head.len + 6);
    CHECK_INT(tail_raw(&t, "c.log").len, 2 * head.len + 6 + 8);
    CHECK_STR(tail_raw(&t, "d.log"), STR("x\n"));
    CHECK_STR(tail_raw(&t, "e.log"), STR("x\n"));
}

TEST(tailer_start_at_end_and_max_age)
{
    WORLD = {.start_at_end = true};
    append_text("a.log", "old\nunfin");
    append_text("b.log", "");
    tail_start(&t);
    tail_read_all(&t);
    append_text("a.log", "ished\n"), append_text("b.log", "new\n"), append_text("c.log", "all\n");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("unfinished\n"));
    CHECK_STR(tail_raw(&t, "b.log"), STR("new\n"));
    CHECK_STR(tail_raw(&t, "c.log"), STR("all\n"));
    tail_save(&t);
    CHECK(strstr(buf_text(&t.moves), "4-15"));
}

TEST(tailer_max_age_counts_at_the_first_start_only)
{
    WORLD = {.max_age_ns = NS_PER_DAY, .now_ns = time_now() + 2 * NS_PER_DAY};
    append_text("a.log", "old\n");
    tail_start(&t);
    append_text("b.log", "found later\n");
    tail_pass(&t, NS_PER_S);
    append_text("a.log", "new\n");
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a.log"), STR("new\n"));
    CHECK_STR(tail_raw(&t, "b.log"), STR("found later\n"));
}

static struct hash128 asked;

static void ask(void *context, struct hash128 id)
{
    (void)context;
    asked = id;
}

static struct tail_move last_move;

static void keep_move(void *context, const struct tail_move *move)
{
    (void)context;
    last_move = *move;
}

TEST(tailer_resumes_after_a_lost_state)
{
    WORLD = {0};
    append_text("a.log", "1\n2\n");
    tail_start(&t);
    tail_read_all(&t);
    tailer_take_moves(t.tailer, keep_move, NULL);
    tail_stop(&t);
    append_text("a.log", "3\n");
    tail_start(&t);
    tailer_present(t.tailer, ask, NULL);
    CHECK(hash128_equal(asked, last_move.source));
    tailer_resume(t.tailer, asked, last_move.to, last_move.hash + 1); /* a cloned host */
    tailer_resume(t.tailer, asked, 100, last_move.hash);
    tailer_resume(t.tailer, asked, last_move.to, last_move.hash);
    tail_read_all(&t);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n3\n"));
}

TEST(tailer_resumes_in_a_packed_file)
{
    WORLD = {0};
    write_file("x", STR("1\n2\n"));
    pack_file("x", "a.log.1.gz");
    tail_start(&t);
    tail_read_all(&t);
    tailer_take_moves(t.tailer, keep_move, NULL);
    tail_stop(&t), tail_start(&t);
    tailer_present(t.tailer, ask, NULL);
    tailer_resume(t.tailer, asked, last_move.to, last_move.hash);
    tail_read_all(&t);
    CHECK_STR(tail_raw(&t, "a.log"), STR("1\n2\n"));
}

TEST(tailer_skips_what_is_no_file)
{
    WORLD = {.pattern = "*"};
    REQUIRE(mkfifo(path_of("pipe"), 0600) == 0);
    REQUIRE(mkdir(path_of("folder"), 0700) == 0);
    REQUIRE(symlink(path_of("a"), path_of("link")) == 0);
    append_text("a", "1\n"), append_text("b.xz", "x\n"), append_text(".hidden", "no\n");
    tail_start(&t);
    tail_pass(&t, NS_PER_S);
    CHECK_STR(tail_raw(&t, "a"), STR("1\n"));
    CHECK_INT(t.n_heard, 1);
    CHECK_STR(str_from(tail_state(&t, "pipe")), STR("ignored"));
    CHECK_STR(str_from(tail_state(&t, "folder")), STR("ignored"));
    CHECK_STR(str_from(tail_state(&t, "link")), STR("ignored"));
    CHECK_STR(str_from(tail_state(&t, "b.xz")), STR("ignored"));
}

struct counted {
    size_t lines;
};

static bool count_line(void *context, const struct tail_line *line)
{
    struct counted *c = context;
    c->lines += line->bytes.len == 10;
    return true;
}

TEST(tailer_thousands_of_small_files)
{
    WORLD = {.max_open = 50};
    struct counted counted = {0};
    struct tail_sink sink = {count_line, &counted};
    for (int i = 0; i < 5000; i++) {
        char name[32], line[32];
        defer(buf_free) struct buf all = {0};
        snprintf(name, sizeof name, "f%04d.log", i);
        for (int k = 0; k < 10; k++) {
            snprintf(line, sizeof line, "%05d %04d\n", i, k);
            buf_add(&all, str_from(line));
        }
        write_file(name, buf_str(&all));
    }
    tail_start(&t);
    while (tailer_read(t.tailer, t.now_ns, &sink))
        ;
    CHECK_INT(counted.lines, 50000);
    defer(buf_free) struct buf full = {0};
    tailer_put_full(t.tailer, &full);
    CHECK(!full.over);
    tail_pass(&t, NS_PER_S);
    CHECK_INT(counted.lines, 50000);
    CHECK_INT(t.n_heard, 0);
}

TEST(tailer_streams_take_turns)
{
    WORLD = {.quantum = 100};
    defer(buf_free) struct buf all = {0};
    for (int i = 0; i < 1000; i++)
        buf_print(&all, "line %d\n", i);
    write_file("a.log", buf_str(&all)), write_file("b.log", buf_str(&all));
    tail_start(&t);
    struct counted counted = {0};
    struct tail_sink sink = {count_line, &counted};
    for (int i = 0; i < 7; i++) /* the first call has the folder listed again */
        tailer_read(t.tailer, t.now_ns, &sink);
    tailer_take_moves(t.tailer, keep_move, NULL);
    CHECK(last_move.to > 200 && last_move.to <= 300);
}
