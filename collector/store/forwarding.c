#include "collector/store/forwarding.h"

#include "base/bisect.h"
#include "base/mem.h"
#include "collector/store/forwarding_private.h"

#include <stdarg.h>
#include <stdio.h>

void forward_tell(const struct forward_output *o, const char *format, ...)
{
    char text[256];
    int n = snprintf(text, sizeof text, "output %s: ", o->name);
    va_list list;
    va_start(list, format);
    if (n >= 0 && (size_t)n < sizeof text)
        vsnprintf(text + n, sizeof text - (size_t)n, format, list);
    va_end(list);
    o->owner->tell(o->owner->context, text);
}

/* ---- the list ---- */

const struct forward_entry *forward_find(const struct forwarding *f, uint64_t journal)
{
    size_t at = bisect(f->n_entries, i, f->entries[i].number < journal);
    return at < f->n_entries ? &f->entries[at] : NULL;
}

/* That of what is given next; NULL: it is not there. */
static const struct forward_entry *entry_of(const struct forward_output *o)
{
    const struct forward_entry *e = forward_find(o->owner, o->given.journal);
    return e && e->number == o->given.journal ? e : NULL;
}

static void add_entry(struct forwarding *f, const struct forward_entry *e)
{
    mem_grow(f->entries, f->n_entries, f->entries_capacity);
    f->entries[f->n_entries++] = *e;
}

void forward_list(struct forwarding *f)
{
    const struct store *s = f->store;
    size_t k = 0;
    for (size_t i = 0; i <= s->n_journals; i++) {
        const struct store_journal *j = i < s->n_journals ? s->journals[i] : NULL;
        for (; k < s->kept.n && (!j || s->kept.list[k].number < j->number); k++) {
            const struct kept_journal *kept = &s->kept.list[k];
            add_entry(f, &(struct forward_entry){kept->number, kept->bytes, kept->blocks, 0, true});
        }
        if (j && j->path && !j->is_removed)
            add_entry(f, &(struct forward_entry){j->number, j->end, j->n_visible,
                                                 (uint32_t)j->health.journal_id, false});
    }
    f->changes = s->kept.changes;
    f->bytes = s->kept.bytes;
}

/* Adds what of a journal is behind a position. */
static void add_waiting(const struct forward_entry *e, const struct forward_position *p,
                        struct forward_lag *lag)
{
    bool is_same = e->number == p->journal;
    if (e->number < p->journal || (is_same && p->offset >= e->end))
        return;
    lag->bytes += e->end - (is_same ? p->offset : 0);
    lag->blocks += e->blocks - (is_same ? min_of(e->blocks, p->blocks) : 0);
}

/* ---- the position ---- */

static void write_position(struct forward_output *o)
{
    struct err err;
    defer(buf_free) struct buf text = {0};
    forward_put_position(&text, &o->given);
    bool is_written = file_write_at(&o->at, 0, buf_str(&text), &err);
    if (!is_written && !o->has_failed)
        forward_tell(o, "its position cannot be written, a restart will repeat blocks: %s",
                     err.text);
    o->has_failed = !is_written;
    o->done = o->given;
}

static bool is_same_position(const struct forward_position *a, const struct forward_position *b)
{
    return a->journal == b->journal && a->tag == b->tag && a->offset == b->offset &&
           a->blocks == b->blocks;
}

void forward_go_to(struct forward_output *o, uint64_t journal)
{
    file_close(&o->file);
    o->is_open = false;
    o->given = (struct forward_position){.journal = journal};
}

/* Into the next journal, if this one has been given to its end. */
static bool go_on(struct forward_output *o)
{
    const struct forward_entry *e = entry_of(o);
    const struct forward_entry *last = o->owner->entries + o->owner->n_entries - 1;
    if (!e || e == last || o->given.offset < e->end)
        return false;
    forward_go_to(o, e[1].number);
    return true;
}

/* What is given to its end and done need not be there any more. */
static void settle(struct forward_output *o)
{
    while (go_on(o)) {
    }
    if (o->n_given == 0 && !is_same_position(&o->done, &o->given))
        write_position(o);
}

/* ---- reading ---- */

static void note_damage(struct forward_output *o, uint32_t places, uint64_t offset)
{
    o->damaged += places;
    if (places)
        forward_tell(o, "journal %06llu is damaged at %llu: what stands there is skipped",
                     (unsigned long long)o->given.journal, (unsigned long long)offset);
}

/* By the first frame that can be read. */
static bool read_tag(struct forward_output *o, const struct forward_entry *e, struct err *err)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    struct frame frame;
    journal_reader_start(&r, &o->file, 0, &(struct journal_health){.end = e->end});
    if (!journal_next(&r, false, &frame, err))
        return err->code == ERR_NONE;
    o->given.tag = (uint32_t)frame.journal_id;
    return true;
}

bool forward_open_file(struct forward_output *o, const struct forward_entry *e, struct err *err)
{
    defer(arena_free) struct arena arena = {0};
    const struct store *s = o->owner->store;
    if (o->is_open)
        return true;
    const char *path = e->is_kept ? kept_journal_path(s, e->number, e->blocks, &arena)
                                  : store_journal_path(s, e->number, &arena);
    if (!file_open(&o->file, path, FILE_READ, err))
        return false;
    o->is_open = read_tag(o, e, err);
    if (!o->is_open)
        file_close(&o->file);
    return o->is_open;
}

