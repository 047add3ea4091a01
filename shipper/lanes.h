/*
 * Files of containers: each line of the file is an envelope around a piece of what the application
 * wrote to stdout or to stderr, its two *lanes*. Docker cuts lines at 16 KiB; the pieces of one line
 * may have pieces of the other lane between them, and may go on in the next file after a rotation.
 *
 *     file      │ out "ab" … │ err "x\n" │ out "cd" … │ err "y\n" │ out "e\n" │
 *               │            │           │            │           │           │
 *               held[out]                                         .seen.at    ▼ given: "abcde"
 *                                                                              nothing is held
 *
 * A piece that has more behind it waits in the join of its (stream, lane), in memory only. So until
 * the join is given the lane's position stays at its first piece, the *hold*, in each file that has a
 * part of it, while the file itself is read on, and that of the other lane is behind what was read.
 *
 * After a restart the joins are gone. A file with a hold is read again from the least one up to where
 * it was read (the *replay*), and pieces in front of their lane's position are skipped. What is given
 * on the way moves the position of its lane, in each file that is being replayed.
 *
 *  1. held[lane].end < .seen.at.end, or nothing is held; a position never goes back, but by a cut.
 *  2. A join is open iff a hold of its lane exists in a file of the stream (but while it replays).
 *  3. A line longer than max_line is given in parts, cut between pieces; nothing of a part that was
 *     given is held.
 *  4. All joins together have at most options.joined_bytes and one piece; the largest is given early.
 *  5. What is no envelope is given as it stands, on stdout.
 */
#ifndef SHIPPER_LANES_H
#define SHIPPER_LANES_H

#include "base/buf.h"
#include "formats/line/docker_local.h"
#include "shipper/identity.h"
#include "shipper/tail_line.h"

enum { PIECE_MAX = DOCKER_LOCAL_FRAME_MAX }; /* bytes of a line in its envelope taken whole */

struct source;
struct stream;
struct tailer;
struct turn;

/* Of a file of a container; of another one only reported[0] means something. */
struct lanes {
    struct sample held[LANES]; /* where the open line of a lane begins, if .is_held */
    uint64_t reported[LANES];  /* positions at the last take_moves */
    struct sample replay;      /* if .is_replaying: it is read again from here to .seen.at.end */
    bool is_held[LANES], is_replaying;
    bool raw_is_partial; /* of the line that is longer than PIECE_MAX: what its envelope */
    enum lane raw_lane;  /* said */
};

/* The open line of a lane: the pieces that came so far. */
struct join {
    struct buf text;
    int64_t time_ns;  /* of its first piece */
    int64_t last_ns;  /* of its last piece; TIME_NONE */
    int64_t since_ns; /* caller's clock: its last piece came */
    bool is_open;
};

/* One raw piece of a file with lanes: it is skipped, joined to what is open in its lane, or given.
 * False: the sink did not take it. */
bool lane_give(struct turn *turn, struct tail_line *line, struct str raw, unsigned flags);
/* The position of a lane: all its lines before it were given. */
struct sample lane_position(const struct source *s, enum lane lane);
struct hash128 lane_id(struct hash128 id, enum lane lane);
/* After a restart: what was open is read again. */
void lanes_replay(struct source *s);
/* The replay is over: what is held is open again. */
void lanes_replayed(struct source *s);
/* It cannot be replayed. */
void lanes_give_up(struct source *s);
/* The position went back: no lane is beyond it. */
void lanes_clip(struct source *s);
/* The collector has all of the lane before the position in seen. */
void lane_resume(struct source *s, enum lane lane, const struct identity *seen);
void joins_free(struct tailer *t, struct stream *st);

#endif
