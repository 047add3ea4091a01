/*
 * Pieces of six bytes of a text, of which some are chosen so that two texts choose alike where they are alike:
 * what is chosen of a needle is then chosen of every text that it stands in.
 *
 *     text     t i m e o u t   a f t e r       grams: timeou imeout meout· eout·a out·af ut·aft t·afte ·after
 *     windows  of w grams that follow each other; of each the one with the least hash is chosen
 *
 * These are minimizers (Roberts et al., Reducing storage requirements for biological sequence comparison, 2004) or
 * winnowing (Schleimer, Wilkerson, Aiken, 2003): of a long random text about 2 in w + 1 grams are chosen.
 *
 *  1. Which gram is chosen of a window is said by the bytes of the window alone: w + 5 of them.
 *  2. Letters of ASCII count as small ones.
 *  3. A gram that is a number or a piece of an id, with three digits or more or of hex digits and '-' alone, is
 *     never chosen: there would be more of these than of all others. Of a window of such grams none is.
 */
#ifndef FORMATS_BLOCK_GRAMS_H
#define FORMATS_BLOCK_GRAMS_H

#include "base/str.h"

enum { GRAM = 6, GRAMS_WINDOW_MIN = 3, GRAMS_WINDOW_MAX = 96 };

#define GRAMS_NONE UINT64_MAX /* of a window of which none is chosen */

static inline size_t grams_window_bytes(unsigned w)
{
    return w + GRAM - 1;
}

enum { GRAMS_PIECE_MAX = 1024 };

/* What is chosen of each window of the text, which has at most GRAMS_PIECE_MAX bytes; returns how many windows there
 * are. hashes has room for as many as the text has bytes. They are small ones, the least of many: who spreads
 * things by them mixes them once more. */
size_t grams_choose(struct str text, unsigned w, uint64_t *hashes);

/* Of a run of hex digits: pieces of twelve of them are chosen so that any LONG_ID next to each other have one. The same
 * bounds and the same results as above, though nothing is left out. */
enum { LONG_ID = 32 };
size_t grams_choose_digits(struct str run, uint64_t *hashes);

static inline unsigned char fold_byte(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c | 32 : c;
}

/* Spreads the bits of a number over all of it. */
static inline uint64_t mix_hash(uint64_t x)
{
    x = (x ^ x >> 32) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
    return x ^ x >> 32;
}

#endif
