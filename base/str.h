/*
 * A slice of bytes: two machine words, passed by value. It owns nothing and is not NUL-terminated;
 * it may hold any byte. Everything that is read is a struct str; what is built is a struct buf.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

/* For string literals only. STR_INIT is the same for static tables. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* clang-format off */
#define STR_INIT(literal) {"" literal, sizeof(literal) - 1}
/* clang-format on */

/* printf("%.*s", STR_ARG(s)) */
#define STR_ARG(s) (int)((s).len < INT32_MAX ? (s).len : INT32_MAX), (s).ptr

static inline struct str str_of(const void *ptr, size_t len)
{
    return (struct str){ptr, len};
}

static inline struct str str_from(const char *c_string)
{
    return (struct str){c_string, c_string ? strlen(c_string) : 0};
}

static inline bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Bytes, then length: the order of sorted labels. */
int str_compare(struct str a, struct str b);
bool str_ends(struct str s, struct str suffix);
struct str str_trim(struct str s); /* spaces, tabs, CR and LF at both ends */

bool bytes_equal_nocase(const char *a, const char *b, size_t n); /* folds ASCII only */

static inline bool str_equal_nocase(struct str a, struct str b)
{
    return a.len == b.len && bytes_equal_nocase(a.ptr, b.ptr, a.len);
}

static inline bool str_starts(struct str s, struct str prefix)
{
    if (s.len < prefix.len || prefix.len == 0)
        return prefix.len == 0;
    return s.ptr[0] == prefix.ptr[0] && memcmp(s.ptr, prefix.ptr, prefix.len) == 0;
}

/* Index of the first such byte or substring, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);

static inline size_t str_find_byte(struct str s, char c)
{
    const char *at = s.len ? memchr(s.ptr, c, s.len) : NULL;
    return at ? (size_t)(at - s.ptr) : SIZE_MAX;
}

/* From index on, up to len bytes; both are cut to what there is. */
static inline struct str str_slice(struct str s, size_t from, size_t len)
{
    if (from >= s.len)
        return str_of(s.ptr ? s.ptr + s.len : NULL, 0);
    size_t left = s.len - from;
    return str_of(s.ptr + from, len < left ? len : left);
}

/* Take from the front of *s. take_until returns false when *s is empty, and so is the
 * piece then; else it ends before the separator, which is skipped, or at the end. */
bool take_until(struct str *s, char separator, struct str *piece);

static inline bool take_prefix(struct str *s, struct str prefix)
{ /* only if it is there */
    if (!str_starts(*s, prefix))
        return false;
    *s = str_of(s->ptr + prefix.len, s->len - prefix.len);
    return true;
}

/* Whole decimal numbers without sign, space or overflow; *s is left unchanged on false. */
bool take_u64(struct str *s, uint64_t *value);
/* The whole of s is one number (with an optional '-' for i64). */
bool str_to_u64(struct str s, uint64_t *value);
bool str_to_i64(struct str s, int64_t *value);

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF). */
bool is_utf8(struct str s);
/* Bytes of the character at the front of s, which is not empty; 0 if there is none. */
size_t utf8_sequence(struct str s);

/* Number of single-byte edits from a to b, at most limit + 1; for "did you mean". */
size_t str_distance(struct str a, struct str b, size_t limit);

#endif
