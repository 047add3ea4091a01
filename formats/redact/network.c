/*
 * IP addresses and hardware addresses.
 *
 *     8.8.4.4:53      2a00:1450:4001:81b::200e      ::ffff:8.8.4.4      [2a00::1]:443      00:1a:2b:3c:4d:5e
 *      ^ find_dotted      ^ find_colon_hex          ^                                        ^
 */
#include "formats/redact/network.h"

#include "base/mem.h"
#include "formats/redact/edges.h"

/* ---- IPv4 ---- */

/* RFC 6890 and its registry; multicast; what is reserved. */
static bool is_nobodys_ipv4(uint32_t address)
{
    static const struct {
        uint32_t base;
        unsigned bits;
    } ranges[] = {
        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
        {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0a80000, 16}, {0xc6120000, 15},
        {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3},
    };
    for (size_t i = 0; i < countof(ranges); i++) {
        if (((address ^ ranges[i].base) >> (32 - ranges[i].bits)) == 0)
            return true;
    }
    return false;
}

/* Four numbers up to 255 without leading zeros. Where they end, or 0. */
static size_t read_ipv4(struct str line, size_t at, uint32_t *address)
{
    *address = 0;
    for (size_t part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t start = at + (part > 0);
        if (part > 0 && byte_at(line, at) != '.')
            return 0;
        for (at = start; is_digit(byte_at(line, at)) && at - start < 3; at++)
            value = value * 10 + (unsigned)(line.ptr[at] - '0');
        if (at == start || value > 255 || (at - start > 1 && line.ptr[start] == '0'))
            return 0;
        *address = *address << 8 | value;
    }
    return at;
}

/* "Chrome/120.0.1.2" is a version; "/8.8.4.4:80", "//8.8.4.4", "dns.example/8.8.4.4" are not. */
static bool is_behind_product(struct str line, size_t from, size_t to)
{
    enum { HOST_MAX = 64 };
    static const struct str escape = STR_INIT("%2f");
    if (from >= escape.len &&
        str_equal_nocase(str_slice(line, from - escape.len, escape.len), escape))
        from -= escape.len - 1;
    else if (from < 1 || line.ptr[from - 1] != '/')
        return false;
    if (from < 2 || !is_alnum(line.ptr[from - 2]) || ends_escape(line, from - 1))
        return false;
    if (byte_at(line, to) == ':' && is_digit(byte_at(line, to + 1)))
        return false;
    bool is_product = false; /* "UP.Browser/6.2.3.3" */
    for (size_t i = from - 1; i > 0 && from - i < HOST_MAX; i--) {
        char c = line.ptr[i - 1];
        if (c == '.')
            return is_digit(line.ptr[i]) || is_product;
        is_product |= is_letter(c) && !(c & 0x20);
        if (!is_alnum(c) && c != '-')
            return true;
    }
    return true;
}

static bool may_begin_ipv4(struct str line, size_t from)
{
    if (from == 0)
        return true;
    char c = line.ptr[from - 1];
    if (c == '-' || c == '.')
        return from > 1 && !is_alnum(line.ptr[from - 2]) && line.ptr[from - 2] != c;
    return c == '@' || c == ':' || (c != '_' && c != '~' && left_edge(line, from) != EDGE_INSIDE);
}

/* Not "1.2.3.4.5", "1.2.3.4-rc1", "1.2.3.4+build"; "8.8.4.4-8.8.4.9" is. */
static bool may_end_ipv4(struct str line, size_t to)
{
    uint32_t next;
    char c = byte_at(line, to), further = byte_at(line, to + 1);
    if (is_alnum(c) || c == '_' || (c == '+' && is_alnum(further)) ||
        (c == '.' && is_digit(further)))
        return false;
    return c != '-' || !is_alnum(further) || read_ipv4(line, to + 1, &next);
}

static const char version_words[] =
    "version|versions|ver|rv|release|build|rev|revision|firmware|driver|sdk|jdk|jre|kernel|oid|"
    "section|chapter|python|java|node|chrome|firefox|android|windows|openssl|nginx|apache|"
    "package|jar|upgrade|upgraded";

static size_t find_ipv4(struct hunt *h, size_t at)
{
    struct str line = h->line;
    uint32_t address;
    size_t from = at;
    while (from > 0 && at - from < 4 && is_digit(line.ptr[from - 1]) && !ends_escape(line, from))
        from--;
    size_t to = at - from < 4 ? read_ipv4(line, from, &address) : 0;
    if (!to)
        return at + 1;
    bool is_one = may_begin_ipv4(line, from);
    while (is_one && may_end_ipv4(line, to)) {
        if (!is_nobodys_ipv4(address) && !is_behind_product(line, from, to) &&
            label_of(line, from, version_words) != LABEL_YES)
            hunt_add(h, from, to, RULE_IP, "IPv4 address");
        from = to + 1;
        size_t next = byte_at(line, to) == '-' ? read_ipv4(line, from, &address) : 0;
        if (!next)
            break;
        to = next;
    }
    return to;
}

