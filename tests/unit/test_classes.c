/* Retention classes and archives; invariant numbers are those of collector/store/classes.h. */
#include "collector/store/classes.h"

#include "base/mem.h"
#include "collector/store/parts.h"
#include "collector/store/places.h"
#include "collector/store/usage.h"
#include "formats/line/level.h"
#include "query/engine/run.h"
#include "tests/test.h"
#include "tests/unit/store_helper.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_FOLDER "/days/2024-10-04"

static const struct store_rule rules[] = {{STR_INIT("level=debug service=api"), 3 * NS_PER_DAY},
                                          {STR_INIT("level=trace"), 0}};
static const struct store_rule debug_shorter[] = {{STR_INIT("level=debug"), NS_PER_DAY}};

static struct store_options options_of(const struct store_rule *rule, size_t n)
{
    return (struct store_options){
        .journal_bytes = 4000,
        .retention = {.keep_ns = 30 * NS_PER_DAY, .rules = rule, .n_rules = n}};
}

/* Some journals of one day become segments. */
static struct store *make_store(const struct store_rule *rule, size_t n)
{
    struct store *s = st_open_store(options_of(rule, n));
    for (uint64_t i = 1; i <= 30; i++)
        st_put(s, 1, i);
    st_merge_all(s);
    return s;
}

/* Until age counts, and a little more. */
static void let_pass(struct store *s, int64_t ns)
{
    struct err err;
    st_now += ns;
    for (int i = 0; i < 40; i++) {
        st_now += NS_PER_S;
        REQUIRE_OK(store_maintain(s, st_now, &err));
        store_publish(s);
    }
}

static size_t count_lines(const struct buf *text)
{
    size_t n = 0;
    for (size_t i = 0; i < text->len; i++)
        n += text->ptr[i] == '\n';
    return n;
}

/* In files of a class. */
static uint64_t records_of(const char *class)
{
    size_t n;
    uint64_t records = 0;
    defer(arena_free) struct arena a = {0};
    struct view *v = NULL;
    struct err err;
    REQUIRE_OK(view_open_folder(&v, st_path_of(&a, ""), &err));
    const struct store_part *parts = view_parts(v, &n);
    struct str folder = arena_print(&a, "/%s/", class);
    for (size_t i = 0; i < n; i++)
        records += str_find(str_from(parts[i].name), folder) != SIZE_MAX ? parts[i].records : 0;
    view_close(&v);
    return records;
}

TEST(classes_are_named_for_their_times)
{
    int64_t keep_ns;
    defer(classes_free) struct classes c;
    const struct store_rule times[] = {{STR_INIT("a"), 72 * 3600 * NS_PER_S},
                                       {STR_INIT("b"), 90 * 60 * NS_PER_S},
                                       {STR_INIT("c"), 0},
                                       {STR_INIT("d"), 3 * NS_PER_DAY}};
    classes_init(&c, times, countof(times));
    CHECK_INT(c.n, 4);
    CHECK_STR(str_from(c.names[0]), STR("default"));
    CHECK_STR(str_from(c.names[1]), STR("3d"));
    CHECK_STR(str_from(c.names[2]), STR("1h30m"));
    CHECK_STR(str_from(c.names[3]), STR("forever"));
    CHECK(class_keep(STR("default"), 7, &keep_ns) && keep_ns == 7);
    CHECK(class_keep(STR("3d"), 7, &keep_ns) && keep_ns == 3 * NS_PER_DAY);
    CHECK(class_keep(STR("forever"), 7, &keep_ns) && keep_ns == 0);
    CHECK(!class_keep(STR("lost+found"), 7, &keep_ns) && keep_ns == 7);
}

