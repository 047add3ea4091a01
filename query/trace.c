/*
 * `sluice trace`: one request, in all services.
 *
 *     ID ─▶ needles (formats/line/canonical_id.h) ─▶ lines that show it, which filters of segments find fast
 *        ─▶ the ids that these records have: is it one of them, or the front of one?
 *        ─▶ id=ID, from a second before the first of them to a second behind the last, where also what is inherited is
 *
 * Lines that show the id but have another one, as of two that a line shows one is its own, are kept from the first search and printed
 * where they belong. An id that no line shows may have been generated; the time is in it then.
 *
 * Exit status: 0 there is such a request, 1 there is none, 2 usage, connection or another error, 3 the answer lacks something.
 */
#include "query/commands.h"

#include "base/ascii.h"
#include "base/front.h"
#include "base/mem.h"
#include "base/say.h"
#include "formats/line/canonical_id.h"
#include "query/engine/window.h"
#include "query/output.h"
#include "query/search.h"
#include "query/show.h"

#include <stdlib.h>

enum { EXIT_FOUND = 0, EXIT_NONE = 1, EXIT_ERROR = 2, EXIT_INCOMPLETE = 3 };
enum { SHOWN_LEAST = 8, SHOWN_BYTES_MAX = 32 << 20 }; /* shorter ids stand in many lines */
enum { PLACE_SHOWN = 40, PREFIX_LEAST = 6, FOUND_MAX = 4, IDS_MAX = 16, FLUSH_BYTES = 64 << 10 };

#define AROUND_NS NS_PER_S /* as far as an id is inherited: shipper/record_ids.h */

struct trace_flags {
    struct str config;
    bool help;
    struct str since, until, within;
    int64_t context;
    int output, color; /* indexes of show_output_words, show_color_words */
    bool utc;
    struct str_list collector;
    struct str store;
};

#define FIELD(name) .field = offsetof(struct trace_flags, name)
#define BOOL(name)  .type = OPTION_BOOLEAN, FIELD(name)

static const char *const output_words[] = {"text", "json", NULL};

/* clang-format off */
static const struct option rows[] = {
    {.flag = "context", .letter = 'C', .type = OPTION_INTEGER, FIELD(context), .initial = "0", .value_name = "NUM",
     .least = 0, .most = QUERY_CONTEXT_MAX, .help = "so many lines of the same stream before and behind, too"},
    {.flag = "within", .type = OPTION_STRING, FIELD(within), .value_name = "TIME",
     .help = "only of the time before now: 1h"},
    SPAN_ROWS(struct trace_flags),
    {.flag = "output", .type = OPTION_WORD, FIELD(output), .words = output_words, .initial = "text",
     .value_name = "FORM", .help = "text or json"},
    {.flag = "utc", BOOL(utc), .help = "times in UTC"},
    {.flag = "color", .type = OPTION_WORD, FIELD(color), .words = show_color_words, .initial = "auto",
     .optional_value = true, .implied = "always", .value_name = "WHEN", .help = "auto, always or never"},
    WHERE_ROWS(struct trace_flags),
    {.flag = "config", .type = OPTION_PATH, FIELD(config), .value_name = "FILE",
     .help = "configuration file (default " CONFIG_FILE ")"},
    FRONT_HELP,
};
/* clang-format on */

static const struct option_table table = {rows, countof(rows), NULL};

static const struct front front = {
    "trace", &table,
    STR_INIT("usage: sluice trace [OPTIONS] ID... [NAME=VALUE]...\n"
             "\n"
             "The lines of one request in all services, in their order, with seconds since the\n"
             "first. The id may be in any of its forms: UUID, 32 hex digits, traceparent,\n"
             "X-Ray, Datadog's decimal; or the front of one, of 6 bytes and more.\n"
             "\n")};

/* A record that shows the id and has another. */
struct shown {
    struct result result; /* in .arena, with its stream */
    struct order_key key;
    struct str id; /* that it shows, if that is a text: else empty */
};

