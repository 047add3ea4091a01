#include "base/posix_set.h"

#include "base/mem.h"

enum { WIDE_MAX = 32767 }; /* bytes of what is beyond ASCII in a set */

struct taker {
    struct str rest;
    struct posix_options options;
    struct posix_seen *seen;
    const char **why;
};

static bool refuse(struct taker *t, const char *why)
{
    *t->why = why;
    return false;
}

static bool is_digit(unsigned c)
{
    return c >= '0' && c <= '9';
}

struct str take_posix_character(struct str *s, bool utf)
{
    size_t n = 1;
    if (utf && (unsigned char)s->ptr[0] >= 0xc0) {
        while (n < s->len && ((unsigned char)s->ptr[n] & 0xc0) == 0x80)
            n++;
    }
    struct str c = str_of(s->ptr, n);
    *s = str_of(s->ptr + n, s->len - n);
    return c;
}

static const struct {
    struct str name;
    bool ascii_only; /* has no members beyond ASCII, as in glibc */
} classes[] = {
    {STR_INIT("alpha"), false}, {STR_INIT("digit"), true},  {STR_INIT("alnum"), false},
    {STR_INIT("upper"), false}, {STR_INIT("lower"), false}, {STR_INIT("space"), false},
    {STR_INIT("blank"), false}, {STR_INIT("punct"), false}, {STR_INIT("print"), false},
    {STR_INIT("graph"), false}, {STR_INIT("cntrl"), false}, {STR_INIT("xdigit"), true},
};

enum { CLASS_PUNCT = 7 };

static bool is_in_class(size_t which, unsigned c)
{
    bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z', digit = is_digit(c);
    bool graph = c > ' ' && c < 0x7f;
    switch (which) {
    case 0:
        return upper || lower;
    case 1:
        return digit;
    case 2:
        return upper || lower || digit;
    case 3:
        return upper;
    case 4:
        return lower;
    case 5:
        return c == ' ' || (c >= '\t' && c <= '\r');
    case 6:
        return c == ' ' || c == '\t';
    case 7:
        return graph && !upper && !lower && !digit;
    case 8:
        return graph || c == ' ';
    case 9:
        return graph;
    case 10:
        return c < ' ' || c == 0x7f;
    default:
        return digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
    }
}

/* A set: a bit per byte (in UTF-8: per ASCII character), and what is beyond ASCII as Perl text. */
struct set {
    bool has[256];
    bool negated;
    struct buf wide;
};

static uint32_t code_point(struct str c)
{
    const unsigned char *p = (const unsigned char *)c.ptr;
    if (c.len == 1)
        return p[0];
    uint32_t value = p[0] & (0xffu >> (c.len + 1));
    for (size_t i = 1; i < c.len; i++)
        value = value << 6 | (p[i] & 0x3fu);
    return value;
}

static void add_range(struct set *set, uint32_t low, uint32_t high, bool utf)
{
    uint32_t narrow = utf ? 127 : 255;
    for (uint32_t c = low; c <= min_of(high, narrow); c++)
        set->has[c] = true;
    if (high > narrow)
        buf_print(&set->wide, "\\x{%x}-\\x{%x}", max_of(low, narrow + 1), high);
}

static bool add_class(struct taker *t, struct set *set, struct str name)
{
    for (size_t i = 0; i < countof(classes); i++) {
        if (!str_equal(classes[i].name, name))
            continue;
        bool letters = t->options.ignore_case && (i == 3 || i == 4);
        for (unsigned c = 0; c < 128; c++)
            set->has[c] |= is_in_class(letters ? 0 : i, c);
        if (i == CLASS_PUNCT) /* as in glibc, symbols too */
            buf_add(&set->wide, STR("\\p{P}\\p{S}"));
        else if (!classes[i].ascii_only)
            buf_print(&set->wide, "[:%.*s:]", STR_ARG(letters ? classes[0].name : name));
        t->seen->wide |= !classes[i].ascii_only;
        return true;
    }
    return refuse(t, "unknown character class name");
}

/* Takes "name:]" (or "=]", ".]") after its opening. */
static bool take_named(struct taker *t, char kind, struct str *name)
{
    char close[2] = {kind, ']'};
    size_t at = str_find(t->rest, str_of(close, 2));
    if (at == SIZE_MAX)
        return refuse(t, "unmatched [, [^, [:, [., or [=");
    *name = str_of(t->rest.ptr, at);
    t->rest = str_slice(t->rest, at + 2, SIZE_MAX);
    return true;
}

