#include "formats/block/shape.h"

#include "base/ascii.h"
#include "base/hash.h"
#include "base/mem.h"
#include "formats/block/token.h"

enum { TABLE_MIN = 1024, STEPS_MAX = 400 };

static void table_clear(struct hash_table *t)
{
    if (t->slots)
        memset(t->slots, 0, t->size * sizeof *t->slots);
}

/* Room for one more than n items, each of so many bytes, that begin with their hash. */
static void table_reserve(struct hash_table *t, const void *items, size_t n, size_t bytes)
{
    if (n * 2 < t->size)
        return;
    mem_free(&t->slots);
    t->size = t->size ? t->size * 2 : TABLE_MIN;
    t->slots = mem_array(uint32_t, t->size);
    for (size_t i = 0; i < n; i++) {
        uint64_t hash;
        memcpy(&hash, (const char *)items + i * bytes, sizeof hash);
        size_t at = hash & (t->size - 1);
        while (t->slots[at])
            at = (at + 1) & (t->size - 1);
        t->slots[at] = (uint32_t)i + 1;
    }
}

void shapes_free(struct shapes *s)
{
    mem_free(&s->items), mem_free(&s->slots), mem_free(&s->nodes), mem_free(&s->by_hash.slots);
    mem_free(&s->names), mem_free(&s->tokens), mem_free(&s->by_name.slots);
    mem_free(&s->segments), mem_free(&s->starts), mem_free(&s->values);
    buf_free(&s->text);
    *s = (struct shapes){0};
}

void shapes_reset(struct shapes *s, struct str lines)
{
    s->lines = lines;
    s->n = s->n_slots = s->n_columns = s->n_segments = s->n_values = s->n_missed = s->n_rest = 0;
    s->n_nodes = 0;
    s->is_full = false;
    buf_reset(&s->text);
    s->text.max = lines.len + 1;
    buf_reserve(&s->text, 1); /* a place for texts of no bytes */
    table_clear(&s->by_hash);
    table_clear(&s->by_name);
}

/* ---- columns by name ---- */

static bool is_word(char c)
{
    return is_letter(c) || c == '_' || (unsigned char)c > 127;
}

/* The name of a slot behind this static text; without a word in it, of the slot before it too. */
static uint64_t name_behind(struct str text, uint64_t before)
{
    bool has_word = false;
    for (size_t i = 0; i < text.len && !has_word; i++)
        has_word = is_word(text.ptr[i]);
    return hash64(text) ^ (has_word ? 0 : before * UINT64_C(0x9e3779b97f4a7c15) + 1);
}

static uint32_t column_named(struct shapes *s, uint64_t name, uint8_t kind)
{
    struct hash_table *t = &s->by_name;
    table_reserve(t, s->names, s->n_columns, sizeof *s->names);
    size_t at = name & (t->size - 1);
    for (; t->slots[at]; at = (at + 1) & (t->size - 1))
        if (s->names[t->slots[at] - 1] == name)
            return t->slots[at] - 1;
    if (s->n_columns == s->columns_capacity) {
        mem_grow(s->names, s->n_columns, s->columns_capacity);
        s->tokens = mem_resize_raw(s->tokens, s->columns_capacity);
    }
    s->names[s->n_columns] = name;
    s->tokens[s->n_columns] = kind;
    t->slots[at] = (uint32_t)++s->n_columns;
    return t->slots[at] - 1;
}

/* ---- shapes ---- */

static struct str shape_text(const struct shapes *s, const struct shape *shape)
{
    return str_of(s->text.ptr + shape->text, shape->text_bytes);
}

static bool is_shape_of(const struct shapes *s, const struct shape *shape,
                        const struct shape_cut *c)
{
    if (shape->n_slots != c->n_slots || shape->is_last != c->is_last ||
        !str_equal(shape_text(s, shape), str_of(c->text, c->text_bytes)))
        return false;
    for (size_t i = 0; i < c->n_slots; i++)
        if (s->slots[shape->slots + i].text != c->before[i])
            return false;
    return true;
}

