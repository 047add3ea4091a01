/*
 * Values that stand under the name of a secret (keys.h) or under one of the user's paths (paths.h), and passwords of URLs.
 *
 *     {"password":"x"}   {\"password\":\"x\"}   password=x   password: x   ?password=x&   'password' => 'x'   Password=x;
 *     Authorization: Bearer x     Cookie: a=x; b=y     scheme://user:x@host     {"name":"DB_PASSWORD","value":"x"}
 *
 * The trigger is ':' or '='. Its name ends in front of it, behind blanks and quotes; nearly all are told by their last two
 * bytes to be none.
 *
 * In prose a colon is no assignment: "Invalid password: user not found" stays, "password: hunter2" goes. A plain word that
 * more words follow, or that says that there is no value, is none.
 */
#include "base/mem.h"
#include "formats/redact/hunt.h"
#include "formats/redact/pair_value.h"
#include "formats/redact/paths.h"
#include "formats/redact/randomness.h"

enum { NAME_MAX_BYTES = 128, WEAK_MAX = RANDOM_MAX + 16 };

static const char value_of_key[] = "value of a key";

/* ---- passwords of URLs ---- */

/* Behind "://" or ":\/\/", or 0. */
static size_t authority_at(struct str line, size_t colon)
{
    size_t at = colon + 1;
    for (int i = 0; i < 2; i++) {
        at += byte_at(line, at) == '\\';
        if (byte_at(line, at) != '/')
            return 0;
        at++;
    }
    return colon > 1 && is_alnum(line.ptr[colon - 1]) ? at : 0;
}

static bool ends_authority(char c)
{
    return (unsigned char)c <= ' ' || memchr("/?#\"'`<>\\^{}|", c, 13);
}

/* scheme://user:pass@host: up to the last '@', as a password may have one too. */
static void find_url_password(struct hunt *h, size_t from)
{
    enum { AUTHORITY_MAX = 512 };
    size_t colon = 0, last = 0, most = min_of(from + AUTHORITY_MAX, h->line.len);
    for (size_t at = from; at < most && !ends_authority(h->line.ptr[at]); at++) {
        char c = h->line.ptr[at];
        if (c == ':' && !colon)
            colon = at;
        else if (c == '@')
            last = at;
    }
    if (colon && last > colon + 1)
        hunt_add(h, colon + 1, last, RULE_SECRETS, "password of a url");
}

/* ---- names ---- */

struct pair {
    struct pair_place place;
    size_t name_from, name_to;
    size_t value_at;
    char sign;      /* ':' or '=' */
    bool has_blank; /* between the sign and the value */
};

static bool is_name_byte(char c)
{
    return is_alnum(c) || c == '_' || c == '.' || c == '-' || c == '$' || c == '@';
}

/* Its begin: of the word, or of all that is in quotes. */
static size_t name_begin(const struct pair_place *p, size_t end)
{
    size_t from = end, least = end > NAME_MAX_BYTES ? end - NAME_MAX_BYTES : 0;
    while (from > least &&
           (p->quote ? p->line.ptr[from - 1] != p->quote : is_name_byte(p->line.ptr[from - 1])))
        from--;
    return from;
}

static void read_quote(struct pair_place *p, size_t name_to, size_t at)
{
    for (size_t i = name_to; i < at; i++) {
        char c = p->line.ptr[i];
        if (c == '"' || c == '\'' || c == '`') {
            p->quote = c;
            return;
        }
        p->level = c == '\\' ? p->level + 1 : 0;
    }
    p->level = 0;
}

/* {"name": or ["x" or [{; neither {"name"=> of Ruby nor [INFO]. */
static bool starts_json(struct str line)
{
    enum { FIRST_NAME_MAX = 4096 };
    size_t at = skip_blanks(line, 0), next = skip_blanks(line, at + 1), end;
    if (byte_at(line, at) == '[')
        return byte_at(line, next) == '{' || byte_at(line, next) == '"' ||
               byte_at(line, next) == '[';
    if (byte_at(line, at) != '{' || byte_at(line, next) != '"')
        return false;
    quoted_end(str_slice(line, 0, next + FIRST_NAME_MAX), next + 1, '"', 0, &end);
    return byte_at(line, skip_blanks(line, end)) == ':';
}

