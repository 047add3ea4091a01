#include "collector/store/merging.h"

#include "base/mem.h"
#include "collector/store/merge.h"
#include "collector/store/store_private.h"

#include <stdlib.h>

enum {
    SEGMENT_LEVEL = 6,         /* of zstd */
    SMALL_SEGMENTS = 4,        /* neighbours that are merged once more */
    SEGMENT_BYTES = 256 << 20, /* what becomes larger is left alone */
};

struct store_merge {
    struct arena arena;
    const char *folder;      /* of the segment */
    uint64_t least_followed; /* journals before it have no followers any more */
    size_t piece;            /* that was loaded last */
    uint64_t number;
    struct store_journal **journals; /* referenced */
    size_t n_journals;
    struct store_segment **segments; /* referenced; or these */
    size_t n_segments;
    const struct block_ref **blocks; /* of all of them */
    size_t n_blocks;
    struct segment_journal *places; /* of the journals that the segments were made of */
    size_t n_places;
    struct store_segment *made;
    struct segment_writer writer;
    struct err err;
    bool is_done;
};

static void free_merge(struct store_merge **m)
{
    for (size_t i = 0; i < (*m)->n_journals; i++)
        store_journal_unref(&(*m)->journals[i]);
    for (size_t i = 0; i < (*m)->n_segments; i++)
        store_segment_unref(&(*m)->segments[i]);
    store_segment_unref(&(*m)->made);
    arena_free(&(*m)->arena);
    mem_free(m);
}

/* ---- opening ---- */

/* Calls take with the path and name of each file in DATA/days/DAY/CLASS. */
static bool walk_days(struct store *s,
                      bool (*take)(struct store *, const char *, struct str, struct err *),
                      struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *days, *classes, *names;
    size_t n_days, n_classes, n_names;
    struct stat st;
    struct err missing;
    const char *root = arena_print(&arena, "%s/days", s->options.folder).ptr;
    if (!path_stat(root, &st, &missing))
        return true; /* nothing was merged yet */
    if (!folder_list(root, &arena, &days, &n_days, err))
        return false;
    for (size_t d = 0; d < n_days; d++) {
        const char *day = arena_print(&arena, "%s/%.*s", root, STR_ARG(days[d])).ptr;
        if (!folder_list(day, &arena, &classes, &n_classes, err))
            return false;
        for (size_t c = 0; c < n_classes; c++) {
            const char *class = arena_print(&arena, "%s/%.*s", day, STR_ARG(classes[c])).ptr;
            if (!folder_list(class, &arena, &names, &n_names, err))
                return false;
            for (size_t i = 0; i < n_names; i++)
                if (!take(s, arena_print(&arena, "%s/%.*s", class, STR_ARG(names[i])).ptr, names[i],
                          err))
                    return false;
        }
    }
    return true;
}

static bool list_segment(struct store *s, const char *path, struct str name, struct err *err)
{
    uint64_t number;
    struct store_segment *segment = NULL;
    if (!store_segment_number(name, &number))
        return true;
    if (!store_segment_open(&segment, path, number, err))
        return false;
    s->last_segment = max_of(s->last_segment, number);
    mem_grow(s->segments, s->n_segments, s->segments_capacity);
    s->segments[s->n_segments++] = segment;
    return true;
}

