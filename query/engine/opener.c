#include "query/engine/opener.h"

#include "base/mem.h"

/* Without looking at any line. */
static bool matches_all(const struct query *query)
{
    const struct pattern_options *o = &query->options;
    return query->patterns.n == 0 || (query->patterns.n == 1 && query->patterns.items[0].len == 0 &&
                                      !o->invert && !o->whole_word && !o->whole_line);
}

bool selector_compile(struct selector *s, const struct query *query,
                      const struct snapshot *snapshot, struct err *err)
{
    const struct filter_scope scope = {.streams = snapshot->streams,
                                       .n_streams = snapshot->n_streams};
    if (!matches_all(query) && !pattern_compile(&s->pattern, query->patterns.items,
                                                query->patterns.n, query->options, err))
        return false;
    return filter_compile(&s->filter, query->filters.items, query->filters.n, &scope, err);
}

/* ---- reading ---- */

static void name_part(const struct opener *o, size_t part, struct err *err)
{
    char name[SNAPSHOT_NAME];
    if (!o->snapshot->name || err->code != ERR_CORRUPT)
        return;
    o->snapshot->name(o->snapshot->context, o->opened.index, part, name);
    err_wrap(err, "%s", name);
}

static bool load_part(struct opener *o, size_t part, bool is_alone, struct err *err)
{
    struct block_header h;
    struct buf *bytes = &o->opened.bytes;
    size_t before = bytes->len;
    if (!o->snapshot->load(o->snapshot->context, o->opened.index, part, bytes, err))
        return false;
    if (is_alone || chunk_check(str_slice(buf_str(bytes), before, SIZE_MAX), &h, err))
        return true;
    bytes->len = before;
    name_part(o, part, err);
    return false;
}

/* Chunks of a slice that cannot be read are left out; false: nothing is left. */
static bool load_parts(struct opener *o, size_t *loaded, struct err *err)
{
    size_t parts = max_of(o->chunks, (size_t)1);
    *loaded = 0;
    buf_reset(&o->opened.bytes);
    o->opened.bytes.max = parts * CHUNK_MAX;
    for (size_t i = 0; i < parts; i++) {
        if (load_part(o, i, parts == 1, err))
            ++*loaded;
        else if (i + 1 == parts && *loaded == 0)
            return false;
        else
            summary_problem(&o->notes, "%s", err->text);
    }
    return true;
}

/* False with ERR_CORRUPT or what the load said: the block is to be skipped. */
static bool open_block(struct opener *o, struct err *err)
{
    size_t loaded;
    if (!load_parts(o, &loaded, err))
        return false;
    if (opened_decode(&o->opened, o->chunks ? loaded : 0, &o->packer, &o->selector, err))
        return true;
    name_part(o, 0, err);
    return false;
}

/* ---- all ---- */

static bool has_given_up(const struct selector *s)
{
    return s->gave_up > GAVE_UP_MAX || s->filter_gave_up > GAVE_UP_MAX;
}

void opener_set(struct opener *o, size_t index, size_t chunks, const struct selector *selector)
{
    struct pattern *pattern = o->selector.pattern;
    struct filter *filter = o->selector.filter;
    o->selector = *selector;
    if (!o->is_first) {
        o->selector.pattern = pattern;
        o->selector.filter = filter;
    }
    o->gave_up_before = selector->gave_up;
    o->filter_gave_up_before = selector->filter_gave_up;
    o->opened.index = index;
    o->chunks = chunks;
    batch_free(&o->batch);
    summary_free(&o->notes);
}

void opener_run(struct task *task)
{
    struct opener *o = container_of(task, struct opener, task);
    struct selector *s = &o->selector;
    o->good = s->filter || selector_compile(s, o->query, o->snapshot, &o->err);
    if (!o->good) {
        o->is_over = true;
        return;
    }
    filter_set_gave_up(s->filter, s->filter_gave_up);
    o->good = open_block(o, &o->err);
    s->filter_gave_up = filter_gave_up(s->filter);
    o->is_over = !o->good && (o->err.code == ERR_CANCELED || has_given_up(s));
    if (o->good && s->gathers && !s->keep_all)
        o->batch = batch_of_matches(&o->opened, s->newest);
}

void opener_free(struct opener *o)
{
    if (!o->is_first) {
        pattern_close(&o->selector.pattern);
        filter_close(&o->selector.filter);
    }
    opened_free(&o->opened);
    packer_free(&o->packer);
    batch_free(&o->batch);
    summary_free(&o->notes);
}
