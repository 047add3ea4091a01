#include "query/engine/pattern.h"

#include "base/ascii.h"
#include "base/literal.h"
#include "base/mem.h"
#include "base/posix.h"
#include "base/required.h"

/* One expression, for units of bytes and for units that are UTF-8 beyond ASCII. */
struct expression {
    struct regex *bytes; /* NULL: Perl's syntax allows it only in UTF-8 */
    struct regex *wide;  /* NULL: not needed, bytes gives the same */
};

struct pattern {
    struct pattern_options options;
    bool matches_all;
    bool has_wide;
    bool is_ascii;            /* all patterns are */
    struct literal *literals; /* PATTERN_TEXT: the needles */
    size_t n_literals;
    struct expression *expressions; /* other kinds; for PATTERN_TEXT at most one, with .wide only */
    size_t n_expressions;
    struct literal needed[PATTERN_SCAN_MAX]; /* one of them is in each unit that matches */
    size_t n_needed;                         /* 0: nothing is known */
};

/* ---- compiling ---- */

struct source {
    struct str *texts;
    size_t n, capacity;
    bool is_utf8, is_ascii;
};

static bool is_ascii(struct str s)
{
    uint64_t seen = 0, word;
    size_t i = 0;
    for (; i + sizeof word <= s.len; i += sizeof word) {
        memcpy(&word, s.ptr + i, sizeof word);
        seen |= word;
    }
    for (; i < s.len; i++)
        seen |= (unsigned char)s.ptr[i];
    return (seen & 0x8080808080808080) == 0;
}

static void add_text(struct source *source, struct str text)
{
    mem_grow(source->texts, source->n, source->capacity);
    source->texts[source->n++] = text;
    source->is_utf8 = source->is_utf8 && is_utf8(text);
    source->is_ascii = source->is_ascii && is_ascii(text);
}

static bool gather(struct source *source, const struct str *texts, size_t n, enum pattern_kind kind,
                   struct err *err)
{
    size_t bytes = 0;
    *source = (struct source){.is_utf8 = true, .is_ascii = true};
    for (size_t i = 0; i < n; i++) {
        struct str rest = texts[i], line;
        bytes += rest.len + 1;
        if (bytes > REGEX_PATTERN_MAX || source->n > PATTERN_COUNT_MAX)
            return err_set(err, ERR_LIMIT, "patterns are more than %d or longer than %d bytes",
                           PATTERN_COUNT_MAX, REGEX_PATTERN_MAX);
        if (kind == PATTERN_PERL || str_find_byte(rest, '\n') == SIZE_MAX) {
            add_text(source, rest);
            continue;
        }
        while (take_until(&rest, '\n', &line))
            add_text(source, line);
        if (str_ends(texts[i], STR("\n")))
            add_text(source, STR(""));
    }
    if (source->n > PATTERN_COUNT_MAX)
        return err_set(err, ERR_LIMIT, "more than %d patterns", PATTERN_COUNT_MAX);
    return true;
}

/* In Perl's syntax "$" is found by hand: outside of sets, escapes and \Q...\E. */
static void put_perl_pattern(struct buf *out, struct str pattern, bool skip_cr)
{
    bool in_set = false;
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.ptr[i];
        struct str rest = str_slice(pattern, i, SIZE_MAX);
        if (str_starts(rest, STR("\\Q"))) {
            size_t end = str_find(rest, STR("\\E"));
            struct str quoted = str_slice(rest, 0, end == SIZE_MAX ? rest.len : end + 2);
            buf_add(out, quoted);
            i += quoted.len - 1;
        } else if (c == '\\') {
            buf_add(out, str_slice(rest, 0, 2));
            i++;
        } else if (c == '[' && !in_set) {
            in_set = true;
            size_t n = 1 + str_starts(str_slice(rest, 1, 1), STR("^"));
            n += str_starts(str_slice(rest, n, 1), STR("]"));
            buf_add(out, str_slice(rest, 0, n));
            i += n - 1;
        } else if (in_set && str_starts(rest, STR("[:")) && str_find(rest, STR(":]")) != SIZE_MAX) {
            size_t n = str_find(rest, STR(":]")) + 2;
            buf_add(out, str_slice(rest, 0, n));
            i += n - 1;
        } else if (c == '$' && !in_set && skip_cr) {
            put_perl_line_end(out, true);
        } else {
            in_set = in_set && c != ']';
            buf_add_byte(out, c);
        }
    }
}