static bool has_number(const uint64_t *numbers, size_t n, uint64_t number)
{
    for (size_t i = 0; i < n; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* A journal is in one segment only: the newest that names it. */
static bool is_segment_replaced(const struct store *s, const struct store_segment *old)
{
    for (size_t i = 0; i < s->n_segments && old->head.n_journals; i++) {
        const struct store_segment *other = s->segments[i];
        if (other->number > old->number &&
            has_number(other->head.journals, other->head.n_journals, old->head.journals[0]))
            return true;
    }
    return false;
}

static void replace_segment(struct store *s, struct store_segment *segment)
{
    mem_grow(s->replaced, s->n_replaced, s->replaced_capacity);
    s->replaced[s->n_replaced++] = segment->path;
    segment->path = NULL;
    segment->is_removed = true;
}

bool is_journal_replaced(const struct store *s, uint64_t number)
{
    for (size_t i = 0; i < s->n_segments; i++)
        if (has_number(s->segments[i]->head.journals, s->segments[i]->head.n_journals, number))
            return true;
    return false;
}

bool store_list_segments(struct store *s, struct err *err)
{
    if (!walk_days(s, list_segment, err))
        return false;
    size_t kept = 0;
    for (size_t i = 0; i < s->n_segments; i++)
        s->segments[i]->is_removed = is_segment_replaced(s, s->segments[i]);
    for (size_t i = 0; i < s->n_segments; i++) {
        if (!s->segments[i]->is_removed) {
            s->segments[kept++] = s->segments[i];
            continue;
        }
        replace_segment(s, s->segments[i]);
        store_segment_unref(&s->segments[i]);
    }
    s->n_segments = kept;
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
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct store_segment *segment = s->segments[i];
        if (!segment->problem &&
            has_number(segment->head.journals, segment->head.n_journals, journal))
            return true;
    }
    return false;
}

void store_remove_replaced(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    struct err ignored;
    struct str *names;
    size_t n;
    const char *folder = arena_print(&arena, "%s/journal", s->options.folder).ptr;
    walk_days(s, remove_unfinished, &ignored);
    if (!folder_list(folder, &arena, &names, &n, &ignored))
        return;
    for (size_t i = 0; i < n; i++) {
        uint64_t number;
        if (store_journal_number(names[i], &number) && is_in_whole_segment(s, number))
            file_remove(arena_print(&arena, "%s/%.*s", folder, STR_ARG(names[i])).ptr, &ignored);
    }
}

/* ---- planning ---- */

static bool can_be_merged(const struct store *s, const struct store_journal *j)
{
    return j != s->active && !j->is_merged && !j->is_removed && j->n_visible > 0 &&
           j->health.rotten_parts == 0 && !j->cannot_merge;
}

static int64_t day_of(const struct store_journal *j)
{
    return j->oldest_arrival_ns / NS_PER_DAY;
}

static void describe_journal(struct store_merge *m, const struct store_journal *j,
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

/* Of the journals that the segments were made of, as far as they are remembered. */
static void list_places(struct store_merge *m, const struct store *s)
{
    m->places = arena_array(&m->arena, struct segment_journal, s->n_journals);
    for (size_t i = 0; i < s->n_journals; i++) {
        const struct store_journal *j = s->journals[i];
        for (size_t k = 0; k < m->n_segments && j->is_merged; k++)
            if (has_number(m->segments[k]->head.journals, m->segments[k]->head.n_journals,
                           j->number))
                describe_journal(m, j, &m->places[m->n_places++]);
    }
}

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
    for (size_t i = 0; i < m->n_segments; i++)
        for (size_t k = 0; k < m->segments[i]->n_chunks; k++)
            m->blocks[n++] = &m->segments[i]->chunks[k];
}

static struct store_merge *new_merge(struct store *s, int64_t arrival_ns)
{
    struct store_merge *m = mem_new(struct store_merge);
    m->least_followed = s->last_number > FOLLOWED_MAX ? s->last_number - FOLLOWED_MAX : 0;
    char day[DAY_TEXT];
    day_text(arrival_ns, day);
    m->folder = arena_print(&m->arena, "%s/days/%s/default", s->options.folder, day).ptr;
    m->number = ++s->last_segment;
    return m;
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
    m->n_journals = end - first;
    m->journals = arena_array(&m->arena, struct store_journal *, m->n_journals);
    for (size_t i = 0; i < m->n_journals; i++) {
        m->journals[i] = s->journals[first + i];
        m->journals[i]->references++;
    }
    list_blocks(m);
    return m;
}

static bool are_alike(const struct store_segment *a, const struct store_segment *b)
{
    return a->oldest_arrival_ns / NS_PER_DAY == b->oldest_arrival_ns / NS_PER_DAY &&
           a->bytes / 4 <= b->bytes && b->bytes / 4 <= a->bytes;
}

/* A journal that is none of a segment stands between them: context would jump over it. */
static bool has_journal_between(const struct store *s, const struct store_segment *a,
                                const struct store_segment *b)
{
    for (size_t i = 0; i < s->n_journals; i++) {
        const struct store_journal *j = s->journals[i];
        if (!j->is_merged && j->n_visible && j->number > a->head.journals[0] &&
            j->number < b->head.journals[0])
            return true;
    }
    return false;
}

static bool may_follow(const struct store *s, const struct store_segment *a,
                       const struct store_segment *b)
{
    return !b->problem && !b->cannot_merge && b->head.n_journals && a->head.n_journals &&
           are_alike(a, b) && !has_journal_between(s, a, b);
}

/* How many segments from the first on are neighbours of about one size. */
static size_t count_alike(const struct store *s, struct store_segment *const *sorted, size_t n)
{
    uint64_t bytes = 0, most = SEGMENT_BYTES; /* some stay when the store may not be large */
    size_t end = 0;
    if (s->options.max_bytes)
        most = min_of(most, max_of(s->options.max_bytes / 8, s->journal_bytes));
    for (; end < n && may_follow(s, sorted[0], sorted[end]) && bytes + sorted[end]->bytes <= most;
         end++)
        bytes += sorted[end]->bytes;
    return end;
}

static int by_first_journal(const void *a, const void *b)
{
    const struct store_segment *x = *(struct store_segment *const *)a;
    const struct store_segment *y = *(struct store_segment *const *)b;
    return store_segment_compare(x, y);
}

static struct store_merge *plan_segments(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    struct store_segment **sorted = arena_array(&arena, struct store_segment *, s->n_segments);
    size_t first = 0, n = 0, sorted_n = 0;
    for (size_t i = 0; i < s->n_segments; i++)
        if (!s->segments[i]->is_removed)
            sorted[sorted_n++] = s->segments[i];
    if (sorted_n)
        qsort(sorted, sorted_n, sizeof(struct store_segment *), by_first_journal);
    for (; first < sorted_n; first++) {
        n = count_alike(s, sorted + first, sorted_n - first);
        if (n >= SMALL_SEGMENTS)
            break;
    }
    if (first == sorted_n)
        return NULL;
    struct store_merge *m = new_merge(s, sorted[first]->oldest_arrival_ns);
    m->n_segments = n;
    m->segments = arena_array(&m->arena, struct store_segment *, n);
    for (size_t i = 0; i < n; i++) {
        m->segments[i] = sorted[first + i];
        m->segments[i]->references++;
    }
    list_places(m, s);
    list_blocks(m);
    return m;
}

/* A merge needs room for what it makes before what it replaces can go. */
static bool has_room_for(const struct store *s, const struct store_merge *m)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->n_journals; i++)
        bytes += m->journals[i]->end;
    for (size_t i = 0; i < m->n_segments; i++)
        bytes += m->segments[i]->bytes;
    return !s->maintained_ns || s->free_bytes >= s->options.keep_free + bytes;
}

