#include "collector/store/snapshot.h"

#include "base/mem.h"

static struct snapshot_block block_of(void *context, size_t i)
{
    const struct block_ref *ref = &((struct view_snapshot *)context)->refs[i];
    struct snapshot_block b = {
        .chunks = ref->segment != NULL,
        .origin = ref->origin,
        .records = ref->records,
        .least_order_ns = ref->least_order_ns,
        .greatest_order_ns = ref->greatest_order_ns,
        .least_event_ns = ref->least_event_ns,
        .greatest_event_ns = ref->greatest_event_ns,
    };
    for (ref = ref->next; ref; ref = ref->next) {
        b.chunks++;
        b.records += ref->records;
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
