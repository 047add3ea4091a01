#include "collector/store/merging.h"

#include "base/mem.h"
#include "collector/store/merging_private.h"

enum {
    SEGMENT_LEVEL = 6, /* of zstd */
    ARCHIVE_LEVEL = 15,
    TABLES_COPIED_MAX = 16 << 20,
};

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

static void note_arrivals(struct store_merge *m, int64_t oldest_ns, int64_t newest_ns)
{
    m->footer.oldest_arrival_ns = min_of(m->footer.oldest_arrival_ns, oldest_ns);
    m->footer.newest_arrival_ns = max_of(m->footer.newest_arrival_ns, newest_ns);
}

static void describe_journals(struct store_merge *m, uint64_t *numbers,
                              struct segment_journal *places)
{
    for (size_t i = 0; i < m->n_journals; i++) {
        const struct store_journal *j = m->journals[i];
        struct segment_journal own;
        store_describe_journal(m, j, &own);
        add_places(m, &own, places, &m->footer);
        numbers[m->head.n_journals++] = j->number;
        note_arrivals(m, j->oldest_arrival_ns, j->newest_arrival_ns);
    }
}

static void describe_segments(struct store_merge *m, uint64_t *numbers)
{
    for (size_t i = 0; i < m->n_segments; i++) {
        const struct store_segment *s = m->segments[i];
        note_arrivals(m, s->oldest_arrival_ns, s->newest_arrival_ns);
        if (i > 0 && s->number == m->segments[i - 1]->number)
            continue; /* another class of the same journals */
        m->head.generation = max_of(m->head.generation, s->head.generation + 1);
        for (size_t k = 0; k < s->head.n_journals; k++)
            numbers[m->head.n_journals++] = s->head.journals[k];
    }
}

/* Names what is merged, and what that was merged of. */
static void describe(struct store_merge *m)
{
    size_t n_numbers = m->n_journals;
    for (size_t i = 0; i < m->n_segments; i++)
        n_numbers += m->segments[i]->head.n_journals;
    uint64_t *numbers = arena_array(&m->arena, uint64_t, n_numbers);
    struct segment_journal *places =
        arena_array(&m->arena, struct segment_journal, m->n_journals + m->n_places);
    m->head = (struct segment_head){.number = m->number, .generation = 1, .journals = numbers};
    m->footer = (struct segment_footer){
        .oldest_arrival_ns = INT64_MAX, .newest_arrival_ns = INT64_MIN, .journals = places};
    describe_journals(m, numbers, places);
    describe_segments(m, numbers);
    for (size_t i = m->n_places; i-- > 0;) /* the newest first */
        add_places(m, &m->places[i], places, &m->footer);
}

/* So that they are not lost if the one journal that has them rots. Very large ones are left there alone. */
static void copy_tables(struct store_merge *m)
{
    struct err ignored;
    m->tables.max = TABLES_COPIED_MAX;
    if (!m->newest || !store_read_tables(m->newest, &m->tables, &ignored))
        return;
    m->footer.followed = m->newest->number;
    m->footer.tables = buf_str(&m->tables);
}

static bool create_file(struct store_merge *m, uint8_t class, struct err *err)
{
    const char *folder = arena_print(&m->arena, "%s/%s", m->day, m->classes.names[class]).ptr;
    m->writers[class] = arena_new(&m->arena, struct segment_writer);
    return segment_create(m->writers[class], &m->arena, folder, m->is_archive, &m->head, err);
}

static bool take(void *context, uint8_t class, struct str chunk, struct err *err)
{
    struct store_merge *m = context;
    if (!m->writers[class] && !create_file(m, class, err))
        return false;
    return segment_append(m->writers[class], chunk, err);
}

/* That of the default class first, and durably: without it the others do not count. */
static bool discard_files(struct store_merge *m, struct err *err)
{
    for (size_t i = 0; i < m->classes.n; i++) {
        const char *path = m->writers[i] ? m->writers[i]->now : NULL;
        if (path && (!file_remove(path, err) || (i == 0 && !folder_sync_above(path, err))))
            return false; /* what is left is removed when the store is opened */
    }
    return true;
}

