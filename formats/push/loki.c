#include "formats/push/loki.h"

#include "base/mem.h"
#include "formats/line/level.h"
#include "formats/push/loki_answer.h"
#include "formats/push/loki_streams.h"
#include "formats/push/loki_times.h"

enum {
    REQUEST_MAX = 64 << 20, /* bytes; of one row, whose every byte is escaped, it is much less */
    ANSWER_MAX = 4 << 20,
    REFUSAL_BYTES = 300, /* what the answer says of an entry besides its labels, at most */
};

/* A group of the block in the body that is made. */
struct place {
    uint32_t first, last; /* entries */
    uint32_t n;
    size_t bytes;
};

struct packed {
    size_t at, len; /* in f->entries */
    uint32_t next;  /* of the same group */
};

struct loki {
    struct push_format base;
    const struct loki_form *form;
    struct loki_list list;
    struct arena names; /* of the list */
    bool without_metadata;

    /* Of a block. */
    const struct block *block;
    struct arena arena;
    struct loki_streams streams;
    int64_t *times;
    struct str (
        *shared)[LEVEL_COUNT]; /* of each stream, when they are needed: level and metadata */
    struct place *places;      /* of each group */

    /* Of a body. */
    struct arena scratch;
    struct buf entries, request;
    struct packed *packed;
    uint32_t n_packed, packed_capacity;
    uint32_t *used; /* groups, in the order of their first rows */
    size_t n_used;
    size_t bytes, answer_bytes; /* of the request, and of what may be said of it */
};

static void loki_close(struct push_format *format)
{
    struct loki *f = container_of(format, struct loki, base);
    arena_free(&f->names);
    arena_free(&f->arena);
    arena_free(&f->scratch);
    buf_free(&f->entries);
    buf_free(&f->request);
    mem_free(&f->packed);
    mem_free(&f);
}

static void loki_begin(struct push_format *format, const struct push_block *block)
{
    struct loki *f = container_of(format, struct loki, base);
    f->block = block->block;
    arena_recycle(&f->arena);
    loki_read_streams(&f->streams, f->block, &f->list, f->form, &f->arena);
    f->times = arena_array(&f->arena, int64_t, f->block->header.records);
    loki_times(f->block, f->streams.groups, f->streams.n_groups, &f->arena, f->times);
    f->shared = arena_alloc(&f->arena, f->block->n_streams * sizeof *f->shared);
    f->places = arena_array(&f->arena, struct place, f->streams.n_groups);
    f->used = arena_array(&f->arena, uint32_t, f->streams.n_groups);
    f->n_used = 0;
}

/* ---- entries ---- */

/* Level and metadata of a stream in their form. */
static struct str shared_metadata(struct loki *f, const struct record *r)
{
    unsigned level = r->level < LEVEL_COUNT ? r->level : LEVEL_UNKNOWN;
    struct str *shared = &f->shared[r->stream][level];
    const struct labels *others = &f->streams.metadata[r->stream];
    if (!shared->ptr && (level || others->n)) {
        struct labels all = {.items = arena_array(&f->arena, struct label, others->n + 1)};
        if (level)
            all.items[all.n++] = (struct label){STR("level"), str_from(level_name(level))};
        if (others->n)
            memcpy(all.items + all.n, others->items, others->n * sizeof *others->items);
        all.n += others->n;
        defer(buf_free) struct buf text = {0};
        f->form->put_metadata(&text, &all);
        *shared = arena_copy(&f->arena, buf_str(&text));
    }
    return *shared;
}

static void add_fields(struct loki *f, const struct record *r, struct labels *own)
{
    struct reader reader = reader_of(r->fields);
    struct labels fields = read_labels(&reader, &f->scratch);
    for (size_t i = 0; i < fields.n && !reader.bad; i++)
        loki_add_metadata(own, &f->streams.metadata[r->stream], fields.items[i].name,
                          fields.items[i].value, &f->scratch);
}

/* What only this row has. */
static struct labels own_metadata(struct loki *f, const struct record *r, struct label *items)
{
    struct labels own = {.items = items};
    if (r->id.len)
        own.items[own.n++] = (struct label){STR("requestId"), loki_valid_text(r->id, &f->scratch)};
    if (r->id.len && r->id_kind != ID_EXACT)
        own.items[own.n++] = (struct label){
            STR("requestIdKind"), r->id_kind == ID_INHERITED ? STR("inherited") : STR("generated")};
    if (r->fields.len)
        add_fields(f, r, &own);
    return own;
}

/* Appends the entries of a row, without yet linking them to their group. */
static void put_entries(struct loki *f, uint32_t row)
{
    const struct record *r = &f->block->records[row];
    struct label items[LABELS_MAX + 3];
    struct str pieces[LOKI_PIECES_MAX];
    size_t n = loki_pieces(r->line, pieces);
    struct loki_entry entry = {.time_ns = f->times[row]};
    if (!f->without_metadata) {
        entry.metadata = own_metadata(f, r, items);
        entry.shared = shared_metadata(f, r);
    }
    size_t n_own = entry.metadata.n;
    for (size_t i = 0; i < n; i++, entry.time_ns++) {
        if (n > 1 && !f->without_metadata) {
            struct str part = arena_print(&f->scratch, "%zu/%zu", i + 1, n);
            items[n_own] = (struct label){STR("part"), part};
            entry.metadata.n = n_own + 1;
        }
        size_t at = f->entries.len;
        entry.line = pieces[i];
        f->form->put_entry(&f->entries, &entry);
        mem_grow(f->packed, f->n_packed, f->packed_capacity);
        f->packed[f->n_packed++] = (struct packed){.at = at, .len = f->entries.len - at};
    }
}

