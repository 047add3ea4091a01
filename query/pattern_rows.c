#include "query/pattern_rows.h"

#include "base/bisect.h"
#include "base/mem.h"
#include "formats/line/skeleton.h"

#include <stdlib.h>

enum { AT_SHAPE, AT_SERVICE, AT_LEVEL, PASSES = 2 };

const struct str pattern_names[3] = {STR_INIT("shape"), STR_INIT("service"), STR_INIT("level")};

void pattern_rows_free(struct pattern_rows *r)
{
    map_free(&r->by_shape);
    arena_free(&r->arena);
}

static void add_service(struct pattern_row *row, struct str service)
{
    for (size_t i = 0; i < row->n_services; i++)
        if (str_equal(row->services[i], service))
            return;
    if (row->n_services == PATTERN_SERVICES_MAX)
        row->more_services = true;
    else
        row->services[row->n_services++] = service;
}

static void add_times(struct pattern_row *row, int64_t first_ns, int64_t last_ns, struct str sample)
{
    if (last_ns > row->last_ns || (last_ns == row->last_ns && str_compare(sample, row->sample) < 0))
        row->sample = sample;
    row->first_ns = min_of(row->first_ns, first_ns);
    row->last_ns = max_of(row->last_ns, last_ns);
}

/* Of tallies with the largest counts first. */
static void describe(struct pattern_row *row, const struct tally *t, bool is_first)
{
    if (is_first) {
        row->first_ns = t->first_ns;
        row->last_ns = t->last_ns;
        row->sample = t->sample;
        row->level = t->values[AT_LEVEL];
    }
    add_times(row, t->first_ns, t->last_ns, t->sample);
    add_service(row, t->values[AT_SERVICE]);
}

static struct pattern_row *row_of(struct pattern_rows *r, struct str shape)
{
    struct pattern_row *row = map_get(&r->by_shape, shape);
    if (row)
        return row;
    bool has_name = shape.len > SKELETON_SHOWN && shape.ptr[SKELETON_SHOWN] == ' ';
    row = arena_new(&r->arena, struct pattern_row);
    row->name = str_slice(shape, 0, has_name ? SKELETON_SHOWN : 0);
    row->text = str_slice(shape, has_name ? SKELETON_SHOWN + 1 : 0, SIZE_MAX);
    row->n_shapes = 1;
    map_put(&r->by_shape, shape, row);
    return row;
}

static void gather(struct pattern_rows *r, struct tallies *tallies, bool is_before)
{
    const struct tally **sorted = tallies_sorted(tallies);
    for (size_t i = 0; i < tallies->by_key.n; i++) {
        const struct tally *t = sorted[i];
        struct pattern_row *row = row_of(r, t->values[AT_SHAPE]);
        uint64_t *count = is_before ? &row->before : &row->now;
        if (!is_before || row->now == 0)
            describe(row, t, *count == 0);
        *count += t->count;
        *(is_before ? &r->before : &r->now) += t->count;
    }
}

/* The one with more lines comes first, of a joined row too. */
static int by_count(const void *a, const void *b)
{
    const struct pattern_row *x = *(struct pattern_row *const *)a;
    const struct pattern_row *y = *(struct pattern_row *const *)b;
    if (x->now != y->now)
        return x->now > y->now ? -1 : 1;
    if (x->before != y->before)
        return x->before > y->before ? -1 : 1;
    int order = str_compare(x->text, y->text);
    return order ? order : str_compare(x->name, y->name);
}

static void sort(struct pattern_rows *r)
{
    if (r->n)
        qsort(r->list, r->n, sizeof *r->list, by_count);
}

void pattern_rows_make(struct pattern_rows *r, struct tallies *now, struct tallies *before)
{
    gather(r, now, false);
    if (before)
        gather(r, before, true);
    r->list = arena_array(&r->arena, struct pattern_row *, r->by_shape.n);
    map_each (&r->by_shape, entry)
        r->list[r->n++] = entry->value;
    sort(r);
}

/* ---- joining ---- */

#define BEFORE_WORDS SIZE_MAX

struct word {
    size_t from, len;
};

/* The next word that may vary: without a slot in it. False: there is none. At BEFORE_WORDS it is what may stand behind
 * the text, where it was cut: then all else is alike. */
static bool next_word(struct str text, size_t *at, struct word *word)
{
    if (*at == BEFORE_WORDS) {
        *at = 0;
        *word = (struct word){text.len, 0};
        return true;
    }
    while (*at < text.len) {
        struct str rest = str_slice(text, *at, SIZE_MAX);
        *word = (struct word){*at, min_of(str_find_byte(rest, ' '), rest.len)};
        *at += word->len + 1;
        if (word->len && str_find_byte(str_of(rest.ptr, word->len), '<') == SIZE_MAX)
            return true;
    }
    return false;
}

