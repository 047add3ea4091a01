#include "collector/ingest.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "collector/hello.h"
#include "collector/merger.h"
#include "collector/store/adopting.h"
#include "collector/store/merging.h"
#include "formats/block/builder.h"

#include <stdio.h>

/* One request with blocks, from its arrival to its answer. */
struct ingest_request {
    struct ingest_request *next;
    struct http_exchange *x; /* NULL: the client has left; what it sent is stored all the same */
    struct ingest *ingest;
    struct buf body; /* taken from the exchange, which may go while the thread reads */
    uint64_t acked;  /* last sequence stored or known; 0 = none */
    size_t blocks;   /* new ones stored */
    unsigned status; /* 200, 400, 409, 503 */
    bool is_partial; /* numbers that are missing were not meant for us */
    struct err err;
};

/* A hello that waits for the commit to end. */
struct ingest_hello {
    struct ingest_hello *next;
    struct http_exchange *x;
};

/* An import that waits for the next commit, or is in it. */
struct ingest_adoption {
    struct http_exchange *x; /* NULL: the client has left; it comes in all the same */
    struct hash128 id;
    struct adopted adopted;
    struct err err;
    bool is_wanted, runs, is_done;
};

struct ingest {
    struct store *store;
    struct metrics *metrics;
    struct workers *workers;
    struct work work;
    bool is_running;
    struct ingest_request *queue, **queue_end; /* the loop's */
    struct ingest_request *batch;              /* the commit's, while it runs */
    struct ingest_hello *hellos;
    struct ingest_adoption adoption;
    struct merger *merger;
    uint64_t bytes;        /* of all bodies, queued or in the commit */
    int64_t maintained_ns; /* monotonic */
    void (*published)(void *data);
    void *published_data;
    bool wants_maintenance, maintains;
    bool wants_merge, closes_journal;
    struct err maintain_err;
    struct store_retention retention; /* to be told to the store while no commit runs */
    bool has_retention;

    /* The commit's. */
    struct arena arena;
    struct packer packer;
    struct block_builder gap_builder;
    struct hash128 own_origin;
    uint64_t own_sequence;
    bool was_good;
};

/* ---- the commit (thread) ---- */

/* Says in the store that blocks of an origin are missing. */
static bool put_gap(struct ingest *i, const struct block *block, uint64_t missing, struct err *err)
{
    char text[200], origin[HASH128_TEXT];
    struct str host =
        block->n_streams ? label_value(&block->streams[0].labels, STR("host")) : STR("");
    struct label items[] = {{STR("host"), host}, {STR("service"), STR("sluice")}};
    struct labels labels = {items, 2}, none = {0};
    struct block_builder *b = &i->gap_builder;
    hash128_text(block->header.origin, origin);
    int len = snprintf(
        text, sizeof text, "%llu blocks before block %llu of shipper %s never arrived here",
        (unsigned long long)missing, (unsigned long long)block->header.sequence, origin);
    struct record record = {
        .order_ns = block->header.least_order_ns,
        .event_ns = block->header.least_order_ns,
        .flags = RECORD_GAP,
        .line = str_of(text, (size_t)len),
    };
    defer(buf_free) struct buf bytes = {.max = BLOCK_MAX};
    struct block gap;
    struct put_result result;
    block_builder_reset(b);
    block_builder_stream(b, &labels, &none, TIME_NONE);
    return block_builder_add(b, &record) &&
           block_builder_finish(b, i->own_origin, ++i->own_sequence, 0, &bytes, err) &&
           block_open(&gap, buf_str(&bytes), &i->packer, &i->arena, err) &&
           store_put(i->store, buf_str(&bytes), &gap, time_now(), &result, err);
}

static unsigned status_of(const struct err *err)
{
    switch (err->code) {
    case ERR_CORRUPT:
    case ERR_INPUT:
    case ERR_LIMIT:
        return 400;
    case ERR_CONFLICT:
        return 409;
    default:
        return 503;
    }
}