TEST(classes_first_rule_decides) /* 1 */
{
    defer(classes_free) struct classes c;
    struct label items[] = {{STR("service"), STR("api")}};
    const struct labels labels = {items, 1};
    const struct store_rule three[] = {{STR_INIT("service=web"), 1},
                                       {STR_INIT("service=api level=error+"), 2 * NS_PER_S},
                                       {STR_INIT("level=debug service=api"), 3 * NS_PER_S}};
    struct record record = {.level = LEVEL_DEBUG};
    classes_init(&c, three, countof(three));
    uint64_t of_stream = classes_of_stream(&c, &labels);
    CHECK_INT(of_stream, 6);
    CHECK_INT(classes_of_row(&c, of_stream, &record), 3);
    record.level = LEVEL_CRITICAL;
    CHECK_INT(classes_of_row(&c, of_stream, &record), 2);
    record.level = LEVEL_INFO;
    CHECK_INT(classes_of_row(&c, of_stream, &record), 0);
}

TEST(classes_of_more_times_than_there_can_be_are_the_default)
{
    struct store_rule many[CLASSES_MAX + 2];
    defer(classes_free) struct classes c;
    for (size_t i = 0; i < countof(many); i++)
        many[i] = (struct store_rule){STR("level=debug"), (int64_t)(i + 1) * NS_PER_S};
    classes_init(&c, many, countof(many));
    CHECK_INT(c.n, CLASSES_MAX);
    CHECK_INT(classes_add(&c, STR("77d")), 0);
}

TEST(classes_what_is_wrong_with_a_rule)
{
    struct err err;
    CHECK(!store_rule_check(&(struct store_rule){STR("  "), 1}, &err));
    CHECK(strstr(err.text, "names no lines"));
    CHECK(!store_rule_check(&(struct store_rule){STR("level=loud"), 1}, &err));
    CHECK(strstr(err.text, "no level"));
    CHECK(!store_rule_check(&(struct store_rule){STR("service~("), 1}, &err));
    CHECK(store_rule_check(&(struct store_rule){STR("web level=warn+ host!=a"), 1}, &err));
}

TEST(classes_change_nothing_that_is_seen)
{
    struct store *s = st_open_store(options_of(rules, countof(rules)));
    defer(buf_free) struct buf before = {0}, after = {0}, again = {0};
    for (uint64_t i = 1; i <= 30; i++)
        st_put(s, 1, i);
    st_search_store(s, &before);
    st_merge_all(s);
    CHECK(st_files_in(DAY_FOLDER "/default") > 0);
    CHECK_INT(st_files_in(DAY_FOLDER "/3d"), st_files_in(DAY_FOLDER "/default"));
    CHECK_INT(st_files_in(DAY_FOLDER "/forever"), st_files_in(DAY_FOLDER "/default"));
    st_search_store(s, &after);
    CHECK_STR(buf_str(&after), buf_str(&before));
    store_close(&s, st_now);
    s = st_open_store(options_of(NULL, 0));
    st_search_store(s, &again);
    CHECK_STR(buf_str(&again), buf_str(&before));
    store_close(&s, st_now);
}

TEST(classes_go_when_their_time_is_over)
{
    defer(buf_free) struct buf all = {0}, later = {0}, much_later = {0}, last = {0};
    struct store *s = make_store(rules, countof(rules));
    st_search_store(s, &all);
    size_t n = count_lines(&all), of_3d = records_of("3d");
    CHECK(of_3d > n / 5);
    const struct store_options shorter = options_of(debug_shorter, 1);
    store_set_retention(s, &shorter.retention);
    let_pass(s, 2 * NS_PER_DAY);
    CHECK(st_files_in(DAY_FOLDER "/3d") > 0); /* 1: of before the change */
    let_pass(s, 2 * NS_PER_DAY);
    CHECK_INT(st_files_in(DAY_FOLDER "/3d"), 0);
    st_search_store(s, &later);
    CHECK_INT(count_lines(&later), n - of_3d);
    let_pass(s, 30 * NS_PER_DAY);
    CHECK_INT(st_files_in(DAY_FOLDER "/default"), 0);
    st_search_store(s, &much_later);
    CHECK(count_lines(&much_later) > 0);
    let_pass(s, 4000 * NS_PER_DAY);
    st_search_store(s, &last);
    CHECK_STR(buf_str(&last), buf_str(&much_later));
    store_close(&s, st_now);
    s = st_open_store(options_of(NULL, 0));
    CHECK_INT(store_count(s).streams, 1); /* known as long as a class has rows of it */
    store_close(&s, st_now);
}

