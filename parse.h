/* `sluice parse`: what is recognised in lines. */
#ifndef PARSE_H
#define PARSE_H

/* argv[0] is the first word behind "parse". Returns the exit status: 0, or 2 if something is wrong. */
int command_parse(int argc, char **argv);

#endif
