#include "formats/redact/paths.h"

#include "base/mem.h"
#include "formats/line/flatten.h"

enum { STEPS_MAX = 32, FIELDS_MAX = 256 };

enum step_kind { STEP_NAME, STEP_INDEX, STEP_ANY, STEP_DEEP };

struct step {
    enum step_kind kind;
    struct str name; /* in the path's text */
    uint32_t index;
};

struct redact_path {
    char *text; /* owned */
    struct step steps[STEPS_MAX];
    size_t n;     /* up to the last name */
    size_t stars; /* what follows it; 0: what it names goes as a whole */
};

void redact_paths_init(struct redact_paths *paths)
{
    *paths = (struct redact_paths){.n = 0};
    key_ends_add(&paths->ends);
}

void redact_paths_free(struct redact_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        mem_free(&paths->items[i].text);
    mem_free(&paths->items);
    *paths = (struct redact_paths){.n = 0};
}

/* ---- parsing ---- */

struct path_text {
    struct str all;
    size_t at;
};

static bool fail_at(const struct path_text *t, struct err *err, const char *what)
{
    return err_set(err, ERR_INPUT, "path '%.*s', character %zu: %s", STR_ARG(t->all), t->at + 1,
                   what);
}

/* Behind "[": *], 12], "name"] or 'name']. */
static bool parse_bracket(struct path_text *t, struct step *step, struct err *err)
{
    struct str rest = str_slice(t->all, t->at, SIZE_MAX);
    char quote = byte_at(rest, 0);
    uint64_t index;
    if (take_prefix(&rest, STR("*"))) {
        step->kind = STEP_ANY;
    } else if (take_u64(&rest, &index) && index < UINT32_MAX) {
        *step = (struct step){.kind = STEP_INDEX, .index = (uint32_t)index};
    } else if (quote == '"' || quote == '\'') {
        size_t end = str_find_byte(str_slice(rest, 1, SIZE_MAX), quote);
        if (end == SIZE_MAX || end == 0)
            return fail_at(t, err, end == 0 ? "the name is empty" : "the quote is never closed");
        *step = (struct step){.kind = STEP_NAME, .name = str_slice(rest, 1, end)};
        rest = str_slice(rest, end + 2, SIZE_MAX);
    } else {
        return fail_at(t, err, "expected *, a number or a quoted name behind '['");
    }
    t->at = t->all.len - rest.len;
    if (byte_at(t->all, t->at) != ']')
        return fail_at(t, err, "expected ']'");
    t->at++;
    return true;
}

static bool parse_name(struct path_text *t, struct step *step, struct err *err)
{
    size_t from = t->at;
    while (t->at < t->all.len && t->all.ptr[t->at] != '.' && t->all.ptr[t->at] != '[')
        t->at++;
    struct str name = str_slice(t->all, from, t->at - from);
    if (str_equal(name, STR("*")) || str_equal(name, STR("**"))) {
        step->kind = name.len == 1 ? STEP_ANY : STEP_DEEP;
        return true;
    }
    t->at = from;
    if (name.len == 0)
        return fail_at(t, err, "expected a name");
    if (str_find_byte(name, '*') != SIZE_MAX)
        return fail_at(t, err, "'*' stands for a whole name, not for a part of one");
    if (str_find_byte(name, ']') != SIZE_MAX || str_find_byte(name, '"') != SIZE_MAX ||
        str_find_byte(name, ' ') != SIZE_MAX)
        return fail_at(t, err, "a name with blanks, quotes or brackets is written [\"name\"]");
    t->at = from + name.len;
    *step = (struct step){.kind = STEP_NAME, .name = name};
    return true;
}

static bool parse_step(struct path_text *t, bool is_first, struct step *step, struct err *err)
{
    *step = (struct step){.kind = STEP_NAME};
    char c = byte_at(t->all, t->at);
    if (c == '[') {
        t->at++;
        return parse_bracket(t, step, err);
    }
    if (!is_first && c != '.')
        return fail_at(t, err, "expected '.' or '['");
    t->at += !is_first;
    return parse_name(t, step, err);
}

