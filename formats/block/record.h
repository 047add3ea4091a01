/*
 * A record: one line with what is known about it, and the labels of its stream.
 *
 * A stream is the set of labels that says where a record came from. Its id is XXH3-128 over the
 * canonical form of the set, so it is the same on every host and collector:
 *
 *     labels := count:varint (name:str value:str)*     sorted by name, names unique
 *
 * Order time (docs/design.md, "Total order"): the event time, but not less than the previous
 * record's of the same stream when it is less than ORDER_BACK_NS behind it. A larger step back is a
 * clock change and is taken as it is.
 */
#ifndef FORMATS_BLOCK_RECORD_H
#define FORMATS_BLOCK_RECORD_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/reader.h"
#include "base/time.h"

enum {
    LABELS_MAX = 32,      /* labels of one stream */
    LABEL_NAME_MAX = 128, /* bytes */
    LABEL_VALUE_MAX = 1024,
    RECORD_LINE_MAX = 1 << 20, /* bytes of one record's line; longer lines are several records */
    RECORD_ID_MAX = 128,       /* bytes of a request id */
    RECORD_FIELDS_MAX = 4096,  /* bytes of the attached fields in their encoded form */
    RECORD_LEVEL_MAX = 8,      /* the last of formats/line/level.h */
};

struct label {
    struct str name, value;
};

struct labels {
    struct label *items; /* sorted by name; who owns them is said where they are made */
    size_t n;
};

/* Sorts by name. ERR_INPUT if a name is empty or there twice, ERR_LIMIT if a bound above is broken.
 */
bool labels_sort(struct labels *labels, struct err *err);
struct str label_value(const struct labels *labels, struct str name); /* empty if there is none */
bool has_label(const struct labels *labels, struct str name);
struct labels labels_copy(struct arena *arena, const struct labels *from); /* with its texts */
void put_labels(struct buf *b, const struct labels *labels);
/* Strict: sorted, unique, within the bounds; otherwise r->bad. Items live in the arena, their bytes
 * in what r reads. */
struct labels read_labels(struct reader *r, struct arena *arena);
struct hash128 stream_id(const struct labels *labels);

/* Where the request id came from. */
enum id_kind { ID_NONE, ID_EXACT, ID_INHERITED, ID_GENERATED };

const char *id_kind_name(unsigned kind); /* "exact" */
/* False: it is no kind of an id. */
bool id_kind_parse(struct str name, uint8_t *kind);

enum record_flag {
    RECORD_PART_FIRST = 1 << 0, /* the line goes on in the next record of the stream */
    RECORD_PART_MIDDLE = 1 << 1,
    RECORD_PART_LAST = 1 << 2,     /* ... and ends here */
    RECORD_GAP = 1 << 3,           /* not a line: says what is missing here and why */
    RECORD_NO_NEWLINE = 1 << 4,    /* the source ended, or stood still, without a final newline */
    RECORD_LEVEL_DERIVED = 1 << 5, /* the level was concluded, not read */
    RECORD_FLAGS_ALL = (1 << 6) - 1,
};

struct record {
    int64_t order_ns;
    int64_t event_ns;
    uint32_t stream;   /* index into the block's streams */
    uint16_t flags;    /* enum record_flag */
    uint8_t level;     /* formats/line/level.h */
    uint8_t id_kind;   /* enum id_kind */
    struct str id;     /* request id as it was found; empty iff ID_NONE */
    struct str fields; /* attached fields: a labels list; empty if there are none */
    struct str line;
};

#define ORDER_BACK_NS (10 * NS_PER_S)

/* previous_ns: order time of the record before it in its stream, or TIME_NONE. */
static inline int64_t order_time(int64_t previous_ns, int64_t event_ns)
{
    bool small_step_back = previous_ns != TIME_NONE && event_ns < previous_ns &&
                           event_ns > previous_ns - ORDER_BACK_NS;
    return small_step_back ? previous_ns : event_ns;
}

#endif
