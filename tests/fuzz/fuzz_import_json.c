/* Any bytes as a line of an export: what is taken keeps the bounds of a record, and comes out as it went in. */
#include "base/mem.h"
#include "query/engine/print.h"
#include "query/import_file.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds)
{
    if (!holds)
        abort();
}

static void print(const struct import_record *r, struct buf *out)
{
    struct printer p;
    const struct result_stream stream = {.labels = r->labels};
    const struct result result = {.stream = &stream,
                                  .event_ns = r->record.event_ns,
                                  .flags = r->record.flags,
                                  .level = r->record.level,
                                  .id_kind = r->record.id_kind,
                                  .is_match = true,
                                  .id = r->record.id,
                                  .fields = r->record.fields,
                                  .line = r->record.line};
    printer_init(&p, (struct print_options){.output = PRINT_JSON});
    printer_add(&p, &result, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct import_record first, second;
    defer(arena_free) struct arena arena = {0};
    defer(buf_free) struct buf json = {.max = 64 << 20}, again = {.max = 64 << 20};
    if (!import_read_json(str_of(data, size), &first, &arena, &err))
        return 0;
    const struct record *r = &first.record;
    demand(r->line.len <= RECORD_LINE_MAX && r->id.len <= RECORD_ID_MAX &&
           r->fields.len <= RECORD_FIELDS_MAX && r->level <= RECORD_LEVEL_MAX &&
           r->flags <= RECORD_FLAGS_ALL && first.labels.n <= LABELS_MAX);
    if (!is_utf8(str_of(data, size))) /* names that are none are only shown */
        return 0;
    print(&first, &json);
    demand(import_read_json(str_slice(buf_str(&json), 0, json.len - 1), &second, &arena, &err));
    demand(str_equal(r->line, second.record.line) && str_equal(r->id, second.record.id));
    print(&second, &again);
    demand(str_equal(buf_str(&json), buf_str(&again)));
    return 0;
}
