/*
 * Where lines go. Each output reads the spool for itself (shipper/spool_reader.h); here they are opened,
 * told that there is something new, and closed together.
 */
#include "base/log.h"
#include "base/mem.h"
#include "shipper/ship_parts.h"

#include <stdio.h>

static void on_acknowledged(void *data)
{
    ship_pump(data);
}

static void open_sender(struct ship *s)
{
    const struct sender_options options = {
        .loop = s->loop,
        .client = s->client,
        .spool = s->spool,
        .reader = s->collector,
        .url = s->options->url,
        .token = s->token,
        .ca_file = s->config->output.ca_file.len ? s->config->output.ca_file.ptr : NULL,
        .state = s->options->state,
        .greeted = ship_greeted,
        .conflict = ship_in_conflict,
        .acknowledged = on_acknowledged,
        .data = s,
    };
    sender_open(&s->sender, &options);
}

/* ---- other outputs ---- */

static bool next_block(void *data, struct buf *out, struct err *err)
{
    return spool_reader_next(((struct other_reader *)data)->reader, out, NULL, err);
}

static void blocks_done(void *data)
{
    spool_reader_acknowledge_given(((struct other_reader *)data)->reader);
}

static struct output_lag lag_of(void *data)
{
    struct spool_reader_numbers n = spool_reader_count(((struct other_reader *)data)->reader);
    return (struct output_lag){
        .blocks = n.blocks, .bytes = n.bytes, .oldest_ns = n.oldest_ns, .skipped = n.skipped};
}

static bool renew_origin(void *data, struct err *err)
{
    return spool_reader_renew(((struct other_reader *)data)->reader, err);
}

/* The one of that name, else a free one. */
static struct other_reader *find_other(struct ship *s, struct str name)
{
    struct other_reader *found = NULL;
    for (size_t i = 0; i < countof(s->others); i++) {
        struct other_reader *o = &s->others[i];
        if (o->reader && str_equal(str_from(o->name), name))
            return o;
        found = !found && !o->reader ? o : found;
    }
    return found;
}

static bool open_queue(void *data, const struct config_other_output *config,
                       struct output_queue *queue, struct err *err)
{
    struct ship *s = data;
    (void)err;
    struct other_reader *o = find_other(s, config->name);
    if (!o->reader) {
        snprintf(o->name, sizeof o->name, "%.*s", STR_ARG(config->name));
        o->reader = spool_reader_open(s->spool, o->name);
    }
    spool_reader_set_skips(o->reader, config->skips);
    *queue = (struct output_queue){
        .next = next_block, .done = blocks_done, .renew = renew_origin, .lag = lag_of, .data = o};
    return true;
}

/* What it was given and has not done it is given again, when it is opened anew. */
static void close_queue(void *data, struct str name, bool for_good)
{
    struct other_reader *o = find_other(data, name);
    if (for_good)
        spool_reader_forget(&o->reader);
    else
        spool_reader_rewind(o->reader);
}

static void open_others(struct ship *s)
{
    s->rejects = arena_print(&s->arena, "%s/rejects", s->options->state).ptr;
    const struct outputs_options options = {
        .loop = s->loop,
        .client = s->client,
        .rejects = s->rejects,
        .section = "outputs",
        .open_queue = open_queue,
        .close_queue = close_queue,
        .moved = on_acknowledged,
        .data = s,
    };
    outputs_open(&s->outputs, &options, &s->config->outputs);
}

void ship_reload_outputs(struct ship *s)
{
    outputs_reload(s->outputs, &s->config->outputs);
}

/* ---- all of them ---- */

void ship_open_outputs(struct ship *s)
{
    http_client_open(&s->client, s->loop);
    if (s->options->url) {
        s->collector = spool_reader_open_collector(s->spool);
        open_sender(s);
    }
    open_others(s);
    spool_start_readers(s->spool);
    outputs_kick(s->outputs);
}

struct ids {
    struct hash128 *items;
    size_t n, capacity;
};

static void add_id(void *context, struct hash128 id)
{
    struct ids *ids = context;
    mem_grow(ids->items, ids->n, ids->capacity);
    ids->items[ids->n++] = id;
}

void ship_greet(struct ship *s)
{
    struct ids ids = {0};
    if (!s->sender)
        return;
    if (s->tailer)
        tailer_present(s->tailer, add_id, &ids);
    sender_start(s->sender, ids.items, ids.n);
    mem_free(&ids.items);
}

void ship_kick_outputs(struct ship *s)
{
    if (s->sender)
        sender_kick(s->sender);
    outputs_kick(s->outputs);
}

void ship_hurry_outputs(struct ship *s)
{
    if (s->sender)
        sender_hurry(s->sender);
    outputs_hurry(s->outputs);
}

void ship_close_outputs(struct ship *s)
{
    sender_close(&s->sender);
    outputs_close(&s->outputs);
    http_client_close(&s->client);
}

bool is_all_sent(const struct ship *s)
{
    struct spool_numbers n = spool_count(s->spool);
    return n.acknowledged >= n.last;
}

/* ---- what goes wrong ---- */

static void note_collector(struct ship *s)
{
    struct sender_numbers n = sender_count(s->sender);
    if (!n.is_failing)
        s->failing_ns = 0;
    else if (!s->failing_ns)
        s->failing_ns = time_monotonic();
    if (n.is_failing && strcmp(s->output_error, n.last_error) != 0) {
        log_warn("%s: %s; trying again", s->options->url, n.last_error);
        snprintf(s->output_error, sizeof s->output_error, "%s", n.last_error);
    } else if (!n.is_failing && n.is_up && s->output_error[0]) {
        log_info("%s: it goes on", s->options->url);
        s->output_error[0] = 0;
    }
}

void ship_note_outputs(struct ship *s)
{
    if (s->sender)
        note_collector(s);
    outputs_tick(s->outputs);
}

void ship_take_token(struct ship *s, struct str token)
{
    assert(token.len < sizeof s->token);
    mem_wipe(s->token, sizeof s->token);
    if (token.len)
        memcpy(s->token, token.ptr, token.len);
}

void ship_refresh_token(struct ship *s)
{
    struct err ignored; /* what is wrong with the file stands in the answer of the collector, too */
    struct warnings unsaid = {0};
    defer(buf_wipe) struct buf token = {.max = CONFIG_TOKEN_MAX};
    if (!s->sender)
        return;
    bool is_read = config_token(s->config, &token, &unsaid, &ignored);
    if (is_read && token.len && !str_equal(buf_str(&token), str_from(s->token))) {
        log_info("%s: its token was replaced", s->options->url);
        ship_take_token(s, buf_str(&token));
        sender_hurry(s->sender);
    }
}
