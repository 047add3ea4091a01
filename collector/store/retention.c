/* What retention removes, and the room that it keeps for itself. */
#include "base/mem.h"
#include "collector/store/parts.h"
#include "collector/store/store_private.h"

#include <stdlib.h>

enum {
    JOURNAL_BYTES_MIN = 1 << 20,
    RESERVE_BYTES = 64 << 20,
};

#define CALM_STEP_NS (60 * NS_PER_S)

/* Journals go as a whole: they are small enough that some stay when the store may not be large. */
void store_set_retention(struct store *s, const struct store_retention *retention)
{
    struct store_retention *r = &s->options.retention;
    arena_reset(&s->rules);
    struct store_rule *rules = arena_array(&s->rules, struct store_rule, retention->n_rules);
    for (size_t i = 0; i < retention->n_rules; i++) {
        rules[i] = retention->rules[i];
        rules[i].match = arena_copy(&s->rules, retention->rules[i].match);
    }
    *r = *retention;
    r->rules = rules;
    s->journal_bytes = s->options.journal_bytes;
    if (r->max_bytes)
        s->journal_bytes =
            min_of(s->options.journal_bytes, max_of(r->max_bytes / 8, (uint64_t)JOURNAL_BYTES_MIN));
}

/* How long a file of a class is kept; 0: for ever. */
static int64_t keep_of(const struct store *s, const struct store_segment *segment)
{
    int64_t keep_ns;
    class_keep(str_from(segment->class), s->options.retention.keep_ns, &keep_ns);
    return keep_ns;
}

/* Of 0 and more, where 0 is for ever. */
static int64_t longer(int64_t a, int64_t b)
{
    return a && b ? max_of(a, b) : 0;
}

static int64_t longer_finite(int64_t a, int64_t b)
{
    return max_of(a, b);
}

/* Of what the rules say, and of what the classes of segments say that came by older ones. */
static int64_t longest_of(const struct store *s, int64_t (*longer_of)(int64_t a, int64_t b))
{
    int64_t longest = s->options.retention.keep_ns;
    for (size_t i = 0; i < s->options.retention.n_rules; i++)
        longest = longer_of(longest, s->options.retention.rules[i].keep_ns);
    for (size_t i = 0; i < s->n_segments; i++)
        if (!s->segments[i]->is_removed)
            longest = longer_of(longest, keep_of(s, s->segments[i]));
    return longest;
}

int64_t store_longest_finite_keep(const struct store *s)
{
    return longest_of(s, longer_finite);
}

/* Of all classes that there are or will be; 0: for ever. */
static int64_t longest_keep(const struct store *s)
{
    return longest_of(s, longer);
}

/* Gives the reserve file its room if the disk has plenty; without it the store works all the same.
 */
void store_keep_reserve(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    defer(file_close) struct file f = {0};
    struct err err;
    uint64_t free_bytes, size;
    const char *path = store_path(s, "reserve", &arena);
    if (s->has_reserve || !disk_space(s->options.folder, &free_bytes, &size, &err))
        return;
    uint64_t bytes = min_of((uint64_t)RESERVE_BYTES, size / 100);
    if (free_bytes < 2 * bytes || !file_open(&f, path, FILE_OPEN_MAKE, &err))
        return;
    s->has_reserve = file_reserve(&f, bytes, &err);
    if (!s->has_reserve)
        file_remove(path, &err);
}

static void release_reserve(struct store *s)
{
    defer(arena_free) struct arena arena = {0};
    struct err err;
    s->has_reserve = false;
    file_remove(store_path(s, "reserve", &arena), &err);
}

/* A journal or a file of a segment: what retention removes as a whole. */
struct part {
    struct store_journal *journal;
    struct store_segment *segment;
    int64_t newest_arrival_ns;
    uint64_t bytes;
    int64_t end_ns;  /* INT64_MAX: it is never too old */
    const char *why; /* it goes */
};

static bool is_removable(const struct store *s, const struct store_journal *j)
{
    bool is_published = j->n_visible == j->n_written; /* else it is not known what goes */
    return j != s->active && is_published && !j->is_removed && !j->is_merged;
}

