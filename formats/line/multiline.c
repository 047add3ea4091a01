#include "formats/line/multiline.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "formats/line/traces.h"

struct multiline {
    enum multiline_kind kind;
    struct regex *first; /* of FIRST */
};

/* Nothing, or small letters only: no pattern that somebody meant. */
static bool is_word(struct str text)
{
    size_t n = 0;
    while (n < text.len && text.ptr[n] >= 'a' && text.ptr[n] <= 'z')
        n++;
    return n == text.len;
}

bool multiline_open(struct multiline **out, struct str text, struct err *err)
{
    static const struct str names[] = {
#define X(id, name) STR_INIT(name),
        MULTILINE_KINDS(X)
#undef X
    };
    struct regex *first = NULL;
    enum multiline_kind kind = 0;
    while (kind < MULTILINE_FIRST && !str_equal(names[kind], text))
        kind++;
    if (kind == MULTILINE_FIRST && is_word(text))
        return err_set(
            err, ERR_INPUT,
            "'%.*s' is none of none, auto, java, python, go, node, ruby, php, dotnet and "
            "rust; a pattern for first lines is no plain word: ^%.*s",
            STR_ARG(str_slice(text, 0, 40)), STR_ARG(str_slice(text, 0, 40)));
    if (kind == MULTILINE_FIRST && !regex_compile(&first, text, 0, err))
        return err_wrap(err, "pattern for first lines");
    *out = mem_new(struct multiline);
    **out = (struct multiline){kind, first};
    return true;
}

void multiline_close(struct multiline **address)
{
    if (!*address)
        return;
    regex_close(&(*address)->first);
    mem_free(address);
}

enum multiline_kind multiline_kind(const struct multiline *rule)
{
    return rule->kind;
}

static void begin(const struct trace_line *l, struct multiline_state *s)
{
    *s = (struct multiline_state){0};
    s->state = (uint8_t)record_that_begins(l, &s->depth);
    if (s->state == RECORD_WHOLE)
        return;
    if (last_byte(l->text) == '{' || last_byte(l->text) == '[')
        s->flags = FLAG_BRACE;
}

/* Most lines begin a record, and their front says so: none of the rules takes it behind text. */
static bool is_plain_begin(const struct multiline_state *s, const struct trace_line *l)
{
    bool is_usual = s->state == RECORD_TEXT || s->state == RECORD_TRACE;
    if (!is_usual || l->is_indented || l->text.len < 2)
        return false;
    char c = l->text.ptr[0], next = l->text.ptr[1];
    return is_digit(c) || c == '<' || c == '{' || (c == '-' && next != '-') ||
           (c == '[' && next != 's' && next != 'c' && next != 'e' && next != 'C');
}

static bool goes_on(const struct multiline *rule, struct multiline_state *s,
                    const struct trace_line *l)
{
    uint32_t kinds = rule->kind == MULTILINE_AUTO ? ~0u : 1u << rule->kind;
    bool is_indented_more = rule->kind != MULTILINE_AUTO && l->is_indented && l->text.len;
    return !is_plain_begin(s, l) && (trace_goes_on(kinds, l, s) || is_indented_more);
}

static bool is_first_line(const struct multiline *rule, struct str line)
{
    return regex_find(rule->first, without_end(str_slice(line, 0, MULTILINE_PREFIX)), 0, NULL) !=
           MATCH_NONE;
}

bool multiline_continues(const struct multiline *rule, struct multiline_state *state,
                         struct str open, struct str line)
{
    char room[MULTILINE_PREFIX];
    bool is_open = state->state != RECORD_NONE;
    if (rule->kind == MULTILINE_NONE || rule->kind == MULTILINE_FIRST) {
        state->state = RECORD_TEXT;
        return is_open && rule->kind == MULTILINE_FIRST && !is_first_line(rule, line);
    }
    struct trace_line l = trace_look_at(line, open, room);
    if (is_open && state->state != RECORD_WHOLE && goes_on(rule, state, &l))
        return true;
    begin(&l, state);
    return false;
}

bool multiline_expects(const struct multiline *rule, const struct multiline_state *state)
{
    return rule->kind != MULTILINE_NONE && state->state != RECORD_WHOLE;
}
