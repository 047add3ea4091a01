#include "query/engine/query.h"

#include "base/form.h"
#include "base/mem.h"

#include <stdio.h>

void query_init(struct query *q)
{
    *q = (struct query){.since_ns = TIME_NONE, .until_ns = TIME_NONE};
}

void query_free(struct query *q)
{
    arena_free(&q->arena);
    mem_free(&q->patterns.items);
    mem_free(&q->filters.items);
    mem_free(&q->by.items);
    mem_free(&q->part.items);
    mem_free(&q->changes.items);
    query_init(q);
}

static void add(struct query *q, struct query_texts *to, struct str text)
{
    mem_grow(to->items, to->n, to->capacity);
    to->items[to->n++] = arena_copy(&q->arena, text);
}

void query_add_pattern(struct query *q, struct str text)
{
    add(q, &q->patterns, text);
}

void query_add_filter(struct query *q, struct str text)
{
    add(q, &q->filters, text);
}

void query_add_by(struct query *q, struct str name)
{
    add(q, &q->by, name);
}

void query_add_change(struct query *q, struct str text)
{
    add(q, &q->changes, text);
}

void query_add_part(struct query *q, struct str text)
{
    add(q, &q->part, text);
}

bool query_check(const struct query *q, struct err *err)
{
    if (q->patterns.n > PATTERN_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "more than %d patterns", PATTERN_COUNT_MAX);
    if (q->every_ns > INT64_MAX / 2 || q->shift_ns > NS_PER_DAY || q->shift_ns < -NS_PER_DAY)
        return err_set(err, ERR_INPUT,
                       "spans are shifted by a day at most, and no longer than 146 years");
    if (q->want == WANT_TALLIES && (q->has_max || q->last || q->newest || q->before || q->after))
        return err_set(err, ERR_INPUT,
                       "counts are of all that matches: no max, last, newest or context");
    if (q->by.n > QUERY_NAMES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d names to count by", QUERY_NAMES_MAX);
    if (q->filters.n > QUERY_FILTERS_MAX || q->part.n > QUERY_FILTERS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d filters", QUERY_FILTERS_MAX);
    if (q->before > QUERY_CONTEXT_MAX || q->after > QUERY_CONTEXT_MAX)
        return err_set(err, ERR_LIMIT, "more than %d lines of context", QUERY_CONTEXT_MAX);
    if (q->last && q->newest)
        return err_set(err, ERR_INPUT,
                       "last and newest cannot be together: last prints the newest "
                       "oldest first");
    if (q->last && q->has_max)
        return err_set(err, ERR_INPUT, "last and max cannot be together");
    return true;
}

/* ---- the form ---- */

static const char *const kinds[] = {"F", "E", "G", "P", NULL};
static const char *const wants[] = {"records", "count", "streams", "others", "tallies", NULL};
static const char *const outputs[] = {"json", "text", "raw", "binary", NULL};

enum form_type { FORM_FLAG, FORM_WORD, FORM_TIME, FORM_U64, FORM_I64, FORM_U32, FORM_TEXT };

static const struct form_field {
    const char *name;
    enum form_type type;
    size_t offset;
    const char *const *words; /* FORM_WORD; ends with NULL */
} fields[] = {
    {"kind", FORM_WORD, offsetof(struct query, options.kind), kinds},
    {"i", FORM_FLAG, offsetof(struct query, options.ignore_case), NULL},
    {"w", FORM_FLAG, offsetof(struct query, options.whole_word), NULL},
    {"x", FORM_FLAG, offsetof(struct query, options.whole_line), NULL},
    {"v", FORM_FLAG, offsetof(struct query, options.invert), NULL},
    {"lines", FORM_FLAG, offsetof(struct query, options.lines), NULL},
    {"since", FORM_TIME, offsetof(struct query, since_ns), NULL},
    {"until", FORM_TIME, offsetof(struct query, until_ns), NULL},
    {"newest", FORM_FLAG, offsetof(struct query, newest), NULL},
    {"last", FORM_U64, offsetof(struct query, last), NULL},
    {"max", FORM_U64, offsetof(struct query, max), NULL},
    {"before", FORM_U32, offsetof(struct query, before), NULL},
    {"after", FORM_U32, offsetof(struct query, after), NULL},
    {"want", FORM_WORD, offsetof(struct query, want), wants},
    {"every", FORM_U64, offsetof(struct query, every_ns), NULL},
    {"shift", FORM_I64, offsetof(struct query, shift_ns), NULL},
    {"measure", FORM_TEXT, offsetof(struct query, measure), NULL},
    {"sample", FORM_FLAG, offsetof(struct query, sample), NULL},
    {"output", FORM_WORD, offsetof(struct query, output), outputs},
    {"explain", FORM_FLAG, offsetof(struct query, explain), NULL},
};

/* Names that may be there many times. */
static const struct form_list {
    const char *name;
    size_t texts; /* offset of a struct query_texts */
} lists[] = {
    {"e", offsetof(struct query, patterns)}, {"filter", offsetof(struct query, filters)},
    {"by", offsetof(struct query, by)},      {"change", offsetof(struct query, changes)},
    {"part", offsetof(struct query, part)},
};

void put_form_pair(struct buf *out, const char *name, struct str value)
{
    if (out->len)
        buf_add_byte(out, '&');
    buf_print(out, "%s=", name);
    put_percent(out, value);
}

static void put_number(struct buf *out, const char *name, long long value)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%lld", value);
    put_form_pair(out, name, str_of(text, (size_t)n));
}

static void put_field(const struct query *q, const struct form_field *f, struct buf *out)
{
    const void *at = (const char *)q + f->offset;
    switch (f->type) {
    case FORM_FLAG:
        if (*(const bool *)at)
            put_form_pair(out, f->name, STR("1"));
        break;
    case FORM_WORD:
        if (*(const unsigned *)at)
            put_form_pair(out, f->name, str_from(f->words[*(const unsigned *)at]));
        break;
    case FORM_TIME:
        if (*(const int64_t *)at != TIME_NONE)
            put_number(out, f->name, *(const int64_t *)at);
        break;
    case FORM_U64:
        if (*(const uint64_t *)at || (at == &q->max && q->has_max))
            put_number(out, f->name, (long long)*(const uint64_t *)at);
        break;
    case FORM_I64:
        if (*(const int64_t *)at)
            put_number(out, f->name, *(const int64_t *)at);
        break;
    case FORM_U32:
        if (*(const uint32_t *)at)
            put_number(out, f->name, *(const uint32_t *)at);
        break;
    case FORM_TEXT:
        if (((const struct str *)at)->len)
            put_form_pair(out, f->name, *(const struct str *)at);
        break;
    }
}

void query_encode(const struct query *q, struct buf *out)
{
    for (size_t i = 0; i < countof(lists); i++) {
        const struct query_texts *texts = (const void *)((const char *)q + lists[i].texts);
        for (size_t k = 0; k < texts->n; k++)
            put_form_pair(out, lists[i].name, texts->items[k]);
    }
    for (size_t i = 0; i < countof(fields); i++)
        put_field(q, &fields[i], out);
}

static bool refuse_value(const struct form_field *f, struct str value, const char *right,
                         struct err *err)
{
    return err_set(err, ERR_INPUT, "query: %s=%.*s: %s", f->name,
                   (int)min_of(value.len, (size_t)60), value.ptr, right);
}

static bool read_word(const struct form_field *f, struct str value, void *at, struct err *err)
{
    defer(buf_free) struct buf right = {0};
    buf_add(&right, STR("may be "));
    for (unsigned i = 0; f->words[i]; i++) {
        if (str_equal(value, str_from(f->words[i]))) {
            *(unsigned *)at = i;
            return true;
        }
        buf_print(&right, "%s%s", i == 0 ? "" : f->words[i + 1] ? ", " : " or ", f->words[i]);
    }
    return refuse_value(f, value, buf_text(&right), err);
}

static bool read_time(const struct form_field *f, struct str value, void *at, struct err *err)
{
    int64_t ns;
    struct str rest = value;
    if (str_to_i64(value, &ns) || (take_rfc3339(&rest, &ns) && rest.len == 0)) {
        *(int64_t *)at = ns;
        return true;
    }
    return refuse_value(f, value, "is neither nanoseconds since 1970 nor RFC 3339", err);
}

static bool read_field(struct query *q, const struct form_field *f, struct str value,
                       struct err *err)
{
    void *at = (char *)q + f->offset;
    uint64_t number;
    switch (f->type) {
    case FORM_FLAG:
        if (!str_equal(value, STR("1")) && !str_equal(value, STR("0")))
            return refuse_value(f, value, "may be 0 or 1", err);
        *(bool *)at = value.ptr[0] == '1';
        return true;
    case FORM_WORD:
        return read_word(f, value, at, err);
    case FORM_TIME:
        return read_time(f, value, at, err);
    case FORM_TEXT:
        *(struct str *)at = arena_copy(&q->arena, value);
        return true;
    case FORM_I64:
        return str_to_i64(value, at) || refuse_value(f, value, "is not a number that fits", err);
    default:
        break;
    }
    uint64_t most = f->type == FORM_U64 ? INT64_MAX : UINT32_MAX;
    if (!str_to_u64(value, &number) || number > most)
        return refuse_value(f, value, "is not a number that fits", err);
    if (f->type == FORM_U64)
        *(uint64_t *)at = number;
    else
        *(uint32_t *)at = (uint32_t)number;
    q->has_max = q->has_max || at == &q->max;
    return true;
}

/* "service" "api", and what splitting at "=" made of "service!=api" and "service~regex". */
static void add_named_filter(struct query *q, struct str name, struct str value)
{
    bool is_whole = value.len == 0 && str_find_byte(name, '~') != SIZE_MAX;
    struct str text =
        is_whole ? name : arena_print(&q->arena, "%.*s=%.*s", STR_ARG(name), STR_ARG(value));
    query_add_filter(q, text);
}

bool query_take_pair(struct query *q, struct query_pairs *pairs, struct str name, struct str value,
                     struct err *err)
{
    for (size_t i = 0; i < countof(lists); i++) {
        if (str_equal(name, str_from(lists[i].name))) {
            add(q, (void *)((char *)q + lists[i].texts), value);
            return true;
        }
    }
    for (size_t i = 0; i < countof(fields); i++) {
        if (!str_equal(name, str_from(fields[i].name)))
            continue;
        if (pairs->seen & 1u << i)
            return err_set(err, ERR_INPUT, "query: '%s' is there twice", fields[i].name);
        pairs->seen |= 1u << i;
        return read_field(q, &fields[i], value, err);
    }
    add_named_filter(q, name, value);
    return true;
}

bool query_decode(struct query *q, struct str form, struct err *err)
{
    if (form.len > QUERY_FORM_MAX)
        return err_set(err, ERR_LIMIT, "query is longer than %d bytes", QUERY_FORM_MAX);
    defer(arena_free) struct arena arena = {0};
    struct query_pairs pairs = {0};
    struct str name, value;
    take_prefix(&form, STR("?"));
    while (take_query_pair(&form, &arena, &name, &value)) {
        if (!query_take_pair(q, &pairs, name, value, err))
            return false;
    }
    return query_check(q, err);
}
