/*
 * What the content of a JSON string means, as the bytes that were escaped when it was written.
 *
 *     \" \\ \/ \b \f \n \r \t     one byte
 *     \u0041 .. \uffff            UTF-8; \ud83d\ude00 together are one character
 *     \ud83d alone                U+FFFD, as Go's encoding/json, Python and browsers have it
 *
 *  1. The meaning is never longer than what was written.
 *  2. Any other escape, and a control character that is not escaped, is no JSON.
 *  3. Bytes that are not UTF-8 stay as they are.
 *  4. Linear, and nothing is read at or behind end.
 */
#ifndef FORMATS_LINE_JSON_TEXT_H
#define FORMATS_LINE_JSON_TEXT_H

#include "base/str.h"

/* Up to so many bytes behind the meaning are written over. */
enum { JSON_TEXT_SLACK = 16 };

/* From the content at *at to its closing quote, at which *at is left. to has room for
 * end - *at + JSON_TEXT_SLACK bytes; the end of what was written there. NULL by rule 2, or if there
 * is no quote before end. The second reads 8 bytes at a time on every machine, the first uses SSE2 where
 * there is; both always agree. */
char *json_unescape(const char **at, const char *end, char *to);
char *json_unescape_scalar(const char **at, const char *end, char *to);

#endif
