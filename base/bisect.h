/*
 * How many of n items, which are in an order, come before a place in it:
 *
 *     size_t first = bisect(zone->n, i, zone->changes[i].utc_s <= utc_s);
 *
 * The condition says it of item i; it is true of the first ones and of no other.
 */
#ifndef BASE_BISECT_H
#define BASE_BISECT_H

#include <stddef.h>

#define bisect(n, i, comes_before)                \
    ({                                            \
        size_t low_ = 0, high_ = (n);             \
        while (low_ < high_) {                    \
            size_t i = low_ + (high_ - low_) / 2; \
            if (comes_before)                     \
                low_ = i + 1;                     \
            else                                  \
                high_ = i;                        \
        }                                         \
        low_;                                     \
    })

#endif
