#include "formats/push/loki_streams.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>

#define UNKNOWN_SERVICE STR("unknown_service")

/* [a-zA-Z_][a-zA-Z0-9_]* with at least one letter or digit: Loki answers 500 to metadata without one. */
static struct str prometheus_name(struct str ours, struct arena *arena)
{
    if (str_equal(ours, STR("service")))
        return STR("service_name");
    char *name = arena_alloc_raw(arena, ours.len + 4);
    memcpy(name, "key_", 4);
    bool has_word = false, is_changed = false;
    for (size_t i = 0; i < ours.len; i++) {
        bool is_word = is_alnum(ours.ptr[i]);
        name[4 + i] = is_word ? ours.ptr[i] : '_';
        is_changed |= name[4 + i] != ours.ptr[i];
        has_word |= is_word;
    }
    if (!has_word || is_digit(ours.ptr[0]))
        return str_of(name, ours.len + 4);
    return is_changed ? str_of(name + 4, ours.len) : ours;
}

struct str loki_valid_text(struct str text, struct arena *arena)
{
    if (is_utf8(text))
        return text;
    struct buf b = {0};
    put_utf8(&b, text);
    struct str copy = arena_copy(arena, buf_str(&b));
    buf_free(&b);
    return copy;
}

static int compare_names(const void *a, const void *b)
{
    return str_compare(((const struct loki_label *)a)->theirs,
                       ((const struct loki_label *)b)->theirs);
}

bool loki_read_list(struct loki_list *list, const struct loki_options *options, struct arena *arena,
                    struct err *err)
{
    if (options->n_labels > LOKI_LABELS_MAX)
        return err_set(err, ERR_INPUT, "%zu labels; Loki takes %d", options->n_labels,
                       LOKI_LABELS_MAX);
    for (size_t i = 0; i < options->n_labels; i++) {
        struct str ours = options->labels[i];
        if (ours.len == 0)
            return err_set(err, ERR_INPUT, "a label without a name");
        if (str_equal(ours, STR("service_name")))
            ours = STR("service");
        list->items[list->n++] = (struct loki_label){ours, prometheus_name(ours, arena)};
    }
    qsort(list->items, list->n, sizeof *list->items, compare_names);
    for (size_t i = 1; i < list->n; i++) {
        if (str_equal(list->items[i - 1].theirs, list->items[i].theirs))
            return err_set(err, ERR_INPUT, "two labels have the name '%.*s' in Loki",
                           STR_ARG(list->items[i].theirs));
    }
    return true;
}

static bool is_listed(const struct loki_list *list, struct str ours)
{
    for (size_t i = 0; i < list->n; i++) {
        if (str_equal(list->items[i].ours, ours))
            return true;
    }
    return false;
}

static bool has_name(const struct labels *labels, struct str name)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (str_equal(labels->items[i].name, name))
            return true;
    }
    return false;
}

static bool is_own_name(struct str name)
{
    static const struct str names[] = {STR_INIT("level"), STR_INIT("requestId"),
                                       STR_INIT("requestIdKind"), STR_INIT("part")};
    for (size_t i = 0; i < countof(names); i++) {
        if (str_equal(names[i], name))
            return true;
    }
    return false;
}

void loki_add_metadata(struct labels *metadata, const struct labels *others, struct str name,
                       struct str value, struct arena *arena)
{
    struct str theirs = prometheus_name(name, arena);
    if (is_own_name(theirs) || has_name(metadata, theirs) || has_name(others, theirs))
        theirs = arena_print(arena, "%.*s_extracted", STR_ARG(theirs));
    if (value.len == 0 || has_name(metadata, theirs) || has_name(others, theirs))
        return;
    metadata->items[metadata->n++] = (struct label){theirs, loki_valid_text(value, arena)};
}

/* Values of labels have no U+FFFD: the lexer of PromQL, by which Loki reads them, takes it for an error. */
static struct str label_text(struct str value, struct arena *arena)
{
    static const struct str mark = STR_INIT("\xef\xbf\xbd");
    defer(buf_free) struct buf b = {0};
    struct str rest = loki_valid_text(value, arena);
    size_t at = str_find(rest, mark);
    if (at == SIZE_MAX)
        return rest;
    for (; at != SIZE_MAX; at = str_find(rest, mark)) {
        buf_add(&b, str_slice(rest, 0, at));
        buf_add_byte(&b, '?');
        rest = str_slice(rest, at + mark.len, SIZE_MAX);
    }
    buf_add(&b, rest);
    return arena_copy(arena, buf_str(&b));
}

/* What of the labels is listed. */
static struct labels listed_labels(const struct block_stream *stream, const struct loki_list *list,
                                   struct arena *arena)
{
    struct labels labels = {.items = arena_array(arena, struct label, list->n + 1)};
    for (size_t i = 0; i < list->n; i++) {
        struct str value = label_value(&stream->labels, list->items[i].ours);
        if (value.len == 0)
            value = label_value(&stream->data, list->items[i].ours);
        if (value.len)
            labels.items[labels.n++] =
                (struct label){list->items[i].theirs, label_text(value, arena)};
    }
    if (labels.n == 0)
        labels.items[labels.n++] = (struct label){STR("service_name"), UNKNOWN_SERVICE};
    return labels;
}

/* Metadata of a stream leaves room in an entry for that of its own. */
static struct labels other_labels(const struct block_stream *stream, const struct loki_list *list,
                                  struct arena *arena)
{
    const struct labels *sets[] = {&stream->labels, &stream->data}, none = {0};
    size_t bytes = 0, most = LOKI_METADATA_MAX - RECORD_FIELDS_MAX - 2 * RECORD_ID_MAX;
    struct labels metadata = {
        .items = arena_array(arena, struct label, stream->labels.n + stream->data.n)};
    for (size_t k = 0; k < countof(sets); k++) {
        for (size_t i = 0; i < sets[k]->n && bytes <= most; i++) {
            const struct label *label = &sets[k]->items[i];
            size_t before = metadata.n;
            if (!is_listed(list, label->name))
                loki_add_metadata(&metadata, &none, label->name, label->value, arena);
            if (metadata.n > before)
                bytes += metadata.items[before].name.len + metadata.items[before].value.len;
            if (bytes > most)
                metadata.n = before;
        }
    }
    return metadata;
}

/* The group of these labels, which may be a new one. */
static uint32_t group_of(struct loki_streams *s, struct map *by_labels, struct str labels,
                         struct arena *arena)
{
    struct str *known = map_get(by_labels, labels);
    if (!known) {
        known = &s->labels[s->n_groups++];
        *known = arena_copy(arena, labels);
        map_put(by_labels, *known, known);
    }
    return (uint32_t)(known - s->labels);
}

void loki_read_streams(struct loki_streams *s, const struct block *block,
                       const struct loki_list *list, const struct loki_form *form,
                       struct arena *arena)
{
    defer(map_free) struct map by_labels = {0};
    defer(buf_free) struct buf text = {0};
    *s = (struct loki_streams){.metadata = arena_array(arena, struct labels, block->n_streams),
                               .groups = arena_array(arena, uint32_t, block->n_streams),
                               .labels = arena_array(arena, struct str, block->n_streams)};
    for (size_t i = 0; i < block->n_streams; i++) {
        const struct block_stream *stream = &block->streams[i];
        struct labels labels = listed_labels(stream, list, arena);
        buf_reset(&text);
        form->put_labels(&text, &labels);
        s->groups[i] = group_of(s, &by_labels, buf_str(&text), arena);
        s->metadata[i] = other_labels(stream, list, arena);
    }
}
