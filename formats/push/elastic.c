#include "formats/push/elastic.h"

#include "base/compress.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/push/elastic_parts.h"

enum {
    NAME_MAX_BYTES = 255,
    GZIP_LEVEL = 1,           /* half the time of the usual 6, for a tenth more bytes */
    PLAIN_MAX = 32 << 20,     /* a body and the largest document */
    PLAIN_KEPT_MAX = 3 << 20, /* memory that stays for the next body */
};

static const struct str path =
    STR_INIT("/_bulk?filter_path=errors,error.type,error.reason,items.*.status,items.*.error.type,"
             "items.*.error.reason,items.*.failure_store");

struct elastic {
    struct push_format format; /* first */
    enum elastic_fields how;
    struct buf action; /* in front of an _id */
    struct buf plain;  /* a body before it is packed */
    struct elastic_writer writer;
    struct elastic_field_writer fields;
    struct elastic_rows rows;
};

static struct elastic *elastic_of(struct push_format *f)
{
    return container_of(f, struct elastic, format);
}

static void begin(struct push_format *f, const struct push_block *block)
{
    struct elastic *e = elastic_of(f);
    elastic_writer_begin(&e->writer, block);
    memset(e->rows.without_fields, 0, sizeof e->rows.without_fields);
    e->rows.n = 0;
}

static bool may_have_fields(const struct elastic *e, uint32_t row)
{
    const uint16_t no_line = RECORD_PART_FIRST | RECORD_PART_MIDDLE | RECORD_PART_LAST | RECORD_GAP;
    const struct record *record = &e->writer.block->block->records[row];
    return e->how != ELASTIC_NO_FIELDS && !(record->flags & no_line) &&
           !(e->rows.without_fields[row / 8] >> row % 8 & 1);
}

/* With both its lines. */
static void put_document(struct elastic *e, uint32_t row, struct buf *body)
{
    struct str line = e->writer.block->block->records[row].line;
    buf_add(body, buf_str(&e->action));
    elastic_put_id(&e->writer, row, body);
    buf_add(body, STR("\"}}\n"));
    elastic_put_row(&e->writer, row, body);
    bool has_fields = may_have_fields(e, row) && elastic_put_fields(&e->fields, e->how, line, body);
    buf_add(body, STR("}\n"));
    mem_grow(e->rows.items, e->rows.n, e->rows.capacity);
    e->rows.items[e->rows.n++] = row | (has_fields ? ELASTIC_HAD_FIELDS : 0);
}

/* How many rows stand in .plain. */
static size_t put_documents(struct elastic *e, const uint32_t *rows, size_t n, size_t max)
{
    buf_reset(&e->plain);
    e->rows.n = 0;
    for (size_t i = 0; i < n; i++) {
        size_t before = e->plain.len;
        put_document(e, rows[i], &e->plain);
        if (i > 0 && (e->plain.len > max || e->plain.over)) {
            e->plain.len = before;
            e->plain.over = false;
            e->rows.n--;
            return i;
        }
    }
    return n;
}

static size_t put(struct push_format *f, const uint32_t *rows, size_t n, size_t max,
                  struct buf *body)
{
    struct err err;
    struct elastic *e = elastic_of(f);
    size_t taken = put_documents(e, rows, n, max);
    if (!gzip_pack(buf_str(&e->plain), GZIP_LEVEL, body, &err))
        body->over = true;
    if (e->plain.capacity > PLAIN_KEPT_MAX)
        buf_free(&e->plain);
    return taken;
}

static void read_reply(struct push_format *f, const struct push_reply *reply,
                       struct push_answer *answer)
{
    elastic_read_reply(reply, &elastic_of(f)->rows, answer);
}

static void close_elastic(struct push_format *f)
{
    struct elastic *e = elastic_of(f);
    buf_free(&e->action);
    buf_free(&e->plain);
    elastic_writer_free(&e->writer);
    elastic_field_writer_free(&e->fields);
    mem_free(&e->rows.items);
    mem_free(&e);
}

static bool check_data_stream(struct str name, struct err *err)
{
    static const char refused[] = "\\/*?\"<>|,#: ";
    if (name.len == 0 || name.len > NAME_MAX_BYTES || !is_utf8(name))
        return err_set(err, ERR_INPUT, "a data stream's name has 1 to %d bytes", NAME_MAX_BYTES);
    if (strchr("-_+.", name.ptr[0]))
        return err_set(err, ERR_INPUT, "data stream '%.*s': it may not begin with '%c'",
                       STR_ARG(name), name.ptr[0]);
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool is_upper = c >= 'A' && c <= 'Z';
        if (c < 0x20 || c == 0x7f || is_upper || strchr(refused, c))
            return err_set(
                err, ERR_INPUT,
                "data stream '%.*s': names are in lower case and without \\ / * ? \" < > "
                "| , # : and blanks",
                STR_ARG(name));
    }
    return true;
}

static const struct push_kind kind = {
    .begin = begin, .put = put, .read = read_reply, .close = close_elastic};

bool elastic_open(struct push_format **f, const struct elastic_options *options, struct err *err)
{
    if (!check_data_stream(options->data_stream, err))
        return false;
    struct elastic *e = mem_new(struct elastic);
    e->how = options->fields;
    e->plain.max = PLAIN_MAX;
    buf_add(&e->action, STR("{\"create\":{\"_index\":"));
    put_json(&e->action, options->data_stream);
    buf_add(&e->action, STR(",\"_id\":\""));
    e->format = (struct push_format){.kind = &kind,
                                     .path = path.ptr,
                                     .content_type = "application/x-ndjson",
                                     .content_encoding = "gzip",
                                     .body_max = ELASTIC_BODY_MAX,
                                     .reply_max = ELASTIC_REPLY_MAX};
    *f = &e->format;
    return true;
}
