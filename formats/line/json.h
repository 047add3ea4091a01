/*
 * The members of one JSON object line, as views on its bytes, in one pass from left to right.
 *
 *     struct json_scan scan;
 *     struct json_member m;
 *     if (json_open(&scan, line))
 *         while (json_next(&scan, &m))
 *             ...
 *
 *     {"level":30,"log":{"level":"warn"},"tags":["a","b"],"req":{"h":{"x":1}}}
 *                 outer ""     outer "log"     outer ""            outer "req"
 *        key "level" 30   key "level" "warn"   key "tags" ["a","b"]  key "h" {"x":1}
 *
 * Members of the line and of its objects one step down come one by one; anything deeper, and every
 * array, comes as one value. An object one step down is not a member itself: its members are.
 *
 *  1. Every byte is looked at a bounded number of times, whatever the input: linear.
 *  2. No allocation, no recursion: the depth below is a counter.
 *  3. Views are raw: escapes stay as written, strings come without their quotes.
 *  4. It finds, it does not judge: numbers are not checked beyond their alphabet and closing
 * brackets only counted, so all valid JSON and some that is not passes. At the first thing that
 * cannot be JSON, or where the line is cut, .bad is set; what came before was given and counts.
 */
#ifndef FORMATS_LINE_JSON_H
#define FORMATS_LINE_JSON_H

#include "base/str.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_OBJECT, JSON_ARRAY };

struct json_member {
    struct str outer;    /* key of the object around it; .ptr is NULL at the top */
    struct str key;      /* raw, without quotes */
    struct str value;    /* raw; a string without quotes, a container with its brackets */
    enum json_kind kind; /* of the value */
};

struct json_scan {
    const char *at, *end; /* what is still to be read */
    struct str outer;     /* as in json_member */
    bool need_comma;      /* a member has just ended */
    bool bad;             /* stopped at something that cannot be JSON, or at a cut */
    bool done;            /* the closing brace was read; only blanks may follow at .at */
};

/* False if the first byte that is not blank is no '{'. */
bool json_open(struct json_scan *scan, struct str line);
/* False at the end or at an error; *member is then unchanged. */
bool json_next(struct json_scan *scan, struct json_member *member);

/* From the first byte of a string's content to its closing quote, or end. */
const char *json_string_end(const char *at, const char *end);
/* From an opening bracket to behind the one that closes it; NULL without one. */
const char *json_container_end(const char *at, const char *end);

/* The first '"' or '\' in [at, end), or end; the second reads 8 bytes at a time on every machine,
 * the first uses SSE2 where there is. Both always agree. */
const char *json_find_quote(const char *at, const char *end);
const char *json_find_quote_scalar(const char *at, const char *end);
/* The same for '"' and the four brackets. */
const char *json_find_bracket(const char *at, const char *end);
const char *json_find_bracket_scalar(const char *at, const char *end);

#endif
