/* Things that are not wrong enough to stop. The caller logs or prints them. */
#ifndef BASE_WARNINGS_H
#define BASE_WARNINGS_H

#include <stddef.h>

enum { WARNINGS_MAX = 8 };

struct warnings {
    size_t n;    /* texts kept */
    size_t more; /* texts that found no room */
    char text[WARNINGS_MAX][252];
};

void warn_add(struct warnings *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void warnings_log(const struct warnings *w);

#endif
