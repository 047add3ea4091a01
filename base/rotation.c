#include "base/rotation.h"

#include "base/ascii.h"
#include "base/mem.h"

enum file_kind file_kind_of(struct str name, struct str *plain)
{
    static const struct {
        struct str end;
        enum file_kind kind;
    } ends[] = {
        {STR_INIT(".gz"), FILE_GZIP},
        {STR_INIT(".zst"), FILE_ZSTD},
        {STR_INIT(".bz2"), FILE_UNKNOWN_PACKING},
        {STR_INIT(".xz"), FILE_UNKNOWN_PACKING},
        {STR_INIT(".lz4"), FILE_UNKNOWN_PACKING},
        {STR_INIT(".zip"), FILE_UNKNOWN_PACKING},
        {STR_INIT(".Z"), FILE_UNKNOWN_PACKING},
    };
    *plain = name;
    for (size_t i = 0; i < countof(ends); i++) {
        if (name.len > ends[i].end.len && str_ends(name, ends[i].end)) {
            *plain = str_of(name.ptr, name.len - ends[i].end.len);
            return ends[i].kind;
        }
    }
    return FILE_PLAIN;
}

static bool is_separator(char c)
{
    return c == '.' || c == '-' || c == '_';
}

/* Digits and what stands between them in dates and times, beginning with a digit. */
static bool is_stamp(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_digit(s.ptr[i]) && !memchr("TtZz:+.-_", s.ptr[i], 9))
            return false;
    return s.len && is_digit(s.ptr[0]);
}

static bool is_rotation_word(struct str s)
{
    static const struct str words[] = {
        STR_INIT("old"), STR_INIT("bak"), STR_INIT("prev"), STR_INIT("save"), STR_INIT("saved"),
    };
    for (size_t i = 0; i < countof(words); i++)
        if (str_equal_nocase(s, words[i]))
            return true;
    return false;
}

/* The first eight digits are a year, month and day. */
static bool is_date(struct str s)
{
    unsigned digits[8], n = 0;
    for (size_t i = 0; i < s.len && n < 8; i++)
        if (is_digit(s.ptr[i]))
            digits[n++] = (unsigned)(s.ptr[i] - '0');
        else if (n != 4 && n != 6)
            return false;
    if (n < 8)
        return false;
    unsigned year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
    unsigned month = digits[4] * 10 + digits[5], day = digits[6] * 10 + digits[7];
    return year >= 1990 && year <= 2099 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static int64_t number_of(struct str s)
{
    uint64_t number;
    return s.len <= 6 && str_to_u64(s, &number) ? (int64_t)number : -1;
}

/* Takes sep + suffix off the end of stem and puts extension behind what is left. */
static size_t take_off(struct str stem, struct str extension, struct rotation *bases, size_t n)
{
    for (size_t i = stem.len; i-- > 1 && n < ROTATION_BASES_MAX;) {
        struct str suffix = str_slice(stem, i + 1, stem.len);
        bool is_word = extension.len == 0 && is_rotation_word(suffix);
        if (!is_separator(stem.ptr[i]) || !(is_word || is_stamp(suffix)))
            continue;
        struct rotation *r = &bases[n++];
        r->is_dated = is_date(suffix);
        r->number = number_of(suffix);
        r->base_len = i + extension.len;
        memcpy(r->base, stem.ptr, i);
        if (extension.len)
            memcpy(r->base + i, extension.ptr, extension.len);
        r->base[r->base_len] = 0;
    }
    return n;
}

/* ".log" of "app-1.log": letters behind the last dot. Empty if there is none. */
static struct str extension_of(struct str name)
{
    size_t at = name.len;
    while (at > 0 && ((name.ptr[at - 1] | 32) >= 'a' && (name.ptr[at - 1] | 32) <= 'z'))
        at--;
    bool is_one = at > 1 && at < name.len && name.ptr[at - 1] == '.';
    return is_one ? str_slice(name, at - 1, name.len) : str_of(name.ptr, 0);
}

size_t rotation_bases(struct str name, struct rotation bases[ROTATION_BASES_MAX])
{
    if (name.len > NAME_BYTES_MAX)
        return 0;
    size_t n = take_off(name, STR(""), bases, 0);
    struct str extension = extension_of(name);
    if (extension.len)
        n = take_off(str_of(name.ptr, name.len - extension.len), extension, bases, n);
    return n;
}
