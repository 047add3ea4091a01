#include "formats/redact/scan.h"

/* ---- triggers ---- */

/* The 64 bytes that are looked at, the 64 behind them, and those in front. */
struct view {
    const struct byte_sets *before, *now, *next;
};

#define AHEAD(r, by) ahead((r).now, (r).next, by)

static uint64_t numbers_in(const struct view *v)
{
    struct repeats one = {v->now->digit, v->next->digit},
                   separator = {v->now->separator, v->next->separator};
    struct repeats two = twice(one, 1), four = twice(two, 2);
    struct repeats three = {two.now & AHEAD(one, 2), two.next & one.next >> 2};
    uint64_t seven = four.now & AHEAD(three, 4);
    uint64_t groups = three.now & AHEAD(separator, 3);
    uint64_t thrice = groups & AHEAD(three, 4);
    uint64_t social = groups & AHEAD(two, 4) & AHEAD(separator, 6) & AHEAD(four, 7);
    return (seven & ~behind(one.now, v->before->digit)) | thrice | social;
}

static uint64_t letters_in(const struct view *v)
{
    struct repeats upper = {v->now->upper, v->next->upper};
    uint64_t capitals = twice(upper, 1).now;
    if (!capitals)
        return 0;
    struct repeats digits = twice((struct repeats){v->now->digit, v->next->digit}, 1);
    uint64_t separated = ahead(v->now->separator, v->next->separator, 2) & AHEAD(digits, 3);
    return capitals & (AHEAD(digits, 2) | separated);
}

static uint64_t runs_in(const struct view *v)
{
    return runs_of_sixteen(v->before->run, v->now->run, v->next->run);
}

static uint64_t dashes_in(const struct view *v)
{
    if (!v->now->dash)
        return 0;
    struct repeats one = {v->now->dash, v->next->dash}, four = twice(twice(one, 1), 2);
    return four.now & AHEAD(one, 4) & ~behind(one.now, v->before->dash);
}

static uint64_t ats_in(const struct view *v)
{
    return v->now->at;
}

static uint64_t pairs_in(const struct view *v)
{
    return v->now->pair;
}

static uint64_t dots_in(const struct view *v)
{
    return v->now->dot & behind(v->now->digit, v->before->digit) &
           ahead(v->now->digit, v->next->digit, 1);
}

static uint64_t colons_in(const struct view *v)
{
    uint64_t hex = v->now->hex | v->now->colon;
    return v->now->colon & (behind(hex, v->before->hex | v->before->colon) |
                            ahead(v->now->colon, v->next->colon, 1));
}

static uint64_t dialed_in(const struct view *v)
{
    return v->now->dialed & ahead(v->now->digit, v->next->digit, 1);
}

static uint64_t (*const triggers[TRIGGERS])(const struct view *v) = {
    [TRIGGER_AT] = ats_in,          [TRIGGER_PAIR] = pairs_in,   [TRIGGER_NUMBER] = numbers_in,
    [TRIGGER_LETTERS] = letters_in, [TRIGGER_RUN] = runs_in,     [TRIGGER_DASHES] = dashes_in,
    [TRIGGER_DOT] = dots_in,        [TRIGGER_COLON] = colons_in, [TRIGGER_DIALED] = dialed_in,
};

/* ---- the pass ---- */

/* The finder at each place of set, but those before *from. */
static void ask(struct hunt *hunt, finder *find, uint64_t set, size_t base, size_t *from)
{
    for (; set; set &= set - 1) {
        size_t at = base + (unsigned)__builtin_ctzll(set);
        if (at >= *from)
            *from = find(hunt, at);
    }
}

void scan_line(const struct scan_finders *finders, struct hunt *hunt)
{
    struct byte_sets sets[3] = {0};
    size_t from[TRIGGERS] = {0};
    bool with_all =
        finders->of[TRIGGER_DOT] || finders->of[TRIGGER_COLON] || finders->of[TRIGGER_DIALED];
    unsigned first = 1;
    byte_sets_load(hunt->line, 0, with_all, &sets[first]);
    for (size_t base = 0; base < hunt->line.len; base += BYTE_SETS_WIDTH, first = (first + 1) % 3) {
        struct view v = {&sets[(first + 2) % 3], &sets[first], &sets[(first + 1) % 3]};
        byte_sets_load(hunt->line, base + BYTE_SETS_WIDTH, with_all, &sets[(first + 1) % 3]);
        for (unsigned t = 0; t < TRIGGERS; t++) {
            if (finders->of[t])
                ask(hunt, finders->of[t], triggers[t](&v), base, &from[t]);
        }
    }
}
