/* `sluice store import`: old log files become records of a store. */
#ifndef IMPORT_H
#define IMPORT_H

/* argv[0] is the first word behind "import". Returns the exit status: 0, or 2 if nothing was imported. */
int command_import(int argc, char **argv);

#endif