/* ---- IPv6 ---- */

enum { IPV6_GROUPS = 8, IPV6_LEN_MAX = 45 };

/* RFC 4291. Into eight groups. */
static bool read_ipv6(struct str text, uint16_t groups[IPV6_GROUPS])
{
    size_t n = 0, gap = SIZE_MAX, i = 0;
    memset(groups, 0, IPV6_GROUPS * sizeof *groups);
    while (i < text.len && n < IPV6_GROUPS) {
        uint32_t v4;
        if (byte_at(text, i) == ':' && byte_at(text, i + 1) == ':') {
            if (gap != SIZE_MAX)
                return false;
            gap = n;
            i += 2;
            continue;
        }
        if (n > 0 && gap != n && byte_at(text, i++) != ':')
            return false;
        if (n <= IPV6_GROUPS - 2 && read_ipv4(text, i, &v4) == text.len) {
            groups[n++] = (uint16_t)(v4 >> 16);
            groups[n++] = (uint16_t)v4;
            i = text.len;
            break;
        }
        size_t start = i;
        unsigned value = 0;
        for (; is_hex(byte_at(text, i)) && i - start < 4; i++)
            value = value << 4 | (unsigned)hex_value(text.ptr[i]);
        if (i == start)
            return false;
        groups[n++] = (uint16_t)value;
    }
    if (i < text.len && gap == SIZE_MAX && byte_at(text, i) == ':')
        return false;
    if (i != text.len || (n < IPV6_GROUPS) != (gap != SIZE_MAX))
        return false;
    size_t behind = gap == SIZE_MAX ? 0 : n - gap;
    memmove(groups + IPV6_GROUPS - behind, groups + n - behind, behind * sizeof *groups);
    if (gap != SIZE_MAX)
        memset(groups + gap, 0, (IPV6_GROUPS - n) * sizeof *groups);
    return true;
}

/* Global unicast is 2000::/3, of which 2001:db8::/32 and 3fff::/20 are for documents; and IPv4 in ::ffff:0:0/96 and
 * 64:ff9b::/96. */
static bool is_nobodys_ipv6(const uint16_t g[IPV6_GROUPS])
{
    static const uint16_t zero[5];
    bool is_mapped = memcmp(g, zero, sizeof zero) == 0 && g[5] == 0xffff;
    bool is_translated = g[0] == 0x64 && g[1] == 0xff9b && memcmp(g + 2, zero, 8) == 0;
    if (is_mapped || is_translated)
        return is_nobodys_ipv4((uint32_t)g[6] << 16 | g[7]);
    return g[0] >> 13 != 1 || (g[0] == 0x2001 && g[1] == 0xdb8) ||
           (g[0] == 0x3fff && g[1] < 0x1000);
}

static void add_ipv6(struct hunt *h, size_t from, size_t to)
{
    uint16_t groups[IPV6_GROUPS];
    struct str text = str_slice(h->line, from, to - from);
    if (text.len <= IPV6_LEN_MAX && read_ipv6(text, groups) && !is_nobodys_ipv6(groups))
        hunt_add(h, from, to, RULE_IP, "IPv6 address");
}

/* ---- hardware addresses ---- */

enum { MAC_LEN = 17, MAC_STEP = MAC_LEN + 1 };

/* "00:1a:2b", of pairs as many as there are; 0: it is something else. */
static size_t count_pairs(struct str text, char separator)
{
    for (size_t i = 0; i < text.len; i++) {
        if (i % 3 == 2 ? text.ptr[i] != separator : !is_hex(text.ptr[i]))
            return 0;
    }
    return text.len % 3 == 2 ? (text.len + 1) / 3 : 0;
}

/* Broadcast, multicast of IPv4 and IPv6, of bridges, and none. */
static bool is_nobodys_mac(struct str mac)
{
    unsigned bytes[6], all = 0xff, any = 0;
    for (size_t i = 0; i < countof(bytes); i++) {
        bytes[i] = (unsigned)(hex_value(mac.ptr[i * 3]) << 4 | hex_value(mac.ptr[i * 3 + 1]));
        all &= bytes[i];
        any |= bytes[i];
    }
    return all == 0xff || any == 0 || (bytes[0] == 0x33 && bytes[1] == 0x33) ||
           (bytes[0] == 1 && bytes[1] == 0 && bytes[2] == 0x5e) ||
           (bytes[0] == 1 && bytes[1] == 0x80);
}

