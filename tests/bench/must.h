/* What fails ends a benchmark. */
#ifndef TESTS_BENCH_MUST_H
#define TESTS_BENCH_MUST_H

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>

static inline void must(bool done, const struct err *err)
{
    if (done)
        return;
    fprintf(stderr, "bench: %s\n", err->text);
    exit(1);
}

#endif