struct store_merge *store_plan_merge(struct store *s)
{
    struct store_merge *m = plan_journals(s);
    m = m ? m : plan_segments(s);
    if (m && !has_room_for(s, m))
        free_merge(&m);
    return m;
}

/* ---- running ---- */

static bool load(void *context, size_t piece, struct buf *out, struct err *err)
{
    struct store_merge *m = context;
    const struct block_ref *ref = m->blocks[piece];
    struct frame frame;
    m->piece = piece;
    if (ref->segment)
        return store_segment_load(ref, out, err);
    return journal_load(&ref->journal->file, ref->offset, &frame, out, err)
               ? true
               : err_wrap(err, "journal %06llu", (unsigned long long)ref->journal->number);
}

static bool take(void *context, struct str chunk, const struct block_header *header,
                 struct err *err)
{
    struct store_merge *m = context;
    (void)header;
    return segment_append(&m->writer, chunk, err);
}

/* Places are only of use to who is not far behind, and may not become much. */
static void add_places(struct store_merge *m, const struct segment_journal *places,
                       struct segment_journal *to, struct segment_footer *footer)
{
    enum { BLOCKS_FOLLOWED_MAX = 100000 };
    size_t n = 0;
    for (size_t i = 0; i < footer->n_journals; i++)
        n += to[i].n_blocks;
    if (places->number >= m->least_followed && n + places->n_blocks <= BLOCKS_FOLLOWED_MAX)
        to[footer->n_journals++] = *places;
}

static void describe_journals(struct store_merge *m, uint64_t *numbers, struct segment_head *head,
                              struct segment_footer *footer, struct segment_journal *places)
{
    for (size_t i = 0; i < m->n_journals; i++) {
        const struct store_journal *j = m->journals[i];
        struct segment_journal own;
        describe_journal(m, j, &own);
        add_places(m, &own, places, footer);
        numbers[head->n_journals++] = j->number;
        footer->oldest_arrival_ns = min_of(footer->oldest_arrival_ns, j->oldest_arrival_ns);
        footer->newest_arrival_ns = max_of(footer->newest_arrival_ns, j->newest_arrival_ns);
    }
}

