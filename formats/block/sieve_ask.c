/*
 * Whether a needle may stand in lines. Pieces of it are followed through a shape as a set of places (needle.h): through
 * static text byte by byte, and through a slot as its column's fit says.
 *
 * Of a chunk its filters are asked first, for all pieces of the needle at once. What they lack decides, with the shapes, and most
 * chunks lack the same of a needle that is nowhere: a shape is followed once for all of them.
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

/* Hashes of pieces of the needle, with the places at which they begin. */
struct hashes {
    uint64_t items[NEEDLE_MAX];
    uint8_t places[NEEDLE_MAX];
    size_t n;
};

/* What of the needle is not in a chunk, by its filters: bits of places. Compared as bytes. */
struct lacks {
    uint64_t grams;           /* the gram of the window there */
    uint64_t window, has_odd; /* of these, if there are any */
    uint64_t uuids;           /* the middle of the UUID */
    uint64_t longs;           /* a piece of the long id */
    uint64_t short_ids;       /* the run, which is a whole one of the needle */
};

enum verdict { VERDICT_NO, VERDICT_ASK, VERDICT_MAY };

/* Of all shapes, in chunks that lack the same. */
struct verdicts {
    struct lacks lacks;
    uint8_t *of_shapes; /* enum verdict */
    enum verdict of_rest;
};

enum { KEPT_VERDICTS = 8 };

struct ask {
    const struct sieve *sieve;
    struct arena *arena;
    struct needle needle;
    char bytes[NEEDLE_MAX]; /* in small letters */
    unsigned n;
    bool is_in_texts; /* of shapes, perhaps across two */
    /* Where bytes of classes stand, by the set of these: of the lower ones, and of the others. */
    uint64_t classes[2][256];
    uint64_t runs[NEEDLE_MAX]; /* [n]: where n + 1 hex digits begin */
    struct hashes uuids, longs, short_ids, grams;
    unsigned window;    /* of .grams; 0: there are none yet */
    struct fit *stamps; /* of each column, in all chunks */
    struct fit *fits;   /* the same in chunks that lack what the last one does */
    uint8_t *possible;  /* enum verdict of each shape by stamps, NO or ASK */
    struct verdicts kept[KEPT_VERDICTS];
    size_t n_kept, oldest;
    const struct verdicts *last; /* those asked last */
    const struct lacks *lacks;   /* of them; NULL: stamps are asked */
    uint32_t round;
};

static uint64_t bits_between(unsigned from, unsigned to)
{
    return to > from ? low_places(to) & ~low_places(from) : 0;
}

/* Of sets of classes where their bytes stand. */
static void place_classes(struct ask *a)
{
    for (unsigned c = 0; c < countof(a->needle.places); c++) {
        unsigned class = stamp_class_of((unsigned char)c);
        a->classes[class / 8][1u << class % 8] |= a->needle.places[c];
    }
    for (unsigned half = 0; half < 2; half++)
        for (unsigned set = 1; set < 256; set++)
            a->classes[half][set] |=
                a->classes[half][set & (set - 1)] | a->classes[half][set & -set];
}

/* Behind the run that begins there. */
static unsigned run_end(const struct ask *a, unsigned from)
{
    uint64_t others = ~a->runs[0] & ~low_places(from);
    return others ? (unsigned)__builtin_ctzll(others) : NEEDLE_MAX;
}

static void add_hash(struct hashes *h, unsigned place, uint64_t hash)
{
    h->items[h->n] = hash;
    h->places[h->n++] = (uint8_t)place;
}

static void list_ids(struct ask *a)
{
    uint64_t hash, hashes[NEEDLE_MAX];
    for (unsigned i = 0; i < a->n; i++)
        if (is_uuid_middle(str_of(a->bytes + i, a->n - i), &hash))
            add_hash(&a->uuids, i, hash);
    for (uint64_t left = a->runs[LONG_ID - 1]; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctzll(left);
        grams_choose_digits(str_of(a->bytes + i, LONG_ID), hashes);
        add_hash(&a->longs, i, mix_hash(hashes[0]));
    }
    for (uint64_t left = a->runs[0]; left;) {
        unsigned from = (unsigned)__builtin_ctzll(left), to = run_end(a, from);
        if (is_short_id(str_of(a->bytes + from, to - from), &hash))
            add_hash(&a->short_ids, from, hash);
        left &= ~low_places(to);
    }
}

