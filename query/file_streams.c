#include "query/file_streams.h"

#include "base/file.h"
#include "base/host.h"
#include "base/mem.h"
#include "base/rotation.h"

#include <stdlib.h>

static bool is_file_in(const char *folder, const char *name)
{
    struct stat st;
    struct err missing;
    defer(arena_free) struct arena arena = {0};
    return path_stat(arena_print(&arena, "%s/%s", folder, name).ptr, &st, &missing);
}

/* The name without what packing and rotation have added, as far as the folder or a date says that they have. */
static struct str base_name(const char *folder, struct str name, struct arena *arena)
{
    struct rotation bases[ROTATION_BASES_MAX];
    struct str plain;
    if (name.len > NAME_BYTES_MAX)
        return name;
    file_kind_of(name, &plain);
    size_t n = rotation_bases(plain, bases);
    for (size_t i = n; i-- > 0;)
        if (bases[i].is_dated || is_file_in(folder, bases[i].base))
            return arena_copy(arena, str_of(bases[i].base, bases[i].base_len));
    return plain;
}

/* Of a path: its folder, made absolute, and its name. An absolute one is taken as it stands, as the shipper
 * does, without looking where links lead. */
static bool split_path(const char *path, const char **folder, struct str *name, struct arena *arena,
                       struct err *err)
{
    bool is_plain = path[0] == '/' && !strstr(path, "/.") && !strstr(path, "//");
    char *full = is_plain ? strdup(path) : realpath(path, NULL);
    if (!full)
        return err_sys(err, "%s", path);
    const char *slash = strrchr(full, '/');
    *folder = arena_text(arena, str_of(full, slash == full ? 1 : (size_t)(slash - full)));
    *name = arena_copy(arena, str_from(slash + 1));
    free(full);
    return true;
}

static void add_label(struct labels *labels, const char *name, struct str value)
{
    if (value.len && label_value(labels, str_from(name)).len == 0)
        labels->items[labels->n++] = (struct label){str_from(name), value};
}

static bool add_place(struct labels *labels, const char *path, struct arena *arena, struct err *err)
{
    const char *folder;
    struct str name;
    if (!split_path(path, &folder, &name, arena, err))
        return false;
    const char *last = strrchr(folder, '/') + 1;
    struct str base = base_name(folder, name, arena);
    add_label(labels, "service", str_from(*last ? last : "root"));
    add_label(labels, "file", arena_print(arena, "%s/%.*s", *last ? folder : "", STR_ARG(base)));
    return true;
}

bool file_labels_of(struct labels *labels, const struct import_file *f,
                    const struct file_names *names, struct arena *arena, struct err *err)
{
    const struct str_pairs *more = names->more;
    *labels = (struct labels){arena_array(arena, struct label, names->given.n + more->n + 4), 0};
    for (size_t i = 0; i < names->given.n; i++)
        labels->items[labels->n++] = names->given.items[i];
    add_label(labels, "service", names->service);
    if (!f->is_export) {
        if (f->path && !f->is_pipe && !add_place(labels, f->path, arena, err))
            return false;
        add_label(labels, "service", f->path ? STR("pipe") : STR("stdin"));
        add_label(labels, "host", host_name(arena));
        for (size_t i = 0; i < more->n; i++)
            add_label(labels, arena_text(arena, more->items[i].name), more->items[i].value);
    }
    if (labels->n >= LABELS_MAX) /* a lane may add one */
        return err_set(err, ERR_LIMIT, "more than %d labels", LABELS_MAX - 1);
    return labels_sort(labels, err);
}

/* ---- of records ---- */

static struct filled_stream *stream_of_lane(struct file_streams *s, const struct import_record *r,
                                            struct err *err)
{
    struct filled_stream **stream = &s->lanes[r->has_lane ? r->lane : LANES];
    struct label items[LABELS_MAX + 1];
    struct labels labels = {items, s->labels->n};
    if (*stream)
        return *stream;
    memcpy(items, s->labels->items, labels.n * sizeof *items);
    if (r->has_lane)
        add_label(&labels, "stream", r->lane == LANE_ERR ? STR("stderr") : STR("stdout"));
    return labels_sort(&labels, err) ? *stream = filled_stream_of(s->all, &labels) : NULL;
}

static struct filled_stream *stream_of_export(struct file_streams *s, const struct import_record *r,
                                              struct err *err)
{
    struct label items[2 * LABELS_MAX];
    struct labels labels = {items, r->labels.n};
    if (labels.n)
        memcpy(items, r->labels.items, labels.n * sizeof *items);
    for (size_t i = 0; i < s->labels->n; i++)
        if (label_value(&r->labels, s->labels->items[i].name).len == 0)
            items[labels.n++] = s->labels->items[i];
    return labels_sort(&labels, err) ? filled_stream_of(s->all, &labels) : NULL;
}

struct filled_stream *file_stream_of(struct file_streams *s, const struct import_record *r,
                                     struct err *err)
{
    return s->is_export ? stream_of_export(s, r, err) : stream_of_lane(s, r, err);
}
