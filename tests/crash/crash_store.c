/*
 * Power cuts and disk faults of collector/store, with a shipper that behaves: it sends block n
 * again until it is acknowledged. Afterwards every acknowledged block is there exactly once,
 * whatever was cut, and the shipper's next sending is taken as new or as known, never doubled. Outputs
 * get each of them, and nothing that the store does not hold.
 */
#include "base/mem.h"
#include "collector/store/forwarding.h"
#include "collector/store/parts.h"
#include "tests/blocks.h"
#include "tests/crash/power.h"
#include "tests/stores.h"
#include "tests/test.h"

enum { DAY = 20000, BLOCKS = 24, PER_BLOCK = 5 };

static int64_t now = DAY * NS_PER_DAY;

/* Segments of three classes, and archives of the days before. */
static const struct store_rule rules[] = {{STR_INIT("level=debug"), 400 * NS_PER_DAY},
                                          {STR_INIT("service=api level=trace"), 0}};

static struct store_options options_of(const char *folder)
{
    return (struct store_options){
        .folder = folder,
        .journal_bytes = 1500,
        .retention = {.rules = rules, .n_rules = countof(rules), .archive_after_ns = NS_PER_S}};
}

/* True = acknowledged. */
static bool send_block(struct store *s, uint64_t sequence)
{
    struct err err;
    struct put_result result;
    bool put = put_made_block(s, now, 1, sequence, "api", (int)sequence * PER_BLOCK, PER_BLOCK,
                              &result, &err);
    CHECK(!put || result.verdict != ORIGIN_CONFLICT);
    return commit_blocks(s, now, &err) && put;
}

/* How often each line is there. */
static bool count_line(void *times, struct str line)
{
    int number = number_of_line(line);
    if (number < PER_BLOCK || number >= BLOCKS * 2 * PER_BLOCK)
        return false;
    ((int *)times)[number]++;
    return true;
}

/* Last block of 1, 2, ... that is there; -1 if one is missing, there twice, or damaged. */
static int last_block(struct store *s)
{
    int times[BLOCKS * 2 * PER_BLOCK] = {0}, greatest = 0;
    if (!each_stored_line(s, count_line, times))
        return -1;
    for (int i = PER_BLOCK; i < BLOCKS * 2 * PER_BLOCK; i++)
        greatest = times[i] ? i / PER_BLOCK : greatest;
    for (int i = PER_BLOCK; i < (greatest + 1) * PER_BLOCK; i++)
        if (times[i] != 1)
            return -1;
    return greatest;
}

TEST_SLOW(store_survives_a_power_cut_anywhere, 120)
{
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/disk", test_folder()).ptr;
    const char *after = arena_print(&a, "%s/after", test_folder()).ptr;
    struct err err;
    REQUIRE_OK(folder_make(folder, &err));
    size_t acked_at[BLOCKS + 1] = {0};
    struct store *s = NULL;
    struct store_options options = options_of(folder);
    defer(power_free) struct power *power = power_record(folder);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    for (uint64_t i = 1; i <= BLOCKS; i++) {
        REQUIRE(send_block(s, i));
        acked_at[i] = power_calls(power);
        now += i % 8 == 0 ? NS_PER_DAY : 0;
        if (i % 3 == 0)
            merge_once(s, now, NULL, &err);
        if (i % 7 == 0) {
            store_close(&s, now);
            REQUIRE_OK(store_open(&s, &options, now, &err));
        }
    }
    store_close(&s, now);
    power_stop(power);
    options.folder = after;
    for (size_t n = acked_at[1]; n <= power_calls(power); n++) {
        int acked = 0;
        while (acked < BLOCKS && acked_at[acked + 1] <= n)
            acked++;
        for (uint64_t variant = 0; variant < 4; variant++) {
            power_cut(power, n, n * 1000 + variant, after);
            REQUIRE_OK(store_open(&s, &options, now, &err));
            int last = last_block(s);
            if (last < acked || last > BLOCKS)
                test_fail(__FILE__, __LINE__, "cut after %zu calls, variant %d: last %d, acked %d",
                          n, (int)variant, last, acked);
            CHECK(store_count(s).rotten_parts == 0);
            for (uint64_t i = (uint64_t)acked; i > 0 && i <= (uint64_t)acked + 2; i++)
                CHECK(send_block(s, i)); /* what it does not know to be acknowledged, and more */
            CHECK_INT(last_block(s), max_of(last, acked + 2));
            store_close(&s, now);
        }
    }
}

