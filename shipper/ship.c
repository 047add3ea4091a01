/*
 * The shipper: one loop that reads lines into a block, one thread that writes blocks to the spool, and
 * a sender that empties the spool.
 *
 *     files, stdin ─▶ batcher ─── write job (thread) ───▶ spool ─▶ sender ─▶ collector
 *          ▲            │ full, due, or the loop is draining            │
 *          └─ room ─────┘◀──────────── published ◀──────────────────────┘ acknowledged
 *
 * Reading stops by itself: while a block is being written the next is filled up to FILL_BYTES, and
 * when the spool is full nothing is read until something was acknowledged. Files are the buffer.
 *
 *     WAITING ── hello answered (with a state: or 1 s) ─▶ RUNNING ── SIGTERM ──▶ DRAINING ── all read,
 *                                                          │                       or 10 s ──┐
 *                                                          └── end of stdin ──▶ FINISHING ◀──┘
 *                                             all acknowledged (SIGTERM: or 5 s) ──▶ STOPPED
 *
 * WAITING is for what may be wrong with the state: a lost or restored one goes on where the collector
 * has the bytes that stand in the file. Without any state nothing is read before that is known.
 *
 * A write that fails is tried again with the same block (shipper/writer.h); nothing is read meanwhile
 * beyond the block under construction.
 */
#include "shipper/ship.h"

#include "base/log.h"
#include "base/mem.h"
#include "shipper/attach.h"
#include "shipper/glob.h"
#include "shipper/ship_parts.h"

#include <stdio.h>
#include <unistd.h>

enum {
    FILL_BYTES = 1 << 20, /* of lines, while the block before is being written */
    PUMP_MS = 10,         /* reading in one turn of the loop */
    SCAN_MS = 2000,       /* all folders are looked at, hints or not */
    PATIENCE_MS = 1000,
    DRAIN_S = 10,
    LAST_SEND_S = 5,
    QUIET_S = 3600, /* a stream without lines is forgotten */
    SWEEP_S = 60,
};

static void on_idle(uv_idle_t *idle);

/* ---- lines into the block under construction ---- */

/* Outputs that are no collector open each block again, in several times its size. */
static size_t fill_bytes(const struct ship *s)
{
    bool is_opened = s->outputs && outputs_count(s->outputs) > 0;
    return is_opened ? FILL_BYTES / 2 : FILL_BYTES;
}

static bool has_room(const struct ship *s)
{
    size_t most = is_writer_busy(s->writer) ? fill_bytes(s) : BLOCK_CLOSE_BYTES;
    return batcher_bytes(s->batcher) < most && !is_batcher_full(s->batcher) &&
           spool_has_room(s->spool);
}

int64_t ship_steady_now(const struct ship *s)
{
    return s->started_ns + time_monotonic();
}

/* read_ns: when the line was read, by the steady clock. What has waited to be joined goes sooner, but not at once: it is seldom
 * alone. Most lines are younger than the first one, and need no clock. */
static void count_line(struct ship *s, struct str line, int64_t read_ns)
{
    s->read_bytes += line.len;
    s->records++;
    if (s->since_ns != TIME_NONE && s->since_ns <= read_ns)
        return;
    int64_t now = time_monotonic(),
            since_ns = max_of(read_ns, now - s->config->shipper.flush_ns / 2);
    if (s->since_ns == TIME_NONE || since_ns < s->since_ns)
        s->since_ns = min_of(since_ns, now);
}

static bool take_line(void *context, const struct tail_line *line)
{
    struct ship *s = context;
    struct err err;
    if (!has_room(s))
        return false;
    struct batch_stream *stream =
        attached_stream(s->batcher, s->discover, s->rules, line->stream, line->lane, &err);
    const struct batch_line given = {line->bytes, line->flags, line->time_ns, line->mtime_ns};
    if (!stream) {
        log_error("%.*s: %s; its lines are dropped", STR_ARG(line->stream->file), err.text);
        return true;
    }
    if (!batcher_line(s->batcher, stream, &given, s->turn_ns))
        return false;
    count_line(s, line->bytes, line->read_ns - s->started_ns);
    return true;
}

