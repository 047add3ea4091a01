/*
 * Who we are to the collector. It knows a shipper by its origin and the numbers of its blocks; here is
 * decided what becomes of ours when hello is answered, and when somebody else uses the same.
 */
#include "base/log.h"
#include "base/mem.h"
#include "shipper/ship_parts.h"

enum { CONFLICT_S = 10 }; /* between two new origins */

bool ship_write_state(struct ship *s, struct err *err)
{
    defer(buf_free) struct buf whole = {.max = WRITER_STATE_MAX};
    ship_put_state(s, &whole);
    if (!spool_rotate(s->spool, buf_str(&whole), time_now(), err))
        return false;
    spool_publish(s->spool, time_now());
    return true;
}

void ship_greeted(const struct block_source *sources, size_t n, void *data)
{
    struct ship *s = data;
    struct err err;
    for (size_t i = 0; s->phase == SHIP_WAITING && s->is_new && s->tailer && i < n; i++)
        tailer_resume(s->tailer, sources[i].id, sources[i].to, sources[i].hash);
    if (s->phase == SHIP_WAITING && is_spool_rotation_due(s->spool) && !ship_write_state(s, &err)) {
        s->fatal = err;
        err_wrap(&s->fatal, "spool");
        ship_halt(s);
        return;
    }
    sender_kick(s->sender);
    ship_start_reading(s);
}

static void draw_origin(struct ship *s)
{
    struct err err;
    struct hash128 origin;
    random_bytes(&origin, sizeof origin);
    if (!spool_change_origin(s->spool, origin, time_now(), &err)) {
        log_error("new origin: %s; trying again", err.text);
        return;
    }
    s->wants_origin = false;
    s->conflict_ns = time_monotonic();
    log_warn("another shipper sends under our origin (a cloned or restored machine?); going on as "
             "a new one");
    sender_start(s->sender, NULL, 0);
}

static bool is_stored(const struct block_source *source, void *data)
{
    const struct block_source *known = map_get(data, MAP_KEY(source->id));
    return known && source->to <= known->to;
}

/* The state may be an older one of our own. What the collector has of our files, by their bytes, is
 * neither sent nor read again. This is on disk before the new origin is: else a crash between the two
 * would forget it. */
static void settle_restored(struct ship *s, uint64_t last, const struct block_source *sources,
                            size_t n)
{
    struct err err;
    defer(map_free) struct map known = {0};
    for (size_t i = 0; i < n; i++) {
        if (tailer_resume(s->tailer, sources[i].id, sources[i].to, sources[i].hash))
            map_put(&known, MAP_KEY(sources[i].id), (void *)&sources[i]);
    }
    sender_pass_over(s->sender, last, is_stored, &known);
    if (!ship_write_state(s, &err))
        log_error("spool: %s", err.text);
}

void ship_settle_conflict(struct ship *s)
{
    bool is_soon = s->conflict_ns && time_monotonic() < s->conflict_ns + CONFLICT_S * NS_PER_S;
    if (s->wants_origin && !is_soon && !is_writer_busy(s->writer))
        draw_origin(s);
}

void ship_in_conflict(uint64_t last, const struct block_source *sources, size_t n, void *data)
{
    struct ship *s = data;
    if (s->phase == SHIP_WAITING && s->tailer)
        settle_restored(s, last, sources, n);
    s->wants_origin = true;
    ship_settle_conflict(s);
}
