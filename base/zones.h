/*
 * Time zones by name, opened once each and kept until zones_close: streams point to them.
 *
 *     local            TZ of the environment, as libc reads it, else /etc/localtime, else UTC
 *     UTC
 *     +02:00, -0330    an offset
 *     Europe/Berlin    a file in $TZDIR or /usr/share/zoneinfo, from the package tzdata
 *
 *  1. A name is of letters, digits, "_", "+", "-" and single slashes between: none leads out of the
 *     folder.
 *  2. What is wrong with TZ or /etc/localtime is nobody's mistake here: "local" is then UTC, as libc has
 *     it, and zone_local says why.
 */
#ifndef BASE_ZONES_H
#define BASE_ZONES_H

#include "base/map.h"
#include "base/zone.h"

struct zones {        /* the zero value is empty */
    struct map named; /* name -> struct zone_named */
};

/* Also by whoever only wants to know whether it is one: *zone is the caller's. ERR_INPUT, ERR_NOT_FOUND
 * and others say what to do. */
bool zone_open(struct zone **zone, struct str name, struct err *err);
/* Invariant 2; false: *zone is UTC, and *err says why. */
bool zone_local(struct zone **zone, struct err *err);

bool zones_get(struct zones *zones, struct str name, const struct zone **zone, struct err *err);
void zones_close(struct zones *zones);

#endif
