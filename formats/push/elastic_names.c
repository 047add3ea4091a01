#include "formats/push/elastic_parts.h"

void elastic_names_reset(struct elastic_names *names)
{
    while (names->n > 0)
        names->slots[names->used[--names->n]] = 0;
}

bool elastic_names_add(struct elastic_names *names, uint64_t object, struct str name)
{
    const size_t mask = 2 * ELASTIC_NAMES_MAX - 1;
    uint64_t hash = (hash64(name) ^ object * UINT64_C(0x9e3779b97f4a7c15)) | 1;
    size_t at = (size_t)(hash >> 32) & mask;
    while (names->slots[at] != 0 && names->slots[at] != hash)
        at = (at + 1) & mask;
    if (names->slots[at] == hash || names->n == ELASTIC_NAMES_MAX)
        return false;
    names->slots[at] = hash;
    names->used[names->n++] = (uint16_t)at;
    return true;
}

static bool is_blank_part(struct str part)
{
    return str_trim(part).len == 0;
}

bool is_elastic_name(struct str name)
{
    struct str part;
    if (name.len == 0 || name.len > ELASTIC_NAME_BYTES_MAX || name.ptr[name.len - 1] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20)
            return false;
    for (struct str rest = name; take_until(&rest, '.', &part);)
        if (is_blank_part(part))
            return false;
    return is_utf8(name);
}
