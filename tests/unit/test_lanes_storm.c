/*
 * Storms over files of containers (storm_helper.h). An application writes lines to both lanes; the runtime cuts them
 * into pieces, puts these into envelopes and appends them to a file. Pieces of one line have pieces of the other
 * lane, and rotations, between them; the tailer loses its state, too. Each lane must give exactly the bytes that the
 * application wrote to it, whatever parts they came in.
 */
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/runtime_files.h"
#include "tests/unit/storm_helper.h"

enum { PIECE = 60, IDS_MAX = 4096 };

struct lane_state {
    struct buf to_come; /* of the line whose pieces are being written */
    int lines;
};

/* What the collector knows of a source. */
struct known {
    struct hash128 id;
    uint64_t to, hash;
};

struct lanes_storm {
    struct storm s;
    struct lane_state lanes[STORM_WRITERS][LANES];
    struct known known[IDS_MAX];
    size_t n_known;
};

static struct lanes_storm *lanes_of(struct storm *s)
{
    return (struct lanes_storm *)s;
}

static void learn(void *context, const struct tail_move *move)
{
    struct lanes_storm *s = context;
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

static void learn_all(struct storm *s)
{
    tailer_take_moves(s->t.tailer, learn, s);
}

static struct lane_state *lane_of(struct storm *s, const struct storm_writer *w, enum lane lane)
{
    return &lanes_of(s)->lanes[w - s->writers][lane];
}

static void start_line(struct storm *s, struct storm_writer *w, enum lane lane)
{
    static const char *const letters[] = {"a",  "b", "\"", "\\", "\xc3\xa9",
                                          "\t", "<", " ",  "0",  "\x01"};
    struct lane_state *l = lane_of(s, w, lane);
    unsigned n = storm_roll(s, 4)    ? storm_roll(s, 40)
                 : storm_roll(s, 12) ? storm_roll(s, 300)
                                     : storm_roll(s, 1500);
    if (s->t.multiline && storm_roll(s, 2))
        buf_add(&l->to_come, STR("  ")); /* goes on with the record before it */
    buf_print(&l->to_come, "%s %u %d ", w->name, (unsigned)lane, l->lines++);
    while (n--)
        buf_add(&l->to_come, str_from(letters[storm_roll(s, countof(letters))]));
    if (storm_roll(s, 30) == 0)
        buf_reset(&l->to_come);
}

/* The next piece of the lane's line; letters of two bytes are not cut. */
static void write_piece(struct storm *s, struct storm_writer *w, enum lane lane, struct buf *out)
{
    struct lane_state *l = lane_of(s, w, lane);
    if (!l->to_come.len)
        start_line(s, w, lane);
    size_t n = min_of(l->to_come.len, (size_t)PIECE);
    while (n < l->to_come.len && ((unsigned char)l->to_come.ptr[n] & 0xc0) == 0x80)
        n++;
    bool is_partial = n < l->to_come.len;
    struct str text = str_of(l->to_come.ptr, n);
    put_piece(out, s->t.envelope, lane, text, is_partial);
    buf_add(&w->streams[lane].wrote, text);
    if (!is_partial)
        buf_add_byte(&w->streams[lane].wrote, '\n');
    buf_remove_front(&l->to_come, n);
}

/* Now and then somebody looks while a piece is half written. */
static void write_pieces(struct storm *s, struct storm_writer *w, const char *name)
{
    defer(buf_free) struct buf b = {0};
    for (unsigned i = storm_roll(s, 12); i > 0; i--)
        write_piece(s, w, storm_roll(s, 3) ? LANE_OUT : LANE_ERR, &b);
    size_t half = storm_roll(s, 2) ? b.len : storm_roll(s, (unsigned)b.len + 1);
    append_file(name, str_of(b.ptr, half));
    TELL(s, "%s + %zu", name, half);
    if (half < b.len) {
        TELL(s, "...\n");
        storm_look(s);
        append_file(name, str_slice(buf_str(&b), half, b.len));
        TELL(s, "%s + %zu", name, b.len - half);
    }
    TELL(s, " = out %zu, err %zu\n", w->streams[LANE_OUT].wrote.len,
         w->streams[LANE_ERR].wrote.len);
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
static void lose_state(struct storm *s, struct storm_writer *w)
{
    const struct lanes_storm *has = lanes_of(s);
    storm_settle(s);
    write_pieces(s, w, w->name);
    if (!s->t.tailer)
        tail_start(&s->t);
    tail_pass(&s->t, 0);
    storm_save(s);
    TELL(s, "lose state\n");
    tail_stop(&s->t);
    buf_reset(&s->t.checkpoint);
    tail_start(&s->t);
    struct ids *ids = mem_new(struct ids);
    tailer_present(s->t.tailer, add_id, ids);
    bool forwards = storm_roll(s, 2);
    for (size_t i = 0; i < ids->n; i++) {
        struct hash128 id = ids->items[forwards ? i : ids->n - 1 - i];
        for (size_t k = 0; k < has->n_known; k++)
            if (hash128_equal(has->known[k].id, id))
                tailer_resume(s->t.tailer, id, has->known[k].to, has->known[k].hash);
    }
    mem_free(&ids);
    tail_read_all(&s->t); /* what is compressed must be looked at before the answer can be saved */
    storm_save(s);
}

static void act(struct storm *s, struct storm_writer *w, unsigned dice)
{
    switch (dice) {
    case 0:
    case 1:
    case 2:
        storm_rename(s, w);
        break;
    case 3:
        storm_copy(s, w);
        break;
    case 4:
    case 5:
        storm_pack(s, w);
        break;
    case 6:
        if (storm_roll(s, 3) == 0)
            storm_start_over(s, w);
        break;
    case 7:
        if (storm_roll(s, 3) == 0)
            lose_state(s, w);
        break;
    default:
        if (storm_roll(s, 2))
            write_pieces(s, w, w->name);
        else
            storm_look(s);
    }
}

static bool run(uint64_t seed)
{
    static const enum envelope_kind kinds[] = {ENVELOPE_DOCKER_JSON, ENVELOPE_CRI,
                                               ENVELOPE_DOCKER_LOCAL};
    struct lanes_storm *l = mem_new(struct lanes_storm);
    l->s = (struct storm){.n_writers = 2,
                          .oldest = 3,
                          .has_lanes = true,
                          .writes_later = true, /* the runtime was not told yet */
                          .act = act,
                          .write = write_pieces,
                          .before_save = learn_all,
                          .t = {.max_line = 150 + seed % 5 * 100,
                                .quantum = 200 + seed % 7 * 400,
                                .max_open = seed % 4 == 0 ? 3 : 0,
                                .refuse_after = seed % 6 == 0 ? 5 : 0,
                                .joined_bytes = seed % 8 == 0 ? 300 : 0,
                                .multiline = seed % 2 ? "java" : NULL,
                                .envelope = kinds[seed % 3]}};
    bool good = storm_run(&l->s, seed);
    for (size_t i = 0; i < STORM_WRITERS; i++)
        for (enum lane lane = 0; lane < LANES; lane++)
            buf_free(&l->lanes[i][lane].to_come);
    mem_free(&l);
    return good;
}

TEST_SLOW(lanes_storms_lose_and_double_nothing, 3000)
{
    run_storms(24, run);
}
