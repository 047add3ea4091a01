#include "base/posix.h"

#include "base/mem.h"
#include "base/posix_set.h"

enum {
    REPEAT_MAX = 32767, /* RE_DUP_MAX of glibc */
    DEPTH_MAX = 200,    /* PCRE2 allows 250 */
    UNBOUNDED = -1,
};

enum token_kind {
    TOKEN_END,
    TOKEN_TEXT, /* a character: .text */
    TOKEN_ANY,
    TOKEN_SET, /* .text is what follows the "[" */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_OR,
    TOKEN_REPEAT, /* .min and .max */
    TOKEN_LINE_START,
    TOKEN_LINE_END,
    TOKEN_REFERENCE, /* .min is its number */
    TOKEN_CLASS,     /* .perl, one character wide */
    TOKEN_ASSERT,    /* .perl, zero wide */
};

struct token {
    enum token_kind kind;
    struct str text;
    const char *perl;
    int min, max;
};

/* What stands before the next token decides what "*" and "^" mean. */
enum before { BEFORE_START, BEFORE_ATOM, BEFORE_ASSERT, BEFORE_REPEAT };

struct translator {
    struct posix_options options;
    struct str whole, rest;
    struct buf *out;
    struct posix_seen *seen;
    enum before before;
    char last_sign;         /* after BEFORE_REPEAT: * + ? or { */
    size_t atom;            /* where in out the last atom starts */
    size_t open[DEPTH_MAX]; /* where in out the open groups start */
    size_t depth;
    size_t closed; /* groups that can be referred to */
    size_t wraps;
};

static bool refuse(const struct translator *t, const char *why, struct err *err)
{
    enum { SHOWN = 80 };
    return err_set(err, ERR_INPUT, "pattern '%.*s%s': %s (at byte %zu)",
                   (int)min_of(t->whole.len, (size_t)SHOWN), t->whole.ptr,
                   t->whole.len > SHOWN ? "..." : "", why, t->whole.len - t->rest.len + 1);
}

static bool is_ascii_letter(unsigned c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z' && c < 128;
}
static bool is_digit(unsigned c)
{
    return c >= '0' && c <= '9';
}

static void put_byte(struct buf *out, unsigned char c)
{
    if (is_ascii_letter(c) || is_digit(c) || c >= 0x80)
        buf_add_byte(out, (char)c);
    else if (c > ' ' && c < 0x7f)
        buf_print(out, "\\%c", c);
    else
        buf_print(out, "\\x%02x", c);
}

/* U+017F and U+212A, which Perl's rules fold to s and k. */
static bool folds_to_ascii(struct str c)
{
    return str_equal(c, STR("\xc5\xbf")) || str_equal(c, STR("\xe2\x84\xaa"));
}

static void put_character(struct buf *out, struct str c, bool ignore_case, bool utf)
{
    char lower = (char)(c.ptr[0] | 32);
    if (utf && ignore_case && c.len == 1 && (lower == 'k' || lower == 's') &&
        is_ascii_letter((unsigned char)c.ptr[0])) {
        buf_print(out, "(?-i:[%c%c])", lower, lower - 32);
        return;
    }
    bool guard = ignore_case && utf && folds_to_ascii(c);
    buf_add(out, guard ? STR("(?-i:") : STR(""));
    for (size_t i = 0; i < c.len; i++)
        put_byte(out, (unsigned char)c.ptr[i]);
    buf_add(out, guard ? STR(")") : STR(""));
}

void put_perl_literal(struct buf *out, struct str text, bool ignore_case, bool utf)
{
    while (text.len)
        put_character(out, take_posix_character(&text, utf), ignore_case, utf);
}

void put_perl_line_end(struct buf *out, bool skip_cr)
{
    buf_add(out, skip_cr ? STR("(?=\\r?$)") : STR("$"));
}

static bool translate_set(struct translator *t, struct err *err)
{
    const char *why;
    return take_posix_set(&t->rest, t->options, t->out, t->seen, &why) || refuse(t, why, err);
}

/* ---- tokens ---- */

static struct token token_text(struct str c)
{
    return (struct token){.kind = TOKEN_TEXT, .text = c};
}

