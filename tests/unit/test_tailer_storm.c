/*
 * Rotation storms against an oracle. Writers append numbered lines to a few files; the files are
 * renamed, copied and cut, packed, deleted and made again at random, with the tailer looking,
 * reading, saving and crashing at random moments between. A crash takes back what was given since
 * the last save. In the end each stream must have given exactly the bytes that its writer wrote, in
 * order.
 */
#include "base/mem.h"
#include "shipper/glob.h"
#include "tests/test.h"
#include "tests/unit/tail_helper.h"

#include <unistd.h>

enum { WRITERS = 3, NEWEST = 1, OLDEST = 4 };

struct writer {
    char name[16];
    struct buf wrote;
    int lines;
    size_t saved; /* bytes that were given and saved */
};

struct storm {
    struct tail_test t;
    struct writer writers[WRITERS];
    uint64_t random;
    struct buf story; /* what was done, for a failure */
};

static unsigned roll(struct storm *s, unsigned n)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(s->random >> 33) % n;
}

#define TELL(s, ...) buf_print(&(s)->story, __VA_ARGS__)

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

/* ---- the tailer's side ---- */

static void read_some(struct storm *s, unsigned turns)
{
    struct tail_sink sink = {tail_hear, &s->t};
    TELL(s, "read %u\n", turns);
    while (turns-- && tailer_read(s->t.tailer, s->t.now_ns, &sink))
        ;
}

static void save(struct storm *s)
{
    TELL(s, "save\n");
    tail_save(&s->t);
    for (int i = 0; i < WRITERS; i++)
        s->writers[i].saved = tail_raw(&s->t, s->writers[i].name).len;
}

static void crash(struct storm *s)
{
    TELL(s, "crash\n");
    tail_stop(&s->t);
    for (int i = 0; i < WRITERS; i++)
        tail_heard(&s->t, s->writers[i].name)->raw.len = s->writers[i].saved;
}

static void tell_status(void *context, const struct tail_status *status)
{
    struct storm *s = context;
    TELL(s, "    %.*s %.*s %llu of %llu\n", STR_ARG(path_name(status->path)),
         STR_ARG(status->state), (unsigned long long)status->offset,
         (unsigned long long)status->size);
}

static void look_once(struct storm *s)
{
    if (!s->t.tailer) {
        if (roll(s, 3))
            return;
        TELL(s, "start\n");
        tail_start(&s->t);
        return;
    }
    s->t.now_ns += roll(s, 3) * NS_PER_S / 2;
    switch (roll(s, 6)) {
    case 0:
        TELL(s, "scan\n");
        tail_scan(&s->t);
        break;
    case 1:
        save(s);
        break;
    case 2:
        if (roll(s, 3) == 0)
            crash(s);
        break;
    case 3:
        for (int i = 0; i < WRITERS; i++)
            tailer_hint(s->t.tailer, str_from(path_of(s->writers[i].name)), s->t.now_ns);
        TELL(s, "hint\n");
        /* fall through */
    default:
        read_some(s, roll(s, 12));
    }
}

static void look(struct storm *s)
{
    look_once(s);
    if (s->t.tailer)
        tailer_each(s->t.tailer, tell_status, s);
}

/* All that is on disk was given and saved: what is deleted now is nobody's loss. */
static void settle(struct storm *s)
{
    TELL(s, "settle\n");
    if (!s->t.tailer)
        tail_start(&s->t);
    for (int i = 0; i < 4; i++)
        tail_pass(&s->t, 3 * NS_PER_S);
    save(s);
}

/* ---- the writers' side ---- */

static void write_lines(struct storm *s, struct writer *w)
{
    defer(buf_free) struct buf b = {0};
    for (unsigned i = roll(s, 20); i > 0; i--) {
        bool goes_on = s->t.multiline && roll(s, 2); /* with the record before it */
        buf_print(&b, "%s%s %d", goes_on ? "  " : "", w->name, w->lines++);
        for (unsigned k = roll(s, 8) ? roll(s, 40) : roll(s, 700); k > 0; k--)
            buf_add_byte(&b, (char)('a' + k % 26));
        if (i > 1 || roll(s, 10)) /* now and then the rest comes later, or never */
            buf_add_byte(&b, '\n');
    }
    append_file(w->name, buf_str(&b));
    buf_add(&w->wrote, buf_str(&b));
    TELL(s, "%s + %zu = %zu\n", w->name, b.len, w->wrote.len);
}

/* "a.log.2" or "a.log.2.gz", whichever there is; false if neither is. */
static bool find_rotated(const struct writer *w, int number, char name[32], const char **packing)
{
    static const char *const packings[] = {"", ".gz", ".zst"};
    for (size_t i = 0; i < countof(packings); i++) {
        snprintf(name, 32, "%s.%d%s", w->name, number, packings[i]);
        *packing = packings[i];
        if (exists(name))
            return true;
    }
    return false;
}

static void make_room(struct storm *s, struct writer *w)
{
    char from[32], to[32];
    const char *packing;
    if (find_rotated(w, OLDEST, from, &packing)) {
        settle(s);
        TELL(s, "delete %s\n", from);
        remove_file(from);
    }
    for (int i = OLDEST - 1; i >= NEWEST; i--) {
        if (!find_rotated(w, i, from, &packing))
            continue;
        snprintf(to, sizeof to, "%s.%d%s", w->name, i + 1, packing);
        TELL(s, "%s -> %s\n", from, to);
        rename_file(from, to);
        if (roll(s, 4) == 0)
            look(s);
    }
}