static void add_slots(struct shapes *s, const struct shape_cut *c)
{
    uint64_t name = 0;
    struct str text = str_of(c->text, c->text_bytes);
    for (size_t i = 0; i < c->n_slots; i++) {
        name = name_behind(str_slice(text, 0, c->before[i]), name) + c->kinds[i];
        text = str_slice(text, c->before[i], SIZE_MAX);
        mem_grow(s->slots, s->n_slots, s->slots_capacity);
        s->slots[s->n_slots++] = (struct shape_slot){.column = column_named(s, name, c->kinds[i]),
                                                     .text = c->before[i],
                                                     .kind = c->kinds[i]};
    }
}

static uint32_t add_node(struct shapes *s, uint32_t parent, const struct shape_node *node)
{
    mem_grow(s->nodes, s->n_nodes, s->nodes_capacity);
    struct shape_node *added = &s->nodes[s->n_nodes];
    *added = *node;
    memset(&added->mask, 0xff, min_of((size_t)node->text_bytes, sizeof added->mask));
    memcpy(&added->head, s->text.ptr + node->text,
           min_of((size_t)node->text_bytes, sizeof added->head));
    if (node->text_bytes > sizeof added->tail)
        memcpy(&added->tail, s->text.ptr + node->text + node->text_bytes - sizeof added->tail,
               sizeof added->tail);
    added->next = s->nodes[parent].child;
    return s->nodes[parent].child = (uint32_t)s->n_nodes++;
}

static uint32_t child_of(const struct shapes *s, uint32_t parent, const struct shape_node *like)
{
    struct str text = str_of(s->text.ptr + like->text, like->text_bytes);
    uint32_t at = s->nodes[parent].child;
    for (unsigned steps = 0; at; at = s->nodes[at].next) {
        if (++steps > STEPS_MAX)
            return 0; /* another one like it does no harm */
        const struct shape_node *n = &s->nodes[at];
        if (!n->is_end && n->kind == like->kind &&
            str_equal(str_of(s->text.ptr + n->text, n->text_bytes), text))
            break;
    }
    return at;
}

/* The way through the tree to a shape. */
static void add_nodes(struct shapes *s, uint32_t index)
{
    const struct shape *shape = &s->items[index];
    uint32_t text = shape->text, at = 0;
    if (s->n_nodes == 0) {
        mem_grow(s->nodes, s->n_nodes, s->nodes_capacity);
        s->nodes[s->n_nodes++] = (struct shape_node){0};
    }
    for (size_t i = 0; i < shape->n_slots; i++) {
        const struct shape_slot *slot = &s->slots[shape->slots + i];
        const struct shape_node node = {.text = text, .text_bytes = slot->text, .kind = slot->kind};
        uint32_t known = child_of(s, at, &node);
        at = known ? known : add_node(s, at, &node);
        text += slot->text;
    }
    const struct shape_node end = {.text = text,
                                   .text_bytes = (uint16_t)(shape->text + shape->text_bytes - text),
                                   .is_end = true,
                                   .shape = index};
    add_node(s, at, &end);
}

uint32_t shapes_find(struct shapes *s, const struct shape_cut *c)
{
    uint64_t hash = hash64(str_of(c->text, c->text_bytes)) ^
                    hash64(str_of(c->before, c->n_slots * sizeof c->before[0])) ^ c->is_last;
    struct hash_table *t = &s->by_hash;
    table_reserve(t, s->items, s->n, sizeof *s->items);
    size_t at = hash & (t->size - 1);
    for (; t->slots[at]; at = (at + 1) & (t->size - 1)) {
        const struct shape *shape = &s->items[t->slots[at] - 1];
        if (shape->hash == hash && is_shape_of(s, shape, c))
            return t->slots[at] - 1;
    }
    bool is_empty = c->text_bytes == 0 && c->n_slots == 0; /* for which there is always room */
    if (s->n + 1 >= SHAPES_MAX && !is_empty)
        return SHAPE_REST;
    mem_grow(s->items, s->n, s->capacity);
    s->items[s->n] = (struct shape){.hash = hash,
                                    .text = (uint32_t)s->text.len,
                                    .slots = (uint32_t)s->n_slots,
                                    .text_bytes = c->text_bytes,
                                    .n_slots = c->n_slots,
                                    .is_last = c->is_last};
    buf_add(&s->text, str_of(c->text, c->text_bytes));
    add_slots(s, c);
    add_nodes(s, (uint32_t)s->n);
    t->slots[at] = (uint32_t)++s->n;
    return t->slots[at] - 1;
}

