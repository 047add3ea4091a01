#include "query/text_facts.h"

void text_facts_init(struct text_facts *t, const struct zone *zone, int64_t file_ns,
                     int64_t usual_ns)
{
    *t = (struct text_facts){.usual_ns = usual_ns};
    for (size_t i = 0; i < LANES; i++) {
        struct text_facts_lane *l = &t->lanes[i];
        l->clock.zone = zone;
        l->context = (struct line_context){
            .file_time_ns = file_ns, .local_to_utc = zone_clock_to_utc, .zone = &l->clock};
        l->before_ns = TIME_NONE;
    }
}

/* It has the facts of the part before it. */
static bool is_later_part(const struct record *r)
{
    return r->flags & (RECORD_PART_MIDDLE | RECORD_PART_LAST);
}

static void look_at(struct text_facts_lane *l, const struct record *r, struct line_facts *facts)
{
    l->context.is_timed = r->event_ns != TIME_NONE;
    line_facts_of(r->line, &l->context, facts);
    if (l->context.is_timed)
        facts->time_ns = r->event_ns;
}

int64_t text_facts_time(const struct text_facts *t, enum lane lane)
{
    int64_t before_ns = t->lanes[lane].before_ns;
    return before_ns != TIME_NONE ? before_ns : t->usual_ns;
}

void text_facts_find(struct text_facts *t, enum lane lane, struct record *r)
{
    struct text_facts_lane *l = &t->lanes[lane];
    if (!is_later_part(r))
        look_at(l, r, &l->first);
    if (l->first.time_ns != TIME_NONE)
        l->before_ns = l->first.time_ns;
    r->event_ns = text_facts_time(t, lane);
    r->level = l->first.level;
    r->flags |= l->first.level_derived ? RECORD_LEVEL_DERIVED : 0;
}

static void pass_lane(struct text_facts *t, enum lane lane, const struct record *records,
                      const uint8_t *lanes, size_t n)
{
    struct text_facts_lane *l = &t->lanes[lane];
    struct line_facts facts = {.time_ns = TIME_NONE};
    bool is_last = true;
    for (size_t i = n; i-- > 0 && facts.time_ns == TIME_NONE;) {
        if (lanes[i] != lane || is_later_part(&records[i]))
            continue;
        look_at(l, &records[i], &facts);
        if (is_last)
            l->first = facts;
        is_last = false;
    }
    if (facts.time_ns != TIME_NONE)
        l->before_ns = facts.time_ns;
}

void text_facts_pass(struct text_facts *t, const struct record *records, const uint8_t *lanes,
                     size_t n)
{
    for (size_t i = 0; i < LANES; i++)
        pass_lane(t, (enum lane)i, records, lanes, n);
}
