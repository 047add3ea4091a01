/*
 * Memory, and cleanup at the end of a scope.
 *
 * Asking for memory never fails: when the kernel has none the process ends, which is safe because
 * the disk is good at every moment. So what outside input can ask for must be bounded by the
 * caller.
 *
 *     defer(buf_free) struct buf body = {.max = 1 << 20};    freed when the scope ends
 *     *out = move(body_ptr);                                 handed over; the variable becomes NULL
 *
 * Every destructor takes the address of the variable and accepts the zero value.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define defer(fn) __attribute__((cleanup(fn)))

#define move(p)                   \
    ({                            \
        __auto_type moved_ = (p); \
        (p) = NULL;               \
        moved_;                   \
    })

#define countof(a)            (sizeof(a) / sizeof *(a))
#define container_of(p, t, m) ((t *)((char *)(p)-offsetof(t, m)))
/* Arguments are evaluated once. */
#define max_of(a, b)              pick_of(>, a, b, __COUNTER__)
#define min_of(a, b)              pick_of(<, a, b, __COUNTER__)
#define pick_of(op, a, b, unique) pick_of_named(op, a, b, unique)
#define pick_of_named(op, a, b, unique)                                   \
    ({                                                                    \
        __auto_type left_##unique = (a);                                  \
        __auto_type right_##unique = (b);                                 \
        left_##unique op right_##unique ? left_##unique : right_##unique; \
    })

/* Before the first thread: the allocator gives memory back to the kernel instead of keeping what each
 * thread once used. */
void mem_setup(void);
void mem_trim(void); /* what is free, now: after something large */

void *mem_alloc(size_t size);     /* zeroed */
void *mem_alloc_raw(size_t size); /* not zeroed: for large buffers that are written before read */
void *mem_resize(void *p, size_t old_size, size_t new_size); /* what is new is zeroed */
void *mem_resize_raw(void *p, size_t size);                  /* what is new is not zeroed */
void mem_free(void *address_of_pointer);                     /* frees, and leaves NULL */
/* Overwrites with zeros in a way no compiler removes; for keys and tokens. */
void mem_wipe(void *p, size_t size);

#define mem_new(type)      ((type *)mem_alloc(sizeof(type)))
#define mem_array(type, n) ((type *)mem_alloc_array(sizeof(type), (n)))
void *mem_alloc_array(size_t item, size_t n);

/* Makes room for one more item in a growing array: items, its count and its capacity are lvalues. */
#define mem_grow(items, n, capacity)                                                              \
    do {                                                                                          \
        if ((n) == (capacity)) {                                                                  \
            size_t more_ = (capacity) ? (size_t)(capacity)*2 : 8;                                 \
            (items) = mem_resize((items), (capacity) * sizeof *(items), more_ * sizeof *(items)); \
            (capacity) = (__typeof__(capacity))more_;                                             \
        }                                                                                         \
    } while (0)

#endif
