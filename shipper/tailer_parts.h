/*
 * What the files that make up the tailer offer each other (shipper/tailer.h is the outside):
 *
 *     tailer.c   turns: reading, cutting into lines, giving      source.c   sources, streams, descriptors
 *     scan.c     folders against what is known                   copies.c   cuts, and who has what was cut
 *     inflate.c  compressed files                             lanes.c    pieces of containers to lines
 */
#ifndef SHIPPER_TAILER_PARTS_H
#define SHIPPER_TAILER_PARTS_H

#include "shipper/source.h"

/* ---- source.c: sources, streams, descriptors, what has changed ---- */

struct stream *stream_of(struct tailer *t, struct str file);
/* The patterns are other ones. */
void streams_match_again(struct tailer *t);
void stream_queue(struct tailer *t, struct stream *st);
void stream_wait(struct tailer *t, struct stream *st, int64_t until_ns);
void streams_wake(struct tailer *t, int64_t now_ns);
void stream_free(struct tailer *t, struct stream *st);

struct source *source_new(struct tailer *t, struct hash128 id, struct str path, struct stream *st);
void source_forget(struct tailer *t, struct source *s);
struct hash128 source_file_id(const struct tailer *t, struct inode_key inode, int64_t birth_ns);
void source_retire_id(struct tailer *t, struct source *s);
void source_set_path(struct tailer *t, struct source *s, struct str path);
void source_put_inode(struct tailer *t, struct source *s);
void source_drop_inode(struct tailer *t, struct source *s);
/* An open descriptor of this very file. ERR_NOT_FOUND, and its folder is to be listed, if its path
 * leads to another one. */
bool source_open(struct tailer *t, struct source *s, struct err *err);
void source_close(struct tailer *t, struct source *s);
void source_keep_open(struct tailer *t, struct source *s); /* out of the idle list */
void source_changed(struct tailer *t, struct source *s);   /* for the checkpoint */
void source_moved(struct tailer *t, struct source *s);     /* for the block, too */
/* What from has to report is reported by to, in its place. */
void source_pass_move(struct tailer *t, struct source *from, struct source *to);
void source_drop_rest(struct tailer *t, struct source *s, const char *reason);
/* These bytes cannot be given. */
void source_drop(struct tailer *t, struct source *s, const char *reason, uint64_t from,
                 uint64_t to);
bool folder_is_dirty(struct tailer *t, struct str path); /* false: no pattern leads to it */
static inline bool is_packed(const struct source *s)
{
    return s->kind != FILE_PLAIN;
}

static inline bool has_lanes(const struct stream *st)
{
    return st->shown.envelope != ENVELOPE_NONE;
}

/* Where the next read begins. */
static inline uint64_t source_position(const struct source *s)
{
    return s->lanes.is_replaying ? s->lanes.replay.end : s->seen.at.end;
}

/* Bytes are there, or may be there, that were not given. */
static inline bool has_unread(const struct source *s)
{
    if (s->lanes.is_replaying)
        return true;
    if (!is_packed(s))
        return s->size > s->seen.at.end;
    return s->state != SOURCE_DONE && (s->total == 0 || s->total > s->seen.at.end);
}

/* ---- scan.c ---- */

void scan_dirty_folders(struct tailer *t, int64_t now_ns);
/* It was cut: its size is below the position or, if nothing was read yet, below what it was. */
bool has_shrunk(const struct source *s, uint64_t size);
/* Takes over size and times. */
void source_measure(struct source *s, const struct stat *st, int64_t now_ns);
/* The same, and queues, cuts, checks again or decides what follows from them. */
void source_look(struct tailer *t, struct source *s, const struct stat *st, int64_t now_ns);
void folders_free(struct tailer *t);

/* ---- copies.c ---- */

/* Its content was cut. size: what it had when it was last checked, 0 if that is not known. */
void source_truncated(struct tailer *t, struct source *s, uint64_t size, int64_t now_ns);
/* Whether the file still has what was read; if not it was cut since the last look. */
void source_check(struct tailer *t, struct source *s, int64_t now_ns);
void stream_check(struct tailer *t, struct stream *st, int64_t now_ns);
/* NEW or HELD with content: copy, continuation of a generation, or a file of its own. */
void source_decide(struct tailer *t, struct source *s, int64_t now_ns);
/* s goes on at the position of from, which is forgotten. */
void source_claim(struct tailer *t, struct source *s, struct source *from);
/* Where nothing was read yet, only its copies can tell that a file was cut: whether they are what
 * they were. If not they are decided again. */
bool copies_agree(struct tailer *t, struct source *original);
/* The original does not live any more: its largest copy, if it holds all that can still be read,
 * goes on at its position (and from is forgotten); smaller ones become copies of that one. */
void copies_pass_on(struct tailer *t, struct source *from);
void source_hold(struct source *s, struct source *original);
void source_unhold(struct source *s);
bool is_claimable(const struct source *s);

/* ---- tailer.c: giving lines ---- */

enum turn_end { TURN_NOTHING, TURN_WORKED, TURN_STOPPED };

struct turn {
    struct tailer *tailer;
    struct source *source;
    const struct tail_sink *sink;
    struct identity_bytes *bytes;
    int64_t now_ns;
    bool is_stopped;          /* the sink did not take a line */
    bool in_line, continues;  /* what comes next: as of the source */
    bool is_unsampled[LANES]; /* the hash of the source's hold is not known yet */
    const char *data;         /* what is being cut, behind up to 256 bytes that came before it */
    uint64_t base;            /* its offset */
};

bool give_line(struct turn *turn, struct tail_line *line, struct str bytes, unsigned flags);
/* What stands in front of an offset in the data of the turn, or just behind it. */
struct sample turn_sample(const struct turn *turn, uint64_t end);

/* Gives the lines and full parts at the front of data (which follows bytes->tail), and with is_over
 * also what has no newline. Moves the source, returns the bytes taken. */
size_t give_lines(struct turn *turn, const char *data, size_t n, bool is_over);

/* It could not be opened or read: later again, or at once when it was moved. */
enum turn_end turn_failed(struct tailer *t, struct source *s, int64_t now_ns,
                          const struct err *err);

/* ---- lanes.c, and shipper/lanes.h ---- */

/* The end of a turn: the holds that it left get their hashes. */
void lanes_sample(struct turn *turn);

/* Gives open lines to which nothing came for WAIT_LIVE_NS; nothing of the stream is left to be read. */
enum turn_end lanes_give_overdue(struct tailer *t, struct stream *st, int64_t now_ns,
                                 const struct tail_sink *sink);

/* ---- inflate.c ---- */

/* One quantum of checking or reading a compressed file. */
enum turn_end inflation_turn(struct tailer *t, struct source *s, int64_t now_ns,
                             const struct tail_sink *sink);
/* Starts over, if it reads s or compares with s (NULL: ends it whatever it reads). */
void inflation_cancel(struct tailer *t, const struct source *s);

#endif
