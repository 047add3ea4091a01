#include "query/engine/tally.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/block/chunk.h"
#include "formats/line/level.h"
#include "query/engine/value_test.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

struct tally_change {
    int64_t from_ns, shift_ns;
};

/* ---- opening ---- */

/* Whether lines may have to be read for it. */
static bool may_be_field(struct str name, const struct filter_scope *scope)
{
    if (str_equal(name, STR("level")) || str_equal(name, STR("id")))
        return false;
    for (size_t i = 0; i < scope->n_streams; i++)
        if (has_label(scope->streams[i], name))
            return false;
    return true;
}

static bool read_changes(struct tallies *t, struct err *err)
{
    const struct tally_options *o = &t->options;
    if (o->n_changes > TALLY_CHANGES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d changes of the shift", TALLY_CHANGES_MAX);
    t->changes = arena_array(&t->arena, struct tally_change, o->n_changes);
    for (size_t i = 0; i < o->n_changes; i++) {
        struct str shift = o->changes[i], from;
        struct tally_change *c = &t->changes[i];
        if (!take_until(&shift, ':', &from) || !str_to_i64(from, &c->from_ns) ||
            !str_to_i64(shift, &c->shift_ns) || c->shift_ns > NS_PER_DAY ||
            c->shift_ns < -NS_PER_DAY || (i > 0 && c->from_ns <= c[-1].from_ns))
            return err_set(err, ERR_INPUT, "change=%.*s: TIME:SHIFT in nanoseconds, ascending",
                           STR_ARG(o->changes[i]));
    }
    return true;
}

/* Whether ids of records are looked at. */
static bool asks_ids(const struct tallies *t)
{
    const struct tally_options *o = &t->options;
    bool asks = str_equal(o->measure, STR("id")) || (t->part && filter_looks_at_ids(t->part));
    for (size_t i = 0; i < o->n_names; i++)
        asks = asks || str_equal(o->names[i], STR("id"));
    return asks;
}

bool tallies_open(struct tallies *t, const struct tally_options *options,
                  const struct filter_scope *scope, struct err *err)
{
    *t = (struct tallies){.options = *options};
    if (options->n_names > TALLY_NAMES_MAX)
        return err_set(err, ERR_INPUT, "counts are by at most %d names", TALLY_NAMES_MAX);
    if (options->n_part && !filter_compile(&t->part, options->part, options->n_part, scope, err))
        return false;
    t->shape_at = options->n_names;
    for (size_t i = 0; i < options->n_names; i++) {
        t->are_fields[i] = may_be_field(options->names[i], scope);
        if (t->are_fields[i] && str_equal(options->names[i], STR("shape")))
            t->shape_at = i;
    }
    t->measures_field = options->measure.len && may_be_field(options->measure, scope);
    t->fields = line_fields_open();
    t->remembers = !tallies_read_lines(t) && !asks_ids(t);
    return read_changes(t, err);
}

void tallies_free(struct tallies *t)
{
    map_each (&t->by_key, entry)
        sketch_free(&((struct tally *)entry->value)->sketch);
    map_free(&t->by_key);
    filter_close(&t->part);
    line_fields_close(&t->fields);
    buf_free(&t->key);
    arena_free(&t->arena);
}

bool tallies_read_lines(const struct tallies *t)
{
    bool reads =
        t->measures_field || t->options.sample || (t->part && filter_looks_at_lines(t->part));
    for (size_t i = 0; i < t->options.n_names; i++)
        reads = reads || t->are_fields[i];
    return reads;
}

unsigned tallies_row_parts(const struct tallies *t)
{
    bool needs_texts = tallies_read_lines(t) || asks_ids(t);
    bool needs_times = t->options.every_ns || t->options.sample;
    return (needs_times ? CHUNK_ROW_TIMES : 0) | (needs_texts ? CHUNK_ROW_TEXTS : 0);
}

uint64_t tallies_gave_up(const struct tallies *t)
{
    return t->part ? filter_gave_up(t->part) : 0;
}

/* ---- counting ---- */

static struct str value_of(struct tallies *t, struct str name, bool is_field,
                           const struct labels *labels, const struct record *record)
{
    if (str_equal(name, STR("level")))
        return str_from(level_name(record->level));
    if (str_equal(name, STR("id")))
        return record->id;
    if (is_field && str_equal(name, STR("shape")) && !has_label(labels, name))
        return line_fields_shape(t->fields);
    bool is_forced = take_prefix(&name, STR(".")); /* as in filters */
    return is_forced || (is_field && !has_label(labels, name)) ? line_fields_value(t->fields, name)
                                                               : label_value(labels, name);
}

static int64_t shift_at(const struct tallies *t, int64_t ns)
{
    int64_t shift_ns = t->options.shift_ns;
    for (size_t i = 0; i < t->options.n_changes && t->changes[i].from_ns <= ns; i++)
        shift_ns = t->changes[i].shift_ns;
    return shift_ns;
}

/* Where the shift changes within a span it begins where the one before says, as a day does when clocks go forward at
 * night. Times at the ends of all times have spans that begin there. */
static int64_t span_of(const struct tallies *t, int64_t ns)
{
    int64_t shift_ns = shift_at(t, ns), local_ns, start_ns;
    if (__builtin_add_overflow(ns, shift_ns, &local_ns))
        return ns;
    int64_t rest = local_ns % t->options.every_ns;
    rest += rest < 0 ? t->options.every_ns : 0;
    if (__builtin_sub_overflow(ns, rest, &start_ns))
        return ns;
    int64_t moved_ns, before_ns = shift_at(t, start_ns);
    bool is_moved = !__builtin_add_overflow(start_ns, shift_ns - before_ns, &moved_ns);
    return is_moved && moved_ns <= ns ? moved_ns : start_ns;
}

int64_t tally_next_span(const struct tallies *t, int64_t start_ns)
{
    int64_t every_ns = t->options.every_ns, middle_ns;
    if (__builtin_add_overflow(start_ns, every_ns + every_ns / 2, &middle_ns))
        return INT64_MAX;
    return span_of(t, middle_ns);
}

static bool has_own_shape(const struct tallies *t, const struct tally *like)
{
    return t->shape_at < t->options.n_names && !str_equal(like->values[t->shape_at], TALLY_OTHER);
}

/* A tenth is left for TALLY_OTHER. */
static bool has_room(const struct tallies *t, const struct tally *like)
{
    size_t most = TALLIES_MAX, memory = t->memory;
    if (has_own_shape(t, like)) {
        most -= most / 10;
        memory -= memory / 10;
    }
    return t->by_key.n < most && (!t->memory || t->arena.used + t->sketches <= memory);
}

static struct tally *find(struct tallies *t, const struct tally *like)
{
    buf_reset(&t->key);
    for (size_t i = 0; i < t->options.n_names; i++)
        put_str(&t->key, like->values[i]);
    put_zigzag(&t->key, like->start_ns);
    struct tally *tally = map_get(&t->by_key, buf_str(&t->key));
    if (tally)
        return tally;
    if (!has_room(t, like)) {
        struct tally other = *like;
        if (!has_own_shape(t, like)) {
            t->is_full = true;
            return NULL;
        }
        other.values[t->shape_at] = TALLY_OTHER;
        return find(t, &other);
    }
    tally = arena_new(&t->arena, struct tally);
    tally->start_ns = like->start_ns;
    for (size_t i = 0; i < t->options.n_names; i++)
        tally->values[i] = arena_copy(&t->arena, like->values[i]);
    map_put(&t->by_key, arena_copy(&t->arena, buf_str(&t->key)), tally);
    return tally;
}

/* Finite, whatever was added. */
static double add_numbers(double a, double b)
{
    return fmax(-DBL_MAX, fmin(DBL_MAX, a + b));
}

static void measure(struct tallies *t, struct tally *tally, double number)
{
    size_t before = tally->sketch.capacity;
    tally->least = tally->numbers ? min_of(tally->least, number) : number;
    tally->most = tally->numbers ? max_of(tally->most, number) : number;
    tally->sum = add_numbers(tally->sum, number);
    tally->numbers++;
    sketch_add(&tally->sketch, number);
    t->sketches += (tally->sketch.capacity - before) * sizeof *tally->sketch.buckets;
}

/* Of one that has been counted. */
static void keep_sample(struct tallies *t, struct tally *tally, const struct tally *other)
{
    bool is_first = tally->count == other->count;
    struct str line = str_cut_utf8(other->sample, TALLY_SAMPLE_MAX);
    bool is_better = is_first || other->last_ns > tally->last_ns ||
                     (other->last_ns == tally->last_ns && str_compare(line, tally->sample) < 0);
    tally->first_ns = is_first ? other->first_ns : min_of(tally->first_ns, other->first_ns);
    tally->last_ns = is_first ? other->last_ns : max_of(tally->last_ns, other->last_ns);
    if (!is_better || (is_first && line.len == 0))
        return;
    if (line.len > tally->sample_room) {
        tally->sample_room = min_of(2 * line.len, (size_t)TALLY_SAMPLE_MAX);
        tally->sample.ptr = arena_alloc_raw(&t->arena, tally->sample_room);
    }
    if (line.len)
        memcpy((char *)tally->sample.ptr, line.ptr, line.len);
    tally->sample.len = line.len;
}

static bool is_part(struct tallies *t, const struct labels *labels, const struct record *record)
{
    return t->part && filter_takes_stream(t->part, labels) &&
           filter_takes_record(t->part, record) &&
           (!filter_looks_at_lines(t->part) || filter_takes_line(t->part, labels, record));
}

/* By the values of its names. NULL: there is no room. */
static struct tally *tally_of(struct tallies *t, const struct labels *labels,
                              const struct record *record, int64_t start_ns)
{
    const struct tally_options *o = &t->options;
    struct tally like = {.start_ns = start_ns};
    char room[TALLY_NAMES_MAX][TALLY_VALUE_MAX];
    for (size_t i = 0; i < o->n_names; i++) { /* a value lives until the next is asked for */
        struct str value = value_of(t, o->names[i], t->are_fields[i], labels, record);
        like.values[i] = str_slice(value, 0, TALLY_VALUE_MAX);
        if (like.values[i].len)
            memcpy(room[i], value.ptr, like.values[i].len);
        like.values[i].ptr = room[i];
    }
    return find(t, &like);
}

void tallies_begin_block(struct tallies *t)
{
    memset(t->memos, 0, sizeof t->memos);
}

void tallies_add(struct tallies *t, const struct labels *labels, const struct record *record)
{
    const struct tally_options *o = &t->options;
    double number;
    int64_t start_ns = o->every_ns ? span_of(t, record->event_ns) : TIME_NONE;
    struct tally_memo *memo = &t->memos[record->level];
    line_fields_set(t->fields, record);
    if (!t->remembers || memo->labels != labels || memo->start_ns != start_ns)
        *memo = (struct tally_memo){.labels = labels,
                                    .start_ns = start_ns,
                                    .tally = tally_of(t, labels, record, start_ns),
                                    .is_part = is_part(t, labels, record)};
    struct tally *tally = memo->tally;
    if (!tally)
        return;
    tally->count++;
    if (o->sample)
        keep_sample(t, tally,
                    &(struct tally){.count = 1,
                                    .first_ns = record->event_ns,
                                    .last_ns = record->event_ns,
                                    .sample = record->line});
    tally->part += memo->is_part;
    if (o->measure.len &&
        parse_number(value_of(t, o->measure, t->measures_field, labels, record), &number))
        measure(t, tally, number);
}

void tallies_join(struct tallies *t, const struct tally *other)
{
    struct tally *tally = find(t, other);
    if (!tally)
        return;
    tally->count += other->count;
    if (t->options.sample)
        keep_sample(t, tally, other);
    tally->part += other->part;
    if (other->numbers) {
        tally->least = tally->numbers ? min_of(tally->least, other->least) : other->least;
        tally->most = tally->numbers ? max_of(tally->most, other->most) : other->most;
    }
    size_t before = tally->sketch.capacity;
    tally->sum = add_numbers(tally->sum, other->sum);
    tally->numbers += other->numbers;
    sketch_join(&tally->sketch, &other->sketch);
    t->sketches += (tally->sketch.capacity - before) * sizeof *tally->sketch.buckets;
}

/* ---- all of them ---- */

static int by_span_and_count(const void *a, const void *b)
{
    const struct tally *x = *(const struct tally *const *)a, *y = *(const struct tally *const *)b;
    if (x->start_ns != y->start_ns)
        return x->start_ns < y->start_ns ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    for (size_t i = 0; i < TALLY_NAMES_MAX; i++) {
        int order = str_compare(x->values[i], y->values[i]);
        if (order)
            return order;
    }
    return 0;
}

const struct tally **tallies_sorted(struct tallies *t)
{
    const struct tally **sorted = arena_array(&t->arena, const struct tally *, t->by_key.n);
    size_t n = 0;
    map_each (&t->by_key, entry)
        sorted[n++] = entry->value;
    if (n)
        qsort(sorted, n, sizeof(const struct tally *), by_span_and_count);
    return sorted;
}

/* ---- bytes ---- */

static void put_double(struct buf *out, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    put_u64(out, bits);
}

static double read_double(struct reader *r)
{
    double number;
    uint64_t bits = read_u64(r);
    memcpy(&number, &bits, sizeof bits);
    r->bad |= !isfinite(number);
    return r->bad ? 0 : number;
}

void put_tally(const struct tally *tally, size_t n_names, struct buf *out)
{
    bool has_span = tally->start_ns != TIME_NONE;
    put_varint(out, n_names);
    for (size_t i = 0; i < n_names; i++)
        put_str(out, tally->values[i]);
    put_u8(out, has_span);
    put_zigzag(out, has_span ? tally->start_ns : 0);
    put_varint(out, tally->count);
    put_varint(out, tally->part);
    put_varint(out, tally->numbers);
    put_double(out, tally->sum);
    put_double(out, tally->least);
    put_double(out, tally->most);
    sketch_put(&tally->sketch, out);
    put_zigzag(out, tally->first_ns);
    put_zigzag(out, tally->last_ns);
    put_str(out, tally->sample);
}

void read_tally(struct tally *tally, size_t *n_names, struct reader *r)
{
    *tally = (struct tally){0};
    *n_names = read_count(r, 1);
    r->bad |= *n_names > TALLY_NAMES_MAX;
    for (size_t i = 0; i < *n_names && !r->bad; i++) {
        tally->values[i] = read_str(r);
        r->bad |= tally->values[i].len > TALLY_VALUE_MAX;
    }
    unsigned has_span = read_u8(r);
    int64_t start_ns = read_zigzag(r);
    r->bad |= has_span > 1;
    tally->start_ns = has_span ? start_ns : TIME_NONE;
    tally->count = read_varint(r);
    tally->part = read_varint(r);
    tally->numbers = read_varint(r);
    tally->sum = read_double(r);
    tally->least = read_double(r);
    tally->most = read_double(r);
    sketch_read(&tally->sketch, r);
    tally->first_ns = read_zigzag(r);
    tally->last_ns = read_zigzag(r);
    tally->sample = read_str(r);
    r->bad |= tally->sample.len > TALLY_SAMPLE_MAX;
}
