#include "formats/redact/hunt.h"

#include "base/mem.h"
#include "formats/redact/encoded.h"
#include "formats/redact/redactor.h"
#include "formats/redact/words.h"

/* ---- what is hidden already ---- */

static bool is_all_of(struct str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!memchr(set, s.ptr[i], strlen(set)))
            return false;
    }
    return true;
}

static const char *const mark_words[26] = {
    ['f' - 'a'] = "filtered", ['h' - 'a'] = "hidden",           ['m' - 'a'] = "masked",
    ['o' - 'a'] = "omitted",  ['r' - 'a'] = "redacted|removed", ['s' - 'a'] = "scrubbed|sensitive",
};

bool is_mark_word(struct str word)
{
    return word_is_of(word, mark_words);
}

static bool is_own_name(const struct redactor *r, struct str name)
{
    for (size_t i = 0; i < r->n_patterns; i++) {
        if (str_equal(name, r->patterns[i].name))
            return true;
    }
    return false;
}

static bool is_mark_name(struct str name)
{
    for (size_t i = 0; name.len > 0 && i < REDACT_RULES; i++) {
        if (str_equal(name, redact_rules[i].mark))
            return true;
    }
    return is_mark_word(name);
}

bool hunt_has_mark(const struct hunt *h, struct str name)
{
    return is_mark_name(name) || is_own_name(h->redactor, name);
}

/* Words of what stands for a value, in brackets: "<redacted>", "(null)", "<your password>", "[not set]". */
static const char placeholder_words[] =
    "redacted|filtered|masked|hidden|removed|sensitive|omitted|scrubbed|null|nil|none|empty|"
    "undefined|unknown|"
    "unset|set|blank|secret|password|token|key|value|object|your|string|private|protected|optional";

static bool is_bracketed(struct str s)
{
    enum { LONGEST = 64 };
    if (s.len < 3 || s.len > LONGEST || !is_letter(s.ptr[1]))
        return false;
    char open = s.ptr[0], close = s.ptr[s.len - 1];
    bool is_word = (open == '[' && close == ']') || (open == '<' && close == '>') ||
                   (open == '(' && close == ')');
    for (size_t i = 1; is_word && i + 1 < s.len; i++)
        is_word = is_letter(s.ptr[i]) || is_all_of(str_slice(s, i, 1), "_-: .*");
    if (!is_word)
        return false;
    struct words words;
    words_read(&words, str_slice(s, 1, s.len - 2), false, false);
    return words_have(&words, placeholder_words);
}

/* The name in "[email]", "[email:k1:4f9c2ad1…]", "[card:1111]"; empty if it is no such mark. */
static struct str name_in_mark(struct str s)
{
    enum { LONGEST = 128 };
    if (s.len < 3 || s.len > LONGEST || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']' ||
        str_find_byte(s, ' ') != SIZE_MAX)
        return STR("");
    struct str inner = str_slice(s, 1, s.len - 2);
    return str_slice(inner, 0, min_of(str_find_byte(inner, ':'), inner.len));
}

/* "$DB_PASSWORD" */
static bool is_variable(struct str s)
{
    return s.len > 3 && is_all_of(str_slice(s, 1, SIZE_MAX), "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
}

/* "{{ name }}", "{{ .Values.x }}", but not a list of Go: "{{root hunter2}}". */
static bool is_template(struct str s)
{
    if (s.len < 5 || s.ptr[1] != '{' || s.ptr[s.len - 2] != '}')
        return false;
    struct str name = str_trim(str_slice(s, 2, s.len - 4));
    for (size_t i = 0; i < name.len; i++) {
        if (!is_alnum(name.ptr[i]) && !is_all_of(str_slice(name, i, 1), "._-$"))
            return false;
    }
    return name.len > 0;
}

/* "%(name)s", "%(name_1)s" */
static bool is_named_blank(struct str s)
{
    if (s.len < 5 || s.ptr[1] != '(' || s.ptr[s.len - 2] != ')')
        return false;
    for (size_t i = 2; i + 2 < s.len; i++) {
        bool is_number = is_digit(s.ptr[i]) && (is_digit(s.ptr[i - 1]) || s.ptr[i - 1] == '_');
        if (!is_letter(s.ptr[i]) && s.ptr[i] != '_' && !is_number)
            return false;
    }
    return true;
}

/* "${VAR}", "$(VAR)": one of them, and nothing behind. */
static bool is_expansion(struct str s, char open, char close)
{
    return s.len > 2 && s.ptr[1] == open && str_find_byte(s, close) == s.len - 1;
}

/* "${VAR}", "$VAR", "$1", "{{ x }}", "{}", "%s", "%(name)s", "?": something is still to be put in. */
static bool is_blank_form(struct str s)
{
    enum { PARAMETER_MAX = 3 };
    switch (s.ptr[0]) {
    case '$':
        return (s.len > 1 && s.len <= PARAMETER_MAX &&
                is_all_of(str_slice(s, 1, SIZE_MAX), "0123456789")) ||
               is_variable(s) || is_expansion(s, '{', '}') || is_expansion(s, '(', ')');
    case '{':
        return str_equal(s, STR("{}")) || is_template(s);
    case '%':
        return s.len == 2 || is_named_blank(s);
    case '?':
        return s.len == 1;
    default:
        return false;
    }
}

/* Words that say that there is no value. */
static const char *const empty_words[26] = {
    ['e' - 'a'] = "empty", ['f' - 'a'] = "false",     ['n' - 'a'] = "n/a|nil|none|null",
    ['t' - 'a'] = "true",  ['u' - 'a'] = "undefined",
};

static bool is_filler(struct str s)
{
    return is_all_of(s, "*xX.#-\xe2\x80\xa2");
}

bool is_hidden(struct str value)
{
    struct str s = str_trim(value);
    if (s.len == 0)
        return true;
    if (is_digit(s.ptr[0]))
        return false;
    if (is_letter(s.ptr[0]))
        return word_is_of(s, empty_words) || is_mark_word(s) ||
               ((s.ptr[0] | 0x20) == 'x' && is_filler(s));
    return is_filler(s) || is_bracketed(s) || is_mark_name(name_in_mark(s)) || is_blank_form(s);
}

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

/* As it stands there, or as what it stands for. */
static bool is_allowed(const struct redactor *r, struct str value)
{
    enum { ALLOWED_MAX = 1024 };
    char room[ALLOWED_MAX];
    if (r->n_allow == 0 || value.len > ALLOWED_MAX)
        return false;
    struct str decoded = decode_escapes(value, room, sizeof room);
    for (size_t i = 0; i < r->n_allow; i++) {
        if (is_allowed_by(r->allow[i], value) || is_allowed_by(r->allow[i], decoded))
            return true;
    }
    return false;
}

static void add(struct hunt *h, size_t from, size_t to, unsigned rule, const char *kind)
{
    struct redaction *r = h->found;
    assert(from <= to && to <= h->line.len);
    struct str value = str_slice(h->line, from, to - from);
    if (is_hidden(value) || is_own_name(h->redactor, name_in_mark(str_trim(value))) ||
        is_allowed(h->redactor, value))
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