/* Up to the next block of a journal, or its end. */
static bool seek_in(struct forward_output *o, const struct forward_entry *e, struct frame *frame,
                    struct err *err)
{
    defer(journal_reader_free) struct journal_reader r = {0};
    bool is_block = false;
    journal_reader_start(&r, &o->file, o->given.offset, &(struct journal_health){.end = e->end});
    while (!is_block && journal_next(&r, false, frame, err))
        is_block = frame->kind == FRAME_BLOCK;
    note_damage(o, r.health.rotten_parts, r.health.first_rotten);
    if (is_block)
        o->given.offset = frame->offset;
    else if (err->code == ERR_NONE)
        o->given.offset = e->end;
    return is_block;
}

/* Up to the next block. False with ERR_NONE: there is none now. */
static bool seek(struct forward_output *o, struct frame *frame, struct err *err)
{
    do {
        const struct forward_entry *e = entry_of(o);
        *err = (struct err){.code = ERR_NONE};
        if (!e || o->is_missed)
            return false;
        if (o->given.offset >= e->end)
            continue;
        o->is_missed = !forward_open_file(o, e, err) && err->code == ERR_NOT_FOUND;
        if (o->is_missed)
            *err = (struct err){.code = ERR_NONE};
        if (!o->is_open)
            return false;
        if (seek_in(o, e, frame, err))
            return true;
        if (err->code != ERR_NONE)
            return false;
    } while (go_on(o));
    return false;
}

bool forward_next(struct forward_output *o, struct buf *out, struct err *err)
{
    struct frame frame;
    while (seek(o, &frame, err)) {
        uint64_t next = frame.next;
        if (frame.length > (out->max ? out->max : BUF_DEFAULT_MAX) - out->len)
            return err_set(err, ERR_LIMIT, "the next block does not fit");
        bool is_whole = journal_load(&o->file, frame.offset, &frame, out, err);
        if (!is_whole && err->code != ERR_CORRUPT)
            return false;
        if (!is_whole)
            note_damage(o, 1, o->given.offset);
        o->given.offset = next;
        o->given.blocks++;
        if (!is_whole)
            continue;
        if (o->n_given++ == 0)
            o->first_ns = frame.time_ns;
        return true;
    }
    return false;
}

void forward_done(struct forward_output *o)
{
    o->n_given = 0;
    settle(o);
}

struct forward_lag forward_lag(struct forward_output *o)
{
    struct forward_lag lag = {.skipped = o->skipped, .damaged = o->damaged, .oldest_ns = TIME_NONE};
    const struct forwarding *f = o->owner;
    struct err ignored;
    struct frame frame;
    for (size_t i = 0; i < f->n_entries; i++)
        add_waiting(&f->entries[i], &o->done, &lag);
    if (o->n_given)
        lag.oldest_ns = o->first_ns;
    else if (seek(o, &frame, &ignored))
        lag.oldest_ns = frame.time_ns;
    return lag;
}

/* ---- publishing ---- */

void forward_skip(struct forward_output *o, uint64_t blocks)
{
    o->skipped += blocks;
    if (blocks)
        forward_tell(o,
                     "%llu blocks are not forwarded: they were removed before it took them "
                     "(collector.limits.forward, collector.retention)",
                     (unsigned long long)blocks);
}

/* The journals of before that are not there any more. */
static void jump(struct forward_output *o, const struct forward_entry *before, size_t n)
{
    struct forward_lag lost = {0};
    const struct forward_entry *now = forward_find(o->owner, o->given.journal);
    for (size_t i = 0; i < n; i++) {
        const struct forward_entry *e = forward_find(o->owner, before[i].number);
        if (!e || e->number != before[i].number)
            add_waiting(&before[i], &o->given, &lost);
    }
    if (now && now->number != o->given.journal)
        forward_go_to(o, now->number);
    forward_skip(o, lost.blocks);
}

static void list_anew(struct forwarding *f)
{
    struct forward_entry *before = f->entries;
    size_t n = f->n_entries;
    f->entries = NULL;
    f->n_entries = f->entries_capacity = 0;
    forward_list(f);
    for (size_t i = 0; i < f->n; i++)
        jump(f->outputs[i], before, n);
    mem_free(&before);
}

/* Where the list of now says that it is; if it is not there either, somebody has removed it. */
static void look_again(struct forward_output *o)
{
    struct err err;
    struct forward_lag lost = {0};
    const struct forward_entry *e = entry_of(o);
    o->is_missed = false;
    if (!e || o->given.offset >= e->end || forward_open_file(o, e, &err) ||
        err.code != ERR_NOT_FOUND)
        return;
    add_waiting(e, &o->given, &lost);
    o->given.offset = e->end;
    forward_skip(o, lost.blocks);
}

void forwarding_publish(struct forwarding *f)
{
    struct store *s = f->store;
    const struct store_journal *newest = s->journals[s->n_journals - 1];
    struct forward_entry *last = f->n_entries ? &f->entries[f->n_entries - 1] : NULL;
    uint64_t needed_from = UINT64_MAX;
    if (last && last->number == newest->number && f->changes == s->kept.changes) {
        last->end = newest->end;
        last->blocks = newest->n_visible;
    } else {
        list_anew(f);
    }
    for (size_t i = 0; i < f->n; i++) {
        struct forward_output *o = f->outputs[i];
        if (o->is_missed)
            look_again(o);
        settle(o);
        needed_from = min_of(needed_from, o->done.journal);
    }
    s->kept.needed_from = needed_from;
}