static bool put_body(struct buf *out, struct str text, struct pattern_options options, bool utf,
                     struct posix_seen *seen, struct err *err)
{
    *seen = (struct posix_seen){0};
    if (options.kind == PATTERN_TEXT) {
        put_perl_literal(out, text, options.ignore_case, utf);
        return true;
    }
    if (options.kind == PATTERN_PERL) {
        put_perl_pattern(out, text, !options.lines);
        return true;
    }
    struct posix_options posix = {.extended = options.kind == PATTERN_EXTENDED,
                                  .ignore_case = options.ignore_case,
                                  .utf = utf,
                                  .skip_cr = !options.lines};
    return posix_to_perl(text, posix, out, seen, err);
}

static void wrap_start(struct buf *out, struct pattern_options options)
{
    if (options.whole_line)
        buf_add(out, STR("^(?:"));
    else if (options.whole_word)
        buf_add(out, STR("(?<!\\w)(?:"));
}

static void wrap_end(struct buf *out, struct pattern_options options)
{
    if (!options.whole_line && !options.whole_word)
        return;
    buf_add_byte(out, ')');
    if (options.whole_line)
        put_perl_line_end(out, !options.lines);
    else
        buf_add(out, STR("(?!\\w)"));
}

/* The alternatives of one expression in Perl's syntax, without what -w and -x put around them. */
static bool put_bodies(struct buf *out, const struct str *texts, size_t n,
                       struct pattern_options options, bool utf, struct posix_seen *seen,
                       struct err *err)
{
    *seen = (struct posix_seen){0};
    for (size_t i = 0; i < n; i++) {
        struct posix_seen one;
        if (n > 1)
            buf_add(out, i ? STR("|(?:") : STR("(?:"));
        if (!put_body(out, texts[i], options, utf, &one, err))
            return false;
        if (n > 1)
            buf_add_byte(out, ')');
        seen->wide |= one.wide;
        seen->back_reference |= one.back_reference;
    }
    return out->over ? err_set(err, ERR_LIMIT, "patterns are too long") : true;
}

static bool compile_form(struct regex **out, const struct str *texts, size_t n,
                         struct pattern_options options, bool utf, struct err *err)
{
    unsigned flags = REGEX_MULTILINE | (options.ignore_case ? REGEX_IGNORE_CASE : 0);
    if (utf)
        flags |= REGEX_UTF | (options.kind == PATTERN_PERL ? 0 : REGEX_UNICODE_CLASSES);
    bool wraps = options.whole_line || options.whole_word;
    if (options.kind == PATTERN_PERL && wraps) { /* "a)|(b" must not become valid */
        if (!regex_compile(out, texts[0], flags, err))
            return false;
        regex_close(out);
    }
    defer(buf_free) struct buf perl = {.max = (size_t)8 * REGEX_PATTERN_MAX};
    struct posix_seen seen;
    wrap_start(&perl, options);
    if (!put_bodies(&perl, texts, n, options, utf, &seen, err))
        return false;
    wrap_end(&perl, options);
    if (regex_compile(out, buf_str(&perl), flags, err))
        return true;
    if (options.kind == PATTERN_PERL)
        return false;
    /* The translation is well-formed, so this is a bound of PCRE2, whose text would show it. */
    enum { SHOWN = 80 };
    return err_set(err, ERR_INPUT, "pattern '%.*s' is too large: fewer or smaller repetitions",
                   (int)min_of(texts[0].len, (size_t)SHOWN), texts[0].ptr);
}

