#include "formats/line/json.h"

#include "base/ascii.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (uint8_t)(b))

/* The high bit of the lowest byte of word that equals b, and maybe of higher ones; 0 if none does.
 */
static inline uint64_t bytes_equal(uint64_t word, char b)
{
    uint64_t x = word ^ EACH_BYTE(b);
    return (x - EACH_BYTE(0x01)) & ~x & EACH_BYTE(0x80);
}

static inline uint64_t load_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

const char *json_find_quote_scalar(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word = load_word(at);
        uint64_t hit = bytes_equal(word, '"') | bytes_equal(word, '\\');
        if (hit)
            return at + (__builtin_ctzll(hit) >> 3);
    }
    while (at < end && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* '[' | 0x20 is '{' and ']' | 0x20 is '}'; nothing else becomes one of them but they themselves. */
static inline bool is_bracket(char c)
{
    return c == '"' || (c | 0x20) == '{' || (c | 0x20) == '}';
}

const char *json_find_bracket_scalar(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        uint64_t word = load_word(at), folded = word | EACH_BYTE(0x20);
        uint64_t hit = bytes_equal(word, '"') | bytes_equal(folded, '{') | bytes_equal(folded, '}');
        if (hit)
            return at + (__builtin_ctzll(hit) >> 3);
    }
    while (at < end && !is_bracket(*at))
        at++;
    return at;
}

#ifdef __SSE2__
const char *json_find_quote(const char *at, const char *end)
{
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
        int hit =
            _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)));
        if (hit)
            return at + __builtin_ctz((unsigned)hit);
    }
    return json_find_quote_scalar(at, end);
}

const char *json_find_bracket(const char *at, const char *end)
{
    const __m128i quote = _mm_set1_epi8('"'), fold = _mm_set1_epi8(0x20);
    const __m128i open = _mm_set1_epi8('{'), close = _mm_set1_epi8('}');
    for (; end - at >= 16; at += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i folded = _mm_or_si128(v, fold);
        __m128i any = _mm_or_si128(_mm_cmpeq_epi8(folded, open), _mm_cmpeq_epi8(folded, close));
        int hit = _mm_movemask_epi8(_mm_or_si128(any, _mm_cmpeq_epi8(v, quote)));
        if (hit)
            return at + __builtin_ctz((unsigned)hit);
    }
    return json_find_bracket_scalar(at, end);
}
#else
const char *json_find_quote(const char *at, const char *end)
{
    return json_find_quote_scalar(at, end);
}

const char *json_find_bracket(const char *at, const char *end)
{
    return json_find_bracket_scalar(at, end);
}
#endif

const char *json_string_end(const char *at, const char *end)
{
    for (;;) {
        at = json_find_quote(at, end);
        if (at == end || *at == '"')
            return at;
        if (end - at < 2)
            return end;
        at += 2;
    }
}

static void skip_white(struct json_scan *scan)
{
    while (scan->at < scan->end && is_white(*scan->at))
        scan->at++;
}

/* For returns: nothing more will come. */
static bool stop_bad(struct json_scan *scan)
{
    scan->bad = true;
    scan->at = scan->end;
    return false;
}

/* .at is at the opening quote. */
static bool take_json_string(struct json_scan *scan, struct str *s)
{
    const char *from = scan->at + 1, *to = json_string_end(from, scan->end);
    if (to == scan->end)
        return stop_bad(scan);
    *s = str_of(from, (size_t)(to - from));
    scan->at = to + 1;
    return true;
}

const char *json_container_end(const char *at, const char *end)
{
    size_t depth = 1;
    for (at++; depth > 0; at++) {
        at = json_find_bracket(at, end);
        if (at < end && *at == '"')
            at = json_string_end(at + 1, end);
        else if (at < end)
            depth += (*at | 0x20) == '{' ? (size_t)1 : (size_t)-1;
        if (at == end)
            return NULL;
    }
    return at;
}