static bool finish_files(struct store_merge *m, struct err *err)
{
    const struct segment_footer of_others = {.oldest_arrival_ns = m->footer.oldest_arrival_ns,
                                             .newest_arrival_ns = m->footer.newest_arrival_ns};
    for (size_t i = 0; i < m->classes.n; i++)
        if (m->writers[i] && !segment_finish(m->writers[i], i == 0 ? &m->footer : &of_others, err))
            return false;
    return true;
}

/* Invariant 1 of segments.h. Those of other classes stay .part until it is known that the merge counts. */
static bool name_files(struct store_merge *m, struct err *err)
{
    for (size_t i = m->classes.n; i-- > 0;) {
        if (!m->writers[i])
            continue;
        if (!segment_rename(m->writers[i], i > 0, err))
            return false;
        store_segment_moved(m->made[i], m->writers[i]->now);
    }
    return true;
}

/* What the store will read from, before any of it counts. */
static bool open_files(struct store_merge *m, struct err *err)
{
    for (size_t i = 0; i < m->classes.n; i++) {
        if (m->writers[i] && !store_segment_open(&m->made[i], m->writers[i]->now, err))
            return false;
        if (m->made[i])
            store_segment_forget_footer(m->made[i]); /* the store knows it already */
    }
    return true;
}

static bool write_segment(struct store_merge *m, const struct merge *merge, struct err *err)
{
    describe(m);
    copy_tables(m);
    if (create_file(m, 0, err) && merge_run(merge, err) && finish_files(m, err) &&
        open_files(m, err) && name_files(m, err))
        return true;
    struct err ignored;
    discard_files(m, &ignored);
    return false;
}

/* Chunks that are of one slice stay together. */
static void number_slices(const struct store_merge *m, struct merge_piece *pieces)
{
    enum { OF_ROW = 128 };
    uint32_t slice = 0;
    for (size_t i = 0, end; i < m->n_blocks && m->classes.n > 1; i = end) {
        const struct block_ref *first = m->blocks[i];
        uint64_t cost = 0;
        for (end = i;
             end < m->n_blocks && first->segment && m->blocks[end]->slice == first->slice &&
             m->blocks[end]->segment->number == first->segment->number;
             end++)
            cost += m->blocks[end]->line_bytes + OF_ROW * (uint64_t)m->blocks[end]->records;
        end = max_of(end, i + 1);
        for (size_t k = i; k < end && first->segment; k++) {
            pieces[k].slice = slice + 1;
            pieces[k].slice_cost = cost;
        }
        slice++;
    }
}

void store_run_merge(struct store_merge *m, bool (*is_canceled)(void *), void *context)
{
    struct merge_piece *pieces = arena_array(&m->arena, struct merge_piece, m->n_blocks);
    for (size_t i = 0; i < m->n_blocks; i++) {
        const struct block_ref *ref = m->blocks[i];
        pieces[i] = (struct merge_piece){
            .is_chunk = ref->segment != NULL,
            .class = ref->segment ? classes_add(&m->classes, str_from(ref->segment->class)) : 0,
            .line_bytes = ref->line_bytes};
    }
    number_slices(m, pieces);
    const struct merge merge = {.pieces = pieces,
                                .n = m->n_blocks,
                                .level = m->is_archive ? ARCHIVE_LEVEL : SEGMENT_LEVEL,
                                .classes = &m->classes,
                                .load = load,
                                .take = take,
                                .is_canceled = is_canceled,
                                .context = m,
                                .cancel_context = context};
    m->is_done = write_segment(m, &merge, &m->err);
    for (size_t i = 0; i < m->classes.n; i++)
        if (m->writers[i])
            segment_close(m->writers[i]);
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
    defer(store_free_merge) struct store_merge *m = *merge;
    *merge = NULL;
    if (!m->is_done)
        *err = m->err;
    if (m->err.code == ERR_CORRUPT || m->err.code == ERR_LIMIT)
        leave_alone(m);
    if (!m->is_done)
        return false;
    if (has_lost_input(m)) {
        if (discard_files(m, err))
            err_set(err, ERR_CANCELED, "retention has removed what was merged");
        return false;
    }
    for (size_t i = 0; i < m->n_journals; i++)
        m->journals[i]->is_merged = true;
    for (size_t i = 0; i < m->n_segments; i++)
        store_replace_segment(s, m->segments[i]);
    for (size_t i = 0; i < CLASSES_MAX; i++)
        if (m->made[i])
            store_list_segment(s, move(m->made[i]));
    store_publish(s);
    return true;
}
