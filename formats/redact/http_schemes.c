#include "formats/redact/http_schemes.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/redact/pair_secret.h"
#include "formats/redact/randomness.h"
#include "formats/redact/token_formats.h"

/* ---- what stands behind the name in any text ---- */

/* user:password, printable. */
static bool is_basic(struct str value)
{
    char text[384];
    size_t n = decode_base64(str_slice(value, 0, sizeof text), text, sizeof text);
    if (n == SIZE_MAX || n < 3)
        return false;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < 0x20)
            return false;
    }
    size_t colon = str_find_byte(str_of(text, n), ':');
    return colon != SIZE_MAX && colon + 1 < n;
}

/* No word, but what may be a token, also one of hex digits, or an id. */
static bool is_bearer(struct str value)
{
    bool has_digit = false, has_letter = false;
    for (size_t i = 0; i < value.len; i++) {
        has_digit |= is_digit(value.ptr[i]);
        has_letter |= is_letter(value.ptr[i]);
    }
    return has_digit && has_letter && has_variety(value, 8);
}

static bool is_random_text(struct str value)
{
    return is_random(value) || is_random_hex(value);
}

#define IN_HEADERS(name, has_parameters)              \
    {                                                 \
        STR_INIT(name), has_parameters, 0, NULL, NULL \
    }

/* Those that are known in any text come first. */
static const struct http_scheme schemes[] = {
    {STR_INIT("bearer"), false, BEARER, is_bearer, "bearer token"},
    {STR_INIT("basic"), false, BASE64, is_basic, "basic credentials"},
    {STR_INIT("token"), false, BEARER, is_random_text, "token"},
    {STR_INIT("apikey"), false, BEARER, is_random_text, "api key"},
    IN_HEADERS("negotiate", false),
    IN_HEADERS("ntlm", false),
    IN_HEADERS("digest", true),
    IN_HEADERS("aws4-hmac-sha256", true),
    IN_HEADERS("hawk", true),
    IN_HEADERS("oauth", true),
    IN_HEADERS("signature", true),
    IN_HEADERS("sharedkey", false),
    IN_HEADERS("api-key", false),
    IN_HEADERS("jwt", false),
    IN_HEADERS("key", false),
};

const struct http_scheme *http_scheme_before(struct str line, size_t at)
{
    size_t end = at;
    if (end >= 3 && str_equal(str_slice(line, end - 3, 3), STR("%20")))
        end -= 3;
    else if (end >= 1 && (line.ptr[end - 1] == ' ' || line.ptr[end - 1] == '+'))
        end -= 1;
    for (size_t i = 0; end < at && i < countof(schemes) && schemes[i].check; i++) {
        size_t len = schemes[i].name.len;
        if (end < len || (line.ptr[end - 1] | 0x20) != schemes[i].name.ptr[len - 1] ||
            !str_equal_nocase(str_slice(line, end - len, len), schemes[i].name))
            continue;
        return is_word_start(line, end - len) ? &schemes[i] : NULL;
    }
    return NULL;
}

/* ---- in headers ---- */

enum { BLANKS_MAX = 64 };

/* How long the blanks between a scheme and what follows are; 0: there is none. */
static size_t scheme_blank(struct str line, size_t at)
{
    size_t blanks = skip_blanks(str_slice(line, 0, at + BLANKS_MAX), at) - at;
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

size_t behind_http_scheme(struct str line, size_t at, bool *has_parameters)
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
