/*
 * Storms over files of containers, against an oracle. An application writes lines to both lanes; the
 * runtime cuts them into pieces, puts these into envelopes and appends them to a file, which is
 * renamed, copied and cut, packed and deleted at random. Pieces of one line have pieces of the other
 * lane, and rotations, between them. The tailer looks, reads, saves, crashes and loses its state at
 * random moments, as in test_tailer_storm.c. In the end each lane must have given exactly the bytes
 * that the application wrote to it, in order, whatever parts they came in.
 */
#include "base/mem.h"
#include "shipper/glob.h"
#include "tests/test.h"
#include "tests/unit/runtime_files.h"
#include "tests/unit/tail_helper.h"

#include <unistd.h>

enum { WRITERS = 2, NEWEST = 1, OLDEST = 3, PIECE = 60, IDS_MAX = 4096 };

struct lane_state {
    char name[24];      /* as the helper hears it */
    struct buf wrote;   /* by the application */
    struct buf to_come; /* of the line whose pieces are being written */
    size_t saved;       /* bytes that were given and saved */
    int lines;
};

struct writer {
    char name[16];
    enum envelope_kind kind;
    struct lane_state lanes[LANES];
};

/* What the collector knows of a source. */
struct known {
    struct hash128 id;
    uint64_t to, hash;
};

