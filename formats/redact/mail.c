/*
 * E-mail addresses: the dot-atom form of RFC 5322, with a domain of two labels and more of which the last is letters
 * (RFC 1034, RFC 1123), within the lengths of RFC 5321. '@' may be "%40". Letters of Europe's languages count in both (RFC
 * 6531), and apostrophes between letters. What looks like a letter and is the end of an escape is none of the address: "\n".
 *
 * Not taken, though they have the form: users of URLs and of remote paths (ssh://git@host, git@host.example:a/b.git), files
 * (icon@2x.png), units of systemd (getty@tty1.service), and objects of Java whose method is named (Foo@2eb6d34a.run).
 */
#include "base/mem.h"
#include "formats/redact/edges.h"
#include "formats/redact/encoded.h"

enum { LOCAL_MAX = 64, DOMAIN_MAX = 255, LABEL_MAX = 63, TOP_MAX = 24, URL_BEFORE = 128 };

static bool is_local(char c)
{
    return is_alnum(c) || c == '.' || c == '_' || c == '-' || c == '+';
}

/* Of a letter beyond ASCII, Latin to Cyrillic (U+00C0 to U+04FF), in UTF-8 or as JSON's "\u00fc", in JSON in JSON "\\u00fc", how many
 * bytes begin at `at`; 0: none does. */
static size_t wide_letter_at(struct str line, size_t at)
{
    enum { FIRST = 0xc0, LAST = 0x4ff };
    unsigned char lead = (unsigned char)byte_at(line, at);
    unsigned code;
    if (lead >= 0xc3 && lead <= 0xd4)
        return ((unsigned char)byte_at(line, at + 1) & 0xc0) == 0x80 ? 2 : 0;
    size_t n = lead == '\\' ? json_code_at(line, at, &code) : 0;
    return n && code >= FIRST && code <= LAST ? n : 0;
}

/* The same of one that ends in front of `at`. */
static size_t wide_letter_before(struct str line, size_t at)
{
    enum { ESCAPE_MIN = 6, ESCAPE_MAX = 13 };
    size_t n = 2;
    if (!(line.ptr[at - 1] & 0x80) && at >= ESCAPE_MIN && line.ptr[at - ESCAPE_MIN] == '\\') {
        n = ESCAPE_MIN;
        while (n <= ESCAPE_MAX && at > n && line.ptr[at - n - 1] == '\\')
            n++;
    }
    return at >= n && wide_letter_at(line, at - n) == n ? n : 0;
}

/* The apostrophe of "o'brien", "dell'orto", in SQL "o''brien"; no quote, as in "b'x'" and "N'x'". */
static bool is_apostrophe(struct str line, size_t at)
{
    if (line.ptr[at] != '\'' || !is_letter(byte_at(line, at + 1)))
        return false;
    at -= at > 0 && line.ptr[at - 1] == '\'';
    char before = at > 0 ? (char)(line.ptr[at - 1] | 0x20) : 0;
    bool is_lone = at < 2 || !is_alnum(line.ptr[at - 2]);
    return is_lone ? before == 'o' || before == 'd' || before == 'l' : is_letter(before);
}

/* How many bytes of the local part end in front of `at`. */
static size_t local_before(struct str line, size_t at)
{
    size_t wide = wide_letter_before(line, at);
    if (wide)
        return wide;
    if (is_apostrophe(line, at - 1))
        return at > 1 && line.ptr[at - 2] == '\'' ? 2 : 1;
    return is_local(line.ptr[at - 1]);
}

/* How far it goes back from `at`, but not beyond `least`. */
static size_t walk_local(struct str line, size_t at, size_t least)
{
    for (size_t n; at > least && (n = local_before(line, at)) > 0 && n <= at - least;)
        at -= n;
    return at;
}

/* Where the part before the '@' begins; at if there is none. Of one that is too long its last bytes are taken. */
static size_t local_start(struct str line, size_t at)
{
    enum { ESCAPE_MAX = 12 };
    size_t most = LOCAL_MAX + ESCAPE_MAX, least = at > LOCAL_MAX ? at - LOCAL_MAX : 0;
    size_t from = min_of(behind_escape(line, walk_local(line, at, at > most ? at - most : 0)), at);
    if (from < least)
        from = walk_local(line, at, least);
    while (from < at && !is_alnum(line.ptr[from]) && line.ptr[from] != '_' &&
           !wide_letter_at(line, from))
        from++;
    return from;
}

/* How many bytes of a label begin at i. */
static size_t label_byte_at(struct str line, size_t i)
{
    char c = byte_at(line, i);
    return is_alnum(c) || c == '-' ? 1 : wide_letter_at(line, i);
}

static bool is_top(struct str line, size_t from, size_t end)
{
    if (str_starts(str_slice(line, from, 4), STR("xn--")))
        return true;
    for (size_t i = from, n; i < end; i += n) {
        n = is_letter(line.ptr[i]) ? 1 : wide_letter_at(line, i);
        if (n == 0)
            return false;
    }
    return true;
}

