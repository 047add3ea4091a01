#include "shipper/record_ids.h"

#include "base/mem.h"
#include "formats/line/canonical_id.h"

#include <stdio.h>

enum { WORKERS_KEPT = 16, UUID_TEXT = 36 };

#define INHERIT_NS NS_PER_S

struct id_text {
    uint8_t len; /* 0: none */
    char bytes[RECORD_ID_MAX];
};

struct worker {
    uint64_t name;      /* hash of it; 0: nobody */
    uint64_t id_before; /* hash of the id it had before this one */
    int64_t event_ns;   /* of the line that showed the id */
    uint64_t turn;      /* of its last line */
    struct id_text id;  /* none: invariant 2 */
    bool is_shared;
};

struct stream_ids {
    struct id_text of_line; /* of the long line whose parts come */
    struct id_text made;    /* the last that was generated or scoped */
    struct worker workers[WORKERS_KEPT];
    uint64_t turns;
};

struct id_rules *id_rules_open(const struct config_request_id *config)
{
    struct id_rules *rules = mem_new(struct id_rules);
    id_names_init(&rules->names, config->keys.items, config->keys.n, &rules->arena);
    worker_names_init(&rules->workers, &rules->arena);
    process_names_init(&rules->processes, &rules->arena);
    rules->inherits = config->inherits;
    rules->generates = config->generates;
    return rules;
}

void id_rules_close(struct id_rules **address)
{
    if (*address)
        arena_free(&(*address)->arena);
    mem_free(address);
}

void stream_ids_close(struct stream_ids **ids)
{
    mem_free(ids);
}

static struct str id_str(const struct id_text *id)
{
    return str_of(id->bytes, id->len);
}

static void keep(struct id_text *to, struct str id)
{
    assert(id.len <= sizeof to->bytes);
    to->len = (uint8_t)id.len;
    if (id.len > 0)
        memcpy(to->bytes, id.ptr, id.len);
}

static void set_id(struct record *record, struct str id, enum id_kind kind)
{
    record->id = id;
    record->id_kind = (uint8_t)kind;
}

/* The one of this name, or the one that has not written for the longest time. */
static struct worker *worker_of(struct stream_ids *ids, struct str name)
{
    uint64_t hash = hash64(name) | 1;
    struct worker *oldest = &ids->workers[0];
    for (size_t i = 0; i < WORKERS_KEPT; i++) {
        struct worker *w = &ids->workers[i];
        if (w->name == hash)
            return w;
        oldest = w->turn < oldest->turn ? w : oldest;
    }
    *oldest = (struct worker){.name = hash};
    return oldest;
}

static void remember(struct worker *w, const struct record *record)
{
    uint64_t before = hash64(id_str(&w->id)), now = hash64(record->id);
    if (w->id.len > 0 && before != now) {
        w->is_shared |= w->id_before == now;
        w->id_before = before;
    }
    keep(&w->id, record->id);
    w->event_ns = record->event_ns;
}

static bool may_inherit(const struct worker *w, const struct record *record)
{
    return w->id.len > 0 && !w->is_shared && record->event_ns >= w->event_ns &&
           (uint64_t)record->event_ns - (uint64_t)w->event_ns <= INHERIT_NS; /* up to 584 years */
}

/* RFC 9562, 5.7: milliseconds, then random bits. */
static struct str generate(struct id_text *made, int64_t event_ns)
{
    uint64_t random[2], ms = (uint64_t)(event_ns / NS_PER_MS);
    char text[UUID_TEXT + 1];
    random_bytes(random, sizeof random);
    int len = snprintf(text, sizeof text, "%08llx-%04llx-7%03llx-%04llx-%012llx",
                       (unsigned long long)(ms >> 16 & 0xffffffff),
                       (unsigned long long)(ms & 0xffff), (unsigned long long)(random[0] & 0xfff),
                       (unsigned long long)(0x8000 | (random[0] >> 16 & 0x3fff)),
                       (unsigned long long)(random[1] & 0xffffffffffff));
    keep(made, str_of(text, (size_t)len));
    return id_str(made);
}

/* Invariant 4. */
static struct str scope(struct id_text *made, const struct id_rules *rules, uint64_t place,
                        struct str line, struct str number)
{
    struct str pid = process_find(&rules->processes, line);
    uint64_t process = place ^ (pid.len > 0 ? hash64(pid) : 0);
    char text[COUNTER_MOST + sizeof "@5f1c9a7e"];
    int len = snprintf(text, sizeof text, "%.*s@%08x", STR_ARG(number), (unsigned)(process >> 32));
    keep(made, str_of(text, (size_t)len));
    return id_str(made);
}

static void attach_by_worker(const struct id_rules *rules, struct stream_ids *ids,
                             struct record *record)
{
    struct str name = rules->inherits ? worker_find(&rules->workers, record->line) : STR("");
    struct worker *w = name.len > 0 ? worker_of(ids, name) : NULL;
    if (w)
        w->turn = ++ids->turns;
    if (record->id_kind == ID_NONE && w && may_inherit(w, record)) {
        set_id(record, id_str(&w->id), ID_INHERITED);
        return;
    }
    if (record->id_kind == ID_NONE && rules->generates)
        set_id(record, generate(&ids->made, record->event_ns), ID_GENERATED);
    if (record->id_kind != ID_NONE && w)
        remember(w, record);
}

/* Streams in which no line shows an id have nothing to remember, and cost nothing more. */
void record_ids_attach(const struct id_rules *rules, struct stream_ids **ids, uint64_t place,
                       bool is_continuation, struct record *record)
{
    if (is_continuation && *ids && (*ids)->of_line.len > 0) {
        if (rules->inherits)
            set_id(record, id_str(&(*ids)->of_line), ID_INHERITED);
        return;
    }
    struct request_id id = request_id_find(&rules->names, record->line);
    if (!*ids && (id.text.len > 0 || rules->generates))
        *ids = mem_new(struct stream_ids);
    if (!*ids)
        return;
    if (id.is_number)
        id.text = scope(&(*ids)->made, rules, place, record->line, id.text);
    if (id.text.len > 0)
        set_id(record, id.text, ID_EXACT);
    if (!is_continuation || id.text.len > 0)
        attach_by_worker(rules, *ids, record);
    keep(&(*ids)->of_line, record->id);
}