TEST(classes_of_one_number_are_merged_together)
{
    struct err err;
    defer(buf_free) struct buf before = {0}, after = {0};
    struct store *s = make_store(rules, countof(rules));
    uint64_t last = 30;
    st_search_store(s, &before);
    size_t files = st_files_in(DAY_FOLDER "/forever");
    for (; st_files_in(DAY_FOLDER "/forever") >= files && last < 200; last++) {
        st_put(s, 1, last + 1);
        st_merge_once(s);
    }
    CHECK_INT(st_files_in(DAY_FOLDER "/3d"), st_files_in(DAY_FOLDER "/forever"));
    st_search_store(s, &after);
    CHECK_INT(count_lines(&after), last * ST_EACH);
    CHECK(str_starts(buf_str(&after), buf_str(&before)));
    struct store_verdict verdict;
    defer(arena_free) struct arena a = {0};
    REQUIRE_OK(store_verify(st_path_of(&a, ""), NULL, NULL, &verdict, &err));
    CHECK_INT(verdict.damaged, 0);
    CHECK_INT(verdict.records, last * ST_EACH);
    store_close(&s, st_now);
}

/* ---- what a crash leaves behind ---- */

static void is_seen_again(const struct buf *before, const char *name_of_part)
{
    struct err err;
    struct str *names;
    size_t n;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf read_only = {0}, after = {0};
    defer(summary_free) struct summary summary = {0};
    struct view *v = NULL;
    REQUIRE_OK(view_open_folder(&v, st_path_of(&a, ""), &err));
    st_search(v, &read_only, &summary);
    view_close(&v);
    CHECK_STR(buf_str(&read_only), buf_str(before));
    struct store *s = st_open_store(options_of(rules, countof(rules)));
    st_search_store(s, &after);
    CHECK_STR(buf_str(&after), buf_str(before));
    REQUIRE_OK(folder_list(st_path_of(&a, DAY_FOLDER "/3d"), &a, &names, &n, &err));
    CHECK_INT(n, name_of_part != NULL);
    if (name_of_part)
        CHECK_STR(names[0], str_from(name_of_part));
    store_close(&s, st_now);
}

/* The first merge ends, but what follows it does not happen. */
static void stop_behind_merge(struct buf *before, bool with_default)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    struct store *s = st_open_store(options_of(rules, countof(rules)));
    for (uint64_t i = 1; store_count(s).journals < 2; i++)
        st_put(s, 1, i);
    st_search_store(s, before);
    struct store_merge *m = store_plan_merge(s);
    REQUIRE(m);
    store_run_merge(m, NULL, NULL);
    REQUIRE_OK(store_end_merge(s, &m, &err));
    if (!with_default)
        REQUIRE_OK(file_remove(st_path_of(&a, DAY_FOLDER "/default/segment-000001"), &err));
    store_close(&s, st_now);
    CHECK_INT(access(st_path_of(&a, DAY_FOLDER "/3d/segment-000001.part"), F_OK), 0);
}

TEST(classes_count_from_the_name_of_the_default_one)
{
    defer(buf_free) struct buf before = {0};
    stop_behind_merge(&before, true);
    is_seen_again(&before, "segment-000001");
}

TEST(classes_without_the_default_one_do_not_count)
{
    defer(buf_free) struct buf before = {0};
    stop_behind_merge(&before, false);
    is_seen_again(&before, NULL);
}

/* A damaged chunk of one class: the rows of the others in its slice are found. */
TEST(classes_rot_one_by_one)
{
    struct err err;
    char byte = 'x';
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf all = {0}, found = {0};
    defer(summary_free) struct summary summary = {0};
    defer(file_close) struct file f = {0};
    struct view *v = NULL;
    stop_behind_merge(&all, true);
    const char *path = st_path_of(&a, DAY_FOLDER "/3d/segment-000001.part");
    REQUIRE_OK(file_open(&f, path, FILE_WRITE, &err));
    REQUIRE_OK(file_write_at(&f, 300, str_of(&byte, 1), &err));
    REQUIRE_OK(view_open_folder(&v, st_path_of(&a, ""), &err));
    st_search(v, &found, &summary);
    view_close(&v);
    CHECK(!summary.complete);
    CHECK(summary.n_problems == 1 && strstr(summary.problems[0].ptr, "segment 000001 of 3d"));
    CHECK_INT(count_lines(&all) - count_lines(&found), count_lines(&all) / 4);
}