static bool parse_path(struct redact_path *path, struct str text, struct err *err)
{
    struct path_text t = {text, 0};
    size_t n = 0;
    do {
        if (n == STEPS_MAX)
            return fail_at(&t, err, "more than 32 names");
        if (!parse_step(&t, n == 0, &path->steps[n], err))
            return false;
        n++;
        path->n = path->steps[n - 1].kind == STEP_NAME ? n : path->n;
    } while (t.at < text.len);
    if (path->n == 0)
        return fail_at(&t, err, "it names nothing: one name at least must be written out");
    path->stars = n - path->n;
    return true;
}

bool redact_paths_add(struct redact_paths *paths, struct str path, struct err *err)
{
    struct redact_path parsed = {.text = NULL};
    defer(mem_free) char *text = mem_alloc(path.len + 1);
    if (path.len)
        memcpy(text, path.ptr, path.len);
    if (!parse_path(&parsed, str_of(text, path.len), err))
        return false;
    mem_grow(paths->items, paths->n, paths->capacity);
    parsed.text = move(text);
    paths->items[paths->n++] = parsed;
    name_ends_add(&paths->ends, parsed.steps[parsed.n - 1].name);
    return true;
}

/* ---- matching ---- */

static bool step_matches(const struct step *step, const struct field *field)
{
    switch (step->kind) {
    case STEP_NAME:
        return field->name.ptr && str_equal_nocase(step->name, field->name);
    case STEP_INDEX:
        return !field->name.ptr && field->at == step->index;
    case STEP_ANY:
    case STEP_DEEP:
        break;
    }
    return true;
}

/*
 * The path of a field, from its end to the top, against the steps. It is enough to go back to the last "**" tried: what
 * one of them could take instead, the next one in front can take as well.
 */
static bool path_matches(const struct redact_path *path, const struct fields *fields,
                         uint32_t field)
{
    size_t left = path->n, left_there = 0;
    uint32_t at = field, there = FIELD_TOP;
    for (;;) {
        if (left > 0 && path->steps[left - 1].kind == STEP_DEEP) {
            left_there = --left;
            there = at;
        } else if (left > 0 && at != FIELD_TOP &&
                   step_matches(&path->steps[left - 1], &fields->items[at])) {
            left--;
            at = fields->items[at].parent;
        } else if (left == 0 && at == FIELD_TOP) {
            return true;
        } else {
            if (there == FIELD_TOP)
                return false;
            there = fields->items[there].parent;
            at = there;
            left = left_there;
            if (left == 0)
                return true;
        }
    }
}

static struct str last_name(const struct redact_path *path)
{
    return path->steps[path->n - 1].name;
}

static bool may_end_in(const struct redact_paths *paths, struct str name)
{
    return name_ends_have(&paths->ends, name, name.len);
}

bool redact_paths_end_in(const struct redact_paths *paths, struct str name)
{
    for (size_t i = 0; i < paths->n && may_end_in(paths, name); i++) {
        if (str_equal_nocase(last_name(&paths->items[i]), name))
            return true;
    }
    return false;
}

bool redact_paths_have(const struct redact_paths *paths, struct str name)
{
    struct field items[FIELDS_DEPTH];
    struct fields fields = {.items = items, .max = countof(items)};
    struct str piece;
    uint32_t parent = FIELD_TOP;
    if (!may_end_in(paths, name))
        return false;
    while (take_until(&name, '.', &piece)) {
        if (!fields_add(&fields, &(struct field){.name = piece, .parent = parent}))
            return redact_paths_end_in(paths, name);
        parent = (uint32_t)fields.n - 1;
    }
    for (size_t i = 0; i < paths->n && parent != FIELD_TOP; i++) {
        if (!paths->items[i].stars && path_matches(&paths->items[i], &fields, parent))
            return true;
    }
    return false;
}

/* ---- in JSON ---- */