static bool read_pair(struct str line, size_t at, size_t name_to, struct pair *pair)
{
    size_t value = behind_sign(line, at), begin = value;
    if (!value)
        return false;
    *pair =
        (struct pair){.place = {.line = line, .is_json = starts_json(line)}, .name_to = name_to};
    read_quote(&pair->place, name_to, at);
    bool is_spaced = at > 0 && (is_blank(line.ptr[at - 1]) || line.ptr[at - 1] == ':');
    pair->sign = line.ptr[at];
    bool may_have_blank = pair->sign == ':' || is_spaced || pair->place.quote || value > at + 1;
    while (may_have_blank && value < begin + NAME_GAP_MAX && is_blank(byte_at(line, value)))
        value++;
    pair->has_blank = value > begin;
    pair->value_at = value;
    pair->name_from = name_begin(&pair->place, name_to);
    char before = pair->name_from > 0 ? line.ptr[pair->name_from - 1] : 0;
    if (pair->sign == ':' && !pair->has_blank && !pair->place.quote && before &&
        memchr(":/(", before, 3))
        return false; /* arn:aws:…:secret:x, /etc/passwd:ro, pam_unix(passwd:session) */
    pair->place.is_query = pair->sign == '=' && (before == '?' || before == '&');
    return true;
}

/* user[password]: not the mark of what has been hidden, "[secret]". */
static bool is_mark(const struct pair *pair)
{
    struct str line = pair->place.line;
    if (byte_at(line, pair->name_to) != ']')
        return false;
    size_t at = pair->name_to;
    while (at > pair->name_from && line.ptr[at - 1] != '[')
        at--;
    at -= at > 0 && line.ptr[at - 1] == '[';
    return at == 0 || !(is_alnum(line.ptr[at - 1]) || line.ptr[at - 1] == ']');
}

static struct str text_of(const struct pair *pair)
{
    return str_slice(pair->place.line, pair->name_from, pair->name_to - pair->name_from);
}

/* ---- values ---- */

/* A value that says there is none, or that a sentence begins. */
static bool is_stop_word(struct str word)
{
    static const struct str words[] = {
        STR_INIT("yes"),       STR_INIT("no"),        STR_INIT("ok"),       STR_INIT("not"),
        STR_INIT("is"),        STR_INIT("was"),       STR_INIT("must"),     STR_INIT("should"),
        STR_INIT("cannot"),    STR_INIT("can't"),     STR_INIT("can"),      STR_INIT("may"),
        STR_INIT("too"),       STR_INIT("please"),    STR_INIT("any"),      STR_INIT("unknown"),
        STR_INIT("required"),  STR_INIT("missing"),   STR_INIT("invalid"),  STR_INIT("incorrect"),
        STR_INIT("wrong"),     STR_INIT("blank"),     STR_INIT("expired"),  STR_INIT("failed"),
        STR_INIT("failure"),   STR_INIT("success"),   STR_INIT("changed"),  STR_INIT("updated"),
        STR_INIT("reset"),     STR_INIT("set"),       STR_INIT("unset"),    STR_INIT("enabled"),
        STR_INIT("disabled"),  STR_INIT("default"),   STR_INIT("rejected"), STR_INIT("accepted"),
        STR_INIT("denied"),    STR_INIT("mismatch"),  STR_INIT("needed"),   STR_INIT("provided"),
        STR_INIT("absent"),    STR_INIT("present"),   STR_INIT("valid"),    STR_INIT("error"),
        STR_INIT("protected"), STR_INIT("encrypted"), STR_INIT("string"),   STR_INIT("varchar"),
        STR_INIT("text"),      STR_INIT("boolean"),   STR_INIT("object"),   STR_INIT("optional"),
        STR_INIT("created"),   STR_INIT("deleted"),   STR_INIT("revoked"),  STR_INIT("refreshed"),
        STR_INIT("include"),   STR_INIT("bearer"),    STR_INIT("basic"),    STR_INIT("using"),
    };
    for (size_t i = 0; i < countof(words); i++) {
        if (word.len == words[i].len && (word.ptr[0] | 0x20) == words[i].ptr[0] &&
            str_equal_nocase(word, words[i]))
            return true;
    }
    return false;
}

static bool has_alnum(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_alnum(s.ptr[i]) || (unsigned char)s.ptr[i] >= 0x80)
            return true;
    }
    return s.len >= 4;
}