static struct token token_repeat(int min, int max)
{
    return (struct token){.kind = TOKEN_REPEAT, .min = min, .max = max};
}

static int take_repeat_number(struct str *s, int otherwise)
{
    if (s->len == 0 || !is_digit((unsigned char)s->ptr[0]))
        return otherwise;
    int value = 0;
    while (s->len && is_digit((unsigned char)s->ptr[0])) {
        value = min_of(value * 10 + (s->ptr[0] - '0'), REPEAT_MAX + 1);
        *s = str_slice(*s, 1, SIZE_MAX);
    }
    return value;
}

/* "m}", "m,}", ",n}" or "m,n}" after "{". False if it is none of them; *s is unchanged then. */
static bool take_interval(struct str *s, bool extended, struct token *token)
{
    struct str rest = *s;
    int min = take_repeat_number(&rest, UNBOUNDED), max = min;
    if (take_prefix(&rest, STR(","))) {
        min = min == UNBOUNDED ? 0 : min;
        max = take_repeat_number(&rest, UNBOUNDED);
    }
    if (min == UNBOUNDED || !take_prefix(&rest, extended ? STR("}") : STR("\\}")))
        return false;
    *s = rest;
    *token = token_repeat(min, max);
    return true;
}

static const struct {
    char letter;
    enum token_kind kind;
    const char *perl;
} escapes[] = {
    {'w', TOKEN_CLASS, "\\w"},         {'W', TOKEN_CLASS, "(?:(?!\\w)[^\\n])"},
    {'s', TOKEN_CLASS, "\\s"},         {'S', TOKEN_CLASS, "\\S"},
    {'b', TOKEN_ASSERT, "\\b"},        {'B', TOKEN_ASSERT, "\\B"},
    {'<', TOKEN_ASSERT, "\\b(?=\\w)"}, {'>', TOKEN_ASSERT, "\\b(?<=\\w)"},
    {'`', TOKEN_ASSERT, "\\A"},        {'\'', TOKEN_ASSERT, "\\z"},
};

/* The signs that are operators with a backslash in one syntax and without it in the other. */
static bool take_operator(struct translator *t, char c, struct token *token, struct err *err)
{
    switch (c) {
    case '(':
        *token = (struct token){.kind = TOKEN_OPEN};
        return true;
    case ')':
        *token = (struct token){.kind = TOKEN_CLOSE};
        return true;
    case '|':
        *token = (struct token){.kind = TOKEN_OR};
        return true;
    case '+':
        *token = token_repeat(1, UNBOUNDED);
        return true;
    case '?':
        *token = token_repeat(0, 1);
        return true;
    default:
        break;
    }
    bool at_start = t->before == BEFORE_START;
    if (!t->options.extended && at_start)
        *token = token_text(STR("{"));
    else if (!take_interval(&t->rest, t->options.extended, token)) {
        if (!t->options.extended)
            return refuse(t, "unmatched \\{", err);
        *token = token_text(STR("{"));
    } else if (token->max != UNBOUNDED && token->max < token->min)
        return refuse(t, "invalid content of \\{\\}", err);
    else if (token->min > REPEAT_MAX || token->max > REPEAT_MAX)
        return refuse(t, "regular expression too big", err);
    return true;
}

static bool is_operator(char c)
{
    return c && strchr("(){|+?", c);
}

static bool take_escape(struct translator *t, struct token *token, struct err *err)
{
    if (t->rest.len == 0)
        return refuse(t, "trailing backslash", err);
    struct str c = take_posix_character(&t->rest, t->options.utf);
    *token = token_text(c);
    if (c.len != 1)
        return true;
    if (!t->options.extended && is_operator(c.ptr[0]))
        return take_operator(t, c.ptr[0], token, err);
    if (c.ptr[0] >= '1' && c.ptr[0] <= '9') {
        *token = (struct token){.kind = TOKEN_REFERENCE, .min = c.ptr[0] - '0'};
        return true;
    }
    for (size_t i = 0; i < countof(escapes); i++) {
        if (escapes[i].letter == c.ptr[0])
            *token = (struct token){escapes[i].kind, .perl = escapes[i].perl};
    }
    return true;
}