/* ---- archives ---- */

static size_t count_archives(const char *folder)
{
    struct err err;
    struct str *names;
    size_t n, archives = 0;
    defer(arena_free) struct arena a = {0};
    if (!folder_list(st_path_of(&a, folder), &a, &names, &n, &err))
        return 0;
    for (size_t i = 0; i < n; i++)
        archives += str_starts(names[i], STR("archive-"));
    return archives;
}

TEST(classes_of_a_closed_day_become_archives)
{
    struct store_options options = options_of(rules, countof(rules));
    options.retention.archive_after_ns = 2 * NS_PER_DAY;
    defer(buf_free) struct buf before = {0}, after = {0}, again = {0};
    struct store *s = st_open_store(options);
    for (uint64_t i = 1; i <= 60; i++) {
        st_put(s, 1, i);
        st_now += i == 30 ? NS_PER_DAY : 0;
    }
    st_merge_all(s);
    st_search_store(s, &before);
    let_pass(s, 2 * NS_PER_DAY - NS_PER_S * 300);
    st_merge_all(s);
    CHECK_INT(count_archives(DAY_FOLDER "/default"), 0); /* it ended less than two days ago */
    let_pass(s, NS_PER_S * 300);
    st_merge_all(s);
    CHECK_INT(count_archives(DAY_FOLDER "/default"), 1);
    CHECK_INT(st_files_in(DAY_FOLDER "/default"), 1);
    CHECK_INT(count_archives(DAY_FOLDER "/3d"), 1);
    CHECK_INT(count_archives("/days/2024-10-05/default"), 0);
    CHECK(st_files_in("/days/2024-10-05/default") > 0);
    st_search_store(s, &after);
    CHECK_STR(buf_str(&after), buf_str(&before));
    store_close(&s, st_now);
    s = st_open_store(options);
    st_search_store(s, &again);
    CHECK_STR(buf_str(&again), buf_str(&before));
    store_close(&s, st_now);
}

TEST(classes_every_flipped_byte_is_noticed)
{
    static const char *const files[] = {DAY_FOLDER "/default/archive-000002",
                                        DAY_FOLDER "/3d/archive-000002"};
    struct store_options options = options_of(rules, 1);
    options.retention.archive_after_ns = 1;
    options.journal_bytes = 3000;
    defer(arena_free) struct arena a = {0};
    defer(buf_free) struct buf lines = {0};
    struct store *s = st_open_store(options);
    for (uint64_t i = 1; store_count(s).journals < 2; i++)
        st_put(s, 1, i);
    let_pass(s, NS_PER_DAY);
    st_merge_all(s);
    st_search_store(s, &lines);
    store_close(&s, st_now);
    for (size_t i = 0; i < countof(files); i++)
        st_flip_every_byte(st_path_of(&a, files[i]), &lines);
}

static size_t lines_of_view(struct view *v)
{
    struct summary summary = {0};
    defer(buf_free) struct buf out = {0};
    st_search(v, &out, &summary);
    summary_free(&summary);
    return count_lines(&out);
}

TEST(classes_are_all_in_the_span_of_a_follower)
{
    struct store *s = st_open_store(options_of(rules, countof(rules)));
    for (uint64_t i = 1; i <= 30; i++)
        st_put(s, 1, i);
    struct store_span span = {.to = store_end(s)};
    struct view *v = NULL;
    view_open_span(&v, s, &span);
    size_t before = lines_of_view(v);
    view_close(&v);
    st_merge_all(s);
    view_open_span(&v, s, &span);
    size_t after = lines_of_view(v);
    view_close(&v);
    CHECK_INT(before, 1500);
    CHECK_INT(after, 1500);
    store_close(&s, st_now);
}

