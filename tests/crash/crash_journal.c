/*
 * Power cuts and disk faults of base/journal.h: what was acknowledged (appended and synced) is
 * there afterwards, in order and once; nothing else is, but whole frames that were appended.
 */
#include "base/journal.h"
#include "base/mem.h"
#include "tests/crash/power.h"
#include "tests/test.h"

enum { FRAMES = 12 };

static uint64_t seed = 7;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

struct history {
    int appended; /* frames 1..appended went in */
    struct {
        size_t calls;
        int acked;
    } acks[4 * FRAMES]; /* after so many calls, so many were acked */
    int n_acks;
};

static void put_number(struct buf *b, int number)
{
    put_u32(b, (uint32_t)number);
    for (int i = 0; i < number * 97; i++)
        buf_add_byte(b, (char)(i * number));
}

static bool append_number(struct journal *j, int number, struct err *err)
{
    defer(buf_free) struct buf b = {0};
    struct frame frame;
    put_number(&b, number);
    return journal_append(j, 2, buf_str(&b), STR(""), number, &frame, err);
}

/* Reads numbers 1, 2, ... and returns the last; -1 if they are not consecutive or not whole. */
static int read_numbers(const char *path)
{
    struct err err;
    defer(file_close) struct file f = {0};
    if (!file_open(&f, path, FILE_READ, &err))
        return 0;
    defer(journal_reader_free) struct journal_reader r = {0};
    if (!journal_reader_open(&r, &f, UINT64_MAX, &err))
        return 0;
    int last = 0;
    struct frame frame;
    while (journal_next(&r, true, &frame, &err)) {
        if (frame.kind != 2)
            continue;
        defer(buf_free) struct buf want = {0};
        put_number(&want, last + 1);
        if (!str_equal(buf_str(&want), buf_str(&r.payload)))
            return -1;
        last++;
    }
    return err.code == ERR_NONE && r.health.rotten_parts == 0 ? last : -1;
}

/* Appends with random syncs, closing and opening in between. */
static struct history run(const char *path, struct power *power)
{
    struct err err;
    struct history h = {0};
    struct journal *j = NULL;
    struct journal_health health;
    REQUIRE_OK(journal_create(&j, path, 1, STR("head"), 0, &err));
    while (h.appended < FRAMES) {
        REQUIRE_OK(append_number(j, h.appended + 1, &err));
        h.appended++;
        if (draw(3) == 0) {
            REQUIRE_OK(journal_sync(j, &err));
            h.acks[h.n_acks].calls = power_calls(power);
            h.acks[h.n_acks++].acked = h.appended;
        }
        if (draw(4) == 0) {
            journal_close(&j, 1);
            REQUIRE_OK(journal_open(&j, path, &health, &err));
        }
    }
    journal_close(&j, 1);
    return h;
}

static int acked_after(const struct history *h, size_t calls)
{
    int acked = 0;
    for (int i = 0; i < h->n_acks && h->acks[i].calls <= calls; i++)
        acked = h->acks[i].acked;
    return acked;
}

TEST_SLOW(journal_survives_a_power_cut_anywhere, 60)
{
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/disk", test_folder()).ptr;
    const char *after = arena_print(&a, "%s/after", test_folder()).ptr;
    struct err err;
    REQUIRE_OK(folder_make(folder, &err));
    defer(power_free) struct power *power = power_record(folder);
    struct history h = run(arena_print(&a, "%s/j", folder).ptr, power);
    power_stop(power);
    const char *path = arena_print(&a, "%s/j", after).ptr;
    for (size_t n = 0; n <= power_calls(power); n++) {
        for (uint64_t variant = 0; variant < 12; variant++) {
            power_cut(power, n, n * 1000 + variant, after);
            int last = read_numbers(path);
            if (last < acked_after(&h, n) || last > h.appended)
                test_fail(__FILE__, __LINE__,
                          "cut after %zu calls, variant %d: %d frames, %d acked", n, (int)variant,
                          last, acked_after(&h, n));
            struct journal *j = NULL;
            struct journal_health health;
            if (last > 0 && journal_open(&j, path, &health, &err)) {
                CHECK(append_number(j, last + 1, &err) && journal_sync(j, &err));
                journal_close(&j, 1);
                CHECK_INT(read_numbers(path), last + 1);
            }
        }
    }
}

/* Whatever call fails: what was acknowledged stays readable, and after the fault is gone the owner
 * can go on, in a new file if a sync failed. */
static void with_fault(enum fault fault, size_t at, size_t times, const char *path)
{
    struct err err;
    struct journal *j = NULL;
    struct journal_health health;
    REQUIRE_OK(file_remove(path, &err));
    faults_set(fault, at, times);
    int appended = 0, acked = 0;
    if (!journal_create(&j, path, 1, STR("head"), 0, &err)) {
        CHECK(!j && (err.code == ERR_FULL || err.code == ERR_SYSTEM));
        faults_set(FAULT_NONE, 0, 0);
        CHECK_INT(read_numbers(path), 0);
        return;
    }
    for (int i = 0; i < 6; i++) {
        if (append_number(j, appended + 1, &err))
            appended++;
        else
            CHECK(err.code == (fault == FAULT_FULL ? ERR_FULL : ERR_SYSTEM));
        if (journal_sync(j, &err))
            acked = appended;
    }
    bool failed = is_journal_failed(j);
    journal_close(&j, 1);
    faults_set(FAULT_NONE, 0, 0);
    int last = read_numbers(path);
    CHECK(last >= acked && last <= appended);
    if (!failed)
        CHECK_INT(last, appended);
    REQUIRE_OK(journal_open(&j, path, &health, &err));
    CHECK(append_number(j, last + 1, &err) && journal_sync(j, &err));
    journal_close(&j, 1);
    CHECK_INT(read_numbers(path), last + 1);
}

TEST_SLOW(journal_survives_a_fault_at_every_call, 60)
{
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/disk", test_folder()).ptr;
    struct err err;
    REQUIRE_OK(folder_make(folder, &err));
    const char *path = arena_print(&a, "%s/j", folder).ptr;
    struct power *power = power_record(folder); /* its disk knows faults */
    for (enum fault fault = FAULT_FULL; fault <= FAULT_SHORT; fault++) {
        for (size_t at = 0; at < 40; at++) {
            with_fault(fault, at, 1, path);
            with_fault(fault, at, 3, path);
            with_fault(fault, at, 1000, path);
        }
    }
    power_stop(power);
    power_free(&power);
}
