#include "tests/unit/storm_helper.h"

#include "base/mem.h"
#include "shipper/glob.h"
#include "tests/test.h"

#include <unistd.h>

enum { NEWEST = 1, STEPS = 250 };

unsigned storm_roll(struct storm *s, unsigned n)
{
    s->random = s->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(s->random >> 33) % n;
}

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

/* Those that are heard. */
static size_t streams_of(const struct storm *s)
{
    return s->has_lanes ? LANES : 1;
}

void storm_save(struct storm *s)
{
    TELL(s, "save\n");
    if (s->before_save)
        s->before_save(s);
    tail_save(&s->t);
    for (int i = 0; i < s->n_writers; i++)
        for (size_t k = 0; k < streams_of(s); k++) {
            struct storm_stream *stream = &s->writers[i].streams[k];
            stream->saved = tail_raw(&s->t, stream->name).len;
        }
}

static void crash(struct storm *s)
{
    TELL(s, "crash\n");
    tail_stop(&s->t);
    for (int i = 0; i < s->n_writers; i++)
        for (size_t k = 0; k < streams_of(s); k++) {
            const struct storm_stream *stream = &s->writers[i].streams[k];
            tail_heard(&s->t, stream->name)->raw.len = stream->saved;
        }
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
        if (storm_roll(s, 3))
            return;
        TELL(s, "start\n");
        tail_start(&s->t);
        return;
    }
    s->t.now_ns += storm_roll(s, 3) * NS_PER_S / 2;
    switch (storm_roll(s, 6)) {
    case 0:
        TELL(s, "scan\n");
        tail_scan(&s->t);
        break;
    case 1:
        storm_save(s);
        break;
    case 2:
        if (storm_roll(s, 3) == 0)
            crash(s);
        break;
    case 3:
        for (int i = 0; i < s->n_writers; i++)
            tailer_hint(s->t.tailer, str_from(path_of(s->writers[i].name)), s->t.now_ns);
        TELL(s, "hint\n");
        /* fall through */
    default:
        read_some(s, storm_roll(s, 12));
    }
}

void storm_look(struct storm *s)
{
    look_once(s);
    if (s->t.tailer)
        tailer_each(s->t.tailer, tell_status, s);
}

void storm_settle(struct storm *s)
{
    TELL(s, "settle\n");
    if (!s->t.tailer)
        tail_start(&s->t);
    for (int i = 0; i < 4; i++)
        tail_pass(&s->t, 3 * NS_PER_S);
    storm_save(s);
}

/* ---- the files ---- */

/* "a.log.2" or "a.log.2.gz", whichever there is; false if neither is. */
static bool find_rotated(const struct storm_writer *w, int number, char name[32],
                         const char **packing)
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

static void make_room(struct storm *s, struct storm_writer *w)
{
    char from[32], to[32];
    const char *packing;
    if (find_rotated(w, s->oldest, from, &packing)) {
        storm_settle(s);
        TELL(s, "delete %s\n", from);
        remove_file(from);
    }
    for (int i = s->oldest - 1; i >= NEWEST; i--) {
        if (!find_rotated(w, i, from, &packing))
            continue;
        snprintf(to, sizeof to, "%s.%d%s", w->name, i + 1, packing);
        TELL(s, "%s -> %s\n", from, to);
        rename_file(from, to);
        if (storm_roll(s, 4) == 0)
            storm_look(s);
    }
}

void storm_rename(struct storm *s, struct storm_writer *w)
{
    char to[32];
    if (!exists(w->name))
        return;
    make_room(s, w);
    snprintf(to, sizeof to, "%s.%d", w->name, NEWEST);
    TELL(s, "%s -> %s\n", w->name, to);
    rename_file(w->name, to);
    if (storm_roll(s, 2))
        storm_look(s);
    if (s->writes_later && storm_roll(s, 3) == 0)
        s->write(s, w, to);
    if (storm_roll(s, 2))
        append_text(w->name, "");
}

void storm_copy(struct storm *s, struct storm_writer *w)
{
    char to[32];
    defer(buf_free) struct buf bytes = {0};
    if (!exists(w->name))
        return;
    make_room(s, w);
    snprintf(to, sizeof to, "%s.%d", w->name, NEWEST);
    load_file(w->name, &bytes);
    TELL(s, "copy %s to %s (%zu)\n", w->name, to, bytes.len);
    size_t half = storm_roll(s, (unsigned)bytes.len + 1);
    write_file(to, str_of(bytes.ptr, half));
    if (storm_roll(s, 2))
        storm_look(s);
    append_file(to, str_slice(buf_str(&bytes), half, bytes.len));
    if (storm_roll(s, 2))
        storm_look(s);
    TELL(s, "truncate %s\n", w->name);
    truncate_file(w->name, 0);
}

