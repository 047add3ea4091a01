/* `sluice collect`: the collector as a program. */
#ifndef COLLECTOR_COLLECT_H
#define COLLECTOR_COLLECT_H

/* argv[0] is the first word behind the command. Returns the exit status. */
int command_collect(int argc, char **argv);

#endif
