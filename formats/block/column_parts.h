/*
 * Values as numbers and bytes, for column_encode.c and column_decode.c. A parser takes only what its
 * printer gives back byte for byte.
 */
#ifndef FORMATS_BLOCK_COLUMN_PARTS_H
#define FORMATS_BLOCK_COLUMN_PARTS_H

#include "base/buf.h"
#include "base/reader.h"

enum column_kind {
    COLUMN_TEXT,
    COLUMN_DICT,
    COLUMN_INTEGER,
    COLUMN_DECIMAL,
    COLUMN_HEX,
    COLUMN_UUID,
    COLUMN_IPV4,
    COLUMN_TIME,
    COLUMN_SAME,
    COLUMN_KINDS
};

enum { TOKEN_SHIFT = 4 }; /* in the head of a column */
enum { UUID_BYTES = 16, UUID_TEXT = 36 };
enum { SMALL_INDEX = 16 }; /* distinct values */

/* Bytes of the planes that numbers up to most take. */
static inline unsigned plane_bytes(uint64_t most)
{
    return most ? 8 - (unsigned)__builtin_clzll(most) / 8 : 0;
}

static inline size_t hex_bytes(size_t digits)
{
    return (digits + 1) / 2;
}

enum {
    HEX_DIGITS_MIN = 6,
    HEX_DIGITS_MAX = 128,
    PREFIX_MAX = 32,
    DIGITS_MAX = 18,
    ZONE_MAX = 6,
    PLACES_MAX = 9
};

/* Of n values; more of another kind than theirs are no column of it. */
#define EXCEPTIONS_MAX(n) ((size_t)(n) / 8 + 1)

/* Exactly that many digits, or with digits 1 as many as the number has, and perhaps '-' before them: then
 * it is modulo 2^64. */
bool integer_parse(struct str value, unsigned digits, uint64_t *number);
/* "12.50" is 1250 and 2 places: at least one, no zero in front but one before the point; '-' as above. */
bool decimal_parse(struct str value, uint64_t *number, unsigned *places);
bool ipv4_parse(struct str value, uint64_t *number);
/* Into (digits + 1) / 2 or 16 bytes, or nowhere. Lower case, or upper. */
bool hex_parse(struct str value, bool is_upper, char *bytes);
bool uuid_parse(struct str value, char *bytes);

/* How a time is written. */
struct time_form {
    char separator; /* behind the date; '/': 20/Nov/2026:09:22:01; 0: there is no date */
    char mark;      /* before the fraction; 0: there is none */
    uint8_t places; /* digits of it */
    uint8_t zone_bytes;
    char zone[ZONE_MAX]; /* what stands behind it all, a zone as it is written */
};

bool time_form_equal(const struct time_form *a, const struct time_form *b);
void time_form_put(const struct time_form *form, struct buf *out);
bool time_form_read(struct time_form *form, struct reader *r);
/* The date of the last value, since the next has mostly the same. The zero value knows none. */
struct time_date {
    char text[12];
    uint8_t n;
    char separator;
    uint64_t seconds;
};

/* Ticks of its fraction since 1970, as if it were UTC, or since midnight. */
bool time_parse(struct str value, struct time_date *date, struct time_form *form, uint64_t *ticks);

uint64_t time_unit(const struct time_form *form); /* ticks of a second */

/* The printers: how many bytes were written at to, which has room for the longest value and PRINT_SLACK more. */
enum { PRINT_SLACK = 8 };
size_t integer_print(char *to, uint64_t number, unsigned digits);
size_t decimal_print(char *to, uint64_t number, unsigned places);
size_t ipv4_print(char *to, uint64_t number);
size_t hex_print(char *to, const char *bytes, unsigned digits, bool is_upper);
size_t uuid_print(char *to, const char *bytes);
/* Of a form with a date, so that it is one of struct civil. */
uint64_t time_ticks_max(const struct time_form *form);
size_t time_print(char *to, uint64_t ticks, const struct time_form *form);

#endif
