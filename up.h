/* `sluice up`: collector and shipper of one machine in one process. */
#ifndef UP_H
#define UP_H

/* argv[0] is the first word behind "up". Returns the exit status: 0; 1 if a part ended by itself; 2 if
 * one could not start. */
int command_up(int argc, char **argv);

#endif
