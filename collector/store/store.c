#include "collector/store/store.h"

#include "base/mem.h"
#include "collector/store/adopting.h"
#include "collector/store/store_private.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    JOURNAL_BYTES = 64 << 20,
    STREAMS_MAX = 100000,
    TABLES_MAX = 60 << 20, /* of the first frame, unpacked; bounds of the tables keep it below */
    PROBLEMS_MAX = 64,
    IDLE_BYTES =
        4 << 20, /* of a journal that is closed, so that it can be merged, when nothing comes */
};

#define IDLE_NS (10 * NS_PER_S)

/* ---- tables: the first frame of a journal ---- */

/* Those of journals that are gone. */
static void forget_old_cuts(struct store *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_cuts; i++) {
        if (s->n_journals == 0 || s->cuts[i].journal >= s->journals[0]->number)
            s->cuts[kept++] = s->cuts[i];
    }
    s->n_cuts = kept;
}

/* Origins and streams are remembered as long as most lines are kept, not as long as the few that are kept for ever: new
 * ones need their room. */
static int64_t remembered_since(const struct store *s)
{
    int64_t since_ns, keep_ns = store_longest_finite_keep(s);
    bool is_open = keep_ns == 0 || __builtin_sub_overflow(s->clock_ns, keep_ns, &since_ns);
    return is_open ? INT64_MIN : since_ns;
}

/* payload := unpacked size:8 zstd frame of (cuts origins streams) */
static bool put_tables(struct store *s, struct buf *payload, struct err *err)
{
    defer(buf_free) struct buf raw = {.max = TABLES_MAX};
    defer(packer_free) struct packer packer = {0};
    int64_t oldest_ns = remembered_since(s);
    forget_old_cuts(s);
    put_varint(&raw, s->n_cuts);
    for (size_t i = 0; i < s->n_cuts; i++) {
        put_varint(&raw, s->cuts[i].journal);
        put_varint(&raw, s->cuts[i].end);
    }
    origins_put(s->origins, oldest_ns, &raw);
    size_t before = raw.len;
    streams_put(&s->streams, oldest_ns, &raw);
    if (raw.over) { /* without them: streams are known again from blocks that are read anew */
        raw.len = before;
        raw.over = false;
        put_varint(&raw, 0);
    }
    if (raw.over)
        return err_set(err, ERR_LIMIT, "the tables of origins are too large");
    put_u64(payload, raw.len);
    return zstd_pack(&packer, buf_str(&raw), 3, payload, err);
}

static void add_cut(struct store *s, uint64_t journal, uint64_t end)
{
    mem_grow(s->cuts, s->n_cuts, s->cuts_capacity);
    s->cuts[s->n_cuts++] = (struct cut){journal, end};
}

static bool read_tables(struct store *s, struct str payload, struct err *err)
{
    defer(buf_free) struct buf raw = {.max = TABLES_MAX};
    defer(packer_free) struct packer packer = {0};
    struct reader head = reader_of(payload);
    uint64_t size = read_u64(&head);
    if (head.bad || size > TABLES_MAX)
        return err_set(err, ERR_CORRUPT, "its tables declare a size that cannot be");
    if (!zstd_unpack_buf(&packer, str_of(head.at, reader_left(&head)), (size_t)size, &raw, err))
        return false;
    struct reader r = reader_of(buf_str(&raw));
    size_t n = read_count(&r, 2);
    for (size_t i = 0; i < n && !r.bad; i++) {
        uint64_t journal = read_varint(&r);
        add_cut(s, journal, read_varint(&r));
    }
    if (!origins_read(s->origins, &r, err) || !streams_read(&s->streams, &r, err))
        return false;
    return reader_left(&r) == 0 ? true : err_set(err, ERR_CORRUPT, "its tables are too long");
}

/* ---- opening ---- */

void store_note_problem(struct store *s, const char *text)
{
    if (s->n_problems < PROBLEMS_MAX)
        s->problems[s->n_problems++] = arena_copy(&s->arena, str_from(text));
}

