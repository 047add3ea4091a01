#include "query/file_snapshot.h"

#include "base/file.h"
#include "base/mem.h"
#include "query/file_streams.h"

#include <stdlib.h>

enum {
    FULL_BYTES = 512 << 10, /* of the lines of a block */
    WAITING_MAX = 16384,    /* records of a block */
};

struct source {
    struct import_file file; /* first: they are sorted by it */
    struct labels labels;
};

struct kept_block {
    struct snapshot_block summary;
    uint32_t length;
    char *bytes;     /* owned; NULL: it is in the file without a name */
    uint64_t offset; /* there */
};

/* Records of a file of text, of which nothing is known yet but their lines. */
struct waiting {
    struct buf lines;
    struct record *records; /* without .line.ptr; in the arena */
    uint8_t *lanes;
    size_t n;
    struct text_facts facts;              /* of the file */
    struct filled_stream *streams[LANES]; /* of the file; NULL: it has none yet */
};

struct file_snapshot {
    struct file_search search;
    struct arena arena;
    struct snapshot snapshot;
    struct multiline *rule;
    struct import_rules rules;
    struct pattern *pattern; /* that must be in a block; NULL: nothing must */
    struct source *sources;  /* those that can be opened */
    size_t n_sources;
    struct filled_streams streams;
    struct file_streams streams_of_file; /* that is read */
    struct waiting waiting;
    bool needs_facts; /* times and levels */
    struct block_filler filler;
    struct hash128 origin; /* of the file */
    uint64_t sequence;
    struct buf block;
    struct kept_block *blocks;
    size_t n_blocks, capacity;
    size_t first;       /* of the blocks that a snapshot shows */
    size_t in_memory;   /* bytes */
    struct file beside; /* blocks that are not */
    uint64_t beside_bytes;
    bool is_enough, has_failed; /* both end the reading */
    struct summary seen;
};

/* ---- what the engine asks ---- */

static struct snapshot_block block_of(void *context, size_t i)
{
    const struct file_snapshot *f = context;
    return f->blocks[f->first + i].summary;
}

static bool load(void *context, size_t i, size_t part, struct buf *out, struct err *err)
{
    (void)part;
    size_t got;
    const struct file_snapshot *f = context;
    const struct kept_block *b = &f->blocks[f->first + i];
    char *to = buf_reserve(out, b->length);
    if (!to)
        return err_set(err, ERR_LIMIT, "no room for a block");
    if (b->bytes)
        memcpy(to, b->bytes, b->length);
    else if (!file_read_at(&f->beside, b->offset, to, b->length, &got, err))
        return err_wrap(err, "the file for what does not fit into memory");
    else if (got < b->length)
        return err_set(err, ERR_CORRUPT, "the file for what does not fit into memory was cut");
    out->len += b->length;
    return true;
}

/* ---- blocks ---- */

static bool write_beside(struct file_snapshot *f, struct kept_block *b, struct err *err)
{
    b->offset = f->beside_bytes;
    f->beside_bytes += b->length;
    if ((is_file_open(&f->beside) || file_open_temporary(&f->beside, err)) &&
        file_write_at(&f->beside, b->offset, buf_str(&f->block), err))
        return true;
    return err_wrap(err, "no room for what does not fit into collector.limits.query_memory (TMPDIR "
                         "names another folder)");
}

static bool keep(struct file_snapshot *f, const struct block_header *h, struct err *err)
{
    struct kept_block b = {.length = (uint32_t)f->block.len,
                           .summary = {.origin = h->origin,
                                       .records = h->records,
                                       .least_order_ns = h->least_order_ns,
                                       .greatest_order_ns = h->greatest_order_ns,
                                       .least_event_ns = h->least_event_ns,
                                       .greatest_event_ns = h->greatest_event_ns}};
    if (f->in_memory + b.length <= f->search.memory) {
        b.bytes = mem_alloc_raw(b.length);
        memcpy(b.bytes, f->block.ptr, b.length);
        f->in_memory += b.length;
    } else if (!write_beside(f, &b, err)) {
        return false;
    }
    mem_grow(f->blocks, f->n_blocks, f->capacity);
    f->blocks[f->n_blocks++] = b;
    return true;
}

static bool can_match(const struct file_snapshot *f, struct str lines)
{
    return !f->pattern || pattern_may_match(f->pattern, lines);
}

static void count_passed(struct file_snapshot *f, size_t records, size_t line_bytes)
{
    f->seen.blocks_read += records > 0;
    f->seen.records += records;
    f->seen.bytes += line_bytes;
}

static bool is_in_time(const struct query *q, const struct block_header *h)
{
    return (q->since_ns == TIME_NONE || h->greatest_event_ns >= q->since_ns) &&
           (q->until_ns == TIME_NONE || h->least_event_ns < q->until_ns);
}

static bool ask_enough(struct file_snapshot *f)
{
    struct snapshot one = {.context = f, .n_blocks = 1, .block = block_of, .load = load};
    f->first = f->n_blocks - 1;
    bool is_enough = f->search.is_enough && f->search.is_enough(f->search.context, &one);
    f->first = 0;
    return is_enough;
}

