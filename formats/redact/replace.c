#include "formats/redact/replace.h"

#include "base/mem.h"
#include "formats/block/record.h"
#include "formats/line/json.h"
#include "formats/redact/redactor.h"

/* ---- where in JSON ---- */

static size_t skip_json_blanks(struct str s, size_t i)
{
    while (i < s.len &&
           (s.ptr[i] == ' ' || s.ptr[i] == '\t' || s.ptr[i] == '\n' || s.ptr[i] == '\r'))
        i++;
    return i;
}

static bool begins_json(struct str s, size_t i)
{
    i = skip_json_blanks(s, i);
    return i < s.len && (s.ptr[i] == '{' || s.ptr[i] == '[');
}

void json_place_init(struct json_place *p, struct str line)
{
    *p = (struct json_place){.line = line, .is_json = begins_json(line, 0)};
}

/* A byte of what a string of the line means. */
static void walk_inner(struct json_place *p, char c)
{
    if (!p->in_inner)
        return;
    if (p->is_escaped)
        p->is_escaped = false;
    else if (c == '\\' && p->in_inner_string)
        p->is_escaped = true;
    else if (c == '"')
        p->in_inner_string = !p->in_inner_string;
}

static void walk_special(struct json_place *p)
{
    char c = p->line.ptr[p->at++];
    if (c == '"') {
        p->in_string = !p->in_string;
        p->in_inner = p->in_string && begins_json(p->line, p->at);
        p->in_inner_string = p->is_escaped = false;
    } else if (p->in_string && p->at < p->line.len) {
        walk_inner(p, p->line.ptr[p->at++]);
    }
}

struct str json_place_quotes(struct json_place *p, size_t at)
{
    const char *line = p->line.ptr;
    while (p->is_json && p->at < at) {
        size_t next = (size_t)(json_find_quote(line + p->at, line + at) - line);
        if (next > p->at)
            p->is_escaped = false;
        p->at = next;
        if (p->at < at)
            walk_special(p);
    }
    if (!p->is_json || (p->in_string && !p->in_inner) || p->in_inner_string)
        return STR("");
    return p->in_string ? STR("\\\"") : STR("\"");
}

static bool is_json_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether what stands there is a value of JSON, but no string, by its first byte and its neighbours: "a": 12, or [12, 13]. */
static bool is_bare_value(struct str line, size_t from, size_t to)
{
    if (!is_digit(line.ptr[from]) && !memchr("-{[tfn", line.ptr[from], 6))
        return false;
    while (from > 0 && is_json_blank(line.ptr[from - 1]))
        from--;
    to = skip_json_blanks(line, to);
    char before = from ? line.ptr[from - 1] : 0, behind = byte_at(line, to);
    return (before == ':' || before == ',' || before == '[') &&
           (behind == ',' || behind == '}' || behind == ']');
}

/* ---- what stands for it ---- */

/* Invariant 3. */
static void put_normal(unsigned rule, struct str value, struct buf *out)
{
    bool is_text = rule == RULE_JWT || rule == RULE_SECRETS || rule >= REDACT_RULES;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (rule == RULE_EMAIL && str_starts(str_slice(value, i, 3), STR("%40"))) {
            buf_add_byte(out, '@');
            i += 2;
        } else if (is_text) {
            buf_add_byte(out, c);
        } else if (is_letter(c)) {
            buf_add_byte(out, (char)(c | 0x20));
        } else if (rule == RULE_EMAIL || rule == RULE_IP || is_digit(c)) {
            buf_add_byte(out, c);
        }
    }
}

static struct str mark_of(const struct redactor *r, unsigned rule)
{
    return rule < REDACT_RULES ? redact_rules[rule].mark : redact_rule_name(r, rule);
}

bool redact_put_token(const struct redactor *r, unsigned rule, struct str value, struct buf *out)
{
    if (!r->sign)
        return false;
    struct str name = redact_rule_name(r, rule), mark = mark_of(r, rule);
    defer(buf_free) struct buf text = {.max = value.len + name.len + 1};
    buf_add(&text, name);
    buf_add_byte(&text, ':');
    put_normal(rule, value, &text);
    uint64_t token = r->sign(r->sign_context, buf_str(&text));
    buf_add_byte(out, '[');
    buf_add(out, mark);
    buf_add_byte(out, ':');
    buf_add(out, r->key_id);
    buf_add_byte(out, ':');
    for (unsigned shift = 64; shift; shift -= 4)
        buf_add_byte(out, "0123456789abcdef"[token >> (shift - 4) & 15]);
    buf_add_byte(out, ']');
    return true;
}

