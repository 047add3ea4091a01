#include "collector/store/snapshot.h"

#include "base/mem.h"
#include "collector/store/segments.h"

#define IS_SIFTED (SIFT_ALL + 1)

static struct snapshot_block block_of(void *context, size_t i)
{
    const struct block_ref *ref = &((struct view_snapshot *)context)->refs[i];
    struct snapshot_block b = {
        .chunks = ref->segment != NULL,
        .origin = ref->origin,
        .records = ref->records,
        .bytes = ref->length,
        .line_bytes = ref->line_bytes,
        .least_order_ns = ref->least_order_ns,
        .greatest_order_ns = ref->greatest_order_ns,
        .least_event_ns = ref->least_event_ns,
        .greatest_event_ns = ref->greatest_event_ns,
    };
    for (ref = ref->next; ref; ref = ref->next) {
        b.chunks++;
        b.records += ref->records;
        b.bytes += ref->length;
        b.line_bytes += ref->line_bytes;
        b.least_order_ns = min_of(b.least_order_ns, ref->least_order_ns);
        b.greatest_order_ns = max_of(b.greatest_order_ns, ref->greatest_order_ns);
        b.least_event_ns = min_of(b.least_event_ns, ref->least_event_ns);
        b.greatest_event_ns = max_of(b.greatest_event_ns, ref->greatest_event_ns);
    }
    return b;
}

static const struct block_ref *part_of(const struct view_snapshot *s, size_t i, size_t part)
{
    const struct block_ref *ref = &s->refs[i];
    while (part--)
        ref = ref->next;
    return ref;
}

static bool load(void *context, size_t i, size_t part, struct buf *out, struct err *err)
{
    const struct view_snapshot *s = context;
    return view_load(s->view, part_of(s, i, part), out, err);
}

static void name(void *context, size_t i, size_t part, char name[SNAPSHOT_NAME])
{
    const struct block_ref *ref = part_of(context, i, part);
    view_name(ref, name, SNAPSHOT_NAME);
}

static bool takes(void *context, size_t i, struct hash128 origin, uint64_t sequence)
{
    const struct view_snapshot *s = context;
    return view_takes(s->view, &s->refs[i], origin, sequence);
}

/* Adds the bit to those of chunks that may have the needle. */
static void ask_needle(const struct sieve *sieve, const struct sieve_needle *needle, uint32_t bit,
                       struct arena *scratch, uint32_t *may)
{
    arena_reset(scratch);
    bool *found = arena_array(scratch, bool, sieve->n_chunks);
    sieve_ask(sieve, needle, scratch, found);
    for (size_t i = 0; i < sieve->n_chunks; i++)
        may[i] |= found[i] ? bit : 0;
}

/* Asks the filter that a chunk has, and so those that have the same. */
static bool ask_sieve(struct view_snapshot *s, size_t i, const struct block_ref *of,
                      const struct sieve_needle *needles, size_t n, struct err *err)
{
    const struct store_segment *segment = of->segment;
    size_t chunk;
    const struct store_sieve *at = store_segment_sieve_of(of, &chunk);
    s->may[of->number] = IS_SIFTED | SIFT_ALL;
    if (!at)
        return true;
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    defer(arena_free) struct arena scratch = {0};
    struct sieve sieve;
    bool good = store_segment_sieve(segment, (size_t)(at - segment->sieves), &bytes, &sieve,
                                    &packer, &arena, err);
    uint32_t *may = arena_array(&arena, uint32_t, at->n_chunks);
    for (size_t k = 0; k < n && good; k++)
        ask_needle(&sieve, &needles[k], UINT32_C(1) << k, &scratch, may);
    while (i > 0 && s->refs[i - 1].segment && s->refs[i - 1].segment->number == segment->number)
        i--;
    for (; i < s->snapshot.n_blocks; i++) {
        if (!s->refs[i].segment || s->refs[i].segment->number != segment->number)
            break;
        for (const struct block_ref *ref = &s->refs[i]; ref; ref = ref->next)
            if (ref->segment == segment && store_segment_sieve_of(ref, &chunk) == at)
                s->may[ref->number] = IS_SIFTED | (good ? may[chunk - at->first] : SIFT_ALL);
    }
    return good;
}

static bool sift(void *context, size_t i, const struct sieve_needle *needles, size_t n,
                 uint32_t *may, struct err *err)
{
    struct view_snapshot *s = context;
    bool good = true;
    *may = s->refs[i].segment ? 0 : SIFT_ALL;
    for (const struct block_ref *ref = &s->refs[i]; ref && ref->segment; ref = ref->next) {
        if (!s->may[ref->number])
            good = ask_sieve(s, i, ref, needles, n, err) && good;
        *may |= s->may[ref->number] & SIFT_ALL;
    }
    return good;
}

void view_snapshot(struct view_snapshot *s, struct view *view, int64_t since_ns, int64_t until_ns)
{
    size_t n_streams;
    const struct store_stream *const *streams = view_streams(view, &n_streams);
    const struct labels **labels = streams ? view_allocate(view, n_streams * sizeof *labels) : NULL;
    for (size_t i = 0; i < n_streams; i++)
        labels[i] = &streams[i]->labels;
    *s = (struct view_snapshot){.view = view};
    s->snapshot = (struct snapshot){
        .context = s,
        .block = block_of,
        .load = load,
        .name = name,
        .sift = sift,
        .takes = is_view_of_span(view) ? takes : NULL,
        .streams = labels,
        .n_streams = n_streams,
    };
    s->refs = view_blocks(view, since_ns == TIME_NONE ? INT64_MIN : since_ns,
                          until_ns == TIME_NONE ? INT64_MAX : until_ns, &s->snapshot.n_blocks);
    s->may = view_allocate(view, ((size_t)view_chunks(view) + 1) * sizeof *s->may);
}

void view_note_problems(const struct view *view, struct summary *summary)
{
    size_t n;
    const struct str *problems = view_problems(view, &n);
    for (size_t i = 0; i < n; i++)
        summary_problem(summary, "%.*s", STR_ARG(problems[i]));
}
