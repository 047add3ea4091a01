/* Which files are merged next. */
#include "base/mem.h"
#include "collector/store/merging_private.h"

#include <stdlib.h>

enum {
    SMALL_SEGMENTS = 4,        /* neighbours that are merged once more */
    SEGMENT_BYTES = 256 << 20, /* what becomes larger is left alone */
    ARCHIVE_BYTES = 256 << 20, /* of segments that become one archive, about */
};

void store_free_merge(struct store_merge **merge)
{
    struct store_merge *m = *merge;
    for (size_t i = 0; i < m->n_journals; i++)
        store_journal_unref(&m->journals[i]);
    for (size_t i = 0; i < m->n_segments; i++)
        store_segment_unref(&m->segments[i]);
    for (size_t i = 0; i < CLASSES_MAX; i++)
        store_segment_unref(&m->made[i]);
    store_journal_unref(&m->newest);
    classes_free(&m->classes);
    buf_free(&m->tables);
    arena_free(&m->arena);
    mem_free(merge);
}

void store_describe_journal(struct store_merge *m, const struct store_journal *j,
                            struct segment_journal *to)
{
    struct segment_block *blocks = arena_array(&m->arena, struct segment_block, j->n_visible);
    const struct ref_page *page = j->first;
    for (size_t i = 0; i < j->n_visible; i++) {
        const struct block_ref *ref = store_journal_ref(&page, i);
        blocks[i] = (struct segment_block){.offset = ref->offset,
                                           .line_bytes = ref->line_bytes,
                                           .sequence = ref->sequence,
                                           .origin = ref->origin,
                                           .least_order_ns = ref->least_order_ns,
                                           .greatest_order_ns = ref->greatest_order_ns};
    }
    *to = (struct segment_journal){.number = j->number,
                                   .tag = (uint32_t)j->health.journal_id,
                                   .blocks = blocks,
                                   .n_blocks = j->n_visible};
}

/* The chunks of files of one number, those of a slice together. */
static size_t list_slices(struct store_merge *m, struct store_segment *const *files, size_t n_files,
                          size_t n)
{
    size_t *at = arena_array(&m->arena, size_t, n_files);
    for (uint64_t slice = 0; slice <= UINT32_MAX;) {
        uint64_t next = UINT64_MAX;
        for (size_t i = 0; i < n_files; i++) {
            const struct store_segment *s = files[i];
            while (at[i] < s->n_chunks && s->chunks[at[i]].slice <= slice)
                m->blocks[n++] = &s->chunks[at[i]++];
            if (at[i] < s->n_chunks)
                next = min_of(next, (uint64_t)s->chunks[at[i]].slice);
        }
        slice = next;
    }
    return n;
}

/* Blocks and chunks of all that is merged. */
static void list_blocks(struct store_merge *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n_journals; i++)
        m->n_blocks += m->journals[i]->n_visible;
    for (size_t i = 0; i < m->n_segments; i++)
        m->n_blocks += m->segments[i]->n_chunks;
    m->blocks = arena_array(&m->arena, const struct block_ref *, m->n_blocks);
    for (size_t i = 0; i < m->n_journals; i++) {
        const struct ref_page *page = m->journals[i]->first;
        for (size_t k = 0; k < m->journals[i]->n_visible; k++)
            m->blocks[n++] = store_journal_ref(&page, k);
    }
    for (size_t i = 0, end; i < m->n_segments; i = end) {
        for (end = i; end < m->n_segments && m->segments[end]->number == m->segments[i]->number;)
            end++;
        n = list_slices(m, m->segments + i, end - i, n);
    }
}

static struct store_merge *new_merge(struct store *s, int64_t arrival_ns)
{
    struct store_merge *m = mem_new(struct store_merge);
    m->least_followed = s->last_number > FOLLOWED_MAX ? s->last_number - FOLLOWED_MAX : 0;
    char day[DAY_TEXT];
    day_text(arrival_ns, day);
    m->day = arena_print(&m->arena, "%s/days/%s", s->options.folder, day).ptr;
    m->number = ++s->last_segment;
    m->newest = s->active;
    if (m->newest)
        m->newest->references++;
    return m;
}

/* ---- journals ---- */

static bool can_be_merged(const struct store *s, const struct store_journal *j)
{
    return j != s->active && !j->is_merged && !j->is_removed && j->n_visible > 0 &&
           j->health.rotten_parts == 0 && !j->cannot_merge;
}

static int64_t day_of(const struct store_journal *j)
{
    return j->oldest_arrival_ns / NS_PER_DAY;
}

