#include "formats/redact/redact.h"

#include "base/mem.h"
#include "formats/redact/encoded.h"
#include "formats/redact/pair_value.h"
#include "formats/redact/pem.h"
#include "formats/redact/redactor.h"
#include "formats/redact/replace.h"

#include <stdlib.h>

enum { OWN_BYTES = 64 << 20 };

void redact_options_init(struct redact_options *options)
{
    *options = (struct redact_options){.key_id = STR("k1")};
    for (size_t i = 0; i < REDACT_RULES; i++)
        options->actions[i] = redact_rules[i].action;
}

/* ---- opening ---- */

#define NUMBER_RULES                                                                              \
    (1ull << RULE_CARD | 1ull << RULE_SSN | 1ull << RULE_PHONE | 1ull << RULE_UK_NHS |            \
     1ull << RULE_DE_TAX_ID | 1ull << RULE_FR_NIR | 1ull << RULE_ES_DNI | 1ull << RULE_PL_PESEL | \
     1ull << RULE_NL_BSN | 1ull << RULE_CA_SIN | 1ull << RULE_AU_TFN | 1ull << RULE_AU_MEDICARE | \
     1ull << RULE_IN_AADHAAR | 1ull << RULE_BR_CPF)

/* Which finder looks at which trigger, and for which rules. */
static const struct {
    enum trigger trigger;
    finder *find;
    uint64_t rules; /* bits; 0: always */
} finder_table[] = {
    {TRIGGER_AT, find_at_sign, 0},
    {TRIGGER_PLUS, find_plus, 0},
    {TRIGGER_ESCAPE, find_escape, 0},
    {TRIGGER_NUMBER, find_number, NUMBER_RULES},
    {TRIGGER_LETTERS, find_lettered,
     1ull << RULE_IBAN | 1ull << RULE_UK_NINO | 1ull << RULE_IT_CF | 1ull << RULE_IN_PAN},
    {TRIGGER_DOT, find_dotted, 1ull << RULE_IP | 1ull << RULE_MAC},
    {TRIGGER_COLON, find_colon_hex, 1ull << RULE_IP | 1ull << RULE_MAC},
    {TRIGGER_DIALED, find_dialed, 1ull << RULE_PHONE},
    {TRIGGER_PAIR, find_pair, 0},
    {TRIGGER_RUN, find_token, 1ull << RULE_JWT | 1ull << RULE_SECRETS | 1ull << RULE_MAC},
    {TRIGGER_DASHES, find_pem, 1ull << RULE_SECRETS},
    {TRIGGER_OPTION, find_option, 0},
    {TRIGGER_OPENING, find_opening, 0},
};

static void choose_finders(struct redactor *r)
{
    uint64_t wanted = 0;
    for (size_t i = 0; i < REDACT_RULES; i++) {
        r->wanted[i] = r->actions[i] != REDACT_KEEP;
        wanted |= r->wanted[i] ? 1ull << i : 0;
    }
    for (size_t i = 0; i < countof(finder_table); i++) {
        if (!finder_table[i].rules || wanted & finder_table[i].rules)
            r->finders.of[finder_table[i].trigger] = finder_table[i].find;
    }
    encoded_finders(&r->encoded, &r->finders);
}

static bool is_pattern_name(struct str name)
{
    bool ok = name.len > 0 && name.len <= 40;
    for (size_t i = 0; ok && i < name.len; i++)
        ok = is_alnum(name.ptr[i]) || name.ptr[i] == '_' || name.ptr[i] == '-';
    return ok;
}

static bool open_pattern(struct redactor *r, struct own_pattern *to,
                         const struct redact_pattern *from, struct err *err)
{
    struct required required = {.n = 0};
    if (!is_pattern_name(from->name))
        return err_set(err, ERR_INPUT,
                       "the name '%.*s' is not 1 to 40 letters, digits, '_' and '-'",
                       STR_ARG(from->name));
    to->name = arena_copy(&r->arena, from->name);
    to->action = from->action;
    if (!regex_compile(&to->regex, from->match, 0, err))
        return false;
    required_find(from->match, false, false, &r->arena, &required);
    for (; to->n_literals < required.n; to->n_literals++)
        literal_init(&to->literals[to->n_literals], required.literals[to->n_literals], false);
    return true;
}

bool redactor_open(struct redactor **out, const struct redact_options *options, struct err *err)
{
    defer(redactor_close) struct redactor *r = mem_new(struct redactor);
    memcpy(r->actions, options->actions, sizeof r->actions);
    r->key_id = arena_copy(&r->arena, options->key_id);
    r->sign = options->sign;
    r->sign_context = options->sign_context;
    r->allow = arena_array(&r->arena, struct str, options->n_allow);
    for (; r->n_allow < options->n_allow; r->n_allow++)
        r->allow[r->n_allow] = arena_copy(&r->arena, options->allow[r->n_allow]);
    r->patterns = arena_array(&r->arena, struct own_pattern, options->n_patterns);
    for (; r->n_patterns < options->n_patterns; r->n_patterns++) {
        const struct redact_pattern *p = &options->patterns[r->n_patterns];
        if (!open_pattern(r, &r->patterns[r->n_patterns], p, err))
            return err_wrap(err, "pattern '%.*s'", STR_ARG(p->name));
    }
    redact_paths_init(&r->paths);
    for (size_t i = 0; i < options->n_keys; i++) {
        if (!redact_paths_add(&r->paths, options->keys[i], err))
            return false;
    }
    number_index_init(&r->numbers);
    token_index_init(&r->tokens);
    choose_finders(r);
    *out = move(r);
    return true;
}