static bool has_letter(struct str s)
{
    size_t i = 0;
    while (i < s.len && !is_letter(s.ptr[i]))
        i++;
    return i < s.len;
}

/* mac: its six pairs, with something between them. */
static void add_if_mac(struct hunt *h, size_t from, size_t to, struct str mac)
{
    static const char words[] =
        "mac|hwaddr|hwaddress|hw|hardware|ether|ethernet|lladdr|bssid|station|sta|client|dhcp|arp|"
        "physical|bluetooth|dhcpack|dhcprequest|dhcpdiscover|dhcpoffer";
    if (!is_nobodys_mac(mac) && (has_letter(mac) || has_word_near(h->line, from, to, words)))
        hunt_add(h, from, to, RULE_MAC, "MAC address");
}

static void add_mac(struct hunt *h, size_t from)
{
    add_if_mac(h, from, from + MAC_LEN, str_slice(h->line, from, MAC_LEN));
}

/* Six pairs; seven behind a type of DHCP's; fourteen are the head of a frame: two addresses and a type. */
static void add_macs(struct hunt *h, size_t from, size_t to)
{
    struct str text = str_slice(h->line, from, to - from);
    size_t pairs = count_pairs(text, ':');
    if (pairs == 6 || pairs == 14)
        add_mac(h, from);
    if (pairs == 14)
        add_mac(h, from + MAC_STEP);
    if (pairs == 7 && str_starts(text, STR("01:")))
        add_mac(h, from + 3);
}

void add_dashed_mac(struct hunt *h, size_t from, size_t to)
{
    struct str text = str_slice(h->line, from, to - from);
    if (text.len == MAC_LEN && count_pairs(text, '-') == 6 && has_letter(text))
        add_mac(h, from);
}

/* "001a.2b3c.4d5e", as Cisco writes it; at its first dot. */
static void add_dotted_mac(struct hunt *h, size_t dot)
{
    enum { GROUP = 4, LEN = 3 * GROUP + 2 };
    char pairs[MAC_LEN];
    size_t from = dot - GROUP, n = 0;
    struct str text = str_slice(h->line, from, LEN);
    if (dot < GROUP || text.len < LEN || left_edge(h->line, from) == EDGE_INSIDE ||
        right_edge(h->line, from + LEN) == EDGE_INSIDE)
        return;
    for (size_t i = 0; i < LEN; i++) {
        bool is_dot = i % (GROUP + 1) == GROUP;
        if (is_dot ? text.ptr[i] != '.' : !is_hex(text.ptr[i]))
            return;
        if (is_dot)
            continue;
        if (n % 3 == 2)
            pairs[n++] = ':';
        pairs[n++] = text.ptr[i];
    }
    if (has_letter(text))
        add_if_mac(h, from, from + LEN, str_of(pairs, n));
}

/* ---- what has dots and colons ---- */

size_t find_dotted(struct hunt *h, size_t at)
{
    if (h->wanted[RULE_MAC] && byte_at(h->line, at + 5) == '.')
        add_dotted_mac(h, at);
    return h->wanted[RULE_IP] ? find_ipv4(h, at) : at + 1;
}

size_t find_colon_hex(struct hunt *h, size_t at)
{
    struct str line = h->line;
    size_t from = at, to = at, colons = 0;
    while (from > 0 && at - from < 5 && is_hex(line.ptr[from - 1]) && !ends_escape(line, from))
        from--;
    for (char c; c = byte_at(line, to), is_hex(c) || c == ':' || c == '.'; to++)
        colons += c == ':';
    size_t end = to;
    bool is_word = at - from > 4 || (from > 0 && from < at && line.ptr[from - 1] != '@' &&
                                     left_edge(line, from) == EDGE_INSIDE);
    if (is_word) { /* "src:2a00::1" */
        from = at + 1;
        colons--;
    }
    to -= to > from && line.ptr[to - 1] == '.';
    to -= to > from + 1 && line.ptr[to - 1] == ':' && line.ptr[to - 2] != ':';
    if (colons < 2 || to <= from || is_alnum(byte_at(line, end)) || byte_at(line, end) == '_' ||
        (!is_word && from > 0 && (line.ptr[from - 1] == '_' || line.ptr[from - 1] == '.')))
        return end;
    if (h->wanted[RULE_IP])
        add_ipv6(h, from, to);
    if (h->wanted[RULE_MAC])
        add_macs(h, from, to);
    return end;
}
