/*
 * Bytes of ASCII, by what they are; the C library's own functions ask the locale.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include "base/str.h"

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static inline bool is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline bool is_lower(char c)
{
    return (unsigned char)(c - 'a') < 26;
}

static inline bool is_alnum(char c)
{
    return is_digit(c) || is_letter(c);
}

static inline bool is_upper(char c)
{
    return (unsigned char)(c - 'A') < 26;
}

static inline bool is_hex(char c)
{
    return is_digit(c) || (unsigned char)((c | 0x20) - 'a') < 6;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What may stand between the tokens of JSON. */
static inline bool is_white(char c)
{
    return is_blank(c) || c == '\n' || c == '\r';
}

static inline char fold(char c)
{
    return is_upper(c) ? (char)(c | 0x20) : c;
}

/* -1: it is no digit. */
static inline int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    return is_hex(c) ? (c | 0x20) - 'a' + 10 : -1;
}

/* The byte at i, or 0 beyond the ends. */
static inline char byte_at(struct str s, size_t i)
{
    return i < s.len ? s.ptr[i] : 0;
}

static inline size_t skip_blanks(struct str s, size_t i)
{
    while (is_blank(byte_at(s, i)))
        i++;
    return i;
}

/* 14 bits, the same for both cases of a letter. */
static inline uint32_t hash_of_four(const char *bytes)
{
    uint32_t four;
    memcpy(&four, bytes, sizeof four);
    return (four | 0x20202020u) * 0x9e3779b1u >> 18;
}

#endif