static bool put_block(struct ingest *i, struct ingest_request *r, struct str bytes,
                      struct hash128 *origin)
{
    struct block block;
    struct put_result result;
    if (!block_verify(&block, bytes, &i->packer, &i->arena, &r->err))
        return false;
    if (origin->low == 0 && origin->high == 0)
        *origin = block.header.origin;
    if (!hash128_equal(*origin, block.header.origin))
        return err_set(&r->err, ERR_INPUT, "a request holds blocks of one origin");
    const struct block_header *h = &block.header;
    const struct origins *origins = store_origins(i->store);
    if (!r->is_partial &&
        origins_check(origins, h->origin, h->sequence, block_hash(bytes)) == ORIGIN_JUMP &&
        !put_gap(i, &block, h->sequence - origins_last(origins, h->origin, NULL) - 1, &r->err))
        return false;
    if (!store_put(i->store, bytes, &block, time_now(), &result, &r->err))
        return false;
    if (result.verdict == ORIGIN_CONFLICT)
        return err_set(&r->err, ERR_CONFLICT, "block %llu of this origin is another one here",
                       (unsigned long long)block.header.sequence);
    r->acked = max_of(r->acked, block.header.sequence);
    r->blocks += result.verdict != ORIGIN_KNOWN;
    return true;
}

/* All blocks of a request, up to the first that cannot be taken. */
static void put_request(struct ingest *i, struct ingest_request *r)
{
    struct str rest = buf_str(&r->body);
    struct hash128 origin = {0};
    size_t n = 0;
    r->status = 200;
    r->err = (struct err){.code = ERR_NONE};
    if (rest.len == 0)
        err_set(&r->err, ERR_INPUT, "there is no block in the body");
    while (rest.len && r->err.code == ERR_NONE) {
        struct block_header h;
        arena_reset(&i->arena);
        if (++n > INGEST_BLOCKS_MAX)
            err_set(&r->err, ERR_LIMIT, "more than %d blocks in a request", INGEST_BLOCKS_MAX);
        else if (!block_peek(rest, &h, &r->err))
            break;
        else if (h.length > rest.len)
            err_set(&r->err, ERR_CORRUPT, "block %llu is cut short",
                    (unsigned long long)h.sequence);
        else if (put_block(i, r, str_slice(rest, 0, h.length), &origin))
            rest = str_slice(rest, h.length, SIZE_MAX);
    }
    if (r->err.code != ERR_NONE)
        r->status = status_of(&r->err);
}

static void run_commit(struct work *work)
{
    struct ingest *i = container_of(work, struct ingest, work);
    struct err err;
    for (struct ingest_request *r = i->batch; r; r = r->next)
        put_request(i, r);
    i->was_good = store_commit(i->store, time_now(), &err);
    for (struct ingest_request *r = i->batch; !i->was_good && r; r = r->next) {
        r->status = 503;
        r->acked = 0;
        r->blocks = 0;
        r->err = err;
    }
    if (i->closes_journal && i->was_good && !store_close_journal(i->store, &err))
        log_error("closing the journal: %s", err.text);
    struct ingest_adoption *a = &i->adoption;
    if (a->runs)
        a->is_done = store_adopt(i->store, a->id, &a->adopted, &a->err);
    if (i->maintains)
        i->maintain_err.code = ERR_NONE;
    if (i->maintains && !store_maintain(i->store, time_now(), &i->maintain_err))
        err_wrap(&i->maintain_err, "retention");
    arena_free(&i->arena);
}

/* ---- answers ---- */

static void free_request(struct ingest_request *r)
{
    r->ingest->bytes -= r->body.len;
    buf_free(&r->body);
    mem_free(&r);
}

static void answer(struct ingest_request *r)
{
    defer(buf_free) struct buf json = {.max = 4096};
    if (!r->x)
        return;
    buf_print(&json, "{\"acked\":%llu", (unsigned long long)r->acked);
    if (r->status != 200) {
        buf_add(&json, STR(",\"error\":"));
        put_json(&json, str_from(r->err.text));
    }
    buf_add(&json, STR("}\n"));
    if (r->status == 503)
        http_add_header(r->x, "Retry-After", STR("5"));
    http_reply(r->x, r->status, "application/json", buf_str(&json));
}

static void refuse_busy(struct http_exchange *x, const char *why)
{
    http_add_header(x, "Retry-After", STR("1"));
    http_reply_text(x, 503, "%s", why);
}

static void start_commit(struct ingest *i);