static struct store_merge *plan_journals(struct store *s)
{
    size_t first = 0, end;
    uint64_t bytes = 0;
    while (first < s->n_journals && !can_be_merged(s, s->journals[first]))
        first++;
    if (first == s->n_journals)
        return NULL;
    for (end = first; end < s->n_journals && can_be_merged(s, s->journals[end]); end++) {
        const struct store_journal *j = s->journals[end];
        if (end > first &&
            (day_of(j) != day_of(s->journals[first]) || bytes + j->end > s->journal_bytes))
            break;
        bytes += j->end;
    }
    struct store_merge *m = new_merge(s, s->journals[first]->oldest_arrival_ns);
    const struct store_retention *r = &s->options.retention;
    classes_init(&m->classes, r->rules, r->n_rules);
    m->n_journals = end - first;
    m->journals = arena_array(&m->arena, struct store_journal *, m->n_journals);
    for (size_t i = 0; i < m->n_journals; i++) {
        m->journals[i] = s->journals[first + i];
        m->journals[i]->references++;
    }
    list_blocks(m);
    return m;
}

/* ---- segments ---- */

/* The files of one number. */
struct group {
    struct store_segment *const *files; /* the default class first, if it is there */
    size_t n;
    uint64_t bytes;
    int64_t day;
    bool is_archive, is_bad;
};

static int by_first_journal(const void *a, const void *b)
{
    const struct store_segment *x = *(struct store_segment *const *)a;
    const struct store_segment *y = *(struct store_segment *const *)b;
    return store_segment_compare(x, y);
}

static struct group group_of(struct store_segment *const *sorted, size_t n)
{
    struct group g = {.files = sorted, .is_archive = sorted[0]->is_archive};
    int64_t oldest_ns = INT64_MAX;
    for (; g.n < n && sorted[g.n]->number == sorted[0]->number; g.n++) {
        const struct store_segment *s = sorted[g.n];
        g.bytes += s->bytes;
        g.is_bad |= s->problem || s->cannot_merge || s->head.n_journals == 0;
        oldest_ns = min_of(oldest_ns, s->oldest_arrival_ns);
    }
    g.day = oldest_ns / NS_PER_DAY;
    return g;
}

/* All there are, in their order. */
static struct group *list_groups(const struct store *s, struct arena *arena, size_t *n_groups)
{
    struct store_segment **sorted = arena_array(arena, struct store_segment *, s->n_segments);
    struct group *groups = arena_array(arena, struct group, s->n_segments);
    size_t n = 0;
    for (size_t i = 0; i < s->n_segments; i++)
        if (!s->segments[i]->is_removed)
            sorted[n++] = s->segments[i];
    if (n)
        qsort(sorted, n, sizeof(struct store_segment *), by_first_journal);
    *n_groups = 0;
    for (size_t i = 0; i < n; i += groups[*n_groups - 1].n) {
        groups[*n_groups] = group_of(sorted + i, n - i);
        ++*n_groups;
    }
    return groups;
}

/* A journal that is none of a segment stands between them: context would jump over it. */
static bool has_journal_between(const struct store *s, const struct group *a, const struct group *b)
{
    for (size_t i = 0; i < s->n_journals; i++) {
        const struct store_journal *j = s->journals[i];
        if (!j->is_merged && j->n_visible && j->number > a->files[0]->head.journals[0] &&
            j->number < b->files[0]->head.journals[0])
            return true;
    }
    return false;
}

static bool may_follow(const struct store *s, const struct group *a, const struct group *b)
{
    return !a->is_bad && !b->is_bad && a->day == b->day &&
           has_journals(a->files[0]) == has_journals(b->files[0]) && !has_journal_between(s, a, b);
}

static bool are_alike(const struct group *a, const struct group *b)
{
    return !a->is_archive && !b->is_archive && a->bytes / 4 <= b->bytes && b->bytes / 4 <= a->bytes;
}

/* Some files stay when the store may not be large. */
static uint64_t bytes_at_most(const struct store *s, uint64_t bytes)
{
    uint64_t max = s->options.retention.max_bytes;
    return max ? min_of(bytes, max_of(max / 8, s->journal_bytes)) : bytes;
}

/* So many from the first on have no more classes than a merge can have. */
static size_t bound_classes(const struct group *groups, size_t n)
{
    defer(classes_free) struct classes c;
    classes_init(&c, NULL, 0);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < groups[i].n; k++) {
            struct str class = str_from(groups[i].files[k]->class);
            if (classes_add(&c, class) == 0 && !is_default_class(groups[i].files[k]))
                return i;
        }
    return n;
}