/* An id that is looked for, or begins with what is. */
struct found {
    struct str id, place; /* a container or service of those that have it */
};

struct trace {
    struct search search;
    struct shown *shown; /* owned; in the order of the search, then in theirs */
    size_t n_shown, shown_capacity, next_shown;
    bool is_incomplete;  /* one of the searches before the last was */
    uint64_t left_out;   /* beyond SHOWN_BYTES_MAX */
    struct query wanted; /* since, until and filters of the command line */
    struct canonical_id id;
    bool may_be_prefix;
    struct found found[FOUND_MAX]; /* in .arena */
    size_t n_found;
    bool has_more;
    bool is_exact;             /* .found[0] is it */
    int64_t first_ns, last_ns; /* of records with it; first > last: none */
    struct buf title;          /* what the first line says that it is */
    struct arena arena;
};

static void free_trace(struct trace *t)
{
    search_free(&t->search);
    query_free(&t->wanted);
    mem_free(&t->shown);
    buf_free(&t->title);
    arena_free(&t->arena);
}

/* ---- which id ---- */

static void add_found(struct trace *t, struct str text, const struct result *r)
{
    struct canonical_id id = canonical_id_of(text);
    for (size_t i = 0; i < t->n_found; i++) {
        struct canonical_id other = canonical_id_of(t->found[i].id);
        if (is_same_id(&id, &other))
            return;
    }
    t->has_more |= t->n_found == FOUND_MAX;
    if (t->n_found == FOUND_MAX)
        return;
    struct str place = label_value(&r->stream->labels, STR("container"));
    if (place.len == 0)
        place = label_value(&r->stream->labels, STR("service"));
    t->found[t->n_found++] =
        (struct found){arena_copy(&t->arena, text), arena_copy(&t->arena, place)};
}

/* Is `id` one that the text of the command line begins? A number is the front of those of all processes. */
static bool is_front_of(const struct trace *t, const struct canonical_id *id)
{
    if (t->id.kind == CANONICAL_TEXT && id->kind == CANONICAL_SCOPED)
        return is_same_id(&t->id, id);
    return t->may_be_prefix && id->text.len > t->id.text.len &&
           str_equal_nocase(t->id.text, str_slice(id->text, 0, t->id.text.len));
}

static void keep_shown(struct trace *t, const struct result *r)
{
    if (id_number(&t->id).len < SHOWN_LEAST)
        return;
    if (t->arena.used > SHOWN_BYTES_MAX) {
        t->left_out++;
        return;
    }
    struct result_stream *stream = arena_new(&t->arena, struct result_stream);
    *stream = *r->stream;
    stream->labels = labels_copy(&t->arena, &r->stream->labels);
    mem_grow(t->shown, t->n_shown, t->shown_capacity);
    struct shown *kept = &t->shown[t->n_shown++];
    *kept = (struct shown){.result = *r, .key = result_key(r)};
    kept->result.stream = stream;
    kept->result.id = arena_copy(&t->arena, r->id);
    kept->result.fields = arena_copy(&t->arena, r->fields);
    kept->result.line = arena_copy(&t->arena, r->line);
}

/* A record that shows the id somewhere. */
static bool note(void *context, const struct result *r)
{
    struct trace *t = context;
    struct canonical_id id = canonical_id_of(r->id);
    bool is_front = r->id.len > 0 && is_front_of(t, &id);
    bool is_same = r->id.len > 0 && !is_front && is_same_id(&t->id, &id);
    if (!is_same && !is_front) {
        keep_shown(t, r);
        return true;
    }
    if (is_same && !t->is_exact)
        t->n_found = 0;
    if (is_same || !t->is_exact)
        add_found(t, is_same ? t->id.text : r->id, r);
    t->is_exact |= is_same;
    t->first_ns = min_of(t->first_ns, r->event_ns);
    t->last_ns = max_of(t->last_ns, r->event_ns);
    return true;
}