static struct part part_of_journal(struct store_journal *j)
{
    return (struct part){.journal = j, .newest_arrival_ns = j->newest_arrival_ns, .bytes = j->end};
}

static struct part part_of_segment(struct store_segment *s)
{
    return (struct part){
        .segment = s, .newest_arrival_ns = s->newest_arrival_ns, .bytes = s->bytes};
}

static bool has_content(const struct store_segment *segment)
{
    return segment->n_chunks > 0 || segment->problem;
}

/* Another class of its number has not got its name yet (segments.h, invariant 1). */
static bool is_needed(const struct store *s, const struct store_segment *segment)
{
    for (size_t i = 0; i < s->n_segments && is_default_class(segment); i++)
        if (s->segments[i]->number == segment->number && s->segments[i]->is_part &&
            !s->segments[i]->is_removed)
            return true;
    return false;
}

/* Of two that are as old: what may be kept less long. */
static bool goes_before(const struct store *s, const struct store_segment *a,
                        const struct store_segment *b)
{
    int64_t x = keep_of(s, a), y = keep_of(s, b);
    return x != y && longer(x, y) == y;
}

/* The one whose newest record came first. */
static bool find_oldest(const struct store *s, struct part *oldest)
{
    *oldest = (struct part){.newest_arrival_ns = INT64_MAX};
    for (size_t i = 0; i < s->n_journals; i++)
        if (is_removable(s, s->journals[i]) &&
            s->journals[i]->newest_arrival_ns < oldest->newest_arrival_ns)
            *oldest = part_of_journal(s->journals[i]);
    for (size_t i = 0; i < s->n_segments; i++) {
        struct store_segment *segment = s->segments[i];
        if (segment->is_removed || !has_content(segment))
            continue;
        bool is_alike = segment->newest_arrival_ns == oldest->newest_arrival_ns &&
                        oldest->segment && goes_before(s, segment, oldest->segment);
        if ((segment->newest_arrival_ns < oldest->newest_arrival_ns || is_alike) &&
            !is_needed(s, segment))
            *oldest = part_of_segment(segment);
    }
    return oldest->journal || oldest->segment;
}

/* When what is kept for so long is too old; INT64_MAX: never. */
static int64_t end_of(int64_t newest_ns, int64_t keep_ns)
{
    int64_t end_ns;
    return keep_ns && !__builtin_add_overflow(newest_ns, keep_ns, &end_ns) ? end_ns : INT64_MAX;
}

static bool is_over(const struct store *s, int64_t end_ns)
{
    return s->calm >= STORE_CALM && end_ns < s->clock_ns;
}

/* Nobody knows of what classes the rows of a journal will be; of one that cannot be merged they never will. */
static int64_t keep_of_journal(const struct store *s, const struct store_journal *j,
                               int64_t longest_ns)
{
    bool is_damaged = j->cannot_merge || j->health.rotten_parts;
    return is_damaged ? s->options.retention.keep_ns : longest_ns;
}

static void tell_age(const struct store *s, struct part *part, int64_t longest_ns)
{
    int64_t keep_ns =
        part->segment ? keep_of(s, part->segment) : keep_of_journal(s, part->journal, longest_ns);
    bool is_of_rule = part->segment && !is_default_class(part->segment);
    part->end_ns = end_of(part->newest_arrival_ns, keep_ns);
    part->why = is_of_rule ? "keep of a rule" : keep_ns ? "keep" : "keep is off";
}

/* One of the default class without rows is of use as long as others of its number are: it has the places of journals,
 * and their tables. */
static bool is_of_no_use(const struct store *s, const struct store_segment *segment)
{
    if (has_content(segment))
        return false;
    for (size_t i = 0; i < s->n_segments; i++) {
        const struct store_segment *other = s->segments[i];
        if (other != segment && other->number == segment->number && !other->is_removed)
            return false;
    }
    return true;
}

