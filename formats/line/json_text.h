/*
 * What a JSON string says: the views of json.h are raw, with their escapes as written.
 *
 *     json_unescape(STR("caf\\u00e9 \\\"x\\\""), ...)     café "x"
 *
 *  1. The result is never longer than the raw string.
 *  2. Half of a surrogate pair becomes U+FFFD. Bytes that are no escape are taken as they are: who
 *     needs UTF-8 checks for it.
 */
#ifndef FORMATS_LINE_JSON_TEXT_H
#define FORMATS_LINE_JSON_TEXT_H

#include "base/str.h"

/* At most room bytes, whole characters only: what is behind them is neither written nor looked at.
 * False at an escape that JSON does not have; *len is then unchanged. */
bool json_unescape(struct str raw, char *out, size_t room, size_t *len);

/* The front of s, at most max bytes of it, that does not end inside a UTF-8 character. */
struct str str_cut_utf8(struct str s, size_t max);

#endif
