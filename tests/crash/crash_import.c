/*
 * Power cuts and disk faults while an import comes into a store that is in use: afterwards all of its
 * records are there exactly once, or none, and all if store_adopt had said so. What shippers sent is
 * untouched. Imported again, they are all there once.
 */
#include "base/mem.h"
#include "collector/store/adopting.h"
#include "collector/store/importing.h"
#include "tests/blocks.h"
#include "tests/crash/power.h"
#include "tests/stores.h"
#include "tests/test.h"

#include <stdio.h>

enum { DAY = 20000, OLD_DAYS = 3, EACH = 4, OLD = OLD_DAYS * EACH, PER_BLOCK = 5 };

static const int64_t now = DAY * NS_PER_DAY;
static const struct hash128 origin = {.low = 4, .high = 2};

static struct store_options options_of(const char *folder)
{
    return (struct store_options){.folder = folder, .journal_bytes = 1500};
}

static bool send_block(struct store *s, uint64_t sequence)
{
    struct err err;
    struct put_result result;
    bool put = put_made_block(s, now, 1, sequence, "api", (int)sequence * PER_BLOCK, PER_BLOCK,
                              &result, &err);
    return commit_blocks(s, now, &err) && put;
}

static bool add_all(struct importing *i, int first_day, struct err *err)
{
    struct label items[] = {{STR("service"), STR("old")}};
    importing_begin(i, origin);
    for (int k = 0; k < OLD; k++) {
        char line[32];
        int len = snprintf(line, sizeof line, "old number %d", k);
        struct record record = {.event_ns = (first_day + k / EACH) * NS_PER_DAY + k,
                                .line = str_of(line, (size_t)len)};
        struct filled_stream *stream =
            filled_stream_of(importing_streams(i), &(struct labels){items, 1});
        if (!importing_add(i, stream, &record, err))
            return false;
    }
    return importing_end(i, err);
}

enum outcome { IMPORTED, KNOWN, FAILED };

static enum outcome import_from(struct store *s, const char *folder, int first_day)
{
    struct err err;
    uint64_t bytes;
    struct adopted adopted;
    defer(importing_close) struct importing *i = NULL;
    if (!importing_open(&i, folder, now, &err))
        return FAILED;
    if (importing_knows(i, origin))
        return KNOWN;
    bool done = add_all(i, first_day, &err) && importing_finish(i, &bytes, &err) &&
                store_adopt(s, importing_id(i), &adopted, &err);
    store_publish(s);
    return done ? IMPORTED : FAILED;
}

static enum outcome import(struct store *s, const char *folder)
{
    return import_from(s, folder, DAY - 5);
}

struct found {
    int old, blocks; /* lines of the import; blocks of the shipper, from 1 on */
};

struct counts {
    int old[100], sent[100];
};

static bool count_line(void *context, struct str line)
{
    struct counts *counts = context;
    int number = number_of_line(line);
    REQUIRE(number >= 0 && number < 100);
    (str_starts(line, STR("old")) ? counts->old : counts->sent)[number]++;
    return true;
}

/* Fails if something is there twice, or only a part. */
static struct found look(struct store *s, const char *when)
{
    struct counts counts = {0};
    struct found found = {0};
    REQUIRE(each_stored_line(s, count_line, &counts));
    for (int i = 0; i < 100; i++) {
        if (counts.old[i] > 1 || counts.sent[i] > 1)
            test_fail(__FILE__, __LINE__, "%s: %d is there twice", when, i);
        found.old += counts.old[i];
        found.blocks = counts.sent[i] ? i / PER_BLOCK : found.blocks;
    }
    if (found.old != 0 && found.old != OLD)
        test_fail(__FILE__, __LINE__, "%s: %d of %d", when, found.old, OLD);
    CHECK(store_count(s).rotten_parts == 0);
    return found;
}

