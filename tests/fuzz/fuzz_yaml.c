/* Any bytes as a configuration file: read, or refused with a text that begins with its name. */
#include "base/config.h"
#include "base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    struct warnings warnings = {0};
    struct err err;
    if (!config_read(&config, str_of(data, size), "sluice.yml", &warnings, &err)) {
        if (!str_starts(str_from(err.text), STR("sluice.yml")))
            abort();
        return 0;
    }
    defer(buf_free) struct buf shown = {0};
    config_show(&config, &shown);
    config_free(&config);
    return 0;
}
