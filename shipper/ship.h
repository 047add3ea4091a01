/* `sluice ship`: the shipper as a program. */
#ifndef SHIPPER_SHIP_H
#define SHIPPER_SHIP_H

/* argv[0] is the first word behind "ship". Returns the exit status. */
int command_ship(int argc, char **argv);

#endif
