#include "query/engine/filter.h"

#include "base/match.h"
#include "base/mem.h"
#include "formats/line/canonical_id.h"
#include "formats/line/level.h"
#include "formats/line/skeleton.h"
#include "query/engine/line_fields.h"
#include "query/engine/value_test.h"

#include <stdlib.h>

enum subject {
    SUBJECT_WORD,
    SUBJECT_LABEL,
    SUBJECT_EITHER, /* a label in streams that have it, else a field */
    SUBJECT_LEVEL,
    SUBJECT_ID,
    SUBJECT_FIELD,
    SUBJECT_SHAPE /* as SUBJECT_EITHER, of the line's shape */
};

struct condition {
    struct str operand; /* as it was given; in the arena */
    enum subject subject;
    struct str name;  /* in the arena */
    struct str value; /* in the arena */
    bool negated;
    bool and_worse;         /* level=warn+ */
    enum level level;       /* SUBJECT_LEVEL without regex */
    struct value_test test; /* of all but words and such levels; owned */
    struct canonical_id id; /* SUBJECT_ID: what .value is */
};

struct filter {
    struct arena arena;
    struct condition *conditions; /* in the arena; those of one name stand together */
    size_t n;
    struct line_fields *fields; /* owned; NULL: none is asked for */
    uint64_t gave_up;
};

/* The labels that a word without a name is looked for in. */
static const struct str word_labels[] = {STR_INIT("service"), STR_INIT("container"),
                                         STR_INIT("pod"), STR_INIT("unit"), STR_INIT("host")};

/* ---- compiling ---- */

/* Of the first = or ~ that is not in brackets: headers["a=b"]=c. The length of s: there is none. */
static size_t find_sign(struct str s)
{
    size_t at = 0, depth = 0;
    for (; at < s.len && (depth || (s.ptr[at] != '=' && s.ptr[at] != '~')); at++) {
        depth += s.ptr[at] == '[';
        depth -= depth && s.ptr[at] == ']';
    }
    return at;
}

/* Splits "name!=~value". False: a word. */
static bool split_operand(struct str operand, struct condition *c, bool *is_regex, struct err *err,
                          bool *ok)
{
    size_t at = find_sign(operand);
    *ok = true;
    if (at > 0 && (operand.ptr[at - 1] == '<' || operand.ptr[at - 1] == '>')) {
        *ok =
            err_set(err, ERR_INPUT, "'%.*s': for numbers write a range: status=500.. or took=..2s",
                    STR_ARG(operand));
        return true;
    }
    if (at == operand.len)
        return false;
    c->negated = at > 0 && operand.ptr[at - 1] == '!';
    c->name = str_of(operand.ptr, at - c->negated);
    struct str rest = str_slice(operand, at, SIZE_MAX);
    bool equal = take_prefix(&rest, STR("="));
    *is_regex = (!equal || c->negated) && take_prefix(&rest, STR("~"));
    c->value = rest;
    if (!equal && c->negated)
        *ok = err_set(err, ERR_INPUT, "'%.*s': write %.*s!=~%.*s", STR_ARG(operand),
                      STR_ARG(c->name), STR_ARG(rest));
    else if (equal && !c->negated && str_starts(rest, STR("~")))
        *ok = err_set(err, ERR_INPUT, "'%.*s': write %.*s%.*s", STR_ARG(operand), STR_ARG(c->name),
                      STR_ARG(rest));
    else if (c->name.len == 0)
        *ok = err_set(err, ERR_INPUT, "'%.*s' has no name before its sign", STR_ARG(operand));
    return true;
}

/* The nearest of two candidates for "did you mean". */
struct suggestion {
    struct str best;
    size_t distance;
};

static void consider(struct suggestion *s, struct str wanted, struct str candidate)
{
    enum { FAR = 3 };
    size_t distance = str_distance(wanted, candidate, FAR);
    size_t allowed = min_of((size_t)FAR, 1 + wanted.len / 4);
    if (candidate.len && distance <= allowed && (s->best.len == 0 || distance < s->distance))
        *s = (struct suggestion){candidate, distance};
}

