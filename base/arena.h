/*
 * Memory for things that die together: one batch, one request, one query. Nothing in it is freed
 * alone. The zero value is valid. The owner bounds what it puts in by looking at .used.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/str.h"

struct arena_page;

struct arena {
    struct arena_page *page;  /* newest; linked to the older ones */
    struct arena_page *spare; /* of before arena_recycle */
    size_t used;              /* bytes handed out since the last reset */
};

void arena_free(struct arena *a);  /* back to the zero value */
void arena_reset(struct arena *a); /* forgets everything, keeps the newest page */
/* The same, and keeps what was used for what is like it and comes next; what was kept before and not used
 * since then is freed. */
void arena_recycle(struct arena *a);
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned for any type */
void *arena_alloc_raw(struct arena *a,
                      size_t size); /* not zeroed: for what is written before it is read */
struct str arena_copy(struct arena *a, struct str s);
struct str arena_print(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *arena_text(struct arena *a, struct str s); /* a NUL-terminated copy */

#define arena_new(a, type)      ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))

#endif
