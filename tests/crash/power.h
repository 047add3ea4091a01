/*
 * A power cut at every moment, from one run: the idea of SQLite's test6.c.
 *
 * While recording, all calls of base/file.h go to the kernel and are written down with their bytes.
 * Afterwards power_cut lays out what a disk may hold if the power went out after the first n of
 * them:
 *
 *   - what a successful sync of its file covered is there;
 *   - of every other write a random part is: all, none, some 512-byte sectors, or garbage in them;
 *   - the size of a file may or may not have grown over the writes that were not synced;
 *   - a new, renamed or removed name is as before or as after, unless its folder was synced since;
 *     renames of one folder keep their order.
 *
 * Faults: the n-th call of a kind can fail or write short instead.
 */
#ifndef TESTS_CRASH_POWER_H
#define TESTS_CRASH_POWER_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct power;

/* Starts recording what happens below folder, which is empty. One recording at a time. */
struct power *power_record(const char *folder);
void power_stop(struct power *p); /* back to the kernel's disk; the recording stays */
void power_free(struct power **p);
size_t power_calls(const struct power *p); /* recorded so far */
/* Lays out a possible content of the folder after the first n calls in to, which is made anew. */
void power_cut(const struct power *p, size_t n, uint64_t seed, const char *to);

enum fault {
    FAULT_NONE,
    FAULT_FULL,  /* ENOSPC from writes, creations and reservations */
    FAULT_IO,    /* EIO from anything that writes or syncs */
    FAULT_SHORT, /* a write takes only half, then goes on */
};
/* From the n-th call on that the fault can hit (counted from 0), `times` of them do; recording or not. */
void faults_set(enum fault fault, size_t n, size_t times);
/* Calls run for each fault at the first so many calls, of the later ones at some; in folders that are not there yet. */
typedef void fault_run(enum fault fault, size_t n, size_t times, const char *folder);
void run_with_faults(size_t calls, fault_run *run);

#endif
