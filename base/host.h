/* What this machine is called. */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include "base/arena.h"

/* SLUICE_HOST, else what the kernel says. */
struct str host_name(struct arena *arena);

#endif