static bool is_basic_line_end(struct str rest)
{
    return rest.len == 0 || str_starts(rest, STR("\\)")) || str_starts(rest, STR("\\|"));
}

static bool take_token(struct translator *t, struct token *token, struct err *err)
{
    if (t->rest.len == 0) {
        *token = (struct token){.kind = TOKEN_END};
        return true;
    }
    bool extended = t->options.extended;
    struct str c = take_posix_character(&t->rest, t->options.utf);
    *token = token_text(c);
    switch (c.ptr[0]) {
    case '\\':
        return take_escape(t, token, err);
    case '.':
        *token = (struct token){.kind = TOKEN_ANY};
        return true;
    case '[':
        *token = (struct token){.kind = TOKEN_SET};
        return true;
    case '*':
        *token = token_repeat(0, UNBOUNDED);
        return true;
    case '^':
        if (extended || (t->before == BEFORE_START && t->last_sign != '^'))
            *token = (struct token){.kind = TOKEN_LINE_START};
        return true;
    case '$':
        if (extended || is_basic_line_end(t->rest))
            *token = (struct token){.kind = TOKEN_LINE_END};
        return true;
    default:
        return extended && is_operator(c.ptr[0]) ? take_operator(t, c.ptr[0], token, err) : true;
    }
}

/* ---- translation ---- */

static void start_atom(struct translator *t, enum before before)
{
    t->atom = t->out->len;
    t->before = before;
}

/* Puts "(?:" in front of the last atom and ")" behind it. */
static bool wrap_atom(struct translator *t, struct err *err)
{
    static const struct str open = STR_INIT("(?:");
    if (++t->wraps > DEPTH_MAX)
        return refuse(t, "too many repetitions of repetitions", err);
    if (!buf_reserve(t->out, open.len + 1))
        return true;
    char *at = t->out->ptr + t->atom;
    memmove(at + open.len, at, t->out->len - t->atom);
    memcpy(at, open.ptr, open.len);
    t->out->len += open.len;
    buf_add_byte(t->out, ')');
    return true;
}

static char sign_of(struct token token)
{
    if (token.min == 0 && token.max == UNBOUNDED)
        return '*';
    if (token.min == 1 && token.max == UNBOUNDED)
        return '+';
    return token.min == 0 && token.max == 1 ? '?' : '{';
}

static void put_sign(struct translator *t, struct token token)
{
    t->last_sign = sign_of(token);
    if (t->last_sign != '{')
        buf_add_byte(t->out, t->last_sign);
    else if (token.max == UNBOUNDED)
        buf_print(t->out, "{%d,}", token.min);
    else if (token.max == token.min)
        buf_print(t->out, "{%d}", token.min);
    else
        buf_print(t->out, "{%d,%d}", token.min, token.max);
    t->before = BEFORE_REPEAT;
}

/* "a*+" is a*, "a+?" is a*: two of * + ? in a row are one of them. */
static bool merge_signs(struct translator *t, struct token token)
{
    char sign = sign_of(token);
    if (sign == '{' || t->last_sign == '{')
        return false;
    t->last_sign = sign == t->last_sign ? sign : '*';
    if (!t->out->over)
        t->out->ptr[t->out->len - 1] = t->last_sign;
    return true;
}

static bool translate_repeat(struct translator *t, struct token token, struct str text,
                             struct err *err)
{
    if (t->before == BEFORE_START) {
        if (t->options.extended)
            return true;
        size_t at = t->out->len;
        put_perl_literal(t->out, text, false, false);
        start_atom(t, BEFORE_ATOM);
        t->atom = at;
        return true;
    }
    if (t->before == BEFORE_REPEAT && merge_signs(t, token))
        return true;
    if (t->before != BEFORE_ATOM && !wrap_atom(t, err))
        return false;
    put_sign(t, token);
    return true;
}

static bool translate_open(struct translator *t, bool captures, struct err *err)
{
    if (t->depth == DEPTH_MAX)
        return refuse(t, "groups are nested too deeply", err);
    t->open[t->depth++] = t->out->len;
    buf_add(t->out, captures ? STR("(") : STR("(?:"));
    t->before = BEFORE_START;
    t->last_sign = 0;
    return true;
}

