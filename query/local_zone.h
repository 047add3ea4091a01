/* The time zone of this machine (TZ, else /etc/localtime), for the engine. */
#ifndef QUERY_LOCAL_ZONE_H
#define QUERY_LOCAL_ZONE_H

#include "query/engine/zone.h"

struct zone local_zone(void);

#endif
