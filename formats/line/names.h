/*
 * Names in front of ':' and '=', in JSON, logfmt, headers and text, and which of a list they end in.
 *
 *     "x-request-id":"…"    req_id=…    Trace Id: …    \"traceId\":\"…\"    :request_id=>"…"
 *
 * Only the last words of a name decide; case does not count, nor how words are joined: requestId, request_id, REQUEST-ID.
 * Nearly all names are told by their last bytes, in tables, to end in none.
 */
#ifndef FORMATS_LINE_NAMES_H
#define FORMATS_LINE_NAMES_H

#include "base/ascii.h"

enum { NAME_GAP_MAX = 64 }; /* bytes between a name and its sign */

/* Where the name ends whose sign is at `at`: in front of blanks, a bracket and a quote. */
size_t name_end(struct str line, size_t at);
/* Behind the sign: "=>", ":=". 0: it is none, as in "==" and "::". */
size_t behind_sign(struct str line, size_t at);
/* Whether the sign is the last of several: "!=", "==". */
bool ends_operator(struct str line, size_t at);

/* Where in text the words begin in which it ends; SIZE_MAX: it does not. words: lower case, joined. */
size_t words_begin(struct str text, struct str words);
/* Does a word of text begin there? "dbPass", "db_pass", "DBPass". */
bool is_word_begin(struct str text, size_t at);

/* What names end in, in tables that tell nearly all others from them. A byte counts without its case. */
struct name_ends {
    uint32_t two[32];        /* of names of two bytes */
    uint32_t three[32 * 32]; /* by the last two bytes, of the one in front of them */
    uint32_t four[512];      /* by a hash of the last four */
    uint32_t brief[512];     /* the same, of names that are shorter than six */
    uint32_t six[512];       /* of the longer ones: by a hash of the first four of the last six */
};

void name_ends_add(struct name_ends *ends, struct str name);

static inline bool has_hash(const uint32_t table[512], uint32_t hash)
{
    return table[hash / 32] >> hash % 32 & 1;
}

/* By its last three bytes only. */
static inline bool name_ends_may(const struct name_ends *ends, const char *to)
{
    return ends->three[(to[-2] & 31) << 5 | (to[-1] & 31)] >> (to[-3] & 31) & 1;
}

/* Whether a name may end in front of line[to]. */
static inline bool name_ends_have(const struct name_ends *ends, struct str line, size_t to)
{
    if (to < 4)
        return to > 0;
    const char *last = line.ptr + to - 4;
    if (!name_ends_may(ends, line.ptr + to))
        return false;
    uint32_t hash = hash_of_four(last);
    return (ends->two[last[2] & 31] >> (last[3] & 31) & 1) ||
           (has_hash(ends->four, hash) &&
            (to < 6 || has_hash(ends->brief, hash) || has_hash(ends->six, hash_of_four(last - 2))));
}

#endif
