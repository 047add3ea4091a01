#include "base/log.h"
#include "base/mem.h"
#include "shipper/ship_parts.h"

static struct metrics *refresh_metrics(void *data)
{
    struct ship *s = data;
    struct spool_numbers spool = spool_count(s->spool);
    struct sender_numbers sender = sender_count(s->sender);
    struct metrics *m = &s->metrics;
    const struct metric_labels kind = s->tailer ? LABELS("file") : LABELS("stdin");
    double now = (double)time_now() / NS_PER_S;
    metric_count(m, METRIC_READ_BYTES, kind,
                 s->read_bytes - (uint64_t)metric_value(m, METRIC_READ_BYTES, kind));
    metric_set(m, METRIC_SPOOL_BYTES, NO_LABELS, (double)spool.bytes);
    metric_set(m, METRIC_CORRUPT_PARTS, NO_LABELS, (double)spool.damaged);
    metric_set(m, METRIC_OUTPUT_UP, LABELS("collector"), sender.is_up);
    metric_count(m, METRIC_BLOCKS, NO_LABELS,
                 sender.blocks - (uint64_t)metric_value(m, METRIC_BLOCKS, NO_LABELS));
    metric_set(m, METRIC_SPOOL_OLDEST_SECONDS, NO_LABELS,
               spool.oldest_ns == TIME_NONE ? 0 : now - (double)spool.oldest_ns / NS_PER_S);
    if (sender.acknowledged_ns != TIME_NONE)
        metric_set(m, METRIC_ACK_AGE_SECONDS, NO_LABELS,
                   now - (double)sender.acknowledged_ns / NS_PER_S);
    metric_set(m, METRIC_BUILD_INFO, LABELS(SLUICE_VERSION), 1);
    return m;
}

static const char *trouble(void *data)
{
    const struct ship *s = data;
    if (is_writer_failing(s->writer))
        return "the state cannot be written";
    return s->phase == SHIP_RUNNING ? NULL : "not reading";
}

void ship_open_status(struct ship *s)
{
    struct err err;
    const struct status_options options = {
        .loop = s->loop,
        .path = s->config->shipper.socket.ptr,
        .trouble = trouble,
        .metrics = refresh_metrics,
        .data = s,
    };
    if (s->config->shipper.socket.len && !status_open(&s->status, &options, &err))
        log_warn("no status socket: %s", err.text);
}
