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

/* The '@' behind a password with a '/', '#', '?' or apostrophe, which ends at `end` by the rules; 0: there is none. "host:80/a@b"
 * has a port. */
static size_t at_sign_beyond(struct str line, size_t from, size_t end)
{
    enum { LOOK = 256 };
    size_t digits = from, most = min_of(end + LOOK, line.len);
    while (is_digit(byte_at(line, digits)))
        digits++;
    if (digits == end)
        return 0;
    for (size_t at = end; at < most; at++) {
        char c = line.ptr[at], next = byte_at(line, at + 1);
        if (c == '@')
            return is_alnum(next) || next == '[' ? at : 0;
        bool is_part =
            !ends_authority(c) || c == '/' || c == '#' || c == '?' || (c == '\'' && is_alnum(next));
        if (!is_part || (c == '/' && next == '/'))
            return 0;
    }
    return 0;
}

/* scheme://user:pass@host: up to the last '@', as a password may have one too. No other "://" is in front of the end that is
 * looked for, so it may be far away. */
static void find_url_password(struct hunt *h, size_t from)
{
    struct str line = h->line;
    size_t colon = 0, last = 0, at = from;
    if (byte_at(line, from) == '[')
        return; /* an address */
    for (; at < line.len && !ends_authority(line.ptr[at]); at++) {
        char c = line.ptr[at];
        if (c == ':' && !colon)
            colon = at;
        else if (c == '@')
            last = at;
    }
    if (colon && !last)
        last = at_sign_beyond(line, colon + 1, at);
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

/* PostgreSQL's "Key (name)=(x) already exists". */
static bool is_key_of_row(struct str line, size_t at)
{
    return at > 1 && line.ptr[at] == '=' && line.ptr[at - 1] == ')' && byte_at(line, at + 1) == '(';
}

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

/* "=:name", "=:name_1": a parameter of SQL; "=:hunter2" is none. */
static bool is_parameter(struct str line, size_t colon)
{
    size_t at = colon + 1, digits;
    while (is_letter(byte_at(line, at)) || byte_at(line, at) == '_')
        at++;
    digits = at;
    while (is_digit(byte_at(line, at)))
        at++;
    return !is_alnum(byte_at(line, at)) &&
           (digits == at || digits == colon + 1 || line.ptr[digits - 1] == '_');
}

/* "x==hunter2": a word with a digit directly behind it, which in a comparison would be in quotes. */
static bool is_double_sign(struct str line, size_t at)
{
    enum { WORD_MAX = 64 };
    bool has_letter = false, has_digit = false;
    for (size_t i = at; i < at + WORD_MAX && is_alnum(byte_at(line, i)); i++) {
        has_letter |= is_letter(line.ptr[i]);
        has_digit |= is_digit(line.ptr[i]);
    }
    return has_letter && has_digit;
}

/* Where the value begins if a sign is its first byte: "==hunter2", "=:hunter2", "=~hunter2"; 0: it is an operator. */
static size_t behind_odd_sign(struct str line, size_t at)
{
    char c = line.ptr[at], next = byte_at(line, at + 1), third = byte_at(line, at + 2);
    if (ends_operator(line, at))
        return 0;
    if (c == '=' && next == '=')
        return is_double_sign(line, at + 2) ? at + 2 : 0;
    if (c == '=' && next == ':')
        return is_blank(third) || is_parameter(line, at + 1) ? 0 : at + 1;
    return next == '~' && !memchr(" \t\"'`/\\", third, 7) ? at + 1 : 0;
}

static size_t json_literal_end(struct str line, size_t at)
{
    static const struct str words[] = {STR_INIT("null"), STR_INIT("true"), STR_INIT("false")};
    for (size_t i = 0; i < countof(words); i++) {
        if (str_equal(str_slice(line, at, words[i].len), words[i]))
            return at + words[i].len;
    }
    size_t end = at + (byte_at(line, at) == '-');
    while (is_digit(byte_at(line, end)) || byte_at(line, end) == '.')
        end++;
    return end;
}

/* {"name": or ["x" or [{ or [null,; neither {"name"=> of Ruby nor [INFO] nor [12]. */
static bool starts_json(struct str line)
{
    enum { FIRST_NAME_MAX = 4096 };
    size_t at = skip_blanks(line, 0), next = skip_blanks(line, at + 1), end;
    char first = byte_at(line, next);
    if (byte_at(line, at) == '[' && (first == '{' || first == '"' || first == '['))
        return true;
    if (byte_at(line, at) == '[') {
        end = json_literal_end(line, next);
        return end > next && byte_at(line, skip_blanks(line, end)) == ',';
    }
    if (byte_at(line, at) != '{' || first != '"')
        return false;
    quoted_end(str_slice(line, 0, next + FIRST_NAME_MAX), next + 1, '"', 0, &end);
    return byte_at(line, skip_blanks(line, end)) == ':';
}

static bool is_of_json(struct hunt *h)
{
    if (!h->has_json_looked)
        h->is_json = starts_json(h->line);
    h->has_json_looked = true;
    return h->is_json;
}

/* Whether the text of one word in front of `at` has the mark. */
static bool has_in_word_before(struct str line, size_t at, struct str mark)
{
    enum { WORD_MAX = 128 };
    size_t from = at;
    while (from > 0 && at - from < WORD_MAX && (unsigned char)line.ptr[from - 1] > ' ')
        from--;
    return str_find(str_slice(line, from, at - from), mark) != SIZE_MAX;
}

/* arn:aws:…:secret:x, /etc/passwd:ro, pam_unix(passwd:session) */
static bool is_of_other(const struct pair *pair)
{
    struct str line = pair->place.line;
    char mode = byte_at(line, pair->value_at), end = byte_at(line, pair->value_at + 2);
    switch (pair->name_from > 0 ? line.ptr[pair->name_from - 1] : 0) {
    case ':':
        return has_in_word_before(line, pair->name_from, STR("arn:"));
    case '(':
        return has_in_word_before(line, pair->name_from, STR("pam"));
    case '/':
        return mode == 'r' && !is_alnum(end) && memchr("ow", byte_at(line, pair->value_at + 1), 2);
    default:
        return false;
    }
}

static bool read_pair(struct hunt *h, size_t at, size_t name_to, struct pair *pair)
{
    struct str line = h->line;
    size_t begin = behind_sign(line, at);
    if (!begin)
        begin = behind_odd_sign(line, at);
    if (!begin)
        return false;
    size_t value = begin;
    *pair = (struct pair){.place = {.line = line, .is_json = is_of_json(h)}, .name_to = name_to};
    read_quote(&pair->place, name_to, at);
    bool is_spaced = at > 0 && (is_blank(line.ptr[at - 1]) || line.ptr[at - 1] == ':');
    pair->sign = line.ptr[at];
    bool may_have_blank = pair->sign == ':' || is_spaced || pair->place.quote || value > at + 1;
    if (may_have_blank)
        value = skip_blanks(line, value); /* no other sign is in it: linear */
    pair->has_blank = value > begin;
    value += is_key_of_row(line, at);
    pair->value_at = value;
    pair->name_from = name_begin(&pair->place, name_to);
    if (pair->sign == ':' && !pair->has_blank && !pair->place.quote && is_of_other(pair))
        return false;
    char before = pair->name_from > 0 ? line.ptr[pair->name_from - 1] : 0;
    pair->place.is_query = pair->sign == '=' && (before == '?' || before == '&');
    return true;
}

static struct str text_of(const struct pair *pair)
{
    return str_slice(pair->place.line, pair->name_from, pair->name_to - pair->name_from);
}

/* user[password]: not the mark of what has been hidden, "[secret]". */
static bool is_bare_mark(const struct pair *pair)
{
    struct str line = pair->place.line;
    size_t at = pair->name_to;
    while (at > pair->name_from && line.ptr[at - 1] != '[')
        at--;
    at -= at > 0 && line.ptr[at - 1] == '[';
    return at == 0 || !(is_alnum(line.ptr[at - 1]) || line.ptr[at - 1] == ']');
}

/* "k1:4f9c2ad10c6be7a3" */
static bool is_token_id(struct str s)
{
    enum { HASH = 16 };
    for (size_t i = 1; i <= HASH && i < s.len; i++) {
        char c = s.ptr[s.len - i];
        if (!is_digit(c) && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return s.len > HASH + 1 && s.ptr[s.len - HASH - 1] == ':';
}

/* Whether the name is that of a mark: "[secret:k1:4f9c2ad10c6be7a3]", and of rules that leave a part "[ssn:1120]". */
static bool begins_mark(const struct pair *pair)
{
    enum { MARK_MAX = 128 };
    struct str line = pair->place.line, name = text_of(pair);
    if (pair->sign != ':' || pair->has_blank || pair->place.quote)
        return false;
    struct str rest = str_slice(line, pair->value_at, MARK_MAX);
    rest = str_slice(rest, 0, min_of(str_find_byte(rest, ']'), rest.len));
    if (byte_at(line, pair->value_at + rest.len) != ']' || str_find_byte(rest, ' ') != SIZE_MAX)
        return false;
    bool is_partial = false;
    for (size_t i = 0; i < REDACT_RULES && !is_partial; i++)
        is_partial = i != RULE_SECRETS && i != RULE_JWT && str_equal(name, redact_rules[i].mark);
    return is_partial || is_token_id(rest);
}

/* "[secret]", "[REDACTED]", but not "[password] => x" of PHP. */
static bool is_mark(const struct hunt *h, const struct pair *pair)
{
    struct str line = pair->place.line;
    if (pair->name_from > 0 && line.ptr[pair->name_from - 1] == '[' && begins_mark(pair))
        return true;
    return byte_at(line, pair->name_to) == ']' && is_bare_mark(pair) &&
           hunt_has_mark(h, text_of(pair));
}

/* ---- values ---- */

/* A value that says there is none, or that a sentence begins. */
static bool is_stop_word(struct str word)
{
    enum { LONGEST = 9 };
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
        STR_INIT("found"),
    };
    for (size_t i = 0; word.len <= LONGEST && i < countof(words); i++) {
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

/* What a sentence about a value begins with, and hardly a value: "can't be blank", "must be longer". */
static bool is_telling_front(struct str word)
{
    static const struct str words[] = {
        STR_INIT("can't"),  STR_INIT("cannot"), STR_INIT("is"),  STR_INIT("must"),
        STR_INIT("should"), STR_INIT("too"),    STR_INIT("was"),
    };
    for (size_t i = 0; i < countof(words); i++) {
        if (str_equal_nocase(word, words[i]))
            return true;
    }
    return false;
}

/* Of text in quotes, which is a value and no sentence: one that has nothing but such words, or begins as a message does. */
static bool is_telling_quoted(struct str value)
{
    enum { SENTENCE_MAX = 128 };
    if (value.len > SENTENCE_MAX)
        return false;
    if (value.len > 0 && value.ptr[value.len - 1] == '.')
        value.len--;
    struct str word = first_word(value);
    if (is_telling_front(word) && is_blank(byte_at(value, word.len)))
        return true;
    while (word.len > 0 && is_stop_word(word) && byte_at(value, word.len) == ' ') {
        value = str_slice(value, word.len + 1, SIZE_MAX);
        word = first_word(value);
    }
    return word.len > 0 && word.len == value.len && is_stop_word(word);
}

/* A value that tells about the secret instead of being it: "is required", "user not found". */
static bool is_telling(const struct pair *pair, const struct pair_value *v)
{
    struct str line = pair->place.line, value = str_slice(line, v->from, v->to - v->from);
    if (v->form == VALUE_QUOTED)
        return is_telling_quoted(value);
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

/* More than a '/' in front: "/etc/x", "/x.key". */
static bool is_path_rest(struct str s)
{
    size_t dot = 0;
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '/')
            return true;
        dot = s.ptr[i] == '.' ? i : is_letter(s.ptr[i]) ? dot : 0;
    }
    return dot > 0 && dot + 1 < s.len;
}

/* "/etc/ssl/x.key", "./x", "https://…": what it points to may be secret, it is not. */
static bool is_reference(struct str s, bool is_quoted)
{
    bool is_url = str_find(str_slice(s, 0, 16), STR("://")) != SIZE_MAX;
    bool is_path = (str_starts(s, STR("/")) && (!is_quoted || is_path_rest(s))) ||
                   str_starts(s, STR("./")) || str_starts(s, STR("~/")) ||
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

/* "*** (redacted)", ["[redacted]"]: others have hidden it before, all of it. */
static bool is_masked(struct str s)
{
    enum { MASKED_MAX = 256 };
    bool is_any = false;
    if (s.len > MASKED_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        is_any |= str_starts(str_slice(s, i, 3), STR("***"));
        size_t to = i;
        while (is_letter(byte_at(s, to)))
            to++;
        if (to > i && is_mark_word(str_slice(s, i, to - i)))
            is_any = true;
        else if (is_alnum(s.ptr[i]) || (unsigned char)s.ptr[i] >= 0x80)
            return false;
        i = max_of(to, i + 1) - 1;
        if (is_any && is_digit(byte_at(s, i + 1)))
            return false;
    }
    return is_any;
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

static bool is_token(struct str s)
{
    return is_random(s) || is_random_hex(s) || is_random_letters(s);
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
    case KEY_TOKENS:
        return is_token(value);
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
            return is_token(value);
        break;
    case KEY_STRONG:
    case KEY_HEADER:
        break;
    }
    if (is_masked(value))
        return false;
    return v->form == VALUE_CONTAINER ||
           (!is_flag && has_alnum(value) && !is_reference(value, v->form == VALUE_QUOTED) &&
            !is_telling(pair, v));
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

/* How long the blanks between a scheme and what follows are; 0: there is none. */
static size_t scheme_blank(struct str line, size_t at)
{
    size_t blanks = skip_blanks(str_slice(line, 0, at + NAME_GAP_MAX), at) - at;
    if (blanks || byte_at(line, at) == '+')
        return max_of(blanks, (size_t)1);
    return str_equal(str_slice(line, at, 3), STR("%20")) ? 3 : 0;
}

/* "SSWS 00aBc…", "GenieKey eb24…", "Custom a=\"b\"": behind a scheme that is not in the list. A plain word behind it is one of a sentence. */
static size_t behind_other_scheme(struct str line, size_t at, bool *has_parameters)
{
    enum { SCHEME_MAX = 24, CREDENTIAL_MAX = 512 };
    size_t end = at;
    while (end - at < SCHEME_MAX && (is_alnum(byte_at(line, end)) || byte_at(line, end) == '-'))
        end++;
    size_t blank = scheme_blank(line, end), from = end + blank, to = from;
    if (!blank || end == at || !is_letter(line.ptr[at]) ||
        is_stop_word(str_slice(line, at, end - at)))
        return at;
    if (byte_at(line, from) == '[') {
        struct str mark = str_slice(line, from, SCHEME_MAX * 4);
        size_t close = str_find_byte(mark, ']');
        return close != SIZE_MAX && is_hidden(str_slice(mark, 0, close + 1)) ? from : at;
    }
    while (to - from < CREDENTIAL_MAX &&
           (is_name_byte(byte_at(line, to)) || memchr("~+/:", byte_at(line, to), 4)))
        to++;
    struct str word = str_slice(line, from, to - from);
    *has_parameters =
        byte_at(line, to) == '=' && (byte_at(line, to + 1) == '"' || byte_at(line, to + 1) == '\\');
    if (*has_parameters)
        return from;
    while (byte_at(line, to) == '=')
        to++;
    return word.len == 0 || is_alnum(byte_at(line, to)) || is_plain_word(word) ? at : from;
}

/* Behind the scheme and its blank, if there is one. */
static size_t behind_scheme(struct str line, size_t at, bool *has_parameters)
{
    struct str rest = str_slice(line, at, 24);
    *has_parameters = false;
    for (size_t i = 0; i < countof(schemes); i++) {
        size_t len = schemes[i].name.len;
        if ((byte_at(rest, 0) | 0x20) != schemes[i].name.ptr[0] ||
            !str_equal_nocase(str_slice(rest, 0, len), schemes[i].name))
            continue;
        size_t blank = scheme_blank(rest, len);
        if (!blank)
            continue;
        *has_parameters = schemes[i].has_parameters;
        return at + len + blank;
    }
    return behind_other_scheme(line, at, has_parameters);
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
    enum { WORDS_BEFORE = 16 }; /* "api key: " */
    size_t more = pair->place.quote ? 0 : min_of(pair->name_from, (size_t)WORDS_BEFORE);
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
    return name->class == KEY_WEAK || name->class == KEY_TOKEN || name->class == KEY_TOKENS ||
           name->class == KEY_DIGITS;
}

static bool is_value_byte(char c)
{
    return is_alnum(c) || (c && memchr("_-+/=.~", c, 7));
}

/* A name of an object ends there: quotes and all. */
static bool is_name_end(struct str line, size_t at)
{
    while (byte_at(line, at) == '\\')
        at++;
    at += byte_at(line, at) == '"';
    return byte_at(line, at) == ':';
}

/* {"tokens":["x","y"]}, {"token":{"a":"x"}}: those that look like one. A list in a list is looked at with it. */
static size_t find_in_list(struct hunt *h, const struct pair *pair)
{
    enum { LIST_MAX = 2048 };
    struct pair_place place = pair->place;
    if (pair->value_at < h->listed_to)
        return pair->value_at;
    place.line.len = min_of(place.line.len, pair->value_at + LIST_MAX);
    struct pair_value v = pair_value_at(&place, pair->value_at);
    struct str list = str_of(place.line.ptr, v.to);
    for (size_t from = v.from; from < list.len; from++) {
        size_t to = from;
        while (is_value_byte(byte_at(list, to)))
            to++;
        if (is_token(str_slice(list, from, to - from)) && !is_name_end(list, to))
            hunt_add(h, from, to, RULE_SECRETS, value_of_key);
        from = to;
    }
    h->listed_to = v.to;
    return pair->value_at;
}

static bool is_list(const struct pair *pair, const struct key_name *name)
{
    char c = byte_at(pair->place.line, pair->value_at);
    return ((name->class == KEY_TOKEN || name->class == KEY_TOKENS) && c == '[') ||
           (name->class == KEY_TOKENS && c == '{');
}

/* Without a scheme in front; *is_found says whether it is a secret. */
static struct pair_value named_value(const struct pair *pair, const struct key_name *name,
                                     bool *is_found)
{
    struct pair_value v = pair_value_at(&pair->place, pair->value_at);
    *is_found = false;
    if (v.form == VALUE_NONE)
        return v;
    if (v.form == VALUE_CONTAINER)
        open_list(pair, &v);
    bool is_cookies = name->class == KEY_COOKIE && v.form == VALUE_BARE && take_cookies(pair, &v);
    if (name->class == KEY_HEADER && v.form != VALUE_CONTAINER)
        trim_authorization(pair, &v);
    *is_found = is_cookies || is_secret(pair, &v, name);
    return v;
}

/* The front of a value tells whether it is a secret. Only of one that is its end is looked for, and the search goes on behind
 * it: there may be pairs in others. */
static size_t find_named(struct hunt *h, const struct pair *pair, const struct key_name *name)
{
    enum { FRONT_MAX = 1024 };
    struct pair front = *pair;
    bool is_found;
    if (is_list(pair, name))
        return find_in_list(h, pair);
    char first = byte_at(pair->place.line, pair->value_at);
    bool is_container = first == '{' || first == '[';
    if (is_container && (is_bounded(name) || name->class == KEY_PASS || name->class == KEY_SECRET))
        return pair->value_at;
    size_t most = pair->value_at + (is_bounded(name) ? (size_t)WEAK_MAX : (size_t)FRONT_MAX);
    front.place.line.len = min_of(front.place.line.len, most);
    struct pair_value v = named_value(&front, name, &is_found);
    if (is_found && v.end >= most && !is_bounded(name))
        v = named_value(pair, name, &is_found);
    if (!is_found)
        return pair->value_at;
    hunt_add(h, v.from, v.to, name->rule, value_of_key);
    return max_of(v.end, pair->value_at);
}

__attribute__((noinline)) static size_t find_with_name(struct hunt *h, size_t at, size_t name_to)
{
    struct pair pair;
    if (!read_pair(h, at, name_to, &pair) || is_mark(h, &pair))
        return at + 1;
    const struct key_name *name = name_of(&pair);
    size_t end = at + 1;
    if (is_users(h, &pair, at))
        end = find_users(h, &pair);
    else if (name && h->wanted[name->rule])
        end = find_named(h, &pair, name);
    return max_of(end, at + 1);
}

/* At the colon of what may be "://"; 0: it is not. */
__attribute__((noinline)) static size_t find_behind_scheme_name(struct hunt *h, size_t at)
{
    size_t authority = authority_at(h->line, at);
    if (authority)
        find_url_password(h, authority);
    return authority ? at + 1 : 0;
}

/* In front of what there are blanks, quotes and brackets. */
__attribute__((noinline)) static size_t find_behind_gap(struct hunt *h, size_t at)
{
    struct str line = h->line;
    bool is_plain = at > 1 && line.ptr[at - 1] == '"' && is_alnum(line.ptr[at - 2]) &&
                    (line.ptr[at - 2] | 0x20) != 'd';
    size_t end = is_plain || is_key_of_row(line, at) ? at - 1 : name_end(line, at);
    return name_ends_have(&h->paths->ends, line, end) ? find_with_name(h, at, end) : at + 1;
}

static size_t find_named_at(struct hunt *h, size_t at)
{
    char last = at > 0 ? h->line.ptr[at - 1] : 0;
    bool is_escape = (last | 0x20) == 'd' && at >= 3 && h->line.ptr[at - 3] == '%'; /* %5D= */
    if (at > 0 && (!is_alnum(last) || is_escape))
        return find_behind_gap(h, at);
    return name_ends_have(&h->paths->ends, h->line, at) ? find_with_name(h, at, at) : at + 1;
}

/* Most are no names: what is rare is not part of it. */
size_t find_pair(struct hunt *h, size_t at)
{
    char next = byte_at(h->line, at + 1);
    if (h->line.ptr[at] == ':' && (next == '/' || next == '\\')) {
        size_t end = find_behind_scheme_name(h, at);
        return end ? end : find_behind_gap(h, at);
    }
    return find_named_at(h, at);
}