/* The last n letters and digits of the value. */
static struct str last_of(struct str value, size_t n, char room[8])
{
    size_t at = n;
    for (size_t i = value.len; i && at; i--) {
        if (is_alnum(value.ptr[i - 1]))
            room[--at] = value.ptr[i - 1];
    }
    return str_of(room + at, n - at);
}

/* "192.0.2.7" is "192.0.2.x", "2001:db8::7" is "2001:db8:x". */
static void put_network(struct str address, struct buf *out)
{
    bool is_v4 = str_find_byte(address, ':') == SIZE_MAX;
    size_t marks = is_v4 ? 3 : 2, end = 0;
    for (; end < address.len; end++) {
        if (address.ptr[end] == (is_v4 ? '.' : ':') && --marks == 0)
            break;
    }
    buf_print(out, "%.*s%cx", STR_ARG(str_slice(address, 0, end)), is_v4 ? '.' : ':');
}

static void put_mail(struct str address, struct buf *out)
{
    size_t at = str_find_byte(address, '@');
    size_t domain = at == SIZE_MAX ? str_find(address, STR("%40")) + 3 : at + 1;
    buf_print(out, "%c***@%.*s", address.ptr[0], STR_ARG(str_slice(address, domain, SIZE_MAX)));
}

/* False: nothing of it may stay. */
static bool put_partial(unsigned rule, struct str value, struct buf *out)
{
    char room[8];
    if (rule >= REDACT_RULES || rule == RULE_JWT || rule == RULE_SECRETS)
        return false;
    buf_print(out, "[%.*s:", STR_ARG(redact_rules[rule].mark));
    switch (rule) {
    case RULE_EMAIL:
        put_mail(value, out);
        break;
    case RULE_IP:
        put_network(value, out);
        break;
    case RULE_MAC:
        buf_add(out, str_slice(value, 0, 8)); /* whose it is */
        break;
    case RULE_IBAN:
        buf_print(out, "%.*s:%.*s", STR_ARG(str_slice(value, 0, 2)),
                  STR_ARG(last_of(value, 4, room)));
        break;
    case RULE_CARD:
    case RULE_SSN:
        buf_add(out, last_of(value, 4, room));
        break;
    default:
        buf_add(out, last_of(value, 2, room));
    }
    buf_add_byte(out, ']');
    return true;
}

static void put_one(const struct redactor *r, const struct finding *f, struct str value,
                    struct buf *out)
{
    enum redact_action action = redact_action_of(r, f->rule);
    if (action == REDACT_REMOVE || (action == REDACT_PARTIAL && put_partial(f->rule, value, out)) ||
        (action == REDACT_TOKEN && redact_put_token(r, f->rule, value, out)))
        return;
    buf_add_byte(out, '[');
    buf_add(out, mark_of(r, f->rule));
    buf_add_byte(out, ']');
}

/* Invariant 2. */
static void put_bounded(const struct redactor *redactor, const struct finding *f, struct str line,
                        struct str quotes, struct buf *out)
{
    size_t start = out->len, len = f->to - f->from;
    buf_add(out, quotes);
    put_one(redactor, f, str_slice(line, f->from, len), out);
    buf_add(out, quotes);
    if (out->len - start <= len || out->len + (line.len - f->to) <= RECORD_LINE_MAX)
        return;
    out->len = start;
    for (size_t i = 0; i < len; i++)
        buf_add_byte(out, quotes.len ? '9' : '*');
}

void put_redacted(const struct redactor *redactor, struct redaction *r, struct str line)
{
    struct json_place place;
    size_t done = 0;
    json_place_init(&place, line);
    buf_reset(&r->text);
    r->text.max = SIZE_MAX;
    for (size_t i = 0; i < r->n; i++) {
        const struct finding *f = &r->findings[i];
        bool is_value = place.is_json && is_bare_value(line, f->from, f->to);
        struct str quotes = is_value ? json_place_quotes(&place, f->from) : STR("");
        buf_add(&r->text, str_slice(line, done, f->from - done));
        put_bounded(redactor, f, line, quotes, &r->text);
        done = f->to;
    }
    buf_add(&r->text, str_slice(line, done, SIZE_MAX));
}