static bool refuse_value(const struct filter_scope *scope, const struct condition *c,
                         struct err *err)
{
    struct suggestion near = {0};
    for (size_t i = 0; i < scope->n_streams; i++) {
        for (size_t j = 0; j < countof(word_labels) && c->subject == SUBJECT_WORD; j++)
            consider(&near, c->value, label_value(scope->streams[i], word_labels[j]));
        if (c->subject == SUBJECT_LABEL)
            consider(&near, c->value, label_value(scope->streams[i], c->name));
    }
    const char *ask = near.best.len ? "; did you mean '" : "";
    if (c->subject == SUBJECT_WORD)
        err_set(err, ERR_INPUT, "no service, container, pod, unit or host '%.*s'%s%.*s%s",
                STR_ARG(c->value), ask, STR_ARG(near.best), near.best.len ? "'?" : "");
    else
        err_set(err, ERR_INPUT, "no stream has %.*s=%.*s%s%.*s%s", STR_ARG(c->name),
                STR_ARG(c->value), ask, STR_ARG(near.best), near.best.len ? "'?" : "");
    return false;
}

/* A name that no stream has as a label is that of a field, unless it looks like a label that was written wrong. */
static bool take_as_field(const struct filter_scope *scope, struct condition *c, struct err *err)
{
    struct suggestion near = {0};
    for (size_t i = 0; i < scope->n_streams && c->name.len > 3; i++) {
        const struct labels *labels = scope->streams[i];
        for (size_t j = 0; j < labels->n; j++)
            consider(&near, c->name, labels->items[j].name);
    }
    c->subject = SUBJECT_FIELD;
    if (near.best.len == 0)
        return true;
    return err_set(
        err, ERR_INPUT,
        "'%.*s' is no label; did you mean '%.*s'? If it is a field of the line, write .%.*s",
        STR_ARG(c->name), STR_ARG(near.best), STR_ARG(c->name));
}

static bool word_fits(const struct condition *c, const struct labels *labels)
{
    for (size_t i = 0; i < countof(word_labels); i++) {
        if (str_equal(label_value(labels, word_labels[i]), c->value))
            return true;
    }
    return false;
}

/* Invariant 2. */
static bool check_known(struct condition *c, const struct filter_scope *scope, struct err *err)
{
    bool name = false, value = c->test.regex || c->test.is_range || c->value.len == 0;
    if (!scope->streams)
        return true;
    for (size_t i = 0; i < scope->n_streams && !(name && value); i++) {
        const struct labels *labels = scope->streams[i];
        if (c->subject == SUBJECT_WORD) {
            name = true;
            value = word_fits(c, labels);
        } else {
            name = name || has_label(labels, c->name);
            value = value || str_equal(label_value(labels, c->name), c->value);
        }
    }
    if (c->subject == SUBJECT_LABEL && !name)
        return take_as_field(scope, c, err);
    return value ? true : refuse_value(scope, c, err);
}

static bool compile_level(struct condition *c, struct err *err)
{
    struct str word = c->value;
    c->and_worse = str_ends(word, STR("+"));
    word.len -= c->and_worse;
    if (level_parse(word, &c->level))
        return true;
    return err_set(err, ERR_INPUT,
                   "'%.*s' is no level; levels are trace, debug, info, notice, warn, error, "
                   "critical, fatal and unknown (warn+ means warn and worse)",
                   STR_ARG(c->value));
}

/* "a1b2": the front of a name as skeleton.h makes it. */
static bool is_shape_name(struct str value)
{
    enum { LEAST = 4, MOST = SKELETON_NAME - 1 };
    bool is_hex = value.len >= LEAST && value.len <= MOST;
    for (size_t i = 0; i < value.len && is_hex; i++)
        is_hex = strchr("0123456789abcdef", value.ptr[i]) && value.ptr[i];
    return is_hex;
}

static bool is_shape(const struct condition *c, bool is_regex, const struct filter_scope *scope)
{
    if (!str_equal(c->name, STR("shape")) || scope->without_lines)
        return false;
    for (size_t i = 0; i < scope->n_streams; i++)
        if (has_label(scope->streams[i], c->name))
            return false;
    return scope->streams || is_regex || is_shape_name(c->value);
}

static enum subject subject_of(struct condition *c, bool is_regex, const struct filter_scope *scope)
{
    if (take_prefix(&c->name, STR(".")))
        return SUBJECT_FIELD;
    if (str_equal(c->name, STR("level")))
        return SUBJECT_LEVEL;
    if (str_equal(c->name, STR("id")))
        return SUBJECT_ID;
    if (is_shape(c, is_regex, scope))
        return SUBJECT_SHAPE;
    return scope->streams || scope->without_lines ? SUBJECT_LABEL : SUBJECT_EITHER;
}

