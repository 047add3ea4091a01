#include "base/metrics.h"

#include "base/mem.h"

#include <math.h>

static const struct {
    enum metric_kind kind;
    const char *name, *first, *second, *help;
} families[] = {
#define X(id, kind, name, first, second, help) {METRIC_##kind, name, first, second, help},
    METRICS(X)
#undef X
};

static const char *const kind_names[] = {"counter", "gauge", "histogram"};

/* Upper bounds in seconds; the bucket after the last has none. */
static const double bounds[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300};

enum { BUCKETS = countof(bounds) + 1 };

struct metric_series {
    struct metric_series *next;
    struct metric_labels labels;
    uint64_t count;    /* of a counter */
    double value;      /* of a gauge; the sum of a histogram */
    uint64_t *buckets; /* of a histogram, each by itself, not summed up */
};

/* Memory for "first\0second". */
struct key {
    char bytes[2 * METRIC_VALUE_MAX + 1];
};

/* At a border of UTF-8 characters. */
static struct str cut(struct str s)
{
    if (s.len <= METRIC_VALUE_MAX)
        return s;
    size_t len = METRIC_VALUE_MAX;
    while (len > METRIC_VALUE_MAX - 4 && (s.ptr[len] & 0xc0) == 0x80)
        len--;
    return str_of(s.ptr, len);
}

static struct str key_of(struct key *key, struct metric_labels labels)
{
    struct str first = cut(labels.first), second = cut(labels.second);
    if (first.len)
        memcpy(key->bytes, first.ptr, first.len);
    key->bytes[first.len] = '\0';
    if (second.len)
        memcpy(key->bytes + first.len + 1, second.ptr, second.len);
    return str_of(key->bytes, first.len + 1 + second.len);
}

static struct metric_series *find(const struct metrics *m, enum metric id,
                                  struct metric_labels labels)
{
    struct key key;
    return map_get(&m->families[id].by_labels, key_of(&key, labels));
}

static struct metric_series *add(struct metrics *m, enum metric id, struct metric_labels labels)
{
    struct metric_family *f = &m->families[id];
    struct metric_series *s = arena_new(&m->arena, struct metric_series);
    struct key key;
    s->labels.first = arena_copy(&m->arena, cut(labels.first));
    s->labels.second = arena_copy(&m->arena, cut(labels.second));
    if (families[id].kind == METRIC_HISTOGRAM)
        s->buckets = arena_array(&m->arena, uint64_t, BUCKETS);
    if (f->last)
        f->last->next = s;
    else
        f->first = s;
    f->last = s;
    f->n++;
    map_put(&f->by_labels, arena_copy(&m->arena, key_of(&key, labels)), s);
    return s;
}

/* Invariant 2. */
static struct metric_series *series_of(struct metrics *m, enum metric id,
                                       struct metric_labels labels)
{
    assert((families[id].first || !labels.first.len) &&
           (families[id].second || !labels.second.len));
    struct metric_series *s = find(m, id, labels);
    if (s)
        return s;
    const struct metric_family *f = &m->families[id];
    if (f->n >= METRIC_SERIES_MAX) {
        labels.first = STR("other");
        if (f->n >= METRIC_SERIES_MAX + METRIC_SECOND_MAX && !find(m, id, labels) &&
            families[id].second)
            labels.second = STR("other");
        s = find(m, id, labels);
    }
    return s ? s : add(m, id, labels);
}

void metric_count(struct metrics *m, enum metric id, struct metric_labels labels, uint64_t more)
{
    assert(families[id].kind == METRIC_COUNTER);
    series_of(m, id, labels)->count += more;
}

void metric_set(struct metrics *m, enum metric id, struct metric_labels labels, double value)
{
    assert(families[id].kind == METRIC_GAUGE);
    series_of(m, id, labels)->value = value;
}