/* Behind the domain that begins here; from if there is none. */
static size_t domain_end(struct str line, size_t from)
{
    size_t end = from, label = from, top = from, i = from;
    size_t most = from + min_of((size_t)DOMAIN_MAX, line.len - from);
    for (;;) {
        size_t n = i < most ? label_byte_at(line, i) : 0;
        i += n;
        if (n)
            continue;
        if (i == label || i - label > LABEL_MAX || line.ptr[label] == '-')
            break;
        top = label;
        end = line.ptr[i - 1] == '-' ? top : i;
        label = i + 1;
        if (i >= most || line.ptr[i] != '.')
            break;
        i++;
    }
    if (end - top < 2 || end - top > TOP_MAX || top == from)
        return from;
    return is_top(line, top, end) ? end : from;
}

/* Ends of names of files and units that are no domains. */
static const char *const file_ends[26] = {
    ['a' - 'a'] = "automount",
    ['b' - 'a'] = "bmp",
    ['c' - 'a'] = "cjs|class|conf|css",
    ['d' - 'a'] = "device|dll",
    ['e' - 'a'] = "exe",
    ['g' - 'a'] = "gif|gz",
    ['h' - 'a'] = "htm|html",
    ['i' - 'a'] = "ico",
    ['j' - 'a'] = "jar|java|jpeg|jpg|js|json|jsx",
    ['l' - 'a'] = "localhost|lock|log",
    ['m' - 'a'] = "mjs|mount",
    ['p' - 'a'] = "path|png",
    ['s' - 'a'] = "scope|scss|service|slice|socket|svg|swap",
    ['t' - 'a'] = "tar|target|timer|toml|ts|tsx|txt",
    ['w' - 'a'] = "webp",
    ['x' - 'a'] = "xml",
    ['y' - 'a'] = "yaml|yml",
};

/* "scheme://user@host", "scheme://user:password@host": within one word; and "scheme%3A%2F%2Fuser%40host". */
static bool is_of_url(struct str line, size_t from)
{
    static const struct str encoded = STR_INIT("%3a%2f%2f");
    if (from >= encoded.len &&
        str_equal_nocase(str_slice(line, from - encoded.len, encoded.len), encoded))
        return true;
    size_t least = from > URL_BEFORE ? from - URL_BEFORE : 0;
    for (size_t i = from; i > least; i--) {
        char c = line.ptr[i - 1];
        if (c == '/')
            return i >= 3 && line.ptr[i - 2] == '/' && line.ptr[i - 3] == ':';
        if (!is_local(c) && c != ':' && c != '%' && c != '!' && c != '$' && c != '~' && c != '*')
            return false;
    }
    return false;
}

/* "user@host:path", of ssh, scp and git: a path behind it in the same word. */
static bool is_of_path(struct str line, size_t end)
{
    if (byte_at(line, end) != ':')
        return false;
    size_t i = end + 1, most = end + URL_BEFORE;
    if (byte_at(line, i) == '/' || byte_at(line, i) == '~')
        return true;
    for (; i < most && (is_local(byte_at(line, i)) || byte_at(line, i) == '/'); i++) {
        if (line.ptr[i] == '/')
            return i > end + 1;
    }
    return i > end + 5 && str_equal(str_slice(line, i - 4, 4), STR(".git"));
}

/* "2eb6d34a.apply": the hash code of an object of Java, and a method of it. */
static bool is_java_object(struct str domain)
{
    static const struct str methods[] = {
        STR_INIT("accept"),   STR_INIT("apply"),   STR_INIT("call"), STR_INIT("close"),
        STR_INIT("equals"),   STR_INIT("execute"), STR_INIT("get"),  STR_INIT("handle"),
        STR_INIT("hashCode"), STR_INIT("invoke"),  STR_INIT("run"),  STR_INIT("test"),
        STR_INIT("toString"),
    };
    enum { HASH_MAX = 8 };
    size_t dot = str_find_byte(domain, '.');
    bool is_hash = dot <= HASH_MAX;
    for (size_t i = 0; i < dot && is_hash; i++)
        is_hash = is_digit(domain.ptr[i]) || (unsigned char)(domain.ptr[i] - 'a') < 6;
    for (size_t i = 0; is_hash && i < countof(methods); i++) {
        if (str_equal(str_slice(domain, dot + 1, SIZE_MAX), methods[i]))
            return true;
    }
    return false;
}

size_t find_mail(struct hunt *h, size_t at)
{
    struct str line = h->line;
    size_t behind = at + 1;
    if (line.ptr[at] == '%' &&
        !take_prefix(&(struct str){line.ptr + at, line.len - at}, STR("%40")))
        return at + 1;
    if (line.ptr[at] == '%')
        behind = at + 3;
    size_t end = domain_end(line, behind);
    size_t from = end > behind ? local_start(line, at) : at;
    if (from == at || line.ptr[at - 1] == '.')
        return at + 1;
    struct str domain = str_slice(line, behind, end - behind);
    size_t top = domain.len;
    while (domain.ptr[top - 1] != '.')
        top--;
    if (!word_is_of(str_slice(domain, top, SIZE_MAX), file_ends) && !is_java_object(domain) &&
        !is_of_url(line, from) && !is_of_path(line, end))
        hunt_add(h, from, end, RULE_EMAIL, "e-mail address");
    return at + 1;
}
