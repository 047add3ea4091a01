/*
 * Where the words of a text are, 64 bytes at a time: bit i of a mask speaks of byte i. Looking at
 * the starts of words one by one costs a few cycles each; going through the bytes costs as much for
 * each byte.
 */
#ifndef FORMATS_LINE_LETTERS_H
#define FORMATS_LINE_LETTERS_H

#include "base/str.h"

struct letter_mask {
    uint64_t letters; /* a-z and A-Z */
    uint64_t equals;  /* '=' */
};

/* Of the first 64 bytes of s; bits beyond its end are 0. The second is for machines without SSE2;
 * both always agree. */
struct letter_mask letter_mask_of(struct str s);
struct letter_mask letter_mask_scalar(struct str s);

#endif