static void list_grams(struct ask *a, unsigned window)
{
    uint64_t hashes[NEEDLE_MAX];
    size_t n = grams_choose(str_of(a->bytes, a->n), window, hashes);
    a->window = window;
    a->grams.n = 0;
    for (unsigned i = 0; i < n; i++)
        if (hashes[i] != GRAMS_NONE)
            add_hash(&a->grams, i, mix_hash(hashes[i]));
}

static void read_needle(struct ask *a, const struct sieve_needle *needle)
{
    needle_init(&a->needle, needle->text, needle->ignore_case);
    a->n = a->needle.n;
    a->is_in_texts = is_needle_in(&a->needle, a->sieve->text);
    place_classes(a);
    for (unsigned i = 0; i < a->n; i++) {
        unsigned char c = (unsigned char)needle->text.ptr[i];
        a->bytes[i] = (char)fold_byte(c);
        a->runs[0] |= (uint64_t)is_hex((char)c) << i;
    }
    for (unsigned i = 1; i < NEEDLE_MAX; i++)
        a->runs[i] = a->runs[i - 1] & a->runs[0] >> i;
    list_ids(a);
}

/* ---- columns ---- */

static uint64_t places_of(const struct ask *a, unsigned classes)
{
    return a->classes[0][classes & 255] | a->classes[1][classes >> 8];
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

/* Bits of places at which pieces of so many bytes begin that are in the piece. */
static uint64_t places_in(unsigned from, unsigned to, unsigned bytes)
{
    return to - from >= bytes ? bits_between(from, to - bytes + 1) : 0;
}

/* Where runs begin that are longer than in any value: so many bytes and one more. */
static uint64_t long_runs(const struct ask *a, const struct stamp *s)
{
    return s->run < NEEDLE_MAX ? a->runs[s->run] : 0;
}

/* Whether a short id that stands between them is not in the chunk. */
static bool lacks_run(const struct ask *a, unsigned from, unsigned to)
{
    for (uint64_t left = a->lacks->short_ids & bits_between(from, to); left; left &= left - 1)
        if (run_end(a, (unsigned)__builtin_ctzll(left)) <= to)
            return true;
    return false;
}

/* Of which columns a chunk says what grams they have. */
static uint64_t lacked_grams(const struct ask *a, const struct stamp *s)
{
    return !s->is_odd || a->lacks->has_odd ? a->lacks->grams : 0;
}

/* Whether a value that the stamp allows may be this piece of the needle. */
static bool may_be(const struct ask *a, const struct stamp *s, unsigned from, unsigned to)
{
    const struct lacks *l = a->lacks;
    if (long_runs(a, s) & places_in(from, to, s->run + 1))
        return false;
    if (!l)
        return true;
    if (lacked_grams(a, s) & places_in(from, to, (unsigned)l->window))
        return false;
    return !(l->uuids & places_in(from, to, UUID_MIDDLE)) &&
           !(l->longs & places_in(from, to, LONG_ID)) && !(!s->is_typed && lacks_run(a, from, to));
}

/* Strikes out pieces that have so many bytes from any of these places on. */
static void strike(struct fit *f, uint64_t places, unsigned bytes)
{
    if (!places)
        return;
    f->is_inside = false;
    f->ends &= low_places((unsigned)__builtin_ctzll(places) + bytes - 1);
    f->starts &= ~low_places(63 - (unsigned)__builtin_clzll(places));
}

/* Those that have all of a short id that is lacked. At an end of the needle the value may go on with it, unless none has a longer
 * run. */
static void strike_runs(const struct ask *a, const struct stamp *s, struct fit *f)
{
    for (uint64_t left = a->lacks->short_ids; left; left &= left - 1) {
        unsigned from = (unsigned)__builtin_ctzll(left), to = run_end(a, from);
        bool begins = from > 0 || to - from == s->run, ends = to < a->n || to - from == s->run;
        f->is_inside = f->is_inside && !(begins && ends);
        f->ends &= begins ? low_places(to - 1) : UINT64_MAX;
        f->starts &= ends ? ~low_places(from) : UINT64_MAX;
    }
}

/* Strikes out what may not be. */
static void sift_fit(const struct ask *a, const struct stamp *s, struct fit *f)
{
    const struct lacks *l = a->lacks;
    strike(f, long_runs(a, s), s->run + 1);
    if (!l)
        return;
    strike(f, lacked_grams(a, s), (unsigned)l->window);
    strike(f, l->uuids, UUID_MIDDLE);
    strike(f, l->longs, LONG_ID);
    if (!s->is_typed)
        strike_runs(a, s, f);
}

static const struct fit *fit_of(const struct ask *a, size_t column)
{
    if (!a->lacks)
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
        else if (may_be(a, s, from, (unsigned)to))
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
    return a->is_in_texts ? needle_pass(&a->needle, text, set)
                          : needle_go_on(&a->needle, text, set);
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

/* Places of those that are not in the filter. */
static uint64_t lacked(const struct hashes *h, const struct bloom *bloom)
{
    uint64_t places = 0;
    for (size_t i = 0; i < h->n; i++)
        if (!bloom_has(bloom, h->items[i]))
            places |= UINT64_C(1) << h->places[i];
    return places;
}

static struct lacks lacks_of(struct ask *a, const struct sieve_chunk *c)
{
    if (a->window != c->window)
        list_grams(a, c->window);
    struct lacks l = {.grams = lacked(&a->grams, &c->grams),
                      .uuids = lacked(&a->uuids, &c->ids),
                      .longs = lacked(&a->longs, &c->ids),
                      .short_ids = lacked(&a->short_ids, &c->ids)};
    l.window = l.grams ? grams_window_bytes(c->window) : 0;
    l.has_odd = l.grams && c->has_odd;
    return l;
}

/* Those of chunks that lack the same; the oldest ones go if there are too many. */
static struct verdicts *verdicts_of(struct ask *a, const struct lacks *lacks)
{
    size_t n_shapes = a->sieve->n_shapes;
    struct verdicts *v;
    for (size_t i = 0; i < a->n_kept; i++)
        if (memcmp(&a->kept[i].lacks, lacks, sizeof *lacks) == 0)
            return &a->kept[i];
    if (a->n_kept < KEPT_VERDICTS) {
        v = &a->kept[a->n_kept++];
        v->of_shapes = arena_alloc_raw(a->arena, n_shapes);
    } else {
        v = &a->kept[a->oldest++ % KEPT_VERDICTS];
    }
    v->lacks = *lacks;
    v->of_rest = VERDICT_ASK;
    memcpy(v->of_shapes, a->possible, n_shapes);
    a->last = NULL;
    return v;
}

static struct verdicts *verdicts_in(struct ask *a, const struct sieve_chunk *c)
{
    struct lacks lacks = lacks_of(a, c);
    struct verdicts *v = verdicts_of(a, &lacks);
    a->round += v != a->last;
    a->last = v;
    a->lacks = &v->lacks;
    return v;
}

static bool may_have(struct ask *a, const struct sieve_chunk *c)
{
    struct verdicts *v = verdicts_in(a, c);
    if (c->has_rest && v->of_rest == VERDICT_ASK)
        v->of_rest = pass_slot(a, 0, &(uint64_t){0}) ? VERDICT_MAY : VERDICT_NO;
    if (c->has_rest && v->of_rest == VERDICT_MAY)
        return true;
    for (size_t i = 0; i < c->n_shapes; i++) {
        uint8_t *verdict = &v->of_shapes[c->shapes[i]];
        if (*verdict == VERDICT_ASK)
            *verdict = pass_shape(a, &a->sieve->shapes[c->shapes[i]]) ? VERDICT_MAY : VERDICT_NO;
        if (*verdict == VERDICT_MAY)
            return true;
    }
    return false;
}

/* By stamps, for all chunks at once. */
static void ask_shapes(struct ask *a)
{
    for (size_t i = 0; i < a->sieve->n_columns; i++) {
        fit_stamp(a, &a->sieve->columns[i], &a->stamps[i]);
        sift_fit(a, &a->sieve->columns[i], &a->stamps[i]);
    }
    for (size_t i = 0; i < a->sieve->n_shapes; i++)
        a->possible[i] = pass_shape(a, &a->sieve->shapes[i]) ? VERDICT_ASK : VERDICT_NO;
}

static void free_ask(struct ask *a)
{
    needle_free(&a->needle);
}

void sieve_ask(const struct sieve *s, const struct sieve_needle *needle, struct arena *arena,
               bool *may)
{
    defer(free_ask) struct ask a = {.sieve = s,
                                    .arena = arena,
                                    .stamps =
                                        arena_alloc_raw(arena, s->n_columns * sizeof *a.stamps),
                                    .fits = arena_array(arena, struct fit, s->n_columns),
                                    .possible = arena_alloc_raw(arena, s->n_shapes)};
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
