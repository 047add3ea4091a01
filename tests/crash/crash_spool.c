/*
 * Power cuts and disk faults of the shipper's spool. A little shipper "reads" the numbers 1, 2, ...:
 * its state is the next number to read, each block holds the next few. A collector and another, slower
 * output take blocks and know them again, the output by origin and number. Whatever happens: every number that was read
 * is in each of them, in a block of the spool for it, or will be read again, and never two of these.
 */
#include "base/mem.h"
#include "tests/crash/power.h"
#include "tests/spools.h"
#include "tests/test.h"

enum { STEPS = 40, PER_BLOCK = 3, FILE_BYTES = 1200 };

static struct {
    int next; /* to read */
} reader;

/* Who takes blocks, and through which reader. */
struct receiver {
    struct spool_reader *reader;
    int blocks; /* block n was taken iff n <= blocks */
    int upto;   /* numbers below it are stored */
};
static struct receiver collector, output;

static bool restore(void *context, struct str state, struct err *err)
{
    uint64_t next;
    (void)context;
    if (!str_to_u64(state, &next))
        return err_set(err, ERR_CORRUPT, "no number");
    reader.next = (int)next;
    return true;
}

static bool open_spool(struct spool **s, const char *folder, struct err *err)
{
    bool is_new;
    const struct spool_restore how = {restore, restore, NULL};
    const struct spool_options options = {.folder = folder, .file_bytes = FILE_BYTES};
    if (!spool_open(s, &options, &how, 1, &is_new, err))
        return false;
    if (is_new)
        reader.next = 1;
    collector.reader = spool_reader_open_collector(*s);
    output.reader = spool_reader_open(*s, "loki");
    spool_start_readers(*s);
    return true;
}

/* What the output was sent while a recording ran, by sequence. */
static struct hash128 sent_under[2 * STEPS];

/* What the world knew after so many disk calls. */
static struct moment {
    size_t calls;
    struct receiver collector, output;
    int durable;
} past[STEPS * 8];
static size_t n_past;
static const struct power *recorded;
static bool has_power_cut;

static void note_moment(void)
{
    if (!recorded)
        return;
    REQUIRE(n_past < countof(past));
    past[n_past++] = (struct moment){power_calls(recorded), collector, output, reader.next};
}

/* A block of the next numbers; the state moves only if it is on disk. */
static bool read_some(struct spool *s, struct err *err)
{
    if (is_spool_failed(s) && !spool_recover(s, 1, err))
        return false;
    spool_publish(s, 1);
    if (is_spool_rotation_due(s) && !rotate_with_number(s, (uint64_t)reader.next, err))
        return false;
    int next = reader.next + PER_BLOCK;
    bool done =
        append_numbers(s, (uint64_t)next, reader.next, PER_BLOCK, err) && spool_sync(s, err);
    if (done)
        reader.next = next; /* else they are read again */
    spool_publish(s, 1);
    return done;
}

/* Takes the next block and checks that it goes on where the last ended. */
static bool send_one(struct receiver *to)
{
    struct err err;
    struct spooled_numbers block;
    if (!take_numbers(to->reader, &block, &err))
        return false;
    if ((int)block.sequence > to->blocks) {
        CHECK_INT(block.sequence, to->blocks + 1);
        CHECK_INT(block.first, to->upto);
        to->blocks = (int)block.sequence;
        to->upto += block.n;
        if (recorded && to == &output)
            sent_under[block.sequence] = block.origin;
    } else if (has_power_cut && to == &output) {
        CHECK(hash128_equal(block.origin, sent_under[block.sequence]));
    }
    note_moment(); /* before the files it was in can go */
    spool_reader_acknowledge(to->reader, block.sequence);
    return true;
}

static void send_all(struct receiver *to)
{
    spool_reader_rewind(to->reader);
    while (send_one(to))
        continue;
}

static void send_to_both(void)
{
    send_all(&collector);
    send_all(&output);
    CHECK_INT(collector.upto, reader.next);
    CHECK_INT(output.upto, reader.next);
}

static void forget_all(void)
{
    collector = output = (struct receiver){.upto = 1};
}

/* As it was at this moment, but for the readers. */
static void remember(const struct moment *moment)
{
    collector.blocks = moment->collector.blocks;
    collector.upto = moment->collector.upto;
    output.blocks = moment->output.blocks;
    output.upto = moment->output.upto;
}

TEST_SLOW(spool_survives_a_power_cut_anywhere, 120)
{
    struct err err;
    defer(arena_free) struct arena a = {0};
    const char *folder = arena_print(&a, "%s/disk", test_folder()).ptr;
    const char *after = arena_print(&a, "%s/after", test_folder()).ptr;
    REQUIRE_OK(folder_make(folder, &err));
    struct spool *s = NULL;
    defer(power_free) struct power *power = power_record(folder);
    forget_all();
    recorded = power;
    REQUIRE_OK(open_spool(&s, folder, &err));
    for (int i = 0; i < STEPS; i++) {
        REQUIRE_OK(read_some(s, &err));
        note_moment();
        if (i % 5 == 4)
            send_one(&collector);
        if (i % 7 == 6)
            send_one(&output);
        if (i % 11 == 10)
            send_all(&collector);
        if (i % 29 == 28)
            send_all(&output);
        if (i == 15)
            REQUIRE_OK(spool_change_origin(s, (struct hash128){1, 1}, 1, &err));
        if (i == 24)
            REQUIRE_OK(spool_reader_renew(output.reader, &err));
        if (i % 13 == 12) {
            spool_close(&s, 1);
            REQUIRE_OK(open_spool(&s, folder, &err));
        }
    }
    spool_close(&s, 1);
    power_stop(power);
    recorded = NULL;
    has_power_cut = true;
    for (size_t n = past[0].calls; n <= power_calls(power); n++) {
        size_t last = 0;
        while (last + 1 < n_past && past[last + 1].calls <= n)
            last++;
        for (uint64_t variant = 0; variant < 4; variant++) {
            power_cut(power, n, n * 100 + variant, after);
            REQUIRE_OK(open_spool(&s, after, &err));
            remember(&past[last]);
            CHECK(reader.next >= past[last].durable);
            spool_reader_acknowledge(collector.reader, (uint64_t)collector.blocks);
            send_to_both();
            CHECK(read_some(s, &err));
            send_to_both();
            spool_close(&s, 1);
        }
    }
    has_power_cut = false;
}

static void with_fault(enum fault fault, size_t at, size_t times, const char *folder)
{
    struct err err;
    struct spool *s = NULL;
    forget_all();
    reader.next = 1;
    faults_set(fault, at, times);
    for (int tries = 0; tries < 80 && reader.next < 50; tries++) {
        if (tries == 40)
            faults_set(FAULT_NONE, 0, 0);
        if (!s && !open_spool(&s, folder, &err))
            continue;
        read_some(s, &err);
        if (tries % 3 == 0)
            send_all(&collector);
        if (tries % 7 == 0)
            send_all(&output);
    }
    faults_set(FAULT_NONE, 0, 0);
    send_to_both();
    CHECK(reader.next >= 50);
    spool_close(&s, 1);
    int before = reader.next;
    REQUIRE_OK(open_spool(&s, folder, &err));
    CHECK_INT(reader.next, before);
    send_to_both();
    spool_close(&s, 1);
}

TEST_SLOW(spool_survives_a_fault_at_every_call, 120)
{
    run_with_faults(70, with_fault);
}
