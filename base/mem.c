#include "base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "sluice: out of memory (%zu bytes asked for)\n", size);
    abort();
}

void mem_setup(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 4 << 20); /* fixed: glibc would raise it to 32 MiB by itself */
    mallopt(M_TRIM_THRESHOLD, 8 << 20);
}

void mem_trim(void)
{
    malloc_trim(0);
}

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *mem_alloc_raw(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *mem_alloc_array(size_t item, size_t n)
{
    size_t size;
    if (__builtin_mul_overflow(item, n, &size))
        out_of_memory(SIZE_MAX);
    return mem_alloc(size);
}

void *mem_resize_raw(void *p, size_t size)
{
    void *resized = realloc(p, size ? size : 1);
    if (!resized)
        out_of_memory(size);
    return resized;
}

void *mem_resize(void *p, size_t old_size, size_t new_size)
{
    char *grown = mem_resize_raw(p, new_size);
    if (new_size > old_size)
        memset(grown + old_size, 0, new_size - old_size);
    return grown;
}

void mem_free(void *address_of_pointer)
{
    void **p = address_of_pointer;
    free(*p);
    *p = NULL;
}

void mem_wipe(void *p, size_t size)
{
    if (size)
        explicit_bzero(p, size);
}