static void answer_hellos(struct ingest *i)
{
    while (i->hellos) {
        struct ingest_hello *h = i->hellos;
        struct err err;
        defer(buf_free) struct buf json = {.max = 32 << 20};
        i->hellos = h->next;
        if (answer_hello(store_origins(i->store), http_body(h->x), time_now(), &json, &err))
            http_reply(h->x, 200, "application/json", buf_str(&json));
        else
            http_reply_text(h->x, 400, "%s", err.text);
        mem_free(&h);
    }
}

static void answer_adoption(struct ingest *i)
{
    struct ingest_adoption *a = &i->adoption;
    defer(buf_free) struct buf json = {.max = 4096};
    buf_print(&json, "{\"segments\":%llu,\"records\":%llu}\n",
              (unsigned long long)a->adopted.segments, (unsigned long long)a->adopted.records);
    if (a->is_done)
        log_info("imported %llu records", (unsigned long long)a->adopted.records);
    if (a->is_done && a->adopted.is_pending)
        log_warn("what was imported is not in its place yet, and no import can follow before the "
                 "next start");
    if (a->x && a->is_done)
        http_reply(a->x, 200, "application/json", buf_str(&json));
    else if (a->x)
        http_reply_text(a->x, a->err.code == ERR_NOT_FOUND ? 404 : 503, "%s", a->err.text);
    *a = (struct ingest_adoption){0};
}

static void commit_done(struct work *work)
{
    struct ingest *i = container_of(work, struct ingest, work);
    i->is_running = false;
    store_publish(i->store);
    if (i->published)
        i->published(i->published_data);
    if (!i->was_good)
        log_error("the journal could not be synced; its blocks were refused, a new one is used");
    if (i->maintains && i->maintain_err.code != ERR_NONE)
        log_error("%s", i->maintain_err.text);
    i->maintains = i->closes_journal = false;
    while (i->batch) {
        struct ingest_request *r = i->batch;
        i->batch = r->next;
        metric_count(i->metrics, METRIC_BLOCKS, NO_LABELS, r->blocks);
        if (r->status == 503) {
            i->wants_maintenance = true;
            log_warn("blocks refused for now: %s", r->err.text);
        } else if (r->status != 200) {
            metric_count(i->metrics, METRIC_DROPPED_RECORDS, LABELS("refused_block"), 1);
            log_warn("blocks refused with %u: %s", r->status, r->err.text);
        }
        answer(r);
        free_request(r);
    }
    answer_hellos(i);
    if (i->adoption.runs)
        answer_adoption(i);
    if (work_is_canceled(work))
        return;
    i->wants_maintenance |= merger_turn(i->merger);
    start_commit(i);
}

static void merge_ended(void *data)
{
    struct ingest *i = data;
    if (i->is_running)
        return; /* its end comes here too */
    i->wants_maintenance |= merger_turn(i->merger);
    start_commit(i);
}

static void start_commit(struct ingest *i)
{
    if (i->is_running ||
        (!i->queue && !i->wants_maintenance && !i->wants_merge && !i->adoption.is_wanted))
        return;
    if (i->has_retention)
        store_set_retention(i->store, &i->retention);
    i->has_retention = false;
    i->batch = i->queue;
    i->queue = NULL;
    i->queue_end = &i->queue;
    i->is_running = true;
    i->maintains = i->wants_maintenance;
    i->wants_maintenance = false;
    i->closes_journal = i->wants_merge;
    i->wants_merge = false;
    i->adoption.runs = i->adoption.is_wanted;
    if (i->maintains)
        i->maintained_ns = time_monotonic();
    work_start(i->workers, &i->work);
}

/* ---- handlers ---- */

bool ingest_admit(struct ingest *i, struct http_exchange *x)
{
    uint64_t length = INGEST_BODY_MAX;
    str_to_u64(http_header(x, "Content-Length"), &length);
    if (i->bytes + min_of(length, (uint64_t)INGEST_BODY_MAX) <= INGEST_BYTES_MAX)
        return true;
    refuse_busy(x, "too much is being taken in at once");
    return false;
}

static void left(struct http_exchange *x, void *data)
{
    (void)x;
    ((struct ingest_request *)data)->x = NULL;
}

