/*
 * Random lines of a few forms, with values of all kinds of columns, and chunks of them.
 *
 *  1. The same seed gives the same.
 */
#ifndef TESTS_UNIT_MADE_HELPER_H
#define TESTS_UNIT_MADE_HELPER_H

#include "base/arena.h"
#include "base/buf.h"

enum { MADE_LINES = 400 };

struct made {
    struct arena arena;
    struct str lines[MADE_LINES];
    size_t n;
    struct buf bytes;
};

#define MADE_LOW  "0123456789abcdef"
#define MADE_HIGH "0123456789ABCDEF"
#define MADE_ANY  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

void made_seed(uint64_t seed);
uint64_t made_below(uint64_t n);
void put_made_hex(struct buf *b, size_t n, const char *digits);
void put_made_word(struct buf *b, size_t n, const char *letters);
void put_made_uuid(struct buf *b, const char *digits);

void free_made(struct made *m);
/* n lines; those of one seed are of the same forms, and with the same second one have values of the same kinds in them. */
void make_made_lines(struct made *m, uint64_t seed, uint64_t kinds_seed, size_t n);
/* .bytes of the .lines, in one stream. */
void make_made_chunk(struct made *m);

#endif
