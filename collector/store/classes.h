/*
 * Retention classes: rows that are kept for the same time. Each is a folder in the days, named for that time, so
 * that dropping it is unlinking.
 *
 *     days/2026-11-20/default/segment-000009     kept as long as the configuration says
 *     days/2026-11-20/3d/segment-000009          rows that matched a rule with keep: 3d
 *     days/2026-11-20/forever/segment-000009     ... with keep: off
 *
 *  1. The first rule that matches a row decides, when its journal is merged. What is in a class stays there:
 *     other rules from now on are for what comes.
 *  2. Class 0 is "default", which every store has.
 */
#ifndef COLLECTOR_STORE_CLASSES_H
#define COLLECTOR_STORE_CLASSES_H

#include "formats/block/block.h"

enum {
    CLASSES_MAX = 16, /* with the default */
    RULES_MAX = 64,
    CLASS_NAME = 32,
};

struct store_rule {
    struct str match; /* filters with blanks between (query/engine/filter.h) */
    int64_t keep_ns;  /* 0: for ever */
};

/* ERR_INPUT: what is wrong with the rule, without naming it. */
bool store_rule_check(const struct store_rule *rule, struct err *err);

/* "default", "3d", "forever"; *keep_ns of the default is given. False: no class has that name. */
bool class_keep(struct str name, int64_t default_ns, int64_t *keep_ns);

struct classes {
    char names[CLASSES_MAX][CLASS_NAME];
    size_t n; /* at least 1 */
    struct class_rule *rules;
    size_t n_rules;
};

/* The default alone, or those of rules, which are good. More times than classes: the last ones are the default. */
void classes_init(struct classes *c, const struct store_rule *rules, size_t n);
void classes_free(struct classes *c);
/* The class with that name, which is made if there is room; else the default. */
uint8_t classes_add(struct classes *c, struct str name);

/* A bit for each rule that may take rows of the stream. */
uint64_t classes_of_stream(const struct classes *c, const struct labels *labels);
/* The class of a row of that stream. Not on two threads at once. */
uint8_t classes_of_row(const struct classes *c, uint64_t of_stream, const struct record *record);

#endif
