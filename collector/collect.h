/*
 * The collector on a loop that somebody else runs.
 *
 *     collector_open ─▶ stores and answers ─▶ collector_stop ─▶ events.stopped ─▶ collector_close
 */
#ifndef COLLECTOR_COLLECT_H
#define COLLECTOR_COLLECT_H

#include "base/config.h"

#include <uv.h>

struct collector;

struct collector_events {
    void (*stopped)(void *data); /* once, never from inside a call; collector_close is due */
    /* Somebody asks over HTTP; the report is a line for them. */
    bool (*reload)(struct buf *report, struct err *err, void *data);
    void *data;
};

/* The configuration is the caller's until collector_close. False: the memory goes, and the store is let
 * go, when the loop has run once more; stopped is not called. */
bool collector_open(struct collector **c, uv_loop_t *loop, const struct config *config,
                    const struct collector_events *events, struct err *err);
/* Accepts nothing new, answers what is under way. More than once is fine. */
void collector_stop(struct collector *c);
/* Takes what may change while it runs from the new configuration, which is the caller's for as long as
 * the first one. NULL: the new one was refused, which is only counted. */
void collector_reload(struct collector *c, const struct config *config);
/* After stopped, also from inside it. Accepts a NULL variable. */
void collector_close(struct collector **c);

#endif
