/*
 * Words for people, on standard error. On a terminal no control byte gets through: texts may quote what
 * others wrote, such as labels or a collector's answer.
 */
#ifndef BASE_SAY_H
#define BASE_SAY_H

/* With a newline behind it. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
