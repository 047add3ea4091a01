/*
 * Rotation storms against an oracle. Writers append to a few files; the files are renamed, copied and cut, packed,
 * deleted and made again at random, with the tailer looking, reading, saving and crashing at random moments between.
 * A crash takes back what was given since the last save. In the end each stream must have given exactly the bytes that
 * its writer wrote, in order.
 */
#ifndef TESTS_UNIT_STORM_HELPER_H
#define TESTS_UNIT_STORM_HELPER_H

#include "tests/unit/tail_helper.h"

enum { STORM_WRITERS = 3 };

struct storm_stream {
    char name[24]; /* as the helper hears it; "": there is none */
    struct buf wrote;
    size_t saved; /* bytes that were given and saved */
};

struct storm_writer {
    char name[16]; /* of its file */
    struct storm_stream streams[LANES];
};

struct storm {
    struct tail_test t;
    int n_writers;
    int oldest; /* rotated file that is kept; the newest is 1 */
    bool has_lanes;
    bool packs_zstd;   /* too */
    bool writes_later; /* to a file that was renamed */
    void (*act)(struct storm *s, struct storm_writer *w, unsigned dice); /* one of 24 numbers */
    void (*write)(struct storm *s, struct storm_writer *w, const char *name);
    void (*before_save)(struct storm *s); /* NULL: nothing */

    struct storm_writer writers[STORM_WRITERS];
    uint64_t random;
    struct buf story; /* what was done, for a failure */
};

#define TELL(s, ...) buf_print(&(s)->story, __VA_ARGS__)

unsigned storm_roll(struct storm *s, unsigned n); /* less than n */
void storm_look(struct storm *s);
void storm_save(struct storm *s);
/* All that is on disk was given and saved: what is deleted now is nobody's loss. */
void storm_settle(struct storm *s);
void storm_rename(struct storm *s, struct storm_writer *w);
void storm_copy(struct storm *s, struct storm_writer *w);
void storm_pack(struct storm *s, struct storm_writer *w);
void storm_start_over(struct storm *s, struct storm_writer *w);
/* Runs it, checks what came of it, and frees all. What stands above is set. */
bool storm_run(struct storm *s, uint64_t seed);
/* So many seeds, or those of TAIL_STORMS=first,count; TAIL_STORY prints what was done in those that fail. */
void run_storms(uint64_t count, bool (*run)(uint64_t seed));

#endif
