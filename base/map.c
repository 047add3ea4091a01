#include "base/map.h"

#include "base/hash.h"
#include "base/mem.h"

void map_free(struct map *m)
{
    mem_free(&m->slots);
    *m = (struct map){0};
}

static struct map_entry *slot_of(const struct map *m, struct str key, uint64_t hash)
{
    size_t mask = m->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct map_entry *slot = &m->slots[i];
        if (!slot->value || (slot->hash == hash && str_equal(slot->key, key)))
            return slot;
    }
}

void *map_get(const struct map *m, struct str key)
{
    return m->n ? slot_of(m, key, hash64(key))->value : NULL;
}

static void resize(struct map *m, size_t capacity)
{
    struct map old = *m;
    *m = (struct map){.slots = mem_array(struct map_entry, capacity), .capacity = capacity};
    for (size_t i = 0; i < old.capacity; i++) {
        struct map_entry *from = &old.slots[i];
        if (from->value) {
            *slot_of(m, from->key, from->hash) = *from;
            m->n++;
        }
    }
    map_free(&old);
}

void *map_put(struct map *m, struct str key, void *value)
{
    assert(value);
    if (m->n + 1 > m->capacity - m->capacity / 4)
        resize(m, m->capacity ? m->capacity * 2 : 16);
    uint64_t hash = hash64(key);
    struct map_entry *slot = slot_of(m, key, hash);
    void *former = slot->value;
    *slot = (struct map_entry){.key = key, .value = value, .hash = hash};
    m->n += former == NULL;
    return former;
}

/* Closes the gap by moving later entries of the same run back (Knuth, 6.4, algorithm R). */
void *map_remove(struct map *m, struct str key)
{
    if (m->n == 0)
        return NULL;
    struct map_entry *slot = slot_of(m, key, hash64(key));
    void *value = slot->value;
    if (!value)
        return NULL;
    size_t mask = m->capacity - 1, gap = (size_t)(slot - m->slots);
    for (size_t i = (gap + 1) & mask; m->slots[i].value; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            m->slots[gap] = m->slots[i];
            gap = i;
        }
    }
    m->slots[gap] = (struct map_entry){0};
    m->n--;
    return value;
}

struct map_entry *map_next(const struct map *m, const struct map_entry *entry)
{
    size_t i = entry ? (size_t)(entry - m->slots) + 1 : 0;
    for (; i < m->capacity; i++) {
        if (m->slots[i].value)
            return &m->slots[i];
    }
    return NULL;
}
