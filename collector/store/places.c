#include "collector/store/places.h"

#include "base/mem.h"
#include "collector/store/store_private.h"

bool is_place_before(struct store_place a, struct store_place b)
{
    return a.journal != b.journal ? a.journal < b.journal : a.offset < b.offset;
}

bool is_span_empty(const struct store_span *span)
{
    return !is_place_before(span->from, span->to);
}

/* ---- text ---- */

static void put_place(struct buf *out, struct store_place p)
{
    if (p.journal == 0)
        buf_add(out, STR("0"));
    else
        buf_print(out, "%llu.%08x.%llu", (unsigned long long)p.journal, p.tag,
                  (unsigned long long)p.offset);
}

void put_store_span(struct buf *out, const struct store_span *span)
{
    if (!is_span_empty(span)) {
        put_place(out, span->from);
        buf_add_byte(out, '-');
    }
    put_place(out, span->to);
}

static bool parse_tag(struct str text, uint32_t *tag)
{
    uint32_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && !(c >= 'a' && c <= 'f'))
            return false;
        value = value << 4 | (uint32_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    *tag = value;
    return text.len == 8;
}

static bool place_parse(struct str text, struct store_place *place)
{
    struct str number, tag;
    *place = (struct store_place){0};
    if (str_equal(text, STR("0")))
        return true;
    return take_until(&text, '.', &number) && take_until(&text, '.', &tag) &&
           str_to_u64(number, &place->journal) && place->journal > 0 &&
           parse_tag(tag, &place->tag) && str_to_u64(text, &place->offset);
}

bool span_parse(struct str text, struct store_span *span)
{
    size_t dash = str_find_byte(text, '-');
    struct str to = dash == SIZE_MAX ? text : str_slice(text, dash + 1, SIZE_MAX);
    if (!place_parse(to, &span->to))
        return false;
    span->from = span->to;
    return dash == SIZE_MAX || (place_parse(str_slice(text, 0, dash), &span->from) &&
                                is_place_before(span->from, span->to));
}

/* ---- walking ---- */

static struct store_place place_in(const struct store_journal *j, uint64_t offset)
{
    return (struct store_place){j->number, offset, (uint32_t)j->health.journal_id};
}

/* How many of the journal's visible blocks are not behind the place; *page becomes the page of the
 * first that is. Offsets rise, so whole pages are passed over by their last block. */
static size_t count_before(const struct store_journal *j, struct store_place place,
                           const struct ref_page **page)
{
    size_t i = 0;
    *page = j->first;
    if (j->number > place.journal)
        return 0;
    while (i + REFS_PER_PAGE < j->n_visible &&
           (j->number < place.journal || (*page)->refs[REFS_PER_PAGE - 1].offset <= place.offset)) {
        i += REFS_PER_PAGE;
        *page = (*page)->next;
    }
    while (i < j->n_visible &&
           (j->number < place.journal || (*page)->refs[i % REFS_PER_PAGE].offset <= place.offset))
        i++;
    return i;
}

static struct store_place end_of(const struct store_journal *j)
{
    const struct ref_page *page = j->first;
    for (size_t i = REFS_PER_PAGE; i < j->n_visible; i += REFS_PER_PAGE)
        page = page->next;
    return place_in(j, j->n_visible ? page->refs[(j->n_visible - 1) % REFS_PER_PAGE].offset : 0);
}

struct store_place store_end(const struct store *s)
{
    return s->n_journals ? end_of(s->journals[s->n_journals - 1]) : (struct store_place){0};
}

struct store_place store_step(const struct store *s, struct store_place from, size_t blocks,
                              uint64_t line_bytes)
{
    uint64_t bytes = 0;
    size_t n = 0;
    struct store_place at = from;
    for (size_t k = 0; k < s->n_journals; k++) {
        const struct store_journal *j = s->journals[k];
        const struct ref_page *page;
        size_t first = count_before(j, from, &page);
        for (size_t i = first; i < j->n_visible; i++) {
            const struct block_ref *ref = view_part_ref(&page, first, i);
            bytes += ref->line_bytes;
            if (n > 0 && (n == blocks || bytes > line_bytes))
                return at;
            n++;
            at = place_in(j, ref->offset);
        }
    }
    return store_end(s);
}

