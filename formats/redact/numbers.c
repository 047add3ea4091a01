/*
 * Numbers that are issued to people: groups of digits with a blank, a dash or a dot between them, which fit a form.
 *
 *     ... id 17 4111 1111 1111 1111 ok ...
 *            \________ phrase ____/           groups: 2 4 4 4 4
 *               \__ window ______/            a form: 4 4 4 4
 *
 * A phrase is looked at from its first group on, of which at most GROUPS_MAX are taken at a time; of all windows that
 * begin at a group the longest that is something counts, and the next one begins behind it.
 */
#include "formats/redact/edges.h"
#include "formats/redact/forms.h"
#include "formats/redact/mixed.h"
#include "formats/redact/phones.h"
#include "formats/redact/redactor.h"

enum {
    BACK_MAX = 16, /* bytes of a phrase before the place where it was noticed */
    GROUPS_MAX = 18,
};

struct group {
    size_t from;
    size_t len;
};

struct phrase {
    struct group groups[GROUPS_MAX];
    size_t n;
    size_t to;         /* where what was looked at ends */
    bool is_continued; /* by more groups */
};

static bool is_separator(char c)
{
    return c == ' ' || c == '-' || c == '.';
}

/* The first byte of the digits and single separators around `at`. */
static size_t phrase_start(struct str line, size_t at)
{
    size_t from = at, least = at > BACK_MAX ? at - BACK_MAX : 0;
    while (from > least) {
        char c = line.ptr[from - 1];
        if (!is_digit(c) && !(is_separator(c) && is_digit(line.ptr[from]) && from - 1 > least &&
                              is_digit(line.ptr[from - 2])))
            break;
        from--;
    }
    /* In the middle of a group that is longer: it is not whole. */
    while (from > 0 && from < at && from == least && is_digit(line.ptr[from - 1]) &&
           is_digit(line.ptr[from]))
        least = ++from;
    /* The digits of an escape: "%20", "\\u0022". */
    if (from > 0 && line.ptr[from - 1] == '%' && is_digit(byte_at(line, from + 2)))
        return from + 2;
    if (from > 1 && line.ptr[from - 1] == 'u' && line.ptr[from - 2] == '\\' &&
        is_digit(byte_at(line, from + 4)))
        return from + 4;
    return from;
}

static void phrase_read(struct phrase *p, struct str line, size_t from)
{
    p->n = 0;
    p->is_continued = false;
    for (size_t i = from;;) {
        size_t start = i;
        while (i < line.len && is_digit(line.ptr[i]))
            i++;
        p->groups[p->n++] = (struct group){start, i - start};
        p->to = i;
        if (!is_separator(byte_at(line, i)) || !is_digit(byte_at(line, i + 1)))
            return;
        if (p->n == GROUPS_MAX) {
            p->is_continued = true;
            return;
        }
        i++;
    }
}

/* ---- windows ---- */

struct window {
    const struct group *groups;
    size_t n;
    uint64_t shape;
    size_t from, to;
};

static unsigned char separation_of(struct str line, const struct window *w)
{
    if (w->n == 1)
        return SEP_NONE;
    char first = line.ptr[w->groups[1].from - 1], last = line.ptr[w->groups[w->n - 1].from - 1];
    for (size_t i = 1; i + 1 < w->n; i++) {
        if (line.ptr[w->groups[i].from - 1] != first)
            return 0;
    }
    if (first == last)
        return first == ' ' ? SEP_BLANK : first == '-' ? SEP_DASH : SEP_DOT;
    return first == '.' && last == '-' ? SEP_DOTS_DASH : 0;
}

/* Without separators: where they stand in the line, or in room. */
static struct str window_digits(struct str line, const struct window *w,
                                char room[NUMBER_DIGITS_MAX])
{
    size_t n = 0;
    if (w->n == 1)
        return str_slice(line, w->from, w->to - w->from);
    for (size_t i = w->from; i < w->to; i++) {
        room[n] = line.ptr[i];
        n += is_digit(room[n]);
    }
    return str_of(room, n);
}

/* Groups in a row of more of the same length: a table of numbers. */
static bool is_in_table(const struct phrase *p, const struct window *w)
{
    const struct group *last = w->groups + w->n;
    return w->n > 1 && ((w->groups > p->groups && w->groups[-1].len == w->groups[0].len) ||
                        (last < p->groups + p->n && last->len == last[-1].len));
}

static bool is_said(struct str line, const struct window *w, const struct number_form *form,
                    enum edge edge, const struct name *name)
{
    bool is_free = edge == EDGE_FREE;
    switch (name_says(name, form->words)) {
    case LABEL_YES:
        return true;
    case LABEL_NO:
        return false;
    case LABEL_OTHER:
        return is_free && form->need == NEED_NOTHING;
    default:
        return (is_free &&
                (form->need == NEED_NOTHING ||
                 (form->need == NEED_VALUE_OR_WORD && is_whole_value(line, w->from, w->to)))) ||
               has_word_near(line, w->from, w->to, form->words);
    }
}