static void note_damage(struct store *s, const struct store_journal *j)
{
    char text[256];
    if (j->health.rotten_parts == 0)
        return;
    snprintf(
        text, sizeof text, "journal %06llu: %u damaged places, %llu bytes skipped, first at %llu",
        (unsigned long long)j->number, j->health.rotten_parts,
        (unsigned long long)j->health.rotten_bytes, (unsigned long long)j->health.first_rotten);
    store_note_problem(s, text);
}

uint64_t store_limit_of(const struct store *s, uint64_t journal)
{
    for (size_t i = 0; i < s->n_cuts; i++) {
        if (s->cuts[i].journal == journal)
            return s->cuts[i].end;
    }
    return UINT64_MAX;
}

/* A frame with a block: into the list, and with the payload into the tables. */
static void take_block(struct store *s, struct store_journal *j, const struct frame *frame,
                       const struct buf *payload, struct arena *arena)
{
    struct err err;
    struct block block = {0};
    char bytes[BLOCK_HEADER];
    size_t got = 0;
    if (payload) {
        if (block_open(&block, buf_str(payload), &s->packer, arena, &err)) {
            origins_add(s->origins, &block, block_hash(buf_str(payload)), frame->time_ns);
            origins_keep(s->origins);
            for (size_t i = 0; i < block.n_streams; i++)
                streams_add(&s->streams, &block.streams[i].labels, block.streams[i].id,
                            frame->time_ns);
            store_journal_add(j, &block.header, frame);
            return;
        }
    } else if (file_read_at(&j->file, frame->offset + FRAME_HEADER, bytes, sizeof bytes, &got,
                            &err) &&
               block_peek(str_of(bytes, got), &block.header, &err)) {
        store_journal_add(j, &block.header, frame);
        return;
    }
    j->health.rotten_parts++;
    j->health.rotten_bytes += frame->length;
}

static bool scan(struct store *s, struct store_journal *j, bool with_payload, struct err *err)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    defer(arena_free) struct arena arena = {0};
    if (!journal_reader_open(&r, &j->file, store_limit_of(s, j->number), err))
        return false;
    struct frame frame;
    while (journal_next(&r, with_payload, &frame, err)) {
        s->clock_ns = max_of(s->clock_ns, frame.time_ns);
        if (frame.kind != FRAME_BLOCK)
            continue;
        take_block(s, j, &frame, with_payload ? &r.payload : NULL, &arena);
        arena_reset(&arena);
    }
    uint32_t parts = j->health.rotten_parts;
    uint64_t bytes = j->health.rotten_bytes;
    j->health = r.health;
    j->health.rotten_parts += parts;
    j->health.rotten_bytes += bytes;
    j->end = r.health.end;
    return err->code == ERR_NONE;
}

static void list_journal(struct store *s, struct store_journal *j)
{
    mem_grow(s->journals, s->n_journals, s->journals_capacity);
    s->journals[s->n_journals++] = j;
}

static bool add_journal(struct store *s, uint64_t number, struct err *err)
{
    struct store_journal *j = NULL;
    if (!store_journal_open(&j, s->options.folder, number, err))
        return false;
    list_journal(s, j);
    return true;
}

static int by_number(const void *a, const void *b)
{
    const struct store_journal *left = *(struct store_journal *const *)a;
    const struct store_journal *right = *(struct store_journal *const *)b;
    return (left->number > right->number) - (left->number < right->number);
}

/* Of journals that are in segments only the places are listed. */
static bool list_journals(struct store *s, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    struct str *names;
    size_t n;
    const char *folder = arena_print(&arena, "%s/journal", s->options.folder).ptr;
    if (!folder_list(folder, &arena, &names, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        uint64_t number;
        if (store_journal_number(names[i], &number) && !is_journal_replaced(s, number) &&
            !add_journal(s, number, err))
            return false;
    }
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct segment_footer *f = &s->segments[i]->footer;
        for (size_t k = 0; k < f->n_journals; k++)
            list_journal(s, store_journal_of_segment(&f->journals[k]));
    }
    for (size_t i = 0; i < s->n_segments;
         i++) /* they are used once, also if places are forgotten */
        for (size_t k = 0; has_journals(s->segments[i]) && k < s->segments[i]->head.n_journals; k++)
            s->last_number = max_of(s->last_number, s->segments[i]->head.journals[k]);
    if (s->n_journals)
        qsort(s->journals, s->n_journals, sizeof(struct store_journal *), by_number);
    return true;
}

