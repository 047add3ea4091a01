/* What retention removes, and the room that it keeps for itself. */
#include "base/mem.h"
#include "collector/store/store_private.h"

enum {
    JOURNAL_BYTES_MIN = 1 << 20,
    RESERVE_BYTES = 64 << 20,
};

#define CALM_STEP_NS (60 * NS_PER_S)

/* Journals go as a whole: they are small enough that some stay when the store may not be large. */
void store_set_retention(struct store *s, int64_t keep_ns, uint64_t max_bytes, uint64_t keep_free)
{
    struct store_options *o = &s->options;
    o->keep_ns = keep_ns;
    o->max_bytes = max_bytes;
    o->keep_free = keep_free;
    s->journal_bytes = o->journal_bytes;
    if (max_bytes)
        s->journal_bytes =
            min_of(o->journal_bytes, max_of(max_bytes / 8, (uint64_t)JOURNAL_BYTES_MIN));
}

/* Gives the reserve file its room if the disk has plenty; without it the store works all the same.
 */
void store_keep_reserve(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file f = {0};
    struct err err;
    uint64_t free_bytes, size;
    const char *path = store_path(s, "reserve", &arena);
    if (s->has_reserve || !disk_space(s->options.folder, &free_bytes, &size, &err))
        return;
    uint64_t bytes = min_of((uint64_t)RESERVE_BYTES, size / 100);
    if (free_bytes < 2 * bytes || !file_open(&f, path, FILE_OPEN_MAKE, &err))
        return;
    s->has_reserve = file_reserve(&f, bytes, &err);
    if (!s->has_reserve)
        file_remove(path, &err);
}

static void release_reserve(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    struct err err;
    s->has_reserve = false;
    file_remove(store_path(s, "reserve", &arena), &err);
}

/* A journal or a segment: what retention removes as a whole. */
struct part {
    struct store_journal *journal;
    struct store_segment *segment;
    int64_t newest_arrival_ns;
    uint64_t bytes;
    bool is_empty;
};

static bool is_removable(const struct store *s, const struct store_journal *j)
{
    return j != s->active && !j->is_removed && !j->is_merged;
}

/* The one whose newest record came first. */
static bool find_oldest(const struct store *s, struct part *oldest)
{
    *oldest = (struct part){.newest_arrival_ns = INT64_MAX};
    for (size_t i = 0; i < s->n_journals; i++) {
        struct store_journal *j = s->journals[i];
        if (is_removable(s, j) &&
            (j->n_visible == 0 || j->newest_arrival_ns < oldest->newest_arrival_ns))
            *oldest = (struct part){.journal = j,
                                    .newest_arrival_ns = j->newest_arrival_ns,
                                    .bytes = j->end,
                                    .is_empty = j->n_visible == 0};
    }
    for (size_t i = 0; i < s->n_segments; i++) {
        struct store_segment *segment = s->segments[i];
        if (!segment->is_removed && segment->newest_arrival_ns < oldest->newest_arrival_ns)
            *oldest = (struct part){.segment = segment,
                                    .newest_arrival_ns = segment->newest_arrival_ns,
                                    .bytes = segment->bytes};
    }
    return oldest->journal || oldest->segment;
}

static bool is_expired(const struct store *s, const struct part *part, uint64_t total,
                       uint64_t free_bytes)
{
    const struct store_options *o = &s->options;
    bool is_old = o->keep_ns && s->calm >= STORE_CALM && !part->is_empty &&
                  part->newest_arrival_ns < s->clock_ns - o->keep_ns;
    return is_old || part->is_empty || (o->max_bytes && total > o->max_bytes) ||
           (o->keep_free && free_bytes < o->keep_free);
}

static bool remove_file(struct store *s, const char *path, struct err *err)
{
    if (file_remove(path, err))
        return true;
    if (err->code != ERR_FULL)
        return false;
    release_reserve(s); /* some file systems need room to make room */
    return file_remove(path, err);
}

static bool remove_part(struct store *s, const struct part *part, struct err *err)
{
    if (!remove_file(s, part->journal ? part->journal->path : part->segment->path, err))
        return false;
    if (part->journal)
        part->journal->is_removed = true;
    else
        part->segment->is_removed = true;
    s->removed_journals++;
    s->removed_bytes += part->bytes;
    return true;
}

/* Files of journals and segments that are in other segments now. One that cannot be removed keeps no other. */
static bool remove_merged(struct store *s, struct err *err)
{
    bool good = true;
    for (size_t i = 0; i < s->n_journals; i++) {
        struct store_journal *j = s->journals[i];
        if (!j->is_merged || !j->path)
            continue;
        if (remove_file(s, j->path, err))
            mem_free(&j->path);
        else
            good = false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->n_replaced; i++) {
        if (remove_file(s, s->replaced[i], err)) {
            mem_free(&s->replaced[i]);
            continue;
        }
        s->replaced[kept++] = s->replaced[i];
        good = false;
    }
    s->n_replaced = kept;
    return good;
}

bool store_maintain(struct store *s, int64_t now_ns, struct err *err)
{
    uint64_t size, total = 0;
    bool is_step = now_ns > s->maintained_ns + CALM_STEP_NS || now_ns < s->maintained_ns;
    s->calm = is_step && s->maintained_ns ? 0 : s->calm + 1;
    s->maintained_ns = now_ns;
    if (s->calm >= STORE_CALM)
        s->clock_ns = max_of(s->clock_ns, now_ns);
    if (!disk_space(s->options.folder, &s->free_bytes, &size, err))
        return false;
    if (!remove_merged(s, err))
        return false;
    for (size_t i = 0; i < s->n_journals; i++)
        total += s->journals[i]->is_removed || s->journals[i]->is_merged ? 0 : s->journals[i]->end;
    for (size_t i = 0; i < s->n_segments; i++)
        total += s->segments[i]->is_removed ? 0 : s->segments[i]->bytes;
    uint64_t free_bytes = s->free_bytes;
    for (struct part part; find_oldest(s, &part) && is_expired(s, &part, total, free_bytes);) {
        if (!remove_part(s, &part, err))
            return false;
        total -= part.bytes;
        free_bytes += part.bytes;
    }
    s->free_bytes = free_bytes;
    struct err later;
    if (s->writer && s->committed > 0 && is_journal_due(s))
        store_start_journal(s, &later);
    store_keep_reserve(s);
    return true;
}