/* How many groups from the first on are neighbours of about one size. */
static size_t count_alike(const struct store *s, const struct group *groups, size_t n)
{
    uint64_t bytes = 0, most = bytes_at_most(s, SEGMENT_BYTES);
    size_t end = 0;
    for (; end < n && may_follow(s, groups, &groups[end]) && are_alike(groups, &groups[end]) &&
           bytes + groups[end].bytes <= most;
         end++)
        bytes += groups[end].bytes;
    end = bound_classes(groups, end);
    return end >= SMALL_SEGMENTS ? end : 0;
}

static bool has_journals_of(const struct store *s, int64_t day)
{
    for (size_t i = 0; i < s->n_journals; i++) {
        const struct store_journal *j = s->journals[i];
        if (!j->is_merged && !j->is_removed && j->n_visible && day_of(j) == day)
            return true;
    }
    return false;
}

/* How many groups from the first on become an archive. */
static size_t count_archived(const struct store *s, const struct group *groups, size_t n)
{
    uint64_t bytes = 0, most = bytes_at_most(s, ARCHIVE_BYTES);
    int64_t after_ns = s->options.retention.archive_after_ns;
    int64_t closed_ns = s->clock_ns - (groups->day + 1) * NS_PER_DAY;
    bool is_due = (after_ns && closed_ns >= after_ns) || (s->archives_now && closed_ns >= 0);
    size_t end = 0;
    if (!is_due || groups->is_archive || has_journals_of(s, groups->day))
        return 0;
    for (; end < n && !groups[end].is_archive && may_follow(s, groups, &groups[end]) &&
           (end == 0 || bytes + groups[end].bytes <= most);
         end++)
        bytes += groups[end].bytes;
    return bound_classes(groups, end);
}

/* Of the journals that the segments were made of, as far as they are remembered. */
static void list_places(struct store_merge *m, const struct store *s)
{
    m->places = arena_array(&m->arena, struct segment_journal, s->n_journals);
    for (size_t i = 0; i < s->n_journals; i++) {
        const struct store_journal *j = s->journals[i];
        bool is_in = false;
        for (size_t k = 0; k < m->n_segments && j->is_merged && !is_in; k++)
            is_in = is_journal_of_segment(m->segments[k], j->number);
        if (is_in)
            store_describe_journal(m, j, &m->places[m->n_places++]);
    }
}

static struct store_merge *merge_groups(struct store *s, const struct group *groups, size_t n)
{
    struct store_merge *m = new_merge(s, groups->day * NS_PER_DAY);
    classes_init(&m->classes, NULL, 0);
    for (size_t i = 0; i < n; i++)
        m->n_segments += groups[i].n;
    m->segments = arena_array(&m->arena, struct store_segment *, m->n_segments);
    for (size_t i = 0; i < m->n_segments; i++) { /* groups stand one behind the other */
        m->segments[i] = groups->files[i];
        m->segments[i]->references++;
        classes_add(&m->classes, str_from(m->segments[i]->class));
    }
    list_places(m, s);
    list_blocks(m);
    return m;
}

static struct store_merge *plan_segments(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    size_t n_groups, n;
    const struct group *groups = list_groups(s, &arena, &n_groups);
    for (size_t i = 0; i < n_groups; i++)
        if ((n = count_alike(s, groups + i, n_groups - i)))
            return merge_groups(s, groups + i, n);
    for (size_t i = 0; i < n_groups; i++) {
        if (!(n = count_archived(s, groups + i, n_groups - i)))
            continue;
        struct store_merge *m = merge_groups(s, groups + i, n);
        m->is_archive = true;
        return m;
    }
    return NULL;
}

/* ---- both ---- */

/* A merge needs room for what it makes before what it replaces can go. */
static bool has_room_for(const struct store *s, const struct store_merge *m)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->n_journals; i++)
        bytes += m->journals[i]->end;
    for (size_t i = 0; i < m->n_segments; i++)
        bytes += m->segments[i]->bytes;
    return !s->maintained_ns || s->free_bytes >= s->options.retention.keep_free + bytes;
}

struct store_merge *store_plan_merge(struct store *s)
{
    struct store_merge *m = plan_journals(s);
    m = m ? m : plan_segments(s);
    if (m && !has_room_for(s, m))
        store_free_merge(&m);
    s->archives_now = s->archives_now && m;
    return m;
}

void store_archive(struct store *s)
{
    s->archives_now = true;
}

bool store_is_archiving(const struct store *s)
{
    return s->archives_now;
}