static bool keep_block(struct file_snapshot *f, struct err *err)
{
    struct block_header h;
    buf_reset(&f->block);
    if (!block_filler_finish(&f->filler, f->origin, ++f->sequence, &f->block, err) ||
        !block_peek(buf_str(&f->block), &h, err))
        return false;
    if (!is_in_time(f->search.query, &h))
        return true;
    if (!keep(f, &h, err))
        return false;
    f->is_enough = ask_enough(f);
    return true;
}

/* Of what is in the filler, if there is something. */
static bool end_block(struct file_snapshot *f, struct err *err)
{
    const struct block_builder *b = &f->filler.builder;
    if (can_match(f, buf_str(&b->lines)))
        f->has_failed = b->n_records > 0 && !keep_block(f, err);
    else
        count_passed(f, b->n_records, b->lines.len);
    block_filler_reset(&f->filler);
    if (f->is_enough)
        return err_set(err, ERR_CANCELED, "enough was read");
    return !f->has_failed;
}

/* ---- records ---- */

/* So that sums of times cannot overflow. */
static int64_t clamp_time(int64_t ns)
{
    return max_of(INT64_MIN + NS_PER_DAY, min_of(ns, INT64_MAX - NS_PER_DAY));
}

static bool add(struct file_snapshot *f, struct filled_stream *stream, struct record *record,
                struct err *err)
{
    record->event_ns = clamp_time(record->event_ns);
    record->order_ns = order_time(stream->order_ns, record->event_ns);
    if (block_filler_is_full(&f->filler, FULL_BYTES) && !end_block(f, err))
        return false;
    if (block_filler_add(&f->filler, stream, record))
        return true;
    if (!end_block(f, err))
        return false;
    return block_filler_add(&f->filler, stream, record)
               ? true
               : err_set(err, ERR_LIMIT, "a record is larger than a block");
}

/* ---- records of text ---- */

/* Invariant 6. */
static void pass_waiting(struct file_snapshot *f)
{
    struct waiting *w = &f->waiting;
    count_passed(f, w->n, w->lines.len);
    if (!f->needs_facts)
        return;
    text_facts_pass(&w->facts, w->records, w->lanes, w->n);
    for (size_t i = 0; i < LANES; i++) {
        struct filled_stream *s = w->streams[i];
        if (s)
            s->order_ns =
                order_time(s->order_ns, clamp_time(text_facts_time(&w->facts, (enum lane)i)));
    }
}

static bool add_waiting(struct file_snapshot *f, struct err *err)
{
    struct waiting *w = &f->waiting;
    for (size_t i = 0; i < w->n; i++) {
        enum lane lane = w->lanes[i];
        if (f->needs_facts)
            text_facts_find(&w->facts, lane, &w->records[i]);
        else
            w->records[i].event_ns = w->facts.usual_ns;
        if (!add(f, w->streams[lane], &w->records[i], err))
            return false;
    }
    return end_block(f, err);
}

static bool end_waiting(struct file_snapshot *f, struct err *err)
{
    struct waiting *w = &f->waiting;
    const char *at = w->lines.ptr;
    bool done = true;
    if (w->n == 0)
        return true;
    for (size_t i = 0; i < w->n; at += w->records[i++].line.len)
        w->records[i].line.ptr = at;
    if (can_match(f, buf_str(&w->lines)))
        done = add_waiting(f, err);
    else
        pass_waiting(f);
    w->n = 0;
    buf_reset(&w->lines);
    return done;
}

static bool take_text(struct file_snapshot *f, struct filled_stream *stream,
                      const struct import_record *r, struct err *err)
{
    struct waiting *w = &f->waiting;
    if ((w->lines.len >= FULL_BYTES || w->n == WAITING_MAX) && !end_waiting(f, err))
        return false;
    w->streams[r->lane] = stream;
    w->lanes[w->n] = (uint8_t)r->lane;
    w->records[w->n++] = r->record;
    buf_add(&w->lines, r->record.line);
    return true;
}

static bool take(void *context, const struct import_record *r, struct err *err)
{
    struct file_snapshot *f = context;
    struct record record = r->record;
    struct filled_stream *stream = file_stream_of(&f->streams_of_file, r, err);
    if (!stream)
        return false;
    return f->streams_of_file.is_export ? add(f, stream, &record, err)
                                        : take_text(f, stream, r, err);
}

/* ---- files ---- */

static void open_source(struct file_snapshot *f, struct str path, const struct file_names *names)
{
    struct err err;
    struct source *s = &f->sources[f->n_sources];
    bool is_stdin = str_equal(path, STR("-"));
    if (import_file_peek(&s->file, is_stdin ? NULL : path.ptr, &f->rules, &err) &&
        file_labels_of(&s->labels, &s->file, names, &f->arena, &err)) {
        f->n_sources++;
        return;
    }
    import_file_close(&s->file);
    summary_problem(&f->seen, "%s", err.text);
}

