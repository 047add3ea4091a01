/*
 * Text forms of bytes: JSON strings (RFC 8259), base64 (RFC 4648); how wide text is and where it may be cut.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

/* The front of s, at most max bytes of it, that does not end inside a UTF-8 character. */
struct str str_cut_utf8(struct str s, size_t max);

/* Characters of UTF-8, as they stand one beside the other. */
size_t text_width(struct str s);

/* As it is; what is not UTF-8 becomes U+FFFD. */
void put_utf8(struct buf *b, struct str s);

/* A JSON string with its quotes. Control bytes are escaped; what is not UTF-8 becomes U+FFFD, and the answer is false. */
bool put_json(struct buf *b, struct str s);
/* The same of what stood between quotes: its escapes, which are valid, stay as they are. */
void put_json_escaped(struct buf *b, struct str content);

/* With padding, section 4; or URL-safe and without, section 5. */
void put_base64(struct buf *b, struct str bytes);
void put_base64url(struct buf *b, struct str bytes);
/* Either alphabet, padding optional; into at most room bytes. SIZE_MAX if it is not base64. */
size_t decode_base64(struct str s, char *out, size_t room);

#endif
