/*
 * Pushes to Loki as protobuf in a snappy block. Of a packed message that is followed by another of its kind
 * protobuf makes one that has the repeated fields of both: so the metadata of a stream is packed once, as an
 * entry that has nothing else, and stands behind each of its entries. Around entries, which are the bulk, fields are
 * put by hand: protobuf-c would move them twice more.
 */
#include "base/compress.h"
#include "base/mem.h"
#include "formats/push/loki.h"
#include "formats/push/loki_form.h"

#include "formats/push/loki_push.pb-c.h"

static ProtobufCBinaryData bytes_of(struct str s)
{
    return (ProtobufCBinaryData){.len = s.len,
                                 .data = (uint8_t *)s.ptr}; /* packing only reads it */
}

static void put_message(struct buf *b, const ProtobufCMessage *message)
{
    char *at = buf_reserve(b, protobuf_c_message_get_packed_size(message));
    if (at)
        b->len += protobuf_c_message_pack(message, (uint8_t *)at);
}

/* As in strings of Go, in UTF-8. */
static void put_quoted(struct buf *b, struct str text)
{
    buf_add_byte(b, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            buf_print(b, "\\%c", c);
        else if (c == '\n')
            buf_add(b, STR("\\n"));
        else if (c < ' ' || c == 0x7f)
            buf_print(b, "\\x%02x", c);
        else
            buf_add_byte(b, (char)c);
    }
    buf_add_byte(b, '"');
}

static void put_label_string(struct buf *b, const struct labels *labels)
{
    buf_add_byte(b, '{');
    for (size_t i = 0; i < labels->n; i++) {
        buf_add(b, i ? STR(", ") : STR(""));
        buf_add(b, labels->items[i].name);
        buf_add_byte(b, '=');
        put_quoted(b, labels->items[i].value);
    }
    buf_add_byte(b, '}');
}

static void put_entry_with(struct buf *b, Loki__Entry *entry, const struct labels *metadata)
{
    Loki__LabelPair pairs[LOKI_METADATA_ITEMS], *pointers[LOKI_METADATA_ITEMS];
    assert(metadata->n <= LOKI_METADATA_ITEMS);
    for (size_t i = 0; i < metadata->n; i++) {
        loki__label_pair__init(&pairs[i]);
        pairs[i].name = bytes_of(metadata->items[i].name);
        pairs[i].value = bytes_of(metadata->items[i].value);
        pointers[i] = &pairs[i];
    }
    entry->n_structured_metadata = metadata->n;
    entry->structured_metadata = pointers;
    put_message(b, &entry->base);
}

static void put_protobuf_metadata(struct buf *b, const struct labels *metadata)
{
    Loki__Entry entry = LOKI__ENTRY__INIT;
    put_entry_with(b, &entry, metadata);
}

static void put_protobuf_entry(struct buf *b, const struct loki_entry *e)
{
    Loki__Timestamp timestamp = LOKI__TIMESTAMP__INIT;
    int64_t nanos = e->time_ns % NS_PER_S;
    nanos += nanos < 0 ? NS_PER_S : 0;
    timestamp.nanos = (int32_t)nanos;
    timestamp.seconds = (e->time_ns - nanos) / NS_PER_S;
    Loki__Entry entry = LOKI__ENTRY__INIT;
    entry.timestamp = &timestamp;
    entry.line = bytes_of(e->line);
    put_entry_with(b, &entry, &e->metadata);
    buf_add(b, e->shared);
}

/* Field and type, as protobuf writes them, of what is packed already. */
enum { TAG_STREAMS = 1 << 3 | 2, TAG_LABELS = 1 << 3 | 2, TAG_ENTRIES = 2 << 3 | 2 };

static size_t field_size(size_t len)
{
    size_t size = 2 + len;
    for (size_t rest = len >> 7; rest; rest >>= 7)
        size++;
    return size;
}

static void put_field(struct buf *b, uint8_t tag, struct str packed)
{
    put_u8(b, tag);
    put_str(b, packed);
}

static void put_protobuf_request(struct buf *b, const struct loki_part *parts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct loki_part *part = &parts[i];
        size_t size = field_size(part->labels.len);
        for (size_t k = 0; k < part->n; k++)
            size += field_size(part->entries[k].len);
        put_u8(b, TAG_STREAMS);
        put_varint(b, size);
        put_field(b, TAG_LABELS, part->labels);
        for (size_t k = 0; k < part->n; k++)
            put_field(b, TAG_ENTRIES, part->entries[k]);
    }
}

const struct loki_form loki_protobuf = {
    .content_type = "application/x-protobuf",
    .content_encoding = "snappy",
    .put_labels = put_label_string,
    .put_metadata = put_protobuf_metadata,
    .put_entry = put_protobuf_entry,
    .put_request = put_protobuf_request,
    .pack = snappy_pack,
};