static bool open_sources(struct file_snapshot *f, struct err *err)
{
    const struct str_list *paths = f->search.paths;
    const struct file_names names = {.more = &f->search.config->labels};
    f->sources = arena_array(&f->arena, struct source, paths->n);
    file_raise_limit();
    for (size_t i = 0; i < paths->n; i++)
        open_source(f, paths->items[i], &names);
    if (f->n_sources == 0)
        return err_set(err, ERR_INPUT, "%.*s%s", STR_ARG(f->seen.problems[0]),
                       paths->n > 1 ? "; nor can any other be read" : "");
    qsort(f->sources, f->n_sources, sizeof *f->sources, import_file_by_time);
    return true;
}

static bool read_source(struct file_snapshot *f, struct source *s, struct err *err)
{
    f->streams_of_file = (struct file_streams){
        .all = &f->streams, .labels = &s->labels, .is_export = s->file.is_export};
    import_file_facts(&s->file, &f->rules, &f->waiting.facts);
    memset(f->waiting.streams, 0, sizeof f->waiting.streams);
    f->origin = stream_id(&s->labels);
    bool done = import_file_read(&s->file, &f->rules, take, f, err);
    if (!f->has_failed && !f->is_enough)
        done = end_waiting(f, err) && end_block(f, err) && done;
    import_file_close(&s->file);
    if (!done && !f->has_failed && !f->is_enough)
        summary_problem(&f->seen, "%s", err->text);
    return !f->has_failed;
}

static bool read_all(struct file_snapshot *f, struct err *err)
{
    for (size_t i = 0; i < f->n_sources && !f->is_enough; i++)
        if (!read_source(f, &f->sources[i], err))
            return false;
    return true;
}

/* ---- the whole ---- */

/* What is wrong with a query is said before anything is read. */
static bool check(struct file_snapshot *f, struct err *err)
{
    const struct query *q = f->search.query;
    const struct filter_scope anything = {0};
    struct filter *filter;
    if (!query_check(q, err) ||
        !filter_compile(&filter, q->filters.items, q->filters.n, &anything, err))
        return false;
    filter_close(&filter);
    return q->patterns.n == 0 || q->before || q->after ||
           pattern_compile(&f->pattern, q->patterns.items, q->patterns.n, q->options, err);
}

static bool needs_facts(const struct query *q)
{
    bool is_of_records = q->want == WANT_RECORDS || q->want == WANT_TALLIES;
    return is_of_records || q->filters.n || q->since_ns != TIME_NONE || q->until_ns != TIME_NONE;
}

static void list_streams(struct file_snapshot *f)
{
    const struct labels **list = arena_array(&f->arena, const struct labels *, f->streams.by_id.n);
    map_each (&f->streams.by_id, entry)
        list[f->snapshot.n_streams++] = &((const struct filled_stream *)entry->value)->labels;
    f->snapshot.streams = list;
}

bool file_snapshot_open(struct file_snapshot **out, const struct file_search *search,
                        struct err *err)
{
    defer(file_snapshot_close) struct file_snapshot *f = mem_new(struct file_snapshot);
    f->search = *search;
    f->block.max = BLOCK_MAX;
    f->filler.builder.is_plain = true; /* read once or twice */
    if (!check(f, err) || !multiline_open(&f->rule, STR("auto"), err))
        return false;
    f->rules = (struct import_rules){.rule = f->rule, .zone = search->zone, .without_facts = true};
    f->needs_facts = needs_facts(search->query);
    f->waiting.records = arena_array(&f->arena, struct record, WAITING_MAX);
    f->waiting.lanes = arena_array(&f->arena, uint8_t, WAITING_MAX);
    if (!open_sources(f, err) || !read_all(f, err))
        return false;
    f->snapshot =
        (struct snapshot){.context = f, .n_blocks = f->n_blocks, .block = block_of, .load = load};
    list_streams(f);
    *out = move(f);
    return true;
}

void file_snapshot_close(struct file_snapshot **address)
{
    struct file_snapshot *f = *address;
    if (!f)
        return;
    for (size_t i = 0; i < f->n_sources; i++)
        import_file_close(&f->sources[i].file);
    for (size_t i = 0; i < f->n_blocks; i++)
        mem_free(&f->blocks[i].bytes);
    mem_free(&f->blocks);
    file_close(&f->beside);
    block_filler_free(&f->filler);
    filled_streams_free(&f->streams);
    buf_free(&f->waiting.lines);
    buf_free(&f->block);
    pattern_close(&f->pattern);
    multiline_close(&f->rule);
    summary_free(&f->seen);
    arena_free(&f->arena);
    mem_free(address);
}

const struct snapshot *file_snapshot_of(const struct file_snapshot *f)
{
    return &f->snapshot;
}

void file_snapshot_note(const struct file_snapshot *f, struct summary *summary)
{
    summary->blocks_read += f->seen.blocks_read;
    summary->records += f->seen.records;
    summary->bytes += f->seen.bytes;
    for (size_t i = 0; i < f->seen.n_problems; i++)
        summary_problem(summary, "%.*s", STR_ARG(f->seen.problems[i]));
    summary->more_problems += f->seen.more_problems;
}
