#include "shipper/ship_command.h"

#include "base/io/program.h"
#include "base/log.h"
#include "base/mem.h"
#include "shipper/ship.h"

struct ship_command {
    struct program *program;
    struct live_config live;
    struct ship_options options;
    struct ship *ship;
    int status;
};

static void stop(void *data)
{
    struct ship_command *c = data;
    if (c->ship)
        ship_stop(c->ship);
}

static void stopped(void *data)
{
    struct ship_command *c = data;
    struct err err;
    if (!ship_ended_well(c->ship, &err)) {
        log_error("%s", err.text);
        c->status = 1;
    }
    ship_close(&c->ship);
    program_end(c->program);
}

static void apply(const struct config *next, void *data)
{
    const struct ship_command *c = data;
    log_change(next->log_level, next->log_format);
    ship_reload(c->ship, next);
}

static bool reload(struct buf *report, struct err *err, void *data)
{
    struct ship_command *c = data;
    if (live_config_reload_logged(&c->live, report, err))
        return true;
    ship_reload(c->ship, NULL);
    return false;
}

static void on_hang_up(void *data)
{
    const struct ship_command *c = data;
    struct err err;
    defer(buf_free) struct buf report = {0};
    if (c->ship)
        reload(&report, &err, data);
}

static void run(struct ship_command *c)
{
    struct err err;
    /* A pipe goes on for as long as somebody is there: a terminal that hangs up ends it. */
    bool is_pipe = c->options.reads_stdin;
    const struct program_events program = {
        .stop = stop, .reload = is_pipe ? NULL : on_hang_up, .data = c};
    const struct ship_events events = {
        .stopped = stopped, .reload = is_pipe ? NULL : reload, .data = c};
    program_open(&c->program, &program);
    if (ship_open(&c->ship, program_loop(c->program), &c->options, c->live.first, &events, &err)) {
        log_info("shipping to %s, state in %s", c->options.url ? c->options.url : "its outputs",
                 c->options.state);
        c->status = 0;
        program_run(c->program);
    } else {
        log_error("%s", err.text);
        c->status = 2;
    }
    program_close(&c->program);
}

static void free_command(struct ship_command *c)
{
    ship_options_free(&c->options);
    live_config_close(&c->live);
}

static bool adjust(struct config *config, void *data, struct err *err)
{
    const struct ship_command *c = data;
    return ship_sources_check(config, err) &&
           (!c->ship || ship_outputs_check(&c->options, config, err));
}

int command_ship(int argc, char **argv)
{
    static const char *const sections[] = {"shipper.", "outputs.", "labels", "log.", NULL};
    defer(free_command) struct ship_command c = {0};
    c.live =
        (struct live_config){.adjust = adjust, .apply = apply, .data = &c, .sections = sections};
    if (ship_options_read(&c.options, &c.live, argc, argv, &c.status))
        run(&c);
    return c.status;
}