/* What is said about a window, read when it is asked for. */
struct said {
    struct name name;
    bool may_be, has_name, has_may_be;
};

/* Whether a word of any form may be near, or in the name. */
static bool may_be_said(const struct hunt *h, const struct window *w, struct said *said)
{
    enum { BEFORE = 64, BEHIND = 20 };
    const struct word_heads *words = &h->redactor->numbers.words;
    size_t start = w->from > BEFORE ? w->from - BEFORE : 0;
    if (!said->has_may_be)
        said->may_be = word_heads_may_be_in(words, str_slice(h->line, start, w->from - start)) ||
                       word_heads_may_be_in(words, str_slice(h->line, w->to, BEHIND));
    said->has_may_be = true;
    return said->may_be;
}

static bool add_window(struct hunt *h, const struct phrase *p, const struct window *w)
{
    const struct number_form *form = number_forms(&h->redactor->numbers, w->shape);
    char room[NUMBER_DIGITS_MAX];
    if (!form)
        return false;
    enum edge edge = edge_of(h->line, w->from, w->to);
    unsigned char separation = separation_of(h->line, w);
    if (edge == EDGE_INSIDE || !separation)
        return false;
    struct str digits = window_digits(h->line, w, room);
    if (digits.ptr[0] == digits.ptr[digits.len - 1] &&
        memcmp(digits.ptr, digits.ptr + 1, digits.len - 1) == 0)
        return false;
    if (is_in_table(p, w))
        edge = EDGE_WEAK;
    struct said said;
    said.has_name = said.has_may_be = false;
    for (; form->shape == w->shape; form++) {
        if (!(form->separation & separation) || !h->wanted[form->rule] ||
            !form->holds(digits.ptr, digits.len))
            continue;
        if (form->need == NEED_WORD && !may_be_said(h, w, &said))
            continue;
        if (!said.has_name)
            name_read(&said.name, h->line, w->from);
        said.has_name = true;
        if (is_said(h->line, w, form, edge, &said.name)) {
            hunt_add(h, w->from, w->to, form->rule, form->kind);
            return true;
        }
    }
    return false;
}

/* How many groups from `first` on are a number. */
static size_t add_longest(struct hunt *h, const struct phrase *p, size_t first)
{
    uint64_t shapes[NUMBER_GROUPS_MAX];
    size_t n = 0, digits = 0;
    for (; n < NUMBER_GROUPS_MAX && first + n < p->n; n++) {
        size_t len = p->groups[first + n].len;
        digits += len;
        if (digits > NUMBER_DIGITS_MAX)
            break;
        shapes[n] = number_shape_add(n ? shapes[n - 1] : 0, len);
    }
    for (; n > 0; n--) {
        const struct group *last = &p->groups[first + n - 1];
        struct window w = {&p->groups[first], n, shapes[n - 1], p->groups[first].from,
                           last->from + last->len};
        if (add_window(h, p, &w))
            return n;
    }
    return 0;
}

/* ---- the finder ---- */

/* How many groups from `first` on are a number with letters: "12.345.678-Z", "X1234567L", "2A 006 084 36". */
static size_t add_lettered(struct hunt *h, const struct phrase *p, size_t first)
{
    const struct group *g = &p->groups[first];
    char room[NUMBER_DIGITS_MAX];
    size_t n = g->len <= 3 && first + 2 < p->n && g[1].len == 3 && g[2].len <= 3 ? 3 : 1;
    struct window w = {g, n, 0, g->from, g[n - 1].from + g[n - 1].len};
    if (n == 1 && g->len != 7 && g->len != 8)
        return 0;
    struct str text = window_digits(h->line, &w, room);
    unsigned char separation = separation_of(h->line, &w);
    bool is_added = (separation != SEP_BLANK && add_dni(h, w.from, w.to, text)) ||
                    (separation != SEP_DOT && add_corsican_nir(h, w.from, w.to, text));
    return is_added ? n : 0;
}

/* What no number was found in, up to a group that is one or the end of the phrase. */
static void add_phone(struct hunt *h, const struct phrase *p, size_t first, size_t end)
{
    if (h->wanted[RULE_PHONE] && first < end)
        add_national_phone(h, p->groups[first].from,
                           p->groups[end - 1].from + p->groups[end - 1].len);
}

size_t find_number(struct hunt *h, size_t at)
{
    struct phrase p;
    size_t rest = 0;
    phrase_read(&p, h->line, phrase_start(h->line, at));
    for (size_t i = 0; i < p.n;) {
        if (p.is_continued && i + NUMBER_GROUPS_MAX >= p.n && p.groups[i].from > at)
            return p.groups[i].from;
        size_t n = add_longest(h, &p, i);
        if (n == 0)
            n = add_lettered(h, &p, i);
        if (n > 0) {
            add_phone(h, &p, rest, i);
            rest = i + n;
        }
        i += n ? n : 1;
    }
    add_phone(h, &p, rest, p.n);
    return p.to;
}