/* The blocks that are there are the newest ones: from the first that has a line on, each line is there once. -1: they are not. */
static int newest_blocks(struct store *s, int last)
{
    int times[BLOCKS * 2 * PER_BLOCK] = {0}, first = 0;
    if (!each_stored_line(s, count_line, times))
        return -1;
    for (int i = BLOCKS * 2 * PER_BLOCK - 1; i >= PER_BLOCK; i--) {
        first = times[i] ? i / PER_BLOCK : first;
        if (times[i] > 1 || (times[i] && i / PER_BLOCK > last))
            return -1;
    }
    for (int i = first * PER_BLOCK; i < (last + 1) * PER_BLOCK; i++)
        if (times[i] != 1)
            return -1;
    return first;
}

/* Without classes: of those each file goes by itself. */
TEST_SLOW(store_retention_survives_a_power_cut_anywhere, 120)
{
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/disk", test_folder()).ptr;
    const char *after = arena_print(&a, "%s/after", test_folder()).ptr;
    struct err err;
    REQUIRE_OK(folder_make(folder, &err));
    struct store *s = NULL;
    struct store_options options = {.folder = folder, .journal_bytes = 1500};
    defer(power_free) struct power *power = power_record(folder);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    for (uint64_t i = 1; i <= BLOCKS; i++) {
        REQUIRE(send_block(s, i));
        if (i % 3 == 0)
            merge_once(s, now, NULL, &err);
    }
    store_set_retention(s, &(struct store_retention){.max_bytes = store_count(s).bytes / 2});
    size_t from = power_calls(power);
    REQUIRE_OK(store_maintain(s, now, &err));
    store_publish(s);
    merge_once(s, now, NULL, &err);
    store_close(&s, now);
    power_stop(power);
    CHECK(power_calls(power) > from + 1);
    options.folder = after;
    int greatest = 0;
    for (size_t n = from; n <= power_calls(power); n++) {
        for (uint64_t variant = 0; variant < 4; variant++) {
            power_cut(power, n, n * 1000 + variant, after);
            REQUIRE_OK(store_open(&s, &options, now, &err));
            int first = newest_blocks(s, BLOCKS);
            if (first < 1)
                test_fail(__FILE__, __LINE__, "cut after %zu calls, variant %d: blocks from %d on",
                          n, (int)variant, first);
            greatest = max_of(greatest, first);
            store_close(&s, now);
        }
    }
    CHECK(greatest > 1);
}

/* The store stays as it is, and the next backup into the same folder is whole. */
TEST_SLOW(store_backup_survives_a_power_cut_anywhere, 120)
{
    defer(arena_free) struct arena a = {0};
    const char *root = arena_print(&a, "%s/disk", test_folder()).ptr;
    const char *data = arena_print(&a, "%s/data", root).ptr;
    const char *backup = arena_print(&a, "%s/backup", root).ptr;
    const char *after = arena_print(&a, "%s/after", test_folder()).ptr;
    struct err err;
    struct store *s = NULL;
    struct store_copied copied;
    struct store_verdict before, verdict;
    const struct store_options options = options_of(data);
    REQUIRE_OK(folder_make(root, &err));
    defer(power_free) struct power *power = power_record(root);
    REQUIRE_OK(folder_make(data, &err));
    REQUIRE_OK(store_open(&s, &options, now, &err));
    for (uint64_t i = 1; i <= 9; i++) {
        REQUIRE(send_block(s, i));
        if (i % 3 == 0)
            merge_once(s, now, NULL, &err);
        if (i == 6)
            REQUIRE_OK(store_back_up(data, backup, &copied, &err));
    }
    store_close(&s, now);
    REQUIRE_OK(store_verify(data, NULL, NULL, &before, &err));
    size_t from = power_calls(power);
    REQUIRE_OK(store_back_up(data, backup, &copied, &err));
    power_stop(power);
    CHECK(power_calls(power) > from + 5);
    data = arena_print(&a, "%s/data", after).ptr;
    backup = arena_print(&a, "%s/backup", after).ptr;
    for (size_t n = from; n <= power_calls(power); n++) {
        for (uint64_t variant = 0; variant < 3; variant++) {
            power_cut(power, n, n * 1000 + variant, after);
            REQUIRE_OK(store_verify(data, NULL, NULL, &verdict, &err));
            CHECK(verdict.damaged == 0 && verdict.records == before.records);
            REQUIRE_OK(store_back_up(data, backup, &copied, &err));
            REQUIRE_OK(store_verify(backup, NULL, NULL, &verdict, &err));
            CHECK(verdict.damaged == 0 && verdict.records == before.records);
        }
    }
}

