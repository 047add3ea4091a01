/*
 * Whether a needle may stand in lines. Pieces of it are followed through a shape as a set of places (needle.h): through
 * static text byte by byte, and through a slot as its column's fit says.
 */
#include "base/ascii.h"
#include "base/hash.h"
#include "base/mem.h"
#include "formats/block/sieve_parts.h"

/* What of the needle values of a column can be. */
struct fit {
    uint64_t ends;          /* bit i: one ends with the first i + 1 bytes, but not all of them */
    uint64_t starts;        /* bit i: one begins with what is behind them */
    uint64_t allowed;       /* bit i: byte i may be in one */
    uint64_t firsts, lasts; /* the same of the bytes at its ends */
    bool is_inside;         /* all of it may be in one */
    uint32_t round;         /* of asking in which what is above has been found out */
};

/* A piece of the needle that is in a value, and at which of its ends the value ends too. */
struct piece {
    unsigned from, to;
    bool begins, ends;
};

struct ask {
    const struct sieve *sieve;
    struct needle needle;
    char bytes[NEEDLE_MAX]; /* in small letters */
    unsigned n;
    bool is_in_texts;                /* of shapes, perhaps across two */
    uint64_t classes[STAMP_CLASSES]; /* where bytes of each class stand */
    uint64_t runs[NEEDLE_MAX + 1];   /* [n]: where n + 1 hex digits begin */
    struct fit *stamps;              /* of each column, in all chunks */
    struct fit *fits;                /* the same in the chunk that was asked last */
    bool *is_possible;               /* of each shape, by stamps: the needle may be in it */
    const struct sieve_chunk *chunk; /* NULL: all of them */
    uint32_t round;                  /* number of the chunk + 1 */
    uint64_t lacked_grams;           /* bit i: the gram of window i is not in the chunk */
    uint64_t lacked_uuids;           /* the middle of the UUID there is not */
    uint64_t lacked_longs;           /* nor is a piece of the long id there */
};

static uint64_t bits_between(unsigned from, unsigned to)
{
    return to > from ? low_places(to) & ~low_places(from) : 0;
}

static void read_needle(struct ask *a, const struct sieve_needle *needle)
{
    needle_init(&a->needle, needle->text, needle->ignore_case);
    a->n = a->needle.n;
    a->is_in_texts = is_needle_in(&a->needle, a->sieve->text);
    for (unsigned c = 0; c < countof(a->needle.places); c++)
        a->classes[stamp_class_of((unsigned char)c)] |= a->needle.places[c];
    for (unsigned i = 0; i < a->n; i++) {
        unsigned char c = (unsigned char)needle->text.ptr[i];
        a->bytes[i] = (char)fold_byte(c);
        a->runs[0] |= (uint64_t)is_hex((char)c) << i;
    }
    for (unsigned i = 1; i < NEEDLE_MAX; i++)
        a->runs[i] = a->runs[i - 1] & a->runs[0] >> i;
}

/* ---- columns ---- */

static uint64_t places_of(const struct ask *a, unsigned classes)
{
    uint64_t found = 0;
    for (; classes; classes &= classes - 1)
        found |= a->classes[__builtin_ctz(classes)];
    return found;
}

/* By the stamp alone. */
static void fit_stamp(const struct ask *a, const struct stamp *s, struct fit *f)
{
    *f = (struct fit){0};
    f->allowed = places_of(a, s->classes);
    f->firsts = places_of(a, s->first);
    f->lasts = places_of(a, s->last);
    unsigned most = min_of(s->most >= STAMP_LONG ? UINT32_MAX : s->most, (uint32_t)a->n);
    uint64_t missing = low_places(a->n) & ~f->allowed;
    unsigned front = missing ? (unsigned)__builtin_ctzll(missing) : a->n;
    unsigned back = missing ? a->n - 64 + (unsigned)__builtin_clzll(missing) : a->n;
    f->is_inside = front == a->n && s->most >= a->n;
    f->ends = low_places(min_of(min_of(front, most), a->n - 1)) & f->lasts;
    /* It begins with the last k bytes: the first n - k are in front, which is bit n - k - 1. */
    unsigned longest = min_of(min_of(back, most), a->n - 1);
    f->starts = bits_between(a->n - longest - 1, a->n - 1) & f->firsts >> 1;
}

/* Whether the piece has a longer run than any value. */
static bool has_long_run(const struct ask *a, const struct stamp *s, unsigned from, unsigned to)
{
    return s->run < to - from && a->runs[s->run] & bits_between(from, to - s->run);
}

