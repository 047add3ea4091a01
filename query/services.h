/* What each service takes of a store: `sluice store du --by service`. */
#ifndef QUERY_SERVICES_H
#define QUERY_SERVICES_H

#include "base/front.h"

enum { HUMAN_SIZE = 16 };
/* "9.8 MB" */
const char *human_size(uint64_t bytes, char room[HUMAN_SIZE]);

/* Of the last so many days of arrival, 0: of all. Returns the exit status: 3 if something could not be read. */
int print_services(const struct front *front, const char *store, int64_t days, bool json);

#endif
