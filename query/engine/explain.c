#include "query/engine/explain.h"

#include "base/mem.h"
#include "base/report.h"
#include "base/text.h"
#include "query/engine/print.h"

#include <stdlib.h>

enum { SERVICES_SHOWN = 10, COLUMN = 32 };

/* Some of the blocks. */
struct share_of_store {
    uint64_t blocks, bytes, line_bytes;
};

struct explanation {
    const struct query *query;
    struct blocks blocks;
    struct summary summary; /* of the blocks */
    struct tallies tallies; /* opened for what may be wrong with them */
    size_t streams;         /* that the filters take */
    struct str services[SERVICES_SHOWN];
    size_t n_services;
    bool has_more_services;
    struct share_of_store all, out_of_time, without_literals, read;
    struct share_of_store unmerged; /* of what is read: blocks of which no filters know */
    bool asks_filters;              /* of segments, for the literals */
};

static void free_explanation(struct explanation *x)
{
    blocks_free(&x->blocks);
    summary_free(&x->summary);
    tallies_free(&x->tallies);
}

/* ---- finding out ---- */

static bool compile(struct explanation *x, struct err *err)
{
    const struct query *q = x->query;
    struct selector *s = &x->blocks.selector;
    const struct tally_options tally = tally_options_of(q);
    const struct filter_scope scope = {.streams = x->blocks.snapshot->streams,
                                       .n_streams = x->blocks.snapshot->n_streams};
    s->since_ns = q->since_ns;
    s->until_ns = q->until_ns;
    s->keep_all = q->before || q->after;
    return query_check(q, err) &&
           (q->patterns.n == 0 ||
            pattern_compile(&s->pattern, q->patterns.items, q->patterns.n, q->options, err)) &&
           filter_compile(&s->filter, q->filters.items, q->filters.n, &scope, err) &&
           (q->want != WANT_TALLIES || tallies_open(&x->tallies, &tally, &scope, err));
}

static void note_service(struct explanation *x, struct str service)
{
    for (size_t i = 0; i < x->n_services; i++)
        if (str_equal(x->services[i], service))
            return;
    if (x->n_services < SERVICES_SHOWN)
        x->services[x->n_services++] = service;
    else
        x->has_more_services = true;
}

