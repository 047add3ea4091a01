#include "collector/store/journals.h"

#include "base/mem.h"

#include <stdio.h>

void store_journal_name(uint64_t number, char name[JOURNAL_NAME])
{
    snprintf(name, JOURNAL_NAME, "%06llu", (unsigned long long)number);
}

bool store_journal_number(struct str name, uint64_t *number)
{
    return name.len >= 6 && str_to_u64(name, number) && *number > 0;
}

static struct store_journal *new_journal(uint64_t number)
{
    struct store_journal *j = mem_new(struct store_journal);
    j->number = number;
    j->references = 1;
    j->oldest_arrival_ns = INT64_MAX;
    j->newest_arrival_ns = INT64_MIN;
    return j;
}

bool store_journal_open(struct store_journal **out, const char *folder, uint64_t number,
                        struct err *err)
{
    defer(store_journal_unref) struct store_journal *j = new_journal(number);
    defer(buf_free) struct buf path = {0};
    char name[JOURNAL_NAME];
    store_journal_name(number, name);
    buf_print(&path, "%s/journal/%s", folder, name);
    if (!file_open(&j->file, buf_text(&path), FILE_READ, err))
        return false;
    buf_text(&path);
    j->path = move(path.ptr);
    *out = move(j);
    return true;
}

static void free_pages(struct ref_page *page)
{
    while (page) {
        struct ref_page *next = page->next;
        mem_free(&page);
        page = next;
    }
}

void store_journal_unref(struct store_journal **j)
{
    if (*j && --(*j)->references == 0) {
        file_close(&(*j)->file);
        free_pages((*j)->first);
        mem_free(&(*j)->path);
        mem_free(j);
    }
    *j = NULL;
}

static struct block_ref *new_ref(struct store_journal *j)
{
    size_t in_page = j->n_written % REFS_PER_PAGE;
    if (in_page == 0) {
        struct ref_page *page = mem_new(struct ref_page);
        if (j->last)
            j->last->next = page;
        else
            j->first = page;
        j->last = page;
    }
    j->n_written++;
    return &j->last->refs[in_page];
}

void store_journal_add(struct store_journal *j, const struct block_header *header,
                       const struct frame *frame)
{
    *new_ref(j) = (struct block_ref){
        .journal = j,
        .offset = frame->offset,
        .length = frame->length,
        .records = header->records,
        .line_bytes = header->line_bytes,
        .sequence = header->sequence,
        .origin = header->origin,
        .arrival_ns = frame->time_ns,
        .least_order_ns = header->least_order_ns,
        .greatest_order_ns = header->greatest_order_ns,
        .least_event_ns = header->least_event_ns,
        .greatest_event_ns = header->greatest_event_ns,
    };
}

struct store_journal *store_journal_of_segment(const struct segment_journal *places)
{
    struct store_journal *j = new_journal(places->number);
    j->health.journal_id = places->tag;
    j->is_merged = true;
    for (size_t i = 0; i < places->n_blocks; i++) {
        const struct segment_block *b = &places->blocks[i];
        *new_ref(j) = (struct block_ref){
            .journal = j,
            .offset = b->offset,
            .line_bytes = b->line_bytes,
            .sequence = b->sequence,
            .origin = b->origin,
            .least_order_ns = b->least_order_ns,
            .greatest_order_ns = b->greatest_order_ns,
        };
    }
    return j;
}

void store_journal_cut(struct store_journal *j, size_t n)
{
    size_t pages = (n + REFS_PER_PAGE - 1) / REFS_PER_PAGE;
    struct ref_page **at = &j->first, *last = NULL;
    for (size_t i = 0; i < pages; i++) {
        last = *at;
        at = &last->next;
    }
    free_pages(*at);
    *at = NULL;
    j->last = last;
    j->n_written = n;
}

const struct block_ref *store_journal_ref(const struct ref_page **page, size_t i)
{
    if (i > 0 && i % REFS_PER_PAGE == 0)
        *page = (*page)->next;
    return &(*page)->refs[i % REFS_PER_PAGE];
}

void store_journal_publish(struct store_journal *j)
{
    if (j->n_counted == j->n_written)
        return;
    const struct ref_page *page = j->counted ? j->counted : j->first;
    for (size_t i = j->n_counted; i < j->n_written; i++) {
        const struct block_ref *ref = store_journal_ref(&page, i);
        j->oldest_arrival_ns = min_of(j->oldest_arrival_ns, ref->arrival_ns);
        j->newest_arrival_ns = max_of(j->newest_arrival_ns, ref->arrival_ns);
        j->records += ref->records;
        j->line_bytes += ref->line_bytes;
    }
    j->counted = page;
    j->n_counted = j->n_visible = j->n_written;
}

/* ---- streams ---- */

struct stream_entry {
    struct store_stream stream;
    int64_t seen_ns;
};

void streams_free(struct streams *s)
{
    map_free(&s->known);
    mem_free(&s->visible);
    mem_free(&s->fresh);
    arena_free(&s->arena);
    *s = (struct streams){.most = s->most};
}

void streams_add(struct streams *s, const struct labels *labels, struct hash128 id, int64_t now_ns)
{
    struct stream_entry *entry = map_get(&s->known, MAP_KEY(id));
    if (entry) {
        entry->seen_ns = max_of(entry->seen_ns, now_ns);
        return;
    }
    if (s->known.n >= s->most)
        return;
    entry = arena_new(&s->arena, struct stream_entry);
    entry->stream = (struct store_stream){.id = id, .labels = labels_copy(&s->arena, labels)};
    entry->seen_ns = now_ns;
    map_put(&s->known, MAP_KEY(entry->stream.id), entry);
    mem_grow(s->fresh, s->n_fresh, s->fresh_capacity);
    s->fresh[s->n_fresh++] = &entry->stream;
}

void streams_publish(struct streams *s)
{
    for (size_t i = 0; i < s->n_fresh; i++) {
        mem_grow(s->visible, s->n_visible, s->visible_capacity);
        s->visible[s->n_visible++] = s->fresh[i];
    }
    s->n_fresh = 0;
}

void streams_put(const struct streams *s, int64_t oldest_ns, struct buf *b)
{
    size_t n = 0;
    map_each (&s->known, entry)
        n += ((struct stream_entry *)entry->value)->seen_ns >= oldest_ns;
    put_varint(b, n);
    map_each (&s->known, entry) {
        const struct stream_entry *e = entry->value;
        if (e->seen_ns < oldest_ns)
            continue;
        put_u64(b, (uint64_t)e->seen_ns);
        put_labels(b, &e->stream.labels);
    }
}

bool streams_read(struct streams *s, struct reader *r, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    size_t n = read_count(r, 9);
    for (size_t i = 0; i < n && !r->bad; i++) {
        int64_t seen_ns = (int64_t)read_u64(r);
        struct labels labels = read_labels(r, &arena);
        if (!r->bad)
            streams_add(s, &labels, stream_id(&labels), seen_ns);
    }
    return r->bad ? err_set(err, ERR_CORRUPT, "the table of streams is malformed") : true;
}
