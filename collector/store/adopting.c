#include "collector/store/adopting.h"

#include "base/mem.h"
#include "collector/store/store_private.h"

#include <stdio.h>

enum { LIST_MAX = 8 << 20 };

#define LIST_HEAD STR("sluice-import 1 ")

/* What READY or ADOPT says. */
struct list {
    struct arena arena;
    struct hash128 id;
    struct adoptable *items;
    size_t n;
};

static void free_list(struct list *list)
{
    arena_free(&list->arena);
}

const char *import_folder(const char *store, struct arena *arena)
{
    return arena_print(arena, "%s/import", store).ptr;
}

static const char *path_of(const char *store, const char *name, struct arena *arena)
{
    return arena_print(arena, "%s/import/%s", store, name).ptr;
}

static const char *place_of(const char *store, const struct adoptable *item, struct arena *arena)
{
    char day[DAY_TEXT], name[SEGMENT_NAME];
    day_text(item->day * NS_PER_DAY, day);
    segment_name_put(item->number, name);
    return arena_print(arena, "%s/days/%s/default/%s", store, day, name).ptr;
}

static bool is_there(const char *path)
{
    struct stat st;
    struct err missing;
    return path_stat(path, &st, &missing);
}

bool is_adoption_pending(const char *store)
{
    defer(arena_free) struct arena arena = {0};
    return is_there(path_of(store, "ADOPT", &arena));
}

/* ---- lists ---- */

static void put_list(const struct list *list, bool with_numbers, struct buf *out)
{
    char id[HASH128_TEXT], day[DAY_TEXT];
    hash128_text(list->id, id);
    buf_add(out, LIST_HEAD);
    buf_print(out, "%s\n", id);
    for (size_t i = 0; i < list->n; i++) {
        day_text(list->items[i].day * NS_PER_DAY, day);
        buf_print(out, "%s %s", list->items[i].name, day);
        if (with_numbers)
            buf_print(out, " %llu", (unsigned long long)list->items[i].number);
        buf_add_byte(out, '\n');
    }
}

static bool read_day(struct str text, int64_t *day)
{
    struct buf midnight = {0};
    int64_t ns;
    buf_print(&midnight, "%.*sT00:00:00Z", STR_ARG(text));
    struct str rest = buf_str(&midnight);
    bool good = text.len == DAY_TEXT - 1 && take_rfc3339(&rest, &ns) && rest.len == 0;
    buf_free(&midnight);
    if (good)
        *day = ns / NS_PER_DAY;
    return good;
}

static bool read_item(struct str line, bool with_number, struct adoptable *item,
                      struct arena *arena)
{
    struct str name, day, rest = line;
    struct segment_name parsed;
    if (!take_until(&rest, ' ', &name) || !segment_name_parse(name, &parsed) || parsed.is_archive ||
        parsed.is_part || parsed.is_new)
        return false;
    item->name = arena_text(arena, name);
    return take_until(&rest, ' ', &day) && read_day(day, &item->day) &&
           (with_number ? str_to_u64(rest, &item->number) && item->number > 0 : rest.len == 0);
}

/* ERR_NOT_FOUND: there is none. */
static bool read_list(const char *path, bool with_numbers, struct list *list, struct err *err)
{
    defer(buf_free) struct buf bytes = {.max = LIST_MAX};
    struct str line;
    if (!file_load(path, LIST_MAX, &bytes, err))
        return false;
    struct str rest = buf_str(&bytes);
    for (size_t i = 0; i < rest.len; i++)
        list->n += rest.ptr[i] == '\n';
    if (list->n == 0 || !take_until(&rest, '\n', &line) || !take_prefix(&line, LIST_HEAD) ||
        !hash128_parse(line, &list->id))
        return err_set(err, ERR_CORRUPT, "%s is no list of an import", path);
    list->n--;
    list->items = arena_array(&list->arena, struct adoptable, list->n);
    for (size_t i = 0; i < list->n; i++)
        if (!take_until(&rest, '\n', &line) ||
            !read_item(line, with_numbers, &list->items[i], &list->arena))
            return err_set(err, ERR_CORRUPT, "%s: line %zu is none of an import", path, i + 2);
    return true;
}

