#include "base/required.h"

#include "base/ascii.h"
#include "base/mem.h"

enum { DEPTH_MAX = 20, LITERAL_MIN = 2 };

struct finder {
    struct str rest;
    struct arena *arena;
    bool ignore_case, is_perl_utf;
    bool gave_up; /* invariant 2 */
    size_t depth;
};

/* The literal run that is being read; it becomes a candidate when it ends. */
struct run {
    char bytes[256];
    size_t len;
};

static size_t worth_of(const struct required *r)
{
    size_t least = r->n ? SIZE_MAX : 0;
    for (size_t i = 0; i < r->n; i++)
        least = min_of(least, r->literals[i].len);
    return least;
}

static void keep_better(struct required *best, const struct required *other)
{
    if (worth_of(other) > worth_of(best))
        *best = *other;
}

static void end_run(struct finder *f, struct run *run, struct required *best)
{
    if (run->len >= LITERAL_MIN && run->len > worth_of(best)) {
        *best = (struct required){.n = 1};
        best->literals[0] = arena_copy(f->arena, str_of(run->bytes, run->len));
    }
    run->len = 0;
}

static void add_to_run(struct finder *f, struct run *run, char c, struct required *best)
{
    char lower = (char)(c | 32);
    bool varies =
        f->ignore_case && ((c & 0x80) || (f->is_perl_utf && (lower == 'k' || lower == 's')));
    if (varies || run->len == sizeof run->bytes)
        end_run(f, run, best);
    if (!varies)
        run->bytes[run->len++] = c;
}

/* A repetition sign follows: the last character may be missing. */
static void drop_last(struct run *run)
{
    while (run->len && ((unsigned char)run->bytes[run->len - 1] & 0xc0) == 0x80)
        run->len--;
    run->len -= run->len > 0;
}

static void skip(struct finder *f, size_t n)
{
    f->rest = str_slice(f->rest, n, SIZE_MAX);
}

/* Takes what follows a backslash. True with *c if it is a literal character. */
static bool take_escape(struct finder *f, char *c)
{
    if (f->rest.len == 0) {
        f->gave_up = true;
        return false;
    }
    *c = f->rest.ptr[0];
    skip(f, 1);
    if (!is_alnum(*c))
        return !(*c & (char)0x80) || !f->ignore_case;
    if (*c == 'x' && f->rest.len >= 2 && hex_value(f->rest.ptr[0]) >= 0 &&
        hex_value(f->rest.ptr[1]) >= 0) {
        int value = hex_value(f->rest.ptr[0]) * 16 + hex_value(f->rest.ptr[1]);
        skip(f, 2);
        *c = (char)value;
        return value < 0x80;
    }
    if (*c == 'g' && f->rest.len >= 3 && f->rest.ptr[0] == '{' && f->rest.ptr[2] == '}') {
        skip(f, 3);
        return false;
    }
    f->gave_up |= strchr("wWsSdDbBAzZ", *c) == NULL;
    return false;
}

/* Takes the rest of a set after its "[". */
static void skip_set(struct finder *f)
{
    take_prefix(&f->rest, STR("^"));
    bool first = true;
    while (f->rest.len && (first || f->rest.ptr[0] != ']')) {
        first = false;
        if (str_starts(f->rest, STR("[:"))) {
            size_t end = str_find(f->rest, STR(":]"));
            skip(f, end == SIZE_MAX ? f->rest.len : end + 2);
        } else {
            skip(f, f->rest.ptr[0] == '\\' ? 2 : 1);
        }
    }
    if (!take_prefix(&f->rest, STR("]")))
        f->gave_up = true;
}

/* After "(": whether its content always matches where the group does. */
static bool take_group_kind(struct finder *f)
{
    if (str_starts(f->rest, STR("*")))
        f->gave_up = true;
    if (!take_prefix(&f->rest, STR("?")))
        return true;
    if (take_prefix(&f->rest, STR(":")) || take_prefix(&f->rest, STR("=")))
        return true;
    if (take_prefix(&f->rest, STR("!")) || take_prefix(&f->rest, STR("<=")) ||
        take_prefix(&f->rest, STR("<!")))
        return false;
    f->gave_up = true;
    return false;
}

/* "{" and what follows if it is an interval. */
static void skip_interval(struct finder *f)
{
    size_t n = 0;
    while (n < f->rest.len && strchr("0123456789, ", f->rest.ptr[n]) && f->rest.ptr[n])
        n++;
    if (n < f->rest.len && f->rest.ptr[n] == '}')
        skip(f, n + 1);
}

static void find_either(struct finder *f, struct required *out);

static void find_group(struct finder *f, struct required *best)
{
    bool holds = take_group_kind(f);
    struct required inner = {0};
    if (f->gave_up || ++f->depth > DEPTH_MAX) {
        f->gave_up = true;
        return;
    }
    find_either(f, &inner);
    f->depth--;
    if (!take_prefix(&f->rest, STR(")")))
        f->gave_up = true;
    bool optional = f->rest.len && strchr("*?{", f->rest.ptr[0]);
    if (holds && !optional)
        keep_better(best, &inner);
}

/* One alternative: up to "|", ")" or the end. */
static void find_branch(struct finder *f, struct required *best)
{
    struct run run = {.len = 0};
    while (f->rest.len && !f->gave_up && f->rest.ptr[0] != '|' && f->rest.ptr[0] != ')') {
        char c = f->rest.ptr[0];
        skip(f, 1);
        if (c == '*' || c == '?' || c == '{')
            drop_last(&run);
        bool is_literal = c == '\\' ? take_escape(f, &c) : c == '\0' || !strchr(".[(*+?{^$", c);
        if (is_literal) {
            add_to_run(f, &run, c, best);
            continue;
        }
        end_run(f, &run, best);
        if (c == '[')
            skip_set(f);
        else if (c == '(')
            find_group(f, best);
        else if (c == '{')
            skip_interval(f);
    }
    end_run(f, &run, best);
}

static void find_either(struct finder *f, struct required *out)
{
    struct required all = {0};
    bool known = true;
    do {
        struct required branch = {0};
        find_branch(f, &branch);
        known = known && branch.n && all.n + branch.n <= REQUIRED_MAX;
        for (size_t i = 0; known && i < branch.n; i++)
            all.literals[all.n++] = branch.literals[i];
    } while (!f->gave_up && take_prefix(&f->rest, STR("|")));
    if (known && !f->gave_up)
        *out = all;
}

void required_find(struct str pattern, bool ignore_case, bool is_perl_utf, struct arena *arena,
                   struct required *out)
{
    struct finder f = {
        .rest = pattern, .arena = arena, .ignore_case = ignore_case, .is_perl_utf = is_perl_utf};
    struct required found = {0};
    find_either(&f, &found);
    *out = f.gave_up || f.rest.len ? (struct required){0} : found;
}