/* .at is at the opening bracket. */
static bool take_container(struct json_scan *scan, struct str *s)
{
    const char *from = scan->at, *at = json_container_end(from, scan->end);
    if (!at)
        return stop_bad(scan);
    *s = str_of(from, (size_t)(at - from));
    scan->at = at;
    return true;
}

static bool is_number_byte(char c)
{
    return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool take_number(struct json_scan *scan, struct str *s)
{
    const char *from = scan->at;
    if (*from != '-' && (*from < '0' || *from > '9'))
        return stop_bad(scan);
    while (scan->at < scan->end && is_number_byte(*scan->at))
        scan->at++;
    *s = str_of(from, (size_t)(scan->at - from));
    return true;
}

static bool take_word(struct json_scan *scan, struct str word, struct str *s)
{
    struct str rest = str_of(scan->at, (size_t)(scan->end - scan->at));
    if (!str_starts(rest, word))
        return stop_bad(scan);
    *s = str_of(scan->at, word.len);
    scan->at += word.len;
    return true;
}

/* .at is at the first byte of the value. */
static bool take_value(struct json_scan *scan, struct json_member *m)
{
    switch (*scan->at) {
    case '"':
        m->kind = JSON_STRING;
        return take_json_string(scan, &m->value);
    case '{':
        m->kind = JSON_OBJECT;
        return take_container(scan, &m->value);
    case '[':
        m->kind = JSON_ARRAY;
        return take_container(scan, &m->value);
    case 't':
        m->kind = JSON_BOOL;
        return take_word(scan, STR("true"), &m->value);
    case 'f':
        m->kind = JSON_BOOL;
        return take_word(scan, STR("false"), &m->value);
    case 'n':
        m->kind = JSON_NULL;
        return take_word(scan, STR("null"), &m->value);
    default:
        m->kind = JSON_NUMBER;
        return take_number(scan, &m->value);
    }
}

/* The key, the colon and the blanks around it; .at is then at the value. */
static bool take_key(struct json_scan *scan, struct str *key)
{
    if (scan->at == scan->end || *scan->at != '"' || !take_json_string(scan, key))
        return stop_bad(scan);
    skip_white(scan);
    if (scan->at == scan->end || *scan->at != ':')
        return stop_bad(scan);
    scan->at++;
    skip_white(scan);
    return scan->at < scan->end || stop_bad(scan);
}

/* Reads closing braces and the comma. False at the end of the line's object, or if it is bad. */
static bool to_next_key(struct json_scan *scan)
{
    for (;;) {
        skip_white(scan);
        if (scan->at == scan->end)
            return stop_bad(scan);
        if (*scan->at != '}')
            break;
        scan->at++;
        scan->need_comma = true;
        if (!scan->outer.ptr) {
            scan->done = true;
            return false;
        }
        scan->outer = (struct str){0};
    }
    if (!scan->need_comma)
        return true;
    if (*scan->at != ',')
        return stop_bad(scan);
    scan->at++;
    skip_white(scan);
    return true;
}

bool json_open(struct json_scan *scan, struct str line)
{
    *scan = (struct json_scan){.at = line.ptr, .end = line.len ? line.ptr + line.len : line.ptr};
    skip_white(scan);
    if (scan->at == scan->end || *scan->at != '{')
        return false;
    scan->at++;
    return true;
}

bool json_next(struct json_scan *scan, struct json_member *member)
{
    struct json_member m = {0};
    if (scan->done || scan->bad)
        return false;
    for (;;) {
        if (!to_next_key(scan) || !take_key(scan, &m.key))
            return false;
        if (*scan->at != '{' || scan->outer.ptr)
            break;
        scan->at++;
        scan->outer = m.key;
        scan->need_comma = false;
    }
    m.outer = scan->outer;
    if (!take_value(scan, &m))
        return false;
    scan->need_comma = true;
    *member = m;
    return true;
}
