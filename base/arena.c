#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { PAGE_MIN = 512, PAGE_MAX = 1 << 20 };

struct arena_page {
    struct arena_page *older;
    size_t used;
    size_t capacity;
    _Alignas(max_align_t) char bytes[];
};

static void free_pages(struct arena_page *page)
{
    while (page) {
        struct arena_page *older = page->older;
        mem_free(&page);
        page = older;
    }
}

void arena_free(struct arena *a)
{
    free_pages(a->page);
    free_pages(a->spare);
    *a = (struct arena){0};
}

void arena_reset(struct arena *a)
{
    if (a->page) {
        free_pages(a->page->older);
        a->page->older = NULL;
        a->page->used = 0;
    }
    a->used = 0;
}

void arena_recycle(struct arena *a)
{
    free_pages(a->spare);
    *a = (struct arena){.spare = a->page};
}

/* The smallest one that is kept and large enough, taken out; NULL: there is none. */
static struct arena_page *take_spare(struct arena *a, size_t size)
{
    struct arena_page **best = NULL;
    for (struct arena_page **at = &a->spare; *at; at = &(*at)->older)
        if ((*at)->capacity >= size && (!best || (*at)->capacity < (*best)->capacity))
            best = at;
    struct arena_page *page = best ? *best : NULL;
    if (page)
        *best = page->older;
    return page;
}

/* What is larger than usual gets room to grow, since untouched memory costs nothing. */
static struct arena_page *make_page(const struct arena_page *newest, size_t size)
{
    size_t usual = newest ? min_of(newest->capacity * 2, (size_t)PAGE_MAX) : PAGE_MIN;
    size_t capacity = size <= usual ? usual : size < PAGE_MAX ? size : size + size / 4;
    struct arena_page *page = mem_alloc_raw(sizeof *page + capacity);
    page->capacity = capacity;
    return page;
}

static void *take(struct arena *a, size_t size, size_t align)
{
    struct arena_page *page = a->page;
    size_t at = page ? (page->used + align - 1) & ~(align - 1) : 0;
    if (!page || at > page->capacity || size > page->capacity - at) {
        struct arena_page *fresh = take_spare(a, size);
        if (!fresh)
            fresh = make_page(page, size);
        fresh->older = page;
        a->page = page = fresh;
        at = 0;
    }
    page->used = at + size;
    a->used += size;
    return page->bytes + at;
}

void *arena_alloc_raw(struct arena *a, size_t size)
{
    return take(a, size, _Alignof(max_align_t));
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p = take(a, size, _Alignof(max_align_t));
    memset(p, 0, size);
    return p;
}

struct str arena_copy(struct arena *a, struct str s)
{
    char *p = take(a, s.len, 1);
    if (s.len)
        memcpy(p, s.ptr, s.len);
    return str_of(p, s.len);
}

const char *arena_text(struct arena *a, struct str s)
{
    char *p = take(a, s.len + 1, 1);
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = '\0';
    return p;
}

struct str arena_print(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    size_t len = n > 0 ? (size_t)n : 0;
    char *p = take(a, len + 1, 1);
    vsnprintf(p, len + 1, fmt, again);
    va_end(again);
    va_end(args);
    return str_of(p, len);
}