/* A count, as of tests that pass. */
static bool is_short_number(struct str s)
{
    size_t digits = 0;
    while (digits < s.len && is_digit(s.ptr[digits]))
        digits++;
    return digits == s.len && digits < 4;
}

/* Letters, the first perhaps a capital; and what ends a sentence. */
static bool is_plain_word(struct str s)
{
    while (s.len > 0 && memchr(".,:;!?", s.ptr[s.len - 1], 6))
        s.len--;
    for (size_t i = 0; i < s.len; i++) {
        bool is_small = s.ptr[i] >= 'a' && s.ptr[i] <= 'z';
        if (!is_small && s.ptr[i] != '\'' && s.ptr[i] != '-' && !(i == 0 && is_letter(s.ptr[i])))
            return false;
    }
    return s.len > 0;
}

/* A word follows that is no name of a pair. */
static bool is_word_at(struct str line, size_t at)
{
    if (byte_at(line, at) != ' ' || !is_letter(byte_at(line, at + 1)))
        return false;
    for (size_t i = at + 1; i < at + 40; i++) {
        char c = byte_at(line, i);
        if (!is_name_byte(c))
            return c != '=' && c != ':';
    }
    return true;
}

static struct str first_word(struct str s)
{
    size_t end = 0;
    while (end < s.len && !is_blank(s.ptr[end]) && !memchr(".,:;!?", s.ptr[end], 6))
        end++;
    return str_slice(s, 0, end);
}

/* A value that tells about the secret instead of being it: "is required", "user not found". */
static bool is_telling(const struct pair *pair, const struct pair_value *v)
{
    struct str line = pair->place.line, value = str_slice(line, v->from, v->to - v->from);
    struct str word = first_word(str_slice(value, 0, 40));
    bool is_all =
        word.len == value.len || is_blank(byte_at(value, word.len)) || word.len + 1 == value.len;
    if (word.len > 0 && is_all && is_stop_word(word))
        return true;
    if (v->form != VALUE_BARE || pair->sign != ':' || !pair->has_blank)
        return false;
    bool is_plain = value.len > 0 && value.len < 40 && is_plain_word(value);
    return is_plain && (value.ptr[value.len - 1] == ':' || is_word_at(line, v->to));
}

/* "/etc/ssl/x.key", "./x", "https://…": what it points to may be secret, it is not. */
static bool is_reference(struct str s)
{
    bool is_url = str_find(str_slice(s, 0, 16), STR("://")) != SIZE_MAX;
    bool is_path = str_starts(s, STR("/")) || str_starts(s, STR("./")) ||
                   str_starts(s, STR("~/")) ||
                   (s.len > 2 && is_letter(s.ptr[0]) && s.ptr[1] == ':' && s.ptr[2] == '\\');
    return is_url || (is_path && !is_random(str_slice(s, 0, RANDOM_MAX)));
}

/* namespace/name or words joined by dashes, as objects of Kubernetes are called. */
static bool is_object_name(struct str s)
{
    size_t joints = 0, digits = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool is_joint = s.ptr[i] == '-' || s.ptr[i] == '.' || s.ptr[i] == '/';
        joints += is_joint;
        digits += is_digit(s.ptr[i]);
        if (!is_joint && !is_digit(s.ptr[i]) && !(s.ptr[i] >= 'a' && s.ptr[i] <= 'z'))
            return false;
    }
    return joints > 0 && digits * 4 < s.len && s.len < 128;
}

/* "*** (redacted)", ["[redacted]"]: others have hidden it before. */
static bool is_masked(struct str s)
{
    while (s.len > 0 && memchr("[{(\"'\\", s.ptr[0], 6))
        s = str_slice(s, 1, SIZE_MAX);
    return str_starts(s, STR("***")) ||
           (s.len >= 8 && str_equal_nocase(str_slice(s, 0, 8), STR("redacted")));
}

static bool has_digits(struct str s, const struct key_name *name)
{
    unsigned digits = 0;
    for (size_t i = 0; i < s.len; i++) {
        digits += is_digit(s.ptr[i]);
        if (!is_digit(s.ptr[i]) && s.ptr[i] != ' ' && s.ptr[i] != '-')
            return false;
    }
    return digits >= name->least && digits <= name->most;
}

