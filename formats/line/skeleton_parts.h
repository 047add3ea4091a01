/* What the files of skeleton.h share: text and JSON, which stand in each other. */
#ifndef FORMATS_LINE_SKELETON_PARTS_H
#define FORMATS_LINE_SKELETON_PARTS_H

#include "formats/line/skeleton.h"

/* What is done with the value of a key: it is a slot, it stays if it is a word, its text has a shape of its own. */
enum skeleton_value { VALUE_SLOT, VALUE_WORD, VALUE_TEXT, VALUE_MESSAGE };

enum skeleton_value skeleton_value_of(struct str key);
/* Letters and signs of names, not long: it may stay. */
bool is_skeleton_word(struct str value);
/* A word, without a blank in it. */
void put_skeleton_word(struct buf *out, const char *from, const char *to);
/* Several lines as skeleton.h says. depth: how many texts of JSON it is in. */
void put_skeleton_text(struct skeleton *s, struct str text, unsigned depth, struct buf *out);
/* The content of a string, a quote behind it, in quotes; nothing in them if it is too deep. */
void put_skeleton_quoted(struct skeleton *s, struct str content, unsigned depth, struct buf *out);
/* The object at `at`; returns where it ends, or where it is none. Its message goes to front, or NULL: stays. */
const char *put_skeleton_object(struct skeleton *s, const char *at, const char *end, unsigned depth,
                                struct buf *front, struct buf *out);

/* '{' and the quote of a key. */
bool begins_skeleton_object(const char *at, const char *end);

#endif