static bool try_tables(struct store *s, struct str payload)
{
    struct err ignored;
    if (read_tables(s, payload, &ignored))
        return true;
    origins_close(&s->origins);
    s->origins = origins_new();
    streams_free(&s->streams);
    s->n_cuts = 0;
    return false;
}

bool store_read_tables(const struct store_journal *j, struct buf *payload, struct err *err)
{
    struct frame frame;
    if (!journal_load(&j->file, 0, &frame, payload, err))
        return false;
    return frame.kind == FRAME_TABLES ? true : err_set(err, ERR_CORRUPT, "it has no tables");
}

/* The segment with the newest tables of journals that are older than `before`; NULL: none has. */
static const struct store_segment *segment_with_tables(const struct store *s, uint64_t before)
{
    const struct store_segment *newest = NULL;
    for (size_t i = 0; i < s->n_segments; i++) {
        uint64_t followed = s->segments[i]->footer.followed;
        if (followed && followed < before && (!newest || followed > newest->footer.followed))
            newest = s->segments[i];
    }
    return newest;
}

/* Loads the newest tables that are whole, of a journal or as a segment has kept them. The number of the journal
 * that they stood in: what came since then is read again. 0: there are none. */
static uint64_t load_newest_tables(struct store *s)
{
    size_t journals = s->n_journals;
    for (uint64_t before = UINT64_MAX;;) {
        const struct store_segment *segment = segment_with_tables(s, before);
        uint64_t followed = segment ? segment->footer.followed : 0;
        while (journals > 0 && s->journals[journals - 1]->number >= followed) {
            const struct store_journal *j = s->journals[--journals];
            struct err ignored;
            defer(buf_free) struct buf payload = {.max = FRAME_PAYLOAD_MAX};
            if (!j->is_merged && store_read_tables(j, &payload, &ignored) &&
                try_tables(s, buf_str(&payload)))
                return j->number;
        }
        if (!segment || try_tables(s, segment->footer.tables))
            return followed;
        before = followed;
    }
}

void store_learn_streams(struct store *s, const struct store_segment *segment)
{
    for (size_t i = 0; i < segment->n_chunks; i++) {
        struct err ignored;
        struct chunk chunk;
        defer(arena_free) struct arena arena = {0};
        if (!store_segment_directory(&segment->chunks[i], &chunk, &s->packer, &arena, &ignored))
            continue;
        for (size_t k = 0; k < chunk.block.n_streams; k++)
            streams_add(&s->streams, &chunk.block.streams[k].labels, chunk.block.streams[k].id,
                        segment->newest_arrival_ns);
    }
}

/* Those that no table may name: of what was imported or is older than tables remember, and without tables of all. */
static void learn_streams(struct store *s, bool has_tables)
{
    int64_t since_ns = remembered_since(s);
    for (size_t i = 0; i < s->n_segments; i++)
        if (!has_tables || !has_journals(s->segments[i]) ||
            s->segments[i]->newest_arrival_ns < since_ns)
            store_learn_streams(s, s->segments[i]);
}

bool store_scan(struct store *s, struct err *err)
{
    if (!store_list_segments(s, err) || !list_journals(s, err))
        return false;
    uint64_t newest = load_newest_tables(s);
    for (size_t i = 0; i < s->n_segments; i++) {
        store_segment_forget_footer(s->segments[i]);
        if (s->segments[i]->problem)
            store_note_problem(s, s->segments[i]->problem);
    }
    for (size_t i = 0; i < s->n_journals; i++) {
        struct store_journal *j = s->journals[i];
        s->last_number = max_of(s->last_number, j->number);
        if (j->is_merged)
            continue;
        if (!scan(s, j, j->number >= newest, err)) {
            err_wrap(err, "journal %06llu", (unsigned long long)j->number);
            store_note_problem(s, err->text);
        }
        note_damage(s, j);
    }
    learn_streams(s, newest > 0);
    store_publish(s);
    return true;
}

