#include "collector/store/classes.h"

#include "base/mem.h"
#include "base/time.h"
#include "query/engine/filter.h"

struct class_rule {
    struct filter *filter; /* owned */
    bool looks_at_records;
    uint8_t class;
};

#define FOREVER STR("forever")

/* ---- rules ---- */

static bool compile(struct filter **filter, struct str match, struct err *err)
{
    const struct filter_scope scope = {.without_lines = true};
    if (!filter_compile_text(filter, match, &scope, err))
        return false;
    return *filter || err_set(err, ERR_INPUT, "names no lines: service=web, level=debug");
}

bool store_rule_check(const struct store_rule *rule, struct err *err)
{
    defer(filter_close) struct filter *filter = NULL;
    return compile(&filter, rule->match, err);
}

/* ---- names ---- */

static void name_of(int64_t keep_ns, char name[CLASS_NAME])
{
    defer(buf_free) struct buf text = {0};
    if (keep_ns == 0)
        buf_add(&text, FOREVER);
    else
        put_duration(&text, keep_ns);
    size_t n = min_of(text.len, (size_t)CLASS_NAME - 1);
    memcpy(name, text.ptr, n);
    name[n] = '\0';
}

bool class_keep(struct str name, int64_t default_ns, int64_t *keep_ns)
{
    struct err ignored;
    *keep_ns = default_ns;
    if (str_equal(name, STR("default")))
        return true;
    if (str_equal(name, FOREVER)) {
        *keep_ns = 0;
        return true;
    }
    return parse_duration(name, keep_ns, &ignored);
}

/* ---- classes ---- */

uint8_t classes_add(struct classes *c, struct str name)
{
    for (size_t i = 0; i < c->n; i++)
        if (str_equal(str_from(c->names[i]), name))
            return (uint8_t)i;
    if (c->n == CLASSES_MAX || name.len >= CLASS_NAME)
        return 0;
    memcpy(c->names[c->n], name.ptr, name.len);
    c->names[c->n][name.len] = '\0';
    return (uint8_t)c->n++;
}

void classes_init(struct classes *c, const struct store_rule *rules, size_t n)
{
    *c = (struct classes){.names = {"default"}, .n = 1};
    c->rules = mem_array(struct class_rule, n);
    for (size_t i = 0; i < n && c->n_rules < RULES_MAX; i++) {
        struct err ignored;
        char name[CLASS_NAME];
        struct class_rule *rule = &c->rules[c->n_rules];
        if (!compile(&rule->filter, rules[i].match, &ignored))
            continue;
        name_of(rules[i].keep_ns, name);
        rule->class = classes_add(c, str_from(name));
        rule->looks_at_records = filter_looks_at_records(rule->filter);
        c->n_rules++;
    }
}

void classes_free(struct classes *c)
{
    for (size_t i = 0; i < c->n_rules; i++)
        filter_close(&c->rules[i].filter);
    mem_free(&c->rules);
    *c = (struct classes){0};
}

uint64_t classes_of_stream(const struct classes *c, const struct labels *labels)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < c->n_rules; i++)
        bits |= (uint64_t)filter_takes_stream(c->rules[i].filter, labels) << i;
    return bits;
}

uint8_t classes_of_row(const struct classes *c, uint64_t of_stream, const struct record *record)
{
    for (uint64_t left = of_stream; left; left &= left - 1) {
        const struct class_rule *rule = &c->rules[__builtin_ctzll(left)];
        if (!rule->looks_at_records || filter_takes_record(rule->filter, record))
            return rule->class;
    }
    return 0;
}