static bool compile_named(struct condition *c, bool is_regex, const struct filter_scope *scope,
                          struct err *err)
{
    c->subject = subject_of(c, is_regex, scope);
    if (c->name.len == 0)
        return err_set(err, ERR_INPUT, "'.' has no name behind it");
    if (c->subject == SUBJECT_LEVEL && !is_regex)
        return compile_level(c, err);
    if (c->subject == SUBJECT_SHAPE && !is_regex && !is_shape_name(c->value))
        return err_set(
            err, ERR_INPUT,
            "shape=%.*s: a shape has a name of 4 to 16 of the digits 0 to 9 and a to f, as sluice "
            "patterns shows it; a field of that name is .shape",
            STR_ARG(c->value));
    if (!value_test_compile(&c->test, c->value, is_regex, err))
        return err_wrap(err, "filter %.*s", STR_ARG(c->name));
    if (c->subject == SUBJECT_ID)
        c->id = canonical_id_of(c->value);
    if (c->subject == SUBJECT_LABEL && !check_known(c, scope, err))
        return false;
    if (c->subject == SUBJECT_FIELD && scope->without_lines)
        return err_set(err, ERR_INPUT, "'.%.*s': fields of the line cannot be asked for here",
                       STR_ARG(c->name));
    return true;
}

bool is_path_operand(struct str operand)
{
    static const struct str fronts[] = {STR_INIT("/"), STR_INIT("./"), STR_INIT("../")};
    for (size_t i = 0; i < countof(fronts); i++)
        if (str_starts(operand, fronts[i]))
            return true;
    return str_equal(operand, STR("-")) || str_equal(operand, STR(".")) ||
           str_equal(operand, STR(".."));
}

static bool compile_operand(struct filter *f, struct str operand, const struct filter_scope *scope,
                            struct err *err)
{
    if (operand.len == 0)
        return err_set(err, ERR_INPUT, "an operand is empty");
    if (is_path_operand(operand))
        return err_set(err, ERR_INPUT,
                       "'%.*s' is a path: only on a command line files are searched",
                       STR_ARG(operand));
    bool is_regex = false, ok;
    struct condition *c = &f->conditions[f->n++];
    struct str copy = c->operand = arena_copy(&f->arena, operand);
    if (split_operand(copy, c, &is_regex, err, &ok))
        return ok && compile_named(c, is_regex, scope, err);
    *c = (struct condition){.operand = copy, .subject = SUBJECT_WORD, .value = copy};
    return check_known(c, scope, err);
}

static int by_name(const void *a, const void *b)
{
    const struct condition *x = a, *y = b;
    if (x->subject != y->subject)
        return x->subject < y->subject ? -1 : 1;
    return str_compare(x->name, y->name);
}

bool filter_compile(struct filter **out, const struct str *operands, size_t n,
                    const struct filter_scope *scope, struct err *err)
{
    struct filter *f = mem_new(struct filter);
    f->conditions = arena_array(&f->arena, struct condition, n);
    for (size_t i = 0; i < n; i++) {
        if (!compile_operand(f, operands[i], scope, err)) {
            filter_close(&f);
            return false;
        }
    }
    if (f->n)
        qsort(f->conditions, f->n, sizeof *f->conditions, by_name);
    if (filter_looks_at_lines(f))
        f->fields = line_fields_open();
    *out = f;
    return true;
}

bool filter_compile_text(struct filter **out, struct str text, const struct filter_scope *scope,
                         struct err *err)
{
    enum { WORDS_MAX = 64 };
    struct str words[WORDS_MAX], word;
    size_t n = 0;
    *out = NULL;
    while (take_until(&text, ' ', &word)) {
        if (word.len == 0)
            continue;
        if (n == WORDS_MAX)
            return err_set(err, ERR_INPUT, "more than %d filters", WORDS_MAX);
        words[n++] = word;
    }
    return n == 0 || filter_compile(out, words, n, scope, err);
}

void filter_close(struct filter **filter)
{
    struct filter *f = move(*filter);
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        value_test_free(&f->conditions[i].test);
    line_fields_close(&f->fields);
    arena_free(&f->arena);
    mem_free(&f);
}

size_t filter_conditions(const struct filter *f)
{
    return f->n;
}

const char *filter_condition(const struct filter *f, size_t i, struct str *operand)
{
    static const char *const names[] = {[SUBJECT_WORD] = "service, container, pod, unit or host",
                                        [SUBJECT_LABEL] = "label",
                                        [SUBJECT_EITHER] = "label or field",
                                        [SUBJECT_LEVEL] = "level",
                                        [SUBJECT_ID] = "request id",
                                        [SUBJECT_FIELD] = "field"};
    *operand = f->conditions[i].operand;
    return names[f->conditions[i].subject];
}

/* ---- testing ---- */

static enum match level_fits(const struct condition *c, uint8_t level)
{
    if (c->test.regex)
        return value_test_fits(&c->test, c->name, str_from(level_name(level)));
    return level == c->level || (c->and_worse && level > c->level) ? MATCH_FOUND : MATCH_NONE;
}