static bool is_secret(const struct pair *pair, const struct pair_value *v,
                      const struct key_name *name)
{
    struct str value = str_slice(pair->place.line, v->from, v->to - v->from);
    bool is_flag = v->form == VALUE_BARE && value.len == 1 && is_digit(value.ptr[0]);
    switch ((enum key_class)name->class) {
    case KEY_NONE:
        return false;
    case KEY_WEAK:
        return is_random(value);
    case KEY_TOKEN:
        return is_random(value) || is_random_hex(value);
    case KEY_DIGITS:
        return has_digits(value, name);
    case KEY_PASS:
        if (is_short_number(value))
            return false;
        break;
    case KEY_SECRET:
        if (is_short_number(value) || is_object_name(value))
            return false;
        break;
    case KEY_COOKIE:
        if (v->form == VALUE_BARE)
            return is_random(value) || is_random_hex(value);
        break;
    case KEY_STRONG:
    case KEY_HEADER:
        break;
    }
    if (is_masked(value))
        return false;
    return v->form == VALUE_CONTAINER ||
           (!is_flag && has_alnum(value) && !is_reference(value) && !is_telling(pair, v));
}

/* ---- headers ---- */

static const struct {
    struct str name;
    bool has_parameters;
} schemes[] = {
    {STR_INIT("bearer"), false},    {STR_INIT("basic"), false},
    {STR_INIT("token"), false},     {STR_INIT("apikey"), false},
    {STR_INIT("negotiate"), false}, {STR_INIT("ntlm"), false},
    {STR_INIT("digest"), true},     {STR_INIT("aws4-hmac-sha256"), true},
    {STR_INIT("hawk"), true},       {STR_INIT("oauth"), true},
    {STR_INIT("signature"), true},  {STR_INIT("sharedkey"), false},
    {STR_INIT("api-key"), false},   {STR_INIT("jwt"), false},
    {STR_INIT("key"), false},
};

/* Behind the scheme and its blank, if there is one that is known. */
static size_t behind_scheme(struct str line, size_t at, bool *has_parameters)
{
    struct str rest = str_slice(line, at, 24);
    *has_parameters = false;
    for (size_t i = 0; i < countof(schemes); i++) {
        size_t len = schemes[i].name.len;
        if ((byte_at(rest, 0) | 0x20) != schemes[i].name.ptr[0] ||
            !str_equal_nocase(str_slice(rest, 0, len), schemes[i].name))
            continue;
        size_t blank = byte_at(rest, len) == ' ' || byte_at(rest, len) == '+' ? 1
                       : str_equal(str_slice(rest, len, 3), STR("%20"))       ? 3
                                                                              : 0;
        if (!blank)
            continue;
        *has_parameters = schemes[i].has_parameters;
        return at + len + blank;
    }
    return at;
}

/* Lists of Go: map[Authorization:[Bearer x]]. What is in one goes without its scheme. */
static void open_list(const struct pair *pair, struct pair_value *v)
{
    struct str line = pair->place.line;
    bool has_parameters;
    size_t from = v->from + 1;
    if (line.ptr[v->from] == '[' && v->to > from &&
        behind_scheme(line, from, &has_parameters) > from && line.ptr[v->to - 1] == ']')
        *v = (struct pair_value){VALUE_QUOTED, from, v->to - 1, v->end};
}

/* The value without its scheme; of header text, to the end of the header. */
static void trim_authorization(const struct pair *pair, struct pair_value *v)
{
    bool has_parameters;
    size_t from = behind_scheme(pair->place.line, v->from, &has_parameters);
    if (from == v->from)
        return;
    if (v->form == VALUE_BARE) {
        v->to = has_parameters ? parameters_end(&pair->place, from) : bare_end(&pair->place, from);
        v->end = v->to;
    }
    v->from = min_of(from, v->to);
}

/* Cookie: a=b; c=d */
static bool take_cookies(const struct pair *pair, struct pair_value *v)
{
    struct str front = str_slice(pair->place.line, v->from, v->to - v->from);
    if (pair->sign != ':' || str_find_byte(front, '=') == SIZE_MAX)
        return false;
    v->to = cookies_end(pair->place.line, v->from);
    v->end = v->to;
    return true;
}

/* ---- finding ---- */