struct storm {
    struct tail_test t;
    struct writer writers[WRITERS];
    struct known *known;
    size_t n_known;
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

static void learn(void *context, const struct tail_move *move)
{
    struct storm *s = context;
    size_t i = 0;
    while (i < s->n_known && !hash128_equal(s->known[i].id, move->source))
        i++;
    REQUIRE(i < IDS_MAX);
    CHECK(move->from <= move->to);
    if (i == s->n_known)
        s->n_known++;
    else /* each goes on where the last one ended, or at the beginning of other content */
        CHECK(move->from == s->known[i].to || move->from == 0);
    s->known[i] = (struct known){move->source, move->to, move->hash};
}

static void save(struct storm *s)
{
    TELL(s, "save\n");
    tailer_take_moves(s->t.tailer, learn, s);
    tail_save(&s->t);
    for (int i = 0; i < WRITERS; i++)
        for (enum lane lane = 0; lane < LANES; lane++) {
            struct lane_state *l = &s->writers[i].lanes[lane];
            l->saved = tail_raw(&s->t, l->name).len;
        }
}

static void crash(struct storm *s)
{
    TELL(s, "crash\n");
    tail_stop(&s->t);
    for (int i = 0; i < WRITERS; i++)
        for (enum lane lane = 0; lane < LANES; lane++) {
            struct lane_state *l = &s->writers[i].lanes[lane];
            tail_heard(&s->t, l->name)->raw.len = l->saved;
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

static void start_line(struct storm *s, struct writer *w, enum lane lane)
{
    static const char *const letters[] = {"a",  "b", "\"", "\\", "\xc3\xa9",
                                          "\t", "<", " ",  "0",  "\x01"};
    struct lane_state *l = &w->lanes[lane];
    unsigned n = roll(s, 4) ? roll(s, 40) : roll(s, 12) ? roll(s, 300) : roll(s, 1500);
    if (s->t.multiline && roll(s, 2))
        buf_add(&l->to_come, STR("  ")); /* goes on with the record before it */
    buf_print(&l->to_come, "%s %u %d ", w->name, (unsigned)lane, l->lines++);
    while (n--)
        buf_add(&l->to_come, str_from(letters[roll(s, countof(letters))]));
    if (roll(s, 30) == 0)
        buf_reset(&l->to_come);
}

/* The next piece of the lane's line; letters of two bytes are not cut. */
static void write_piece(struct storm *s, struct writer *w, enum lane lane, struct buf *out)
{
    struct lane_state *l = &w->lanes[lane];
    if (!l->to_come.len)
        start_line(s, w, lane);
    size_t n = min_of(l->to_come.len, (size_t)PIECE);
    while (n < l->to_come.len && ((unsigned char)l->to_come.ptr[n] & 0xc0) == 0x80)
        n++;
    bool is_partial = n < l->to_come.len;
    struct str text = str_of(l->to_come.ptr, n);
    put_piece(out, w->kind, lane, text, is_partial);
    buf_add(&l->wrote, text);
    if (!is_partial)
        buf_add_byte(&l->wrote, '\n');
    buf_remove_front(&l->to_come, n);
}

/* Now and then somebody looks while a piece is half written. */
static void write_pieces(struct storm *s, struct writer *w, const char *name)
{
    defer(buf_free) struct buf b = {0};
    for (unsigned i = roll(s, 12); i > 0; i--)
        write_piece(s, w, roll(s, 3) ? LANE_OUT : LANE_ERR, &b);
    size_t half = roll(s, 2) ? b.len : roll(s, (unsigned)b.len + 1);
    append_file(name, str_of(b.ptr, half));
    TELL(s, "%s + %zu", name, half);
    if (half < b.len) {
        TELL(s, "...\n");
        look(s);
        append_file(name, str_slice(buf_str(&b), half, b.len));
        TELL(s, "%s + %zu", name, b.len - half);
    }
    TELL(s, " = out %zu, err %zu\n", w->lanes[LANE_OUT].wrote.len, w->lanes[LANE_ERR].wrote.len);
}

struct ids {
    struct hash128 items[IDS_MAX];
    size_t n;
};

static void add_id(void *context, struct hash128 id)
{
    struct ids *ids = context;
    REQUIRE(ids->n < IDS_MAX);
    ids->items[ids->n++] = id;
}

/* All that is there was read, saved and acknowledged, with lines open; then the state is lost, and
 * the collector says what it has, in any order. */
static void lose_state(struct storm *s, struct writer *w)
{
    settle(s);
    write_pieces(s, w, w->name);
    if (!s->t.tailer)
        tail_start(&s->t);
    tail_pass(&s->t, 0);
    save(s);
    TELL(s, "lose state\n");
    tail_stop(&s->t);
    buf_reset(&s->t.checkpoint);
    tail_start(&s->t);
    struct ids *ids = mem_new(struct ids);
    tailer_present(s->t.tailer, add_id, ids);
    bool forwards = roll(s, 2);
    for (size_t i = 0; i < ids->n; i++) {
        struct hash128 id = ids->items[forwards ? i : ids->n - 1 - i];
        for (size_t k = 0; k < s->n_known; k++)
            if (hash128_equal(s->known[k].id, id))
                tailer_resume(s->t.tailer, id, s->known[k].to, s->known[k].hash);
    }
    mem_free(&ids);
    tail_read_all(&s->t); /* what is compressed must be looked at before the answer can be saved */
    save(s);
}

/* "a.log.2" or "a.log.2.gz", whichever there is; false if neither is. */
static bool find_rotated(const struct writer *w, int number, char name[32], const char **packing)
{
    static const char *const packings[] = {"", ".gz"};
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
    if (roll(s, 3) == 0) /* the runtime was not told yet */
        write_pieces(s, w, to);
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
    snprintf(to, sizeof to, "%s.gz", from);
    TELL(s, "pack %s as %s\n", from, to);
    if (roll(s, 2)) {
        write_file(to, STR("\x1f\x8b\x08\0\0"));
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
    case 2:
        rotate_by_rename(s, w);
        break;
    case 3:
        rotate_by_copy(s, w);
        break;
    case 4:
    case 5:
        pack(s, w);
        break;
    case 6:
        if (roll(s, 3) == 0)
            start_over(s, w);
        break;
    case 7:
        if (roll(s, 3) == 0)
            lose_state(s, w);
        break;
    default:
        if (roll(s, 2))
            write_pieces(s, w, w->name);
        else
            look(s);
    }
}

/* ---- the verdict ---- */

static bool is_exact(struct storm *s, const struct lane_state *l, uint64_t seed)
{
    struct str given = tail_raw(&s->t, l->name), wrote = buf_str(&l->wrote);
    size_t same = 0;
    while (same < given.len && same < wrote.len && given.ptr[same] == wrote.ptr[same])
        same++;
    if (same == given.len && same == wrote.len)
        return true;
    test_fail(__FILE__, __LINE__, "storm %llu: %s: wrote %zu, gave %zu, the same up to %zu",
              (unsigned long long)seed, l->name, wrote.len, given.len, same);
    return false;
}

static void begin(struct storm *s, uint64_t seed)
{
    static const enum envelope_kind kinds[] = {ENVELOPE_DOCKER_JSON, ENVELOPE_CRI,
                                               ENVELOPE_DOCKER_LOCAL};
    enum envelope_kind kind = kinds[seed % 3];
    s->t = (struct tail_test){.max_line = 150 + seed % 5 * 100,
                              .quantum = 200 + seed % 7 * 400,
                              .max_open = seed % 4 == 0 ? 3 : 0,
                              .refuse_after = seed % 6 == 0 ? 5 : 0,
                              .joined_bytes = seed % 8 == 0 ? 300 : 0,
                              .multiline = seed % 2 ? "java" : NULL,
                              .envelope = kind};
    s->known = mem_alloc(IDS_MAX * sizeof *s->known);
    for (int i = 0; i < WRITERS; i++) {
        struct writer *w = &s->writers[i];
        w->kind = kind;
        snprintf(w->name, sizeof w->name, "%c%u.log", 'a' + i, (unsigned)(seed % 1000000));
        snprintf(w->lanes[LANE_OUT].name, sizeof w->lanes[0].name, "%s", w->name);
        snprintf(w->lanes[LANE_ERR].name, sizeof w->lanes[0].name, "%s!", w->name);
    }
}

static bool run_storm(uint64_t seed, int steps)
{
    struct storm s = {.random = seed, .story = {.max = 1 << 20}};
    char pattern[32];
    begin(&s, seed);
    snprintf(pattern, sizeof pattern, "?%u.log", (unsigned)(seed % 1000000));
    s.t.pattern = pattern;
    tail_start(&s.t);
    save(&s);
    for (int i = 0; i < steps; i++)
        act(&s);
    settle(&s);
    settle(&s);
    bool good = true;
    for (int i = 0; i < WRITERS; i++)
        for (enum lane lane = 0; lane < LANES; lane++) {
            good = is_exact(&s, &s.writers[i].lanes[lane], seed) && good;
            buf_free(&s.writers[i].lanes[lane].wrote);
            buf_free(&s.writers[i].lanes[lane].to_come);
        }
    if (s.t.drops.len) {
        test_fail(__FILE__, __LINE__, "storm %llu: dropped %s", (unsigned long long)seed,
                  buf_text(&s.t.drops));
        good = false;
    }
    if (!good && getenv("TAIL_STORY"))
        fprintf(stderr, "%s", buf_text(&s.story));
    tail_free(&s.t);
    mem_free(&s.known);
    buf_free(&s.story);
    return good;
}

/* TAIL_STORMS=first,count runs others than the usual ones. */
TEST_SLOW(lanes_storms_lose_and_double_nothing, 3000)
{
    uint64_t first = 1, count = 24;
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