static bool take_input(struct str line, unsigned flags, void *data)
{
    struct ship *s = data;
    const struct batch_line given = {line, flags, TIME_NONE, 0};
    if (s->phase == SHIP_STOPPED || !has_room(s) ||
        !batcher_line(s->batcher, s->input_stream, &given, time_now()))
        return false;
    count_line(s, line, INT64_MAX);
    return true;
}

static void take_bytes(struct str bytes, void *data)
{
    struct ship *s = data;
    if (s->phase != SHIP_STOPPED)
        uv_idle_start(&s->idle, on_idle); /* what is due now is seen to when all is taken */
    if (!s->options->tee)
        return;
    fwrite(bytes.ptr, 1, bytes.len, stdout);
    fflush(stdout);
}

static void note_drop(void *context, const struct tail_drop *drop)
{
    struct ship *s = context;
    struct err err;
    struct batch_stream *stream = attached_stream(
        s->batcher, s->discover, s->rules, (struct tail_stream *)drop->stream, LANE_OUT, &err);
    s->dropped_bytes += drop->to - drop->from;
    s->dropped_ns = time_monotonic();
    log_warn("%.*s: %llu bytes were lost: %.*s", STR_ARG(drop->path),
             (unsigned long long)(drop->to - drop->from), STR_ARG(drop->reason));
    metric_count(&s->metrics, METRIC_DROPPED_BYTES, LABELS_OF(drop->reason, (struct str){0}),
                 drop->to - drop->from);
    if (!stream ||
        !batcher_gap(s->batcher, stream, drop->reason, drop->to - drop->from, time_now()))
        log_warn("%.*s: there was no room for a gap record", STR_ARG(drop->path));
}

/* One time slice of reading. True: there may be more. */
static bool read_slice(struct ship *s)
{
    if (!s->tailer || s->phase == SHIP_WAITING || s->phase >= SHIP_FINISHING)
        return false;
    const struct tail_sink sink = {take_line, s};
    int64_t until = time_monotonic() + PUMP_MS * NS_PER_MS;
    do {
        if (!has_room(s))
            return false; /* goes on when the block is written or the spool is emptier */
        s->turn_ns = time_now();
        if (!tailer_read(s->tailer, ship_steady_now(s), &sink))
            return false;
    } while (time_monotonic() < until);
    return true;
}

/* ---- blocks into the spool ---- */

static void on_written(void *data)
{
    struct ship *s = data;
    ship_settle_conflict(s);
    ship_kick_outputs(s);
    ship_pump(s);
}

static void put_source(void *context, const struct tail_move *move)
{
    const struct block_source source = {move->source, move->from, move->to, move->hash};
    block_builder_source(context, &source);
}

void ship_put_state(struct ship *s, struct buf *out)
{
    defer(buf_free) struct buf part = {.max = WRITER_STATE_MAX};
    batcher_put_whole(s->batcher, &part);
    put_str(out, buf_str(&part));
    buf_reset(&part);
    if (s->tailer)
        tailer_put_full(s->tailer, &part);
    put_str(out, buf_str(&part));
}

/* Hands the block under construction, and what moved with it, to the writer. */
static void start_write(struct ship *s)
{
    defer(buf_free) struct buf part = {.max = WRITER_STATE_MAX};
    defer(buf_free) struct buf change = {.max = WRITER_STATE_MAX};
    defer(buf_free) struct buf whole = {.max = WRITER_STATE_MAX};
    struct block_builder *builder = batcher_take(s->batcher, &part);
    s->since_ns = TIME_NONE;
    put_str(&change, buf_str(&part));
    buf_reset(&part);
    if (s->tailer) {
        tailer_take_moves(s->tailer, put_source, builder);
        tailer_put_delta(s->tailer, &part);
    }
    put_str(&change, buf_str(&part));
    if (is_spool_rotation_due(s->spool))
        ship_put_state(s, &whole);
    writer_start(s->writer, builder, &change, &whole);
}

