/* Storms over plain files (storm_helper.h). */
#include "base/mem.h"
#include "tests/test.h"
#include "tests/unit/storm_helper.h"

struct files_storm {
    struct storm s;
    int lines[STORM_WRITERS];
};

static void write_lines(struct storm *s, struct storm_writer *w, const char *name)
{
    int *lines = &((struct files_storm *)s)->lines[w - s->writers];
    defer(buf_free) struct buf b = {0};
    for (unsigned i = storm_roll(s, 20); i > 0; i--) {
        bool goes_on = s->t.multiline && storm_roll(s, 2); /* with the record before it */
        buf_print(&b, "%s%s %d", goes_on ? "  " : "", w->name, (*lines)++);
        for (unsigned k = storm_roll(s, 8) ? storm_roll(s, 40) : storm_roll(s, 700); k > 0; k--)
            buf_add_byte(&b, (char)('a' + k % 26));
        if (i > 1 || storm_roll(s, 10)) /* now and then the rest comes later, or never */
            buf_add_byte(&b, '\n');
    }
    append_file(name, buf_str(&b));
    buf_add(&w->streams[0].wrote, buf_str(&b));
    TELL(s, "%s + %zu = %zu\n", name, b.len, w->streams[0].wrote.len);
}

static void act(struct storm *s, struct storm_writer *w, unsigned dice)
{
    switch (dice) {
    case 0:
    case 1:
        storm_rename(s, w);
        break;
    case 2:
    case 3:
        storm_copy(s, w);
        break;
    case 4:
    case 5:
        storm_pack(s, w);
        break;
    case 6:
        storm_start_over(s, w);
        break;
    default:
        if (storm_roll(s, 2))
            write_lines(s, w, w->name);
        else
            storm_look(s);
    }
}

static bool run(uint64_t seed)
{
    struct files_storm f = {.s = {.n_writers = 3,
                                  .oldest = 4,
                                  .packs_zstd = true,
                                  .act = act,
                                  .write = write_lines,
                                  .t = {.max_line = 300,
                                        .quantum = 200 + seed % 3 * 400,
                                        .max_open = seed % 4 == 0 ? 3 : 0,
                                        .multiline = seed % 2 ? "java" : NULL}}};
    return storm_run(&f.s, seed);
}

TEST_SLOW(tailer_storms_lose_and_double_nothing, 600)
{
    run_storms(40, run);
}
