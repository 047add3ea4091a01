#include "shipper/ship_command.h"

#include "base/io/program.h"
#include "base/log.h"
#include "base/mem.h"
#include "shipper/ship.h"

struct ship_command {
    struct program *program;
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

int command_ship(int argc, char **argv)
{
    struct err err;
    struct ship_command c = {0};
    defer(config_free) struct config config = {0};
    defer(ship_options_free) struct ship_options options = {0};
    const struct program_events program = {.stop = stop, .data = &c};
    const struct ship_events events = {.stopped = stopped, .data = &c};
    if (!ship_options_read(&options, &config, argc, argv, &c.status))
        return c.status;
    c.status = 0;
    program_open(&c.program, &program);
    if (ship_open(&c.ship, program_loop(c.program), &options, &config, &events, &err)) {
        log_info("shipping to %s, state in %s", options.url, options.state);
        program_run(c.program);
    } else {
        log_error("%s", err.text);
        c.status = 2;
    }
    program_close(&c.program);
    return c.status;
}
