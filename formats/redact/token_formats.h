/*
 * What secrets look like that their issuers give a form to: a prefix, an alphabet, a length.
 *
 *     ghp_ 1A2b…                     prefix "ghp_", 36 letters and digits
 *     SG. dQw4w9WgXcQ… . aBcD…       in front of the run "SG.", which is no part of it; then dots too
 *
 * Sources: gitleaks (github.com/gitleaks/gitleaks, config/gitleaks.toml and cmd/generate/config/rules, July 2026), whose
 * rules of a prefix and a length these are; trufflehog (github.com/trufflesecurity/trufflehog, pkg/detectors) and the
 * issuers' own documents for the rest. Forms that are only "32 letters behind the word x" are left to names (keys.h).
 */
#ifndef FORMATS_REDACT_TOKEN_FORMATS_H
#define FORMATS_REDACT_TOKEN_FORMATS_H

#include "base/str.h"

/* Classes of bytes, and alphabets made of them. */
enum {
    CLASS_DIGIT = 1,
    CLASS_UPPER_HEX = 2, /* A-F */
    CLASS_UPPER = 4,     /* G-Z */
    CLASS_LOWER_HEX = 8,
    CLASS_LOWER = 16,
    CLASS_DASH = 32,
    CLASS_UNDERSCORE = 64,
    CLASS_PLUS = 128, /* and '/' */
    CLASS_EQUALS = 256,
    CLASS_DOT = 512,
    CLASS_TILDE = 1024,

    LOWER_HEX = CLASS_DIGIT | CLASS_LOWER_HEX,
    ANY_HEX = LOWER_HEX | CLASS_UPPER_HEX,
    CAPITALS = CLASS_DIGIT | CLASS_UPPER_HEX | CLASS_UPPER,
    SMALL = LOWER_HEX | CLASS_LOWER,
    ALNUM = CAPITALS | SMALL,
    WORD = ALNUM | CLASS_UNDERSCORE,
    RUN = WORD | CLASS_DASH, /* of TRIGGER_RUN */
    DOTTED = RUN | CLASS_DOT,
    BASE64 = ALNUM | CLASS_PLUS | CLASS_EQUALS,
    URL_SAFE = RUN | CLASS_EQUALS,
    BEARER = DOTTED | CLASS_PLUS | CLASS_EQUALS | CLASS_TILDE,
};

unsigned byte_class(char c);

/* The first byte from `from` on that is not of the alphabet, at most `to`. */
size_t alphabet_end(struct str line, size_t from, size_t to, unsigned alphabet);

/* No word goes on there from the left; letters and digits of an escape ("\\n", "%3D") are of none. */
bool is_word_start(struct str line, size_t at);

struct token_format {
    struct str before;  /* stands in front of the run */
    struct str prefix;  /* with which the run begins */
    unsigned alphabet;  /* of what follows the prefix */
    size_t least, most; /* bytes of it; most 0: no bound */
    /* Unless NULL: whether line[*from, *to) is one; it may set the place right. Else it must have some variety. */
    bool (*check)(struct str line, size_t *from, size_t *to);
    const char *kind;
};

/* With which two bytes formats with a prefix begin: of the first, the second, as bits. What tells nearly all words from them. */
struct token_index {
    uint64_t seconds[128][2];
};

void token_index_init(struct token_index *index);

static inline bool token_may_begin(const struct token_index *index, char first, char second)
{
    unsigned a = (unsigned char)first, b = (unsigned char)second;
    return a < 128 && b < 128 && index->seconds[a][b / 64] >> b % 64 & 1;
}

/* Ends in a row without kind; NULL: there is none that begins with the byte. */
const struct token_format *token_formats_by_first(char first);
/* Those with something in front whose last byte this is. */
const struct token_format *token_formats_behind(char last);

#endif
