#include "forward/lines.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/line/level.h"
#include "query/engine/print.h"

enum { BODY_MAX = 256 << 10 };

struct lines_format {
    struct push_format front;
    enum output_form form;
    const struct block *block;
};

static void put_pair(struct buf *out, const char *name, struct str value)
{
    if (value.len == 0)
        return;
    buf_print(out, " %s=", name);
    print_json_text(out, value);
}

static void put_logfmt(const struct labels *labels, const struct record *record, struct buf *out)
{
    buf_add(out, STR("time="));
    put_rfc3339(out, record->event_ns, 9);
    if (record->level != LEVEL_UNKNOWN)
        buf_print(out, " level=%s", level_name(record->level));
    put_pair(out, "service", print_service(labels));
    put_pair(out, "host", label_value(labels, STR("host")));
    put_pair(out, "id", record->id);
    buf_add(out, STR(" line="));
    print_json_text(out, record->line);
    buf_add_byte(out, '\n');
}

static void put_json_line(const struct block *block, uint32_t row, struct buf *out)
{
    const struct record *r = &block->records[row];
    const struct block_stream *from = &block->streams[r->stream];
    const struct result_stream stream = {.id = from->id, .labels = from->labels};
    const struct result result = {
        .stream = &stream,
        .origin = block->header.origin,
        .sequence = block->header.sequence,
        .position = row,
        .order_ns = r->order_ns,
        .event_ns = r->event_ns,
        .flags = r->flags,
        .level = r->level,
        .id_kind = r->id_kind,
        .is_match = true,
        .id = r->id,
        .fields = r->fields,
        .line = r->line,
    };
    struct printer printer;
    printer_init(&printer, (struct print_options){.output = PRINT_JSON});
    printer_add(&printer, &result, out);
}

void put_record_line(enum output_form form, const struct block *block, uint32_t row,
                     struct buf *out)
{
    const struct record *record = &block->records[row];
    switch (form) {
    case OUTPUT_FORM_JSON:
        put_json_line(block, row, out);
        break;
    case OUTPUT_FORM_LOGFMT:
        put_logfmt(&block->streams[record->stream].labels, record, out);
        break;
    case OUTPUT_FORM_RAW:
        buf_add(out, record->line);
        buf_add_byte(out, '\n');
        break;
    }
}

static void begin(struct push_format *f, const struct push_block *block)
{
    ((struct lines_format *)f)->block = block->block;
}

static size_t put(struct push_format *f, const uint32_t *rows, size_t n, size_t max,
                  struct buf *body)
{
    const struct lines_format *l = (const struct lines_format *)f;
    size_t taken = 0;
    while (taken < n && (taken == 0 || body->len < max))
        put_record_line(l->form, l->block, rows[taken++], body);
    return taken;
}

static void read_reply(struct push_format *f, const struct push_reply *reply,
                       struct push_answer *answer)
{
    (void)f, (void)reply;
    push_set_fates(answer, PUSH_TAKEN);
}

static void close_format(struct push_format *f)
{
    mem_free(&f);
}

static const struct push_kind kind = {begin, put, read_reply, close_format};

void lines_open(struct push_format **f, enum output_form form)
{
    struct lines_format *l = mem_new(struct lines_format);
    l->front = (struct push_format){.kind = &kind, .body_max = BODY_MAX};
    l->form = form;
    *f = &l->front;
}
