#include "formats/redact/replace.h"

#include "base/ascii.h"
#include "base/mem.h"
#include "formats/block/record.h"
#include "formats/line/json.h"
#include "formats/redact/encoded.h"
#include "formats/redact/redactor.h"

/* ---- where in JSON ---- */

static bool begins_json(struct str s, size_t i)
{
    i = skip_white(s, i);
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

/* Whether what stands there is a value of JSON, but no string, by its first byte and its neighbours: "a": 12, or [12, 13]. */
static bool is_bare_value(struct str line, size_t from, size_t to)
{
    if (!is_digit(line.ptr[from]) && !memchr("-{[tfn", line.ptr[from], 6))
        return false;
    while (from > 0 && is_white(line.ptr[from - 1]))
        from--;
    to = skip_white(line, to);
    char before = from ? line.ptr[from - 1] : 0, behind = byte_at(line, to);
    return (before == ':' || before == ',' || before == '[') &&
           (behind == ',' || behind == '}' || behind == ']');
}

static bool is_of_number(char c)
{
    return is_digit(c) || c == '-' || c == '+' || c == '.' || (c | 0x20) == 'e';
}

static size_t digits_end(struct str s, size_t i)
{
    while (is_digit(byte_at(s, i)))
        i++;
    return i;
}

/* RFC 8259, section 6; zeros may lead. */
static bool is_json_number(struct str s)
{
    size_t from = byte_at(s, 0) == '-', at = digits_end(s, from);
    bool good = at > from;
    if (good && byte_at(s, at) == '.') {
        from = at + 1;
        at = digits_end(s, from);
        good = at > from;
    }
    if (good && (byte_at(s, at) | 0x20) == 'e') {
        from = at + 1 + (byte_at(s, at + 1) == '-' || byte_at(s, at + 1) == '+');
        at = digits_end(s, from);
        good = at > from;
    }
    return good && at == s.len;
}

/* All of the number in which a finding lies: a part of one could not stay beside a string. */
static void widen_number(struct str line, size_t least, size_t *from, size_t *to)
{
    size_t start = *from, end = *to;
    if (!is_digit(line.ptr[start]))
        return;
    while (start > least && is_of_number(line.ptr[start - 1]))
        start--;
    while (is_of_number(byte_at(line, end)))
        end++;
    if (is_json_number(str_slice(line, start, end - start))) {
        *from = start;
        *to = end;
    }
}

/* No backslash stays in front of a mark that was one of what has gone: of "\b" in "\bob@example.com". */
static size_t before_escape(struct str line, size_t least, size_t from)
{
    size_t at = from;
    while (at > least && line.ptr[at - 1] == '\\')
        at--;
    return from - (from - at) % 2;
}

/* ---- what stands for it ---- */

/* Behind the copy. */
static char *copy(char *to, struct str text)
{
    return (char *)memcpy(to, text.ptr, text.len) + text.len;
}

/* Invariant 3. */
static char *copy_normal(char *to, unsigned rule, struct str value)
{
    if (rule == RULE_JWT || rule == RULE_SECRETS || rule >= REDACT_RULES)
        return copy(to, value);
    bool has_signs = rule == RULE_EMAIL || rule == RULE_IP;
    for (size_t i = 0; i < value.len;) {
        struct escape e = escape_at(value, i);
        char c = e.len ? e.byte : value.ptr[i];
        i += e.len ? e.len : 1;
        *to = is_letter(c) ? (char)(c | 0x20) : c;
        to += has_signs || is_alnum(c);
    }
    return to;
}

static void put_token(struct buf *out, struct str mark, struct str key_id, uint64_t token)
{
    enum { DIGITS = 16, SIGNS = 4 };
    char *start = buf_reserve(out, mark.len + key_id.len + DIGITS + SIGNS), *to = start;
    if (!start)
        return;
    *to++ = '[';
    to = copy(to, mark);
    *to++ = ':';
    to = copy(to, key_id);
    *to++ = ':';
    for (size_t i = DIGITS; i-- > 0; token >>= 4)
        to[i] = "0123456789abcdef"[token & 15];
    to[DIGITS] = ']';
    to += DIGITS + 1;
    out->len += (size_t)(to - start);
}

static struct str mark_of(const struct redactor *r, unsigned rule)
{
    return rule < REDACT_RULES ? redact_rules[rule].mark : redact_rule_name(r, rule);
}

bool redact_put_token(const struct redactor *r, unsigned rule, struct str value, struct buf *out)
{
    if (!r->sign)
        return false;
    struct str name = redact_rule_name(r, rule);
    size_t most = name.len + 1 + value.len;
    char room[256];
    defer(mem_free) char *more = most > sizeof room ? mem_alloc(most) : NULL;
    char *text = more ? more : room, *end = copy(text, name);
    *end++ = ':';
    end = copy_normal(end, rule, value);
    uint64_t token = r->sign(r->sign_context, str_of(text, (size_t)(end - text)));
    put_token(out, mark_of(r, rule), r->key_id, token);
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

/* The first letter stays if it is one byte. */
static void put_mail(struct str address, struct buf *out)
{
    size_t shown = is_alnum(address.ptr[0]);
    struct str domain = str_slice(address, str_find_byte(address, '@') + 1, SIZE_MAX);
    buf_print(out, "%.*s***@%.*s", STR_ARG(str_slice(address, 0, shown)), STR_ARG(domain));
}

/* False: nothing of it may stay. */
static bool put_partial(unsigned rule, struct str value, struct buf *out)
{
    enum { ADDRESS_MAX = 512 };
    char room[8], decoded[ADDRESS_MAX];
    if (rule >= REDACT_RULES || rule == RULE_JWT || rule == RULE_SECRETS)
        return false;
    value = decode_escapes(value, decoded, sizeof decoded);
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
    if (f->is_joined && action != REDACT_REMOVE)
        action = REDACT_MASK; /* what others have found of it is not this rule's to show */
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
        size_t from = f->from, to = f->to;
        if (from < done)
            continue; /* in the number of the one before */
        if (place.is_json)
            widen_number(line, done, &from, &to);
        bool is_value = place.is_json && is_bare_value(line, from, to);
        struct str quotes = is_value ? json_place_quotes(&place, from) : STR("");
        if (quotes.len == 0) {
            from = place.is_json ? before_escape(line, done, f->from) : f->from;
            to = f->to;
        }
        buf_add(&r->text, str_slice(line, done, from - done));
        put_bounded(redactor, f, line, quotes, &r->text);
        done = to;
    }
    buf_add(&r->text, str_slice(line, done, SIZE_MAX));
}