/* One end of a range: a character, [.x.] or [=x=]. */
static bool take_member(struct taker *t, uint32_t *value)
{
    struct str c;
    bool dot = str_starts(t->rest, STR("[.")), equal = str_starts(t->rest, STR("[="));
    if (!dot && !equal) {
        c = take_posix_character(&t->rest, t->options.utf);
    } else {
        t->rest = str_slice(t->rest, 2, SIZE_MAX);
        if (!take_named(t, dot ? '.' : '=', &c))
            return false;
        struct str rest = c;
        if (c.len == 0 || take_posix_character(&rest, t->options.utf).len != c.len)
            return refuse(t, "collating elements of several characters are not supported");
    }
    t->seen->wide |= (unsigned char)c.ptr[0] >= 0x80;
    *value = code_point(c);
    return true;
}

static bool take_set_item(struct taker *t, struct set *set)
{
    struct str name;
    if (take_prefix(&t->rest, STR("[:")))
        return take_named(t, ':', &name) && add_class(t, set, name);
    uint32_t low, high;
    if (!take_member(t, &low))
        return false;
    high = low;
    if (t->rest.len > 1 && t->rest.ptr[0] == '-' && t->rest.ptr[1] != ']') {
        t->rest = str_slice(t->rest, 1, SIZE_MAX);
        if (!take_member(t, &high))
            return false;
        if (high < low)
            return refuse(t, "invalid range end");
    }
    add_range(set, low, high, t->options.utf);
    return true;
}

static bool take_set(struct taker *t, struct set *set)
{
    struct str inside = t->rest;
    set->negated = take_prefix(&t->rest, STR("^"));
    t->seen->wide |= set->negated;
    for (bool first = true; first || !take_prefix(&t->rest, STR("]")); first = false) {
        if (t->rest.len == 0)
            return refuse(t, "unmatched [, [^, [:, [., or [=");
        if (!take_set_item(t, set))
            return false;
    }
    size_t len = inside.len - t->rest.len - 1;
    if (len > 2 && inside.ptr[0] == ':' && inside.ptr[len - 1] == ':')
        return refuse(t, "character class syntax is [[:space:]], not [:space:]");
    if (t->options.ignore_case) {
        for (unsigned c = 'a'; c <= 'z'; c++)
            set->has[c] = set->has[c - 32] = set->has[c] || set->has[c - 32];
    }
    return true;
}

static void put_members(struct buf *out, const bool *has, unsigned n)
{
    for (unsigned c = 0; c < n; c++) {
        unsigned last = c;
        while (has[c] && last + 1 < n && has[last + 1])
            last++;
        if (has[c])
            buf_print(out, "\\x%02x-\\x%02x", c, last);
        c = last;
    }
}

/* In bytes a set is a list of bytes. */
static void put_byte_set(struct buf *out, struct set *set)
{
    for (unsigned c = 0; set->negated && c < 256; c++)
        set->has[c] = !set->has[c] && c != '\n';
    bool empty = memchr(set->has, true, sizeof set->has) == NULL;
    buf_add(out, empty ? STR("(?!)") : STR("["));
    put_members(out, set->has, 256);
    buf_add(out, empty ? STR("") : STR("]"));
}

/* Invariant 2: what is ASCII and what is not are apart, as "(?-i:[ascii])" or "[wide], not ascii".
 */
static void put_utf_set(struct buf *out, struct set *set)
{
    bool ascii = memchr(set->has, true, 128) != NULL;
    buf_add(out, set->negated ? STR("(?:(?!") : STR("(?:"));
    if (ascii) {
        buf_add(out, STR("(?-i:["));
        put_members(out, set->has, 128);
        buf_add(out, STR("])"));
    }
    if (set->wide.len) {
        buf_add(out, ascii ? STR("|(?![\\x00-\\x7f])[") : STR("(?![\\x00-\\x7f])["));
        buf_add(out, buf_str(&set->wide));
        buf_add_byte(out, ']');
    }
    buf_add(out, set->negated ? STR(")[^\\n])") : STR(")"));
}

bool take_posix_set(struct str *rest, struct posix_options options, struct buf *out,
                    struct posix_seen *seen, const char **why)
{
    struct set set = {.wide = {.max = WIDE_MAX}};
    struct taker t = {.rest = *rest, .options = options, .seen = seen, .why = why};
    bool ok = take_set(&t, &set);
    if (ok && set.wide.over)
        ok = refuse(&t, "set is too long");
    if (ok && options.utf)
        put_utf_set(out, &set);
    else if (ok)
        put_byte_set(out, &set);
    buf_free(&set.wide);
    *rest = t.rest;
    return ok;
}
