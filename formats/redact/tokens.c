/*
 * Secrets that are known by their form: tokens with a prefix (token_formats.h), JSON web tokens (RFC 7519), and what
 * stands behind the name of a scheme of HTTP: "Bearer x", "Basic dXNlcjpwYXNz".
 *
 * The trigger is the begin of a run. Nearly all runs begin like no token; what they cost is a look at the byte in front,
 * the first two bytes.
 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/redact/edges.h"
#include "formats/redact/http_schemes.h"
#include "formats/redact/network.h"
#include "formats/redact/randomness.h"
#include "formats/redact/redactor.h"

/* ---- JSON web tokens ---- */

static size_t run_end(struct str line, size_t from)
{
    return alphabet_end(line, from, line.len, RUN);
}

/* How many parts a token with this header has: 3, encrypted 5; 0: it is no header. */
static unsigned parts_of_jwt(struct str header)
{
    enum { HEADER_MAX = 512 };
    char text[HEADER_MAX];
    struct str front = str_slice(header, 0, HEADER_MAX / 3 * 4);
    size_t n = decode_base64(front, text, sizeof text);
    struct str json = str_of(text, n);
    if (n == SIZE_MAX || n == 0 || text[0] != '{')
        return 0;
    if (str_find(json, STR("\"enc\"")) != SIZE_MAX)
        return 5;
    bool is_header = str_find(json, STR("\"alg\"")) != SIZE_MAX ||
                     (header.len > front.len && str_find(json, STR("\"typ\"")) != SIZE_MAX);
    return is_header ? 3 : 0;
}

/* From the header that ends at `dot`. The last part may be empty (unsecured), or cut with the line. */
static size_t jwt_end(struct str line, size_t dot, unsigned parts)
{
    size_t end = dot;
    for (unsigned part = 1; part < parts && byte_at(line, end) == '.'; part++)
        end = run_end(line, end + 1);
    return alphabet_end(line, end, end + 2, CLASS_EQUALS);
}

/* eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0. */
static size_t find_jwt(struct hunt *h, size_t from)
{
    enum { PAYLOAD_MIN = 8 };
    size_t dot = run_end(h->line, from);
    if (byte_at(h->line, dot) != '.')
        return from;
    unsigned parts = parts_of_jwt(str_slice(h->line, from, dot - from));
    size_t end = parts ? jwt_end(h->line, dot, parts) : dot;
    if (end < dot + PAYLOAD_MIN)
        return from;
    hunt_add(h, from, end, RULE_JWT, "json web token");
    return end;
}

/* The base64 of such a token: of its header's first bytes, and of two dots somewhere. */
static size_t find_wrapped_jwt(struct hunt *h, size_t from)
{
    enum { LOOK = 1024 };
    char text[LOOK / 4 * 3];
    size_t end = alphabet_end(h->line, from, from + LOOK, BASE64 | RUN);
    size_t n = decode_base64(str_slice(h->line, from, end - from), text, sizeof text);
    struct str inner = n == SIZE_MAX ? STR("") : str_of(text, n);
    size_t dot = run_end(inner, 0);
    if (byte_at(inner, dot) != '.' || !parts_of_jwt(str_slice(inner, 0, dot)))
        return from;
    end = alphabet_end(h->line, end, h->line.len, BASE64 | RUN);
    hunt_add(h, from, end, RULE_JWT, "json web token in base64");
    return end;
}

/* ---- behind the name of a scheme ---- */

static size_t find_behind_scheme(struct hunt *h, size_t from)
{
    const struct http_scheme *scheme = http_scheme_before(h->line, from);
    if (!scheme)
        return from;
    size_t end = alphabet_end(h->line, from, from + RANDOM_MAX, scheme->alphabet);
    while (end > from && h->line.ptr[end - 1] == '.')
        end--;
    if (!scheme->check(str_slice(h->line, from, end - from)))
        return from;
    end = alphabet_end(h->line, end, h->line.len, scheme->alphabet & ~(unsigned)CLASS_DOT);
    hunt_add(h, from, end, RULE_SECRETS, scheme->kind);
    return end;
}

/* ---- known forms ---- */

static bool is_checked(struct str line, const struct token_format *f, size_t body, size_t *from,
                       size_t *to)
{
    if (f->check)
        return f->check(line, from, to);
    bool is_whole = f->most == 0 || !(byte_class(byte_at(line, *to)) & RUN);
    return is_whole && has_variety(str_slice(line, body, *to - body), 6);
}

/* Where the token is that begins as the format says at the run that begins at `at`. Of one without bound its front is
 * looked at before its end is looked for. */
static bool has_format(struct str line, size_t at, const struct token_format *f, size_t *from,
                       size_t *to)
{
    enum { FRONT = 64 };
    size_t before = f->before.len, prefix = f->prefix.len;
    if (before > at || !str_equal(str_slice(line, at, prefix), f->prefix) ||
        !str_equal(str_slice(line, at - before, before), f->before) ||
        (before > 0 && is_alnum(f->before.ptr[0]) && !is_word_start(line, at - before)))
        return false;
    size_t body = at + prefix, most = f->most ? f->most : f->least + FRONT;
    *from = at - before;
    *to = alphabet_end(line, body, body + most, f->alphabet);
    while (*to > body && line.ptr[*to - 1] == '.')
        *to -= 1;
    if (*to - body < f->least || !is_checked(line, f, body, from, to))
        return false;
    if (f->most == 0)
        *to = alphabet_end(line, *to, line.len, f->alphabet);
    return true;
}

