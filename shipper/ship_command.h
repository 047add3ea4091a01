/* `sluice ship`: the shipper as a program. */
#ifndef SHIPPER_SHIP_COMMAND_H
#define SHIPPER_SHIP_COMMAND_H

/* argv[0] is the first word behind "ship". Returns the exit status: 0; 1 if not all of standard input
 * was sent or reading failed; 2 if it could not start. */
int command_ship(int argc, char **argv);

#endif