/* ---- segments ---- */

static inline bool fits(const struct shapes *s, const struct shape_node *n, const char *at,
                        const char *end)
{
    uint64_t bytes;
    size_t left = (size_t)(end - at);
    if (left < sizeof bytes)
        return left >= n->text_bytes && memcmp(at, s->text.ptr + n->text, n->text_bytes) == 0;
    memcpy(&bytes, at, sizeof bytes);
    if (((bytes ^ n->head) & n->mask) != 0 || left < n->text_bytes)
        return false;
    if (n->text_bytes <= sizeof bytes)
        return true;
    memcpy(&bytes, at + n->text_bytes - sizeof bytes, sizeof bytes);
    return bytes == n->tail && (n->text_bytes <= 2 * sizeof bytes ||
                                memcmp(at + sizeof bytes, s->text.ptr + n->text + sizeof bytes,
                                       n->text_bytes - 2 * sizeof bytes) == 0);
}

/* A way through the tree: at each depth the place of the node's number, in the one above or beside it. */
struct walk {
    uint32_t *links[SHAPE_SLOTS_MAX + 1];
    const char *at[SHAPE_SLOTS_MAX + 1];
};

/* The nodes of the way come first where they are. */
static void move_to_front(struct shapes *s, const struct walk *w, size_t depth)
{
    for (size_t d = depth + 1; d-- > 0;) {
        uint32_t *first = d ? &s->nodes[*w->links[d - 1]].child : &s->nodes[0].child;
        if (w->links[d] == first)
            continue;
        uint32_t moved = *w->links[d];
        *w->links[d] = s->nodes[moved].next;
        s->nodes[moved].next = *first;
        *first = moved;
    }
}

/* The end of the segment at at, if it is one of a known shape, with its values; else NULL. */
static const char *find_shape(struct shapes *s, const char *at, const char *end, bool ends_line,
                              struct extent *values, uint32_t *shape)
{
    struct walk w;
    size_t depth = 0;
    w.at[0] = at;
    w.links[0] = &s->nodes[0].child;
    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        uint32_t *link = w.links[depth], index = *link;
        if (index == 0 && depth == 0)
            break;
        if (index == 0) {
            depth--;
            w.links[depth] = &s->nodes[*w.links[depth]].next;
            continue;
        }
        struct shape_node *n = &s->nodes[index];
        w.links[depth] = &n->next;
        if (!fits(s, n, w.at[depth], end))
            continue;
        const char *from = w.at[depth] + n->text_bytes;
        if (n->is_end) {
            if ((from == at && at < end) ||
                s->items[n->shape].is_last != (from == end && ends_line))
                continue;
            w.links[depth] = link;
            move_to_front(s, &w, depth);
            *shape = n->shape;
            return from;
        }
        const char *to = token_end(n->kind, from, end);
        if (to == from)
            continue;
        values[depth] = (struct extent){(uint32_t)(from - s->lines.ptr), (uint32_t)(to - from)};
        w.links[depth++] = link;
        w.links[depth] = &n->child;
        w.at[depth] = to;
    }
    return NULL;
}

