/*
 * What the files that make up the running shipper offer each other (shipper/ship.h is the outside):
 *
 *     ship.c          phases: reading, blocks into the spool, the end
 *     ship_look.c     which files there are: patterns, containers, hints
 *     ship_origin.c   who we are to the collector: hello, conflicts, restored states
 *     ship_outputs.c  where lines go
 *     ship_status.c   what the status socket tells
 */
#ifndef SHIPPER_SHIP_PARTS_H
#define SHIPPER_SHIP_PARTS_H

#include "base/config.h"
#include "base/io/work.h"
#include "base/metrics.h"
#include "base/zones.h"
#include "forward/outputs.h"
#include "redaction/redacting.h"
#include "shipper/batcher.h"
#include "shipper/input.h"
#include "shipper/progress.h"
#include "shipper/sender.h"
#include "shipper/ship.h"
#include "shipper/ship_options.h"
#include "shipper/status.h"
#include "shipper/stream_rules.h"
#include "shipper/watch.h"
#include "shipper/writer.h"

enum ship_phase { SHIP_WAITING, SHIP_RUNNING, SHIP_DRAINING, SHIP_FINISHING, SHIP_STOPPED };

/* The place in the spool of an output that is no collector of ours. */
struct other_reader {
    char name[OUTPUT_NAME_MAX + 1]; /* empty: this one is free */
    struct spool_reader *reader;
};

struct ship {
    const struct ship_options *options;
    const struct config *config;
    struct ship_events events;
    uv_loop_t *loop;
    uv_timer_t timer, scan_timer;
    uv_idle_t idle;
    enum ship_phase phase;
    int64_t deadline_ns; /* of DRAINING and FINISHING, monotonic; INT64_MAX = none */
    unsigned stops;      /* how often it was asked to stop */
    unsigned closing;    /* handles that are not closed yet */
    bool is_new;         /* there was no state */
    int64_t started_ns;  /* wall clock minus monotonic clock, at the start */
    int64_t turn_ns;     /* wall clock when the present turn of the tailer began */
    int64_t since_ns;    /* monotonic: first line of the block under construction; TIME_NONE */
    int64_t conflict_ns; /* monotonic: the last new origin; 0 = none */
    bool wants_look;     /* a hint was about something that only a scan tells */
    int64_t look_ns;     /* monotonic: no hint makes us look at everything before */
    int64_t patience_ns; /* with a state, hello is waited for until then; monotonic */

    struct tailer *tailer;      /* NULL when standard input is read */
    struct discover *discover;  /* the same; or no containers are read */
    struct stream_rules *rules; /* the same, with tailer */
    struct input *input;
    struct batch_stream *input_stream;
    struct batcher *batcher;
    struct redacting *redacting; /* NULL: off */
    struct id_rules *ids;
    struct zones zones; /* that streams have */
    struct spool *spool;
    struct writer *writer;
    struct workers *readers; /* of standard input */
    bool wants_origin;       /* a conflict waits for the writer to rest */
    bool was_full;           /* the spool; for the log */
    char output_error[252];  /* what was said last; empty: all is well */
    struct watch *watch;
    struct http_client *client;
    struct spool_reader *collector; /* NULL: nothing goes to one */
    struct sender *sender;          /* the same */
    struct outputs *outputs;        /* all others */
    struct other_reader others[OUTPUTS_MAX];
    struct arena arena;               /* of texts that live as long */
    const char *rejects;              /* folder */
    char token[CONFIG_TOKEN_MAX + 1]; /* for the output; wiped */
    struct status_server *status;
    struct metrics metrics;
    uint64_t read_bytes, records, dropped_bytes;
    int64_t dropped_ns; /* monotonic: the last drop; 0 = none */
    int64_t swept_ns;   /* monotonic: quiet streams were forgotten */
    int64_t failing_ns; /* monotonic: since when the output fails; 0 = it does not */
    struct progress progress;
    bool input_is_over;
    struct err fatal; /* why it ended by itself, or standard input early */
};

/* ---- ship.c ---- */

void ship_pump(struct ship *s);          /* reads, writes what is due; after every event */
void ship_start_reading(struct ship *s); /* ends WAITING */
void ship_halt(struct ship *s);          /* at once; what is left stays in files and spool */
void ship_put_state(struct ship *s, struct buf *out);

/* The wall clock as it was at the start, plus the time since: steps of the clock do not make files look
 * old, or waits long. */
int64_t ship_steady_now(const struct ship *s);

/* ---- ship_look.c ---- */

void ship_open_discover(struct ship *s);
/* Behind ship_open_discover; the former ones are the caller's to free. */
struct stream_rules *ship_new_rules(struct ship *s);
/* Patterns that were named, which count first, then those of containers. */
struct tail_glob *ship_globs(const struct ship *s, struct arena *arena, size_t *n);
/* The configuration has other sources. */
void ship_reload_sources(struct ship *s);
void ship_look_around(struct ship *s); /* at everything */
void ship_look_if_due(struct ship *s); /* the same, if a hint asked for it */
void ship_hint(struct ship *s, struct str path);
/* "docker:api-1", "file:/var/log/a.log": as it stands in the column SOURCE. */
void ship_put_source_name(const struct ship *s, const struct tail_status *t, struct buf *out);

/* ---- ship_origin.c ---- */

/* As the first frame of a new file: holds what hello has resumed. */
bool ship_write_state(struct ship *s, struct err *err);
/* Draws the origin that a conflict asks for once the writer rests; after a first one not at once, so
 * that a collector that refuses everything is not asked without end. */
void ship_settle_conflict(struct ship *s);
/* The sender's events. */
void ship_greeted(const struct block_source *sources, size_t n, void *data);
void ship_in_conflict(uint64_t last, const struct block_source *sources, size_t n, void *data);

/* ---- ship_outputs.c ---- */

void ship_open_outputs(struct ship *s);
void ship_greet(struct ship *s); /* says hello to the collector, asking for what there is to read */
void ship_kick_outputs(struct ship *s); /* the spool may have something new */
void ship_hurry_outputs(struct ship *s);
void ship_close_outputs(struct ship *s);
void ship_reload_outputs(struct ship *s);
bool is_all_sent(const struct ship *s); /* by every output */
void ship_note_outputs(struct ship *s); /* says in the log when one fails, and when it goes on */
void ship_take_token(struct ship *s, struct str token);
/* The file of its token may hold another one. */
void ship_refresh_token(struct ship *s);

/* ---- ship_status.c ---- */

void ship_open_status(struct ship *s);
void ship_note_fullness(struct ship *s);    /* of the spool, in the log */
void ship_look_at_progress(struct ship *s); /* every few seconds */

#endif
