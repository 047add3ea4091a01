#include "collector/store/retention_rules.h"

#define SECTION "collector.retention.rules"

static struct place place_of(const struct config_rule *rule, const char *key)
{
    return yaml_get(rule->given, str_from(key))->at;
}

/* How many times there are up to this rule that no rule before has. */
static size_t count_times(const struct config_rule *rules, size_t n)
{
    size_t times = 0;
    for (size_t i = 0; i < n; i++) {
        size_t before = 0;
        while (before < i && rules[before].keep_ns != rules[i].keep_ns)
            before++;
        times += before == i;
    }
    return times;
}

bool retention_check(const struct config *config, struct err *err)
{
    const struct config_collector *c = &config->collector;
    for (size_t i = 0; i < c->rules_n; i++) {
        struct err inner;
        const struct config_rule *given = &c->rules[i];
        const struct store_rule rule = {given->match, given->keep_ns};
        if (!store_rule_check(&rule, &inner))
            return place_err(place_of(given, "match"), err, SECTION ": match: %s", inner.text);
        if (i >= RULES_MAX)
            return place_err(given->given->at, err, SECTION ": more than %d rules", RULES_MAX);
        if (count_times(c->rules, i + 1) >= CLASSES_MAX)
            return place_err(place_of(given, "keep"), err, SECTION ": more than %d different times",
                             CLASSES_MAX - 1);
    }
    return true;
}

struct store_retention retention_of(const struct config *config, uint64_t keep_free,
                                    struct arena *arena)
{
    const struct config_collector *c = &config->collector;
    struct store_rule *rules = arena_array(arena, struct store_rule, c->rules_n);
    for (size_t i = 0; i < c->rules_n; i++)
        rules[i] = (struct store_rule){c->rules[i].match, c->rules[i].keep_ns};
    return (struct store_retention){.keep_ns = c->keep_ns,
                                    .max_bytes = c->max_size,
                                    .keep_free = keep_free,
                                    .forward_bytes = c->forward_bytes,
                                    .rules = rules,
                                    .n_rules = c->rules_n,
                                    .archive_after_ns = c->archive_after_ns};
}
