#include "base/host.h"

#include <stdlib.h>
#include <unistd.h>

struct str host_name(struct arena *arena)
{
    char name[256] = "";
    const char *given = getenv("SLUICE_HOST");
    if (given && *given)
        return str_from(given);
    if (gethostname(name, sizeof name - 1) != 0 || !name[0])
        return STR("unknown");
    return arena_copy(arena, str_from(name));
}
