/*
 * The shipper on a loop that somebody else runs.
 *
 *     ship_open ─▶ reads and sends ─▶ ship_stop: reads to the end, sends ─▶ events.stopped ─▶ ship_close
 *                                     ship_stop again: at once ────────────────┘
 *
 * It stops by itself when standard input has ended and all of it is acknowledged, and when its state
 * cannot be written at all.
 */
#ifndef SHIPPER_SHIP_H
#define SHIPPER_SHIP_H

#include "base/config.h"
#include "shipper/ship_options.h"

#include <uv.h>

struct ship;

struct ship_events {
    void (*stopped)(void *data); /* once, never from inside a call; ship_close is due */
    /* Somebody asks over the socket; the report is a line for them. NULL: it cannot be reloaded. */
    bool (*reload)(struct buf *report, struct err *err, void *data);
    void *data;
};

/* Options and configuration are the caller's until ship_close. False: the memory goes, and the state is
 * let go, when the loop has run once more; stopped is not called. */
bool ship_open(struct ship **s, uv_loop_t *loop, const struct ship_options *options,
               const struct config *config, const struct ship_events *events, struct err *err);
void ship_stop(struct ship *s);
/* Takes what may change while it runs from the new configuration, which is the caller's for as long as
 * the first one. NULL: the new one was refused, which is only counted. */
void ship_reload(struct ship *s, const struct config *config);
/* After stopped, also from inside it. Accepts a NULL variable. */
void ship_close(struct ship **s);
/* After stopped: all that had to be read was sent, and it did not stop by itself for a failure. */
bool ship_ended_well(const struct ship *s, struct err *err);

#endif