static bool write_list(const char *store, const char *name, const struct list *list,
                       struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf text = {.max = LIST_MAX};
    put_list(list, strcmp(name, "ADOPT") == 0, &text);
    if (text.over)
        return err_set(err, ERR_LIMIT, "an import of so many days: take fewer files at once");
    return file_replace(path_of(store, name, &arena), buf_str(&text), 0600, err);
}

bool import_announce(const char *store, struct hash128 id, const struct adoptable *items, size_t n,
                     struct err *err)
{
    defer(free_list) struct list list = {.id = id, .n = n};
    list.items = arena_array(&list.arena, struct adoptable, n);
    if (n)
        memcpy(list.items, items, n * sizeof *items);
    return write_list(store, "READY", &list, err);
}

/* ---- who may touch the files ---- */

static bool take_busy(const char *store, struct file *lock, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    if (file_open(lock, path_of(store, "BUSY", &arena), FILE_OPEN_MAKE, err) &&
        file_lock(lock, err))
        return true;
    return err_wrap(err, "%s/import/BUSY", store);
}

static bool refuse_pending(const char *store, struct err *err)
{
    if (!is_adoption_pending(store))
        return true;
    return err_set(err, ERR_AGAIN,
                   "an import of before is not in its place yet: let the collector start again "
                   "(and look whether its disk is full)");
}

