/*
 * The front of a command: flags, --help, configuration, and what goes wrong there. One table of flags
 * and one text give all of it:
 *
 *     static const struct front front = {"tail", &table, STR_INIT("usage: sluice tail ...\n\n...")};
 *
 *     if (!front_read(&front, &flags, &given, &arena, argc, argv, &status))
 *         return status;                     --help was answered (0), or a flag is wrong (2)
 *     if (given.operands.n != 1)
 *         return front_fail(&front, "say which");
 */
#ifndef BASE_FRONT_H
#define BASE_FRONT_H

#include "base/config.h"

struct front {
    const char *name;                 /* of the command */
    const struct option_table *table; /* its flag --help is a BOOLEAN */
    struct str usage;                 /* what stands before the flags in the help */
};

/* Rows of most tables; the FIELD of the table tells where they go. */
#define FRONT_CONFIG                                                                               \
    {                                                                                              \
        .flag = "config", .letter = 'c', .type = OPTION_PATH, FIELD(config), .value_name = "FILE", \
        .help = "configuration file (default " CONFIG_FILE ")"                                     \
    }
#define FRONT_HELP                                                                              \
    {                                                                                           \
        .flag = "help", .letter = 'h', .type = OPTION_BOOLEAN, FIELD(help), .help = "this text" \
    }

/* Fills flags from the table's defaults and the command line. */
bool front_read(const struct front *front, void *flags, struct options *given, struct arena *arena,
                int argc, char **argv, int *status);
/* Loads the configuration that --config names; of one that is not named and may not be read, the
 * defaults. Warnings go to standard error if loud. */
bool front_config(const struct front *front, struct config *config, struct str file, bool loud,
                  int *status);
/* "sluice tail: TEXT" on standard error; 2, the exit status. On a terminal no control byte gets through. */
int front_fail(const struct front *front, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
