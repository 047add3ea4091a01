#include "formats/block/columns_find.h"

#include "base/mem.h"
#include "formats/block/column_find.h"

/* What is known of a column that is not SAME. */
struct column_answer {
    bool is_found;
    uint8_t *found;
    struct column_pieces *pieces;
};

/* What is known of a shape. */
struct shape_answer {
    enum row_find rows; /* what is said of all, or: */
    uint64_t inside;    /* slots whose values may have the needle */
    uint64_t across;    /* slots whose values may have a piece of it */
    uint64_t watched;   /* slots of columns that are looked at in some shape */
    uint64_t tail;      /* what of the needle may stand before a cut behind it */
    bool is_last;       /* its line ends with it */
};

struct find {
    struct columns *columns;
    struct needle needle;
    struct arena *arena;
    enum row_find most; /* what is said of a row that has the needle */
    bool is_in_texts;   /* of shapes, perhaps across two */
    struct column_answer *answers;
    struct shape_answer *shapes; /* by number, also those that are no shapes */
    uint32_t *next;              /* of each column the place of the next value */
    size_t *exceptions;
    bool is_damaged;
};

bool can_find_needle(const struct sieve_needle *needle)
{
    return needle->text.len && str_find_byte(needle->text, '\n') == SIZE_MAX;
}

static void free_find(struct find *f)
{
    needle_free(&f->needle);
}

/* ---- columns ---- */

static struct column *own_column(const struct find *f, size_t column)
{
    struct column *c = &f->columns->columns[column];
    return c->kind == COLUMN_SAME ? c->same : c;
}

static struct column_answer *answer_of(struct find *f, const struct column *own)
{
    return &f->answers[own - f->columns->columns];
}

static const uint8_t *found_in(struct find *f, size_t column)
{
    struct column *own = own_column(f, column);
    struct column_answer *a = answer_of(f, own);
    if (!a->is_found && own->n)
        f->is_damaged |= !column_find(f->columns, own, &f->needle, f->arena, &a->found);
    a->is_found = true;
    return a->found;
}

static const struct column_pieces *pieces_of(struct find *f, size_t column)
{
    struct column *own = own_column(f, column);
    struct column_answer *a = answer_of(f, own);
    if (!a->pieces) {
        a->pieces = arena_new(f->arena, struct column_pieces);
        f->is_damaged |= !column_find_pieces(f->columns, own, &f->needle, a->pieces);
    }
    return a->pieces;
}

/* ---- shapes ---- */

/* A shape as texts with a slot behind each but the last. */
static size_t text_bytes(const struct find *f, const struct columns_shape *s, size_t k)
{
    return k < s->n_slots ? f->columns->slots[s->slots + k].text : s->rest;
}

/* Whether the needle is in one of the texts. */
static bool is_in_text(const struct find *f, const struct columns_shape *s)
{
    const char *text = s->text;
    for (size_t k = 0; k <= s->n_slots; k++) {
        if (literal_find(&f->needle.literal, str_of(text, text_bytes(f, s, k)), 0) != SIZE_MAX)
            return true;
        text += text_bytes(f, s, k);
    }
    return false;
}

/* Places at which a value may end, by the text that is behind it. */
static uint64_t places_before(const struct find *f, struct str text, bool is_end)
{
    const struct needle *needle = &f->needle;
    uint64_t all = low_places(needle->n - 1), places = 0;
    if (text.len == 0)
        return is_end ? 0 : all;
    uint64_t left = needle->places[(unsigned char)text.ptr[0]] >> 1 & all;
    for (; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        size_t n = min_of(text.len, (size_t)needle->n - i - 1);
        bool is_over = n == needle->n - i - 1 || !is_end;
        places |= (uint64_t)(is_over && is_needle_piece(needle, i + 1, str_slice(text, 0, n))) << i;
    }
    return places;
}

/* Through a slot. True: the needle may end in it. */
static bool pass_slot(struct find *f, struct shape_answer *a, size_t k, size_t column,
                      uint64_t wanted, uint64_t *set)
{
    uint64_t now = *set, next = 0;
    *set = 0;
    if (!now && !wanted)
        return false;
    const struct column_pieces *p = pieces_of(f, column);
    next = p->ends & wanted;
    for (uint64_t left = now; left; left &= left - 1)
        next |= p->wholes[__builtin_ctzll(left)] & wanted;
    if (next || (now & p->starts))
        a->across |= UINT64_C(1) << k;
    *set = next;
    return now & p->starts;
}