static bool is_write_due(const struct ship *s)
{
    if (is_writer_busy(s->writer) || batcher_records(s->batcher) == 0)
        return false;
    return batcher_bytes(s->batcher) >= BLOCK_CLOSE_BYTES || is_batcher_full(s->batcher) ||
           s->phase >= SHIP_DRAINING || s->since_ns == TIME_NONE ||
           time_monotonic() >= s->since_ns + s->config->shipper.flush_ns;
}

/* ---- the end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct ship *s = handle->data;
    if (--s->closing == 0)
        s->events.stopped(s->events.data);
}

void ship_halt(struct ship *s)
{
    if (s->phase == SHIP_STOPPED)
        return;
    s->phase = SHIP_STOPPED;
    workers_close(&s->readers);
    writer_close(&s->writer);
    ship_close_outputs(s);
    watch_close(&s->watch);
    status_close(&s->status);
    uv_close((uv_handle_t *)&s->timer, on_closed);
    uv_close((uv_handle_t *)&s->scan_timer, on_closed);
    uv_close((uv_handle_t *)&s->idle, on_closed);
}

static bool is_all_written(const struct ship *s)
{
    return !is_writer_busy(s->writer) && batcher_records(s->batcher) == 0;
}

/* A deadline that has passed ends a phase whatever is left: it stays in the files and in the spool. */
static void drain(struct ship *s, bool more_to_read)
{
    int64_t now = time_monotonic();
    bool is_late = now >= s->deadline_ns;
    if (s->phase == SHIP_DRAINING && (is_late || (is_all_written(s) && !more_to_read))) {
        s->phase = SHIP_FINISHING;
        s->deadline_ns = now + LAST_SEND_S * NS_PER_S;
        is_late = false;
        ship_hurry_outputs(s);
    }
    if (s->phase == SHIP_FINISHING && (is_late || (is_all_written(s) && is_all_sent(s))))
        ship_halt(s);
}

/* ---- the loop ---- */

static void on_idle(uv_idle_t *idle)
{
    ship_pump(idle->data);
}

static void on_timer(uv_timer_t *timer)
{
    ship_pump(timer->data);
}

/* Milliseconds until something is due without an event. */
static uint64_t next_wakeup_ms(const struct ship *s)
{
    int64_t now = time_monotonic(), at = INT64_MAX;
    if (s->tailer && s->phase == SHIP_RUNNING && has_room(s))
        at = tailer_next_wakeup(s->tailer);
    if (at != INT64_MAX)
        at -= s->started_ns; /* it was given the steady clock */
    if (s->input)
        at = min_of(at, input_next_wakeup(s->input));
    if (s->phase == SHIP_WAITING)
        at = s->patience_ns;
    if (s->wants_look && s->phase <= SHIP_RUNNING)
        at = min_of(at, s->look_ns);
    if (s->since_ns != TIME_NONE && !is_writer_busy(s->writer))
        at = min_of(at, s->since_ns + s->config->shipper.flush_ns);
    if (s->phase >= SHIP_DRAINING)
        at = min_of(at, now + 50 * NS_PER_MS);
    int64_t wait = at > now ? at - now : 0;
    return (uint64_t)min_of(wait, (int64_t)3600 * NS_PER_S) / NS_PER_MS + 1;
}

/* Reads, writes what is due, and sets the timer. Called after every event. */
void ship_pump(struct ship *s)
{
    if (s->phase == SHIP_STOPPED)
        return;
    if (s->phase == SHIP_WAITING && time_monotonic() >= s->patience_ns)
        s->phase = SHIP_RUNNING;
    ship_note_fullness(s);
    ship_look_if_due(s);
    bool more = read_slice(s);
    if (s->input && has_room(s)) {
        input_resume(s->input);
        input_give_open(s->input, false);
    }
    if (is_write_due(s))
        start_write(s);
    if (s->phase >= SHIP_DRAINING)
        drain(s, more);
    if (s->phase == SHIP_STOPPED)
        return;
    if (more)
        uv_idle_start(&s->idle, on_idle);
    else
        uv_idle_stop(&s->idle);
    uv_timer_start(&s->timer, on_timer, next_wakeup_ms(s), 0);
}

