/*
 * What the commands that run until they are told to end have in common: a loop, the signals, and word
 * to the service manager (base/io/notify.h).
 *
 *     SIGTERM, SIGINT ─▶ stop, each time it comes; the owner calls program_end when all is closed
 *     SIGHUP          ─▶ reload
 *     a loop that turns ─▶ WATCHDOG=1, at half the span that is asked for
 *
 *     program_open ─▶ the parts are opened on program_loop ─▶ program_run ─▶ program_close
 */
#ifndef BASE_IO_PROGRAM_H
#define BASE_IO_PROGRAM_H

#include <uv.h>

struct program;

struct program_events {
    void (*stop)(void *data);
    void (*reload)(void *data); /* NULL: SIGHUP ends the process, as it always did */
    void *data;
};

void program_open(struct program **p, const struct program_events *events);
uv_loop_t *program_loop(struct program *p);
/* Until program_end was called and every handle on the loop is closed. Says that all is ready. */
void program_run(struct program *p);
void program_end(struct program *p); /* more than once is fine */
/* Ends, and runs until the last handle is closed. Accepts a NULL variable. */
void program_close(struct program **p);

#endif