void redactor_close(struct redactor **redactor)
{
    struct redactor *r = move(*redactor);
    if (!r)
        return;
    for (size_t i = 0; i < r->n_patterns; i++) {
        struct own_pattern *p = &r->patterns[i];
        for (size_t k = 0; k < p->n_literals; k++)
            literal_free(&p->literals[k]);
        regex_close(&p->regex);
    }
    redact_paths_free(&r->paths);
    arena_free(&r->arena);
    mem_free(&r);
}

void redaction_free(struct redaction *r)
{
    buf_free(&r->text);
    mem_free(&r->findings);
    buf_free(&r->decoded);
    mem_free(&r->escapes);
    *r = (struct redaction){0};
}

struct str redact_rule_name(const struct redactor *redactor, unsigned rule)
{
    return rule < REDACT_RULES ? redact_rules[rule].name
                               : redactor->patterns[rule - REDACT_RULES].name;
}

enum redact_action redact_action_of(const struct redactor *redactor, unsigned rule)
{
    return rule < REDACT_RULES ? redactor->actions[rule]
                               : redactor->patterns[rule - REDACT_RULES].action;
}

/* ---- finding ---- */

static bool may_match(const struct own_pattern *p, struct str line)
{
    for (size_t i = 0; i < p->n_literals; i++) {
        if (literal_find(&p->literals[i], line, 0) != SIZE_MAX)
            return true;
    }
    return p->n_literals == 0;
}

/* Each match may have looked at all that is left: of so many bytes in all, then the rest of the line goes. */
static void find_own(struct hunt *h, size_t index)
{
    const struct own_pattern *p = &h->redactor->patterns[index];
    struct span span;
    size_t left = OWN_BYTES, len = h->line.len;
    enum match found = may_match(p, h->line) ? MATCH_FOUND : MATCH_NONE;
    for (size_t from = 0; found == MATCH_FOUND && from <= len;) {
        found = regex_find(p->regex, h->line, from, &span);
        if (found != MATCH_FOUND)
            break;
        hunt_add_own(h, span.from, span.to, index);
        from = span.to > from ? span.to : from + 1;
        if (left < len - min_of(from, len)) {
            hunt_add_own(h, from, len, index);
            break;
        }
        left -= len - min_of(from, len);
    }
    h->found->gave_up += found == MATCH_LIMIT;
}

static int by_place(const void *a, const void *b)
{
    const struct finding *x = a, *y = b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
                              : (x->to < y->to) - (x->to > y->to);
}

static void sort_by_place(struct finding *findings, size_t n)
{
    enum { FEW = 16 };
    if (n > FEW) {
        qsort(findings, n, sizeof *findings, by_place);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct finding f = findings[i];
        size_t at = i;
        for (; at > 0 && by_place(&findings[at - 1], &f) > 0; at--)
            findings[at] = findings[at - 1];
        findings[at] = f;
    }
}

/* Of those that overlap the longest says what all of it is; of two that are as long, the one that is known by its form. */
static void settle(struct redaction *r)
{
    size_t n = 0, longest = 0;
    sort_by_place(r->findings, r->n);
    for (size_t i = 0; i < r->n; i++) {
        struct finding *f = &r->findings[i], *last = n ? &r->findings[n - 1] : NULL;
        if (!last || f->from >= last->to) {
            longest = f->to - f->from;
            r->findings[n++] = *f;
            continue;
        }
        size_t len = f->to - f->from;
        if (len > longest || (len == longest && last->rule == RULE_SECRETS)) {
            longest = len;
            last->rule = f->rule;
            last->kind = f->kind;
        }
        last->to = max_of(last->to, f->to);
        last->is_joined = last->to - last->from > longest;
    }
    r->n = n;
}

void redact_count(struct redaction *r)
{
    for (size_t i = 0; i < r->n; i++)
        *(r->findings[i].rule < REDACT_RULES ? &r->counts[r->findings[i].rule] : &r->own_count) +=
            1;
}

uint64_t redaction_total(const struct redaction *r)
{
    uint64_t total = r->own_count;
    for (size_t i = 0; i < REDACT_RULES; i++)
        total += r->counts[i];
    return total;
}

/* What a value goes on with that the part in front of this one ended in. */
static void find_value_rest(struct hunt *h)
{
    const struct pair_place place = {.line = h->line};
    if (h->stream && h->stream->in_value)
        hunt_add(h, 0, bare_end(&place, 0), h->stream->rule, "rest of a value that was cut");
}

static void note_cut(struct redact_stream *stream, const struct redaction *r, struct str line)
{
    const struct finding *last = r->n ? &r->findings[r->n - 1] : NULL;
    if (!stream)
        return;
    stream->in_value =
        stream->has_more && last && last->to == line.len && last->rule < REDACT_RULES;
    stream->rule = stream->in_value ? (uint8_t)last->rule : 0;
}

void redact_find(const struct redactor *redactor, struct redaction *r, struct redact_stream *stream,
                 struct str line)
{
    struct hunt h = {.redactor = redactor,
                     .found = r,
                     .line = line,
                     .stream = stream,
                     .wanted = redactor->wanted,
                     .paths = &redactor->paths};
    r->n = 0;
    find_value_rest(&h);
    find_pem_rest(&h);
    scan_line(&redactor->finders, &h);
    if (h.is_encoded)
        find_encoded(&h);
    for (size_t i = 0; i < redactor->n_patterns; i++)
        find_own(&h, i);
    settle(r);
    note_cut(stream, r, line);
}

struct str redact_line(const struct redactor *redactor, struct redaction *r,
                       struct redact_stream *stream, struct str line)
{
    redact_find(redactor, r, stream, line);
    if (r->n == 0)
        return line;
    put_redacted(redactor, r, line);
    return buf_str(&r->text);
}
