/*
 * From a YAML node to the typed value of an option. Errors say what was found and what would be
 * right; the place is put in front by option_set.
 */
#include "base/match.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/time.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const looks_of[] = {
#define X(name, field, looks) [OPTION_##name] = looks,
    OPTION_TYPES(X)
#undef X
};

static const size_t sizes[] = {
#define X(name, field, looks) [OPTION_##name] = sizeof(field),
    OPTION_TYPES(X)
#undef X
};

enum { LONGEST_PATH = 4095 };

size_t option_size(enum option_type type)
{
    return sizes[type];
}

static bool expected(const struct option *row, struct err *err)
{
    return err_set(err, ERR_INPUT, "expected %s", looks_of[row->type]);
}

static bool parse_boolean(const struct yaml *node, bool *value, struct err *err)
{
    bool yes = str_equal(node->text, STR("true"));
    if (!node->plain || (!yes && !str_equal(node->text, STR("false"))))
        return err_set(err, ERR_INPUT,
                       "'%.*s' is not true or false (only these two, without quotes)",
                       STR_ARG(node->text));
    *value = yes;
    return true;
}

static bool has_range(const struct option *row)
{
    return row->least != 0 || row->most != 0;
}

static void put_bound(struct buf *b, const struct option *row, int64_t bound)
{
    if (row->type == OPTION_SIZE)
        put_size(b, (uint64_t)bound);
    else if (row->type == OPTION_DURATION)
        put_duration(b, bound);
    else
        buf_print(b, "%lld", (long long)bound);
}

static bool check_range(const struct option *row, struct str text, int64_t value, struct err *err)
{
    if (!has_range(row) || (value >= row->least && value <= row->most))
        return true;
    defer(buf_free) struct buf least = {0}, most = {0};
    put_bound(&least, row, row->least);
    put_bound(&most, row, row->most);
    return err_set(err, ERR_INPUT, "'%.*s' is not between %s and %s", STR_ARG(text),
                   buf_text(&least), buf_text(&most));
}

static bool parse_integer(const struct option *row, struct str text, int64_t *value,
                          struct err *err)
{
    if (!str_to_i64(text, value))
        return err_set(err, ERR_INPUT, "'%.*s' is not a whole number", STR_ARG(text));
    return check_range(row, text, *value, err);
}

static bool parse_bytes(const struct option *row, struct str text, uint64_t *value, struct err *err)
{
    return parse_size(text, value, err) && check_range(row, text, (int64_t)*value, err);
}

static bool parse_span(const struct option *row, struct str text, int64_t *value, struct err *err)
{
    return parse_duration(text, value, err) && check_range(row, text, *value, err);
}

static bool parse_text(const struct option *row, struct str text, struct str *value,
                       struct err *err)
{
    if (row->type != OPTION_STRING && text.len > LONGEST_PATH)
        return err_set(err, ERR_INPUT, "a path of %zu bytes is too long", text.len);
    *value = text;
    return true;
}

const char *nearest_name(struct str name, const char *const *names, size_t n)
{
    size_t best = min_of(name.len / 3 + 1, (size_t)3) + 1;
    const char *found = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t distance = str_distance(name, str_from(names[i]), best - 1);
        if (distance >= best)
            continue;
        best = distance;
        found = names[i];
        if (best == 0)
            break;
    }
    return found;
}

static size_t words_count(const struct option *row)
{
    size_t n = 0;
    while (row->words[n])
        n++;
    return n;
}

static bool parse_word(const struct option *row, struct str text, int *value, struct err *err)
{
    size_t n = 0;
    for (; row->words[n]; n++) {
        if (str_equal(text, str_from(row->words[n]))) {
            *value = (int)n;
            return true;
        }
    }
    defer(buf_free) struct buf all = {0};
    for (size_t i = 0; i < n; i++)
        buf_print(&all, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", row->words[i]);
    return err_set(err, ERR_INPUT, "'%.*s' is not %s", STR_ARG(text), buf_text(&all));
}

static bool check_pattern(struct str pattern, struct err *err)
{
    struct regex *regex;
    if (pattern.len == 0)
        return err_set(err, ERR_INPUT, "the pattern for first lines is empty");
    if (!regex_compile(&regex, pattern, 0, err))
        return false;
    regex_close(&regex);
    return true;
}

/* A pattern that looks like one of the words is put in parentheses, so that the text alone tells which
 * of both it is. */
static bool parse_first(const struct option *row, const struct yaml *node, struct arena *arena,
                        struct str *value, struct err *err)
{
    struct err ignored;
    int word;
    const struct yaml *first = node->first;
    if (node->n != 1 || !str_equal(first->key, STR("first")) || first->kind != YAML_SCALAR)
        return err_set(err, ERR_INPUT, "expected a map with one key, such as {first: '^\\d{4}-'}");
    if (!check_pattern(first->text, err))
        return false;
    *value = parse_word(row, first->text, &word, &ignored)
                 ? arena_print(arena, "(?:%.*s)", STR_ARG(first->text))
                 : first->text;
    return true;
}

static bool parse_word_or_first(const struct option *row, const struct yaml *node,
                                struct arena *arena, struct str *value, struct err *err)
{
    int word;
    if (node->kind == YAML_MAPPING)
        return parse_first(row, node, arena, value, err);
    if (!parse_word(row, node->text, &word, err)) {
        const char *near = nearest_name(node->text, row->words, words_count(row));
        if (near)
            return err_set(err, ERR_INPUT, "'%.*s' is none of its words; did you mean '%s'?",
                           STR_ARG(node->text), near);
        struct err inner = *err;
        return err_set(err, ERR_INPUT, "%s, or a map such as {first: '^\\d{4}-'}", inner.text);
    }
    *value = node->text;
    return true;
}

static bool parse_strings(const struct option *row, const struct yaml *node, struct arena *arena,
                          struct str_list *list, struct err *err)
{
    struct str_list found = {.n = node->kind == YAML_SCALAR ? 1 : node->n};
    found.items = arena_array(arena, struct str, found.n);
    if (node->kind == YAML_SCALAR)
        found.items[0] = node->text;
    size_t n = 0;
    yaml_each (node, item) {
        if (item->kind != YAML_SCALAR)
            return expected(row, err);
        found.items[n++] = item->text;
    }
    *list = found;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct str_pair *)a)->name, ((const struct str_pair *)b)->name);
}