static void copy_wanted(const struct trace *t, struct query *q)
{
    query_init(q);
    q->since_ns = t->wanted.since_ns;
    q->until_ns = t->wanted.until_ns;
    q->output = OUTPUT_BINARY;
    for (size_t i = 0; i < t->wanted.filters.n; i++)
        query_add_filter(q, t->wanted.filters.items[i]);
}

static bool search_needles(struct trace *t, const struct str *needles, size_t n, struct err *err)
{
    defer(query_free) struct query q;
    defer(summary_free) struct summary summary = {0};
    copy_wanted(t, &q);
    q.options.kind = PATTERN_TEXT;
    q.options.ignore_case = true;
    for (size_t i = 0; i < n; i++)
        query_add_pattern(&q, needles[i]);
    t->search.query = &q;
    t->search.take = note;
    t->search.context = t;
    if (!search_run(&t->search, &summary, err))
        return false;
    if (!summary.complete && !t->is_incomplete)
        search_report(front.name, &summary, false);
    t->is_incomplete |= !summary.complete;
    return true;
}

_Static_assert((int)ID_NEEDLES_MAX <= (int)PATTERN_SCAN_MAX, "more are looked for in all lines");

/* Fills .found. */
static bool look_for(struct trace *t, struct str text, struct err *err)
{
    struct id_needles needles;
    t->id = canonical_id_of(text);
    t->may_be_prefix = t->id.kind == CANONICAL_TEXT && text.len >= PREFIX_LEAST;
    t->n_found = 0;
    t->is_exact = t->has_more = false;
    id_needles_of(&t->id, &needles);
    return search_needles(t, needles.items, needles.n, err);
}

static bool refuse_front(const struct trace *t, struct err *err)
{
    defer(buf_free) struct buf list = {0};
    struct canonical_id first = canonical_id_of(t->found[0].id);
    for (size_t i = 0; i < t->n_found; i++)
        buf_print(&list, "%s%.*s (%.*s)", i ? ", " : "", STR_ARG(t->found[i].id),
                  STR_ARG(str_slice(t->found[i].place, 0, PLACE_SHOWN)));
    return err_set(err, ERR_INPUT, "'%.*s' %s: %.*s%s; ask for one of them", STR_ARG(t->id.text),
                   first.kind == CANONICAL_SCOPED ? "is a number of several processes"
                                                  : "begins several ids",
                   STR_ARG(buf_str(&list)), t->has_more ? " and more" : "");
}

/* The front of one id: all of that is looked for. */
static bool look_for_all(struct trace *t, struct str text, struct err *err)
{
    if (!look_for(t, text, err))
        return false;
    if (t->n_found > 1)
        return refuse_front(t, err);
    return t->n_found == 0 || t->is_exact || look_for(t, t->found[0].id, err);
}

/* One that no line shows may have been made; then it says when (RFC 9562, 5.7), or a time that no record has. */
static void note_made(struct trace *t)
{
    uint64_t ms = t->id.high >> 16;
    if (t->id.kind != CANONICAL_WIDE || t->id.version != 7 || ms >= INT64_MAX / NS_PER_MS)
        return;
    int64_t ns = (int64_t)ms * NS_PER_MS;
    t->first_ns = min_of(t->first_ns, ns);
    t->last_ns = max_of(t->last_ns, ns + NS_PER_MS);
}

/* Adds the condition for each id to q, which is about the records to print, and bounds its time. */
static bool resolve_ids(struct trace *t, const struct str *ids, size_t n, struct query *q,
                        struct err *err)
{
    t->first_ns = INT64_MAX;
    t->last_ns = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        if (!look_for_all(t, ids[i], err))
            return false;
        if (t->n_found == 0)
            note_made(t);
        struct str id = t->n_found ? t->found[0].id : ids[i];
        for (; t->next_shown < t->n_shown; t->next_shown++)
            t->shown[t->next_shown].id = t->id.kind == CANONICAL_TEXT ? id : STR("");
        buf_print(&t->title, "%s%.*s", i ? " " : "", STR_ARG(id));
        query_add_filter(q, arena_print(&t->arena, "id=%.*s", STR_ARG(id)));
    }
    if (t->first_ns < INT64_MIN + AROUND_NS || t->last_ns > INT64_MAX - 2 * AROUND_NS)
        return true;
    int64_t since = t->first_ns - AROUND_NS, until = t->last_ns + AROUND_NS + 1;
    q->since_ns = q->since_ns == TIME_NONE ? since : max_of(q->since_ns, since);
    q->until_ns = q->until_ns == TIME_NONE ? until : min_of(q->until_ns, until);
    return true;
}

