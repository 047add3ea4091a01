/*
 * Bytes being built, with a ceiling. What does not fit is not added and latches .over, which is
 * checked once at the end:
 *
 *     defer(buf_free) struct buf b = {.max = 4096};
 *     buf_print(&b, "GET %s HTTP/1.1\r\n", path);
 *     buf_add(&b, body);
 *     if (b.over) return err_set(err, ERR_LIMIT, "request is larger than %zu bytes", b.max);
 *
 * The zero value is valid and has a ceiling of BUF_DEFAULT_MAX. Integers are little-endian; varints
 * are LEB128 (7 bits a byte, low first), signed ones in zigzag form.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/str.h"

#define BUF_DEFAULT_MAX ((size_t)16 << 20)

struct buf {
    char *ptr; /* owned; not NUL-terminated, see buf_text */
    size_t len;
    size_t capacity;
    size_t max; /* ceiling in bytes; 0 = BUF_DEFAULT_MAX */
    bool over;  /* something did not fit */
};

void buf_free(struct buf *b);            /* back to the zero value, keeping .max */
void buf_wipe(struct buf *b);            /* buf_free of a secret: its bytes are overwritten */
void buf_reset(struct buf *b);           /* empty, keeping the memory */
char *buf_grow(struct buf *b, size_t n); /* buf_reserve where there is no room yet */

/* Room for n more bytes at b->ptr + b->len, or NULL (and .over). The caller then adds to b->len. */
static inline char *buf_reserve(struct buf *b, size_t n)
{
    bool has_room = b->ptr && !b->over && n <= b->capacity - b->len;
    return has_room ? b->ptr + b->len : buf_grow(b, n);
}

static inline void buf_add(struct buf *b, struct str s)
{
    char *at = s.len ? buf_reserve(b, s.len) : NULL;
    if (!at)
        return;
    memcpy(at, s.ptr, s.len);
    b->len += s.len;
}

static inline void buf_add_byte(struct buf *b, char c)
{
    char *at = buf_reserve(b, 1);
    if (!at)
        return;
    *at = c;
    b->len++;
}

void buf_add_number(struct buf *b, uint64_t v); /* in decimal */
void buf_print(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_remove_front(struct buf *b, size_t n);

void put_u8(struct buf *b, uint8_t v);
void put_u16(struct buf *b, uint16_t v);
void put_u32(struct buf *b, uint32_t v);
void put_u64(struct buf *b, uint64_t v);
void put_varint(struct buf *b, uint64_t v);
void put_zigzag(struct buf *b, int64_t v);
void put_str(struct buf *b, struct str s); /* varint length, then the bytes */
/* Overwrite what is already there; offset + size <= b->len. */
void put_u32_at(struct buf *b, size_t offset, uint32_t v);
void put_u64_at(struct buf *b, size_t offset, uint64_t v);

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->ptr, b->len};
}

/* The content with a NUL behind it, which is not counted in len. */
const char *buf_text(struct buf *b);

#endif