/* Whether the needle may stand across values and texts; .across are the slots that have to do with it. */
static bool may_stand_across(struct find *f, const struct columns_shape *s, bool is_cut,
                             struct shape_answer *a)
{
    const char *text = s->text;
    uint64_t set = 0;
    bool may = false, is_end = !is_cut; /* 2 */
    for (size_t k = 0; k < s->n_slots; k++) {
        size_t n = text_bytes(f, s, k);
        may |= needle_go_on(&f->needle, str_of(text, n), &set);
        text += n;
        uint64_t wanted =
            places_before(f, str_of(text, text_bytes(f, s, k + 1)), is_end && k + 1 == s->n_slots);
        may |= pass_slot(f, a, k, f->columns->slots[s->slots + k].column, wanted, &set);
    }
    may |= needle_go_on(&f->needle, str_of(text, s->rest), &set);
    a->tail = is_end ? 0 : set;
    return may;
}

static void ask_shape(struct find *f, size_t shape, struct shape_answer *a)
{
    const struct columns_shape *s = columns_shape_at(f->columns, shape);
    if (f->is_in_texts && is_in_text(f, s)) {
        a->rows = f->most;
        return;
    }
    for (size_t k = 0; k < s->n_slots; k++)
        a->inside |= (uint64_t)(found_in(f, f->columns->slots[s->slots + k].column) != NULL) << k;
    if (!may_stand_across(f, s, columns_is_cut(f->columns, shape), a))
        a->across = 0;
}

/* What has no shape is one value of column 0. */
static void ask_rest(struct find *f)
{
    const struct columns *c = f->columns;
    bool any = c->counts[0] + c->counts[1] && found_in(f, 0);
    f->shapes[0].inside = f->shapes[1].inside = any;
    f->shapes[1].tail = c->counts[1] ? pieces_of(f, 0)->ends : 0;
}

/* True: some row may have it. */
static bool ask_shapes(struct find *f)
{
    const struct columns *c = f->columns;
    bool any = false;
    f->is_in_texts = literal_find(&f->needle.literal, c->text, 0) != SIZE_MAX;
    ask_rest(f);
    for (size_t i = 0; i < c->n_shapes + COLUMNS_FIRST_SHAPE; i++) {
        struct shape_answer *a = &f->shapes[i];
        if (i >= COLUMNS_FIRST_SHAPE && c->counts[i])
            ask_shape(f, i, a);
        any |= c->counts[i] && (a->rows || a->inside || a->across || a->tail);
    }
    return any;
}

/* ---- rows ---- */

static uint32_t column_of(const struct columns *c, size_t shape, size_t slot)
{
    const struct columns_shape *s = columns_shape_at(c, shape);
    return s ? c->slots[s->slots + slot].column : 0;
}

/* Loads the columns that are looked at, and notes where their values are passed. */
static void watch_columns(struct find *f)
{
    const struct columns *c = f->columns;
    bool *is_watched = arena_array(f->arena, bool, c->n_columns);
    for (size_t i = 0; i < c->n_shapes + COLUMNS_FIRST_SHAPE; i++)
        for (uint64_t left = f->shapes[i].inside | f->shapes[i].across; left; left &= left - 1)
            is_watched[column_of(c, i, (size_t)__builtin_ctzll(left))] = true;
    for (size_t i = 0; i < c->n_columns; i++)
        f->is_damaged |= is_watched[i] && !columns_load(f->columns, i);
    f->shapes[0].watched = f->shapes[1].watched = is_watched[0];
    for (size_t i = 0; i < c->n_shapes + COLUMNS_FIRST_SHAPE; i++) {
        const struct columns_shape *s = columns_shape_at(c, i);
        f->shapes[i].is_last = columns_ends_line(c, i);
        for (size_t k = 0; s && k < s->n_slots; k++)
            f->shapes[i].watched |= (uint64_t)is_watched[c->slots[s->slots + k].column] << k;
    }
}

static bool is_inside(const struct find *f, size_t column, uint32_t place)
{
    const struct column *own = own_column(f, column);
    const uint8_t *found = f->answers[own - f->columns->columns].found;
    return found && found[own->kind == COLUMN_DICT ? own->ids[place] : place];
}

/* Through a value, of which only the ends are of interest. */
static bool pass_value(const struct find *f, size_t column, uint32_t place, uint64_t *set)
{
    char room[COLUMN_PRINTED_MAX];
    struct str text = column_text(own_column(f, column), place, &f->exceptions[column], room);
    if (text.len <= (size_t)2 * NEEDLE_MAX)
        return needle_pass(&f->needle, text, set);
    if (needle_pass(&f->needle, str_slice(text, 0, NEEDLE_MAX), set))
        return true;
    *set = 0;
    return needle_pass(&f->needle, str_slice(text, text.len - NEEDLE_MAX, NEEDLE_MAX), set);
}