struct store *store_new(const struct store_options *options)
{
    struct store *s = mem_new(struct store);
    s->options = *options;
    s->options.folder = arena_text(&s->arena, str_from(options->folder));
    s->origins = origins_new();
    s->streams.most = options->streams_max ? options->streams_max : STREAMS_MAX;
    s->options.journal_bytes = options->journal_bytes ? options->journal_bytes : JOURNAL_BYTES;
    store_set_retention(s, &options->retention);
    s->problems = arena_array(&s->arena, struct str, PROBLEMS_MAX);
    s->clock_ns = INT64_MIN;
    s->kept.needed_from = UINT64_MAX;
    return s;
}

void store_free(struct store **store)
{
    struct store *s = *store;
    if (!s)
        return;
    for (size_t i = 0; i < s->n_journals; i++)
        store_journal_unref(&s->journals[i]);
    for (size_t i = 0; i < s->n_fresh; i++)
        store_journal_unref(&s->fresh[i]);
    for (size_t i = 0; i < s->n_segments; i++)
        store_segment_unref(&s->segments[i]);
    for (size_t i = 0; i < s->n_adopted; i++)
        store_segment_unref(&s->adopted[i]);
    for (size_t i = 0; i < s->n_replaced; i++)
        mem_free(&s->replaced[i]);
    mem_free(&s->replaced);
    kept_free(&s->kept);
    mem_free(&s->segments);
    mem_free(&s->adopted);
    mem_free(&s->journals);
    mem_free(&s->fresh);
    mem_free(&s->cuts);
    origins_close(&s->origins);
    streams_free(&s->streams);
    packer_free(&s->packer);
    file_close(&s->lock);
    arena_free(&s->arena);
    arena_free(&s->rules);
    mem_free(store);
}

const char *store_path(const struct store *s, const char *name, struct arena *arena)
{
    return arena_print(arena, "%s/%s", s->options.folder, name).ptr;
}

const char *store_journal_path(const struct store *s, uint64_t number, struct arena *arena)
{
    char name[JOURNAL_NAME];
    store_journal_name(number, name);
    return arena_print(arena, "%s/journal/%s", s->options.folder, name).ptr;
}

/* ---- the journal that is written ---- */

bool store_start_journal(struct store *s, struct err *err)
{
    defer(buf_free) struct buf tables = {.max = FRAME_PAYLOAD_MAX};
    defer(arena_free) struct arena arena = {0};
    uint64_t number = s->last_number + 1;
    const char *path = store_journal_path(s, number, &arena);
    struct journal *writer = NULL;
    s->last_number = number; /* a number is used once, also if making the file fails */
    if (!put_tables(s, &tables, err) ||
        !journal_create(&writer, path, FRAME_TABLES, buf_str(&tables), s->clock_ns, err))
        return err_wrap(err, "new journal");
    struct store_journal *j = NULL;
    if (!store_journal_open(&j, s->options.folder, number, err)) {
        journal_discard(&writer, path);
        return false;
    }
    j->end = journal_size(writer);
    j->health.journal_id = journal_id(writer);
    journal_close(&s->writer, s->clock_ns);
    s->writer = writer;
    s->active = j;
    s->committed = 0;
    mem_grow(s->fresh, s->n_fresh, s->fresh_capacity);
    s->fresh[s->n_fresh++] = j;
    return true;
}

/* The newest journal goes on if it ended well. Else, and if it is large or of another day, a new
 * one. */
static bool resume_journal(struct store *s, struct err *err)
{
    struct store_journal *j = s->n_journals ? s->journals[s->n_journals - 1] : NULL;
    struct journal_health health;
    bool is_whole = j && !j->is_merged && j->health.rotten_parts == 0 && j->end > 0 &&
                    store_limit_of(s, j->number) == UINT64_MAX;
    bool fits =
        is_whole && j->end < s->journal_bytes &&
        (j->n_visible == 0 || j->newest_arrival_ns / NS_PER_DAY == s->clock_ns / NS_PER_DAY);
    if (!fits) {
        /* What a crash left there unsynced counts as stored from now on: it must be on disk. */
        struct journal *last = NULL;
        struct err unused;
        if (is_whole && journal_open(&last, j->path, &health, &unused))
            journal_close(&last, s->clock_ns);
        return store_start_journal(s, err);
    }
    if (!journal_open(&s->writer, j->path, &health, err))
        return store_start_journal(s, err);
    s->active = j;
    s->committed = j->n_written;
    return true;
}

