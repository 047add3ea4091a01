/*
 * The shape of a line as people see it: what stays, with slots for what varies, and a short name for it.
 *
 *     job 4711 of worker-3 done in 12.5 ms           job <n> of worker-<n> done in <n> ms
 *     10.0.0.7 - - [20/Nov/2026:09:22:01 +0000] "GET /a?b=1 HTTP/1.1" 200 12 "-" "Mozilla/5.0 (…"
 *                                                    <ip> - - [<time>] "GET <path> HTTP/<n>" <n> <n> "<str>" "<str>"
 *     level=warn msg="slow job 4711" user=ann        level=warn msg="slow job <n>" user=<_>
 *     {"level":30,"pid":7,"req":{"id":1,"url":"/"},"msg":"job 4711 done"}
 *                                                    job <n> done {level=30 pid req{} msg}
 *
 * In text a word with a digit is a slot, but for the words joined in front of it with '-', '_' or '.'; so is what is
 * in quotes, a path, an address, a time, and a value behind '='. Of an object of JSON the keys stay, in their order,
 * and the text of its message, which comes first, and for which keys in its objects are left out; arrays are "key[]". Values of some keys, such as level, logger and
 * event, stay if they are words. Of a record of several lines the first counts and up to three of those that are
 * not indented, so that a stack trace has the shape of its message and its exception.
 *
 *  1. A shape is a function of the line alone: the same in every block, on every collector, and in every version that
 *     has these rules, as people write names of shapes down.
 *  2. Which digits a line has makes no difference, but in a level of JSON and in escapes.
 *  3. Linear; the shape has at most SKELETON_MAX bytes and no control bytes.
 */
#ifndef FORMATS_LINE_SKELETON_H
#define FORMATS_LINE_SKELETON_H

#include "base/buf.h"

enum {
    SKELETON_MAX = 1024,
    SKELETON_DEPTH = 3,  /* of JSON in a text in JSON ... */
    SKELETON_NAME = 17,  /* 16 hex digits and a NUL */
    SKELETON_SHOWN = 8,  /* digits of a name that people see */
    SKELETON_INNER = 32, /* objects in one, whose keys can be left out */
};

struct skeleton_span {
    size_t from, to;
};

/* Memory that is kept between lines. The zero value is valid. */
struct skeleton {
    struct buf text, keys;
    struct buf plain[SKELETON_DEPTH];           /* messages without their escapes */
    struct skeleton_span inner[SKELETON_INNER]; /* in .keys: what is in objects of the line's */
    size_t n_inner;
};

void skeleton_free(struct skeleton *s);
/* Lives until the next call. */
struct str skeleton_of(struct skeleton *s, struct str line);
/* Of a shape: the XXH3-64 of its bytes. */
void skeleton_name(struct str shape, char name[SKELETON_NAME]);

#endif
