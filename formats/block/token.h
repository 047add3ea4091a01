/*
 * How a line is cut into what stays and what varies. A *token* is a run of letters, digits, '_' and bytes
 * over 127, in which '-' and '.' may stand between two of those. It varies, and becomes a slot, if
 *
 *     it has a digit                      job 4711, 10.0.0.7, 3f9c2a…, 12.5
 *     it is a value, whatever it is       level=info   "level":"info"   "ok":true
 *     it is a path                        GET /index.html      but not HTTP/1.1
 *     it is in quotes behind a blank      "GET / HTTP/1.1" 200 "-" "Mozilla/5.0 (X11; …"
 *
 * and all others are words, which stay. Of a token that ends in digits behind letters that are no hex
 * digits the letters stay too: worker-12 is "worker-" and 12. A time of day, alone or behind a date, is
 * one slot with all that belongs to it: 2026-11-20T09:22:01.123Z.
 *
 * These rules decide how small a block becomes, not what it says: readers never use them.
 */
#ifndef FORMATS_BLOCK_TOKEN_H
#define FORMATS_BLOCK_TOKEN_H

#include "base/str.h"

enum token_kind { TOKEN_WORD, TOKEN_TIME, TOKEN_PATH, TOKEN_QUOTED };

enum token_class { TOKEN_DIGIT = 1, TOKEN_LETTER = 2, TOKEN_HEX = 4, TOKEN_INNER = 8 };

extern const uint8_t token_classes[256];

/* Behind a token; at itself if none begins here. */
static inline const char *token_word_end(const char *at, const char *end)
{
    while (at < end) {
        unsigned class = token_classes[(unsigned char)*at];
        if (class & (TOKEN_DIGIT | TOKEN_LETTER))
            at++;
        else if (class == TOKEN_INNER && end - at > 1 &&
                 (token_classes[(unsigned char)at[1]] & (TOKEN_DIGIT | TOKEN_LETTER)))
            at += 2;
        else
            break;
    }
    return at;
}

/* The same for the other kinds. */
const char *token_other_end(enum token_kind kind, const char *at, const char *end);

static inline const char *token_end(enum token_kind kind, const char *at, const char *end)
{
    return kind == TOKEN_WORD ? token_word_end(at, end) : token_other_end(kind, at, end);
}

struct token_slot {
    const char *from, *to;
    enum token_kind kind;
};

/* The first slot in [at, end), of a line that begins at begin. False: there is none. */
bool token_next_slot(const char *begin, const char *at, const char *end, struct token_slot *slot);

#endif
