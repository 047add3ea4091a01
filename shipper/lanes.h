/*
 * From pieces to records. Each line of a container's file is an envelope around a piece of what the
 * application wrote to stdout or to stderr, its two *lanes*. Docker cuts lines at 16 KiB; the pieces of
 * one line may have pieces of the other lane between them, and may go on in the next file after a
 * rotation. So may the lines of one record, of which formats/line/multiline.h tells which begins one. A
 * file without envelopes has one lane, LANE_OUT, and its lines are pieces that are whole.
 *
 *     file      │ out "ab" … │ err "x\n" │ out "cd" … │ err "y\n" │ out "e\n" │
 *               │            │           │            │           │           │
 *               held[out]                                         .seen.at    ▼ given: "abcde"
 *                                                                              nothing is held
 *
 * A piece that has, or may have, more behind it waits in the join of its (stream, lane), in memory only:
 * for WAIT_LIVE_NS in the middle of a line, for WAIT_RECORD_NS behind a whole one. So until
 * the join is given the lane's position stays at its first piece, the *hold*, in each file that has a
 * part of it, while the file itself is read on, and that of the other lane is behind what was read.
 *
 * After a restart the joins are gone. A file with a hold is read again from the least one up to where
 * it was read (the *replay*), and pieces in front of their lane's position are skipped. What is given
 * on the way moves the position of its lane, in each file that is being replayed.
 *
 *  1. held[lane].end < .seen.at.end, or nothing is held; a position never goes back, but by a cut.
 *  2. A join is open iff a hold of its lane exists in a file of the stream (but while it replays).
 *  3. A record longer than max_line is given in parts, cut between pieces; a newline there ends the
 *     part. Nothing of a part that was given is held.
 *  4. All joins together have at most options.joined_bytes and one piece; the largest is given early.
 *     It has more behind it (TAIL_MORE) only if it ends within a line.
 *  5. What is no envelope is given as it stands, on stdout.
 *  6. A plain line longer than max_line, and the rest of one that went without its newline, is given as
 *     it comes and joined to nothing.
 */
#ifndef SHIPPER_LANES_H
#define SHIPPER_LANES_H

#include "base/buf.h"
#include "base/time.h"
#include "formats/line/docker_local.h"
#include "formats/line/multiline.h"
#include "shipper/identity.h"
#include "shipper/tail_line.h"

enum { PIECE_MAX = DOCKER_LOCAL_FRAME_MAX }; /* bytes of a line in its envelope taken whole */

#define WAIT_LIVE_NS    (5 * NS_PER_S) /* an unfinished line of the file that is written */
#define WAIT_RECORD_NS  (1 * NS_PER_S) /* a whole line to which others may belong */
#define WAIT_ROTATED_NS (1 * NS_PER_S) /* of a rotated or deleted one */

struct source;
struct stream;
struct tailer;
struct turn;

/* Of a file; one without envelopes has LANE_OUT only. */
struct lanes {
    struct sample held[LANES]; /* where the open line of a lane begins, if .is_held */
    uint64_t reported[LANES];  /* positions at the last take_moves */
    struct sample replay;      /* if .is_replaying: it is read again from here to .seen.at.end */
    bool is_held[LANES], is_replaying;
    bool raw_is_partial; /* of the line that is longer than PIECE_MAX: what its envelope */
    enum lane raw_lane;  /* said */
};

/* The open record of a lane: the pieces that came so far, each line but the last with its newline. */
struct join {
    struct buf text;
    struct multiline_state multiline; /* of its whole lines */
    int64_t time_ns;                  /* of its first piece */
    int64_t last_ns;                  /* of its last piece; TIME_NONE */
    int64_t since_ns;                 /* caller's clock: its last piece came */
    bool is_open;
    bool is_in_line; /* its last line has more pieces to come */
};

/* Where the open record of a lane is held. */
struct lane_holds {
    struct source *only; /* by this one, which may be gone: it is only compared */
    bool is_scattered;   /* no: by any of the stream */
};

/* One raw line of a file: it is skipped, joined to what is open in its lane, or given.
 * False: the sink did not take it. */
bool lane_give(struct turn *turn, struct tail_line *line, struct str raw, unsigned flags);
/* The position of a lane: all its lines before it were given. */
struct sample lane_position(const struct source *s, enum lane lane);
struct hash128 lane_id(struct hash128 id, enum lane lane);
/* After a restart: what was open is read again. */
void lanes_replay(struct source *s);
/* The replay is over: what is held is open again. */
void lanes_replayed(struct source *s);
/* Holds of the stream have come in other ways than by reading. */
void lanes_scatter(struct stream *st);
/* It cannot be replayed. */
void lanes_give_up(struct source *s);
/* The position went back: no lane is beyond it. */
void lanes_clip(struct source *s);
/* The collector has all of the lane before the position in seen. */
void lane_resume(struct source *s, enum lane lane, const struct identity *seen);
void joins_free(struct tailer *t, struct stream *st);

#endif
