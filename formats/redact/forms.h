/*
 * The forms of numbers that are issued to people: how many digits in which groups, what holds of them, and how much
 * else has to say that it is one.
 *
 *     digits        groups       rule     holds             and
 *     ddd-dd-dddd   3 2 4        ssn      area, serial      nothing else
 *     dddddddddd    10           uk_nhs   modulo 11         a word near it
 *
 *  1. The more numbers of other kinds fit a form by chance, the more has to be said beside it: docs/redaction.md has the
 *     shares.
 *  2. Adding a form is one row.
 *  3. Digits that are all the same are no number of these.
 */
#ifndef FORMATS_REDACT_FORMS_H
#define FORMATS_REDACT_FORMS_H

#include "base/redact_rules.h"
#include "formats/redact/words.h"

enum { NUMBER_DIGITS_MAX = 19, NUMBER_GROUPS_MAX = 7 };

/* How the groups are separated: the same blank, dash or dot everywhere, or dots and a dash at the end. */
enum separation {
    SEP_NONE = 1,
    SEP_BLANK = 2,
    SEP_DASH = 4,
    SEP_DOT = 8,
    SEP_DOTS_DASH = 16,
};

enum need {
    NEED_NOTHING, /* unless the name before it says that it is something else */
    NEED_VALUE_OR_WORD, /* it is a whole value of no name that says something else, or a word is near it */
    NEED_WORD,
};

struct number_form {
    uint64_t shape; /* lengths of its groups, the first one in the highest bits, five bits each */
    unsigned char separation, need;
    enum redact_rule rule;
    const char *kind;
    bool (*holds)(const char *digits, size_t n);
    const char *words; /* has_word_near */
};

/* What tells most numbers from all forms at little cost. */
struct number_index {
    struct word_heads words; /* of all forms */
    uint8_t firsts[256];     /* by a hash of the shape, and behind it: its first form, from 1 on */
};

void number_index_init(struct number_index *index);

/* The forms of a shape: from the one returned on, up to the first of another. NULL: there is none. */
const struct number_form *number_forms(const struct number_index *index, uint64_t shape);

static inline uint64_t number_shape_add(uint64_t shape, size_t len)
{
    return shape << 5 | len;
}

#endif