/* The secret of an AWS key often stands behind its id, in an order and with words that differ. */
static void find_aws_secret(struct hunt *h, size_t behind)
{
    enum { LOOK = 120, SECRET = 40 };
    size_t last = min_of(behind + LOOK, h->line.len);
    for (size_t i = behind; i < last;) {
        size_t end = alphabet_end(h->line, i, last + SECRET, ALNUM | CLASS_PLUS);
        if (end - i == SECRET && is_random(str_slice(h->line, i, SECRET)))
            hunt_add(h, i, end, RULE_SECRETS, "aws secret key");
        i = end + 1;
    }
}

__attribute__((noinline)) static size_t find_one_of(struct hunt *h, size_t at,
                                                    const struct token_format *formats)
{
    char second = byte_at(h->line, at + 1), second_back = at > 1 ? h->line.ptr[at - 2] : 0;
    for (const struct token_format *f = formats; f->kind; f++) {
        size_t from, to;
        if ((f->prefix.len > 1 && f->prefix.ptr[1] != second) ||
            (f->before.len > 1 && f->before.ptr[f->before.len - 2] != second_back))
            continue;
        if (!has_format(h->line, at, f, &from, &to))
            continue;
        hunt_add(h, from, to, RULE_SECRETS, f->kind);
        if (f->alphabet == CAPITALS && f->most == 16)
            find_aws_secret(h, to);
        return to;
    }
    return at;
}

static size_t find_behind(struct hunt *h, size_t at, char before)
{
    const struct token_format *formats = token_formats_behind(before);
    return formats ? find_one_of(h, at, formats) : at;
}

/* Hex digits with something behind them: "…-us12" of Mailchimp, "…-…-…" of Mailgun, "…NRAL" of New Relic. */
static size_t find_hex_forms(struct hunt *h, size_t at)
{
    enum { HEX = 32, MAILGUN = 50, NEW_RELIC = 40 };
    struct str line = h->line;
    size_t end = at;
    const char *kind = NULL;
    if (byte_at(line, at + HEX) == '-' && byte_at(line, at + HEX + 1) == 'u' &&
        byte_at(line, at + HEX + 2) == 's') {
        end = alphabet_end(line, at + HEX + 3, at + HEX + 5, CLASS_DIGIT);
        kind = end > at + HEX + 3 ? "mailchimp key" : NULL;
    } else if (byte_at(line, at + HEX) == '-' && byte_at(line, at + HEX + 9) == '-') {
        end = alphabet_end(line, at, at + MAILGUN, LOWER_HEX | CLASS_DASH);
        kind = end == at + MAILGUN ? "mailgun key" : NULL;
    } else if (byte_at(line, at + HEX + 4) == 'N' &&
               str_equal(str_slice(line, at + HEX + 4, 4), STR("NRAL"))) {
        end = at + NEW_RELIC;
        kind = "new relic key";
    }
    if (!kind || byte_class(byte_at(line, end)) & RUN ||
        alphabet_end(line, at, at + HEX, SMALL) != at + HEX)
        return at;
    hunt_add(h, at, end, RULE_SECRETS, kind);
    return end;
}

/* At the run's begin, or behind what no token begins with. */
static size_t find_from(struct hunt *h, size_t at)
{
    char first = byte_at(h->line, at);
    size_t end = at;
    if (h->wanted[RULE_JWT] && first == 'e')
        end = find_jwt(h, at);
    else if (h->wanted[RULE_JWT] && first == 'Z' && byte_at(h->line, at + 1) == 'X')
        end = find_wrapped_jwt(h, at);
    if (end == at && h->wanted[RULE_SECRETS] &&
        token_may_begin(&h->redactor->tokens, first, byte_at(h->line, at + 1)))
        end = find_one_of(h, at, token_formats_by_first(first));
    if (end == at && h->wanted[RULE_SECRETS] && (is_digit(first) || (first >= 'a' && first <= 'f')))
        end = find_hex_forms(h, at);
    return end;
}

size_t find_token(struct hunt *h, size_t at)
{
    enum { ADDRESS_MAX = 32 };
    size_t run = behind_escape(h->line, at), begin = run, end;
    if (h->wanted[RULE_MAC] && byte_at(h->line, run + 2) == '-' && byte_at(h->line, run + 5) == '-')
        add_dashed_mac(h, run, alphabet_end(h->line, run, run + ADDRESS_MAX, RUN));
    while (byte_at(h->line, begin) == '-' || byte_at(h->line, begin) == '_')
        begin++;
    end = find_from(h, begin);
    if (end > begin || !h->wanted[RULE_SECRETS])
        return max_of(end, at + 1);
    char before = run > 0 ? h->line.ptr[run - 1] : 0;
    end = is_alnum(before) ? run : find_behind(h, run, before);
    if (end == run && (before == ' ' || before == '+' || before == '0'))
        end = find_behind_scheme(h, run);
    return max_of(end, at + 1);
}
