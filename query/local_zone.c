#include "query/local_zone.h"

#include <time.h>

static int offset_at(void *context, int64_t ns)
{
    (void)context;
    struct tm fields;
    time_t second = (time_t)(ns / NS_PER_S - (ns % NS_PER_S < 0));
    return localtime_r(&second, &fields) ? (int)fields.tm_gmtoff : 0;
}

struct zone local_zone(void)
{
    tzset();
    return (struct zone){.offset_at = offset_at};
}
