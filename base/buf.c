#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

void buf_free(struct buf *b)
{
    mem_free(&b->ptr);
    *b = (struct buf){.max = b->max};
}

void buf_wipe(struct buf *b)
{
    mem_wipe(b->ptr, b->capacity);
    buf_free(b);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->over = false;
}

char *buf_grow(struct buf *b, size_t n)
{
    size_t max = b->max ? b->max : BUF_DEFAULT_MAX;
    if (b->over || n > max - b->len) {
        b->over = true;
        return NULL;
    }
    size_t need = b->len + n;
    if (need > b->capacity || !b->ptr) {
        size_t capacity = max_of(need, b->capacity + b->capacity / 2);
        capacity = min_of(max_of(capacity, (size_t)64), max_of(max, (size_t)1));
        b->ptr = mem_resize_raw(b->ptr, capacity);
        b->capacity = capacity;
    }
    return b->ptr + b->len;
}

void buf_print(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    size_t room = b->over ? 0 : b->capacity - b->len; /* mostly it fits */
    int n = vsnprintf(room ? b->ptr + b->len : NULL, room, fmt, args);
    if (n >= 0 && (size_t)n >= room) {
        char *at = buf_reserve(b, (size_t)n + 1);
        n = at ? vsnprintf(at, (size_t)n + 1, fmt, again) : -1;
    }
    b->len += n > 0 ? (size_t)n : 0;
    va_end(again);
    va_end(args);
}

void buf_add_number(struct buf *b, uint64_t v)
{
    char digits[20], *at = digits + sizeof digits;
    do
        *--at = (char)('0' + v % 10);
    while ((v /= 10));
    buf_add(b, str_of(at, (size_t)(digits + sizeof digits - at)));
}

void buf_remove_front(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (n == 0)
        return;
    memmove(b->ptr, b->ptr + n, b->len - n);
    b->len -= n;
}

static void store_le(char *at, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (char)(v >> (8 * i));
}

static void put_le(struct buf *b, uint64_t v, size_t size)
{
    char *at = buf_reserve(b, size);
    if (!at)
        return;
    store_le(at, v, size);
    b->len += size;
}

void put_u8(struct buf *b, uint8_t v)
{
    put_le(b, v, 1);
}
void put_u16(struct buf *b, uint16_t v)
{
    put_le(b, v, 2);
}
void put_u32(struct buf *b, uint32_t v)
{
    put_le(b, v, 4);
}
void put_u64(struct buf *b, uint64_t v)
{
    put_le(b, v, 8);
}

void put_varint(struct buf *b, uint64_t v)
{
    if (v < 0x80) {
        put_u8(b, (uint8_t)v);
        return;
    }
    char bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (char)(v | 0x80);
    bytes[n++] = (char)v;
    buf_add(b, str_of(bytes, n));
}

void put_zigzag(struct buf *b, int64_t v)
{
    put_varint(b, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

void put_str(struct buf *b, struct str s)
{
    put_varint(b, s.len);
    buf_add(b, s);
}

void put_u32_at(struct buf *b, size_t offset, uint32_t v)
{
    if (b->over)
        return;
    assert(offset + 4 <= b->len);
    store_le(b->ptr + offset, v, 4);
}

void put_u64_at(struct buf *b, size_t offset, uint64_t v)
{
    if (b->over)
        return;
    assert(offset + 8 <= b->len);
    store_le(b->ptr + offset, v, 8);
}

const char *buf_text(struct buf *b)
{
    if (b->len == b->capacity || !b->ptr)
        b->ptr = mem_resize_raw(b->ptr, b->capacity + 1);
    b->ptr[b->len] = '\0';
    return b->ptr;
}
