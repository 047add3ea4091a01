/*
 * What is known of all values of a column without looking at them: which bytes are in them, and how long they are.
 *
 *     values  GET POST DELETE        stamp  only capital letters, 3 to 6 bytes
 *
 *  1. A stamp is true for each value of each column that was joined to it.
 *  2. The runs of a text are those of hex digits, each as long as it can be.
 */
#ifndef FORMATS_BLOCK_STAMP_H
#define FORMATS_BLOCK_STAMP_H

#include "formats/block/column.h"

/* Bytes that are alike. */
enum stamp_class {
    STAMP_DIGITS,    /* 0-9 */
    STAMP_LOW_HEX,   /* a-f */
    STAMP_LOW,       /* g-z */
    STAMP_UP_HEX,    /* A-F */
    STAMP_UP,        /* G-Z */
    STAMP_HYPHEN,    /* - */
    STAMP_POINT,     /* . */
    STAMP_UNDERLINE, /* _ */
    STAMP_SLASH,     /* / */
    STAMP_COLON,     /* : */
    STAMP_BLANK,     /* a blank */
    STAMP_QUOTE,     /* " ' \ ` */
    STAMP_BRACKET,   /* ( ) [ ] { } < > */
    STAMP_OTHER,     /* the rest of ASCII that is printed */
    STAMP_CONTROL,
    STAMP_HIGH, /* 128 and above */
    STAMP_CLASSES
};

struct stamp {
    uint16_t classes;     /* a bit for each that may be there */
    uint16_t first, last; /* those of the bytes at the ends */
    uint32_t least, most; /* bytes of a value; STAMP_LONG and more are one */
    uint32_t run;         /* bytes of the longest run, or more */
    bool is_typed; /* not all values are looked at: what short ids are in them is not known */
    bool is_odd;   /* what grams are in them may not be known either */
};

enum { STAMP_LONG = 1 << 20 };

unsigned stamp_class_of(unsigned char c);
/* Of bytes that are one value. */
struct stamp stamp_of_text(struct str text);
/* Of a loaded column with values, neither DICT nor SAME. */
struct stamp stamp_of_column(const struct column *c);
void stamp_join(struct stamp *s, const struct stamp *other);

/* Of a loaded column of one of the kinds that are no text: whether there may be letters in its values that their kind
 * says nothing of, or ids, so that who looks for those has to print each. */
bool has_own_text(const struct column *c);

/* The next run of the text at or behind *at; false: there is none. Any length. */
bool take_run(struct str text, size_t *at, struct str *run);

/* How much of a text are long words that have digits and letters, as ids of any kind are. */
struct word_count {
    size_t bytes, in_ids;
};
void count_words(struct str text, struct word_count *count);
/* Whether there may be any, by the stamp. */
bool has_long_words(const struct stamp *s);

#endif