static void forget_quiet(struct ship *s)
{
    int64_t now = time_monotonic();
    if (!s->tailer || now < s->swept_ns + SWEEP_S * NS_PER_S)
        return;
    s->swept_ns = now;
    batcher_forget_quiet(s->batcher, time_now() - QUIET_S * NS_PER_S);
    mem_trim();
}

static void on_scan(uv_timer_t *timer)
{
    struct ship *s = timer->data;
    if (s->phase == SHIP_STOPPED)
        return;
    ship_note_outputs(s);
    if (s->failing_ns)
        ship_refresh_token(s);
    ship_look_at_progress(s);
    if (!is_writer_busy(s->writer))
        spool_look_at_disk(s->spool);
    ship_settle_conflict(s);
    if (s->phase > SHIP_RUNNING || !s->tailer) {
        ship_pump(s);
        return;
    }
    ship_look_around(s);
    tailer_take_drops(s->tailer, note_drop, s);
    forget_quiet(s);
    ship_pump(s);
}

static void on_hint(struct str path, void *data)
{
    struct ship *s = data;
    if (s->phase > SHIP_RUNNING || !s->tailer)
        return;
    ship_hint(s, path);
    uv_idle_start(&s->idle, on_idle);
}

void ship_stop(struct ship *s)
{
    if (s->phase == SHIP_STOPPED)
        return;
    if (++s->stops > 1 || (s->phase == SHIP_WAITING && s->is_new)) {
        ship_halt(s);
        return;
    }
    log_info("stopping: reading what is there, then sending it");
    if (s->tailer) {
        tailer_scan(s->tailer, ship_steady_now(s));
        tailer_end(s->tailer);
    }
    if (s->input)
        input_give_open(s->input, true);
    s->phase = s->tailer ? SHIP_DRAINING : SHIP_FINISHING;
    s->deadline_ns = time_monotonic() + (s->tailer ? DRAIN_S : LAST_SEND_S) * NS_PER_S;
    ship_pump(s);
}

/* How standard input is read. */
static struct stream_rule input_rule(const struct ship *s)
{
    const struct tail_stream stream = {.service = s->options->service, .glob = SIZE_MAX};
    return stream_rules_of(s->rules, &stream, LANE_OUT);
}

static void input_ended(const struct err *err, void *data)
{
    struct ship *s = data;
    if (s->phase == SHIP_STOPPED)
        return;
    s->input_is_over = true;
    if (err)
        s->fatal = *err;
    s->phase = SHIP_FINISHING;
    s->deadline_ns = INT64_MAX; /* a pipe cannot be read again: for as long as it takes */
    ship_pump(s);
}

void ship_start_reading(struct ship *s)
{
    if (s->phase != SHIP_WAITING)
        return;
    s->phase = SHIP_RUNNING;
    if (!s->tailer) {
        const struct input_sink sink = {
            .bytes = take_bytes, .line = take_input, .ended = input_ended, .data = s};
        s->input = input_open(s->readers, STDIN_FILENO, input_rule(s).multiline, &sink);
    }
    ship_pump(s);
}

/* ---- opening ---- */

static bool restore_part(struct ship *s, struct str state, struct err *err)
{
    struct reader r = reader_of(state);
    struct str orders = read_str(&r), positions = read_str(&r);
    if (r.bad || reader_left(&r))
        return err_set(err, ERR_CORRUPT, "the state is malformed");
    if (!batcher_restore(s->batcher, orders, err))
        return false;
    return !s->tailer || positions.len == 0 || tailer_restore(s->tailer, positions, err);
}

static bool restore(void *context, struct str state, struct err *err)
{
    return restore_part(context, state, err);
}

