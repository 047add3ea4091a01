/* The folder of a fuzzer that cannot do without one; in memory where there is some. */
#ifndef TESTS_FUZZ_FOLDER_H
#define TESTS_FUZZ_FOLDER_H

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

/* True: it was made now; remove_it is called at the end. */
static inline bool make_folder(void (*remove_it)(void))
{
    if (folder[0])
        return false;
    snprintf(folder, sizeof folder, "%s/sluice-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    char *made = mkdtemp(folder);
    assert(made);
    atexit(remove_it);
    return true;
}

#endif