/* One that is empty, or older than what is in it may be. */
static bool find_expired(const struct store *s, struct part *part)
{
    int64_t longest_ns = longest_keep(s);
    for (size_t i = 0; i < s->n_journals; i++) {
        struct store_journal *j = s->journals[i];
        *part = part_of_journal(j);
        tell_age(s, part, longest_ns);
        if (is_removable(s, j) && (j->n_visible == 0 || is_over(s, part->end_ns)))
            return true;
    }
    for (size_t i = 0; i < s->n_segments; i++) {
        struct store_segment *segment = s->segments[i];
        *part = part_of_segment(segment);
        tell_age(s, part, longest_ns);
        bool may_go = has_content(segment) ? is_over(s, part->end_ns) : is_of_no_use(s, segment);
        if (!segment->is_removed && may_go && !is_needed(s, segment))
            return true;
    }
    return false;
}

static bool find_next(const struct store *s, uint64_t total, uint64_t free_bytes, struct part *part)
{
    const struct store_retention *r = &s->options.retention;
    bool is_large = r->max_bytes && total > r->max_bytes;
    if (find_expired(s, part))
        return true;
    if ((!is_large && free_bytes >= r->keep_free) || !find_oldest(s, part))
        return false;
    part->why = is_large ? "the store is larger than max_size" : "less is free than keep_free";
    return true;
}

bool store_remove_file(struct store *s, const char *path, struct err *err)
{
    if (file_remove(path, err))
        return true;
    if (err->code != ERR_FULL)
        return false;
    release_reserve(s); /* some file systems need room to make room */
    return file_remove(path, err);
}

/* Numbers of segments are taken again once no file has them, so it may not be there again after a power cut: what a segment names
 * counts in that alone. */
static bool remove_segment(struct store *s, const char *path, struct err *err)
{
    return store_remove_file(s, path, err) &&
           (folder_sync_above(path, err) || err->code == ERR_NOT_FOUND);
}

/* Parts in the order in which they would go; of those that were found so far. */
struct rehearsal {
    struct store_planned *planned;
    size_t n;
    const struct store_part *parts;
    size_t n_parts;
};

static void note_removal(struct rehearsal *r, const struct part *part, int64_t now_ns)
{
    for (size_t i = 0; i < r->n_parts; i++)
        if (r->parts[i].segment == part->segment && r->parts[i].journal == part->journal)
            r->planned[r->n++] = (struct store_planned){&r->parts[i], now_ns, part->why};
}

static bool remove_file(struct store *s, const struct part *part, uint64_t *freed, struct err *err)
{
    const struct store_journal *j = part->journal;
    *freed = part->bytes;
    if (s->rehearsal) {
        note_removal(s->rehearsal, part, s->clock_ns);
        return true;
    }
    return j ? store_retire_journal(s, j->number, j->path, j->end, freed, err)
             : remove_segment(s, part->segment->path, err);
}

static bool remove_part(struct store *s, const struct part *part, uint64_t *freed, struct err *err)
{
    struct store_journal *j = part->journal;
    if (!remove_file(s, part, freed, err))
        return false;
    if (j)
        j->is_removed = true;
    else
        part->segment->is_removed = true;
    s->removed_journals++;
    s->removed_bytes += part->bytes;
    return true;
}

/* Files of journals and segments that are in other segments now. One that cannot be removed keeps no other. */
static bool remove_merged(struct store *s, struct err *err)
{
    bool good = true;
    for (size_t i = 0; i < s->n_journals; i++) {
        struct store_journal *j = s->journals[i];
        uint64_t freed;
        if (!j->is_merged || !j->path)
            continue;
        if (store_retire_journal(s, j->number, j->path, j->end, &freed, err))
            mem_free(&j->path);
        else
            good = false;
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->n_replaced; i++) {
        if (remove_segment(s, s->replaced[i], err)) {
            mem_free(&s->replaced[i]);
            continue;
        }
        s->replaced[kept++] = s->replaced[i];
        good = false;
    }
    s->n_replaced = kept;
    return good;
}

static bool is_kept_too_long(const struct store *s, uint64_t free_bytes)
{
    const struct kept *k = &s->kept;
    const struct store_retention *r = &s->options.retention;
    return k->n > 0 && (k->list[0].number < k->needed_from || free_bytes < r->keep_free ||
                        (r->forward_bytes && k->bytes > r->forward_bytes) ||
                        is_over(s, end_of(k->list[0].newest_ns, longest_keep(s))));
}