/* Also after a failed restore, so that nothing half restored stays. */
static bool open_sources(struct ship *s, struct err *err)
{
    const struct ship_options *o = s->options;
    struct batcher_options batcher = {.host = o->host,
                                      .labels = o->labels,
                                      .unit = s->config->shipper.times == TIMES_US,
                                      .redactor = redacting_redactor(s->redacting),
                                      .ids = s->ids};
    if (!zones_get(&s->zones, STR("local"), &batcher.zone, err))
        return false;
    tailer_close(&s->tailer);
    batcher_close(&s->batcher);
    stream_rules_free(&s->rules);
    discover_free(&s->discover);
    s->batcher = batcher_new(&batcher);
    if (!o->reads_stdin)
        ship_open_discover(s);
    s->rules = ship_new_rules(s);
    if (o->reads_stdin) {
        if (!input_stream(s->batcher, o->service, &s->input_stream, err))
            return false;
        batch_stream_set_zone(s->input_stream, input_rule(s).zone);
        return true;
    }
    size_t n_globs;
    defer(arena_free) struct arena arena = {0};
    const struct tail_glob *globs = ship_globs(s, &arena, &n_globs);
    const struct tailer_options options = {
        .host = o->host,
        .globs = globs,
        .n_globs = n_globs,
        .admit = s->discover ? discover_admit : NULL,
        .admit_context = s->discover,
        .multiline = stream_rules_multiline,
        .multiline_context = s->rules,
        .exclude = o->exclude,
        .n_exclude = o->n_exclude,
        .start_at_end = s->config->shipper.start == START_END,
        .max_age_ns = s->config->shipper.max_age_ns,
        .max_line = (size_t)s->config->shipper.max_line,
    };
    return tailer_open(&s->tailer, &options, err);
}

/* Bytes. A disk that does not tell its size is asked for nothing. */
static uint64_t spool_keep_free(const struct ship *s)
{
    struct err unused;
    uint64_t free_bytes, size;
    bool known = disk_space(s->options->state, &free_bytes, &size, &unused);
    return share_of(s->config->shipper.spool_keep_free, known ? size : 0);
}

static bool open_spool(struct ship *s, bool *is_new, struct err *err)
{
    const struct spool_restore how = {restore, restore, s};
    if (!folder_make(s->options->state, err))
        return false;
    const struct spool_options options = {.folder = s->options->state,
                                          .size = s->config->shipper.spool_size,
                                          .keep_free = spool_keep_free(s)};
    if (!spool_open(&s->spool, &options, &how, time_now(), is_new, err))
        return false;
    if (spool_count(s->spool).damaged)
        log_error("spool: %llu damaged parts were skipped",
                  (unsigned long long)spool_count(s->spool).damaged);
    return *is_new ? open_sources(s, err) : true;
}

static void open_handles(struct ship *s)
{
    uv_timer_init(s->loop, &s->timer);
    uv_timer_init(s->loop, &s->scan_timer);
    uv_idle_init(s->loop, &s->idle);
    s->timer.data = s->scan_timer.data = s->idle.data = s;
    s->closing = 3;
    s->timer.timer_cb = on_timer;
}

static bool open_writer(struct ship *s, struct err *err)
{
    const struct writer_options options = {
        .loop = s->loop,
        .spool = s->spool,
        .unit = s->config->shipper.times == TIMES_US,
        .written = on_written,
        .data = s,
    };
    return writer_open(&s->writer, &options, err);
}

static bool open_redaction(struct ship *s, enum redact_keys keys, struct err *err)
{
    struct redacting *next;
    if (!redacting_open(&next, &s->config->shipper.redact, str_from(s->options->keys), keys, err))
        return false;
    batcher_set_redactor(s->batcher, redacting_redactor(next));
    redacting_close(&s->redacting);
    s->redacting = next;
    return true;
}

static struct id_rules *open_ids(const struct ship *s)
{
    const struct config_request_id *config = &s->config->shipper.request_id;
    return config->on ? id_rules_open(config) : NULL;
}