enum { KEPT, WHOLE, BELOW }; /* BELOW + n: its leaves from n levels further down */

static unsigned fate_of(const struct redact_paths *paths, const struct fields *fields, uint32_t i)
{
    unsigned fate = KEPT;
    for (size_t k = 0; k < paths->n; k++) {
        const struct redact_path *path = &paths->items[k];
        if (!str_equal_nocase(last_name(path), fields->items[i].name) ||
            !path_matches(path, fields, i))
            continue;
        unsigned found = path->stars ? BELOW + (unsigned)path->stars - 1 : WHOLE;
        fate = fate == KEPT ? found : min_of(fate, found);
    }
    return fate;
}

/* Of an object that is not closed: the end of the string it is in, or of the line. */
static size_t unclosed_end(const struct hunt *h, const struct fields *fields, uint32_t i)
{
    while (i != FIELD_TOP && fields->items[i].kind != FIELD_STRING)
        i = fields->items[i].parent;
    if (i == FIELD_TOP)
        return h->line.len;
    struct str around = fields->items[i].value;
    return (size_t)(around.ptr - h->line.ptr) + around.len;
}

/* "[secret]" in what is no JSON: it was hidden before. */
static bool is_mark_at(struct str line, size_t from)
{
    struct str front = str_slice(line, from, 64);
    size_t end = str_find_byte(front, ']');
    return end != SIZE_MAX && is_hidden(str_slice(front, 0, end + 1));
}

static void add_fated(struct hunt *h, const struct fields *fields, const uint8_t *fates)
{
    for (uint32_t i = 0; i < fields->n; i++) {
        const struct field *f = &fields->items[i];
        bool is_container = f->kind == FIELD_OBJECT || f->kind == FIELD_ARRAY;
        bool is_unclosed = is_container && f->value.len == 0, is_hit = fates[i] == WHOLE;
        if (!is_hit && f->parent != FIELD_TOP && fates[f->parent] == BELOW)
            is_hit = field_is_leaf(fields, i);
        is_hit |= is_unclosed && fates[i] != KEPT;
        size_t from = (size_t)(f->value.ptr - h->line.ptr);
        size_t to = is_unclosed ? unclosed_end(h, fields, i) : from + f->value.len;
        if (is_hit && to > from && !(is_unclosed && is_mark_at(h->line, from)))
            hunt_add(h, from, to, RULE_SECRETS, "value of a path");
    }
}

/* Where the line's JSON begins: an object, or an array of what only JSON has. */
static size_t json_begin(struct str line)
{
    for (size_t at = 0; at < line.len; at++) {
        if (line.ptr[at] == '{')
            return at;
        char next = line.ptr[at] == '[' ? byte_at(line, at + 1) : 0;
        if (next == '{' || next == '"' || next == '[')
            return at;
    }
    return SIZE_MAX;
}

void find_by_paths(struct hunt *h)
{
    struct field items[FIELDS_MAX];
    uint8_t fates[FIELDS_MAX];
    struct fields fields = {.items = items, .max = FIELDS_MAX};
    struct flatten_result result;
    size_t start = json_begin(h->line);
    h->has_paths_found = true;
    if (start == SIZE_MAX ||
        !flatten_json(str_slice(h->line, start, SIZE_MAX), 0, &fields, &result) || fields.is_cut)
        return;
    for (uint32_t i = 0; i < fields.n; i++) {
        const struct field *f = &items[i];
        unsigned above = f->parent == FIELD_TOP ? KEPT : fates[f->parent];
        unsigned fate = may_end_in(h->paths, f->name) ? fate_of(h->paths, &fields, i) : KEPT;
        if (fate == KEPT && above >= BELOW)
            fate = above > BELOW ? above - 1 : BELOW;
        fates[i] = (uint8_t)fate;
    }
    add_fated(h, &fields, fates);
    h->paths_to = result.is_whole             ? h->line.len
                  : result.bad_at == SIZE_MAX ? 0
                                              : start + result.bad_at;
}