/* ---- printing ---- */

static int by_key(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    return order_key_compare(&x->key, &y->key);
}

static void sort_shown(struct trace *t)
{
    if (t->n_shown > 0)
        qsort(t->shown, t->n_shown, sizeof *t->shown, by_key);
    t->next_shown = 0;
}

/* Of a text that was found ignoring case and as the front of others: whether the line has it as it is, as a word. */
static bool is_word_of(struct str line, struct str id)
{
    size_t at = str_find(line, id);
    return at != SIZE_MAX && (at == 0 || !is_alnum(line.ptr[at - 1])) &&
           !is_alnum(byte_at(line, at + id.len));
}

/* The first line is where offsets begin; it says when that was. */
static void print_one(struct trace *t, const struct result *r)
{
    struct print_options *o = &t->search.printer.options;
    if (!t->search.has_match && o->output == PRINT_TEXT) {
        struct print_options start = *o;
        start.time = o->terminal ? TIME_SHORT : TIME_ISO;
        print_time(&start, &t->search.out, r->event_ns);
        print_text(&t->search.printer, &t->search.out, buf_str(&t->title));
        buf_add_byte(&t->search.out, '\n');
        o->origin_ns = r->event_ns;
    }
    t->search.has_match = true;
    printer_add(&t->search.printer, r, &t->search.out);
    if (t->search.out.len >= FLUSH_BYTES)
        output_write(front.name, &t->search.out);
}

/* Those in front of `to`, or all. What both searches have found is printed once. */
static void print_shown(struct trace *t, const struct order_key *to)
{
    for (; t->next_shown < t->n_shown; t->next_shown++) {
        const struct shown *s = &t->shown[t->next_shown];
        int order = to ? order_key_compare(&s->key, to) : -1;
        bool is_twice = t->next_shown > 0 && by_key(s, s - 1) == 0;
        if (order > 0)
            return;
        if (order < 0 && !is_twice && (s->id.len == 0 || is_word_of(s->result.line, s->id)))
            print_one(t, &s->result);
    }
}

static bool print_found(void *context, const struct result *r)
{
    struct trace *t = context;
    struct order_key key = result_key(r);
    print_shown(t, &key);
    print_one(t, r);
    return true;
}

static int finish(struct trace *t, const struct summary *summary)
{
    search_end(&t->search);
    search_report(front.name, summary, false);
    if (t->left_out)
        say("note: %llu more records show it, with another id or none: sluice grep -i shows them",
            (unsigned long long)t->left_out);
    if (!summary->complete || t->is_incomplete)
        return EXIT_INCOMPLETE;
    if (t->search.has_match)
        return EXIT_FOUND;
    bool is_bounded = t->wanted.since_ns != TIME_NONE || t->wanted.until_ns != TIME_NONE;
    say("note: no record has '%.*s'%s%s", STR_ARG(buf_str(&t->title)),
        is_bounded ? " in that time" : "",
        t->may_be_prefix || t->id.kind != CANONICAL_TEXT
            ? ""
            : "; the front of an id has 6 bytes and more");
    return EXIT_NONE;
}

/* ---- the command ---- */

