/*
 * Passwords of URLs (RFC 3986, userinfo): scheme://user:x@host, also with the slashes escaped as JSON may have them, and
 * scheme://x@host if x looks like a token. And of names of data sources that are no URLs:
 *
 *     user:x@tcp(host:3306)/shop      jdbc:oracle:thin:user/x@host
 */
#include "base/mem.h"
#include "formats/redact/encoded.h"
#include "formats/redact/pair_secret.h"

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
static void find_password(struct hunt *h, size_t from)
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
    else if (!colon && last && is_token(str_slice(line, from, last - from)))
        hunt_add(h, from, last, RULE_SECRETS, "token of a url");
}

size_t find_url_password(struct hunt *h, size_t at)
{
    size_t authority = authority_at(h->line, at);
    if (authority)
        find_password(h, authority);
    return authority ? at + 1 : 0;
}

/* ---- data sources ---- */

/* Behind the sign between user and password, which ends in front of `at`; 0: there is none. */
static size_t password_before(struct str line, size_t at, char sign)
{
    enum { SOURCE_MAX = 128 };
    size_t least = at > SOURCE_MAX ? at - SOURCE_MAX : 0, from = 0;
    for (size_t i = at; i > least; i--) {
        char c = line.ptr[i - 1];
        if ((unsigned char)c <= ' ' || c == '"')
            break;
        if (c == sign)
            from = i;
    }
    return from;
}

static size_t source_password(struct str line, size_t at)
{
    enum { HOST_MAX = 128 };
    static const struct str nets[] = {STR_INIT("tcp("), STR_INIT("unix("), STR_INIT("(")};
    static const struct str oracle = STR_INIT("jdbc:oracle:");
    struct str behind = str_slice(line, at + 1, HOST_MAX);
    for (size_t i = 0; i < countof(nets); i++) {
        if (str_starts(behind, nets[i]) && str_find(behind, STR(")/")) != SIZE_MAX)
            return password_before(line, at, ':');
    }
    size_t from = password_before(line, at, '/');
    size_t word = from ? password_before(line, from - 1, ':') : 0;
    bool is_oracle = word >= 5 && str_equal(str_slice(line, word - 5, oracle.len), oracle);
    return is_oracle ? from : 0;
}

size_t find_at_sign(struct hunt *h, size_t at)
{
    bool is_escape = h->line.ptr[at] == '%';
    if (is_escape)
        note_escape(h, at);
    size_t from = is_escape ? 0 : source_password(h->line, at);
    if (from && from < at)
        hunt_add(h, from, at, RULE_SECRETS, "password of a data source");
    return h->wanted[RULE_EMAIL] ? find_mail(h, at) : at + 1;
}