static uint64_t key_without(struct str text, struct word word)
{
    return hash64_pair(str_slice(text, 0, word.from),
                       str_slice(text, word.from + word.len, SIZE_MAX)) ^
           word.from;
}

/* What each text is without each of its words, sorted: as many alike ones as there are texts that differ there. */
struct keys {
    uint64_t *items;
    size_t n, capacity;
};

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void make_keys(struct keys *k, const struct pattern_rows *r)
{
    struct word word;
    for (size_t i = 0; i < r->n; i++) {
        for (size_t at = BEFORE_WORDS; next_word(r->list[i]->text, &at, &word);) {
            mem_grow(k->items, k->n, k->capacity);
            k->items[k->n++] = key_without(r->list[i]->text, word);
        }
    }
    if (k->n)
        qsort(k->items, k->n, sizeof *k->items, by_key);
}

static size_t count_below(const struct keys *k, uint64_t key)
{
    return bisect(k->n, i, k->items[i] < key);
}

/* The word of the text in which most are alike it, and their key. False: too few are. */
static bool find_varying(const struct keys *k, struct str text, struct word *best, uint64_t *key)
{
    struct word word;
    size_t most = PATTERN_ALIKE - 1;
    for (size_t at = BEFORE_WORDS; next_word(text, &at, &word);) {
        uint64_t found = key_without(text, word);
        size_t first = count_below(k, found), n = first;
        while (n < k->n && k->items[n] == found)
            n++;
        if (n - first <= most)
            continue;
        most = n - first;
        *best = word;
        *key = found;
    }
    return most >= PATTERN_ALIKE;
}

/* Rows that are alike but for one word. */
struct group {
    uint64_t key;
    size_t n; /* that have no word in which more are alike */
    struct pattern_row *row;
};

static struct group *group_of(struct map *groups, struct arena *arena, uint64_t key)
{
    struct group *g = map_get(groups, MAP_KEY(key));
    if (g)
        return g;
    g = arena_new(arena, struct group);
    g->key = key;
    map_put(groups, MAP_KEY(g->key), g);
    return g;
}

/* Into one that has at least as many lines. */
static void add_row(struct pattern_row *row, struct pattern_row *other)
{
    bool is_of_now = other->now || !row->now;
    row->now += other->now;
    row->before += other->before;
    if (is_of_now)
        add_times(row, other->first_ns, other->last_ns, other->sample);
    for (size_t i = 0; i < other->n_services; i++)
        add_service(row, other->services[i]);
    row->more_services = row->more_services || other->more_services;
    row->n_shapes += other->n_shapes;
    row->last->next = other;
    row->last = other->last ? other->last : other;
}

/* A row of its own for what is alike, as that of one shape stays what it was. */
static struct pattern_row *joined_row(struct pattern_rows *r, struct pattern_row *first,
                                      struct word word)
{
    struct pattern_row *row = arena_new(&r->arena, struct pattern_row);
    struct str rest = str_slice(first->text, word.from + word.len, SIZE_MAX);
    *row = *first;
    row->next = first;
    row->last = first->last ? first->last : first;
    row->name = STR("");
    row->text = arena_print(&r->arena, "%.*s<*>%.*s", STR_ARG(str_slice(first->text, 0, word.from)),
                            STR_ARG(rest));
    return row;
}

static size_t join_once(struct pattern_rows *r, const struct keys *keys)
{
    defer(arena_free) struct arena arena = {0};
    defer(map_free) struct map groups = {0};
    struct group **of = arena_array(&arena, struct group *, r->n);
    struct word *words = arena_array(&arena, struct word, r->n);
    size_t n = 0, before = r->n;
    uint64_t key;
    for (size_t i = 0; i < r->n; i++) {
        if (!find_varying(keys, r->list[i]->text, &words[i], &key))
            continue;
        of[i] = group_of(&groups, &arena, key);
        of[i]->n++;
    }
    for (size_t i = 0; i < r->n; i++) {
        struct pattern_row *row = r->list[i];
        if (!of[i] || of[i]->n < PATTERN_ALIKE)
            r->list[n++] = row;
        else if (of[i]->row)
            add_row(of[i]->row, row);
        else
            r->list[n++] = of[i]->row = joined_row(r, row, words[i]);
    }
    r->n = n;
    sort(r);
    return before - n;
}

void pattern_rows_join(struct pattern_rows *r)
{
    size_t joined = 1;
    for (int i = 0; i < PASSES && joined; i++) {
        struct keys keys = {0};
        make_keys(&keys, r);
        joined = join_once(r, &keys);
        mem_free(&keys.items);
    }
}
