/* The folders of days: which segments there are, and which files have been replaced. */
#include "base/mem.h"
#include "collector/store/adopting.h"
#include "collector/store/store_private.h"

enum { FOOTERS_MAX = 64 }; /* of the newest segments: others have nothing that is still of use */

/* What is no folder is none of ours. */
static bool list_folder(const char *path, struct arena *arena, struct str **names, size_t *n,
                        struct err *err)
{
    struct stat st;
    *n = 0;
    if (!path_stat(path, &st, err))
        return err->code == ERR_NOT_FOUND;
    return !S_ISDIR(st.st_mode) || folder_list(path, arena, names, n, err);
}

struct walk {
    struct store *store;
    /* Path and name of each file in DATA/days/DAY/CLASS. */
    bool (*take)(struct store *store, const char *path, struct str name, struct err *err);
    void (*leave)(const char *folder); /* behind all that is in a day or a class; NULL: nothing */
};

static bool walk_class(const struct walk *w, const char *class, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *names;
    size_t n;
    if (!list_folder(class, &arena, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *path = arena_print(&arena, "%s/%.*s", class, STR_ARG(names[i])).ptr;
        if (!w->take(w->store, path, names[i], err))
            return false;
    }
    if (w->leave)
        w->leave(class);
    return true;
}

static bool walk_day(const struct walk *w, const char *day, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *names;
    size_t n;
    if (!list_folder(day, &arena, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!walk_class(w, arena_print(&arena, "%s/%.*s", day, STR_ARG(names[i])).ptr, err))
            return false;
    if (w->leave)
        w->leave(day);
    return true;
}

static bool walk_days(const struct walk *w, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *names;
    size_t n;
    const char *root = store_path(w->store, "days", &arena);
    if (!list_folder(root, &arena, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!walk_day(w, arena_print(&arena, "%s/%.*s", root, STR_ARG(names[i])).ptr, err))
            return false;
    return true;
}

void store_list_segment(struct store *s, struct store_segment *segment)
{
    s->last_segment = max_of(s->last_segment, segment->number);
    mem_grow(s->segments, s->n_segments, s->segments_capacity);
    s->segments[s->n_segments++] = segment;
}

/* Only the default class has places and tables. */
static void bound_footers(struct store *s, struct store_segment *listed)
{
    if (!is_default_class(listed)) {
        store_segment_forget_footer(listed);
        return;
    }
    if (++s->n_footers <= FOOTERS_MAX)
        return;
    while (!is_default_class(s->segments[s->oldest_footer]))
        s->oldest_footer++;
    store_segment_forget_footer(s->segments[s->oldest_footer++]);
}

static bool list_segment(struct store *s, const char *path, struct str name, struct err *err)
{
    struct segment_name parsed;
    struct store_segment *segment = NULL;
    if (!segment_name_parse(name, &parsed) || parsed.is_new)
        return true;
    for (size_t i = 0; i < s->n_pending; i++)
        if (s->segments[i]->number == parsed.number) /* it was moved meanwhile */
            return true;
    if (!store_segment_open(&segment, path, err))
        return false;
    store_list_segment(s, segment);
    bound_footers(s, segment);
    return true;
}

static bool has_number(const uint64_t *numbers, size_t n, uint64_t number)
{
    for (size_t i = 0; i < n; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

bool is_journal_of_segment(const struct store_segment *segment, uint64_t number)
{
    return has_number(segment->head.journals, segment->head.n_journals, number);
}

/* Invariant 1 of segments.h. */
static bool is_left_over(const struct store *s, const struct store_segment *part)
{
    if (!part->is_part)
        return false;
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct store_segment *other = s->segments[i];
        if (other->number == part->number && is_default_class(other) && !other->is_part)
            return false;
    }
    return true;
}

/* From the number of each journal to the newest segment that names it. */
static void map_journals(const struct store *s, struct map *newest)
{
    for (size_t i = 0; i < s->n_segments; i++) {
        struct store_segment *segment = s->segments[i];
        for (size_t k = 0; k < segment->head.n_journals; k++) {
            struct str journal = MAP_KEY(segment->head.journals[k]);
            const struct store_segment *known = map_get(newest, journal);
            if (!known || known->number < segment->number)
                map_put(newest, journal, segment);
        }
    }
}

/* A journal is in one segment only: the newest that names it. What an older one has beside it was removed before the
 * newer one was made. */
static bool is_segment_replaced(const struct map *newest, const struct store_segment *old)
{
    for (size_t k = 0; k < old->head.n_journals; k++) {
        const struct store_segment *other = map_get(newest, MAP_KEY(old->head.journals[k]));
        if (other->number > old->number)
            return true;
    }
    return false;
}

void store_replace_segment(struct store *s, struct store_segment *segment)
{
    mem_grow(s->replaced, s->n_replaced, s->replaced_capacity);
    s->replaced[s->n_replaced++] = segment->path;
    segment->path = NULL;
    segment->is_removed = true;
}

bool is_journal_replaced(const struct store *s, uint64_t number)
{
    for (size_t i = 0; i < s->n_segments; i++)
        if (is_journal_of_segment(s->segments[i], number))
            return true;
    return false;
}

/* Those that are marked. */
static void leave_out(struct store *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_segments; i++) {
        if (!s->segments[i]->is_removed) {
            s->segments[kept++] = s->segments[i];
            continue;
        }
        store_replace_segment(s, s->segments[i]);
        store_segment_unref(&s->segments[i]);
    }
    s->n_segments = kept;
}

bool store_list_segments(struct store *s, struct err *err)
{
    if (!store_list_adopted(s, err))
        return false;
    s->n_pending = s->n_segments;
    if (!walk_days(&(struct walk){s, list_segment, NULL}, err))
        return false;
    for (size_t i = 0; i < s->n_segments; i++) /* first: what does not count replaces nothing */
        s->segments[i]->is_removed = is_left_over(s, s->segments[i]);
    leave_out(s);
    defer(map_free) struct map newest = {0};
    map_journals(s, &newest);
    for (size_t i = 0; i < s->n_segments; i++)
        s->segments[i]->is_removed = is_segment_replaced(&newest, s->segments[i]);
    leave_out(s);
    return true;
}

static bool remove_unfinished(struct store *s, const char *path, struct str name, struct err *err)
{
    (void)s;
    return str_ends(name, STR(".new")) ? file_remove(path, err) : true;
}

/* Of what is not whole the journals may still be of use. */
static bool is_in_whole_segment(const struct store *s, uint64_t journal)
{
    bool is_in_one = false;
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct store_segment *segment = s->segments[i];
        if (!is_journal_of_segment(segment, journal))
            continue;
        if (segment->problem)
            return false;
        is_in_one = true;
    }
    return is_in_one;
}

/* Numbers are used again once no file has them, so these may not come back after a power cut. */
static void remove_left_over(struct store *s)
{
    struct err ignored;
    for (size_t i = 0; i < s->n_replaced; i++)
        if (str_ends(str_from(s->replaced[i]), STR(".part")) &&
            file_remove(s->replaced[i], &ignored))
            folder_sync_above(s->replaced[i], &ignored);
}

bool store_name_parts(struct store *s, struct err *err)
{
    bool good = true;
    for (size_t i = 0; i < s->n_segments; i++)
        if (!s->segments[i]->is_removed && !store_segment_take_name(s->segments[i], err))
            good = false; /* the others all the same */
    return good;
}

void store_remove_replaced(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    struct err ignored;
    struct str *names;
    size_t n;
    const char *folder = arena_print(&arena, "%s/journal", s->options.folder).ptr;
    walk_days(&(struct walk){s, remove_unfinished, folder_remove_empty}, &ignored);
    remove_left_over(s);
    store_name_parts(s, &ignored);
    if (!folder_list(folder, &arena, &names, &n, &ignored))
        return;
    for (size_t i = 0; i < n; i++) {
        uint64_t number, freed;
        if (store_journal_number(names[i], &number) && is_in_whole_segment(s, number))
            store_retire_journal(s, number, store_journal_path(s, number, &arena), UINT64_MAX,
                                 &freed, &ignored);
    }
}
