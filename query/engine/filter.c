#include "query/engine/filter.h"

#include "base/match.h"
#include "base/mem.h"
#include "formats/line/level.h"

#include <stdlib.h>

enum subject { SUBJECT_WORD, SUBJECT_LABEL, SUBJECT_LEVEL, SUBJECT_ID };

struct condition {
    enum subject subject;
    struct str name;  /* in the arena */
    struct str value; /* in the arena */
    bool negated;
    bool and_worse;      /* level=warn+ */
    enum level level;    /* SUBJECT_LEVEL without regex */
    struct regex *regex; /* NULL: equality. owned */
};

struct filter {
    struct arena arena;
    struct condition *conditions; /* in the arena; those of one name stand together */
    size_t n;
};

/* The labels that a word without a name is looked for in. */
static const struct str word_labels[] = {STR_INIT("service"), STR_INIT("container"),
                                         STR_INIT("pod"), STR_INIT("unit"), STR_INIT("host")};

struct streams {
    const struct labels *const *items;
    size_t n;
};

/* ---- compiling ---- */

/* Splits "name!=~value". False: a word. */
static bool split_operand(struct str operand, struct condition *c, bool *is_regex, struct err *err,
                          bool *ok)
{
    size_t at = 0;
    while (at < operand.len && operand.ptr[at] != '=' && operand.ptr[at] != '~')
        at++;
    *ok = true;
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

static bool refuse_value(const struct streams *streams, const struct condition *c, struct err *err)
{
    struct suggestion near = {0};
    for (size_t i = 0; i < streams->n; i++) {
        for (size_t j = 0; j < countof(word_labels) && c->subject == SUBJECT_WORD; j++)
            consider(&near, c->value, label_value(streams->items[i], word_labels[j]));
        if (c->subject == SUBJECT_LABEL)
            consider(&near, c->value, label_value(streams->items[i], c->name));
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

static bool refuse_name(const struct streams *streams, const struct condition *c, struct err *err)
{
    struct suggestion near = {0};
    consider(&near, c->name, STR("level"));
    consider(&near, c->name, STR("id"));
    for (size_t i = 0; i < streams->n; i++) {
        const struct labels *labels = streams->items[i];
        for (size_t j = 0; j < labels->n; j++)
            consider(&near, c->name, labels->items[j].name);
    }
    return err_set(err, ERR_INPUT,
                   "'%.*s' is no label%s%.*s%s (fields of the line cannot be filtered yet; use a "
                   "pattern)",
                   STR_ARG(c->name), near.best.len ? "; did you mean '" : "", STR_ARG(near.best),
                   near.best.len ? "'?" : "");
}

static bool word_fits(const struct condition *c, const struct labels *labels)
{
    for (size_t i = 0; i < countof(word_labels); i++) {
        if (str_equal(label_value(labels, word_labels[i]), c->value))
            return true;
    }
    return false;
}

static bool has_label(const struct labels *labels, struct str name)
{
    for (size_t i = 0; i < labels->n; i++) {
        if (str_equal(labels->items[i].name, name))
            return true;
    }
    return false;
}

/* Invariant 2. */
static bool check_known(const struct condition *c, const struct streams *streams, struct err *err)
{
    bool name = false, value = c->regex || c->value.len == 0;
    if (!streams->items)
        return true;
    for (size_t i = 0; i < streams->n && !(name && value); i++) {
        const struct labels *labels = streams->items[i];
        if (c->subject == SUBJECT_WORD) {
            name = true;
            value = word_fits(c, labels);
        } else {
            name = name || has_label(labels, c->name);
            value = value || str_equal(label_value(labels, c->name), c->value);
        }
    }
    if (c->subject == SUBJECT_LABEL && !name)
        return refuse_name(streams, c, err);
    return value ? true : refuse_value(streams, c, err);
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

static bool compile_named(struct condition *c, bool is_regex, const struct streams *streams,
                          struct err *err)
{
    c->subject = str_equal(c->name, STR("level")) ? SUBJECT_LEVEL
                 : str_equal(c->name, STR("id"))  ? SUBJECT_ID
                                                  : SUBJECT_LABEL;
    if (is_regex && !regex_compile(&c->regex, c->value, REGEX_MULTILINE, err))
        return err_wrap(err, "filter %.*s", STR_ARG(c->name));
    if (c->subject == SUBJECT_LEVEL && !is_regex)
        return compile_level(c, err);
    return c->subject == SUBJECT_LABEL ? check_known(c, streams, err) : true;
}

/* Invariant 3: decided by form, never by what happens to exist. */
static bool refuse_not_yet(struct str operand, struct err *err)
{
    if (str_equal(operand, STR("-")))
        return err_set(err, ERR_INPUT, "standard input cannot be searched yet");
    if (str_starts(operand, STR("/")) || str_starts(operand, STR("./")) ||
        str_starts(operand, STR("../")))
        return err_set(err, ERR_INPUT, "'%.*s': files cannot be searched yet", STR_ARG(operand));
    if (str_starts(operand, STR(".")))
        return err_set(err, ERR_INPUT,
                       "'%.*s': fields of the line cannot be filtered yet; use a pattern",
                       STR_ARG(operand));
    return true;
}

static bool compile_operand(struct filter *f, struct str operand, const struct streams *streams,
                            struct err *err)
{
    if (operand.len == 0)
        return err_set(err, ERR_INPUT, "an operand is empty");
    if (!refuse_not_yet(operand, err))
        return false;
    bool is_regex = false, ok;
    struct condition *c = &f->conditions[f->n++];
    struct str copy = arena_copy(&f->arena, operand);
    if (split_operand(copy, c, &is_regex, err, &ok))
        return ok && compile_named(c, is_regex, streams, err);
    *c = (struct condition){.subject = SUBJECT_WORD, .value = copy};
    return check_known(c, streams, err);
}

static int by_name(const void *a, const void *b)
{
    const struct condition *x = a, *y = b;
    if (x->subject != y->subject)
        return x->subject < y->subject ? -1 : 1;
    return str_compare(x->name, y->name);
}

bool filter_compile(struct filter **out, const struct str *operands, size_t n,
                    const struct labels *const *streams, size_t n_streams, struct err *err)
{
    struct filter *f = mem_new(struct filter);
    struct streams known = {streams, n_streams};
    f->conditions = arena_array(&f->arena, struct condition, n);
    for (size_t i = 0; i < n; i++) {
        if (!compile_operand(f, operands[i], &known, err)) {
            filter_close(&f);
            return false;
        }
    }
    if (f->n)
        qsort(f->conditions, f->n, sizeof *f->conditions, by_name);
    *out = f;
    return true;
}

void filter_close(struct filter **filter)
{
    struct filter *f = move(*filter);
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        regex_close(&f->conditions[i].regex);
    arena_free(&f->arena);
    mem_free(&f);
}

/* ---- testing ---- */

static bool text_fits(struct condition *c, struct str text)
{
    return c->regex ? regex_find(c->regex, text, 0, NULL) == MATCH_FOUND
                    : str_equal(text, c->value);
}

static bool level_fits(struct condition *c, uint8_t level)
{
    if (c->regex)
        return text_fits(c, str_from(level_name(level)));
    return level == c->level || (c->and_worse && level > c->level);
}

static bool fits(struct condition *c, const struct labels *labels, const struct record *record)
{
    switch (c->subject) {
    case SUBJECT_WORD:
        return word_fits(c, labels);
    case SUBJECT_LABEL:
        return text_fits(c, label_value(labels, c->name));
    case SUBJECT_LEVEL:
        return level_fits(c, record->level);
    default:
        return text_fits(c, record->id);
    }
}

/* Invariant 1, for the conditions on labels (record is NULL) or on records (labels is NULL). */
static bool takes(struct filter *f, const struct labels *labels, const struct record *record)
{
    for (size_t i = 0, end; i < f->n; i = end) {
        bool any = false, wanted = false, none = true;
        for (end = i; end < f->n && by_name(&f->conditions[i], &f->conditions[end]) == 0; end++) {
            struct condition *c = &f->conditions[end];
            bool of_stream = c->subject == SUBJECT_WORD || c->subject == SUBJECT_LABEL;
            if (of_stream != (labels != NULL))
                continue;
            bool fit = fits(c, labels, record);
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
    return takes(f, labels, NULL);
}

bool filter_looks_at_records(const struct filter *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->conditions[i].subject == SUBJECT_LEVEL || f->conditions[i].subject == SUBJECT_ID)
            return true;
    }
    return false;
}

bool filter_takes_record(struct filter *f, const struct record *record)
{
    return takes(f, NULL, record);
}
