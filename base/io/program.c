#include "base/io/program.h"

#include "base/io/notify.h"
#include "base/mem.h"
#include "base/time.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

struct program {
    struct program_events events;
    uv_loop_t loop;
    uv_signal_t term, interrupt, hang_up;
    uv_timer_t watchdog;
    bool has_ended;
};

static void on_stop(uv_signal_t *signal, int number)
{
    const struct program *p = signal->data;
    (void)number;
    notify_send("STOPPING=1");
    p->events.stop(p->events.data);
}

static void on_hang_up(uv_signal_t *signal, int number)
{
    const struct program *p = signal->data;
    char text[64];
    (void)number;
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)(time_monotonic() / NS_PER_US));
    notify_send(text);
    p->events.reload(p->events.data);
    notify_send("READY=1");
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    notify_send("WATCHDOG=1");
}

void program_open(struct program **out, const struct program_events *events)
{
    struct program *p = mem_new(struct program);
    p->events = *events;
    signal(SIGPIPE, SIG_IGN);
    uv_loop_init(&p->loop);
    uv_signal_init(&p->loop, &p->term);
    uv_signal_init(&p->loop, &p->interrupt);
    uv_signal_init(&p->loop, &p->hang_up);
    uv_timer_init(&p->loop, &p->watchdog);
    p->term.data = p->interrupt.data = p->hang_up.data = p->watchdog.data = p;
    *out = p;
}

uv_loop_t *program_loop(struct program *p)
{
    return &p->loop;
}

static void begin(struct program *p)
{
    uint64_t pause_ms = (uint64_t)(notify_watchdog_ns() / NS_PER_MS / 2);
    uv_signal_start(&p->term, on_stop, SIGTERM);
    uv_signal_start(&p->interrupt, on_stop, SIGINT);
    if (p->events.reload)
        uv_signal_start(&p->hang_up, on_hang_up, SIGHUP);
    if (pause_ms)
        uv_timer_start(&p->watchdog, on_watchdog, 0, pause_ms);
    notify_send("READY=1");
}

void program_run(struct program *p)
{
    if (!p->has_ended)
        begin(p);
    uv_run(&p->loop, UV_RUN_DEFAULT);
}

void program_end(struct program *p)
{
    if (p->has_ended)
        return;
    p->has_ended = true;
    uv_close((uv_handle_t *)&p->term, NULL);
    uv_close((uv_handle_t *)&p->interrupt, NULL);
    uv_close((uv_handle_t *)&p->hang_up, NULL);
    uv_close((uv_handle_t *)&p->watchdog, NULL);
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
