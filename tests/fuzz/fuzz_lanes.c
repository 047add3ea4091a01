/*
 * Any bytes as a file of a container, appended in steps between which the tailer reads, saves, starts
 * again, crashes, and has a sink that refuses. It must come to an end with all bytes read, its
 * checkpoints must be good, and the lines must be those of a tailer that finds the whole file at once.
 * (Not of damaged frames: bytes that imitate frames are told apart by what follows them.)
 *
 *     u8 kind | u8 options | (u8 step ...) * | the rest: bytes of the file
 */
#include "base/file.h"
#include "base/mem.h"
#include "base/reader.h"
#include "shipper/tailer.h"
#include "tests/fuzz/folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 16, TURNS_MAX = 100000, NOW = 1000 };

static char path[80];

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

static void make_path(void)
{
    if (make_folder(remove_folder))
        snprintf(path, sizeof path, "%s/a.log", folder);
}

static void append(struct str bytes)
{
    FILE *f = fopen(path, "ab");
    assert(f);
    size_t n = fwrite(bytes.ptr, 1, bytes.len, f);
    assert(n == bytes.len);
    fclose(f);
}

struct run {
    struct tailer *t;
    struct tailer_options options;
    struct tail_glob glob;
    struct buf lanes[LANES], checkpoint;
    size_t saved[LANES];
    unsigned refuse, taken; /* one of so many lines is not taken; 0: all are */
    int64_t now_ns;
    bool is_read; /* to the end, at the last look */
};

static bool take(void *context, const struct tail_line *line)
{
    struct run *r = context;
    if (r->refuse && ++r->taken % r->refuse == 0)
        return false;
    struct buf *lane = &r->lanes[line->lane];
    buf_add(lane, line->bytes);
    if (!(line->flags & (TAIL_MORE | TAIL_NO_NEWLINE)))
        buf_add_byte(lane, '\n');
    return true;
}

static void start(struct run *r)
{
    struct err err;
    bool good = tailer_open(&r->t, &r->options, &err) &&
                (!r->checkpoint.len || tailer_restore(r->t, buf_str(&r->checkpoint), &err));
    assert(good);
    tailer_scan(r->t, r->now_ns);
}

static void begin(struct run *r, unsigned kind, unsigned options)
{
    static const size_t sizes[] = {16, 100, 300, 4096};
    r->now_ns = NOW * NS_PER_S;
    r->glob = (struct tail_glob){.pattern = str_from(path),
                                 .envelope = (enum envelope_kind)(1 + kind % 3)};
    r->options = (struct tailer_options){
        .globs = &r->glob,
        .n_globs = 1,
        .max_line = sizes[options & 3],
        .quantum = sizes[options >> 2 & 3],
        .joined_bytes = sizes[options >> 4 & 3],
    };
    start(r);
}

static void read_all(struct run *r)
{
    const struct tail_sink sink = {take, r};
    size_t turns = 0;
    tailer_scan(r->t, r->now_ns);
    while (tailer_read(r->t, r->now_ns, &sink))
        assert(++turns < TURNS_MAX);
}

static void save(struct run *r)
{
    buf_reset(&r->checkpoint);
    tailer_put_full(r->t, &r->checkpoint);
    for (enum lane lane = 0; lane < LANES; lane++)
        r->saved[lane] = r->lanes[lane].len;
}

static void restart(struct run *r)
{
    tailer_close(&r->t);
    for (enum lane lane = 0; lane < LANES; lane++)
        r->lanes[lane].len = r->saved[lane];
    start(r);
}

static void step(struct run *r, unsigned what)
{
    const struct tail_sink sink = {take, r};
    r->refuse = what >> 4 & 3;
    r->refuse += r->refuse == 1; /* it must take some */
    if (what & 1)
        tailer_scan(r->t, r->now_ns);
    for (unsigned i = what >> 6; i > 0; i--)
        tailer_read(r->t, r->now_ns, &sink);
    if (what & 2)
        read_all(r);
    if (what & 4)
        save(r);
    if (what & 8)
        restart(r);
}

static void look(void *context, const struct tail_status *status)
{
    struct run *r = context;
    r->is_read = r->is_read && status->lag == 0;
}

static void finish(struct run *r)
{
    for (int i = 0; i < 4; i++) {
        r->now_ns += 6 * NS_PER_S;
        read_all(r);
    }
    r->is_read = true;
    tailer_each(r->t, look, r);
    assert(r->is_read);
    assert(tailer_next_wakeup(r->t) > r->now_ns);
    tailer_close(&r->t);
}

static void run_free(struct run *r)
{
    buf_free(&r->lanes[LANE_OUT]), buf_free(&r->lanes[LANE_ERR]), buf_free(&r->checkpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader in = reader_of(str_of(data, size));
    defer(run_free) struct run parts = {0};
    defer(run_free) struct run whole = {0};
    unsigned kind = read_u8(&in), options = read_u8(&in);
    struct str steps = read_bytes(&in, STEPS);
    if (in.bad)
        return 0;
    struct str bytes = read_bytes(&in, reader_left(&in));
    make_path();
    unlink(path);
    begin(&parts, kind, options);
    for (size_t i = 0; i < STEPS; i++) {
        size_t from = bytes.len * i / STEPS, to = bytes.len * (i + 1) / STEPS;
        append(str_slice(bytes, from, to - from));
        step(&parts, (uint8_t)steps.ptr[i]);
    }
    finish(&parts);
    begin(&whole, kind, options);
    finish(&whole);
    for (enum lane lane = 0; lane < LANES; lane++)
        assert(whole.glob.envelope == ENVELOPE_DOCKER_LOCAL ||
               str_equal(buf_str(&parts.lanes[lane]), buf_str(&whole.lanes[lane])));
    return 0;
}
