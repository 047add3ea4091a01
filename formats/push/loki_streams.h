/*
 * What the streams of a block are for Loki: few labels, made names of Prometheus, and metadata. Streams that are
 * the same by these labels are one group.
 *
 *     labels      those of the list, from the stream's labels or else its data; {service_name="unknown_service"} if
 *                 it has none, as Loki itself says
 *     metadata    all others. A name that is there already, or is ours (level, requestId, ...), gets "_extracted"
 *                 behind it, as in Loki; what then is there still, is left out
 *
 * Values are made valid UTF-8, those of labels with '?' for what cannot be. A label without a value is none.
 */
#ifndef FORMATS_PUSH_LOKI_STREAMS_H
#define FORMATS_PUSH_LOKI_STREAMS_H

#include "base/map.h"
#include "formats/push/loki.h"
#include "formats/push/loki_form.h"

struct loki_label {
    struct str ours, theirs;
};

/* Sorted by theirs. */
struct loki_list {
    struct loki_label items[LOKI_LABELS_MAX];
    size_t n;
};

struct loki_streams {
    struct labels *metadata; /* of each stream of the block */
    uint32_t *groups;        /* of each of them */
    struct str *labels;      /* of each group, as form->put_labels made it */
    size_t n_groups;
};

/* Names in the arena. ERR_INPUT as loki_open. */
bool loki_read_list(struct loki_list *list, const struct loki_options *options, struct arena *arena,
                    struct err *err);
/* All in the arena. */
void loki_read_streams(struct loki_streams *streams, const struct block *block,
                       const struct loki_list *list, const struct loki_form *form,
                       struct arena *arena);
/* Adds to metadata, which has room. */
void loki_add_metadata(struct labels *metadata, const struct labels *others, struct str name,
                       struct str value, struct arena *arena);
struct str loki_valid_text(struct str text, struct arena *arena); /* valid UTF-8 */

#endif
