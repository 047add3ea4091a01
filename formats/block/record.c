#include "formats/block/record.h"

#include "base/mem.h"

#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    return str_compare(((const struct label *)a)->name, ((const struct label *)b)->name);
}

static bool is_within_bounds(const struct label *label)
{
    return label->name.len > 0 && label->name.len <= LABEL_NAME_MAX &&
           label->value.len <= LABEL_VALUE_MAX;
}

bool labels_sort(struct labels *labels, struct err *err)
{
    if (labels->n > LABELS_MAX)
        return err_set(err, ERR_LIMIT, "%zu labels; a stream has at most %d", labels->n,
                       LABELS_MAX);
    if (labels->n)
        qsort(labels->items, labels->n, sizeof *labels->items, by_name);
    for (size_t i = 0; i < labels->n; i++) {
        const struct label *label = &labels->items[i];
        if (!is_within_bounds(label))
            return err_set(err, ERR_LIMIT,
                           "label '%.*s': names have 1 to %d bytes and values at most %d",
                           STR_ARG(str_slice(label->name, 0, 40)), LABEL_NAME_MAX, LABEL_VALUE_MAX);
        if (i > 0 && str_equal(label->name, label[-1].name))
            return err_set(err, ERR_INPUT, "label '%.*s' is there twice", STR_ARG(label->name));
    }
    return true;
}

struct str label_value(const struct labels *labels, struct str name)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (str_equal(labels->items[i].name, name))
            return labels->items[i].value;
    }
    return STR("");
}

bool has_label(const struct labels *labels, struct str name)
{
    for (size_t i = 0; i < labels->n; i++)
        if (str_equal(labels->items[i].name, name))
            return true;
    return false;
}

struct labels labels_copy(struct arena *arena, const struct labels *from)
{
    struct labels to = {arena_array(arena, struct label, from->n), from->n};
    for (size_t i = 0; i < from->n; i++)
        to.items[i] = (struct label){arena_copy(arena, from->items[i].name),
                                     arena_copy(arena, from->items[i].value)};
    return to;
}

void put_labels(struct buf *b, const struct labels *labels)
{
    put_varint(b, labels->n);
    for (size_t i = 0; i < labels->n; i++) {
        put_str(b, labels->items[i].name);
        put_str(b, labels->items[i].value);
    }
}

struct labels read_labels(struct reader *r, struct arena *arena)
{
    struct labels labels = {.n = read_count(r, 2)};
    r->bad |= labels.n > LABELS_MAX;
    if (r->bad)
        return (struct labels){0};
    labels.items = arena_array(arena, struct label, labels.n);
    for (size_t i = 0; i < labels.n; i++) {
        struct label *label = &labels.items[i];
        *label = (struct label){.name = read_str(r), .value = read_str(r)};
        bool sorted = i == 0 || str_compare(label[-1].name, label->name) < 0;
        r->bad |= !is_within_bounds(label) || !sorted;
    }
    return r->bad ? (struct labels){0} : labels;
}

struct hash128 stream_id(const struct labels *labels)
{
    defer(buf_free) struct buf b = {.max = LABELS_MAX * (LABEL_NAME_MAX + LABEL_VALUE_MAX + 8)};
    put_labels(&b, labels);
    assert(!b.over);
    return hash128(buf_str(&b));
}

static const char *const id_kinds[] = {"none", "exact", "inherited", "generated"};

const char *id_kind_name(unsigned kind)
{
    assert(kind < countof(id_kinds));
    return id_kinds[kind];
}

bool id_kind_parse(struct str name, uint8_t *kind)
{
    for (unsigned i = ID_EXACT; i < countof(id_kinds); i++) {
        if (str_equal(name, str_from(id_kinds[i]))) {
            *kind = (uint8_t)i;
            return true;
        }
    }
    return false;
}