bool import_clear(const char *store, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file busy = {0};
    struct str *names;
    size_t n;
    const char *folder = import_folder(store, &arena);
    if (!take_busy(store, &busy, err) || !refuse_pending(store, err) ||
        !folder_list(folder, &arena, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!str_equal(names[i], STR("LOCK")) && !str_equal(names[i], STR("BUSY")) &&
            !file_remove(path_of(store, names[i].ptr, &arena), err))
            return false;
    return folder_sync(folder, err);
}

/* ---- moving ---- */

/* One that is not here any more was moved before. */
static bool move_item(const char *store, const struct adoptable *item, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    const char *from = path_of(store, item->name, &arena), *to = place_of(store, item, &arena);
    return !is_there(from) ||
           (folder_make_above(to, err) && file_rename(from, to, err) && folder_sync_above(to, err));
}

static bool move_all(const char *store, const struct list *list, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    const char *folder = import_folder(store, &arena);
    for (size_t i = 0; i < list->n; i++)
        if (!move_item(store, &list->items[i], err))
            return false;
    return folder_sync(folder, err) && file_remove(path_of(store, "ADOPT", &arena), err) &&
           folder_sync(folder, err);
}

/* Of an import that was interrupted, unless one is under way. */
static void remove_leftovers(const char *store)
{
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file lock = {0};
    struct err ignored;
    const char *path = path_of(store, "LOCK", &arena);
    if (is_there(path) && file_open(&lock, path, FILE_OPEN_MAKE, &ignored) &&
        file_lock(&lock, &ignored))
        import_clear(store, &ignored);
}

void store_resume_adoption(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file busy = {0};
    defer(free_list) struct list list = {0};
    const char *store = s->options.folder;
    struct err ignored;
    if (!is_adoption_pending(store))
        remove_leftovers(store);
    else if (take_busy(store, &busy, &ignored) &&
             read_list(path_of(store, "ADOPT", &arena), true, &list, &ignored) &&
             file_remove(path_of(store, "READY", &arena), &ignored))
        move_all(store, &list, &ignored);
}

/* What is damaged is named, and keeps nothing else from being read. */
static bool ignore_list(struct store *s, const struct err *why, struct err *err)
{
    if (why->code == ERR_CORRUPT || why->code == ERR_LIMIT)
        store_note_problem(s, why->text);
    else if (why->code != ERR_NOT_FOUND)
        *err = *why;
    return why->code == ERR_CORRUPT || why->code == ERR_LIMIT || why->code == ERR_NOT_FOUND;
}

bool store_list_adopted(struct store *s, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(free_list) struct list list = {0};
    const char *store = s->options.folder;
    struct err missing;
    if (!read_list(path_of(store, "ADOPT", &arena), true, &list, &missing))
        return ignore_list(s, &missing, err);
    for (size_t i = 0; i < list.n; i++) {
        struct store_segment *segment = NULL;
        const char *path = path_of(store, list.items[i].name, &arena);
        if (!is_there(path))
            continue;
        if (!store_segment_open(&segment, path, err))
            return false;
        store_segment_adopt(segment, list.items[i].number);
        store_list_segment(s, segment);
    }
    return true;
}

/* ---- taking in ---- */

struct newcomers {
    struct store_segment **segments;
    size_t n;
};

static void free_newcomers(struct newcomers *new)
{
    for (size_t i = 0; i < new->n; i++)
        store_segment_unref(&new->segments[i]);
    mem_free(&new->segments);
}

/* All of them, before they count: what cannot be read does not come in. */
static bool open_all(struct store *s, struct list *list, struct newcomers *new, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    new->segments = mem_array(struct store_segment *, list->n + 1);
    for (size_t i = 0; i < list->n; i++) {
        struct adoptable *item = &list->items[i];
        item->number = s->last_segment + 1 + i;
        if (!store_segment_open(&new->segments[new->n],
                                path_of(s->options.folder, item->name, &arena), err))
            return false;
        struct store_segment *opened = new->segments[new->n++];
        store_segment_adopt(opened, item->number);
        if (opened->problem)
            return err_set(err, ERR_CORRUPT, "%s: %s", item->name, opened->problem);
        if (!is_import(opened))
            return err_set(err, ERR_INPUT, "%s is made of journals", item->name);
    }
    return true;
}

/* From here on nothing is an error any more: they count. */
static void take_in(struct store *s, const struct list *list, struct newcomers *new,
                    struct adopted *adopted)
{
    *adopted = (struct adopted){.segments = new->n};
    for (size_t i = 0; i < new->n; i++) {
        defer(arena_free) struct arena arena = {0};
        struct store_segment *segment = new->segments[i];
        const char *place = place_of(s->options.folder, &list->items[i], &arena);
        if (is_there(place))
            store_segment_moved(segment, place);
        store_learn_streams(s, segment);
        adopted->records += segment->records;
        mem_grow(s->adopted, s->n_adopted, s->adopted_capacity);
        s->adopted[s->n_adopted++] = segment;
    }
    new->n = 0;
}

static bool adopt(struct store *s, struct list *list, struct adopted *adopted, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(free_newcomers) struct newcomers new = {0};
    const char *store = s->options.folder;
    struct err ignored;
    if (!open_all(s, list, &new, err))
        return false;
    s->last_segment += list->n;
    if (!write_list(store, "ADOPT", list, err)) {
        file_remove(path_of(store, "ADOPT", &arena), &ignored); /* it may have its name already */
        return false;
    }
    bool is_moved =
        file_remove(path_of(store, "READY", &arena), &ignored) && move_all(store, list, &ignored);
    take_in(s, list, &new, adopted);
    adopted->is_pending = !is_moved;
    return true;
}

bool store_adopt(struct store *s, struct hash128 id, struct adopted *adopted, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file busy = {0};
    defer(free_list) struct list list = {0};
    const char *store = s->options.folder;
    struct stat st;
    if (!path_stat(import_folder(store, &arena), &st, err))
        return err_set(err, ERR_NOT_FOUND, "there is no import in %s", store);
    if (!take_busy(store, &busy, err) || !refuse_pending(store, err))
        return false;
    bool is_read = read_list(path_of(store, "READY", &arena), false, &list, err);
    if ((!is_read && err->code == ERR_NOT_FOUND) || (is_read && !hash128_equal(list.id, id)))
        return err_set(err, ERR_NOT_FOUND, "this import is not in %s",
                       import_folder(store, &arena));
    return is_read && adopt(s, &list, adopted, err);
}
