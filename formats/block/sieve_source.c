#include "formats/block/sieve_source.h"

#include "base/mem.h"
#include "formats/block/sieve_parts.h"

/* ---- values ---- */

void source_each(const struct sieve_source *s, void (*take)(void *context, struct str text),
                 void *context)
{
    char room[COLUMN_PRINTED_MAX];
    const struct column *c = s->column;
    for (size_t i = 0; i < s->n_texts; i++)
        take(context, s->texts[i]);
    if (!c)
        return;
    size_t exception = 0;
    for (size_t i = 0; i < c->n && c->kind == COLUMN_TEXT; i++)
        take(context, str_of(c->content.ptr + c->values[i], c->values[i + 1] - c->values[i]));
    bool is_looked_at = has_own_text(c);
    for (size_t i = 0; i < c->n_exceptions; i++)
        take(context, c->exceptions[i].value);
    for (size_t i = 0; i < c->n && is_looked_at; i++) {
        char *end = column_print(c, i, &exception, room, room + sizeof room);
        if (end) /* else it is an exception */
            take(context, str_of(room, (size_t)(end - room)));
    }
}

static void count_text(void *context, struct str text)
{
    count_words(text, context);
}

static bool is_odd(const struct sieve_source *s)
{
    const size_t few = 4 << 10;
    struct word_count counted = {0};
    if (!has_long_words(&s->stamp))
        return false;
    source_each(s, count_text, &counted);
    return counted.in_ids > max_of(counted.bytes / 2, few);
}

void source_stamp(struct sieve_source *s)
{
    s->stamp = s->column ? stamp_of_column(s->column) : stamp_of_text(s->texts[0]);
    for (size_t i = 1; i < s->n_texts; i++) {
        struct stamp one = stamp_of_text(s->texts[i]);
        stamp_join(&s->stamp, &one);
    }
    s->stamp.is_odd = is_odd(s);
}

bool has_source_grams(const struct sieve_source *s, size_t window_bytes)
{
    enum {
        OF_IDS = 1 << STAMP_DIGITS | 1 << STAMP_LOW_HEX | 1 << STAMP_UP_HEX | 1 << STAMP_HYPHEN
    };
    return s->stamp.most >= window_bytes && s->stamp.classes & ~OF_IDS;
}

bool has_source_ids(const struct sieve_source *s)
{
    bool may_be_uuid = s->stamp.classes & 1 << STAMP_HYPHEN && s->stamp.most >= UUID_MIDDLE;
    return s->stamp.run >= SHORT_ID || may_be_uuid;
}

/* Without the index of a dictionary, which says nothing more. */
bool source_of_column(struct sieve_source *source, struct columns *c, size_t column)
{
    struct column *own = &c->columns[column];
    own = own->kind == COLUMN_SAME ? own->same : own;
    own = own->kind == COLUMN_DICT ? own->distinct : own;
    *source = (struct sieve_source){.column = own};
    return column_load(own, &c->room, &c->reader);
}

/* ---- lines ---- */

struct sieve_source source_of_lines(const struct block *block, struct arena *arena)
{
    struct sieve_source s = {.n_texts = block->header.records};
    s.texts = arena_array(arena, struct str, s.n_texts);
    for (size_t i = 0; i < s.n_texts; i++)
        s.texts[i] = block->records[i].line;
    return s;
}

/* Lines that were cut where there is no newline: a needle may stand there. */
static size_t list_cut_rows(const struct columns *c, uint32_t *rows)
{
    size_t n = 0, row = 0;
    bool is_cut = false;
    for (size_t i = 0; i < c->n_segments; i++) {
        size_t shape = columns_shape_of(c, i);
        is_cut |= columns_is_cut(c, shape);
        if (!columns_ends_line(c, shape))
            continue;
        if (is_cut)
            rows[n++] = (uint32_t)row;
        row++;
        is_cut = false;
    }
    return n;
}

/* Prints the next line, and tells where its segments end but for the last. NULL: it is damaged. */
static char *print_line(struct columns_cursor *cursor, struct buf *ends, char *to, const char *end)
{
    char *at = to;
    buf_reset(ends);
    for (bool is_last = false; !is_last && at;) {
        at = columns_next_segment(cursor, &is_last, at, end);
        uint32_t place = at ? (uint32_t)(at - to) : 0;
        if (!is_last)
            buf_add(ends, str_of(&place, sizeof place));
    }
    return at;
}

struct cuts {
    struct str *items; /* texts are in the arena */
    size_t n, capacity;
};

static void free_cuts(struct cuts *cuts)
{
    mem_free(&cuts->items);
}

/* What is so near to a cut that a needle across it may have it. */
static void add_cuts(struct cuts *cuts, struct str line, struct str ends, struct arena *arena)
{
    for (size_t i = 0; i < ends.len; i += sizeof(uint32_t)) {
        uint32_t cut;
        memcpy(&cut, ends.ptr + i, sizeof cut);
        if (line.ptr[cut - 1] == '\n')
            continue;
        size_t from = cut > NEEDLE_MAX ? cut - NEEDLE_MAX : 0;
        mem_grow(cuts->items, cuts->n, cuts->capacity);
        cuts->items[cuts->n++] = arena_copy(arena, str_slice(line, from, cut - from + NEEDLE_MAX));
    }
}

bool source_of_cuts(struct sieve_source *source, struct columns *c, struct arena *arena)
{
    defer(free_cuts) struct cuts cuts = {0};
    defer(buf_free) struct buf room = {.max = RECORD_LINE_MAX}, ends = {0};
    uint32_t *rows = arena_array(arena, uint32_t, c->rows);
    struct columns_cursor cursor;
    size_t n = list_cut_rows(c, rows);
    char *to = n ? buf_reserve(&room, RECORD_LINE_MAX) : NULL;
    columns_begin(&cursor, c);
    for (size_t i = 0; i < n; i++) {
        columns_skip(&cursor, rows[i] - cursor.row);
        const char *end = print_line(&cursor, &ends, to, to + RECORD_LINE_MAX);
        if (!end)
            return false;
        add_cuts(&cuts, str_of(to, (size_t)(end - to)), buf_str(&ends), arena);
    }
    *source =
        (struct sieve_source){.texts = arena_array(arena, struct str, cuts.n), .n_texts = cuts.n};
    if (cuts.n)
        memcpy(source->texts, cuts.items, cuts.n * sizeof *cuts.items);
    return true;
}