static void rotate_by_rename(struct storm *s, struct writer *w)
{
    char to[32];
    if (!exists(w->name))
        return;
    make_room(s, w);
    snprintf(to, sizeof to, "%s.%d", w->name, NEWEST);
    TELL(s, "%s -> %s\n", w->name, to);
    rename_file(w->name, to);
    if (roll(s, 2))
        look(s);
    if (roll(s, 2))
        append_text(w->name, "");
}

static void rotate_by_copy(struct storm *s, struct writer *w)
{
    char to[32];
    defer(buf_free) struct buf bytes = {0};
    if (!exists(w->name))
        return;
    make_room(s, w);
    snprintf(to, sizeof to, "%s.%d", w->name, NEWEST);
    load_file(w->name, &bytes);
    TELL(s, "copy %s to %s (%zu)\n", w->name, to, bytes.len);
    size_t half = roll(s, (unsigned)bytes.len + 1);
    write_file(to, str_of(bytes.ptr, half));
    if (roll(s, 2))
        look(s);
    append_file(to, str_slice(buf_str(&bytes), half, bytes.len));
    if (roll(s, 2))
        look(s);
    TELL(s, "truncate %s\n", w->name);
    truncate_file(w->name, 0);
}

static void pack(struct storm *s, struct writer *w)
{
    char from[32], to[40];
    const char *packing;
    int number = NEWEST + (int)roll(s, OLDEST);
    if (!find_rotated(w, number, from, &packing) || packing[0])
        return;
    snprintf(to, sizeof to, "%s%s", from, roll(s, 2) ? ".gz" : ".zst");
    TELL(s, "pack %s as %s\n", from, to);
    if (roll(s, 2)) {
        write_file(to, str_ends(str_from(to), STR(".gz")) ? STR("\x1f\x8b\x08\0\0")
                                                          : STR("\x28\xb5\x2f\xfd"));
        look(s);
    }
    pack_file(from, to);
    if (roll(s, 2))
        look(s);
    TELL(s, "delete %s\n", from);
    remove_file(from);
}

static void start_over(struct storm *s, struct writer *w)
{
    if (!exists(w->name))
        return;
    settle(s);
    if (roll(s, 2)) {
        TELL(s, "delete %s\n", w->name);
        remove_file(w->name);
    } else {
        TELL(s, "cut %s\n", w->name);
        truncate_file(w->name, 0);
    }
}

static void act(struct storm *s)
{
    struct writer *w = &s->writers[roll(s, WRITERS)];
    switch (roll(s, 24)) {
    case 0:
    case 1:
        rotate_by_rename(s, w);
        break;
    case 2:
    case 3:
        rotate_by_copy(s, w);
        break;
    case 4:
    case 5:
        pack(s, w);
        break;
    case 6:
        start_over(s, w);
        break;
    default:
        if (roll(s, 2))
            write_lines(s, w);
        else
            look(s);
    }
}

/* ---- the verdict ---- */

static bool is_exact(struct storm *s, uint64_t seed)
{
    bool good = true;
    for (int i = 0; i < WRITERS; i++) {
        struct writer *w = &s->writers[i];
        struct str given = tail_raw(&s->t, w->name), wrote = buf_str(&w->wrote);
        size_t same = 0;
        while (same < given.len && same < wrote.len && given.ptr[same] == wrote.ptr[same])
            same++;
        if (same == given.len && same == wrote.len)
            continue;
        good = false;
        test_fail(__FILE__, __LINE__, "storm %llu: %s: wrote %zu, gave %zu, the same up to %zu",
                  (unsigned long long)seed, w->name, wrote.len, given.len, same);
    }
    return good;
}

static bool run_storm(uint64_t seed, int steps)
{
    struct storm s = {.random = seed, .story = {.max = 1 << 20}};
    s.t = (struct tail_test){.max_line = 300, .quantum = 200 + seed % 3 * 400};
    s.t.max_open = seed % 4 == 0 ? 3 : 0;
    s.t.multiline = seed % 2 ? "java" : NULL;
    for (int i = 0; i < WRITERS; i++)
        snprintf(s.writers[i].name, sizeof s.writers[i].name, "%c%u.log", 'a' + i,
                 (unsigned)(seed % 1000000));
    char pattern[32];
    snprintf(pattern, sizeof pattern, "?%u.log", (unsigned)(seed % 1000000));
    s.t.pattern = pattern;
    tail_start(&s.t);
    save(&s);
    for (int i = 0; i < steps; i++)
        act(&s);
    settle(&s);
    settle(&s);
    bool good = is_exact(&s, seed);
    if (s.t.drops.len) {
        test_fail(__FILE__, __LINE__, "storm %llu: dropped %s", (unsigned long long)seed,
                  buf_text(&s.t.drops));
        good = false;
    }
    if (!good && getenv("TAIL_STORY"))
        fprintf(stderr, "%s", buf_text(&s.story));
    tail_free(&s.t);
    for (int i = 0; i < WRITERS; i++)
        buf_free(&s.writers[i].wrote);
    buf_free(&s.story);
    return good;
}

/* TAIL_STORMS=first,count runs others than the usual ones. */
TEST_SLOW(tailer_storms_lose_and_double_nothing, 600)
{
    uint64_t first = 1, count = 40;
    struct str chosen = str_from(getenv("TAIL_STORMS"));
    if (chosen.len) {
        take_u64(&chosen, &first);
        take_prefix(&chosen, STR(","));
        take_u64(&chosen, &count);
    }
    for (uint64_t seed = first; seed < first + count; seed++)
        if (!run_storm(seed, 250) && count == 1)
            break;
}
