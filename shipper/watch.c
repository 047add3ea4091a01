#include "shipper/watch.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"

struct folder {
    uv_fs_event_t event;
    struct watch *watch;
    char *path; /* owned, NUL-terminated */
    bool is_watched;
    unsigned asked; /* the round in which it was asked for */
};

struct watch {
    uv_loop_t *loop;
    void (*hint)(struct str path, void *data);
    void *data;
    struct map folders; /* path -> struct folder */
    size_t handles;     /* not yet closed */
    unsigned round;     /* of sweeps */
    bool is_closing;
};

struct watch *watch_open(uv_loop_t *loop, void (*hint)(struct str path, void *data), void *data)
{
    struct watch *w = mem_new(struct watch);
    w->loop = loop;
    w->hint = hint;
    w->data = data;
    return w;
}

static void free_watch(struct watch *w)
{
    map_free(&w->folders);
    mem_free(&w);
}

static void closed(uv_handle_t *handle)
{
    struct folder *folder = container_of(handle, struct folder, event);
    struct watch *w = folder->watch;
    mem_free(&folder->path);
    mem_free(&folder);
    if (--w->handles == 0 && w->is_closing)
        free_watch(w);
}

void watch_close(struct watch **address)
{
    struct watch *w = move(*address);
    if (!w)
        return;
    w->is_closing = true;
    map_each (&w->folders, entry)
        uv_close((uv_handle_t *)&((struct folder *)entry->value)->event, closed);
    if (w->handles == 0)
        free_watch(w);
}

static void changed(uv_fs_event_t *event, const char *name, int events, int status)
{
    (void)events, (void)status;
    struct folder *folder = container_of(event, struct folder, event);
    defer(arena_free) struct arena a = {0};
    struct str path = str_from(folder->path);
    if (name)
        path = arena_print(&a, "%s/%s", folder->path, name);
    folder->watch->hint(path, folder->watch->data);
}

bool watch_folder(struct watch *w, struct str path)
{
    struct folder *known = map_get(&w->folders, path);
    if (known)
        known->asked = w->round;
    if (known || w->folders.n >= WATCHES_MAX)
        return known && known->is_watched;
    struct folder *folder = mem_new(struct folder);
    defer(arena_free) struct arena a = {0};
    folder->watch = w;
    folder->asked = w->round;
    folder->path = strdup(arena_text(&a, path));
    assert(folder->path);
    uv_fs_event_init(w->loop, &folder->event);
    w->handles++;
    folder->is_watched = uv_fs_event_start(&folder->event, changed, folder->path, 0) == 0;
    map_put(&w->folders, str_of(folder->path, path.len), folder);
    return folder->is_watched;
}

void watch_sweep(struct watch *w)
{
    defer(arena_free) struct arena a = {0};
    struct folder **old = arena_array(&a, struct folder *, w->folders.n + 1);
    size_t n = 0;
    map_each (&w->folders, entry) {
        struct folder *folder = entry->value;
        if (folder->asked != w->round)
            old[n++] = folder;
    }
    for (size_t i = 0; i < n; i++) {
        map_remove(&w->folders, str_from(old[i]->path));
        uv_close((uv_handle_t *)&old[i]->event, closed);
    }
    w->round++;
}