static void describe_segments(struct store_merge *m, uint64_t *numbers, struct segment_head *head,
                              struct segment_footer *footer)
{
    for (size_t i = 0; i < m->n_segments; i++) {
        const struct store_segment *s = m->segments[i];
        head->generation = max_of(head->generation, s->head.generation + 1);
        for (size_t k = 0; k < s->head.n_journals; k++)
            numbers[head->n_journals++] = s->head.journals[k];
        footer->oldest_arrival_ns = min_of(footer->oldest_arrival_ns, s->oldest_arrival_ns);
        footer->newest_arrival_ns = max_of(footer->newest_arrival_ns, s->newest_arrival_ns);
    }
}

/* Names what is merged, and what that was merged of. */
static void describe(struct store_merge *m, struct segment_head *head,
                     struct segment_footer *footer)
{
    size_t n_numbers = m->n_journals;
    for (size_t i = 0; i < m->n_segments; i++)
        n_numbers += m->segments[i]->head.n_journals;
    uint64_t *numbers = arena_array(&m->arena, uint64_t, n_numbers);
    struct segment_journal *places =
        arena_array(&m->arena, struct segment_journal, m->n_journals + m->n_places);
    *head = (struct segment_head){.number = m->number, .generation = 1, .journals = numbers};
    *footer = (struct segment_footer){
        .oldest_arrival_ns = INT64_MAX, .newest_arrival_ns = INT64_MIN, .journals = places};
    describe_journals(m, numbers, head, footer, places);
    describe_segments(m, numbers, head, footer);
    for (size_t i = m->n_places; i-- > 0;) /* the newest first */
        add_places(m, &m->places[i], places, footer);
}

static bool write_segment(struct store_merge *m, const struct merge *merge, struct err *err)
{
    struct segment_head head;
    struct segment_footer footer;
    describe(m, &head, &footer);
    if (!segment_create(&m->writer, m->folder, &head, err) || !merge_run(merge, err) ||
        !segment_finish(&m->writer, &footer, err))
        return false;
    if (store_segment_open(&m->made, m->writer.path, m->number, err)) {
        store_segment_forget_places(m->made); /* the store knows them already */
        return true;
    }
    struct err ignored;
    file_remove(m->writer.path, &ignored); /* nobody would know of it */
    return false;
}

void store_run_merge(struct store_merge *m, bool (*is_canceled)(void *), void *context)
{
    struct merge_piece *pieces = arena_array(&m->arena, struct merge_piece, m->n_blocks);
    for (size_t i = 0; i < m->n_blocks; i++)
        pieces[i] = (struct merge_piece){.is_chunk = m->blocks[i]->segment != NULL,
                                         .line_bytes = m->blocks[i]->line_bytes};
    const struct merge merge = {.pieces = pieces,
                                .n = m->n_blocks,
                                .level = SEGMENT_LEVEL,
                                .load = load,
                                .take = take,
                                .is_canceled = is_canceled,
                                .context = m,
                                .cancel_context = context};
    m->is_done = write_segment(m, &merge, &m->err);
    segment_close(&m->writer);
}

/* ---- ending ---- */

/* What is damaged, or all if it cannot be told: it would not be merged the next time either. */
static void leave_alone(struct store_merge *m)
{
    const struct block_ref *ref = m->err.code == ERR_CORRUPT ? m->blocks[m->piece] : NULL;
    for (size_t i = 0; i < m->n_journals; i++)
        m->journals[i]->cannot_merge |= !ref || ref->journal == m->journals[i];
    for (size_t i = 0; i < m->n_segments; i++)
        m->segments[i]->cannot_merge |= !ref || ref->segment == m->segments[i];
}

static bool has_lost_input(const struct store_merge *m)
{
    for (size_t i = 0; i < m->n_journals; i++)
        if (m->journals[i]->is_removed)
            return true;
    for (size_t i = 0; i < m->n_segments; i++)
        if (m->segments[i]->is_removed)
            return true;
    return false;
}

bool store_end_merge(struct store *s, struct store_merge **merge, struct err *err)
{
    defer(free_merge) struct store_merge *m = *merge;
    *merge = NULL;
    if (!m->is_done)
        *err = m->err;
    if (m->err.code == ERR_CORRUPT || m->err.code == ERR_LIMIT)
        leave_alone(m);
    if (!m->made)
        return false;
    if (has_lost_input(m)) {
        file_remove(m->made->path, err);
        return err_set(err, ERR_CANCELED, "retention has removed what was merged");
    }
    for (size_t i = 0; i < m->n_journals; i++)
        m->journals[i]->is_merged = true;
    for (size_t i = 0; i < m->n_segments; i++)
        replace_segment(s, m->segments[i]);
    mem_grow(s->segments, s->n_segments, s->segments_capacity);
    s->segments[s->n_segments++] = move(m->made);
    store_publish(s);
    return true;
}