/* Of {"name":"DB_PASSWORD","value":"x"}, at "value": the name in front. */
static const struct key_name *named_before(const struct pair *pair)
{
    struct str line = pair->place.line;
    size_t quote = pair->place.level + 1, at = pair->name_from;
    if (pair->place.quote != '"' || at < quote || !str_equal_nocase(text_of(pair), STR("value")))
        return NULL;
    at -= quote;
    while (at > 0 && is_blank(line.ptr[at - 1]))
        at--;
    if (at < quote + 1 || line.ptr[at - 1] != ',' || line.ptr[at - 2] != '"')
        return NULL;
    at -= quote + 1;
    size_t from = at > NAME_MAX_BYTES ? at - NAME_MAX_BYTES : 0;
    return key_name_of(str_slice(line, from, at - from));
}

static const struct key_name *name_of(const struct pair *pair)
{
    struct str text = text_of(pair);
    size_t more = pair->place.quote ? 0 : min_of(pair->name_from, (size_t)NAME_GAP_MAX);
    const struct key_name *name = key_name_of(str_of(text.ptr - more, text.len + more));
    return name ? name : named_before(pair);
}

static bool is_users(struct hunt *h, const struct pair *pair, size_t at)
{
    const struct redact_paths *paths = h->paths;
    if (paths->n == 0)
        return false;
    struct str name = text_of(pair);
    if (!pair->place.quote)
        return redact_paths_have(paths, name);
    if (!redact_paths_end_in(paths, name))
        return false;
    if (!h->has_paths_found)
        find_by_paths(h);
    return at >= h->paths_to;
}

static size_t find_users(struct hunt *h, const struct pair *pair)
{
    struct pair_value v = pair_value_at(&pair->place, pair->value_at);
    if (v.form != VALUE_NONE)
        hunt_add(h, v.from, v.to, RULE_SECRETS, "value of a path");
    return v.form == VALUE_NONE ? pair->value_at : v.end;
}

static bool is_bounded(const struct key_name *name)
{
    return name->class == KEY_WEAK || name->class == KEY_TOKEN || name->class == KEY_DIGITS;
}

/* Of a name whose value has to look like a secret no more is looked at than secrets have. */
static size_t find_named(struct hunt *h, const struct pair *pair, const struct key_name *name)
{
    enum { SHORT = 1024 };
    struct pair_place place = pair->place;
    bool is_container =
        byte_at(place.line, pair->value_at) == '{' || byte_at(place.line, pair->value_at) == '[';
    if (is_container && (is_bounded(name) || name->class == KEY_PASS || name->class == KEY_SECRET))
        return pair->value_at;
    if (is_bounded(name))
        place.line.len = min_of(place.line.len, pair->value_at + WEAK_MAX);
    struct pair_value v = pair_value_at(&place, pair->value_at);
    if (v.form == VALUE_NONE)
        return pair->value_at;
    if (v.form == VALUE_CONTAINER)
        open_list(pair, &v);
    bool is_cookies = name->class == KEY_COOKIE && v.form == VALUE_BARE && take_cookies(pair, &v);
    if (name->class == KEY_HEADER && v.form != VALUE_CONTAINER)
        trim_authorization(pair, &v);
    if (is_cookies || is_secret(pair, &v, name))
        hunt_add(h, v.from, v.to, name->rule, value_of_key);
    else if (v.end - pair->value_at < SHORT)
        return pair->value_at; /* there may be pairs in it */
    return max_of(v.end, pair->value_at);
}

static size_t find_with_name(struct hunt *h, size_t at, size_t name_to)
{
    struct pair pair;
    if (!read_pair(h->line, at, name_to, &pair) || is_mark(&pair))
        return at + 1;
    const struct key_name *name = name_of(&pair);
    size_t end = at + 1;
    if (is_users(h, &pair, at))
        end = find_users(h, &pair);
    else if (name && h->wanted[name->rule])
        end = find_named(h, &pair, name);
    return max_of(end, at + 1);
}

size_t find_pair(struct hunt *h, size_t at)
{
    const char *line = h->line.ptr;
    char last = at > 0 ? line[at - 1] : 0, next = byte_at(h->line, at + 1);
    size_t authority =
        line[at] == ':' && (next == '/' || next == '\\') ? authority_at(h->line, at) : 0;
    if (authority) {
        find_url_password(h, authority);
        return at + 1;
    }
    bool is_escape = (last | 0x20) == 'd' && at >= 3 && line[at - 3] == '%'; /* %5D= */
    size_t end = (is_alnum(last) && !is_escape) || at == 0 ? at : name_end(h->line, at);
    if (name_ends_have(&h->paths->ends, h->line, end))
        return find_with_name(h, at, end);
    return at + 1;
}
