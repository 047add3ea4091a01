/*
 * What all users of libuv share: its status codes become a struct err here.
 *
 * The program that runs a loop ignores SIGPIPE: libuv writes with write(2), and a peer that has
 * left is an error of that one connection.
 */
#ifndef BASE_IO_LOOP_H
#define BASE_IO_LOOP_H

#include "base/err.h"

/* "<fmt>: <text of status>"; ENOENT, EACCES, ECANCELED and the like get their own code. False. */
bool loop_err(struct err *err, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