static bool is_across(const struct find *f, size_t shape, const uint32_t *places)
{
    const struct shape_answer *a = &f->shapes[shape];
    const struct columns_shape *s = columns_shape_at(f->columns, shape);
    const char *text = s->text;
    uint64_t set = 0;
    for (size_t k = 0; k < s->n_slots; k++) {
        size_t n = text_bytes(f, s, k);
        if (needle_pass(&f->needle, str_of(text, n), &set))
            return true;
        text += n;
        if (!(a->across >> k & 1))
            set = 0;
        else if (pass_value(f, column_of(f->columns, shape, k), places[k], &set))
            return true;
    }
    return needle_pass(&f->needle, str_of(text, s->rest), &set);
}

static bool has_needle(const struct find *f, size_t shape, const uint32_t *places)
{
    const struct shape_answer *a = &f->shapes[shape];
    for (uint64_t left = a->inside; left; left &= left - 1) {
        size_t k = (size_t)__builtin_ctzll(left);
        if (is_inside(f, column_of(f->columns, shape, k), places[k]))
            return true;
    }
    return a->across && is_across(f, shape, places);
}

/* Over the next segment. */
static enum row_find ask_segment(struct find *f, size_t shape)
{
    const struct shape_answer *a = &f->shapes[shape];
    if (!a->watched)
        return a->rows;
    uint32_t places[SHAPE_SLOTS_MAX];
    for (uint64_t left = a->watched; left; left &= left - 1) {
        size_t k = (size_t)__builtin_ctzll(left);
        places[k] = f->next[column_of(f->columns, shape, k)]++;
    }
    return (a->inside || a->across) && has_needle(f, shape, places) ? f->most : a->rows;
}

/* Whether a value of the column may begin with what is behind the places. */
static bool may_begin(struct find *f, size_t column, uint64_t set)
{
    const struct column_pieces *p = pieces_of(f, column);
    bool may = set & p->starts;
    for (; set && !may; set &= set - 1)
        may = p->wholes[__builtin_ctzll(set)];
    return may;
}

/* Whether what stands before a cut may go on in the next segment, as far as its front says it. */
static bool may_go_on(struct find *f, uint64_t set, size_t shape)
{
    const struct columns *c = f->columns;
    const struct columns_shape *s = columns_shape_at(c, shape);
    if (!s)
        return may_begin(f, 0, set);
    for (size_t i = 0; i < text_bytes(f, s, 0) && set; i++) {
        set = set << 1 & f->needle.places[(unsigned char)s->text[i]];
        if (set >> (f->needle.n - 1) & 1)
            return true;
    }
    return set && (s->n_slots ? may_begin(f, column_of(c, shape, 0), set) : !s->is_last);
}

static void ask_rows(struct find *f, uint8_t *rows)
{
    const struct columns *c = f->columns;
    uint64_t tail = 0;
    for (size_t i = 0, row = 0; i < c->n_segments; i++) {
        size_t shape = columns_shape_of(c, i);
        const struct shape_answer *a = &f->shapes[shape];
        unsigned found = ask_segment(f, shape),
                 cut = tail && may_go_on(f, tail, shape) ? ROW_MAYBE : 0;
        rows[row] = (uint8_t)max_of(max_of(found, cut), (unsigned)rows[row]);
        row += a->is_last;
        tail = a->tail;
    }
}

bool columns_find(struct columns *c, const struct sieve_needle *needle, struct arena *arena,
                  uint8_t *rows, struct err *err)
{
    defer(free_find) struct find f = {
        .columns = c,
        .arena = arena,
        .most = needle->text.len > NEEDLE_MAX ? ROW_MAYBE : ROW_HAS,
        .answers = arena_array(arena, struct column_answer, c->n_columns),
        .shapes = arena_array(arena, struct shape_answer, c->n_shapes + COLUMNS_FIRST_SHAPE),
        .next = arena_array(arena, uint32_t, c->n_columns),
        .exceptions = arena_array(arena, size_t, c->n_columns)};
    needle_init(&f.needle, needle->text, needle->ignore_case);
    bool any = ask_shapes(&f);
    if (any && !f.is_damaged)
        watch_columns(&f);
    if (any && !f.is_damaged)
        ask_rows(&f, rows);
    return !f.is_damaged || err_set(err, ERR_CORRUPT, "columns: a column is damaged");
}
