/* `sluice check`: is a configuration right, and what does it say? */
#ifndef CHECK_H
#define CHECK_H

/* argv[0] is the first word behind "check". Returns the exit status: 0, or 2 if something is wrong. */
int command_check(int argc, char **argv);

#endif