void ingest_blocks(struct ingest *i, struct http_exchange *x)
{
    if (i->bytes + http_body(x).len > INGEST_BYTES_MAX) {
        refuse_busy(x, "too much is being taken in at once");
        return;
    }
    struct ingest_request *r = mem_new(struct ingest_request);
    defer(arena_free) struct arena arena = {0};
    r->is_partial = str_equal(http_query_value(x, "partial", &arena), STR("1"));
    r->body = http_take_body(x);
    r->ingest = i;
    r->x = x;
    r->status = 503; /* until the commit says otherwise */
    err_set(&r->err, ERR_AGAIN, "shutting down");
    i->bytes += r->body.len;
    http_on_closed(x, left, r);
    *i->queue_end = r;
    i->queue_end = &r->next;
    start_commit(i);
}

static void left_hello(struct http_exchange *x, void *data)
{
    struct ingest *i = data;
    for (struct ingest_hello **at = &i->hellos; *at; at = &(*at)->next) {
        struct ingest_hello *h = *at;
        if (h->x != x)
            continue;
        *at = h->next;
        mem_free(&h);
        return;
    }
}

void ingest_hello(struct ingest *i, struct http_exchange *x)
{
    struct ingest_hello *h = mem_new(struct ingest_hello);
    *h = (struct ingest_hello){.next = i->hellos, .x = x};
    i->hellos = h;
    http_on_closed(x, left_hello, i);
    if (!i->is_running)
        answer_hellos(i);
}

void ingest_set_retention(struct ingest *i, const struct store_retention *retention)
{
    i->retention = *retention;
    i->has_retention = true;
}

void ingest_on_publish(struct ingest *i, void (*published)(void *data), void *data)
{
    i->published = published;
    i->published_data = data;
}

void ingest_merge(struct ingest *i)
{
    i->wants_merge = true;
    start_commit(i);
}

void ingest_archive(struct ingest *i)
{
    store_archive(i->store);
    i->wants_maintenance = true; /* at its end merges are planned */
    start_commit(i);
}

static void left_adoption(struct http_exchange *x, void *data)
{
    (void)x;
    ((struct ingest *)data)->adoption.x = NULL;
}

void ingest_import(struct ingest *i, struct http_exchange *x, struct hash128 id)
{
    if (i->adoption.is_wanted) {
        refuse_busy(x, "another import is coming in");
        return;
    }
    i->adoption.x = x; /* a commit may run: what it looks at is left alone */
    i->adoption.id = id;
    i->adoption.is_wanted = true;
    http_on_closed(x, left_adoption, i);
    start_commit(i);
}

bool ingest_is_merging(const struct ingest *i)
{
    return i->wants_merge || i->closes_journal || merger_is_busy(i->merger) ||
           store_is_archiving(i->store);
}

void ingest_tick(struct ingest *i)
{
    if (time_monotonic() - i->maintained_ns < INGEST_MAINTAIN_S * NS_PER_S)
        return;
    i->wants_maintenance = true;
    start_commit(i);
}

bool ingest_open(struct ingest **out, uv_loop_t *loop, struct store *store, struct metrics *metrics,
                 struct err *err)
{
    struct ingest *i = mem_new(struct ingest);
    i->store = store;
    i->metrics = metrics;
    i->queue_end = &i->queue;
    i->work = (struct work){.run = run_commit, .done = commit_done};
    random_bytes(&i->own_origin, sizeof i->own_origin);
    if (!workers_open(&i->workers, loop, 1, err) ||
        !merger_open(&i->merger, loop, store, merge_ended, i, err)) {
        ingest_close(&i);
        return false;
    }
    *out = i;
    return true;
}

void ingest_close(struct ingest **address)
{
    struct ingest *i = *address;
    if (!i)
        return;
    while (i->queue) {
        struct ingest_request *r = i->queue;
        i->queue = r->next;
        if (r->x)
            refuse_busy(r->x, "shutting down");
        free_request(r);
    }
    i->queue_end = &i->queue;
    i->wants_maintenance = i->wants_merge = false;
    if (i->adoption.is_wanted && !i->adoption.runs) {
        err_set(&i->adoption.err, ERR_AGAIN, "shutting down");
        answer_adoption(i);
    }
    if (i->workers)
        workers_close(&i->workers); /* runs commit_done */
    merger_close(&i->merger);
    block_builder_free(&i->gap_builder);
    packer_free(&i->packer);
    arena_free(&i->arena);
    mem_free(address);
}