static bool start(struct ship *s, struct err *err)
{
    s->ids = open_ids(s);
    if (!open_sources(s, err) || !open_spool(s, &s->is_new, err) ||
        !open_redaction(s, KEYS_MADE, err) || !open_writer(s, err) ||
        (s->options->reads_stdin && !workers_open(&s->readers, s->loop, 1, err)))
        return false;
    ship_open_outputs(s);
    s->watch = watch_open(s->loop, on_hint, s);
    ship_open_status(s);
    bool has_hello = s->sender && s->tailer; /* a pipe has no position to ask for */
    s->phase = SHIP_WAITING;
    s->patience_ns = s->is_new ? INT64_MAX : time_monotonic() + PATIENCE_MS * NS_PER_MS;
    if (s->tailer)
        ship_look_around(s);
    ship_greet(s);
    uv_timer_start(&s->scan_timer, on_scan, 1, SCAN_MS);
    if (!has_hello && is_spool_rotation_due(s->spool) && !ship_write_state(s, err))
        return false;
    if (!has_hello)
        ship_start_reading(s);
    else if (!s->is_new)
        ship_pump(s); /* we know where we were; the collector may come when it will */
    else
        log_info("no state yet: asking the collector at %s what it has", s->options->url);
    return true;
}

/* What cannot be opened now (it was checked) leaves what there was. A key that is gone is not made anew. */
static void reload_redaction(struct ship *s)
{
    struct err err;
    bool has_key = s->redacting && redacting_has_key(s->redacting);
    if (!open_redaction(s, has_key ? KEYS_NEEDED : KEYS_MADE, &err))
        log_error("redaction stays as it was: %s", err.text);
}

static void reload_ids(struct ship *s)
{
    struct id_rules *next = open_ids(s);
    batcher_set_ids(s->batcher, next);
    id_rules_close(&s->ids);
    s->ids = next;
}

void ship_reload(struct ship *s, const struct config *config)
{
    metric_set(&s->metrics, METRIC_CONFIG_RELOAD_OK, NO_LABELS, config != NULL);
    s->config = config ? config : s->config; /* also while it stops: the one before will go */
    if (!config || s->phase == SHIP_STOPPED)
        return;
    spool_set_limits(s->spool, config->shipper.spool_size, spool_keep_free(s));
    ship_reload_sources(s);
    reload_redaction(s);
    reload_ids(s);
    ship_reload_outputs(s);
    ship_refresh_token(s);
    ship_pump(s);
}

void ship_close(struct ship **address)
{
    struct ship *s = *address;
    if (!s)
        return;
    assert(s->phase == SHIP_STOPPED && s->closing == 0);
    input_close(&s->input);
    tailer_close(&s->tailer);
    batcher_close(&s->batcher);
    redacting_close(&s->redacting);
    id_rules_close(&s->ids);
    stream_rules_free(&s->rules);
    discover_free(&s->discover);
    zones_close(&s->zones);
    spool_close(&s->spool, time_now());
    metrics_free(&s->metrics);
    progress_free(&s->progress);
    arena_free(&s->arena);
    mem_wipe(s->token, sizeof s->token);
    mem_free(address);
}

static void discard(void *data)
{
    struct ship *s = data;
    ship_close(&s);
}

bool ship_open(struct ship **out, uv_loop_t *loop, const struct ship_options *options,
               const struct config *config, const struct ship_events *events, struct err *err)
{
    struct ship *s = mem_new(struct ship);
    s->options = options;
    s->config = config;
    s->events = *events;
    s->loop = loop;
    s->deadline_ns = INT64_MAX;
    s->started_ns = time_now() - time_monotonic();
    s->since_ns = TIME_NONE;
    ship_take_token(s, str_from(options->token));
    open_handles(s);
    metric_set(&s->metrics, METRIC_CONFIG_RELOAD_OK, NO_LABELS, 1);
    if (start(s, err)) {
        *out = s;
        return true;
    }
    s->events = (struct ship_events){.stopped = discard, .data = s};
    ship_halt(s);
    return false;
}

bool ship_ended_well(const struct ship *s, struct err *err)
{
    if (s->fatal.code) {
        *err = s->fatal;
        return false;
    }
    if (s->options->reads_stdin && (!s->input_is_over || !is_all_sent(s)))
        return err_set(err, ERR_CANCELED, "not all of standard input was sent");
    return true;
}
