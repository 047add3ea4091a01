/* `sluice collect`: the collector as a program. */
#ifndef COLLECTOR_COLLECT_COMMAND_H
#define COLLECTOR_COLLECT_COMMAND_H

/* argv[0] is the first word behind the command. Returns the exit status: 0, or 2 if it could not
 * start. */
int command_collect(int argc, char **argv);

#endif