/* Perl's syntax is not parsed here: whatever could see the difference counts. */
static bool perl_is_wide(struct str pattern)
{
    for (size_t i = 0; i < pattern.len; i++) {
        char c = pattern.ptr[i];
        if ((c & 0x80) || c == '.' || c == '[' || c == '(')
            return true;
        if (c != '\\' || i + 1 == pattern.len)
            continue;
        c = pattern.ptr[++i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (c & 0x80 || (letter && !strchr("bdswAzZntrfeaKGQE", c)))
            return true;
    }
    return false;
}

static bool is_wide(const struct source *source, const struct str *texts, size_t n,
                    struct pattern_options options, bool seen)
{
    if (!source->is_utf8)
        return false;
    bool wide = seen;
    if (options.kind == PATTERN_TEXT)
        wide = options.ignore_case && !source->is_ascii;
    for (size_t i = 0; i < n && options.kind == PATTERN_PERL; i++)
        wide = wide || perl_is_wide(texts[i]);
    return wide || (options.whole_word && !options.whole_line);
}

static bool compile_expression(struct pattern *p, const struct source *source,
                               const struct str *texts, size_t n, bool seen_wide, struct err *err)
{
    struct expression *e = &p->expressions[p->n_expressions++];
    bool perl = p->options.kind == PATTERN_PERL;
    if (is_wide(source, texts, n, p->options, seen_wide) &&
        !compile_form(&e->wide, texts, n, p->options, true, err))
        return false;
    p->has_wide = p->has_wide || e->wide;
    if (p->options.kind == PATTERN_TEXT)
        return true;
    return compile_form(&e->bytes, texts, n, p->options, false, err) || (perl && e->wide);
}

/* Alternatives become one expression, except where groups are numbered. */
static bool compile_expressions(struct pattern *p, const struct source *source, struct err *err)
{
    defer(buf_free) struct buf perl = {.max = (size_t)8 * REGEX_PATTERN_MAX};
    struct posix_seen seen;
    if (!put_bodies(&perl, source->texts, source->n, p->options, false, &seen, err))
        return false;
    bool apart = seen.back_reference || p->options.kind == PATTERN_PERL;
    size_t n = apart ? source->n : min_of(source->n, (size_t)1);
    p->expressions = mem_array(struct expression, n);
    for (size_t i = 0; i < n; i++) {
        if (!compile_expression(p, source, source->texts + i, apart ? 1 : source->n, seen.wide,
                                err))
            return false;
    }
    return true;
}

static bool find_needed_of(struct pattern *p, struct str text, struct arena *arena,
                           struct required *found, struct err *err)
{
    struct posix_seen seen;
    defer(buf_free) struct buf perl = {.max = (size_t)8 * REGEX_PATTERN_MAX};
    if (!put_bodies(&perl, &text, 1, p->options, false, &seen, err))
        return false;
    bool perl_utf = p->options.kind == PATTERN_PERL && p->has_wide;
    required_find(buf_str(&perl), p->options.ignore_case, perl_utf, arena, found);
    return true;
}

static void forget_needed(struct pattern *p)
{
    while (p->n_needed)
        literal_free(&p->needed[--p->n_needed]);
}

static bool find_needed(struct pattern *p, const struct source *source, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    for (size_t i = 0; i < source->n; i++) {
        struct required found;
        if (!find_needed_of(p, source->texts[i], &arena, &found, err))
            return false;
        if (found.n == 0 || p->n_needed + found.n > PATTERN_SCAN_MAX) {
            forget_needed(p);
            return true;
        }
        for (size_t j = 0; j < found.n; j++)
            literal_init(&p->needed[p->n_needed++], found.literals[j], p->options.ignore_case);
    }
    return true;
}

static void init_literals(struct pattern *p, const struct source *source)
{
    p->literals = mem_array(struct literal, source->n);
    for (size_t i = 0; i < source->n; i++)
        literal_init(&p->literals[p->n_literals++], source->texts[i], p->options.ignore_case);
}

static bool has_empty(const struct source *source)
{
    for (size_t i = 0; i < source->n; i++) {
        if (source->texts[i].len == 0)
            return true;
    }
    return false;
}

static bool compile_all(struct pattern *p, const struct source *source, struct err *err)
{
    bool plain = !p->options.whole_line && !p->options.whole_word;
    p->matches_all = plain && has_empty(source);
    p->is_ascii = source->is_ascii;
    if (p->options.kind == PATTERN_TEXT)
        init_literals(p, source);
    return compile_expressions(p, source, err) && find_needed(p, source, err);
}

bool pattern_compile(struct pattern **out, const struct str *texts, size_t n,
                     struct pattern_options options, struct err *err)
{
    struct source source = {0};
    struct pattern *p = mem_new(struct pattern);
    p->options = options;
    bool ok = gather(&source, texts, n, options.kind, err) && compile_all(p, &source, err);
    mem_free(&source.texts);
    if (!ok) {
        pattern_close(&p);
        return false;
    }
    *out = p;
    return true;
}

void pattern_close(struct pattern **pattern)
{
    struct pattern *p = move(*pattern);
    if (!p)
        return;
    for (size_t i = 0; i < p->n_literals; i++)
        literal_free(&p->literals[i]);
    for (size_t i = 0; i < p->n_expressions; i++) {
        regex_close(&p->expressions[i].bytes);
        regex_close(&p->expressions[i].wide);
    }
    forget_needed(p);
    mem_free(&p->literals);
    mem_free(&p->expressions);
    mem_free(&p);
}

/* ---- matching ---- */

static bool is_word(char c)
{
    return is_alnum(c) || c == '_';
}

static bool is_line_end(const struct pattern *p, struct str unit, size_t at)
{
    if (!p->options.lines && at < unit.len && unit.ptr[at] == '\r' &&
        (at + 1 == unit.len || unit.ptr[at + 1] == '\n'))
        return true;
    return at == unit.len || unit.ptr[at] == '\n';
}

/* Whether a needle at [from, to) is a match by -x and -w. */
static bool stands_right(const struct pattern *p, struct str unit, struct span s)
{
    if (p->options.whole_line)
        return (s.from == 0 || unit.ptr[s.from - 1] == '\n') && is_line_end(p, unit, s.to);
    if (p->options.whole_word)
        return !(s.from > 0 && is_word(unit.ptr[s.from - 1])) &&
               !(s.to < unit.len && is_word(unit.ptr[s.to]));
    return true;
}

static bool find_literal(const struct pattern *p, const struct literal *literal, struct str unit,
                         size_t from, struct span *span)
{
    for (size_t at = from; at <= unit.len; at++) {
        at = literal_find(literal, unit, at);
        if (at == SIZE_MAX)
            return false;
        *span = (struct span){at, at + literal->len};
        if (stands_right(p, unit, *span))
            return true;
    }
    return false;
}

/* Invariant 4: of two matches, the one that starts first, then the longer one. */
static void keep_first(bool *found, struct span *best, struct span s)
{
    if (!*found || s.from < best->from || (s.from == best->from && s.to > best->to))
        *best = s;
    *found = true;
}

static bool find_any_literal(const struct pattern *p, struct str unit, size_t from,
                             struct span *span)
{
    bool found = false;
    for (size_t i = 0; i < p->n_literals; i++) {
        struct span s;
        if (!find_literal(p, &p->literals[i], unit, from, &s))
            continue;
        keep_first(&found, span, s);
    }
    return found;
}

static bool has_needed(const struct pattern *p, struct str unit)
{
    bool found = p->n_needed == 0;
    for (size_t i = 0; i < p->n_needed && !found; i++)
        found = literal_find(&p->needed[i], unit, 0) != SIZE_MAX;
    return found;
}

/* Invariant 2. In ASCII both forms give the same, unless the pattern repeats a longer character. */
static bool wants_wide(const struct pattern *p, struct str unit)
{
    if (!p->has_wide)
        return false;
    return is_ascii(unit) ? !p->is_ascii : is_utf8(unit);
}

static struct regex *form_of(const struct expression *e, struct str unit, bool wide)
{
    bool only_wide = !e->bytes && is_ascii(unit);
    return e->wide && (wide || only_wide) ? e->wide : e->bytes;
}

static enum match match_expressions(struct pattern *p, struct str unit, bool wide)
{
    enum match result = MATCH_NONE;
    for (size_t i = 0; i < p->n_expressions; i++) {
        struct regex *regex = form_of(&p->expressions[i], unit, wide);
        enum match one = regex ? regex_find(regex, unit, 0, NULL) : MATCH_NONE;
        if (one == MATCH_FOUND)
            return one;
        result = one == MATCH_LIMIT ? one : result;
    }
    return result;
}

static enum match match_unit(struct pattern *p, struct str unit)
{
    struct span unused;
    if (p->matches_all)
        return MATCH_FOUND;
    bool is_text = p->options.kind == PATTERN_TEXT;
    if (!(is_text && !p->has_wide) && !has_needed(p, unit))
        return MATCH_NONE;
    bool wide = wants_wide(p, unit);
    if (is_text && !wide)
        return find_any_literal(p, unit, 0, &unused) ? MATCH_FOUND : MATCH_NONE;
    return match_expressions(p, unit, wide);
}

enum match pattern_matches(struct pattern *p, struct str unit)
{
    enum match result = match_unit(p, unit);
    if (!p->options.invert || result == MATCH_LIMIT)
        return result;
    return result == MATCH_FOUND ? MATCH_NONE : MATCH_FOUND;
}

static bool find_span(struct pattern *p, struct str unit, size_t from, bool wide, struct span *span)
{
    if (p->options.kind == PATTERN_TEXT && !wide)
        return find_any_literal(p, unit, from, span);
    bool found = false, first = p->options.kind == PATTERN_PERL;
    for (size_t i = 0; i < p->n_expressions; i++) {
        struct span s;
        struct regex *regex = form_of(&p->expressions[i], unit, wide);
        enum match one = !regex  ? MATCH_NONE
                         : first ? regex_find(regex, unit, from, &s)
                                 : regex_find_longest(regex, unit, from, &s);
        if (one == MATCH_FOUND)
            keep_first(&found, span, s);
    }
    return found;
}

bool pattern_next_span(struct pattern *p, struct str unit, size_t from, struct span *span)
{
    bool wide = wants_wide(p, unit);
    struct span s;
    while (from <= unit.len && find_span(p, unit, from, wide, &s)) {
        if (s.to > s.from) {
            *span = s;
            return true;
        }
        from = max_of(from, s.to) + 1;
        while (wide && from < unit.len && ((unsigned char)unit.ptr[from] & 0xc0) == 0x80)
            from++;
    }
    return false;
}

/* ---- skipping ---- */

bool pattern_can_skip(const struct pattern *p)
{
    return p->n_needed > 0 && !p->options.invert && !p->matches_all;
}

size_t pattern_needles(const struct pattern *p, struct sieve_needle needles[PATTERN_SCAN_MAX])
{
    if (!pattern_can_skip(p))
        return 0;
    for (size_t i = 0; i < p->n_needed; i++)
        needles[i] = (struct sieve_needle){str_of(p->needed[i].bytes, p->needed[i].len),
                                           p->options.ignore_case};
    return p->n_needed;
}

bool pattern_is_needles(const struct pattern *p)
{
    const struct pattern_options *o = &p->options;
    if (!pattern_can_skip(p) || o->kind != PATTERN_TEXT || o->whole_word || o->whole_line ||
        !p->is_ascii || p->n_needed != p->n_literals)
        return false;
    for (size_t i = 0; i < p->n_needed; i++)
        if (p->needed[i].len != p->literals[i].len)
            return false;
    return true;
}

bool pattern_may_match(const struct pattern *p, struct str many)
{
    return !pattern_can_skip(p) || has_needed(p, many);
}

void pattern_scan_init(struct pattern_scan *scan, const struct pattern *pattern, struct str many)
{
    *scan = (struct pattern_scan){.pattern = pattern, .many = many};
    for (size_t i = 0; i < pattern->n_needed; i++)
        scan->next[i] = literal_find(&pattern->needed[i], many, 0);
}

size_t pattern_scan_next(struct pattern_scan *scan, size_t from)
{
    const struct pattern *p = scan->pattern;
    if (!pattern_can_skip(p))
        return from <= scan->many.len ? from : SIZE_MAX;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < p->n_needed; i++) {
        if (scan->next[i] < from)
            scan->next[i] = literal_find(&p->needed[i], scan->many, from);
        least = min_of(least, scan->next[i]);
    }
    return least;
}
