#include "base/io/program.h"

#include "base/mem.h"

#include <signal.h>
#include <stdbool.h>

struct program {
    struct program_events events;
    uv_loop_t loop;
    uv_signal_t term, interrupt;
    bool has_ended;
};

static void on_stop(uv_signal_t *signal, int number)
{
    const struct program *p = signal->data;
    (void)number;
    p->events.stop(p->events.data);
}

void program_open(struct program **out, const struct program_events *events)
{
    struct program *p = mem_new(struct program);
    p->events = *events;
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&p->loop);
    uv_signal_init(&p->loop, &p->term);
    uv_signal_init(&p->loop, &p->interrupt);
    p->term.data = p->interrupt.data = p;
    *out = p;
}

uv_loop_t *program_loop(struct program *p)
{
    return &p->loop;
}

void program_run(struct program *p)
{
    if (!p->has_ended) {
        uv_signal_start(&p->term, on_stop, SIGTERM);
        uv_signal_start(&p->interrupt, on_stop, SIGINT);
    }
    uv_run(&p->loop, UV_RUN_DEFAULT);
}

void program_end(struct program *p)
{
    if (p->has_ended)
        return;
    p->has_ended = true;
    uv_close((uv_handle_t *)&p->term, NULL);
    uv_close((uv_handle_t *)&p->interrupt, NULL);
}

void program_close(struct program **p)
{
    if (!*p)
        return;
    program_end(*p);
    uv_run(&(*p)->loop, UV_RUN_DEFAULT);
    uv_loop_close(&(*p)->loop);
    mem_free(p);
}