TEST_SLOW(import_survives_a_power_cut_anywhere, 120)
{
    struct err err;
    struct store *s = NULL;
    size_t adopted_at, begun_at;
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/disk", test_folder()).ptr;
    const char *after = arena_print(&a, "%s/after", test_folder()).ptr;
    struct store_options options = options_of(folder);
    REQUIRE_OK(folder_make(folder, &err));
    defer(power_free) struct power *power = power_record(folder);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    for (uint64_t i = 1; i <= 4; i++)
        REQUIRE(send_block(s, i));
    begun_at = power_calls(power);
    REQUIRE(import(s, folder) == IMPORTED);
    adopted_at = power_calls(power);
    merge_once(s, now, NULL, &err);
    REQUIRE_OK(archive_all(s, now, &err));
    REQUIRE(send_block(s, 5));
    CHECK_INT(import(s, folder), KNOWN);
    store_close(&s, now);
    power_stop(power);
    options.folder = after;
    for (size_t n = begun_at; n <= power_calls(power); n++) {
        for (uint64_t variant = 0; variant < 6; variant++) {
            char when[64];
            snprintf(when, sizeof when, "cut after %zu calls, variant %d", n, (int)variant);
            power_cut(power, n, n * 1000 + variant, after);
            REQUIRE_OK(store_open(&s, &options, now, &err));
            struct found found = look(s, when);
            if ((n >= adopted_at && found.old == 0) || found.blocks < 4)
                test_fail(__FILE__, __LINE__, "%s: what was acknowledged is gone", when);
            CHECK_INT(import(s, after), found.old ? KNOWN : IMPORTED);
            CHECK_INT(look(s, when).old, OLD);
            store_close(&s, now);
            REQUIRE_OK(store_open(&s, &options, now, &err));
            CHECK_INT(look(s, when).old, OLD);
            store_close(&s, now);
        }
    }
}

/* Numbers of segments that retention has removed are taken again: an archive that is there again must not count for what has the
 * number of an import that it was made of. */
TEST_SLOW(import_survives_an_archive_of_one_with_its_number, 120)
{
    struct err err;
    struct store *s = NULL;
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/disk", test_folder()).ptr;
    const char *after = arena_print(&a, "%s/after", test_folder()).ptr;
    struct store_options options = options_of(folder);
    options.retention.keep_ns = NS_PER_DAY;
    REQUIRE_OK(folder_make(folder, &err));
    defer(power_free) struct power *power = power_record(folder);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    REQUIRE(import(s, folder) == IMPORTED);
    REQUIRE_OK(archive_all(s, now, &err));
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    CHECK_INT(store_count(s).segments, 0);
    store_close(&s, now);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    REQUIRE(import_from(s, folder, DAY - 15) == IMPORTED);
    store_close(&s, now);
    power_stop(power);
    options.folder = after;
    for (uint64_t variant = 0; variant < 100; variant++) {
        power_cut(power, power_calls(power), variant, after);
        REQUIRE_OK(store_open(&s, &options, now, &err));
        CHECK_INT(look(s, "after the cut").old, OLD);
        store_close(&s, now);
    }
}

static void with_fault(enum fault fault, size_t at, size_t times, const char *folder)
{
    struct err err;
    char when[64];
    struct store *s = NULL;
    struct store_options options = options_of(folder);
    snprintf(when, sizeof when, "fault %d at %zu, %zu times", (int)fault, at, times);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    REQUIRE(send_block(s, 1));
    faults_set(fault, at, times);
    enum outcome outcome = import(s, folder);
    faults_set(FAULT_NONE, 0, 0);
    CHECK(outcome != KNOWN);
    CHECK_INT(look(s, when).old, outcome == IMPORTED ? OLD : 0);
    store_close(&s, now);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    struct found found = look(s, when);
    CHECK_INT(found.blocks, 1);
    CHECK(found.old == OLD || outcome != IMPORTED);
    CHECK_INT(import(s, folder), found.old ? KNOWN : IMPORTED);
    CHECK_INT(look(s, when).old, OLD);
    store_close(&s, now);
}

TEST_SLOW(import_survives_a_fault_at_every_call, 120)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    for (enum fault fault = FAULT_FULL; fault <= FAULT_SHORT; fault++)
        for (size_t at = 0; at < 90; at += 1 + at / 40)
            for (size_t times = 1; times <= 64; times *= 8) {
                const char *folder =
                    arena_print(&a, "%s/%d-%zu-%zu", test_folder(), (int)fault, at, times).ptr;
                REQUIRE_OK(folder_make(folder, &err));
                defer(power_free) struct power *power = power_record(folder);
                with_fault(fault, at, times, folder);
                power_stop(power);
            }
}
