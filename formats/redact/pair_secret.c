#include "formats/redact/pair_secret.h"

#include "base/mem.h"
#include "formats/redact/randomness.h"

bool is_stop_word(struct str word)
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
        STR_INIT("found"),     STR_INIT("instead"),
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

/* A count, as of tests that pass, or a measure: "12", "0.35", "12px", "99.5%". */
static bool is_short_number(struct str s)
{
    enum { DIGITS = 3, UNIT = 2 };
    size_t at = 0, unit;
    while (is_digit(byte_at(s, at)))
        at++;
    if (at == 0 || at > DIGITS)
        return false;
    if (byte_at(s, at) == '.' && is_digit(byte_at(s, at + 1)))
        at++;
    while (at <= 2 * DIGITS && is_digit(byte_at(s, at)))
        at++;
    for (unit = at; is_letter(byte_at(s, unit)) || byte_at(s, unit) == '%';)
        unit++;
    return unit == s.len && unit - at <= UNIT;
}

bool is_plain_word(struct str s)
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

static bool ends_word(char c)
{
    return is_blank(c) || (!is_alnum(c) && memchr(".,:;!?", c, 6));
}

static struct str first_word(struct str s)
{
    size_t end = 0;
    while (end < s.len && !ends_word(s.ptr[end]))
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

/* "*** (redacted)", ["[redacted]"], [[secret]]: it was hidden before, all of it. */
static bool is_masked(struct str s)
{
    enum { MASKED_MAX = 256 };
    bool is_any = false;
    if (str_starts(s, STR("[[")) && is_hidden(str_slice(s, 1, s.len - 2)))
        return true;
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

bool is_token(struct str s)
{
    return is_random(s) || is_random_hex(s) || is_random_letters(s);
}

bool is_secret(const struct pair *pair, const struct pair_value *v, const struct key_name *name)
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