/* Whether a complete run of the piece is not in the chunk. */
static bool lacks_run(const struct ask *a, const struct stamp *s, struct piece p)
{
    uint64_t left = a->runs[0] & bits_between(p.from, p.to), hash;
    while (left) {
        unsigned from = (unsigned)__builtin_ctzll(left);
        uint64_t others = ~left & ~low_places(from);
        unsigned to = others ? (unsigned)__builtin_ctzll(others) : 64;
        left &= ~low_places(to);
        bool is_whole =
            ((from > p.from || p.begins) && (to < p.to || p.ends)) || to - from == s->run;
        if (is_whole && is_short_id(str_of(a->bytes + from, to - from), &hash) &&
            !bloom_has(&a->chunk->ids, hash))
            return true;
    }
    return false;
}

/* Bits of places at which pieces of so many bytes begin that are in the piece. */
static uint64_t places_in(unsigned from, unsigned to, unsigned bytes)
{
    return to - from >= bytes ? bits_between(from, to - bytes + 1) : 0;
}

/* Whether a value that the stamp allows may have this piece of the needle. */
static bool may_be(const struct ask *a, const struct stamp *s, struct piece p)
{
    const struct sieve_chunk *c = a->chunk;
    if (has_long_run(a, s, p.from, p.to))
        return false;
    if (!c)
        return true;
    uint64_t windows = places_in(p.from, p.to, (unsigned)grams_window_bytes(c->window));
    if ((!s->is_odd || c->has_odd) && a->lacked_grams & windows)
        return false;
    if (s->is_typed || c->ids.n == 0)
        return true;
    return !(a->lacked_uuids & places_in(p.from, p.to, UUID_MIDDLE)) &&
           !(a->lacked_longs & places_in(p.from, p.to, LONG_ID)) && !lacks_run(a, s, p);
}

/* Strikes out what may not be. */
static void sift_fit(const struct ask *a, const struct stamp *s, struct fit *f)
{
    f->is_inside = f->is_inside && may_be(a, s, (struct piece){0, a->n, false, false});
    for (uint64_t left = f->ends; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        if (!may_be(a, s, (struct piece){0, i + 1, false, true}))
            f->ends &= ~(UINT64_C(1) << i);
    }
    for (uint64_t left = f->starts; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        if (!may_be(a, s, (struct piece){i + 1, a->n, true, false}))
            f->starts &= ~(UINT64_C(1) << i);
    }
}

static const struct fit *fit_of(const struct ask *a, size_t column)
{
    if (!a->chunk)
        return &a->stamps[column];
    struct fit *f = &a->fits[column];
    if (f->round != a->round) {
        *f = a->stamps[column];
        f->round = a->round;
        sift_fit(a, &a->sieve->columns[column], f);
    }
    return f;
}

/* Where values may end that begin behind the first i + 1 bytes, and are all in the needle. */
static uint64_t whole_values(const struct ask *a, size_t column, const struct fit *f, unsigned i)
{
    const struct stamp *s = &a->sieve->columns[column];
    unsigned from = i + 1;
    uint64_t missing = ~f->allowed & ~low_places(from), found = 0;
    unsigned missing_at = missing ? (unsigned)__builtin_ctzll(missing) : 64;
    uint64_t end = min_of((uint64_t)from + s->most, (uint64_t)missing_at);
    end = min_of(end, (uint64_t)a->n - 1);
    for (uint64_t to = from + max_of(s->least, 1u); to <= end && f->firsts >> from & 1; to++)
        if (!(f->lasts >> (to - 1) & 1))
            continue;
        else if (may_be(a, s, (struct piece){from, (unsigned)to, true, true}))
            found |= UINT64_C(1) << (to - 1);
    return found;
}

/* ---- shapes ---- */

/* Through a slot. True: the needle may be there up to its end. */
static bool pass_slot(const struct ask *a, size_t column, uint64_t *set)
{
    const struct fit *f = fit_of(a, column);
    if (f->is_inside || (*set & f->starts))
        return true;
    uint64_t next = f->ends;
    for (uint64_t left = *set; left; left &= left - 1)
        next |= whole_values(a, column, f, (unsigned)__builtin_ctzll(left));
    *set = next;
    return false;
}

static bool pass_text(const struct ask *a, struct str text, uint64_t *set)
{
    if (*set || a->is_in_texts)
        return needle_pass(&a->needle, text, set);
    *set = needle_ends(&a->needle, text);
    return false;
}

static bool pass_shape(const struct ask *a, const struct columns_shape *shape)
{
    const struct columns_slot *slot = a->sieve->slots + shape->slots;
    const char *text = shape->text;
    uint64_t set = 0;
    for (size_t k = 0; k < shape->n_slots; k++, slot++) {
        if (pass_text(a, str_of(text, slot->text), &set) || pass_slot(a, slot->column, &set))
            return true;
        text += slot->text;
    }
    return pass_text(a, str_of(text, shape->rest), &set);
}