/* Cuts the segment at at into tokens; returns its end. */
static const char *cut_segment(const struct shapes *s, const char *begin, const char *at,
                               const char *end, struct shape_cut *c, struct extent *values)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    const char *stop = newline ? newline + 1 : end;
    c->text_bytes = c->n_slots = 0;
    while (at < stop) {
        struct token_slot slot;
        bool is_slot = token_next_slot(begin, at, stop, &slot);
        size_t text = (size_t)((is_slot ? slot.from : stop) - at);
        size_t room = SHAPE_TEXT_MAX - c->text_bytes;
        bool is_full = text > room || (is_slot && c->n_slots == SHAPE_SLOTS_MAX);
        if (is_full)
            text = min_of(text, room);
        memcpy(c->text + c->text_bytes, at, text);
        c->text_bytes = (uint16_t)(c->text_bytes + text);
        at += text;
        if (is_full || !is_slot)
            break;
        c->before[c->n_slots] = (uint16_t)text;
        c->kinds[c->n_slots] = (uint8_t)slot.kind;
        values[c->n_slots++] =
            (struct extent){(uint32_t)(slot.from - s->lines.ptr), (uint32_t)(slot.to - slot.from)};
        at = slot.to;
    }
    c->is_last = at == end;
    return at;
}

static void put_segment(struct shapes *s, uint32_t shape, const char *from, const char *to)
{
    if (s->n_segments == s->segments_capacity) {
        mem_grow(s->segments, s->n_segments, s->segments_capacity);
        s->starts = mem_resize_raw(s->starts, s->segments_capacity * sizeof *s->starts);
    }
    s->segments[s->n_segments] = shape;
    s->starts[s->n_segments++] =
        (struct extent){(uint32_t)(from - s->lines.ptr), (uint32_t)(to - from)};
    if (shape >= SHAPE_REST) {
        s->n_rest++;
        return;
    }
    s->items[shape].count++;
    s->n_values += s->items[shape].n_slots;
}

static struct extent *room_for_values(struct shapes *s)
{
    if (s->values_capacity - s->n_values < SHAPE_SLOTS_MAX) {
        s->values_capacity += s->values_capacity / 2 + 4096;
        s->values = mem_resize_raw(s->values, s->values_capacity * sizeof *s->values);
    }
    return s->values + s->n_values;
}

/* For another segment that is not empty. */
static bool has_room(const struct shapes *s)
{
    return !s->is_full && s->n_values <= SHAPE_VALUES_MAX(s->lines.len) &&
           s->n_segments <= SHAPE_SEGMENTS_MAX(s->lines.len) &&
           s->n_columns + SHAPE_SLOTS_MAX < SHAPE_COLUMNS_MAX;
}

/* The segment that begins at at; returns its end. */
static const char *add_segment(struct shapes *s, const char *begin, const char *at, const char *end,
                               bool ends_line)
{
    uint32_t shape = SHAPE_REST;
    struct extent *values = room_for_values(s);
    bool is_cut = at == end || has_room(s);
    const char *stop =
        is_cut && s->n_nodes ? find_shape(s, at, end, ends_line, values, &shape) : NULL;
    if (!stop && is_cut) {
        struct shape_cut cut;
        stop = cut_segment(s, begin, at, end, &cut, values);
        cut.is_last = cut.is_last && ends_line;
        shape = shapes_find(s, &cut);
        s->n_missed++;
    }
    if (shape == SHAPE_REST) {
        s->is_full = true;
        stop = end;
        shape = ends_line ? SHAPE_REST_LAST : SHAPE_REST;
    }
    put_segment(s, shape, at, stop);
    return stop;
}

void shapes_add(struct shapes *s, size_t offset, size_t len, bool ends_line)
{
    const char *begin = s->lines.ptr + offset, *at = begin, *end = begin + len;
    do {
        at = add_segment(s, begin, at, end, ends_line);
    } while (at < end);
}

bool shapes_adopt(struct shapes *s, uint32_t shape, struct extent **values)
{
    if (!has_room(s)) {
        s->is_full = true;
        return false;
    }
    *values = room_for_values(s);
    s->items[shape].is_adopted = true;
    put_segment(s, shape, s->lines.ptr, s->lines.ptr);
    return true;
}
