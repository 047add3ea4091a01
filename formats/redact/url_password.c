/*
 * Passwords of URLs (RFC 3986, userinfo): scheme://user:x@host, also with the slashes escaped as JSON may have them.
 */
#include "base/mem.h"
#include "formats/redact/hunt.h"

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
}

size_t find_url_password(struct hunt *h, size_t at)
{
    size_t authority = authority_at(h->line, at);
    if (authority)
        find_password(h, authority);
    return authority ? at + 1 : 0;
}
