/* Any bytes as the tables of a journal's first frame: refused, or read and written again as they
 * were understood. */
#include "base/mem.h"
#include "collector/store/journals.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tables {
    struct origins *origins;
    struct streams streams;
};

static void tables_free(struct tables *t)
{
    origins_close(&t->origins);
    streams_free(&t->streams);
}

static bool read_tables(struct tables *t, struct str bytes)
{
    struct err err;
    struct reader r = reader_of(bytes);
    t->origins = origins_new();
    t->streams.most = 100;
    return origins_read(t->origins, &r, &err) && streams_read(&t->streams, &r, &err);
}

static void put_tables(struct tables *t, struct buf *b)
{
    origins_put(t->origins, INT64_MIN, b);
    streams_put(&t->streams, INT64_MIN, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    defer(tables_free) struct tables first = {0}, second = {0};
    defer(buf_free) struct buf bytes = {0}, again = {0};
    if (!read_tables(&first, str_of(data, size)))
        return 0;
    origins_keep(first.origins);
    put_tables(&first, &bytes);
    bool good = read_tables(&second, buf_str(&bytes));
    put_tables(&second, &again);
    if (!good || origins_count(second.origins) != origins_count(first.origins) ||
        again.len != bytes.len)
        abort();
    streams_publish(&first.streams);
    return 0;
}