static bool translate_close(struct translator *t, struct err *err)
{
    if (t->depth == 0 && !t->options.extended)
        return refuse(t, "unmatched ) or \\)", err);
    start_atom(t, BEFORE_ATOM);
    if (t->depth == 0) {
        buf_add(t->out, STR("\\)"));
        return true;
    }
    buf_add_byte(t->out, ')');
    t->atom = t->open[--t->depth];
    t->closed++;
    return true;
}

static bool translate_reference(struct translator *t, int number, struct err *err)
{
    if ((size_t)number > t->closed)
        return refuse(t, "invalid back reference", err);
    start_atom(t, BEFORE_ATOM);
    buf_print(t->out, "\\g{%d}", number);
    return true;
}

static bool translate_token(struct translator *t, struct token token, struct str text,
                            bool captures, struct err *err)
{
    bool wide_text = token.kind == TOKEN_TEXT && (unsigned char)token.text.ptr[0] >= 0x80;
    t->seen->wide |= token.kind == TOKEN_ANY || token.kind == TOKEN_CLASS ||
                     token.kind == TOKEN_ASSERT || wide_text;
    switch (token.kind) {
    case TOKEN_TEXT:
        start_atom(t, BEFORE_ATOM);
        put_character(t->out, token.text, t->options.ignore_case, t->options.utf);
        return true;
    case TOKEN_ANY:
        start_atom(t, BEFORE_ATOM);
        buf_add_byte(t->out, '.');
        return true;
    case TOKEN_SET:
        start_atom(t, BEFORE_ATOM);
        return translate_set(t, err);
    case TOKEN_OPEN:
        return translate_open(t, captures, err);
    case TOKEN_CLOSE:
        return translate_close(t, err);
    case TOKEN_OR:
        buf_add_byte(t->out, '|');
        t->before = BEFORE_START;
        t->last_sign = 0;
        return true;
    case TOKEN_REPEAT:
        return translate_repeat(t, token, text, err);
    case TOKEN_LINE_START:
        start_atom(t, BEFORE_START); /* a sign after it has nothing to repeat */
        t->last_sign = '^';
        buf_add_byte(t->out, '^');
        return true;
    case TOKEN_LINE_END:
        start_atom(t, BEFORE_ASSERT);
        put_perl_line_end(t->out, t->options.skip_cr);
        return true;
    case TOKEN_REFERENCE:
        return translate_reference(t, token.min, err);
    default:
        start_atom(t, token.kind == TOKEN_CLASS ? BEFORE_ATOM : BEFORE_ASSERT);
        buf_add(t->out, str_from(token.perl));
        return true;
    }
}

/* Groups capture only where something refers to them. */
static bool refers_back(struct str pattern)
{
    for (size_t i = 0; i + 1 < pattern.len; i++) {
        if (pattern.ptr[i] != '\\')
            continue;
        i++;
        if (pattern.ptr[i] >= '1' && pattern.ptr[i] <= '9')
            return true;
    }
    return false;
}

bool posix_to_perl(struct str pattern, struct posix_options options, struct buf *out,
                   struct posix_seen *seen, struct err *err)
{
    struct translator t = {
        .options = options, .whole = pattern, .rest = pattern, .out = out, .seen = seen};
    *seen = (struct posix_seen){.back_reference = refers_back(pattern)};
    for (;;) {
        struct token token;
        const char *start = t.rest.ptr;
        if (!take_token(&t, &token, err))
            return false;
        if (token.kind == TOKEN_END)
            break;
        struct str text = str_of(start, (size_t)(t.rest.ptr - start));
        if (text.len == 2 && text.ptr[0] == '\\') /* "\+" without anything to repeat is "+" */
            text = str_of(text.ptr + 1, 1);
        if (!translate_token(&t, token, text, seen->back_reference, err))
            return false;
    }
    if (t.depth)
        return refuse(&t, "unmatched ( or \\(", err);
    return out->over ? refuse(&t, "pattern is too long", err) : true;
}
