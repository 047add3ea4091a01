/* `sluice redact`: what redaction makes of lines. */
#ifndef REDACT_H
#define REDACT_H

/* argv[0] is the first word behind "redact". Returns the exit status: 0, 1 if a case of --test is not met, or 2 if
 * something is wrong. */
int command_redact(int argc, char **argv);

#endif
