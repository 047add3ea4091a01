/* Any bytes as the form of a query, as operands and as times. */
#include "query/engine/query.h"

#include "base/mem.h"
#include "collector/store/places.h"
#include "query/engine/filter.h"
#include "query/engine/tail_form.h"
#include "query/engine/time_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_time(struct str text)
{
    struct err err;
    int64_t ns;
    defer(zone_close) struct zone *berlin = NULL;
    bool ok = zone_posix(&berlin, STR("CET-1CEST,M3.5.0,M10.5.0/3"), &err);
    assert(ok);
    struct time_words how = {.now_ns = 1795166521 * NS_PER_S, .zone = berlin};
    time_words_parse(text, &how, &ns, NULL, &err);
}

static void try_filter(const struct query *q)
{
    struct err err;
    struct filter *f;
    struct label items[] = {{STR("host"), STR("h1")}, {STR("service"), STR("api")}};
    const struct labels labels = {items, 2}, *const streams[] = {&labels};
    struct record record = {.level = 5,
                            .id = STR("4f9c"),
                            .line =
                                STR("{\"status\":500,\"took\":\"12ms\",\"req\":{\"id\":\"a\"}}")};
    const struct filter_scope scope = {.streams = streams, .n_streams = 1};
    if (!filter_compile(&f, q->filters.items, q->filters.n, &scope, &err))
        return;
    filter_takes_stream(f, &labels);
    filter_takes_record(f, &record);
    if (filter_looks_at_lines(f))
        filter_takes_line(f, &labels, &record);
    filter_close(&f);
}

/* As the form of a tail, and as a place of a store. */
static void try_tail(struct str form)
{
    struct err err;
    struct store_span span;
    defer(tail_form_free) struct tail_form tail, again;
    tail_form_init(&tail);
    tail_form_init(&again);
    if (tail_form_decode(&tail, form, &err)) {
        defer(buf_free) struct buf first = {0}, second = {0};
        tail_form_encode(&tail, &first);
        bool ok = tail_form_decode(&again, buf_str(&first), &err);
        assert(ok || first.len > QUERY_FORM_MAX);
        tail_form_encode(&again, &second);
        assert(!ok || str_equal(buf_str(&first), buf_str(&second)));
        form = tail.cursor;
    }
    if (span_parse(form, &span)) {
        struct store_span back;
        defer(buf_free) struct buf text = {0};
        put_store_span(&text, &span);
        bool ok = span_parse(buf_str(&text), &back);
        assert(ok && back.to.offset == span.to.offset && back.from.journal == span.from.journal);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err;
    struct str form = str_of(data, size);
    defer(query_free) struct query q, again;
    query_init(&q);
    query_init(&again);
    try_time(form);
    try_tail(form);
    if (!query_decode(&q, form, &err))
        return 0;
    try_filter(&q);
    defer(buf_free) struct buf first = {0}, second = {0};
    query_encode(&q, &first);
    bool ok = query_decode(&again, buf_str(&first), &err);
    assert(ok || first.len > QUERY_FORM_MAX);
    query_encode(&again, &second);
    assert(!ok || str_equal(buf_str(&first), buf_str(&second)));
    return 0;
}
