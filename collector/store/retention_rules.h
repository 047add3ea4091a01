/* collector.retention of the configuration, as the store takes it. */
#ifndef COLLECTOR_STORE_RETENTION_RULES_H
#define COLLECTOR_STORE_RETENTION_RULES_H

#include "base/config.h"
#include "collector/store/store.h"

/* The rules are good: each can be matched, and they have no more times than there can be classes. */
bool retention_check(const struct config *config, struct err *err);
/* Points into the configuration and the arena. keep_free: bytes. */
struct store_retention retention_of(const struct config *config, uint64_t keep_free,
                                    struct arena *arena);

#endif
