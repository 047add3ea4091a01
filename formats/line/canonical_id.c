#include "formats/line/canonical_id.h"

#include "base/ascii.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { WIDE_DIGITS = 32, HALF_DIGITS = 16, UUID_BYTES = 36, XRAY_BYTES = 35, DECIMAL_LEAST = 17 };

#define DECIMAL_LEAST_VALUE 10000000000000000u /* of so many digits */

#define VERSION_SHIFT 12 /* of high */
#define VERSION_MASK  (15ull << VERSION_SHIFT)

static unsigned digit_of(char c)
{
    return is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

/* Digits of s in groups of these lengths, joined by '-': all of s. */
static bool read_groups(struct str s, const uint8_t *groups, size_t n, uint64_t halves[2])
{
    size_t at = 0, digits = 0;
    for (size_t g = 0; g < n; g++) {
        if (g > 0 && byte_at(s, at++) != '-')
            return false;
        for (size_t i = 0; i < groups[g]; i++, at++, digits++) {
            if (!is_hex(byte_at(s, at)))
                return false;
            uint64_t *half = &halves[digits / HALF_DIGITS];
            *half = *half << 4 | digit_of(s.ptr[at]);
        }
    }
    return at == s.len;
}

#define READ(s, halves, ...)                                                                 \
    read_groups((s), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), \
                memset(halves, 0, 16))

static bool read_wide(struct str s, uint64_t halves[2])
{
    if (s.len == WIDE_DIGITS)
        return READ(s, halves, 32);
    if (s.len == UUID_BYTES)
        return READ(s, halves, 8, 4, 4, 4, 12);
    if (s.len == UUID_BYTES + 4 && str_starts(s, STR("req-")))
        return read_wide(str_slice(s, 4, SIZE_MAX), halves);
    if (s.len == XRAY_BYTES && str_starts(s, STR("1-")))
        return READ(str_slice(s, 2, SIZE_MAX), halves, 8, 24);
    bool is_parent =
        s.len >= 55 && is_hex(s.ptr[0]) && is_hex(s.ptr[1]) && s.ptr[2] == '-' && s.ptr[35] == '-';
    return is_parent && READ(str_slice(s, 3, WIDE_DIGITS), halves, 32);
}

static bool read_half(struct str s, uint64_t halves[2])
{
    memset(halves, 0, 2 * sizeof *halves);
    if (s.len == HALF_DIGITS && READ(s, halves, 16)) {
        halves[1] = halves[0];
        return true;
    }
    return s.len >= DECIMAL_LEAST && str_to_u64(s, &halves[1]);
}

/* 17@5f1c9a7e */
static bool is_scoped(struct str s)
{
    enum { SCOPE_DIGITS = 8 };
    uint64_t halves[2] = {0};
    size_t digits = 0;
    while (is_digit(byte_at(s, digits)))
        digits++;
    return digits > 0 && digits <= COUNTER_MOST && byte_at(s, digits) == '@' &&
           READ(str_slice(s, digits + 1, SIZE_MAX), halves, SCOPE_DIGITS);
}

struct canonical_id canonical_id_of(struct str text)
{
    struct canonical_id id = {.text = text};
    uint64_t halves[2];
    if (read_wide(text, halves)) {
        id.kind = CANONICAL_WIDE;
        id.high = halves[0] & ~VERSION_MASK;
        id.version = (uint8_t)(halves[0] >> VERSION_SHIFT & 15);
        id.low = halves[1];
    } else if (read_half(text, halves)) {
        id.kind = CANONICAL_HALF;
        id.low = halves[1];
    } else if (is_scoped(text)) {
        id.kind = CANONICAL_SCOPED;
    }
    return id;
}

static uint64_t high_of(const struct canonical_id *id, uint64_t version)
{
    return id->high | version << VERSION_SHIFT;
}

void put_canonical_id(struct buf *out, const struct canonical_id *id)
{
    if (id->kind == CANONICAL_WIDE)
        buf_print(out, "%016" PRIx64, high_of(id, id->version));
    if (id->kind == CANONICAL_WIDE || id->kind == CANONICAL_HALF)
        buf_print(out, "%016" PRIx64, id->low);
    else
        buf_add(out, id->text);
}

struct str id_number(const struct canonical_id *id)
{
    size_t at = id->kind == CANONICAL_SCOPED ? str_find_byte(id->text, '@') : SIZE_MAX;
    return str_slice(id->text, 0, at);
}

