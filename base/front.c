#include "base/front.h"

#include "base/mem.h"
#include "base/say.h"

#include <stdarg.h>
#include <stdio.h>

enum { EXIT_USAGE = 2 };

static bool wants_help(const struct option_table *table, const void *flags)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct option *row = &table->rows[i];
        if (row->flag && strcmp(row->flag, "help") == 0)
            return *(const bool *)((const char *)flags + row->field);
    }
    return false;
}

static void print_help(const struct front *front)
{
    defer(buf_free) struct buf b = {0};
    buf_add(&b, front->usage);
    options_help(front->table, &b);
    printf("%.*s\n", STR_ARG(buf_str(&b)));
}

bool front_read(const struct front *front, void *flags, struct options *given, struct arena *arena,
                int argc, char **argv, int *status)
{
    struct err err;
    options_defaults(given, front->table, flags, arena);
    if (!options_read_argv(given, argc, argv, &err)) {
        *status = front_fail(front, "%s", err.text);
        return false;
    }
    if (!wants_help(front->table, flags))
        return true;
    print_help(front);
    *status = 0;
    return false;
}

bool front_config(const struct front *front, struct config *config, struct str file, bool loud,
                  int *status)
{
    struct err err;
    struct warnings w = {0};
    const char *path = file.len ? file.ptr : NULL;
    if (!config_load(config, path, &w, &err) && (path || err.code != ERR_DENIED)) {
        *status = front_fail(front, "%s", err.text);
        return false;
    }
    for (size_t i = 0; loud && i < w.n; i++)
        say("warning: %s", w.text[i]);
    return true;
}

int front_fail(const struct front *front, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    say("sluice %s: %s", front->name, text);
    return EXIT_USAGE;
}