static void with_fault(enum fault fault, size_t at, size_t times, const char *folder)
{
    struct err err;
    struct store *s = NULL;
    struct store_options options = options_of(folder);
    uint64_t acked = 0;
    faults_set(fault, at, times);
    for (int tries = 0; tries < 60 && acked < 12; tries++) {
        if (tries == 30)
            faults_set(FAULT_NONE, 0, 0);
        if (!s && !store_open(&s, &options, now, &err))
            continue;
        if (send_block(s, acked + 1))
            acked++;
        if (acked % 3 == 0)
            merge_once(s, now, NULL, &err);
    }
    faults_set(FAULT_NONE, 0, 0);
    CHECK_INT(acked, 12);
    CHECK_INT(last_block(s), 12);
    store_close(&s, now);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    CHECK_INT(last_block(s), 12); /* what a failed sync left on disk does not come back */
    store_close(&s, now);
}

TEST_SLOW(store_survives_a_fault_at_every_call, 120)
{
    run_with_faults(60, with_fault);
}

/* ---- outputs ---- */

enum { OUTPUTS = 2, LOST = 1 << 20 };

static const struct str output_names[OUTPUTS] = {STR_INIT("fast"), STR_INIT("slow")};

static void ignore(void *context, const char *text)
{
    (void)context, (void)text;
}

static bool open_outputs(struct forwarding **f, struct store *s, struct forward_output **outputs,
                         struct err *err)
{
    const struct forwarding_options options = {.names = output_names, .n = OUTPUTS, .tell = ignore};
    bool good = forwarding_open(f, s, &options, err);
    for (size_t i = 0; i < OUTPUTS && good; i++)
        good = forwarding_take(*f, output_names[i], &outputs[i], err);
    return good;
}

/* What lines of a number there are: 1 for a block that was acknowledged, LOST for one whose sync failed. */
static int kind_of(struct str line)
{
    return str_starts(line, STR("lost")) ? LOST : 1;
}

/* The next block's sequence, with the kind of its lines; 0: there is none. */
static uint64_t next_block(struct forward_output *o, int *kind)
{
    struct err err;
    struct block block;
    defer(arena_free) struct arena arena = {0};
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf bytes = {0};
    if (!forward_next(o, &bytes, &err))
        return 0;
    REQUIRE_OK(block_verify(&block, buf_str(&bytes), &packer, &arena, &err));
    *kind = kind_of(block.records[0].line);
    return block.header.sequence;
}

/* Of each block in the store the kind of its lines. */
static bool note_kind(void *kinds, struct str line)
{
    ((int *)kinds)[number_of_line(line) / PER_BLOCK] = kind_of(line);
    return true;
}

/* A block that is not stored; it is sent again with other lines. */
static void lose_block(struct store *s, uint64_t sequence)
{
    struct err err;
    struct put_result result;
    REQUIRE_OK(put_made_block(s, now, 1, sequence, "lost", (int)sequence * PER_BLOCK, PER_BLOCK,
                              &result, &err));
    faults_set(FAULT_IO, 0, 1);
    CHECK(!commit_blocks(s, now, &err));
    faults_set(FAULT_NONE, 0, 0);
}

/* Takes so many blocks, and notes at which call each was done. */
static void give(struct forward_output *o, int n, const struct power *power, size_t *done_at,
                 uint64_t committed)
{
    int kind;
    uint64_t first = 0, sequence = 0;
    for (int i = 0; i < n && (sequence = next_block(o, &kind)); i++) {
        CHECK(kind != LOST && sequence <= committed);
        first = first ? first : sequence;
        for (uint64_t k = first; k <= sequence; k++)
            done_at[k] = done_at[k] ? done_at[k] : power_calls(power);
    }
    forward_done(o);
}

/* All that was acknowledged was given before the cut, or is given now. */
static void check_output(struct forward_output *o, const size_t *done_at, size_t n, int acked,
                         const int *kinds)
{
    int kind;
    bool given[BLOCKS * 2] = {0};
    for (uint64_t sequence; (sequence = next_block(o, &kind));) {
        CHECK(sequence < countof(given) && kinds[sequence] == kind);
        given[sequence % countof(given)] = true;
    }
    for (int i = 1; i <= acked; i++)
        if (!given[i] && !(done_at[i] && done_at[i] <= n))
            test_fail(__FILE__, __LINE__, "cut after %zu calls: block %d of %d is not given", n, i,
                      acked);
    forward_done(o);
}