bool is_same_id(const struct canonical_id *a, const struct canonical_id *b)
{
    bool are_scoped = a->kind == CANONICAL_SCOPED && b->kind == CANONICAL_SCOPED;
    if (a->kind == CANONICAL_SCOPED || b->kind == CANONICAL_SCOPED)
        return are_scoped ? str_equal_nocase(a->text, b->text)
                          : str_equal(id_number(a), id_number(b));
    if (a->kind == CANONICAL_TEXT || b->kind == CANONICAL_TEXT)
        return a->kind == b->kind && str_equal(a->text, b->text);
    return a->low == b->low && (a->kind != b->kind || a->high == b->high);
}

/* ---- needles ---- */

__attribute__((format(printf, 2, 3))) static void add(struct id_needles *needles, const char *form,
                                                      ...)
{
    char text[ID_NEEDLE_BYTES + 1];
    va_list args;
    va_start(args, form);
    int len = vsnprintf(text, sizeof text, form, args);
    va_end(args);
    assert(needles->n < ID_NEEDLES_MAX && len > 0 && len <= ID_NEEDLE_BYTES);
    memcpy(needles->room[needles->n], text, (size_t)len);
    needles->items[needles->n] = str_of(needles->room[needles->n], (size_t)len);
    needles->n++;
}

static void add_uuid(struct id_needles *needles, uint64_t high, uint64_t low)
{
    add(needles, "%08" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%04" PRIx64 "-%012" PRIx64, high >> 32,
        high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffffffffffff);
}

static void add_xray(struct id_needles *needles, uint64_t high, uint64_t low)
{
    static const char *const fronts[] = {"Root=", "Id: ", "Id\":\""};
    for (size_t i = 0; i < countof(fronts); i++)
        add(needles, "%s1-%08" PRIx64 "-%08" PRIx64 "%016" PRIx64, fronts[i], high >> 32,
            high & 0xffffffff, low);
}

static void add_decimal(struct id_needles *needles, uint64_t low)
{
    static const char *const fronts[] = {"trace_id=", "trace_id: ", "trace_id\":\"", "trace_id\":"};
    for (size_t i = 0; i < countof(fronts); i++)
        add(needles, "%s%" PRIu64, fronts[i], low);
}

static bool is_of_envoy(unsigned version)
{
    return version >= 9 && version <= 11;
}

/* As it is and as Envoy may change it, or may have changed it. */
static bool may_be_version(const struct canonical_id *id, unsigned version)
{
    bool is_changed = is_of_envoy(id->version), may_change = id->version == 4 || id->version == 7;
    return version == id->version || (may_change && is_of_envoy(version)) ||
           (is_changed && (version == 4 || version == 7 || is_of_envoy(version)));
}

static void add_wide(struct id_needles *needles, const struct canonical_id *id)
{
    bool is_changed = is_of_envoy(id->version);
    add(needles, "%016" PRIx64 "%016" PRIx64, high_of(id, id->version), id->low);
    if (is_changed)
        add(needles, "%016" PRIx64 "%016" PRIx64, high_of(id, 4), id->low);
    for (unsigned version = 0; version < 16; version++) {
        if (may_be_version(id, version))
            add_uuid(needles, high_of(id, version), id->low);
    }
    add_xray(needles, high_of(id, id->version), id->low);
    if (is_changed)
        add_xray(needles, high_of(id, 4), id->low);
}

void id_needles_of(const struct canonical_id *id, struct id_needles *needles)
{
    needles->n = 0;
    if (id->kind == CANONICAL_TEXT || id->kind == CANONICAL_SCOPED) {
        needles->items[needles->n++] = id_number(id);
        return;
    }
    if (id->kind == CANONICAL_HALF) {
        add(needles, "%016" PRIx64, id->low);
        add(needles, "%04" PRIx64 "-%012" PRIx64, id->low >> 48, id->low & 0xffffffffffff);
    } else {
        add_wide(needles, id);
    }
    if (id->low >= DECIMAL_LEAST_VALUE)
        add_decimal(needles, id->low);
    if (id->text.len == XRAY_BYTES || (id->kind == CANONICAL_HALF && id->text.len != HALF_DIGITS))
        needles->items[needles->n++] = id->text;
}
