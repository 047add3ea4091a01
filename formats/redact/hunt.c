#include "formats/redact/hunt.h"

#include "base/mem.h"
#include "formats/redact/redactor.h"
#include "formats/redact/words.h"

/* ---- adding ---- */

/* '*' stands for any bytes; case does not count. Linear for one '*', and else in the product, of short texts. */
static bool is_allowed_by(struct str allowed, struct str value)
{
    size_t a = 0, v = 0, star = SIZE_MAX, tried = 0;
    while (v < value.len) {
        if (a < allowed.len && allowed.ptr[a] == '*') {
            star = a++;
            tried = v;
        } else if (a < allowed.len &&
                   str_equal_nocase(str_slice(allowed, a, 1), str_slice(value, v, 1))) {
            a++;
            v++;
        } else if (star != SIZE_MAX) {
            a = star + 1;
            v = ++tried;
        } else {
            return false;
        }
    }
    while (a < allowed.len && allowed.ptr[a] == '*')
        a++;
    return a == allowed.len;
}

static bool is_allowed(const struct redactor *r, struct str value)
{
    enum { ALLOWED_MAX = 1024 };
    for (size_t i = 0; i < r->n_allow && value.len <= ALLOWED_MAX; i++) {
        if (is_allowed_by(r->allow[i], value))
            return true;
    }
    return false;
}

static void add(struct hunt *h, size_t from, size_t to, unsigned rule, const char *kind)
{
    struct redaction *r = h->found;
    assert(from <= to && to <= h->line.len);
    struct str value = str_slice(h->line, from, to - from);
    if (is_hidden(value) || is_allowed(h->redactor, value))
        return;
    mem_grow(r->findings, r->n, r->capacity);
    r->findings[r->n++] = (struct finding){.from = from, .to = to, .rule = rule, .kind = kind};
}

void hunt_add(struct hunt *h, size_t from, size_t to, enum redact_rule rule, const char *kind)
{
    if (h->wanted[rule])
        add(h, from, to, rule, kind);
}

void hunt_add_own(struct hunt *h, size_t from, size_t to, size_t pattern)
{
    if (h->redactor->patterns[pattern].action != REDACT_KEEP)
        add(h, from, to, (unsigned)(REDACT_RULES + pattern), "own pattern");
}

/* ---- what is hidden already ---- */

static bool is_all_of(struct str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!memchr(set, s.ptr[i], strlen(set)))
            return false;
    }
    return true;
}

/* Words in brackets: "[email:k1:4f9c2ad1]", "<redacted>", "(null)". With digits and no colon it is a list, as Go writes
 * them: "[hunter2]". */
static bool is_bracketed(struct str s)
{
    enum { LONGEST = 80 };
    if (s.len < 3 || s.len > LONGEST || !is_letter(s.ptr[1]))
        return false;
    char open = s.ptr[0], close = s.ptr[s.len - 1];
    bool is_ours = open == '[' && close == ']';
    bool is_word = is_ours || (open == '<' && close == '>') || (open == '(' && close == ')');
    bool has_digit = false;
    for (size_t i = 1; is_word && i + 1 < s.len; i++) {
        has_digit |= is_digit(s.ptr[i]);
        is_word = is_letter(s.ptr[i]) || (is_ours && (is_digit(s.ptr[i]) || s.ptr[i] == '@')) ||
                  is_all_of(str_slice(s, i, 1), "_-: .*");
    }
    return is_word && (!has_digit || str_find_byte(s, ':') != SIZE_MAX);
}

/* "$DB_PASSWORD" */
static bool is_variable(struct str s)
{
    return s.len > 3 && is_all_of(str_slice(s, 1, SIZE_MAX), "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
}

/* "${VAR}", "$VAR", "$1", "{{ x }}", "{}", "%s", "%(name)s", "?", ":name": something is still to be put in. */
static bool is_blank_form(struct str s)
{
    char last = s.ptr[s.len - 1];
    switch (s.ptr[0]) {
    case '$':
        return s.len > 1 && (is_all_of(str_slice(s, 1, SIZE_MAX), "0123456789") || is_variable(s) ||
                             (s.ptr[1] == '{' && last == '}') || (s.ptr[1] == '(' && last == ')'));
    case '{':
        return last == '}' && (s.len == 2 || s.ptr[1] == '{');
    case '%':
        return s.len == 2 || (s.len > 3 && s.ptr[1] == '(' && s.ptr[s.len - 2] == ')');
    case '?':
        return s.len == 1;
    default:
        return false;
    }
}

bool is_hidden(struct str value)
{
    static const struct str words[] = {
        STR_INIT("null"),   STR_INIT("nil"),    STR_INIT("none"),     STR_INIT("undefined"),
        STR_INIT("true"),   STR_INIT("false"),  STR_INIT("redacted"), STR_INIT("filtered"),
        STR_INIT("masked"), STR_INIT("hidden"), STR_INIT("removed"),  STR_INIT("n/a"),
        STR_INIT("empty"),
    };
    struct str s = str_trim(value);
    if (s.len > 0 && is_digit(s.ptr[0]))
        return false;
    if (s.len == 0 || is_all_of(s, "*xX.#-\xe2\x80\xa2") || is_bracketed(s) || is_blank_form(s))
        return true;
    for (size_t i = 0; i < countof(words); i++) {
        if (str_equal_nocase(s, words[i]))
            return true;
    }
    return false;
}

/* ---- words near it ---- */

enum { NEAR_BEFORE = 40, NEAR_BEHIND = 20 };

bool has_word_near(struct str line, size_t from, size_t to, const char *words)
{
    struct words near;
    size_t start = from > NEAR_BEFORE ? from - NEAR_BEFORE : 0;
    words_read(&near, str_slice(line, start, from - start),
               start > 0 && is_letter(line.ptr[start - 1]), false);
    if (words_have(&near, words))
        return true;
    words_read(&near, str_slice(line, to, NEAR_BEHIND), false,
               is_letter(byte_at(line, to + NEAR_BEHIND)));
    return words_have(&near, words);
}