/* ---- chunks ---- */

static uint64_t find_lacked_grams(const struct ask *a, const struct sieve_chunk *c)
{
    uint64_t hashes[NEEDLE_MAX], lacked = 0;
    size_t n = c->grams.n ? grams_choose(str_of(a->bytes, a->n), c->window, hashes) : 0;
    for (size_t i = 0; i < n; i++)
        if (hashes[i] != GRAMS_NONE && !bloom_has(&c->grams, mix_hash(hashes[i])))
            lacked |= UINT64_C(1) << i;
    return lacked;
}

static uint64_t find_lacked_uuids(const struct ask *a, const struct bloom *ids)
{
    uint64_t lacked = 0, hash;
    for (unsigned i = 0; i < a->n && ids->n; i++)
        if (is_uuid_middle(str_of(a->bytes + i, a->n - i), &hash) && !bloom_has(ids, hash))
            lacked |= UINT64_C(1) << i;
    return lacked;
}

static uint64_t find_lacked_longs(const struct ask *a, const struct bloom *ids)
{
    uint64_t lacked = 0, hashes[NEEDLE_MAX];
    for (uint64_t left = ids->n ? a->runs[LONG_ID - 1] : 0; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        grams_choose_digits(str_of(a->bytes + i, LONG_ID), hashes);
        if (!bloom_has(ids, mix_hash(hashes[0])))
            lacked |= UINT64_C(1) << i;
    }
    return lacked;
}

static bool may_have(struct ask *a, const struct sieve_chunk *c)
{
    uint64_t set = 0;
    a->chunk = c;
    a->lacked_grams = find_lacked_grams(a, c);
    a->lacked_uuids = find_lacked_uuids(a, &c->ids);
    a->lacked_longs = find_lacked_longs(a, &c->ids);
    a->round++;
    if (c->has_rest && pass_slot(a, 0, &set))
        return true;
    for (size_t i = 0; i < c->n_shapes; i++)
        if (a->is_possible[c->shapes[i]] && pass_shape(a, &a->sieve->shapes[c->shapes[i]]))
            return true;
    return false;
}

/* By stamps, for all chunks at once. */
static void ask_shapes(struct ask *a)
{
    for (size_t i = 0; i < a->sieve->n_columns; i++) {
        fit_stamp(a, &a->sieve->columns[i], &a->stamps[i]);
        if (a->runs[0])
            sift_fit(a, &a->sieve->columns[i], &a->stamps[i]);
    }
    for (size_t i = 0; i < a->sieve->n_shapes; i++)
        a->is_possible[i] = pass_shape(a, &a->sieve->shapes[i]);
}

static void free_ask(struct ask *a)
{
    needle_free(&a->needle);
}

void sieve_ask(const struct sieve *s, const struct sieve_needle *needle, struct arena *arena,
               bool *may)
{
    defer(free_ask) struct ask a = {.sieve = s,
                                    .stamps = arena_array(arena, struct fit, s->n_columns),
                                    .fits = arena_array(arena, struct fit, s->n_columns),
                                    .is_possible = arena_array(arena, bool, s->n_shapes)};
    bool knows = needle->text.len && str_find_byte(needle->text, '\n') == SIZE_MAX; /* 4 */
    if (knows) {
        read_needle(&a, needle);
        ask_shapes(&a);
    }
    for (size_t i = 0; i < s->n_chunks; i++)
        may[i] = may[i] || !knows || may_have(&a, &s->chunks[i]);
}

/* ---- ids ---- */

static uint64_t hash_folded(struct str s)
{
    char folded[LONG_ID];
    for (size_t i = 0; i < s.len; i++)
        folded[i] = (char)fold_byte((unsigned char)s.ptr[i]);
    return hash64(str_of(folded, s.len));
}

bool is_uuid_middle(struct str s, uint64_t *hash)
{
    enum { GROUP = 5 };
    if (s.len < UUID_MIDDLE)
        return false;
    for (size_t i = 0; i < UUID_MIDDLE; i++)
        if (i % GROUP ? !is_hex(s.ptr[i]) : s.ptr[i] != '-')
            return false;
    *hash = hash_folded(str_slice(s, 0, UUID_MIDDLE));
    return true;
}

bool is_short_id(struct str run, uint64_t *hash)
{
    bool has_letter = false;
    if (run.len < SHORT_ID || run.len >= LONG_ID)
        return false;
    for (size_t i = 0; i < run.len; i++)
        has_letter |= (unsigned char)run.ptr[i] > '9';
    *hash = hash_folded(run);
    return has_letter;
}
