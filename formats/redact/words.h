/*
 * Words in names and around values: "customerSsn", "tax_id: " and "Tax ID" have the words of "ssn|tax_id".
 *
 *     tax-ID of customerSsn    ─▶    " tax id of customer ssn "
 *
 *  1. A list has lower-case words, separated by '|'; "_" in one stands for a blank or nothing.
 *  2. Marks of what is hidden are no words: "[card] 4111" does not say that 4111 is a card.
 *  3. Only ASCII letters are letters: of a word with others its parts are words.
 */
#ifndef FORMATS_REDACT_WORDS_H
#define FORMATS_REDACT_WORDS_H

#include "base/str.h"

enum { WORDS_LEN_MAX = 64 };

struct words {
    char text[2 * WORDS_LEN_MAX + 4]; /* a blank before and behind each */
    size_t len;
    uint64_t beginnings; /* of all of them, as bits */
};

/* Of text, at most WORDS_LEN_MAX bytes of it. Of one that is cut at an end the first or last letters are no word. */
void words_read(struct words *w, struct str text, bool is_cut_before, bool is_cut_behind);
bool words_have(const struct words *w, const char *list);
/* The same for long lists: of each letter the words that begin with it, NULL if none does. */
bool words_have_of(const struct words *w, const char *const lists[26]);
/* Whether all of its words are in the lists. */
bool words_are_of(const struct words *w, const char *const lists[26]);

/* Whether a word, in whatever case, is one of the lists as it stands: without joints and humps. */
bool word_is_of(struct str word, const char *const lists[26]);

/* The first four letters of words, by a hash: what tells most texts from those with a word of lists. */
struct word_heads {
    uint64_t bits[256];
};

void word_heads_add(struct word_heads *heads, const char *list);
/* Whether text, of at most WORDS_LEN_MAX bytes, may have one of the words. */
bool word_heads_may_be_in(const struct word_heads *heads, struct str text);

#endif