static bool take_lock(struct store *s, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    if (!file_open(&s->lock, store_path(s, "LOCK", &arena), FILE_OPEN_MAKE, err) ||
        !file_lock(&s->lock, err))
        return err_wrap(err, "data folder %s", s->options.folder);
    return true;
}

bool store_open(struct store **store, const struct store_options *options, int64_t now_ns,
                struct err *err)
{
    defer(store_free) struct store *s = store_new(options);
    defer(arena_free) struct arena arena = {0};
    if (!folder_make(store_path(s, "journal", &arena), err) || !take_lock(s, err))
        return false;
    store_resume_adoption(s);
    if (!store_scan(s, err))
        return false;
    kept_load(s);
    store_remove_replaced(s);
    s->clock_ns = max_of(s->clock_ns, now_ns);
    if (!resume_journal(s, err))
        return false;
    s->is_writable = true;
    s->calm = STORE_CALM; /* until the clock is seen to step */
    store_publish(s);
    store_keep_reserve(s);
    *store = move(s);
    return true;
}

void store_close(struct store **store, int64_t now_ns)
{
    if (!*store)
        return;
    journal_close(&(*store)->writer, now_ns);
    store_free(store);
}

/* ---- writing ---- */

bool store_put(struct store *s, struct str bytes, const struct block *block, int64_t now_ns,
               struct put_result *result, struct err *err)
{
    struct hash128 hash = block_hash(bytes);
    const struct block_header *h = &block->header;
    struct put_result found = {.verdict = origins_check(s->origins, h->origin, h->sequence, hash)};
    if (found.verdict == ORIGIN_JUMP)
        found.missing = h->sequence - origins_last(s->origins, h->origin, NULL) - 1;
    s->clock_ns = max_of(s->clock_ns, now_ns);
    if (found.verdict != ORIGIN_KNOWN && found.verdict != ORIGIN_CONFLICT) {
        struct frame frame;
        if (!s->writer && !store_start_journal(s, err))
            return false;
        if (!journal_append(s->writer, FRAME_BLOCK, bytes, STR(""), s->clock_ns, &frame, err))
            return false;
        store_journal_add(s->active, h, &frame);
        origins_add(s->origins, block, hash, s->clock_ns);
        for (size_t i = 0; i < block->n_streams; i++)
            streams_add(&s->streams, &block->streams[i].labels, block->streams[i].id, s->clock_ns);
    }
    *result = found;
    return true;
}

/* The sync failed: what was put since the last commit does not exist, in memory or (by its cut in
 * the next journal's first frame) on disk. */
static void drop_uncommitted(struct store *s)
{
    struct err err;
    uint64_t durable = journal_durable(s->writer);
    origins_forget(s->origins);
    store_journal_cut(s->active, s->committed);
    add_cut(s, s->active->number, durable);
    file_truncate(journal_file(s->writer), durable, &err);
    journal_close(&s->writer, s->clock_ns);
    s->active = NULL;
}

bool is_journal_due(const struct store *s)
{
    const struct store_journal *j = s->active;
    bool is_idle =
        s->committed > 0 &&
        s->clock_ns - j->last->refs[(s->committed - 1) % REFS_PER_PAGE].arrival_ns > IDLE_NS;
    return journal_size(s->writer) >= s->journal_bytes ||
           (is_idle && journal_size(s->writer) >= IDLE_BYTES) ||
           (s->committed > 0 &&
            j->first->refs[0].arrival_ns / NS_PER_DAY != s->clock_ns / NS_PER_DAY);
}