TEST(classes_are_all_in_the_usage_of_services)
{
    struct store *s = make_store(rules, countof(rules));
    struct view *v = NULL;
    struct usage u;
    view_open(&v, s);
    const struct usage_span whole = {
        .since_ns = TIME_NONE, .recent_ns = INT64_MIN, .recent_to_ns = INT64_MAX};
    view_usage(v, &whole, &u);
    view_close(&v);
    uint64_t n = 0;
    for (size_t i = 0; i < u.n; i++)
        n += u.services[i].records;
    CHECK_INT(n, 1500);
    usage_free(&u);
    store_close(&s, st_now);
}

TEST(classes_merge_that_cannot_be_taken_back_doubles_nothing)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    struct store *s =
        st_open_store((struct store_options){.retention = {.keep_ns = 10 * 3600 * NS_PER_S}});
    for (uint64_t i = 1; i <= 3; i++) {
        st_put(s, 1, i);
        REQUIRE_OK(store_close_journal(s, &err));
        store_publish(s);
        if (i == 1)
            st_now += 9 * 3600 * NS_PER_S;
    }
    struct store_merge *m = store_plan_merge(s);
    REQUIRE(m);
    store_run_merge(m, NULL, NULL);
    let_pass(s, 2 * 3600 * NS_PER_S); /* journal 1 goes */
    const char *name = st_path_of(&a, DAY_FOLDER "/default/segment-000001");
    const char *aside = st_path_of(&a, "/aside");
    REQUIRE(rename(name, aside) == 0 && mkdir(name, 0700) == 0); /* unlink fails */
    CHECK(!store_end_merge(s, &m, &err));
    REQUIRE(rmdir(name) == 0 && rename(aside, name) == 0);
    st_merge_all(s);
    defer(buf_free) struct buf out = {0};
    st_search_store(s, &out);
    CHECK_INT(count_lines(&out), 100);
    store_close(&s, st_now);
    s = st_open_store((struct store_options){0});
    buf_reset(&out);
    st_search_store(s, &out);
    CHECK_INT(count_lines(&out), 100);
    store_close(&s, st_now);
}

TEST(classes_places_are_known_after_a_restart)
{
    for (int round = 0; round < 2; round++) {
        static const struct store_rule all[] = {{STR_INIT("service~."), 3 * NS_PER_DAY}};
        struct store *s = st_open_store(options_of(all, (size_t)round));
        st_put(s, 1 + (uint64_t)round, 1);
        struct store_place at = store_end(s);
        for (uint64_t i = 2; i <= 10; i++)
            st_put(s, 1 + (uint64_t)round, i);
        st_merge_all(s);
        let_pass(s, 0);
        CHECK(store_check_place(s, at) == PLACE_KNOWN);
        store_close(&s, st_now);
        s = st_open_store(options_of(all, (size_t)round));
        CHECK(store_check_place(s, at) == PLACE_KNOWN);
        store_close(&s, st_now);
    }
}

TEST(classes_for_ever_keep_no_damaged_journal)
{
    defer(arena_free) struct arena a = {0};
    struct store *s = st_open_store(options_of(rules, countof(rules)));
    for (uint64_t i = 1; i <= 12; i++)
        st_put(s, 1, i);
    store_close(&s, st_now);
    FILE *f = fopen(st_path_of(&a, "/journal/000002"), "r+");
    REQUIRE(f && fseek(f, 2000, SEEK_SET) == 0 && fputs("xxxxxxxxxxxxxxxx", f) >= 0 &&
            fclose(f) == 0);
    s = st_open_store(options_of(rules, countof(rules)));
    st_merge_all(s);
    let_pass(s, 400 * NS_PER_DAY);
    st_put(s, 1, 13);
    let_pass(s, 400 * NS_PER_DAY);
    st_merge_all(s);
    CHECK_INT(st_files_in("/journal"), 1);
    store_close(&s, st_now);
}