/* Links entries from this one on to a group. */
static void link_entries(struct loki *f, uint32_t from, uint32_t group)
{
    struct place *place = &f->places[group];
    if (place->n == 0)
        f->used[f->n_used++] = group;
    for (uint32_t i = from; i < f->n_packed; i++) {
        if (place->n++ == 0)
            place->first = i;
        else
            f->packed[place->last].next = i;
        place->last = i;
        place->bytes += f->packed[i].len;
    }
}

enum { PART_OVERHEAD = 32, ENTRY_OVERHEAD = 4 }; /* bytes around labels and entries, at most */

/* False, and nothing is added, if the body would grow beyond max. */
static bool add_row(struct loki *f, uint32_t row, size_t max)
{
    uint32_t group = f->streams.groups[f->block->records[row].stream], from = f->n_packed;
    struct str labels = f->streams.labels[group];
    size_t before = f->entries.len;
    put_entries(f, row);
    size_t n = f->n_packed - from;
    size_t bytes = f->bytes + f->entries.len - before + n * ENTRY_OVERHEAD +
                   (f->places[group].n ? 0 : labels.len + PART_OVERHEAD);
    size_t answer_bytes = f->answer_bytes + n * (labels.len + REFUSAL_BYTES);
    if (from > 0 && (bytes > max || answer_bytes > ANSWER_MAX)) {
        f->entries.len = before;
        f->n_packed = from;
        return false;
    }
    f->bytes = bytes;
    f->answer_bytes = answer_bytes;
    link_entries(f, from, group);
    return true;
}

/* ---- bodies ---- */

static void begin_body(struct loki *f)
{
    for (size_t i = 0; i < f->n_used; i++)
        f->places[f->used[i]] = (struct place){0};
    f->n_used = f->n_packed = 0;
    f->bytes = PART_OVERHEAD;
    f->answer_bytes = 0;
    buf_reset(&f->entries);
    buf_reset(&f->request);
    arena_recycle(&f->scratch);
}

static struct loki_part part_of(struct loki *f, uint32_t group)
{
    const struct place *place = &f->places[group];
    struct str *entries = arena_array(&f->scratch, struct str, place->n);
    uint32_t at = place->first;
    for (size_t i = 0; i < place->n; i++, at = f->packed[at].next)
        entries[i] = str_of(f->entries.ptr + f->packed[at].at, f->packed[at].len);
    return (struct loki_part){f->streams.labels[group], entries, place->n};
}

/* An ingester of Loki answers with what became of the last stream it was given, whatever became of those before: so
 * the one that is most likely to meet a limit of its rate comes last. */
static void put_largest_last(struct loki *f)
{
    size_t largest = 0;
    for (size_t i = 1; i < f->n_used; i++) {
        if (f->places[f->used[i]].bytes > f->places[f->used[largest]].bytes)
            largest = i;
    }
    uint32_t group = f->used[largest];
    f->used[largest] = f->used[f->n_used - 1];
    f->used[f->n_used - 1] = group;
}

static size_t loki_put(struct push_format *format, const uint32_t *rows, size_t n, size_t max,
                       struct buf *body)
{
    struct loki *f = container_of(format, struct loki, base);
    struct err err;
    begin_body(f);
    size_t taken = 0;
    while (taken < n && add_row(f, rows[taken], max))
        taken++;
    put_largest_last(f);
    struct loki_part *parts = arena_array(&f->scratch, struct loki_part, f->n_used);
    for (size_t i = 0; i < f->n_used; i++)
        parts[i] = part_of(f, f->used[i]);
    f->form->put_request(&f->request, parts, f->n_used);
    assert(!f->request.over && !f->entries.over);
    body->over |= !f->form->pack(buf_str(&f->request), body, &err);
    return taken;
}

static void loki_read(struct push_format *format, const struct push_reply *reply,
                      struct push_answer *answer)
{
    struct loki *f = container_of(format, struct loki, base);
    loki_read_answer(reply, !f->without_metadata, answer);
    if (answer->verdict == PUSH_OTHER_FORM)
        f->without_metadata = true;
}

bool loki_open(struct push_format **out, const struct loki_options *options, struct err *err)
{
    static const struct push_kind kind = {loki_begin, loki_put, loki_read, loki_close};
    if (!options->is_json && !snappy_load(err))
        return false;
    struct loki *f = mem_new(struct loki);
    defer(push_format_close) struct push_format *format = &f->base;
    f->form = options->is_json ? &loki_json : &loki_protobuf;
    f->base = (struct push_format){.kind = &kind,
                                   .path = "/loki/api/v1/push",
                                   .content_type = f->form->content_type,
                                   .content_encoding = f->form->content_encoding,
                                   .body_max = LOKI_BODY_MAX,
                                   .reply_max = ANSWER_MAX};
    f->entries.max = f->request.max = REQUEST_MAX;
    f->without_metadata = options->without_metadata;
    if (!loki_read_list(&f->list, options, &f->names, err))
        return false;
    *out = move(format);
    return true;
}