TEST_SLOW(outputs_get_every_block_whatever_a_power_cut_leaves, 240)
{
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/disk", test_folder()).ptr;
    const char *after = arena_print(&a, "%s/after", test_folder()).ptr;
    struct err err;
    struct store *s = NULL;
    struct forwarding *f = NULL;
    struct forward_output *outputs[OUTPUTS];
    struct store_options options = options_of(folder);
    size_t acked_at[BLOCKS + 1] = {0}, done_at[OUTPUTS][BLOCKS + 1] = {0};
    REQUIRE_OK(folder_make(folder, &err));
    defer(power_free) struct power *power = power_record(folder);
    REQUIRE_OK(store_open(&s, &options, now, &err));
    REQUIRE_OK(open_outputs(&f, s, outputs, &err));
    for (uint64_t i = 1; i <= BLOCKS; i++) {
        if (i % 5 == 0)
            lose_block(s, i);
        REQUIRE(send_block(s, i) || send_block(s, i));
        acked_at[i] = power_calls(power);
        forwarding_publish(f);
        give(outputs[0], BLOCKS, power, done_at[0], i);
        if (i % 4 == 0)
            give(outputs[1], 3, power, done_at[1], i);
        now += i % 8 == 0 ? NS_PER_DAY : 0;
        if (i % 3 == 0)
            merge_once(s, now, NULL, &err);
        forwarding_publish(f);
        if (i % 7 == 0) {
            forwarding_close(&f);
            store_close(&s, now);
            REQUIRE_OK(store_open(&s, &options, now, &err));
            REQUIRE_OK(open_outputs(&f, s, outputs, &err));
        }
    }
    forwarding_close(&f);
    store_close(&s, now);
    power_stop(power);
    options.folder = after;
    for (size_t n = acked_at[1]; n <= power_calls(power); n++) {
        int acked = 0;
        while (acked < BLOCKS && acked_at[acked + 1] <= n)
            acked++;
        for (uint64_t variant = 0; variant < 4; variant++) {
            int kinds[BLOCKS * 2] = {0};
            power_cut(power, n, n * 1000 + variant, after);
            REQUIRE_OK(store_open(&s, &options, now, &err));
            REQUIRE_OK(open_outputs(&f, s, outputs, &err));
            REQUIRE(each_stored_line(s, note_kind, kinds));
            for (size_t k = 0; k < OUTPUTS; k++)
                check_output(outputs[k], done_at[k], n, acked, kinds);
            forwarding_close(&f);
            store_close(&s, now);
        }
    }
}

static void forward_with_fault(enum fault fault, size_t at, size_t times, const char *folder)
{
    enum { SENT = 12 };
    int kind;
    struct err err;
    struct store *s = NULL;
    struct forwarding *f = NULL;
    struct forward_output *outputs[OUTPUTS];
    struct store_options options = options_of(folder);
    uint64_t acked = 0;
    bool given[OUTPUTS][SENT + 2] = {0};
    REQUIRE_OK(store_open(&s, &options, now, &err));
    REQUIRE_OK(open_outputs(&f, s, outputs, &err));
    faults_set(fault, at, times);
    for (int tries = 0; tries < 60; tries++) {
        if (tries == 30)
            faults_set(FAULT_NONE, 0, 0);
        if (acked < SENT && send_block(s, acked + 1))
            acked++;
        if (acked % 3 == 0)
            merge_once(s, now, NULL, &err);
        forwarding_publish(f);
        for (size_t i = 0; i < OUTPUTS; i++) {
            uint64_t sequence = tries % 3 < (int)i ? 0 : next_block(outputs[i], &kind);
            CHECK(sequence <= acked);
            given[i][sequence] = true;
            forward_done(outputs[i]);
        }
    }
    for (size_t i = 0; i < OUTPUTS; i++)
        for (uint64_t sequence = 1; sequence <= SENT; sequence++)
            CHECK(given[i][sequence]);
    forwarding_close(&f);
    store_close(&s, now);
}

TEST_SLOW(outputs_get_every_block_with_a_fault_at_every_call, 120)
{
    run_with_faults(60, forward_with_fault);
}