void storm_pack(struct storm *s, struct storm_writer *w)
{
    char from[32], to[40];
    const char *packing;
    int number = NEWEST + (int)storm_roll(s, (unsigned)s->oldest);
    if (!find_rotated(w, number, from, &packing) || packing[0])
        return;
    snprintf(to, sizeof to, "%s%s", from, s->packs_zstd && storm_roll(s, 2) ? ".zst" : ".gz");
    TELL(s, "pack %s as %s\n", from, to);
    if (storm_roll(s, 2)) {
        write_file(to, str_ends(str_from(to), STR(".gz")) ? STR("\x1f\x8b\x08\0\0")
                                                          : STR("\x28\xb5\x2f\xfd"));
        storm_look(s);
    }
    pack_file(from, to);
    if (storm_roll(s, 2))
        storm_look(s);
    TELL(s, "delete %s\n", from);
    remove_file(from);
}

void storm_start_over(struct storm *s, struct storm_writer *w)
{
    if (!exists(w->name))
        return;
    storm_settle(s);
    if (storm_roll(s, 2)) {
        TELL(s, "delete %s\n", w->name);
        remove_file(w->name);
    } else {
        TELL(s, "cut %s\n", w->name);
        truncate_file(w->name, 0);
    }
}

/* ---- the storm ---- */

static bool is_exact(struct storm *s, const struct storm_stream *stream, uint64_t seed)
{
    struct str given = tail_raw(&s->t, stream->name), wrote = buf_str(&stream->wrote);
    size_t same = 0;
    while (same < given.len && same < wrote.len && given.ptr[same] == wrote.ptr[same])
        same++;
    if (same == given.len && same == wrote.len)
        return true;
    test_fail(__FILE__, __LINE__, "storm %llu: %s: wrote %zu, gave %zu, the same up to %zu",
              (unsigned long long)seed, stream->name, wrote.len, given.len, same);
    return false;
}

static bool check(struct storm *s, uint64_t seed)
{
    bool good = true;
    for (int i = 0; i < s->n_writers; i++)
        for (size_t k = 0; k < streams_of(s); k++)
            good = is_exact(s, &s->writers[i].streams[k], seed) && good;
    if (!s->t.drops.len)
        return good;
    test_fail(__FILE__, __LINE__, "storm %llu: dropped %s", (unsigned long long)seed,
              buf_text(&s->t.drops));
    return false;
}

static void name_files(struct storm *s, unsigned number)
{
    for (int i = 0; i < s->n_writers; i++) {
        struct storm_writer *w = &s->writers[i];
        snprintf(w->name, sizeof w->name, "%c%u.log", 'a' + i, number);
        snprintf(w->streams[LANE_OUT].name, sizeof w->streams[0].name, "%s", w->name);
        snprintf(w->streams[LANE_ERR].name, sizeof w->streams[0].name, "%s!", w->name);
    }
}

bool storm_run(struct storm *s, uint64_t seed)
{
    unsigned number = (unsigned)(seed % 1000000);
    char pattern[32];
    snprintf(pattern, sizeof pattern, "?%u.log", number);
    s->random = seed;
    s->story.max = 1 << 20;
    s->t.pattern = pattern;
    name_files(s, number);
    tail_start(&s->t);
    storm_save(s);
    for (int i = 0; i < STEPS; i++) {
        struct storm_writer *w = &s->writers[storm_roll(s, (unsigned)s->n_writers)];
        s->act(s, w, storm_roll(s, 24));
    }
    storm_settle(s);
    storm_settle(s);
    bool good = check(s, seed);
    if (!good && getenv("TAIL_STORY"))
        fprintf(stderr, "%s", buf_text(&s->story));
    tail_free(&s->t);
    for (int i = 0; i < s->n_writers; i++)
        for (size_t k = 0; k < LANES; k++)
            buf_free(&s->writers[i].streams[k].wrote);
    buf_free(&s->story);
    return good;
}

void run_storms(uint64_t count, bool (*run)(uint64_t seed))
{
    uint64_t first = 1;
    struct str chosen = str_from(getenv("TAIL_STORMS"));
    if (chosen.len) {
        take_u64(&chosen, &first);
        take_prefix(&chosen, STR(","));
        take_u64(&chosen, &count);
    }
    for (uint64_t seed = first; seed < first + count; seed++)
        if (!run(seed) && count == 1)
            break;
}
