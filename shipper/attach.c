#include "shipper/attach.h"

#include "base/mem.h"

enum { FILE_LABEL_TAIL = 900 }; /* bytes kept of a path that is too long for a label */

/* A path that is longer than a label may be: a hash of it, and its end. */
static struct str short_path(struct str path, char room[HASH128_TEXT + FILE_LABEL_TAIL])
{
    if (path.len <= LABEL_VALUE_MAX)
        return path;
    hash128_text(hash128(path), room);
    memcpy(room + HASH128_TEXT - 1, path.ptr + path.len - FILE_LABEL_TAIL, FILE_LABEL_TAIL);
    return str_of(room, HASH128_TEXT - 1 + FILE_LABEL_TAIL);
}

static bool two_labels(struct batcher *b, struct str service, struct str name, struct str value,
                       struct batch_stream **stream, struct err *err)
{
    struct label items[] = {{STR("service"), service}, {name, value}};
    const struct labels own = {items, countof(items)}, none = {0};
    return batcher_stream(b, &own, &none, stream, err);
}

struct batch_stream *attached_stream(struct batcher *b, struct discover *d,
                                     struct stream_rules *rules, struct tail_stream *from,
                                     enum lane lane, struct err *err)
{
    if (from->attached_at != batcher_forgotten(b)) { /* what it is attached to may be gone */
        memset(from->attached, 0, sizeof from->attached);
        from->attached_at = batcher_forgotten(b);
    }
    struct batch_stream *stream = from->attached[lane];
    struct label own_items[DISCOVER_LABELS], data_items[DISCOVER_DATA];
    struct labels own = {own_items, 0}, data = {data_items, 0};
    char shortened[HASH128_TEXT + FILE_LABEL_TAIL];
    if (stream)
        return stream;
    bool good = d && discover_labels(d, from, lane, &own, &data)
                    ? batcher_stream(b, &own, &data, &stream, err)
                    : two_labels(b, from->service, STR("file"), short_path(from->file, shortened),
                                 &stream, err);
    if (!good)
        return NULL;
    batch_stream_set_zone(stream, stream_rules_of(rules, from, lane).zone);
    from->attached[lane] = stream;
    return stream;
}

bool input_stream(struct batcher *b, struct str service, struct batch_stream **stream,
                  struct err *err)
{
    return two_labels(b, service, STR("source"), STR("stdin"), stream, err);
}