bool store_commit(struct store *s, int64_t now_ns, struct err *err)
{
    s->clock_ns = max_of(s->clock_ns, now_ns);
    if (!s->writer) {
        /* The new journal that the last failure asks for. */
        s->is_writable = store_start_journal(s, err);
        return s->is_writable;
    }
    if (!journal_sync(s->writer, err)) {
        struct err unused;
        drop_uncommitted(s);
        s->is_writable = false;
        store_start_journal(s, &unused);
        return false;
    }
    origins_keep(s->origins);
    s->committed = s->active->n_written;
    s->active->end = journal_durable(s->writer);
    s->is_writable = true;
    struct err later; /* a disk without room for a new journal: this one goes on growing */
    if (is_journal_due(s))
        store_start_journal(s, &later);
    return true;
}

bool store_close_journal(struct store *s, struct err *err)
{
    return s->committed == 0 || store_start_journal(s, err);
}

/* ---- the loop thread ---- */

static struct store_numbers count(const struct store *s)
{
    struct store_numbers n = {
        .segments = s->n_segments,
        .streams = s->streams.n_visible,
        .removed_bytes = s->removed_bytes,
        .removed_journals = s->removed_journals,
        .free_bytes = s->free_bytes,
        .oldest_arrival_ns = TIME_NONE,
        .writable = s->is_writable,
    };
    for (size_t i = 0; i < s->n_journals; i++) {
        const struct store_journal *j = s->journals[i];
        if (j->is_merged)
            continue;
        n.journals++;
        n.bytes += j->end;
        n.blocks += j->n_visible;
        n.records += j->records;
        n.line_bytes += j->line_bytes;
        n.rotten_parts += j->health.rotten_parts;
        n.rotten_bytes += j->health.rotten_bytes;
        n.torn_bytes += j->health.torn_bytes;
        if (j->n_visible && n.oldest_arrival_ns == TIME_NONE)
            n.oldest_arrival_ns = j->oldest_arrival_ns;
    }
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct store_segment *segment = s->segments[i];
        n.bytes += segment->bytes;
        n.blocks += segment->n_chunks;
        n.records += segment->records;
        n.line_bytes += segment->line_bytes;
        n.rotten_parts += segment->problem != NULL;
        if (n.oldest_arrival_ns == TIME_NONE || segment->oldest_arrival_ns < n.oldest_arrival_ns)
            n.oldest_arrival_ns = segment->oldest_arrival_ns;
    }
    return n;
}

/* What retention has removed, and places of merged journals that are too old to be followed. */
static void forget_removed(struct store *s)
{
    size_t kept = 0, merged = 0;
    for (size_t i = 0; i < s->n_journals; i++)
        merged += s->journals[i]->is_merged;
    for (size_t i = 0; i < s->n_journals; i++) {
        struct store_journal *j = s->journals[i];
        bool is_forgotten = j->is_merged && !j->path && merged > FOLLOWED_MAX;
        merged -= is_forgotten;
        if (j->is_removed || is_forgotten) {
            store_journal_unref(&s->journals[i]);
            continue;
        }
        s->journals[kept++] = j;
        if (j->is_merged && j->references == 1)
            file_close(&j->file); /* no view reads it any more */
    }
    s->n_journals = kept;
    kept = 0;
    for (size_t i = 0; i < s->n_segments; i++) {
        if (s->segments[i]->is_removed)
            store_segment_unref(&s->segments[i]);
        else
            s->segments[kept++] = s->segments[i];
    }
    s->n_segments = kept;
}

void store_publish(struct store *s)
{
    forget_removed(s);
    for (size_t i = 0; i < s->n_fresh; i++) {
        mem_grow(s->journals, s->n_journals, s->journals_capacity);
        s->journals[s->n_journals++] = s->fresh[i];
    }
    s->n_fresh = 0;
    for (size_t i = 0; i < s->n_adopted; i++)
        store_list_segment(s, s->adopted[i]);
    s->n_adopted = 0;
    for (size_t i = 0; i < s->n_journals; i++)
        store_journal_publish(s->journals[i]);
    streams_publish(&s->streams);
    s->numbers = count(s);
}

const struct origins *store_origins(const struct store *s)
{
    return s->origins;
}

struct store_numbers store_count(const struct store *s)
{
    return s->numbers;
}
