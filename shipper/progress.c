#include "shipper/progress.h"

#include "base/mem.h"

struct lagging {
    uint64_t offset;
    int64_t moved_ns; /* when it was last seen at another offset */
    uint64_t mark;    /* the end of the file at mark_ns; not reached yet */
    int64_t mark_ns;
    unsigned look; /* the last one that had it */
    size_t len;
    char name[]; /* the key */
};

void progress_free(struct progress *p)
{
    map_each (&p->lagging, entry)
        mem_free(&entry->value);
    map_free(&p->lagging);
    *p = (struct progress){0};
}

void progress_begin(struct progress *p)
{
    p->look++;
    p->lag_bytes = 0;
    p->oldest_ns = INT64_MAX;
    p->stuck = 0;
}

void progress_note(struct progress *p, struct str name, uint64_t offset, uint64_t lag,
                   int64_t now_ns)
{
    struct lagging *l = map_get(&p->lagging, name);
    if (lag == 0)
        return;
    if (!l) {
        l = mem_alloc(sizeof *l + name.len);
        *l = (struct lagging){.offset = offset, .moved_ns = now_ns};
        memcpy(l->name, name.ptr, name.len);
        l->len = name.len;
        map_put(&p->lagging, str_of(l->name, l->len), l);
    }
    if (l->offset != offset)
        l->moved_ns = now_ns;
    if (offset >= l->mark) {
        l->mark = offset + lag;
        l->mark_ns = now_ns;
    }
    l->offset = offset;
    l->look = p->look;
    p->lag_bytes += lag;
    p->oldest_ns = min_of(p->oldest_ns, l->mark_ns);
    p->stuck += now_ns - l->moved_ns >= PROGRESS_STUCK_NS;
}

void progress_end(struct progress *p)
{
    struct lagging **old = NULL;
    size_t n = 0, capacity = 0;
    map_each (&p->lagging, entry) {
        if (((struct lagging *)entry->value)->look == p->look)
            continue;
        mem_grow(old, n, capacity);
        old[n++] = entry->value;
    }
    for (size_t i = 0; i < n; i++) {
        map_remove(&p->lagging, str_of(old[i]->name, old[i]->len));
        mem_free(&old[i]);
    }
    mem_free(&old);
}

int64_t progress_lag_ns(const struct progress *p, int64_t now_ns)
{
    return p->lagging.n ? now_ns - p->oldest_ns : 0;
}

int64_t progress_still_ns(const struct progress *p, struct str name, int64_t now_ns)
{
    const struct lagging *l = map_get(&p->lagging, name);
    return l ? now_ns - l->moved_ns : 0;
}