static bool parse_pairs(const struct option *row, const struct yaml *node, struct arena *arena,
                        struct str_pairs *pairs, struct err *err)
{
    struct str_pairs found = {.items = arena_array(arena, struct str_pair, node->n)};
    yaml_each (node, child) {
        if (child->kind != YAML_SCALAR)
            return expected(row, err);
        found.items[found.n++] = (struct str_pair){child->key, child->text};
    }
    if (found.n)
        qsort(found.items, found.n, sizeof *found.items, by_name);
    *pairs = found;
    return true;
}

static bool parse_maps(const struct option *row, const struct yaml *node, const struct yaml **list,
                       struct err *err)
{
    yaml_each (node, item) {
        if (item->kind != YAML_MAPPING)
            return expected(row, err);
    }
    *list = node;
    return true;
}

/* The kind of node that a type is written as. */
static bool fits(const struct option *row, const struct yaml *node)
{
    switch (row->type) {
    case OPTION_STRINGS:
        return node->kind != YAML_MAPPING;
    case OPTION_MAPS:
        return node->kind == YAML_SEQUENCE;
    case OPTION_WORD_OR_FIRST:
        return node->kind != YAML_SEQUENCE;
    case OPTION_PAIRS:
    case OPTION_ENTRIES:
    case OPTION_SWITCH:
        return node->kind == YAML_MAPPING;
    default:
        return node->kind == YAML_SCALAR;
    }
}

/* The word off where a row allows it, or "" for a single value of the file whose default is "". */
static bool is_nothing(const struct option *row, const struct yaml *node)
{
    if (row->type == OPTION_BOOLEAN || row->type == OPTION_WORD || node->kind != YAML_SCALAR)
        return false;
    if (row->off && node->plain && str_equal(node->text, STR("off")))
        return true;
    bool is_single = row->type != OPTION_STRINGS && fits(row, node);
    return is_single && row->path && !(row->initial && row->initial[0]) && node->text.len == 0;
}

bool option_parse(const struct option *row, const struct yaml *node, struct arena *arena,
                  void *value, struct err *err)
{
    memset(value, 0, option_size(row->type));
    if (is_nothing(row, node))
        return true;
    if (!fits(row, node))
        return expected(row, err);
    switch (row->type) {
    case OPTION_SWITCH:
        *(bool *)value = true;
        return true;
    case OPTION_BOOLEAN:
        return parse_boolean(node, value, err);
    case OPTION_INTEGER:
        return parse_integer(row, node->text, value, err);
    case OPTION_SIZE:
        return parse_bytes(row, node->text, value, err);
    case OPTION_SHARE:
        return parse_share(node->text, value, err);
    case OPTION_DURATION:
        return parse_span(row, node->text, value, err);
    case OPTION_RATE:
        return parse_rate(node->text, value, err);
    case OPTION_WORD:
        return parse_word(row, node->text, value, err);
    case OPTION_WORD_OR_FIRST:
        return parse_word_or_first(row, node, arena, value, err);
    case OPTION_STRINGS:
        return parse_strings(row, node, arena, value, err);
    case OPTION_PAIRS:
        return parse_pairs(row, node, arena, value, err);
    case OPTION_MAPS:
        return parse_maps(row, node, value, err);
    case OPTION_ENTRIES:
        *(const struct yaml **)value = node;
        return true;
    case OPTION_STRING:
    case OPTION_PATH:
    case OPTION_SECRET:
        return parse_text(row, node->text, value, err);
    case OPTION_HEADING:
        break;
    }
    assert(row->type != OPTION_HEADING);
    return false;
}