static int by_text(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static void count_streams(struct explanation *x)
{
    const struct snapshot *s = x->blocks.snapshot;
    for (size_t i = 0; i < s->n_streams; i++) {
        if (!filter_takes_stream(x->blocks.selector.filter, s->streams[i]))
            continue;
        x->streams++;
        note_service(x, print_service(s->streams[i]));
    }
    if (x->n_services)
        qsort(x->services, x->n_services, sizeof *x->services, by_text);
}

static void add_block(struct share_of_store *to, const struct snapshot_block *b)
{
    to->blocks++;
    to->bytes += b->bytes;
    to->line_bytes += b->line_bytes;
}

static struct share_of_store rest_of(struct share_of_store all, struct share_of_store some)
{
    return (struct share_of_store){all.blocks - some.blocks, all.bytes - some.bytes,
                                   all.line_bytes - some.line_bytes};
}

static bool count_blocks(struct explanation *x, const struct run_options *options, struct err *err)
{
    struct blocks *b = &x->blocks;
    struct share_of_store in_time = {0};
    bool reads = !is_about_streams(x->query, b->selector.filter);
    x->asks_filters = b->n_needles && b->snapshot->sift && !b->selector.keep_all;
    for (size_t i = 0; i < b->snapshot->n_blocks; i++)
        add_block(&x->all, &b->known[i].summary);
    for (size_t i = 0; i < b->n; i++) {
        const struct snapshot_block *block = &b->known[b->list[i]].summary;
        if (options->is_canceled && options->is_canceled(options->context))
            return err_set(err, ERR_CANCELED, "the search was canceled");
        add_block(&in_time, block);
        if (x->asks_filters && blocks_are_sifted_out(b, b->list[i]))
            add_block(&x->without_literals, block);
        else if (reads)
            add_block(&x->read, block);
        if (reads && block->chunks == 0)
            add_block(&x->unmerged, block);
    }
    x->out_of_time = rest_of(x->all, in_time);
    return true;
}

/* ---- what stands in both forms ---- */

static const char *const dialects[] = {[PATTERN_TEXT] = "text",
                                       [PATTERN_EXTENDED] = "extended regular expression",
                                       [PATTERN_BASIC] = "basic regular expression",
                                       [PATTERN_PERL] = "Perl regular expression"};

struct pattern_flag {
    const char *name, *text;
    bool is_set;
};
enum { PATTERN_FLAGS = 5 };

static void list_flags(const struct pattern_options *o, struct pattern_flag flags[PATTERN_FLAGS])
{
    const struct pattern_flag all[PATTERN_FLAGS] = {
        {"ignore_case", "any case", o->ignore_case},
        {"whole_word", "whole words", o->whole_word},
        {"whole_line", "whole lines", o->whole_line},
        {"invert", "what does not match", o->invert},
        {"lines", "each physical line by itself", o->lines},
    };
    memcpy(flags, all, sizeof all);
}

static const char *const wants[] = {[WANT_RECORDS] = "records",
                                    [WANT_COUNT] = "count",
                                    [WANT_STREAMS] = "streams with a match",
                                    [WANT_OTHERS] = "streams without a match",
                                    [WANT_TALLIES] = "counts"};

/* ---- JSON ---- */

static void put_json_time(struct buf *out, const char *name, int64_t ns)
{
    buf_print(out, "\"%s\":", name);
    if (ns == TIME_NONE) {
        buf_add(out, STR("null,"));
        return;
    }
    buf_add_byte(out, '"');
    put_rfc3339(out, ns, 9);
    buf_add(out, STR("\","));
}

static void put_json_texts(struct buf *out, const char *name, const struct str *texts, size_t n)
{
    buf_print(out, "\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        buf_add(out, i ? STR(",") : STR(""));
        print_json_text(out, texts[i]);
    }
    buf_add(out, STR("],"));
}

static void put_json_share(struct buf *out, const char *name, struct share_of_store s)
{
    buf_print(out, "\"%s\":{\"blocks\":%llu,\"bytes\":%llu,\"line_bytes\":%llu}", name,
              (unsigned long long)s.blocks, (unsigned long long)s.bytes,
              (unsigned long long)s.line_bytes);
}

static void put_json_filters(const struct explanation *x, struct buf *out)
{
    const struct filter *f = x->blocks.selector.filter;
    buf_add(out, STR("\"filters\":["));
    for (size_t i = 0; i < filter_conditions(f); i++) {
        struct str operand;
        const char *kind = filter_condition(f, i, &operand);
        buf_print(out, "%s{\"filter\":", i ? "," : "");
        print_json_text(out, operand);
        buf_print(out, ",\"kind\":\"%s\"}", kind);
    }
    buf_add(out, STR("],"));
}

static void put_json_patterns(const struct explanation *x, struct buf *out)
{
    struct pattern_flag flags[PATTERN_FLAGS];
    struct str literals[PATTERN_SCAN_MAX];
    const struct query *q = x->query;
    put_json_texts(out, "patterns", q->patterns.items, q->patterns.n);
    buf_print(out, "\"dialect\":\"%s\",", dialects[q->options.kind]);
    list_flags(&q->options, flags);
    for (size_t i = 0; i < PATTERN_FLAGS; i++)
        buf_print(out, "\"%s\":%s,", flags[i].name, flags[i].is_set ? "true" : "false");
    for (size_t i = 0; i < x->blocks.n_needles; i++)
        literals[i] = x->blocks.needles[i].text;
    put_json_texts(out, "literals", literals, x->blocks.n_needles);
}

static void put_json_object(const struct explanation *x, struct buf *out)
{
    const struct query *q = x->query;
    const struct snapshot *s = x->blocks.snapshot;
    buf_print(out, "{\"want\":\"%s\",", wants[q->want]);
    put_json_time(out, "since", q->since_ns);
    put_json_time(out, "until", q->until_ns);
    put_json_filters(x, out);
    if (s->streams)
        buf_print(out, "\"streams\":%zu,\"streams_of\":%zu,", x->streams, s->n_streams);
    put_json_texts(out, "services", x->services, x->n_services);
    put_json_patterns(x, out);
    put_json_share(out, "store", x->all);
    buf_add_byte(out, ',');
    put_json_share(out, "out_of_time", x->out_of_time);
    buf_add_byte(out, ',');
    put_json_share(out, "without_literals", x->without_literals);
    buf_add_byte(out, ',');
    put_json_share(out, "read", x->read);
    buf_add_byte(out, ',');
    put_json_share(out, "read_unmerged", x->unmerged);
    buf_add(out, STR("}\n"));
}

/* ---- text ---- */

/* A row: name, what it is, and behind it in a column of its own what there is to say about it. */
static void put_row(struct buf *out, const char *name, struct str text, const char *note)
{
    size_t start = out->len + 10;
    buf_print(out, "%-10s", name);
    put_safe(out, text);
    if (*note)
        buf_print(out, "%*s %s", (int)(start + COLUMN - min_of(out->len, start + COLUMN)), "",
                  note);
    buf_add_byte(out, '\n');
}

static void put_quoted_row(struct buf *out, const char *name, struct str text, const char *note)
{
    defer(buf_free) struct buf quoted = {0};
    print_json_text(&quoted, text);
    put_row(out, name, buf_str(&quoted), note);
}

static void put_search(const struct query *q, struct buf *out)
{
    defer(buf_free) struct buf text = {0};
    buf_print(&text, "%s", wants[q->want]);
    if (q->want == WANT_RECORDS)
        buf_print(&text, ", %s first", q->newest ? "newest" : "oldest");
    for (size_t i = 0; i < q->by.n; i++)
        buf_print(&text, "%s%.*s", i ? ", " : " by ", STR_ARG(q->by.items[i]));
    if (q->every_ns) {
        buf_add(&text, STR(" every "));
        put_duration(&text, (int64_t)q->every_ns);
    }
    if (q->measure.len)
        buf_print(&text, ", and of the numbers of %.*s", STR_ARG(q->measure));
    for (size_t i = 0; i < q->part.n; i++)
        buf_print(&text, "%s%.*s", i ? " " : ", and of those with ", STR_ARG(q->part.items[i]));
    if (q->has_max)
        buf_print(&text, ", at most %llu", (unsigned long long)q->max);
    if (q->last)
        buf_print(&text, ", the newest %llu", (unsigned long long)q->last);
    if (q->before || q->after)
        buf_print(&text, ", with %u lines before and %u after each", q->before, q->after);
    put_row(out, "search", buf_str(&text), "");
}

static void put_time(const struct query *q, struct buf *out)
{
    defer(buf_free) struct buf text = {0};
    if (q->since_ns != TIME_NONE) {
        buf_add(&text, STR("from "));
        put_rfc3339(&text, q->since_ns, 3);
    }
    if (q->until_ns != TIME_NONE) {
        buf_add(&text, text.len ? STR(" up to ") : STR("up to "));
        put_rfc3339(&text, q->until_ns, 3);
    }
    put_row(out, "time", text.len ? buf_str(&text) : STR("all"), "");
}

static void put_filters(const struct explanation *x, struct buf *out)
{
    const struct filter *f = x->blocks.selector.filter;
    for (size_t i = 0; i < filter_conditions(f); i++) {
        struct str operand;
        const char *kind = filter_condition(f, i, &operand);
        put_row(out, i ? "" : "filters", operand, kind);
    }
}

static void put_streams(const struct explanation *x, struct buf *out)
{
    defer(buf_free) struct buf text = {0};
    if (!x->blocks.snapshot->streams)
        return;
    buf_print(&text, "%zu of %zu", x->streams, x->blocks.snapshot->n_streams);
    for (size_t i = 0; i < x->n_services; i++)
        buf_print(&text, "%s%.*s", i ? ", " : ": ", STR_ARG(x->services[i]));
    buf_add(&text, x->has_more_services ? STR(", ...") : STR(""));
    put_row(out, "streams", buf_str(&text), "");
}

static void put_patterns(const struct explanation *x, struct buf *out)
{
    const struct query *q = x->query;
    struct pattern_flag flags[PATTERN_FLAGS];
    defer(buf_free) struct buf note = {0};
    buf_print(&note, "%s", dialects[q->options.kind]);
    list_flags(&q->options, flags);
    for (size_t i = 0; i < PATTERN_FLAGS; i++)
        if (flags[i].is_set)
            buf_print(&note, ", %s", flags[i].text);
    for (size_t i = 0; i < q->patterns.n; i++)
        put_quoted_row(out, i ? "" : "pattern", q->patterns.items[i], i ? "" : buf_text(&note));
    for (size_t i = 0; i < x->blocks.n_needles; i++)
        put_quoted_row(out, i ? "" : "literals", x->blocks.needles[i].text,
                       i                 ? ""
                       : x->asks_filters ? "one of them is in all that matches"
                                         : "... but lines of context are read too");
    if (q->patterns.n && x->blocks.n_needles == 0)
        put_row(out, "literals", STR("none: each line is looked at"), "");
}

static void put_share(struct buf *out, const char *name, const char *sign, struct share_of_store s,
                      const char *note)
{
    defer(buf_free) struct buf bytes = {0}, lines = {0};
    put_amount(&bytes, s.bytes);
    put_amount(&lines, s.line_bytes);
    buf_print(out, "%-8s %s %6llu blocks %8s %8s of lines%s\n", name, sign,
              (unsigned long long)s.blocks, buf_text(&bytes), buf_text(&lines), note);
}

static void put_text(const struct explanation *x, struct buf *out)
{
    put_search(x->query, out);
    put_time(x->query, out);
    put_filters(x, out);
    put_streams(x, out);
    put_patterns(x, out);
    put_share(out, "store", " ", x->all, "");
    put_share(out, "time", "-", x->out_of_time, "");
    put_share(out, "literals", "-", x->without_literals, "");
    put_share(out, "read", " ", x->read, "");
    if (x->unmerged.blocks)
        put_share(out, " of that", " ", x->unmerged, ", not merged yet");
}

bool query_explain(const struct query *query, const struct snapshot *snapshot,
                   const struct run_options *options, struct buf *out, struct err *err)
{
    defer(free_explanation) struct explanation x = {.query = query};
    x.blocks.snapshot = snapshot;
    x.blocks.summary = &x.summary;
    if (!compile(&x, err))
        return false;
    blocks_init(&x.blocks, NULL, 0);
    count_streams(&x);
    if (!count_blocks(&x, options, err))
        return false;
    if (query->output == OUTPUT_JSON)
        put_json_object(&x, out);
    else
        put_text(&x, out);
    return true;
}