static bool has_segment_of(const struct store *s, uint64_t journal)
{
    for (size_t i = 0; i < s->n_segments; i++)
        if (!s->segments[i]->is_removed && is_journal_of_segment(s->segments[i], journal))
            return true;
    return false;
}

enum place_verdict store_check_place(const struct store *s, struct store_place place)
{
    if (place.journal == 0)
        return PLACE_KNOWN;
    if (s->n_journals == 0 || place.journal > s->journals[s->n_journals - 1]->number)
        return PLACE_FOREIGN;
    for (size_t i = 0; i < s->n_journals; i++) {
        const struct store_journal *j = s->journals[i];
        if (j->number != place.journal)
            continue;
        if ((uint32_t)j->health.journal_id != place.tag)
            return PLACE_FOREIGN;
        return j->is_merged && !has_segment_of(s, j->number) ? PLACE_REMOVED : PLACE_KNOWN;
    }
    return PLACE_REMOVED;
}

static struct view_segment *added_segment(struct view *v, struct store_segment *segment)
{
    for (size_t i = 0; i < v->n_segments; i++)
        if (v->segments[i].segment == segment)
            return &v->segments[i];
    return view_add_segment(v, segment);
}

/* Blocks of an origin come in the order of their sequences, so those of a span are a run of them. */
static void add_to_span(struct view *v, struct view_segment *in, const struct block_ref *ref)
{
    if (!in->spans) {
        in->least_order_ns = INT64_MAX;
        in->greatest_order_ns = INT64_MIN;
    }
    in->least_order_ns = min_of(in->least_order_ns, ref->least_order_ns);
    in->greatest_order_ns = max_of(in->greatest_order_ns, ref->greatest_order_ns);
    for (size_t i = in->n_spans; i-- > 0;) {
        struct origin_span *span = &in->spans[i];
        if (!hash128_equal(span->origin, ref->origin))
            continue;
        span->first = min_of(span->first, ref->sequence);
        span->last = max_of(span->last, ref->sequence);
        return;
    }
    if (in->n_spans == in->spans_capacity) {
        struct origin_span *before = in->spans;
        in->spans_capacity = in->spans_capacity * 2 + 8;
        in->spans = arena_array(&v->arena, struct origin_span, in->spans_capacity);
        if (in->n_spans)
            memcpy(in->spans, before, in->n_spans * sizeof *before);
    }
    in->spans[in->n_spans++] = (struct origin_span){ref->origin, ref->sequence, ref->sequence};
}

/* Of each class. */
static void add_merged(struct view *v, const struct store *s, const struct view_part *part)
{
    for (size_t k = 0; k < s->n_segments; k++) {
        struct store_segment *segment = s->segments[k];
        if (segment->is_removed || !is_journal_of_segment(segment, part->journal->number))
            continue;
        struct view_segment *in = added_segment(v, segment);
        const struct ref_page *page = part->page;
        for (size_t i = part->first; i < part->end; i++)
            add_to_span(v, in, view_part_ref(&page, part->first, i));
    }
}

void view_open_span(struct view **out, struct store *s, const struct store_span *span)
{
    struct view *v = mem_new(struct view);
    view_prepare(v, s);
    for (size_t i = 0; i < s->n_journals; i++) {
        struct view_part part = {.journal = s->journals[i]};
        const struct ref_page *unused;
        if (part.journal->number < span->from.journal || part.journal->number > span->to.journal)
            continue;
        part.end = count_before(part.journal, span->to, &unused);
        part.first = count_before(part.journal, span->from, &part.page);
        if (part.first >= part.end)
            continue;
        if (part.journal->is_merged) {
            add_merged(v, s, &part);
            continue;
        }
        part.journal->references++;
        v->parts[v->n_parts++] = part;
    }
    view_sort_segments(v);
    *out = v;
}