static bool trim_kept(struct store *s, uint64_t *free_bytes, struct err *err)
{
    while (is_kept_too_long(s, *free_bytes)) {
        uint64_t bytes = s->kept.list[0].bytes;
        if (!kept_remove_first(s, err))
            return false;
        *free_bytes += bytes;
    }
    return true;
}

/* All that has to go now. */
static bool remove_due(struct store *s, struct err *err)
{
    uint64_t total = 0, free_bytes = s->free_bytes, freed;
    for (size_t i = 0; i < s->n_journals; i++)
        total += s->journals[i]->is_removed || s->journals[i]->is_merged ? 0 : s->journals[i]->end;
    for (size_t i = 0; i < s->n_segments; i++)
        total += s->segments[i]->is_removed ? 0 : s->segments[i]->bytes;
    bool goes_on = trim_kept(s, &free_bytes, err);
    for (struct part part; goes_on && find_next(s, total, free_bytes, &part);) {
        goes_on = remove_part(s, &part, &freed, err);
        total -= goes_on ? part.bytes : 0;
        free_bytes += goes_on ? freed : 0;
        goes_on = goes_on && trim_kept(s, &free_bytes, err);
    }
    s->free_bytes = free_bytes;
    return goes_on;
}

bool store_maintain(struct store *s, int64_t now_ns, struct err *err)
{
    uint64_t size;
    bool is_step = now_ns > s->maintained_ns + CALM_STEP_NS || now_ns < s->maintained_ns;
    s->calm = is_step && s->maintained_ns ? 0 : s->calm + 1;
    s->maintained_ns = now_ns;
    if (s->calm >= STORE_CALM)
        s->clock_ns = max_of(s->clock_ns, now_ns);
    bool is_merged = remove_merged(s, err);
    bool good = store_name_parts(s, err) && is_merged;
    if (!disk_space(s->options.folder, &s->free_bytes, &size, err))
        return false;
    good &= remove_due(s, err);
    struct err later;
    if (s->writer && s->committed > 0 && is_journal_due(s))
        store_start_journal(s, &later);
    store_keep_reserve(s);
    return good;
}

/* ---- the plan ---- */

static int by_end(const void *a, const void *b)
{
    const struct store_planned *x = a, *y = b;
    if (x->when_ns != y->when_ns)
        return x->when_ns < y->when_ns ? -1 : 1;
    return (x->part->newest_arrival_ns > y->part->newest_arrival_ns) -
           (x->part->newest_arrival_ns < y->part->newest_arrival_ns);
}

/* What stays for now. */
static void plan_others(struct store *s, struct rehearsal *r)
{
    size_t first = r->n;
    int64_t longest_ns = longest_keep(s);
    for (size_t i = 0; i < r->n_parts; i++) {
        const struct store_part *in = &r->parts[i];
        bool is_removed = in->segment ? in->segment->is_removed : in->journal->is_removed;
        struct part part =
            in->segment ? part_of_segment(in->segment) : part_of_journal(in->journal);
        tell_age(s, &part, longest_ns);
        struct store_planned planned = {in, part.end_ns, part.why};
        if (in->is_written)
            planned = (struct store_planned){in, INT64_MAX, "it is being written"};
        if (!is_removed)
            r->planned[r->n++] = planned;
    }
    if (r->n > first)
        qsort(r->planned + first, r->n - first, sizeof *r->planned, by_end);
}

bool view_plan(struct view *v, const struct store_retention *rules, int64_t now_ns,
               const struct store_planned **planned, size_t *n, struct err *err)
{
    uint64_t size;
    struct rehearsal r = {0};
    struct store *s = v->own;
    r.parts = view_parts(v, &r.n_parts);
    r.planned = arena_array(&v->arena, struct store_planned, r.n_parts);
    if (!disk_space(s->options.folder, &s->free_bytes, &size, err))
        return false;
    store_set_retention(s, rules);
    kept_load(s);
    s->clock_ns = max_of(s->clock_ns, now_ns);
    s->calm = STORE_CALM;
    s->active = s->n_journals ? s->journals[s->n_journals - 1] : NULL;
    s->rehearsal = &r;
    bool done = remove_due(s, err);
    s->rehearsal = NULL;
    if (!done)
        return false;
    plan_others(s, &r);
    *planned = r.planned;
    *n = r.n;
    return true;
}