/* An id as it may have been copied: with blanks around it, or as a filter. */
static bool take_id(struct str text, struct str *id, struct err *err)
{
    *id = str_trim(text);
    if (id->len == 0 || id->len > RECORD_ID_MAX)
        return err_set(err, ERR_INPUT, "an id has 1 to %d bytes", RECORD_ID_MAX);
    for (size_t i = 0; i < id->len; i++) {
        if ((unsigned char)id->ptr[i] <= ' ')
            return err_set(err, ERR_INPUT, "an id has no blanks: give several one by one");
    }
    return true;
}

/* Operands with a sign are filters, but for id=; the others ids. */
static bool take_ids(struct trace *t, const struct str_list *operands, struct str ids[IDS_MAX],
                     size_t *n, struct err *err)
{
    for (size_t i = 0; i < operands->n; i++) {
        struct str text = operands->items[i];
        if (is_path_operand(text))
            return err_set(err, ERR_INPUT, "'%.*s' is a path; what is in files has no request ids",
                           STR_ARG(text));
        bool is_id = take_prefix(&text, STR("id="));
        if (!is_id &&
            (str_find_byte(text, '=') != SIZE_MAX || str_find_byte(text, '~') != SIZE_MAX)) {
            query_add_filter(&t->wanted, text);
            continue;
        }
        if (*n == IDS_MAX)
            return err_set(err, ERR_INPUT, "more than %d ids", IDS_MAX);
        if (!take_id(text, &ids[*n], err))
            return false;
        ++*n;
    }
    return *n > 0 ? true : err_set(err, ERR_INPUT, "which id? usage: sluice trace ID");
}

static bool take_flags(struct trace *t, const struct trace_flags *f, struct err *err)
{
    const struct zone *zone = show_zone(f->utc);
    if (f->within.len && f->since.len)
        return err_set(err, ERR_INPUT, "--within and --since cannot be together");
    return time_flag("--within", f->within, zone, true, &t->wanted.since_ns, err) &&
           time_flag("--since", f->since, zone, true, &t->wanted.since_ns, err) &&
           time_flag("--until", f->until, zone, true, &t->wanted.until_ns, err);
}

static bool run_trace(struct trace *t, const struct trace_flags *f, const struct str *ids, size_t n,
                      struct summary *summary, struct err *err)
{
    defer(query_free) struct query q;
    copy_wanted(t, &q);
    if (!resolve_ids(t, ids, n, &q, err))
        return false;
    q.before = q.after = (uint32_t)f->context;
    t->search.query = &q;
    t->search.take = print_found;
    sort_shown(t);
    if (t->first_ns > t->last_ns) /* no record has it */
        summary->complete = true;
    else if (!search_run(&t->search, summary, err))
        return false;
    print_shown(t, NULL);
    return true;
}

int command_trace(int argc, char **argv)
{
    struct err err;
    struct trace_flags f;
    struct options given;
    struct str ids[IDS_MAX];
    size_t n = 0;
    int status;
    struct print_options print = {0};
    defer(arena_free) struct arena arena = {0};
    defer(config_free) struct config config = {0};
    defer(pattern_close) struct pattern *pattern = NULL;
    defer(free_trace) struct trace t = {0};
    defer(summary_free) struct summary summary = {0};
    query_init(&t.wanted);
    if (!front_read(&front, &f, &given, &arena, argc, argv, &status) ||
        !front_config(&front, &config, f.config, true, &status))
        return status;
    const struct show_flags show = {.output = f.output ? 2 : 0, .color = f.color, .utc = f.utc};
    if (!take_ids(&t, &given.operands, ids, &n, &err) || !take_flags(&t, &f, &err) ||
        !show_resolve(&show, &config, &t.wanted, &print, &pattern, &err))
        return front_fail(&front, "%s", err.text);
    print.time = TIME_OFFSET;
    print.with_id_kind = true;
    print.with_context = f.context > 0;
    search_init(&t.search, front.name, &print);
    t.search.config = &config;
    t.search.collector = &f.collector;
    t.search.store = f.store;
    if (!run_trace(&t, &f, ids, n, &summary, &err)) {
        search_end(&t.search);
        return front_fail(&front, "%s", err.text);
    }
    return finish(&t, &summary);
}