/* What conditions are asked about, one stage after the other. */
struct subject_of_test {
    struct filter *filter;
    enum { OF_STREAM, OF_RECORD, OF_LINE } stage;
    const struct labels *labels; /* of the stream; not for OF_RECORD */
    const struct record *record;
};

static bool is_of_stage(const struct condition *c, const struct subject_of_test *t)
{
    switch (c->subject) {
    case SUBJECT_WORD:
    case SUBJECT_LABEL:
        return t->stage == OF_STREAM;
    case SUBJECT_EITHER:
    case SUBJECT_SHAPE:
        return t->stage != OF_RECORD && has_label(t->labels, c->name) == (t->stage == OF_STREAM);
    case SUBJECT_LEVEL:
    case SUBJECT_ID:
        return t->stage == OF_RECORD;
    default:
        return t->stage == OF_LINE;
    }
}

static enum match shape_fits(const struct condition *c, struct line_fields *fields)
{
    if (c->test.regex)
        return value_test_fits(&c->test, c->name, line_fields_shape(fields));
    return line_fields_has_shape(fields, c->value) ? MATCH_FOUND : MATCH_NONE;
}

static enum match id_fits(const struct condition *c, struct str text)
{
    if (c->test.regex || c->test.is_range)
        return value_test_fits(&c->test, c->name, text);
    struct canonical_id id = canonical_id_of(text);
    return is_same_id(&c->id, &id) ? MATCH_FOUND : MATCH_NONE;
}

static enum match fits(const struct condition *c, const struct subject_of_test *t)
{
    switch (c->subject) {
    case SUBJECT_WORD:
        return word_fits(c, t->labels) ? MATCH_FOUND : MATCH_NONE;
    case SUBJECT_LEVEL:
        return level_fits(c, t->record->level);
    case SUBJECT_ID:
        return id_fits(c, t->record->id);
    default:
        if (c->subject == SUBJECT_SHAPE && t->stage == OF_LINE)
            return shape_fits(c, t->filter->fields);
        return value_test_fits(&c->test, c->name,
                               t->stage == OF_LINE ? line_fields_value(t->filter->fields, c->name)
                                                   : label_value(t->labels, c->name));
    }
}

/* Invariant 1, for the conditions of a stage. */
static bool takes(const struct subject_of_test *t)
{
    struct filter *f = t->filter;
    for (size_t i = 0, end; i < f->n; i = end) {
        bool any = false, wanted = false, none = true;
        for (end = i; end < f->n && by_name(&f->conditions[i], &f->conditions[end]) == 0; end++) {
            const struct condition *c = &f->conditions[end];
            if (!is_of_stage(c, t))
                continue;
            enum match found = fits(c, t);
            if (found == MATCH_LIMIT) { /* invariant 5 */
                f->gave_up++;
                return false;
            }
            bool fit = found == MATCH_FOUND;
            wanted = wanted || !c->negated;
            any = any || (!c->negated && fit);
            none = none && !(c->negated && fit);
        }
        if ((wanted && !any) || !none)
            return false;
    }
    return true;
}

bool filter_takes_stream(struct filter *f, const struct labels *labels)
{
    return takes(&(struct subject_of_test){.filter = f, .stage = OF_STREAM, .labels = labels});
}

static bool has_subject(const struct filter *f, enum subject a, enum subject b)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->conditions[i].subject == a || f->conditions[i].subject == b)
            return true;
    }
    return false;
}

bool filter_looks_at_records(const struct filter *f)
{
    return has_subject(f, SUBJECT_LEVEL, SUBJECT_ID);
}

bool filter_looks_at_ids(const struct filter *f)
{
    return has_subject(f, SUBJECT_ID, SUBJECT_ID);
}

bool filter_takes_record(struct filter *f, const struct record *record)
{
    return takes(&(struct subject_of_test){.filter = f, .stage = OF_RECORD, .record = record});
}

uint64_t filter_gave_up(const struct filter *f)
{
    return f->gave_up;
}

void filter_set_gave_up(struct filter *f, uint64_t n)
{
    f->gave_up = n;
}

bool filter_looks_at_lines(const struct filter *f)
{
    return has_subject(f, SUBJECT_FIELD, SUBJECT_EITHER) ||
           has_subject(f, SUBJECT_SHAPE, SUBJECT_SHAPE);
}

bool filter_takes_line(struct filter *f, const struct labels *labels, const struct record *record)
{
    line_fields_set(f->fields, record);
    return takes(&(struct subject_of_test){
        .filter = f, .stage = OF_LINE, .labels = labels, .record = record});
}