void metric_observe(struct metrics *m, enum metric id, struct metric_labels labels, double value)
{
    assert(families[id].kind == METRIC_HISTOGRAM);
    struct metric_series *s = series_of(m, id, labels);
    size_t i = 0;
    while (i < countof(bounds) && value > bounds[i])
        i++;
    s->buckets[i]++;
    s->value += value;
}

static uint64_t observations(const struct metric_series *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        sum += s->buckets[i];
    return sum;
}

double metric_value(const struct metrics *m, enum metric id, struct metric_labels labels)
{
    const struct metric_series *s = find(m, id, labels);
    if (!s)
        return 0;
    if (families[id].kind == METRIC_HISTOGRAM)
        return (double)observations(s);
    return families[id].kind == METRIC_COUNTER ? (double)s->count : s->value;
}

static void put_number(struct buf *b, double v)
{
    if (isnan(v))
        buf_add(b, STR("NaN"));
    else if (isinf(v))
        buf_add(b, v > 0 ? STR("+Inf") : STR("-Inf"));
    else
        buf_print(b, "%.15g", v);
}

static void put_value(struct buf *b, struct str s)
{
    bool valid = is_utf8(s);
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '\\' || c == '"')
            buf_add_byte(b, '\\');
        if (c == '\n')
            buf_add(b, STR("\\n"));
        else
            buf_add_byte(b, (c & 0x80) && !valid ? '?' : c);
    }
}

static void put_label(struct buf *b, const char *name, struct str value, char *separator)
{
    buf_print(b, "%c%s=\"", *separator, name);
    put_value(b, value);
    buf_add_byte(b, '"');
    *separator = ',';
}

/* "name_suffix{labels} "; bound is that of a bucket, or NULL. */
static void put_series(struct buf *b, size_t id, const char *suffix, const struct metric_series *s,
                       const double *bound)
{
    char separator = '{';
    buf_print(b, "%s%s", families[id].name, suffix);
    if (families[id].first)
        put_label(b, families[id].first, s->labels.first, &separator);
    if (families[id].second)
        put_label(b, families[id].second, s->labels.second, &separator);
    if (bound) {
        buf_print(b, "%cle=\"", separator);
        put_number(b, *bound);
        buf_add_byte(b, '"');
        separator = ',';
    }
    buf_add(b, separator == ',' ? STR("} ") : STR(" "));
}

static void print_histogram(struct buf *b, size_t id, const struct metric_series *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        double bound = i < countof(bounds) ? bounds[i] : INFINITY;
        sum += s->buckets[i];
        put_series(b, id, "_bucket", s, &bound);
        buf_print(b, "%llu\n", (unsigned long long)sum);
    }
    put_series(b, id, "_sum", s, NULL);
    put_number(b, s->value);
    buf_add_byte(b, '\n');
    put_series(b, id, "_count", s, NULL);
    buf_print(b, "%llu\n", (unsigned long long)sum);
}

static void print_one(struct buf *b, size_t id, const struct metric_series *s)
{
    if (families[id].kind == METRIC_HISTOGRAM) {
        print_histogram(b, id, s);
        return;
    }
    put_series(b, id, "", s, NULL);
    if (families[id].kind == METRIC_COUNTER)
        buf_print(b, "%llu", (unsigned long long)s->count);
    else
        put_number(b, s->value);
    buf_add_byte(b, '\n');
}

void metrics_print(const struct metrics *m, struct buf *b)
{
    for (size_t id = 0; id < METRICS_N; id++) {
        if (!m->families[id].first)
            continue;
        buf_print(b, "# HELP %s %s\n# TYPE %s %s\n", families[id].name, families[id].help,
                  families[id].name, kind_names[families[id].kind]);
        for (const struct metric_series *s = m->families[id].first; s; s = s->next)
            print_one(b, id, s);
    }
}

void metrics_free(struct metrics *m)
{
    for (size_t id = 0; id < METRICS_N; id++)
        map_free(&m->families[id].by_labels);
    arena_free(&m->arena);
    *m = (struct metrics){0};
}
