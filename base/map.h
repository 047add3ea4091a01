/*
 * A hash map from bytes to a pointer: open addressing, linear probing, at most 3/4 full. It copies
 * nothing: keys point to bytes that live as long as the entry (usually inside the value). Iteration
 * order is arbitrary. The zero value is an empty map.
 *
 *     map_each(&m, entry) use(entry->key, entry->value);
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/str.h"

struct map_entry {
    struct str key;
    void *value; /* NULL = slot is free */
    uint64_t hash;
};

struct map {
    struct map_entry *slots; /* owned; a power of two of them */
    size_t capacity;
    size_t n;
};

void map_free(struct map *m);                       /* frees the table, not what it points to */
void *map_get(const struct map *m, struct str key); /* NULL if there is none */
/* Replaces and returns the former value, or NULL. value is not NULL. */
void *map_put(struct map *m, struct str key, void *value);
void *map_remove(struct map *m, struct str key); /* returns the value, or NULL */
/* The entry after this one (NULL: the first); NULL at the end. The map must not change meanwhile.
 */
struct map_entry *map_next(const struct map *m, const struct map_entry *entry);

#define map_each(m, entry) \
    for (struct map_entry *entry = map_next((m), NULL); entry; entry = map_next((m), entry))

/* For keys that are plain structs without padding. */
#define MAP_KEY(variable) str_of(&(variable), sizeof(variable))

#endif
