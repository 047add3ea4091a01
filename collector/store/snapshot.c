#include "collector/store/snapshot.h"

#include "base/mem.h"
#include "collector/store/segments.h"

static struct snapshot_block block_of(void *context, size_t i)
{
    const struct block_ref *ref = &((struct view_snapshot *)context)->refs[i];
    return (struct snapshot_block){
        .is_chunk = ref->segment != NULL,
        .origin = ref->origin,
        .records = ref->records,
        .least_order_ns = ref->least_order_ns,
        .greatest_order_ns = ref->greatest_order_ns,
        .least_event_ns = ref->least_event_ns,
        .greatest_event_ns = ref->greatest_event_ns,
    };
}

static bool load(void *context, size_t i, struct buf *out, struct err *err)
{
    const struct view_snapshot *s = context;
    return view_load(s->view, &s->refs[i], out, err);
}

static void name(void *context, size_t i, char name[SNAPSHOT_NAME])
{
    const struct block_ref *ref = &((const struct view_snapshot *)context)->refs[i];
    view_name(ref, name, SNAPSHOT_NAME);
}

static bool takes(void *context, size_t i, struct hash128 origin, uint64_t sequence)
{
    const struct view_snapshot *s = context;
    return view_takes(s->view, &s->refs[i], origin, sequence);
}

/* What is known of one chunk is known of others with it. */
static bool sift(void *context, size_t i, const struct sieve_needle *needles, size_t n,
                 uint8_t *verdicts, struct err *err)
{
    const struct view_snapshot *s = context;
    const struct store_segment *segment = s->refs[i].segment;
    size_t chunk;
    const struct store_sieve *at = segment ? store_segment_sieve_of(&s->refs[i], &chunk) : NULL;
    verdicts[i] = SIFT_MAYBE;
    if (!at)
        return true;
    defer(packer_free) struct packer packer = {0};
    defer(buf_free) struct buf bytes = {0};
    defer(arena_free) struct arena arena = {0};
    struct sieve sieve;
    bool good = store_segment_sieve(segment, (size_t)(at - segment->sieves), &bytes, &sieve,
                                    &packer, &arena, err);
    bool *may = arena_array(&arena, bool, at->n_chunks);
    for (size_t k = 0; k < n && good; k++)
        sieve_ask(&sieve, &needles[k], &arena, may);
    while (i > 0 && s->refs[i - 1].segment == segment)
        i--;
    for (; i < s->snapshot.n_blocks && s->refs[i].segment == segment; i++)
        if (store_segment_sieve_of(&s->refs[i], &chunk) == at)
            verdicts[i] = !good || may[chunk - at->first] ? SIFT_MAYBE : SIFT_NO;
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
}

void view_note_problems(const struct view *view, struct summary *summary)
{
    size_t n;
    const struct str *problems = view_problems(view, &n);
    for (size_t i = 0; i < n; i++)
        summary_problem(summary, "%.*s", STR_ARG(problems[i]));
}
